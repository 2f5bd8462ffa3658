//! How jails come to sit at one tally, and leave it.
use super::{Seat, Tally, most_of, state_of};
use crate::Id;
use crate::changes::Told;
use crate::entry::Entry;
use crate::keep::Keep;
use crate::packed::Lines;

impl Tally {
    /// Who sits there goes; what its counters were, and none of the others' had in common with them, is forgotten.
    pub(crate) fn leave(&mut self, seat: usize) {
        let places: Vec<u32> = self.apart.keys().copied().collect();
        for place in places {
            let state = self
                .apart
                .get_mut(&place)
                .and_then(|states| states.get_mut(seat)?.take());
            let Some(state) = state else { continue };
            self.keep
                .with(|blocks| state.rest.into_iter().for_each(|rest| blocks.release(rest)));
            self.drop_if_nobodys(place);
        }
        if let Some(seat) = self.seats.get_mut(seat) {
            seat.is_left = true;
            seat.absent = 0;
        }
        self.forget_if_all_do();
    }

    /// The same counters as one of the jails has, for it alone.
    pub(crate) fn copy_of(&mut self, seat: usize) -> Tally {
        let mut copy = Tally::new(self.keep());
        let Some(Seat { most, told, .. }) = self.seats.get(seat) else {
            return copy;
        };
        let (most, told) = (*most, *told);
        copy.set_most(0, most);
        copy.has_counted = self.has_counted;
        for place in 0..self.slots.places() {
            let Some((id, entry)) = self.slots.at(place) else {
                continue;
            };
            let id = id.clone();
            let Some(mut state) = state_of(place, entry, &mut self.apart, seat).cloned() else {
                continue;
            };
            state.limit_to(most);
            let lines = self.keep.with(|blocks| {
                state.rest.into_iter().for_each(|rest| {
                    blocks.retain(rest);
                });
                entry.lines.copy(state.needed(), blocks)
            });
            let copied = Entry { common: state, lines };
            let hash = copy.slots.hash(&id);
            let copied = copy.insert(hash, id, copied);
            if self.changes.was_counter_told(place) {
                copy.changes.set_told(copied);
            }
            if self.changes.is_untold(place, told) {
                copy.changes.touch(copied);
            }
        }
        let gone = self.changes.gone_since(told, seat);
        gone.for_each(|id| copy.changes.has_ended(0, id.clone()));
        copy
    }

    /// One tally for the jails that sit alone at these, in which there are no lines: a seat for each, in this order.
    pub(crate) fn united(tallies: &mut [&mut Tally], keep: Keep) -> Tally {
        let mut all = Tally::without_seats(keep);
        tallies.iter().for_each(|tally| all.add_seat(most_of(&tally.seats)));
        for (seat, tally) in tallies.iter_mut().enumerate() {
            let Some((before, told)) = tally.only_seat() else {
                continue;
            };
            for place in 0..tally.slots.places() {
                let Some((id, entry)) = tally.slots.at(place) else {
                    continue;
                };
                let taken = all.take_in(id, entry, seat);
                if tally.changes.was_counter_told(place) {
                    all.changes.set_told(taken);
                }
                if tally.changes.is_untold(place, told) {
                    all.changes.touch(taken);
                }
            }
            let gone = tally.changes.gone_since(told, before);
            gone.for_each(|id| all.changes.has_ended(seat, id.clone()));
        }
        all.join_equals();
        all
    }

    fn only_seat(&self) -> Option<(usize, Told)> {
        let seat = self.seats.iter().position(|seat| !seat.is_left)?;
        Some((seat, self.seats.get(seat)?.told))
    }

    /// A jail's counter, which has no lines.
    fn take_in(&mut self, id: &Id, entry: &Entry, seat: usize) -> u32 {
        let hash = self.slots.hash(id);
        let place = match self.slots.find(hash, id) {
            Some((place, _)) => place,
            None => {
                let new = Entry {
                    common: entry.common.clone(),
                    lines: Lines::None,
                };
                let place = self.insert(hash, id.clone(), new);
                self.apart.insert(place, vec![None; self.seats.len()]);
                place
            }
        };
        if let Some(state) = self.apart.get_mut(&place).and_then(|states| states.get_mut(seat)) {
            *state = Some(entry.common.clone());
        }
        self.oldest = self.oldest.map(|oldest| oldest.min(entry.common.last));
        place
    }

    /// Counters of which all jails have the same state become common.
    fn join_equals(&mut self) {
        let (slots, seats) = (&mut self.slots, &mut self.seats);
        self.apart.retain(|place, states| {
            let common = states.first().cloned().flatten();
            let is_common = common.is_some() && states.iter().all(|state| *state == common);
            if let (true, Some(common), Some((_, entry))) = (is_common, common, slots.at(*place)) {
                entry.common = common;
            } else {
                let absent = seats.iter_mut().zip(states.iter()).filter(|(_, state)| state.is_none());
                absent.for_each(|(seat, _)| seat.absent += 1);
            }
            !is_common
        });
    }
}
