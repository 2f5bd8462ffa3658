//! What actions do and cannot do: slow ones, failing ones, hostile text on its way to a shell; and who is left alone.
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
use house::{House, Subject, now, text_of};
use std::time::{Duration, Instant};

const WHO: &str = "192.0.2.1";

#[test]
fn a_slow_action_holds_up_no_other_jail_no_reading_and_no_question() {
    let mut house = House::new(Bantam);
    let slow = format!(
        "[Definition]\nactionban = echo slow >> {}; sleep 20\nactionunban = true\n",
        house.at("slow").display()
    );
    house.write("action.d/slow.conf", &slow);
    house.jail("slow", "action = slow\n");
    house.jail("door", "");
    house.start();
    house.knock("door.log", "192.0.2.9", 3);
    house.wait_for("the slow one is at work", || !house.read("slow").is_empty());
    let begun = Instant::now();
    for number in 1..=20 {
        house.knock("door.log", &format!("192.0.2.{}", number + 100), 3);
    }
    house.called("ban 192.0.2.120");
    house.wait_for("the slow jail has judged all", || house.list("slow").len() == 21);
    house.ask(&["status", "slow"]);
    house.ask(&["set", "slow", "maxretry", "4"]);
    house.ask(&["reload", "door"]);
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    house.kill();
}

/// A jail whose firewall is quick and whose messages take a second each.
fn house_with_slow_messages() -> House {
    let mut house = House::new(Bantam);
    let (events, calls) = (house.at("events"), house.at("calls"));
    let message = format!(
        "[Definition]\nactionban = echo 'begin <ip>' >> {0}; sleep 1; echo 'told <ip>' >> {0}\n",
        events.display()
    );
    house.write("action.d/message.conf", &message);
    let action = format!(
        "action = note[calls={}]\n         note[actname=wall, calls={}]\n         message\n",
        calls.display(),
        events.display()
    );
    house.jail("door", &action);
    house.start();
    house
}

#[test]
fn a_message_that_takes_long_does_not_delay_the_next_clients_ban() {
    let mut house = house_with_slow_messages();
    for number in 1..=20 {
        house.knock("door.log", &format!("192.0.2.{number}"), 3);
    }
    house.wait_for("the third message is being sent", || {
        house.read("events").contains("begin 192.0.2.3\n")
    });
    let events = house.read("events");
    let place = |event: &str| events.lines().position(|line| line == event);
    let told = place("told 192.0.2.2");
    for number in 1..=20 {
        let banned = place(&format!("ban 192.0.2.{number}"));
        assert!(banned.is_some() && banned < told, "{number}: {events}");
        let begun = place(&format!("begin 192.0.2.{number}"));
        assert!(
            begun.is_none_or(|begun| banned < Some(begun)),
            "told before it is true: {events}"
        );
    }

    // Unbanned while its message waits, and a reload that takes the messages away: the firewall follows at once.
    house.ask(&["set", "door", "unbanip", "192.0.2.20"]);
    house.called("unban 192.0.2.20");
    house.jail("door", "");
    house.ask(&["reload"]);
    house.knock("door.log", "192.0.2.30", 3);
    house.called("ban 192.0.2.30");
    assert!(
        !house.read("events").contains("begin 192.0.2.19\n"),
        "{}",
        house.read("events")
    );
    let begun = Instant::now();
    house.stop();
    assert!(begun.elapsed() < Duration::from_secs(12), "{:?}", begun.elapsed());
    assert!(house.calls().contains(&"unban 192.0.2.30".to_owned()));
    assert_eq!(house.calls().last().map(String::as_str), Some("stop door"));
}

#[test]
fn a_ban_that_fails_is_told_with_its_output_and_tried_until_it_works() {
    let mut house = House::new(Bantam);
    let action = format!(
        "[Definition]\nactionban = echo try >> {tries}; test -e {ready} || {{ echo out of order >&2; exit 3; }}; echo 'ban <ip>' >> {calls}\n\
         actionunban = echo 'unban <ip>' >> {calls}\n",
        tries = house.at("tries").display(),
        ready = house.at("ready").display(),
        calls = house.at("calls").display(),
    );
    house.write("action.d/shaky.conf", &action);
    house.jail("door", "action = shaky\n");
    house.start();
    house.knock("door.log", WHO, 3);
    house.hear("out of order", 1);
    house.hear("NOT yet banned", 2);
    house.write("ready", "");
    house.called("ban 192.0.2.1");
    house.hear("took effect", 1);
    house.ask(&["set", "door", "unbanip", WHO]);
    house.called("unban 192.0.2.1");

    // Unbanned in between, it is tried no more.
    house.remove("ready");
    house.knock("door.log", "192.0.2.2", 3);
    house.hear("192.0.2.2 is NOT yet banned", 1);
    house.ask(&["set", "door", "unbanip", "192.0.2.2"]);
    house.called("unban 192.0.2.2");
    let tries = house.read("tries").lines().count();
    house.write("ready", "");
    std::thread::sleep(Duration::from_millis(3500));
    assert_eq!(house.read("tries").lines().count(), tries, "{}", house.story());
    assert!(!house.calls().contains(&"ban 192.0.2.2".to_owned()));
    house.stop();
}

