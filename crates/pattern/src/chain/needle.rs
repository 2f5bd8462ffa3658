//! A literal that is searched for from the right.

use super::marks::Marks;
use std::cmp::Reverse;

/// A literal, and by which of its bytes it is found.
#[derive(Debug)]
pub(super) struct Needle {
    pub text: Vec<u8>,
    /// The byte that lines have least of, and its place in the literal.
    rarest: (u8, usize),
    /// Where in the literal the byte stands last whose places may be marked, if it holds that.
    marked: Option<usize>,
    ends: Ends,
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

impl Needle {
    /// `text` must not be empty to be found.
    pub fn new(text: Vec<u8>) -> Needle {
        let bytes = text.iter().copied().zip(0..);
        Needle {
            rarest: bytes.min_by_key(|&(byte, _)| frequency(byte)).unwrap_or_default(),
            marked: None,
            ends: Ends::of(&text),
            text,
        }
    }

    /// Gets ready for texts in which this byte is marked.
    pub fn find_by(&mut self, byte: u8) {
        self.marked = memchr::memrchr(byte, &self.text);
    }

    /// Where it last stands in this part of the text, whose marks are of the byte that it is found by.
    #[inline]
    pub fn rfind(&self, text: &[u8], marks: Option<&Marks>, start: usize, end: usize) -> Option<usize> {
        let (Some(marks), Some(place)) = (marks, self.marked) else {
            return self.rfind_byte(text, start, end);
        };
        let mut last = end.checked_sub(self.text.len())? + place;
        loop {
            let at = marks.last_until(last)?.checked_sub(place)?;
            if at < start {
                return None;
            }
            if self.stands_at(text, at) {
                return Some(at);
            }
            last = (at + place).checked_sub(1)?;
        }
    }

    #[inline(never)]
    fn rfind_byte(&self, text: &[u8], start: usize, end: usize) -> Option<usize> {
        let (byte, place) = self.rarest;
        let mut end = end.checked_sub(self.text.len())? + place + 1;
        loop {
            end = memchr::memrchr(byte, text.get(..end)?)?;
            let at = end.checked_sub(place).filter(|&at| at >= start)?;
            if self.stands_at(text, at) {
                return Some(at);
            }
        }
    }

    #[inline]
    fn stands_at(&self, text: &[u8], at: usize) -> bool {
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

/// The byte that is in most of these literals, the rarest if there are several; nothing where each is in one only.
pub(super) fn common_byte<'n>(needles: impl Iterator<Item = &'n Needle>) -> Option<u8> {
    let mut held = [0_usize; 256];
    for needle in needles {
        let mut bytes = needle.text.clone();
        bytes.sort_unstable();
        bytes.dedup();
        bytes.into_iter().for_each(|byte| held[usize::from(byte)] += 1);
    }
    let bytes = (0..=u8::MAX).zip(held).filter(|&(_, held)| held > 1);
    let best = bytes.max_by_key(|&(byte, held)| (held, Reverse(frequency(byte))));
    best.map(|(byte, _)| byte)
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

    /// Where the needle last stands in the part, by marks of its last byte and without.
    fn found(needle: &str, text: &str, start: usize, end: usize) -> [Option<usize>; 2] {
        let mut needle = Needle::new(needle.to_owned().into_bytes());
        let last = needle.text.last().copied().unwrap_or_default();
        needle.find_by(last);
        let marks = Marks::of(last, text.as_bytes());
        assert!(marks.is_some());
        [None, marks.as_ref()].map(|marks| needle.rfind(text.as_bytes(), marks, start, end))
    }

    proptest! {
        #[test]
        fn the_last_place_is_that_of_a_plain_search(
            needle in "[abZ]{1,4}", before in "[abZ]{0,70}", text in "[abZ]{0,70}", after in "[abZ]{0,70}",
        ) {
            let all = format!("{before}{text}{after}");
            let (start, end) = (before.len(), before.len() + text.len());
            let expected = text.rfind(&needle).map(|at| start + at);
            prop_assert_eq!(found(&needle, &all, start, end), [expected; 2]);
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
            let expected = text[start..end].rfind(&needle).map(|at| start + at);
            prop_assert_eq!(found(&needle, &text, start, end), [expected; 2]);
        }
    }

    #[test]
    fn a_byte_that_most_share_is_chosen_and_the_rarest_of_several() {
        let common = |texts: &[&str]| {
            let needles: Vec<Needle> = texts.iter().map(|text| Needle::new((*text).into())).collect();
            common_byte(needles.iter())
        };
        assert_eq!(common(&["\",\"Ab\":", ",", "\",\"bA\":"]), Some(b','));
        assert_eq!(common(&["\"Ab\":", ",", "\"bA\":"]), Some(b'A'));
        assert_eq!(common(&["ab", "c"]), None);
        assert_eq!(common(&[]), None);
    }

    #[test]
    fn texts_that_are_too_long_have_no_marks() {
        assert!(Marks::of(b'a', &[b'a'; 8192]).is_some_and(|marks| marks.last_until(8191) == Some(8191)));
        assert!(Marks::of(b'a', &[b'a'; 8193]).is_none());
    }
}
