//! Running one command in a shell, with a time limit.
//!
//! Stands at the very end of the journey, where an effect is made. Nothing here sleeps in steps: the end of the
//! command, its output and the time limit wake one `poll`.
use crate::capture::Capture;
use crate::ending::exit_descriptor;
use crate::{Command, OrphanGuard};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process_group};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Between SIGTERM and SIGKILL.
const GRACE: Duration = Duration::from_millis(200);

/// So long a killed command may take to be gone before it counts as not killable.
const UNTIL_DEAD: Duration = Duration::from_secs(1);

/// What a command came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// Exit status; none when a signal ended it, or nothing could.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// The time limit passed before it ended.
    pub timed_out: bool,
    /// What it wrote to stdout, the first 64 KiB if it was more.
    pub stdout: String,
    /// What it wrote to stderr, likewise.
    pub stderr: String,
}

impl Finished {
    /// It ended in time, with status 0.
    pub fn success(&self) -> bool {
        self.code == Some(0) && !self.timed_out
    }
}

/// Why a command could not be run at all.
#[derive(Debug, thiserror::Error)]
#[error("cannot run /bin/sh: {0}")]
pub struct ShellError(#[from] pub io::Error);

/// Runs `/bin/sh -c` in a process group of its own; at the time limit the whole group gets SIGTERM, 0.2 s later SIGKILL.
///
/// Waits for the shell only: a process that it left behind in the background may keep stdout open and go on. Of stdout
/// and stderr the first 64 KiB each are kept.
///
/// # Errors
/// When no shell could be started, for instance because the text is too long for the kernel.
pub fn run(command: &Command, timeout: Duration) -> Result<Finished, ShellError> {
    run_guarded(command, timeout, None)
}

/// As [`run`]; the command holds the guard's lock as its stdin until it ends, even when this process is killed.
///
/// # Errors
/// As [`run`].
pub fn run_guarded(command: &Command, timeout: Duration, guard: Option<&OrphanGuard>) -> Result<Finished, ShellError> {
    let stdin = guard.map_or_else(|| Ok(Stdio::null()), OrphanGuard::stdin)?;
    let child = std::process::Command::new("/bin/sh")
        .arg("-c")
        .arg(&command.text)
        .args(&command.arguments)
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()?;
    Running::new(child)?.finish(timeout)
}

/// A command at work.
struct Running {
    child: Child,
    /// The shell's, and its group's. Not handed out again by the kernel before the shell has been reaped.
    pid: Pid,
    /// Readable once the shell has ended.
    ended: std::os::fd::OwnedFd,
    stdout: Capture,
    stderr: Capture,
}

impl Running {
    fn new(mut child: Child) -> Result<Self, ShellError> {
        let pid = Pid::from_child(&child);
        match exit_descriptor(pid) {
            Ok(ended) => Ok(Self {
                stdout: Capture::of(child.stdout.take())?,
                stderr: Capture::of(child.stderr.take())?,
                pid,
                ended,
                child,
            }),
            Err(error) => {
                // Nobody would know when it ends.
                let _ = kill_process_group(pid, Signal::KILL);
                let _ = child.wait();
                Err(error.into())
            }
        }
    }

    fn finish(mut self, timeout: Duration) -> Result<Finished, ShellError> {
        let in_time = match Instant::now().checked_add(timeout) {
            Some(deadline) => self.ends_before(Some(deadline))?,
            None => self.ends_before(None)?,
        };
        let mut gone = true;
        if !in_time {
            gone = self.end_by_force()?;
        }
        self.stdout.take_rest();
        self.stderr.take_rest();
        let status = if gone {
            Some(self.child.wait()?)
        } else {
            leave_behind(self.child);
            None
        };
        Ok(Finished {
            code: status.and_then(|status| status.code()),
            signal: status.and_then(|status: ExitStatus| status.signal()),
            timed_out: !in_time,
            stdout: self.stdout.into_text(),
            stderr: self.stderr.into_text(),
        })
    }

    /// Reads what the command writes until it ends; false when the deadline came first.
    fn ends_before(&mut self, deadline: Option<Instant>) -> io::Result<bool> {
        loop {
            let mut fds = vec![readable(self.ended.as_fd())];
            let pipes = [&self.stdout, &self.stderr].map(|pipe| {
                let fd = pipe.open()?;
                fds.push(readable(fd));
                Some(fds.len() - 1)
            });
            let woken = wait(&mut fds, deadline)?;
            let is_ready = |index: usize| !fds[index].revents().is_empty();
            let ended = is_ready(0);
            let [out, err] = pipes.map(|index| index.is_some_and(is_ready));
            if ended {
                return Ok(true);
            }
            if !woken {
                return Ok(false);
            }
            if out {
                self.stdout.take_some();
            }
            if err {
                self.stderr.take_some();
            }
        }
    }

    /// Ends the whole group; false when even SIGKILL did not.
    fn end_by_force(&self) -> io::Result<bool> {
        let _ = kill_process_group(self.pid, Signal::TERM);
        let until = Instant::now() + GRACE;
        if self.has_ended_by(until)? {
            // Others of the group get their time too.
            std::thread::sleep(until.saturating_duration_since(Instant::now()));
        }
        let _ = kill_process_group(self.pid, Signal::KILL);
        self.has_ended_by(Instant::now() + UNTIL_DEAD)
    }

    fn has_ended_by(&self, deadline: Instant) -> io::Result<bool> {
        wait(&mut [readable(self.ended.as_fd())], Some(deadline))
    }
}

fn readable(fd: BorrowedFd<'_>) -> PollFd<'_> {
    PollFd::from_borrowed_fd(fd, PollFlags::IN)
}

/// Polls; false at the deadline.
fn wait(fds: &mut [PollFd<'_>], deadline: Option<Instant>) -> io::Result<bool> {
    loop {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let left = left.map(|left| {
            Timespec::try_from(left).unwrap_or(Timespec {
                tv_sec: i64::MAX,
                tv_nsec: 0,
            })
        });
        match poll(fds, left.as_ref()) {
            Ok(ready) => return Ok(ready > 0),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// A command that cannot be killed (it hangs in the kernel) is reaped whenever it ends.
fn leave_behind(mut child: Child) {
    let _ = std::thread::Builder::new()
        .name("reap".to_owned())
        .spawn(move || child.wait());
}
