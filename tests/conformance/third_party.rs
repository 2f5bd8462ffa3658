//! Filters and jails as people write and pass them on: each filter on its log, each jail as a command stream, and some
//! jails in both daemons. All of it is data in `tests/data/third-party/`.

mod daemons;
mod folder;

use crate::ledger::Ledger;
use crate::original::{Ran, Run, normal, original, ours};
use folder::Folder;
use std::collections::BTreeMap;
use std::io::Write;

/// Where the machine may stand.
const ZONES: [&str; 2] = ["UTC", "Europe/Zurich"];

/// What people give to a filter beside its defaults: arguments, and options of the command line.
const VARIANTS: &[(&str, &str, &[&str])] = &[
    ("caddy-common", "", &["--TZ", "UTC+0200"]),
    ("caddy-json", "", &["-d", "{DEFAULT}"]),
    ("forgejo", "_daemon=gitea", &[]),
    ("gitlab-production", "maxlines=4", &[]),
    ("latin-forum", "", &["-e", "iso-8859-1"]),
    ("mailcow-postfix-sasl", "mode=aggressive", &[]),
    ("mailcow-postfix-sasl", "mode=extra", &[]),
    ("matomo-like-date-forms", "", &["--usedns", "no"]),
    ("matomo-like-date-forms", "", &["-d", "%d[./-]%m[./-]%Y %H:%M"]),
    (
        "matomo-like-date-forms",
        "",
        &["-d", "{^LN-BEG}%ExY-%Exm-%Exd %ExH:%ExM:%ExS"],
    ),
    ("multi-line-app", "maxlines=5", &[]),
    ("nginx-limit-own", "ngx_limit_req_zones=\"api|login\"", &[]),
    ("nginx-noscript", r"script='\.(?:php\d?|cgi)'", &[]),
    ("postfix-own", "mode=rbl", &[]),
    ("proxmox", "", &["-d", "{NONE}"]),
    ("ssh-custom", "mode=aggressive", &[]),
    ("ssh-custom", "mode=ddos", &[]),
    ("ssh-custom", "mode=aggressive", &["--no-check-all"]),
    ("traefik-clf", "method=\"(?:GET|POST)\", status='40[13]'", &[]),
    ("webmin-own", "logtype=journal", &["-r"]),
];

/// Fewer failures than this in all of a filter's runs, and it compares nothing worth the name.
const FEWEST: usize = 3;

pub fn compare(ledger: &mut Ledger) {
    let folder = Folder::new();
    for zone in ZONES {
        filters(ledger, &folder, zone);
    }
    meant(ledger);
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
    let (mut names, mut runs) = (Vec::new(), Vec::new());
    for (name, arguments, options) in plain.chain(VARIANTS.iter().copied()) {
        for shown in [&["-o", "row"][..], &all] {
            names.push(name);
            runs.push(run(folder, name, arguments, &[options, shown].concat()));
        }
    }
    let mut found: BTreeMap<&str, usize> = BTreeMap::new();
    for ((run, name), pair) in runs.iter().zip(&names).zip(both(zone, &runs)) {
        let [ours, theirs] = at_one_time(zone, run, pair);
        *found.entry(name).or_default() += ours.stdout.lines().filter(|line| line.starts_with("['")).count();
        let what = format!("TZ={zone} fail2ban-regex {}", run.1.join(" "));
        compare_lines(ledger, &what, zone, &ours, &theirs);
        ledger.compare(format!("{what}, standard error"), &ours.stderr, &theirs.stderr);
    }
    for (name, found) in found {
        match found < FEWEST {
            true => ledger.differ(format!("{name} finds {found} failures only, which compares nothing")),
            false => ledger.agree(),
        }
    }
}

/// What each run gives: ours and the original's.
fn both(zone: &str, runs: &[Run]) -> Vec<[Ran; 2]> {
    std::thread::scope(|scope| {
        let theirs = scope.spawn(|| original(zone, runs));
        let ours: Vec<Ran> = runs.iter().map(|run| ours(zone, run)).collect();
        let pairs = ours.into_iter().zip(theirs.join().unwrap());
        pairs.map(|(ours, theirs)| [ours, theirs]).collect()
    })
}

