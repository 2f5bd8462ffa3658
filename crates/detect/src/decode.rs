//! From the bytes of a line to text. Log files are written by programs that do not agree on an encoding, and by
//! attackers; no byte may stop a line from being read.
use bantam_pattern::{as_ascii, is_very_long};
use std::borrow::Cow;

/// In very long lines so many places that are no text are replaced in the middle …
const MOST_REPLACED: usize = 1000;
/// … and any in so many bytes at the beginning and the end.
const PORTION: usize = 4 << 10;

/// How the bytes of a log are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Encoding {
    /// UTF-8; what is none becomes U+FFFD.
    #[default]
    Utf8,
    /// ASCII; every other byte becomes U+FFFD.
    Ascii,
    /// ISO 8859-1, in which every byte is a character.
    Latin1,
    /// Any other in which ASCII stands for itself.
    Other(&'static encoding_rs::Encoding),
}

/// No such encoding, or none that is supported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown encoding: {0}")]
pub struct UnknownEncoding(pub String);

impl Encoding {
    /// Reads a name as `logencoding` takes it; `auto` is UTF-8.
    pub fn from_name(name: &str) -> Result<Self, UnknownEncoding> {
        let plain: String = name
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|c| c.to_ascii_lowercase())
            .collect();
        match plain.as_str() {
            "auto" | "utf8" | "u8" | "utf8sig" => Ok(Encoding::Utf8),
            "ascii" | "usascii" | "646" | "ansix341968" => Ok(Encoding::Ascii),
            "latin1" | "latin" | "iso88591" | "l1" | "8859" | "cp819" => Ok(Encoding::Latin1),
            plain => other(name, plain)
                .map(Encoding::Other)
                .ok_or_else(|| UnknownEncoding(name.to_owned())),
        }
    }

    /// The bytes as text, without trailing carriage returns and newlines.
    pub fn decode(self, line: &[u8]) -> Cow<'_, str> {
        self.decode_all(trim_line_end(line))
    }

    /// The bytes as text, line ends included.
    pub(crate) fn decode_all(self, line: &[u8]) -> Cow<'_, str> {
        // Nearly all lines, and all encodings have it.
        if let Some(text) = as_ascii(line) {
            return Cow::Borrowed(text);
        }
        match self {
            // Checking is several times quicker than walking from one valid part to the next.
            Encoding::Utf8 => match simdutf8::basic::from_utf8(line) {
                Ok(text) => Cow::Borrowed(text),
                Err(_) if is_very_long(line.len()) => Cow::Owned(long_lossy(line)),
                Err(_) => String::from_utf8_lossy(line),
            },
            Encoding::Ascii => line
                .iter()
                .map(|&byte| match byte {
                    0..=127 => char::from(byte),
                    _ => char::REPLACEMENT_CHARACTER,
                })
                .collect(),
            Encoding::Latin1 => encoding_rs::mem::decode_latin1(line),
            Encoding::Other(encoding) => encoding.decode_without_bom_handling(line).0,
        }
    }

    /// Whether the bytes are text without anything to be replaced.
    pub fn is_valid(self, line: &[u8]) -> bool {
        match self {
            Encoding::Utf8 => simdutf8::basic::from_utf8(line).is_ok(),
            Encoding::Ascii => line.is_ascii(),
            Encoding::Latin1 => true,
            Encoding::Other(encoding) => !encoding.decode_without_bom_handling(line).1,
        }
    }

    /// The text as bytes, without characters that the encoding does not have.
    pub fn encode(self, text: &str) -> Vec<u8> {
        match self {
            Encoding::Utf8 => text.as_bytes().to_vec(),
            Encoding::Ascii => text.bytes().filter(u8::is_ascii).collect(),
            Encoding::Latin1 => text.chars().filter_map(|c| u8::try_from(u32::from(c)).ok()).collect(),
            Encoding::Other(encoding) => {
                let mut bytes = Vec::with_capacity(text.len());
                let mut one = [0; 4];
                for c in text.chars() {
                    let (encoded, _, missing) = encoding.encode(c.encode_utf8(&mut one));
                    if !missing {
                        bytes.extend_from_slice(&encoded);
                    }
                }
                bytes
            }
        }
    }
}

