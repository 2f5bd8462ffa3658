//! What a counter remembers besides its numbers, packed into one allocation: with hundreds of thousands of clients
//! in the window, lists of strings would cost more than the text in them.
use crate::{Failure, Id, MatchedLine};
use std::collections::BTreeMap;

/// Captures of the first failure, then the matched lines, each text with its length before it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Packed(Box<[u8]>);

/// A [`Packed`], opened.
#[derive(Debug, Default)]
pub(crate) struct Unpacked {
    pub ip: Option<Id>,
    pub captures: BTreeMap<String, String>,
    pub users: Vec<String>,
    pub matches: Vec<MatchedLine>,
}

impl Packed {
    /// Everything that the first failure of a counter brings.
    pub(crate) fn first(failure: &Failure) -> Self {
        let mut head = Vec::new();
        if failure.ip.is_some() || !failure.captures.is_empty() || !failure.users.is_empty() {
            match &failure.ip {
                None => head.push(0),
                Some(Id::Raw(text)) => {
                    head.push(1);
                    write_text(&mut head, text);
                }
                Some(address) => {
                    head.push(2);
                    write_text(&mut head, &address.to_string());
                }
            }
            write_number(&mut head, failure.captures.len());
            for (name, value) in &failure.captures {
                write_text(&mut head, name);
                write_text(&mut head, value);
            }
            for user in &failure.users {
                write_text(&mut head, user);
            }
        }
        if head.is_empty() && failure.matches.is_empty() {
            return Packed::default();
        }
        let mut bytes = Vec::with_capacity(head.len() + 2 + size_of(&failure.matches));
        write_number(&mut bytes, head.len());
        bytes.extend_from_slice(&head);
        write_lines(&mut bytes, &failure.matches);
        Packed(bytes.into_boxed_slice())
    }

    /// Adds lines and keeps the newest `most` of all.
    pub(crate) fn push(&mut self, lines: &[MatchedLine], most: usize) {
        if lines.is_empty() && most > 0 && self.0.is_empty() {
            return;
        }
        let (head, old) = self.parts();
        let mut starts = Vec::new();
        let mut reader = Reader(old);
        while !reader.0.is_empty() {
            starts.push(old.len() - reader.0.len());
            if reader.line().is_none() {
                break;
            }
        }
        let lines = &lines[lines.len().saturating_sub(most)..];
        let keep = most - lines.len();
        let old = match starts.len().checked_sub(keep) {
            Some(dropped) if dropped > 0 => starts.get(dropped).map_or(&[][..], |at| &old[*at..]),
            _ => old,
        };
        let mut bytes = Vec::with_capacity(head.len() + 2 + old.len() + size_of(lines));
        write_number(&mut bytes, head.len());
        bytes.extend_from_slice(head);
        bytes.extend_from_slice(old);
        write_lines(&mut bytes, lines);
        self.0 = bytes.into_boxed_slice();
    }

    pub(crate) fn open(&self) -> Unpacked {
        let (head, lines) = self.parts();
        let mut unpacked = Unpacked::default();
        // Written by `first` alone, so a part that does not read is simply not there.
        let _ = read_head(head, &mut unpacked);
        let mut reader = Reader(lines);
        while let Some(line) = reader.line() {
            unpacked.matches.push(line);
        }
        unpacked
    }

    fn parts(&self) -> (&[u8], &[u8]) {
        let mut reader = Reader(&self.0);
        let head = reader.bytes().unwrap_or_default();
        (head, reader.0)
    }
}

fn read_head(head: &[u8], into: &mut Unpacked) -> Option<()> {
    let (kind, rest) = head.split_first()?;
    let mut reader = Reader(rest);
    into.ip = match kind {
        0 => None,
        1 => Some(Id::Raw(reader.text()?)),
        _ => Some(Id::parse(&reader.text()?)),
    };
    for _ in 0..reader.number()? {
        let name = reader.text()?;
        into.captures.insert(name, reader.text()?);
    }
    while !reader.0.is_empty() {
        into.users.push(reader.text()?);
    }
    Some(())
}

fn size_of(lines: &[MatchedLine]) -> usize {
    lines
        .iter()
        .map(|line| line.before.len() + line.date.len() + line.after.len() + 4)
        .sum()
}

fn write_number(bytes: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn write_text(bytes: &mut Vec<u8>, text: &str) {
    write_number(bytes, text.len());
    bytes.extend_from_slice(text.as_bytes());
}

fn write_lines(bytes: &mut Vec<u8>, lines: &[MatchedLine]) {
    for line in lines {
        write_text(bytes, &line.before);
        write_text(bytes, &line.date);
        write_text(bytes, &line.after);
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn number(&mut self) -> Option<usize> {
        let mut number = 0usize;
        let mut shift = 0;
        loop {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= usize::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(number);
            }
            shift += 7;
        }
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    fn text(&mut self) -> Option<String> {
        Some(String::from_utf8_lossy(self.bytes()?).into_owned())
    }

    fn line(&mut self) -> Option<MatchedLine> {
        Some(MatchedLine {
            before: self.text()?,
            date: self.text()?,
            after: self.text()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Time;
    use proptest::prelude::*;

    fn line() -> impl Strategy<Value = MatchedLine> {
        ("\\PC{0,5}", "[0-9:]{0,4}", "\\PC{0,200}").prop_map(|(before, date, after)| MatchedLine {
            before,
            date,
            after,
        })
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_out_again_with_the_newest_lines(
            ip in prop::option::of("[a-z0-9.:]{1,9}"),
            captures in prop::collection::btree_map("[a-z]{1,5}", "\\PC{0,9}", 0..3),
            users in prop::collection::vec("[a-z]{0,5}", 0..3),
            first in prop::collection::vec(line(), 0..4),
            more in prop::collection::vec(prop::collection::vec(line(), 0..4), 0..5),
            most in 0usize..5,
        ) {
            let failure = Failure {
                id: Id::Raw("x".into()),
                ip: ip.map(|ip| Id::parse(&ip)),
                time: Time::from_secs(0),
                zoned: false,
                attempts: 1,
                matches: first.clone(),
                captures,
                users,
            };
            let mut packed = Packed::first(&failure);
            let mut expected = first;
            for lines in more {
                packed.push(&lines, most);
                expected.extend(lines);
                expected.drain(..expected.len().saturating_sub(most));
            }
            let unpacked = packed.open();
            prop_assert_eq!(unpacked.matches, expected);
            prop_assert_eq!(unpacked.ip, failure.ip);
            prop_assert_eq!(unpacked.captures, failure.captures);
            prop_assert_eq!(unpacked.users, failure.users);
        }
    }
}
