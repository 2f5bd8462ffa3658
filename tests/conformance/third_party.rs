//! Filters and jails as people write and pass them on: each filter on its log, each jail as a command stream, and some
//! jails in both daemons. All of it is data in `tests/data/third-party/`.

mod daemons;
mod folder;

use crate::ledger::Ledger;
use crate::original::{Outcome, Run, normal, original, ours};
use folder::Folder;

/// Where the machine may stand.
const ZONES: [&str; 2] = ["UTC", "Europe/Zurich"];

/// What people give to a filter beside its defaults: arguments, and options of the command line.
const VARIANTS: &[(&str, &str, &[&str])] = &[
    ("mailcow-postfix-sasl", "mode=normal", &[]),
    ("mailcow-postfix-sasl", "mode=aggressive", &[]),
    ("forgejo", "_daemon=gitea", &[]),
];

pub fn compare(ledger: &mut Ledger) {
    let folder = Folder::new();
    for zone in ZONES {
        filters(ledger, &folder, zone);
    }
    jails(ledger, &folder);
    daemons::compare(ledger, &folder);
}

/// The filter of that name, with arguments, on its log.
fn run(folder: &Folder, name: &str, arguments: &str, options: &[&str]) -> Run {
    let filter = match arguments {
        "" => name.to_owned(),
        arguments => format!("{name}[{arguments}]"),
    };
    let mut args = vec!["-c".to_owned(), folder.filters()];
    args.extend(options.iter().map(|&option| option.to_owned()));
    args.extend([folder.log_of(name), filter]);
    ("regex", args)
}

/// Each filter on its log: what it finds, line by line, and everything that is said about it.
fn filters(ledger: &mut Ledger, folder: &Folder, zone: &str) {
    let all = ["--print-all-matched", "--print-all-missed", "--print-all-ignored"];
    let plain = folder.names.iter().map(|name| (name.as_str(), "", &[][..]));
    let mut runs = Vec::new();
    for (name, arguments, options) in plain.chain(VARIANTS.iter().copied()) {
        runs.push(run(folder, name, arguments, &[options, &["-o", "row"]].concat()));
        runs.push(run(folder, name, arguments, &[options, &all].concat()));
    }
    for (run, theirs) in runs.iter().zip(original(zone, &runs)) {
        let ours = ours(zone, run);
        let what = format!("TZ={zone} fail2ban-regex {}", run.1.join(" "));
        compare_lines(ledger, &what, zone, &ours, &theirs);
    }
}

fn compare_lines(ledger: &mut Ledger, what: &str, zone: &str, ours: &Outcome, theirs: &Outcome) {
    let (our_text, their_text) = (normal(zone, &ours.0), normal(zone, &theirs.0));
    let (our_lines, their_lines): (Vec<_>, Vec<_>) = (our_text.lines().collect(), their_text.lines().collect());
    for (number, pair) in our_lines.iter().zip(&their_lines).enumerate() {
        ledger.compare(format!("{what}, line {}", number + 1), pair.0, pair.1);
    }
    let ends = |lines: &[&str], code| (lines.len(), code);
    ledger.compare(
        format!("{what}, count of lines and exit code"),
        &ends(&our_lines, ours.1),
        &ends(&their_lines, theirs.1),
    );
}

/// Each jail by itself, and all of them.
fn jails(ledger: &mut Ledger, folder: &Folder) {
    let mut names = folder.names.clone();
    names.push(folder::ALL.to_owned());
    let dump = |name: &String| ("client", vec!["-c".to_owned(), folder.jail(name), "-d".to_owned()]);
    let runs: Vec<Run> = names.iter().map(dump).collect();
    for (name, (run, theirs)) in names.iter().zip(runs.iter().zip(original("UTC", &runs))) {
        let ours = ours("UTC", run);
        let started = format!("['start', '{name}']");
        if name != folder::ALL && !ours.0.lines().any(|line| line.starts_with("['start', ")) {
            ledger.differ(format!("{name}: no {started} in {}", ours.0));
        }
        compare_lines(ledger, &format!("jail {name}, -d"), "UTC", &ours, &theirs);
    }
}
