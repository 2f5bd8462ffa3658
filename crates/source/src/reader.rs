//! Everything that is followed, and when to look at it.

mod pace;
mod patterns;

use crate::followed::Followed;
use crate::pattern::Glob;
use crate::settings::{Around, Hands, Settings};
use crate::stream::BUFFER;
use crate::wake::Waker;
use crate::watch::{Mark, Watches};
use crate::{Backend, Block, Event, Position, Start};
use pace::Pace;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, BorrowedFd};
use rustix::io::Errno;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Follows any number of files in the thread of its caller: `wait`, then `read` until nothing more is waiting, and
/// again. Not to be shared; only the [`Waker`] is.
#[derive(Debug)]
pub struct Reader {
    followed: BTreeMap<u64, Followed>,
    by_path: HashMap<PathBuf, u64>,
    globs: BTreeMap<u64, Glob>,
    /// Files of patterns that appeared just now: they may be copies of others.
    newcomers: BTreeMap<u64, PathBuf>,
    next_id: u64,
    pub(crate) watches: Option<Watches>,
    waker: Waker,
    pub(crate) settings: Settings,
    buffer: Vec<u8>,
    /// Events of calls that have nobody to tell them to.
    queued: Vec<Event>,
    marks: Vec<Mark>,
    exhausted: bool,
    /// Inotify was asked just now, by the wait before this read.
    heard: bool,
    next_look: Instant,
    next_rescan: Instant,
    pace: Pace,
}

/// What ended a sleep.
#[derive(Debug, Default)]
struct Rung {
    waker: bool,
    inotify: bool,
    others: bool,
}

impl Reader {
    /// A reader of nothing yet. With [`Backend::Inotify`] it is an error if the system gives no inotify instance.
    pub fn new(backend: Backend) -> io::Result<Self> {
        let mut queued = Vec::new();
        let watches = match (backend, Watches::new()) {
            (Backend::Polling, _) => None,
            (_, Ok(watches)) => Some(watches),
            (Backend::Inotify, Err(error)) => return Err(error),
            (Backend::Auto, Err(error)) => {
                let reason = format!("no inotify instance: {error}");
                queued.push(Event::Polling { reason });
                None
            }
        };
        let now = Instant::now();
        Ok(Self {
            followed: BTreeMap::new(),
            by_path: HashMap::new(),
            globs: BTreeMap::new(),
            newcomers: BTreeMap::new(),
            next_id: 0,
            watches,
            waker: Waker::new()?,
            settings: Settings::default(),
            buffer: vec![0; BUFFER],
            queued,
            marks: Vec::new(),
            exhausted: false,
            heard: false,
            next_look: now,
            next_rescan: now,
            pace: Pace::new(now),
        })
    }

    /// Follows one path (need not exist yet). Nothing changes for a path that is followed already.
    ///
    /// With [`Start::Tail`] lines count as new from now on (an unfinished last line included).
    pub fn add(&mut self, path: &Path, start: Start) {
        if let Some(id) = self.by_path.get(path) {
            if let Some(followed) = self.followed.get_mut(id) {
                followed.explicit = true;
            }
            return;
        }
        let id = self.insert(path, start, Arc::default());
        if let Some(followed) = self.followed.get_mut(&id) {
            followed.explicit = true;
        }
        self.look(id);
    }

    /// Stops following a path or a glob; whether it was followed. A file that another pattern matches, or that was
    /// added by itself, stays when a glob is removed.
    pub fn remove(&mut self, path_or_glob: &str) -> bool {
        let glob = self
            .globs
            .iter()
            .find(|(_, glob)| glob.text == path_or_glob)
            .map(|(&id, _)| id);
        if let Some(id) = glob {
            self.remove_glob(id);
            return true;
        }
        let path = Path::new(path_or_glob);
        let Some(&id) = self.by_path.get(path) else {
            return false;
        };
        let globs = self.followed.get(&id).map(|followed| followed.globs.clone());
        for glob in globs.into_iter().flatten() {
            if let Some(glob) = self.globs.get_mut(&glob) {
                glob.excluded.insert(path.to_path_buf());
            }
        }
        self.drop_followed(id);
        true
    }

    fn drop_followed(&mut self, id: u64) {
        if let Some(mut followed) = self.followed.remove(&id) {
            followed.unwatch(self.watches.as_mut());
            self.by_path.remove(followed.path());
            self.newcomers.remove(&id);
        }
    }

