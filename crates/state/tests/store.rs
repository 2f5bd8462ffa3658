//! What is written is read again, purged by the original's rules, and survives a broken file.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
mod common;

use bantam_state::{BanRow, History, LogRow, Progress, StateError, Store, Totals};
use common::{load, progress};
use std::path::Path;

fn ban(jail: &str, ip: &str, timeofban: i64, bantime: i64) -> BanRow {
    BanRow {
        jail: jail.into(),
        ip: ip.into(),
        timeofban,
        bantime,
        bancount: 1,
        failures: 3,
        matches: (0..3)
            .map(|line| [String::new(), String::new(), format!("{timeofban}-{line}")])
            .collect(),
        data: serde_json::json!({"user": "u"}).as_object().unwrap().clone(),
    }
}

fn ips(bans: &[BanRow]) -> Vec<&str> {
    bans.iter().map(|ban| ban.ip.as_str()).collect()
}

fn names_beside(file: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(file.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn bans_in_force_come_back_as_they_were_written_by_id() {
    let mut store = Store::in_memory().unwrap();
    let bans = [
        ban("j", "192.0.2.9", 100, 600),
        ban("j", "192.0.2.1", 100, -1),
        ban("j", "192.0.2.2", 100, 50),
        ban("other", "192.0.2.3", 100, 600),
    ];
    for ban in &bans {
        store.add_ban(ban).unwrap();
    }
    let found = store.bans_in_force("j", 150).unwrap();
    assert_eq!(found, [bans[1].clone(), bans[0].clone()]);
    assert_eq!(store.bans_in_force("j", 149).unwrap().len(), 3);
}

#[test]
fn the_latest_ban_of_an_id_counts_and_all_its_bans_are_merged() {
    let mut store = Store::in_memory().unwrap();
    store.set_max_matches(4);
    for (jail, time, count) in [("a", 100, 1), ("a", 200, 2), ("b", 150, 1)] {
        let mut ban = ban(jail, "192.0.2.1", time, time);
        ban.bancount = count;
        store.add_ban(&ban).unwrap();
    }
    let history = |count, last| {
        Some(History {
            count,
            last,
            bantime: last,
        })
    };
    assert_eq!(store.history("192.0.2.1", Some("a")).unwrap(), history(2, 200));
    assert_eq!(store.history("192.0.2.1", Some("b")).unwrap(), history(1, 150));
    assert_eq!(store.history("192.0.2.1", Some("c")).unwrap(), None);
    assert_eq!(store.history("192.0.2.1", None).unwrap(), history(3, 200));
    assert_eq!(store.history("192.0.2.2", None).unwrap(), None);
    assert_eq!(store.all_history().unwrap().len(), 2);
    let (failures, matches) = store.merged("192.0.2.1", None).unwrap().unwrap();
    assert_eq!(failures, 9);
    assert_eq!(matches, ["150-2", "200-0", "200-1", "200-2"]);
    let (failures, matches) = store.merged("192.0.2.1", Some("b")).unwrap().unwrap();
    assert_eq!((failures, matches.len()), (3, 3));
    assert_eq!(store.merged("192.0.2.1", Some("c")).unwrap(), None);
}

#[test]
fn bans_are_removed_by_jail_and_id() {
    let mut store = Store::in_memory().unwrap();
    for jail in ["a", "b"] {
        for ip in ["192.0.2.1", "192.0.2.2", "192.0.2.3"] {
            store.add_ban(&ban(jail, ip, 100, -1)).unwrap();
        }
    }
    assert_eq!(
        store.remove_bans(Some("a"), Some(&["192.0.2.1", "192.0.2.7"])).unwrap(),
        1
    );
    assert_eq!(store.remove_bans(None, Some(&["192.0.2.2"])).unwrap(), 2);
    assert_eq!(ips(&store.bans_in_force("a", 0).unwrap()), ["192.0.2.3"]);
    assert_eq!(store.remove_bans(Some("b"), None).unwrap(), 2);
    assert_eq!(store.merged("192.0.2.1", Some("b")).unwrap(), None);
    assert_eq!(store.remove_bans(None, None).unwrap(), 1);
}

#[test]
fn progress_effects_and_totals_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("db.sqlite3");
    let row = |id: &str, attempts| (id.to_owned(), attempts, 1, i64::MAX);
    let position = LogRow {
        first_line_md5: "d41d8cd98f00b204e9800998ecf8427e".into(),
        offset: 77,
    };
    let totals = Totals { failed: 5, banned: 2 };
    let mut store = Store::open(&file).unwrap();
    let logs = |a: Option<LogRow>| vec![("/a".to_owned(), a), ("/b".to_owned(), Some(position.clone()))];
    let save = |store: &mut Store, positions, made: Progress| {
        let made = Progress {
            positions,
            totals,
            ..made
        };
        store.save_progress(&[made]).unwrap();
    };
    let two = progress("j", &[row("x", 1), row("y", 2)], &[], None);
    save(&mut store, logs(Some(position.clone())), two);
    save(&mut store, logs(None), progress("j", &[row("y", 3)], &["x"], None));
    store.effect_begins("j", "iptables", "x").unwrap();
    store.effect_begins("j", "iptables", "y").unwrap();
    store.effect_begins("j", "mail", "y").unwrap();
    store.effect_ended("j", "iptables", "x").unwrap();
    drop(store);
    assert_eq!(names_beside(&file), ["db.sqlite3"]);

    let mut store = Store::open(&file).unwrap();
    assert!(store.notes().is_empty());
    assert_eq!(load(&mut store, "j"), (vec![row("y", 3)], totals));
    assert_eq!(load(&mut store, "k"), (vec![], Totals::default()));
    assert_eq!(store.log_position("j", "/a").unwrap(), None);
    assert_eq!(store.log_position("j", "/b").unwrap(), Some(position.clone()));
    let effects = [("iptables".into(), "y".into()), ("mail".into(), "y".into())];
    assert_eq!(store.standing_effects("j").unwrap(), effects);
    store.effects_ended("j", Some("mail")).unwrap();
    assert_eq!(store.standing_effects("j").unwrap().len(), 1);
    store.effects_ended("j", None).unwrap();
    assert!(store.standing_effects("j").unwrap().is_empty());
    store.close().unwrap();
    assert_eq!(names_beside(&file), ["db.sqlite3"]);
}

#[test]
fn counters_written_anew_replace_what_was_told_before_and_jails_keep_their_own() {
    let mut store = Store::in_memory().unwrap();
    let row = |id: &str, attempts| (id.to_owned(), attempts, 1, 2);
    for attempts in 1..=10 {
        let both = ["j", "k"].map(|jail| progress(jail, &[row("x", attempts), row("y", attempts)], &[], None));
        store.save_progress(&both).unwrap();
    }
    assert_eq!((store.batched("j").unwrap(), store.batched("l").unwrap()), (20, 0));
    let anew = Progress {
        whole: true,
        ..progress("j", &[row("x", 11)], &[], None)
    };
    store.save_progress(&[anew]).unwrap();
    assert_eq!((store.batched("j").unwrap(), store.batched("k").unwrap()), (1, 20));
    store.save_progress(&[progress("j", &[], &["x"], None)]).unwrap();
    assert_eq!(store.batched("j").unwrap(), 2);
    assert_eq!(load(&mut store, "j").0, vec![]);
    assert_eq!(load(&mut store, "k").0, vec![row("x", 10), row("y", 10)]);
}

#[test]
fn purging_drops_old_counters_and_brings_none_back_that_was_gone() {
    let mut store = Store::in_memory().unwrap();
    let row = |id: &str, seconds: i64| (id.to_owned(), 1, 0, seconds * 1_000_000_000);
    let mut save = |counters: &[common::Counter], gone: &[&str]| {
        store.save_progress(&[progress("j", counters, gone, None)]).unwrap();
    };
    save(&[row("old", 10)], &[]);
    save(&[row("new", 1000), row("gone", 1000)], &[]);
    save(&[row("old too", 20)], &["gone"]);
    store.purge(1100, 200).unwrap();
    assert_eq!(load(&mut store, "j").0, vec![row("new", 1000), row("old too", 20)]);
    assert_eq!(store.batched("j").unwrap(), 4);
    store.purge(2000, 200).unwrap();
    assert_eq!(load(&mut store, "j").0, vec![]);
    assert_eq!(store.batched("j").unwrap(), 0);
}

#[test]
fn counters_of_the_last_version_are_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("db.sqlite3");
    let connection = rusqlite::Connection::open(&file).unwrap();
    let rows = "CREATE TABLE bantam_counters(
          jail TEXT NOT NULL, id TEXT NOT NULL, attempts INTEGER NOT NULL, first_ns INTEGER NOT NULL,
          last_ns INTEGER NOT NULL, PRIMARY KEY(jail, id)) WITHOUT ROWID;
        INSERT INTO bantam_counters VALUES('j', '192.0.2.1', 2, 5, 7), ('j', 'a b', 1, 6, 6), ('k', '::1', 3, 1, 2);";
    connection.execute_batch(rows).unwrap();
    drop(connection);
    for _ in 0..2 {
        let mut store = Store::open(&file).unwrap();
        let expected = vec![("192.0.2.1".to_owned(), 2, 5, 7), ("a b".to_owned(), 1, 6, 6)];
        assert_eq!(load(&mut store, "j").0, expected);
        assert_eq!(load(&mut store, "k").0, vec![("::1".to_owned(), 3, 1, 2)]);
    }
}

