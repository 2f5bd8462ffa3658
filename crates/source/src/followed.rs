//! One followed name: the file that bears it now, and those that bore it before and may still be written.
//!
//! Order is the point of it. A replaced file is read to the size that it had when it lost the name before its
//! successor is begun; what a slow writer adds to it later comes between, and what is left of an unfinished line comes
//! when nothing was written for some seconds.

use crate::siblings::{self, Search};
use crate::stream::{FileId, Outcome, Stream, first_line_md5, last_line_start, size};
use crate::watch::{Mark, Watches, points};
use crate::{Block, Event, Position, Start};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Searches among names that are just being shifted are repeated so often.
const PATIENCE: u32 = 200;

/// The times and sizes a reader goes by.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// A replaced file is let go when nothing was written to it for so long.
    pub(crate) linger: Duration,
    /// A deleted file without successor is let go after so long.
    pub(crate) gone: Duration,
    /// A name may be missing for so long without a word.
    pub(crate) missing: Duration,
    /// How often everything is looked at although inotify works.
    pub(crate) safety: Duration,
    /// How often everything is looked at where it does not.
    pub(crate) polling: Duration,
    /// How often patterns are looked at.
    pub(crate) rescan: Duration,
    /// Bytes read from one file before it is the next one's turn.
    pub(crate) turn: u64,
    /// Bytes in a line.
    pub(crate) line: u64,
    /// Replaced files kept open for a name.
    pub(crate) lingering: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            linger: Duration::from_secs(5),
            gone: Duration::from_secs(60),
            missing: Duration::from_secs(5),
            safety: Duration::from_secs(1),
            polling: Duration::from_millis(200),
            rescan: Duration::from_secs(1),
            turn: 1 << 20,
            line: 64 << 20,
            lingering: 8,
        }
    }
}

/// What a name needs of its reader while it looks around.
pub(crate) struct Around<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) watches: Option<&'a mut Watches>,
    pub(crate) events: &'a mut dyn FnMut(Event),
    /// Whether a path is followed under its own name.
    pub(crate) taken: &'a dyn Fn(&Path) -> bool,
}

/// What it needs besides while it reads.
pub(crate) struct Hands<'a> {
    pub(crate) buffer: &'a mut Vec<u8>,
    pub(crate) lines: &'a mut dyn FnMut(Block<'_>),
}

/// How a turn on one file ended.
enum Pumped {
    /// It was read to its end.
    End,
    /// There is more, but it is another's turn.
    More,
    /// It was cut.
    Cut,
    Failed(Errno),
}

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
    /// Bytes may be there to be read.
    pub(crate) dirty: bool,
    /// The name may lead elsewhere.
    pub(crate) check: bool,
}

