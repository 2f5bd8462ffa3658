//! Many jails on one file: what a line costs the daemon with one jail, with twenty, with a hundred.
use crate::daemon::{Daemon, Jail};
use crate::figures::{Better, Curve, Findings, Goal, Row, Series};
use crate::lab::subject::Subject;
use crate::traffic::{self, HOSTS, Maker, PROBES, Request, Traffic};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

/// Whose failures end the log: when all jails have found them, all before has been read.
const LAST: &str = "198.51.100.77";
const PATIENCE: Duration = Duration::from_secs(180);
/// Lines for the original, for all its jails together: it looks at each line once for each jail.
const FOR_ORIGINAL: usize = 12_000;

/// What the jails of a measurement have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// One filter under many names, with different limits.
    Same,
    /// The same with limits that nobody reaches.
    Unbanned,
    /// Each filter looks for another probe, status or host.
    Different,
}

/// Twenty against one, and the curve for 1, 10, 100.
pub fn compare(lines: usize, rounds: usize) -> Findings {
    let mut findings = Findings::default();
    let mut curve = Curve {
        name: "jails",
        title: "daemon, jails with the same filter on one file",
        work: "jails",
        cost: "CPU time per line (µs)",
        bantam: Vec::new(),
        original: Vec::new(),
    };
    for (kind, named) in [
        (Kind::Same, "the same filter, different limits, all ban"),
        (Kind::Unbanned, "the same filter, nobody is banned"),
        (Kind::Different, "different filters"),
    ] {
        let [times, one, twenty] = pairs(kind, named, lines, rounds);
        findings.rows.push(times);
        if kind == Kind::Same {
            add(&mut curve, 1, &one);
        }
        findings.rows.extend([one, twenty]);
    }
    let mut ten = line_cost(Kind::Same, 10);
    let mut hundred = line_cost(Kind::Same, 100);
    for _ in 0..rounds {
        both(&mut ten, Kind::Same, 10, lines);
        hundred.bantam.extend(measure(Subject::Bantam, Kind::Same, 100, lines));
    }
    add(&mut curve, 10, &ten);
    add(&mut curve, 100, &hundred);
    findings.rows.push(curve.row());
    findings.curves.push(curve);
    findings
}

/// One jail and twenty right after it, so that a machine that changes its speed does so for both: the ratio of each
/// such pair, and what one and twenty took.
fn pairs(kind: Kind, named: &str, lines: usize, rounds: usize) -> [Row; 3] {
    let what = format!("20 jails on one file over 1, CPU time, {named}");
    let mut times = Row::new(what, "times", Better::Less, Some(Goal::Below(1.5)));
    let [mut one, mut twenty] = [1, 20].map(|count| line_cost(kind, count));
    for _ in 0..rounds {
        both(&mut one, kind, 1, lines);
        both(&mut twenty, kind, 20, lines);
    }
    times.bantam = twenty.bantam.over(&one.bantam);
    times.original = twenty.original.over(&one.original);
    [times, one, twenty]
}

fn add(curve: &mut Curve, count: usize, row: &Row) {
    for (points, series) in [(&mut curve.bantam, &row.bantam), (&mut curve.original, &row.original)] {
        if !series.0.is_empty() {
            points.push((count as f64, Series(series.0.clone())));
        }
    }
}

fn line_cost(kind: Kind, count: usize) -> Row {
    let plural = if count == 1 { "jail" } else { "jails" };
    let filters = match kind {
        Kind::Same => "guide's filter",
        Kind::Unbanned => "guide's filter, nobody banned",
        Kind::Different => "different filters",
    };
    let what = format!("daemon, {count} {plural} on one file, {filters}: CPU time per line");
    Row::new(what, "µs", Better::Less, None)
}

