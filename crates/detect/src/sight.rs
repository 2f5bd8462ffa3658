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
    /// How far apart the bytes of a pair are.
    apart: usize,
    unit: Unit,
}

/// A literal, and its first and last bytes for a quick look.
#[derive(Debug)]
struct Literal {
    text: Vec<u8>,
    ends: Option<[u64; 2]>,
}

/// Two bytes of a literal, and where the first of them stands in it; how far apart they are is the same for both
/// literals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pair {
    bytes: [u8; 2],
    place: usize,
}

/// So many places are looked at in a turn.
const PLACES: usize = 64;
/// So much of a log is looked at for what is rare in it.
const SAMPLE: usize = 4 << 10;
/// So far apart are the bytes of a pair at most.
const MOST_APART: usize = 16;
/// So many of the best guesses are counted.
const COUNTED: usize = 4;

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
        let (apart, pairs) = pairs([needed, date], sample)?;
        Some(Sight {
            literals: [needed, date].map(Literal::of),
            pairs,
            apart,
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
        let length = block.len().saturating_sub(self.apart) / PLACES * PLACES;
        let texts = [0, self.apart].map(|place| block.get(place..place + length).unwrap_or_default());
        let [needed, date] = self.pairs.map(|pair| pair.bytes);
        self.unit.each(
            texts,
            [b'\n', needed[0], date[0]],
            [needed[1], date[1]],
            &mut |from, found| {
                let mut any = found.iter().fold(0, |any, found| any | found);
                while any != 0 {
                    let bit = any.trailing_zeros();
                    let may = found.map(|found| found >> bit & 1 != 0);
                    self.find(block, from + bit as usize, may, &mut now, &mut seen);
                    any &= any - 1;
                }
            },
        );
        for at in length..block.len() {
            self.find(block, at, [block[at] == b'\n', true, true], &mut now, &mut seen);
        }
        if now.start < block.len() {
            seen.push(now.end(block.len()));
        }
        seen
    }

    /// What may be here: a line's end, and the first bytes of the two pairs.
    #[inline]
    fn find(&self, block: &[u8], at: usize, may: [bool; 3], now: &mut Now, seen: &mut Vec<Seen>) {
        let [ends, needed, date] = may;
        if ends {
            seen.push(std::mem::take(now).end(at));
            now.start = at + 1;
        }
        if needed && self.begins(0, block, at).is_some() {
            now.is_candidate = true;
        }
        if date && let Some(place) = self.begins(1, block, at) {
            now.dates += 1;
            now.date = Some(place);
        }
    }

    /// Where this literal stands, if the first byte of its pair is here.
    #[inline]
    fn begins(&self, literal: usize, block: &[u8], at: usize) -> Option<usize> {
        let begin = at.checked_sub(self.pairs[literal].place)?;
        self.literals[literal].stands(block, begin).then_some(begin)
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

/// Of each literal two bytes that stand equally far apart in both, those that in the sample stand so least; which may be
/// is guessed from how often each byte stands there.
fn pairs(literals: [&[u8]; 2], sample: &[u8]) -> Option<(usize, [Pair; 2])> {
    let shorter = literals.iter().map(|literal| literal.len()).min().unwrap_or_default();
    let mut counts = [0_usize; 64];
    sample.iter().for_each(|byte| counts[by_six(*byte)] += 1);
    let guess = |apart: usize| {
        let [needed, date] = literals.map(|literal| rarest(literal, apart, &counts));
        let ((few, needed), (more, date)) = (needed?, date?);
        Some((few + more, apart, [needed, date]))
    };
    let mut guesses: Vec<_> = (1..shorter.min(MOST_APART + 1)).filter_map(guess).collect();
    guesses.sort_by_key(|(guessed, ..)| *guessed);
    let best = guesses.into_iter().take(COUNTED).min_by_key(|(_, apart, pairs)| {
        let counted = pairs.map(|pair| pair.count_in(sample, *apart));
        counted.iter().sum::<usize>()
    });
    best.map(|(_, apart, pairs)| (apart, pairs))
}

/// Two bytes of a literal, so far apart, that may stand so least, and a measure of how often.
fn rarest(literal: &[u8], apart: usize, counts: &[usize; 64]) -> Option<(usize, Pair)> {
    let all = literal.iter().zip(literal.get(apart..)?).enumerate();
    let measured = all.map(|(place, (one, other))| {
        let bytes = [*one, *other];
        let [first, second] = bytes.map(|byte| counts[by_six(byte)]);
        (first * second, Pair { bytes, place })
    });
    measured.min_by_key(|(measure, _)| *measure)
}

/// Six bits of a byte, by which it is told first.
fn by_six(byte: u8) -> usize {
    usize::from(byte) % 64
}

impl Pair {
    fn count_in(&self, sample: &[u8], apart: usize) -> usize {
        let sought = self.bytes.map(by_six);
        let both = sample.iter().zip(sample.get(apart..).unwrap_or_default());
        both.filter(|(one, other)| [**one, **other].map(by_six) == sought)
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
            parts in prop::collection::vec((0_u8..5, "[ab:\n]{0,9}", "[xJ!z\"\n]{0,120}"), 0..30),
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
