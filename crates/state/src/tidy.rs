//! What was written is brought from the write-ahead log into the file: beside the commits, not in one of them, as it
//! waits for the disk.
use crate::{Doing, StateError, Store};
use rusqlite::{Connection, OpenFlags};
use std::path::Path;

/// The log is to be brought into the file when it has so many pages.
const GROWN: i64 = 1000;

/// The same while there is more urgent work.
const GROWN_MEANWHILE: i64 = 8000;

/// Nobody came to do so, or it takes longer than writing does: from so many pages on, commits do it themselves. Longer
/// than that the log becomes only by what is written while it is being brought in.
pub(crate) const MOST: i64 = 12_000;

/// A log that is begun anew is cut to so many bytes.
pub(crate) const LEFT: i64 = 8 << 20;

/// So often it is tried to come to the log's end while others write on: only then it begins anew.
const ROUNDS: usize = 4;

impl Store {
    /// Whether so much stands in the log that it is time to [`tidy`]. `is_busy`: it is to be put off for a while.
    pub fn is_grown(&mut self, is_busy: bool) -> Result<bool, StateError> {
        // Looking takes longer than all else that the daemon looks after between two lines, and only writing lets it grow.
        let changes = Some(self.connection.total_changes());
        if self.short_at == changes {
            return Ok(false);
        }
        let log = Log::of(&self.connection, Do::Look)?;
        let is_grown = |least| log.pages >= least && log.may_be_tidied();
        self.short_at = changes.filter(|_| !is_grown(GROWN));
        Ok(is_grown(if is_busy { GROWN_MEANWHILE } else { GROWN }))
    }
}

/// Brings the log of a file that is open elsewhere in this process into the file, without holding up those who read and
/// write. Where somebody else is at it, or reads what stands there, it is done in part or left for the next time.
pub fn tidy(path: &Path) -> Result<(), StateError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).doing("opening")?;
    connection
        .pragma_update(None, "synchronous", "NORMAL")
        .doing("opening")?;
    let mut log = Log::of(&connection, Do::Look)?;
    for _ in 0..ROUNDS {
        if !log.may_be_tidied() {
            break;
        }
        log = Log::of(&connection, Do::Copy)?;
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum Do {
    Look,
    Copy,
}

/// How many pages stand in the log, and how many of them are in the file already.
struct Log {
    pages: i64,
    copied: i64,
}

impl Log {
    fn of(connection: &Connection, what: Do) -> Result<Self, StateError> {
        let words = match what {
            Do::Look => "PRAGMA wal_checkpoint = NOOP",
            Do::Copy => "PRAGMA wal_checkpoint = PASSIVE",
        };
        connection
            .prepare_cached(words)
            .and_then(|mut statement| {
                statement.query_row([], |row| {
                    Ok(Log {
                        pages: row.get(1)?,
                        copied: row.get(2)?,
                    })
                })
            })
            .doing("tidying up")
    }

    /// Commits cannot do it while another one does, and only they come to its end however much is written.
    fn may_be_tidied(&self) -> bool {
        self.copied < self.pages && self.pages < MOST
    }
}
