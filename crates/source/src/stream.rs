//! One open file: where reading stands in it, and whether it is still the file that was read so far.
//!
//! Reading keeps nothing of a file in memory but its first bytes. A line that is not complete yet is read again from
//! the page cache when it has grown; of one longer than the buffer it is only remembered how far it was searched.

use crate::Position;
use crate::bytes::{HEAD, begins_with, first_line_hash, hexadecimal, pread, read_fully, size};
use rustix::fd::OwnedFd;
use rustix::fs::{SeekFrom, Stat};
use rustix::io::Errno;
use sha1::{Digest, Sha1};
use std::time::Instant;

/// Bytes read at once; the size of the buffer that all files share.
pub(crate) const BUFFER: usize = 256 * 1024;

/// Which file it is, whatever its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    pub(crate) fn of(stat: &Stat) -> Self {
        Self {
            device: stat.st_dev,
            inode: stat.st_ino,
        }
    }
}

/// What tells a changed file without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Seen {
    size: i64,
    seconds: i64,
    nanoseconds: u64,
}

impl Seen {
    pub(crate) fn of(stat: &Stat) -> Self {
        Self {
            size: stat.st_size,
            seconds: stat.st_mtime,
            nanoseconds: stat.st_mtime_nsec,
        }
    }
}

/// Whether a file is a copy of another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Likeness {
    /// It is not.
    None,
    /// Too little stands in it as yet.
    Unsure,
    Copy,
}

/// How one step of reading ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// There may be more.
    More,
    /// All that is there was read.
    End,
    /// The file was cut, or written anew: what was read is gone.
    Cut,
    /// A line goes beyond the limit and is left out.
    TooLong,
}

/// One step of reading.
#[derive(Debug)]
pub(crate) struct Step {
    /// So many bytes at the buffer's beginning are whole lines from [`Stream::offset`] on.
    pub(crate) deliver: usize,
    /// So many bytes were read.
    pub(crate) read: usize,
    pub(crate) outcome: Outcome,
}

/// Whether bytes just read belong to the file as it was known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Check {
    /// Yes; and the file ends with them, or goes on.
    Same { at_end: bool },
    /// They do, but the file was cut since.
    CutAfter,
    /// They are from what was written after a cut.
    CutBefore,
}

/// An open file that is read.
#[derive(Debug)]
pub(crate) struct Stream {
    file: OwnedFd,
    pub(crate) id: FileId,
    pub(crate) generation: u64,
    /// Bytes that were delivered (or skipped).
    pub(crate) offset: u64,
    /// Bytes from `offset` on that hold no newline; counted for lines that exceed the buffer only.
    scanned: u64,
    /// The line at `offset` is beyond the limit.
    skipping: bool,
    head: Vec<u8>,
    first_line_hash: Option<String>,
    /// The file was cut: a writer that goes on at its old place leaves a hole before it.
    hole: bool,
    pub(crate) seen: Seen,
    /// How far reading came at all, and since when it came no further.
    extent: u64,
    /// What stands before here was written before anybody followed the file. [`u64::MAX`] while only reading to the
    /// end can tell.
    history: u64,
    pub(crate) idle_since: Instant,
    pub(crate) watch: Option<i32>,
    /// For a file that was replaced: its size at that time.
    pub(crate) drain_to: u64,
    /// A replaced file was read up to there; its successor may begin.
    pub(crate) drained: bool,
    /// At the last turn nothing was left of it but a part of a line.
    pub(crate) finished: bool,
    /// It was cut after it was replaced: nothing of it is wanted any more.
    pub(crate) spent: bool,
}

impl Stream {
    /// A file to be read from `offset` on.
    pub(crate) fn new(file: OwnedFd, stat: &Stat, offset: u64, generation: u64) -> Result<Self, Errno> {
        let mut stream = Self {
            file,
            id: FileId::of(stat),
            generation,
            offset,
            scanned: 0,
            skipping: false,
            head: Vec::new(),
            first_line_hash: None,
            hole: false,
            seen: Seen::default(),
            extent: offset,
            history: 0,
            idle_since: Instant::now(),
            watch: None,
            drain_to: size(stat),
            drained: false,
            finished: false,
            spent: false,
        };
        stream.learn_beginning(&[])?;
        Ok(stream)
    }

