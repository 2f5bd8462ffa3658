//! A look into a database without touching it: for people who consider moving.
use crate::{Doing, StateError, schema};
use rusqlite::{Connection, OpenFlags, ToSql};
use std::path::Path;

/// What a database holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glance {
    /// Version of its schema; none when the table that tells it is missing.
    pub schema: Option<i64>,
    /// Bans that end later than now, or never. Unknown in schemas below 4, which do not say how long a ban is.
    pub in_force: Option<usize>,
    /// Clients that are remembered, for each jail.
    pub known: usize,
}

/// Looks into the file, read-only. `now` is in seconds since 1970. None when there is no such file.
///
/// Errors: it is no database, or another program keeps it locked.
pub fn glance(path: &Path, now: i64) -> Result<Option<Glance>, StateError> {
    if !path.exists() {
        return Ok(None);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).doing("opening")?;
    let version = schema::version(&connection).doing("reading the schema version")?;
    let has = |table| schema::has_table(&connection, table).doing("reading the tables");
    let (latest, history) = (has("bips")?, has("bans")?);
    let count = |query: &str, parameters: &[&dyn ToSql]| {
        let count: rusqlite::Result<i64> = connection.query_row(query, parameters, |row| row.get(0));
        count
            .doing("counting bans")
            .map(|count| usize::try_from(count).unwrap_or(0))
    };
    let in_force = "SELECT COUNT(*) FROM bips WHERE bantime = -1 OR timeofban + bantime > ?1";
    let table = if latest { "bips" } else { "bans" };
    let known = format!("SELECT COUNT(*) FROM (SELECT DISTINCT jail, ip FROM {table})");
    Ok(Some(Glance {
        schema: version,
        in_force: if latest { Some(count(in_force, &[&now])?) } else { None },
        known: if latest || history { count(&known, &[])? } else { 0 },
    }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_look_counts_bans_in_force_and_leaves_the_file_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f.sqlite3");
        assert_eq!(glance(&path, 0).unwrap(), None);
        drop(crate::Store::open(&path).unwrap());
        let connection = Connection::open(&path).unwrap();
        connection
            .execute_batch(
                "INSERT INTO jails(name) VALUES ('a');
                 INSERT INTO bips(ip, jail, timeofban, bantime) VALUES
                    ('192.0.2.1', 'a', 100, 50), ('192.0.2.2', 'a', 100, 51), ('192.0.2.3', 'a', 1, -1);",
            )
            .unwrap();
        drop(connection);
        let before = std::fs::read(&path).unwrap();
        let found = glance(&path, 150).unwrap().unwrap();
        assert_eq!((found.schema, found.in_force, found.known), (Some(4), Some(2), 3));
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }

    #[test]
    fn what_is_no_database_is_said_so() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f.sqlite3");
        std::fs::write(
            &path,
            "not a database, but long enough to be looked at as one. ".repeat(20),
        )
        .unwrap();
        assert!(glance(&path, 0).is_err());
    }
}
