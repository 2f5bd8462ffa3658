//! What survives: counters, positions and bans over restarts and sudden ends, a database that goes to the original and
//! comes back, files that come and go; and what the log says of it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    dead_code,
    reason = "tests"
)]

mod house;

use house::Subject::{Bantam, Original};
use house::{House, Subject, now, pause};
use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

const WHO: &str = "192.0.2.1";

#[test]
fn counters_survive_a_restart_and_a_sudden_end() {
    let mut house = House::new(Bantam);
    house.jail("door", "maxretry = 15\n");
    house.start();
    house.knock("door.log", WHO, 10);
    house.hear(&format!("Found {WHO}"), 10);
    house.stop();
    // Written while nobody reads.
    house.knock("door.log", WHO, 2);
    house.start();
    house.hear(&format!("Found {WHO}"), 12);
    house.knock("door.log", WHO, 2);
    house.hear(&format!("Found {WHO}"), 14);
    // What was counted is written down every two seconds.
    std::thread::sleep(Duration::from_millis(2500));
    house.kill();
    house.start();
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(house.says(&format!("Found {WHO}")), 14, "no line is counted twice");
    assert!(!house.is_banned("door", WHO));
    house.knock("door.log", WHO, 1);
    house.wait_for("the fifteenth bans", || house.is_banned("door", WHO));
    assert_eq!(house.figure("door", "Total failed"), 15);
    house.stop();
}

#[test]
fn a_sudden_end_right_after_lines_neither_loses_nor_doubles_their_count() {
    let mut house = House::new(Bantam);
    house.jail("door", "maxretry = 15\n");
    house.start();
    for round in 1..=4 {
        house.knock("door.log", WHO, 3);
        house.hear(&format!("Found {WHO}"), 1);
        std::thread::sleep(Duration::from_millis(40 * round));
        house.kill();
        house.start();
    }
    house.knock("door.log", WHO, 2);
    std::thread::sleep(Duration::from_millis(700));
    assert!(!house.is_banned("door", WHO), "fourteen are no ban\n{}", house.story());
    house.knock("door.log", WHO, 1);
    house.wait_for("the fifteenth bans", || house.is_banned("door", WHO));
    house.stop();
}

fn rows(house: &House, query: &str) -> Vec<String> {
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
    String::from_utf8_lossy(&done.stdout)
        .lines()
        .map(str::to_owned)
        .collect()
}

/// The same folder and database, one daemon after the other.
fn under(house: &mut House, subject: Subject, doing: impl FnOnce(&mut House)) {
    house.subject = subject;
    house.start();
    doing(house);
    house.stop();
}

#[test]
fn a_database_goes_to_the_original_and_back_with_its_bans_and_their_counts() {
    let mut house = House::new(Original);
    let options = |bantime: u32| format!("bantime = {bantime}\nbantime.increment = true\nbantime.factor = 1\n");
    house.jail("door", &options(600));
    let counts = |house: &House| rows(house, "select ip, bancount from bips order by ip").join(" ");
    under(&mut house, Original, |house| {
        house.knock("door.log", WHO, 3);
        house.knock("door.log", "2001:db8::7", 3);
        house.wait_for("bans", || house.list("door").len() == 2);
        house.wait_for("rows", || counts(house) == "192.0.2.1|1 2001:db8::7|1");
    });
    under(&mut house, Bantam, |house| {
        house.wait_for("the original's bans are in force", || house.list("door").len() == 2);
        assert_eq!(house.says("Restore Ban"), 2);
        // Lifted by the clock, not by hand: history stays. (Here: by a shorter look at the rows.)
        assert_eq!(rows(house, "select count(*) from bans"), ["2"]);
        house.knock("door.log", "198.51.100.7", 3);
        house.wait_for("a ban of our own", || house.is_banned("door", "198.51.100.7"));
    });
    // The bans of two of them end while nobody is there.
    rows(
        &house,
        "update bips set timeofban = timeofban - 700, bantime = 600 where ip in ('192.0.2.1', '198.51.100.7')",
    );
    under(&mut house, Original, |house| {
        house.wait_for("what stands is restored", || house.list("door") == ["2001:db8::7"]);
        pause();
        assert_eq!(house.list("door"), ["2001:db8::7"], "what has ended stays ended");
        house.knock("door.log", "198.51.100.7", 3);
        house.wait_for("the count carries on there", || {
            counts(house).contains("198.51.100.7|2")
        });
    });
    rows(
        &house,
        "update bips set timeofban = timeofban - 7000, bantime = 600 where ip = '198.51.100.7'",
    );
    under(&mut house, Bantam, |house| {
        house.wait_for("restored", || house.is_banned("door", "2001:db8::7"));
        assert!(!house.is_banned("door", "198.51.100.7"));
        house.knock("door.log", "198.51.100.7", 3);
        house.knock("door.log", WHO, 3);
        house.wait_for("the counts carry on here", || {
            counts(house) == "192.0.2.1|2 198.51.100.7|3 2001:db8::7|1"
        });
        // The third ban lasts four times as long as the first.
        let line = house.ask(&["get", "door", "banip", "--with-time"]);
        assert!(
            line.lines()
                .any(|line| line.starts_with("198.51.100.7 ") && line.contains("+ 2400 =")),
            "{line}"
        );
    });
    assert_eq!(rows(&house, "pragma integrity_check"), ["ok"]);
    assert_eq!(rows(&house, "select version from fail2banDb"), ["4"]);
    // No line was read twice on the way.
    let said = house.said();
    for (who, times) in [(WHO, 6), ("2001:db8::7", 3), ("198.51.100.7", 9)] {
        // A known offender is counted once more by the observer, which words it alike.
        let plain = said
            .lines()
            .filter(|line| line.contains(&format!("Found {who} - ")))
            .count();
        assert_eq!(plain, times, "{who}\n{}", house.story());
    }
}

