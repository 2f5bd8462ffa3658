//! A configuration put in force anew: what stays, what changes, what goes, and what a broken one does.
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
use house::{House, Subject, note, text_of};
use std::process::Stdio;

const WHO: &str = "192.0.2.1";
const OTHER: &str = "192.0.2.2";

/// Reloads by either client.
fn reload_by(client: Subject) {
    let mut house = House::with_door(Bantam);
    house.jail("old", "");
    house.start();
    house.knock("door.log", WHO, 3);
    house.wait_for("a ban", || house.is_banned("door", WHO) && house.is_banned("old", WHO));
    house.knock("door.log", OTHER, 2);
    house.hear(&format!("[door] Found {OTHER}"), 2);

    // One option changes, one jail goes, one comes.
    house.jail("door", "bantime = 1234\n");
    house.remove("jail.d/old.conf");
    house.write("new.log", "");
    house.jail("new", &format!("logpath = {}\n", house.at("new.log").display()));
    let calls = house.calls().len();
    assert_eq!(house.ask_by(client, &["reload"]), "OK\n");

    assert_eq!(house.list("jails"), ["door", "new"], "{}", house.story());
    assert_eq!(house.ask(&["get", "door", "bantime"]).trim(), "1234");
    assert!(house.is_banned("door", WHO), "bans stay");
    let mut done = house.calls()[calls..].to_vec();
    done.sort_unstable();
    assert_eq!(
        done,
        ["start new", "stop old", "unban 192.0.2.1"],
        "only the jail that went is wound up"
    );
    // The counter stayed at two.
    house.knock("door.log", OTHER, 1);
    house.wait_for("the third knock bans", || house.is_banned("door", OTHER));
    house.knock("new.log", WHO, 3);
    house.wait_for("the new jail bans", || house.is_banned("new", WHO));
    // A positive list: nothing was read twice.
    assert_eq!(house.says(&format!("[door] Found {OTHER}")), 3);
    assert_eq!(house.says(&format!("[door] Ban {WHO}")), 1);
    house.stop();
}

#[test]
fn a_reload_keeps_bans_and_counters_and_puts_changes_in_force() {
    reload_by(Bantam);
}

#[test]
fn a_reload_by_the_originals_client_does_the_same() {
    reload_by(Original);
}

#[test]
fn a_hangup_signal_reloads_and_a_terminate_signal_ends_cleanly() {
    let mut house = House::with_door(Bantam);
    house.start();
    house.knock("door.log", WHO, 3);
    house.called("ban 192.0.2.1");
    house.jail("door", "maxretry = 7\n");
    house.signal("-HUP");
    house.hear("Reload finished.", 1);
    assert_eq!(house.ask(&["get", "door", "maxretry"]).trim(), "7");
    assert!(house.is_banned("door", WHO));
    house.signal("-TERM");
    assert!(house.ended());
    assert_eq!(
        house.calls(),
        ["start door", "ban 192.0.2.1", "unban 192.0.2.1", "stop door"]
    );
    assert!(!house.at("f.sock").exists() && !house.at("f.pid").exists());
    assert!(house.said().ends_with("Exiting Fail2ban\n"));
}

#[test]
fn a_user_signal_opens_the_rotated_log_anew() {
    let mut house = House::with_door(Bantam);
    house.start();
    std::fs::rename(house.at("daemon.log"), house.at("daemon.log.1")).unwrap();
    house.signal("-USR1");
    house.wait_for("the log is opened", || house.at("daemon.log").exists());
    house.knock("door.log", WHO, 1);
    house.hear(&format!("Found {WHO}"), 1);
    assert_eq!(house.read("daemon.log.1").matches("Found").count(), 0);
    house.stop();
}

