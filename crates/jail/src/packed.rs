//! What a counter remembers besides its numbers: where its lines are kept, and what the first of its failures told.
use crate::keep::{Blocks, Keep, Place};
use crate::{Id, MatchedLine};
use bantam_detect::{Evidence, LineParts, Mark};
use std::collections::{BTreeMap, VecDeque};

/// Handles on pieces in a [`Keep`]; to be ended by [`Packed::end`].
#[derive(Debug, Default)]
pub(crate) struct Packed {
    /// What the first failure told besides its lines.
    rest: Option<Place>,
    lines: Lines,
}

#[derive(Debug, Default)]
enum Lines {
    #[default]
    None,
    /// That of the first failure, which has one.
    One(Place),
    Several(Box<Several>),
}

/// Lines of one failure, and how many there are.
#[derive(Debug, Clone, Copy)]
struct Piece {
    place: Place,
    lines: u32,
}

#[derive(Debug)]
struct Several {
    /// Oldest first.
    pieces: VecDeque<Piece>,
    /// Lines of all pieces.
    lines: usize,
    /// Of these the newest so many count.
    most: usize,
}

/// A [`Packed`], opened.
#[derive(Debug, Default)]
pub(crate) struct Unpacked {
    pub address: Option<Id>,
    pub captures: BTreeMap<String, String>,
    pub users: Vec<String>,
    pub matches: Vec<MatchedLine>,
}

impl Packed {
    /// Begins with the first failure of a counter.
    pub(crate) fn first(evidence: &Evidence, keep: &Keep) -> Self {
        keep.with(|blocks| Packed {
            rest: kept(blocks, evidence, Mark::Rest),
            lines: match piece(blocks, evidence) {
                None => Lines::None,
                Some(Piece { place, lines: 1 }) => Lines::One(place),
                Some(several) => Lines::Several(new_several(Some(several), usize::MAX)),
            },
        })
    }

    /// Adds the lines of a further failure and keeps the newest `most` of all.
    pub(crate) fn push(&mut self, evidence: &Evidence, most: usize, keep: &Keep) {
        keep.with(|blocks| {
            let added = match most {
                0 => None,
                _ => piece(blocks, evidence),
            };
            self.add(added, most, blocks);
        });
    }

    /// Keeps the newest `most` lines.
    pub(crate) fn trim(&mut self, most: usize, keep: &Keep) {
        keep.with(|blocks| self.add(None, most, blocks));
    }

    fn add(&mut self, added: Option<Piece>, most: usize, blocks: &mut Blocks) {
        let mut several = match std::mem::take(&mut self.lines) {
            Lines::None if added.is_none() => return,
            Lines::None => new_several(None, most),
            Lines::One(place) => new_several(Some(Piece { place, lines: 1 }), most),
            Lines::Several(several) => several,
        };
        if let Some(added) = added {
            several.pieces.push_back(added);
            several.lines += added.lines as usize;
        }
        several.most = most;
        while let Some(oldest) = several.pieces.front()
            && several.lines.saturating_sub(oldest.lines as usize) >= most
        {
            several.lines = several.lines.saturating_sub(oldest.lines as usize);
            blocks.release(oldest.place);
            several.pieces.pop_front();
        }
        self.lines = Lines::Several(several);
    }

    /// Fetches what the next failure will need into the processor's reach.
    pub(crate) fn look_ahead(&self) -> usize {
        match &self.lines {
            Lines::Several(several) => several.pieces.back().map_or(0, |piece| piece.lines as usize),
            Lines::None | Lines::One(_) => 0,
        }
    }

    fn pieces(&self) -> impl Iterator<Item = Place> {
        let (one, several) = match &self.lines {
            Lines::None => (None, None),
            Lines::One(place) => (Some(*place), None),
            Lines::Several(several) => (None, Some(several.pieces.iter())),
        };
        one.into_iter()
            .chain(several.into_iter().flatten().map(|piece| piece.place))
    }

    pub(crate) fn open(&self, keep: &Keep) -> Unpacked {
        let mut unpacked = Unpacked::default();
        keep.with(|blocks| {
            // Written here alone, so a part that does not read is simply not there.
            blocks.read(self.rest.into_iter(), |rest| {
                read_rest(rest, &mut unpacked);
            });
            blocks.read(self.pieces(), |piece| {
                let mut reader = Reader(piece);
                unpacked.matches.extend(std::iter::from_fn(|| reader.line()));
            });
        });
        if let Lines::Several(several) = &self.lines {
            let surplus = unpacked.matches.len().saturating_sub(several.most);
            unpacked.matches.drain(..surplus);
        }
        unpacked
    }

