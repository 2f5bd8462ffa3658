//! The times and sizes a reader goes by, and what it lends to the names it follows.

use crate::watch::Watches;
use crate::{Block, Event};
use std::path::Path;
use std::time::Duration;

/// The times and sizes a reader goes by.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// A replaced file is let go when nothing was written to it for so long.
    pub(crate) linger: Duration,
    /// A deleted file without successor is let go after so long.
    pub(crate) gone: Duration,
    /// A name may be missing for so long without a word.
    pub(crate) missing: Duration,
    /// How often everything is looked at although inotify works.
    pub(crate) safety: Duration,
    /// How often everything is looked at where it does not.
    pub(crate) polling: Duration,
    /// How often patterns are looked at.
    pub(crate) rescan: Duration,
    /// Bytes read from one file before it is the next one's turn.
    pub(crate) turn: u64,
    /// Bytes in a line.
    pub(crate) line: u64,
    /// Replaced files kept open for a name.
    pub(crate) lingering: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            linger: Duration::from_secs(5),
            gone: Duration::from_secs(60),
            missing: Duration::from_secs(5),
            safety: Duration::from_secs(1),
            polling: Duration::from_millis(200),
            rescan: Duration::from_secs(1),
            turn: 1 << 20,
            line: 64 << 20,
            lingering: 8,
        }
    }
}

/// What a name needs of its reader while it looks around.
pub(crate) struct Around<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) watches: Option<&'a mut Watches>,
    pub(crate) events: &'a mut dyn FnMut(Event),
    /// Whether a path is followed under its own name.
    pub(crate) taken: &'a dyn Fn(&Path) -> bool,
}

/// What it needs besides while it reads.
pub(crate) struct Hands<'a> {
    pub(crate) buffer: &'a mut Vec<u8>,
    pub(crate) lines: &'a mut dyn FnMut(Block<'_>),
}
