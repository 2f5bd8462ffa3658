//! Makes blocks of the keep small, and opens them again.
mod delta;

use lz4_flex::block::{CompressTable, compress_into, compress_into_with_table, decompress, get_maximum_output_size};
use std::fmt;

/// Making longer blocks small would take a moment.
const WORTH_SQUEEZING: usize = 128 << 10;
/// Only longer blocks need a larger table; they are rare, and get one of their own.
const IN_TABLE: usize = 60 << 10;

const PLAIN: u8 = 0;
const SQUEEZED: u8 = 1;
const DELTA: u8 = 2;

/// Works in the same memory again and again.
#[derive(Default)]
pub(crate) struct Press {
    table: Option<CompressTable>,
    small: Vec<u8>,
}

impl fmt::Debug for Press {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Press").finish_non_exhaustive()
    }
}

impl Press {
    /// Makes a block small; it may come out a byte longer, too.
    pub(crate) fn squeeze(&mut self, bytes: &[u8]) -> &[u8] {
        if bytes.len() > WORTH_SQUEEZING {
            self.small.clear();
        } else if self.has_delta(bytes) {
            return &self.small;
        } else if let Some(length) = self.pressed(bytes) {
            return self.small.get(..length).unwrap_or_default();
        }
        self.small.clear();
        self.small.push(PLAIN);
        self.small.extend_from_slice(bytes);
        &self.small
    }

    /// Whether the block's pieces are alike, as those of one log are: searching for what repeats takes several times as
    /// long.
    fn has_delta(&mut self, bytes: &[u8]) -> bool {
        self.small.clear();
        self.small.push(DELTA);
        // At most WORTH_SQUEEZING.
        self.small.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        delta::press(bytes, &mut self.small) && self.small.len() <= bytes.len() / 3 * 2
    }

    /// The length of what was made smaller.
    fn pressed(&mut self, bytes: &[u8]) -> Option<usize> {
        let most = 5 + get_maximum_output_size(bytes.len());
        if self.small.len() < most {
            self.small.resize(most, 0);
        }
        let (head, rest) = self.small.split_first_chunk_mut::<5>()?;
        // At most WORTH_SQUEEZING.
        let [a, b, c, d] = (bytes.len() as u32).to_le_bytes();
        *head = [SQUEEZED, a, b, c, d];
        let length = match bytes.len() {
            0..IN_TABLE => compress_into_with_table(bytes, rest, self.table.get_or_insert_with(CompressTable::small)),
            _ => compress_into(bytes, rest),
        };
        length
            .ok()
            .map(|length| length + 5)
            .filter(|length| *length < bytes.len())
    }

    /// Leaves no more memory taken than blocks of this size need.
    pub(crate) fn shrink_to(&mut self, block: usize) {
        if self.small.capacity() > 2 * block {
            self.small = Vec::new();
        }
    }
}

pub(crate) fn open(small: &[u8]) -> Option<Vec<u8>> {
    match small {
        [PLAIN, bytes @ ..] => Some(bytes.to_vec()),
        [kind @ (SQUEEZED | DELTA), rest @ ..] => {
            let (length, small) = rest.split_first_chunk::<4>()?;
            let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
            match *kind {
                DELTA => delta::open(small, length),
                _ => decompress(small, length).ok(),
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_block_comes_out_as_it_went_in(
            blocks in prop::collection::vec((prop::collection::vec(0u8..4, 0..2000), 1usize..100), 1..6),
        ) {
            let mut press = Press::default();
            for (bytes, times) in blocks {
                let block = bytes.repeat(times);
                prop_assert_eq!(open(press.squeeze(&block)), Some(block));
                press.shrink_to(20 << 10);
            }
        }
    }
}
