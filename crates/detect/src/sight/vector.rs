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

/// For each of 64 places whether it is found there: the first byte alone, and each of the others with what belongs to it.
pub(super) type Found = [u64; 3];

/// Bytes that are looked for at the same place: one alone, and two that count if others stand further on.
pub(super) type Here = [u8; 3];

/// Those others, in the second text.
pub(super) type There = [u8; 2];

impl Unit {
    /// All that this machine has, the best first.
    pub(super) fn all() -> impl Iterator<Item = Unit> {
        [Kind::Avx512, Kind::Avx2]
            .into_iter()
            .filter(|kind| has(*kind))
            .map(Unit)
    }

    /// Looks for bytes at the same places of two texts. Tells of each turn of [`PLACES`] in which something may be found
    /// where it begins and what is found.
    #[inline]
    pub(super) fn each(self, texts: [&[u8]; 2], here: Here, there: There, tell: &mut impl FnMut(usize, Found)) {
        each(self.0, texts, here, there, tell);
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn has(_: Kind) -> bool {
    false
}

#[cfg(not(target_arch = "x86_64"))]
fn each(_: Kind, _: [&[u8]; 2], _: Here, _: There, _: &mut impl FnMut(usize, Found)) {}

#[cfg(target_arch = "x86_64")]
fn has(kind: Kind) -> bool {
    match kind {
        Kind::Avx2 => std::arch::is_x86_feature_detected!("avx2"),
        Kind::Avx512 => {
            std::arch::is_x86_feature_detected!("avx512bw") && std::arch::is_x86_feature_detected!("avx512vbmi")
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[inline]
#[allow(unsafe_code, reason = "a function of the CPU's vector unit can only be called so")]
fn each(kind: Kind, texts: [&[u8]; 2], here: Here, there: There, tell: &mut impl FnMut(usize, Found)) {
    // SAFETY: a unit is only made where the instructions are there.
    unsafe {
        match kind {
            Kind::Avx2 => avx2::each(texts, here, there, tell),
            Kind::Avx512 => avx512::each(texts, here, there, tell),
        }
    }
}

/// A turn's places in both texts.
#[cfg(target_arch = "x86_64")]
type Turn<'t> = [&'t [u8; PLACES]; 2];

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

    /// Those of the row.
    #[inline]
    fn of<'t>(&self, row: [&'t [u8]; 2]) -> impl Iterator<Item = (usize, Turn<'t>)> {
        let row = row.map(|text| text.as_chunks().0);
        let turns = self.turns.iter().take(self.length).map(|turn| usize::from(*turn));
        turns.map(move |turn| (turn, row.map(|chunks| &chunks[turn])))
    }
}

/// Rows of two texts, side by side.
#[cfg(target_arch = "x86_64")]
#[inline]
fn rows([one, other]: [&[u8]; 2]) -> impl Iterator<Item = [&[u8]; 2]> {
    one.chunks(ROW).zip(other.chunks(ROW)).map(|(one, other)| [one, other])
}

/// The turns of a row.
#[cfg(target_arch = "x86_64")]
#[inline]
fn turns([one, other]: [&[u8]; 2]) -> impl Iterator<Item = Turn<'_>> {
    let turns = one.as_chunks().0.iter().zip(other.as_chunks().0);
    turns.map(|(one, other)| [one, other])
}

/// So far ahead the processor is asked to fetch what will be looked at.
#[cfg(target_arch = "x86_64")]
const AHEAD: usize = 512;

/// Asks for what stands some turns behind this one. What is looked at was just read from a file and is near, but not as
/// near as it could be.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
#[allow(unsafe_code, reason = "takes a pointer")]
fn fetch(turn: &[u8; PLACES]) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    // SAFETY: SSE belongs to the architecture, and nothing is read or written: the address may be any.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(turn.as_ptr().wrapping_add(AHEAD).cast()) }
}

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code, reason = "loads take a pointer")]
mod avx512 {
    use super::{Found, Here, List, PLACES, ROW, There, Turn, fetch, rows, turns};
    use std::arch::x86_64::{
        __m512i, _mm512_cmpeq_epi8_mask, _mm512_loadu_si512, _mm512_mask_cmpeq_epi8_mask, _mm512_permutexvar_epi8,
        _mm512_set1_epi8, _mm512_test_epi8_mask,
    };

