//! The dates of all lines of a block, looked for once for all filters that would find the same.
//!
//! A detector learns from every line, so where its templates are several no line may be left out. But jails of one file
//! mostly have the same templates and have read the same lines: their detectors are alike, and what one of them finds
//! in a block, and where that leaves it, holds for the others.
use crate::Time;
use crate::cut::{DATE_LIMIT, Moment, note};
use crate::decode::Encoding;
use crate::filter::Note;
use crate::screen::Screen;
use bantam_pattern::date::{Detector, Found};
use bantam_pattern::{LineBudget, LongLine};
use std::ops::Range;

/// A block whose lines' dates are known.
#[derive(Debug)]
pub(crate) struct DatedBlock {
    /// The detector before the block.
    before: Detector,
    /// And after it.
    after: Detector,
    encoding: Encoding,
    pub(crate) lines: Vec<LineDate>,
    /// For each member of the screen the lines that may matter to it because of what was cut out; by index.
    pub(crate) joined: Vec<Vec<usize>>,
    gave_up: bool,
    bad: Option<String>,
    /// First and last moment that lines tell.
    span: Option<(Time, Time)>,
}

/// Where a line stands in its block, without its newline, and the date in it.
#[derive(Debug)]
pub(crate) struct LineDate {
    pub(crate) line: Range<usize>,
    pub(crate) found: Option<Found>,
}

impl LineDate {
    /// Whether the line itself tells its moment.
    pub(crate) fn is_own(&self) -> bool {
        self.found.as_ref().is_some_and(Found::is_own)
    }
}

impl DatedBlock {
    /// Looks for the dates of all lines.
    pub(crate) fn new(block: &[u8], detector: &Detector, encoding: Encoding, now: Time, screen: &Screen) -> Self {
        let mut dated = DatedBlock {
            before: detector.clone(),
            after: detector.clone(),
            encoding,
            lines: Vec::new(),
            joined: vec![Vec::new(); screen.members()],
            gave_up: false,
            bad: None,
            span: None,
        };
        for line in crate::block::lines(block) {
            dated.add(block, line, now, screen);
        }
        dated
    }

    fn add(&mut self, block: &[u8], line: Range<usize>, now: Time, screen: &Screen) {
        let _clock = LongLine::begin(line.len(), false);
        let text = self.encoding.decode(&block[line.clone()]);
        let _budget = LineBudget::date(text.len());
        let found = self.after.find(&text, now);
        self.gave_up |= self.after.gave_up();
        if let Some(found) = &found {
            let index = self.lines.len();
            let (before, after) = (text.get(..found.span.start), text.get(found.span.end..));
            let joined = &mut self.joined;
            screen.look_at_cut(
                before.unwrap_or_default().as_bytes(),
                after.unwrap_or_default().as_bytes(),
                &mut |member| joined[member].push(index),
            );
            match found.time {
                Some(time) => {
                    let (first, last) = self.span.unwrap_or((time, time));
                    self.span = Some((first.min(time), last.max(time)));
                }
                None if !found.span.is_empty() && self.bad.is_none() => {
                    self.bad = text.get(found.span.clone()).map(str::to_owned);
                }
                None => {}
            }
        }
        self.lines.push(LineDate { line, found });
    }

    /// Whether a filter with this detector would have found the same.
    pub(crate) fn is_of(&self, detector: &Detector, encoding: Encoding) -> bool {
        self.encoding == encoding && self.before.is_like(detector)
    }

    /// The detector as the block leaves it.
    pub(crate) fn after(&self) -> &Detector {
        &self.after
    }

    /// The line that begins at this place of the block.
    pub(crate) fn line_at(&self, start: usize) -> Option<usize> {
        self.lines.binary_search_by_key(&start, |line| line.line.start).ok()
    }

    /// What is to be said of the dates of lines that are not looked at any further.
    pub(crate) fn tell(&self, moment: Moment, notes: &mut Vec<Note>) {
        if self.gave_up {
            note(notes, DATE_LIMIT);
        }
        if let Some(bad) = &self.bad {
            note(notes, Note::BadDate(bad.clone()));
        }
        if let Some((first, last)) = self.span {
            moment.tell_odd(first, notes);
            moment.tell_odd(last, notes);
        }
    }
}
