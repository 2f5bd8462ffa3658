//! What happens while all goes well.
use crate::bench::*;
use bantam_enforce::{EffectState, Level, Logger, Outcome, Task};
use std::time::{Duration, Instant};

#[test]
fn each_action_carries_tasks_out_in_the_order_in_which_they_came_and_after_the_action_before() {
    let bench = Bench::new();
    bench.add("a", &[]).add("b", &[]).push(Task::Start);
    bench.push(ban("192.0.2.1")).push(ban("192.0.2.2"));
    bench.push(unban("192.0.2.1")).until_idle();
    let expected = ["start", "ban 192.0.2.1", "ban 192.0.2.2", "unban 192.0.2.1"];
    for action in ["a", "b"] {
        assert_eq!(bench.log_of(action), expected.map(|what| format!("{action} {what}")));
    }
    for what in expected {
        bench.in_order(&[&format!("a {what}"), &format!("b {what}")]);
    }
    bench.in_order(&["b start", "a ban 192.0.2.1"]);
    assert_eq!(bench.queue.effects_of(&target("192.0.2.1").id), []);
    let states = bench.queue.effects_of(&target("192.0.2.2").id);
    let standing = EffectState::Standing;
    assert_eq!(states, [("a".into(), standing), ("b".into(), standing)]);
    assert_eq!(bench.queue.status().standing, 2);
}

#[test]
fn what_an_action_is_about_to_do_is_written_down_before_it_does_it() {
    let bench = Bench::new();
    let proof = "cd DIR && test -e may-stand-a-192.0.2.1 && touch was-written-down";
    let start = "cd DIR && test -e may-stand-a-start && touch start-was-written-down";
    bench.add("a", &[("actionban", proof), ("actionstart", start)]);
    bench.push(Task::Start).push(ban("192.0.2.1")).until_idle();
    assert!(bench.exists("was-written-down") && bench.exists("start-was-written-down"));
    bench.push(unban("192.0.2.1")).until_idle();
    assert!(!bench.exists("may-stand-a-192.0.2.1"));
    assert!(bench.exists("may-stand-a-start"));
    bench.stop();
    assert!(!bench.exists("may-stand-a-start"));
}

#[test]
fn a_slow_action_holds_up_no_other_jail() {
    let (slow, quick) = (Bench::new(), Bench::new());
    slow.add("a", &[("actionban", "touch DIR/began; sleep 20")]);
    slow.push(ban("192.0.2.1"))
        .until("begun", |bench| bench.exists("began"));
    quick.add("a", &[]);
    let began = Instant::now();
    quick.push(ban("192.0.2.1")).until_idle();
    assert!(began.elapsed() < Duration::from_secs(10));
    assert!(slow.queue.status().busy_for.is_some());
}

#[test]
fn pushing_asking_and_setting_do_not_wait_for_a_running_command() {
    let bench = Bench::new();
    let slow = "touch DIR/began; until test -e DIR/go || ! test -d DIR; do sleep 0.01; done; echo old >> DIR/log";
    bench.add("a", &[("actionban", slow)]).push(ban("192.0.2.1"));
    bench.until("begun", |bench| bench.exists("began"));
    bench.push(ban("192.0.2.2"));
    let definition = bench.queue.definition("a").unwrap();
    let new = format!("echo new >> {}", bench.path("log").display());
    definition.set("actionban", &new).unwrap();
    assert_eq!(definition.snapshot().get("actionban"), Some(new.as_str()));
    let status = bench.queue.status();
    assert_eq!(status.pending, 1);
    assert!(status.busy_for.is_some());
    bench.make("go").until_idle();
    assert_eq!(bench.log(), ["old", "new"]);
}

