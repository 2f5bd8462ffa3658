//! A ban that was said to be written is there after `kill -9` at any moment, also while the file is tidied up.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
mod common;

use bantam_state::{BanRow, LogRow, Progress, Store, Totals, tidy};
use common::{load, progress};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const ROUNDS: u32 = 30;
const FILE: &str = "BANTAM_KILL_TEST_FILE";
const ROUND: &str = "BANTAM_KILL_TEST_ROUND";

fn main() {
    match std::env::var_os(FILE) {
        Some(file) => write_for_ever(Path::new(&file)),
        None => no_ban_is_lost(),
    }
}

fn ban(ip: String, bancount: u32) -> BanRow {
    BanRow {
        jail: "j".into(),
        ip,
        timeofban: 1_700_000_000,
        bantime: 600,
        bancount,
        failures: 5,
        matches: vec![[String::new(), String::new(), "a line ".repeat(20)]; 5],
        data: serde_json::Map::new(),
    }
}

fn write_for_ever(file: &Path) {
    let round: u32 = std::env::var(ROUND).unwrap().parse().unwrap();
    let mut store = Store::open(file).unwrap();
    assert!(store.notes().is_empty(), "{:?}", store.notes());
    store.enable_jail("j").unwrap();
    let path = file.to_owned();
    std::thread::spawn(move || {
        loop {
            tidy(&path).unwrap();
        }
    });
    let mut out = std::io::stdout().lock();
    for number in 0u32.. {
        let ip = format!("10.{}.{}.{}", round, number >> 8 & 255, number & 255);
        store.add_ban(&ban(ip.clone(), number + 1)).unwrap();
        let totals = Totals {
            failed: number.into(),
            banned: number.into(),
        };
        let position = LogRow {
            first_line_md5: "0".repeat(32),
            offset: number.into(),
        };
        let counter = (ip.clone(), number, 0, 0);
        let progress = Progress {
            totals,
            ..progress("j", &[counter], &[], Some(("/log", Some(position))))
        };
        store.save_progress(&[progress]).unwrap();
        writeln!(out, "{ip} {}", number + 1).unwrap();
        out.flush().unwrap();
    }
}

fn no_ban_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("fail2ban.sqlite3");
    let mut said: HashMap<String, u32> = HashMap::new();
    for round in 0..ROUNDS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .env(FILE, &file)
            .env(ROUND, round.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        lines.read_line(&mut first).unwrap();
        let reader = std::thread::spawn(move || {
            let mut all = vec![first];
            let mut line = String::new();
            while lines.read_line(&mut line).unwrap() > 0 {
                all.push(std::mem::take(&mut line));
            }
            all
        });
        let moment = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().subsec_nanos();
        std::thread::sleep(Duration::from_micros(u64::from(moment % 30_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        let lines = reader.join().unwrap();
        let last = lines.iter().rev().find_map(|line| {
            let (ip, count) = line.strip_suffix('\n')?.split_once(' ')?;
            said.insert(ip.to_owned(), count.parse().ok()?);
            count.parse::<u64>().ok()
        });
        for line in lines.iter().filter(|line| line.ends_with('\n')) {
            let (ip, count) = line.trim_end().split_once(' ').unwrap();
            said.insert(ip.to_owned(), count.parse().unwrap());
        }
        check(&file, &said, last.expect("the child wrote nothing"));
    }
    assert!(said.len() > ROUNDS as usize * 5, "only {} bans", said.len());
    println!("{} bans said to be written in {ROUNDS} rounds, all there", said.len());
}

fn check(file: &Path, said: &HashMap<String, u32>, last: u64) {
    let mut store = Store::open(file).unwrap();
    assert!(store.notes().is_empty(), "{:?}", store.notes());
    let there: HashMap<String, u32> = store
        .bans_in_force("j", 1_700_000_001)
        .unwrap()
        .into_iter()
        .map(|ban| (ban.ip, ban.bancount))
        .collect();
    for (ip, count) in said {
        assert_eq!(there.get(ip), Some(count), "{ip} was said to be banned");
    }
    // One more may have been written than could be said; position and totals go together.
    let (_, totals) = load(&mut store, "j");
    let position = store.log_position("j", "/log").unwrap().unwrap();
    assert_eq!(position.offset, totals.failed);
    assert!(totals.failed + 1 >= last);
}
