//! A literal that is searched for from the right.

/// A literal, and by which of its bytes it is found.
#[derive(Debug)]
pub(super) struct Needle {
    pub text: Vec<u8>,
    /// Place in the literal of the byte that lines have least of.
    rarest: usize,
    /// The first bytes, where there are as many.
    head: Option<[u8; WORD]>,
}

/// So many bytes are compared at once.
const WORD: usize = 8;
/// So far from the right a literal is looked for place by place: that is where most stand, and a search for one byte
/// takes longer to begin.
const NEAR: usize = 32;

impl Needle {
    /// `text` must not be empty to be found.
    pub fn new(text: Vec<u8>) -> Needle {
        let rarest = (0..text.len())
            .min_by_key(|&at| frequency(text[at]))
            .unwrap_or_default();
        let head = text.first_chunk().copied();
        Needle { text, rarest, head }
    }

    /// Where it last stands in the text.
    pub fn rfind(&self, text: &[u8]) -> Option<usize> {
        let last = text.len().checked_sub(self.text.len())?;
        let Some(head) = self.head else {
            return self.rfind_byte(text);
        };
        let from = last.saturating_sub(NEAR - 1);
        let heads = text.get(from..last + WORD)?.windows(WORD);
        for (at, window) in heads.enumerate().rev() {
            if window == head && self.stands_at(text, from + at) {
                return Some(from + at);
            }
        }
        // One byte less than what would hold it at the nearest of the places tried.
        self.rfind_byte(text.get(..(from + self.text.len()).checked_sub(1)?)?)
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
        fn the_last_place_is_that_of_a_plain_search(needle in "[abZ]{1,4}", text in "[abZ]{0,40}") {
            let found = Needle::new(needle.clone().into_bytes()).rfind(text.as_bytes());
            prop_assert_eq!(found, text.rfind(&needle));
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
        ) {
            let found = Needle::new(needle.clone().into_bytes()).rfind(text.as_bytes());
            prop_assert_eq!(found, text.rfind(&needle));
        }
    }
}
