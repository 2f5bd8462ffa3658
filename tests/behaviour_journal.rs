//! A jail on the systemd journal: live entries lead to bans, none is lost or counted twice over restarts, sudden ends,
//! rotation and idling, and the place goes to the original and back.
//!
//! Needs the Debian packages `fail2ban`, `python3-systemd` (for the original's side) and `systemd-journal-remote`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    dead_code,
    reason = "tests"
)]

mod house;
mod journals;

use house::House;
use house::Subject::{Bantam, Original};
use journals::{append, micros};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const WHO: &str = "192.0.2.1";

/// A house whose jail `gate` reads the journal files of its folder `journal`.
fn house(more: &str) -> House {
    let house = House::new(Bantam);
    std::fs::create_dir(house.at("journal")).unwrap();
    house.write(
        "filter.d/gate.conf",
        "[Definition]\nfailregex = ^\\S+ gate(?:\\[\\d+\\])?: <HOST> knocks$\njournalmatch = SYSLOG_IDENTIFIER=gate\n",
    );
    // The first entry makes the file, so that the original finds it at its start.
    knock(&house, "198.51.100.1", 1, -3_600_000_000);
    let backend = format!("systemd[journalfiles={}/system.journal]", house.at("journal").display());
    house.jail("gate", &format!("filter = gate\nbackend = {backend}\n{more}"));
    house
}

/// Knocks in the journal, some time from now.
fn knock(house: &House, who: &str, times: usize, from_now: i64) {
    knock_by(house, "gate", who, times, from_now);
}

fn knock_by(house: &House, ident: &str, who: &str, times: usize, from_now: i64) {
    let text = format!("{who} knocks");
    let entries: Vec<_> = (0..times)
        .map(|number| {
            let fields = vec![
                ("_HOSTNAME", &b"house"[..]),
                ("SYSLOG_IDENTIFIER", ident.as_bytes()),
                ("_PID", b"7"),
                ("MESSAGE", text.as_bytes()),
            ];
            (micros() + from_now + i64::try_from(number).unwrap(), fields)
        })
        .collect();
    append(&house.at("journal/system.journal"), &entries);
}

fn found(house: &House) -> usize {
    house.says(&format!("Found {WHO}"))
}

fn rows(house: &House, query: &str) -> String {
    let done = Command::new("sqlite3")
        .args(["-cmd", ".timeout 3000"])
        .arg(house.at("f.sqlite3"))
        .arg(query)
        .output();
    let done = done.expect("sqlite3 is missing: apt-get install -y sqlite3");
    assert!(
        done.status.success(),
        "{query}: {}",
        String::from_utf8_lossy(&done.stderr)
    );
    String::from_utf8(done.stdout).unwrap().trim().to_owned()
}

/// Processes that read this house's journal.
fn readers(house: &House) -> Vec<String> {
    let folder = house.at("journal").display().to_string();
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
    lines
        .map(|line| String::from_utf8_lossy(&line).into_owned())
        .filter(|line| line.contains("journalctl\0") && line.contains(&folder))
        .collect()
}

#[test]
fn live_entries_lead_to_a_ban_and_a_restart_neither_misses_nor_doubles_any() {
    let mut house = house("maxretry = 15\n");
    // Before the start: within findtime, and older.
    knock(&house, WHO, 3, -700_000_000);
    knock(&house, WHO, 2, -60_000_000);
    house.start();
    house.hear(&format!("Found {WHO}"), 2);
    house.hear("[gate] Jail is in operation now", 1);
    knock(&house, WHO, 2, 0);
    house.hear(&format!("Found {WHO}"), 4);
    knock_by(&house, "fence", WHO, 5, 0);
    house.stop();
    // Written while nobody reads.
    knock(&house, WHO, 2, 0);
    house.start();
    house.hear(&format!("Found {WHO}"), 6);
    for round in 1..=4 {
        knock(&house, WHO, 2, 0);
        house.hear(&format!("Found {WHO}"), 6 + 2 * round - 1);
        std::thread::sleep(Duration::from_millis(40 * round as u64));
        house.kill();
        house.wait_for("no reader is left", || readers(&house).is_empty());
        house.start();
    }
    assert!(!house.is_banned("gate", WHO), "fourteen are no ban\n{}", house.story());
    knock(&house, WHO, 1, 0);
    house.wait_for("the fifteenth bans", || house.is_banned("gate", WHO));
    house.called(&format!("ban {WHO}"));
    assert_eq!(house.figure("gate", "Total failed"), 15);
    house.stop();
    assert!(readers(&house).is_empty());
}