    /// Nothing of it is needed any more.
    pub(crate) fn end(&mut self, keep: &Keep) {
        let ended = std::mem::take(self);
        keep.with(|blocks| {
            ended
                .rest
                .into_iter()
                .chain(ended.pieces())
                .for_each(|place| blocks.release(place));
        });
    }
}

fn new_several(first: Option<Piece>, most: usize) -> Box<Several> {
    Box::new(Several {
        pieces: first.into_iter().collect(),
        lines: first.map_or(0, |first| first.lines as usize),
        most,
    })
}

fn piece(blocks: &mut Blocks, evidence: &Evidence) -> Option<Piece> {
    let place = kept(blocks, evidence, Mark::Lines)?;
    let lines = u32::try_from(evidence.line_count()).unwrap_or(u32::MAX);
    Some(Piece { place, lines })
}

/// Where a part of it is kept from now on for one more; another jail may have put it there.
fn kept(blocks: &mut Blocks, evidence: &Evidence, part: Mark) -> Option<Place> {
    if let Some(place) = Place::from_number(evidence.mark(part))
        && blocks.retain(place)
    {
        return Some(place);
    }
    let place = blocks.put(|bytes| match part {
        Mark::Lines => evidence.lines().for_each(|line| write_line(bytes, line)),
        Mark::Rest => write_rest(bytes, evidence),
    })?;
    evidence.set_mark(part, place.number());
    Some(place)
}

/// The address, then users, then captured groups; nothing where there is none of them.
fn write_rest(bytes: &mut Vec<u8>, evidence: &Evidence) {
    let begin = bytes.len();
    match evidence.address() {
        None => bytes.push(0),
        Some(Id::Raw(text)) => {
            bytes.push(1);
            write_text(bytes, text);
        }
        Some(address) => {
            bytes.push(2);
            write_text(bytes, &address.to_string());
        }
    }
    let users = evidence.users();
    write_number(bytes, users.len());
    users.iter().for_each(|user| write_text(bytes, user));
    evidence.each_capture(&mut |name, text| {
        write_text(bytes, name);
        write_text(bytes, text);
    });
    if bytes.get(begin..) == Some(&[0, 0]) {
        bytes.truncate(begin);
    }
}

fn read_rest(rest: &[u8], into: &mut Unpacked) -> Option<()> {
    let (kind, rest) = rest.split_first()?;
    let mut reader = Reader(rest);
    into.address = match kind {
        0 => None,
        1 => Some(Id::Raw(reader.text()?)),
        _ => Some(Id::parse(&reader.text()?)),
    };
    for _ in 0..reader.number()? {
        into.users.push(reader.text()?);
    }
    while !reader.0.is_empty() {
        let name = reader.text()?;
        into.captures.insert(name, reader.text()?);
    }
    Some(())
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

fn write_line(bytes: &mut Vec<u8>, line: LineParts<'_>) {
    write_text(bytes, line.before);
    write_text(bytes, line.date);
    write_text(bytes, line.after);
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
        let bytes = self.bytes()?;
        // What was written here is text; to be sure of that is quicker than to look for what is none.
        Some(match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => String::from_utf8_lossy(bytes).into_owned(),
        })
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
    use crate::keep::tests::shelving;
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
            shelved in any::<bool>(),
            jails in 1usize..3,
        ) {
            let keep = if shelved { shelving() } else { Keep::default() };
            let address = ip.map(|ip| Id::parse(&ip));
            let evidence = Evidence::new(first.clone(), captures.clone(), users.clone(), address.clone());
            let more: Vec<Evidence> = more.into_iter().map(Evidence::of_lines).collect();
            let mut expected = first;
            for evidence in &more {
                expected.extend(evidence.matches());
                expected.drain(..expected.len().saturating_sub(most));
            }
            for _ in 0..jails {
                let mut packed = Packed::first(&evidence, &keep);
                for evidence in &more {
                    packed.push(evidence, most, &keep);
                }
                let unpacked = packed.open(&keep);
                packed.end(&keep);
                prop_assert_eq!(&unpacked.matches, &expected);
                prop_assert_eq!(&unpacked.address, &address);
                prop_assert_eq!(&unpacked.captures, &captures);
                prop_assert_eq!(&unpacked.users, &users);
            }
        }
    }
}
