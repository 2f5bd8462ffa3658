//! How cost grows with the work: the size of a log, the number of clients. (That of jails stands in `jails`.)
use crate::daemon::{Daemon, Jail};
use crate::figures::{Curve, Findings, Series};
use crate::lab::subject::Subject;
use crate::looking_back::{guide_filter, regex};
use crate::process::{run, warm};
use crate::traffic::{self, Maker, Request, Traffic};
use jiff::Timestamp;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What is copied again and again to make a log.
const PIECE: u64 = 10_000_000;
const LAST: &str = "198.51.100.77";
const PATIENCE: Duration = Duration::from_secs(120);

/// The original reads no longer logs than this, which takes it some ten seconds.
const LONGEST_FOR_ORIGINAL: u64 = 100_000_000;

/// `regex` on logs that grow tenfold up to so many bytes.
pub fn size(folder: &Path, biggest: u64, rounds: usize) -> Findings {
    let mut curve = Curve {
        name: "size",
        title: "`regex`, guide's filter on normal traffic, size of the log",
        work: "size of the log (GB)",
        cost: "CPU time of the whole process (s)",
        bantam: Vec::new(),
        original: Vec::new(),
    };
    let filter = guide_filter();
    let filter = filter.to_string_lossy();
    let logs = logs(folder, biggest);
    // All sizes in each round, so that what else the machine does meanwhile weighs on all.
    for round in 0..rounds {
        for (log, bytes) in &logs {
            let work = *bytes as f64 / 1e9;
            let cost = |subject| run(&mut regex(subject, log, &filter)).cpu.as_secs_f64();
            if *bytes <= 1_000_000_000 || round < 3 {
                add(&mut curve.bantam, work, cost(Subject::Bantam));
            }
            if *bytes <= LONGEST_FOR_ORIGINAL && round == 0 {
                add(&mut curve.original, work, cost(Subject::Original));
            }
        }
        eprintln!("size, round {}: {:?}", round + 1, curve.points(Subject::Bantam));
    }
    for (log, _) in logs {
        let _ = std::fs::remove_file(log);
    }
    Findings {
        rows: vec![curve.row()],
        curves: vec![curve],
        ..Findings::default()
    }
}

/// One more value of a point.
fn add(points: &mut Vec<(f64, Series)>, work: f64, cost: f64) {
    match points.iter_mut().find(|point| point.0 == work) {
        Some((_, series)) => series.extend([cost]),
        None => points.push((work, Series(vec![cost]))),
    }
}

/// Logs of all sizes that there is space for, in the page cache.
fn logs(folder: &Path, biggest: u64) -> Vec<(PathBuf, u64)> {
    let piece = piece(folder);
    let mut logs = Vec::new();
    for bytes in [10_000_000, 100_000_000, 1_000_000_000, 10_000_000_000] {
        let space = rustix::fs::statvfs(folder).map_or(0, |disk| disk.f_bavail * disk.f_frsize);
        if bytes > biggest {
            break;
        }
        if space < bytes + bytes / 5 {
            eprintln!(
                "size, {} GB: left out, not enough space in {}",
                bytes as f64 / 1e9,
                folder.display()
            );
            break;
        }
        let log = folder.join(format!("size{bytes}.log"));
        std::fs::write(&log, "").expect("the log");
        grow_to(&log, &piece, bytes);
        warm(&log);
        logs.push((log, bytes));
    }
    logs
}

/// Whole lines.
fn piece(folder: &Path) -> Vec<u8> {
    let file = folder.join("piece.log");
    let traffic = Traffic {
        begin: Timestamp::from_second(1_790_000_000).expect("a moment"),
        ..Traffic::recent(PIECE as usize / 1_000)
    };
    traffic::write(&file, &traffic).expect("write the log");
    let text = std::fs::read(&file).expect("the log");
    let _ = std::fs::remove_file(&file);
    text
}

fn grow_to(log: &Path, piece: &[u8], bytes: u64) {
    let mut out = std::fs::OpenOptions::new().append(true).open(log).expect("the log");
    let mut size = out.metadata().expect("its size").len();
    while size < bytes {
        let rest = usize::try_from(bytes - size).unwrap_or(usize::MAX).min(piece.len());
        let end = memchr::memchr(b'\n', &piece[rest.saturating_sub(1)..]).map_or(piece.len(), |at| rest + at);
        out.write_all(&piece[..end]).expect("write the log");
        size += end as u64;
    }
    // What goes to the disk meanwhile is not to weigh on what is measured.
    out.sync_all().expect("write the log");
}

/// The daemon reads a line of each client, all of which stay in its window.
pub fn clients(most: usize, rounds: usize) -> Findings {
    let mut curve = Curve {
        name: "clients",
        title: "daemon, clients in the window",
        work: "clients, one failure each",
        cost: "CPU time until all are found (s)",
        bantam: Vec::new(),
        original: Vec::new(),
    };
    for round in 0..rounds.min(3) {
        for count in [100, 1_000, 10_000, 100_000, 1_000_000] {
            if count > most {
                break;
            }
            // What else the machine does meanwhile is to weigh on short runs as it does on the longest.
            let times = if count == most { 1 } else { 3 };
            for cost in (0..times).filter_map(|_| reading(Subject::Bantam, count)) {
                add(&mut curve.bantam, count as f64, cost);
            }
            if count <= 10_000 && round == 0 {
                let cost = reading(Subject::Original, count);
                cost.into_iter()
                    .for_each(|cost| add(&mut curve.original, count as f64, cost));
            }
        }
        eprintln!("clients, round {}: {:?}", round + 1, curve.points(Subject::Bantam));
    }
    Findings {
        rows: vec![curve.row()],
        curves: vec![curve],
        ..Findings::default()
    }
}

fn reading(subject: Subject, clients: usize) -> Option<f64> {
    let daemon = Daemon::start(subject, &[Jail::of_guide(0)]);
    let traffic = Traffic::crowd(clients, clients);
    let made = tempfile::NamedTempFile::new().expect("a file");
    traffic::write(made.path(), &traffic).expect("write the log");
    let end = Maker::new(&traffic)
        .line_of(&Request {
            client: LAST.to_owned(),
            status: 404,
            path: "/the/end".to_owned(),
            host: None,
        })
        .to_owned();
    let took = daemon.work(&[format!("Found {LAST} ")], PATIENCE, |log| {
        let mut out = std::fs::OpenOptions::new().append(true).open(log).expect("the log");
        let mut from = std::fs::File::open(made.path()).expect("the lines");
        std::io::copy(&mut from, &mut out).expect("append to the log");
        out.write_all(end.as_bytes()).expect("append to the log");
    })?;
    Some(took.as_secs_f64())
}
