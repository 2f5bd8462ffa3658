//! A nameless file for what must be remembered but is seldom needed again: lines of clients who failed and are not
//! banned (yet). A flood of clients fills it instead of the memory; it is gone with the process.
use bantam_jail::Shelf;
use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// The file is filled, and given back, in parts of this size.
const PART: u64 = 1 << 20;
/// So much is gathered before it is written, to places that are multiples of it: the kernel has one piece of memory for
/// that, where it would need many.
const GATHERED: usize = 64 << 10;

/// The file, opened when it is first needed.
#[derive(Debug)]
pub struct Attic {
    folders: Vec<PathBuf>,
    file: Option<File>,
    /// No folder takes the file: what it would hold stays in memory.
    useless: bool,
    /// Where the next bytes go.
    next: u64,
    /// The last bytes, from `next - gathered.len()` on, are not in the file yet.
    gathered: Vec<u8>,
    /// Bytes in use, by part.
    used: BTreeMap<u64, u64>,
    /// Parts before the last that nothing stands in.
    free: Vec<u64>,
    parts: u64,
}

impl Attic {
    /// In the first of these folders that takes it.
    pub fn new(folders: Vec<PathBuf>) -> Self {
        Attic {
            folders,
            file: None,
            useless: false,
            next: 0,
            gathered: Vec::new(),
            used: BTreeMap::new(),
            free: Vec::new(),
            parts: 0,
        }
    }

    /// Makes room for so many bytes in one part.
    fn make_room(&mut self, length: usize) -> Option<()> {
        if self.file.is_none() {
            self.file = self.folders.iter().find_map(|folder| nameless(folder));
            self.useless = self.file.is_none();
        }
        let in_part = self.next % PART;
        let fits = self.parts > 0 && in_part > 0 && in_part + length as u64 <= PART;
        if fits {
            return Some(());
        }
        self.flush()?;
        let filled = self.filling();
        if self.used.get(&filled) == Some(&0) {
            self.give_back(filled);
        }
        let part = self.free.pop().unwrap_or_else(|| {
            self.parts += 1;
            self.parts - 1
        });
        self.next = part * PART;
        Some(())
    }

    fn flush(&mut self) -> Option<()> {
        self.write_gathered(self.gathered.len())
    }

    fn write_gathered(&mut self, length: usize) -> Option<()> {
        let from = self.next - self.gathered.len() as u64;
        let bytes = self.gathered.get(..length)?;
        self.file.as_ref()?.write_all_at(bytes, from).ok()?;
        self.gathered.drain(..length);
        Some(())
    }

    /// Writes what reaches up to a multiple of [`GATHERED`], if there is so much.
    fn flush_whole(&mut self) -> Option<()> {
        let from = self.next - self.gathered.len() as u64;
        let missing = GATHERED - (from % GATHERED as u64) as usize;
        match self.gathered.len() < missing {
            true => Some(()),
            false => self.write_gathered(missing),
        }
    }

    /// The part that is being filled.
    fn filling(&self) -> u64 {
        self.next.saturating_sub(1) / PART
    }

    fn give_back(&mut self, part: u64) {
        self.used.remove(&part);
        self.free.push(part);
        if let Some(file) = &self.file {
            let flags = rustix::fs::FallocateFlags::PUNCH_HOLE | rustix::fs::FallocateFlags::KEEP_SIZE;
            // Where holes are not possible the part is filled again all the same.
            let _ = rustix::fs::fallocate(file, flags, part * PART, PART);
        }
    }
}

impl Shelf for Attic {
    fn put(&mut self, bytes: &[u8]) -> Option<u64> {
        if self.useless || bytes.is_empty() || bytes.len() as u64 > PART {
            return None;
        }
        self.make_room(bytes.len())?;
        self.flush_whole()?;
        let place = self.next;
        if bytes.len() > GATHERED {
            self.flush()?;
            self.file.as_ref()?.write_all_at(bytes, place).ok()?;
        } else {
            self.gathered.extend_from_slice(bytes);
        }
        self.next += bytes.len() as u64;
        *self.used.entry(place / PART).or_default() += bytes.len() as u64;
        Some(place)
    }

    fn get(&self, place: u64, length: usize) -> Option<Vec<u8>> {
        let written = self.next - self.gathered.len() as u64;
        let end = place.checked_add(length as u64)?;
        // All of it may be gathered still, or its end.
        let gathered = match end > written && end <= self.next {
            true => usize::try_from(end - written).ok()?,
            false => 0,
        };
        let in_file = length.saturating_sub(gathered);
        let mut bytes = vec![0; in_file];
        self.file.as_ref()?.read_exact_at(&mut bytes, place).ok()?;
        bytes.extend_from_slice(self.gathered.get(gathered - (length - in_file)..gathered)?);
        Some(bytes)
    }

    fn release(&mut self, place: u64, length: usize) {
        let part = place / PART;
        let filling = self.filling();
        let Some(used) = self.used.get_mut(&part) else { return };
        *used = used.saturating_sub(length as u64);
        if *used == 0 && part != filling {
            self.give_back(part);
        }
    }
}

/// A file without a name, for this user only.
fn nameless(folder: &Path) -> Option<File> {
    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::RDWR | OFlags::TMPFILE | OFlags::CLOEXEC;
    rustix::fs::open(folder, flags, Mode::RUSR | Mode::WUSR)
        .ok()
        .map(File::from)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn piece(number: u32) -> Vec<u8> {
        number.to_le_bytes().repeat(100 + number as usize % 50)
    }

    #[test]
    fn what_was_put_there_is_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut attic = Attic::new(vec![folder.path().join("missing"), folder.path().to_owned()]);
        let places: Vec<u64> = (0..10_000).map(|n| attic.put(&piece(n)).unwrap()).collect();
        for (n, place) in (0..).zip(&places) {
            assert_eq!(attic.get(*place, piece(n).len()).unwrap(), piece(n));
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "it has no name");
    }

    #[test]
    fn long_pieces_have_their_place_among_short_ones() {
        let folder = tempfile::tempdir().unwrap();
        let mut attic = Attic::new(vec![folder.path().to_owned()]);
        let long = |n: u32| n.to_le_bytes().repeat(100_000);
        let of = |n: u32| if n.is_multiple_of(3) { long(n) } else { piece(n) };
        let places: Vec<u64> = (0..30).map(|n| attic.put(&of(n)).unwrap()).collect();
        for (n, place) in (0..).zip(&places) {
            assert_eq!(attic.get(*place, of(n).len()).unwrap(), of(n));
        }
        assert_eq!(attic.put(&vec![1; 2 << 20]), None, "longer than a part");
    }

    #[test]
    fn a_part_that_nothing_stands_in_is_filled_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut attic = Attic::new(vec![folder.path().to_owned()]);
        let mut standing = std::collections::VecDeque::new();
        for n in 0..100_000 {
            standing.push_back((n, attic.put(&piece(n)).unwrap()));
            if standing.len() > 3000 {
                let (n, place) = standing.pop_front().unwrap();
                assert_eq!(attic.get(place, piece(n).len()).unwrap(), piece(n));
                attic.release(place, piece(n).len());
            }
        }
        assert!(attic.parts <= 4, "{} parts of {PART} bytes", attic.parts);
    }

    #[test]
    fn without_a_folder_for_it_nothing_is_taken() {
        let mut attic = Attic::new(vec!["/proc".into(), "/no/such/folder".into()]);
        assert_eq!(attic.put(b"something"), None);
    }
}
