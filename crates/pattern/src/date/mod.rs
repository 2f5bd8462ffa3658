//! When was this line written: date templates, and the detector that finds which of them a log uses.
use crate::{PatternError, Time};
use std::ops::Range;

/// A date found in a line.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Bytes of the date proper (group 1 of its template): what is cut out of the line. May be empty (`{NONE}`).
    pub span: Range<usize>,
    /// The moment, or nothing when the text is no possible date (30 February) or is empty.
    pub time: Option<Time>,
    /// Whether the text (or a configured time zone) told the zone; the original then counts in whole numbers.
    pub zoned: bool,
    /// Index of the template among [`Detector::templates`]' identities.
    pub template: usize,
}

/// Finds dates, learning which template a log uses.
#[derive(Debug)]
pub struct Detector {}

/// A template as `fail2ban-regex` lists it.
#[derive(Debug, Clone, PartialEq)]
pub struct TemplateInfo {
    /// Shown name, such as `{^LN-BEG}Day(?P<_sep>[-/])MON…`
    pub name: String,
    /// The expression, where it has one.
    pub pattern: Option<String>,
    /// Lines that it matched.
    pub hits: u64,
}

impl Detector {
    /// The default templates, as when a filter sets no `datepattern`.
    pub fn defaults() -> Self {
        todo!()
    }

    /// The templates of a `datepattern` option: one a line.
    pub fn from_pattern(_datepattern: &str) -> Result<Self, PatternError> {
        todo!()
    }

    /// Zone for lines that carry none (`logtimezone`: `UTC+0200`, `GMT-0100`, `CET` …).
    pub fn set_default_zone(&mut self, _zone: Option<&str>) -> Result<(), PatternError> {
        todo!()
    }

    /// Looks for a date in the line. `now` completes what the text leaves out.
    pub fn find(&mut self, _line: &str, _now: Time) -> Option<Found> {
        todo!()
    }

    /// The templates with their hits, in their current order.
    pub fn templates(&self) -> Vec<TemplateInfo> {
        todo!()
    }
}
