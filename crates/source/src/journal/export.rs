//! The export format, read as it comes, in pieces of any size: lines `FIELD=text`, or a line `FIELD`, eight bytes of
//! length and as many of anything; an empty line ends the entry. Memory is bounded whatever arrives.

use super::{Entry, FIELDS, JournalError};

/// An entry may be so large in what is kept of it; a larger one is left out.
pub(super) const LARGEST: usize = 8 * 1024 * 1024;

/// Fields' names are at most 64 bytes long, by systemd's rules.
const LONGEST_NAME: usize = 256;

/// What came out.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Parsed {
    Entry(Entry),
    /// An entry beyond the limit was left out; its cursor.
    TooLarge(String),
}

/// Which field a value belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Cursor,
    Realtime,
    Monotonic,
    Kept(&'static str),
    Other,
}

#[derive(Debug)]
enum State {
    /// In a name, or before an entry's end.
    Name,
    /// In a value that ends with its line.
    Text(Field),
    /// In the eight bytes that say how long a value is.
    Length(Field),
    /// In a value, so many bytes before its end.
    Bytes(Field, u64),
    /// Before the newline that follows such a value.
    AfterBytes(Field),
}

#[derive(Debug)]
pub(super) struct Parser {
    state: State,
    /// The name, length or value as far as it has come.
    part: Vec<u8>,
    entry: Entry,
    kept: usize,
    too_large: bool,
    has_realtime: bool,
}

impl Parser {
    pub(super) fn new() -> Self {
        Parser {
            state: State::Name,
            part: Vec::new(),
            entry: Entry::default(),
            kept: 0,
            too_large: false,
            has_realtime: false,
        }
    }

    /// Takes what came next; entries that are complete by it are appended.
    pub(super) fn push(&mut self, mut bytes: &[u8], out: &mut Vec<Parsed>) -> Result<(), JournalError> {
        while !bytes.is_empty() {
            let used = match self.state {
                State::Name => self.name(bytes, out)?,
                State::Text(field) => self.text(field, bytes)?,
                State::Length(field) => self.length(field, bytes),
                State::Bytes(field, left) => self.bytes(field, left, bytes),
                State::AfterBytes(field) => {
                    if bytes[0] != b'\n' {
                        return Err(JournalError::Malformed("no newline after a binary value"));
                    }
                    self.end_value(field)?;
                    1
                }
            };
            bytes = bytes.get(used..).unwrap_or_default();
        }
        Ok(())
    }

    fn name(&mut self, bytes: &[u8], out: &mut Vec<Parsed>) -> Result<usize, JournalError> {
        let end = memchr::memchr2(b'=', b'\n', bytes);
        let piece = &bytes[..end.unwrap_or(bytes.len())];
        if self.part.len() + piece.len() > LONGEST_NAME {
            return Err(JournalError::Malformed("a field's name without end"));
        }
        self.part.extend_from_slice(piece);
        let Some(end) = end else {
            return Ok(bytes.len());
        };
        let field = field_of(&self.part);
        if bytes[end] == b'=' {
            self.state = State::Text(field);
        } else if self.part.is_empty() {
            self.end_entry(out)?;
        } else {
            self.state = State::Length(field);
        }
        self.part.clear();
        Ok(end + 1)
    }

    fn text(&mut self, field: Field, bytes: &[u8]) -> Result<usize, JournalError> {
        match memchr::memchr(b'\n', bytes) {
            Some(end) => {
                self.keep(field, &bytes[..end]);
                self.end_value(field)?;
                Ok(end + 1)
            }
            None => {
                self.keep(field, bytes);
                Ok(bytes.len())
            }
        }
    }

    fn length(&mut self, field: Field, bytes: &[u8]) -> usize {
        let wanted = 8 - self.part.len();
        let used = wanted.min(bytes.len());
        self.part.extend_from_slice(&bytes[..used]);
        if let Ok(length) = <[u8; 8]>::try_from(self.part.as_slice()) {
            self.part.clear();
            self.state = match u64::from_le_bytes(length) {
                0 => State::AfterBytes(field),
                length => State::Bytes(field, length),
            };
        }
        used
    }

    fn bytes(&mut self, field: Field, left: u64, bytes: &[u8]) -> usize {
        let used = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
        self.keep(field, &bytes[..used]);
        self.state = match left - used as u64 {
            0 => State::AfterBytes(field),
            left => State::Bytes(field, left),
        };
        used
    }

    /// Adds to the value at hand, within the limit.
    fn keep(&mut self, field: Field, bytes: &[u8]) {
        if field == Field::Other || self.too_large {
            return;
        }
        self.kept += bytes.len();
        if self.kept > LARGEST {
            self.too_large = true;
            // Nothing of it is wanted but where it stands.
            self.entry.fields = Vec::new();
            self.part = Vec::new();
            return;
        }
        self.part.extend_from_slice(bytes);
    }

    fn end_value(&mut self, field: Field) -> Result<(), JournalError> {
        self.state = State::Name;
        let value = std::mem::take(&mut self.part);
        match field {
            Field::Other => {}
            Field::Cursor if self.entry.cursor.is_empty() => {
                self.entry.cursor =
                    String::from_utf8(value).map_err(|_| JournalError::Malformed("a cursor that is no text"))?;
            }
            Field::Realtime => {
                self.entry.realtime = number(&value)?;
                self.has_realtime = true;
            }
            Field::Monotonic => self.entry.monotonic = number(&value)?,
            Field::Kept(name) if !self.too_large => {
                // Many empty values cost memory too.
                self.kept += 64;
                self.entry.fields.push((name, value));
            }
            Field::Cursor | Field::Kept(_) => {}
        }
        Ok(())
    }

    fn end_entry(&mut self, out: &mut Vec<Parsed>) -> Result<(), JournalError> {
        let entry = std::mem::take(&mut self.entry);
        let (too_large, dated) = (self.too_large, self.has_realtime);
        (self.kept, self.too_large, self.has_realtime) = (0, false, false);
        if entry == Entry::default() && !dated {
            // More than one empty line.
            return Ok(());
        }
        if entry.cursor.is_empty() || !dated {
            return Err(JournalError::Malformed("an entry without cursor or time"));
        }
        out.push(match too_large {
            true => Parsed::TooLarge(entry.cursor),
            false => Parsed::Entry(entry),
        });
        Ok(())
    }
}

fn field_of(name: &[u8]) -> Field {
    match name {
        b"__CURSOR" => Field::Cursor,
        b"__REALTIME_TIMESTAMP" => Field::Realtime,
        b"__MONOTONIC_TIMESTAMP" => Field::Monotonic,
        _ => FIELDS
            .iter()
            .find(|known| known.as_bytes() == name)
            .map_or(Field::Other, |known| Field::Kept(known)),
    }
}

fn number<T: std::str::FromStr>(digits: &[u8]) -> Result<T, JournalError> {
    let text = std::str::from_utf8(digits).ok();
    text.and_then(|text| text.parse().ok())
        .ok_or(JournalError::Malformed("a time that is no number"))
}

/// All entries of an export that comes in pieces of so many bytes; for tests that are told what to ask from outside.
#[cfg(feature = "differential")]
pub fn entries_of(export: &[u8], piece: usize) -> Result<Vec<Entry>, JournalError> {
    let (mut parser, mut parsed) = (Parser::new(), Vec::new());
    for piece in export.chunks(piece) {
        parser.push(piece, &mut parsed)?;
    }
    let entries = parsed.into_iter().filter_map(|parsed| match parsed {
        Parsed::Entry(entry) => Some(entry),
        Parsed::TooLarge(_) => None,
    });
    Ok(entries.collect())
}
