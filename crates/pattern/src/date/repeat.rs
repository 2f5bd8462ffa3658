//! The last line's date, where the line at hand begins with the same bytes: in a busy log most do.
//!
//! Kept only for templates that are bound to the line's beginning and matched by a plan: it tells how many bytes it
//! looked at, and a line that begins with just these has the same match.

use super::Match;
use super::convert::Moment;
use crate::ascii::is_ascii;

/// More bytes are not compared.
const LONGEST: usize = 64;

/// What was found in a line that began so.
#[derive(Debug)]
pub(super) struct Repeat {
    text: [u8; LONGEST],
    /// 0: nothing is known.
    length: usize,
    /// Place of its template in the order.
    pub index: usize,
    pub found: Match,
    pub moment: Option<Moment>,
    /// The second in which the moment was asked for: a date without year or day is completed from it.
    pub asked: Option<i64>,
}

impl Default for Repeat {
    fn default() -> Self {
        Repeat {
            text: [0; LONGEST],
            length: 0,
            index: 0,
            found: Match::default(),
            moment: None,
            asked: None,
        }
    }
}

impl Repeat {
    /// Whether what is known holds for this line.
    pub fn holds_for(&self, line: &str) -> bool {
        let known = self.text.get(..self.length).unwrap_or_default();
        // Beyond ASCII a line may be none for plans, wherever that stands.
        self.length > 0 && line.as_bytes().starts_with(known) && is_ascii(line.as_bytes())
    }

    /// Nothing is known any more.
    pub fn forget(&mut self) {
        self.length = 0;
    }

    /// Whether something is known.
    pub fn is_kept(&self) -> bool {
        self.length > 0
    }

    /// Keeps what was found by looking at so many bytes of the line's beginning, but for the moment.
    pub fn keep(&mut self, line: &str, looked_at: usize, index: usize, found: &Match) {
        let known = line.as_bytes().get(..looked_at);
        let kept = known.and_then(|known| Some((known, self.text.get_mut(..looked_at)?)));
        if let Some((known, kept)) = kept {
            kept.copy_from_slice(known);
            (self.length, self.index, self.found, self.asked) = (looked_at, index, *found, None);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Time;
    use crate::date::Detector;
    use proptest::prelude::*;

    const HEADS: [&str; 12] = [
        "Nov 23 01:53:10",
        "Nov 23 01:53:1",
        "Mon Nov 23 01:53:10",
        "2026-11-23 01:53:10",
        "2026-11-23T01:53:10.12",
        "<2026-11-23T01:53:10 ",
        "[23/Nov/2026:01:53:10",
        "23/11/2026 01:53:10",
        "01:53:10",
        "20261123 015310",
        "1795398790",
        "x Nov 23 01:53:10",
    ];

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn a_line_that_begins_like_the_last_has_the_date_that_it_would_have_anyway(
            heads in prop::collection::vec(prop::sample::select(&HEADS[..]), 1..3),
            lines in prop::collection::vec(
                (any::<prop::sample::Index>(), "(\\.[0-9]{1,7}|[0-9]{1,2}| 20[0-9]{1,3}|[+ ]0?1?:?00|Z|)[ -~é３ſ]{0,9}( server x)?", 0..3_i64),
                2..9,
            ),
            own in any::<bool>(),
        ) {
            let mut detector = match own {
                true => Detector::from_pattern(r"{^LN-BEG}%b %d %k:%M:%S(?:\.%f)?(?:\s*%z)?").unwrap_or_else(|_| Detector::defaults()),
                false => Detector::defaults(),
            };
            for (head, tail, second) in lines {
                let line = format!("{}{tail}", head.get(&heads));
                let now = Time::from_secs(1_795_398_800 + second);
                // A copy knows of no line before.
                let mut fresh = detector.clone();
                prop_assert_eq!(detector.find(&line, now), fresh.find(&line, now), "{}", line);
                prop_assert!(detector.is_like(&fresh), "{}", line);
            }
        }
    }
}
