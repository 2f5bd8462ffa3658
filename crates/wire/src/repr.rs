//! `repr()` and `str()` of a value, as Python prints them.
use crate::Value;
use crate::exception;
use std::fmt::Write;

/// The text that Python's `repr` gives.
pub fn repr(value: &Value) -> String {
    let mut out = String::new();
    write_repr(value, &mut out);
    out
}

/// The text that Python's `str` gives: a `str` as it is, an exception's message, anything else as its [`repr`].
pub fn display(value: &Value) -> String {
    match value {
        Value::Str(text) => text.clone(),
        Value::Exception { module, class, args } => exception::message(module, class, args),
        other => repr(other),
    }
}

/// The `repr` of a tuple of `items`.
pub fn tuple(items: &[Value]) -> String {
    let mut out = String::new();
    write_tuple(items, &mut out);
    out
}

fn write_repr(value: &Value, out: &mut String) {
    match value {
        Value::None => out.push_str("None"),
        Value::Bool(true) => out.push_str("True"),
        Value::Bool(false) => out.push_str("False"),
        Value::Int(number) => {
            let _ = write!(out, "{number}");
        }
        Value::Float(number) => out.push_str(&float(*number)),
        Value::Str(text) => write_str(text, out),
        Value::Bytes(bytes) => write_bytes(bytes, out),
        Value::List(items) => write_items('[', items, "]", out),
        Value::Tuple(items) => write_tuple(items, out),
        Value::Dict(pairs) => {
            out.push('{');
            for (index, (key, value)) in pairs.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                write_repr(key, out);
                out.push_str(": ");
                write_repr(value, out);
            }
            out.push('}');
        }
        Value::Exception { module, class, args } => {
            out.push_str(class);
            write_items('(', exception::shown_args(module, class, args), ")", out);
        }
    }
}

fn write_tuple(items: &[Value], out: &mut String) {
    write_items('(', items, if items.len() == 1 { ",)" } else { ")" }, out);
}

fn write_items(open: char, items: &[Value], close: &str, out: &mut String) {
    out.push(open);
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        write_repr(item, out);
    }
    out.push_str(close);
}

/// Single quotes, unless the text has some and no double ones.
fn quote(single: bool, double: bool) -> char {
    if single && !double { '"' } else { '\'' }
}

fn write_str(text: &str, out: &mut String) {
    let quote = quote(text.contains('\''), text.contains('"'));
    out.push(quote);
    for char in text.chars() {
        match char {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\\' => out.push_str("\\\\"),
            _ if char == quote => out.extend(['\\', char]),
            _ if is_printable(char) => out.push(char),
            _ => {
                let code = u32::from(char);
                let _ = match code {
                    ..=0xFF => write!(out, "\\x{code:02x}"),
                    0x100..=0xFFFF => write!(out, "\\u{code:04x}"),
                    _ => write!(out, "\\U{code:08x}"),
                };
            }
        }
    }
    out.push(quote);
}

/// What `str.isprintable` says: no control, format, private, unassigned or separating character but the space.
fn is_printable(char: char) -> bool {
    if char.is_ascii() {
        return char.is_ascii_graphic() || char == ' ';
    }
    // The standard library keeps the same table behind `escape_debug`; there, only the first character of a text is
    // escaped for combining with what stands before it.
    let mut text = String::from("a");
    text.push(char);
    text.escape_debug().nth(1) == Some(char)
}

fn write_bytes(bytes: &[u8], out: &mut String) {
    let quote = quote(bytes.contains(&b'\''), bytes.contains(&b'"'));
    out.push('b');
    out.push(quote);
    for &byte in bytes {
        match byte {
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            b'\\' => out.push_str("\\\\"),
            _ if char::from(byte) == quote => out.extend(['\\', quote]),
            b' '..=b'~' => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "\\x{byte:02x}");
            }
        }
    }
    out.push(quote);
}

/// The shortest digits that give the number back; with an exponent below 1e-4 and from 1e16 on.
fn float(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        let fixed = format!("{number}");
        return if fixed.contains('.') { fixed } else { fixed + ".0" };
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn quotes_are_chosen_as_python_chooses_them() {
        assert_eq!(repr(&"plain".into()), "'plain'");
        assert_eq!(repr(&"it's".into()), "\"it's\"");
        assert_eq!(repr(&"it's \"so\"".into()), "'it\\'s \"so\"'");
        assert_eq!(repr(&Value::Bytes(b"it's \"\xff".to_vec())), "b'it\\'s \"\\xff'");
    }

    #[test]
    fn tuples_of_one_keep_their_comma() {
        assert_eq!(repr(&Value::Tuple(vec![])), "()");
        assert_eq!(repr(&Value::Tuple(vec![1.into()])), "(1,)");
        assert_eq!(repr(&Value::List(vec![1.into(), Value::None])), "[1, None]");
    }

    #[test]
    fn combining_marks_are_shown_and_format_characters_are_not() {
        assert_eq!(
            repr(&"e\u{301}\u{202e}\u{a0}\u{1}".into()),
            "'e\u{301}\\u202e\\xa0\\x01'"
        );
        assert_eq!(repr(&"\u{301}".into()), "'\u{301}'");
    }
}