    /// The files followed at present, in the order in which they were added.
    pub fn paths(&self) -> Vec<PathBuf> {
        let paths = self.followed.values().map(Followed::path);
        paths.map(Path::to_path_buf).collect()
    }

    /// Where reading of a followed file stands; of one that was not there yet what it was added with.
    pub fn position(&self, path: &Path) -> Option<Position> {
        let id = self.by_path.get(path)?;
        self.followed.get(id)?.position()
    }

    /// How many bytes of each file were last seen and are not read yet, an unfinished line among them. Without a look at
    /// the files: it is right after [`Reader::read`].
    pub fn behind(&self) -> impl Iterator<Item = (&Path, u64)> {
        self.followed
            .values()
            .map(|followed| (followed.path(), followed.behind()))
    }

    /// A handle that wakes [`Reader::wait`].
    pub fn waker(&self) -> Waker {
        self.waker.clone()
    }

    fn new_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    fn insert(&mut self, path: &Path, start: Start, remembered: Arc<Vec<Position>>) -> u64 {
        let id = self.new_id();
        let followed = Followed::new(id, path.to_path_buf(), start, remembered);
        self.followed.insert(id, followed);
        self.by_path.insert(path.to_path_buf(), id);
        id
    }

    /// Sleeps until a file may have changed, somebody wakes it, or the time is over.
    pub fn wait(&mut self, timeout: Duration) -> io::Result<()> {
        self.wait_with(timeout, &[])
    }

