//! Failures that have not led to a ban yet: one counter for each id.
use crate::keep::Keep;
use crate::packed::{Packed, Unpacked};
use crate::{Counter, Failure, Id, Time};
use foldhash::fast::RandomState;
use std::collections::HashMap;

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
    fn touch(&mut self, id: &Id, changed: &mut Vec<Id>) {
        if !self.dirty {
            self.dirty = true;
            changed.push(id.clone());
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
    entries: HashMap<Id, Entry, RandomState>,
    /// Holds the entries' details.
    keep: Keep,
    /// No entry's last failure is older; lets [`Counters::forget`] return at once.
    oldest: Option<Time>,
    changed: Vec<Id>,
    gone: Vec<Id>,
}

impl Counters {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Has details kept there, unless there are some already.
    pub(crate) fn set_keep(&mut self, keep: Keep) {
        if self.entries.is_empty() {
            self.keep = keep;
        }
    }

    /// Counts a failure `count` times. Gives the count and whether this failure began it.
    pub(crate) fn add(&mut self, failure: &Failure, count: u32, window: Window) -> (u32, bool) {
        if let Some(entry) = self.entries.get_mut(&failure.id) {
            entry.advance(failure, window.findtime);
            entry.failures = entry.failures.saturating_add(failure.attempts.max(1));
            entry.retry = entry.retry.saturating_add(count);
            entry.details.push(&failure.evidence, window.maxmatches, &self.keep);
            entry.touch(&failure.id, &mut self.changed);
            let retry = entry.retry;
            self.tidy();
            return (retry, false);
        }
        let attempts = failure.attempts.max(1);
        let mut entry = Entry {
            first: failure.time,
            last: failure.time,
            retry: attempts.max(count),
            failures: attempts,
            details: Packed::first(&failure.evidence, &self.keep),
            zoned: failure.zoned,
            dirty: false,
            kept: false,
        };
        let retry = entry.retry;
        entry.touch(&failure.id, &mut self.changed);
        self.insert(failure.id.clone(), entry);
        self.tidy();
        (retry, true)
    }

    /// Counts a failure of a known offender `extra` times more. The original counts it as one more failure with the
    /// same lines again, unless it began the counter.
    pub(crate) fn add_again(&mut self, failure: &Failure, extra: u32, began: bool, window: Window) -> u32 {
        let Some(entry) = self.entries.get_mut(&failure.id) else {
            return 0;
        };
        let attempts = if began { 1 } else { failure.attempts.max(1) };
        entry.failures = entry.failures.saturating_add(attempts);
        entry.retry = entry.retry.saturating_add(extra);
        match began {
            true => entry.details.trim(window.maxmatches, &self.keep),
            false => entry.details.push(&failure.evidence, window.maxmatches, &self.keep),
        }
        entry.touch(&failure.id, &mut self.changed);
        entry.retry
    }

    /// Takes a counter out: its failures reach the limit. To be given to [`Counters::open`] or [`Counters::drop_taken`].
    pub(crate) fn take(&mut self, id: &Id) -> Option<Entry> {
        let entry = self.entries.remove(id)?;
        if entry.kept {
            self.gone.push(id.clone());
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
        let (gone, keep) = (&mut self.gone, &self.keep);
        let mut oldest = None;
        self.entries.retain(|id, entry| {
            if entry.last <= limit {
                if entry.kept {
                    gone.push(id.clone());
                }
                entry.details.end(keep);
                return false;
            }
            oldest = Some(oldest.map_or(entry.last, |oldest: Time| oldest.min(entry.last)));
            true
        });
        self.oldest = oldest;
        if self.entries.capacity() > 4 * self.entries.len() + 1024 {
            self.entries.shrink_to(2 * self.entries.len());
        }
    }

    pub(crate) fn restore(&mut self, counter: Counter) {
        let entry = Entry {
            first: counter.first,
            last: counter.last,
            retry: counter.attempts,
            failures: counter.attempts,
            details: Packed::default(),
            zoned: false,
            dirty: false,
            kept: true,
        };
        self.insert(counter.id, entry);
    }

    /// Changed since the last call, and gone since then.
    pub(crate) fn take_changes(&mut self) -> (Vec<Counter>, Vec<Id>) {
        let mut changed = Vec::with_capacity(self.changed.len());
        for id in std::mem::take(&mut self.changed) {
            // An id that ended and began anew in between stands here twice.
            let Some(entry) = self.entries.get_mut(&id).filter(|entry| entry.dirty) else {
                continue;
            };
            entry.dirty = false;
            entry.kept = true;
            changed.push(Counter {
                id,
                attempts: entry.retry,
                first: entry.first,
                last: entry.last,
            });
        }
        let mut gone = std::mem::take(&mut self.gone);
        gone.retain(|id| !self.entries.contains_key(id));
        (changed, gone)
    }

    fn insert(&mut self, id: Id, entry: Entry) {
        self.oldest = Some(self.oldest.map_or(entry.last, |oldest| oldest.min(entry.last)));
        if let Some(mut old) = self.entries.insert(id, entry) {
            old.details.end(&self.keep);
        }
    }

    fn tidy(&mut self) {
        // Nobody may be collecting the changes (a replay): what ended meanwhile must not pile up.
        if self.changed.len() > 2 * self.entries.len() + 1024 {
            let entries = &mut self.entries;
            for entry in entries.values_mut() {
                entry.dirty = false;
            }
            self.changed.retain(|id| {
                entries
                    .get_mut(id)
                    .is_some_and(|entry| !std::mem::replace(&mut entry.dirty, true))
            });
        }
    }
}

impl Drop for Counters {
    fn drop(&mut self) {
        // Others go on with the same keep.
        for entry in self.entries.values_mut() {
            entry.details.end(&self.keep);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bantam_detect::Evidence;

    #[test]
    fn a_counter_takes_less_than_a_hundred_bytes_besides_its_lines() {
        assert!(size_of::<Id>() + size_of::<Entry>() <= 96);
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
        assert_eq!(counters.take_changes().0.len(), 10);
    }
}