#[test]
fn a_jail_added_later_reads_what_is_past_once_beside_the_one_that_read_it_before() {
    let mut house = House::with_door(Bantam);
    house.knock_at("door.log", "192.0.2.66", 3, now() - 3600);
    house.start();
    house.knock("door.log", WHO, 3);
    house.wait_for("a ban", || house.is_banned("door", WHO));
    house.jail("late", "maxretry = 2\n");
    house.ask(&["reload"]);
    house.wait_for("the past counts for it too", || house.is_banned("late", WHO));
    assert_eq!(house.says(&format!("[late] Found {WHO}")), 3);
    assert!(
        !house.is_banned("late", "192.0.2.66"),
        "what is older than findtime is past"
    );
    house.knock("door.log", "192.0.2.3", 3);
    house.wait_for("both read on", || {
        house.is_banned("late", "192.0.2.3") && house.is_banned("door", "192.0.2.3")
    });
    assert_eq!(house.says("[late] Found 192.0.2.3"), 3);
    assert_eq!(house.says("[door] Found 192.0.2.3"), 3);
    house.ask(&["reload"]);
    house.ask(&["reload", "--restart", "late"]);
    house.wait_for("restored", || house.is_banned("late", "192.0.2.3"));
    assert_eq!(
        house.says("[late] Found"),
        6,
        "nothing is read twice\n{}",
        house.story()
    );
    house.stop();
}

#[test]
fn a_jail_that_is_new_after_a_restart_reads_what_is_past_alone_though_it_comes_first() {
    let mut house = House::with_door(Bantam);
    house.start();
    house.knock("door.log", WHO, 2);
    house.wait_for("they are counted", || house.figure("door", "Total failed") == 2);
    house.stop();
    house.jail("another", "");
    house.start();
    house.wait_for("the new one reads what is past", || {
        house.figure("another", "Total failed") == 2
    });
    house.knock("door.log", WHO, 1);
    house.wait_for("both ban", || {
        house.is_banned("another", WHO) && house.is_banned("door", WHO)
    });
    assert_eq!(house.figure("door", "Total failed"), 3, "{}", house.story());
    house.stop();
}

#[test]
fn files_that_a_pattern_names_later_are_read_and_those_of_a_removed_pattern_are_not() {
    let mut house = House::new(Bantam);
    std::fs::create_dir(house.at("logs")).unwrap();
    house.write("logs/one.log", "");
    house.jail("door", &format!("logpath = {}\n", house.at("logs/*.log").display()));
    house.start();
    house.knock("logs/one.log", WHO, 1);
    house.knock("logs/two.log", WHO, 2);
    house.wait_for("both files count", || house.is_banned("door", WHO));
    // Gone at a reload, back later.
    house.remove("logs/two.log");
    house.ask(&["reload"]);
    house.knock("logs/two.log", "192.0.2.2", 3);
    house.wait_for("a file that came back counts", || house.is_banned("door", "192.0.2.2"));
    house.jail("door", &format!("logpath = {}\n", house.at("logs/one.log").display()));
    house.ask(&["reload"]);
    house.knock("logs/two.log", "192.0.2.3", 3);
    house.knock("logs/three.log", "192.0.2.3", 3);
    house.knock("logs/one.log", "192.0.2.4", 3);
    house.wait_for("the named file counts", || house.is_banned("door", "192.0.2.4"));
    assert!(!house.is_banned("door", "192.0.2.3"), "{}", house.story());
    house.stop();
}

