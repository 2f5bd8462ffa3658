//! Pieces as what they do not have in common with one before: lines of a log are alike field by field, so each field is
//! looked at once, with the same field of the other line, and nothing is searched for.
use crate::numbers::{read_number, write_number};
use std::ops::Range;

/// Shorter repetitions are not worth telling.
const WORTH_TELLING: usize = 6;

/// Appends a block as what its pieces do not have in common with one before; false where it has no pieces.
pub(super) fn press(block: &[u8], small: &mut Vec<u8>) -> bool {
    let mut rest = block;
    let mut last: [&[u8]; 2] = [&[]; 2];
    while !rest.is_empty() {
        let Some((piece, after)) = first(rest) else {
            return false;
        };
        let number = nearest(last, piece.len());
        write_number(small, piece.len());
        write_number(small, number);
        press_piece(piece, last[number], small);
        last = [piece, last[0]];
        rest = after;
    }
    true
}

fn first(block: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = block.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)
}

/// Of the last two, that which is more like it by its length: lines and what they told take turns.
fn nearest(last: [&[u8]; 2], length: usize) -> usize {
    usize::from(last[1].len().abs_diff(length) < last[0].len().abs_diff(length))
}

/// Each step tells what is new, how much of the other piece is left out, and how much is the same then.
fn press_piece(piece: &[u8], other: &[u8], small: &mut Vec<u8>) {
    let (mut at, mut there) = (0, 0);
    // Up to where both are told.
    let (mut told, mut told_there) = (0, 0);
    loop {
        let (new, old) = (&piece[at..], &other[there..]);
        let same = common(new, old);
        at += same;
        there += same;
        if same >= WORTH_TELLING {
            write_number(small, at - same - told);
            small.extend_from_slice(&piece[told..at - same]);
            write_number(small, there - same - told_there);
            write_number(small, same);
            (told, told_there) = (at, there);
        }
        let (Some(next), Some(next_there)) = (end_of_field(&piece[at..]), end_of_field(&other[there..])) else {
            break;
        };
        at += next;
        there += next_there;
    }
    if told < piece.len() {
        write_number(small, piece.len() - told);
        small.extend_from_slice(&piece[told..]);
    }
}

/// Behind the next comma or blank.
fn end_of_field(text: &[u8]) -> Option<usize> {
    const EACH: u64 = u64::MAX / 255;
    // The lowest bit that is set belongs to the first byte that is zero.
    let zero = |word: u64| word.wrapping_sub(EACH) & !word & (EACH << 7);
    let (words, rest) = text.as_chunks::<8>();
    for (number, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let found = zero(word ^ (EACH * u64::from(b','))) | zero(word ^ (EACH * u64::from(b' ')));
        if found != 0 {
            return Some(8 * number + found.trailing_zeros() as usize / 8 + 1);
        }
    }
    let at = rest.iter().position(|byte| matches!(byte, b',' | b' '))?;
    Some(8 * words.len() + at + 1)
}

fn common(one: &[u8], other: &[u8]) -> usize {
    let mut same = 0;
    let (a, _) = one.as_chunks::<8>();
    let (b, _) = other.as_chunks::<8>();
    for (x, y) in a.iter().zip(b) {
        let difference = u64::from_le_bytes(*x) ^ u64::from_le_bytes(*y);
        if difference != 0 {
            return same + (difference.trailing_zeros() / 8) as usize;
        }
        same += 8;
    }
    let rest = one[same..].iter().zip(&other[same..]);
    same + rest.take_while(|(a, b)| a == b).count()
}

/// The block of that length that was pressed.
pub(super) fn open(mut small: &[u8], length: usize) -> Option<Vec<u8>> {
    let mut block: Vec<u8> = Vec::with_capacity(length);
    let mut last: [Range<usize>; 2] = [0..0, 0..0];
    while !small.is_empty() {
        let piece = read_number(&mut small)?;
        let mut other = last.get(read_number(&mut small)?)?.clone();
        block.extend_from_slice(&u32::try_from(piece).ok()?.to_le_bytes());
        let begin = block.len();
        let end = begin.checked_add(piece).filter(|end| *end <= length)?;
        while block.len() < end {
            let new = read_number(&mut small)?;
            let (new, rest) = small.split_at_checked(new)?;
            block.extend_from_slice(new);
            small = rest;
            if block.len() >= end {
                break;
            }
            other.start = other.start.checked_add(read_number(&mut small)?)?;
            let same = read_number(&mut small)?;
            let until = other.start.checked_add(same).filter(|until| *until <= other.end)?;
            block.extend_from_within(other.start..until);
            other.start = until;
        }
        (block.len() == end).then_some(())?;
        let [newest, _] = last;
        last = [begin..end, newest];
    }
    (block.len() == length).then_some(block)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn block(pieces: &[Vec<u8>]) -> Vec<u8> {
        let with_length = |piece: &Vec<u8>| [&(piece.len() as u32).to_le_bytes()[..], piece].concat();
        pieces.iter().flat_map(with_length).collect()
    }

    fn pressed(block: &[u8]) -> Option<Vec<u8>> {
        let mut small = Vec::new();
        press(block, &mut small).then_some(small)
    }

    fn pieces() -> impl Strategy<Value = Vec<Vec<u8>>> {
        let field = prop_oneof![
            Just(&b"\"the same\":"[..]),
            Just(&b"another one"[..]),
            Just(&b","[..]),
            Just(&b" "[..]),
            Just(&b"x"[..]),
            Just(&b"\xff\x00"[..]),
        ];
        prop::collection::vec(
            prop::collection::vec(field, 0..12).prop_map(|fields| fields.concat()),
            0..12,
        )
    }

    proptest! {
        #[test]
        fn every_block_of_pieces_comes_out_as_it_went_in(pieces in pieces()) {
            let block = block(&pieces);
            let small = pressed(&block);
            prop_assert!(small.is_some());
            prop_assert_eq!(open(&small.unwrap_or_default(), block.len()), Some(block));
        }

        #[test]
        fn what_was_damaged_is_read_without_harm(
            pieces in pieces(),
            length in 0usize..300,
            at in any::<prop::sample::Index>(),
            byte in any::<u8>(),
        ) {
            let mut small = pressed(&block(&pieces)).unwrap_or_default();
            if !small.is_empty() {
                let at = at.index(small.len());
                small[at] = byte;
            }
            let opened = open(&small, length);
            prop_assert!(opened.is_none_or(|block| block.len() == length));
        }
    }

    #[test]
    fn lines_that_are_alike_take_little() {
        let line = |number: u32| {
            format!(
                "{{\"client\":\"192.0.2.{number}\",\"path\":\"/a/long/one/that/many/ask/for\",\"took\":{}}}",
                number * 7919
            )
            .into_bytes()
        };
        let block = block(&(0..100).map(line).collect::<Vec<_>>());
        let small = pressed(&block).map_or(0, |small| small.len());
        assert!(small < block.len() * 2 / 3, "{small} of {}", block.len());
    }

    #[test]
    fn what_are_no_pieces_is_said_so() {
        assert_eq!(pressed(b"\x05\0\0\0four"), None);
        assert_eq!(pressed(b"\x01"), None);
    }
}
