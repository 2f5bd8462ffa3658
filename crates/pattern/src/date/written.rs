//! A date that is written as the last one was, but for digits that tell nothing: found by one comparison.
//!
//! A plan that took the preferred way at every turn notes on which bytes this depended ([`Way`]). Where the same bytes
//! stand again, it would go the same way; any digit stands for another in a fraction, which is only counted through.

use super::words::is_word;
use super::{Alike, FieldSpan, Match};
use std::ops::Range;

/// What a plan looked at on its way through a date.
#[derive(Debug, Clone, Default)]
pub(super) struct Way {
    /// Up to here, and no further, bytes decided.
    reach: usize,
    /// Where any digit would have done.
    digits: [Range<usize>; MOST_RUNS],
    runs: usize,
    /// There were too many of these, or something else decided there.
    is_lost: bool,
}

/// More runs of digits are not kept.
const MOST_RUNS: usize = 4;

impl Way {
    /// No way that could be kept.
    pub const LOST: Way = Way {
        reach: 0,
        digits: [const { 0..0 }; MOST_RUNS],
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
                Some(run) if from >= self.reach => (*run, self.runs) = (from..to, self.runs + 1),
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
    /// What decided, from where the date begins.
    text: Alike,
    /// With places that count from where the date begins.
    found: Match,
}

impl Written {
    /// A date that was found on this way, if what decided can be kept. `text` is ASCII.
    pub fn of(text: &[u8], found: &Match, way: &Way) -> Option<Written> {
        let start = found.start;
        let here = text.get(start..way.reach).filter(|_| !way.is_lost)?;
        // Before a letter the byte in front of it would decide, too.
        if here.first().is_none_or(|&first| is_word(first)) || found.cut.0 >= found.cut.1 {
            return None;
        }
        let runs = way.digits.get(..way.runs)?;
        let tells = |field: &FieldSpan| {
            let field = field.range().unwrap_or_default();
            runs.iter().any(|run| field.start < run.end && run.start < field.end)
        };
        if found.fields.iter().any(tells) {
            return None;
        }
        let moved: Vec<_> = runs.iter().map(|run| run.start - start..run.end - start).collect();
        Some(Written {
            text: Alike::new(here, &moved)?,
            found: found.moved(|at| at.checked_sub(start))?,
        })
    }

    /// Whether the date that begins here is written as the last one was; a no also where that cannot be told.
    pub fn again(&self, text: &[u8], start: usize) -> bool {
        text.get(start..).is_some_and(|here| self.text.begins(here))
    }

    /// Where such a date lies that begins here.
    pub fn place(&self, start: usize) -> Range<usize> {
        start + self.found.start..start + self.found.end
    }

    /// What of it is to be cut out of the line.
    pub fn cut(&self, start: usize) -> (usize, usize) {
        (start + self.found.cut.0, start + self.found.cut.1)
    }

    /// All of it.
    pub fn found(&self, start: usize) -> Option<Match> {
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
                detector.written.as_ref().unwrap().again(other.as_bytes(), start),
                same,
                "{other}"
            );
        }
    }
}
