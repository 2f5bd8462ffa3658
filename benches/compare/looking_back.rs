//! `regex` on a whole log, from the start of the process to its end: lines per second, and the same counts by both.
//!
//! Rates are of processor time, which is that of the clock where one core is free for the process; the clock's stand
//! beside them.
use crate::figures::{Better, Goal, Row, Series};
use crate::lab::{guide_files, subject::Subject};
use crate::process::{Finished, run, warm};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Ours is over in a moment: it runs so often in a round, and the median of these is the round's.
const OURS_IN_A_ROUND: usize = 5;

/// What is looked for in which log.
pub struct Task<'a> {
    pub kind: &'a str,
    pub log: &'a Path,
    pub lines: usize,
    pub filter: &'a str,
    /// How many times the original's lines per second.
    pub times: f64,
    /// Lines per second that Bantam is to do.
    pub lines_per_second: Option<f64>,
}

/// The guide's filter, unchanged.
pub fn guide_filter() -> PathBuf {
    guide_files().join("filter.d/traefik-general-forceful-browsing.conf")
}

/// Both on the same log, in turns.
pub fn compare(task: &Task<'_>, rounds: usize) -> Vec<Row> {
    let row = |what: &str, unit, better, goal| Row::new(format!("{}: {what}", task.kind), unit, better, goal);
    let goal = Some(Goal::Times(task.times));
    let mut speed = row("whole process", "lines/s", Better::More, goal);
    let mut clock = row("the same by the clock", "lines/s", Better::More, None);
    let mut rest = row("its own start subtracted", "lines/s", Better::More, None);
    warm(task.log);
    for round in 1..=rounds {
        let ours: Vec<Finished> = (0..OURS_IN_A_ROUND)
            .map(|_| run(&mut regex(Subject::Bantam, task.log, task.filter)))
            .collect();
        let theirs = run(&mut regex(Subject::Original, task.log, task.filter));
        for other in &ours {
            assert_eq!(
                counts(&other.stdout),
                counts(&theirs.stdout),
                "Bantam and the original differ in lines, ignored, matched, missed"
            );
        }
        let rate = |seconds: f64| task.lines as f64 / seconds.max(1e-6);
        let (cpu, wall) = (median(ours.iter().map(|f| f.cpu)), median(ours.iter().map(|f| f.wall)));
        let theirs_cpu = theirs.cpu.as_secs_f64();
        speed.bantam.extend([rate(cpu)]);
        speed.original.extend([rate(theirs_cpu)]);
        clock.bantam.extend([rate(wall)]);
        clock.original.extend([rate(theirs.wall.as_secs_f64())]);
        let start = |subject| {
            let one = || run(&mut regex(subject, Path::new("no such line"), task.filter)).cpu;
            median((0..3).map(|_| one()))
        };
        rest.bantam.extend([rate(cpu - start(Subject::Bantam))]);
        rest.original.extend([rate(theirs_cpu - start(Subject::Original))]);
        eprintln!("{}, round {round}: {cpu:.3} s against {theirs_cpu:.1} s", task.kind);
    }
    let mut rows = vec![speed.clone(), clock, rest];
    if let Some(goal) = task.lines_per_second {
        let alone = Row {
            what: format!("{}: Bantam alone", task.kind),
            original: Series::default(),
            goal: Some(Goal::AtLeast(goal)),
            ..speed
        };
        rows.insert(1, alone);
    }
    rows
}

/// Bantam alone on a log too long for the original: gigabytes per second, with the usual report and as rows.
pub fn bytes_per_second(log: &Path, rounds: usize) -> Vec<Row> {
    warm(log);
    let bytes = std::fs::metadata(log).expect("the log").len() as f64;
    let filter = guide_filter();
    let filter = filter.to_string_lossy();
    let ways: [(&str, &[&str]); 2] = [("report", &[]), ("`-o row`", &["-o", "row"])];
    let mut rows = Vec::new();
    for (way, words) in ways {
        let what = format!(
            "guide's filter, normal traffic, {:.1} GB: whole process, {way}",
            bytes / 1e9
        );
        let mut row = Row::new(what, "GB/s", Better::More, Some(Goal::AtLeast(4.0)));
        let mut clock = Row::new(format!("{}, by the clock", row.what), "GB/s", Better::More, None);
        for _ in 0..rounds {
            let mut command = regex(Subject::Bantam, log, &filter);
            let done = run(command.args(words));
            row.bantam.extend([bytes / 1e9 / done.cpu.as_secs_f64()]);
            clock.bantam.extend([bytes / 1e9 / done.wall.as_secs_f64()]);
        }
        eprintln!("{}: {:.2} GB/s", row.what, row.bantam.median());
        rows.extend([row, clock]);
    }
    rows.push(only_read(log, bytes, rounds));
    rows
}

/// What no program that reads the log so can go beyond on this machine: its copy out of the page cache, and nothing else.
fn only_read(log: &Path, bytes: f64, rounds: usize) -> Row {
    let what = format!("the same {:.1} GB, only read in blocks of 256 KB (dd)", bytes / 1e9);
    let mut row = Row::new(what, "GB/s", Better::More, None);
    for _ in 0..rounds {
        let mut dd = Command::new("dd");
        dd.args(["bs=256K", "of=/dev/null", "status=none"])
            .arg(format!("if={}", log.display()));
        row.bantam.extend([bytes / 1e9 / run(&mut dd).cpu.as_secs_f64()]);
    }
    eprintln!("{}: {:.2} GB/s", row.what, row.bantam.median());
    row
}

fn median(of: impl Iterator<Item = Duration>) -> f64 {
    Series(of.map(|one| one.as_secs_f64()).collect()).median()
}

/// The command of one of the two.
pub fn regex(subject: Subject, log: &Path, filter: &str) -> Command {
    let mut command = match subject {
        Subject::Bantam => {
            let mut bantam = Command::new(env!("CARGO_BIN_EXE_bantam"));
            bantam.arg("regex");
            bantam
        }
        Subject::Original => Command::new("/usr/bin/fail2ban-regex"),
    };
    command.env("TZ", "Europe/Berlin").arg(log).arg(filter);
    command
}

/// Of `Lines: 4 lines, 1 ignored, 2 matched, 1 missed`.
pub fn counts(output: &str) -> Option<[u64; 4]> {
    let line = output.lines().find(|line| line.starts_with("Lines: "))?;
    let mut numbers = line
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|word| word.parse().ok());
    Some([numbers.next()?, numbers.next()?, numbers.next()?, numbers.next()?])
}
