//! A slow action holds up those after it only, and every action keeps its own order.
use crate::bench::*;
use bantam_enforce::{Backoff, Definition, EffectState, Outcome, SharedDefinition, Task};
use std::time::Duration;

/// Bans and unbans say that they have begun, wait for a file, and say that they are done.
const HELD: [(&str, &str); 2] = [
    (
        "actionban",
        "cd DIR || exit; echo mail begins <ip> >> log; until test -e DIR/go || ! test -d DIR; do sleep 0.01; done; echo mail ban <ip> >> log",
    ),
    (
        "actionunban",
        "cd DIR || exit; until test -e DIR/go || ! test -d DIR; do sleep 0.01; done; echo mail unban <ip> >> log",
    ),
];

fn ip(last: usize) -> String {
    format!("192.0.2.{last}")
}

fn said(bench: &Bench, line: &str) -> bool {
    bench.log().iter().any(|said| said == line)
}

#[test]
fn bans_by_the_firewall_do_not_wait_for_a_message_that_takes_long() {
    let bench = Bench::new();
    bench.add("fire", &[]).add("mail", &HELD).push(Task::Start);
    for last in 1..=20 {
        bench.push(ban(&ip(last)));
    }
    bench.until("all are banned", |bench| said(bench, "fire ban 192.0.2.20"));
    bench.until("the first is told", |bench| said(bench, "mail begins 192.0.2.1"));
    assert_eq!(bench.log_of("fire").len(), 21);
    assert_eq!(bench.log_of("mail"), ["mail start", "mail begins 192.0.2.1"]);
    bench.until("all stand, and messages wait", |bench| {
        let status = bench.queue.status();
        (status.pending, status.standing) == (19, 20)
    });
    bench.make("go").until_idle();
    assert_eq!(bench.log_of("mail").len(), 41);
}

#[test]
fn a_message_is_sent_after_the_ban_that_it_tells_of_and_an_unban_likewise() {
    let bench = Bench::new();
    bench.add("fire", &[]).add("mail", &[]).push(Task::Start);
    let all: Vec<String> = (1..=30).map(ip).collect();
    for ip in &all {
        bench.push(ban(ip)).push(unban(ip));
    }
    bench.until_idle();
    for action in ["fire", "mail"] {
        let expected = all
            .iter()
            .flat_map(|ip| [format!("{action} ban {ip}"), format!("{action} unban {ip}")]);
        let start = std::iter::once(format!("{action} start"));
        assert_eq!(bench.log_of(action), start.chain(expected).collect::<Vec<_>>());
    }
    for ip in &all {
        bench.in_order(&[&format!("fire ban {ip}"), &format!("mail ban {ip}")]);
        bench.in_order(&[&format!("fire unban {ip}"), &format!("mail unban {ip}")]);
    }
    let told = bench.told.outcomes.lock();
    let done = told.iter().filter(|outcome| matches!(outcome, Outcome::BanDone { .. }));
    assert_eq!(done.count(), 30);
    let done = told
        .iter()
        .filter(|outcome| matches!(outcome, Outcome::UnbanDone { .. }));
    assert_eq!(done.count(), 30);
}

#[test]
fn no_action_bans_before_all_have_been_started() {
    let bench = Bench::new();
    let start = "cd DIR || exit; echo mail begins >> log; until test -e DIR/go || ! test -d DIR; do sleep 0.01; done; echo mail start >> log";
    bench
        .add("fire", &[])
        .add("mail", &[("actionstart", start)])
        .push(Task::Start)
        .push(ban(&ip(1)));
    bench.until("the last one is being started", |bench| said(bench, "mail begins"));
    assert_eq!(bench.log(), ["fire start", "mail begins"]);
    bench.make("go").until_idle();
    bench.in_order(&["mail start", "fire ban 192.0.2.1", "mail ban 192.0.2.1"]);
}

