//! Text and values as JSON in Python's spelling. Lines of logs are long, and those of JSON full of what is to be quoted.
use serde::Serialize;
use serde_json::ser::Formatter;
use std::io;

/// So many bytes are quoted in a row.
const PIECE: usize = 64;
/// The room for them when all are quoted, and what is written beyond the last one.
const ROOM: usize = 2 * PIECE + 2;

/// What each byte becomes, and how much of that counts.
const QUOTED: [([u8; 2], u8); 256] = {
    let mut all = [([0; 2], 1); 256];
    let mut byte = 0;
    while byte < 256 {
        all[byte] = match byte as u8 {
            quoted @ (b'"' | b'\\') => ([b'\\', quoted], 2),
            plain => ([plain, 0], 1),
        };
        byte += 1;
    }
    all
};

/// Appends a text as [`append`] does. Byte by byte, each is written as two of which the second mostly gives way to the
/// next one: where there is a quote every few bytes, asking for it would take longer.
pub(crate) fn append_text(bytes: &mut Vec<u8>, text: &str) {
    let text_bytes = text.as_bytes();
    let (has_control, has_quoted) = text_bytes.iter().fold((false, false), |(control, quoted), &byte| {
        (control | (byte < b' '), quoted | (byte == b'"') | (byte == b'\\'))
    });
    if has_control {
        return append(bytes, text);
    }
    bytes.push(b'"');
    if has_quoted {
        append_quoted(bytes, text_bytes);
    } else {
        bytes.extend_from_slice(text_bytes);
    }
    bytes.push(b'"');
}

fn append_quoted(bytes: &mut Vec<u8>, text: &[u8]) {
    let mut end = bytes.len();
    bytes.resize(end + 2 * text.len() + ROOM, 0);
    for piece in text.chunks(PIECE) {
        let Some(to) = bytes.get_mut(end..).and_then(|to| to.first_chunk_mut()) else {
            return;
        };
        end += quote(piece, to);
    }
    bytes.truncate(end);
}

/// Says how many bytes it becomes.
#[inline(always)]
fn quote(piece: &[u8], to: &mut [u8; ROOM]) -> usize {
    let mut end = 0;
    for &byte in piece {
        let (pair, length) = QUOTED[usize::from(byte)];
        // Never beyond; said so that nobody has to look.
        let at = end % (2 * PIECE);
        to[at..at + 2].copy_from_slice(&pair);
        end += usize::from(length);
    }
    end
}

/// Appends any value.
pub(crate) fn append(bytes: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn is_quoted_as_any_value(text: &str) {
        let (mut one, mut other) = (b"x".to_vec(), b"x".to_vec());
        append_text(&mut one, text);
        append(&mut other, text);
        assert_eq!(one, other);
        let plain: Option<String> = one.get(1..).and_then(|json| serde_json::from_slice(json).ok());
        assert_eq!(plain.as_deref(), Some(text));
    }

    #[test]
    fn a_line_is_quoted_as_any_other_text() {
        let printable: String = (' '..='\u{ff}').chain("\u{2028}\u{1f600}".chars()).collect();
        let all: String = ('\0'..='\u{ff}').collect();
        for text in ["", "\"", &printable, &printable.repeat(100), &all, &"\"\\".repeat(5000)] {
            is_quoted_as_any_value(text);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_quoted_as_any_other(text in ".*", line in "[ -~\"\"\\\\\u{e9}\u{1f600}]{0,300}", at in any::<prop::sample::Index>()) {
            is_quoted_as_any_value(&text);
            is_quoted_as_any_value(&line);
            let mut both: Vec<char> = line.chars().collect();
            both.insert(at.index(both.len() + 1), '\u{1}');
            is_quoted_as_any_value(&both.into_iter().collect::<String>());
        }
    }
}
