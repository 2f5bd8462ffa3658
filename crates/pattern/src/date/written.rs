//! A date that is written as the last one was, but for digits that tell nothing: found by one comparison.
//!
//! A plan that took the preferred way at every turn notes on which bytes this depended ([`Way`]). Where the same bytes
//! stand again, it would go the same way; any digit stands for another in a fraction, which is only counted through.

use super::convert::MAX_FIELDS;
use super::words::is_word;
use super::{FieldSpan, Match};

/// What a plan looked at on its way through a date.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Way {
    /// Up to here, and no further, bytes decided.
    reach: usize,
    /// Where any digit would have done.
    digits: [(usize, usize); MOST_RUNS],
    runs: usize,
    /// There were too many of these, or something else decided there.
    is_lost: bool,
}

/// More runs of digits are not kept.
const MOST_RUNS: usize = 4;
/// The furthest that a way may reach to be kept.
const LONGEST: usize = 96;

impl Way {
    /// No way that could be kept.
    pub const LOST: Way = Way {
        reach: 0,
        digits: [(0, 0); MOST_RUNS],
        runs: 0,
        is_lost: true,
    };

    /// A way that begins here.
    pub fn from(start: usize) -> Way {
        Way {
            reach: start,
            is_lost: false,
            ..Way::LOST
        }
    }

    /// The bytes before this place decided.
    #[inline]
    pub fn looked_until(&mut self, end: usize) {
        self.reach = self.reach.max(end);
    }

    /// Here any digits would have done, and what follows decided up to `end`.
    pub fn passed_digits(&mut self, from: usize, to: usize, end: usize) {
        if from < to {
            match self.digits.get_mut(self.runs) {
                Some(run) if from >= self.reach => (*run, self.runs) = ((from, to), self.runs + 1),
                _ => self.is_lost = true,
            }
        }
        self.looked_until(end);
    }

    /// It cannot be kept.
    pub fn lose(&mut self) {
        self.is_lost = true;
    }
}

/// The last date, as it was written.
#[derive(Debug)]
pub(super) struct Written {
    /// What decided, from where the date begins; nothing is kept where it is empty.
    text: Vec<u8>,
    /// Where any digit will do, all bits are set.
    free: Vec<u8>,
    /// With places that count from where the date begins.
    found: Match,
}

impl Default for Written {
    fn default() -> Self {
        Written {
            text: Vec::new(),
            free: Vec::new(),
            found: Match {
                start: 0,
                end: 0,
                cut: (0, 0),
                fields: [FieldSpan::default(); MAX_FIELDS],
            },
        }
    }
}

impl Written {
    /// Keeps a date that was found on this way, if what decided can be kept; forgets it otherwise. `text` is ASCII.
    pub fn keep(&mut self, text: &[u8], found: &Match, way: &Way) {
        self.text.clear();
        let start = found.start;
        let Some(here) = text.get(start..way.reach) else {
            return;
        };
        // Before a letter the byte in front of it would decide, too.
        let is_clear = here.first().is_some_and(|&first| !is_word(first)) && here.len() <= LONGEST;
        let runs = way.digits.get(..way.runs).unwrap_or_default();
        let tells = |field: &FieldSpan| {
            let field = field.range().unwrap_or_default();
            runs.iter().any(|&(from, to)| field.start < to && from < field.end)
        };
        if way.is_lost || !is_clear || found.cut.0 >= found.cut.1 || found.fields.iter().any(tells) {
            return;
        }
        self.free.clear();
        self.free.resize(here.len(), 0);
        for &(from, to) in runs {
            if let Some(run) = self.free.get_mut(from - start..to - start) {
                run.fill(u8::MAX);
            }
        }
        let Some(found) = found.moved(|at| at.checked_sub(start)) else {
            return;
        };
        self.found = found;
        self.text.extend_from_slice(here);
    }

    /// The date that begins here, if it is written as the last one was; nothing also where that cannot be told.
    pub fn again(&self, text: &[u8], start: usize) -> Option<Match> {
        let here = text.get(start..)?.get(..self.text.len())?;
        if here.is_empty() {
            return None;
        }
        let mut other = 0;
        for ((&here, &kept), &free) in here.iter().zip(&self.text).zip(&self.free) {
            let is_digit = if here.is_ascii_digit() { u8::MAX } else { 0 };
            other |= (here ^ kept) & !(free & is_digit);
        }
        if other != 0 {
            return None;
        }
        self.found.moved(|at| at.checked_add(start))
    }
}

