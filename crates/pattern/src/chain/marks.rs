//! Where one byte stands in a text, a bit for each place: literals that hold it are looked for among these places.

/// So many places are told by one word.
const PLACES: usize = u64::BITS as usize;
/// Longer texts are not marked.
const WORDS: usize = 128;

/// The places of one byte.
pub(super) struct Marks {
    bits: [u64; WORDS],
}

impl Marks {
    /// Looks for the byte in all of the text; nothing if that is too long.
    pub fn of(byte: u8, text: &[u8]) -> Option<Marks> {
        let mut bits = [0; WORDS];
        let (chunks, rest) = text.as_chunks();
        let (whole, end) = bits.get_mut(..text.len().div_ceil(PLACES))?.split_at_mut(chunks.len());
        for (word, chunk) in whole.iter_mut().zip(chunks) {
            *word = vector::places(byte, chunk);
        }
        if let [word] = end {
            let mut last = [!byte; PLACES];
            last.iter_mut().zip(rest).for_each(|(last, byte)| *last = *byte);
            *word = vector::places(byte, &last);
        }
        Some(Marks { bits })
    }

    /// The last place up to this one.
    #[inline]
    pub fn last_until(&self, place: usize) -> Option<usize> {
        let mut word = place / PLACES;
        let mut bits = self.bits.get(word)? & (u64::MAX >> (PLACES - 1 - place % PLACES));
        while bits == 0 {
            word = word.checked_sub(1)?;
            bits = *self.bits.get(word)?;
        }
        Some(word * PLACES + bits.ilog2() as usize)
    }
}

/// Comparing many bytes at once, with instructions that every machine of this kind has.
#[cfg(target_arch = "x86_64")]
mod vector {
    use super::PLACES;
    use std::arch::x86_64::{__m128i, _mm_cmpeq_epi8, _mm_movemask_epi8, _mm_set_epi64x, _mm_set1_epi8};

    #[allow(unsafe_code, reason = "a function of the CPU's vector unit can only be called so")]
    #[inline]
    pub(super) fn places(byte: u8, chunk: &[u8; PLACES]) -> u64 {
        // SAFETY: SSE2 belongs to the architecture, so that each CPU of this kind has it.
        unsafe { with_sse2(byte, chunk) }
    }

    #[target_feature(enable = "sse2")]
    fn with_sse2(byte: u8, chunk: &[u8; PLACES]) -> u64 {
        let many = _mm_set1_epi8(byte.cast_signed());
        let parts = chunk.as_chunks::<16>().0.iter().zip([0, 16, 32, 48]);
        parts.fold(0, |places, (part, shift)| {
            let here = _mm_movemask_epi8(_mm_cmpeq_epi8(load(part), many));
            places | u64::from(here.cast_unsigned()) << shift
        })
    }

    /// The compiler makes one load of it.
    #[target_feature(enable = "sse2")]
    fn load(bytes: &[u8; 16]) -> __m128i {
        let [low, high] = [0, 8].map(|at| {
            let word = bytes[at..].first_chunk().copied().unwrap_or_default();
            i64::from_le_bytes(word)
        });
        _mm_set_epi64x(high, low)
    }
}

/// The same for the compiler to make the best of.
#[cfg(not(target_arch = "x86_64"))]
mod vector {
    use super::PLACES;

    pub(super) fn places(byte: u8, chunk: &[u8; PLACES]) -> u64 {
        let bytes = chunk.iter().zip(0..);
        bytes.fold(0, |places, (here, at)| places | u64::from(*here == byte) << at)
    }
}
