//! The write-ahead log stays bounded, whoever tidies up or does not, and the file is whole at any moment.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
use bantam_state::{BanRow, Store, tidy};
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

fn ban(number: u32) -> BanRow {
    BanRow {
        jail: format!("j{}", number % 7),
        ip: format!("10.0.{}.{}", number >> 8, number & 255),
        timeofban: 1_700_000_000,
        bantime: 600,
        bancount: number,
        failures: 5,
        matches: vec![
            [
                String::new(),
                String::new(),
                format!("{{\"a\":\"line\",\"number\":{number}}}").repeat(40)
            ];
            5
        ],
        data: serde_json::Map::new(),
    }
}

fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Pages of the log, and what else stands in it.
const PAGE: u64 = 4096 + 24;

fn length(file: &Path) -> u64 {
    std::fs::metadata(file).map_or(0, |meta| meta.len())
}

/// How many pages stand in the log alone.
fn left(file: &Path) -> i64 {
    let look = |row: &rusqlite::Row<'_>| Ok(row.get::<_, i64>(1)? - row.get::<_, i64>(2)?);
    let connection = Connection::open(file).unwrap();
    connection.query_row("PRAGMA wal_checkpoint = NOOP", [], look).unwrap()
}

/// Says how many bans stand there, each of them whole and in its place.
fn count(file: &Path) -> u32 {
    let connection = Connection::open(file).unwrap();
    let verdict: String = connection
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(verdict, "ok");
    let mut bans = connection
        .prepare(
            "SELECT jail, ip, bancount, data FROM bans JOIN bips USING (jail, ip, timeofban, bantime, bancount, data)",
        )
        .unwrap();
    let rows = bans
        .query_map([], |row| {
            let whole: Vec<u8> = row.get(3)?;
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, u32>(2)?,
                whole.len(),
            ))
        })
        .unwrap();
    let mut number = 0;
    for row in rows {
        let (jail, ip, bancount, length) = row.unwrap();
        let expected = ban(bancount);
        assert_eq!((jail, ip), (expected.jail, expected.ip));
        assert!(length > expected.matches[0][2].len() * 5);
        number += 1;
    }
    number
}

#[test]
fn the_log_is_bounded_though_nobody_tidies_up() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("f.sqlite3");
    let mut store = Store::open(&file).unwrap();
    let (mut longest, mut shortest_after) = (0, u64::MAX);
    for number in 0..3500 {
        store.add_ban(&ban(number)).unwrap();
        let log = length(&beside(&file, "-wal"));
        if log >= longest {
            longest = log;
        } else {
            shortest_after = shortest_after.min(log);
        }
    }
    assert!((11_000 * PAGE..12_200 * PAGE).contains(&longest), "{longest} bytes");
    assert!(shortest_after < 9 << 20, "{shortest_after} bytes are left of it");
    store.close().unwrap();
    assert_eq!(count(&file), 3500);
}

#[test]
fn the_log_is_begun_anew_after_tidying_up() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("f.sqlite3");
    let mut store = Store::open(&file).unwrap();
    let mut number = 0;
    let mut write = |store: &mut Store, more: u32| {
        for _ in 0..more {
            store.add_ban(&ban(number)).unwrap();
            number += 1;
        }
    };
    write(&mut store, 20);
    assert!(!store.is_grown(false).unwrap());
    for _ in 0..4 {
        while !store.is_grown(false).unwrap() {
            write(&mut store, 1);
        }
        tidy(&file).unwrap();
        assert!(!store.is_grown(false).unwrap());
    }
    assert!(length(&beside(&file, "-wal")) < 1100 * PAGE);
    store.close().unwrap();
    assert_eq!(count(&file), number);
}

#[test]
fn while_there_is_more_urgent_work_the_log_may_grow_longer() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&folder.path().join("f.sqlite3")).unwrap();
    let mut bans = (0..).map(ban);
    let mut until_grown = |is_busy| {
        while !store.is_grown(is_busy).unwrap() {
            store.add_ban(&bans.next().unwrap()).unwrap();
        }
        length(&beside(&folder.path().join("f.sqlite3"), "-wal")) / PAGE
    };
    let (idle, busy) = (until_grown(false), until_grown(true));
    assert!(
        (1000..1100).contains(&idle) && (8000..8400).contains(&busy),
        "{idle}, {busy} pages"
    );
}

#[test]
fn bans_are_whole_in_a_copy_while_another_thread_tidies_up() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("f.sqlite3");
    let mut store = Store::open(&file).unwrap();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                tidy(&file).unwrap();
            }
        });
        for number in 0..2000 {
            store.add_ban(&ban(number)).unwrap();
        }
        is_over.store(true, Ordering::Relaxed);
    });
    // As a crash would leave it.
    let copy = folder.path().join("copy.sqlite3");
    std::fs::copy(&file, &copy).unwrap();
    std::fs::copy(beside(&file, "-wal"), beside(&copy, "-wal")).unwrap();
    assert_eq!(count(&copy), 2000);
    // However much was written meanwhile, it is brought in now: by the next commit, or by the next who tidies up.
    store.add_ban(&ban(2000)).unwrap();
    tidy(&file).unwrap();
    assert_eq!(left(&file), 0);
    store.close().unwrap();
    assert!(!beside(&file, "-wal").exists(), "all is in the one file");
    assert_eq!(count(&file), 2001);
}

#[test]
fn without_a_log_there_is_nothing_to_tidy_up() {
    assert!(!Store::in_memory().unwrap().is_grown(false).unwrap());
    let folder = tempfile::tempdir().unwrap();
    assert!(tidy(&folder.path().join("missing")).is_err());
}
