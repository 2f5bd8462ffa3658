//! Texts that are the same but for digits that tell nothing, such as those of a fraction: told by one comparison.

use std::ops::Range;

/// Longer texts are not kept.
const LONGEST: usize = 64;
/// So many bytes are compared together.
const LANES: usize = 16;

/// A text, and where in it any digit stands for any other.
#[derive(Debug, Clone)]
pub struct Alike {
    text: [u8; LONGEST],
    /// All bits are set where the byte itself counts …
    same: [u8; LONGEST],
    /// … and where any digit will do. Behind the text neither is.
    digit: [u8; LONGEST],
    length: usize,
}

impl Alike {
    /// Keeps a text with digits in these places; nothing if it is empty, too long, or has something else there.
    pub fn new(text: &[u8], digits: &[Range<usize>]) -> Option<Alike> {
        let mut alike = Alike {
            text: [0; LONGEST],
            same: [0; LONGEST],
            digit: [0; LONGEST],
            length: text.len(),
        };
        alike.text.get_mut(..text.len())?.copy_from_slice(text);
        alike.same.get_mut(..text.len())?.fill(u8::MAX);
        for run in digits {
            if !text.get(run.clone())?.iter().all(u8::is_ascii_digit) {
                return None;
            }
            alike.same.get_mut(run.clone())?.fill(0);
            alike.digit.get_mut(run.clone())?.fill(u8::MAX);
        }
        (!text.is_empty()).then_some(alike)
    }

    /// Whether this begins with such a text.
    #[inline]
    pub fn begins(&self, text: &[u8]) -> bool {
        match text.first_chunk() {
            Some(here) => self.is_like(here),
            None if text.len() < self.length => false,
            None => {
                let mut here = [0; LONGEST];
                here.iter_mut().zip(text).for_each(|(here, byte)| *here = *byte);
                self.is_like(&here)
            }
        }
    }

    /// Without a branch, and in pieces for which a machine has one instruction.
    #[inline]
    fn is_like(&self, here: &[u8; LONGEST]) -> bool {
        let mut other = [0; LANES];
        let kept = (self.text.as_chunks().0.iter()).zip(self.same.as_chunks().0.iter().zip(self.digit.as_chunks().0));
        for (here, (text, (same, digit))) in here.as_chunks().0.iter().zip(kept) {
            let unlike = unlike(here, text, same, digit);
            for (other, unlike) in other.iter_mut().zip(unlike) {
                *other |= unlike;
            }
        }
        u128::from_ne_bytes(other) == 0
    }
}

/// Which of these bytes are neither the same, where the byte itself counts, nor a digit, where any will do.
#[inline]
fn unlike(here: &[u8; LANES], text: &[u8; LANES], same: &[u8; LANES], digit: &[u8; LANES]) -> [u8; LANES] {
    std::array::from_fn(|at| {
        let no_digit = if here[at].wrapping_sub(b'0') > 9 { u8::MAX } else { 0 };
        ((here[at] ^ text[at]) & same[at]) | (no_digit & digit[at])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn alike(text: &[u8], digits: Range<usize>) -> Option<Alike> {
        Alike::new(text, std::slice::from_ref(&digits))
    }

    #[test]
    fn what_is_too_long_or_no_digit_is_not_kept() {
        assert!(alike(&[b'1'; LONGEST], 0..LONGEST).is_some());
        assert!(alike(&[b'1'; LONGEST + 1], 0..0).is_none());
        assert!(alike(b"12a", 1..3).is_none());
        assert!(alike(b"12", 1..3).is_none());
        assert!(alike(b"", 0..0).is_none());
    }

    proptest! {
        #[test]
        fn only_digits_in_their_places_may_differ(
            text in "[0-9a]{1,70}", from in 0_usize..70, length in 0_usize..9,
            edits in prop::collection::vec((0_usize..70, "[0-9a/:]"), 0..3), tail in "[0-9a]{0,70}", cut in 0_usize..3,
        ) {
            let run = from.min(text.len())..(from + length).min(text.len());
            let alike = alike(text.as_bytes(), run.clone());
            let kept = text.len() <= LONGEST && text[run.clone()].bytes().all(|byte| byte.is_ascii_digit());
            prop_assert_eq!(alike.is_some(), kept);
            let mut other = text.clone() + &tail;
            for (at, new) in edits.iter().filter(|(at, _)| *at < other.len()).cloned().collect::<Vec<_>>() {
                other.replace_range(at..=at, &new);
            }
            other.truncate(other.len() - cut.min(other.len()));
            let same = |(at, (one, other)): (usize, (u8, u8))| match run.contains(&at) {
                true => other.is_ascii_digit(),
                false => one == other,
            };
            let expected = other.len() >= text.len() && text.bytes().zip(other.bytes()).enumerate().all(same);
            prop_assert_eq!(alike.is_some_and(|alike| alike.begins(other.as_bytes())), kept && expected);
        }
    }
}
