//! A block for those who count every line, in one look: where its lines end, which of them hold the literal that a filter
//! needs, and where their dates stand.
//!
//! Three searches one after the other would read everything three times, and begin anew at each find; here 64 places at
//! a time are asked whether any of the three begins there. Literals are told by two of their bytes first, those that
//! rarely stand together in this log.
mod vector;

use std::ops::Range;
use vector::Unit;

/// What is known of a line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Seen {
    /// Without its newline.
    pub(crate) line: Range<usize>,
    /// Where its date's literal stands, if that is one place.
    pub(crate) date: Option<usize>,
    /// It holds the filter's literal.
    pub(crate) is_candidate: bool,
}

/// What to look for.
#[derive(Debug)]
pub(crate) struct Sight {
    /// What a filter needs, and what a date begins with.
    literals: [Literal; 2],
    pairs: [Pair; 2],
    unit: Unit,
}

/// A literal, and its first and last bytes for a quick look.
#[derive(Debug)]
struct Literal {
    text: Vec<u8>,
    ends: Option<[u64; 2]>,
}

/// Two bytes of a literal, and where they stand in it.
#[derive(Debug, Clone, Copy, Default)]
struct Pair {
    bytes: [u8; 2],
    places: [usize; 2],
}

/// So many places are looked at in a turn.
const PLACES: usize = 64;
/// So much of a log is looked at for what is rare in it.
const SAMPLE: usize = 4 << 10;
/// So many bytes of a literal are thought of.
const THOUGHT_OF: usize = 6;

/// The line that is being looked through.
#[derive(Debug, Default)]
struct Now {
    start: usize,
    date: Option<usize>,
    dates: usize,
    is_candidate: bool,
}

impl Sight {
    /// For a filter's literal and that of its dates, in a log of which `sample` is a part; none where the machine cannot
    /// look so, or a literal is too short.
    pub(crate) fn new(needed: &[u8], date: &[u8], sample: &[u8]) -> Option<Self> {
        if [needed, date].iter().any(|literal| literal.contains(&b'\n')) {
            return None;
        }
        let sample = &sample[..sample.len().min(SAMPLE)];
        Some(Sight {
            literals: [needed, date].map(Literal::of),
            pairs: [Pair::of(needed, sample)?, Pair::of(date, sample)?],
            unit: Unit::all().next()?,
        })
    }

    /// Whether it is for these.
    pub(crate) fn is_for(&self, needed: &[u8], date: &[u8]) -> bool {
        let [one, other] = &self.literals;
        one.text == needed && other.text == date
    }

    /// The block's lines, in order, as [`crate::block::lines`] cuts them.
    pub(crate) fn look(&self, block: &[u8]) -> Vec<Seen> {
        let mut seen = Vec::new();
        let mut now = Now::default();
        let longest = self
            .literals
            .iter()
            .map(|literal| literal.text.len())
            .max()
            .unwrap_or(0);
        let turns = block.len().saturating_sub(longest) / PLACES;
        let at_place = |place: usize| block.get(place..place + turns * PLACES).unwrap_or_default();
        let [one, other] = &self.pairs;
        let texts = [0, one.places[0], one.places[1], other.places[0], other.places[1]].map(at_place);
        let bytes = [b'\n', one.bytes[0], one.bytes[1], other.bytes[0], other.bytes[1]];
        self.unit.each(texts, bytes, &mut |from, found| {
            let mut any = found.iter().fold(0, |any, found| any | found);
            while any != 0 {
                let bit = any.trailing_zeros();
                let may = found.map(|found| found >> bit & 1 != 0);
                self.find(block, from + bit as usize, may, &mut now, &mut seen);
                any &= any - 1;
            }
        });
        for at in turns * PLACES..block.len() {
            self.find(block, at, [block[at] == b'\n', true, true], &mut now, &mut seen);
        }
        if now.start < block.len() {
            seen.push(now.end(block.len()));
        }
        seen
    }