#[test]
fn entries_around_a_rotation_count_once() {
    let mut house = house("maxretry = 9\n");
    house.start();
    house.hear("[gate] Jail is in operation now", 1);
    for round in 0..2 {
        knock(&house, WHO, 2, 0);
        let rotated = format!("journal/system@{round}.journal");
        std::fs::rename(house.at("journal/system.journal"), house.at(&rotated)).unwrap();
        knock(&house, WHO, 2, 0);
        house.hear(&format!("Found {WHO}"), 4 * (round + 1));
    }
    // And while nobody is there.
    house.stop();
    knock(&house, "192.0.2.2", 9, 0);
    std::fs::rename(house.at("journal/system.journal"), house.at("journal/system@2.journal")).unwrap();
    knock(&house, "192.0.2.3", 1, 0);
    house.start();
    house.wait_for("what was rotated is read", || house.is_banned("gate", "192.0.2.2"));
    house.hear("Found 192.0.2.3", 1);
    assert_eq!(found(&house), 8, "{}", house.story());
    knock(&house, WHO, 1, 0);
    house.wait_for("the ninth bans", || house.is_banned("gate", WHO));
    house.stop();
}

#[test]
fn idling_and_reloading_keep_the_place() {
    let mut house = house("maxretry = 20\n");
    house.start();
    knock(&house, WHO, 1, 0);
    house.hear(&format!("Found {WHO}"), 1);
    house.ask(&["set", "gate", "idle", "on"]);
    assert!(readers(&house).is_empty());
    knock(&house, WHO, 2, 0);
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(found(&house), 1);
    house.ask(&["set", "gate", "idle", "off"]);
    house.hear(&format!("Found {WHO}"), 3);
    house.ask(&["reload"]);
    knock(&house, WHO, 1, 0);
    house.hear(&format!("Found {WHO}"), 4);
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(found(&house), 4, "{}", house.story());
    // A reload that changes what is matched.
    house.write(
        "filter.d/gate.conf",
        "[Definition]\nfailregex = ^\\S+ (?:gate|fence)\\[\\d+\\]: <HOST> knocks$\njournalmatch = SYSLOG_IDENTIFIER=fence\n",
    );
    house.ask(&["reload"]);
    knock(&house, WHO, 5, 0);
    knock_by(&house, "fence", WHO, 1, 0);
    house.hear(&format!("Found {WHO}"), 5);
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(found(&house), 5, "{}", house.story());
    house.stop();
}