/// Everything a log line may carry into a shell, a log or a terminal.
const HOSTILE: [&str; 12] = [
    "$(touch OWNED)",
    "`touch OWNED`",
    "; touch OWNED #",
    "'; touch OWNED; '",
    "\"; touch OWNED; \"",
    "&& touch OWNED || touch OWNED",
    "| touch OWNED",
    "\\\"$(touch OWNED)\\\"",
    "${IFS}touch${IFS}OWNED > OWNED",
    "\u{1b}[2J\u{202e}gpj.\u{7}$(touch OWNED)",
    "\\n2026-01-01 00:00:00,000 fail2ban.actions [1]: NOTICE [door] Ban 203.0.113.7",
    "<ip> <F-USER> %(x)s !touch OWNED\r2026-01-01 [door] Ban 203.0.113.7",
];

fn hostile_text_is_only_text(subject: Subject) {
    let mut house = House::new(subject);
    house.write(
        "filter.d/door.conf",
        "[Definition]\nfailregex = ^\\s*<HOST> knocks as <F-USER>.*</F-USER>$\ndatepattern = ^EPOCH\n",
    );
    // Bare, and between double quotes, as people write it. Single quotes do not take tags.
    let told = house.at("told").display().to_string();
    let action = format!(
        "[Definition]\nactionban = cd {folder} && printf '%%s\\n' \"u=<F-USER>\" >> {told}\n            printf '%%s ' bare <F-USER> >/dev/null\n            \
         printf '%%s\\n' \"m=<matches>\" >> {told}.matches\n            echo <matches> >/dev/null\n            echo \"<ip> $(echo \"<F-USER>\")\" > /dev/null\n\
         actionunban =\n",
        folder = house.folder().display()
    );
    house.write("action.d/tell.conf", &action);
    house.jail("door", "action = tell\nmaxretry = 2\n");
    house.start();
    for (number, text) in HOSTILE.iter().enumerate() {
        let line = format!("{} 192.0.2.{} knocks as {text}\n", now(), number + 1);
        house.append("door.log", line.repeat(2).as_bytes());
    }
    // Bytes that are no text at all.
    let raw = [
        format!("{} 192.0.2.99 knocks as ", now()).as_bytes(),
        b"\xff\xfe$(touch OWNED)\x00\x01\n",
    ]
    .concat();
    house.append("door.log", &raw.repeat(2));
    house.wait_for("all are banned", || house.list("door").len() == HOSTILE.len() + 1);
    house.wait_for("all are told", || {
        house.read("told").matches("u=").count() == HOSTILE.len() + 1
    });
    let owned: Vec<_> = std::fs::read_dir(house.folder())
        .unwrap()
        .flatten()
        .filter(|f| f.file_name().to_string_lossy().contains("OWNED"))
        .collect();
    assert!(owned.is_empty(), "executed: {owned:?}");
    let told = house.read("told");
    for text in HOSTILE.iter().filter(|text| !text.contains('\r')) {
        assert!(
            told.contains(&format!("u={text}\n")),
            "{text:?} arrived changed in {told:?}"
        );
    }
    // No line of the log that nobody wrote.
    for line in house.said().lines() {
        assert!(
            line.contains(" fail2ban.") && !line.starts_with("2026-01-01"),
            "forged: {line:?}"
        );
        assert!(
            !line.contains("Ban 203.0.113.7") && !line.contains('\u{1b}') && !line.contains('\u{202e}'),
            "{line:?}"
        );
    }
    house.stop();
}

#[test]
fn hostile_text_in_a_log_is_never_executed_and_forges_no_line() {
    hostile_text_is_only_text(Bantam);
}

