//! A client's counter: what a jail has counted of one client, and what several jails have of it in common.
use crate::keep::Place;
use crate::packed::Lines;
use crate::{Count, Failure, Time};

/// What one jail has counted of one client.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct State {
    pub(crate) first: Time,
    pub(crate) last: Time,
    /// Where the keep holds what the first failure told besides its lines.
    pub(crate) rest: Option<Place>,
    /// What is held against `maxretry`: an estimate once the window has moved on.
    pub(crate) retry: u32,
    /// What is shown as the number of failures.
    pub(crate) failures: u32,
    /// Of the counter's lines the newest so many are among those counted here.
    lines: u32,
    pub(crate) zoned: bool,
    /// Failures came after the first. Only then `maxmatches` limits the lines.
    more: bool,
}

/// A counter, of one jail or of several that count the same.
#[derive(Debug)]
pub(crate) struct Entry {
    /// What all of them have counted, unless they are apart.
    pub(crate) common: State,
    /// Those of all states.
    pub(crate) lines: Lines,
}

impl State {
    /// Begins with a failure that counts `count` times at least.
    pub(crate) fn begin(failure: &Failure, count: u32, rest: Option<Place>) -> Self {
        let attempts = failure.attempts.max(1);
        State {
            first: failure.time,
            last: failure.time,
            rest,
            retry: attempts.max(count),
            failures: attempts,
            lines: u32::try_from(failure.evidence.line_count()).unwrap_or(u32::MAX),
            zoned: failure.zoned,
            more: false,
        }
    }

    /// As it was told before a restart.
    pub(crate) fn restored(count: Count) -> Self {
        State {
            first: count.first,
            last: count.last,
            rest: None,
            retry: count.attempts,
            failures: count.attempts,
            lines: 0,
            zoned: false,
            more: false,
        }
    }

    /// A further failure, with so many lines, counts `count` times. The newest `most` of all lines are kept.
    pub(crate) fn push(&mut self, failure: &Failure, count: u32, findtime: f64, added: u32, most: usize) {
        self.advance(failure, findtime);
        self.failures = self.failures.saturating_add(failure.attempts.max(1));
        self.retry = self.retry.saturating_add(count);
        self.limit_lines(added, most);
    }

    /// So many lines came, of which the newest `most` are kept.
    pub(crate) fn limit_lines(&mut self, added: u32, most: usize) {
        self.more = true;
        self.lines = self.lines.saturating_add(added);
        self.lines = self.lines.min(u32::try_from(most).unwrap_or(u32::MAX));
    }

    /// How many of the counter's lines, the newest, are this state's, in a jail that keeps `most`.
    pub(crate) fn lines(&self, most: usize) -> usize {
        match self.more {
            true => most.min(self.lines as usize),
            false => self.lines as usize,
        }
    }

    /// Of others' lines it needs none.
    pub(crate) fn limit_to(&mut self, most: usize) {
        self.lines = u32::try_from(self.lines(most)).unwrap_or(u32::MAX);
    }

    /// How many of the counter's lines must be kept for it.
    pub(crate) fn needed(&self) -> usize {
        self.lines as usize
    }

    pub(crate) fn count(&self) -> Count {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Id;

    #[test]
    fn a_counter_takes_less_than_a_hundred_bytes_besides_its_lines() {
        assert!(size_of::<Option<(Id, Entry)>>() <= 88);
    }
}
