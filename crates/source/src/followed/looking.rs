//! Which file bears a name: the first one, its successors, and those that came and went between two looks.

use super::{Followed, note};
use crate::bytes::{first_line_hash, last_line_start, size};
use crate::settings::Around;
use crate::siblings::{self, Search};
use crate::stream::{FileId, Stream};
use crate::watch::{Mark, points};
use crate::{Event, Position, Start};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Searches among names that are just being shifted are repeated so often.
const PATIENCE: u32 = 200;

impl Followed {
    /// Finds out which file the name leads to. Returns whether this has to be repeated at once.
    pub(crate) fn look(&mut self, around: &mut Around<'_>) -> bool {
        self.check = false;
        self.watch_points(around);
        match open_regular(&self.path, self.current.as_ref().map(|current| current.id)) {
            Ok(Opened::Same) => {
                self.missing_since = None;
                self.said = None;
                false
            }
            Ok(Opened::File(file, stat)) => {
                self.dirty = true;
                self.found(file, &stat, around)
            }
            Err(Unopened { missing, words }) => {
                self.not_found(missing, words, around);
                false
            }
        }
    }

    fn not_found(&mut self, missing: bool, words: String, around: &mut Around<'_>) {
        if !missing {
            self.missing_since = None;
            self.fail(words, around.events);
            return;
        }
        let since = *self.missing_since.get_or_insert_with(Instant::now);
        // What appears under a name that was empty is new from its first byte.
        if self.start == Some(Start::Tail) {
            self.start = Some(Start::Head(None));
        }
        let rotating = self.current.is_some() && since.elapsed() < around.settings.missing;
        if self.explicit && !rotating {
            self.fail(words, around.events);
        }
    }

    pub(super) fn fail(&mut self, error: String, events: &mut dyn FnMut(Event)) {
        if self.said.as_ref() != Some(&error) {
            let path = self.path.clone();
            self.said = Some(error.clone());
            events(Event::Failed { path, error });
        }
    }

    /// Another file stands under the name.
    fn found(&mut self, file: OwnedFd, stat: &Stat, around: &mut Around<'_>) -> bool {
        let result = match self.start.take() {
            Some(start) => self.begin(file, stat, start, around),
            None => self.succeed(file, stat, around),
        };
        match result {
            Ok(again) => again,
            Err(error) => {
                self.fail(error.to_string(), around.events);
                false
            }
        }
    }

    /// The first file under this name.
    fn begin(&mut self, file: OwnedFd, stat: &Stat, start: Start, around: &mut Around<'_>) -> Result<bool, Errno> {
        let offset = match &start {
            Start::Tail => last_line_start(&file, size(stat))?,
            Start::Head(remembered) => {
                let offset = self.remembered_offset(&file, stat, remembered.as_ref())?;
                if offset.is_none()
                    && let Some(position) = remembered
                    && !self.resume_rotated(position, FileId::of(stat), around)?
                {
                    self.start = Some(start);
                    self.check = true;
                    return Ok(true);
                }
                offset.unwrap_or(0)
            }
        };
        let mut stream = self.adopt_file(file, stat, offset)?;
        stream.begin_with_history(stat);
        let position = note(&mut self.last, self.old.first().unwrap_or(&stream));
        self.set_current(stream, around);
        self.say(
            Event::Added {
                path: self.path.clone(),
                position,
            },
            around,
        );
        if start == Start::Tail {
            self.in_operation = true;
            self.say(
                Event::InOperation {
                    path: self.path.clone(),
                },
                around,
            );
        }
        Ok(false)
    }

    pub(super) fn say(&self, event: Event, around: &mut Around<'_>) {
        (around.events)(event);
    }

    fn adopt_file(&mut self, file: OwnedFd, stat: &Stat, offset: u64) -> Result<Stream, Errno> {
        let stream = Stream::new(file, stat, offset, self.generations)?;
        self.generations += 1;
        Ok(stream)
    }

    pub(super) fn set_current(&mut self, mut stream: Stream, around: &mut Around<'_>) {
        self.watch(&mut stream, around);
        self.current = Some(stream);
        self.missing_since = None;
        self.said = None;
        self.tries = 0;
        self.dirty = true;
    }

    /// Where to go on in the file if it is one that was remembered, be it under another name of the same pattern.
    fn remembered_offset(&self, file: &OwnedFd, stat: &Stat, own: Option<&Position>) -> Result<Option<u64>, Errno> {
        let mut candidates = own.into_iter().chain(self.remembered.iter()).peekable();
        if candidates.peek().is_none() {
            return Ok(None);
        }
        let hash = first_line_hash(file)?.filter(|hash| !hash.is_empty());
        Ok(candidates
            .find(|known| Some(&known.first_line_md5) == hash.as_ref() && known.offset <= size(stat))
            .map(|known| known.offset))
    }

    /// The remembered file lost its name while nobody was reading: what is left of it comes first. False where names
    /// are just being shifted.
    fn resume_rotated(&mut self, position: &Position, now: FileId, around: &mut Around<'_>) -> Result<bool, Errno> {
        if position.first_line_md5.is_empty() {
            return Ok(true);
        }
        let path = self.real_path();
        let mut wanted = |file: &OwnedFd, stat: &Stat| {
            FileId::of(stat) != now
                && size(stat) >= position.offset
                && first_line_hash(file).is_ok_and(|hash| hash.as_ref() == Some(&position.first_line_md5))
        };
        let found = match siblings::any(&path, &mut wanted, around.taken) {
            Search::Found(found) => found,
            Search::Nothing => return Ok(true),
            Search::Moving => return Ok(!self.patient()),
        };
        if found.taken {
            return Ok(true);
        }
        let stream = self.adopt_file(found.file, &found.stat, position.offset)?;
        self.push_old(stream, around);
        self.push_missed(found.newer, now, around)?;
        Ok(true)
    }

