//! Numbers as Python's `int` reads them: any script's decimal digits, since `\d` matches them too.

/// The number, or nothing if the text is none or too large for a date.
pub(super) fn number(text: &str) -> Option<i64> {
    if let Some(value) = short_number(text.as_bytes()) {
        return Some(value);
    }
    let text = text.trim();
    let (negative, text) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let mut value: i64 = 0;
    let mut after_digit = false;
    for c in text.chars() {
        if c == '_' && after_digit {
            after_digit = false;
            continue;
        }
        value = value.checked_mul(10)?.checked_add(i64::from(digit(c)?))?;
        after_digit = true;
    }
    after_digit.then_some(if negative { -value } else { value })
}

/// What fields nearly always are: one, two or four ASCII digits.
pub(super) fn short_number(text: &[u8]) -> Option<i64> {
    let two = |a: u8, b: u8| {
        let (a, b) = (a.wrapping_sub(b'0'), b.wrapping_sub(b'0'));
        (a < 10 && b < 10).then(|| i64::from(a * 10 + b))
    };
    match *text {
        [a] => two(b'0', a),
        [a, b] => two(a, b),
        [a, b, c, d] => Some(two(a, b)? * 100 + two(c, d)?),
        _ => None,
    }
}

/// The value of a decimal digit of any script.
pub(super) fn digit(c: char) -> Option<u32> {
    if c.is_ascii() {
        return c.to_digit(10);
    }
    let code = u32::from(c);
    let after = ZEROS.partition_point(|&zero| zero <= code);
    let zero = ZEROS.get(after.checked_sub(1)?)?;
    Some(code - zero).filter(|&value| value < 10)
}

/// Code points of the zeros of all scripts with decimal digits (general category Nd, Unicode 15), beyond ASCII.
const ZEROS: &[u32] = &[
    0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0, 0xf20,
    0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0,
    0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x10d30, 0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0,
    0x11450, 0x114d0, 0x11650, 0x116c0, 0x11730, 0x118e0, 0x11950, 0x11c50, 0x11d50, 0x11da0, 0x11f50, 0x16a60,
    0x16ac0, 0x16b50, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e4f0, 0x1e950, 0x1fbf0,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_any_script() {
        assert_eq!(number("2026"), Some(2026));
        assert_eq!(number(" 7"), Some(7));
        assert_eq!(number("٢٠٢٦"), Some(2026));
        assert_eq!(number("１2"), Some(12));
        for none in ["", " ", "-", "1_", "_1", "1__2", "½", "99999999999999999999"] {
            assert_eq!(number(none), None, "{none}");
        }
    }
}
