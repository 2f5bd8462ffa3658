//! `regex options`: every option of `fail2ban-regex` in every form, its errors, and what LOG and REGEX may be.
//!
//! What is printed to standard output and the exit code are compared. Words of a row are separated by spaces; a word in
//! braces stands for a text of [`WORDS`], of [`Files`], or for a sample log of the original's own tests.

use crate::ledger::Ledger;
use crate::original::{Ran, Run, ZONE, normal, original, ours, regex, sample_logs, without_source};
use std::collections::HashMap;
use tempfile::TempDir;

/// Texts with spaces in them, or that stand in many rows.
const WORDS: &[(&str, &str)] = &[
    (
        "line",
        "2026-01-08 14:19:15 host sshd[12]: Failed password for root from 192.0.2.7 port 22 and more that is cut",
    ),
    ("six", "2026-01-08 14:19:15 Failed password for root from 2001:db8::7"),
    ("name", "2026-01-08 14:19:15 Failed password for root from localhost"),
    ("undated", "Failed password for root from 192.0.2.7"),
    (
        "accepted",
        "Jan  8 14:19:15 host sshd[12]: Failed password for root from 192.0.2.7 port 22 ssh2",
    ),
    (
        "two",
        "2026-01-08 14:19:15 begin root\n2026-01-08 14:19:16 failed 192.0.2.7",
    ),
    ("seven", "1 192.0.2.1\n2\n3\n# 4\n\n6 192.0.2.6\n7"),
    ("re", r"Failed \w+ for <F-USER>\S+</F-USER> from <HOST>"),
    ("twore", r"begin (?P<user>\w+)<SKIPLINES> failed <ADDR>$"),
    ("id", r"for <F-ID>\S+</F-ID> from <ADDR>"),
    (
        "tags",
        "<ip> <F-USER> <fid> <family> <ip-rev> <time> <failures> <nothing> <F-NONE>|<msg>|<matches>",
    ),
    ("msgtag", "<ip>: <msg>"),
    ("day", "^%Y-%m-%d %H:%M:%S"),
    ("percent", "%Q%"),
    ("anchor", "{^LN-BEG}%Y-%m-%d"),
    ("broken", "Failed (<HOST>"),
    ("class", "Failed [a <HOST>"),
    ("repeat", "*Failed <HOST>"),
    ("escape", r"Failed \q <HOST>"),
    ("group", "(?P<ip4>a)(?P<ip4>b)"),
    ("oldhost", "(?P<host>.*) <HOST>"),
    ("empty", ""),
    ("blank", "  "),
    ("noid", "Failed password"),
    ("options", "sshd.conf[mode=aggressive, logtype=file]"),
    ("badoptions", "sshd.conf[mode=a b=c]"),
    ("nooption", "sshd.conf[=a]"),
];

/// What is written for the runs.
struct Files {
    _dir: TempDir,
    words: HashMap<String, String>,
}