#[test]
fn thousands_of_queued_bans_are_counted_and_their_lag_is_told() {
    let bench = Bench::new();
    bench.add("a", &[("actionban", "touch DIR/began; sleep 20")]);
    bench
        .push(ban("192.0.2.1"))
        .until("begun", |bench| bench.exists("began"));
    for number in 0..5000_u32 {
        let ip = std::net::Ipv4Addr::from(0x0a00_0000 + number);
        bench.push(ban(&ip.to_string()));
    }
    std::thread::sleep(Duration::from_millis(20));
    let status = bench.queue.status();
    assert_eq!(status.pending, 5000);
    assert!(status.lag >= Duration::from_millis(20));
}

#[test]
fn restored_bans_are_left_out_by_actions_that_say_so() {
    let bench = Bench::new();
    bench.add("mail", &[("norestored", "True")]).add("fire", &[]);
    let restored = Task::Ban {
        target: target("192.0.2.1"),
        restored: true,
        only: None,
    };
    bench.push(restored).push(ban("192.0.2.2")).until_idle();
    assert_eq!(bench.log_of("mail"), ["mail ban 192.0.2.2"]);
    assert_eq!(bench.log_of("fire"), ["fire ban 192.0.2.1", "fire ban 192.0.2.2"]);
    bench.in_order(&["mail ban 192.0.2.2", "fire ban 192.0.2.2"]);
}

#[test]
fn a_ban_by_one_action_leaves_the_others_alone() {
    let bench = Bench::new();
    bench.add("a", &[]).add("b", &[]);
    bench.push(Task::Ban {
        target: target("192.0.2.1"),
        restored: false,
        only: Some("b".into()),
    });
    bench.until_idle();
    assert_eq!(bench.log(), ["b ban 192.0.2.1"]);
}

#[test]
fn a_longer_ban_is_told_to_actions_that_care() {
    let bench = Bench::new();
    bench
        .add("a", &[])
        .add("b", &[("actionprolong", "echo prolong <ip> >> DIR/log")]);
    bench.push(ban("192.0.2.1")).push(Task::Prolong {
        target: target("192.0.2.1"),
        restored: false,
    });
    bench.until_idle();
    assert_eq!(bench.log().last().unwrap(), "prolong 192.0.2.1");
    assert_eq!(bench.log().len(), 3);
}

#[test]
fn an_action_added_to_a_running_jail_is_started_and_one_removed_unbans_and_stops() {
    let bench = Bench::new();
    bench.add("a", &[]).push(Task::Start).add("b", &[]);
    bench.push(ban("192.0.2.1"));
    bench.push(Task::RemoveAction { name: "a".into() }).until_idle();
    let expected = ["a start", "a ban 192.0.2.1", "a unban 192.0.2.1", "a stop"];
    assert_eq!(bench.log_of("a"), expected);
    assert_eq!(bench.log_of("b"), ["b start", "b ban 192.0.2.1"]);
    assert_eq!(bench.queue.actions(), ["b".into()]);
    let states = bench.queue.effects_of(&target("192.0.2.1").id);
    assert_eq!(states, [("b".into(), EffectState::Standing)]);
}

#[test]
fn what_a_predecessor_left_is_lifted_once_and_its_absence_is_no_error() {
    let bench = Bench::new();
    bench.add("a", &[]).make("a-unban-fails").make("a-stop-fails");
    bench.make("may-stand-a-192.0.2.1").make("may-stand-a-startinet4");
    bench.push(Task::Lift {
        action: "a".into(),
        target: target("192.0.2.1"),
    });
    bench.push(Task::Halt {
        action: "a".into(),
        family: "inet4".to_owned(),
    });
    bench.until_idle();
    assert_eq!(bench.log(), ["a unban 192.0.2.1", "a stop"]);
    assert!(!bench.exists("may-stand-a-192.0.2.1"));
    assert!(!bench.exists("may-stand-a-startinet4"));
    let messages = bench.told.messages.lock();
    assert!(messages.iter().any(|message| message.text.ends_with("-- returned 1")));
    assert!(messages.iter().all(|message| message.level <= Level::Debug));
}

