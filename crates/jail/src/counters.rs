//! A jail's counters: its seat at a tally, where other jails may sit that count the same.
use crate::keep::Keep;
use crate::tally::Tally;
use crate::{Count, Id, Time};
use parking_lot::{Mutex, MutexGuard};
use std::sync::Arc;

#[derive(Debug)]
pub(crate) struct Counters {
    tally: Arc<Mutex<Tally>>,
    seat: usize,
    /// Others sit here too, or did: what is common was counted for them as well.
    is_shared: bool,
}

impl Default for Counters {
    fn default() -> Self {
        Self::alone_at(Tally::new(Keep::default()))
    }
}

impl Counters {
    fn alone_at(tally: Tally) -> Self {
        Counters {
            tally: Arc::new(Mutex::new(tally)),
            seat: 0,
            is_shared: false,
        }
    }

    pub(crate) fn seat(&self) -> usize {
        self.seat
    }

    /// The tally, which may be others' too.
    pub(crate) fn tally(&self) -> &Arc<Mutex<Tally>> {
        &self.tally
    }

    fn lock(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock()
    }

    /// Goes on alone, with the same counters.
    pub(crate) fn go_alone(&mut self) {
        if self.is_shared {
            let copy = self.lock().copy_of(self.seat);
            // Drops the seat that was.
            *self = Self::alone_at(copy);
        }
    }

    /// Whether it could sit at a tally with others.
    pub(crate) fn is_new(&self) -> bool {
        let tally = self.lock();
        tally.seats() == 1 && tally.is_new()
    }

    /// Gives all a seat at one tally. They must be new, and no two the same.
    pub(crate) fn unite(all: &mut [&mut Counters]) {
        let Some(keep) = all.first().map(|first| first.lock().keep()) else {
            return;
        };
        let united = {
            let mut guards: Vec<_> = all.iter().map(|counters| counters.lock()).collect();
            let mut tallies: Vec<&mut Tally> = guards.iter_mut().map(|guard| &mut **guard).collect();
            Arc::new(Mutex::new(Tally::united(&mut tallies, keep)))
        };
        for (seat, counters) in all.iter_mut().enumerate() {
            **counters = Counters {
                tally: Arc::clone(&united),
                seat,
                is_shared: true,
            };
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().len(self.seat)
    }

    /// Has lines kept there, unless there are some already.
    pub(crate) fn set_keep(&mut self, keep: Keep) {
        self.lock().set_keep(keep);
    }

    pub(crate) fn look_ahead<'a>(&self, ids: impl Iterator<Item = &'a Id> + Clone) {
        self.lock().look_ahead(ids);
    }

    /// Forgets counters whose last failure is at or before `limit`, as soon as all who sit here do.
    pub(crate) fn forget(&self, limit: Time) {
        self.lock().forget(self.seat, limit);
    }

    pub(crate) fn restore(&mut self, id: Id, count: Option<Count>) {
        self.go_alone();
        self.lock().restore(self.seat, id, count);
    }

    pub(crate) fn take_changes(&self, tell: &mut dyn FnMut(&Id, Option<Count>)) {
        self.lock().take_changes(self.seat, tell);
    }

    pub(crate) fn take_all(&self, tell: &mut dyn FnMut(&Id, Option<Count>)) {
        self.lock().take_all(self.seat, tell);
    }
}

impl Drop for Counters {
    fn drop(&mut self) {
        self.lock().leave(self.seat);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Evidence, Failure};

    #[test]
    fn changes_that_nobody_collects_do_not_pile_up() {
        let counters = Counters::default();
        for second in 0..100_000u32 {
            let failure = Failure {
                id: Id::single(std::net::Ipv4Addr::from_bits(second).into()),
                time: Time::from_secs(second.into()),
                zoned: false,
                attempts: 1,
                evidence: Evidence::of_lines(Vec::new()),
            };
            counters.lock().add(&failure, 1, 10.0);
            counters.forget(failure.time.plus_secs(-10.0));
            assert!(counters.lock().listed() < 2000);
        }
        let mut changed = 0;
        counters.take_changes(&mut |_, _| changed += 1);
        assert_eq!(changed, 10);
    }
}
