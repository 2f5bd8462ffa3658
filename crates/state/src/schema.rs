//! Tables: the original's, of its schema version 4, and ours beside them.
use crate::bans::text;
use crate::progress::save_batch;
use crate::{Batch, CounterRow, Who};
use rusqlite::{Connection, OptionalExtension, Transaction};

/// The original's newest schema.
pub const VERSION: i64 = 4;

const JAILS: &str = "
CREATE TABLE IF NOT EXISTS fail2banDb(version INTEGER);
CREATE TABLE IF NOT EXISTS jails(
  name TEXT NOT NULL UNIQUE,
  enabled INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX IF NOT EXISTS jails_name ON jails(name);
";

const LOGS: &str = "
CREATE TABLE IF NOT EXISTS logs(
  jail TEXT NOT NULL,
  path TEXT,
  firstlinemd5 TEXT,
  lastfilepos INTEGER DEFAULT 0,
  FOREIGN KEY(jail) REFERENCES jails(name) ON DELETE CASCADE,
  UNIQUE(jail, path),
  UNIQUE(jail, path, firstlinemd5)
);
CREATE INDEX IF NOT EXISTS logs_path ON logs(path);
CREATE INDEX IF NOT EXISTS logs_jail_path ON logs(jail, path);
";

const BANS: &str = "
CREATE TABLE IF NOT EXISTS bans(
  jail TEXT NOT NULL,
  ip TEXT,
  timeofban INTEGER NOT NULL,
  bantime INTEGER NOT NULL,
  bancount INTEGER NOT NULL default 1,
  data JSON,
  FOREIGN KEY(jail) REFERENCES jails(name)
);
CREATE INDEX IF NOT EXISTS bans_jail_timeofban_ip ON bans(jail, timeofban);
CREATE INDEX IF NOT EXISTS bans_jail_ip ON bans(jail, ip);
CREATE INDEX IF NOT EXISTS bans_ip ON bans(ip);
";

const BIPS: &str = "
CREATE TABLE IF NOT EXISTS bips(
  ip TEXT NOT NULL,
  jail TEXT NOT NULL,
  timeofban INTEGER NOT NULL,
  bantime INTEGER NOT NULL,
  bancount INTEGER NOT NULL default 1,
  data JSON,
  PRIMARY KEY(ip, jail),
  FOREIGN KEY(jail) REFERENCES jails(name)
);
CREATE INDEX IF NOT EXISTS bips_timeofban ON bips(timeofban);
CREATE INDEX IF NOT EXISTS bips_ip ON bips(ip);
";

/// No foreign keys: the original deletes jails without knowing these tables.
const OURS: &str = "
CREATE TABLE IF NOT EXISTS bantam_batches(
  number INTEGER PRIMARY KEY,
  jail TEXT NOT NULL,
  records INTEGER NOT NULL,
  newest_ns INTEGER NOT NULL,
  counters BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS bantam_totals(
  jail TEXT NOT NULL PRIMARY KEY,
  failed INTEGER NOT NULL,
  banned INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS bantam_effects(
  jail TEXT NOT NULL,
  action TEXT NOT NULL,
  id TEXT NOT NULL,
  PRIMARY KEY(jail, action, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS bantam_journal(
  jail TEXT NOT NULL PRIMARY KEY,
  time REAL NOT NULL,
  cursor TEXT NOT NULL
) WITHOUT ROWID;
";

/// All tables with their columns, parents before children; what is saved of a broken file.
pub(crate) const TABLES: [(&str, &[&str]); 8] = [
    ("jails", &["name", "enabled"]),
    ("logs", &["jail", "path", "firstlinemd5", "lastfilepos"]),
    ("bips", &["ip", "jail", "timeofban", "bantime", "bancount", "data"]),
    ("bans", &["jail", "ip", "timeofban", "bantime", "bancount", "data"]),
    (
        "bantam_batches",
        &["number", "jail", "records", "newest_ns", "counters"],
    ),
    ("bantam_totals", &["jail", "failed", "banned"]),
    ("bantam_effects", &["jail", "action", "id"]),
    ("bantam_journal", &["jail", "time", "cursor"]),
];

/// The schema version that the file says it has; none in a file without the original's tables.
pub(crate) fn version(connection: &Connection) -> rusqlite::Result<Option<i64>> {
    if !has_table(connection, "fail2banDb")? {
        return Ok(None);
    }
    connection
        .query_row("SELECT version FROM fail2banDb LIMIT 1", [], |row| row.get(0))
        .optional()
}

/// Creates what is missing.
pub(crate) fn create(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    for script in [JAILS, LOGS, BANS, BIPS, OURS] {
        transaction.execute_batch(script)?;
    }
    if has_table(&transaction, ROWS)? {
        take_over_rows(&transaction, &transaction)?;
        transaction.execute_batch(&format!("DROP TABLE {ROWS}"))?;
    }
    transaction.execute(
        "INSERT INTO fail2banDb(version) SELECT ?1 WHERE NOT EXISTS (SELECT 1 FROM fail2banDb)",
        [VERSION],
    )?;
    transaction.commit()
}

/// Brings a file of version 1 to 3 to version 4, all or nothing. Ban times were not stored before version 3: they
/// become -2, which a restore takes for the jail's `bantime`.
pub(crate) fn upgrade(connection: &mut Connection, from: i64) -> rusqlite::Result<()> {
    // Tables are replaced under the feet of those that refer to them.
    connection.execute_batch("PRAGMA foreign_keys = OFF")?;
    let transaction = connection.transaction()?;
    if from < 2 {
        replace(&transaction, "logs", LOGS, "jail, path, firstlinemd5, lastfilepos")?;
    }
    if from < 3 {
        replace(&transaction, "bans", BANS, "jail, ip, timeofban, -2, 1, data")?;
    }
    transaction.execute_batch(BIPS)?;
    if has_table(&transaction, "bans")? {
        transaction.execute_batch(
            "INSERT OR REPLACE INTO bips(ip, jail, timeofban, bantime, bancount, data)
             SELECT ip, jail, timeofban, bantime, bancount, data FROM bans
             WHERE ip IS NOT NULL ORDER BY timeofban",
        )?;
    }
    transaction.execute("UPDATE fail2banDb SET version = ?1", [VERSION])?;
    transaction.commit()?;
    connection.execute_batch("PRAGMA foreign_keys = ON")
}

fn replace(transaction: &Transaction<'_>, table: &str, script: &str, columns: &str) -> rusqlite::Result<()> {
    if !has_table(transaction, table)? {
        return Ok(());
    }
    transaction.execute_batch(&format!(
        "CREATE TEMPORARY TABLE bantam_old AS SELECT * FROM {table};
         DROP TABLE {table};
         {script}
         INSERT INTO {table} SELECT {columns} FROM bantam_old;
         DROP TABLE bantam_old;"
    ))
}

/// Where counters stood before there were batches, a row for each.
const ROWS: &str = "bantam_counters";

/// Takes over counters that an earlier version wrote; how many.
pub(crate) fn take_over_rows(from: &Connection, into: &Connection) -> rusqlite::Result<usize> {
    let mut select = from.prepare(&format!(
        "SELECT jail, id, attempts, first_ns, last_ns FROM {ROWS} ORDER BY jail"
    ))?;
    let mut rows = select.query([])?;
    let mut jails: Vec<(String, Batch)> = Vec::new();
    let mut count = 0;
    while let Ok(Some(row)) = rows.next() {
        let (jail, id) = (text(row, 0)?, text(row, 1)?);
        if jails.last().is_none_or(|(last, _)| *last != jail) {
            jails.push((jail, Batch::default()));
        }
        if let Some((_, batch)) = jails.last_mut() {
            batch.counts(&CounterRow {
                who: Who::Text(&id),
                attempts: row.get::<_, i64>(2)?.clamp(0, u32::MAX.into()) as u32,
                first: row.get(3)?,
                last: row.get(4)?,
            });
            count += 1;
        }
    }
    for (jail, batch) in jails {
        save_batch(into, &jail, &batch)?;
    }
    Ok(count)
}

pub(crate) fn has_table(connection: &Connection, table: &str) -> rusqlite::Result<bool> {
    connection.query_row(
        "SELECT EXISTS(SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?1)",
        [table],
        |row| row.get(0),
    )
}
