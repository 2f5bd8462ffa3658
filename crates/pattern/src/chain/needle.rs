//! A literal that is searched for from the right.

/// A literal, and by which of its bytes it is found.
#[derive(Debug)]
pub(super) struct Needle {
    pub text: Vec<u8>,
    /// Place in the literal of the byte that lines have least of.
    rarest: usize,
    /// The same of another one, or again of this one if there is no other.
    second: usize,
}

/// So many bytes are compared at once.
const WORD: usize = 8;

impl Needle {
    /// `text` must not be empty to be found.
    pub fn new(text: Vec<u8>) -> Needle {
        let mut places: Vec<usize> = (0..text.len()).collect();
        places.sort_by_key(|&at| frequency(text[at]));
        let rarest = places.first().copied().unwrap_or_default();
        let other = |at: &usize| text[*at] != text[rarest];
        let second = places.iter().copied().find(other).unwrap_or(rarest);
        Needle { text, rarest, second }
    }

    /// Where it last stands in this part of the text.
    pub fn rfind(&self, text: &[u8], start: usize, end: usize) -> Option<usize> {
        let mut last = end.checked_sub(self.text.len()).filter(|&last| last >= start)?;
        loop {
            // As far to the right as the places go, and where these begin too early, as far to the left.
            let from = (last + 1).saturating_sub(PLACES);
            let Some(mut found) = self.candidates(text, from) else {
                return Some(start + self.rfind_byte(text.get(start..last + self.text.len())?)?);
            };
            found &= u32::MAX >> (PLACES - 1 - (last - from));
            while found != 0 {
                let bit = found.ilog2();
                let at = from + bit as usize;
                if at < start {
                    return None;
                }
                if self.stands_at(text, at) {
                    return Some(at);
                }
                found ^= 1 << bit;
            }
            last = from.checked_sub(1).filter(|&last| last >= start)?;
        }
    }

    /// At which of the places from this one on its two bytes stand, a bit for each; nothing where the text is too short
    /// to tell.
    fn candidates(&self, text: &[u8], from: usize) -> Option<u32> {
        let bytes = |place: usize| Some((text.get(from + place..)?.first_chunk()?, *self.text.get(place)?));
        let ((here, rarest), (there, second)) = (bytes(self.rarest)?, bytes(self.second)?);
        Some(vector::both(here, rarest, there, second))
    }

    fn rfind_byte(&self, text: &[u8]) -> Option<usize> {
        let byte = *self.text.get(self.rarest)?;
        let mut end = text.len().checked_sub(self.text.len())? + self.rarest + 1;
        loop {
            end = memchr::memrchr(byte, text.get(..end)?)?;
            let start = end.checked_sub(self.rarest)?;
            if self.stands_at(text, start) {
                return Some(start);
            }
        }
    }

    /// Without a call for each comparison, they being short.
    #[inline]
    fn stands_at(&self, text: &[u8], at: usize) -> bool {
        let Some(here) = text.get(at..at + self.text.len()) else {
            return false;
        };
        let (words, rest) = self.text.as_chunks::<WORD>();
        let (words_here, rest_here) = here.as_chunks::<WORD>();
        words.iter().zip(words_here).all(|(one, other)| one == other)
            && match (self.text.last_chunk::<WORD>(), here.last_chunk::<WORD>()) {
                (Some(end), Some(end_here)) => end == end_here,
                _ => rest == rest_here,
            }
    }
}

/// So many places are looked at together.
const PLACES: usize = 32;

/// Comparing many bytes at once, with instructions that every machine of this kind has.
#[cfg(target_arch = "x86_64")]
mod vector {
    use super::PLACES;
    use std::arch::x86_64::{__m128i, _mm_and_si128, _mm_cmpeq_epi8, _mm_movemask_epi8, _mm_set_epi64x, _mm_set1_epi8};

    /// At which places `one` has the first byte and `other` the second.
    #[allow(unsafe_code, reason = "a function of the CPU's vector unit can only be called so")]
    #[inline]
    pub(super) fn both(one: &[u8; PLACES], first: u8, other: &[u8; PLACES], second: u8) -> u32 {
        // SAFETY: SSE2 belongs to the architecture, so that each CPU of this kind has it.
        unsafe { with_sse2(one, first, other, second) }
    }

    #[target_feature(enable = "sse2")]
    fn with_sse2(one: &[u8; PLACES], first: u8, other: &[u8; PLACES], second: u8) -> u32 {
        let (first, second) = (_mm_set1_epi8(first.cast_signed()), _mm_set1_epi8(second.cast_signed()));
        let half = |one: &[u8; 16], other: &[u8; 16]| {
            let here = _mm_cmpeq_epi8(load(one), first);
            let there = _mm_cmpeq_epi8(load(other), second);
            _mm_movemask_epi8(_mm_and_si128(here, there)) as u32
        };
        match (one.as_chunks().0, other.as_chunks().0) {
            ([low, high], [other_low, other_high]) => half(low, other_low) | half(high, other_high) << 16,
            // Twice sixteen are all.
            _ => u32::MAX,
        }
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

    pub(super) fn both(one: &[u8; PLACES], first: u8, other: &[u8; PLACES], second: u8) -> u32 {
        let bytes = one.iter().zip(other).enumerate();
        bytes.fold(0, |found, (at, (one, other))| {
            found | u32::from(*one == first && *other == second) << at
        })
    }
}

/// Roughly how often a byte stands in the lines of logs.
fn frequency(byte: u8) -> u8 {
    match byte {
        b'Q' | b'Z' | b'J' | b'Y' | b'_' | b'@' | b'<' | b'>' | b'|' | b'#' | b'~' => 0,
        b'X' | b'B' | b'U' | b'F' | b'V' | b'D' | b'O' | b'R' | 128.. => 1,
        b'A'..=b'Z' | b'{' | b'}' | b'(' | b')' | b'[' | b']' | b';' | b'=' => 2,
        b'j' | b'q' | b'x' | b'z' | b'v' | b'k' | b'w' => 3,
        b'y' | b'b' | b'f' | b'p' | b'g' | b'h' | b'm' | b'u' => 4,
        b'a'..=b'z' => 5,
        _ => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_last_place_is_that_of_a_plain_search(
            needle in "[abZ]{1,4}", before in "[abZ]{0,70}", text in "[abZ]{0,70}", after in "[abZ]{0,70}",
        ) {
            let all = format!("{before}{text}{after}");
            let (start, end) = (before.len(), before.len() + text.len());
            let found = Needle::new(needle.clone().into_bytes()).rfind(all.as_bytes(), start, end);
            prop_assert_eq!(found, text.rfind(&needle).map(|at| start + at));
        }

        #[test]
        fn a_long_needle_is_found_near_and_far(
            (needle, text) in ("[aZ]{6,20}", "[aZ]{0,60}").prop_flat_map(|(needle, text)| {
                let all = needle.len();
                (Just(needle), Just(text), prop::collection::vec((0..=all, "[aZ]{0,50}"), 0..4))
            }).prop_map(|(needle, mut text, parts)| {
                for (length, filling) in parts {
                    text += &needle[..length];
                    text += &needle[needle.len() - length..];
                    text += &filling;
                }
                (needle, text)
            }),
            start in 0_usize..40,
            less in 0_usize..40,
        ) {
            let end = text.len().saturating_sub(less);
            let start = start.min(end);
            let found = Needle::new(needle.clone().into_bytes()).rfind(text.as_bytes(), start, end);
            prop_assert_eq!(found, text[start..end].rfind(&needle).map(|at| start + at));
        }
    }
}
