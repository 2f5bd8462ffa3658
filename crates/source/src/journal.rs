//! From the systemd journal to entries: which files are meant, a reading child, what it says, and what it is read from
//! next.
//!
//! Stands beside the files at the first step of the journey: `daemon` polls a [`Journal`] among its files, and `bantam
//! regex` reads a [`Snapshot`]. What an entry looks like as a line is told in `detect`.
//!
//! The journal is read by systemd's own `journalctl -o export`, as a child. Measured on 17,625 entries of twenty fields,
//! its start included: `journalctl` with only the wanted fields 0.20 s (11 µs an entry, on another core than the
//! judging), `libsystemd` called in-process 0.14 s, the Python binding that the original uses 0.20 s; `-o json` takes
//! 0.35 s. Half as much again as the library is no reason to link it: the child needs nothing where the program is built
//! or where no journal is read, no `unsafe`, and a damaged journal file or a jail with hundreds of them ends or burdens a
//! process that is started anew, not the daemon. The child gets no shell, its arguments one by one, an empty
//! environment and no input; it ends when nobody reads any more (`journalctl` watches for that), a sudden end of the
//! daemon included.
//!
//! `selection` knows which files or which arguments are meant, `child` runs the program, `export` reads its format,
//! `follower` keeps one jail's place through restarts and rotation, `snapshot` reads once to the end.

mod child;
mod export;
mod follower;
mod matches;
mod selection;
mod snapshot;

#[cfg(test)]
mod tests;

pub use child::program;
#[cfg(feature = "differential")]
pub use export::entries_of;
pub use follower::{Journal, News};
pub use matches::{Match, NoMatch};
pub use selection::{DEFAULT_FLAGS, Selection, SelectionError};
pub use snapshot::Snapshot;

use std::io;

/// One entry. Of its fields, those are kept that its line is made of ([`FIELDS`]).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// Where it stands.
    pub cursor: String,
    /// When the journal got it, in microseconds since the epoch.
    pub realtime: i64,
    /// The same since the machine's start, in microseconds.
    pub monotonic: u64,
    /// Names and values, in the entry's order; a name may come more than once. Values may be any bytes.
    pub fields: Vec<(&'static str, Vec<u8>)>,
}

/// The fields that are asked for.
pub const FIELDS: [&str; 8] = [
    "_HOSTNAME",
    "SYSLOG_IDENTIFIER",
    "_COMM",
    "SYSLOG_PID",
    "_PID",
    "MESSAGE",
    "_SOURCE_REALTIME_TIMESTAMP",
    "_SOURCE_MONOTONIC_TIMESTAMP",
];

/// Where reading begins or goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// After the entry with this cursor, or at the next one if that is gone.
    After(String),
    /// At the first entry that the journal got at this time (microseconds since the epoch) or later.
    Since(i64),
}

/// Why the journal cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// systemd is not there.
    #[error(
        "the systemd journal is read by the program `journalctl`, which is not installed here (it comes with systemd)"
    )]
    NoProgram,
    /// It could not be started or read.
    #[error("journalctl: {0}")]
    Io(#[from] io::Error),
    /// It ended with an error, in its own words.
    #[error("journalctl: {0}")]
    Failed(String),
    /// It wrote what is not its export format.
    #[error("journalctl wrote what is not its export format: {0}")]
    Malformed(&'static str),
}