impl Files {
    fn new() -> Files {
        let dir = tempfile::tempdir().unwrap();
        let mut words: HashMap<String, String> = WORDS
            .iter()
            .map(|(name, text)| ((*name).into(), (*text).into()))
            .collect();
        let mut write = |name: &str, path: &str, bytes: &[u8]| {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, bytes).unwrap();
            words.insert(name.to_owned(), path.to_str().unwrap().to_owned());
        };
        let mut mixed = String::new();
        let mut many = String::new();
        for n in 1..=25 {
            let lines = format!(
                "2026-01-08 14:19:{n:02} hit root from 192.0.2.{n}\n2026-01-08 14:19:{n:02} miss {n}\n# not this\n\n\
                 2026-01-08 14:19:{n:02} skip 192.0.2.{n}  \r\n"
            );
            if n < 5 {
                mixed += &lines;
            }
            many += &lines;
        }
        write("mixed", "mixed.log", mixed.as_bytes());
        write("many", "many.log", many.as_bytes());
        write(
            "odd",
            "odd.log",
            b"a\xff\xfe 192.0.2.1\r\n\xc3\xa4 192.0.2.2\n\0b 192.0.2.3\n\xe2\x82\nrest 192.0.2.4",
        );
        write("void", "void.log", b"");
        write(
            "own",
            "own.conf",
            b"[Definition]\nfailregex = from <HOST>$\nignoreregex = root\n",
        );
        write(
            "lines",
            "lines.conf",
            b"[Definition]\nfailregex = a<SKIPLINES> <HOST>\nmaxlines = 3\ndatepattern = %%Y\n",
        );
        write("nothing", "nothing.conf", b"[Definition]\nignoreregex =\n");
        write("wrongre", "wrongre.conf", b"[Definition]\nfailregex = (a <HOST>\n");
        write("nosection", "nosection.conf", b"failregex = <HOST>\n");
        write(
            "undefined",
            "undefined.conf",
            b"[Definition]\nfailregex = %(nowhere)s <HOST>\n",
        );
        write(
            "badlines",
            "badlines.conf",
            b"[Definition]\nfailregex = <HOST>\nmaxlines = many\n",
        );
        write("conf", "etc/filter.d/mine.conf", b"[Definition]\nprefregex = ^ <F-CONTENT>.*</F-CONTENT>$\nfailregex = from <HOST>$\n  ^skip <ADDR>\nignoreregex = ^skip\n");
        write(
            "local",
            "etc/filter.d/mine.local",
            b"[Definition]\nfailregex = %(known/failregex)s\n  miss <HOST>$\n",
        );
        words.insert("etc".to_owned(), dir.path().join("etc").to_str().unwrap().to_owned());
        words.insert("dir".to_owned(), dir.path().to_str().unwrap().to_owned());
        let logs = sample_logs();
        for entry in std::fs::read_dir(logs).unwrap().filter_map(Result::ok) {
            if let (Ok(name), Some(path)) = (entry.file_name().into_string(), entry.path().to_str()) {
                words.insert(format!("log:{name}"), path.to_owned());
            }
        }
        Files { _dir: dir, words }
    }

    /// A row's words.
    fn split(&self, row: &str) -> Vec<String> {
        row.split(' ')
            .filter(|word| !word.is_empty())
            .map(|word| self.filled(word))
            .collect()
    }

    /// A word with what its braces stand for.
    fn filled(&self, word: &str) -> String {
        let Some((before, rest)) = word.split_once('{') else {
            return word.to_owned();
        };
        if !rest.starts_with(|c: char| c.is_ascii_lowercase()) {
            // `{DATE}` and its like are meant.
            return word.to_owned();
        }
        let (name, after) = rest.split_once('}').unwrap();
        let value = self.words.get(name);
        format!("{before}{}{after}", value.unwrap_or_else(|| panic!("what is {name}?")))
    }
}

/// What is run.
const ROWS: &str = include_str!("regex_options.txt");

pub fn compare(ledger: &mut Ledger) {
    let files = Files::new();
    let rows: Vec<&str> = ROWS
        .lines()
        .map(str::trim)
        .filter(|row| !row.is_empty() && !row.starts_with('#'))
        .collect();
    // `ours => theirs` stands for what 1.0.2 has no form of, and which has to come to the same as another.
    let sides: Vec<(&str, &str)> = rows
        .iter()
        .map(|row| row.split_once(" => ").unwrap_or((row, row)))
        .collect();
    let runs: Vec<Run> = sides.iter().map(|(_, theirs)| regex(&files.split(theirs))).collect();
    for ((row, theirs), (left, right)) in rows.iter().zip(original(ZONE, &runs)).zip(sides) {
        let ours = ours(ZONE, &regex(&files.split(left)));
        let (mut ours, mut theirs) = (shown(&ours), shown(&theirs));
        if left != right {
            (ours, theirs) = (without_source(&ours), without_source(&theirs));
        }
        match difference(&ours, &theirs) {
            None => ledger.agree(),
            Some(difference) => match EXCEPTIONS
                .iter()
                .find(|exception| exception.explains(row, &ours, &theirs))
            {
                Some(exception) => ledger.except(*row, exception.phrase),
                None => ledger.differ(format!("{row}\n{difference}")),
            },
        }
    }
    every_option_is_in_our_help(ledger);
}

/// A difference that is meant: where it is expected, and what makes both sides equal but for it.
struct Exception {
    phrase: &'static str,
    /// A part of the row; any when empty.
    row: &'static str,
    alike: fn(&str) -> String,
}

impl Exception {
    fn explains(&self, row: &str, ours: &str, theirs: &str) -> bool {
        row.contains(self.row) && (self.alike)(ours) == (self.alike)(theirs)
    }
}

