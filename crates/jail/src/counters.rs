//! Failures that have not led to a ban yet: one counter for each id.
use crate::keep::Keep;
use crate::packed::{Packed, Unpacked};
use crate::slots::Slots;
use crate::{Count, Failure, Id, Time};

/// What counting goes by, taken from the jail's options at each failure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub findtime: f64,
    pub maxmatches: usize,
}

#[derive(Debug)]
pub(crate) struct Entry {
    pub first: Time,
    pub last: Time,
    /// What is held against `maxretry`: an estimate once the window has moved on.
    retry: u32,
    /// What is shown as the number of failures.
    pub failures: u32,
    details: Packed,
    pub zoned: bool,
    /// Waits in the list of changed ones.
    dirty: bool,
    /// Was handed out for keeping, so that its end must be told.
    kept: bool,
}

impl Entry {
    fn touch(&mut self, place: u32, changed: &mut Vec<u32>) {
        if !self.dirty {
            self.dirty = true;
            changed.push(place);
        }
    }

    fn count(&self) -> Count {
        Count {
            attempts: self.retry,
            first: self.first,
            last: self.last,
        }
    }

    /// Moves the window on. Failures that fall out of it are not forgotten one by one: the count is scaled as if they
    /// had come evenly since the first.
    fn advance(&mut self, failure: &Failure, findtime: f64) {
        if failure.time <= self.last {
            return;
        }
        let begin = failure.time.plus_secs(-findtime);
        if self.first < begin {
            let passed = seconds_between(self.first, failure.time);
            let estimate = f64::from(self.retry) / passed * findtime;
            self.retry = estimate.round_ties_even() as u32;
            self.first = begin;
        }
        self.last = failure.time;
        self.zoned = failure.zoned;
    }
}

fn seconds_between(from: Time, to: Time) -> f64 {
    let nanos = i128::from(to.nanos()) - i128::from(from.nanos());
    nanos as f64 / 1e9
}

/// All counters of a jail.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    slots: Slots,
    /// Holds the entries' details.
    keep: Keep,
    /// No entry's last failure is older; lets [`Counters::forget`] return at once.
    oldest: Option<Time>,
    /// Places of entries that changed; one that became another's in between may stand here twice.
    changed: Vec<u32>,
    gone: Vec<Id>,
}

impl Counters {
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Has details kept there, unless there are some already.
    pub(crate) fn set_keep(&mut self, keep: Keep) {
        if self.slots.len() == 0 {
            self.keep = keep;
        }
    }