    /// As [`Reader::wait`], and until one of `others` has something to read. When these and the files have something
    /// again and again in quick succession, that is no longer heard at once but some milliseconds later, see [`pace`].
    pub fn wait_with(&mut self, timeout: Duration, others: &[BorrowedFd<'_>]) -> io::Result<()> {
        let mut now = Instant::now();
        let until = now.checked_add(timeout);
        loop {
            self.look_if_due(now);
            if self.pending() {
                return Ok(());
            }
            let left = until.map_or(Duration::MAX, |until| until.saturating_duration_since(now));
            let look = self.next_look.min(self.next_rescan);
            let time = left.min(look.saturating_duration_since(now));
            let rung = match self.pace.pause(now) {
                Some(pause) => self.sleep(time.min(pause), None)?,
                None => self.sleep(time, Some(others))?,
            };
            now = Instant::now();
            if rung.inotify {
                self.drain();
                self.heard = true;
            }
            if rung.waker {
                self.waker.clear();
            }
            if rung.others || self.pending() {
                self.pace.step(now);
                return Ok(());
            }
            if rung.waker || left.is_zero() {
                return Ok(());
            }
        }
    }

    /// Hears the waker, and, unless it is a pause (no `others`), the files and others.
    fn sleep(&self, time: Duration, others: Option<&[BorrowedFd<'_>]>) -> io::Result<Rung> {
        let time = Timespec {
            tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: time.subsec_nanos().into(),
        };
        let waker = self.waker.as_fd();
        // Where there is no inotify, its place is taken by a second look at the waker.
        let inotify = match others {
            Some(_) => self.watches.as_ref().map_or(waker, AsFd::as_fd),
            None => waker,
        };
        let bells = [waker, inotify]
            .into_iter()
            .chain(others.into_iter().flatten().copied());
        let mut bells: Vec<PollFd<'_>> = bells
            .map(|bell| PollFd::from_borrowed_fd(bell, PollFlags::IN))
            .collect();
        match poll(&mut bells, Some(&time)) {
            Ok(_) => Ok(Rung {
                waker: bells[0].revents().contains(PollFlags::IN),
                // After a pause there may be something; asking costs no more than a poll that says so.
                inotify: others.is_none() || bells[1].revents().contains(PollFlags::IN),
                // The end of a pipe is heard as well.
                others: bells[2..].iter().any(|bell| !bell.revents().is_empty()),
            }),
            Err(Errno::INTR) => Ok(Rung::default()),
            Err(error) => Err(error.into()),
        }
    }

    fn pending(&self) -> bool {
        !self.queued.is_empty()
            || self.globs.values().any(|glob| glob.stale)
            || self.followed.values().any(|one| one.dirty || one.check)
    }

    /// Marks what changed by what inotify tells.
    fn drain(&mut self) {
        if let Some(watches) = &mut self.watches {
            watches.drain(&mut self.marks);
            if let Some(error) = watches.exhausted()
                && !self.exhausted
            {
                self.exhausted = true;
                let reason = format!("not enough inotify watches: {error}");
                self.queued.push(Event::Polling { reason });
            }
        }
        for mark in std::mem::take(&mut self.marks) {
            self.apply(mark);
        }
    }

    /// Marks what changed by looking, when it is time.
    fn look_if_due(&mut self, now: Instant) {
        if now >= self.next_look {
            for followed in self.followed.values_mut() {
                if followed.changed(&self.settings) {
                    followed.dirty = true;
                    followed.check = true;
                }
            }
            let often = self.watches.is_none() || self.exhausted;
            self.next_look = now
                + if often {
                    self.settings.polling
                } else {
                    self.settings.safety
                };
        }
        if now >= self.next_rescan {
            for glob in self.globs.values_mut() {
                glob.stale |= glob.due();
            }
            self.next_rescan = now + self.settings.rescan;
        }
    }

    fn apply(&mut self, mark: Mark) {
        match mark {
            Mark::Data(id) => {
                if let Some(followed) = self.followed.get_mut(&id) {
                    followed.dirty = true;
                }
            }
            Mark::Name(id) => {
                if let Some(followed) = self.followed.get_mut(&id) {
                    followed.check = true;
                }
            }
            Mark::Glob(id) => {
                if let Some(glob) = self.globs.get_mut(&id) {
                    glob.stale = true;
                }
            }
            Mark::Everything => {
                for followed in self.followed.values_mut() {
                    followed.dirty = true;
                    followed.check = true;
                }
                for glob in self.globs.values_mut() {
                    glob.stale = true;
                }
            }
        }
    }

    /// Reads what is there, in fair turns (1 MiB of each file), and hands over blocks of whole lines. Returns
    /// whether more is waiting (then call again without waiting).
    pub fn read(&mut self, lines: &mut dyn FnMut(Block<'_>), events: &mut dyn FnMut(Event)) -> bool {
        if !std::mem::take(&mut self.heard) {
            self.drain();
        }
        self.look_if_due(Instant::now());
        self.rescan();
        self.judge();
        for event in self.queued.drain(..) {
            events(event);
        }
        let ids: Vec<u64> = self
            .followed
            .iter()
            .filter(|(_, followed)| followed.dirty || followed.check)
            .map(|(&id, _)| id)
            .collect();
        let mut more = false;
        for id in ids {
            more |= self.turn(id, lines, events);
        }
        for event in self.queued.drain(..) {
            events(event);
        }
        more || self.pending()
    }

    fn turn(&mut self, id: u64, lines: &mut dyn FnMut(Block<'_>), events: &mut dyn FnMut(Event)) -> bool {
        let mut again = false;
        if self.followed.get(&id).is_some_and(|followed| followed.check) {
            self.adopt(id, events);
            again = self.with(id, events, |followed, around, _| followed.look(around));
        }
        let judged = !self.newcomers.contains_key(&id);
        let more = self.with(id, events, |followed, around, buffer| {
            if !judged {
                followed.dirty = false;
            }
            followed.dirty && followed.read(&mut Hands { buffer, lines }, around)
        });
        if self.followed.get(&id).is_some_and(Followed::forgotten) {
            self.drop_followed(id);
        }
        again || more
    }

    /// First look at a path right when it is added; what there is to say is said with the next `read`.
    fn look(&mut self, id: u64) {
        let mut said = Vec::new();
        self.adopt(id, &mut |event| said.push(event));
        self.with(id, &mut |event| said.push(event), |followed, around, _| {
            followed.look(around)
        });
        self.queued.append(&mut said);
    }

    fn with(
        &mut self,
        id: u64,
        events: &mut dyn FnMut(Event),
        act: impl FnOnce(&mut Followed, &mut Around<'_>, &mut Vec<u8>) -> bool,
    ) -> bool {
        let Some(followed) = self.followed.get_mut(&id) else {
            return false;
        };
        let (by_path, newcomers) = (&self.by_path, &self.newcomers);
        let mut around = Around {
            settings: &self.settings,
            watches: self.watches.as_mut(),
            events,
            taken: &|path| {
                let id = by_path.get(path);
                id.is_some_and(|id| !newcomers.contains_key(id))
            },
        };
        act(followed, &mut around, &mut self.buffer)
    }

    #[cfg(test)]
    pub(crate) fn buffer_capacity(&self) -> usize {
        self.buffer.capacity()
    }

    /// Makes the next call look at everything, for tests that change the times.
    #[cfg(test)]
    pub(crate) fn next_look_now(&mut self) {
        self.next_look = Instant::now();
    }
}
