//! Real journal files, written by systemd's own program. Needs the Debian package `systemd-journal-remote`.

use super::super::{Entry, Journal, Match, News, Place, Selection, Snapshot};
use rustix::process::{Pid, Signal};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const WRITER: &str = "/lib/systemd/systemd-journal-remote";
const BEGIN: i64 = 1_700_000_000_000_000;

struct Folder {
    dir: tempfile::TempDir,
    written: i64,
}

impl Folder {
    fn new() -> Self {
        Folder {
            dir: tempfile::tempdir().unwrap(),
            written: 0,
        }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Appends entries with these fields, a second apart.
    fn write(&mut self, file: &str, entries: &[&str]) {
        let mut export = String::new();
        for fields in entries {
            let time = BEGIN + self.written * 1_000_000;
            self.written += 1;
            export += &format!(
                "__REALTIME_TIMESTAMP={time}\n__MONOTONIC_TIMESTAMP={}\n_BOOT_ID={}\n{fields}\n\n",
                self.written * 1_000_000,
                "0123456789abcdef".repeat(2)
            );
        }
        write(&self.at(file), &export);
    }

    fn selection(&self) -> Selection {
        let path = self.dir.path().to_str().unwrap().to_owned();
        Selection::new(&[("journalpath".to_owned(), path)], None).unwrap()
    }

    fn journal(&self, matches: &str, place: Place) -> Reading {
        Reading {
            journal: Journal::new(self.selection(), parsed(matches), place),
            seen: Vec::new(),
            live: 0,
            failures: Vec::new(),
        }
    }
}

fn write(file: &Path, export: &str) {
    let child = Command::new(WRITER)
        .args([Path::new("-o"), file, Path::new("-")])
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut child = child.expect("needs systemd-journal-remote: apt-get install -y systemd-journal-remote");
    child.stdin.take().unwrap().write_all(export.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
}

fn parsed(matches: &str) -> Match {
    let words: Vec<String> = matches.split_whitespace().map(str::to_owned).collect();
    Match::parse(&words).unwrap()
}

fn message(entry: &Entry) -> String {
    let found = entry.fields.iter().find(|(name, _)| *name == "MESSAGE");
    String::from_utf8(found.unwrap().1.clone()).unwrap()
}

struct Reading {
    journal: Journal,
    seen: Vec<String>,
    live: usize,
    failures: Vec<String>,
}

impl Reading {
    fn turn(&mut self) {
        let (seen, live, failures) = (&mut self.seen, &mut self.live, &mut self.failures);
        let more = self.journal.read(&mut |news| match news {
            News::Entry { entry, live: is_live } => {
                seen.push(message(&entry));
                *live += usize::from(is_live);
            }
            News::Failed { error, .. } => failures.push(error.to_string()),
            _ => {}
        });
        if !more {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let begin = Instant::now();
        while !done(self) {
            assert!(
                begin.elapsed() < Duration::from_secs(20),
                "{what}: {:?} {:?}",
                self.seen,
                self.failures
            );
            self.turn();
        }
    }

    /// Waits until these were seen, all and in this order, and that nothing more comes.
    fn expect(&mut self, expected: &[&str]) {
        self.until(&format!("waiting for {expected:?}"), |one| {
            one.seen.len() >= expected.len()
        });
        let end = Instant::now() + Duration::from_millis(100);
        while Instant::now() < end {
            self.turn();
        }
        assert_eq!(self.seen, expected);
    }

    fn follows(&mut self) {
        self.until("following", |one| one.journal.is_live());
    }
}

#[test]
fn a_snapshot_has_all_entries_that_match_and_ends() {
    let mut folder = Folder::new();
    folder.write(
        "system.journal",
        &["MESSAGE=1\n_COMM=a", "MESSAGE=2\n_COMM=b", "MESSAGE=3\n_COMM=a\n_PID=7"],
    );
    let read = |matches: &str| {
        let entries = Snapshot::open(&folder.selection(), &parsed(matches)).unwrap();
        entries.map(|entry| message(&entry.unwrap())).collect::<Vec<_>>()
    };
    assert_eq!(read(""), ["1", "2", "3"]);
    assert_eq!(read("_COMM=a"), ["1", "3"]);
    assert_eq!(read("_COMM=a _PID=7 + _COMM=b"), ["2", "3"]);
    assert_eq!(read("_COMM=c"), [""; 0]);
    let gone = [("journalpath".to_owned(), "/nonexistent".to_owned())];
    let mut none = Snapshot::open(&Selection::new(&gone, None).unwrap(), &Match::default()).unwrap();
    let error = none.next().unwrap().unwrap_err().to_string();
    assert!(error.contains("/nonexistent"), "{error}");
    assert!(none.next().is_none());
}

#[test]
fn what_is_there_comes_first_and_then_what_is_written() {
    let mut folder = Folder::new();
    folder.write("system.journal", &["MESSAGE=1", "MESSAGE=2", "MESSAGE=3"]);
    let mut reading = folder.journal("", Place::Since(BEGIN + 1_000_000));
    reading.expect(&["2", "3"]);
    assert_eq!(reading.live, 0);
    reading.follows();
    folder.write("system.journal", &["MESSAGE=4", "MESSAGE=5"]);
    reading.expect(&["2", "3", "4", "5"]);
    assert_eq!(reading.live, 2);
    // Another one takes up where this one left off.
    let place = reading.journal.place().clone();
    drop(reading);
    folder.write("system.journal", &["MESSAGE=6"]);
    folder.journal("", place).expect(&["6"]);
}

#[test]
fn a_reader_that_is_killed_is_started_again_and_nothing_is_lost_or_doubled() {
    let mut folder = Folder::new();
    folder.write("system.journal", &["MESSAGE=1"]);
    let mut reading = folder.journal("", Place::Since(0));
    reading.follows();
    let pid = i32::try_from(reading.journal.child_pid().unwrap()).unwrap();
    rustix::process::kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
    folder.write("system.journal", &["MESSAGE=2"]);
    reading.expect(&["1", "2"]);
    assert_eq!(reading.failures.len(), 1, "{:?}", reading.failures);
    reading.follows();
    folder.write("system.journal", &["MESSAGE=3"]);
    reading.expect(&["1", "2", "3"]);
}

#[test]
fn entries_around_a_rotation_are_read_once() {
    let mut folder = Folder::new();
    folder.write("system.journal", &["MESSAGE=1"]);
    let mut reading = folder.journal("", Place::Since(0));
    reading.follows();
    for round in 0..3 {
        let number = folder.written;
        let texts: Vec<String> = (1..=4).map(|n| format!("MESSAGE={}", number + n)).collect();
        folder.write("system.journal", &[&texts[0], &texts[1]]);
        let rotated = format!("system@{round}.journal");
        std::fs::rename(folder.at("system.journal"), folder.at(&rotated)).unwrap();
        folder.write("system.journal", &[&texts[2]]);
        reading.until("after the rotation", |one| {
            one.seen.len() >= usize::try_from(number).unwrap() + 3
        });
        folder.write("system.journal", &[&texts[3]]);
        let all: Vec<String> = (1..=number + 4).map(|n| n.to_string()).collect();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        reading.expect(&all);
    }
    assert_eq!(reading.failures, [""; 0]);
}

#[test]
fn after_vacuuming_reading_goes_on_with_what_is_left() {
    let mut folder = Folder::new();
    folder.write("system.journal", &["MESSAGE=1", "MESSAGE=2"]);
    let mut reading = folder.journal("", Place::Since(0));
    reading.expect(&["1", "2"]);
    let place = reading.journal.place().clone();
    drop(reading);
    folder.write("system.journal", &["MESSAGE=lost"]);
    std::fs::remove_file(folder.at("system.journal")).unwrap();
    folder.write("system.journal", &["MESSAGE=4", "MESSAGE=5"]);
    folder.journal("", place).expect(&["4", "5"]);
}

#[test]
fn other_matches_count_from_where_reading_stands() {
    let mut folder = Folder::new();
    folder.write(
        "system.journal",
        &["MESSAGE=1\n_COMM=a", "MESSAGE=2\n_COMM=b", "MESSAGE=3\n_COMM=a"],
    );
    let mut reading = folder.journal("_COMM=a", Place::Since(0));
    reading.expect(&["1", "3"]);
    reading.journal.set_matches(parsed("_COMM=b"));
    folder.write("system.journal", &["MESSAGE=4\n_COMM=a", "MESSAGE=5\n_COMM=b"]);
    reading.expect(&["1", "3", "5"]);
}

#[test]
fn a_journal_that_appears_later_is_read() {
    let mut folder = Folder::new();
    let mut reading = folder.journal("", Place::Since(0));
    for _ in 0..20 {
        reading.turn();
    }
    folder.write("system.journal", &["MESSAGE=1"]);
    reading.expect(&["1"]);
    reading.follows();
    folder.write("user-1.journal", &["MESSAGE=2"]);
    reading.expect(&["1", "2"]);
}

#[test]
fn the_reader_ends_with_whoever_reads() {
    let mut folder = Folder::new();
    folder.write("system.journal", &["MESSAGE=1"]);
    let mut reading = folder.journal("", Place::Since(0));
    reading.follows();
    let process = format!("/proc/{}", reading.journal.child_pid().unwrap());
    assert!(Path::new(&process).exists());
    drop(reading);
    assert!(!Path::new(&process).exists());
}