#[test]
fn a_log_is_rotated_under_the_daemon_and_each_line_counts_once() {
    let mut house = House::with_door(Bantam);
    house.jail("door", "maxretry = 100000\n");
    house.start();
    for round in 0..10 {
        for number in 0..20 {
            house.knock("door.log", &format!("198.51.{round}.{number}"), 1);
        }
        if round % 2 == 0 {
            let _ = std::fs::remove_file(house.at("door.log.1"));
            std::fs::rename(house.at("door.log"), house.at("door.log.1")).unwrap();
        } else {
            // As copytruncate does; what is not read yet stands in the copy.
            house.hear(&format!("Found 198.51.{round}.19 "), 1);
            std::fs::copy(house.at("door.log"), house.at("door.log.1")).unwrap();
            house.write("door.log", "");
        }
    }
    house.wait_for("all lines", || house.says("[door] Found ") >= 200);
    let said = house.said();
    let found = said
        .lines()
        .filter_map(|line| line.split_once("[door] Found ")?.1.split(' ').next());
    let found: Vec<&str> = found.collect();
    assert_eq!((found.len(), found.iter().collect::<BTreeSet<_>>().len()), (200, 200));
    house.stop();
}

/// The script of both; gives the lines of the log that tools read: module, level, text.
fn lines_of(subject: Subject) -> BTreeSet<String> {
    let mut house = House::new(subject);
    house.jail(
        "door",
        "bantime = 3\nbantime.increment = true\nignoreip = 203.0.113.0/24\n",
    );
    house.start();
    house.knock("door.log", WHO, 3);
    house.knock("door.log", "203.0.113.9", 1);
    house.hear(&format!("[door] Ban {WHO}"), 1);
    // Already banned; and again when the ban is over.
    house.hear(&format!("[door] Unban {WHO}"), 1);
    house.knock("door.log", WHO, 3);
    house.hear(&format!("[door] Increase Ban {WHO}"), 1);
    house.ask(&["set", "door", "banip", "192.0.2.5"]);
    house.ask(&["set", "door", "attempt", "192.0.2.6", "x"]);
    house.ask(&["set", "door", "bantime", "600"]);
    house.ask(&["set", "door", "banip", "192.0.2.7"]);
    house.ask(&["set", "door", "unbanip", "192.0.2.5"]);
    house.hear("[door] Ban 192.0.2.7", 1);
    house.wait_for("a row", || {
        rows(&house, "select ip from bips").contains(&"192.0.2.7".to_owned())
    });
    house.stop();
    house.start();
    house.hear("[door] Restore Ban 192.0.2.7", 1);
    house.stop();
    const READ: [&str; 10] = [
        "Found ",
        "Ban ",
        "Unban ",
        "already banned",
        "Ignore ",
        "Attempt ",
        "Creating new jail",
        "Jail 'door' ",
        "Shutdown in progress",
        "Exiting Fail2ban",
    ];
    let said = house.said();
    let lines = said.lines().filter_map(|line| {
        let (_, rest) = line.split_at_checked(24)?;
        let (module, text) = rest.split_once('[')?;
        let (_, text) = text.split_once("]: ")?;
        // The older original of the two words has one word for the end of a ban and for the end of the daemon.
        let text = &text.replace("Repeal Ban", "Unban");
        if text.contains(" uses pyinotify") {
            return None;
        }
        READ.iter()
            .any(|word| text.contains(word))
            .then(|| format!("{module}|{}", without_times(text)))
    });
    lines.collect()
}

/// Moments and random lengths are each run's own.
fn without_times(text: &str) -> String {
    let mut out = String::new();
    for word in text.split(' ') {
        let date = word.len() >= 10 && word.as_bytes()[4] == b'-' && word.starts_with("20");
        let time = word.len() >= 8 && word.as_bytes()[2] == b':' && word.as_bytes()[0].is_ascii_digit();
        out.push_str(if date {
            "DATE"
        } else if time {
            "TIME"
        } else {
            word
        });
        out.push(' ');
    }
    out
}

#[test]
fn the_log_words_what_happens_as_the_original_does() {
    let (own, other) = std::thread::scope(|scope| {
        let own = scope.spawn(|| lines_of(Bantam));
        let other = scope.spawn(|| lines_of(Original));
        (own.join().unwrap(), other.join().unwrap())
    });
    let only =
        |one: &BTreeSet<String>, two: &BTreeSet<String>| one.difference(two).cloned().collect::<Vec<_>>().join("\n");
    assert!(
        own == other,
        "only ours:\n{}\nonly the original's:\n{}",
        only(&own, &other),
        only(&other, &own)
    );
}