#[test]
fn a_broken_environment_is_restored_and_told() {
    let bench = Bench::new();
    let check = "echo check >> DIR/log; test ! -e DIR/broken";
    let repair = "echo repair >> DIR/log; rm DIR/broken DIR/a-ban-fails";
    bench.add("a", &[("actioncheck", check), ("actionrepair", repair)]);
    bench.make("broken").make("a-ban-fails");
    bench.push(ban("192.0.2.1")).until_idle();
    let expected = [
        "a ban 192.0.2.1",
        "a unban 192.0.2.1",
        "check",
        "repair",
        "check",
        "a ban 192.0.2.1",
    ];
    assert_eq!(bench.log(), expected);
    let restored = Outcome::Restored { action: "a".into() };
    bench.until_told("restored", |outcome| *outcome == restored);
}

#[test]
fn bans_that_were_lost_with_an_environment_are_set_again_by_that_action_alone() {
    let bench = Bench::new();
    let check = "test ! -e DIR/broken";
    let repair = "echo repair >> DIR/log; rm DIR/broken DIR/a-ban-192.0.2.2-fails";
    bench.add("a", &[("actioncheck", check), ("actionrepair", repair)]);
    bench.add("b", &[]);
    bench.push(ban("192.0.2.1")).push(ban("192.0.2.3")).until_idle();
    bench.push(unban("192.0.2.3")).until_idle();
    let before = bench.log().len();
    // Somebody has emptied the firewall: the next ban fails, and shows it.
    bench.make("broken").make("a-ban-192.0.2.2-fails");
    bench.push(ban("192.0.2.2")).until_idle();
    let expected = [
        "a ban 192.0.2.2",
        "a unban 192.0.2.2",
        "repair",
        "a ban 192.0.2.2",
        "a unban 192.0.2.1",
        "a ban 192.0.2.1",
        "b ban 192.0.2.2",
    ];
    assert_eq!(bench.log()[before..], expected);
}

#[test]
fn a_failed_ban_is_told_in_the_originals_words() {
    let bench = Bench::new();
    let failing = "echo 'to stdout'; printf \"a'b\\033c\\n\" >&2; exit 127";
    bench.add("a", &[("actionban", failing)]);
    bench.push(ban("192.0.2.1"));
    bench.until_told("failed", |outcome| matches!(outcome, Outcome::BanFailed { .. }));
    let messages = bench.told.messages.lock();
    let says = |logger: Logger, level: Level, text: &str| {
        let said = messages
            .iter()
            .any(|message| message.logger == logger && message.level == level && message.text.contains(text));
        assert!(said, "{text:?} is not among {messages:?}");
    };
    says(Logger::Utils, Level::Error, " -- exec: echo 'to stdout'");
    says(Logger::Utils, Level::Error, " -- stdout: 'to stdout'");
    says(Logger::Utils, Level::Error, " -- stderr: \"a'b\\x1bc\"");
    says(Logger::Utils, Level::Error, " -- returned 127");
    says(Logger::Utils, Level::Info, "HINT on 127: \"Command not found\"");
    says(
        Logger::Actions,
        Level::Error,
        "Failed to execute ban jail 'jail' action 'a' info 'ActionInfo({'ip': '192.0.2.1', 'family': 'inet4'})': \
         Error banning 192.0.2.1",
    );
}

#[test]
fn a_command_over_its_time_is_told_and_counts_as_failed() {
    let bench = Bench::new();
    bench.add("a", &[("actionban", "sleep 20"), ("timeout", "0.1")]);
    bench.push(ban("192.0.2.1"));
    bench.until_told("failed", |outcome| matches!(outcome, Outcome::BanFailed { .. }));
    let messages = bench.told.messages.lock();
    let said = |text: &str| messages.iter().any(|message| message.text.contains(text));
    assert!(said("-- timed out after 0.1 seconds."));
    assert!(said("-- killed with SIGTERM (return code: -15)"));
}
