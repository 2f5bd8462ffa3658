//! A literal that is searched for from the right.

/// A literal, and by which of its bytes it is found.
#[derive(Debug)]
pub(super) struct Needle {
    pub text: Vec<u8>,
    /// The byte that lines have least of.
    rarest: Sought,
    /// Another one, or again this one if there is no other.
    second: Sought,
    ends: Ends,
    /// The least distance between two places where it can stand.
    apart: usize,
}

/// A byte of a literal.
#[derive(Debug, Clone, Copy, Default)]
struct Sought {
    /// It, again and again.
    many: [u8; LANES],
    /// Its place in the literal.
    place: usize,
}

/// How a literal begins and ends, to be compared without a call.
#[derive(Debug, Clone, Copy)]
enum Ends {
    /// Both are all of it, or more.
    Long([u8; LONG], [u8; LONG]),
    Short([u8; SHORT], [u8; SHORT]),
    /// It has too few bytes, or too many.
    None,
}

const LONG: usize = 16;
const SHORT: usize = 8;
/// So many places are looked at together.
const PLACES: usize = 32;
/// So many of them by one instruction.
const LANES: usize = 16;

impl Needle {
    /// `text` must not be empty to be found.
    pub fn new(text: Vec<u8>) -> Needle {
        let mut bytes: Vec<Sought> = text
            .iter()
            .zip(0..)
            .map(|(&byte, place)| Sought {
                many: [byte; LANES],
                place,
            })
            .collect();
        bytes.sort_by_key(|sought| frequency(sought.many[0]));
        let rarest = bytes.first().copied().unwrap_or_default();
        let second = bytes.iter().copied().find(|sought| sought.many != rarest.many);
        Needle {
            rarest,
            second: second.unwrap_or(rarest),
            ends: Ends::of(&text),
            apart: (1..text.len())
                .find(|&by| text.starts_with(&text[by..]))
                .unwrap_or(text.len()),
            text,
        }
    }

    /// Where it last stands in this part of the text, if that is so far before its end and cannot be any later.
    #[inline]
    pub fn stands_before(&self, text: &[u8], start: usize, end: usize, distance: u8) -> Option<usize> {
        let distance = usize::from(distance);
        let at = end.checked_sub(distance + self.text.len())?;
        (distance < self.apart && at >= start && self.stands_at(text, at)).then_some(at)
    }

    /// Where it last stands in this part of the text.
    #[inline]
    pub fn rfind(&self, text: &[u8], start: usize, end: usize) -> Option<usize> {
        let last = end.checked_sub(self.text.len())?;
        if last < start {
            return None;
        }
        // Mostly the last of the places nearest to the right at which its bytes stand.
        let from = (last + 1).saturating_sub(PLACES);
        let mut next = last;
        if let Some(found) = self.candidates(text, from, last) {
            match found.checked_ilog2() {
                Some(bit) if from + bit as usize >= start && self.stands_at(text, from + bit as usize) => {
                    return Some(from + bit as usize);
                }
                None if from > start => next = from - 1,
                _ => {}
            }
        }
        self.rfind_from(text, start, next)
    }

    /// Where it last stands at this place or before it.
    #[inline(never)]
    fn rfind_from(&self, text: &[u8], start: usize, mut last: usize) -> Option<usize> {
        loop {
            let from = (last + 1).saturating_sub(PLACES);
            if let Some(at) = self.stands_last(text, from, last) {
                return (at >= start).then_some(at);
            }
            if from == 0 {
                // There the text may be too short for what looks at many places.
                return self.rfind_byte(text, start, last + self.text.len());
            }
            if from <= start {
                return None;
            }
            last = from - 1;
        }
    }

    /// The last of these places, at most so many, at which it stands; nothing also where the text is too short to tell.
    #[inline]
    fn stands_last(&self, text: &[u8], from: usize, last: usize) -> Option<usize> {
        let mut found = self.candidates(text, from, last)?;
        while let Some(bit) = found.checked_ilog2() {
            let at = from + bit as usize;
            if self.stands_at(text, at) {
                return Some(at);
            }
            found &= !(1 << bit);
        }
        None
    }

    /// At which of these places, at most so many, its two bytes stand, a bit for each; nothing where the text is too
    /// short to tell.
    #[inline]
    fn candidates(&self, text: &[u8], from: usize, last: usize) -> Option<u32> {
        let one = text.get(from + self.rarest.place..)?.first_chunk()?;
        let other = text.get(from + self.second.place..)?.first_chunk()?;
        let both = vector::both(one, &self.rarest.many, other, &self.second.many);
        Some(both & (u32::MAX >> (from + PLACES - 1 - last)))
    }