    /// What is looked for at a place has a bit each: bytes are looked up by six of their bits, so that one instruction
    /// tells which of the three may stand there. Where all bits of one are set, it is looked closer.
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    pub(super) fn each(texts: [&[u8]; 2], here: Here, there: There, tell: &mut impl FnMut(usize, Found)) {
        let bits = [1, 2, 4];
        let first_table = load(&table(0, here.into_iter().zip(bits)));
        // The first stands alone.
        let other_table = load(&table(bits[0], there.into_iter().zip([bits[1], bits[2]])));
        let here = here.map(|byte| _mm512_set1_epi8(byte as i8));
        let there = there.map(|byte| _mm512_set1_epi8(byte as i8));
        let mut list = List::default();
        for (number, row) in rows(texts).enumerate() {
            list.begin();
            for (turn, [one, other]) in turns(row).enumerate() {
                fetch(one);
                let bits = _mm512_permutexvar_epi8(load(one), first_table);
                let other_bits = _mm512_permutexvar_epi8(load(other), other_table);
                list.push(turn, _mm512_test_epi8_mask(bits, other_bits) != 0);
            }
            for (turn, texts) in list.of(row) {
                tell(number * ROW + turn * PLACES, look(texts, here, there));
            }
        }
    }

    fn table(all: u8, bytes: impl Iterator<Item = (u8, u8)>) -> [u8; PLACES] {
        let mut table = [all; PLACES];
        bytes.for_each(|(byte, bit)| table[usize::from(byte) % PLACES] |= bit);
        table
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn look([one, other]: Turn<'_>, here: [__m512i; 3], there: [__m512i; 2]) -> Found {
        let (one, other) = (load(one), load(other));
        [
            _mm512_cmpeq_epi8_mask(one, here[0]),
            _mm512_mask_cmpeq_epi8_mask(_mm512_cmpeq_epi8_mask(other, there[0]), one, here[1]),
            _mm512_mask_cmpeq_epi8_mask(_mm512_cmpeq_epi8_mask(other, there[1]), one, here[2]),
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
    use super::{Found, Here, List, PLACES, ROW, There, Turn, fetch, rows, turns};
    use std::arch::x86_64::{
        __m256i, _mm256_and_si256, _mm256_cmpeq_epi8, _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_or_si256,
        _mm256_set1_epi8, _mm256_testz_si256,
    };

    /// So many places are looked at by one instruction.
    const LANES: usize = 32;

    #[target_feature(enable = "avx2")]
    pub(super) fn each(texts: [&[u8]; 2], here: Here, there: There, tell: &mut impl FnMut(usize, Found)) {
        let here = here.map(|byte| _mm256_set1_epi8(byte as i8));
        let there = there.map(|byte| _mm256_set1_epi8(byte as i8));
        let mut list = List::default();
        for (number, row) in rows(texts).enumerate() {
            list.begin();
            for (turn, texts) in turns(row).enumerate() {
                fetch(texts[0]);
                let halves = [0, LANES].map(|at| look(texts, at, here, there));
                let any = halves.map(|[ends, first, second]| _mm256_or_si256(ends, _mm256_or_si256(first, second)));
                let any = _mm256_or_si256(any[0], any[1]);
                list.push(turn, _mm256_testz_si256(any, any) == 0);
            }
            for (turn, texts) in list.of(row) {
                let halves = [0, LANES].map(|at| look(texts, at, here, there));
                let [low, high] = halves.map(|half| half.map(|found| u64::from(_mm256_movemask_epi8(found) as u32)));
                let found = [0, 1, 2].map(|kind| low[kind] | high[kind] << LANES);
                tell(number * ROW + turn * PLACES, found);
            }
        }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn look([one, other]: Turn<'_>, at: usize, here: [__m256i; 3], there: [__m256i; 2]) -> [__m256i; 3] {
        let (one, other) = (load(one, at), load(other, at));
        let [end, first, second] = here.map(|byte| _mm256_cmpeq_epi8(one, byte));
        let [first_too, second_too] = there.map(|byte| _mm256_cmpeq_epi8(other, byte));
        [
            end,
            _mm256_and_si256(first, first_too),
            _mm256_and_si256(second, second_too),
        ]
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn load(bytes: &[u8; PLACES], half: usize) -> __m256i {
        let (bytes, _) = bytes[half..].split_at(LANES);
        // SAFETY: so many bytes are there, and they need not be aligned.
        unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
    }
}
