//! Where the pieces of what counters remember are kept: made small, in memory, and beyond some megabytes on a shelf
//! that the jail's owner provides (a file). A flood of clients must not fill the memory with their lines.
use crate::squeeze::Sample;
use std::borrow::Cow;
use std::fmt::Debug;

/// Pieces of a jail that are held in memory, in bytes; further ones go to the shelf.
const IN_MEMORY: usize = 4 << 20;
/// What stands in memory of a piece on the shelf takes about as much as a shorter one.
const WORTH_IT: usize = 32;

const HERE: u8 = 0;
const SHELVED: u8 = 1;

/// A place for bytes that are seldom needed again.
pub trait Shelf: Send + Debug {
    /// Puts bytes there and says where; nothing when that is not possible now, and they stay in memory.
    fn put(&mut self, bytes: &[u8]) -> Option<u64>;
    /// Bytes that were put there; nothing when they cannot be read any more.
    fn get(&self, place: u64, length: usize) -> Option<Vec<u8>>;
    /// These bytes are not needed any more.
    fn release(&mut self, place: u64, length: usize);
}

/// What turns pieces into bytes to be held and back.
#[derive(Debug, Default)]
pub(crate) struct Keep {
    sample: Sample,
    shelf: Option<Box<dyn Shelf>>,
    /// Bytes held in memory at present.
    held: usize,
}

impl Keep {
    pub(crate) fn set_shelf(&mut self, shelf: Box<dyn Shelf>) {
        // Pieces on a shelf are read from that very one.
        self.shelf.get_or_insert(shelf);
    }

    pub(crate) fn has_sample(&self) -> bool {
        !self.sample.is_empty()
    }

    pub(crate) fn set_sample(&mut self, sample: Sample) {
        self.sample = sample;
    }

    /// A holder's bytes came to be so many, from so many before.
    pub(crate) fn account(&mut self, before: usize, now: usize) {
        self.held = (self.held + now).saturating_sub(before);
    }

    /// A piece as it is to be held.
    pub(crate) fn stow(&mut self, plain: &[u8]) -> Vec<u8> {
        let small = self.sample.squeeze(plain);
        if self.held >= IN_MEMORY
            && small.len() > WORTH_IT
            && let Some(shelf) = &mut self.shelf
            && let Some(place) = shelf.put(&small)
        {
            let mut held = Vec::with_capacity(13);
            held.push(SHELVED);
            held.extend_from_slice(&place.to_le_bytes());
            // No piece comes near 4 GiB: lines are shorter.
            held.extend_from_slice(&(small.len() as u32).to_le_bytes());
            return held;
        }
        let mut held = Vec::with_capacity(1 + small.len());
        held.push(HERE);
        held.extend_from_slice(&small);
        held
    }

    /// What was stowed; empty where it cannot be had any more.
    pub(crate) fn open<'p>(&self, held: &'p [u8]) -> Cow<'p, [u8]> {
        if let Some((place, length)) = shelved(held) {
            let small = self.shelf.as_ref().and_then(|shelf| shelf.get(place, length));
            return Cow::Owned(small.map_or_else(Vec::new, |small| self.sample.open(&small).into_owned()));
        }
        match held {
            [HERE, small @ ..] => self.sample.open(small),
            _ => Cow::Borrowed(&[]),
        }
    }

    /// A piece is held no more.
    pub(crate) fn release(&mut self, held: &[u8]) {
        if let (Some((place, length)), Some(shelf)) = (shelved(held), &mut self.shelf) {
            shelf.release(place, length);
        }
    }
}

/// Place and length of a piece on the shelf.
fn shelved(held: &[u8]) -> Option<(u64, usize)> {
    let [SHELVED, rest @ ..] = held else { return None };
    let (place, length) = rest.split_first_chunk::<8>()?;
    let length = u32::from_le_bytes(length.try_into().ok()?);
    Some((u64::from_le_bytes(*place), usize::try_from(length).ok()?))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// A shelf in memory that knows what was released.
    #[derive(Debug, Default)]
    pub(crate) struct Boxes {
        next: u64,
        all: BTreeMap<u64, Vec<u8>>,
    }

    impl Shelf for Boxes {
        fn put(&mut self, bytes: &[u8]) -> Option<u64> {
            self.next += 1;
            self.all.insert(self.next, bytes.to_vec());
            Some(self.next)
        }
        fn get(&self, place: u64, length: usize) -> Option<Vec<u8>> {
            self.all.get(&place).filter(|bytes| bytes.len() == length).cloned()
        }
        fn release(&mut self, place: u64, length: usize) {
            let gone = self.all.remove(&place);
            assert_eq!(
                gone.map(|bytes| bytes.len()),
                Some(length),
                "released once, as it was put"
            );
        }
    }

    /// A keep that puts everything on a shelf.
    pub(crate) fn shelving() -> Keep {
        Keep {
            shelf: Some(Box::new(Boxes::default())),
            held: IN_MEMORY,
            ..Keep::default()
        }
    }

    #[test]
    fn a_piece_comes_back_from_the_shelf_and_leaves_little_in_memory() {
        let mut keep = shelving();
        let plain: Vec<u8> = (0..=255).collect();
        let held = keep.stow(&plain);
        assert!(held.len() < 16);
        assert_eq!(&*keep.open(&held), &plain[..]);
        keep.release(&held);
        assert_eq!(&*keep.open(&held), b"", "what was released is gone");
    }

    #[test]
    fn without_a_shelf_everything_stays_in_memory() {
        let mut keep = Keep::default();
        keep.account(0, 2 * IN_MEMORY);
        let plain: Vec<u8> = (0..=255).collect();
        let held = keep.stow(&plain);
        assert_eq!(&*keep.open(&held), &plain[..]);
    }
}