#[test]
fn matches_are_shown_and_changed_while_it_runs_as_with_the_original() {
    let commands: [&[&str]; 16] = [
        &["get", "gate", "journalmatch"],
        &["status", "gate"],
        &[
            "set",
            "gate",
            "addjournalmatch",
            "SYSLOG_IDENTIFIER=fence",
            "_PID=7",
            "+",
            "_PID=8",
        ],
        &["get", "gate", "journalmatch"],
        &["status", "gate"],
        &["set", "gate", "deljournalmatch", "SYSLOG_IDENTIFIER=gate"],
        &["set", "gate", "deljournalmatch", "SYSLOG_IDENTIFIER=gate"],
        &["set", "gate", "deljournalmatch", "_PID=8"],
        &["set", "gate", "addjournalmatch"],
        &["status", "gate"],
        &["set", "gate", "deljournalmatch"],
        &["set", "gate", "deljournalmatch", "SYSLOG_IDENTIFIER=fence", "_PID=7"],
        &["get", "gate", "journalmatch"],
        &["status", "gate"],
        &["set", "door", "addjournalmatch", "A=b"],
        &["get", "door", "journalmatch"],
    ];
    let mut house = house("");
    house.jail("door", "");
    let mut answers = Vec::new();
    for subject in [Original, Bantam] {
        house.subject = subject;
        house.start();
        let answer = |words: &&[&str]| {
            let done = house.command(Original, "client").args(*words).output().unwrap();
            // What an error is called differs by its place in the program.
            let text = house::text_of(&done);
            let told = text.split_once("ERROR").map_or(text.clone(), |(_, rest)| {
                rest.split_once("NOK")
                    .map_or(rest.to_owned(), |(_, rest)| rest.to_owned())
            });
            (done.status.code(), told)
        };
        answers.push(commands.iter().map(answer).collect::<Vec<_>>());
        house.stop();
    }
    for (number, words) in commands.iter().enumerate() {
        assert_eq!(answers[0][number], answers[1][number], "{words:?}");
    }
    house.subject = Bantam;
    house.start();
    house.ask(&["set", "gate", "addjournalmatch", "SYSLOG_IDENTIFIER=fence"]);
    house.write("other", "");
    house.ask(&["set", "gate", "addfailregex", "^\\S+ fence\\[7\\]: <HOST> knocks$"]);
    knock_by(&house, "fence", WHO, 3, 0);
    house.wait_for("the new match counts", || house.is_banned("gate", WHO));
    let refused = house.client(&["set", "gate", "addjournalmatch", "--output=cat"]);
    assert!(!refused.status.success());
    house.stop();
}

#[test]
fn the_place_goes_to_the_original_and_back() {
    let mut house = house("maxretry = 30\n");
    let place = |house: &House| {
        rows(
            house,
            "select lastfilepos, firstlinemd5 from logs where path = 'systemd-journal'",
        )
    };
    house.subject = Original;
    house.start();
    house.hear("is in operation now", 1);
    knock(&house, WHO, 3, 0);
    house.hear(&format!("Found {WHO}"), 3);
    house.stop();
    let theirs = place(&house);
    house.subject = Bantam;
    knock(&house, WHO, 2, 0);
    house.start();
    house.hear("is in operation now", 2);
    // The original knows a time and not an entry: the last one of that very time is read again.
    let after = found(&house);
    assert!((5..=6).contains(&after), "{after}\n{}", house.story());
    knock(&house, WHO, 1, 0);
    house.hear(&format!("Found {WHO}"), after + 1);
    house.stop();
    let ours = place(&house);
    assert_ne!(theirs, ours);
    let shape = |row: &str| {
        row.chars()
            .map(|c| if c.is_ascii_digit() { '0' } else { c })
            .collect::<String>()
    };
    let ends = |row: &str| {
        shape(row)
            .split('|')
            .map(|part| part.get(..10).map(str::to_owned))
            .collect::<Vec<_>>()
    };
    assert_eq!(ends(&theirs), ends(&ours), "{theirs} {ours}");
    house.subject = Original;
    knock(&house, "192.0.2.9", 2, 0);
    house.start();
    house.hear("Found 192.0.2.9", 2);
    assert!(
        found(&house) <= after + 2,
        "only the last may be read again\n{}",
        house.story()
    );
    house.stop();
    // The original has moved on: our entry is not gone back to.
    house.subject = Bantam;
    house.start();
    house.hear("is in operation now", 4);
    assert!(house.says("Found 192.0.2.9") <= 3, "{}", house.story());
    house.stop();
}

#[test]
fn a_backend_that_cannot_be_had_is_an_error_of_its_jail() {
    let house = house("");
    for (backend, expected) in [
        ("systemd[journalfile=x]", "unknown option 'journalfile'"),
        ("systemd[journalflags=many]", "journalflags=many is not a sum"),
        ("systemd[journalpath", "backend"),
    ] {
        house.jail("gate", &format!("filter = gate\nbackend = {backend}\n"));
        let done = house.client(&["-t"]);
        let text = house::text_of(&done);
        assert!(!done.status.success() && text.contains(expected), "{backend}: {text}");
        assert!(text.contains("gate.conf"), "the place is shown: {text}");
    }
}

