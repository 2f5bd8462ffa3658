//! Whether a line is ASCII throughout: most are, and much is simpler then.

/// The bytes as text, if there is nothing but ASCII.
#[inline]
pub fn as_ascii(text: &[u8]) -> Option<&str> {
    #[allow(
        unsafe_code,
        reason = "to look through it once more as UTF-8 would take longer than the first look"
    )]
    // SAFETY: what is ASCII is UTF-8.
    is_ascii(text).then(|| unsafe { std::str::from_utf8_unchecked(text) })
}

/// Whether there is nothing but ASCII.
#[inline]
pub(crate) fn is_ascii(text: &[u8]) -> bool {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        #[allow(unsafe_code, reason = "a function of the CPU's vector unit can only be called so")]
        // SAFETY: it is there.
        return unsafe { is_ascii_avx2(text) };
    }
    is_plain(text)
}

/// The same code, of which the compiler makes instructions that look at more at once.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn is_ascii_avx2(text: &[u8]) -> bool {
    is_plain(text)
}

/// Lines are short: the standard library's looks at each byte of the last piece by itself, this one at the last bytes
/// together, some of them again.
#[inline(always)]
fn is_plain(text: &[u8]) -> bool {
    const PIECE: usize = 128;
    const LAST: usize = 32;
    let (pieces, rest) = text.as_chunks::<PIECE>();
    let (small, _) = rest.as_chunks::<LAST>();
    match text.last_chunk::<LAST>() {
        Some(last) => pieces.iter().all(is_piece_plain) && small.iter().all(is_piece_plain) && is_piece_plain(last),
        None => text.is_ascii(),
    }
}

#[inline(always)]
fn is_piece_plain<const LENGTH: usize>(piece: &[u8; LENGTH]) -> bool {
    piece.iter().fold(0, |all, byte| all | byte) < 128
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_byte_beyond_ascii_is_seen_wherever_it_stands() {
        for length in 0..300 {
            let mut text = vec![b'a'; length];
            assert!(is_ascii(&text) && is_plain(&text));
            assert_eq!(as_ascii(&text).map(str::len), Some(length));
            for at in 0..length {
                text[at] = 128;
                assert!(!is_ascii(&text) && !is_plain(&text), "{at} of {length}");
                assert_eq!(as_ascii(&text), None);
                text[at] = b'a';
            }
        }
    }
}
