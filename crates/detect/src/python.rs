//! How Python writes text as a literal: ids made of several parts are told apart and stored in that form.

/// The text as Python's `repr` writes it: in single quotes unless only double quotes spare an escape.
pub fn quote(text: &str) -> String {
    let mark = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    let mut out = String::with_capacity(text.len() + 2);
    out.push(mark);
    for c in text.chars() {
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
            c => push_escape(&mut out, u32::from(c)),
        }
    }
    out.push(mark);
    out
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

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn text_is_quoted_as_python_does() {
        assert_eq!(quote("root"), "'root'");
        assert_eq!(quote("o'neil"), "\"o'neil\"");
        assert_eq!(quote("'\""), "'\\'\"'");
        assert_eq!(quote("a\\b\n\x1b\u{7f}"), "'a\\\\b\\n\\x1b\\x7f'");
        assert_eq!(quote("é\u{301}\u{ad}\u{200b}"), "'é\u{301}\\xad\\u200b'");
    }
}
