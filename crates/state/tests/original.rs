//! The installed original reads what is written here, and the other way round. Needs the Debian package:
//! `apt-get install fail2ban`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
mod common;

use bantam_state::{BanRow, History, LogRow, Progress, Store, Totals};
use common::{load, progress};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

const NOW: i64 = 1_700_000_030;

/// Lets the original's database class work on the file.
fn original(what: &str, file: &Path) -> Value {
    let output = Command::new("/usr/bin/python3")
        .args(["-c", include_str!("original.py"), what])
        .arg(file)
        .output()
        .expect("needs Python 3 and the original: apt-get install fail2ban");
    assert!(
        output.status.success(),
        "needs the original: apt-get install fail2ban\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
}

fn parts(before: &str, date: &str, after: &str) -> [String; 3] {
    [before.into(), date.into(), after.into()]
}

#[test]
fn a_file_of_the_original_opens_and_its_bans_and_counts_carry_on() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("fail2ban.sqlite3");
    original("write", &file);
    let mut store = Store::open(&file).unwrap();
    assert!(store.notes().is_empty(), "{:?}", store.notes());
    let bans = store.bans_in_force("j", NOW).unwrap();
    let ids: Vec<(&str, i64, i64, u32, u32)> = bans
        .iter()
        .map(|b| (b.ip.as_str(), b.timeofban, b.bantime, b.bancount, b.failures))
        .collect();
    assert_eq!(
        ids,
        [
            ("192.0.2.1", 1_700_000_011, 1235, 3, 2),
            ("2001:db8::1", 1_700_000_001, -1, 2, 0),
            ("raw id", 1_700_000_001, 60, 1, 0),
        ]
    );
    assert_eq!(bans[0].matches, [parts("", "", "c")]);
    assert_eq!(bans[2].matches.len(), 10);
    assert_eq!(bans[2].matches[9], parts("", "", "m29"));
    let expected = History {
        count: 3,
        last: 1_700_000_011,
        bantime: 1235,
    };
    assert_eq!(store.history("192.0.2.1", Some("j")).unwrap(), Some(expected));
    let merged = store.merged("192.0.2.1", None).unwrap().unwrap();
    assert_eq!(
        merged,
        (
            9,
            vec!["[12:00] a".into(), "b \u{20ac} \"quoted\"\n".into(), "c".into()]
        )
    );
    let position = store.log_position("j", "/var/log/a.log").unwrap().unwrap();
    assert_eq!(position.offset, 4711);
    drop(store);
    assert_eq!(original("read", &file)["bans"].as_array().unwrap().len(), 3);
}

fn our_bans() -> Vec<BanRow> {
    let ban = |ip: &str, bantime, bancount: u32, matches, data: Value| BanRow {
        jail: "j".into(),
        ip: ip.into(),
        timeofban: 1_700_000_000 + i64::from(bancount),
        bantime,
        bancount,
        failures: 4,
        matches,
        data: data.as_object().unwrap().clone(),
    };
    vec![
        ban(
            "192.0.2.1",
            600,
            1,
            vec![parts("[", "12:00", "] \u{e9}\n"), parts("", "", "b")],
            json!({"user": "x", "users": ["y", "z"]}),
        ),
        ban("192.0.2.1", 1200, 2, vec![parts("", "", "c")], json!({})),
        ban("2001:db8::/64", -1, 1, vec![], json!({"f-port": "22"})),
    ]
}

fn write_ours(file: &Path) -> Store {
    let mut store = Store::open(file).unwrap();
    store.enable_jail("off").unwrap();
    store.disable_all_jails().unwrap();
    store.enable_jail("j").unwrap();
    for ban in our_bans() {
        store.add_ban(&ban).unwrap();
    }
    let position = LogRow {
        first_line_md5: "d41d8cd98f00b204e9800998ecf8427e".into(),
        offset: 99,
    };
    let counter = ("192.0.2.7".to_owned(), 2, NOW * 1_000_000_000, NOW * 1_000_000_000);
    let progress = Progress {
        totals: Totals { failed: 9, banned: 3 },
        ..progress("j", &[counter], &[], Some(("/var/log/a.log", Some(position))))
    };
    store.save_progress(&[progress]).unwrap();
    store
}

