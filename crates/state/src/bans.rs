//! Bans: what is in force, what was, and what is remembered of whom.
use crate::data::{self, Columns};
use crate::{BanRow, Doing, History, NewBan, StateError, Store};
use rusqlite::types::ValueRef;
use rusqlite::{OptionalExtension, Row, Transaction, params};
use std::ops::Range;

/// So many bytes are held to write the next bans in.
const SPARE: usize = 64 << 10;

/// A whole number of a column in which the original may have left a fraction (`rndtime`, version 1).
fn whole(row: &Row<'_>, column: usize) -> rusqlite::Result<i64> {
    Ok(match row.get_ref(column)? {
        ValueRef::Integer(number) => number,
        ValueRef::Real(number) => number.round() as i64,
        ValueRef::Null | ValueRef::Text(_) | ValueRef::Blob(_) => 0,
    })
}

fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u32> {
    Ok(whole(row, column)?.clamp(0, u32::MAX.into()) as u32)
}

/// Text of a column that others may have filled with anything.
pub(crate) fn text(row: &Row<'_>, column: usize) -> rusqlite::Result<String> {
    Ok(match row.get_ref(column)? {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Null => String::new(),
    })
}

fn history(row: &Row<'_>, first: usize) -> rusqlite::Result<History> {
    Ok(History {
        count: count(row, first)?,
        last: whole(row, first + 1)?,
        bantime: whole(row, first + 2)?,
    })
}

impl Store {
    /// Writes a ban; on disk (against the end of this process) when it returns.
    pub fn add_ban(&mut self, ban: &BanRow) -> Result<(), StateError> {
        self.add_bans(&[ban.as_new()])
    }

    /// Writes bans in one step.
    pub fn add_bans(&mut self, bans: &[NewBan<'_>]) -> Result<(), StateError> {
        for ban in bans {
            self.know_jail(ban.jail)?;
        }
        let mut columns = Columns::new(self.max_matches, std::mem::take(&mut self.spare));
        let ranges: Vec<Range<usize>> = bans.iter().map(|ban| columns.write(ban)).collect();
        let bytes = columns.into_bytes();
        let data = ranges.into_iter().map(|range| bytes.get(range).unwrap_or_default());
        let rows: Vec<(&NewBan<'_>, &[u8])> = bans.iter().zip(data).collect();
        let done = self.transaction("writing a ban", |transaction| add(transaction, &rows));
        self.spare = bytes;
        self.spare.shrink_to(SPARE);
        done
    }

    /// Removes bans: of one jail or all, of some ids or all. Says how many ids were remembered in how many jails.
    pub fn remove_bans(&mut self, jail: Option<&str>, ids: Option<&[&str]>) -> Result<usize, StateError> {
        let mut removed = 0;
        self.transaction("removing bans", |transaction| {
            let mut remove = |id: Option<&str>| -> rusqlite::Result<()> {
                let (condition, values): (&str, Vec<&str>) = match (jail, id) {
                    (Some(jail), Some(id)) => ("jail = ?1 AND ip = ?2", vec![jail, id]),
                    (Some(jail), None) => ("jail = ?1", vec![jail]),
                    (None, Some(id)) => ("ip = ?1", vec![id]),
                    (None, None) => ("1", vec![]),
                };
                for table in ["bans", "bips"] {
                    let rows = transaction
                        .prepare_cached(&format!("DELETE FROM {table} WHERE {condition}"))?
                        .execute(rusqlite::params_from_iter(&values))?;
                    if table == "bips" {
                        removed += rows;
                    }
                }
                Ok(())
            };
            match ids {
                Some(ids) => ids.iter().try_for_each(|id| remove(Some(id))),
                None => remove(None),
            }
        })?;
        Ok(removed)
    }

    /// Bans of a jail still in force by their own times, by id, as the original restores them. A `bantime` of -2 is
    /// unknown (upgraded files). What the jail allows now is the jail's to apply.
    pub fn bans_in_force(&mut self, jail: &str, now: i64) -> Result<Vec<BanRow>, StateError> {
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT ip, timeofban, bantime, bancount, data FROM bips
                 WHERE jail = ?1 AND ip != '' AND (timeofban + bantime > ?2 OR bantime <= -1) ORDER BY ip",
            )
            .doing("reading bans")?;
        statement
            .query_map(params![jail, now], |row| {
                let data = data::read(row.get_ref(4)?);
                let newest = data.matches.len().saturating_sub(self.max_matches);
                Ok(BanRow {
                    jail: jail.to_owned(),
                    ip: text(row, 0)?,
                    timeofban: whole(row, 1)?,
                    bantime: whole(row, 2)?,
                    bancount: count(row, 3)?,
                    failures: data.failures.unwrap_or(0),
                    matches: data.matches[newest..].to_vec(),
                    data: data.rest,
                })
            })
            .and_then(Iterator::collect)
            .doing("reading bans")
    }

    /// What is remembered of an id, in one jail or (none) summed over all.
    pub fn history(&mut self, id: &str, jail: Option<&str>) -> Result<Option<History>, StateError> {
        let result = match jail {
            Some(jail) => self
                .connection
                .prepare_cached("SELECT bancount, timeofban, bantime FROM bips WHERE ip = ?1 AND jail = ?2")
                .and_then(|mut statement| statement.query_row([id, jail], |row| history(row, 0)).optional()),
            None => self
                .connection
                // SQLite takes the bare column from the row of the maximum.
                .prepare_cached("SELECT sum(bancount), max(timeofban), bantime FROM bips WHERE ip = ?1 GROUP BY ip")
                .and_then(|mut statement| statement.query_row([id], |row| history(row, 0)).optional()),
        };
        result.doing("looking up an id")
    }

    /// Everything remembered, for a cache: jail, id, history.
    pub fn all_history(&mut self) -> Result<Vec<(String, String, History)>, StateError> {
        self.connection
            .prepare("SELECT jail, ip, bancount, timeofban, bantime FROM bips")
            .and_then(|mut statement| {
                statement
                    .query_map([], |row| Ok((text(row, 0)?, text(row, 1)?, history(row, 2)?)))?
                    .collect()
            })
            .doing("reading what is remembered")
    }

    /// An id's bans merged (`<ipmatches>`, `<ipfailures>`, …), in one jail or all: failures and matches, oldest first.
    pub fn merged(&mut self, id: &str, jail: Option<&str>) -> Result<Option<(u32, Vec<String>)>, StateError> {
        let most = self.max_matches;
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT data FROM bans WHERE ip = ?1 AND (?2 IS NULL OR jail = ?2) ORDER BY timeofban DESC, rowid DESC",
            )
            .doing("merging bans")?;
        let mut rows = statement.query(params![id, jail]).doing("merging bans")?;
        let mut failures = None;
        // Newest first here, as the newest are kept.
        let mut matches = Vec::new();
        while let Some(row) = rows.next().doing("merging bans")? {
            let data = data::read(row.get_ref(0).doing("merging bans")?);
            let sum = failures.get_or_insert(0u32);
            *sum = sum.saturating_add(data.failures.unwrap_or(1));
            let room = most.saturating_sub(matches.len());
            matches.extend(data.matches.iter().rev().take(room).map(|parts| parts.concat()));
        }
        matches.reverse();
        Ok(failures.map(|failures| (failures, matches)))
    }
}

