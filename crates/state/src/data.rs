//! The column `data`: what a ban carries besides its numbers, as JSON in the original's spelling.
use crate::BanRow;
use rusqlite::types::ValueRef;
use serde::Serialize;
use serde_json::ser::Formatter;
use serde_json::{Map, Value};
use std::io;

/// The column's bytes for a ban, with the newest `most` of its lines.
pub(crate) fn write(ban: &BanRow, most: usize) -> Vec<u8> {
    let newest = &ban.matches[ban.matches.len().saturating_sub(most)..];
    let lengths = newest.iter().flatten().map(String::len);
    // Many a line is of JSON, and a third longer when it is quoted.
    let mut bytes = Vec::with_capacity(256 + lengths.sum::<usize>() / 3 * 4);
    bytes.push(b'{');
    // Without lines to keep, the original leaves the member out where there were some.
    if most > 0 || ban.matches.is_empty() {
        bytes.extend_from_slice(b"\"matches\": [");
        for (number, parts) in newest.iter().enumerate() {
            if number > 0 {
                bytes.extend_from_slice(b", ");
            }
            append_match(&mut bytes, parts);
        }
        bytes.extend_from_slice(b"], ");
    }
    bytes.extend_from_slice(b"\"failures\": ");
    append(&mut bytes, &ban.failures);
    for (name, value) in &ban.data {
        if name != "matches" && name != "failures" && !value.is_null() {
            bytes.extend_from_slice(b", ");
            append(&mut bytes, name);
            bytes.extend_from_slice(b": ");
            append(&mut bytes, value);
        }
    }
    bytes.push(b'}');
    bytes
}

/// A line whose date was not cut out is plain text, another one is stored in its three parts.
fn append_match(bytes: &mut Vec<u8>, parts: &[String; 3]) {
    if parts[0].is_empty() && parts[1].is_empty() {
        append_text(bytes, &parts[2]);
    } else {
        for (text, before) in parts.iter().zip(["[", ", ", ", "]) {
            bytes.extend_from_slice(before.as_bytes());
            append_text(bytes, text);
        }
        bytes.push(b']');
    }
}

/// Appends a text as [`append`] does. Lines of logs are long, and those of JSON full of what is to be quoted: each byte is
/// written as two, of which the second mostly gives way to the next one.
fn append_text(bytes: &mut Vec<u8>, text: &str) {
    let has_control = text.bytes().fold(false, |has, byte| has | (byte < b' '));
    if has_control {
        return append(bytes, text);
    }
    bytes.push(b'"');
    for piece in text.as_bytes().chunks(63) {
        let mut quoted = [0; 128];
        let mut end = 0;
        for &byte in piece {
            let is_quoted = byte == b'"' || byte == b'\\';
            quoted[end % 128] = if is_quoted { b'\\' } else { byte };
            quoted[(end + 1) % 128] = byte;
            end += 1 + usize::from(is_quoted);
        }
        bytes.extend_from_slice(quoted.get(..end).unwrap_or_default());
    }
    bytes.push(b'"');
}

fn append(bytes: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    let start = bytes.len();
    let mut serializer = serde_json::Serializer::with_formatter(&mut *bytes, Spaced);
    if value.serialize(&mut serializer).is_err() {
        // Writing a value to memory has nothing to fail at; half a value must not stay, though.
        bytes.truncate(start);
        bytes.extend_from_slice(b"null");
    }
}

/// Python's separators: `, ` and `: `.
struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + io::Write>(&mut self, w: &mut W, first: bool) -> io::Result<()> {
        w.write_all(if first { b"" } else { b", " })
    }
    fn begin_object_key<W: ?Sized + io::Write>(&mut self, w: &mut W, first: bool) -> io::Result<()> {
        w.write_all(if first { b"" } else { b", " })
    }
    fn begin_object_value<W: ?Sized + io::Write>(&mut self, w: &mut W) -> io::Result<()> {
        w.write_all(b": ")
    }
}

/// What the column holds. Whatever cannot be read is as good as nothing there: the ban itself counts.
pub(crate) struct Data {
    /// None where the column says nothing of them.
    pub failures: Option<u32>,
    pub matches: Vec<[String; 3]>,
    pub rest: Map<String, Value>,
}

