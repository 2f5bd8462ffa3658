//! How often files that change all the time are looked at.
//!
//! A busy server writes thousands of lines a second, each with a call of its own. Waking for each costs more than
//! reading them. So what comes after a quiet time is read at once, and so are the next few changes; where they go on in
//! quick succession, reading follows at a steady pace and takes each time what has gathered.

use std::time::{Duration, Instant};

/// Between two steps at the pace.
const STEP: Duration = Duration::from_millis(25);

/// So many changes are heard at once before the pace sets in. A step's time without one gives one back.
const AT_ONCE: u32 = 16;

/// Steps that may be taken, and by when they were counted.
#[derive(Debug)]
pub(super) struct Pace {
    left: u32,
    counted: Instant,
}

impl Pace {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            left: AT_ONCE,
            counted: now,
        }
    }

    /// How long to wait before the next step; none when it may be taken at once.
    pub(super) fn pause(&mut self, now: Instant) -> Option<Duration> {
        self.count(now);
        if self.left > 0 {
            return None;
        }
        Some(STEP.saturating_sub(now.saturating_duration_since(self.counted)))
    }

    /// A step was taken.
    pub(super) fn step(&mut self, now: Instant) {
        self.count(now);
        self.left = self.left.saturating_sub(1);
    }

    fn count(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.counted);
        let steps = u32::try_from(passed.as_nanos() / STEP.as_nanos()).unwrap_or(u32::MAX);
        if steps == 0 {
            return;
        }
        self.left = self.left.saturating_add(steps).min(AT_ONCE);
        self.counted = if self.left == AT_ONCE {
            now
        } else {
            self.counted + STEP * steps
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_changes_are_heard_at_once_and_a_stream_of_them_at_a_pace() {
        let begin = Instant::now();
        let mut pace = Pace::new(begin);
        for _ in 0..AT_ONCE {
            assert_eq!(pace.pause(begin), None);
            pace.step(begin);
        }
        assert_eq!(pace.pause(begin), Some(STEP));
        let next = begin + STEP;
        assert_eq!(pace.pause(next), None);
        pace.step(next);
        assert_eq!(pace.pause(next + STEP / 5), Some(STEP - STEP / 5));
    }

    #[test]
    fn a_quiet_time_gives_all_back() {
        let begin = Instant::now();
        let mut pace = Pace::new(begin);
        (0..2 * AT_ONCE).for_each(|_| pace.step(begin));
        let later = begin + Duration::from_secs(1);
        for _ in 0..AT_ONCE {
            assert_eq!(pace.pause(later), None);
            pace.step(later);
        }
        assert_eq!(pace.pause(later), Some(STEP));
    }
}