#[test]
fn the_stock_recidive_jail_bans_by_our_own_log() {
    let mut house = House::with_door(Bantam);
    for file in ["recidive.conf", "common.conf"] {
        std::fs::copy(
            format!("/etc/fail2ban/filter.d/{file}"),
            house.at(&format!("filter.d/{file}")),
        )
        .unwrap();
    }
    house.write("daemon.log", "");
    house.jail(
        "recidive",
        &format!(
            "filter = recidive\nlogpath = {}\nmaxretry = 2\nbantime = 1w\nfindtime = 1d\n",
            house.at("daemon.log").display()
        ),
    );
    house.start();
    house.knock("door.log", WHO, 3);
    house.hear(&format!("[door] Ban {WHO}"), 1);
    house.ask(&["set", "door", "unbanip", WHO]);
    house.knock("door.log", WHO, 3);
    house.wait_for("the second ban makes a recidivist", || house.is_banned("recidive", WHO));
    // Its own bans do not count.
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(house.says("[recidive] Ban"), 1);
    house.stop();
}

#[test]
fn old_rows_are_purged_at_the_age_that_is_set_and_bans_without_end_stay() {
    let mut house = House::with_door(Bantam);
    // A jail whose bans end cuts those that do not, when it takes them over.
    house.jail("door", "bantime = -1\n");
    house.start();
    house.ask(&["set", "door", "banip", WHO, "192.0.2.2"]);
    house.stop();
    rows(
        &house,
        "update bips set timeofban = timeofban - 300000; update bans set timeofban = timeofban - 300000",
    );
    rows(&house, "update bips set bantime = 600 where ip = '192.0.2.1'");
    house.start();
    assert_eq!(
        house.ask(&["get", "dbpurgeage"]).lines().last().unwrap_or_default(),
        "`- 86400seconds"
    );
    assert_eq!(house.list("door"), ["192.0.2.2"]);
    house.ask(&["set", "dbpurgeage", "2d"]);
    assert_eq!(
        house.ask(&["get", "dbpurgeage"]).lines().last().unwrap_or_default(),
        "`- 172800seconds"
    );
    house.stop();
}

/// The layout of the guide's container: a folder with nothing but one's own files.
#[test]
fn run_takes_a_folder_of_ones_own_files_and_the_containers_variables() {
    let mut house = House::with_door(Bantam);
    for file in ["fail2ban.conf", "jail.conf"] {
        house.remove(file);
    }
    // Debian switches sshd on in its own folder; that is another server's business.
    assert!(
        std::fs::read_dir("/etc/fail2ban/jail.d").is_ok_and(|all| all.count() > 0),
        "apt-get install -y fail2ban"
    );
    house.write("door.log", "");
    let socket = house.at("fail2ban.sock").display().to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_bantam"));
    command.arg("run").arg(house.folder());
    command
        .env("TZ", "Asia/Tokyo")
        .env("F2B_DB_PURGE_AGE", "30d")
        .env("F2B_LOG_LEVEL", "DEBUG")
        .env("F2B_LOG_TARGET", house.at("daemon.log"));
    let run = command
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let pid = run.id().to_string();
    house.keep(run);
    let ask = |words: &[&str]| {
        let done = Command::new(env!("CARGO_BIN_EXE_bantam"))
            .args(["client", "-s", &socket])
            .args(words)
            .output()
            .unwrap();
        String::from_utf8_lossy(&done.stdout).into_owned()
    };
    house.wait_for("the jail runs", || ask(&["status", "door"]).contains("File list"));
    assert!(ask(&["status"]).contains("Jail list:\tdoor\n"), "{}", ask(&["status"]));
    assert!(ask(&["get", "dbpurgeage"]).contains("2592000"));
    assert!(ask(&["get", "loglevel"]).contains("DEBUG"));
    assert!(ask(&["get", "dbfile"]).contains(&house.at("db/fail2ban.sqlite3").display().to_string()));
    assert!(ask(&["get", "logtarget"]).contains("daemon.log"));
    house.knock("door.log", WHO, 5);
    house.wait_for("a ban", || ask(&["status", "door"]).contains(WHO));
    // The log's times are the zone's.
    let hour = |zone: &str| {
        jiff::Timestamp::now()
            .in_tz(zone)
            .unwrap()
            .strftime("%Y-%m-%d %H")
            .to_string()
    };
    let said = house.said();
    let line = said
        .lines()
        .find(|line| line.contains(&format!("Ban {WHO}")))
        .unwrap_or_else(|| panic!("{}", house.story()));
    assert!(
        line.starts_with(&hour("Asia/Tokyo")) && !line.starts_with(&hour("UTC")),
        "{line}"
    );
    let _ = Command::new("kill").arg(pid).status();
    assert!(house.ended());
}
