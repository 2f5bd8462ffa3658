//! A block for those who count every line, in one look: where its lines end, which of them hold the literal that a filter
//! needs, and where their dates stand.
//!
//! Three searches one after the other would read everything three times, and begin anew at each find; here 64 places at
//! a time are asked whether any of the three begins there. Literals are told by two of their bytes first, those that
//! rarely stand together in this log.
use std::ops::Range;

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
    literals: [Vec<u8>; 2],
    pairs: [Pair; 2],
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
            literals: [needed, date].map(<[u8]>::to_vec),
            pairs: [Pair::of(needed, sample)?, Pair::of(date, sample)?],
        })
        .filter(|_| vector::works())
    }

    /// Whether it is for these.
    pub(crate) fn is_for(&self, needed: &[u8], date: &[u8]) -> bool {
        self.literals == [needed, date]
    }

    /// The block's lines, in order, as [`crate::block::lines`] cuts them.
    pub(crate) fn look(&self, block: &[u8]) -> Vec<Seen> {
        let mut seen = Vec::new();
        let mut now = Now::default();
        let longest = self.literals.iter().map(Vec::len).max().unwrap_or(0);
        let turns = block.len().saturating_sub(longest) / PLACES;
        let at_place = |place: usize| block.get(place..place + turns * PLACES).unwrap_or_default();
        let [one, other] = &self.pairs;
        let places = [0, one.places[0], one.places[1], other.places[0], other.places[1]].map(at_place);
        let bytes = [b'\n', one.bytes[0], one.bytes[1], other.bytes[0], other.bytes[1]];
        let mut from = 0;
        while let Some(turn) = vector::next(places.map(|places| &places[from..]), bytes) {
            from += turn;
            let Some(found) = vector::places(places.map(|places| &places[from..]), bytes) else {
                break;
            };
            let mut any = found.iter().fold(0, |any, found| any | found);
            while any != 0 {
                let bit = any.trailing_zeros();
                let at = from + bit as usize;
                self.find(block, at, found.map(|found| found >> bit & 1 != 0), &mut now, &mut seen);
                any &= any - 1;
            }
            from += PLACES;
        }
        for at in turns * PLACES..block.len() {
            self.find(block, at, [block[at] == b'\n', true, true], &mut now, &mut seen);
        }
        if now.start < block.len() {
            seen.push(now.end(block.len()));
        }
        seen
    }

    /// What may begin here: a line's end, and the two literals.
    fn find(&self, block: &[u8], at: usize, may: [bool; 3], now: &mut Now, seen: &mut Vec<Seen>) {
        let [ends, needed, date] = may;
        let stands = |literal: &Vec<u8>| block[at..].starts_with(literal);
        if ends {
            seen.push(std::mem::take(now).end(at));
            now.start = at + 1;
        }
        if needed && stands(&self.literals[0]) {
            now.is_candidate = true;
        }
        if date && stands(&self.literals[1]) {
            now.dates += 1;
            now.date = Some(at);
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

/// The loop itself, with instructions that most machines of this kind have.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code, reason = "a function of the CPU's vector unit can only be called so")]
mod vector {
    use super::PLACES;
    use std::arch::is_x86_feature_detected;
    use std::arch::x86_64::{
        __m256i, _mm256_and_si256, _mm256_cmpeq_epi8, _mm256_movemask_epi8, _mm256_or_si256, _mm256_set_epi64x,
        _mm256_set1_epi8, _mm256_testz_si256,
    };

    /// So many places are looked at by one instruction.
    const LANES: usize = 32;

    /// Whether this machine has the instructions; without a yes nothing else here may be called.
    pub(super) fn works() -> bool {
        is_x86_feature_detected!("avx2")
    }

    /// Where the first turn begins in which something is found: the first byte, the next two, or the last two.
    #[inline]
    pub(super) fn next(places: [&[u8]; 5], bytes: [u8; 5]) -> Option<usize> {
        // SAFETY: a sight is only made where the instructions are there.
        unsafe { next_with_avx2(places, bytes) }
    }

    /// At which places of the first turn each of the three is found.
    #[inline]
    pub(super) fn places(places: [&[u8]; 5], bytes: [u8; 5]) -> Option<[u64; 3]> {
        let [ends, one, two, three, four] = places.map(|places| places.first_chunk());
        // SAFETY: as above.
        let halves = unsafe { halves_with_avx2([ends?, one?, two?, three?, four?], bytes) };
        Some(halves.map(|[low, high]| u64::from(low) | u64::from(high) << LANES))
    }

    /// Which places they are is not told here: the compiler would put that together byte by byte.
    #[target_feature(enable = "avx2")]
    fn next_with_avx2([ends, one, two, three, four]: [&[u8]; 5], bytes: [u8; 5]) -> Option<usize> {
        let bytes = splat(bytes);
        let first = ends
            .as_chunks()
            .0
            .iter()
            .zip(one.as_chunks().0.iter().zip(two.as_chunks().0));
        let turns = first.zip(three.as_chunks().0.iter().zip(four.as_chunks().0));
        for (turn, ((ends, (one, two)), (three, four))) in turns.enumerate() {
            let places = [ends, one, two, three, four];
            let any = [0, LANES].map(|at| {
                let [ends, first, second] = found(places, at, bytes);
                _mm256_or_si256(ends, _mm256_or_si256(first, second))
            });
            let any = _mm256_or_si256(any[0], any[1]);
            if _mm256_testz_si256(any, any) == 0 {
                return Some(turn * PLACES);
            }
        }
        None
    }

    #[inline(never)]
    #[target_feature(enable = "avx2")]
    fn halves_with_avx2(places: [&[u8; PLACES]; 5], bytes: [u8; 5]) -> [[u32; 2]; 3] {
        let bytes = splat(bytes);
        let [low, high] = [0, LANES].map(|at| found(places, at, bytes).map(|found| _mm256_movemask_epi8(found) as u32));
        [[low[0], high[0]], [low[1], high[1]], [low[2], high[2]]]
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn found(places: [&[u8; PLACES]; 5], at: usize, bytes: [__m256i; 5]) -> [__m256i; 3] {
        let [ends, one, two, three, four] = [0, 1, 2, 3, 4].map(|n| _mm256_cmpeq_epi8(load(places[n], at), bytes[n]));
        [ends, _mm256_and_si256(one, two), _mm256_and_si256(three, four)]
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn splat(bytes: [u8; 5]) -> [__m256i; 5] {
        bytes.map(|byte| _mm256_set1_epi8(byte as i8))
    }

    /// The compiler makes one load of it.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn load(bytes: &[u8; PLACES], from: usize) -> __m256i {
        let word = |at: usize| {
            let bytes = bytes[from + at..].first_chunk().copied().unwrap_or_default();
            i64::from_le_bytes(bytes)
        };
        _mm256_set_epi64x(word(24), word(16), word(8), word(0))
    }
}

/// Elsewhere there is none.
#[cfg(not(target_arch = "x86_64"))]
mod vector {
    pub(super) fn works() -> bool {
        false
    }

    pub(super) fn next(_: [&[u8]; 5], _: [u8; 5]) -> Option<usize> {
        None
    }

    pub(super) fn places(_: [&[u8]; 5], _: [u8; 5]) -> Option<[u64; 3]> {
        None
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
            needed in "[ab:]{2,9}",
            date in "[ab:]{2,9}",
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
            if let Some(sight) = Sight::new(needed.as_bytes(), date.as_bytes(), sample.as_bytes()) {
                prop_assert_eq!(sight.look(block), expected);
            }
        }
    }
}
