//! Making what counters remember small: lines of one log resemble each other, and most of a line can be said by
//! pointing at an earlier one.
use std::borrow::Cow;

/// Longer samples make pieces no smaller.
const LONGEST_SAMPLE: usize = 8 << 10;
/// Longer pieces are kept as they are: squeezing them would take a moment.
const LONGEST_PIECE: usize = 64 << 10;

/// What the pieces of a jail resemble. Pieces are read with the very sample that they were squeezed with.
#[derive(Debug, Default)]
pub(crate) struct Sample(Box<[u8]>);

impl Sample {
    /// What comes after is expected to resemble this.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Sample(bytes.get(..LONGEST_SAMPLE).unwrap_or(bytes).into())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Makes a piece small; it may come out a byte longer, too.
    pub(crate) fn squeeze(&self, bytes: &[u8]) -> Vec<u8> {
        if bytes.len() <= LONGEST_PIECE {
            let small = lz4_flex::block::compress_with_dict(bytes, &self.0);
            if small.len() + 4 < bytes.len() {
                let mut piece = Vec::with_capacity(4 + small.len());
                piece.push(SQUEEZED);
                // At most LONGEST_PIECE, which three bytes hold.
                piece.extend_from_slice(&(bytes.len() as u32).to_le_bytes()[..3]);
                piece.extend_from_slice(&small);
                return piece;
            }
        }
        let mut piece = Vec::with_capacity(1 + bytes.len());
        piece.push(PLAIN);
        piece.extend_from_slice(bytes);
        piece
    }

    /// What was squeezed; empty for what [`Sample::squeeze`] did not write.
    pub(crate) fn open<'p>(&self, piece: &'p [u8]) -> Cow<'p, [u8]> {
        match piece {
            [PLAIN, bytes @ ..] => Cow::Borrowed(bytes),
            [SQUEEZED, a, b, c, small @ ..] => {
                let length = u32::from_le_bytes([*a, *b, *c, 0]) as usize;
                let opened = lz4_flex::block::decompress_with_dict(small, length, &self.0);
                Cow::Owned(opened.unwrap_or_default())
            }
            _ => Cow::Borrowed(&[]),
        }
    }
}

const PLAIN: u8 = 0;
const SQUEEZED: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_piece_comes_out_as_it_went_in(
            sample in prop::collection::vec(0u8..4, 0..200),
            bytes in prop::collection::vec(0u8..4, 0..300),
        ) {
            let sample = Sample::of(&sample);
            let piece = sample.squeeze(&bytes);
            prop_assert_eq!(&*sample.open(&piece), &bytes[..]);
        }
    }

    #[test]
    fn a_line_like_the_sample_takes_a_fraction_of_its_length() {
        let line = |client: u32| {
            format!(r#"{{"ClientHost":"203.0.113.{client}","DownstreamStatus":404,"RequestHost":"cloud.example.org"}}"#)
        };
        let sample = Sample::of(line(1).as_bytes());
        assert!(sample.squeeze(line(77).as_bytes()).len() < line(77).len() / 2);
    }

    #[test]
    fn a_long_piece_is_kept_as_it_is() {
        let sample = Sample::default();
        let long = vec![b'x'; LONGEST_PIECE + 1];
        let piece = sample.squeeze(&long);
        assert_eq!((piece.len(), &*sample.open(&piece)), (long.len() + 1, &long[..]));
    }
}