#[test]
fn an_unban_while_messages_of_its_ban_wait_is_done_at_once_by_the_firewall_and_in_turn_by_the_message() {
    let bench = Bench::new();
    bench.add("fire", &[]).add("mail", &HELD);
    bench.push(ban(&ip(1))).push(ban(&ip(2))).push(unban(&ip(2)));
    bench.until("the firewall is done", |bench| said(bench, "fire unban 192.0.2.2"));
    assert!(!said(&bench, "mail ban 192.0.2.1"));
    bench.until("nothing stands of it", |bench| {
        bench.queue.effects_of(&target(&ip(2)).id).is_empty()
    });
    bench.make("go").until_idle();
    let expected = [
        "mail begins 192.0.2.1",
        "mail ban 192.0.2.1",
        "mail begins 192.0.2.2",
        "mail ban 192.0.2.2",
    ];
    let log = bench.log_of("mail");
    assert_eq!(log[..4], expected);
    assert_eq!(log[4..], ["mail unban 192.0.2.2"]);
}

#[test]
fn a_flush_lifts_what_each_action_has_set_before_it_and_nothing_that_came_after() {
    let bench = Bench::new();
    let flush = ("actionflush", "echo fire flush >> DIR/log");
    bench.add("fire", &[flush]).add("mail", &HELD);
    bench.push(ban(&ip(1))).push(Task::Flush).push(ban(&ip(2)));
    bench.until("the firewall is far ahead", |bench| said(bench, "fire ban 192.0.2.2"));
    let standing = vec![("fire".into(), EffectState::Standing)];
    let expected = [(target(&ip(2)).id, standing)];
    bench.until("that stands", |bench| bench.queue.effects() == expected);
    bench.make("go").until_idle();
    assert_eq!(
        bench.log_of("fire"),
        ["fire ban 192.0.2.1", "fire flush", "fire ban 192.0.2.2"]
    );
    bench.in_order(&["mail ban 192.0.2.1", "mail unban 192.0.2.1", "mail ban 192.0.2.2"]);
    assert!(!said(&bench, "mail unban 192.0.2.2"));
    assert_eq!(bench.queue.status().standing, 2);
}

#[test]
fn a_stop_lifts_the_firewalls_bans_while_a_message_is_being_sent_and_leaves_out_messages_that_are_too_late() {
    let bench = Bench::with(Backoff {
        stop_grace: Duration::ZERO,
        ..backoff()
    });
    bench.add("fire", &[]).add("mail", &HELD).push(Task::Start);
    bench.push(ban(&ip(1))).push(ban(&ip(2)));
    bench.until("the firewall is done", |bench| {
        said(bench, "fire ban 192.0.2.2") && said(bench, "mail begins 192.0.2.1")
    });
    bench.push(Task::Stop);
    bench.until("the firewall is empty", |bench| said(bench, "fire unban 192.0.2.2"));
    assert!(!said(&bench, "fire stop"), "stopped from the last to the first");
    bench.make("go");
    assert!(bench.queue.wait_stopped(LONG));
    let log = bench.log_of("mail");
    assert_eq!(
        log[1..],
        [
            "mail begins 192.0.2.1",
            "mail ban 192.0.2.1",
            "mail unban 192.0.2.1",
            "mail stop"
        ]
    );
    bench.in_order(&["mail stop", "fire stop"]);
    let dropped = Outcome::BanDropped { id: target(&ip(2)).id };
    bench.until_told("dropped", |outcome| *outcome == dropped);
}

#[test]
fn an_action_removed_while_messages_wait_goes_when_they_are_sent_and_another_of_its_name_begins_after_it() {
    let bench = Bench::new();
    bench.add("fire", &[]).add("mail", &HELD).push(Task::Start);
    bench.push(ban(&ip(1))).push(ban(&ip(2)));
    bench.push(Task::RemoveAction { name: "mail".into() });
    assert_eq!(bench.queue.actions(), ["fire".into()]);
    bench.add("mail", &[("actionstart", "echo mail starts anew >> DIR/log")]);
    bench.push(ban(&ip(3)));
    bench.until("the firewall is done", |bench| said(bench, "fire ban 192.0.2.3"));
    assert!(!said(&bench, "mail ban 192.0.2.1"));
    bench.make("go").until_idle();
    let mails = [
        "mail ban 192.0.2.2",
        "mail unban 192.0.2.1",
        "mail unban 192.0.2.2",
        "mail stop",
    ];
    bench.in_order(&mails);
    bench.in_order(&["mail stop", "mail starts anew", "mail ban 192.0.2.3"]);
}

