//! The daemon with the guide's set-up: memory idle and with many clients, load at a steady pace, time to start.
use crate::daemon::{Daemon, Jail};
use crate::figures::{Better, Goal, Row};
use crate::lab::subject::{Lab, Subject};
use crate::lab::{succeed, traefik, wait_for};
use crate::process::{cpu_of, spawn_pinned, status_of};
use crate::traffic::{self, Maker, Request, Traffic};
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const LAST: &str = "198.51.100.77";
/// How long the slowest may take for a log.
const PATIENCE: Duration = Duration::from_secs(420);
const BOTH: [Subject; 2] = [Subject::Bantam, Subject::Original];

/// Peak memory idle and with so many clients in the window, and what an idle daemon costs.
pub fn memory(clients: usize, rounds: usize) -> Vec<Row> {
    let mut idle = Row::new(
        "peak RSS of the daemon, guide's jail, idle",
        "MB",
        Better::Less,
        Some(Goal::Below(12.0)),
    );
    let mut quiet = Row::new("CPU time of the idle daemon in a minute", "ms", Better::Less, None);
    for _ in 0..rounds {
        for subject in BOTH {
            let mut lab = Lab::with_guide(subject);
            lab.start();
            let pid = lab.read("f.pid").trim().parse().expect("the daemon's process id");
            std::thread::sleep(Duration::from_secs(1));
            idle.of(subject).extend([megabytes(pid, "VmHWM")]);
            let before = cpu_of(pid);
            std::thread::sleep(Duration::from_secs(3));
            quiet
                .of(subject)
                .extend([(cpu_of(pid) - before).as_secs_f64() * 20.0 * 1e3]);
            lab.stop();
        }
        eprintln!(
            "idle: {:.1} MB against {:.1} MB",
            last(&idle.bantam.0),
            last(&idle.original.0)
        );
    }
    vec![idle, quiet, crowd(clients)]
}

/// Each client fails once, and all within the time that counts.
fn crowd(clients: usize) -> Row {
    let what = format!("peak RSS of the daemon, {clients} clients in the window");
    let mut row = Row::new(what, "MB", Better::Less, Some(Goal::Below(64.0)));
    for subject in BOTH {
        // An hour's window: the original needs minutes to read so many.
        let daemon = Daemon::start(subject, &[Jail::of_guide(0)]);
        let traffic = Traffic::crowd(clients, clients);
        let end = Maker::new(&traffic).line_of(&end_of(LAST)).to_owned();
        let took = daemon.work(&[format!("Found {LAST} ")], PATIENCE, |log| {
            traffic::append(log, &traffic).expect("write the log");
            append(log, end.as_bytes());
        });
        if took.is_none() {
            row.what = format!("{} (the {subject:?} had not read all in time)", row.what);
            continue;
        }
        let found = daemon.found();
        assert!(found > clients, "{subject:?} found {found} failures of {}", clients + 1);
        row.of(subject).extend([daemon.peak()]);
    }
    eprintln!("{}: {:?} against {:?} MB", row.what, row.bantam.0, row.original.0);
    row
}

/// Share of a core that following takes at this many lines a second.
pub fn load(per_second: u64, seconds: u64, rounds: usize) -> Vec<Row> {
    let ways = [
        ("each line written by itself", 1, Some(Goal::Below(1.0))),
        ("written twenty at a time", 20, None),
    ];
    let mut rows = Vec::new();
    for (way, batch, goal) in ways {
        let what = format!("daemon following {per_second} lines/s of normal traffic, {way}");
        let mut row = Row::new(what, "% of a core", Better::Less, goal);
        for _ in 0..rounds {
            for subject in BOTH {
                let daemon = Daemon::start(subject, &[Jail::of_guide(0)]);
                row.of(subject).extend([share(&daemon, per_second, seconds, batch)]);
            }
            eprintln!(
                "{}: {:.2} against {:.1}",
                row.what,
                last(&row.bantam.0),
                last(&row.original.0)
            );
        }
        rows.push(row);
    }
    rows
}

