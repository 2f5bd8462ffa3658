//! Where the lines are kept that speak against people who are not banned (yet), and what the lines told: once for all
//! jails of a process, in blocks. The newest blocks lie there as they are, older ones are made small, and beyond some
//! megabytes they go to a shelf that the keep's owner provides (a file): a flood of clients must not fill the memory.
use crate::squeeze::{Press, open};
use bantam_detect::GroupNames;
use parking_lot::Mutex;
use std::collections::{BTreeMap, VecDeque};
use std::fmt::Debug;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A block that has grown to so many bytes takes no more pieces.
const BLOCK: usize = 16 << 10;
/// So many bytes of blocks are left as they are: of most attackers nothing is needed any more soon after.
const AS_THEY_ARE: usize = 3 << 20;
/// No more blocks can be left as they are; if more are listed, some of them have ended.
const MOST_LISTED: usize = AS_THEY_ARE / BLOCK + 1;
/// So many bytes of blocks that were made small are held in memory; further ones go to the shelf.
const IN_MEMORY: usize = 5 << 18;
/// The room for a block, which its last piece may go beyond.
const ROOM: usize = BLOCK + BLOCK / 4;

/// A place for bytes that are seldom needed again.
pub trait Shelf: Send + Debug {
    /// Puts bytes there and says where; nothing when that is not possible now, and they stay in memory.
    fn put(&mut self, bytes: &[u8]) -> Option<u64>;
    /// Bytes that were put there; nothing when they cannot be read any more.
    fn get(&self, place: u64, length: usize) -> Option<Vec<u8>>;
    /// These bytes are not needed any more.
    fn release(&mut self, place: u64, length: usize);
}

/// Holds pieces for jails; a handle that is cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Keep(Arc<Mutex<Blocks>>);

/// Where a piece is: in the block of that number, at that byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place(NonZeroU64);

const BITS_IN_BLOCK: u32 = 16;

impl Place {
    pub(crate) fn number(self) -> u64 {
        self.0.get()
    }

    pub(crate) fn from_number(number: u64) -> Option<Self> {
        NonZeroU64::new(number).map(Place)
    }

    fn new(block: u64, at: usize) -> Option<Self> {
        Self::from_number(block << BITS_IN_BLOCK | at as u64)
    }

    fn block(self) -> u64 {
        self.number() >> BITS_IN_BLOCK
    }

    /// At which byte of its block.
    pub(crate) fn at(self) -> usize {
        (self.number() & ((1 << BITS_IN_BLOCK) - 1)) as usize
    }
}

const _: () = assert!(BLOCK <= 1 << BITS_IN_BLOCK);

/// Numbers are given once in a process, so that a place of one keep means nothing to another.
static NEXT_BLOCK: AtomicU64 = AtomicU64::new(1);

#[derive(Debug, Default)]
pub(crate) struct Blocks {
    open: Option<Open>,
    /// In the order of their numbers, as they come and mostly go: what is worked with lies together, however many.
    closed: BTreeMap<u64, Closed>,
    /// Blocks that were left as they are, oldest first, those that are gone among them; and their bytes.
    as_they_are: VecDeque<(u64, usize)>,
    unsqueezed: usize,
    /// Bytes of small blocks in memory.
    held: usize,
    press: Press,
    /// The room of a block that was made small, for the next one.
    spare: Option<Vec<u8>>,
    shelf: Option<Box<dyn Shelf>>,
}

/// The block that takes pieces.
#[derive(Debug)]
struct Open {
    number: u64,
    bytes: Vec<u8>,
    /// How often its pieces are needed.
    uses: usize,
    /// Names of groups that were written into it last, and at which byte.
    names: Option<(GroupNames, usize)>,
}

#[derive(Debug)]
struct Closed {
    bytes: Held,
    uses: usize,
}

#[derive(Debug)]
enum Held {
    Plain(Vec<u8>),
    Small(Box<[u8]>),
    Shelved { place: u64, length: usize },
}

impl Keep {
    /// With a place for what would fill the memory.
    pub fn with_shelf(shelf: Box<dyn Shelf>) -> Self {
        Keep(Arc::new(Mutex::new(Blocks {
            shelf: Some(shelf),
            ..Blocks::default()
        })))
    }