/// Table by table, so that the pages of one stay at hand. What may stand there already is looked for by an `UPDATE`: for
/// `OR REPLACE` and `ON CONFLICT`, SQLite notes every page that it touches, to be able to take half a statement back.
fn add(transaction: &Transaction<'_>, rows: &[(&NewBan<'_>, &[u8])]) -> rusqlite::Result<()> {
    let mut insert = transaction.prepare_cached(
        "INSERT INTO bans(jail, ip, timeofban, bantime, bancount, data) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for (ban, data) in rows {
        insert.execute(params![
            ban.jail,
            ban.ip,
            ban.timeofban,
            ban.bantime,
            ban.bancount,
            data
        ])?;
    }
    let mut update = transaction.prepare_cached(
        "UPDATE bips SET timeofban = ?3, bantime = ?4, bancount = ?5, data = ?6 WHERE ip = ?2 AND jail = ?1",
    )?;
    let mut insert = transaction.prepare_cached(
        "INSERT INTO bips(jail, ip, timeofban, bantime, bancount, data) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for (ban, data) in rows {
        let values = params![ban.jail, ban.ip, ban.timeofban, ban.bantime, ban.bancount, data];
        if update.execute(values)? == 0 {
            insert.execute(values)?;
        }
    }
    // Progress is written now and then; what is counted here is not counted again when its lines are read again after
    // an unclean end.
    let mut update = transaction.prepare_cached("UPDATE bantam_totals SET banned = banned + 1 WHERE jail = ?1")?;
    let mut insert = transaction.prepare_cached("INSERT INTO bantam_totals(jail, failed, banned) VALUES(?1, 0, 1)")?;
    for (ban, _) in rows {
        if update.execute([ban.jail])? == 0 {
            insert.execute([ban.jail])?;
        }
    }
    Ok(())
}
