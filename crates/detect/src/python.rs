//! How Python writes text as a literal: ids made of several parts are told apart and stored in that form. And what it
//! takes for a number, where a log has one that is shown.

/// The text as Python's `repr` writes it: in single quotes unless only double quotes spare an escape.
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    push_quoted(&mut out, text);
    out
}

/// Appends the text as [`quote`] writes it.
pub fn push_quoted(out: &mut String, text: &str) {
    // Without an end in the middle of the text, so that many bytes are looked at together.
    let is_odd = |byte: u8| !matches!(byte, b' '..=b'~') | (byte == b'\'') | (byte == b'\\');
    let odd = text.bytes().fold(false, |odd, byte| odd | is_odd(byte));
    match odd {
        true => push_escaped(out, text),
        false => {
            out.reserve(text.len() + 2);
            out.push('\'');
            out.push_str(text);
            out.push('\'');
        }
    }
}

fn push_escaped(out: &mut String, text: &str) {
    let has = |mark: u8| memchr::memchr(mark, text.as_bytes()).is_some();
    let mark = if has(b'\'') && !has(b'"') { '"' } else { '\'' };
    out.push(mark);
    // Most of a text is written as it is.
    let is_plain = |&byte: &u8| matches!(byte, b' '..=b'~') && byte != b'\\' && char::from(byte) != mark;
    let mut rest = text;
    loop {
        let plain = rest.bytes().take_while(is_plain).count();
        let (before, behind) = rest.split_at(plain);
        out.push_str(before);
        let mut chars = behind.chars();
        let Some(c) = chars.next() else {
            break;
        };
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == mark => {
                out.push('\\');
                out.push(c);
            }
            c if printable(c) => out.push(c),
            c => push_escape(out, u32::from(c)),
        }
        rest = chars.as_str();
    }
    out.push(mark);
}

fn push_escape(out: &mut String, code: u32) {
    let text = match code {
        0..=0xff => format!("\\x{code:02x}"),
        0x100..=0xffff => format!("\\u{code:04x}"),
        _ => format!("\\U{code:08x}"),
    };
    out.push_str(&text);
}

/// Whether Python shows the character itself; the standard library's own escaping rests on the same categories.
fn printable(c: char) -> bool {
    if c.is_ascii() {
        return !c.is_ascii_control();
    }
    // Behind another character, so that combining marks are not escaped for standing alone.
    let mut pair = String::from("a");
    pair.push(c);
    pair.escape_debug().nth(1) == Some(c)
}

/// Bytes as Python's `repr` writes them: `b'...'`.
pub(crate) fn quote_bytes(bytes: &[u8]) -> String {
    let mark = if bytes.contains(&b'\'') && !bytes.contains(&b'"') {
        '"'
    } else {
        '\''
    };
    let mut out = format!("b{mark}");
    for &byte in bytes {
        match byte {
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            byte if char::from(byte) == mark => {
                out.push('\\');
                out.push(mark);
            }
            b' '..=b'~' => out.push(char::from(byte)),
            byte => push_escape(&mut out, u32::from(byte)),
        }
    }
    out.push(mark);
    out
}

/// What `int(bytes)` makes of it, as it is printed; any number of digits up to the limit that Python has.
pub(crate) fn integer(bytes: &[u8]) -> Option<String> {
    const MOST_DIGITS: usize = 4300;
    let (negative, digits) = sign(bytes)?;
    let digits = without_underscores(digits, |byte| byte.is_ascii_digit())?;
    if digits.len() > MOST_DIGITS {
        return None;
    }
    let digits = digits.trim_start_matches('0');
    Some(match digits {
        "" => "0".to_owned(),
        digits if negative => format!("-{digits}"),
        digits => digits.to_owned(),
    })
}

/// What `int(bytes, 0)` makes of a number with a prefix (`0x1f`).
pub(crate) fn prefixed_integer(bytes: &[u8]) -> Option<String> {
    let (negative, rest) = sign(bytes)?;
    let (prefix, digits) = rest.split_at_checked(2)?;
    let base = match prefix {
        b"0x" | b"0X" => 16,
        b"0o" | b"0O" => 8,
        b"0b" | b"0B" => 2,
        _ => return None,
    };
    let digits = digits.strip_prefix(b"_").unwrap_or(digits);
    let digits = without_underscores(digits, |byte| char::from(byte).is_digit(base))?;
    let number = u128::from_str_radix(&digits, base).ok()?;
    let sign = if negative && number > 0 { "-" } else { "" };
    Some(format!("{sign}{number}"))
}

/// Without white space around and the sign in front, which may be a minus.
fn sign(bytes: &[u8]) -> Option<(bool, &[u8])> {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t'..=b'\r');
    let from = bytes.iter().position(|byte| !is_space(byte))?;
    let to = bytes.iter().rposition(|byte| !is_space(byte))?;
    let number = bytes.get(from..=to)?;
    Some(match number {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    })
}

/// Digits, of which each two may have one underscore between them.
fn without_underscores(bytes: &[u8], is_digit: impl Fn(u8) -> bool) -> Option<String> {
    let mut digits = String::with_capacity(bytes.len());
    for part in bytes.split(|&byte| byte == b'_') {
        if part.is_empty() || !part.iter().all(|&byte| is_digit(byte)) {
            return None;
        }
        digits.extend(part.iter().map(|&byte| char::from(byte)));
    }
    Some(digits)
}

#[cfg(test)]
mod tests {
    use super::{integer, prefixed_integer, quote, quote_bytes};

    #[test]
    fn numbers_and_bytes_are_read_and_shown_as_python_does() {
        assert_eq!(integer(b" +0_12\n").as_deref(), Some("12"));
        assert_eq!(integer(b"-007").as_deref(), Some("-7"));
        assert_eq!(integer(b"-0").as_deref(), Some("0"));
        for none in [&b""[..], b"_1", b"1__2", b"1_", b"1 2", b"0x1", b"+", b"\xff"] {
            assert_eq!(integer(none), None, "{none:?}");
        }
        assert_eq!(prefixed_integer(b"-0X_1F").as_deref(), Some("-31"));
        assert_eq!(prefixed_integer(b"0b2"), None);
        assert_eq!(prefixed_integer(b"12"), None);
        assert_eq!(quote_bytes(b"a'\xff\n"), "b\"a'\\xff\\n\"");
        assert_eq!(quote_bytes(b"'\""), "b'\\'\"'");
    }

    #[test]
    fn text_is_quoted_as_python_does() {
        assert_eq!(quote("root"), "'root'");
        assert_eq!(quote("o'neil"), "\"o'neil\"");
        assert_eq!(quote("'\""), "'\\'\"'");
        assert_eq!(quote("a\\b\n\x1b\u{7f}"), "'a\\\\b\\n\\x1b\\x7f'");
        assert_eq!(quote("é\u{301}\u{ad}\u{200b}"), "'é\u{301}\\xad\\u200b'");
    }
}
