//! What a filter reports.
use crate::record::Value;
use crate::{Hit, Id, LineContext, Time};
use std::collections::BTreeMap;

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

/// Somebody failed: what the jail counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// Who is counted and banned.
    pub id: Id,
    /// The address behind the id where the filter captured both and they differ (`<ip>`), else none.
    pub ip: Option<Id>,
    /// When, by the log (or now, by the rules for odd dates).
    pub time: Time,
    /// The original would hold this time as a whole number (visible in `<time>`).
    pub zoned: bool,
    /// Attempts that this failure stands for, at least 1.
    pub attempts: u32,
    /// The lines, oldest first.
    pub matches: Vec<MatchedLine>,
    /// Captured groups by lower-case name (`user`, `container`, …), those that took part only.
    pub captures: BTreeMap<String, String>,
    /// User names of a tracked connection, when more than one was seen.
    pub users: Vec<String>,
}

impl Failure {
    /// What a hit means for the jail; nothing where nobody is named.
    pub(crate) fn from_hit(hit: Hit, context: &LineContext<'_>) -> Option<Self> {
        let id = hit.id?;
        let time = hit.time.unwrap_or(context.now);
        // The future is a mistake of the log, where a jail counts by the clock.
        let ahead = context.findtime.is_some() && time > context.now;
        let users = match hit.record.known("users") {
            Some(Value::Users(users)) if users.len() > 1 => users.iter().map(ToString::to_string).collect(),
            _ => Vec::new(),
        };
        let ip = match hit.record.known("ip") {
            Some(Value::Address(address)) => Some(address.clone()),
            _ => None,
        };
        let captures = hit
            .record
            .iter()
            .filter(|(_, value)| matches!(value, Value::Text(_) | Value::Tuple(_)))
            .map(|(name, value)| (name.to_owned(), value.text().into_owned()))
            .collect();
        Some(Failure {
            id,
            ip,
            time: if ahead { context.now } else { time },
            zoned: hit.zoned && !ahead,
            attempts: 1,
            matches: hit.record.matches().to_vec(),
            captures,
            users,
        })
    }
}