pub(crate) fn read(column: ValueRef<'_>) -> Data {
    let bytes = match column {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes,
        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => &[],
    };
    // Another locale may have written it: bytes that are no UTF-8 are replaced, as the original does.
    let text = String::from_utf8_lossy(bytes);
    let mut rest: Map<String, Value> = serde_json::from_str(&text).unwrap_or_default();
    let matches = match rest.remove("matches") {
        Some(Value::Array(lines)) => lines.into_iter().map(read_match).collect(),
        _ => Vec::new(),
    };
    let failures = rest.remove("failures").and_then(|value| {
        let number = value.as_f64()?;
        Some(number.clamp(0.0, u32::MAX.into()) as u32)
    });
    Data {
        failures,
        matches,
        rest,
    }
}

fn read_match(value: Value) -> [String; 3] {
    let text = |value: Value| match value {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    };
    match value {
        Value::Array(parts) => {
            let parts: Vec<String> = parts.into_iter().map(text).collect();
            <[String; 3]>::try_from(parts).unwrap_or_else(|parts| [String::new(), String::new(), parts.concat()])
        }
        other => [String::new(), String::new(), text(other)],
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn ban(matches: Vec<[String; 3]>, data: Value) -> BanRow {
        BanRow {
            jail: "j".into(),
            ip: "192.0.2.1".into(),
            timeofban: 0,
            bantime: 0,
            bancount: 1,
            failures: 3,
            matches,
            data: data.as_object().unwrap().clone(),
        }
    }

    fn parts(before: &str, date: &str, after: &str) -> [String; 3] {
        [before.into(), date.into(), after.into()]
    }

    #[test]
    fn a_line_is_quoted_as_any_other_text() {
        let printable: String = (' '..='\u{ff}').chain("\u{2028}\u{1f600}".chars()).collect();
        let all: String = ('\0'..='\u{ff}').collect();
        for text in ["", "\"", &printable, &printable.repeat(100), &all, &"\"\\".repeat(5000)] {
            let (mut one, mut other) = (b"x".to_vec(), b"x".to_vec());
            append_text(&mut one, text);
            append(&mut other, text);
            assert_eq!(one, other);
        }
    }

    #[test]
    fn the_column_is_spelt_as_python_spells_it() {
        let ban = ban(
            vec![
                parts("", "", "old"),
                parts("", "", "a\"\n\u{e9}"),
                parts("[", "12:00", "] x"),
            ],
            serde_json::json!({"user": "b", "nothing": null, "list": [1, {"k": true}]}),
        );
        assert_eq!(
            String::from_utf8(write(&ban, 2)).unwrap(),
            r#"{"matches": ["a\"\né", ["[", "12:00", "] x"]], "failures": 3, "list": [1, {"k": true}], "user": "b"}"#
        );
        assert_eq!(
            String::from_utf8(write(&ban, 0)).unwrap(),
            r#"{"failures": 3, "list": [1, {"k": true}], "user": "b"}"#
        );
    }

    #[test]
    fn bytes_that_are_no_utf8_or_no_json_do_not_lose_the_ban() {
        let read_bytes = |bytes: &[u8]| read(ValueRef::Blob(bytes));
        let data = read_bytes(
            b"{\"matches\": [\"a\xff\", [\"b\", \"c\", \"d\"], [\"e\", null], 7], \"failures\": 2.0, \"user\": \"u\"}",
        );
        assert_eq!(
            data.matches,
            [
                parts("", "", "a\u{fffd}"),
                parts("b", "c", "d"),
                parts("", "", "e"),
                parts("", "", "7")
            ]
        );
        assert_eq!(data.failures, Some(2));
        assert_eq!(data.rest.get("user"), Some(&Value::from("u")));
        for bytes in [&b"{\"matches\": [\"a"[..], b"", b"[]", b"null", b"\xff\xfe"] {
            assert!(read_bytes(bytes).matches.is_empty());
        }
        assert!(read(ValueRef::Null).failures.is_none());
    }
}
