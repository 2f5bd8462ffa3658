//! One jail's place in the journal, kept through the ends of the program that reads, rotation, and changes of what is
//! asked for.
//!
//! Each time, what is there already is read first, to its end, the rotated files included; then what comes is followed
//! from the last entry seen. So nothing is missed between two lists of files, and where the past ends is known.

use super::child::{Child, Heard};
use super::export::Parsed;
use super::selection::{FileId, Scope};
use super::{Entry, JournalError, Match, Place, Selection};
use rustix::fd::BorrowedFd;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How often it is looked whether files were rotated.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The first and the longest pause after an end that was not meant to be.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// One that ran this long was well.
const WELL_AFTER: Duration = Duration::from_secs(60);
/// Chunks taken in one turn.
const TURN: usize = 8;
/// How soon the end of a child that has fallen silent is asked for again.
const SOON: Duration = Duration::from_millis(2);

/// What there is to tell.
#[derive(Debug)]
pub enum News {
    /// An entry.
    Entry {
        /// It.
        entry: Entry,
        /// It came while the journal was followed: it is of now.
        live: bool,
    },
    /// All that was there has been read; what follows is new.
    InOperation,
    /// An entry that is larger than 8 MiB was left out.
    TooLarge,
    /// Reading ended with an error and is tried again after a pause.
    Failed {
        /// What was wrong.
        error: JournalError,
        /// How long it is.
        pause: Duration,
    },
}

/// Reads the journal for one jail, in the thread of its caller and without keeping it waiting.
#[derive(Debug)]
pub struct Journal {
    selection: Selection,
    matches: Match,
    place: Place,
    phase: Scope,
    child: Option<Child>,
    /// Failures since it was last well.
    failures: u32,
    started: Instant,
    next_start: Instant,
    pause: Duration,
    /// What is followed, to be compared.
    files: BTreeMap<PathBuf, FileId>,
    next_look: Instant,
}

impl Journal {
    /// Reading begins with the first call of [`Journal::read`].
    pub fn new(selection: Selection, matches: Match, place: Place) -> Self {
        let now = Instant::now();
        Journal {
            selection,
            matches,
            place,
            phase: Scope::Past,
            child: None,
            failures: 0,
            started: now,
            next_start: now,
            pause: PAUSES.0,
            files: BTreeMap::new(),
            next_look: now,
        }
    }

    /// Where it stands.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Goes on with other matches, from where it stands.
    pub fn set_matches(&mut self, matches: Match) {
        if self.matches != matches {
            self.matches = matches;
            self.restart();
        }
    }

    /// What becomes readable when there is something to read.
    pub fn bell(&self) -> Option<BorrowedFd<'_>> {
        self.child.as_ref().filter(|child| !child.is_silent()).map(Child::bell)
    }

    /// When to call [`Journal::read`] again even if the bell is silent.
    pub fn next_turn(&self) -> Instant {
        match &self.child {
            None => self.next_start,
            Some(child) if child.is_silent() => Instant::now() + SOON,
            Some(_) => self.next_look,
        }
    }

    /// A turn: hands over what is there, some hundred kilobytes at most. Returns whether more may be.
    pub fn read(&mut self, tell: &mut dyn FnMut(News)) -> bool {
        let now = Instant::now();
        if self.child.is_none() && (now < self.next_start || !self.start(now, tell)) {
            return false;
        }
        if now >= self.next_look {
            self.next_look = now + LOOK_EVERY;
            if self.phase == Scope::Live && self.selection.live_files() != self.files {
                self.restart();
                return true;
            }
        }
        let mut parsed = Vec::new();
        for _ in 0..TURN {
            let heard = match &mut self.child {
                Some(child) => child.hear(&mut parsed),
                None => return false,
            };
            self.hand_over(&mut parsed, tell);
            match heard {
                Ok(Heard::More) => {}
                Ok(Heard::Nothing) => return false,
                Ok(Heard::End) => return self.end_phase(now, tell),
                Err(error) => {
                    self.fail(error, now, tell);
                    return false;
                }
            }
        }
        true
    }

    fn start(&mut self, now: Instant, tell: &mut dyn FnMut(News)) -> bool {
        // A rotated file that cannot be read must not keep what is written now from being read.
        let scope = if self.failures >= 3 { Scope::Live } else { self.phase };
        // Looked at before, so that a rotation meanwhile is one that is found later.
        self.files = self.selection.live_files();
        self.next_look = now + LOOK_EVERY;
        let child = Child::start(
            self.selection.arguments(scope),
            &self.matches.arguments(),
            Some(&self.place),
            self.phase == Scope::Live,
        );
        match child {
            Ok(child) => {
                self.child = Some(child);
                self.started = now;
                true
            }
            Err(error) => {
                self.fail(error, now, tell);
                false
            }
        }
    }

    fn restart(&mut self) {
        if self.phase == Scope::Live && self.child.is_some() && self.started.elapsed() >= WELL_AFTER {
            self.pause = PAUSES.0;
            self.failures = 0;
        }
        self.child = None;
        self.phase = Scope::Past;
        self.next_start = Instant::now();
    }

    fn hand_over(&mut self, parsed: &mut Vec<Parsed>, tell: &mut dyn FnMut(News)) {
        for one in parsed.drain(..) {
            let cursor = match &one {
                Parsed::Entry(entry) => &entry.cursor,
                Parsed::TooLarge(cursor) => cursor,
            };
            // Reading begins with the entry it left off at, so that nothing is passed over where that one is gone.
            if matches!(&self.place, Place::After(last) if last == cursor) {
                continue;
            }
            self.place = Place::After(cursor.clone());
            match one {
                Parsed::Entry(entry) => tell(News::Entry {
                    entry,
                    live: self.phase == Scope::Live,
                }),
                Parsed::TooLarge(_) => tell(News::TooLarge),
            }
        }
    }

    /// The child has ended as it should: what was there is read.
    fn end_phase(&mut self, now: Instant, tell: &mut dyn FnMut(News)) -> bool {
        if self.phase == Scope::Live {
            let words = "it does not follow the journal any more".to_owned();
            self.fail(JournalError::Failed(words), now, tell);
            return false;
        }
        self.child = None;
        self.phase = Scope::Live;
        self.next_start = now;
        tell(News::InOperation);
        true
    }

    fn fail(&mut self, error: JournalError, now: Instant, tell: &mut dyn FnMut(News)) {
        self.restart();
        let pause = self.pause;
        self.failures = self.failures.saturating_add(1);
        self.next_start = now + pause;
        self.pause = (pause * 2).min(PAUSES.1);
        tell(News::Failed { error, pause });
    }

    #[cfg(test)]
    pub(super) fn child_pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::pid)
    }

    #[cfg(test)]
    pub(super) fn is_live(&self) -> bool {
        self.phase == Scope::Live && self.child.is_some()
    }
}
