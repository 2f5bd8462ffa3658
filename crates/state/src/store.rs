//! The handle: opening, closing, jails and purging.
use crate::progress::purge_batches;
use crate::{Doing, StateError, open};
use rusqlite::{Connection, Transaction};
use std::collections::{HashMap, HashSet};
use std::path::Path;

/// The database. All calls block; `daemon` keeps them off the reading thread where they could be slow.
///
/// Dropping it closes the file like [`Store::close`], but keeps silent about errors.
#[derive(Debug)]
pub struct Store {
    pub(crate) connection: Connection,
    pub(crate) max_matches: usize,
    /// Jails that have their row, which bans and positions refer to.
    known_jails: HashSet<String>,
    /// How many records stand in a jail's batches, as far as that was asked.
    pub(crate) batched: HashMap<String, u64>,
    /// What bans were written in, for the next ones.
    pub(crate) spare: Vec<u8>,
    /// How many rows this connection had changed when the log was last found to be short.
    pub(crate) short_at: Option<u64>,
    notes: Vec<String>,
}

impl Store {
    /// Opens or creates the file; upgrades older schemas after a backup copy; repairs or sets aside a broken one.
    /// What was done to it stands in [`Store::notes`].
    pub fn open(path: &Path) -> Result<Self, StateError> {
        let mut notes = Vec::new();
        let connection = open::open(path, &mut notes)?;
        Ok(Self::new(connection, notes))
    }

    /// A database in memory.
    pub fn in_memory() -> Result<Self, StateError> {
        let mut connection = Connection::open_in_memory().doing("opening")?;
        open::prepare(&mut connection)?;
        Ok(Self::new(connection, Vec::new()))
    }

    fn new(connection: Connection, notes: Vec<String>) -> Self {
        Store {
            connection,
            max_matches: 10,
            known_jails: HashSet::new(),
            batched: HashMap::new(),
            spare: Vec::new(),
            short_at: None,
            notes,
        }
    }

    /// What was out of the ordinary when the file was opened, each a sentence for the log.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Brings everything into the one file, so that the original (or a copy) finds all of it there.
    pub fn close(self) -> Result<(), StateError> {
        self.settle().doing("closing")
    }

    fn settle(&self) -> rusqlite::Result<()> {
        self.connection.flush_prepared_statement_cache();
        // In memory, and while somebody else reads the file, the mode simply stays: nothing is lost by that.
        self.connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        self.connection
            .query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))
    }

    /// The newest so many matches are kept per ban.
    pub fn set_max_matches(&mut self, matches: usize) {
        self.max_matches = matches;
    }

    /// A start begins: no jail is enabled until [`Store::enable_jail`].
    pub fn disable_all_jails(&mut self) -> Result<(), StateError> {
        self.connection
            .execute("UPDATE jails SET enabled = 0", [])
            .doing("disabling jails")?;
        Ok(())
    }

    /// Registers a jail as enabled.
    pub fn enable_jail(&mut self, jail: &str) -> Result<(), StateError> {
        self.connection
            .execute(
                "INSERT INTO jails(name, enabled) VALUES(?1, 1)
                 ON CONFLICT(name) DO UPDATE SET enabled = 1",
                [jail],
            )
            .doing("enabling a jail")?;
        self.known_jails.insert(jail.to_owned());
        Ok(())
    }

    /// Marks one jail as disabled.
    pub fn disable_jail(&mut self, jail: &str) -> Result<(), StateError> {
        self.connection
            .execute("UPDATE jails SET enabled = 0 WHERE name = ?1", [jail])
            .doing("disabling a jail")?;
        Ok(())
    }

    /// Bans and positions refer to their jail's row: a missing one must not lose them.
    pub(crate) fn know_jail(&mut self, jail: &str) -> Result<(), StateError> {
        if self.known_jails.contains(jail) {
            return Ok(());
        }
        self.connection
            .prepare_cached("INSERT OR IGNORE INTO jails(name, enabled) VALUES(?1, 1)")
            .and_then(|mut statement| statement.execute([jail]))
            .doing("adding a jail")?;
        self.known_jails.insert(jail.to_owned());
        Ok(())
    }

    pub(crate) fn transaction(
        &mut self,
        action: &'static str,
        body: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>,
    ) -> Result<(), StateError> {
        let transaction = self.connection.transaction().doing(action)?;
        body(&transaction).doing(action)?;
        transaction.commit().doing(action)
    }

    /// Deletes what is older than so many seconds by the original's rules: the history of bans by age; what is
    /// remembered of an id when its last ban and three times its length are over that long, permanent bans never;
    /// disabled jails of which nothing is left. Failure counters go by age too.
    pub fn purge(&mut self, now: i64, age: i64) -> Result<(), StateError> {
        let limit = now.saturating_sub(age);
        self.transaction("purging", |transaction| {
            transaction.execute("DELETE FROM bans WHERE timeofban < ?1", [limit])?;
            transaction.execute(
                "DELETE FROM bips WHERE timeofban < ?1 AND bantime != -1 AND timeofban + bantime * 3 < ?1",
                [limit],
            )?;
            transaction.execute(
                "DELETE FROM jails WHERE enabled = 0
                 AND NOT EXISTS(SELECT 1 FROM bans WHERE jail = jails.name)
                 AND NOT EXISTS(SELECT 1 FROM bips WHERE jail = jails.name)",
                [],
            )?;
            purge_batches(transaction, limit.saturating_mul(1_000_000_000))?;
            for table in ["bantam_totals", "bantam_journal"] {
                transaction.execute(
                    &format!("DELETE FROM {table} WHERE jail NOT IN (SELECT name FROM jails)"),
                    [],
                )?;
            }
            Ok(())
        })?;
        self.known_jails.clear();
        self.batched.clear();
        Ok(())
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // Nobody is left to be told; what is written stays readable in the write-ahead log.
        let _ = self.settle();
    }
}
