//! Takes arguments of opcodes from a pickle's bytes.
use super::{DecodeError, error};

/// What is left of a pickle.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Reader { rest: bytes }
    }

    pub(super) fn byte(&mut self) -> Result<u8, DecodeError> {
        Ok(self.array::<1>()?[0])
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        match self.rest.split_first_chunk::<N>() {
            Some((head, rest)) => {
                self.rest = rest;
                Ok(*head)
            }
            None => error("pickle data was truncated"),
        }
    }

    pub(super) fn take(&mut self, length: u64) -> Result<&'a [u8], DecodeError> {
        let split = usize::try_from(length)
            .ok()
            .and_then(|length| self.rest.split_at_checked(length));
        match split {
            Some((head, rest)) => {
                self.rest = rest;
                Ok(head)
            }
            None => error("pickle data was truncated"),
        }
    }

    /// Bytes whose count stands before them in one, four or eight bytes.
    pub(super) fn counted(&mut self, width: Width) -> Result<&'a [u8], DecodeError> {
        let length = match width {
            Width::One => u64::from(self.byte()?),
            Width::Four => u64::from(u32::from_le_bytes(self.array()?)),
            Width::Eight => u64::from_le_bytes(self.array()?),
        };
        self.take(length)
    }

    /// The rest of a line, without its end.
    pub(super) fn line(&mut self) -> Result<&'a [u8], DecodeError> {
        let Some(end) = self.rest.iter().position(|&byte| byte == b'\n') else {
            return error("pickle data was truncated");
        };
        let (head, rest) = self.rest.split_at(end);
        self.rest = rest.get(1..).unwrap_or_default();
        Ok(head)
    }

    pub(super) fn ascii_line(&mut self) -> Result<&'a str, DecodeError> {
        match std::str::from_utf8(self.line()?) {
            Ok(line) => Ok(line),
            Err(_) => error("a line of text in the pickle is not text"),
        }
    }
}

/// How many bytes a count takes.
#[derive(Clone, Copy)]
pub(super) enum Width {
    One,
    Four,
    Eight,
}

/// Text as Python pickles it: UTF-8 in which a surrogate (a byte of an argument that was no UTF-8) may stand alone.
pub(super) fn text(bytes: &[u8]) -> Result<String, DecodeError> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(_) => text_with_surrogates(bytes),
    }
}

fn text_with_surrogates(mut bytes: &[u8]) -> Result<String, DecodeError> {
    let mut out = String::with_capacity(bytes.len());
    while !bytes.is_empty() {
        if let Some(chunk) = bytes.utf8_chunks().next() {
            out.push_str(chunk.valid());
            bytes = bytes.get(chunk.valid().len()..).unwrap_or_default();
        }
        match bytes {
            [] => {}
            [0xED, 0xA0..=0xBF, 0x80..=0xBF, rest @ ..] => {
                out.push(char::REPLACEMENT_CHARACTER);
                bytes = rest;
            }
            _ => return error("a text in the pickle is not UTF-8"),
        }
    }
    Ok(out)
}

/// Text as protocol 0 writes it: Latin-1 with `\uXXXX` and `\UXXXXXXXX`.
pub(super) fn raw_unicode_escape(bytes: &[u8]) -> Result<String, DecodeError> {
    let mut out = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        rest = tail;
        let digits = match (first, tail) {
            (b'\\', [b'u', ..]) => 4,
            (b'\\', [b'U', ..]) => 8,
            (b'\\', [other, after @ ..]) => {
                // An escaped backslash does not start another escape.
                out.push('\\');
                out.push(char::from(*other));
                rest = after;
                continue;
            }
            _ => {
                out.push(char::from(*first));
                continue;
            }
        };
        let number = tail
            .get(1..=digits)
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .and_then(|hex| u32::from_str_radix(hex, 16).ok());
        let Some(number) = number.filter(|&number| number <= 0x10_FFFF) else {
            return error("a text in the pickle has a broken escape");
        };
        out.push(char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER));
        rest = tail.get(digits + 1..).unwrap_or_default();
    }
    Ok(out)
}

/// A little-endian two's complement number of any width.
pub(super) fn long(bytes: &[u8]) -> Result<i64, DecodeError> {
    let negative = bytes.last().is_some_and(|&byte| byte & 0x80 != 0);
    let fill = if negative { 0xFF } else { 0 };
    let mut wide = [fill; 8];
    for (index, &byte) in bytes.iter().enumerate() {
        match wide.get_mut(index) {
            Some(place) => *place = byte,
            None if byte == fill => {}
            None => return error("an integer in the pickle does not fit 64 bits"),
        }
    }
    let number = i64::from_le_bytes(wide);
    if (number < 0) == negative {
        Ok(number)
    } else {
        error("an integer in the pickle does not fit 64 bits")
    }
}
