//! Failures that have not led to a ban yet: one counter for each client, of one jail or of several that count the same.
//!
//! Jails of one file with one filter find the same failures. Where they also forget after the same time, their counters
//! differ only once a limit has parted them, so they have a seat each at one tally, and a failure is counted there once.
//! A client's counter is common to all seats until one of them bans the client: from then on each has a state of its
//! own, side by side with the others. Lines are in common even then: of each state they are the newest so many.
mod seats;
mod telling;

use crate::changes::{Changes, Told};
use crate::entry::{Entry, State};
use crate::keep::{Blocks, Keep};
use crate::packed::{Lines, Piece, keep_lines};
use crate::rest::{Unpacked, keep_rest, open_rest};
use crate::slots::Slots;
use crate::{Count, Failure, Id, Time};
use foldhash::fast::RandomState;
use std::collections::HashMap;

/// The counters.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    slots: Slots,
    /// The states of counters that are no longer common, by place; one for each seat.
    apart: HashMap<u32, Vec<Option<State>>, RandomState>,
    /// Holds their lines.
    keep: Keep,
    seats: Vec<Seat>,
    changes: Changes,
    /// No counter's last failure is older; lets [`Tally::forget`] return at once.
    oldest: Option<Time>,
    /// Something was counted here since there was last nothing: there may be lines.
    has_counted: bool,
}

/// A jail's.
#[derive(Debug)]
struct Seat {
    /// Nobody sits there any more.
    is_left: bool,
    /// Lines kept for a client.
    most: usize,
    /// How many clients have a counter here of which this jail knows nothing.
    absent: usize,
    told: Told,
    /// Up to when this jail is to forget. What is common is forgotten when all have said so.
    limit: Option<Time>,
}

/// A counter that was taken out.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) zoned: bool,
    pub(crate) failures: u32,
    /// Empty where nobody asked for it.
    pub(crate) details: Unpacked,
}

impl Tally {
    /// With one seat.
    pub(crate) fn new(keep: Keep) -> Self {
        let mut tally = Self::without_seats(keep);
        tally.add_seat(usize::MAX);
        tally
    }

    fn without_seats(keep: Keep) -> Self {
        let mut tally = Tally::default();
        tally.keep = keep;
        tally
    }

    fn add_seat(&mut self, most: usize) {
        self.seats.push(Seat {
            is_left: false,
            most,
            absent: 0,
            told: self.changes.nothing(),
            limit: None,
        });
    }

    /// Seats that are taken.
    pub(crate) fn seats(&self) -> usize {
        self.seats.iter().filter(|seat| !seat.is_left).count()
    }

    /// Whether there can be no lines here.
    pub(crate) fn is_new(&self) -> bool {
        !self.has_counted && self.apart.is_empty()
    }

    pub(crate) fn len(&self, seat: usize) -> usize {
        let absent = self.seats.get(seat).map_or(0, |seat| seat.absent);
        self.slots.len().saturating_sub(absent)
    }

    /// Has lines kept there, unless there are some already.
    pub(crate) fn set_keep(&mut self, keep: Keep) {
        if self.slots.len() == 0 {
            self.keep = keep;
        }
    }

    pub(crate) fn keep(&self) -> Keep {
        self.keep.clone()
    }

    /// `maxmatches` of a seat.
    pub(crate) fn set_most(&mut self, seat: usize, most: usize) {
        if let Some(seat) = self.seats.get_mut(seat) {
            seat.most = most;
        }
    }

    /// Counts a failure for all seats, `count` times. Gives the counter's place, and whether this failure began it.
    pub(crate) fn add(&mut self, failure: &Failure, count: u32, findtime: f64) -> (u32, bool) {
        self.has_counted = true;
        let hash = self.slots.hash(&failure.id);
        let Some((place, entry)) = self.slots.find(hash, &failure.id) else {
            return (self.begin(hash, failure, count), true);
        };
        let (apart, seats) = (&mut self.apart, &mut self.seats);
        match apart.get_mut(&place) {
            None => {
                let most = most_of(seats);
                self.keep.with(|blocks| {
                    let piece = kept_if(most > 0, failure, blocks);
                    let added = piece.map_or(0, |piece| piece.lines);
                    entry.common.push(failure, count, findtime, added, most);
                    entry.lines.add(piece, entry.common.needed(), blocks);
                });
            }
            Some(states) => {
                self.oldest = self.oldest.map(|oldest| oldest.min(failure.time));
                self.keep
                    .with(|blocks| add_apart(entry, states, seats, failure, count, findtime, blocks));
            }
        }
        self.changes.touch(place);
        self.tidy();
        (place, false)
    }