    /// Works with the blocks; several steps at once are one turn at the lock.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut Blocks) -> T) -> T {
        work(&mut self.0.lock())
    }
}

impl Blocks {
    /// Keeps a piece, as it is written by `write`, for one who needs it. (None: nothing was written, or there are no
    /// numbers left.)
    pub(crate) fn put(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Option<Place> {
        let open = self.open.get_or_insert_with(|| Open {
            number: NEXT_BLOCK.fetch_add(1, Ordering::Relaxed),
            bytes: self.spare.take().unwrap_or_else(|| Vec::with_capacity(ROOM)),
            uses: 0,
            names: None,
        });
        let at = open.bytes.len();
        open.bytes.extend_from_slice(&[0; 4]);
        write(&mut open.bytes);
        if open.bytes.len() == at + 4 {
            open.bytes.truncate(at);
            return None;
        }
        // A line is never near 4 GiB.
        let length = (open.bytes.len() - at - 4) as u32;
        if let Some(bytes) = open.bytes.get_mut(at..at + 4) {
            bytes.copy_from_slice(&length.to_le_bytes());
        }
        open.uses += 1;
        let place = Place::new(open.number, at);
        if open.bytes.len() >= BLOCK {
            self.close();
        }
        place
    }

    /// Whether the next piece comes into the block of this one.
    pub(crate) fn is_open(&self, place: Place) -> bool {
        self.open.as_ref().is_some_and(|open| open.number == place.block())
    }

    /// At which byte of the block that takes the next piece these names were written.
    pub(crate) fn names(&self, names: &GroupNames) -> Option<usize> {
        let (written, at) = self.open.as_ref()?.names.as_ref()?;
        written.are(names).then_some(*at)
    }

    /// These names were written at a byte of the block of a piece that was just put.
    pub(crate) fn set_names(&mut self, place: Place, names: &GroupNames, at: usize) {
        if let Some(open) = self.open.as_mut().filter(|open| open.number == place.block()) {
            open.names = Some((names.clone(), at));
        }
    }

    /// One more needs a piece. False: it is here no more.
    pub(crate) fn retain(&mut self, place: Place) -> bool {
        let uses = match &mut self.open {
            Some(open) if open.number == place.block() => Some(&mut open.uses),
            _ => self.closed.get_mut(&place.block()).map(|block| &mut block.uses),
        };
        uses.map(|uses| *uses += 1).is_some()
    }

    /// One less needs a piece.
    pub(crate) fn release(&mut self, place: Place) {
        if let Some(open) = self.open.as_mut().filter(|open| open.number == place.block()) {
            open.uses = open.uses.saturating_sub(1);
            if open.uses == 0 {
                // Its number is not used again: places in it may be remembered.
                open.number = NEXT_BLOCK.fetch_add(1, Ordering::Relaxed);
                open.bytes.clear();
                open.names = None;
            }
            return;
        }
        let Some(block) = self.closed.get_mut(&place.block()) else {
            return;
        };
        block.uses = block.uses.saturating_sub(1);
        if block.uses == 0
            && let Some(block) = self.closed.remove(&place.block())
        {
            match block.bytes {
                Held::Plain(bytes) => self.unsqueezed = self.unsqueezed.saturating_sub(bytes.len()),
                Held::Small(bytes) => self.held = self.held.saturating_sub(bytes.len()),
                Held::Shelved { place, length } => {
                    if let Some(shelf) = &mut self.shelf {
                        shelf.release(place, length);
                    }
                }
            }
        }
    }

    /// Shows pieces, one after the other; an empty one in place of what cannot be had any more.
    pub(crate) fn read(&self, places: impl Iterator<Item = Place>, mut show: impl FnMut(&[u8])) {
        self.read_in_block(places, |_, piece| show(piece));
    }

    /// The same, each with its block, which [`piece`] finds others in.
    pub(crate) fn read_in_block(&self, places: impl Iterator<Item = Place>, mut show: impl FnMut(&[u8], &[u8])) {
        // Pieces of one client often lie in one block.
        let mut opened: Option<(u64, Vec<u8>)> = None;
        for place in places {
            let number = place.block();
            let plain = match (&self.open, self.closed.get(&number)) {
                (Some(open), _) if open.number == number => &open.bytes,
                (
                    _,
                    Some(Closed {
                        bytes: Held::Plain(bytes),
                        ..
                    }),
                ) => bytes,
                (_, block) => {
                    if opened.as_ref().is_none_or(|(known, _)| *known != number) {
                        let bytes = block.and_then(|block| self.opened(&block.bytes)).unwrap_or_default();
                        opened = Some((number, bytes));
                    }
                    opened.as_ref().map_or(&NOTHING, |(_, bytes)| bytes)
                }
            };
            show(plain, piece(plain, place.at()).unwrap_or_default());
        }
    }

    fn opened(&self, bytes: &Held) -> Option<Vec<u8>> {
        match bytes {
            Held::Plain(bytes) => Some(bytes.clone()),
            Held::Small(small) => open(small),
            Held::Shelved { place, length } => open(&self.shelf.as_ref()?.get(*place, *length)?),
        }
    }

    /// The open block takes no more.
    fn close(&mut self) {
        let Some(Open {
            number, bytes, uses, ..
        }) = self.open.take()
        else {
            return;
        };
        self.unsqueezed += bytes.len();
        self.as_they_are.push_back((number, bytes.len()));
        let bytes = Held::Plain(bytes);
        self.closed.insert(number, Closed { bytes, uses });
        while self.unsqueezed > AS_THEY_ARE
            && let Some((oldest, _)) = self.as_they_are.pop_front()
        {
            self.make_small(oldest);
        }
        // Blocks may have ended behind one that goes on for long.
        if self.as_they_are.len() > MOST_LISTED {
            let closed = &self.closed;
            self.as_they_are.retain(|(number, _)| closed.contains_key(number));
        }
    }

    fn make_small(&mut self, number: u64) {
        let Some(block) = self.closed.get_mut(&number) else {
            return;
        };
        let Held::Plain(bytes) = &mut block.bytes else { return };
        self.unsqueezed = self.unsqueezed.saturating_sub(bytes.len());
        let mut bytes = std::mem::take(bytes);
        let small = self.press.squeeze(&bytes);
        let length = small.len();
        let full = self.held + length > IN_MEMORY;
        let shelved = self.shelf.as_mut().filter(|_| full).and_then(|shelf| shelf.put(small));
        block.bytes = match shelved {
            Some(place) => Held::Shelved { place, length },
            None => Held::Small(small.into()),
        };
        if shelved.is_none() {
            self.held += length;
        }
        self.press.shrink_to(ROOM);
        if bytes.capacity() <= 2 * ROOM {
            bytes.clear();
            self.spare = Some(bytes);
        }
    }
}

static NOTHING: Vec<u8> = Vec::new();

/// The piece at that byte of a block.
pub(crate) fn piece(block: &[u8], at: usize) -> Option<&[u8]> {
    let (length, rest) = block.get(at..)?.split_first_chunk::<4>()?;
    rest.get(..usize::try_from(u32::from_le_bytes(*length)).ok()?)
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::expect_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;
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

    impl Blocks {
        /// Whether nothing is kept.
        pub(crate) fn is_empty(&self) -> bool {
            self.closed.is_empty() && self.open.as_ref().is_none_or(|open| open.bytes.is_empty())
        }
    }

    /// A keep that has its blocks on a shelf as soon as they are closed.
    pub(crate) fn shelving() -> Keep {
        let keep = Keep::with_shelf(Box::new(Boxes::default()));
        keep.with(|blocks| {
            blocks.held = IN_MEMORY;
            blocks.unsqueezed = AS_THEY_ARE;
        });
        keep
    }

    fn bytes(number: u32) -> Vec<u8> {
        number.to_le_bytes().repeat(10 + number as usize % 300)
    }

    fn put(keep: &Keep, number: u32) -> Place {
        let write = |to: &mut Vec<u8>| to.extend_from_slice(&bytes(number));
        keep.with(|blocks| blocks.put(write)).expect("a place")
    }

    fn read(keep: &Keep, place: Place) -> Vec<u8> {
        let mut all = Vec::new();
        keep.with(|blocks| blocks.read([place].into_iter(), |bytes| all.extend_from_slice(bytes)));
        all
    }

    proptest! {
        #[test]
        fn what_was_put_is_there_until_nobody_needs_it(
            steps in prop::collection::vec((0u8..4, any::<prop::sample::Index>()), 0..600),
            shelved in any::<bool>(),
        ) {
            let keep = if shelved { shelving() } else { Keep::default() };
            let mut there: Vec<(u32, Place, u32)> = Vec::new();
            for (number, (step, which)) in (0..).zip(steps) {
                if step < 2 || there.is_empty() {
                    there.push((number, put(&keep, number), 1));
                    continue;
                }
                let index = which.index(there.len());
                let (content, place, uses) = &mut there[index];
                if step == 2 {
                    prop_assert!(keep.with(|blocks| blocks.retain(*place)));
                    *uses += 1;
                } else {
                    prop_assert_eq!(read(&keep, *place), bytes(*content));
                    keep.with(|blocks| blocks.release(*place));
                    *uses -= 1;
                    if *uses == 0 {
                        there.remove(index);
                    }
                }
            }
            for (content, place, uses) in there {
                prop_assert_eq!(read(&keep, place), bytes(content));
                for _ in 0..uses {
                    keep.with(|blocks| blocks.release(place));
                }
            }
            keep.with(|blocks| assert!(blocks.closed.is_empty(), "all blocks are gone"));
        }
    }

    #[test]
    fn what_writes_nothing_has_no_place_and_takes_none() {
        let keep = Keep::default();
        let one = put(&keep, 5);
        assert_eq!(keep.with(|blocks| blocks.put(|_| {})), None);
        let other = put(&keep, 6);
        assert_eq!((read(&keep, one), read(&keep, other)), (bytes(5), bytes(6)));
        assert_eq!(other.at() - one.at(), 4 + bytes(5).len());
    }

    #[test]
    fn a_piece_that_nobody_needs_any_more_is_not_had_again() {
        let keep = Keep::default();
        let place = put(&keep, 7);
        keep.with(|blocks| blocks.release(place));
        assert!(!keep.with(|blocks| blocks.retain(place)));
        assert_eq!(read(&keep, place), b"");
        put(&keep, 8);
        assert_eq!(read(&keep, place), b"", "another piece in its place is another's");
    }

    #[test]
    fn a_place_of_one_keep_means_nothing_to_another() {
        let (one, other) = (Keep::default(), Keep::default());
        let place = put(&one, 1);
        put(&other, 2);
        assert!(!other.with(|blocks| blocks.retain(place)));
    }

    #[test]
    fn blocks_that_ended_are_not_remembered_behind_one_that_goes_on() {
        let keep = Keep::default();
        put(&keep, 299);
        let mut there = VecDeque::new();
        for number in 0..100_000 {
            there.push_back(put(&keep, number));
            if there.len() > 50 {
                let ended = there.pop_front();
                keep.with(|blocks| ended.into_iter().for_each(|place| blocks.release(place)));
            }
        }
        keep.with(|blocks| assert!(blocks.as_they_are.len() <= MOST_LISTED && blocks.closed.len() <= 10));
    }

    #[test]
    fn old_blocks_leave_the_memory_when_there_is_a_shelf() {
        for shelf in [true, false] {
            let keep = match shelf {
                true => Keep::with_shelf(Box::new(Boxes::default())),
                false => Keep::default(),
            };
            let line = |number: u64| {
                // Nothing repeats itself, so that nothing becomes small.
                let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
                std::iter::repeat_with(move || {
                    state ^= state << 13;
                    state ^= state >> 7;
                    state ^= state << 17;
                    state.to_le_bytes()
                })
                .take(128)
                .flatten()
            };
            let places: Vec<Place> = (0..12_000)
                .map(|number| {
                    keep.with(|blocks| blocks.put(|to| to.extend(line(number))))
                        .expect("a place")
                })
                .collect();
            let held = keep.with(|blocks| blocks.held + blocks.unsqueezed);
            assert_eq!(held <= IN_MEMORY + AS_THEY_ARE, shelf, "{held} bytes");
            for (number, place) in (0..).zip(places) {
                assert!(read(&keep, place).into_iter().eq(line(number)));
            }
        }
    }
}
