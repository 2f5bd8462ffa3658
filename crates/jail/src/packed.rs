//! What counters remember besides their numbers: where their lines are kept. (What their first failures told besides
//! stands in `rest`.)
use crate::MatchedLine;
use crate::keep::{Blocks, Place};
use crate::numbers::{read_number, write_number};
use bantam_detect::{Evidence, LineParts, Mark};
use std::collections::VecDeque;

/// Lines of a counter: handles on pieces in a [`crate::Keep`], oldest first; to be ended by [`Lines::end`].
#[derive(Debug, Default)]
pub(crate) enum Lines {
    #[default]
    None,
    /// That of the only failure, which has one.
    One(Place),
    Several(Box<Several>),
}

/// Lines of one failure, and how many there are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece {
    place: Place,
    pub(crate) lines: u32,
}

#[derive(Debug, Default)]
pub(crate) struct Several {
    /// Oldest first.
    pieces: VecDeque<Piece>,
    /// Lines of all pieces.
    lines: usize,
}

impl Lines {
    /// Those of a first failure.
    pub(crate) fn of(piece: Option<Piece>) -> Self {
        match piece {
            None => Lines::None,
            Some(Piece { place, lines: 1 }) => Lines::One(place),
            Some(piece) => Lines::Several(several([piece])),
        }
    }

    /// Adds those of a further failure and lets go of all pieces that hold none of the newest `needed` lines.
    pub(crate) fn add(&mut self, added: Option<Piece>, needed: usize, blocks: &mut Blocks) {
        let mut all = match std::mem::take(self) {
            Lines::None if added.is_none() => return,
            Lines::None => several([]),
            Lines::One(place) => several([Piece { place, lines: 1 }]),
            Lines::Several(all) => all,
        };
        if let Some(added) = added {
            all.pieces.push_back(added);
            all.lines += added.lines as usize;
        }
        while let Some(oldest) = all.pieces.front()
            && all.lines.saturating_sub(oldest.lines as usize) >= needed
        {
            all.lines = all.lines.saturating_sub(oldest.lines as usize);
            blocks.release(oldest.place);
            all.pieces.pop_front();
        }
        *self = Lines::Several(all);
    }

    /// Fetches what the next failure will need into the processor's reach.
    pub(crate) fn look_ahead(&self) -> usize {
        match self {
            Lines::Several(all) => all.pieces.back().map_or(0, |piece| piece.lines as usize),
            Lines::None | Lines::One(_) => 0,
        }
    }

    fn pieces(&self) -> impl DoubleEndedIterator<Item = Piece> {
        let (one, several) = match self {
            Lines::None => (None, None),
            Lines::One(place) => (
                Some(Piece {
                    place: *place,
                    lines: 1,
                }),
                None,
            ),
            Lines::Several(all) => (None, Some(all.pieces.iter().copied())),
        };
        one.into_iter().chain(several.into_iter().flatten())
    }

    /// The newest `lines`, in one more's hands.
    pub(crate) fn copy(&self, lines: usize, blocks: &mut Blocks) -> Self {
        let copied = self
            .newest(lines)
            .into_iter()
            .filter(|piece| blocks.retain(piece.place));
        let copied: Vec<Piece> = copied.collect();
        match copied.as_slice() {
            [] => Lines::None,
            [only] => Lines::of(Some(*only)),
            _ => Lines::Several(several(copied)),
        }
    }

    /// The pieces that hold the newest `lines`, oldest first.
    fn newest(&self, lines: usize) -> VecDeque<Piece> {
        let (mut pieces, mut held) = (VecDeque::new(), 0);
        for piece in self.pieces().rev() {
            if held >= lines {
                break;
            }
            held += piece.lines as usize;
            pieces.push_front(piece);
        }
        pieces
    }