/// A line that tells no day may have been later than the present for one of the two, and not for the other any more: these
/// are asked again, one right after the other. What really differs does so again.
fn at_one_time(zone: &str, run: &Run, pair: [Ran; 2]) -> [Ran; 2] {
    let [ours, theirs] = &pair;
    match normal(zone, &ours.stdout) == normal(zone, &theirs.stdout) {
        true => pair,
        false => both(zone, std::slice::from_ref(run)).pop().unwrap_or(pair),
    }
}

fn compare_lines(ledger: &mut Ledger, what: &str, zone: &str, ours: &Ran, theirs: &Ran) {
    let (our_text, their_text) = (normal(zone, &ours.stdout), normal(zone, &theirs.stdout));
    let (our_lines, their_lines): (Vec<_>, Vec<_>) = (our_text.lines().collect(), their_text.lines().collect());
    for (number, pair) in our_lines.iter().zip(&their_lines).enumerate() {
        ledger.compare(format!("{what}, line {}", number + 1), pair.0, pair.1);
    }
    let ends = |lines: &[&str], code| (lines.len(), code);
    ledger.compare(
        format!("{what}, count of lines and exit code"),
        &ends(&our_lines, ours.code),
        &ends(&their_lines, theirs.code),
    );
}

/// What is meant to differ, on lines that show it.
fn meant(ledger: &mut Ledger) {
    let begin = "2026-01-08 14:00:00 begin";
    let skipped = format!(
        "{begin}\n2026-01-08 14:00:01 begin 2\rx\n2026-01-08 14:00:02 fails 192.0.2.1\n\
                           2026-01-08 14:00:03 fails 192.0.2.2\n"
    );
    let named_like_a_date = "192.0.2.1 - 2020-01-01T00:00:00Z [08/Jan/2026:14:00:00 +0100] \"GET / HTTP/1.1\" 404 1\n";
    let cases: [(&str, &str, &[&str], &str); 3] = [
        (
            &skipped,
            r"begin.*$<SKIPLINES>.* fails <ADDR>$",
            &["-L", "4"],
            "are left for their own match, whatever they hold",
        ),
        (
            "at 17678801002: fails 192.0.2.1\n",
            "fails <ADDR>$",
            &["-d", "at {EPOCH}:"],
            "a date after the year 2262 counts as that year",
        ),
        (
            named_like_a_date,
            r#"^<HOST> - \S+ \[\] "[^"]*" 404"#,
            &[],
            "In a line of an access log the bracketed date is the line's",
        ),
    ];
    for (log, regex, options, phrase) in cases {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(log.as_bytes()).unwrap();
        let path = file.path().display().to_string();
        let words = [options, &["-o", "row", &path, regex]].concat();
        let run: Run = ("regex", words.iter().map(|&word| word.to_owned()).collect());
        let [ours, theirs] = both("UTC", &[run]).remove(0);
        match ours.stdout == theirs.stdout {
            true => ledger.differ(format!(
                "{regex} on {log:?} gives the same, so nothing differs as written"
            )),
            false => ledger.except(format!("{regex} on {log:?}"), phrase),
        }
    }
}

/// Each jail by itself, and all of them.
fn jails(ledger: &mut Ledger, folder: &Folder) {
    let mut names = folder.names.clone();
    names.push(folder::ALL.to_owned());
    let dump = |name: &String| ("client", vec!["-c".to_owned(), folder.jail(name), "-d".to_owned()]);
    let runs: Vec<Run> = names.iter().map(dump).collect();
    for (name, [ours, theirs]) in names.iter().zip(both("UTC", &runs)) {
        let start = format!("['start', '{name}']");
        if name != folder::ALL && !ours.stdout.contains(&start) {
            ledger.differ(format!("{name}: no {start} in {}", ours.stdout));
        }
        compare_lines(ledger, &format!("jail {name}, -d"), "UTC", &ours, &theirs);
    }
}
