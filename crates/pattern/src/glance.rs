//! Whether an expression is one on which the engine mostly labours in vain, so that the automaton is better asked soon.
//!
//! PCRE2 gets few steps at first. Where these do not do and the automaton then mostly tells that there is no match, this
//! goes on; where it mostly cannot, the few steps are not worth being taken twice. What is counted changes the time that
//! a search takes and never its answer.
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// The automaton is not built for fewer lines.
const WORTH_BUILDING: u32 = 64;
/// So often more it may be of no help.
const PATIENCE: u32 = 16;

#[derive(Debug, Default)]
pub(crate) struct Glance {
    /// Searches for which few steps did not do.
    long: AtomicU32,
    /// Those of them that the automaton ended.
    denied: AtomicU32,
}

impl Glance {
    /// Whether few steps are to be tried first.
    pub fn pays(&self) -> bool {
        let long = self.long.load(Relaxed).saturating_sub(WORTH_BUILDING + PATIENCE);
        long <= self.denied.load(Relaxed).saturating_mul(2)
    }

    /// Few steps did not do: whether the automaton is to be asked.
    pub fn was_long(&self) -> bool {
        // Counters that stand at their end are as good as before.
        let _ = self.long.fetch_update(Relaxed, Relaxed, |long| long.checked_add(1));
        self.long.load(Relaxed) > WORTH_BUILDING
    }

    /// The automaton ended the search.
    pub fn was_denied(&self) {
        let _ = self
            .denied
            .fetch_update(Relaxed, Relaxed, |denied| denied.checked_add(1));
    }
}
