//! From files to lines: following logs through growth, rotation, truncation and disappearance.
//!
//! Stands at the first step of the journey: hands blocks of complete lines to `daemon`. Knows nothing of what a
//! line means.

use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where in a file reading stands; what is kept in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// MD5 of the file's first line in hexadecimal, as the original stores it; empty when there is no line yet.
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
    /// One or more whole lines, each with its newline.
    pub bytes: &'a [u8],
    /// Counts the files that have stood under this name, from 0: changes when the file is another one, or was
    /// truncated.
    pub generation: u64,
    /// Where `bytes` begins in that file.
    pub offset: u64,
    /// Where reading stands after this block.
    pub position: Position,
    /// Nothing further was there to be read when this block was cut.
    pub at_end: bool,
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
    /// A first read reached the end: from here on lines are new.
    InOperation {
        /// Its name.
        path: PathBuf,
    },
}

/// Follows any number of files.
#[derive(Debug)]
pub struct Reader {}

/// Wakes a [`Reader`] that waits, from another thread.
#[derive(Debug, Clone)]
pub struct Waker {}

impl Waker {
    /// Makes a waiting (or the next) [`Reader::wait`] return.
    pub fn wake(&self) {
        todo!()
    }
}

impl Reader {
    /// A reader of nothing yet.
    pub fn new(_backend: Backend) -> std::io::Result<Self> {
        todo!()
    }

    /// Follows one path (need not exist yet).
    pub fn add(&mut self, _path: &Path, _start: Start) {
        todo!()
    }

    /// Follows every file that matches a glob, those that appear later included (these from their head).
    /// `start` is asked for each file already there.
    pub fn add_glob(
        &mut self,
        _pattern: &str,
        _start: &mut dyn FnMut(&Path) -> Start,
    ) -> Result<(), String> {
        todo!()
    }

    /// Stops following a path or a glob.
    pub fn remove(&mut self, _path_or_glob: &str) -> bool {
        todo!()
    }

    /// The files followed at present.
    pub fn paths(&self) -> Vec<PathBuf> {
        todo!()
    }

    /// Where reading of a followed file stands.
    pub fn position(&self, _path: &Path) -> Option<Position> {
        todo!()
    }

    /// A handle that wakes [`Reader::wait`].
    pub fn waker(&self) -> Waker {
        todo!()
    }

    /// Sleeps until a file may have changed, somebody wakes it, or the time is over.
    pub fn wait(&mut self, _timeout: Duration) -> std::io::Result<()> {
        todo!()
    }

    /// Reads what is there, in fair turns, and hands over blocks of whole lines. Returns whether more is
    /// waiting (then call again without waiting).
    pub fn read(
        &mut self,
        _lines: &mut dyn FnMut(Block<'_>),
        _events: &mut dyn FnMut(Event),
    ) -> bool {
        todo!()
    }
}