/// What is no UTF-8 in a long line becomes U+FFFD, like in any other, as long as there is not too much of it: replacing
/// each single byte of a megabyte takes several milliseconds. Of what is too much, between the line's beginning and its
/// end, each byte beyond ASCII becomes U+001A, which is for expressions the same: neither letter nor digit nor blank.
fn long_lossy(line: &[u8]) -> String {
    let mut text = String::with_capacity(line.len() + 4 * MOST_REPLACED);
    let (begin, rest) = line.split_at(before_character(line, PORTION));
    let (middle, end) = rest.split_at(before_character(rest, rest.len().saturating_sub(PORTION)));
    text.push_str(&String::from_utf8_lossy(begin));
    let mut left = MOST_REPLACED;
    let mut rest = middle;
    while !rest.is_empty() {
        match simdutf8::compat::from_utf8(rest) {
            Ok(valid) => {
                text.push_str(valid);
                break;
            }
            Err(error) if left > 0 => {
                let (valid, bad) = rest.split_at(error.valid_up_to());
                text.push_str(&String::from_utf8_lossy(valid));
                text.push(char::REPLACEMENT_CHARACTER);
                rest = bad.split_at(error.error_len().unwrap_or(bad.len())).1;
                left -= 1;
            }
            Err(error) => {
                let (valid, bad) = rest.split_at(error.valid_up_to());
                text.push_str(&String::from_utf8_lossy(valid));
                let (portion, behind) = bad.split_at(before_character(bad, PORTION));
                let substituted: Vec<u8> = portion
                    .iter()
                    .map(|&byte| if byte < 128 { byte } else { 0x1a })
                    .collect();
                text.push_str(&String::from_utf8_lossy(&substituted));
                rest = behind;
            }
        }
    }
    text.push_str(&String::from_utf8_lossy(end));
    text
}

/// This place, or one just behind it, so that no character begins before it and goes on behind it.
fn before_character(text: &[u8], at: usize) -> usize {
    let goes_on = |at: &usize| text.get(*at).is_some_and(|byte| byte & 0xc0 == 0x80);
    let last = text.len().min(at.saturating_add(3));
    (at.min(last)..last).find(|at| !goes_on(at)).unwrap_or(last)
}

/// Looks a name up as the web's standard lists it, with what Python allows besides. Encodings that have newlines inside
/// characters, or states that outlast a line, cannot be read line by line.
fn other(name: &str, plain: &str) -> Option<&'static encoding_rs::Encoding> {
    let dashed = name.trim().replace([' ', '_'], "-");
    let iso = plain.strip_prefix("iso8859").map(|part| format!("iso-8859-{part}"));
    let windows = plain.strip_prefix("windows").map(|page| format!("windows-{page}"));
    let latin9 = (plain == "latin9").then_some("iso-8859-15");
    let names = [
        Some(dashed.as_str()),
        Some(plain),
        iso.as_deref(),
        windows.as_deref(),
        latin9,
    ];
    let found = names
        .into_iter()
        .flatten()
        .find_map(|name| encoding_rs::Encoding::for_label(name.as_bytes()))?;
    let by_line = found.is_ascii_compatible() && found != encoding_rs::X_USER_DEFINED && found != encoding_rs::UTF_8;
    by_line.then_some(found)
}

