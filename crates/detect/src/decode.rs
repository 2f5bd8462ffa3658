//! From the bytes of a line to text. Log files are written by programs that do not agree on an encoding, and by
//! attackers; no byte may stop a line from being read.
use std::borrow::Cow;

/// How the bytes of a log are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// UTF-8; what is none becomes U+FFFD.
    #[default]
    Utf8,
    /// ASCII; every other byte becomes U+FFFD.
    Ascii,
    /// ISO 8859-1, in which every byte is a character.
    Latin1,
    /// Any other in which a newline is a byte of its own.
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
            // Python's names, where the labels of the web do not have them.
            "latin9" | "l9" => Ok(Encoding::Other(encoding_rs::ISO_8859_15)),
            _ => encoding_rs::Encoding::for_label_no_replacement(name.replace('_', "-").as_bytes())
                // In UTF-16 a newline is two bytes, which is not how lines are read.
                .filter(|encoding| encoding.is_ascii_compatible())
                .map(Encoding::Other)
                .ok_or_else(|| UnknownEncoding(name.to_owned())),
        }
    }

    /// The bytes as text, without trailing carriage returns and newlines.
    pub fn decode(self, line: &[u8]) -> Cow<'_, str> {
        let line = trim_line_end(line);
        match self {
            // Checking is several times quicker than walking from one valid part to the next.
            Encoding::Utf8 => match std::str::from_utf8(line) {
                Ok(text) => Cow::Borrowed(text),
                Err(_) => String::from_utf8_lossy(line),
            },
            _ if line.is_ascii() => String::from_utf8_lossy(line),
            Encoding::Ascii => line
                .iter()
                .map(|&byte| match byte {
                    0..=127 => char::from(byte),
                    _ => char::REPLACEMENT_CHARACTER,
                })
                .collect(),
            Encoding::Other(encoding) => encoding.decode_without_bom_handling(line).0,
            Encoding::Latin1 => line.iter().map(|&byte| char::from(byte)).collect(),
        }
    }
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

    #[test]
    fn bytes_that_are_no_text_are_replaced_and_line_ends_dropped() {
        assert_eq!(Encoding::Utf8.decode(b"a\xffb\xe2\x82c\r\r\n"), "a\u{fffd}b\u{fffd}c");
        assert_eq!(Encoding::Ascii.decode(b"a\xc3\xa4\n"), "a\u{fffd}\u{fffd}");
        assert_eq!(Encoding::Latin1.decode(b"a\xe4\r"), "aä");
        assert_eq!(Encoding::Utf8.decode(b"\r\n"), "");
    }

    #[test]
    fn names_of_encodings_are_read_loosely_and_unknown_ones_refused() {
        assert_eq!(Encoding::from_name("UTF-8"), Ok(Encoding::Utf8));
        assert_eq!(Encoding::from_name("iso-8859-1"), Ok(Encoding::Latin1));
        assert_eq!(Encoding::from_name("US-ASCII"), Ok(Encoding::Ascii));
        assert!(Encoding::from_name("utf-19").is_err());
        assert!(Encoding::from_name("utf-16").is_err());
        assert_eq!(Encoding::from_name("ISO-8859-15").unwrap().decode(b"\xa4 5\n"), "€ 5");
        assert_eq!(Encoding::from_name("cp1251").unwrap().decode(b"\xef\r\n"), "п");
    }
}