impl Match {
    fn moved(&self, to: impl Fn(usize) -> Option<usize>) -> Option<Match> {
        let mut moved = *self;
        moved.start = to(self.start)?;
        moved.end = to(self.end)?;
        moved.cut = (to(self.cut.0)?, to(self.cut.1)?);
        for (field, old) in moved.fields.iter_mut().zip(&self.fields) {
            if let Some(range) = old.range() {
                *field = FieldSpan::new(to(range.start)?, to(range.end)?);
            }
        }
        Some(moved)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use crate::Time;
    use crate::date::{Detector, Years};
    use proptest::prelude::*;

    /// Patterns with a literal that their dates are found by, and lines with such dates.
    const KEYED: [(&str, &str); 12] = [
        (
            r#""StartLocal"\s*:\s*"%Y-%m-%d[T]%H:%M:%S\.%f\d*(%z)?","#,
            r#"{"a":1,"StartLocal":"2026-09-21T15:13:20.000052028+01:00","b":""}"#,
        ),
        (
            r#"{UNB}"time"\s*:\s*"(%Y-%m-%d)T%H:%M:%S\d*"#,
            r#"{"time":"2026-09-21T15:13:20123","b":""}"#,
        ),
        (
            r#""time":"%Y-%m-%d(T)?%H:%M:%S(?:\.%f\d*)?(%z)?""#,
            r#"{"time":"2026-09-21T15:13:20.1234567Z"}"#,
        ),
        (r"<time=%H:%M:%S\s*\d*(?:x|%f)?(Z|%z)", "a <time=15:13:20 123Z b"),
        (r"<time=%H:%M:%S\.%f5(%z)?", "a <time=15:13:20.12345+01:30 b"),
        (r"<time=%H:%M:%S%f\d*(Z)?", "a <time=15:13:2012345678 b"),
        (r"<time=%H:%M:%S\.%f[0-9](%z)?", "a <time=15:13:20.12345+01 b"),
        (
            r"<time=%Y%m%d %H:%M:%S,%f(x)?%z",
            "a <time=20260921 15:13:20,123+0130 b",
        ),
        (r"<time=%f %d/%b/%Y:%H:%M:%S", "a <time=123456 21/Sep/2026:15:13:20 b"),
        (r"<time=%d/%m/%Y %H:%M:%S.%f", "a <time=21/09/2026 15:13:20.123 b"),
        (r"<time=%d/%m/%Y\d*", "a <time=21/09/2026000"),
        (r"time=%H:%M:%S\.%f", "a time=15:13:20.123 b"),
    ];

    fn edited(line: &str, edits: &[(usize, u8, char)]) -> String {
        let mut chars: Vec<char> = line.chars().collect();
        for &(at, kind, new) in edits {
            let at = at % (chars.len() + 1);
            match (kind, chars.get_mut(at)) {
                (0, _) => chars.insert(at, new),
                (1, Some(_)) => drop(chars.remove(at)),
                // Digits of the same date are what it is about.
                (_, Some(old)) if old.is_ascii_digit() => *old = char::from(b'0' + new as u8 % 10),
                (2, Some(old)) => *old = new,
                _ => {}
            }
        }
        chars.into_iter().collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_detector_that_remembers_how_the_last_date_was_written_finds_what_one_finds_that_does_not(
            keyed in prop::sample::select(KEYED.to_vec()),
            lines in prop::collection::vec(
                prop::collection::vec(
                    (0_usize..80, 0_u8..12, prop::sample::select("0123456789.:+-Z\" T,xé".chars().collect::<Vec<_>>())),
                    0..4,
                ),
                1..12,
            ),
        ) {
            let (pattern, line) = keyed;
            let mut detector = Detector::from_pattern_in(pattern, &Years::today()).unwrap();
            for (second, edits) in (1_800_000_000..).zip(&lines) {
                let now = Time::from_secs(second / 4);
                let line = edited(line, edits);
                // What is remembered of single lines is not cloned.
                let mut forgetful = detector.clone();
                let expected = forgetful.find(&line, now);
                prop_assert_eq!(detector.find(&line, now), expected, "{} in {}", pattern, line);
                prop_assert!(detector.is_like(&forgetful));
            }
        }
    }

    #[test]
    fn the_same_date_with_another_fraction_is_found_by_comparison() {
        for (pattern, line) in KEYED {
            let mut detector = Detector::from_pattern_in(pattern, &Years::today()).unwrap();
            let found = detector.find(line, Time::from_secs(1_800_000_000));
            assert!(found.is_some_and(|found| found.time.is_some()), "{pattern}");
        }
        let (pattern, line) = KEYED[0];
        let mut detector = Detector::from_pattern_in(pattern, &Years::today()).unwrap();
        detector.find(line, Time::from_secs(1_800_000_000));
        let start = line.find("\"Start").unwrap();
        for (other, same) in [
            ("20.000052028+", true),
            ("20.999999999+", true),
            ("20.00005202+", false),
            ("21.000052028+", false),
        ] {
            let other = line.replace("20.000052028+", other);
            assert_eq!(
                detector.written.again(other.as_bytes(), start).is_some(),
                same,
                "{other}"
            );
        }
    }
}
