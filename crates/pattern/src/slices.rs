//! Searches for literals that a very long line cannot make endless: slice by slice, as long as the line has time.
//!
//! A search for a literal is quick on nearly all texts, but not on one that is made of its rare bytes.
use memchr::memmem::Finder;

use crate::budget;

/// Bytes between two looks at the clock.
pub(crate) const SLICE: usize = 32 << 10;

/// The line has no time left for the search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoTime;

/// This place of a text, or the end of the character in whose midst it is; at most the text's end.
pub(crate) fn border(text: &str, at: usize) -> usize {
    let ends = (at..text.len()).find(|&at| text.is_char_boundary(at));
    ends.unwrap_or(text.len())
}

/// Where the literal stands first.
#[inline]
pub fn find(literal: &Finder<'_>, text: &[u8]) -> Result<Option<usize>, NoTime> {
    if !budget::is_very_long(text.len()) {
        return Ok(literal.find(text));
    }
    find_in_slices(literal, text)
}

#[cold]
fn find_in_slices(literal: &Finder<'_>, text: &[u8]) -> Result<Option<usize>, NoTime> {
    let more = literal.needle().len().saturating_sub(1);
    for from in (0..text.len()).step_by(SLICE) {
        if !budget::has_time() {
            return Err(NoTime);
        }
        let end = text.len().min(from + SLICE + more);
        if let Some(at) = text.get(from..end).and_then(|slice| literal.find(slice)) {
            return Ok(Some(from + at));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_literal_is_found_on_whatever_side_of_a_border_it_stands(at in 0..20_usize, slice in 1..4_usize, long in any::<bool>()) {
            let literal = if long { "from: x from: y" } else { "f" };
            let mut text = "-".repeat(4 * SLICE);
            prop_assert_eq!(find(&Finder::new(literal), text.as_bytes()), Ok(None));
            let at = slice * SLICE - at;
            text.replace_range(at..(at + literal.len()).min(text.len()), literal);
            prop_assert_eq!(find(&Finder::new(literal), text.as_bytes()), Ok(text.find(literal)));
        }
    }
}
