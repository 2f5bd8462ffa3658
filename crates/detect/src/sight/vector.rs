//! The loop of a sight, with instructions that look at many places at once.
use super::PLACES;

/// What the processor has of them. Only [`Unit::all`] makes one, so nobody has a unit that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unit(Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "elsewhere there is none"))]
enum Kind {
    Avx2,
    Avx512,
}

/// For each of 64 places whether it is found there: the first byte, the next two, or the last two.
pub(super) type Found = [u64; 3];

impl Unit {
    /// All that this machine has, the best first.
    pub(super) fn all() -> impl Iterator<Item = Unit> {
        [Kind::Avx512, Kind::Avx2]
            .into_iter()
            .filter(|kind| has(*kind))
            .map(Unit)
    }

    /// Looks for bytes, each in the text that belongs to it, at the same places of all texts. Tells of each turn of
    /// [`PLACES`] in which something is found where it begins and what is found.
    #[inline]
    pub(super) fn each(self, texts: [&[u8]; 5], bytes: [u8; 5], tell: &mut impl FnMut(usize, Found)) {
        each(self.0, texts, bytes, tell);
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn has(_: Kind) -> bool {
    false
}

#[cfg(not(target_arch = "x86_64"))]
fn each(_: Kind, _: [&[u8]; 5], _: [u8; 5], _: &mut impl FnMut(usize, Found)) {}

#[cfg(target_arch = "x86_64")]
fn has(kind: Kind) -> bool {
    match kind {
        Kind::Avx2 => std::arch::is_x86_feature_detected!("avx2"),
        Kind::Avx512 => std::arch::is_x86_feature_detected!("avx512bw"),
    }
}

#[cfg(target_arch = "x86_64")]
#[inline]
#[allow(unsafe_code, reason = "a function of the CPU's vector unit can only be called so")]
fn each(kind: Kind, texts: [&[u8]; 5], bytes: [u8; 5], tell: &mut impl FnMut(usize, Found)) {
    // SAFETY: a unit is only made where the instructions are there.
    unsafe {
        match kind {
            Kind::Avx2 => avx2::each(texts, bytes, tell),
            Kind::Avx512 => avx512::each(texts, bytes, tell),
        }
    }
}

/// So many turns are looked through before it is told in which of them something is found. Where that is cannot be
/// guessed, so it is put on a list without a question.
#[cfg(target_arch = "x86_64")]
const TURNS: usize = 256;
#[cfg(target_arch = "x86_64")]
const ROW: usize = TURNS * PLACES;

/// The turns of a row in which something is found.
#[cfg(target_arch = "x86_64")]
struct List {
    turns: [u16; TURNS],
    length: usize,
}

#[cfg(target_arch = "x86_64")]
impl Default for List {
    fn default() -> Self {
        List {
            turns: [0; TURNS],
            length: 0,
        }
    }
}

#[cfg(target_arch = "x86_64")]
impl List {
    fn begin(&mut self) {
        self.length = 0;
    }

    /// Takes a turn in, if something is found there.
    #[inline]
    fn push(&mut self, turn: usize, is_found: bool) {
        self.turns[self.length % TURNS] = turn as u16;
        self.length += usize::from(is_found);
    }

    /// Those of the row, with their texts.
    #[inline]
    fn of<'t>(&self, row: [&'t [u8]; 5]) -> impl Iterator<Item = (usize, [&'t [u8; PLACES]; 5])> {
        let row = row.map(|text| text.as_chunks().0);
        let turns = self.turns.iter().take(self.length).map(|turn| usize::from(*turn));
        turns.map(move |turn| (turn, row.map(|chunks| &chunks[turn])))
    }
}

/// Rows of five texts, side by side.
#[cfg(target_arch = "x86_64")]
#[inline]
fn rows(texts: [&[u8]; 5]) -> impl Iterator<Item = [&[u8]; 5]> {
    zip(texts.map(|text| text.chunks(ROW)))
}

/// The turns of a row.
#[cfg(target_arch = "x86_64")]
#[inline]
fn turns(row: [&[u8]; 5]) -> impl Iterator<Item = [&[u8; PLACES]; 5]> {
    zip(row.map(|text| text.as_chunks().0.iter()))
}

#[cfg(target_arch = "x86_64")]
#[inline]
fn zip<I: Iterator>([ends, one, two, three, four]: [I; 5]) -> impl Iterator<Item = [I::Item; 5]> {
    let pairs = one.zip(two).zip(three.zip(four));
    ends.zip(pairs)
        .map(|(ends, ((one, two), (three, four)))| [ends, one, two, three, four])
}

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code, reason = "loads take a pointer")]
mod avx512 {
    use super::{Found, List, PLACES, ROW, rows, turns};
    use std::arch::x86_64::{
        __m512i, _mm512_cmpeq_epi8_mask, _mm512_loadu_si512, _mm512_mask_cmpeq_epi8_mask, _mm512_set1_epi8,
    };

    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn each(texts: [&[u8]; 5], bytes: [u8; 5], tell: &mut impl FnMut(usize, Found)) {
        let bytes = bytes.map(|byte| _mm512_set1_epi8(byte as i8));
        let mut list = List::default();
        for (number, row) in rows(texts).enumerate() {
            list.begin();
            for (turn, texts) in turns(row).enumerate() {
                let found = look(texts, bytes);
                list.push(turn, found[0] | found[1] | found[2] != 0);
            }
            for (turn, texts) in list.of(row) {
                tell(number * ROW + turn * PLACES, look(texts, bytes));
            }
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn look([ends, ones, twos, threes, fours]: [&[u8; PLACES]; 5], bytes: [__m512i; 5]) -> Found {
        let [end, one, two, three, four] = bytes;
        let is_first = _mm512_cmpeq_epi8_mask(load(ones), one);
        let is_other = _mm512_cmpeq_epi8_mask(load(threes), three);
        [
            _mm512_cmpeq_epi8_mask(load(ends), end),
            _mm512_mask_cmpeq_epi8_mask(is_first, load(twos), two),
            _mm512_mask_cmpeq_epi8_mask(is_other, load(fours), four),
        ]
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn load(bytes: &[u8; PLACES]) -> __m512i {
        // SAFETY: so many bytes are there, and they need not be aligned.
        unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
    }
}

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code, reason = "loads take a pointer")]
mod avx2 {
    use super::{Found, List, PLACES, ROW, rows, turns};
    use std::arch::x86_64::{
        __m256i, _mm256_and_si256, _mm256_cmpeq_epi8, _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_or_si256,
        _mm256_set1_epi8, _mm256_testz_si256,
    };