#[test]
fn a_changed_action_takes_over_the_bans_that_stand_and_a_removed_one_lifts_them() {
    let mut house = House::new(Bantam);
    house.write("action.d/second.conf", &note("second "));
    let calls = house.at("calls");
    let both = format!(
        "action = note[calls={0}]\n         second[calls={0}]\n",
        calls.display()
    );
    house.jail("door", &both);
    house.start();
    house.knock("door.log", WHO, 3);
    house.called("second ban 192.0.2.1");

    // Something that standing bans do not show: nobody is touched.
    let before = house.calls();
    house.jail(
        "door",
        &format!(
            "action = note[calls={0}, timeout=7]\n         second[calls={0}]\n",
            calls.display()
        ),
    );
    house.ask(&["reload"]);
    assert_eq!(house.ask(&["get", "door", "action", "note", "timeout"]).trim(), "7");
    assert_eq!(house.calls(), before);

    // Lifted as it was set, set as it is now.
    house.write("action.d/note.conf", &note("new "));
    house.ask(&["reload", "door"]);
    house.called("new ban 192.0.2.1");
    let later = house.calls();
    assert_eq!(
        later[before.len()..],
        ["unban 192.0.2.1", "stop door", "new start door", "new ban 192.0.2.1"]
    );

    house.jail("door", "");
    house.ask(&["reload"]);
    house.called("second stop door");
    assert_eq!(
        house.calls()[later.len()..],
        ["second unban 192.0.2.1", "second stop door"]
    );
    assert_eq!(house.ask(&["get", "door", "actions"]).lines().last(), Some("note"));

    house.jail("door", &both);
    house.ask(&["reload"]);
    house.called("second ban 192.0.2.1");
    assert!(house.is_banned("door", WHO));
    house.stop();
}

#[test]
fn a_jail_is_reloaded_restarted_or_cleared_alone() {
    let mut house = House::with_door(Bantam);
    house.jail("other", "");
    house.start();
    house.knock("door.log", WHO, 3);
    house.wait_for("bans", || house.is_banned("door", WHO) && house.is_banned("other", WHO));
    house.wait_for("both actions", || {
        house.calls().iter().filter(|c| *c == "ban 192.0.2.1").count() == 2
    });

    house.jail("door", "maxretry = 9\n");
    house.jail("other", "maxretry = 9\n");
    house.ask(&["reload", "door"]);
    assert_eq!(house.ask(&["get", "door", "maxretry"]).trim(), "9");
    assert_eq!(
        house.ask(&["get", "other", "maxretry"]).trim(),
        "3",
        "another jail's change waits for its own reload"
    );

    let before = house.calls().len();
    house.ask(&["reload", "--restart", "door"]);
    house.wait_for("the ban is back", || house.calls().len() == before + 4);
    assert_eq!(
        house.calls()[before..],
        ["unban 192.0.2.1", "stop door", "start door", "ban 192.0.2.1"]
    );
    assert_eq!(house.says("[door] Restore Ban 192.0.2.1"), 1);
    assert_eq!(house.says("[other] Restore Ban"), 0);

    house.ask(&["reload", "--unban", "door"]);
    assert!(!house.is_banned("door", WHO) && house.is_banned("other", WHO));
    house.ask(&["reload", "--restart", "door"]);
    assert!(
        !house.is_banned("door", WHO),
        "what was unbanned by hand does not come back"
    );
    assert!(!house.client(&["reload", "nonsense"]).status.success());
    assert_eq!(house.ask(&["reload", "--if-exists", "door"]), "OK\n");
    house.stop();
}

#[test]
fn lines_written_during_reloads_are_neither_lost_nor_doubled() {
    let mut house = House::with_door(Bantam);
    house.jail("door", "maxretry = 100000\nfindtime = 1d\n");
    house.start();
    let writing = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for number in 0..3000 {
                house.knock("door.log", &format!("198.51.{}.{}", number / 250, number % 250 + 1), 1);
                if number % 20 == 0 {
                    std::thread::sleep(std::time::Duration::from_millis(10));
                }
            }
        });
        let mut reloads = 0;
        while !writer.is_finished() {
            match reloads % 3 {
                0 => house.ask(&["reload"]),
                1 => house.ask(&["reload", "--restart", "door"]),
                _ => house.ask_by(Bantam, &["reload", "door"]),
            };
            reloads += 1;
        }
        reloads
    });
    assert!(writing > 3, "{writing} reloads are too few to show anything");
    house.hear("[door] Found 198.51.11.250", 1);
    house.wait_for("all lines", || house.says("[door] Found ") >= 3000);
    let said = house.said();
    let found = said
        .lines()
        .filter_map(|line| line.split_once("[door] Found ")?.1.split(' ').next());
    let mut found: Vec<&str> = found.collect();
    found.sort_unstable();
    let lines = found.len();
    found.dedup();
    assert_eq!((lines, found.len()), (3000, 3000));
    house.stop();
}

