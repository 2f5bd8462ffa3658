//! Lines made to keep expressions busy: they cost little, are reported once by name, and nothing else is missed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    dead_code,
    reason = "tests"
)]

mod house;

use house::House;
use house::Subject::Bantam;

/// What would settle it in linear time knows of no look-ahead, and without that the lines here match.
const EXPLODING: &str = "^(a+)+(?![ab!])";
/// What stands behind an expression in the log's note.
const ADVICE: &str = "took too many steps on a line and was given up there";

/// A jail `door` whose filter has more options, on a log that the attacker fills.
fn house(filter: &str) -> House {
    let mut house = House::new(Bantam);
    house.write("filter.d/door.conf", &format!("[Definition]\n{filter}"));
    house.jail("door", "maxretry = 3\n");
    house.start();
    house
}

/// Crafted lines with honest ones between.
fn attack(house: &House, crafted: &str, lines: usize) {
    for round in 0..3 {
        let mut text = String::new();
        for _ in 0..lines {
            text += crafted;
            text.push('\n');
        }
        text += &format!("{} 192.0.2.{} knocks\n", house::now(), 1 + round % 2);
        text += &format!("{} 192.0.2.1 knocks\n", house::now());
        house.append("door.log", text.as_bytes());
    }
}

fn assert_held(house: &House, what: &str) {
    house.wait_for("whom the honest lines name is banned", || {
        house.is_banned("door", "192.0.2.1")
    });
    house.hear("Found 192.0.2.2", 1);
    house.hear("Found 192.0.2.1", 5);
    assert_eq!(house.says(ADVICE), 1, "{}", house.said());
    let said = house.said();
    let note = said.lines().find(|line| line.contains(ADVICE)).unwrap();
    assert!(note.contains("[door]") && note.contains(what), "{note}");
}

#[test]
fn a_failregex_that_explodes_is_named_once_and_no_other_line_is_missed() {
    let house = house(&format!(
        "failregex = ^\\s*<F-ID>nobody</F-ID>$\n  (?:{EXPLODING})<F-ID></F-ID>\n  ^\\s*<HOST> knocks\ndatepattern = ^EPOCH\n"
    ));
    let crafted = format!("{}b", "a".repeat(50_000));
    attack(&house, &crafted, 10);
    assert_held(&house, &format!("failregex 2 {ADVICE}"));
    assert!(house.said().contains(EXPLODING));
}

#[test]
fn a_prefregex_that_explodes_is_named_once_and_no_other_line_is_missed() {
    let house = house(
        "prefregex = ^\\s*<F-CONTENT>(?:(?:a+)+(?![ab])|\\d\\S+ knocks)</F-CONTENT>\nfailregex = ^<HOST> knocks\ndatepattern = ^EPOCH\n",
    );
    // Without what its failregex needs a line would not get that far.
    attack(&house, &format!("{}b knocks", "a".repeat(50_000)), 10);
    assert_held(&house, &format!("prefregex {ADVICE}"));
}

#[test]
fn an_ignoreregex_that_explodes_is_named_once_and_no_other_line_is_missed() {
    let house = house(&format!(
        "failregex = ^\\s*<HOST> knocks\n  ^a+<F-ID>b</F-ID>c\n  ^d<F-ID>e</F-ID>\n  ^f<F-ID>g</F-ID>\nignoreregex = {EXPLODING}\n\
         datepattern = ^EPOCH\n"
    ));
    attack(&house, &format!("{}b", "a".repeat(50_000)), 10);
    assert_held(&house, &format!("ignoreregex 1 {ADVICE}"));
}

#[test]
fn a_datepattern_that_explodes_is_named_once_and_no_other_line_is_missed() {
    let house = house("failregex = ^\\s*<HOST> knocks\ndatepattern = ^EPOCH\n  ^(?:a+)+(?!b)b%%Y\n");
    attack(&house, &format!("{}b2026", "a".repeat(50_000)), 10);
    assert_held(&house, &format!("datepattern {ADVICE}"));
}

#[test]
fn each_expression_is_named_again_after_a_reload() {
    let house = house(&format!(
        "failregex = (?:{EXPLODING})<F-ID></F-ID>\n  (?:^(b+)+(?![b!]))<F-ID></F-ID>\n  ^\\s*<HOST> knocks\ndatepattern = ^EPOCH\n"
    ));
    let lines = format!("{}!\n{}!\n", "a".repeat(20_000), "b".repeat(20_000));
    house.append("door.log", lines.repeat(3).as_bytes());
    house.hear(&format!("failregex 1 {ADVICE}"), 1);
    house.hear(&format!("failregex 2 {ADVICE}"), 1);
    house.ask(&["reload"]);
    house.append("door.log", lines.repeat(3).as_bytes());
    house.hear(&format!("failregex 2 {ADVICE}"), 2);
    assert_eq!(house.says(ADVICE), 4, "{}", house.said());
}

#[test]
fn lines_of_a_megabyte_delay_the_others_but_lose_none() {
    let house = house(&format!(
        "failregex = (?:{EXPLODING})<F-ID></F-ID>\n  (?:.*.*.*x)<F-ID></F-ID>\n  ^\\s*<HOST> knocks\ndatepattern = ^EPOCH\n"
    ));
    attack(&house, &format!("{}b", "a".repeat(1_000_000)), 1);
    house.wait_for("whom the honest lines name is banned", || {
        house.is_banned("door", "192.0.2.1")
    });
    house.hear("Found 192.0.2.2", 1);
    house.hear("Found 192.0.2.1", 5);
}
