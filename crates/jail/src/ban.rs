//! A ban: who, since when, for how long, because of what.
use crate::{Id, MatchedLine, Time};
use std::collections::BTreeMap;

/// A ban, standing or to be set.
#[derive(Debug, Clone, PartialEq)]
pub struct Ticket {
    /// Who is banned.
    pub id: Id,
    /// The address behind the id where it differs (`<ip>`).
    pub ip: Option<Id>,
    /// When the ban begins: the time of the last counted failure.
    pub time: Time,
    /// The original would hold this time as a whole number (visible in `<time>`).
    pub zoned: bool,
    /// Seconds; negative: for ever.
    pub bantime: f64,
    /// How many times this id has been banned, this time included; at least 1.
    pub bancount: u32,
    /// Failures that led to it.
    pub attempts: u32,
    /// Lines, the newest `maxmatches` of them, oldest first.
    pub matches: Vec<MatchedLine>,
    /// Captured groups by lower-case name.
    pub captures: BTreeMap<String, String>,
    /// User names of a tracked connection.
    pub users: Vec<String>,
    /// Taken over from the database at start.
    pub restored: bool,
}

impl Ticket {
    /// When it ends; none for a permanent one.
    pub fn ends(&self) -> Option<Time> {
        ends(self.time, self.bantime)
    }
}

/// When a ban ends that began then and lasts so many seconds; none for a permanent one.
pub(crate) fn ends(begin: Time, bantime: f64) -> Option<Time> {
    (bantime >= 0.0).then(|| begin.plus_secs(bantime))
}
