//! Running a process on one core to its end, and looking at one that runs.
use nix::sys::resource::{UsageWho, getrusage};
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What a whole process took, from its start to its end.
#[derive(Debug, Clone)]
pub struct Finished {
    pub wall: Duration,
    pub cpu: Duration,
    pub stdout: String,
    pub success: bool,
}

/// The core on which all is measured: the last that this process may use.
pub fn core() -> usize {
    let allowed = sched_getaffinity(None).expect("the cores of this process");
    (0..CpuSet::MAX_CPU)
        .rev()
        .find(|&core| allowed.is_set(core))
        .expect("a core")
}

/// Starts a process that stays on one core, as all its threads do. What measures keeps all cores.
pub fn spawn_pinned(command: &mut Command) -> Child {
    let before = sched_getaffinity(None).expect("the cores of this process");
    let mut one = CpuSet::new();
    one.set(core());
    // A child inherits the cores of the thread that starts it.
    sched_setaffinity(None, &one).expect("stay on one core");
    let child = command.spawn();
    sched_setaffinity(None, &before).expect("use all cores");
    child.unwrap_or_else(|e| panic!("cannot run {command:?}: {e}"))
}

/// Runs a process on one core; it must succeed.
pub fn run(command: &mut Command) -> Finished {
    let done = try_run(command);
    assert!(done.success, "{command:?} failed: {}", done.stdout);
    done
}

/// Runs a process on one core.
pub fn try_run(command: &mut Command) -> Finished {
    let begun = Instant::now();
    let mut child = spawn_pinned(command.stdout(Stdio::piped()));
    let mut stdout = Vec::new();
    let mut pipe = child.stdout.take().expect("a pipe");
    std::io::Read::read_to_end(&mut pipe, &mut stdout).expect("its output");
    let pid = Pid::from_child(&child);
    waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).expect("wait for it");
    let wall = begun.elapsed();
    // What the ended children have used grows by this one's time, all its threads included, once it is reaped.
    let before = used_by_children();
    let status = child.wait().expect("wait for it");
    Finished {
        wall,
        cpu: used_by_children().saturating_sub(before),
        stdout: String::from_utf8_lossy(&stdout).into_owned(),
        success: status.success(),
    }
}

/// User and system time of all children that were waited for.
fn used_by_children() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("the time of children");
    [usage.user_time(), usage.system_time()]
        .into_iter()
        .map(|time| {
            let micros = time.tv_sec() * 1_000_000 + time.tv_usec();
            Duration::from_micros(micros.unsigned_abs())
        })
        .sum()
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
    number_in(&format!("/proc/{pid}/status"), key)
}

/// A number of a file of /proc in which each line begins with its key.
fn number_in(file: &str, key: &str) -> u64 {
    let text = std::fs::read_to_string(file).expect("/proc, and a running process");
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))
        .expect("the key");
    line.split_whitespace()
        .next()
        .and_then(|number| number.parse().ok())
        .expect("a number")
}

/// Memory that is touched by [`have_memory`]: twice what the longest log and what the daemon writes of it take.
const TOUCHED: u64 = 4 << 30;

/// Touches memory and gives it back. Where this is a virtual machine its host may have taken away what was free, and to
/// have it again takes whoever touches it first three times as long as the work itself: that is to be in no figure.
pub fn have_memory() {
    let available = number_in("/proc/meminfo", "MemAvailable") << 10;
    let size = usize::try_from(TOUCHED.min(available / 2)).unwrap_or(0);
    drop(std::hint::black_box(vec![1u8; size]));
}

/// Reads a file once, so that it is in the page cache.
pub fn warm(file: &Path) {
    let mut file = std::fs::File::open(file).expect("the log");
    std::io::copy(&mut file, &mut std::io::sink()).expect("read the log");
}