    /// Counts a failure `count` times. Gives the count, whether this failure began it, and where it is counted.
    pub(crate) fn add(&mut self, failure: &Failure, count: u32, window: Window) -> (u32, bool, u32) {
        let hash = self.slots.hash(&failure.id);
        if let Some((place, entry)) = self.slots.find(hash, &failure.id) {
            entry.advance(failure, window.findtime);
            entry.failures = entry.failures.saturating_add(failure.attempts.max(1));
            entry.retry = entry.retry.saturating_add(count);
            entry.details.push(&failure.evidence, window.maxmatches, &self.keep);
            entry.touch(place, &mut self.changed);
            let retry = entry.retry;
            self.tidy();
            return (retry, false, place);
        }
        let attempts = failure.attempts.max(1);
        let entry = Entry {
            first: failure.time,
            last: failure.time,
            retry: attempts.max(count),
            failures: attempts,
            details: Packed::first(&failure.evidence, &self.keep),
            zoned: failure.zoned,
            dirty: true,
            kept: false,
        };
        let retry = entry.retry;
        let place = self.insert(hash, failure.id.clone(), entry);
        self.changed.push(place);
        self.tidy();
        (retry, true, place)
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
                seen = seen.wrapping_add(entry.retry as usize + entry.details.look_ahead());
            }
        }
        std::hint::black_box(seen);
    }

    /// Counts a failure of a known offender `extra` times more, where it was counted just now. The original counts it
    /// as one more failure with the same lines again, unless it began the counter.
    pub(crate) fn add_again(&mut self, place: u32, failure: &Failure, extra: u32, began: bool, window: Window) -> u32 {
        let Some((_, entry)) = self.slots.at(place) else {
            return 0;
        };
        let attempts = if began { 1 } else { failure.attempts.max(1) };
        entry.failures = entry.failures.saturating_add(attempts);
        entry.retry = entry.retry.saturating_add(extra);
        match began {
            true => entry.details.trim(window.maxmatches, &self.keep),
            false => entry.details.push(&failure.evidence, window.maxmatches, &self.keep),
        }
        entry.touch(place, &mut self.changed);
        entry.retry
    }

    /// Takes a counter out: its failures reach the limit. To be given to [`Counters::open`] or [`Counters::drop_taken`].
    pub(crate) fn take(&mut self, place: u32) -> Option<Entry> {
        let (id, entry) = self.slots.remove(place)?;
        if entry.kept {
            self.gone.push(id);
        }
        Some(entry)
    }

    /// What a counter that was taken out remembers.
    pub(crate) fn open(&self, mut entry: Entry) -> Unpacked {
        let details = entry.details.open(&self.keep);
        entry.details.end(&self.keep);
        details
    }

    /// Nobody asks what a counter remembers that was taken out.
    pub(crate) fn drop_taken(&self, mut entry: Entry) {
        entry.details.end(&self.keep);
    }

    /// Forgets counters whose last failure is at or before `limit`.
    pub(crate) fn forget(&mut self, limit: Time) {
        if self.oldest.is_none_or(|oldest| oldest > limit) {
            return;
        }
        let mut oldest = None;
        for place in 0..self.slots.places() {
            let Some((_, entry)) = self.slots.at(place) else {
                continue;
            };
            if entry.last > limit {
                oldest = Some(oldest.map_or(entry.last, |oldest: Time| oldest.min(entry.last)));
                continue;
            }
            entry.details.end(&self.keep);
            self.take(place);
        }
        self.oldest = oldest;
        if self.slots.is_roomy() {
            self.changed.clear();
            let changed = &mut self.changed;
            self.slots.shrink(|place, entry| {
                if entry.dirty {
                    changed.push(place);
                }
            });
        }
    }

    /// Takes over what was told of a counter before a restart.
    pub(crate) fn restore(&mut self, id: Id, count: Option<Count>) {
        let hash = self.slots.hash(&id);
        if let Some((place, _)) = self.slots.find(hash, &id)
            && let Some((_, mut old)) = self.slots.remove(place)
        {
            old.details.end(&self.keep);
        }
        let Some(count) = count else { return };
        let entry = Entry {
            first: count.first,
            last: count.last,
            retry: count.attempts,
            failures: count.attempts,
            details: Packed::default(),
            zoned: false,
            dirty: false,
            kept: true,
        };
        self.insert(hash, id, entry);
    }

    /// Tells of those that are gone since the last call, and then of those that changed.
    pub(crate) fn take_changes(&mut self, tell: &mut dyn FnMut(&Id, Option<Count>)) {
        for id in std::mem::take(&mut self.gone) {
            let hash = self.slots.hash(&id);
            if self.slots.find(hash, &id).is_none() {
                tell(&id, None);
            }
        }
        for place in std::mem::take(&mut self.changed) {
            let Some((id, entry)) = self.slots.at(place).filter(|(_, entry)| entry.dirty) else {
                continue;
            };
            entry.dirty = false;
            entry.kept = true;
            tell(id, Some(entry.count()));
        }
    }

    /// Tells of all, as if all had changed.
    pub(crate) fn take_all(&mut self, tell: &mut dyn FnMut(&Id, Option<Count>)) {
        self.gone.clear();
        self.changed.clear();
        for place in 0..self.slots.places() {
            if let Some((id, entry)) = self.slots.at(place) {
                entry.dirty = false;
                entry.kept = true;
                tell(id, Some(entry.count()));
            }
        }
    }

    fn insert(&mut self, hash: u32, id: Id, entry: Entry) -> u32 {
        self.oldest = Some(self.oldest.map_or(entry.last, |oldest| oldest.min(entry.last)));
        self.slots.insert(hash, id, entry)
    }

    fn tidy(&mut self) {
        // Nobody may be collecting the changes (a replay): what ended meanwhile must not pile up.
        if self.changed.len() > 2 * self.slots.len() + 1024 {
            self.changed.clear();
            for place in 0..self.slots.places() {
                if self.slots.at(place).is_some_and(|(_, entry)| entry.dirty) {
                    self.changed.push(place);
                }
            }
        }
    }
}

impl Drop for Counters {
    fn drop(&mut self) {
        // Others go on with the same keep.
        for place in 0..self.slots.places() {
            if let Some((_, entry)) = self.slots.at(place) {
                entry.details.end(&self.keep);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bantam_detect::Evidence;

    #[test]
    fn a_counter_takes_less_than_a_hundred_bytes_besides_its_lines() {
        assert!(size_of::<Option<(Id, Entry)>>() <= 88);
    }

    #[test]
    fn changes_that_nobody_collects_do_not_pile_up() {
        let mut counters = Counters::default();
        let window = Window {
            findtime: 10.0,
            maxmatches: 0,
        };
        for second in 0..100_000u32 {
            let failure = Failure {
                id: Id::single(std::net::Ipv4Addr::from_bits(second).into()),
                time: Time::from_secs(second.into()),
                zoned: false,
                attempts: 1,
                evidence: Evidence::of_lines(Vec::new()),
            };
            counters.add(&failure, 1, window);
            counters.forget(failure.time.plus_secs(-10.0));
        }
        assert!(counters.changed.len() < 2000 && counters.gone.is_empty());
        let mut changed = 0;
        counters.take_changes(&mut |_, _| changed += 1);
        assert_eq!(changed, 10);
    }
}