#[test]
fn an_action_that_is_replaced_lifts_what_it_set_and_keeps_its_place() {
    let bench = Bench::new();
    bench
        .add("fire", &[])
        .add("mail", &[])
        .push(Task::Start)
        .push(ban(&ip(1)));
    let mut definition = Definition::default();
    let new = format!("echo new ban '<ip>' >> {}", bench.path("log").display());
    definition.set("actionban", new).unwrap();
    bench.push(Task::ReplaceAction {
        name: "fire".into(),
        definition: SharedDefinition::new(definition),
    });
    bench.push(ban(&ip(2))).until_idle();
    assert_eq!(bench.queue.actions(), ["fire".into(), "mail".into()]);
    let expected = ["fire start", "fire ban 192.0.2.1", "fire unban 192.0.2.1", "fire stop"];
    assert_eq!(bench.log_of("fire"), expected);
    bench.in_order(&["fire stop", "new ban 192.0.2.2", "mail ban 192.0.2.2"]);
}

#[test]
fn an_action_that_has_not_banned_somebody_is_told_of_the_unbans_that_a_stop_brings() {
    let bench = Bench::new();
    bench.add("fire", &[]).add("mail", &[("norestored", "1")]);
    bench.push(Task::Ban {
        target: target(&ip(1)),
        restored: true,
        only: None,
    });
    bench.push(ban(&ip(2))).add("late", &[]).push(ban(&ip(3))).stop();
    let unbans = |action: &str| {
        let log = bench.log_of(action).into_iter();
        log.filter(|line| line.contains("unban")).count()
    };
    assert_eq!(["fire", "mail", "late"].map(unbans), [3, 3, 3], "{:?}", bench.log());
}

#[test]
fn a_call_of_one_action_does_not_wait_for_a_slow_one_after_it() {
    let bench = Bench::new();
    bench.add("fire", &[]).add("mail", &HELD).push(ban(&ip(1)));
    bench.until("the message is being sent", |bench| {
        said(bench, "mail begins 192.0.2.1")
    });
    let (reply, answer) = std::sync::mpsc::channel();
    bench.push(Task::Call {
        name: "fire".into(),
        call: bantam_enforce::Call::Ban(target(&ip(2))),
        reply: bantam_enforce::Reply(reply.clone()),
    });
    assert_eq!(
        answer.recv_timeout(LONG).unwrap(),
        Ok(bantam_enforce::Returned::Nothing)
    );
    bench.push(Task::Call {
        name: "gone".into(),
        call: bantam_enforce::Call::Check,
        reply: bantam_enforce::Reply(reply),
    });
    let error = answer.recv_timeout(LONG).unwrap().unwrap_err();
    assert_eq!(error, "action gone is not there any more");
    bench.make("go");
}

#[test]
fn retries_of_one_action_hold_up_no_other() {
    let bench = Bench::new();
    bench
        .add("fire", &[])
        .add("mail", &HELD)
        .make("fire-ban-192.0.2.1-fails");
    bench.push(ban(&ip(1))).push(ban(&ip(2)));
    bench.until("the message is being sent", |bench| {
        said(bench, "mail begins 192.0.2.1")
    });
    bench.remove("fire-ban-192.0.2.1-fails");
    bench.until("the firewall made up for it", |bench| {
        bench.queue.status().standing == 2
    });
    assert!(!said(&bench, "mail ban 192.0.2.1"));
    bench.make("go").until_idle();
    assert_eq!(bench.queue.status().standing, 4);
}
