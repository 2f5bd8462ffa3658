//! `journal`: entries of the systemd journal as lines, by every filter that has samples of syslog's form, by matches and
//! options of `fail2ban-regex`. Both sides read the same journal files.
//!
//! Needs the Debian packages `fail2ban`, `python3-systemd` and `systemd-journal-remote`.

use crate::journals::append;
use crate::ledger::Ledger;
use crate::original::{Ran, ZONE, normal, original, ours, regex, sample_logs};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A moment in winter, and half a year in microseconds: the zone of the runs has summer time.
const WINTER: i64 = 1_767_877_155_000_000;
const HALF_A_YEAR: i64 = 15_768_000_000_000;

type Owned = Vec<(String, Vec<u8>)>;

pub fn compare(ledger: &mut Ledger) {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    compare_lines(ledger, at("lines.journal"));
    compare_samples(ledger, at("samples.journal"));
    compare_options(ledger, at("options.journal"));
}

fn write(file: &Path, entries: &[(i64, Owned)]) {
    let borrowed: Vec<_> = entries
        .iter()
        .map(|(at, fields)| {
            let fields = fields.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
            (*at, fields.collect())
        })
        .collect();
    append(file, &borrowed);
}

fn log(file: &Path) -> String {
    format!("systemd-journal[journalfiles=\"{}\"]", file.display())
}

/// Each line of what was printed counts.
fn compare_rows(ledger: &mut Ledger, args: &[String], theirs: &Ran) {
    let ours = ours(ZONE, &regex(args));
    let (left, right) = (normal(ZONE, &ours.stdout), normal(ZONE, &theirs.stdout));
    let (left, right): (Vec<_>, Vec<_>) = (left.lines().collect(), right.lines().collect());
    for (number, (left, right)) in left.iter().zip(&right).enumerate() {
        ledger.compare(format!("line {} of {args:?}", number + 1), left, right);
    }
    if left.len() != right.len() || ours.code != theirs.code {
        ledger.differ(format!(
            "{args:?}: {} lines, code {}; theirs {} lines, code {}\n{}",
            left.len(),
            ours.code,
            right.len(),
            theirs.code,
            ours.stderr
        ));
    }
}

