//! What a tally tells its jails, so that it can be written down: which counters ended, which changed.
use super::{Tally, state_of};
use crate::changes::Told;
use crate::{Count, Id};

impl Tally {
    /// Tells a jail of those that are gone since the last call, and then of those that changed.
    pub(crate) fn take_changes(&mut self, seat: usize, tell: &mut dyn FnMut(&Id, Option<Count>)) {
        let Some(told) = self.seats.get(seat).map(|seat| seat.told) else {
            return;
        };
        let (slots, apart, changes) = (&mut self.slots, &mut self.apart, &mut self.changes);
        for id in changes.gone_since(told, seat) {
            let hash = slots.hash(id);
            let stands = slots
                .find(hash, id)
                .is_some_and(|(place, entry)| state_of(place, entry, apart, seat).is_some());
            if !stands {
                tell(id, None);
            }
        }
        let changed: Vec<u32> = changes.changed_since(told).collect();
        for place in changed {
            let Some((id, entry)) = slots.at(place) else { continue };
            changes.set_told(place);
            if let Some(state) = state_of(place, entry, apart, seat) {
                tell(id, Some(state.count()));
            }
        }
        self.has_told(seat);
    }

    /// Tells a jail of all, as if all had changed.
    pub(crate) fn take_all(&mut self, seat: usize, tell: &mut dyn FnMut(&Id, Option<Count>)) {
        for place in 0..self.slots.places() {
            if let Some((id, entry)) = self.slots.at(place) {
                self.changes.set_told(place);
                if let Some(state) = state_of(place, entry, &mut self.apart, seat) {
                    tell(id, Some(state.count()));
                }
            }
        }
        self.has_told(seat);
    }

    fn has_told(&mut self, seat: usize) {
        let told = self.changes.everything();
        if let Some(seat) = self.seats.get_mut(seat) {
            seat.told = told;
        }
        let seats = self.seats.iter().filter(|seat| !seat.is_left);
        let least = seats.map(|seat| seat.told).reduce(Told::least);
        self.changes.were_told(told, least.unwrap_or(told));
    }

    pub(super) fn tidy(&mut self) {
        if self.changes.is_to_be_renewed(self.slots.len()) {
            self.renew_changes();
        }
    }

    /// Lists anew what somebody was not told.
    pub(super) fn renew_changes(&mut self) {
        let seats = self.seats.iter().filter(|seat| !seat.is_left);
        let Some(least) = seats.map(|seat| seat.told).reduce(Told::least) else {
            return;
        };
        self.changes.renew(least);
        for seat in &mut self.seats {
            seat.told = seat.told.of_no_change(&self.changes);
        }
    }

    /// How many changes and ends are listed.
    #[cfg(test)]
    pub(crate) fn listed(&self) -> usize {
        self.changes.listed()
    }
}