const EXCEPTIONS: &[Exception] = &[
    Exception {
        phrase: "Bantam's default templates take up to nine",
        row: "",
        alike: |text| text.replace("[0-9]{1,9}", "[0-9]{1,6}"),
    },
    Exception {
        phrase: "its `--help` is worded anew",
        row: "",
        alike: |text| match text.split_once("Usage: fail2ban-regex [OPTIONS]") {
            Some((before, _)) => before.to_owned(),
            None => text.to_owned(),
        },
    },
    Exception {
        phrase: "shows no Python tracebacks",
        row: "",
        alike: without_traceback,
    },
    Exception {
        phrase: "shows no Python tracebacks",
        row: "-t",
        alike: without_trace,
    },
    Exception {
        phrase: "does not tell which configuration files it reads",
        row: "-l",
        alike: |text| {
            let of_files =
                |line: &&str| line.contains("fail2ban.configreader") || line.contains("fail2ban.configparser");
            let rest: Vec<&str> = text.lines().filter(|line| !of_files(line)).collect();
            // At `debug` the default templates are shown too.
            rest.join("\n").replace("[0-9]{1,9}", "[0-9]{1,6}")
        },
    },
    Exception {
        phrase: "says in its own words what is wrong with a `datepattern`",
        row: "-d {percent}",
        alike: |text| before(text, "unescaped percent char"),
    },
    Exception {
        phrase: "refuses a `datepattern` that does not compile before the first line",
        row: "-d (%Y",
        alike: |_| String::new(),
    },
    Exception {
        phrase: "a month without a day",
        row: "-d %b",
        alike: |_| String::new(),
    },
    Exception {
        phrase: "may stand in another number for bytes that are no text",
        row: "-e euc-jp",
        alike: |text| text.replace("\u{fffd}\u{fffd}", "\u{fffd}"),
    },
    Exception {
        phrase: "with file, line, column and what would be right",
        row: "{nosection}",
        alike: |_| String::new(),
    },
    Exception {
        phrase: "with file, line, column and what would be right",
        row: "{undefined}",
        alike: |_| String::new(),
    },
];

fn before(text: &str, end: &str) -> String {
    text.split(end).next().unwrap_or_default().to_owned()
}

/// Without Python's traceback, whose last line begins with the error's name.
fn without_traceback(text: &str) -> String {
    let mut inside = false;
    let mut kept = Vec::new();
    for line in text.lines() {
        if line.starts_with("Traceback (most recent call last)") {
            inside = true;
        } else if !inside {
            kept.push(line);
        } else if !line.starts_with(' ') {
            inside = false;
        }
    }
    kept.join("\n")
}

/// Without the trace in each message.
fn without_trace(text: &str) -> String {
    let cut = |line: &str| match (line.find("]: WARNING"), line.find("W: ")) {
        (Some(from), Some(to)) if from < to => format!("{}{}", &line[..from], &line[to..]),
        _ => line.to_owned(),
    };
    text.lines().map(cut).collect::<Vec<_>>().join("\n")
}

/// The lines that differ, if any do.
fn difference(ours: &str, theirs: &str) -> Option<String> {
    let (mut left, mut right) = (ours.lines(), theirs.lines());
    let mut difference = String::new();
    loop {
        match (left.next(), right.next()) {
            (None, None) => break,
            (ours, theirs) if ours == theirs => {}
            (ours, theirs) => {
                let shown = |line: Option<&str>| line.map_or("-".to_owned(), |line| format!("{line:?}"));
                difference += &format!("    ours:   {}\n    theirs: {}\n", shown(ours), shown(theirs));
            }
        }
    }
    (!difference.is_empty()).then_some(difference)
}

/// What has to agree.
fn shown(ran: &Ran) -> String {
    format!("exit code {}\n{}", ran.code, normal(ZONE, &ran.stdout))
}

/// The help is worded anew, but leaves nothing out.
fn every_option_is_in_our_help(ledger: &mut Ledger) {
    let help = regex(&["--help"]);
    let theirs = original(ZONE, std::slice::from_ref(&help)).remove(0).stdout;
    let ours = ours(ZONE, &help).stdout;
    let options = theirs.split(|c: char| c.is_whitespace() || ",=('".contains(c));
    let options = options.filter(|word| word.starts_with('-') && !word.trim_start_matches('-').is_empty());
    for option in options {
        let listed = ours
            .split(|c: char| c.is_whitespace() || ",=".contains(c))
            .any(|word| word == option);
        ledger.compare(format!("{option} is in the help"), &listed, &true);
    }
}