fn compare_runs(ledger: &mut Ledger, runs: &[Vec<String>]) {
    let asked: Vec<_> = runs.iter().map(|args| regex(args)).collect();
    for (args, theirs) in runs.iter().zip(original(ZONE, &asked)) {
        compare_rows(ledger, args, &theirs);
    }
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Entries of all forms, each shown whole and with its moment.
fn compare_lines(ledger: &mut Ledger, file: PathBuf) {
    let entries = forms();
    write(&file, &entries);
    let log = log(&file);
    // Every line is a failure, of an id that is the line itself. (An id with a NUL ends the original; such a line is shown
    // as missed.)
    let mut runs = Vec::new();
    for encoding in ["utf-8", "latin-1", "ascii"] {
        for out in ["row", "msg", "<time>"] {
            runs.push(strings(&["-e", encoding, "-o", out, &log, r"^<F-ID>[^\x00]*</F-ID>$"]));
        }
        runs.push(strings(&[
            "-e",
            encoding,
            "--print-all-missed",
            &log,
            "^nobody <HOST>$",
        ]));
    }
    runs.push(strings(&[
        "-L",
        "3",
        "-o",
        "msg",
        &log,
        r"^(?P<fid>\S+).*<SKIPLINES>.*$",
    ]));
    compare_runs(ledger, &runs);
    let has_nul = |fields: &Owned| fields.iter().any(|(_, value)| value.contains(&0));
    let expected = entries.iter().filter(|(_, fields)| !has_nul(fields)).count();
    let judged = ours(ZONE, &regex(&runs[0])).stdout.lines().count();
    if judged != expected {
        ledger.differ(format!("{judged} entries were judged, not {expected}"));
    }
}

fn forms() -> Vec<(i64, Owned)> {
    let hosts: [&[u8]; 5] = [b"host", b"", b"h\xff\xfest", "hôte".as_bytes(), b"a b"];
    let idents: [&[u8]; 6] = [b"sshd", b"", b"kernel", b"a[1]:", b"\xe9vil", b"x\ny"];
    let pids: [&[u8]; 17] = [
        b"7",
        b"",
        b"0",
        b"-0",
        b"+12",
        b" 12 ",
        b"007",
        b"1_000",
        b"1__0",
        b"0x1f",
        b"-0x_1F",
        b"0o17",
        b"0b2",
        b"a'b\"c",
        b"a'\xff\n",
        b"12345678901234567890123456789",
        b"-5",
    ];
    let messages: [&[u8]; 10] = [
        b"Failed password for root from 192.0.2.7",
        b"",
        b"two\nlines\r\n",
        b"caf\xc3\xa9 \xe2\x82 \xff\x00\x1b[31m",
        b"\xed\xa0\x80",
        b" leading and trailing ",
        b"# no comment",
        b"\\n is not a newline",
        b"'quoted' \"twice\"",
        b"\t",
    ];
    let mut forms: Vec<Owned> = Vec::new();
    let mut add = |fields: &[(&str, &[u8])]| {
        forms.push(
            fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.to_vec()))
                .collect(),
        );
    };
    for (number, host) in hosts.iter().enumerate() {
        for ident in idents {
            let (pid, message) = (pids[number % pids.len()], messages[number % messages.len()]);
            add(&[
                ("_HOSTNAME", host),
                ("SYSLOG_IDENTIFIER", ident),
                ("_COMM", b"comm"),
                ("_PID", pid),
                ("MESSAGE", message),
            ]);
            add(&[("_HOSTNAME", host), ("_COMM", ident), ("MESSAGE", message)]);
            add(&[("SYSLOG_IDENTIFIER", ident), ("MESSAGE", message)]);
        }
    }
    for pid in pids {
        add(&[
            ("_COMM", b"comm"),
            ("SYSLOG_PID", pid),
            ("_PID", b"99"),
            ("MESSAGE", b"m"),
        ]);
        add(&[("_COMM", b"comm"), ("_PID", pid), ("MESSAGE", b"m")]);
        add(&[("SYSLOG_PID", pid), ("MESSAGE", b"m")]);
    }
    for message in messages {
        add(&[("MESSAGE", message)]);
        add(&[
            ("_HOSTNAME", b"host"),
            ("SYSLOG_IDENTIFIER", b"a"),
            ("MESSAGE", message),
        ]);
        add(&[
            ("_HOSTNAME", b"host"),
            ("_COMM", b"a"),
            ("MESSAGE", message),
            ("MESSAGE", b"second"),
            ("MESSAGE", b"third"),
        ]);
    }
    add(&[("_HOSTNAME", b"host"), ("_COMM", b"silent")]);
    add(&[("_HOSTNAME", b"host")]);
    add(&[("PRIORITY", b"6")]);
    for moment in [
        &b"0"[..],
        b"1",
        b"1500000",
        b"12345678901234",
        b"999999",
        b"86400000000",
    ] {
        add(&[
            ("_HOSTNAME", b"host"),
            ("SYSLOG_IDENTIFIER", b"kernel"),
            ("_SOURCE_MONOTONIC_TIMESTAMP", moment),
            ("MESSAGE", b"m"),
        ]);
    }
    add(&[("SYSLOG_IDENTIFIER", b"kernel"), ("MESSAGE", b"m")]);
    add(&[("_COMM", b"kernel"), ("_PID", b"7"), ("MESSAGE", b"m")]);
    let long = b"x".repeat(100_000);
    add(&[("_COMM", b"long"), ("MESSAGE", &long)]);
    for micros in [
        WINTER + 1,
        WINTER + 999_999,
        WINTER - HALF_A_YEAR,
        1_000_000,
        1_700_000_000_123_456,
        4_102_444_800_500_000,
    ] {
        let told = micros.to_string();
        add(&[
            ("_HOSTNAME", b"host"),
            ("_COMM", b"a"),
            ("_SOURCE_REALTIME_TIMESTAMP", told.as_bytes()),
            ("MESSAGE", b"m"),
        ]);
    }
    let timed = |(number, fields)| {
        let number = i64::try_from(number).unwrap();
        // The first half lies in summer.
        let base = if number < 60 { WINTER - HALF_A_YEAR } else { WINTER };
        (base + number * 1_000_037, fields)
    };
    forms.into_iter().enumerate().map(timed).collect()
}

/// The samples of the original's own tests that have the form of syslog, as entries, judged by their filters.
fn compare_samples(ledger: &mut Ledger, file: PathBuf) {
    let mut entries = Vec::new();
    let mut names = BTreeSet::new();
    let mut logs: Vec<PathBuf> = std::fs::read_dir(sample_logs())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    logs.sort();
    for log in logs.iter().filter(|log| log.is_file()) {
        let name = log.file_name().unwrap().to_str().unwrap().to_owned();
        if !PathBuf::from(format!("/etc/fail2ban/filter.d/{name}.conf")).is_file() {
            continue;
        }
        let text = String::from_utf8_lossy(&std::fs::read(log).unwrap()).into_owned();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            if let Some(mut fields) = syslog(line) {
                fields.push(("SAMPLE".to_owned(), name.clone().into_bytes()));
                entries.push((WINTER + i64::try_from(entries.len()).unwrap() * 10_000, fields));
                names.insert(name.clone());
            }
        }
    }
    write(&file, &entries);
    let log = log(&file);
    let mut runs = Vec::new();
    for name in &names {
        let (only, filter) = (format!("SAMPLE={name}"), format!("{name}.conf"));
        runs.push(strings(&["-m", &only, "-o", "row", &log, &filter]));
        runs.push(strings(&[
            "-m",
            &only,
            "-v",
            "--print-all-matched",
            "--print-all-missed",
            &log,
            &filter,
        ]));
    }
    runs.push(strings(&[
        "-m",
        "SAMPLE=sshd",
        "-o",
        "row",
        &log,
        "sshd.conf[mode=aggressive]",
    ]));
    compare_runs(ledger, &runs);
    if names.len() < 20 || entries.len() < 300 {
        ledger.differ(format!("only {} samples of {} filters", entries.len(), names.len()));
    }
}

