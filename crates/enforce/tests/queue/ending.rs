//! Flush, stop, and what becomes of what was still queued.
use crate::bench::*;
use bantam_enforce::{Backoff, Level, Outcome, Task};
use std::time::Duration;

const FLUSH: (&str, &str) = ("actionflush", "echo flush >> DIR/log; test ! -e DIR/flush-fails");

#[test]
fn a_stop_unbans_everybody_in_order_of_banning_and_stops_actions_in_reverse() {
    let bench = Bench::new();
    bench.add("a", &[]).add("b", &[]).push(Task::Start);
    bench.push(ban("192.0.2.9")).push(ban("192.0.2.1"));
    bench.stop();
    for action in ["a", "b"] {
        let expected = ["unban 192.0.2.9", "unban 192.0.2.1", "stop"].map(|what| format!("{action} {what}"));
        assert_eq!(bench.log_of(action)[3..], expected);
    }
    bench.in_order(&["a unban 192.0.2.9", "b unban 192.0.2.9"]);
    bench.in_order(&["a unban 192.0.2.1", "b unban 192.0.2.1", "b stop", "a stop"]);
    assert!(!bench.exists("may-stand-a-192.0.2.9"));
    let status = bench.queue.status();
    assert!(status.stopped && status.standing == 0);
    assert!(!bench.queue.push(Task::Start));
}

#[test]
fn an_action_that_can_flush_does_so_once_for_all() {
    let bench = Bench::new();
    bench.add("a", &[FLUSH]).push(ban("192.0.2.1")).push(ban("192.0.2.2"));
    bench.push(Task::Flush).push(ban("192.0.2.3")).push(Task::Flush);
    bench.until_idle();
    let expected = [
        "a ban 192.0.2.1",
        "a ban 192.0.2.2",
        "flush",
        "a ban 192.0.2.3",
        "flush",
    ];
    assert_eq!(bench.log(), expected);
    assert_eq!(bench.queue.effects(), []);
    assert!(!bench.exists("may-stand-a-192.0.2.1"));
    let messages = bench.told.messages.lock();
    assert!(
        messages
            .iter()
            .any(|message| { message.level == Level::Notice && message.text == "[jail] Flush ticket(s) with a" })
    );
}

#[test]
fn with_nothing_banned_nothing_is_flushed() {
    let bench = Bench::new();
    bench.add("a", &[FLUSH]).push(Task::Start).stop();
    assert_eq!(bench.log(), ["a start", "a stop"]);
}

#[test]
fn a_flush_that_failed_is_made_up_for_by_single_unbans() {
    let bench = Bench::new();
    bench.add("a", &[FLUSH]).make("flush-fails");
    bench.push(ban("192.0.2.1")).push(Task::Flush).until_idle();
    assert_eq!(bench.log(), ["a ban 192.0.2.1", "flush", "a unban 192.0.2.1"]);
}

#[test]
fn a_flush_lifts_what_a_ban_that_never_took_effect_may_have_left() {
    let bench = Bench::with(Backoff {
        first: LONG,
        most: LONG,
        ..backoff()
    });
    bench.add("a", &[FLUSH]).make("a-ban-fails");
    bench.push(ban("192.0.2.1")).until_idle();
    let before = bench.log().len();
    bench.push(Task::Flush).until_idle();
    assert_eq!(bench.log()[before..], ["a unban 192.0.2.1"]);
    assert_eq!(bench.queue.status().failing_bans, 0);
}

#[test]
fn bans_still_queued_when_the_grace_of_a_stop_is_over_are_dropped() {
    let bench = Bench::with(Backoff {
        stop_grace: Duration::ZERO,
        ..backoff()
    });
    let slow = "echo ban <ip> >> DIR/log; until test -e DIR/go || ! test -d DIR; do sleep 0.01; done";
    bench.add("a", &[("actionban", slow)]).push(ban("192.0.2.1"));
    bench.until("begun", |bench| bench.exists("log"));
    bench.push(ban("192.0.2.2")).push(unban("192.0.2.1")).push(Task::Stop);
    bench.make("go");
    assert!(bench.queue.wait_stopped(LONG));
    assert_eq!(bench.log(), ["ban 192.0.2.1", "a unban 192.0.2.1", "a stop"]);
    let dropped = Outcome::BanDropped {
        id: target("192.0.2.2").id,
    };
    bench.until_told("dropped", |outcome| *outcome == dropped);
}

#[test]
fn an_action_that_only_runs_into_its_time_limit_does_not_keep_a_stop_for_ever() {
    let bench = Bench::new();
    let hang = "echo hang >> DIR/log; sleep 20";
    bench.add("a", &[("actionunban", hang), ("timeout", "0.05")]);
    for last in 1..=20 {
        bench.push(ban(&format!("192.0.2.{last}")));
    }
    bench.until_idle();
    bench.stop();
    let hangs = bench.log().iter().filter(|line| *line == "hang").count();
    assert_eq!(hangs, 6, "three unbans, each repeated once");
    assert!(bench.exists("may-stand-a-192.0.2.20"));
}

#[test]
fn a_queue_that_is_dropped_leaves_what_stands() {
    let bench = Bench::new();
    bench.add("a", &[]).push(ban("192.0.2.1")).until_idle();
    let Bench { dir, told, queue } = bench;
    drop(queue);
    let deadline = std::time::Instant::now() + LONG;
    while !told.outcomes.lock().contains(&Outcome::QueueStopped) {
        assert!(std::time::Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(2));
    }
    let log = std::fs::read_to_string(dir.path().join("log")).unwrap();
    assert_eq!(log, "a ban 192.0.2.1\n");
}