    /// What may begin here: a line's end, and the two literals.
    #[inline]
    fn find(&self, block: &[u8], at: usize, may: [bool; 3], now: &mut Now, seen: &mut Vec<Seen>) {
        let [ends, needed, date] = may;
        if ends {
            seen.push(std::mem::take(now).end(at));
            now.start = at + 1;
        }
        if needed && self.literals[0].stands(block, at) {
            now.is_candidate = true;
        }
        if date && self.literals[1].stands(block, at) {
            now.dates += 1;
            now.date = Some(at);
        }
    }
}

impl Literal {
    fn of(text: &[u8]) -> Self {
        let ends = || Some([text.first_chunk()?, text.last_chunk()?].map(|end| u64::from_le_bytes(*end)));
        Literal {
            text: text.to_vec(),
            ends: ends(),
        }
    }

    /// Whether it stands there. Twice eight bytes are compared at once, and mostly that is all.
    #[inline]
    fn stands(&self, block: &[u8], at: usize) -> bool {
        let Some(there) = block.get(at..at + self.text.len()) else {
            return false;
        };
        match (self.ends, there.first_chunk(), there.last_chunk()) {
            (Some([first, last]), Some(begin), Some(end)) => {
                u64::from_le_bytes(*begin) == first
                    && u64::from_le_bytes(*end) == last
                    && (there.len() <= 16 || there == self.text)
            }
            _ => there == self.text,
        }
    }
}

impl Now {
    fn end(self, at: usize) -> Seen {
        Seen {
            line: self.start..at,
            date: self.date.filter(|_| self.dates == 1),
            is_candidate: self.is_candidate,
        }
    }
}

impl Pair {
    /// Two bytes of the literal that in the sample stand together least.
    fn of(literal: &[u8], sample: &[u8]) -> Option<Pair> {
        let mut counts = [0_u32; 256];
        sample.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
        let mut bytes: Vec<(usize, u8)> = literal.iter().copied().enumerate().collect();
        bytes.sort_by_key(|(_, byte)| counts[usize::from(*byte)]);
        bytes.truncate(THOUGHT_OF);
        let pairs = bytes.iter().enumerate().flat_map(|(index, one)| {
            let others = bytes.iter().skip(index + 1);
            others.map(move |other| Pair {
                bytes: [one.1, other.1],
                places: [one.0, other.0],
            })
        });
        pairs.min_by_key(|pair| pair.count_in(sample))
    }

    fn count_in(&self, sample: &[u8]) -> usize {
        let [one, other] = self.places.map(|place| sample.get(place..).unwrap_or_default());
        let [first, second] = self.bytes;
        one.iter()
            .zip(other)
            .filter(|(one, other)| (**one, **other) == (first, second))
            .count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use memchr::memmem;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]
        #[test]
        fn lines_are_seen_as_by_looking_at_each(
            needed in "[ab:]{2,20}",
            date in "[ab:]{2,20}",
            sample in "[ab:]{0,60}",
            parts in prop::collection::vec((0_u8..5, "[ab:\n]{0,9}", "[x\n]{0,120}"), 0..30),
        ) {
            let block: String = parts
                .iter()
                .map(|(kind, text, filling)| match kind {
                    0 => format!("{needed}{filling}"),
                    1 => format!("{date}{filling}"),
                    _ => format!("{text}{filling}"),
                })
                .collect();
            let block = block.as_bytes();
            let expected: Vec<Seen> = crate::block::lines(block)
                .map(|line| {
                    let text = &block[line.clone()];
                    let dates: Vec<usize> =
                        (0..text.len()).filter(|&at| text[at..].starts_with(date.as_bytes())).collect();
                    Seen {
                        date: dates.first().filter(|_| dates.len() == 1).map(|at| line.start + at),
                        is_candidate: memmem::find(text, needed.as_bytes()).is_some(),
                        line,
                    }
                })
                .collect();
            for unit in Unit::all() {
                let sight = Sight::new(needed.as_bytes(), date.as_bytes(), sample.as_bytes());
                let sight = sight.map(|sight| Sight { unit, ..sight });
                prop_assert_eq!(sight.map(|sight| sight.look(block)), Some(expected.clone()), "{:?}", unit);
            }
        }
    }
}
