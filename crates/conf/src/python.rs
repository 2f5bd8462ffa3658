//! The few corners of Python's text handling that the configuration language inherits.

use bantam_wire::Value;

/// What Python calls white space: Unicode's, and the four separators U+001C to U+001F.
pub(crate) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// A character of `\w`.
pub(crate) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// `str.strip()`.
pub(crate) fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// Words that mean true, in any case; every other word means false.
pub(crate) fn as_bool(text: &str) -> bool {
    ["1", "on", "true", "yes"]
        .iter()
        .any(|word| text.eq_ignore_ascii_case(word))
}

/// Whether a person would read the word as a truth value at all.
pub(crate) fn looks_like_bool(text: &str) -> bool {
    as_bool(text)
        || ["", "0", "off", "false", "no"]
            .iter()
            .any(|word| text.eq_ignore_ascii_case(word))
}

/// `int(text)`: white space around, a sign and single underscores between digits are allowed.
pub(crate) fn as_int(text: &str) -> Option<i64> {
    let text = strip(text);
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let well_formed = !digits.is_empty()
        && digits
            .split('_')
            .all(|group| !group.is_empty() && group.bytes().all(|b| b.is_ascii_digit()));
    if !well_formed {
        return None;
    }
    let digits = digits.replace('_', "");
    if negative {
        format!("-{digits}").parse().ok()
    } else {
        digits.parse().ok()
    }
}

/// Words between white space and commas.
pub(crate) fn split_words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| is_space(c) || c == ',')
        .filter(|word| !word.is_empty())
}

/// `repr()` of a text.
pub(crate) fn quoted(text: &str) -> String {
    bantam_wire::repr::repr(&Value::from(text))
}

/// A JSON object of texts, with everything outside ASCII escaped, as Python's `json.dumps` writes it.
pub(crate) fn json_object<'a>(entries: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let entries: Vec<String> = entries
        .map(|(key, value)| format!("{}: {}", json_string(key), json_string(value)))
        .collect();
    format!("{{{}}}", entries.join(", "))
}

fn json_string(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(c),
            _ => {
                let mut units = [0u16; 2];
                for unit in c.encode_utf16(&mut units) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_read_as_python_reads_them() {
        assert_eq!(as_int(" +1_000 "), Some(1000));
        assert_eq!(as_int("-5"), Some(-5));
        assert_eq!(as_int("007"), Some(7));
        for wrong in ["", "-", "1__0", "_1", "5m", "1.0", "0x1", "99999999999999999999"] {
            assert_eq!(as_int(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn json_escapes_what_is_not_ascii() {
        let entries = [("a", "x\"y\\\n"), ("ü", "\u{1f600}\u{7f}")];
        assert_eq!(
            json_object(entries.into_iter()),
            r#"{"a": "x\"y\\\n", "\u00fc": "\ud83d\ude00\u007f"}"#
        );
    }
}