    pub(crate) fn file(&self) -> &OwnedFd {
        &self.file
    }

    pub(crate) fn stat(&self) -> Result<Stat, Errno> {
        rustix::fs::fstat(&self.file)
    }

    /// Bytes that stood in the file when it was last looked at and are not read yet.
    pub(crate) fn behind(&self) -> u64 {
        u64::try_from(self.seen.size).unwrap_or(0).saturating_sub(self.offset)
    }

    /// What is to be remembered.
    pub(crate) fn position(&self) -> Position {
        Position {
            first_line_md5: self.first_line_hash.clone().unwrap_or_default(),
            offset: self.offset,
        }
    }

    /// Begins again: the same file, but what was read is gone from it.
    pub(crate) fn restart(&mut self, generation: u64) {
        self.generation = generation;
        self.offset = 0;
        self.scanned = 0;
        self.skipping = false;
        self.head.clear();
        self.first_line_hash = None;
        self.hole = true;
        self.extent = 0;
        self.history = 0;
        self.drained = false;
        self.drain_to = 0;
    }

    /// Goes on in `file`, which holds the same bytes, where this one stands.
    pub(crate) fn continued_in(&self, file: OwnedFd, stat: &Stat) -> Self {
        Self {
            file,
            id: FileId::of(stat),
            generation: self.generation,
            offset: self.offset,
            scanned: 0,
            skipping: self.skipping,
            head: self.head.clone(),
            first_line_hash: self.first_line_hash.clone(),
            hole: false,
            seen: Seen::default(),
            extent: self.offset,
            history: 0,
            idle_since: Instant::now(),
            watch: None,
            drain_to: size(stat),
            drained: false,
            finished: false,
            spent: false,
        }
    }

    /// Whether another file begins with the same bytes and has some that were not read here.
    pub(crate) fn goes_on_in(&self, file: &OwnedFd, stat: &Stat) -> bool {
        !self.head.is_empty()
            && size(stat) > self.offset
            && FileId::of(stat) != self.id
            && begins_with(file, &self.head).unwrap_or(false)
    }

    /// Whether this file begins as the one whose first bytes are `head`.
    pub(crate) fn likeness(&self, head: &[u8]) -> Likeness {
        let mut now = [0; HEAD];
        let read = read_fully(&self.file, &mut now[..head.len()], 0).unwrap_or(0);
        match (read, now[..read] == head[..read]) {
            _ if head.is_empty() => Likeness::None,
            (_, false) => Likeness::None,
            (_, true) if read < head.len() => Likeness::Unsure,
            (_, true) => Likeness::Copy,
        }
    }

    /// The file's first bytes, as far as they were read.
    pub(crate) fn head(&self) -> &[u8] {
        &self.head
    }

    /// Marks that another file took the name.
    pub(crate) fn retire(&mut self) {
        self.drain_to = self.stat().map_or(self.extent, |stat| size(&stat));
        self.drained = self.extent >= self.drain_to;
        self.idle_since = Instant::now();
    }

    /// Takes what stands in the file now as written before it was followed. Where the filesystem tells no size (FUSE,
    /// proc), that is all up to the end that is reached first.
    pub(crate) fn begin_with_history(&mut self, stat: &Stat) {
        self.history = match size(stat) {
            0 => u64::MAX,
            size => size,
        };
    }

    /// The file's end was reached.
    pub(crate) fn end_history(&mut self) {
        self.history = 0;
    }

    /// Whether everything was read that was written before the file was followed. Then what comes is new.
    pub(crate) fn caught_up(&self) -> bool {
        self.extent >= self.history
    }

    /// Bytes to be read at once: what is history and what is new never come in one piece.
    fn room(&self) -> usize {
        if self.caught_up() {
            return BUFFER;
        }
        let history = self.history.saturating_sub(self.offset);
        usize::try_from(history).map_or(BUFFER, |history| history.clamp(1, BUFFER))
    }

    /// Whether it was read as far as it went when it lost its name.
    pub(crate) fn reached_end(&self) -> bool {
        self.extent >= self.drain_to
    }

