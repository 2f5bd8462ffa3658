//! A literal that is searched for from the right.

/// A literal, and by which of its bytes it is found.
#[derive(Debug)]
pub(super) struct Needle {
    pub text: Vec<u8>,
    /// Place in the literal of the byte that lines have least of.
    rarest: usize,
}

impl Needle {
    /// `text` must not be empty to be found.
    pub fn new(text: Vec<u8>) -> Needle {
        let rarest = (0..text.len())
            .min_by_key(|&at| frequency(text[at]))
            .unwrap_or_default();
        Needle { text, rarest }
    }

    /// Where it last stands in the text. Distances in a line are short: a search for one byte has no set-up.
    pub fn rfind(&self, text: &[u8]) -> Option<usize> {
        let byte = *self.text.get(self.rarest)?;
        let mut end = text.len().checked_sub(self.text.len())? + self.rarest + 1;
        loop {
            end = memchr::memrchr(byte, text.get(..end)?)?;
            let start = end.checked_sub(self.rarest)?;
            if text.get(start..)?.starts_with(&self.text) {
                return Some(start);
            }
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
    }
}
