//! A table of counters by id. Each has a place of its own, told by a number that stays while it is there: what changed
//! is remembered by that, without the id. Beside a place stands its hash, so that growing does not touch the counters.
use crate::Id;
use crate::counters::Entry;
use foldhash::fast::RandomState;
use hashbrown::HashTable;
use std::hash::BuildHasher;

#[derive(Debug, Default)]
pub(crate) struct Slots {
    hasher: RandomState,
    /// Hash and place.
    table: HashTable<(u32, u32)>,
    slots: Vec<Option<(Id, Entry)>>,
    free: Vec<u32>,
}

/// The table takes the group from the low bits and the tag from the highest ones.
fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}

impl Slots {
    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    /// Places there are, free ones among them.
    pub(crate) fn places(&self) -> u32 {
        u32::try_from(self.slots.len()).unwrap_or(u32::MAX)
    }

    pub(crate) fn hash(&self, id: &Id) -> u32 {
        self.hasher.hash_one(id) as u32
    }

    pub(crate) fn find(&mut self, hash: u32, id: &Id) -> Option<(u32, &mut Entry)> {
        let slots = &self.slots;
        let is_same = |known: &(u32, u32)| known.0 == hash && owner(slots, known.1) == Some(id);
        let place = self.table.find(spread(hash), is_same)?.1;
        self.at(place).map(|(_, entry)| (place, entry))
    }

    pub(crate) fn at(&mut self, place: u32) -> Option<(&Id, &mut Entry)> {
        let (id, entry) = self.slots.get_mut(place as usize)?.as_mut()?;
        Some((id, entry))
    }

    /// Takes in one that is not there yet.
    pub(crate) fn insert(&mut self, hash: u32, id: Id, entry: Entry) -> u32 {
        let place = match self.free.pop() {
            Some(place) => place,
            None => {
                self.slots.push(None);
                // The memory ends before the numbers do.
                (self.slots.len() - 1) as u32
            }
        };
        if let Some(slot) = self.slots.get_mut(place as usize) {
            *slot = Some((id, entry));
        }
        self.table
            .insert_unique(spread(hash), (hash, place), |known| spread(known.0));
        place
    }

    pub(crate) fn remove(&mut self, place: u32) -> Option<(Id, Entry)> {
        let taken = self.slots.get_mut(place as usize)?.take()?;
        let hash = self.hash(&taken.0);
        if let Ok(known) = self.table.find_entry(spread(hash), |known| known.1 == place) {
            known.remove();
        }
        self.free.push(place);
        Some(taken)
    }

    /// Whether there is much more room than is needed.
    pub(crate) fn is_roomy(&self) -> bool {
        self.slots.capacity() > 4 * self.len() + 1024
    }

    /// Gives room back: all get new places, which are told.
    pub(crate) fn shrink(&mut self, mut tell: impl FnMut(u32, &Entry)) {
        let hasher = self.hasher.clone();
        let count = self.len();
        let old = std::mem::replace(
            self,
            Slots {
                hasher,
                table: HashTable::with_capacity(2 * count),
                slots: Vec::with_capacity(2 * count),
                free: Vec::new(),
            },
        );
        for (id, entry) in old.slots.into_iter().flatten() {
            let place = self.insert(self.hash(&id), id, entry);
            if let Some((_, entry)) = self.at(place) {
                tell(place, entry);
            }
        }
    }
}

fn owner(slots: &[Option<(Id, Entry)>], place: u32) -> Option<&Id> {
    slots.get(place as usize)?.as_ref().map(|(id, _)| id)
}
