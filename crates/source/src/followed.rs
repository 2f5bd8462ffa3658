//! One followed name: the file that bears it now, and those that bore it before and may still be written.
//!
//! Order is the point of it. A replaced file is read to the size that it had when it lost the name before its
//! successor is begun; what a slow writer adds to it later comes between, and what is left of an unfinished line comes
//! when nothing was written for some seconds. `looking` finds out which file bears the name, `reading` reads.

mod looking;
mod reading;

use crate::settings::{Around, Settings};
use crate::stream::{FileId, Likeness, Seen, Stream};
use crate::watch::{Mark, Watches};
use crate::{Event, Position, Start};
use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// The newest position, with the file that it belongs to.
#[derive(Debug)]
struct Last {
    generation: u64,
    position: Position,
}

/// A followed name.
#[derive(Debug)]
pub(crate) struct Followed {
    id: u64,
    path: PathBuf,
    /// Asked for by itself, not only by a pattern.
    pub(crate) explicit: bool,
    /// The patterns that found it.
    pub(crate) globs: BTreeSet<u64>,
    /// Until the first file was opened.
    start: Option<Start>,
    /// What was remembered of the other files of its pattern.
    remembered: Arc<Vec<Position>>,
    current: Option<Stream>,
    /// Files that bore the name before, oldest first.
    old: Vec<Stream>,
    generations: u64,
    last: Option<Last>,
    in_operation: bool,
    missing_since: Option<Instant>,
    said: Option<String>,
    tries: u32,
    points: Vec<i32>,
    /// How the file began before it was cut.
    head_before: Vec<u8>,
    /// Bytes may be there to be read.
    pub(crate) dirty: bool,
    /// The name may lead elsewhere.
    pub(crate) check: bool,
}

impl Followed {
    pub(crate) fn new(id: u64, path: PathBuf, start: Start, remembered: Arc<Vec<Position>>) -> Self {
        Self {
            id,
            path,
            explicit: false,
            globs: BTreeSet::new(),
            start: Some(start),
            remembered,
            current: None,
            old: Vec::new(),
            generations: 0,
            last: None,
            in_operation: false,
            missing_since: None,
            said: None,
            tries: 0,
            points: Vec::new(),
            head_before: Vec::new(),
            dirty: true,
            check: true,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Where reading stands: in the newest file that was begun, so that after a restart what came before its
    /// successor is looked for.
    pub(crate) fn position(&self) -> Option<Position> {
        match (&self.last, &self.start) {
            (Some(last), _) => Some(last.position.clone()),
            // The file is not there (yet): what was remembered still holds.
            (None, Some(Start::Head(remembered))) => remembered.clone(),
            _ => None,
        }
    }

    /// Bytes that were last seen and are not read yet, in all files of this name.
    pub(crate) fn behind(&self) -> u64 {
        self.old.iter().chain(&self.current).map(Stream::behind).sum()
    }

    /// Whether a look from outside (without inotify) finds something to do.
    pub(crate) fn changed(&self, settings: &Settings) -> bool {
        let now = Instant::now();
        let moved = match (rustix::fs::stat(&self.path), &self.current) {
            (Ok(stat), Some(current)) => {
                FileId::of(&stat) != current.id || Seen::of(&stat) != current.seen || self.missing_since.is_some()
            }
            (Ok(_), None) => true,
            (Err(_), Some(current)) => {
                self.missing_since
                    .is_none_or(|since| self.said.is_none() && now.duration_since(since) >= settings.missing)
                    || current.changed()
                    || self.is_over(settings)
            }
            (Err(_), None) => self.said.is_none() || !self.explicit,
        };
        moved
            || self
                .old
                .iter()
                .any(|old| old.changed() || now.duration_since(old.idle_since) >= settings.linger)
    }

    /// Whether nothing is left of it and nobody asked for it by name.
    pub(crate) fn forgotten(&self) -> bool {
        !self.explicit && self.current.is_none() && self.old.is_empty() && self.missing_since.is_some()
    }

    /// Whether the file under another name is a copy of one that is or was read under this name, as copytruncate
    /// makes them: `access.log.1` of `access.log`.
    pub(crate) fn has_copy_in(&self, other: &Self) -> Likeness {
        let (Some(name), Some(longer)) = (self.path.file_name(), other.path.file_name()) else {
            return Likeness::None;
        };
        let beside = self.path.parent() == other.path.parent();
        if !beside || name == longer || !longer.as_bytes().starts_with(name.as_bytes()) {
            return Likeness::None;
        }
        let Some(file) = &other.current else {
            return Likeness::Unsure;
        };
        if self.old.iter().any(|old| old.id == file.id) {
            return Likeness::Copy;
        }
        let streams = self.old.iter().chain(&self.current).map(Stream::head);
        streams
            .chain([self.head_before.as_slice()])
            .map(|head| file.likeness(head))
            .max()
            .unwrap_or(Likeness::None)
    }

    /// The file that is read.
    pub(crate) fn file_id(&self) -> Option<FileId> {
        self.current.as_ref().map(|current| current.id)
    }

    /// Gives up all watches.
    pub(crate) fn unwatch(&mut self, watches: Option<&mut Watches>) {
        let Some(watches) = watches else { return };
        for wd in self.points.drain(..) {
            watches.release(wd, Mark::Name(self.id));
        }
        for stream in self.old.iter_mut().chain(&mut self.current) {
            if let Some(wd) = stream.watch.take() {
                watches.release(wd, Mark::Data(self.id));
            }
        }
    }

    /// Gives away the stream of a file that stands under another followed name by now.
    pub(crate) fn give(&mut self, id: FileId, watches: Option<&mut Watches>) -> Option<Stream> {
        let held =
            self.old.iter().any(|old| old.id == id) || self.current.as_ref().is_some_and(|current| current.id == id);
        if !held || rustix::fs::stat(&self.path).is_ok_and(|stat| FileId::of(&stat) == id) {
            return None;
        }
        let mut stream = match self.old.iter().position(|old| old.id == id) {
            Some(at) => self.old.remove(at),
            None => {
                self.check = true;
                self.current.take()?
            }
        };
        if let (Some(wd), Some(watches)) = (stream.watch.take(), watches) {
            watches.release(wd, Mark::Data(self.id));
        }
        Some(stream)
    }

    /// The file that the name leads to, if it is not the one that is read.
    pub(crate) fn stranger(&self) -> Option<FileId> {
        let id = FileId::of(&rustix::fs::stat(&self.path).ok()?);
        (self.current.as_ref().map(|current| current.id) != Some(id)).then_some(id)
    }

    /// Takes over a file that was read under another name of the same pattern until now.
    pub(crate) fn take(&mut self, mut stream: Stream, around: &mut Around<'_>) {
        if let Some(mut before) = self.current.take() {
            before.retire();
            self.old.push(before);
        }
        stream.generation = self.generations;
        self.generations += 1;
        let position = note(&mut self.last, &stream);
        let path = self.path.clone();
        let event = match self.start.take() {
            Some(_) => Event::Added { path, position },
            None => Event::Rotated {
                path,
                reason: "another followed file was renamed to it".to_owned(),
            },
        };
        self.set_current(stream, around);
        self.say(event, around);
    }
}

/// The position to be reported after reading from `stream`: that in the newest file which was begun.
fn note(last: &mut Option<Last>, stream: &Stream) -> Position {
    match last {
        Some(last) if last.generation > stream.generation => last.position.clone(),
        _ => {
            let position = stream.position();
            *last = Some(Last {
                generation: stream.generation,
                position: position.clone(),
            });
            position
        }
    }
}
