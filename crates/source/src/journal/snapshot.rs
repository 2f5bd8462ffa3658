//! The journal as it stands, from its first entry to its last.

use super::child::{Child, Heard};
use super::export::Parsed;
use super::selection::Scope;
use super::{Entry, JournalError, Match, Selection};
use std::collections::VecDeque;

/// Reads to the end, waiting as it must.
#[derive(Debug)]
pub struct Snapshot {
    child: Option<Child>,
    ready: VecDeque<Entry>,
}

impl Snapshot {
    /// Begins at the first entry that matches.
    pub fn open(selection: &Selection, matches: &Match) -> Result<Self, JournalError> {
        let child = Child::start(selection.arguments(Scope::Live), &matches.arguments(), None, false)?;
        Ok(Snapshot {
            child: Some(child),
            ready: VecDeque::new(),
        })
    }

    fn fill(&mut self, child: &mut Child) -> Result<bool, JournalError> {
        let mut parsed = Vec::new();
        loop {
            let heard = child.hear(&mut parsed)?;
            let entries = parsed.drain(..).filter_map(|one| match one {
                Parsed::Entry(entry) => Some(entry),
                Parsed::TooLarge(_) => None,
            });
            self.ready.extend(entries);
            match heard {
                Heard::End => return Ok(true),
                _ if !self.ready.is_empty() => return Ok(false),
                Heard::More => {}
                Heard::Nothing => child.wait()?,
            }
        }
    }
}

impl Iterator for Snapshot {
    type Item = Result<Entry, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ready.is_empty()
            && let Some(mut child) = self.child.take()
        {
            match self.fill(&mut child) {
                Ok(ended) => self.child = Some(child).filter(|_| !ended),
                Err(error) => return Some(Err(error)),
            }
        }
        self.ready.pop_front().map(Ok)
    }
}
