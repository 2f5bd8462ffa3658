//! The daemon with the guide's set-up, following a log that grows by 200,000 lines: memory and CPU time.
use crate::figures::{Better, Row, Series};
use crate::lab::subject::{Lab, Subject};
use crate::lab::wait_for;
use crate::process::{cpu_of, status_of};
use crate::traffic::{Maker, Traffic};
use jiff::Timestamp;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// Whose failure ends the log: when it is found, all before it has been read.
const LAST: &str = "198.51.100.77";
/// How long the slowest may take for the whole log.
const PATIENCE: Duration = Duration::from_secs(300);
/// What the log's time runs through, in milliseconds: not further from now than either can read it in.
const SPAN: i64 = 20_000;

struct Followed {
    idle: f64,
    peak: f64,
    after: f64,
    cpu: f64,
    wall: f64,
    quiet_cpu: f64,
    found: usize,
}

/// Both, one after the other, in turns.
pub fn compare(lines: usize, rounds: usize) -> Vec<Row> {
    let row = |what: &str, unit, goal| Row {
        what: what.to_owned(),
        unit,
        bantam: Series::default(),
        original: Series::default(),
        better: Better::Less,
        goal,
    };
    let mut peak = row("peak RSS of the daemon, the log followed", "MB", Some(3.0));
    let mut idle = row("peak RSS of the daemon, started and idle", "MB", None);
    let mut after = row("RSS of the daemon after that", "MB", None);
    let mut cpu = row("CPU time of the daemon for following the log", "s", None);
    let mut wall = row("time until the log's last line is found", "s", None);
    let mut quiet = row("CPU time of the idle daemon in a minute", "ms", None);
    for round in 1..=rounds {
        let [ours, theirs] = [Subject::Bantam, Subject::Original].map(|subject| follow(subject, lines));
        assert_eq!(
            ours.found, theirs.found,
            "Bantam and the original found different numbers of failures"
        );
        eprintln!(
            "following, round {round}: {:.1} MB against {:.1} MB",
            ours.peak, theirs.peak
        );
        for (series, of) in [(0, &ours), (1, &theirs)] {
            let all = [&mut peak, &mut idle, &mut after, &mut cpu, &mut wall, &mut quiet];
            for (row, value) in all
                .into_iter()
                .zip([of.peak, of.idle, of.after, of.cpu, of.wall, of.quiet_cpu])
            {
                let series = if series == 0 {
                    &mut row.bantam
                } else {
                    &mut row.original
                };
                series.extend([value]);
            }
        }
    }
    vec![peak, idle, after, cpu, wall, quiet]
}

fn follow(subject: Subject, lines: usize) -> Followed {
    let mut lab = Lab::with_guide(subject);
    lab.start();
    let pid: u32 = lab.read("f.pid").trim().parse().expect("the daemon's process id");
    std::thread::sleep(Duration::from_secs(1));
    let idle = megabytes(pid, "VmHWM");
    let before = cpu_of(pid);
    std::thread::sleep(Duration::from_secs(4));
    let quiet_cpu = (cpu_of(pid) - before).as_secs_f64() * 15.0 * 1e3;

    let before = cpu_of(pid);
    let begun = Instant::now();
    append(&lab.log(), lines);
    wait_for("all lines are read", PATIENCE, || {
        end_of(&lab.folder().join("daemon.log")).contains(&format!("Found {LAST} "))
    });
    let wall = begun.elapsed().as_secs_f64();
    let cpu = (cpu_of(pid) - before).as_secs_f64();
    // The bans that came of it.
    std::thread::sleep(Duration::from_secs(2));
    let (peak, after) = (megabytes(pid, "VmHWM"), megabytes(pid, "VmRSS"));
    lab.stop();
    Followed {
        idle,
        peak,
        after,
        cpu,
        wall,
        quiet_cpu,
        found: found(&lab.said()),
    }
}

fn append(log: &Path, lines: usize) {
    let traffic = Traffic {
        lines,
        failing: 60,
        flood: false,
        begin: Timestamp::now(),
        span: SPAN,
        seed: 3,
    };
    let mut out = std::fs::OpenOptions::new().append(true).open(log).expect("the log");
    let (mut maker, mut block) = (Maker::new(&traffic), Vec::new());
    while let Some(line) = maker.next_line() {
        block.extend_from_slice(line.as_bytes());
        if block.len() > 1 << 18 {
            out.write_all(&block).expect("write the log");
            block.clear();
        }
    }
    out.write_all(&block).expect("write the log");
    crate::lab::traefik::log(log, LAST, 404, 1, "/the/end");
}

/// Lines that were found to be failures. What the log says of a known client besides depends on when its ban came.
fn found(said: &str) -> usize {
    said.lines()
        .filter(|line| line.contains("] Found ") && !line.contains(", bad - "))
        .count()
}

fn megabytes(pid: u32, key: &str) -> f64 {
    status_of(pid, key) as f64 / 1024.0
}

/// The last lines of a file.
fn end_of(file: &Path) -> String {
    let mut file = std::fs::File::open(file).expect("the daemon's log");
    let size = file.metadata().expect("its size").len();
    file.seek(SeekFrom::Start(size.saturating_sub(1 << 16))).expect("seek");
    let mut end = Vec::new();
    file.read_to_end(&mut end).expect("read");
    String::from_utf8_lossy(&end).into_owned()
}