/// The line without the carriage returns and newlines at its end.
pub fn trim_line_end(mut line: &[u8]) -> &[u8] {
    while let [rest @ .., b'\r' | b'\n'] = line {
        line = rest;
    }
    line
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bytes_that_are_no_text_are_replaced_and_line_ends_dropped() {
        assert_eq!(Encoding::Utf8.decode(b"a\xffb\xe2\x82c\r\r\n"), "a\u{fffd}b\u{fffd}c");
        assert_eq!(Encoding::Ascii.decode(b"a\xc3\xa4\n"), "a\u{fffd}\u{fffd}");
        assert_eq!(Encoding::Latin1.decode(b"a\xe4\r"), "aä");
        assert_eq!(Encoding::Utf8.decode(b"\r\n"), "");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn in_long_lines_what_is_no_text_is_replaced_as_in_short_ones(
            pieces in prop::collection::vec(
                prop::sample::select(vec![
                    &b"a"[..], "é".as_bytes(), "€".as_bytes(), "😀".as_bytes(), b"\xff", b"\xe2\x82", b"\xe2", b"\x80",
                    b"\xf0\x9f", b"\xc3", b"\xed\xa0\x80", b"\xc0\x80", b"bcdefghij",
                ]),
                60..90,
            ),
            around in 0..9_usize,
        ) {
            let some = pieces.concat();
            let few = [&some, "€".repeat(300).as_bytes()].concat().repeat(9);
            let line = [&b"x".repeat(around), &some.repeat(PORTION / some.len() + 1)[..], &few, &some.repeat(PORTION / some.len())].concat();
            prop_assert_eq!(long_lossy(&line), String::from_utf8_lossy(&line));
        }
    }

    #[test]
    fn what_is_no_text_at_all_is_not_replaced_byte_by_byte() {
        let line = [
            &b"begin\xff ".repeat(900)[..],
            &b"\xffa".repeat(20_000),
            &b"\xff end".repeat(900),
        ]
        .concat();
        let (text, exact) = (Encoding::Utf8.decode(&line), String::from_utf8_lossy(&line));
        let replaced = text.matches(char::REPLACEMENT_CHARACTER).count();
        let substituted = text.matches('\u{1a}').count();
        assert!(substituted > 15_000, "{substituted}");
        assert_eq!(
            replaced + substituted,
            exact.matches(char::REPLACEMENT_CHARACTER).count()
        );
        assert_eq!(
            (text.get(..PORTION), text.get(text.len() - PORTION..)),
            (exact.get(..PORTION), exact.get(exact.len() - PORTION..))
        );
    }

    #[test]
    fn names_of_encodings_are_read_loosely_and_unknown_ones_refused() {
        assert_eq!(Encoding::from_name("UTF-8"), Ok(Encoding::Utf8));
        assert_eq!(Encoding::from_name("iso-8859-1"), Ok(Encoding::Latin1));
        assert_eq!(Encoding::from_name("US-ASCII"), Ok(Encoding::Ascii));
        assert!(Encoding::from_name("utf-19").is_err());
        for (name, bytes, text) in [
            ("koi8-r", &b"\xc1"[..], "а"),
            ("ISO_8859-15", b"\xa4", "€"),
            ("latin9", b"\xa4", "€"),
            ("cp1252", b"\x80", "€"),
            ("windows_1251", b"\xe0", "а"),
            ("euc_jp", b"\xa4\xa2", "あ"),
            ("gbk", b"\xb0\xa1", "啊"),
        ] {
            let encoding = Encoding::from_name(name).unwrap();
            assert_eq!(
                (encoding.decode(bytes).as_ref(), encoding.encode(text)),
                (text, bytes.to_vec()),
                "{name}"
            );
            assert!(encoding.is_valid(bytes));
        }
        for name in [
            "",
            "utf-16",
            "utf_16_le",
            "iso-2022-jp",
            "replacement",
            "x-user-defined",
        ] {
            assert!(Encoding::from_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn what_an_encoding_does_not_have_is_left_out() {
        assert_eq!(Encoding::Ascii.encode("aé€"), b"a");
        assert_eq!(Encoding::Latin1.encode("aé€"), b"a\xe9");
        assert_eq!(Encoding::from_name("koi8-r").unwrap().encode("a€а"), b"a\xc1");
    }
}
