//! What failed is tried again, and never stands twice.
use crate::bench::*;
use bantam_enforce::{Backoff, EffectState, Outcome, Task};
use std::time::Duration;

fn never_banned_twice_without_lifting(log: &[String], action: &str, ip: &str) {
    let (ban, unban) = (format!("{action} ban {ip}"), format!("{action} unban {ip}"));
    let mut standing = false;
    for line in log {
        assert!(!(standing && *line == ban), "{log:?}");
        standing = (standing || *line == ban) && *line != unban;
    }
}

#[test]
fn a_failed_ban_is_lifted_and_tried_again_and_holds_up_nobody() {
    let bench = Bench::new();
    bench.add("a", &[]).make("a-ban-192.0.2.1-fails");
    bench.push(ban("192.0.2.1")).push(ban("192.0.2.2"));
    bench.until_told("the third failure", |outcome| {
        matches!(outcome, Outcome::BanFailed { tries: 3, .. })
    });
    let log = bench.log();
    let second = log.iter().position(|line| line == "a ban 192.0.2.2").unwrap();
    assert!(second <= 4, "{log:?}");
    let failing = EffectState::BanFailing { tries: 3 };
    bench.until("third failure shown", |bench| {
        let states = bench.queue.effects_of(&target("192.0.2.1").id);
        matches!(states[..], [(_, EffectState::BanFailing { tries })] if tries >= 3)
    });
    assert_eq!(bench.queue.status().failing_bans, 1, "{failing:?}");
    bench.remove("a-ban-192.0.2.1-fails");
    bench.until_told("success", |outcome| {
        matches!(outcome, Outcome::Banned { tries: 4.., .. })
    });
    never_banned_twice_without_lifting(&bench.log(), "a", "192.0.2.1");
    assert_eq!(bench.queue.status().standing, 2);
    assert_eq!(bench.queue.status().failing_bans, 0);
}

#[test]
fn waits_between_tries_double_up_to_the_longest() {
    let bench = Bench::new();
    bench.add("a", &[]).make("a-ban-fails");
    bench.push(ban("192.0.2.1"));
    bench.until_told("six failures", |outcome| {
        matches!(outcome, Outcome::BanFailed { tries: 6, .. })
    });
    let waits: Vec<u128> = bench
        .told
        .outcomes
        .lock()
        .iter()
        .filter_map(|outcome| match outcome {
            Outcome::BanFailed { retry_in, .. } => Some(retry_in.as_millis()),
            _ => None,
        })
        .take(6)
        .collect();
    assert_eq!(waits, [10, 20, 40, 80, 80, 80]);
}

#[test]
fn each_action_is_tried_again_on_its_own() {
    let bench = Bench::new();
    bench.add("firewall", &[]).add("cloud", &[]).make("cloud-ban-fails");
    bench.push(ban("192.0.2.1"));
    bench.until_told("three failures", |outcome| {
        matches!(outcome, Outcome::BanFailed { tries: 3, .. })
    });
    let log = bench.log();
    let firewall: Vec<_> = log.iter().filter(|line| line.starts_with("firewall")).collect();
    assert_eq!(firewall, ["firewall ban 192.0.2.1"]);
}

#[test]
fn a_retry_is_dropped_when_its_ban_was_lifted_which_runs_the_unban_once() {
    let bench = Bench::with(Backoff {
        first: Duration::from_millis(300),
        most: Duration::from_millis(300),
        ..backoff()
    });
    bench.add("a", &[]).make("a-ban-fails");
    bench.push(ban("192.0.2.1")).until_idle();
    let before = bench.log();
    bench.push(unban("192.0.2.1")).until_idle();
    assert_eq!(bench.log()[before.len()..], ["a unban 192.0.2.1"]);
    assert!(!bench.exists("may-stand-a-192.0.2.1"));
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(bench.log().len(), before.len() + 1);
    assert_eq!(bench.queue.status().failing_bans, 0);
}

#[test]
fn a_failed_unban_is_tried_again() {
    let bench = Bench::new();
    bench.add("a", &[]).make("a-unban-fails");
    bench.push(ban("192.0.2.1")).push(unban("192.0.2.1"));
    bench.until_told("failure", |outcome| matches!(outcome, Outcome::UnbanFailed { .. }));
    bench.remove("a-unban-fails");
    bench.until_told("success", |outcome| matches!(outcome, Outcome::Unbanned { .. }));
    bench.until_idle();
    assert!(!bench.exists("may-stand-a-192.0.2.1"));
    assert_eq!(bench.queue.effects(), []);
}