fn broken_reload(client: Subject) {
    let mut house = House::with_door(Bantam);
    house.write(
        "filter.d/gate.conf",
        "[Definition]\nfailregex = ^\\s*<HOST> knocks\ndatepattern = ^EPOCH\n",
    );
    house.jail("gate", "filter = gate\n");
    house.jail("last", "");
    house.start();
    house.knock("door.log", WHO, 3);
    house.wait_for("bans", || {
        house.list("gate").len() + house.list("door").len() + house.list("last").len() == 3
    });
    house.knock("door.log", OTHER, 2);
    house.hear(&format!("Found {OTHER}"), 6);

    house.write(
        "filter.d/gate.conf",
        "[Definition]\nfailregex = ^\\s*<HOST> (knocks\ndatepattern = ^EPOCH\n",
    );
    house.jail("door", "bantime = 1234\n");
    let _ = house.command(client, "client").arg("reload").output().unwrap();
    house.hear("Reload finished.", 1);
    assert_eq!(house.list("jails").len(), 3, "{}", house.story());
    assert_eq!(house.calls().iter().filter(|call| call.starts_with("unban")).count(), 0);
    assert_eq!(house.ask(&["get", "door", "bantime"]).trim(), "1234");
    // The broken one has its old expression, its bans and its counters.
    house.knock("door.log", OTHER, 1);
    house.wait_for("all three ban", || {
        ["door", "gate", "last"].iter().all(|jail| house.is_banned(jail, OTHER))
    });

    // Nothing can be read at all: nothing changes.
    house.write("jail.d/door.conf", "this is no section\n");
    assert!(
        !house
            .command(client, "client")
            .arg("reload")
            .output()
            .unwrap()
            .status
            .success()
    );
    house.signal("-HUP");
    house.hear("Reload refused", 1);
    assert_eq!(house.list("jails").len(), 3);
    house.stop();
}

#[test]
fn a_broken_configuration_loses_nothing() {
    broken_reload(Bantam);
}

#[test]
fn a_broken_configuration_from_the_originals_client_loses_nothing() {
    broken_reload(Original);
}

#[test]
fn a_removed_option_goes_back_to_its_default() {
    let mut house = House::with_door(Bantam);
    house.jail(
        "door",
        "bantime.increment = true\nbantime.factor = 3\nignorecommand = /bin/true\nignoreip = 192.0.2.7\n",
    );
    house.start();
    house.jail("door", "");
    house.ask(&["reload"]);
    house.knock("door.log", WHO, 3);
    house.wait_for("nobody is ignored any more", || house.is_banned("door", WHO));
    assert_eq!(house.ask(&["get", "door", "bantime.increment"]).trim(), "None");
    assert!(!house.ask(&["get", "door", "ignoreip"]).contains("192.0.2.7"));
    house.stop();
}

