//! The jail: counts failures by id and decides when one is banned and when a ban ends.
use crate::{Failure, Id, Increment, PastBans, Ticket, Time};

/// A jail's options.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Ban when this many failures are counted.
    pub maxretry: u32,
    /// Seconds of the counting window.
    pub findtime: f64,
    /// Seconds of a ban; negative: for ever.
    pub bantime: f64,
    /// Lines kept per id.
    pub maxmatches: usize,
    /// `bantime.*`
    pub increment: Increment,
}

/// What came of a failure.
#[derive(Debug, Clone, PartialEq)]
pub enum Ruling {
    /// Counted; so many failures now.
    Counted {
        /// Failures in the window.
        attempts: u32,
        /// By how many this failure raised the count; above its own attempts for a known offender.
        weight: u32,
    },
    /// Banned: carry it out. The ban stands in the jail's list already.
    Ban(Ticket),
    /// It reached the limit, but stands banned already: so long after the ban began (seconds).
    AlreadyBanned {
        /// Seconds between the begin of the ban and this failure.
        after: f64,
    },
    /// It reached the limit, but the ban would have ended before now.
    Expired,
}

/// A failure counter as it is kept across restarts.
#[derive(Debug, Clone, PartialEq)]
pub struct Counter {
    /// Who.
    pub id: Id,
    /// Failures counted.
    pub attempts: u32,
    /// Begin of the counting window.
    pub first: Time,
    /// The last failure.
    pub last: Time,
}

/// One jail's memory.
#[derive(Debug)]
pub struct Jail {}

impl Jail {
    /// An empty jail.
    pub fn new(_options: Options) -> Self {
        todo!()
    }
    /// Its options.
    pub fn options(&self) -> &Options {
        todo!()
    }
    /// Its options, to change at run time.
    pub fn options_mut(&mut self) -> &mut Options {
        todo!()
    }
    /// Somebody failed (and is not ignored). `past` is what is remembered of the id's bans, `luck` gives numbers in [0, 1).
    pub fn failed(
        &mut self,
        _failure: Failure,
        _past: Option<PastBans>,
        _now: Time,
        _luck: &mut dyn FnMut() -> f64,
    ) -> Ruling {
        todo!()
    }
    /// Bans an id by hand, from now. None when it stands banned already.
    pub fn ban(
        &mut self,
        _id: Id,
        _past: Option<PastBans>,
        _now: Time,
        _luck: &mut dyn FnMut() -> f64,
    ) -> Option<Ticket> {
        todo!()
    }
    /// Takes over a ban that was in force before a restart. None when it stands already or is over.
    pub fn restore(&mut self, _ticket: Ticket, _now: Time) -> Option<Ticket> {
        todo!()
    }
    /// Lifts a ban by hand. A network or raw text that names several lifts all it covers.
    pub fn unban(&mut self, _id: &Id) -> Vec<Ticket> {
        todo!()
    }
    /// Lifts all.
    pub fn unban_all(&mut self) -> Vec<Ticket> {
        todo!()
    }
    /// Lifts what is over by now, earliest end first.
    pub fn expire(&mut self, _now: Time) -> Vec<Ticket> {
        todo!()
    }
    /// When the next ban ends.
    pub fn next_end(&self) -> Option<Time> {
        todo!()
    }
    /// Forgets counters whose last failure left the window; cheap when there are none.
    pub fn forget_old(&mut self, _now: Time) {
        todo!()
    }
    /// The standing ban of an id.
    pub fn banned(&self, _id: &Id) -> Option<&Ticket> {
        todo!()
    }
    /// Standing bans in the order in which they were set.
    pub fn bans(&self) -> Vec<&Ticket> {
        todo!()
    }
    /// Ids with failures in the window.
    pub fn currently_failed(&self) -> usize {
        todo!()
    }
    /// Failures counted since the start (or since the totals that were taken over).
    pub fn total_failed(&self) -> u64 {
        todo!()
    }
    /// Standing bans.
    pub fn currently_banned(&self) -> usize {
        todo!()
    }
    /// Bans set since the start (or since the totals that were taken over).
    pub fn total_banned(&self) -> u64 {
        todo!()
    }
    /// Takes over totals.
    pub fn set_totals(&mut self, _failed: u64, _banned: u64) {
        todo!()
    }
    /// The counters that changed since the last call; those that are gone come in the second list.
    pub fn changed_counters(&mut self) -> (Vec<Counter>, Vec<Id>) {
        todo!()
    }
    /// Takes over a counter from before a restart.
    pub fn restore_counter(&mut self, _counter: Counter) {
        todo!()
    }
}
