//! How far reading and counting have come: positions in logs, counters, totals.
use crate::bans::text;
use crate::{CounterRow, Doing, JournalRow, LogRow, StateError, Store, Totals};
use rusqlite::types::ValueRef;
use rusqlite::{OptionalExtension, Row, Transaction, params};

impl Store {
    /// Where reading of a log stood for a jail.
    pub fn log_position(&mut self, jail: &str, path: &str) -> Result<Option<LogRow>, StateError> {
        self.connection
            .prepare_cached(
                "SELECT firstlinemd5, lastfilepos FROM logs WHERE jail = ?1 AND path = ?2 AND firstlinemd5 IS NOT NULL",
            )
            .and_then(|mut statement| statement.query_row([jail, path], position).optional())
            .doing("reading a log's position")
    }

    /// Where reading of the journal stood for a jail.
    pub fn journal_position(&mut self, jail: &str) -> Result<Option<JournalRow>, StateError> {
        self.connection
            .prepare_cached(
                "SELECT logs.lastfilepos, logs.firstlinemd5, cursor FROM logs
                 LEFT JOIN bantam_journal ON bantam_journal.jail = logs.jail AND time = logs.lastfilepos
                 WHERE logs.jail = ?1 AND path = ?2",
            )
            .and_then(|mut statement| statement.query_row([jail, JOURNAL], journal_row).optional())
            .map(Option::flatten)
            .doing("reading the journal's position")
    }

    /// Remembers positions and counters of a jail in one transaction, so that no line is counted twice or missed after a
    /// restart. `None` in `positions` forgets a log.
    pub fn save_progress(
        &mut self,
        jail: &str,
        positions: &[(String, Option<LogRow>)],
        journal: Option<&JournalRow>,
        changed: &[CounterRow],
        gone: &[String],
        totals: Totals,
    ) -> Result<(), StateError> {
        let (mut changed, mut gone) = (changed.iter().cloned(), gone.iter().cloned());
        self.save_progress_of(jail, positions, journal, &mut changed, &mut gone, totals)
    }

    /// As [`Store::save_progress`]; of many counters, no more than one is in memory at a time.
    pub fn save_progress_of(
        &mut self,
        jail: &str,
        positions: &[(String, Option<LogRow>)],
        journal: Option<&JournalRow>,
        changed: &mut dyn Iterator<Item = CounterRow>,
        gone: &mut dyn Iterator<Item = String>,
        totals: Totals,
    ) -> Result<(), StateError> {
        self.know_jail(jail)?;
        self.transaction("saving progress", |transaction| {
            for (path, row) in positions {
                save_position(transaction, jail, path, row.as_ref())?;
            }
            if let Some(row) = journal {
                save_journal(transaction, jail, row)?;
            }
            save_counters(transaction, jail, changed, gone)?;
            transaction
                .prepare_cached("INSERT OR REPLACE INTO bantam_totals(jail, failed, banned) VALUES(?1, ?2, ?3)")?
                .execute(params![jail, signed(totals.failed), signed(totals.banned)])?;
            Ok(())
        })
    }

    /// Counters and totals of a jail.
    pub fn load_progress(&mut self, jail: &str) -> Result<(Vec<CounterRow>, Totals), StateError> {
        let counters = self
            .connection
            .prepare_cached("SELECT id, attempts, first_ns, last_ns FROM bantam_counters WHERE jail = ?1")
            .and_then(|mut statement| {
                statement
                    .query_map([jail], |row| {
                        Ok(CounterRow {
                            id: text(row, 0)?,
                            attempts: row.get::<_, i64>(1)?.clamp(0, u32::MAX.into()) as u32,
                            first: row.get(2)?,
                            last: row.get(3)?,
                        })
                    })?
                    .collect()
            })
            .doing("reading counters")?;
        let totals = self
            .connection
            .prepare_cached("SELECT failed, banned FROM bantam_totals WHERE jail = ?1")
            .and_then(|mut statement| {
                statement
                    .query_row([jail], |row| {
                        Ok(Totals {
                            failed: row.get::<_, i64>(0)?.max(0).unsigned_abs(),
                            banned: row.get::<_, i64>(1)?.max(0).unsigned_abs(),
                        })
                    })
                    .optional()
            })
            .doing("reading totals")?;
        Ok((counters, totals.unwrap_or_default()))
    }
}

