//! From files to lines: following logs through growth, rotation, truncation and disappearance; and the systemd journal.
//!
//! Stands at the first step of the journey: hands blocks of complete lines to `daemon`. Knows nothing of what a
//! line means.
//!
//! `journal` reads the systemd journal in place of files.
//!
//! `reader` holds everything that is followed and decides when to look; `followed` is one name with the files that
//! bear or bore it; `stream` is one open file; `siblings` finds rotated files beside a name; `watch` is inotify;
//! `pattern` is globs; `wake` is the bell; `settings` are the times and sizes.
//!
//! What is promised: each line is delivered once, those included that a slow writer adds to a file after it was
//! renamed, that only a copy (copytruncate) still holds, or that stand in a numbered file rotated while nobody was
//! looking. What can't be had: lines of a file that was made and deleted, or cut and not copied, between two looks.

mod bytes;
mod followed;
pub mod journal;
mod pattern;
mod reader;
mod settings;
mod siblings;
mod stream;
mod wake;
mod watch;

#[cfg(test)]
mod tests;

pub use reader::Reader;
pub use wake::Waker;

/// Whether a file still is the one, and as long, that a position was taken in.
pub fn holds(path: &std::path::Path, position: &Position) -> bool {
    let Ok(file) = std::fs::File::open(path) else {
        return false;
    };
    let long_enough = file.metadata().is_ok_and(|meta| meta.len() >= position.offset);
    let hash = bytes::first_line_hash(&file.into()).ok().flatten();
    long_enough && hash.is_some_and(|hash| !hash.is_empty() && hash == position.first_line_md5)
}

use std::path::{Path, PathBuf};

/// Where in a file reading stands; what is kept in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// Hash of the file's first line (newline included) in hexadecimal, as the original stores it; empty when there
    /// is no line yet. The name is that of the database's column: the original means MD5, but as it tries it out on
    /// text instead of bytes it always falls back to SHA-1, and so this is SHA-1.
    pub first_line_md5: String,
    /// Bytes already consumed.
    pub offset: u64,
}

/// Where to begin in a file that is seen for the first time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// At its beginning, or at the remembered position if the file is still the one that was remembered.
    Head(Option<Position>),
    /// At its end.
    Tail,
}

/// How changes are noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Backend {
    /// inotify where it works, else polling.
    #[default]
    Auto,
    /// inotify, with slow polling as a safety net.
    Inotify,
    /// Polling only.
    Polling,
}

/// Complete lines of one file.
#[derive(Debug)]
pub struct Block<'a> {
    /// The file, under the name it is followed by.
    pub path: &'a Path,
    /// One or more whole lines, each with its newline. (Where a file ended for good within a line, the newline is
    /// added: then the next offset is one less than this one and the length say.)
    pub bytes: &'a [u8],
    /// Counts the files that have stood under this name, from 0: changes when the file is another one, or was
    /// truncated. A file that was replaced may still bring lines after its successor did, with its own, smaller
    /// number. With `offset` it names a line for as long as the reader lives.
    pub generation: u64,
    /// Where `bytes` begins in that file.
    pub offset: u64,
    /// Where reading stands after this block; what is to be remembered. For late lines of a replaced file it is the
    /// position in the file that stands under the name now.
    pub position: Position,
    /// With this block all was read that stood in the file when it was first opened, or its end was reached: what
    /// comes is new.
    pub caught_up: bool,
}

/// What happened besides lines; for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A file is followed from here on.
    Added {
        /// Its name.
        path: PathBuf,
        /// Where reading begins.
        position: Position,
    },
    /// The file under this name is another one, or was cut.
    Rotated {
        /// Its name.
        path: PathBuf,
        /// In words.
        reason: String,
    },
    /// The file cannot be read.
    Failed {
        /// Its name.
        path: PathBuf,
        /// The system's words.
        error: String,
    },
    /// A line is beyond the limit (64 MiB) and is left out.
    TooLong {
        /// The file's name.
        path: PathBuf,
        /// Where the line begins.
        offset: u64,
    },
    /// inotify can not be used (any further): files are looked at several times a second instead.
    Polling {
        /// In words.
        reason: String,
    },
    /// A first read reached the end: from here on lines are new.
    InOperation {
        /// Its name.
        path: PathBuf,
    },
}

impl Event {
    /// The file that it is about; nothing where it is about all of them.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Added { path, .. }
            | Self::Rotated { path, .. }
            | Self::Failed { path, .. }
            | Self::TooLong { path, .. }
            | Self::InOperation { path } => Some(path),
            Self::Polling { .. } => None,
        }
    }
}
