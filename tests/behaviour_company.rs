//! Several jails with one filter on one file: each says, bans and remembers what it would if it were the only one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    dead_code,
    reason = "tests"
)]

mod house;

use house::Subject::Bantam;
use house::{House, pause};
use std::time::Duration;

/// Jails with what tells them apart.
const JAILS: [(&str, &str); 4] = [
    ("two", "maxretry = 2\n"),
    ("three", "maxretry = 3\nmaxmatches = 1\n"),
    ("again", "maxretry = 3\n"),
    ("six", "maxretry = 6\n"),
];
const ALIKE: &str = "ignoreip = 192.0.2.9 198.51.100.0/24\nfindtime = 1h\n";
const LAST: &str = "203.0.113.77";

/// A house with these jails.
fn house(jails: &[(&str, &str)]) -> House {
    let mut house = House::new(Bantam);
    for (name, options) in jails {
        house.jail(name, &format!("{options}{ALIKE}"));
    }
    house.start();
    house
}

/// The same in each house: some fail once, some go on, some are ignored.
fn visit(house: &House, round: usize) {
    for step in 0..40 {
        let who = match (step * 7 + round) % 10 {
            0..4 => "192.0.2.1".to_owned(),
            4..6 => "192.0.2.2".to_owned(),
            6 => "192.0.2.9".to_owned(),
            7 => "198.51.100.3".to_owned(),
            other => format!("203.0.113.{}", step + other),
        };
        house.knock("door.log", &who, 1 + step % 2);
    }
    house.knock("door.log", LAST, 1);
}

/// What a jail said of people, without moments; who is banned, with lines; what it has counted.
fn outcome(house: &House, jail: &str) -> (Vec<String>, Vec<String>, [u64; 3]) {
    let mark = format!("[{jail}] ");
    let said = house.said();
    let words = ["Found ", "Ban ", "Ignore ", "Restore Ban "];
    let mut told: Vec<String> = said
        .lines()
        .filter_map(|line| line.split_once(&mark).map(|(_, text)| text))
        .filter(|text| words.iter().any(|word| text.starts_with(word)))
        .map(|text| text.split(" - ").next().unwrap_or(text).to_owned())
        .collect();
    // What is read at once is said of all first, and then what comes of it.
    told.sort();
    let figures = ["Currently failed", "Total failed", "Total banned"].map(|name| house.figure(jail, name));
    (told, house.list(jail), figures)
}

/// Waits for something that must come soon, if it does.
fn pause_until(holds: impl Fn() -> bool) {
    for _ in 0..100 {
        if holds() {
            return;
        }
        pause();
    }
}

#[test]
fn jails_with_one_filter_do_what_each_would_do_alone_even_over_a_sudden_end() {
    let mut all = house(&JAILS);
    let mut each: Vec<House> = JAILS.iter().map(|jail| house(&[*jail])).collect();
    for round in 1..=4 {
        visit(&all, round);
        for ((jail, _), alone) in JAILS.iter().zip(&each) {
            visit(alone, round);
            let found = |house: &House| house.says(&format!("[{jail}] Found {LAST}"));
            for house in [&all, alone] {
                house.wait_for("all have been found", || found(house) == round);
            }
            // Bans are said a moment later.
            pause_until(|| outcome(&all, jail) == outcome(alone, jail));
            assert_eq!(outcome(&all, jail), outcome(alone, jail), "jail {jail}, round {round}");
        }
        if round == 2 {
            // What was counted is written down every two seconds.
            std::thread::sleep(Duration::from_millis(2500));
            for house in std::iter::once(&mut all).chain(&mut each) {
                house.kill();
                house.start();
            }
        }
        if round == 3 {
            // Who is told to count otherwise goes on by itself.
            all.ask(&["set", "again", "maxmatches", "2"]);
            all.ask(&["set", "three", "addignoreip", "192.0.2.2"]);
            each[2].ask(&["set", "again", "maxmatches", "2"]);
            each[1].ask(&["set", "three", "addignoreip", "192.0.2.2"]);
        }
    }
    for house in std::iter::once(&mut all).chain(&mut each) {
        house.stop();
    }
}