    /// The newest `lines`, oldest first.
    pub(crate) fn read(&self, lines: usize, blocks: &Blocks) -> Vec<MatchedLine> {
        let mut matches = Vec::new();
        let places = self.newest(lines).into_iter().map(|piece| piece.place);
        blocks.read(places, |piece| {
            let mut reader = Reader(piece);
            matches.extend(std::iter::from_fn(|| reader.line()));
        });
        matches.drain(..matches.len().saturating_sub(lines));
        matches
    }

    /// None of it is needed any more.
    pub(crate) fn end(&mut self, blocks: &mut Blocks) {
        std::mem::take(self)
            .pieces()
            .for_each(|piece| blocks.release(piece.place));
    }
}

fn several(pieces: impl IntoIterator<Item = Piece>) -> Box<Several> {
    let pieces: VecDeque<Piece> = pieces.into_iter().collect();
    Box::new(Several {
        lines: pieces.iter().map(|piece| piece.lines as usize).sum(),
        pieces,
    })
}

/// Keeps a failure's lines for one more.
pub(crate) fn keep_lines(blocks: &mut Blocks, evidence: &Evidence) -> Option<Piece> {
    let place = kept(blocks, evidence, Mark::Lines, |blocks| {
        blocks.put(|bytes| evidence.lines().for_each(|line| write_line(bytes, line)))
    })?;
    let lines = u32::try_from(evidence.line_count()).unwrap_or(u32::MAX);
    Some(Piece { place, lines })
}

/// Where a part of it is kept from now on for one more; another jail may have put it there.
pub(crate) fn kept(
    blocks: &mut Blocks,
    evidence: &Evidence,
    part: Mark,
    put: impl FnOnce(&mut Blocks) -> Option<Place>,
) -> Option<Place> {
    if let Some(place) = Place::from_number(evidence.mark(part))
        && blocks.retain(place)
    {
        return Some(place);
    }
    let place = put(blocks)?;
    evidence.set_mark(part, place.number());
    Some(place)
}

pub(crate) fn write_text(bytes: &mut Vec<u8>, text: &str) {
    write_number(bytes, text.len());
    bytes.extend_from_slice(text.as_bytes());
}

fn write_line(bytes: &mut Vec<u8>, line: LineParts<'_>) {
    write_text(bytes, line.before);
    write_text(bytes, line.date);
    write_text(bytes, line.after);
}

pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn number(&mut self) -> Option<usize> {
        read_number(&mut self.0)
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    pub(crate) fn text(&mut self) -> Option<String> {
        let bytes = self.bytes()?;
        // What was written here is text; to be sure of that is quicker than to look for what is none.
        Some(match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => String::from_utf8_lossy(bytes).into_owned(),
        })
    }

    pub(crate) fn line(&mut self) -> Option<MatchedLine> {
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
    use crate::rest::{keep_rest, open_rest};
    use crate::{Id, Keep};
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
        ) {            let keep = if shelved { shelving() } else { Keep::default() };
            let address = ip.map(|ip| Id::parse(&ip));
            let evidence = Evidence::new(first.clone(), captures.clone(), users.clone(), address.clone());
            let more: Vec<Evidence> = more.into_iter().map(Evidence::of_lines).collect();
            let mut expected = first;
            for evidence in &more {
                expected.extend(evidence.matches());
                expected.drain(..expected.len().saturating_sub(most));
            }
            for _ in 0..jails {
                keep.with(|blocks| {
                    let rest = keep_rest(blocks, &evidence);
                    let mut lines = Lines::of(keep_lines(blocks, &evidence));
                    for evidence in &more {
                        let added = keep_lines(blocks, evidence);
                        lines.add(added, most, blocks);
                    }
                    let mut copy = lines.copy(expected.len(), blocks);
                    lines.end(blocks);
                    let told = open_rest(rest, blocks);
                    prop_assert_eq!(&copy.read(expected.len(), blocks), &expected);
                    prop_assert_eq!(&told.address, &address);
                    prop_assert_eq!(&told.captures, &captures);
                    prop_assert_eq!(&told.users, &users);
                    copy.end(blocks);
                    rest.into_iter().for_each(|rest| blocks.release(rest));
                    Ok(())
                })?;
            }
        }
    }
}