/// Both programs, each on as many lines as it can read in some seconds.
fn both(row: &mut Row, kind: Kind, count: usize, lines: usize) {
    let ours = measure(Subject::Bantam, kind, count, lines);
    let theirs = measure(Subject::Original, kind, count, FOR_ORIGINAL / count);
    row.bantam.extend(ours);
    row.original.extend(theirs);
    let shown =
        |cost: Option<f64>| cost.map_or("none: not all found in time".to_owned(), |cost| format!("{cost:.2} µs"));
    eprintln!("{}: {} against {}", row.what, shown(ours), shown(theirs));
}

/// Microseconds of CPU time for a line, from its being written to the last one's being found.
fn measure(subject: Subject, kind: Kind, count: usize, lines: usize) -> Option<f64> {
    let jails: Vec<Jail> = (0..count)
        .map(|number| match kind {
            Kind::Same => Jail::of_guide(number),
            Kind::Unbanned => Jail {
                maxretry: lines,
                ..Jail::of_guide(number)
            },
            Kind::Different => different(number),
        })
        .collect();
    let daemon = Daemon::start(subject, &jails);
    let found: Vec<String> = jails
        .iter()
        .map(|jail| format!("[{}] Found {LAST} ", jail.name))
        .collect();
    let traffic = Traffic::recent(lines);
    let end = end_of(&traffic, if kind == Kind::Different { count } else { 1 });
    let made = tempfile::NamedTempFile::new().expect("a file");
    traffic::write(made.path(), &traffic).expect("write the log");
    let took = daemon.work(&found, PATIENCE, |log| grow(log, made.path(), &end))?;
    Some(took.as_secs_f64() * 1e6 / lines as f64)
}

/// Appends what was made before, so that its making is not in the time.
fn grow(log: &Path, made: &Path, end: &str) {
    let mut out = std::fs::OpenOptions::new().append(true).open(log).expect("the log");
    let mut from = std::fs::File::open(made).expect("the lines");
    std::io::copy(&mut from, &mut out).expect("append to the log");
    out.write_all(end.as_bytes()).expect("append to the log");
}

/// What the filter of that number looks for.
fn probe(number: usize) -> (u16, &'static str, &'static str) {
    let status = [404, 403, 401][number / PROBES.len() % 3];
    (status, HOSTS[number / 7 % HOSTS.len()], PROBES[number % PROBES.len()])
}

fn different(number: usize) -> Jail {
    let (status, host, path) = probe(number);
    let escaped = path.chars().fold(String::new(), |mut text, letter| {
        if !letter.is_ascii_alphanumeric() && letter != '/' {
            text.push('\\');
        }
        if letter == '%' {
            text.push('%');
        }
        text.push(letter);
        text
    });
    let mut filter = "[Definition]\n".to_owned();
    // People write them in more than one way.
    let _ = match number % 2 {
        0 => writeln!(
            filter,
            r#"failregex = ^{{"ClientAddr":".*","ClientHost":"<HOST>",.*"OriginStatus":{status},.*"RequestHost":"{host}\.example\.org",.*"RequestPath":"{escaped}"#
        ),
        _ => writeln!(
            filter,
            r#"failregex = "ClientHost":"<HOST>".*"OriginStatus":{status}\D.*"RequestHost":"{host}\..*"RequestPath":"{escaped}[^"]*""#
        ),
    };
    filter.push_str("datepattern = \"StartLocal\"\\s*:\\s*\"%%Y-%%m-%%d[T]%%H:%%M:%%S\\.%%f\\d*(%%z)?\",\n");
    Jail {
        name: format!("other{number}"),
        filter,
        maxretry: 15,
    }
}

/// Lines that the jails find last.
fn end_of(traffic: &Traffic, count: usize) -> String {
    let mut maker = Maker::new(traffic);
    (0..count).fold(String::new(), |mut text, number| {
        let (status, host, path) = probe(number);
        text.push_str(maker.line_of(&Request {
            client: LAST.to_owned(),
            status,
            path: format!("{path}end"),
            host: Some(host),
        }));
        text
    })
}
