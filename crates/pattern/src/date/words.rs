//! Word borders, in text that is looked at byte by byte.

/// Whether a place lies between two characters of one word.
pub(super) fn in_word(text: &[u8], at: usize) -> bool {
    at > 0 && text.get(at - 1).copied().is_some_and(is_word) && text.get(at).copied().is_some_and(is_word)
}

/// Whether a character beyond ASCII stands on either side: then only an expression can tell.
pub(super) fn beside_non_ascii(text: &[u8], at: usize) -> bool {
    let non_ascii = |n: usize| text.get(n).is_some_and(|b| !b.is_ascii());
    non_ascii(at) || (at > 0 && non_ascii(at - 1))
}

/// Whether an ASCII character belongs to words.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// What `\s` takes of ASCII, as Python sees it.
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, 9..=13 | 28..=32)
}
