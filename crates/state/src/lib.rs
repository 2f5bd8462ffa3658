//! What must survive: bans, counters, log positions, in one SQLite file with the original's schema version 4 and
//! tables of our own beside it. One writer.
//!
//! Stands beside the journey; `daemon` writes a decision here before its effect is claimed. Knows not why.

mod bans;
mod batch;
mod data;
mod effects;
mod glance;
mod open;
mod progress;
mod quoting;
mod schema;
mod store;
mod tidy;

pub use batch::Batch;
pub use glance::{Glance, glance};
pub use schema::VERSION as SCHEMA;
pub use store::Store;
pub use tidy::tidy;

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Why the database could not be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// SQLite's words, and what was being done.
    #[error("database {action}: {source}")]
    Sqlite {
        /// What was being done.
        action: &'static str,
        /// SQLite's words.
        source: rusqlite::Error,
    },
    /// The file is of a newer schema, or no database.
    #[error("{0}")]
    Unusable(String),
}

/// Says what was being done when SQLite refused.
trait Doing<T> {
    fn doing(self, action: &'static str) -> Result<T, StateError>;
}

impl<T> Doing<T> for rusqlite::Result<T> {
    fn doing(self, action: &'static str) -> Result<T, StateError> {
        self.map_err(|source| StateError::Sqlite { action, source })
    }
}

/// A ban as the original stores it (tables `bans` and `bips`).
#[derive(Debug, Clone, PartialEq)]
pub struct BanRow {
    /// Jail.
    pub jail: String,
    /// Id as text.
    pub ip: String,
    /// Begin, whole seconds.
    pub timeofban: i64,
    /// Seconds, whole; -1 for ever.
    pub bantime: i64,
    /// How many times banned, this time included.
    pub bancount: u32,
    /// Failures that led to it.
    pub failures: u32,
    /// Lines: each either text or its three parts.
    pub matches: Vec<[String; 3]>,
    /// Captured values and whatever else the `data` column holds, as JSON.
    pub data: serde_json::Map<String, serde_json::Value>,
}

/// A ban to be written, as far as it can be lent: its lines are long.
#[derive(Debug, Clone, PartialEq)]
pub struct NewBan<'a> {
    /// Jail.
    pub jail: &'a str,
    /// Id as text.
    pub ip: Cow<'a, str>,
    /// Begin, whole seconds.
    pub timeofban: i64,
    /// Seconds, whole; -1 for ever.
    pub bantime: i64,
    /// How many times banned, this time included.
    pub bancount: u32,
    /// Failures that led to it.
    pub failures: u32,
    /// Lines: each either text or its three parts.
    pub matches: Vec<[&'a str; 3]>,
    /// Captured values and whatever else the `data` column holds, as JSON.
    pub data: serde_json::Map<String, serde_json::Value>,
}

impl BanRow {
    /// As it can be written.
    pub fn as_new(&self) -> NewBan<'_> {
        NewBan {
            jail: &self.jail,
            ip: Cow::Borrowed(&self.ip),
            timeofban: self.timeofban,
            bantime: self.bantime,
            bancount: self.bancount,
            failures: self.failures,
            matches: self
                .matches
                .iter()
                .map(|parts| parts.each_ref().map(String::as_str))
                .collect(),
            data: self.data.clone(),
        }
    }
}

/// What is remembered of an id's bans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct History {
    /// Sum of ban counts.
    pub count: u32,
    /// Begin of the last one, whole seconds.
    pub last: i64,
    /// Seconds of the last one.
    pub bantime: i64,
}

/// Where reading of a log stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRow {
    /// MD5 of the first line.
    pub first_line_md5: String,
    /// Bytes consumed.
    pub offset: u64,
}

/// Where reading of the journal stood.
#[derive(Debug, Clone, PartialEq)]
pub struct JournalRow {
    /// The moment of the last entry judged, in seconds since the epoch; all that the original keeps.
    pub time: f64,
    /// The same in words.
    pub iso: String,
    /// The last entry itself. None when another program wrote the position since.
    pub cursor: Option<String>,
}

/// Who is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who<'a> {
    /// An address.
    V4(Ipv4Addr),
    /// An address.
    V6(Ipv6Addr),
    /// Anything else, and what an earlier version wrote.
    Text(&'a str),
}

/// A failure counter that is not yet a ban; whole nanoseconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CounterRow<'a> {
    /// Whose.
    pub who: Who<'a>,
    /// Failures counted.
    pub attempts: u32,
    /// Begin of the window.
    pub first: i64,
    /// Last failure.
    pub last: i64,
}

/// What is told of a counter, oldest first: the last word counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept<'a> {
    /// It stands so.
    Counts(CounterRow<'a>),
    /// It is no more.
    Gone(Who<'a>),
}

/// How far a jail has come.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    /// The jail.
    pub jail: String,
    /// Where reading of its logs stood; `None` forgets a log.
    pub positions: Vec<(String, Option<LogRow>)>,
    /// Where reading of the journal stood, if it has moved.
    pub journal: Option<JournalRow>,
    /// Counters that changed or are gone, or all.
    pub counters: Batch,
    /// They are all, in place of what was told before.
    pub whole: bool,
    /// Totals.
    pub totals: Totals,
}

/// Totals of a jail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Failures.
    pub failed: u64,
    /// Bans.
    pub banned: u64,
}