    fn rfind_byte(&self, text: &[u8], start: usize, end: usize) -> Option<usize> {
        let Sought {
            many: [byte, ..],
            place,
        } = self.rarest;
        let mut end = end.checked_sub(self.text.len())? + place + 1;
        loop {
            end = memchr::memrchr(byte, text.get(..end)?)?;
            let at = end.checked_sub(place).filter(|&at| at >= start)?;
            if self.stands_at(text, at) {
                return Some(at);
            }
        }
    }

    /// Whether it stands there.
    #[inline]
    pub fn stands_at(&self, text: &[u8], at: usize) -> bool {
        let Some(here) = text.get(at..at + self.text.len()) else {
            return false;
        };
        match &self.ends {
            Ends::Long(first, last) => here.first_chunk() == Some(first) && here.last_chunk() == Some(last),
            Ends::Short(first, last) => here.first_chunk() == Some(first) && here.last_chunk() == Some(last),
            Ends::None => self.is(here),
        }
    }

    #[cold]
    #[inline(never)]
    fn is(&self, here: &[u8]) -> bool {
        here == self.text
    }
}

impl Ends {
    fn of(text: &[u8]) -> Ends {
        if let (Some(first), Some(last), true) = (text.first_chunk(), text.last_chunk(), text.len() <= 2 * LONG) {
            return Ends::Long(*first, *last);
        }
        match (text.first_chunk(), text.last_chunk(), text.len() <= 2 * SHORT) {
            (Some(first), Some(last), true) => Ends::Short(*first, *last),
            _ => Ends::None,
        }
    }
}

/// Comparing many bytes at once, with instructions that every machine of this kind has.
#[cfg(target_arch = "x86_64")]
mod vector {
    use super::{LANES, PLACES};
    use std::arch::x86_64::{__m128i, _mm_and_si128, _mm_cmpeq_epi8, _mm_movemask_epi8, _mm_set_epi64x};

    /// At which places `one` has the first byte and `other` the second.
    #[allow(unsafe_code, reason = "a function of the CPU's vector unit can only be called so")]
    #[inline]
    pub(super) fn both(one: &[u8; PLACES], first: &[u8; LANES], other: &[u8; PLACES], second: &[u8; LANES]) -> u32 {
        // SAFETY: SSE2 belongs to the architecture, so that each CPU of this kind has it.
        unsafe { with_sse2(one, first, other, second) }
    }

    #[target_feature(enable = "sse2")]
    fn with_sse2(one: &[u8; PLACES], first: &[u8; LANES], other: &[u8; PLACES], second: &[u8; LANES]) -> u32 {
        let (first, second) = (load(first), load(second));
        let half = |one: &[u8; LANES], other: &[u8; LANES]| {
            let here = _mm_cmpeq_epi8(load(one), first);
            let there = _mm_cmpeq_epi8(load(other), second);
            _mm_movemask_epi8(_mm_and_si128(here, there)) as u32
        };
        match (one.as_chunks().0, other.as_chunks().0) {
            ([low, high], [other_low, other_high]) => half(low, other_low) | half(high, other_high) << LANES,
            // Two halves are all.
            _ => u32::MAX,
        }
    }

    /// The compiler makes one load of it.
    #[target_feature(enable = "sse2")]
    fn load(bytes: &[u8; LANES]) -> __m128i {
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
    use super::{LANES, PLACES};

    pub(super) fn both(one: &[u8; PLACES], first: &[u8; LANES], other: &[u8; PLACES], second: &[u8; LANES]) -> u32 {
        let bytes = one.iter().zip(other).enumerate();
        bytes.fold(0, |found, (at, (one, other))| {
            found | u32::from(*one == first[0] && *other == second[0]) << at
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
            let last = text.rfind(&needle).map(|at| start + at);
            prop_assert_eq!(found, last);
            let sought = Needle::new(needle.clone().into_bytes());
            for distance in 0..80 {
                let stands = sought.stands_before(all.as_bytes(), start, end, distance);
                let is_there = last.is_some_and(|at| at + needle.len() + usize::from(distance) == end);
                let tells = is_there && usize::from(distance) < sought.apart;
                prop_assert_eq!(stands, last.filter(|_| tells));
            }
        }

        #[test]
        fn a_long_needle_is_found_near_and_far(
            (needle, text) in ("[aZ]{6,40}", "[aZ]{0,60}").prop_flat_map(|(needle, text)| {
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
