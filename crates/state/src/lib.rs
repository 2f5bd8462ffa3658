//! What must survive: bans, counters, log positions, in one SQLite file with the original's schema version 4 and
//! tables of our own beside it. One writer.
//!
//! Stands beside the journey; `daemon` writes a decision here before its effect is claimed. Knows not why.

use std::path::Path;

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

/// A failure counter that is not yet a ban; whole nanoseconds since the epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CounterRow {
    /// Id as text.
    pub id: String,
    /// Failures counted.
    pub attempts: u32,
    /// Begin of the window.
    pub first: i64,
    /// Last failure.
    pub last: i64,
}

/// Totals of a jail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Failures.
    pub failed: u64,
    /// Bans.
    pub banned: u64,
}

/// The database. All calls block; `daemon` keeps them off the reading thread where they could be slow.
#[derive(Debug)]
pub struct Store {}

impl Store {
    /// Opens or creates the file; upgrades older schemas after a backup copy; repairs or sets aside a broken one.
    pub fn open(_path: &Path) -> Result<Self, StateError> {
        todo!()
    }
    /// A database in memory.
    pub fn in_memory() -> Result<Self, StateError> {
        todo!()
    }
    /// The newest so many matches are kept per ban.
    pub fn set_max_matches(&mut self, _matches: usize) {
        todo!()
    }
    /// A start begins: no jail is enabled until [`Store::enable_jail`].
    pub fn disable_all_jails(&mut self) -> Result<(), StateError> {
        todo!()
    }
    /// Registers a jail as enabled.
    pub fn enable_jail(&mut self, _jail: &str) -> Result<(), StateError> {
        todo!()
    }
    /// Marks one jail as disabled.
    pub fn disable_jail(&mut self, _jail: &str) -> Result<(), StateError> {
        todo!()
    }
    /// Writes a ban; on disk (against the end of this process) when it returns.
    pub fn add_ban(&mut self, _ban: &BanRow) -> Result<(), StateError> {
        todo!()
    }
    /// Removes bans: of one jail or all, of some ids or all.
    pub fn remove_bans(
        &mut self,
        _jail: Option<&str>,
        _ids: Option<&[&str]>,
    ) -> Result<usize, StateError> {
        todo!()
    }
    /// Bans of a jail still in force by their own times, by id, as the original restores them.
    pub fn bans_in_force(&mut self, _jail: &str, _now: i64) -> Result<Vec<BanRow>, StateError> {
        todo!()
    }
    /// What is remembered of an id, in one jail or (none) summed over all.
    pub fn history(
        &mut self,
        _id: &str,
        _jail: Option<&str>,
    ) -> Result<Option<History>, StateError> {
        todo!()
    }
    /// Everything remembered, for a cache: jail, id, history.
    pub fn all_history(&mut self) -> Result<Vec<(String, String, History)>, StateError> {
        todo!()
    }
    /// An id's bans merged (`<ipmatches>`, `<ipfailures>`, …), in one jail or all: failures and matches, oldest first.
    pub fn merged(
        &mut self,
        _id: &str,
        _jail: Option<&str>,
    ) -> Result<Option<(u32, Vec<String>)>, StateError> {
        todo!()
    }
    /// Where reading of a log stood for a jail.
    pub fn log_position(&mut self, _jail: &str, _path: &str) -> Result<Option<LogRow>, StateError> {
        todo!()
    }
    /// Remembers positions and counters of a jail in one transaction, so that no line is counted twice or missed after a
    /// restart. `None` in `positions` forgets a log.
    pub fn save_progress(
        &mut self,
        _jail: &str,
        _positions: &[(String, Option<LogRow>)],
        _changed: &[CounterRow],
        _gone: &[String],
        _totals: Totals,
    ) -> Result<(), StateError> {
        todo!()
    }
    /// Counters and totals of a jail.
    pub fn load_progress(&mut self, _jail: &str) -> Result<(Vec<CounterRow>, Totals), StateError> {
        todo!()
    }
    /// An action is about to be told of a ban: from now on its effect may stand.
    pub fn effect_begins(
        &mut self,
        _jail: &str,
        _action: &str,
        _id: &str,
    ) -> Result<(), StateError> {
        todo!()
    }
    /// The effect is lifted for certain.
    pub fn effect_ended(
        &mut self,
        _jail: &str,
        _action: &str,
        _id: &str,
    ) -> Result<(), StateError> {
        todo!()
    }
    /// All effects of an action (or of all actions of a jail) are lifted for certain.
    pub fn effects_ended(&mut self, _jail: &str, _action: Option<&str>) -> Result<(), StateError> {
        todo!()
    }
    /// Effects that may stand: action, id. Empty after a clean end.
    pub fn standing_effects(&mut self, _jail: &str) -> Result<Vec<(String, String)>, StateError> {
        todo!()
    }
    /// Deletes what is older than so many seconds by the original's rules.
    pub fn purge(&mut self, _now: i64, _age: i64) -> Result<(), StateError> {
        todo!()
    }
}