    fn begin(&mut self, hash: u32, failure: &Failure, count: u32) -> u32 {
        let entry = self.keep.with(|blocks| {
            let lines = Lines::of(keep_lines(blocks, &failure.evidence));
            let rest = keep_rest(blocks, &failure.evidence);
            Entry {
                common: State::begin(failure, count, rest),
                lines,
            }
        });
        let place = self.insert(hash, failure.id.clone(), entry);
        self.changes.touch(place);
        self.tidy();
        place
    }

    fn insert(&mut self, hash: u32, id: Id, entry: Entry) -> u32 {
        let last = entry.common.last;
        self.oldest = Some(self.oldest.map_or(last, |oldest| oldest.min(last)));
        self.slots.insert(hash, id, entry)
    }

    /// Looks at the counters of those who fail next: done for many at once, the processor fetches them beside each
    /// other and not one after the other.
    pub(crate) fn look_ahead<'a>(&mut self, ids: impl Iterator<Item = &'a Id> + Clone) {
        let mut seen = 0usize;
        let touched = ids.clone().map(|id| self.slots.touch(self.slots.hash(id)));
        std::hint::black_box(touched.fold(0, u64::wrapping_add));
        for id in ids {
            let hash = self.slots.hash(id);
            if let Some((_, entry)) = self.slots.find(hash, id) {
                seen = seen.wrapping_add(entry.common.retry as usize + entry.lines.look_ahead());
            }
        }
        std::hint::black_box(seen);
    }

    /// What is counted there in common; none when the seats are apart.
    pub(crate) fn common(&mut self, place: u32) -> Option<&State> {
        let (_, entry) = self.slots.at(place)?;
        (!self.apart.contains_key(&place)).then_some(&entry.common)
    }

    /// What each seat has counted there against `maxretry`; none for one that knows nothing of it.
    pub(crate) fn counted(&mut self, place: u32, each: &mut Vec<Option<u32>>) {
        each.clear();
        let Some((_, entry)) = self.slots.at(place) else {
            return;
        };
        match self.apart.get(&place) {
            Some(states) => each.extend(states.iter().map(|state| state.as_ref().map(|state| state.retry))),
            None => each.resize(self.seats.len(), Some(entry.common.retry)),
        }
    }

    /// What a jail has counted there.
    pub(crate) fn state(&mut self, place: u32, seat: usize) -> Option<&mut State> {
        let (_, entry) = self.slots.at(place)?;
        state_of(place, entry, &mut self.apart, seat)
    }

    /// Counts a failure of a known offender `extra` times more, where it was counted just now. The original counts it
    /// as one more failure with the same lines again, unless it began the counter. For who sits here alone.
    pub(crate) fn add_again(&mut self, place: u32, seat: usize, failure: &Failure, extra: u32, began: bool) {
        let most = self.seats.get(seat).map_or(0, |seat| seat.most);
        let Some((_, entry)) = self.slots.at(place) else {
            return;
        };
        let apart = &mut self.apart;
        self.keep.with(|blocks| {
            let piece = kept_if(!began && most > 0, failure, blocks);
            let added = piece.map_or(0, |piece| piece.lines);
            let Some(state) = state_of(place, entry, apart, seat) else {
                return;
            };
            let attempts = if began { 1 } else { failure.attempts.max(1) };
            state.failures = state.failures.saturating_add(attempts);
            state.retry = state.retry.saturating_add(extra);
            state.limit_lines(added, most);
            let needed = state.needed();
            entry.lines.add(piece, needed, blocks);
        });
        self.changes.touch(place);
    }

    /// Takes a counter out of a jail's sight: its failures reach the limit. `open`: what it remembers is asked for.
    pub(crate) fn take(&mut self, place: u32, seat: usize, open: bool) -> Option<Taken> {
        if self.seats() > 1 {
            self.part(place);
        }
        let most = self.seats.get(seat).map_or(0, |seat| seat.most);
        let (id, entry) = self.slots.at(place)?;
        let state = match self.apart.get_mut(&place) {
            Some(states) => states.get_mut(seat)?.take()?,
            None => entry.common.clone(),
        };
        entry.common.rest = None;
        let details = self.keep.with(|blocks| {
            let mut details = Unpacked::default();
            if open {
                details = open_rest(state.rest, blocks);
                details.matches = entry.lines.read(state.lines(most), blocks);
            }
            state.rest.into_iter().for_each(|rest| blocks.release(rest));
            details
        });
        self.changes.ended(place, Some(seat), id);
        if let Some(seat) = self.seats.get_mut(seat) {
            seat.absent += 1;
        }
        self.drop_if_nobodys(place);
        Some(Taken {
            zoned: state.zoned,
            failures: state.failures,
            details,
        })
    }

    /// Gives each seat a state of its own.
    fn part(&mut self, place: u32) {
        let Some((_, entry)) = self.slots.at(place).filter(|_| !self.apart.contains_key(&place)) else {
            return;
        };
        let state = &entry.common;
        let states: Vec<_> = self
            .seats
            .iter()
            .map(|seat| (!seat.is_left).then(|| state.clone()))
            .collect();
        self.keep.with(|blocks| {
            let more = states.iter().flatten().skip(1);
            more.filter_map(|state| state.rest).for_each(|rest| {
                blocks.retain(rest);
            });
        });
        entry.common.rest = None;
        self.apart.insert(place, states);
    }

    /// After a state was taken out of a counter: the counter ends with the last one, and lines go that none needs.
    fn drop_if_nobodys(&mut self, place: u32) {
        let Some((_, entry)) = self.slots.at(place) else {
            return;
        };
        let states = self.apart.get(&place);
        let needed = states.and_then(|states| states.iter().flatten().map(State::needed).max());
        self.keep.with(|blocks| match needed {
            Some(needed) => entry.lines.add(None, needed, blocks),
            None => entry.lines.end(blocks),
        });
        if needed.is_none() {
            self.apart.remove(&place);
            self.slots.remove(place);
            self.changes.leave(place);
            for seat in self.seats.iter_mut().filter(|seat| !seat.is_left) {
                seat.absent = seat.absent.saturating_sub(1);
            }
            self.has_counted &= self.slots.len() > 0;
        }
    }

    /// Forgets a jail's counters whose last failure is at or before `limit`; those of several when the last of them has
    /// said so.
    pub(crate) fn forget(&mut self, seat: usize, limit: Time) {
        if let Some(seat) = self.seats.get_mut(seat) {
            seat.limit = Some(limit);
        }
        self.forget_if_all_do();
    }

    fn forget_if_all_do(&mut self) {
        let taken = self.seats.iter().filter(|seat| !seat.is_left);
        let least = taken.map(|seat| seat.limit).reduce(Ord::min).flatten();
        if let Some(limit) = least {
            self.seats.iter_mut().for_each(|seat| seat.limit = None);
            self.forget_to(limit);
        }
    }

    fn forget_to(&mut self, limit: Time) {
        if self.oldest.is_none_or(|oldest| oldest > limit) {
            return;
        }
        let mut oldest: Option<Time> = None;
        let mut stays = |last: Time| {
            oldest = Some(oldest.map_or(last, |oldest| oldest.min(last)));
        };
        for place in 0..self.slots.places() {
            let Some((_, entry)) = self.slots.at(place) else {
                continue;
            };
            match self.apart.get(&place) {
                None if entry.common.last > limit => stays(entry.common.last),
                None => self.forget_common(place),
                Some(states) => {
                    let states = states.iter().enumerate();
                    let known: Vec<(usize, Time)> = states
                        .filter_map(|(seat, state)| Some((seat, state.as_ref()?.last)))
                        .collect();
                    for (seat, last) in known {
                        match last > limit {
                            true => stays(last),
                            false => drop(self.take(place, seat, false)),
                        }
                    }
                }
            }
        }
        self.oldest = oldest;
        if self.slots.is_roomy() {
            self.shrink();
        }
    }

    /// Forgets a counter that all have in common.
    fn forget_common(&mut self, place: u32) {
        let Some((id, entry)) = self.slots.at(place) else {
            return;
        };
        self.changes.ended(place, None, id);
        let rest = entry.common.rest.take();
        self.keep
            .with(|blocks| rest.into_iter().for_each(|rest| blocks.release(rest)));
        for seat in self.seats.iter_mut().filter(|seat| !seat.is_left) {
            seat.absent += 1;
        }
        self.drop_if_nobodys(place);
    }

    /// Gives room back: all counters get new places.
    fn shrink(&mut self) {
        let mut apart = std::mem::take(&mut self.apart);
        let mut moves = Vec::with_capacity(self.slots.len());
        self.slots.shrink(|from, to| moves.push((from, to)));
        for (from, to) in &moves {
            if let Some(states) = apart.remove(from) {
                self.apart.insert(*to, states);
            }
        }
        self.changes.moved(&moves);
        self.renew_changes();
    }

    /// Takes over what was told of a counter before a restart. For who sits here alone.
    pub(crate) fn restore(&mut self, seat: usize, id: Id, count: Option<Count>) {
        let hash = self.slots.hash(&id);
        if let Some((place, _)) = self.slots.find(hash, &id) {
            // What is told now is told in its place.
            self.changes.leave(place);
            self.take(place, seat, false);
        }
        let Some(count) = count else { return };
        let entry = Entry {
            common: State::restored(count),
            lines: Lines::None,
        };
        let place = self.insert(hash, id, entry);
        self.changes.set_told(place);
    }
}

