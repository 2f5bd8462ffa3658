//! Whether a line is ASCII throughout: most are, and much is simpler then.

/// Whether there is nothing but ASCII. Lines are short: the standard library's looks at each byte of the last piece by
/// itself, this one at the last bytes together, some of them again.
pub(crate) fn is_ascii(text: &[u8]) -> bool {
    const PIECE: usize = 32;
    let is_plain = |piece: &[u8; PIECE]| piece.iter().fold(0, |all, byte| all | byte) < 128;
    match (text.as_chunks::<PIECE>(), text.last_chunk::<PIECE>()) {
        ((pieces, _), Some(last)) => pieces.iter().all(is_plain) && is_plain(last),
        _ => text.is_ascii(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_byte_beyond_ascii_is_seen_wherever_it_stands() {
        for length in 0..100 {
            let mut text = vec![b'a'; length];
            assert!(is_ascii(&text));
            for at in 0..length {
                text[at] = 128;
                assert!(!is_ascii(&text), "{at} of {length}");
                text[at] = b'a';
            }
        }
    }
}
