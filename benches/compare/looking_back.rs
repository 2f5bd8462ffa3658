//! `regex` on a whole log: lines per second, and the same counts by both.
use crate::figures::{Better, Row, Series};
use crate::lab::{guide_files, subject::Subject};
use crate::process::{Finished, run};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Ours is over in a moment: it runs so often in a round, and the median of these is the round's.
const OURS_IN_A_ROUND: usize = 5;

/// Both on the same log, in turns.
pub fn compare(log: &Path, lines: usize, kind: &str, rounds: usize, goal: f64) -> Vec<Row> {
    let row = |what: &str, unit, better, goal| Row {
        what: format!("`regex`, {kind}: {what}"),
        unit,
        bantam: Series::default(),
        original: Series::default(),
        better,
        goal,
    };
    let mut speed = row("whole process", "lines/s", Better::More, Some(goal));
    let mut cpu = row("CPU time for a million lines", "s", Better::Less, None);
    let mut rest = row("its own start subtracted", "lines/s", Better::More, None);
    for round in 1..=rounds {
        let ours: Vec<Finished> = (0..OURS_IN_A_ROUND).map(|_| try_on(Subject::Bantam, log)).collect();
        let theirs = try_on(Subject::Original, log);
        for other in &ours {
            same_counts(&other.stdout, &theirs.stdout);
        }
        let ours_wall = median(ours.iter().map(|f| f.wall));
        let ours_cpu = median(ours.iter().map(|f| f.cpu));
        let rate = |wall: f64| lines as f64 / wall;
        speed.bantam.extend([rate(ours_wall)]);
        speed.original.extend([rate(theirs.wall.as_secs_f64())]);
        cpu.bantam.extend([ours_cpu * 1e6 / lines as f64]);
        cpu.original.extend([theirs.cpu.as_secs_f64() * 1e6 / lines as f64]);
        let start = |subject| median((0..3).map(|_| try_on(subject, Path::new("/dev/null")).wall));
        rest.bantam
            .extend([rate((ours_wall - start(Subject::Bantam)).max(1e-6))]);
        rest.original
            .extend([rate(theirs.wall.as_secs_f64() - start(Subject::Original))]);
        eprintln!(
            "regex, {kind}, round {round}: {:.3} s against {:.1} s",
            ours_wall,
            theirs.wall.as_secs_f64()
        );
    }
    vec![speed, cpu, rest]
}

fn median(of: impl Iterator<Item = Duration>) -> f64 {
    Series(of.map(|one| one.as_secs_f64()).collect()).median()
}

fn try_on(subject: Subject, log: &Path) -> Finished {
    let mut command = match subject {
        Subject::Bantam => {
            let mut bantam = Command::new(env!("CARGO_BIN_EXE_bantam"));
            bantam.arg("regex");
            bantam
        }
        Subject::Original => Command::new("/usr/bin/fail2ban-regex"),
    };
    let filter = guide_files().join("filter.d/traefik-general-forceful-browsing.conf");
    // An empty log is no file to the original, but a line; it is only asked for how long it takes to start.
    let log = if log == Path::new("/dev/null") {
        Path::new("no such line")
    } else {
        log
    };
    run(command.env("TZ", "Europe/Berlin").arg(log).arg(filter))
}

/// Fails where the two differ in what they found.
fn same_counts(ours: &str, theirs: &str) {
    let (a, b) = (counts(ours), counts(theirs));
    assert_eq!(
        a, b,
        "Bantam and the original differ in lines, ignored, matched, missed"
    );
}

/// Of `Lines: 4 lines, 1 ignored, 2 matched, 1 missed`.
fn counts(output: &str) -> [u64; 4] {
    let line = output
        .lines()
        .find(|line| line.starts_with("Lines: "))
        .unwrap_or_else(|| panic!("no counts in: {output}"));
    let mut numbers = line
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|word| word.parse().ok());
    std::array::from_fn(|_| numbers.next().unwrap_or_else(|| panic!("not four counts in: {line}")))
}