fn share(daemon: &Daemon, per_second: u64, seconds: u64, batch: u64) -> f64 {
    let lines = per_second * seconds;
    let traffic = Traffic {
        span: seconds as i64 * 1000,
        ..Traffic::recent(lines as usize)
    };
    let mut maker = Maker::new(&traffic);
    let mut out = std::fs::OpenOptions::new()
        .append(true)
        .open(daemon.log())
        .expect("the log");
    let (before, begun) = (daemon.cpu(), Instant::now());
    let mut text = Vec::new();
    for number in 0..lines {
        text.extend_from_slice(maker.next_line().expect("a line").as_bytes());
        if (number + 1) % batch == 0 {
            let due = Duration::from_secs_f64((number + 1) as f64 / per_second as f64);
            std::thread::sleep(due.saturating_sub(begun.elapsed()));
            out.write_all(&text).expect("write the log");
            text.clear();
        }
    }
    // What was written last is read within this time.
    std::thread::sleep(Duration::from_millis(500));
    let used = daemon.cpu() - before;
    let found = daemon.found();
    assert!(found > 0, "nothing was found in {lines} lines");
    100.0 * used.as_secs_f64() / begun.elapsed().as_secs_f64()
}

/// From the start of the process to the first line of a log found to be a failure, with the guide's configuration.
pub fn start(rounds: usize) -> Vec<Row> {
    let mut row = Row::new(
        "start with the guide's configuration to first line read",
        "ms",
        Better::Less,
        Some(Goal::Below(50.0)),
    );
    for _ in 0..rounds {
        for subject in BOTH {
            row.of(subject).extend([start_once(subject)]);
        }
        eprintln!(
            "start: {:.1} ms against {:.0} ms",
            last(&row.bantam.0),
            last(&row.original.0)
        );
    }
    vec![row]
}

fn start_once(subject: Subject) -> f64 {
    let lab = Lab::with_guide(subject);
    traefik::log(&lab.log(), "203.0.113.99", 404, 1, "/first");
    let log = lab.folder().join("daemon.log");
    std::fs::write(&log, "").expect("the daemon's log");
    // Entering a namespace takes a millisecond, which is in the number of both.
    let mut command = Command::new("nsenter");
    command.arg(format!("--net=/run/netns/{}", lab.net.server));
    match subject {
        Subject::Bantam => command.args([env!("CARGO_BIN_EXE_bantam"), "server"]),
        Subject::Original => command.arg("/usr/bin/fail2ban-server"),
    };
    command.env("TZ", "Europe/Berlin").arg("-c").arg(lab.folder());
    command
        .args(["-xf", "start"])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let begun = Instant::now();
    let mut child = spawn_pinned(&mut command);
    let took = loop {
        let said = std::fs::read(&log).unwrap_or_default();
        if memchr::memmem::find(&said, b"Found 203.0.113.99 ").is_some() {
            break begun.elapsed();
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "no line was read");
        std::thread::sleep(Duration::from_micros(200));
    };
    wait_for("the daemon answers", Duration::from_secs(20), || {
        lab.client(&["ping"]).status.success()
    });
    succeed(lab.program_of(subject, "client").arg("stop"));
    let _ = child.wait();
    took.as_secs_f64() * 1e3
}

fn end_of(client: &str) -> Request {
    Request {
        client: client.to_owned(),
        status: 404,
        path: "/the/end".to_owned(),
        host: None,
    }
}

fn append(log: &std::path::Path, text: &[u8]) {
    let mut out = std::fs::OpenOptions::new().append(true).open(log).expect("the log");
    out.write_all(text).expect("write the log");
}

fn last(values: &[f64]) -> f64 {
    values.last().copied().unwrap_or(f64::NAN)
}

fn megabytes(pid: u32, key: &str) -> f64 {
    status_of(pid, key) as f64 / 1024.0
}