#[test]
fn a_journal_that_is_not_there_is_said_once_and_waited_for() {
    let mut house = house("");
    let path = house.at("later");
    house.jail(
        "gate",
        &format!("filter = gate\nbackend = systemd[journalpath={}]\n", path.display()),
    );
    house.start();
    house.hear("Cannot read the systemd journal", 1);
    std::fs::create_dir(&path).unwrap();
    assert!(Path::new(&path).is_dir());
    std::fs::rename(house.at("journal/system.journal"), house.at("later/system.journal")).unwrap();
    std::fs::remove_dir(house.at("journal")).unwrap();
    std::os::unix::fs::symlink(&path, house.at("journal")).unwrap();
    knock(&house, WHO, 3, 0);
    house.wait_for("it is read when it is there", || house.is_banned("gate", WHO));
    assert_eq!(house.says("Cannot read the systemd journal"), 1, "{}", house.story());
    house.stop();
}

/// A real journald, whose places are visible to nobody but who enters its mount namespace.
struct Journald(std::process::Child);

impl Journald {
    fn start() -> Self {
        let script = "set -e; mount --make-rprivate /; mount -t tmpfs tmpfs /run; mount -t tmpfs tmpfs /var/log
            mkdir -p /run/systemd/journal /var/log/journal/$(cat /etc/machine-id)
            exec /lib/systemd/systemd-journald";
        let child = Command::new("unshare")
            .args(["-m", "sh", "-c", script])
            .spawn()
            .unwrap();
        let journald = Journald(child);
        let begun = std::time::Instant::now();
        while !journald
            .inside("test", &["-S", "/run/systemd/journal/io.systemd.journal"])
            .status()
            .unwrap()
            .success()
        {
            assert!(
                begun.elapsed() < house::PATIENCE,
                "needs root, unshare (util-linux) and systemd-journald (systemd)"
            );
            house::pause();
        }
        // From memory to /var/log/journal.
        journald.journalctl(&["--flush"]);
        journald
    }

    fn inside(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command
            .arg(format!("--mount=/proc/{}/ns/mnt", self.0.id()))
            .arg(program)
            .args(args);
        command
    }

    fn journalctl(&self, args: &[&str]) {
        let done = self.inside("journalctl", args).output().unwrap();
        assert!(done.status.success(), "{args:?}: {}", house::text_of(&done));
    }

    fn knock(&self, who: &str, times: usize) {
        let script = format!("for n in $(seq {times}); do echo '{who} knocks'; done | systemd-cat -t gate");
        assert!(self.inside("sh", &["-c", &script]).status().unwrap().success());
    }
}

impl Drop for Journald {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_real_journald_is_followed_through_its_own_rotation_and_vacuuming() {
    let journald = Journald::start();
    let mut house = house("");
    house.jail("gate", "filter = gate\nbackend = systemd\nmaxretry = 13\n");
    let start = |house: &mut House| {
        let own = house.command(Bantam, "server");
        let program = own.get_program().to_str().unwrap().to_owned();
        let args: Vec<&str> = own.get_args().map(|arg| arg.to_str().unwrap()).collect();
        let mut command = journald.inside(&program, &args);
        command.args(["-xf", "start"]).env("TZ", "UTC");
        house.start_by(command);
    };
    journald.knock(WHO, 2);
    start(&mut house);
    house.hear(&format!("Found {WHO}"), 2);
    for round in 1..=2 {
        journald.knock(WHO, 2);
        journald.journalctl(&["--rotate"]);
        journald.knock(WHO, 2);
        house.hear(&format!("Found {WHO}"), 2 + 4 * round);
        journald.journalctl(&["--vacuum-files=1"]);
    }
    // Rotated while nobody is there.
    house.stop();
    journald.knock(WHO, 1);
    journald.journalctl(&["--rotate"]);
    journald.knock(WHO, 1);
    start(&mut house);
    house.hear(&format!("Found {WHO}"), 12);
    std::thread::sleep(Duration::from_millis(1500));
    assert!(!house.is_banned("gate", WHO), "twelve are no ban\n{}", house.story());
    journald.knock(WHO, 1);
    house.wait_for("the thirteenth bans", || house.is_banned("gate", WHO));
    assert_eq!(house.says("Cannot read"), 0, "{}", house.story());
    house.stop();
}
