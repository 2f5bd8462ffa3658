//! A table of counters by id. Each has a place of its own, told by a number that stays while it is there: what changed
//! is remembered by that, without the id.
use crate::Id;
use crate::entry::Entry;
use crate::places::Places;
use foldhash::fast::RandomState;
use std::hash::BuildHasher;

#[derive(Debug, Default)]
pub(crate) struct Slots {
    hasher: RandomState,
    places: Places,
    slots: Vec<Option<(Id, Entry)>>,
    free: Vec<u32>,
}

impl Slots {
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// Places there are, free ones among them.
    pub(crate) fn places(&self) -> u32 {
        u32::try_from(self.slots.len()).unwrap_or(u32::MAX)
    }

    pub(crate) fn hash(&self, id: &Id) -> u32 {
        self.hasher.hash_one(id) as u32
    }

    /// Fetches what finding and inserting this hash begins with into the processor's reach.
    pub(crate) fn touch(&self, hash: u32) -> u64 {
        self.places.touch(hash)
    }

    pub(crate) fn find(&mut self, hash: u32, id: &Id) -> Option<(u32, &mut Entry)> {
        let slots = &self.slots;
        let place = self.places.find(hash, |place| owner(slots, place) == Some(id))?;
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
        self.places.insert(hash, place);
        place
    }

    pub(crate) fn remove(&mut self, place: u32) -> Option<(Id, Entry)> {
        let taken = self.slots.get_mut(place as usize)?.take()?;
        let hash = self.hash(&taken.0);
        self.places.remove(hash, place);
        self.free.push(place);
        Some(taken)
    }

    /// Whether there is much more room than is needed.
    pub(crate) fn is_roomy(&self) -> bool {
        self.slots.capacity() > 4 * self.len() + 1024
    }

    /// Gives room back: all get new places, which are told with the old ones.
    pub(crate) fn shrink(&mut self, mut tell: impl FnMut(u32, u32)) {
        let hasher = self.hasher.clone();
        let count = self.len();
        let old = std::mem::replace(
            self,
            Slots {
                hasher,
                places: Places::with_room(2 * count),
                slots: Vec::with_capacity(2 * count),
                free: Vec::new(),
            },
        );
        for (from, (id, entry)) in (0..).zip(old.slots).filter_map(|(from, slot)| Some((from, slot?))) {
            let to = self.insert(self.hash(&id), id, entry);
            tell(from, to);
        }
    }
}

fn owner(slots: &[Option<(Id, Entry)>], place: u32) -> Option<&Id> {
    slots.get(place as usize)?.as_ref().map(|(id, _)| id)
}