#[test]
fn hostile_ids_are_told_as_text_by_log_and_status() {
    let mut house = House::new(Bantam);
    house.write(
        "filter.d/door.conf",
        "[Definition]\nfailregex = ^\\s*<F-ID>.+</F-ID> knocks$\ndatepattern = ^EPOCH\n",
    );
    house.jail("door", "maxretry = 1\nusedns = no\n");
    house.start();
    let id = "x\u{1b}[2J\u{202e}$(touch OWNED)\r[door] Ban 203.0.113.7";
    house.append("door.log", format!("{} {id} knocks\n", now()).as_bytes());
    house.hear("[door] Ban x", 1);
    house.wait_for("the action ran", || !house.calls().is_empty());
    let said = house.said();
    assert!(
        !said.contains('\u{1b}') && !said.contains('\r') && !said.contains('\u{202e}'),
        "{said:?}"
    );
    house.ask(&["status", "door"]);
    assert!(!house.at("OWNED").exists());
    house.stop();
}

/// A jail that asks a program about everybody, beside one on the same log that asks nobody. The program writes down
/// whom it is asked about and answers when `go` is there: 198.51.100.* are friends.
fn house_with_a_slow_question() -> House {
    let house = House::new(Bantam);
    let script = format!(
        "#!/bin/sh\necho \"$1\" >> {0}/asked\nuntil test -e {0}/go || ! test -d {0}; do sleep 0.02; done\n\
         case $1 in 198.51.100.*) exit 0;; esac\nexit 1\n",
        house.folder().display()
    );
    house.program("is-friend", &script);
    house.jail("asks", "ignorecommand = is-friend <ip>\n");
    house.jail("door", "");
    house
}

#[test]
fn a_question_that_takes_long_holds_up_no_other_jail_and_its_failures_are_judged_in_order_when_it_is_answered() {
    let mut house = house_with_a_slow_question();
    house.start();
    house.knock("door.log", "198.51.100.1", 3);
    house.knock("door.log", "192.0.2.1", 3);
    house.wait_for("the first question", || !house.read("asked").is_empty());
    house.knock("door.log", "192.0.2.2", 3);
    house.wait_for("the other jail has banned all", || house.list("door").len() == 3);
    let status = house.ask(&["status", "asks", "lag"]);
    assert!(status.contains("Failures waiting:\t9"), "{status}");
    assert_eq!(house.figure("asks", "Total failed"), 0);
    house.ask(&["set", "asks", "maxretry", "3"]);
    house.ask(&["reload"]);
    assert_eq!(
        house.read("asked").lines().count(),
        1,
        "no second question before the first is answered"
    );

    house.write("go", "");
    house.wait_for("all are judged", || house.list("asks").len() == 2);
    assert_eq!(house.list("asks"), ["192.0.2.1", "192.0.2.2"]);
    let asked: Vec<String> = house.read("asked").lines().map(str::to_owned).collect();
    let expected = ["198.51.100.1", "192.0.2.1", "192.0.2.2"]
        .map(|who| vec![who; 3])
        .concat();
    assert_eq!(asked, expected, "in the order of the log");
    assert_eq!(house.says("[asks] Ignore 198.51.100.1 by command"), 3);
    assert_eq!(house.figure("asks", "Total failed"), 6);
    house.stop();
}

#[test]
fn failures_that_wait_for_an_answer_are_counted_once_after_a_stop_and_after_a_sudden_end() {
    let mut house = house_with_a_slow_question();
    house.start();
    house.write("go", "");
    house.knock("door.log", "192.0.2.9", 1);
    house.wait_for("one is counted", || house.figure("asks", "Total failed") == 1);
    house.remove("go");
    house.knock("door.log", "192.0.2.1", 1);
    house.wait_for("the question", || house.read("asked").contains("192.0.2.1"));
    house.knock("door.log", "192.0.2.1", 1);
    house.wait_for("the other jail has counted it", || {
        house.figure("door", "Total failed") == 3
    });
    // Longer than progress takes to be written where there is any.
    std::thread::sleep(Duration::from_millis(2500));
    house.kill();

    house.start();
    house.wait_for("asked again", || house.read("asked").lines().count() == 3);
    house.stop();

    house.write("go", "");
    house.start();
    house.wait_for("both are counted", || house.figure("asks", "Total failed") == 3);
    assert_eq!(house.figure("asks", "Currently failed"), 2);
    assert!(house.list("asks").is_empty());
    house.knock("door.log", "192.0.2.1", 1);
    house.wait_for("the third is one too many", || house.is_banned("asks", "192.0.2.1"));
    house.stop();
}

