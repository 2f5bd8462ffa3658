//! Text in the form that Python's `repr` gives it: how captured bytes reach the log without breaking its lines.

/// A string literal: quotes chosen as Python does, backslash, control and all other unprintable characters escaped.
pub(crate) fn repr(text: &str) -> String {
    use std::fmt::Write;
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for c in text.chars() {
        // Writing to a String cannot fail.
        let _ = match c {
            '\\' => out.write_str("\\\\"),
            '\n' => out.write_str("\\n"),
            '\r' => out.write_str("\\r"),
            '\t' => out.write_str("\\t"),
            c if c == quote => write!(out, "\\{c}"),
            c if printable(c) => out.write_char(c),
            c => match u32::from(c) {
                code @ ..=0xff => write!(out, "\\x{code:02x}"),
                code @ ..=0xffff => write!(out, "\\u{code:04x}"),
                code => write!(out, "\\U{code:08x}"),
            },
        };
    }
    out.push(quote);
    out
}

/// A list of string literals.
pub(crate) fn repr_list<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    let texts: Vec<String> = texts.map(repr).collect();
    format!("[{}]", texts.join(", "))
}

fn printable(c: char) -> bool {
    // Debug escapes the same classes of characters as Python, and marks that combine with what stands before.
    c.is_ascii_graphic() || c == ' ' || (!c.is_ascii() && !c.escape_debug().to_string().starts_with("\\u"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_escapes_are_pythons() {
        assert_eq!(repr("plain"), "'plain'");
        assert_eq!(repr("it's"), "\"it's\"");
        assert_eq!(repr("it's \"so\""), "'it\\'s \"so\"'");
        assert_eq!(repr("a\\b\n\r\t\0\u{7f}é"), "'a\\\\b\\n\\r\\t\\x00\\x7fé'");
    }

    #[test]
    fn characters_that_turn_a_terminal_around_are_escaped() {
        assert_eq!(
            repr("\u{202e}\u{9b}\u{e000}\u{10ffff}"),
            "'\\u202e\\x9b\\ue000\\U0010ffff'"
        );
    }
}
