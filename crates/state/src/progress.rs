//! How far reading and counting have come: positions in logs, counters, totals.
use crate::bans::text;
use crate::{Batch, Doing, JournalRow, Kept, LogRow, Progress, StateError, Store, Totals, batch};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

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

    /// Remembers positions and counters of jails in one transaction, so that no line is counted twice or missed after a
    /// restart.
    pub fn save_progress(&mut self, jails: &[Progress]) -> Result<(), StateError> {
        for jail in jails {
            self.know_jail(&jail.jail)?;
            let records: u64 = jail.counters.parts().iter().map(|part| u64::from(part.records)).sum();
            if let Some(batched) = self.batched.get_mut(&jail.jail) {
                *batched = if jail.whole { records } else { *batched + records };
            }
        }
        self.transaction("saving progress", |transaction| {
            jails.iter().try_for_each(|jail| save(transaction, jail))
        })
    }

    /// How many words on counters of a jail are kept: many more than counters, and they are to be written anew.
    pub fn batched(&mut self, jail: &str) -> Result<u64, StateError> {
        if let Some(batched) = self.batched.get(jail) {
            return Ok(*batched);
        }
        let batched: i64 = self
            .connection
            .query_row(
                "SELECT coalesce(sum(records), 0) FROM bantam_batches WHERE jail = ?1",
                [jail],
                |row| row.get(0),
            )
            .doing("reading counters")?;
        let batched = batched.max(0).unsigned_abs();
        self.batched.insert(jail.to_owned(), batched);
        Ok(batched)
    }

    /// Tells counters of a jail, the last word on each last; gives its totals.
    pub fn load_progress(&mut self, jail: &str, tell: &mut dyn FnMut(Kept<'_>)) -> Result<Totals, StateError> {
        self.connection
            .prepare_cached("SELECT counters FROM bantam_batches WHERE jail = ?1 ORDER BY number")
            .and_then(|mut statement| {
                let mut rows = statement.query([jail])?;
                while let Some(row) = rows.next()? {
                    if let ValueRef::Blob(part) = row.get_ref(0)? {
                        batch::read(part, tell);
                    }
                }
                Ok(())
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
        Ok(totals.unwrap_or_default())
    }
}

fn save(transaction: &Transaction<'_>, progress: &Progress) -> rusqlite::Result<()> {
    let jail = progress.jail.as_str();
    for (path, row) in &progress.positions {
        save_position(transaction, jail, path, row.as_ref())?;
    }
    if let Some(row) = &progress.journal {
        save_journal(transaction, jail, row)?;
    }
    if progress.whole {
        transaction
            .prepare_cached("DELETE FROM bantam_batches WHERE jail = ?1")?
            .execute([jail])?;
    }
    save_batch(transaction, jail, &progress.counters)?;
    transaction
        .prepare_cached("INSERT OR REPLACE INTO bantam_totals(jail, failed, banned) VALUES(?1, ?2, ?3)")?
        .execute(params![
            jail,
            signed(progress.totals.failed),
            signed(progress.totals.banned)
        ])?;
    Ok(())
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

pub(crate) fn save_batch(connection: &Connection, jail: &str, batch: &Batch) -> rusqlite::Result<()> {
    let mut insert = connection
        .prepare_cached("INSERT INTO bantam_batches(jail, records, newest_ns, counters) VALUES(?1, ?2, ?3, ?4)")?;
    for part in batch.parts() {
        insert.execute(params![jail, part.records, part.newest, part.bytes])?;
    }
    Ok(())
}

/// Deletes batches in which nothing is newer: of each jail the oldest ones, as a later batch may say that what an
/// earlier one tells is gone.
pub(crate) fn purge_batches(transaction: &Transaction<'_>, limit: i64) -> rusqlite::Result<()> {
    let ends: Vec<(String, i64)> = transaction
        .prepare(
            "SELECT jail, coalesce(min(CASE WHEN newest_ns >= ?1 THEN number END), max(number) + 1)
             FROM bantam_batches GROUP BY jail",
        )?
        .query_map([limit], |row| Ok((text(row, 0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let mut delete = transaction.prepare("DELETE FROM bantam_batches WHERE jail = ?1 AND number < ?2")?;
    for (jail, end) in ends {
        delete.execute(params![jail, end])?;
    }
    Ok(())
}

/// SQLite's numbers have a sign.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