fn check_read(read: &Value) {
    assert_eq!(
        *read,
        json!({
            "bans": [
                ["192.0.2.1", 1_700_000_002, 1200, 2, ["c"], {"failures": 4}],
                ["2001:db8::/64", 1_700_000_001, -1, 1, [], {"failures": 4, "f-port": "22"}],
            ],
            "merged": [8, ["[12:00] \u{e9}\n", "b", "c"]],
            "history": [[2, 1_700_000_002, 1200]],
            "overall": [[2, 1_700_000_002, 1200]],
            "position": 99,
            "jails": ["j"],
        })
    );
}

#[test]
fn the_original_opens_ours_and_purges_it_and_our_own_tables_stay() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("fail2ban.sqlite3");
    write_ours(&file).close().unwrap();
    check_read(&original("read", &file));
    original("purge", &file);
    let mut store = Store::open(&file).unwrap();
    assert!(store.notes().is_empty());
    assert_eq!(load(&mut store, "j").1.failed, 9);
    assert_eq!(store.bans_in_force("j", NOW).unwrap().len(), 2);
}

#[test]
fn the_original_opens_ours_even_after_an_unclean_end() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("fail2ban.sqlite3");
    let store = write_ours(&file);
    // What a killed process leaves behind: the file and its write-ahead log, as they stand while it is open.
    let left = folder.path().join("left.sqlite3");
    for suffix in ["", "-wal"] {
        let name = |path: &Path| PathBuf::from(format!("{}{suffix}", path.display()));
        std::fs::copy(name(&file), name(&left)).unwrap();
    }
    drop(store);
    check_read(&original("read", &left));
    let mut store = Store::open(&left).unwrap();
    assert_eq!(load(&mut store, "j").0.len(), 1);
}

#[test]
fn a_new_file_has_the_originals_tables() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (folder.path().join("ours"), folder.path().join("theirs"));
    drop(Store::open(&ours).unwrap());
    assert_eq!(original("dump", &ours), original("dump", &theirs));
}

/// Sample files of older versions that come with the original's own tests.
fn sample(version: u32) -> PathBuf {
    let path = PathBuf::from(format!(
        "/usr/lib/python3/dist-packages/fail2ban/tests/files/database_v{version}.db"
    ));
    assert!(
        path.exists(),
        "needs the original with its tests: apt-get install fail2ban"
    );
    path
}

#[test]
fn older_versions_are_upgraded_as_the_original_does_after_a_backup_copy() {
    for version in [1, 2] {
        let folder = tempfile::tempdir().unwrap();
        let (ours, theirs) = (folder.path().join("ours"), folder.path().join("theirs"));
        for copy in [&ours, &theirs] {
            std::fs::copy(sample(version), copy).unwrap();
        }
        let store = Store::open(&ours).unwrap();
        assert_eq!(store.notes().len(), 1, "{:?}", store.notes());
        drop(store);
        let backup = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .find(|path| path.to_string_lossy().contains("ours."))
            .expect("a backup copy");
        assert_eq!(std::fs::read(backup).unwrap(), std::fs::read(sample(version)).unwrap());
        let theirs = original("dump", &theirs);
        assert_eq!(original("dump", &ours), theirs);
        assert!(!theirs["bips"][3].as_array().unwrap().is_empty());
        assert!(Store::open(&ours).unwrap().notes().is_empty());
    }
}

#[test]
fn version_3_is_upgraded_with_its_ban_times() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (folder.path().join("ours"), folder.path().join("theirs"));
    for file in [&ours, &theirs] {
        original("write", file);
        rusqlite::Connection::open(file)
            .unwrap()
            .execute_batch("DROP TABLE bips; UPDATE fail2banDb SET version = 3")
            .unwrap();
    }
    drop(Store::open(&ours).unwrap());
    let theirs = original("dump", &theirs);
    assert_eq!(original("dump", &ours), theirs);
    assert_eq!(theirs["bips"][3].as_array().unwrap().len(), 3);
}
