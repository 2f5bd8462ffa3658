//! The column `data`: what a ban carries besides its numbers, as JSON in the original's spelling.
use crate::NewBan;
use crate::quoting::{append, append_text};
use rusqlite::types::ValueRef;
use serde_json::{Map, Value};
use std::ops::Range;

/// So many lines are remembered as they are quoted.
const REMEMBERED: usize = 64;

/// The columns of bans that are stored together, one behind the other: jails that read the same file ban a client because
/// of the same lines, and these are quoted once.
pub(crate) struct Columns<'a> {
    /// The newest so many lines of a ban are stored.
    most: usize,
    bytes: Vec<u8>,
    lines: Vec<([&'a str; 3], Range<usize>)>,
}

impl<'a> Columns<'a> {
    /// Written into memory that was used before.
    pub(crate) fn new(most: usize, mut bytes: Vec<u8>) -> Self {
        bytes.clear();
        Columns {
            most,
            bytes,
            lines: Vec::new(),
        }
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Says where the column of a ban stands.
    pub(crate) fn write(&mut self, ban: &NewBan<'a>) -> Range<usize> {
        let begin = self.bytes.len();
        let newest = &ban.matches[ban.matches.len().saturating_sub(self.most)..];
        self.bytes.push(b'{');
        // Without lines to keep, the original leaves the member out where there were some.
        if self.most > 0 || ban.matches.is_empty() {
            self.bytes.extend_from_slice(b"\"matches\": [");
            for (number, parts) in newest.iter().enumerate() {
                if number > 0 {
                    self.bytes.extend_from_slice(b", ");
                }
                self.write_match(*parts);
            }
            self.bytes.extend_from_slice(b"], ");
        }
        let bytes = &mut self.bytes;
        bytes.extend_from_slice(b"\"failures\": ");
        append(bytes, &ban.failures);
        for (name, value) in &ban.data {
            if name != "matches" && name != "failures" && !value.is_null() {
                bytes.extend_from_slice(b", ");
                append(bytes, name);
                bytes.extend_from_slice(b": ");
                append(bytes, value);
            }
        }
        bytes.push(b'}');
        begin..bytes.len()
    }

    fn write_match(&mut self, parts: [&'a str; 3]) {
        if let Some((_, range)) = self.lines.iter().find(|(known, _)| *known == parts) {
            return self.bytes.extend_from_within(range.clone());
        }
        let begin = self.bytes.len();
        append_match(&mut self.bytes, parts);
        if self.lines.len() >= REMEMBERED {
            self.lines.clear();
        }
        self.lines.push((parts, begin..self.bytes.len()));
    }
}

/// A line whose date was not cut out is plain text, another one is stored in its three parts.
fn append_match(bytes: &mut Vec<u8>, parts: [&str; 3]) {
    if parts[0].is_empty() && parts[1].is_empty() {
        append_text(bytes, parts[2]);
    } else {
        for (text, before) in parts.iter().zip(["[", ", ", ", "]) {
            bytes.extend_from_slice(before.as_bytes());
            append_text(bytes, text);
        }
        bytes.push(b']');
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

    fn ban<'a>(matches: Vec<[&'a str; 3]>, data: Value) -> NewBan<'a> {
        NewBan {
            jail: "j",
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

    fn written<'a>(columns: &mut Columns<'a>, ban: &NewBan<'a>) -> String {
        let range = columns.write(ban);
        String::from_utf8(columns.bytes[range].to_vec()).unwrap()
    }

    fn alone(most: usize, ban: &NewBan<'_>) -> String {
        written(&mut Columns::new(most, Vec::new()), ban)
    }

    #[test]
    fn the_column_is_spelt_as_python_spells_it() {
        let ban = ban(
            vec![["", "", "old"], ["", "", "a\"\n\u{e9}"], ["[", "12:00", "] x"]],
            serde_json::json!({"user": "b", "nothing": null, "list": [1, {"k": true}]}),
        );
        assert_eq!(
            alone(2, &ban),
            r#"{"matches": ["a\"\né", ["[", "12:00", "] x"]], "failures": 3, "list": [1, {"k": true}], "user": "b"}"#
        );
        assert_eq!(
            alone(0, &ban),
            r#"{"failures": 3, "list": [1, {"k": true}], "user": "b"}"#
        );
    }

    #[test]
    fn lines_that_stand_in_several_bans_stand_in_each_as_in_one() {
        let texts: Vec<String> = (0..3 * REMEMBERED)
            .map(|number| format!("\"{}\"", number / 3))
            .collect();
        let lines: Vec<[&str; 3]> = texts.iter().map(|text| ["", &text[..1], &text[1..]]).collect();
        let mut together = Columns::new(5, b"used".to_vec());
        for number in 0..lines.len() {
            let ban = ban(lines[number / 2..=number].to_vec(), serde_json::json!({"n": number}));
            assert_eq!(written(&mut together, &ban), alone(5, &ban));
        }
        assert!(together.lines.len() <= REMEMBERED);
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
