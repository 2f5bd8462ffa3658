//! The templates that are used when a filter says nothing about dates.

use std::sync::{Arc, Mutex, OnceLock};

use super::bounds;
use super::template::{Template, replace_tag};
use super::tokens::Years;
use crate::PatternError;

/// 23/Jan/2005:21:59:59 +0100
pub(super) const ACCESS_LOG: &str = r"%d(?P<_sep>[-/])%b(?P=_sep)%ExY[ :]?%H:%M:%S(?:\.%f)?(?: %z)?";

/// In the order in which they are tried. What each is for:
const PATTERNS: [&str; 17] = [
    // 2005-01-23T21:59:59.981+01:00, 2005/01/23 21:59:59
    r"%ExY(?P<_sep>[-/.])%m(?P=_sep)%d(?:T|  ?)%H:%M:%S(?:[.,]%f)?(?:\s*%z)?",
    // Sun Jan 23 21:59:59.011 2005
    r"(?:%a )?%b %d %k:%M:%S(?:\.%f)?(?: %ExY)?",
    // Sun Jan 23 2005 21:59:59.011
    r"(?:%a )?%b %d %ExY %k:%M:%S(?:\.%f)?",
    // 23/01/2005 21:59:59, 23-01-05 21:59:59
    r"%d(?P<_sep>[-/])%m(?P=_sep)(?:%ExY|%Exy) %k:%M:%S",
    ACCESS_LOG,
    // 01/23/2005:21:59:59
    r"%m/%d/%ExY:%H:%M:%S",
    // 01-23-2005 21:59:59.252
    r"%m-%d-%ExY %k:%M:%S(?:\.%f)?",
    r"EPOCH",
    // 21:59:59
    r"{^LN-BEG}%H:%M:%S",
    // <01/23/05@21:59:59>
    r"^<%m/%d/%Exy@%H:%M:%S>",
    // 050123 21:59:59
    r"%Exy%Exm%Exd  ?%H:%M:%S",
    // Jan 23, 2005 9:59:59 PM
    r"%b %d, %ExY %I:%M:%S %p",
    // Jan-23-05 21:59:59
    r"^%b-%d-%Exy %k:%M:%S",
    // 20050123T215959, 20050123-21:59:59
    r"%ExY%Exm%Exd(?:-|T|  ?)%ExH:?%ExM:?%ExS(?:[.,]%f)?(?:\s*%z)?",
    // PDT Apr 16 21:05:29
    r"(?:%Z )?(?:%a )?%b %d %k:%M:%S(?:\.%f)?(?: %ExY)?",
    // +00:00 Jan 23 21:59:59.011 2005
    r"(?:%z )?(?:%a )?%b %d %k:%M:%S(?:\.%f)?(?: %ExY)?",
    r"TAI64N",
];

/// Base weight of the copies that are bound to the line's beginning: they come first whatever their distance.
pub(super) const ANCHORED_WEIGHT: f64 = 100.0;

/// The default templates, shared by all detectors; each is built when it is first asked for.
#[derive(Debug)]
pub(super) struct Defaults {
    years: Years,
    /// One for each pattern.
    plain: [OnceLock<Arc<Template>>; PATTERNS.len()],
    /// Copies bound to the line's beginning, of those that are not so by themselves.
    anchored: [OnceLock<Arc<Template>>; PATTERNS.len()],
}

/// The templates as of the years given; built once.
pub(super) fn shared(years: &Years) -> Arc<Defaults> {
    static LAST: Mutex<Option<Arc<Defaults>>> = Mutex::new(None);
    let mut last = LAST.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some(defaults) = last.as_ref()
        && defaults.years == *years
    {
        return defaults.clone();
    }
    let defaults = Arc::new(Defaults {
        years: years.clone(),
        plain: [const { OnceLock::new() }; PATTERNS.len()],
        anchored: [const { OnceLock::new() }; PATTERNS.len()],
    });
    *last = Some(defaults.clone());
    defaults
}

/// Whether the pattern says itself that it stands at the line's beginning.
fn is_bound(pattern: &str) -> bool {
    pattern.starts_with("{^LN-BEG}") || pattern.starts_with('^')
}

impl Defaults {
    /// All of them, in the order of search, with their base weights.
    pub fn all(&self) -> Result<Vec<(Arc<Template>, f64)>, PatternError> {
        self.chosen(|_| true)
    }

    /// Those that are found at the line's beginning only.
    pub fn at_line_begin(&self) -> Result<Vec<(Arc<Template>, f64)>, PatternError> {
        self.chosen(is_bound)
    }

    /// The copies, and those of the patterns that are chosen.
    fn chosen(&self, is_chosen: impl Fn(&str) -> bool) -> Result<Vec<(Arc<Template>, f64)>, PatternError> {
        let copies = (PATTERNS.iter().zip(&self.anchored)).filter(|(pattern, _)| !is_bound(pattern));
        let copies = copies.map(|(pattern, place)| {
            let copy = self.template(place, &format!("{{^LN-BEG}}{pattern}"))?;
            Ok((copy, ANCHORED_WEIGHT))
        });
        let plain = (PATTERNS.iter().zip(&self.plain)).filter(|(pattern, _)| is_chosen(pattern));
        let plain = plain.map(|(pattern, place)| Ok((self.template(place, pattern)?, 1.0)));
        copies.chain(plain).collect()
    }

    fn template(&self, place: &OnceLock<Arc<Template>>, pattern: &str) -> Result<Arc<Template>, PatternError> {
        if let Some(template) = place.get() {
            return Ok(template.clone());
        }
        let template = Arc::new(Template::new(pattern, &self.years, true)?);
        Ok(place.get_or_init(|| template).clone())
    }

    /// One template for each pattern, put where the user's expression says `{DATE}`.
    pub fn embedded(&self, around: &str, years: &Years) -> Result<Vec<Template>, PatternError> {
        let embed = |text: &str| replace_tag(around, &["{DATE}"], bounds::unbound(text));
        PATTERNS
            .iter()
            .zip(&self.plain)
            .map(|(pattern, place)| {
                let template = self.template(place, pattern)?;
                // Epoch and TAI64N have no pattern, only a name: it stands for them where they come alone on a line
                // and is mere text elsewhere, as in the original.
                let pattern = template.pattern.as_deref().unwrap_or(&template.name);
                let template = Template::new(&embed(pattern), years, true)?;
                template.check()?;
                Ok(template)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn those_at_the_lines_beginning_are_told_by_their_patterns() {
        let defaults = shared(&Years::today());
        let all = defaults.all().unwrap();
        let told: Vec<&str> = (all.iter().filter(|(template, _)| template.at_line_begin))
            .map(|(template, _)| template.name.as_str())
            .collect();
        let bound = defaults.at_line_begin().unwrap();
        let bound: Vec<&str> = bound.iter().map(|(template, _)| template.name.as_str()).collect();
        assert_eq!(told, bound);
        assert_eq!(all.len(), 31);
    }
}
