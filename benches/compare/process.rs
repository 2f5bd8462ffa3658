//! Running a process to its end, and looking at one that runs.
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a whole process took, from its start to its end.
#[derive(Debug, Clone)]
pub struct Finished {
    pub wall: Duration,
    pub cpu: Duration,
    pub stdout: String,
}

/// Runs a process whose work is done by its main thread.
pub fn run(command: &mut Command) -> Finished {
    let begun = Instant::now();
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|e| panic!("cannot run {command:?}: {e}"));
    let mut stdout = String::new();
    let mut pipe = child.stdout.take().expect("a pipe");
    std::io::Read::read_to_string(&mut pipe, &mut stdout).expect("its output");
    let pid = Pid::from_child(&child);
    waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).expect("wait for it");
    let wall = begun.elapsed();
    // Ended, but not reaped: the kernel still says what it took.
    let cpu = on_cpu(Path::new(&format!("/proc/{}/schedstat", pid.as_raw_pid())));
    let status = child.wait().expect("wait for it");
    assert!(status.success(), "{command:?} ended with {status}");
    Finished { wall, cpu, stdout }
}

fn on_cpu(schedstat: &Path) -> Duration {
    let text = std::fs::read_to_string(schedstat).unwrap_or_default();
    Duration::from_nanos(
        text.split_whitespace()
            .next()
            .and_then(|first| first.parse().ok())
            .unwrap_or_default(),
    )
}

/// CPU time of all threads of a process so far.
pub fn cpu_of(pid: u32) -> Duration {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).expect("a running process");
    threads
        .flatten()
        .map(|thread| on_cpu(&thread.path().join("schedstat")))
        .sum()
}

/// A number of /proc/PID/status, in the unit that stands there (kB for sizes).
pub fn status_of(pid: u32, key: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a running process");
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))
        .expect("the key");
    line.split_whitespace()
        .next()
        .and_then(|number| number.parse().ok())
        .expect("a number")
}
