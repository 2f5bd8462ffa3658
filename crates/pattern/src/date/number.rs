//! Dates that are a single number at the very beginning of a line: seconds since 1970, and TAI64N labels.
//!
//! Nearly all of them stand there, so that their expressions, which are slow to compile, are mostly not needed.
use super::words::{beside_non_ascii, in_word};
use super::{FieldSpan, Match, Spans};

/// Digits of seconds since 1970.
const SECONDS: std::ops::RangeInclusive<usize> = 10..=11;
/// Digits of their fraction.
const FRACTION: std::ops::RangeInclusive<usize> = 3..=6;
/// More are none of these.
const MOST_DIGITS: usize = 12;
/// Digits of a label.
const LABEL: usize = 24;

/// Seconds since 1970 that a line begins with, perhaps with a fraction or in brackets; nothing also where only the
/// expression can tell.
pub(super) fn epoch(line: &[u8]) -> Option<Match> {
    // Of a longer run it is enough to know that it is longer.
    let digits = |text: &[u8]| {
        text.iter()
            .take(MOST_DIGITS)
            .take_while(|byte| byte.is_ascii_digit())
            .count()
    };
    let start = usize::from(line.first() == Some(&b'['));
    let text = line.get(start..)?;
    let seconds = digits(text);
    if !SECONDS.contains(&seconds) || !ends_word(text, seconds)? {
        return None;
    }
    let fraction = match text.get(seconds) {
        Some(b'.') => digits(text.get(seconds + 1..)?),
        _ => 0,
    };
    let with_fraction = seconds + 1 + fraction;
    match FRACTION.contains(&fraction) && ends_word(text, with_fraction)? {
        true => whole(start, start + with_fraction),
        false => whole(start, start + seconds),
    }
}

/// A TAI64N label that a line begins with; nothing also where only the expression can tell.
pub(super) fn label(text: &[u8]) -> Option<Match> {
    let (digits, _) = text.strip_prefix(b"@")?.split_at_checked(LABEL)?;
    let are_hexadecimal = digits.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    match are_hexadecimal && ends_word(text, 1 + LABEL)? {
        true => whole(0, 1 + LABEL),
        false => None,
    }
}

/// Whether the word ends here; nothing where that is not told by ASCII.
fn ends_word(text: &[u8], at: usize) -> Option<bool> {
    (!beside_non_ascii(text, at)).then(|| !in_word(text, at))
}

/// What is found includes what stands before the number.
fn whole(start: usize, end: usize) -> Option<Match> {
    let mut fields = Spans::default();
    *fields.first_mut()? = FieldSpan::new(start, end);
    Some(Match {
        start: 0,
        end,
        cut: (start, end),
        fields,
    })
}