#[test]
fn purging_keeps_what_is_permanent_recent_or_of_an_enabled_jail() {
    let mut store = Store::in_memory().unwrap();
    store.add_ban(&ban("old", "192.0.2.1", 0, 100)).unwrap();
    store.add_ban(&ban("j", "192.0.2.2", 0, -1)).unwrap();
    store.add_ban(&ban("j", "192.0.2.3", 0, 400)).unwrap();
    store.add_ban(&ban("j", "192.0.2.4", 950, 1)).unwrap();
    let log = LogRow {
        first_line_md5: "x".into(),
        offset: 1,
    };
    store
        .save_progress(&[progress("old", &[], &[], Some(("/log", Some(log))))])
        .unwrap();
    store.disable_all_jails().unwrap();
    store.enable_jail("j").unwrap();
    store.purge(1100, 100).unwrap();
    let mut left: Vec<String> = store.all_history().unwrap().into_iter().map(|(_, ip, _)| ip).collect();
    left.sort();
    assert_eq!(left, ["192.0.2.2", "192.0.2.3"]);
    assert_eq!(store.merged("192.0.2.3", None).unwrap(), None);
    assert_eq!(store.log_position("old", "/log").unwrap(), None);
    store.add_ban(&ban("old", "192.0.2.1", 0, 100)).unwrap();
}

