//! How a detector comes to its templates and zones.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::super::defaults::{self, ANCHORED_WEIGHT};
use super::super::marks::Marks;
use super::super::recent::Recent;
use super::super::repeat::Repeat;
use super::super::template::{Template, find_tag, key_of};
use super::super::tokens::Years;
use super::super::zone;
use super::{Detector, Placed, Slot};
use crate::PatternError;

/// Where the date of a template is that was never found.
const FAR: usize = 0x7fff_ffff;

impl Detector {
    /// The default templates, as when a filter sets no `datepattern`.
    pub fn defaults() -> Self {
        Self::defaults_in(&Years::today())
    }

    /// The default templates for certain years.
    pub fn defaults_in(years: &Years) -> Self {
        let mut detector = Self::empty();
        for (template, weight) in defaults::shared(years).all().unwrap_or_default() {
            detector.push(template, weight);
        }
        detector.unset = true;
        detector
    }

    /// The templates of a `datepattern` option: one a line. None at all are the defaults.
    pub fn from_pattern(datepattern: &str) -> Result<Self, PatternError> {
        Self::from_pattern_in(datepattern, &Years::today())
    }

    /// The templates of a `datepattern` option, for certain years.
    pub fn from_pattern_in(datepattern: &str, years: &Years) -> Result<Self, PatternError> {
        let mut detector = Self::empty();
        for (at, line) in lines_with_offsets(datepattern) {
            let moved = |error: PatternError| PatternError {
                span: error.span.map(|span| span.start + at..span.end + at),
                ..error
            };
            detector.add(line, years).map_err(moved)?;
        }
        if detector.slots.is_empty() {
            return Ok(Self::defaults_in(years));
        }
        Ok(detector)
    }

    /// One with the same templates and zones that has seen nothing yet.
    pub fn anew(&self) -> Self {
        let mut slots: Vec<&Slot> = self.slots.iter().collect();
        slots.sort_by_key(|slot| slot.id);
        let mut detector = Self::empty_in(Arc::clone(&self.local));
        for slot in slots {
            detector.push(Arc::clone(&slot.template), slot.base_weight);
        }
        detector.unset = self.unset;
        detector.default_offset = self.default_offset;
        detector
    }

    fn empty() -> Self {
        Self::empty_in(crate::local_zone().into())
    }

    /// Without templates, in this local zone.
    pub(super) fn empty_in(local: Arc<TimeZone>) -> Self {
        Detector {
            slots: Vec::new(),
            unset: false,
            last: None,
            first_unused: 0,
            default_offset: None,
            local,
            clock: None,
            marks: Marks::default(),
            found: Box::default(),
            placed: Placed::default(),
            aside: Box::default(),
            aside_id: None,
            winner: None,
            shapes: OnceCell::new(),
            recent: Recent::default(),
            written: None,
            repeat: Repeat::default(),
            has_looked: false,
        }
    }

    fn add(&mut self, pattern: &str, years: &Years) -> Result<(), PatternError> {
        let key = key_of(pattern);
        let known: HashSet<String> = self.slots.iter().map(|slot| slot.template.name.clone()).collect();
        let is_new = |template: &Template| !known.contains(&template.name);
        if key == "{DEFAULT}" {
            // Alone it means the defaults, since there is no template then; beside others the original ignores it.
        } else if key == "{^LN-BEG}" {
            for (template, weight) in defaults::shared(years).at_line_begin()? {
                match is_new(&template) {
                    true => self.push(template, weight),
                    false => self.raise(&template.name, weight),
                }
            }
        } else if key.contains("{DATE}") {
            let alone = known.is_empty();
            if alone && find_tag(pattern, 0, &["{DATE}"]).is_none() {
                // All templates would be this one, in which only an escaped tag stands.
                return Err(twice(pattern, pattern));
            }
            for template in defaults::shared(years).embedded(pattern, years)? {
                if alone || is_new(&template) {
                    self.push(Arc::new(template), 1.0);
                }
            }
        } else {
            let template = Template::new(pattern, years, false)?;
            template.check()?;
            if !is_new(&template) {
                return Err(twice(&template.name, pattern));
            }
            self.push(Arc::new(template), 1.0);
        }
        Ok(())
    }

    fn push(&mut self, template: Arc<Template>, base_weight: f64) {
        self.shapes = OnceCell::new();
        self.slots.push(Slot {
            id: self.slots.len(),
            template,
            base_weight,
            hits: 0,
            was_found: false,
            last_used: None,
            distance: FAR,
        });
    }

    /// A template that the user put first is, among the defaults, as heavy as the default of its name.
    fn raise(&mut self, name: &str, weight: f64) {
        if weight == ANCHORED_WEIGHT
            && let Some(slot) = self.slots.iter_mut().find(|slot| slot.template.name == name)
        {
            slot.base_weight = weight;
        }
    }

    /// Zone for lines that carry none (`logtimezone`: `UTC+0200`, `GMT-0100`, `CET` …).
    pub fn set_default_zone(&mut self, zone: Option<&str>) -> Result<(), PatternError> {
        self.recent = Recent::default();
        self.repeat.forget();
        self.default_offset = match zone {
            None => None,
            Some(text) => Some(zone::offset(text).ok_or_else(|| PatternError {
                message: format!("unknown time zone {text:?}"),
                span: Some(0..text.len()),
                hint: Some("an offset such as UTC+0200 or -0430, or an abbreviation such as CET".to_owned()),
            })?),
        };
        Ok(())
    }

    /// Zone for lines that carry none when no default is set: the process's own (`TZ`), unless told otherwise here.
    pub fn set_local_zone(&mut self, zone: TimeZone) {
        self.recent = Recent::default();
        self.repeat.forget();
        self.local = Arc::new(zone);
        self.clock = None;
    }
}

impl Default for Detector {
    /// With the default templates.
    fn default() -> Self {
        Detector::defaults()
    }
}

/// The lines that are not blank, trimmed, each with its place in the text.
fn lines_with_offsets(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split('\n')
        .scan(0, |at, line| {
            let begin = *at;
            *at += line.len() + 1;
            let trimmed = line.trim_start();
            Some((begin + line.len() - trimmed.len(), trimmed.trim_end()))
        })
        .filter(|(_, line)| !line.is_empty())
}

fn twice(name: &str, pattern: &str) -> PatternError {
    PatternError {
        message: format!("There is already a template with name {name}"),
        span: Some(0..pattern.len()),
        hint: Some("leave one of the two out".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::Time;

    #[test]
    fn a_detector_made_anew_is_as_it_was_before_the_first_line() {
        for pattern in ["", "^%Y-%m-%d\n%d/%b/%Y", "{^LN-BEG}\n^%H:%M"] {
            let mut fresh = Detector::from_pattern(pattern).unwrap();
            fresh.set_default_zone(Some("UTC+0200")).unwrap();
            let mut used = fresh.clone();
            for line in ["12/Mar/2026", "Mar 12 10:00:00 x", "12/Mar/2026", "10:00"] {
                used.find(line, Time::from_secs(1_773_000_000));
            }
            assert!(!used.is_like(&fresh), "{pattern:?}");
            assert!(used.anew().is_like(&fresh), "{pattern:?}");
        }
    }
}