#[test]
fn a_test_shows_a_broken_expression_at_its_place() {
    let house = House::with_door(Bantam);
    let test = |house: &House| house.command(Bantam, "client").arg("-t").output().unwrap();
    let good = test(&house);
    assert!(good.status.success());
    assert_eq!(
        String::from_utf8_lossy(&good.stdout),
        "OK: configuration test is successful\n"
    );
    house.write(
        "filter.d/door.conf",
        "[Definition]\nfailregex = ^\\s*<HOST> knocks\n            ^\\s*<HOST> (rings\nignoreregex = [z-a]\ndatepattern = ^EPOCH\n",
    );
    for kind in ["client", "server"] {
        let bad = house.command(Bantam, kind).arg("-t").output().unwrap();
        let text = text_of(&bad);
        assert_eq!(bad.status.code(), Some(255), "{text}");
        let at = |line: u32| format!("{}:{line}:", house.at("filter.d/door.conf").display());
        assert!(text.contains(&at(3)) && text.contains("(rings"), "{text}");
        assert!(text.contains(&at(4)) && text.contains("[z-a]"), "{text}");
    }
    // Printed, the configuration is what it is.
    let printed = house.command(Bantam, "client").arg("-d").output().unwrap();
    assert!(text_of(&printed).contains("(rings"));
}

#[test]
fn a_jail_with_a_broken_expression_does_not_keep_the_others_from_starting() {
    let mut house = House::with_door(Bantam);
    house.write("filter.d/gate.conf", "[Definition]\nfailregex = ^\\s*<HOST> (knocks\n");
    house.jail("gate", "filter = gate\n");
    house.start();
    assert_eq!(house.list("jails"), ["door"]);
    let place = format!("{}:2:", house.at("filter.d/gate.conf").display());
    assert!(
        house.read("daemon.stderr").contains(&place) && house.said().contains(&place),
        "{}",
        house.story()
    );
    house.stop();
}

/// The server in the background, as `fail2ban-client start` brings it up.
#[test]
fn a_server_starts_in_the_background_and_is_restarted_and_stopped_by_its_client() {
    let house = House::with_door(Bantam);
    let run = |words: &[&str]| {
        let done = house
            .command(Bantam, "client")
            .args(words)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        (text_of(&done), done.status.code())
    };
    let (text, code) = run(&["start"]);
    assert_eq!((text.as_str(), code), ("Server ready\n", Some(0)));
    let first = house.pid();
    house.knock("door.log", WHO, 3);
    house.called("ban 192.0.2.1");
    let (text, code) = run(&["start"]);
    assert!(text.contains("Server already running") && code == Some(255), "{text}");
    // Also in the foreground, however it is asked.
    let second = house.command(Bantam, "server").args(["-f", "start"]).output().unwrap();
    assert!(
        text_of(&second).contains("already running") && second.status.code() == Some(255),
        "{second:?}"
    );
    assert_eq!(house.list("jails"), ["door"], "the first one was not disturbed");

    let (text, code) = run(&["restart"]);
    assert_eq!((text.as_str(), code), ("Shutdown successful\nServer ready\n", Some(0)));
    assert_ne!(house.pid(), first);
    house.wait_for("the ban is back", || house.is_banned("door", WHO));

    // After an unclean end the socket lies about; -x clears it away.
    house.signal("-9");
    house.wait_for("it is gone", || run(&["ping"]).1 == Some(255));
    assert!(house.at("f.sock").exists());
    let (text, code) = run(&["start"]);
    assert!(text.contains("socket exists") && code == Some(255), "{text}");
    assert_eq!(run(&["-x", "start"]), ("Server ready\n".to_owned(), Some(0)));
    house.wait_for("the ban is back", || house.is_banned("door", WHO));
    assert_eq!(run(&["stop"]), ("Shutdown successful\n".to_owned(), Some(0)));
    house.wait_for("the socket goes", || !house.at("f.sock").exists());
    let (text, code) = run(&["ping"]);
    assert!(code == Some(255) && text.contains("Is fail2ban running?"), "{text}");
}

#[test]
fn a_server_that_cannot_start_says_why_to_its_client() {
    let house = House::with_door(Bantam);
    house.jail("door", "bantime = soon\n");
    let done = house.command(Bantam, "client").arg("start").output().unwrap();
    let text = text_of(&done);
    assert_eq!(done.status.code(), Some(255));
    assert!(text.contains("jail.d/door.conf:") && text.contains("soon"), "{text}");
}
