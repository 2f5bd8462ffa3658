//! The program that reads the journal, as a child: started without a shell, heard without waiting, ended for sure.

use super::export::{Parsed, Parser};
use super::{FIELDS, JournalError, Place};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, BorrowedFd};
use std::ffi::OsString;
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{ChildStderr, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// Read at once.
const CHUNK: usize = 64 * 1024;
/// Of its complaints so much is kept.
const LONGEST_COMPLAINT: usize = 1000;
/// How long an end is waited for that must come.
const END_PATIENCE: Duration = Duration::from_millis(100);

/// Where `journalctl` is, if it is installed.
pub fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let usual = ["/usr/bin", "/bin"].map(PathBuf::from);
    let directories = std::env::split_paths(&path).filter(|directory| directory.is_absolute());
    directories
        .chain(usual)
        .map(|directory| directory.join("journalctl"))
        .find(|program| program.is_file())
}

/// How much came of a turn.
pub(super) enum Heard {
    /// Nothing more for now.
    Nothing,
    /// There may be more.
    More,
    /// It has said all that it will, and ended.
    End,
}

#[derive(Debug)]
pub(super) struct Child {
    process: std::process::Child,
    stdout: ChildStdout,
    stderr: ChildStderr,
    parser: Parser,
    buffer: Vec<u8>,
    complaint: Vec<u8>,
    /// Its output has ended, since when.
    silent: Option<Instant>,
}

impl Child {
    /// Starts it. `journal` are the arguments that name the journal, `matches` come last.
    pub(super) fn start(
        journal: Vec<OsString>,
        matches: &[&str],
        place: Option<&Place>,
        follow: bool,
    ) -> Result<Self, JournalError> {
        let program = program().ok_or(JournalError::NoProgram)?;
        let mut command = Command::new(program);
        command
            .args(["--quiet", "--no-pager", "--output=export"])
            .arg(format!("--output-fields={}", FIELDS.join(",")))
            .args(journal);
        match place {
            Some(Place::After(cursor)) => drop(command.arg(format!("--cursor={cursor}"))),
            Some(Place::Since(micros)) => {
                let (seconds, rest) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
                command.arg(format!("--since=@{}.{rest:06}", seconds.max(0)));
            }
            None => {}
        }
        if follow {
            command.args(["--follow", "--no-tail"]);
        }
        command
            .arg("--")
            .args(matches)
            .env_clear()
            .current_dir("/")
            // Not to be ended by what a terminal sends to the daemon.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut process = command.spawn()?;
        let (Some(stdout), Some(stderr)) = (process.stdout.take(), process.stderr.take()) else {
            return Err(JournalError::Io(io::Error::other("no pipes")));
        };
        let child = Child {
            process,
            stdout,
            stderr,
            parser: Parser::new(),
            buffer: vec![0; CHUNK],
            complaint: Vec::new(),
            silent: None,
        };
        rustix::io::ioctl_fionbio(&child.stdout, true).map_err(io::Error::from)?;
        rustix::io::ioctl_fionbio(&child.stderr, true).map_err(io::Error::from)?;
        Ok(child)
    }

    /// What becomes readable when it says something.
    pub(super) fn bell(&self) -> BorrowedFd<'_> {
        self.stdout.as_fd()
    }

    /// Its output has ended, its end is near.
    pub(super) fn is_silent(&self) -> bool {
        self.silent.is_some()
    }

    /// Waits until it says something.
    pub(super) fn wait(&self) -> io::Result<()> {
        let time = Timespec { tv_sec: 1, tv_nsec: 0 };
        if self.is_silent() {
            std::thread::sleep(Duration::from_millis(1));
            return Ok(());
        }
        let mut bells = [
            PollFd::new(&self.stdout, PollFlags::IN),
            PollFd::new(&self.stderr, PollFlags::IN),
        ];
        match poll(&mut bells, Some(&time)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes what it has said, a chunk at most. An error when it has ended with one.
    pub(super) fn hear(&mut self, out: &mut Vec<Parsed>) -> Result<Heard, JournalError> {
        self.hear_complaints();
        if let Some(since) = self.silent {
            return self.hear_end(since);
        }
        match self.stdout.read(&mut self.buffer) {
            Ok(0) => {
                self.silent = Some(Instant::now());
                Ok(Heard::More)
            }
            Ok(read) => {
                self.parser.push(self.buffer.get(..read).unwrap_or_default(), out)?;
                Ok(Heard::More)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Heard::Nothing),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(Heard::More),
            Err(error) => Err(error.into()),
        }
    }

    fn hear_end(&mut self, since: Instant) -> Result<Heard, JournalError> {
        match self.process.try_wait()? {
            None if since.elapsed() < END_PATIENCE => Ok(Heard::Nothing),
            None => Err(JournalError::Failed("it closed its output and did not end".to_owned())),
            Some(status) if status.success() => Ok(Heard::End),
            Some(status) => {
                self.hear_complaints();
                let words = String::from_utf8_lossy(&self.complaint).trim().replace('\n', "; ");
                Err(JournalError::Failed(match words.as_str() {
                    "" => format!("it ended with {status}"),
                    words => words.to_owned(),
                }))
            }
        }
    }

    /// Complaints must not fill their pipe: it would wait.
    fn hear_complaints(&mut self) {
        let mut piece = [0; 4096];
        while let Ok(read) = self.stderr.read(&mut piece) {
            if read == 0 {
                return;
            }
            let room = LONGEST_COMPLAINT.saturating_sub(self.complaint.len());
            self.complaint.extend(piece.iter().take(read.min(room)));
        }
    }

    #[cfg(test)]
    pub(super) fn pid(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill();
        // It ends at once, unless the system holds it up over a file; then it is not waited for.
        let begin = Instant::now();
        while matches!(self.process.try_wait(), Ok(None)) && begin.elapsed() < END_PATIENCE {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}