#[test]
fn an_unban_that_goes_on_failing_is_given_up_and_stays_written_down() {
    let bench = Bench::new();
    bench.add("a", &[]).make("a-unban-fails");
    bench.push(ban("192.0.2.1")).push(unban("192.0.2.1"));
    bench.until_told("giving up", |outcome| {
        matches!(
            outcome,
            Outcome::UnbanFailed {
                tries: 4,
                retry_in: None,
                ..
            }
        )
    });
    bench.until_idle();
    assert!(bench.exists("may-stand-a-192.0.2.1"));
    assert_eq!(bench.queue.status().failing_unbans, 0);
    assert_eq!(bench.queue.effects(), []);
}

#[test]
fn a_ban_after_an_unban_that_failed_lifts_first() {
    let bench = Bench::with(Backoff {
        first: LONG,
        most: LONG,
        ..backoff()
    });
    bench.add("a", &[]).make("a-unban-fails");
    bench.push(ban("192.0.2.1")).push(unban("192.0.2.1")).until_idle();
    assert_eq!(bench.queue.status().failing_unbans, 1);
    bench.remove("a-unban-fails").push(ban("192.0.2.1")).until_idle();
    let log = bench.log();
    assert_eq!(log[log.len() - 2..], ["a unban 192.0.2.1", "a ban 192.0.2.1"]);
    assert_eq!(bench.queue.status().failing_unbans, 0);
    assert_eq!(bench.queue.status().standing, 1);
}

#[test]
fn a_reban_lifts_first_unless_the_action_knows_how_to_reban() {
    let bench = Bench::new();
    bench
        .add("a", &[])
        .add("b", &[("actionreban", "echo b reban <ip> >> DIR/log")]);
    bench.push(ban("192.0.2.1")).push(Task::Reban {
        target: target("192.0.2.1"),
        only: None,
    });
    bench.until_idle();
    let expected = ["a ban 192.0.2.1", "a unban 192.0.2.1", "a ban 192.0.2.1"];
    assert_eq!(bench.log_of("a"), expected);
    assert_eq!(bench.log_of("b"), ["b ban 192.0.2.1", "b reban 192.0.2.1"]);
    bench.in_order(&["a unban 192.0.2.1", "a ban 192.0.2.1", "b reban 192.0.2.1"]);
}

#[test]
fn a_start_that_failed_is_undone_and_made_up_for_before_the_ban() {
    let bench = Bench::new();
    bench.add("a", &[]).make("a-start-fails");
    bench.push(Task::Start).push(ban("192.0.2.1"));
    bench.until_told("failure", |outcome| matches!(outcome, Outcome::BanFailed { .. }));
    bench.remove("a-start-fails");
    bench.until_told("success", |outcome| matches!(outcome, Outcome::Banned { .. }));
    let log = bench.log();
    let last = ["a unban 192.0.2.1", "a stop", "a start", "a ban 192.0.2.1"];
    assert_eq!(log[log.len() - 4..], last);
}

/// A firewall made of a file: a ban appends a rule, then may fail; an unban takes one rule out.
#[test]
fn no_rule_stands_twice_however_often_bans_fail_half_way() {
    let bench = Bench::new();
    let ban_half_way = "echo <ip> >> DIR/rules; echo >> DIR/tries; \
                        test $(($(wc -l < DIR/tries) % 5)) = 0";
    let lift_one = "cd DIR || exit; grep -qx '<ip>' rules || exit 1; sed -i '0,/^<ip>$/{/^<ip>$/d}' rules";
    bench.add("a", &[("actionban", ban_half_way), ("actionunban", lift_one)]);
    let ips: Vec<String> = (1..=8).map(|last| format!("192.0.2.{last}")).collect();
    for ip in &ips {
        bench.push(ban(ip));
    }
    bench.until("all bans stand", |bench| bench.queue.status().standing == ips.len());
    let rules = std::fs::read_to_string(bench.path("rules")).unwrap();
    let mut rules: Vec<&str> = rules.lines().collect();
    rules.sort_unstable();
    assert_eq!(rules, ips);
    for ip in &ips {
        bench.push(unban(ip));
    }
    bench.until_idle();
    assert_eq!(std::fs::read_to_string(bench.path("rules")).unwrap(), "");
}