    /// Whether what was read is gone from it.
    pub(crate) fn was_cut(&mut self) -> bool {
        self.check(self.offset, &[])
            .is_ok_and(|check| !matches!(check, Check::Same { .. }))
    }

    /// Whether it has changed since it was read to its end.
    pub(crate) fn changed(&self) -> bool {
        self.stat().map_or(true, |stat| Seen::of(&stat) != self.seen)
    }

    /// Reads a piece of the file into `buffer`, which is longer than [`BUFFER`] only where one line is.
    pub(crate) fn step(&mut self, buffer: &mut Vec<u8>, limit: u64) -> Result<Step, Errno> {
        if self.scanned > 0 {
            return self.step_in_long_line(buffer, limit);
        }
        let read = pread(&self.file, &mut buffer[..self.room()], self.offset)?;
        let data = &buffer[..read];
        self.note_extent(self.offset + read as u64);
        let check = self.check(self.offset, data)?;
        let step = |deliver, outcome| Ok(Step { deliver, read, outcome });
        if let Check::Same { .. } = check
            && self.hole
            && read > 0
        {
            self.hole = data[0] == 0;
            if self.hole {
                self.pass_hole(data)?;
                return step(0, Outcome::More);
            }
        }
        let lines = memchr::memrchr(b'\n', data).map_or(0, |last| last + 1);
        match check {
            Check::Same { at_end: true } if lines > 0 || read < BUFFER => step(lines, Outcome::End),
            Check::Same { .. } => {
                if lines == 0 && read == BUFFER {
                    self.scanned = read as u64;
                }
                step(lines, Outcome::More)
            }
            Check::CutAfter => step(lines, Outcome::Cut),
            Check::CutBefore => step(0, Outcome::Cut),
        }
    }

    fn step_in_long_line(&mut self, buffer: &mut Vec<u8>, limit: u64) -> Result<Step, Errno> {
        let at = self.offset + self.scanned;
        let read = pread(&self.file, &mut buffer[..BUFFER], at)?;
        let data = &buffer[..read];
        self.note_extent(at + read as u64);
        let check = self.check(at, data)?;
        let step = |deliver, outcome| Ok(Step { deliver, read, outcome });
        let Check::Same { at_end } = check else {
            return step(0, Outcome::Cut);
        };
        let newline = memchr::memchr(b'\n', data);
        self.scanned += newline.map_or(read, |at| at + 1) as u64;
        let overlong = self.scanned > limit && !self.skipping;
        self.skipping |= overlong;
        let outcome = match (overlong, newline.is_none() && at_end) {
            (true, _) => Outcome::TooLong,
            (false, true) => Outcome::End,
            (false, false) => Outcome::More,
        };
        if newline.is_none() {
            return step(0, outcome);
        }
        if self.skipping {
            self.offset += self.scanned;
            self.scanned = 0;
            self.skipping = false;
            self.learn_beginning(&[])?;
            return step(0, outcome);
        }
        self.load_long_line(buffer)
    }

    /// The end of a long line was found: reads it as a whole.
    fn load_long_line(&mut self, buffer: &mut Vec<u8>) -> Result<Step, Errno> {
        let length = usize::try_from(self.scanned).map_err(|_| Errno::NOMEM)?;
        self.scanned = 0;
        buffer.resize(length.max(BUFFER), 0);
        let read = read_fully(&self.file, &mut buffer[..length], self.offset)?;
        let data = &buffer[..read];
        let check = self.check(self.offset, data)?;
        let whole = read == length && data.last() == Some(&b'\n');
        let (deliver, outcome) = match check {
            Check::Same { at_end } if whole => (read, if at_end { Outcome::End } else { Outcome::More }),
            Check::CutAfter if whole => (read, Outcome::Cut),
            Check::Same { .. } => (0, Outcome::More),
            _ => (0, Outcome::Cut),
        };
        Ok(Step { deliver, read, outcome })
    }

    /// Takes the delivered bytes as read.
    pub(crate) fn advance(&mut self, delivered: &[u8]) -> Result<(), Errno> {
        let from = self.offset;
        self.offset += delivered.len() as u64;
        self.note_extent(self.offset);
        self.learn_beginning(if from == 0 { delivered } else { &[] })
    }