/// One jail, many ways of being left alone.
fn who_is_left_alone(subject: Subject) {
    let mut house = House::new(subject);
    house.write("friends", "# friends\n198.51.100.7\n198.51.100.64/28\n");
    house.program(
        "is-friend",
        &format!(
            "#!/bin/sh\necho \"$1\" >> {}\ncase $1 in 198.51.100.200|198.51.100.201) exit 0;; esac\nexit 1\n",
            house.at("asked").display()
        ),
    );
    house.jail(
        "door",
        &format!(
            "maxretry = 1\nignoreself = true\nignoreip = 203.0.113.0/24 2001:db8::/32 localhost{}\n\
             ignorecommand = {} <ip>\nignorecache = key=\"<ip>\", max-count=50, max-time=5m\n",
            // Files are newer than the installed original.
            if subject == Bantam {
                format!(" file:{}", house.at("friends").display())
            } else {
                String::new()
            },
            house.at("bin/is-friend").display()
        ),
    );
    house.start();
    let mut left_alone = vec![
        "203.0.113.77",
        "2001:db8::5",
        "127.0.0.1",
        "198.51.100.200",
        "198.51.100.201",
    ];
    if subject == Bantam {
        left_alone.extend(["198.51.100.7", "198.51.100.70"]);
    }
    for who in &left_alone {
        house.knock("door.log", who, 2);
    }
    for who in ["198.51.100.8", "2001:db9::1"] {
        house.knock("door.log", who, 1);
        house.wait_for(&format!("{who} is banned"), || house.is_banned("door", who));
    }
    let mut banned = house.list("door");
    banned.sort();
    assert_eq!(banned, ["198.51.100.8", "2001:db9::1"], "{}", house.story());
    assert!(house.says("Ignore 203.0.113.77 by ip") == 2 || house.says("Ignore 203.0.113.77 by ip") == 1);
    assert!(house.says("Ignore 198.51.100.200 by command") >= 1);
    assert!(house.says("Ignore 127.0.0.1 by") >= 1);
    let asked = house.read("asked");
    assert_eq!(
        asked.lines().filter(|who| *who == "198.51.100.200").count(),
        1,
        "the cache answers the second time"
    );
    if subject == Bantam {
        let by_file = format!("Ignore 198.51.100.7 by file:/{}", house.at("friends").display());
        assert!(house.says(&by_file) >= 1, "{}", house.story());
        // A file that changes counts without a reload.
        std::thread::sleep(Duration::from_millis(1100));
        house.write("friends", "198.51.100.99\n");
        std::thread::sleep(Duration::from_millis(1100));
        house.knock("door.log", "198.51.100.99", 1);
        house.hear("Ignore 198.51.100.99 by file:", 1);
    }
    house.stop();
}

#[test]
fn bantam_leaves_alone_whom_it_is_told_to() {
    who_is_left_alone(Bantam);
}

#[test]
fn the_original_leaves_alone_whom_it_is_told_to() {
    who_is_left_alone(Original);
}

/// The same commands by hand to both; all answers are alike.
fn by_hand(subject: Subject) -> Vec<String> {
    let mut house = House::new(subject);
    house.jail("door", "maxmatches = 2\nbantime = -1\n");
    house.jail("gate", "");
    house.start();
    let mut answers = Vec::new();
    let mut ask = |words: &[&str]| {
        let done = house.client(words);
        let text = text_of(&done)
            .lines()
            .map(|line| line.split_once("]: ").map_or(line, |(_, rest)| rest))
            .collect::<Vec<_>>()
            .join("|");
        let text = text.replace(&house.folder().display().to_string(), "DIR");
        answers.push(format!("{words:?} -> {text}"));
    };
    ask(&[
        "set",
        "door",
        "banip",
        WHO,
        "192.0.2.2",
        "2001:DB8::0:1",
        "192.0.2.0/28",
    ]);
    ask(&["set", "door", "banip", WHO]);
    ask(&["get", "door", "banned"]);
    ask(&["get", "door", "banned", WHO, "192.0.2.77"]);
    ask(&["set", "door", "unbanip", "192.0.2.2", "192.0.2.77"]);
    ask(&["set", "door", "unbanip", "--report-absent", "192.0.2.77"]);
    ask(&["set", "gate", "banip", WHO]);
    ask(&["banned", WHO]);
    ask(&["unban", WHO]);
    ask(&["banned"]);
    ask(&["set", "door", "attempt", "192.0.2.50", "one", "two"]);
    ask(&["status", "gate"]);
    ask(&["set", "door", "attempt", "192.0.2.50", "three"]);
    house.wait_for("three attempts ban", || house.is_banned("door", "192.0.2.50"));
    ask(&["get", "door", "banned", "192.0.2.50"]);
    ask(&["unban", "--all"]);
    ask(&["banned"]);
    ask(&["unban"]);
    house.wait_for("all is lifted", || {
        house.calls().iter().filter(|call| call.starts_with("unban")).count() >= 5
    });
    ask(&["set", "door", "banip", "192.0.2.60"]);
    let with_time = house.ask(&["get", "door", "banip", "--with-time"]);
    assert!(
        with_time.starts_with("192.0.2.60 \t") && with_time.trim_end().ends_with(" + -1 = 9999-12-31 23:59:59"),
        "{with_time:?}"
    );
    let calls = house.calls();
    for call in [
        "ban 192.0.2.1",
        "unban 192.0.2.1",
        "ban 192.0.2.50",
        "unban 192.0.2.50",
        "ban 192.0.2.0/28",
    ] {
        assert!(calls.contains(&call.to_owned()), "{call}: {}", house.story());
    }
    house.stop();
    answers
}

