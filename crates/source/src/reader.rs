//! Everything that is followed, and when to look at it.

use crate::followed::{Around, Followed, Hands, Settings};
use crate::pattern::Glob;
use crate::stream::{BUFFER, FileId};
use crate::wake::Waker;
use crate::watch::{Mark, Watches, nearest};
use crate::{Backend, Block, Event, Position, Start};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::AsFd;
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
    next_id: u64,
    pub(crate) watches: Option<Watches>,
    waker: Waker,
    pub(crate) settings: Settings,
    buffer: Vec<u8>,
    /// Events of calls that have nobody to tell them to.
    queued: Vec<Event>,
    marks: Vec<Mark>,
    exhausted: bool,
    next_look: Instant,
    next_rescan: Instant,
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
            next_id: 0,
            watches,
            waker: Waker::new()?,
            settings: Settings::default(),
            buffer: vec![0; BUFFER],
            queued,
            marks: Vec::new(),
            exhausted: false,
            next_look: now,
            next_rescan: now,
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

    /// Follows every file that matches a glob, those that appear later included (these from their head).
    /// `start` is asked for each file already there that is not followed yet. The rules are those of Python's
    /// `glob`; the error says in words what is wrong with the pattern.
    pub fn add_glob(
        &mut self,
        pattern: &str,
        start: &mut dyn FnMut(&Path) -> Start,
    ) -> Result<(), String> {
        if self.globs.values().any(|glob| glob.text == pattern) {
            return Ok(());
        }
        let mut glob = Glob::new(pattern)?;
        let id = self.new_id();
        // Watch first, then list: nothing can appear between.
        self.watch_glob(id, &mut glob);
        glob.stale = false;
        let mut found = Vec::new();
        for path in glob.files() {
            match self.by_path.get(&path) {
                Some(&known) => {
                    if let Some(followed) = self.followed.get_mut(&known) {
                        followed.globs.insert(id);
                    }
                }
                None => found.push((start(&path), path)),
            }
        }
        let remembered = found.iter().filter_map(|(start, _)| match start {
            Start::Head(position) => position.clone(),
            Start::Tail => None,
        });
        glob.remembered = Arc::new(remembered.collect());
        let remembered = Arc::clone(&glob.remembered);
        self.globs.insert(id, glob);
        let added: Vec<u64> = found
            .into_iter()
            .map(|(start, path)| self.insert_for_glob(id, &path, start, &remembered))
            .collect();
        for id in added {
            self.look(id);
        }
        Ok(())
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
        let globs = self
            .followed
            .get(&id)
            .map(|followed| followed.globs.clone());
        for glob in globs.into_iter().flatten() {
            if let Some(glob) = self.globs.get_mut(&glob) {
                glob.excluded.insert(path.to_path_buf());
            }
        }
        self.drop_followed(id);
        true
    }

    fn remove_glob(&mut self, id: u64) {
        if let (Some(glob), Some(watches)) = (self.globs.remove(&id), &mut self.watches)
            && let Some(wd) = glob.watch
        {
            watches.release(wd, Mark::Glob(id));
        }
        let mut orphans = Vec::new();
        for (&name, followed) in &mut self.followed {
            if followed.globs.remove(&id) && followed.globs.is_empty() && !followed.explicit {
                orphans.push(name);
            }
        }
        for orphan in orphans {
            self.drop_followed(orphan);
        }
    }

    fn drop_followed(&mut self, id: u64) {
        if let Some(mut followed) = self.followed.remove(&id) {
            followed.unwatch(self.watches.as_mut());
            self.by_path.remove(followed.path());
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

    fn insert_for_glob(
        &mut self,
        glob: u64,
        path: &Path,
        start: Start,
        remembered: &Arc<Vec<Position>>,
    ) -> u64 {
        let id = self.insert(path, start, Arc::clone(remembered));
        if let Some(followed) = self.followed.get_mut(&id) {
            followed.globs.insert(glob);
        }
        id
    }

    /// Sleeps until a file may have changed, somebody wakes it, or the time is over.
    pub fn wait(&mut self, timeout: Duration) -> io::Result<()> {
        let until = Instant::now().checked_add(timeout);
        loop {
            self.notice();
            if self.pending() || self.waker.clear() {
                return Ok(());
            }
            let now = Instant::now();
            let left = until.map_or(Duration::MAX, |until| until.saturating_duration_since(now));
            if left.is_zero() {
                return Ok(());
            }
            let look = self.next_look.min(self.next_rescan);
            self.sleep(left.min(look.saturating_duration_since(now)))?;
        }
    }

    fn sleep(&self, time: Duration) -> io::Result<()> {
        let time = Timespec {
            tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: time.subsec_nanos().into(),
        };
        let waker = PollFd::from_borrowed_fd(self.waker.as_fd(), PollFlags::IN);
        let done = match &self.watches {
            Some(watches) => {
                let inotify = PollFd::from_borrowed_fd(watches.as_fd(), PollFlags::IN);
                poll(&mut [waker, inotify], Some(&time))
            }
            None => poll(&mut [waker], Some(&time)),
        };
        match done {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn pending(&self) -> bool {
        !self.queued.is_empty()
            || self.globs.values().any(|glob| glob.stale)
            || self.followed.values().any(|one| one.dirty || one.check)
    }

    /// Marks what may have changed, by inotify and, when it is time, by looking.
    fn notice(&mut self) {
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
        let now = Instant::now();
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
    pub fn read(
        &mut self,
        lines: &mut dyn FnMut(Block<'_>),
        events: &mut dyn FnMut(Event),
    ) -> bool {
        self.notice();
        self.rescan();
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

    fn turn(
        &mut self,
        id: u64,
        lines: &mut dyn FnMut(Block<'_>),
        events: &mut dyn FnMut(Event),
    ) -> bool {
        let mut again = false;
        if self
            .followed
            .get(&id)
            .is_some_and(|followed| followed.check)
        {
            self.adopt(id, events);
            again = self.with(id, events, |followed, around, _| followed.look(around));
        }
        let more = self.with(id, events, |followed, around, buffer| {
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
        let by_path = &self.by_path;
        let mut around = Around {
            settings: &self.settings,
            watches: self.watches.as_mut(),
            events,
            taken: &|path| by_path.contains_key(path),
        };
        act(followed, &mut around, &mut self.buffer)
    }

    /// If the file that now bears this name was read under another name of the same pattern (`access.log` became
    /// `access.log.1`, and `access.log*` matches both), reading goes on where it stood.
    fn adopt(&mut self, id: u64, events: &mut dyn FnMut(Event)) {
        let Some(followed) = self.followed.get(&id) else {
            return;
        };
        if followed.globs.is_empty() {
            return;
        }
        let globs = followed.globs.clone();
        let Some(file) = followed.stranger() else {
            return;
        };
        if let Some(stream) = self.holder(id, &globs, file) {
            self.with(id, events, |followed, around, _| {
                followed.take(stream, around);
                true
            });
        }
    }

    fn holder(
        &mut self,
        id: u64,
        globs: &std::collections::BTreeSet<u64>,
        file: FileId,
    ) -> Option<crate::stream::Stream> {
        let watches = &mut self.watches;
        self.followed
            .iter_mut()
            .filter(|(other, followed)| **other != id && !followed.globs.is_disjoint(globs))
            .find_map(|(_, followed)| followed.give(file, watches.as_mut()))
    }

    fn watch_glob(&mut self, id: u64, glob: &mut Glob) {
        let Some(watches) = &mut self.watches else {
            return;
        };
        let mark = Mark::Glob(id);
        let fresh = if glob.fixed.is_dir() {
            watches.directory(&glob.fixed, None, mark)
        } else {
            std::path::absolute(&glob.fixed)
                .ok()
                .and_then(|path| nearest(&path))
                .and_then(|(directory, entry)| watches.directory(&directory, Some(&entry), mark))
        };
        if let Some(wd) = std::mem::replace(&mut glob.watch, fresh) {
            watches.release(wd, mark);
        }
    }

    /// Looks for new files of patterns in whose directories something happened.
    fn rescan(&mut self) {
        let stale: Vec<u64> = self
            .globs
            .iter()
            .filter(|(_, glob)| glob.stale)
            .map(|(&id, _)| id)
            .collect();
        for id in stale {
            let Some(mut glob) = self.globs.remove(&id) else {
                continue;
            };
            glob.stale = false;
            self.watch_glob(id, &mut glob);
            let mut added = Vec::new();
            for path in glob.files() {
                match self.by_path.get(&path) {
                    Some(known) => {
                        if let Some(followed) = self.followed.get_mut(known) {
                            followed.globs.insert(id);
                        }
                    }
                    None => {
                        let start = Start::Head(None);
                        added.push(self.insert_for_glob(id, &path, start, &Arc::default()));
                    }
                }
            }
            self.globs.insert(id, glob);
            for id in added {
                self.look(id);
            }
        }
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