#[test]
fn a_file_that_is_no_database_is_set_aside_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("db.sqlite3");
    std::fs::write(&file, "no database at all ".repeat(500)).unwrap();
    let mut store = Store::open(&file).unwrap();
    assert_eq!(store.notes().len(), 1);
    assert!(store.notes()[0].contains("set aside as"), "{:?}", store.notes());
    store.add_ban(&ban("j", "192.0.2.1", 100, -1)).unwrap();
    drop(store);
    let names = names_beside(&file);
    assert_eq!(names.len(), 2);
    let aside = std::fs::read_to_string(folder.path().join(&names[1])).unwrap();
    assert!(aside.starts_with("no database"));
    assert!(Store::open(&file).unwrap().notes().is_empty());
}

#[test]
fn the_bans_of_a_damaged_file_are_saved_as_far_as_they_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("db.sqlite3");
    let mut store = Store::open(&file).unwrap();
    for number in 0..2000 {
        let ip = format!("10.0.{}.{}", number / 256, number % 256);
        store.add_ban(&ban("j", &ip, 100, -1)).unwrap();
    }
    drop(store);
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 9000].fill(0xee);
    std::fs::write(&file, bytes).unwrap();
    let mut store = Store::open(&file).unwrap();
    assert_eq!(store.notes().len(), 1);
    let left = store.bans_in_force("j", 200).unwrap().len();
    assert!((1000..=2000).contains(&left), "{left} bans left");
}

#[test]
fn a_newer_schema_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("db.sqlite3");
    drop(Store::open(&file).unwrap());
    let connection = rusqlite::Connection::open(&file).unwrap();
    connection.execute("UPDATE fail2banDb SET version = 5", []).unwrap();
    drop(connection);
    let before = std::fs::read(&file).unwrap();
    match Store::open(&file) {
        Err(StateError::Unusable(message)) => assert!(message.contains("version 5"), "{message}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[test]
fn a_file_in_an_unreachable_place_is_an_error() {
    assert!(matches!(
        Store::open(Path::new("/nowhere/at/all/db.sqlite3")),
        Err(StateError::Sqlite { .. })
    ));
}

#[test]
fn thousands_of_bans_a_second_are_written_and_looked_up() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&folder.path().join("db.sqlite3")).unwrap();
    let start = std::time::Instant::now();
    for number in 0..5000 {
        let ip = format!("10.0.{}.{}", number / 256, number % 256);
        store.add_ban(&ban("j", &ip, 100, -1)).unwrap();
        assert!(store.history(&ip, Some("j")).unwrap().is_some());
    }
    let took = start.elapsed();
    assert!(took.as_secs() < 10, "5000 bans took {took:?}");
}

#[test]
fn the_journal_s_place_is_known_by_its_entry_until_somebody_else_moves_on() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(&dir.path().join("db")).unwrap();
    assert_eq!(store.journal_position("j").unwrap(), None);
    for time in [1_700_000_000.0, 1_700_000_000.123_456] {
        let row = bantam_state::JournalRow {
            time,
            iso: "2023-11-14T22:13:20+00:00 ".into(),
            cursor: Some(format!("s=1;t={time}")),
        };
        store
            .save_progress(&[Progress {
                journal: Some(row.clone()),
                ..progress("j", &[], &[], None)
            }])
            .unwrap();
        assert_eq!(store.journal_position("j").unwrap(), Some(row));
    }
    drop(store);
    // As the original does it.
    let other = rusqlite::Connection::open(dir.path().join("db")).unwrap();
    other
        .execute(
            "UPDATE logs SET firstlinemd5 = 'later ', lastfilepos = 1700000009.5 WHERE jail = 'j' AND path = 'systemd-journal'",
            [],
        )
        .unwrap();
    drop(other);
    let mut store = Store::open(&dir.path().join("db")).unwrap();
    let row = store.journal_position("j").unwrap().unwrap();
    assert_eq!(
        (row.time, row.iso.as_str(), row.cursor),
        (1_700_000_009.5, "later ", None)
    );
}