#[test]
fn bans_by_hand_are_answered_as_by_the_original() {
    let (own, other) = std::thread::scope(|scope| {
        let own = scope.spawn(|| by_hand(Bantam));
        let other = scope.spawn(|| by_hand(Original));
        (own.join().unwrap(), other.join().unwrap())
    });
    for (own, other) in own.iter().zip(&other) {
        assert_eq!(own, other);
    }
}

#[test]
fn a_ban_without_end_is_restored_and_its_lines_are_kept_up_to_maxmatches() {
    let mut house = House::new(Bantam);
    let action = format!(
        "[Definition]\nactionban = printf '%%s\\n' \"<matches>\" > {0}.<ip>\nactionunban =\n",
        house.at("lines").display()
    );
    house.write("action.d/lines.conf", &action);
    house.jail("door", "bantime = -1\nmaxmatches = 2\nmaxretry = 4\naction = lines\n");
    house.start();
    house.knock("door.log", WHO, 4);
    house.wait_for("the lines are told", || {
        house.read("lines.192.0.2.1").lines().count() == 2
    });
    house.stop();
    house.start();
    assert!(house.is_banned("door", WHO));
    assert!(
        house
            .ask(&["get", "door", "banip", "--with-time"])
            .contains(" + -1 = 9999-12-31")
    );
    house.stop();
}

#[test]
fn an_idle_jail_lets_its_lines_wait_and_loses_none() {
    let mut house = House::with_door(Bantam);
    house.jail("gate", "maxretry = 100\n");
    house.start();
    house.knock("door.log", WHO, 1);
    house.hear(&format!("Found {WHO}"), 2);
    house.ask(&["set", "door", "idle", "on"]);
    house.ask(&["set", "gate", "idle", "on"]);
    house.knock("door.log", WHO, 2);
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(house.says(&format!("Found {WHO}")), 2, "an idle jail reads nothing");
    house.ask(&["set", "gate", "idle", "off"]);
    house.hear(&format!("[gate] Found {WHO}"), 3);
    assert!(!house.is_banned("door", WHO));
    // Without a further line.
    house.ask(&["set", "door", "idle", "off"]);
    house.wait_for("what waited is counted", || house.is_banned("door", WHO));
    assert_eq!(house.says(&format!("[door] Found {WHO}")), 3);
    assert_eq!(house.says(&format!("[gate] Found {WHO}")), 3);
    // Alone on its file, and over a rotation.
    house.write("own.log", "");
    house.jail("own", &format!("logpath = {}\n", house.at("own.log").display()));
    house.ask(&["reload"]);
    house.knock("own.log", WHO, 1);
    house.hear(&format!("[own] Found {WHO}"), 1);
    house.ask(&["set", "own", "idle", "on"]);
    house.knock("own.log", WHO, 1);
    std::fs::rename(house.at("own.log"), house.at("own.log.1")).unwrap();
    // Another first line: that is how files are told apart.
    house.knock_at("own.log", WHO, 1, now() - 5);
    house.ask(&["set", "own", "idle", "off"]);
    house.wait_for("the rotated line is counted too", || house.is_banned("own", WHO));
    assert_eq!(house.says(&format!("[own] Found {WHO}")), 3);
    house.stop();
}
