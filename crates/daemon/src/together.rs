//! What the jails of one file have in common while a block goes through them: the block, and what is said of failures.
use crate::log::{Ends, Level, Log};
use crate::text;
use bantam_detect::{Failure, Screen, SharedBlock};
use std::sync::Arc;

/// A block on its way through the jails that read its file.
pub struct Together<'b> {
    pub(crate) shared: SharedBlock<'b>,
    /// Those of all their filters.
    pub(crate) keys: &'b [u128],
    pub(crate) said: Said,
}

/// What is to be said of failures. Jails with the same filter find the same ones, one after the other.
#[derive(Default)]
pub(crate) struct Said {
    of: Arc<Vec<Failure>>,
    ends: Ends,
}

impl<'b> Together<'b> {
    /// Looks at a block for all of them. `keys`: those of all their filters.
    pub fn new(block: &'b [u8], screen: &'b Screen, keys: &'b [u128]) -> Self {
        Together {
            shared: SharedBlock::new(block, screen),
            keys,
            said: Said::default(),
        }
    }
}

impl Said {
    /// That of these.
    pub(crate) fn of(&mut self, failures: &Arc<Vec<Failure>>, log: &Log) -> &Ends {
        if !Arc::ptr_eq(&self.of, failures) {
            self.ends = ends_of(failures, log);
            self.of = Arc::clone(failures);
        }
        &self.ends
    }
}

/// What is to be said of each failure after the jail that found it.
pub(crate) fn ends_of(failures: &[Failure], log: &Log) -> Ends {
    if !log.wants(Level::INFO) {
        return Ends::default();
    }
    Ends::of(failures, |failure, line| {
        text::write_id(&failure.id, line);
        line.push_str(" - ");
        text::write_local(failure.time, line);
    })
}
