//! inotify: who wants to hear of which inode.
//!
//! A file is watched through its open descriptor, so that the watch belongs to the inode that is read and not to
//! whatever bears the name by now. Names are watched through their directories. What is missed here (network and
//! overlay filesystems, directories swapped as a whole) is found by the poll in [`crate::Reader::wait`].

use rustix::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::Errno;
use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Symbolic links followed from a name to its file; as many as the kernel allows.
const MAX_LINKS: usize = 40;

/// What a change concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// The bytes of a followed file.
    Data(u64),
    /// What a followed name leads to.
    Name(u64),
    /// What a pattern matches.
    Glob(u64),
    /// Unknown: the kernel's queue ran over.
    Everything,
}

#[derive(Debug)]
struct User {
    mark: Mark,
    /// Only events about this entry of the directory matter.
    entry: Option<OsString>,
}

/// The watches of one reader.
#[derive(Debug)]
pub(crate) struct Watches {
    inotify: OwnedFd,
    users: HashMap<i32, Vec<User>>,
    /// Why some watch is missing because a limit of the system is reached.
    exhausted: Option<Errno>,
    #[cfg(test)]
    pub(crate) limit: usize,
}

impl Watches {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            inotify: inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?,
            users: HashMap::new(),
            exhausted: None,
            #[cfg(test)]
            limit: usize::MAX,
        })
    }

    /// The limit that was hit, if one was.
    pub(crate) fn exhausted(&self) -> Option<Errno> {
        self.exhausted
    }

    /// Watches the bytes of an open file for the follower `id`.
    pub(crate) fn file(&mut self, file: BorrowedFd<'_>, path: &Path, id: u64) -> Option<i32> {
        let flags = WatchFlags::MODIFY | WatchFlags::ATTRIB | WatchFlags::MOVE_SELF | WatchFlags::DELETE_SELF;
        let through = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
        let wd = match self.add(&through, flags) {
            // No /proc here: the name has to do.
            Err(Errno::NOENT) => self.add(path, flags),
            other => other,
        };
        self.enlist(wd, Mark::Data(id), None)
    }

    /// Watches the entries of a directory, or one of them.
    pub(crate) fn directory(&mut self, directory: &Path, entry: Option<&OsStr>, mark: Mark) -> Option<i32> {
        let flags = WatchFlags::CREATE
            | WatchFlags::DELETE
            | WatchFlags::MOVED_FROM
            | WatchFlags::MOVED_TO
            | WatchFlags::ATTRIB
            | WatchFlags::DELETE_SELF
            | WatchFlags::MOVE_SELF
            | WatchFlags::ONLYDIR;
        let wd = self.add(directory, flags);
        self.enlist(wd, mark, entry)
    }

    fn add(&mut self, path: &Path, flags: WatchFlags) -> Result<i32, Errno> {
        #[cfg(test)]
        if self.users.len() >= self.limit {
            return Err(Errno::NOSPC);
        }
        inotify::add_watch(&self.inotify, path, flags)
    }

    fn enlist(&mut self, wd: Result<i32, Errno>, mark: Mark, entry: Option<&OsStr>) -> Option<i32> {
        match wd {
            Ok(wd) => {
                self.users.entry(wd).or_default().push(User {
                    mark,
                    entry: entry.map(OsStr::to_os_string),
                });
                Some(wd)
            }
            Err(error @ (Errno::NOSPC | Errno::NOMEM)) => {
                self.exhausted = Some(error);
                None
            }
            // Gone or not readable meanwhile: the poll sees what comes of it.
            Err(_) => None,
        }
    }

    /// Ends one watch of a user; the kernel's watch goes with its last user.
    pub(crate) fn release(&mut self, wd: i32, mark: Mark) {
        let Some(users) = self.users.get_mut(&wd) else {
            return;
        };
        if let Some(at) = users.iter().position(|user| user.mark == mark) {
            users.swap_remove(at);
        }
        if users.is_empty() {
            self.users.remove(&wd);
            // Fails where the inode is gone, and its watch with it.
            let _ = inotify::remove_watch(&self.inotify, wd);
        }
    }

    /// Empties the kernel's queue into `marks`.
    pub(crate) fn drain(&mut self, marks: &mut Vec<Mark>) {
        let mut space = [MaybeUninit::uninit(); 8192];
        let mut queue = inotify::Reader::new(self.inotify.as_fd(), &mut space);
        let mut taken = 0;
        // A few events are all there were: the call that would find none is spared.
        while taken == 0 || taken > 16 || !queue.is_buffer_empty() {
            taken = if queue.is_buffer_empty() { 1 } else { taken + 1 };
            let event = match queue.next() {
                Ok(event) => event,
                Err(Errno::INTR) => continue,
                Err(_) => return,
            };
            let what = event.events();
            if what.contains(ReadFlags::QUEUE_OVERFLOW) {
                marks.push(Mark::Everything);
                continue;
            }
            let wd = event.wd();
            let Some(users) = self.users.get(&wd) else {
                continue;
            };
            let entry = event.file_name().map(|name| OsStr::from_bytes(name.to_bytes()));
            for user in users {
                mark(marks, user, what, entry);
            }
            if what.contains(ReadFlags::IGNORED) {
                self.users.remove(&wd);
            }
        }
    }
}

impl AsFd for Watches {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }
}

fn mark(marks: &mut Vec<Mark>, user: &User, what: ReadFlags, entry: Option<&OsStr>) {
    let mut push = |mark: Mark| {
        if marks.last() != Some(&mark) {
            marks.push(mark);
        }
    };
    match user.mark {
        Mark::Data(id) => {
            push(Mark::Data(id));
            if what.intersects(ReadFlags::ATTRIB | ReadFlags::MOVE_SELF | ReadFlags::DELETE_SELF) {
                push(Mark::Name(id));
            }
        }
        // An event without an entry is about the directory itself.
        other => {
            let concerns = match (&user.entry, entry) {
                (Some(wanted), Some(entry)) => wanted == entry,
                _ => true,
            };
            if concerns {
                push(other);
            }
        }
    }
}

/// The directories, each with the entry in it, whose change may change what `path` leads to: one for the name
/// itself and one for each symbolic link from there. Where a directory is missing, its nearest ancestor stands in.
pub(crate) fn points(path: &Path) -> Vec<(PathBuf, OsString)> {
    let mut found = Vec::new();
    let Ok(mut path) = std::path::absolute(path) else {
        return found;
    };
    for _ in 0..MAX_LINKS {
        let Some(point) = nearest(&path) else { break };
        found.push(point);
        match (std::fs::read_link(&path), path.parent()) {
            (Ok(target), Some(parent)) => path = parent.join(target),
            _ => break,
        }
    }
    found
}

/// The nearest directory above `path` that exists, and the entry of it that leads on to `path`.
pub(crate) fn nearest(path: &Path) -> Option<(PathBuf, OsString)> {
    let mut entry = path.file_name()?;
    let mut directory = path.parent()?;
    while !directory.is_dir() {
        entry = directory.file_name()?;
        directory = directory.parent()?;
    }
    Some((directory.to_path_buf(), entry.to_os_string()))
}
