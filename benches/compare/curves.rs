//! How cost grows with the work: the size of a log, the number of clients. (That of jails stands in `jails`.)
use crate::daemon::{Daemon, Jail};
use crate::figures::{Curve, Findings, Series};
use crate::lab::subject::Subject;
use crate::looking_back::{guide_filter, regex};
use crate::process::{run, warm};
use crate::traffic::{self, Maker, Request, Traffic};
use jiff::Timestamp;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

/// What is copied again and again to make a log.
const PIECE: u64 = 10_000_000;
const LAST: &str = "198.51.100.77";
const PATIENCE: Duration = Duration::from_secs(120);

/// `regex` on logs that grow tenfold up to so many bytes; the original up to a hundredth of that, and no further than
/// it gets in some seconds.
pub fn size(folder: &Path, biggest: u64, rounds: usize) -> Findings {
    let mut curve = Curve {
        name: "size",
        title: "`regex`, guide's filter on normal traffic, size of the log",
        work: "size of the log (GB)",
        cost: "CPU time of the whole process (s)",
        bantam: Vec::new(),
        original: Vec::new(),
    };
    let (log, filter) = (folder.join("size.log"), guide_filter());
    let filter = filter.to_string_lossy();
    let piece = piece(folder);
    std::fs::write(&log, "").expect("the log");
    for bytes in [10_000_000, 30_000_000, 100_000_000, 1_000_000_000, 10_000_000_000] {
        if bytes > biggest {
            break;
        }
        grow_to(&log, &piece, bytes);
        warm(&log);
        let times = if bytes > 1_000_000_000 { rounds.min(3) } else { rounds };
        if bytes != 30_000_000 {
            curve
                .bantam
                .push((bytes as f64 / 1e9, cost(Subject::Bantam, &log, &filter, times)));
        }
        if bytes <= 100_000_000 {
            let series = cost(Subject::Original, &log, &filter, 1);
            curve.original.push((bytes as f64 / 1e9, series));
        }
        eprintln!("size, {} GB: {:?}", bytes as f64 / 1e9, curve.bantam.last());
    }
    let _ = std::fs::remove_file(&log);
    Findings {
        rows: vec![curve.row()],
        curves: vec![curve],
        ..Findings::default()
    }
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

fn cost(subject: Subject, log: &Path, filter: &str, times: usize) -> Series {
    let one = || run(&mut regex(subject, log, filter)).cpu.as_secs_f64();
    Series((0..times).map(|_| one()).collect())
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
    for count in [100, 1_000, 10_000, 100_000, 1_000_000] {
        if count > most {
            break;
        }
        let ours = (0..rounds.min(3)).filter_map(|_| reading(Subject::Bantam, count));
        curve.bantam.push((count as f64, Series(ours.collect())));
        if count <= 10_000 {
            let theirs = reading(Subject::Original, count);
            curve
                .original
                .push((count as f64, Series(theirs.into_iter().collect())));
        }
        eprintln!("clients, {count}: {:?} s", curve.bantam.last());
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
