//! What a counter remembers besides its numbers, packed into one allocation: with hundreds of thousands of clients
//! in the window, lists of strings would cost more than the text in them.
use crate::keep::Keep;
use crate::{Failure, Id, MatchedLine};
use std::collections::BTreeMap;

/// Pieces, each with its length and the number of its lines before it. The first holds what the first failure captured
/// and its lines, each further one the lines of a failure; texts in them have their length before them.
#[derive(Debug, Default)]
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
    /// Everything that the first failure of a counter brings, as it is squeezed.
    pub(crate) fn plain(failure: &Failure) -> Vec<u8> {
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
            return Vec::new();
        }
        plain_piece(&head, &failure.matches)
    }

    /// Begins with what [`Packed::plain`] gave for this failure.
    pub(crate) fn first(plain: &[u8], failure: &Failure, keep: &mut Keep) -> Self {
        let mut packed = Packed::default();
        let mut bytes = Vec::new();
        if !plain.is_empty() {
            write_piece(&mut bytes, plain, failure.matches.len(), keep);
        }
        packed.set(bytes, keep);
        packed
    }

    /// Adds lines and keeps the newest `most` of all.
    pub(crate) fn push(&mut self, lines: &[MatchedLine], most: usize, keep: &mut Keep) {
        let lines = &lines[lines.len().saturating_sub(most)..];
        if lines.is_empty() && self.lines() <= most {
            return;
        }
        let mut bytes = Vec::new();
        if self.lines() + lines.len() > most || self.0.is_empty() {
            let (head, mut all) = self.parts(keep);
            all.drain(..all.len().saturating_sub(most - lines.len()));
            all.extend_from_slice(lines);
            self.release(keep);
            write_piece(&mut bytes, &plain_piece(&head, &all), all.len(), keep);
        } else {
            let mut plain = Vec::with_capacity(size_of(lines));
            write_lines(&mut plain, lines);
            bytes.extend_from_slice(&self.0);
            write_piece(&mut bytes, &plain, lines.len(), keep);
        }
        self.set(bytes, keep);
    }

    pub(crate) fn open(&self, keep: &Keep) -> Unpacked {
        let (head, matches) = self.parts(keep);
        let mut unpacked = Unpacked {
            matches,
            ..Unpacked::default()
        };
        // Written by `first` alone, so a part that does not read is simply not there.
        let _ = read_head(&head, &mut unpacked);
        unpacked
    }

    /// Nothing of it is needed any more.
    pub(crate) fn end(&mut self, keep: &mut Keep) {
        self.release(keep);
        self.set(Vec::new(), keep);
    }

    fn set(&mut self, bytes: Vec<u8>, keep: &mut Keep) {
        keep.account(self.0.len(), bytes.len());
        self.0 = bytes.into_boxed_slice();
    }

    fn release(&self, keep: &mut Keep) {
        let mut reader = Reader(&self.0);
        while let Some((_, piece)) = reader.piece() {
            keep.release(piece);
        }
    }

    /// How many lines it holds.
    fn lines(&self) -> usize {
        let mut reader = Reader(&self.0);
        std::iter::from_fn(|| reader.piece()).map(|(lines, _)| lines).sum()
    }

    /// What the first failure captured, and all lines.
    fn parts(&self, keep: &Keep) -> (Vec<u8>, Vec<MatchedLine>) {
        let (mut head, mut lines) = (Vec::new(), Vec::new());
        let mut pieces = Reader(&self.0);
        let mut is_first = true;
        while let Some((_, piece)) = pieces.piece() {
            let plain = keep.open(piece);
            let mut reader = Reader(&plain);
            if std::mem::take(&mut is_first) {
                head = reader.bytes().unwrap_or_default().to_vec();
            }
            while let Some(line) = reader.line() {
                lines.push(line);
            }
        }
        (head, lines)
    }
}

fn plain_piece(head: &[u8], lines: &[MatchedLine]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(head.len() + 4 + size_of(lines));
    write_number(&mut bytes, head.len());
    bytes.extend_from_slice(head);
    write_lines(&mut bytes, lines);
    bytes
}

fn write_piece(bytes: &mut Vec<u8>, plain: &[u8], lines: usize, keep: &mut Keep) {
    let piece = keep.stow(plain);
    bytes.reserve_exact(piece.len() + 8);
    write_number(bytes, lines);
    write_number(bytes, piece.len());
    bytes.extend_from_slice(&piece);
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

    /// How many lines are in the next piece, and the piece.
    fn piece(&mut self) -> Option<(usize, &'a [u8])> {
        Some((self.number()?, self.bytes()?))
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
    use crate::keep::tests::shelving;
    use crate::squeeze::Sample;
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
            sample in "\\PC{0,90}",
            shelved in any::<bool>(),
        ) {
            let mut keep = if shelved { shelving() } else { Keep::default() };
            keep.set_sample(Sample::of(sample.as_bytes()));
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
            let mut packed = Packed::first(&Packed::plain(&failure), &failure, &mut keep);
            let mut expected = first;
            for lines in more {
                packed.push(&lines, most, &mut keep);
                expected.extend(lines);
                expected.drain(..expected.len().saturating_sub(most));
            }
            let unpacked = packed.open(&keep);
            packed.end(&mut keep);
            prop_assert_eq!(unpacked.matches, expected);
            prop_assert_eq!(unpacked.ip, failure.ip);
            prop_assert_eq!(unpacked.captures, failure.captures);
            prop_assert_eq!(unpacked.users, failure.users);
        }
    }
}
