//! Which places the ids of a hash have. The cells of a hash lie in one line of the processor's cache, so that a counter
//! that is looked for and then begun waits once for the memory and not for each table on the way; and lines stand in
//! the order of the hashes, so that growing reads and writes one after the other, however many there are.

/// Cells of a line.
const CELLS: usize = 8;
/// Lines to begin with.
const FIRST: usize = 8;

/// Hash (upper half) and place plus one (lower half); 0: nothing. What is there stands in front.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Line([u64; CELLS]);

impl Line {
    const EMPTY: Line = Line([0; CELLS]);

    fn is_full(&self) -> bool {
        self.0[CELLS - 1] != 0
    }

    /// Puts one behind those that are there. False: there is no room.
    fn push(&mut self, cell: u64) -> bool {
        match self.0.iter_mut().find(|known| **known == 0) {
            Some(room) => {
                *room = cell;
                true
            }
            None => false,
        }
    }

    /// The last of the line takes the place of one that goes.
    fn take(&mut self, at: usize) {
        let last = self.0.iter().rposition(|cell| *cell != 0).unwrap_or(at);
        self.0.swap(at, last);
        self.0[last] = 0;
    }
}

/// The table.
#[derive(Debug, Default)]
pub(crate) struct Places {
    lines: Vec<Line>,
    count: usize,
}

fn cell_of(hash: u32, place: u32) -> u64 {
    u64::from(hash) << 32 | (u64::from(place) + 1)
}

fn hash_of(cell: u64) -> u32 {
    (cell >> 32) as u32
}

/// Wraps where there is nothing, of which nobody asks.
fn place_of(cell: u64) -> u32 {
    (cell as u32).wrapping_sub(1)
}

impl Places {
    /// For so many without growing.
    pub(crate) fn with_room(count: usize) -> Self {
        let lines = count.div_ceil(CELLS - 2);
        Places {
            lines: vec![Line::EMPTY; lines],
            count: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// The line that a hash belongs to; those who do not fit there stand in the next ones.
    fn home(&self, hash: u32) -> usize {
        ((u64::from(hash) * self.lines.len() as u64) >> 32) as usize
    }

    fn after(&self, line: usize) -> usize {
        if line + 1 < self.lines.len() { line + 1 } else { 0 }
    }

    /// The first line and those after it, each once.
    fn from(&self, home: usize) -> impl Iterator<Item = (usize, &Line)> {
        let (before, rest) = self.lines.split_at(home.min(self.lines.len()));
        (home..).zip(rest).chain((0..).zip(before))
    }

    /// Reads what finding and inserting this hash begins with.
    pub(crate) fn touch(&self, hash: u32) -> u64 {
        self.lines.get(self.home(hash)).map_or(0, |line| line.0[0])
    }

    /// The place of a hash that is the one.
    pub(crate) fn find(&self, hash: u32, mut is_same: impl FnMut(u32) -> bool) -> Option<u32> {
        for (_, line) in self.from(self.home(hash)) {
            // All cells at once: which is the one cannot be guessed.
            let mut alike = 0u8;
            for (at, cell) in line.0.iter().enumerate() {
                alike |= u8::from((hash_of(*cell) == hash) & (*cell != 0)) << at;
            }
            while alike != 0 {
                let place = place_of(line.0[alike.trailing_zeros() as usize]);
                if is_same(place) {
                    return Some(place);
                }
                alike &= alike - 1;
            }
            if !line.is_full() {
                break;
            }
        }
        None
    }

    /// Takes in one that is not there yet.
    pub(crate) fn insert(&mut self, hash: u32, place: u32) {
        // Beyond this many stand in lines that are not their own.
        if 16 * (self.count + 1) > 13 * CELLS * self.lines.len() {
            self.grow();
        }
        self.put(cell_of(hash, place));
        self.count += 1;
    }

    fn put(&mut self, cell: u64) {
        let mut at = self.home(hash_of(cell));
        while self.lines.get_mut(at).is_some_and(|line| !line.push(cell)) {
            at = self.after(at);
        }
    }

    fn grow(&mut self) {
        let lines = (self.lines.len() + self.lines.len() / 2).max(FIRST);
        let old = std::mem::replace(&mut self.lines, vec![Line::EMPTY; lines]);
        for cell in old.iter().flat_map(|line| line.0).filter(|cell| *cell != 0) {
            self.put(cell);
        }
    }

    /// Takes one out.
    pub(crate) fn remove(&mut self, hash: u32, place: u32) {
        let cell = cell_of(hash, place);
        let mut found = None;
        for (number, line) in self.from(self.home(hash)) {
            found = line.0.iter().position(|known| *known == cell).map(|at| (number, at));
            if found.is_some() || !line.is_full() {
                break;
            }
        }
        let Some((mut line, mut at)) = found else { return };
        self.count -= 1;
        // Who did not fit into this line moves up, and leaves a gap in its turn.
        loop {
            let was_full = self.lines[line].is_full();
            self.lines[line].take(at);
            if !was_full {
                return;
            }
            let Some((from, gap)) = self.one_for(line) else { return };
            let moved = self.lines[from].0[gap];
            self.lines[line].push(moved);
            (line, at) = (from, gap);
        }
    }

    /// One that stands further on for want of room in this line.
    fn one_for(&self, line: usize) -> Option<(usize, usize)> {
        let count = self.lines.len();
        for (number, there) in self.from(self.after(line)).take(count - 1) {
            let behind = |other: usize| (number + count - other) % count;
            let may = |cell: &u64| *cell != 0 && behind(self.home(hash_of(*cell))) >= behind(line);
            if let Some(at) = there.0.iter().position(may) {
                return Some((number, at));
            }
            if !there.is_full() {
                return None;
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn who_was_put_there_is_found_until_taken_out(
            steps in prop::collection::vec((any::<u32>(), any::<bool>(), any::<prop::sample::Index>()), 0..400),
            crowded in 1u32..64,
        ) {
            let mut places = Places::default();
            let mut there: BTreeMap<u32, u32> = BTreeMap::new();
            for (place, (hash, goes, which)) in (0..).zip(steps) {
                if goes && !there.is_empty() {
                    let gone = *there.keys().nth(which.index(there.len())).unwrap_or(&0);
                    let hash = there.remove(&gone).unwrap_or(0);
                    places.remove(hash, gone);
                    prop_assert_eq!(places.find(hash, |place| place == gone), None);
                } else {
                    // Many at the same few lines, on both sides of the table's end.
                    let hash = (hash % crowded).wrapping_sub(2).wrapping_mul(1 << 26);
                    places.insert(hash, place);
                    there.insert(place, hash);
                }
                prop_assert_eq!(places.len(), there.len());
                for (place, hash) in &there {
                    prop_assert_eq!(places.find(*hash, |found| found == *place), Some(*place));
                }
            }
        }
    }

    #[test]
    fn what_is_not_there_is_known_after_few_lines() {
        let mut places = Places::default();
        let hashes = |from: u64| (from..).map(|n| ((n.wrapping_mul(0x9e37_79b9_7f4a_7c15)) >> 32) as u32);
        for (place, hash) in (0..200_000).zip(hashes(1)) {
            places.insert(hash, place);
        }
        let looked_at = |hash: u32| {
            1 + places
                .from(places.home(hash))
                .take_while(|(_, line)| line.is_full())
                .count()
        };
        let lines: usize = hashes(1 << 40).take(10_000).map(looked_at).sum();
        assert!(lines < 20_000, "{lines} lines for 10000");
        assert!(places.lines.len() * size_of::<Line>() < 16 * 200_000);
    }
}