/// The name under which the original keeps the journal's position.
const JOURNAL: &str = "systemd-journal";

/// Nothing where no time was kept.
fn journal_row(row: &Row<'_>) -> rusqlite::Result<Option<JournalRow>> {
    let time = match row.get_ref(0)? {
        ValueRef::Integer(seconds) => seconds as f64,
        ValueRef::Real(seconds) => seconds,
        ValueRef::Null | ValueRef::Text(_) | ValueRef::Blob(_) => return Ok(None),
    };
    Ok(Some(JournalRow {
        time,
        iso: text(row, 1)?,
        cursor: row.get(2)?,
    }))
}

fn save_journal(transaction: &Transaction<'_>, jail: &str, row: &JournalRow) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO logs(jail, path, firstlinemd5, lastfilepos) VALUES(?1, ?2, ?3, ?4)
             ON CONFLICT(jail, path) DO UPDATE SET firstlinemd5 = ?3, lastfilepos = ?4",
        )?
        .execute(params![jail, JOURNAL, row.iso, row.time])?;
    if let Some(cursor) = &row.cursor {
        transaction
            .prepare_cached("INSERT OR REPLACE INTO bantam_journal(jail, time, cursor) VALUES(?1, ?2, ?3)")?
            .execute(params![jail, row.time, cursor])?;
    }
    Ok(())
}

fn position(row: &Row<'_>) -> rusqlite::Result<LogRow> {
    let offset = match row.get_ref(1)? {
        ValueRef::Integer(offset) => offset.max(0).unsigned_abs(),
        ValueRef::Real(offset) => offset as u64,
        ValueRef::Null | ValueRef::Text(_) | ValueRef::Blob(_) => 0,
    };
    Ok(LogRow {
        first_line_md5: text(row, 0)?,
        offset,
    })
}

fn save_position(transaction: &Transaction<'_>, jail: &str, path: &str, row: Option<&LogRow>) -> rusqlite::Result<()> {
    let Some(row) = row else {
        transaction
            .prepare_cached("DELETE FROM logs WHERE jail = ?1 AND path = ?2")?
            .execute([jail, path])?;
        return Ok(());
    };
    transaction
        .prepare_cached(
            "INSERT INTO logs(jail, path, firstlinemd5, lastfilepos) VALUES(?1, ?2, ?3, ?4)
             ON CONFLICT(jail, path) DO UPDATE SET firstlinemd5 = ?3, lastfilepos = ?4",
        )?
        .execute(params![jail, path, row.first_line_md5, signed(row.offset)])?;
    Ok(())
}

fn save_counters(
    transaction: &Transaction<'_>,
    jail: &str,
    changed: &mut dyn Iterator<Item = CounterRow>,
    gone: &mut dyn Iterator<Item = String>,
) -> rusqlite::Result<()> {
    let mut delete = transaction.prepare_cached("DELETE FROM bantam_counters WHERE jail = ?1 AND id = ?2")?;
    for id in gone {
        delete.execute([jail, id.as_str()])?;
    }
    let mut insert = transaction.prepare_cached(
        "INSERT OR REPLACE INTO bantam_counters(jail, id, attempts, first_ns, last_ns) VALUES(?1, ?2, ?3, ?4, ?5)",
    )?;
    for row in changed {
        insert.execute(params![jail, row.id, row.attempts, row.first, row.last])?;
    }
    Ok(())
}

/// SQLite's numbers have a sign.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
