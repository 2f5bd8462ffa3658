//! A lock that every running command holds, so that a daemon started after a `kill -9` can wait for the commands that
//! its predecessor left behind: what they still do would otherwise undo what the new one does.
use rustix::fs::{FlockOperation, flock};
use std::fs::File;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often a lock that somebody holds is tried again.
const STEP: Duration = Duration::from_millis(5);

/// What was found of a predecessor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Orphans {
    /// No command of a predecessor was running.
    None,
    /// Some were; they have ended after so long.
    Ended(Duration),
    /// Some still run; waiting was given up.
    Running,
}

/// The lock. Held by this process, and by each command given to [`crate::run_guarded`] as long as its shell runs.
///
/// A command gets the lock's (empty) file as its stdin: no other child of this process inherits it, and a process
/// that a shell puts into the background, whose stdin is `/dev/null`, does not hold it.
#[derive(Debug)]
pub struct OrphanGuard {
    file: File,
    locked: AtomicBool,
}

impl OrphanGuard {
    /// Opens or creates the file and takes the lock, waiting at most so long for commands that a killed predecessor
    /// left running. A guard comes back in any case; after [`Orphans::Running`] it takes the lock when it is free.
    ///
    /// # Errors
    /// When the file can't be opened, or its filesystem knows no locks.
    pub fn acquire(path: &Path, wait: Duration) -> io::Result<(Self, Orphans)> {
        let guard = Self {
            file: open(path)?,
            locked: AtomicBool::new(false),
        };
        let began = Instant::now();
        if guard.try_lock()? {
            return Ok((guard, Orphans::None));
        }
        while began.elapsed() < wait {
            std::thread::sleep(STEP.min(wait));
            if guard.try_lock()? {
                return Ok((guard, Orphans::Ended(began.elapsed())));
            }
        }
        Ok((guard, Orphans::Running))
    }

    /// The lock as a command's stdin; reads as an empty file.
    pub(crate) fn stdin(&self) -> io::Result<Stdio> {
        if !self.locked.load(Ordering::Relaxed) {
            self.try_lock()?;
        }
        Ok(self.file.try_clone()?.into())
    }

    fn try_lock(&self) -> io::Result<bool> {
        match flock(&self.file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {
                self.locked.store(true, Ordering::Relaxed);
                Ok(true)
            }
            Err(rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// For reading only, so that no command can write into its own stdin.
fn open(path: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::RDONLY | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    Ok(rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR)?.into())
}
