//! `regex options`: every option of `fail2ban-regex` in every form, its errors, and what LOG and REGEX may be.
//!
//! What is printed to standard output and the exit code are compared. Words of a row are separated by spaces; a word in
//! braces stands for a text of [`WORDS`], of [`Files`], or for a sample log of the original's own tests.

use crate::ledger::Ledger;
use crate::original::{self, Ran, normal, ours};
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
        let logs = original::sample_logs();
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
    let runs: Vec<Vec<String>> = rows.iter().map(|row| files.split(row)).collect();
    let theirs = original::original(&runs);
    for ((row, run), theirs) in rows.iter().zip(&runs).zip(theirs) {
        let ours = ours(run);
        match difference(&shown(&ours), &shown(&theirs)) {
            None => ledger.agree(),
            Some(difference) => ledger.differ(format!("{row}\n{difference}")),
        }
    }
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
    format!("exit code {}\n{}", ran.code, normal(&ran.stdout))
}