    /// All that is left, an unfinished line included, for the last time. Empty where it is longer than `limit`.
    pub(crate) fn rest(&mut self, buffer: &mut Vec<u8>, limit: u64) -> Result<usize, Errno> {
        let left = size(&self.stat()?).saturating_sub(self.offset);
        if left == 0 || left > limit || self.skipping {
            return Ok(0);
        }
        let length = usize::try_from(left).map_err(|_| Errno::NOMEM)?;
        buffer.resize(length.max(BUFFER), 0);
        read_fully(&self.file, &mut buffer[..length], self.offset)
    }

    /// Whether a part of a line stands at the end.
    pub(crate) fn has_rest(&self) -> bool {
        self.extent > self.offset
    }

    fn note_extent(&mut self, extent: u64) {
        if extent > self.extent {
            self.extent = extent;
            self.idle_since = Instant::now();
        }
    }

    /// Compares the file with what is known of it, after `data` was read at `at`. As this comes after reading, a cut
    /// that it does not see can not have spoiled the data.
    fn check(&mut self, at: u64, data: &[u8]) -> Result<Check, Errno> {
        let stat = self.stat()?;
        self.seen = Seen::of(&stat);
        let end = at + data.len() as u64;
        if size(&stat) < end {
            return self.check_size(&stat, at, data);
        }
        if begins_with(&self.file, &self.head)? {
            let at_end = size(&stat) == end;
            return Ok(Check::Same { at_end });
        }
        // It begins differently. If the place that was read still holds these bytes, they are new ones as well.
        let sample = &data[..data.len().min(HEAD)];
        let mut now = [0; HEAD];
        let read = read_fully(&self.file, &mut now[..sample.len()], at)?;
        if &now[..read] == sample {
            Ok(Check::CutBefore)
        } else {
            Ok(Check::CutAfter)
        }
    }

    /// The file seems to be shorter than what was read. Some filesystems (FUSE, proc) say zero whatever there is to
    /// read; a file that was really emptied gives nothing.
    fn check_size(&self, stat: &Stat, at: u64, data: &[u8]) -> Result<Check, Errno> {
        let (place, known) = match data {
            [] => (0, self.head.as_slice()),
            data => (at, &data[..data.len().min(HEAD)]),
        };
        let mut now = [0; HEAD];
        let read = read_fully(&self.file, &mut now[..known.len()], place)?;
        if size(stat) == 0 && read > 0 && &now[..read] == known {
            let at_end = data.is_empty();
            return Ok(Check::Same { at_end });
        }
        Ok(Check::CutAfter)
    }

    /// Completes what is known of the first bytes and the first line; `beginning` is the file's beginning as it was
    /// delivered, or empty.
    fn learn_beginning(&mut self, beginning: &[u8]) -> Result<(), Errno> {
        self.learn_head(beginning)?;
        if self.offset > 0 && self.first_line_hash.is_none() {
            self.first_line_hash = match memchr::memchr(b'\n', beginning) {
                Some(end) => Some(hexadecimal(&Sha1::digest(&beginning[..=end]))),
                None => first_line_hash(&self.file)?,
            };
        }
        Ok(())
    }

    fn learn_head(&mut self, beginning: &[u8]) -> Result<(), Errno> {
        let known = self.head.len();
        let wanted = usize::try_from(self.offset).unwrap_or(HEAD).min(HEAD);
        if known == 0 && beginning.len() >= wanted {
            self.head.extend_from_slice(&beginning[..wanted]);
        } else if known < wanted {
            self.head.resize(wanted, 0);
            let read = read_fully(&self.file, &mut self.head[known..], known as u64)?;
            self.head.truncate(known + read);
        }
        Ok(())
    }

    /// Goes forward over zeros.
    fn pass_hole(&mut self, data: &[u8]) -> Result<(), Errno> {
        match data.iter().position(|&byte| byte != 0) {
            Some(zeros) => self.offset += zeros as u64,
            None => {
                self.offset += data.len() as u64;
                // Where the filesystem knows of holes, the rest of it takes one call.
                if let Ok(next) = rustix::fs::seek(&self.file, SeekFrom::Data(self.offset)) {
                    self.offset = self.offset.max(next);
                }
            }
        }
        self.learn_head(&[])
    }
}