    /// One more try, or is it enough?
    pub(super) fn patient(&mut self) -> bool {
        self.tries += 1;
        self.tries < PATIENCE
    }

    /// Another file took the name.
    fn succeed(&mut self, file: OwnedFd, stat: &Stat, around: &mut Around<'_>) -> Result<bool, Errno> {
        let id = FileId::of(stat);
        // It may have been cut before it lost its name; the copy of what was in it is searched by what is known now.
        if self.current.as_mut().is_some_and(Stream::was_cut) {
            self.cut(around);
        }
        let mut missed = Vec::new();
        if let Some(current) = &self.current {
            let before = current.id;
            let mut wanted = |_: &OwnedFd, stat: &Stat| FileId::of(stat) == before;
            match siblings::numbered(&self.real_path(), &mut wanted, around.taken) {
                Search::Found(found) => missed = found.newer,
                Search::Nothing => {}
                Search::Moving if self.patient() => {
                    self.check = true;
                    return Ok(true);
                }
                Search::Moving => {}
            }
        }
        let reason = "another file stands under this name".to_owned();
        self.say(
            Event::Rotated {
                path: self.path.clone(),
                reason,
            },
            around,
        );
        if let Some(mut before) = self.current.take() {
            before.retire();
            self.old.push(before);
        }
        self.push_missed(missed, id, around)?;
        // A file may come back to the name that it had.
        let stream = match self.old.iter().position(|old| old.id == id) {
            Some(at) => self.old.remove(at),
            None => self.adopt_file(file, stat, 0)?,
        };
        self.set_current(stream, around);
        Ok(false)
    }

    /// Files that bore the name between two looks; all of each is new.
    pub(super) fn push_missed(
        &mut self,
        missed: Vec<(OwnedFd, Stat)>,
        now: FileId,
        around: &mut Around<'_>,
    ) -> Result<(), Errno> {
        for (file, stat) in missed {
            let id = FileId::of(&stat);
            // It lost its name meanwhile: what comes after it is found when its own successor is.
            if id == now {
                return Ok(());
            }
            let mut open = self.old.iter().chain(&self.current);
            let known = open.any(|stream| stream.id == id);
            if !known {
                let stream = self.adopt_file(file, &stat, 0)?;
                self.push_old(stream, around);
            }
        }
        Ok(())
    }

    pub(super) fn push_old(&mut self, mut stream: Stream, around: &mut Around<'_>) {
        self.watch(&mut stream, around);
        self.old.push(stream);
    }

    fn watch(&self, stream: &mut Stream, around: &mut Around<'_>) {
        if let Some(watches) = around.watches.as_deref_mut()
            && stream.watch.is_none()
        {
            stream.watch = watches.file(stream.file().as_fd(), &self.path, self.id);
        }
    }

    /// The name with links resolved: rotation puts siblings beside the file, not beside the link.
    pub(super) fn real_path(&self) -> PathBuf {
        std::fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone())
    }

    fn watch_points(&mut self, around: &mut Around<'_>) {
        let Some(watches) = around.watches.as_deref_mut() else {
            return;
        };
        let mark = Mark::Name(self.id);
        let mut wanted = points(&self.path);
        // A directory may appear between looking and watching: repeat until both agree.
        for _ in 0..8 {
            let fresh: Vec<i32> = wanted
                .iter()
                .filter_map(|(directory, entry)| watches.directory(directory, Some(entry), mark))
                .collect();
            for wd in std::mem::replace(&mut self.points, fresh) {
                watches.release(wd, mark);
            }
            let now = points(&self.path);
            if now == wanted {
                return;
            }
            wanted = now;
        }
    }
}

enum Opened {
    /// The file that is open already.
    Same,
    File(OwnedFd, Stat),
}

struct Unopened {
    missing: bool,
    words: String,
}

impl From<Errno> for Unopened {
    fn from(error: Errno) -> Self {
        Self {
            missing: matches!(error, Errno::NOENT | Errno::NOTDIR),
            words: error.to_string(),
        }
    }
}

/// Opens a file unless it is `known`. Never waits on a pipe or touches a device.
fn open_regular(path: &Path, known: Option<FileId>) -> Result<Opened, Unopened> {
    let stat = rustix::fs::stat(path)?;
    regular(&stat)?;
    if known == Some(FileId::of(&stat)) {
        return Ok(Opened::Same);
    }
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    // A file that is written all the time would have its time of access noted, and written to the disk, at each read.
    // Only its owner and root may do without.
    let file = match rustix::fs::open(path, flags | OFlags::NOATIME, Mode::empty()) {
        Err(Errno::PERM) => rustix::fs::open(path, flags, Mode::empty())?,
        other => other?,
    };
    let stat = rustix::fs::fstat(&file)?;
    regular(&stat)?;
    if known == Some(FileId::of(&stat)) {
        return Ok(Opened::Same);
    }
    Ok(Opened::File(file, stat))
}

fn regular(stat: &Stat) -> Result<(), Unopened> {
    let what = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => return Ok(()),
        FileType::Directory => "a directory",
        FileType::Fifo => "a named pipe",
        FileType::Socket => "a socket",
        FileType::CharacterDevice | FileType::BlockDevice => "a device",
        _ => "something else",
    };
    Err(Unopened {
        missing: false,
        words: format!("it is {what}, not a regular file"),
    })
}