    /// So many places are looked at by one instruction.
    const LANES: usize = 32;

    #[target_feature(enable = "avx2")]
    pub(super) fn each(texts: [&[u8]; 5], bytes: [u8; 5], tell: &mut impl FnMut(usize, Found)) {
        let bytes = bytes.map(|byte| _mm256_set1_epi8(byte as i8));
        let mut list = List::default();
        for (number, row) in rows(texts).enumerate() {
            list.begin();
            for (turn, texts) in turns(row).enumerate() {
                let halves = [0, LANES].map(|at| half(texts, at, bytes));
                let any = halves.map(|[ends, first, second]| _mm256_or_si256(ends, _mm256_or_si256(first, second)));
                let any = _mm256_or_si256(any[0], any[1]);
                list.push(turn, _mm256_testz_si256(any, any) == 0);
            }
            for (turn, texts) in list.of(row) {
                let halves = [0, LANES].map(|at| half(texts, at, bytes));
                let [low, high] = halves.map(|half| half.map(|found| u64::from(_mm256_movemask_epi8(found) as u32)));
                tell(
                    number * ROW + turn * PLACES,
                    [0, 1, 2].map(|kind| low[kind] | high[kind] << LANES),
                );
            }
        }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn half(texts: [&[u8; PLACES]; 5], at: usize, bytes: [__m256i; 5]) -> [__m256i; 3] {
        let [ends, one, two, three, four] = [0, 1, 2, 3, 4].map(|n| _mm256_cmpeq_epi8(load(texts[n], at), bytes[n]));
        [ends, _mm256_and_si256(one, two), _mm256_and_si256(three, four)]
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn load(bytes: &[u8; PLACES], half: usize) -> __m256i {
        let (bytes, _) = bytes[half..].split_at(LANES);
        // SAFETY: so many bytes are there, and they need not be aligned.
        unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
    }
}