/// `Jun 21 16:47:48 host ident[1]: message`, or with an ISO date.
fn syslog(line: &str) -> Option<Owned> {
    let is_date = |words: &[&str]| match words {
        [first, ..] if first.len() > 18 && first.as_bytes().get(10) == Some(&b'T') => Some(1),
        [_, day, time, ..] if day.parse::<u8>().is_ok() && time.len() == 8 && time.contains(':') => Some(3),
        _ => None,
    };
    let words: Vec<&str> = line.split_whitespace().take(3).collect();
    let mut rest = line;
    for _ in 0..is_date(&words)? {
        rest = rest.trim_start().split_once(' ')?.1;
    }
    let (host, rest) = rest.trim_start().split_once(' ')?;
    let (tag, message) = rest.split_once(": ")?;
    let (ident, pid) = match tag.strip_suffix(']').and_then(|tag| tag.split_once('[')) {
        Some((ident, pid)) => (ident, Some(pid)),
        None => (tag, None),
    };
    if ident.is_empty() || ident.contains(' ') {
        return None;
    }
    let field = |name: &str, value: &str| (name.to_owned(), value.as_bytes().to_vec());
    let mut fields = vec![
        field("_HOSTNAME", host),
        field("SYSLOG_IDENTIFIER", ident),
        field("MESSAGE", message),
    ];
    fields.extend(pid.map(|pid| field("_PID", pid)));
    Some(fields)
}

/// Matches from the command line and from filters, and what is said of them.
fn compare_options(ledger: &mut Ledger, file: PathBuf) {
    let units = ["a", "b", "c"];
    let entries: Vec<(i64, Owned)> = (0..30)
        .map(|number| {
            let unit = units[usize::try_from(number).unwrap() % 3];
            let message = format!("knock {number} from 192.0.2.{number}");
            let fields = [
                ("_HOSTNAME", "h"),
                ("_COMM", unit),
                ("_PID", if number < 15 { "1" } else { "2" }),
                ("MESSAGE", &message),
            ];
            let fields = fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()));
            (WINTER + number * 1_000_000, fields.collect())
        })
        .collect();
    write(&file, &entries);
    let folder = file.parent().unwrap();
    for (name, text) in [
        ("one", "journalmatch = _COMM=a _PID=1 + _COMM=b\n"),
        ("two", "journalmatch = _COMM=a\n  _COMM=\"c\"\n"),
        ("dated", "journalmatch = _COMM=a\ndatepattern = ^%%Y\n"),
        ("typed", "journalmatch = _COMM=<logtype>\n"),
        ("many", "maxlines = 2\njournalmatch = _COMM=b\n"),
        ("ignoring", "ignoreregex = knock 1\\d\n"),
    ] {
        let text = format!("[Definition]\nfailregex = knock \\d+ from <HOST>$\n{text}");
        std::fs::write(folder.join(format!("{name}.conf")), text).unwrap();
    }
    let log = log(&file);
    let by_path = format!("systemd-journal[journalfiles='{0}, {0}']", file.display());
    let filter = |name: &str| folder.join(format!("{name}.conf")).to_str().unwrap().to_owned();
    let expression = "knock <F-USER>\\d+</F-USER> from <HOST>$";
    let mut runs = Vec::new();
    for name in ["one", "two", "dated", "typed", "many", "ignoring"] {
        for options in [
            &[][..],
            &["-v"],
            &["-o", "row"],
            &["-m", "_COMM=b"],
            &["-m", ""],
            &["--print-all-matched"],
            &["-vv"],
        ] {
            let mut args = strings(options);
            args.extend([log.clone(), filter(name)]);
            runs.push(args);
        }
    }
    for matches in [
        "_COMM=a",
        "_COMM=a _COMM=b",
        "_COMM=a _PID=2",
        "_COMM=a + _PID=1",
        "_COMM=a '_PID=2' + _COMM=\"c\" _PID=1",
        "_COMM=z",
        "+",
        "_PID=1 +",
    ] {
        for options in [
            &["-o", "row"][..],
            &[],
            &["-o", "<F-USER> <ip> <time>"],
            &["-d", "^%Y"],
            &["-e", "latin1"],
        ] {
            let mut args = strings(&["-m", matches]);
            args.extend(strings(options));
            args.extend(strings(&[if options.len() == 1 { &by_path } else { &log }, expression]));
            runs.push(args);
        }
    }
    for more in [
        &["--print-no-missed"][..],
        &["--no-check-all", "-v"],
        &["-L", "2"],
        &["--usedns", "no"],
        &["-r", "-o", "ip"],
        &["--TZ", "UTC+0300"],
    ] {
        let mut args = strings(more);
        args.extend(strings(&[&by_path, expression, "knock 2\\d"]));
        runs.push(args);
    }
    compare_runs(ledger, &runs);
}
