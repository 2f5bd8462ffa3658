//! Opening the file, whatever state it is in: new, of today, of an older schema, or broken.
use crate::schema::{self, TABLES, VERSION};
use crate::tidy::{LEFT, MOST};
use crate::{Doing, StateError};
use rusqlite::types::Value;
use rusqlite::{Connection, ErrorCode, OpenFlags, params_from_iter};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long another program's lock is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// Larger files are not checked page by page at start, which would take seconds.
const CHECKED_SIZE: u64 = 256 * 1024 * 1024;

const UPGRADING: &str = "upgrading";

/// Opens the file and makes it usable. What was out of the ordinary is added to the notes.
pub(crate) fn open(path: &Path, notes: &mut Vec<String>) -> Result<Connection, StateError> {
    match attempt(path, notes) {
        Err(StateError::Sqlite { action, source }) if is_broken(action, &source) => {
            let aside = set_aside(path)?;
            let connection = attempt(path, notes)?;
            let saved = salvage(&aside, &connection);
            notes.push(format!(
                "database {} was broken ({source}): it is set aside as {}, a new one is begun with {saved} row(s) \
                 that could still be read",
                path.display(),
                aside.display()
            ));
            Ok(connection)
        }
        other => other,
    }
}

fn attempt(path: &Path, notes: &mut Vec<String>) -> Result<Connection, StateError> {
    let mut connection = Connection::open(path).doing("opening")?;
    connection.busy_timeout(PATIENCE).doing("opening")?;
    check(&connection, path).doing("checking the file")?;
    match schema::version(&connection).doing("reading the schema version")? {
        None => {}
        Some(version) if version > VERSION => {
            return Err(StateError::Unusable(format!(
                "database {} is of schema version {version}, newer than {VERSION}: use another file (dbfile)",
                path.display()
            )));
        }
        Some(version) if version < VERSION => {
            let copy = free_name(path)?;
            std::fs::copy(path, &copy).map_err(|error| {
                StateError::Unusable(format!(
                    "cannot copy database {} to {} before its upgrade: {error}",
                    path.display(),
                    copy.display()
                ))
            })?;
            schema::upgrade(&mut connection, version).doing(UPGRADING)?;
            notes.push(format!(
                "database {} is upgraded from schema version {version} to {VERSION}, the old file is kept as {}",
                path.display(),
                copy.display()
            ));
        }
        Some(_) => {}
    }
    prepare(&mut connection)?;
    let mode: String = connection
        .query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
        .doing("switching to write-ahead")?;
    if !mode.eq_ignore_ascii_case("wal") {
        notes.push(format!(
            "database {}: its file system cannot keep a write-ahead log (journal mode is {mode}); writing is slower",
            path.display()
        ));
    }
    connection
        .pragma_update(None, "wal_autocheckpoint", MOST)
        .and_then(|()| connection.pragma_update(None, "journal_size_limit", LEFT))
        .doing("switching to write-ahead")?;
    Ok(connection)
}

/// Settings of the connection and all tables.
pub(crate) fn prepare(connection: &mut Connection) -> Result<(), StateError> {
    connection
        .execute_batch("PRAGMA foreign_keys = ON; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY")
        .doing("opening")?;
    schema::create(connection).doing("creating tables")?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(())
}

/// Finds damage now rather than in the middle of a ban.
fn check(connection: &Connection, path: &Path) -> rusqlite::Result<()> {
    if std::fs::metadata(path).is_ok_and(|meta| meta.len() > CHECKED_SIZE) {
        return connection.query_row("PRAGMA schema_version", [], |_| Ok(()));
    }
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict == "ok" {
        return Ok(());
    }
    Err(rusqlite::Error::SqliteFailure(
        rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT),
        Some(verdict),
    ))
}

/// Damage, or tables that are not what their version says; a full disk or a lock is neither.
fn is_broken(action: &str, error: &rusqlite::Error) -> bool {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => true,
        Some(ErrorCode::Unknown | ErrorCode::ConstraintViolation) => action == UPGRADING,
        _ => false,
    }
}

/// Renames the file, and the logs that belong to it, out of the way.
fn set_aside(path: &Path) -> Result<PathBuf, StateError> {
    let aside = free_name(path)?;
    std::fs::rename(path, &aside).map_err(|error| {
        StateError::Unusable(format!(
            "database {} is broken and cannot be set aside as {}: {error}",
            path.display(),
            aside.display()
        ))
    })?;
    for suffix in ["-wal", "-shm", "-journal"] {
        let beside = with_suffix(path, suffix);
        if beside.exists() {
            std::fs::rename(&beside, with_suffix(&aside, suffix)).map_err(|error| {
                StateError::Unusable(format!(
                    "{} belongs to a broken database and cannot be set aside: {error}",
                    beside.display()
                ))
            })?;
        }
    }
    Ok(aside)
}

/// A name beside the file that is not taken, with the present time (UTC) at its end.
fn free_name(path: &Path) -> Result<PathBuf, StateError> {
    let time: String = Connection::open_in_memory()
        .and_then(|memory| memory.query_row("SELECT strftime('%Y%m%d-%H%M%S', 'now')", [], |row| row.get(0)))
        .doing("asking for the time")?;
    let first = with_suffix(path, &format!(".{time}"));
    let mut name = first.clone();
    let mut number = 1;
    while name.exists() {
        name = with_suffix(&first, &format!("-{number}"));
        number += 1;
    }
    Ok(name)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Copies what can be read of a broken file; says how many rows.
fn salvage(broken: &Path, into: &Connection) -> usize {
    let Ok(from) = Connection::open_with_flags(broken, OpenFlags::SQLITE_OPEN_READ_WRITE) else {
        return 0;
    };
    let mut saved = 0;
    for (table, columns) in TABLES {
        // From both ends, as reading stops at the damage.
        for order in ["ASC", "DESC"] {
            saved += copy_rows(&from, into, table, columns, order).unwrap_or(0);
        }
    }
    saved + schema::take_over_rows(&from, into).unwrap_or(0)
}

fn copy_rows(
    from: &Connection,
    into: &Connection,
    table: &str,
    columns: &[&str],
    order: &str,
) -> rusqlite::Result<usize> {
    // Ours have a key of their own, which comes first.
    let has_rowid = !table.starts_with("bantam_");
    let key = if has_rowid { "rowid" } else { columns[0] };
    let names = columns.join(", ");
    let mut select = from.prepare(&format!("SELECT {names} FROM {table} ORDER BY {key} {order}"))?;
    let holders = vec!["?"; columns.len()].join(", ");
    // `bans` has no key: what was copied from one end is not copied from the other.
    let same = columns.join(" IS ? AND ") + " IS ?";
    let mut insert = into.prepare(&format!(
        "INSERT OR IGNORE INTO {table}({names}) SELECT {holders} WHERE NOT EXISTS (SELECT 1 FROM {table} WHERE {same})"
    ))?;
    let mut rows = select.query([])?;
    let mut copied = 0;
    while let Ok(Some(row)) = rows.next() {
        let values: Vec<Value> = (0..columns.len())
            .map(|column| row.get(column))
            .collect::<Result<_, _>>()?;
        let twice = params_from_iter(values.iter().chain(values.iter()));
        copied += insert.execute(twice).unwrap_or(0);
    }
    Ok(copied)
}
