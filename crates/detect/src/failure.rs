//! What a filter reports.
use crate::evidence::Evidence;
use crate::{Hit, Id, LineContext, Time};

/// A log line that counted, split where its date was cut out; the original stores it so.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MatchedLine {
    /// Text before the date.
    pub before: String,
    /// The date as written; empty when the line had none.
    pub date: String,
    /// Text after the date.
    pub after: String,
}

impl MatchedLine {
    /// The line as it stood in the log, without its newline.
    pub fn text(&self) -> String {
        format!("{}{}{}", self.before, self.date, self.after)
    }
}

/// The parts of a [`MatchedLine`] that stand elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineParts<'a> {
    /// Text before the date.
    pub before: &'a str,
    /// The date as written.
    pub date: &'a str,
    /// Text after the date.
    pub after: &'a str,
}

impl<'a> From<&'a MatchedLine> for LineParts<'a> {
    fn from(line: &'a MatchedLine) -> Self {
        LineParts {
            before: &line.before,
            date: &line.date,
            after: &line.after,
        }
    }
}

impl From<LineParts<'_>> for MatchedLine {
    fn from(line: LineParts<'_>) -> Self {
        MatchedLine {
            before: line.before.to_owned(),
            date: line.date.to_owned(),
            after: line.after.to_owned(),
        }
    }
}

/// Somebody failed: what the jail counts. Cheap to clone, for several jails may count it.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// Who is counted and banned.
    pub id: Id,
    /// When, by the log (or now, by the rules for odd dates).
    pub time: Time,
    /// The original would hold this time as a whole number (visible in `<time>`).
    pub zoned: bool,
    /// Attempts that this failure stands for, at least 1.
    pub attempts: u32,
    /// The lines and what they told.
    pub evidence: Evidence,
}

impl Failure {
    /// What a hit means for the jail; nothing where nobody is named.
    pub(crate) fn from_hit(hit: Hit, context: &LineContext<'_>) -> Option<Self> {
        let id = hit.id?;
        let time = hit.time.unwrap_or(context.now);
        // The future is a mistake of the log, where a jail counts by the clock.
        let ahead = context.findtime.is_some() && time > context.now;
        Some(Failure {
            id,
            time: if ahead { context.now } else { time },
            zoned: hit.zoned && !ahead,
            attempts: 1,
            evidence: Evidence::of(hit.record),
        })
    }
}