impl Followed {
    pub(crate) fn new(
        id: u64,
        path: PathBuf,
        start: Start,
        remembered: Arc<Vec<Position>>,
    ) -> Self {
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

    /// Whether a look from outside (without inotify) finds something to do.
    pub(crate) fn changed(&self, settings: &Settings) -> bool {
        let now = Instant::now();
        let moved = match (rustix::fs::stat(&self.path), &self.current) {
            (Ok(stat), Some(current)) => {
                FileId::of(&stat) != current.id
                    || crate::stream::Seen::of(&stat) != current.seen
                    || self.missing_since.is_some()
            }
            (Ok(_), None) => true,
            (Err(_), Some(current)) => {
                self.missing_since.is_none_or(|since| {
                    self.said.is_none() && now.duration_since(since) >= settings.missing
                }) || current.changed()
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
        !self.explicit
            && self.current.is_none()
            && self.old.is_empty()
            && self.missing_since.is_some()
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

    fn fail(&mut self, error: String, events: &mut dyn FnMut(Event)) {
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
    fn begin(
        &mut self,
        file: OwnedFd,
        stat: &Stat,
        start: Start,
        around: &mut Around<'_>,
    ) -> Result<bool, Errno> {
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
        let stream = self.adopt_file(file, stat, offset)?;
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

    fn say(&self, event: Event, around: &mut Around<'_>) {
        (around.events)(event);
    }

    fn adopt_file(&mut self, file: OwnedFd, stat: &Stat, offset: u64) -> Result<Stream, Errno> {
        let stream = Stream::new(file, stat, offset, self.generations)?;
        self.generations += 1;
        Ok(stream)
    }

    fn set_current(&mut self, mut stream: Stream, around: &mut Around<'_>) {
        self.watch(&mut stream, around);
        self.current = Some(stream);
        self.missing_since = None;
        self.said = None;
        self.tries = 0;
        self.dirty = true;
    }

    /// Where to go on in the file if it is one that was remembered, be it under another name of the same pattern.
    fn remembered_offset(
        &self,
        file: &OwnedFd,
        stat: &Stat,
        own: Option<&Position>,
    ) -> Result<Option<u64>, Errno> {
        let mut candidates = own.into_iter().chain(self.remembered.iter()).peekable();
        if candidates.peek().is_none() {
            return Ok(None);
        }
        let md5 = first_line_md5(file)?.filter(|md5| !md5.is_empty());
        Ok(candidates
            .find(|known| Some(&known.first_line_md5) == md5.as_ref() && known.offset <= size(stat))
            .map(|known| known.offset))
    }

    /// The remembered file lost its name while nobody was reading: what is left of it comes first. False where names
    /// are just being shifted.
    fn resume_rotated(
        &mut self,
        position: &Position,
        now: FileId,
        around: &mut Around<'_>,
    ) -> Result<bool, Errno> {
        if position.first_line_md5.is_empty() {
            return Ok(true);
        }
        let path = self.real_path();
        let mut wanted = |file: &OwnedFd, stat: &Stat| {
            FileId::of(stat) != now
                && size(stat) >= position.offset
                && first_line_md5(file)
                    .is_ok_and(|md5| md5.as_ref() == Some(&position.first_line_md5))
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
    fn patient(&mut self) -> bool {
        self.tries += 1;
        self.tries < PATIENCE
    }

    /// Another file took the name.
    fn succeed(
        &mut self,
        file: OwnedFd,
        stat: &Stat,
        around: &mut Around<'_>,
    ) -> Result<bool, Errno> {
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
    fn push_missed(
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

    fn push_old(&mut self, mut stream: Stream, around: &mut Around<'_>) {
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
    fn real_path(&self) -> PathBuf {
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

    /// Reads in turn what there is in the files of this name. Returns whether more is waiting.
    pub(crate) fn read(&mut self, hands: &mut Hands<'_>, around: &mut Around<'_>) -> bool {
        self.dirty = false;
        let mut at = 0;
        while at < self.old.len() {
            if !self.read_old(at, hands, around) {
                self.dirty = true;
                return true;
            }
            at += 1;
        }
        self.let_go(hands, around);
        let more = self.read_current(hands, around);
        self.dirty |= more;
        more || self.dirty
    }

    /// A turn on a replaced file; whether its successor may begin.
    fn read_old(&mut self, at: usize, hands: &mut Hands<'_>, around: &mut Around<'_>) -> bool {
        let stream = &mut self.old[at];
        match pump(stream, &self.path, &mut self.last, false, hands, around) {
            Pumped::End | Pumped::Failed(_) => {
                stream.drained = true;
                stream.finished = true;
            }
            Pumped::More => {
                stream.finished = false;
                self.dirty = true;
            }
            // Nobody goes on writing there; likely another copy was put over it.
            Pumped::Cut => {
                stream.drained = true;
                stream.spent = true;
            }
        }
        stream.drained
    }

    fn read_current(&mut self, hands: &mut Hands<'_>, around: &mut Around<'_>) -> bool {
        let Some(stream) = &mut self.current else {
            return false;
        };
        match pump(stream, &self.path, &mut self.last, true, hands, around) {
            Pumped::End => {
                if !self.in_operation {
                    self.in_operation = true;
                    self.say(
                        Event::InOperation {
                            path: self.path.clone(),
                        },
                        around,
                    );
                }
                self.let_go_deleted(hands, around);
                false
            }
            Pumped::More => true,
            Pumped::Cut => self.cut(around),
            Pumped::Failed(error) => {
                self.fail(error.to_string(), around.events);
                false
            }
        }
    }

    /// The current file was cut, or written anew. A copy made before that may hold lines that were not read yet.
    fn cut(&mut self, around: &mut Around<'_>) -> bool {
        let path = self.real_path();
        let Some(current) = &self.current else {
            return false;
        };
        let id = current.id;
        let mut wanted = |file: &OwnedFd, stat: &Stat| current.goes_on_in(file, stat);
        let found = match siblings::any(&path, &mut wanted, around.taken) {
            Search::Found(found) => (!found.taken).then_some(found),
            Search::Nothing => None,
            Search::Moving => {
                if self.patient() {
                    // The cut will be seen again.
                    return true;
                }
                None
            }
        };
        self.tries = 0;
        if let (Some(found), Some(current)) = (found, &self.current) {
            let rest = current.continued_in(found.file, &found.stat);
            self.push_old(rest, around);
            if let Err(error) = self.push_missed(found.newer, id, around) {
                self.fail(error.to_string(), around.events);
            }
        }
        let generation = self.generations;
        self.generations += 1;
        if let Some(current) = &mut self.current {
            let reason = format!("it was cut or written anew after {} bytes", current.offset);
            current.restart(generation);
            self.say(
                Event::Rotated {
                    path: self.path.clone(),
                    reason,
                },
                around,
            );
        }
        true
    }

    /// Replaced files that are quiet long enough, or too many.
    fn let_go(&mut self, hands: &mut Hands<'_>, around: &mut Around<'_>) {
        let mut at = 0;
        while at < self.old.len() {
            let old = &self.old[at];
            let quiet = old.idle_since.elapsed() >= around.settings.linger;
            let crowded = self.old.len() > around.settings.lingering;
            if old.spent || old.finished && (quiet || crowded) {
                let stream = self.old.remove(at);
                self.abandon(stream, hands, around);
            } else {
                at += 1;
            }
        }
    }

    /// A file without a name (or, for a pattern, without a matching one) that nobody writes any more.
    fn let_go_deleted(&mut self, hands: &mut Hands<'_>, around: &mut Around<'_>) {
        if self.is_over(around.settings)
            && let Some(stream) = self.current.take()
        {
            self.abandon(stream, hands, around);
        }
    }

    fn is_over(&self, settings: &Settings) -> bool {
        let Some(current) = &self.current else {
            return false;
        };
        self.missing_since.is_some()
            && current.idle_since.elapsed() >= settings.gone
            && (!self.explicit || current.stat().is_ok_and(|stat| stat.st_nlink == 0))
    }

    /// Hands over what is left, an unfinished line too, and closes.
    fn abandon(&mut self, mut stream: Stream, hands: &mut Hands<'_>, around: &mut Around<'_>) {
        if let (Some(wd), Some(watches)) = (stream.watch.take(), around.watches.as_deref_mut()) {
            watches.release(wd, Mark::Data(self.id));
        }
        if stream.spent {
            return;
        }
        let offset = stream.offset;
        let rest = stream.rest(hands.buffer, around.settings.line).unwrap_or(0);
        if rest > 0 {
            let _ = stream.advance(&hands.buffer[..rest]);
            hands.buffer.truncate(rest);
            if hands.buffer.last() != Some(&b'\n') {
                hands.buffer.push(b'\n');
            }
            (hands.lines)(Block {
                path: &self.path,
                bytes: hands.buffer,
                generation: stream.generation,
                offset,
                position: note(&mut self.last, &stream),
                at_end: false,
            });
        } else if stream.has_rest() {
            let path = self.path.clone();
            self.say(Event::TooLong { path, offset }, around);
        }
        restore(hands.buffer);
    }

    /// Gives away the stream of a file that stands under another followed name by now.
    pub(crate) fn give(&mut self, id: FileId, watches: Option<&mut Watches>) -> Option<Stream> {
        let held = self.old.iter().any(|old| old.id == id)
            || self
                .current
                .as_ref()
                .is_some_and(|current| current.id == id);
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

/// Reads one file for a turn.
fn pump(
    stream: &mut Stream,
    path: &Path,
    last: &mut Option<Last>,
    newest: bool,
    hands: &mut Hands<'_>,
    around: &mut Around<'_>,
) -> Pumped {
    let mut left = around.settings.turn;
    loop {
        let step = match stream.step(hands.buffer, around.settings.line) {
            Ok(step) => step,
            Err(error) => return Pumped::Failed(error),
        };
        if step.deliver > 0 {
            let offset = stream.offset;
            let bytes = &hands.buffer[..step.deliver];
            if let Err(error) = stream.advance(bytes) {
                return Pumped::Failed(error);
            }
            (hands.lines)(Block {
                path,
                bytes,
                generation: stream.generation,
                offset,
                position: note(last, stream),
                at_end: newest && step.outcome == Outcome::End,
            });
        }
        restore(hands.buffer);
        stream.drained |= !newest && stream.reached_end();
        match step.outcome {
            Outcome::End => return Pumped::End,
            Outcome::Cut => return Pumped::Cut,
            Outcome::More => {}
            Outcome::TooLong => (around.events)(Event::TooLong {
                path: path.to_path_buf(),
                offset: stream.offset,
            }),
        }
        // A step costs something even where it reads nothing.
        left = left.saturating_sub((step.read as u64).max(4096));
        if left == 0 {
            return Pumped::More;
        }
    }
}

/// Gives back what a long line took.
fn restore(buffer: &mut Vec<u8>) {
    if buffer.len() != crate::stream::BUFFER {
        buffer.resize(crate::stream::BUFFER, 0);
        buffer.shrink_to_fit();
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
    let file = rustix::fs::open(path, flags, Mode::empty())?;
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