/// What a jail has counted of a client.
fn state_of<'s>(
    place: u32,
    entry: &'s mut Entry,
    apart: &'s mut HashMap<u32, Vec<Option<State>>, RandomState>,
    seat: usize,
) -> Option<&'s mut State> {
    match apart.get_mut(&place) {
        None => Some(&mut entry.common),
        Some(states) => states.get_mut(seat)?.as_mut(),
    }
}

/// The lines that the jail keeps which keeps most.
fn most_of(seats: &[Seat]) -> usize {
    let taken = seats.iter().filter(|seat| !seat.is_left);
    taken.map(|seat| seat.most).max().unwrap_or(0)
}

/// A failure's lines, if they are to be kept.
fn kept_if(wanted: bool, failure: &Failure, blocks: &mut Blocks) -> Option<Piece> {
    match wanted {
        true => keep_lines(blocks, &failure.evidence),
        false => None,
    }
}

/// Counts a failure for each seat by itself; who has no counter of the client begins one.
fn add_apart(
    entry: &mut Entry,
    states: &mut [Option<State>],
    seats: &mut [Seat],
    failure: &Failure,
    count: u32,
    findtime: f64,
    blocks: &mut Blocks,
) {
    let begins = |(state, seat): (&Option<State>, &Seat)| state.is_none() && !seat.is_left;
    let is_needed = most_of(seats) > 0 || states.iter().zip(seats.iter()).any(begins);
    let piece = kept_if(is_needed, failure, blocks);
    let added = piece.map_or(0, |piece| piece.lines);
    let mut needed = 0;
    for (state, seat) in states.iter_mut().zip(seats) {
        match state {
            Some(state) => state.push(failure, count, findtime, added, seat.most),
            None if seat.is_left => continue,
            None => {
                *state = Some(State::begin(failure, count, keep_rest(blocks, &failure.evidence)));
                seat.absent = seat.absent.saturating_sub(1);
            }
        }
        needed = state.as_ref().map_or(needed, |state| needed.max(state.needed()));
    }
    entry.lines.add(piece, needed, blocks);
}

impl Drop for Tally {
    fn drop(&mut self) {
        // Others go on with the same keep.
        let (slots, apart) = (&mut self.slots, &self.apart);
        self.keep.with(|blocks| {
            for place in 0..slots.places() {
                let Some((_, entry)) = slots.at(place) else { continue };
                entry.lines.end(blocks);
                entry.common.rest.into_iter().for_each(|rest| blocks.release(rest));
            }
            let rests = apart.values().flatten().flatten().filter_map(|state| state.rest);
            rests.for_each(|rest| blocks.release(rest));
        });
    }
}
