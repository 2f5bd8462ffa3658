//! The original's client against Bantam's server, and Bantam's client against the original's: the same words, the same
//! print, the same effect.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    dead_code,
    reason = "tests"
)]

mod lab;

use lab::net::{ATTACKER, NEIGHBOUR};
use lab::subject::{JAIL, Lab, Subject};
use lab::{output, require};
use std::process::Output;

const NEEDED: [(&str, &str); 4] = [
    ("fail2ban-client", "fail2ban"),
    ("iptables", "iptables"),
    ("ip", "iproute2"),
    ("curl", "curl"),
];

/// One command of the other program's client.
fn other_client(lab: &Lab, words: &[&str]) -> Output {
    let other = match lab.subject {
        Subject::Bantam => Subject::Original,
        Subject::Original => Subject::Bantam,
    };
    output(lab.program_of(other, "client").args(words))
}

/// All that was printed and the exit status; where an error line is stamped, without time and process.
fn text(done: &Output) -> String {
    let errors = String::from_utf8_lossy(&done.stderr).into_owned();
    let errors: Vec<&str> = errors
        .lines()
        .map(|line| line.split_once("]: ").map_or(line, |(_, rest)| rest))
        .collect();
    format!(
        "{}{}[{:?}]",
        String::from_utf8_lossy(&done.stdout),
        errors.join("\n"),
        done.status.code()
    )
}

/// Every command printed alike by both clients, whichever server answers.
fn both_clients_print_the_same(subject: Subject) {
    require(&NEEDED);
    let mut lab = Lab::with_guide(subject);
    lab.start();
    lab.ask(&["set", JAIL, "banip", ATTACKER, NEIGHBOUR]);
    let questions: &[&[&str]] = &[
        &["ping"],
        &["status"],
        &["status", JAIL],
        &["status", JAIL, "short"],
        &["banned"],
        &["banned", ATTACKER],
        &["banned", ATTACKER, "192.0.2.99"],
        &["get", JAIL, "banip"],
        &["get", JAIL, "banip", "--with-time"],
        &["get", JAIL, "banned", ATTACKER],
        &["get", JAIL, "findtime"],
        &["get", JAIL, "bantime"],
        &["get", JAIL, "maxretry"],
        &["get", JAIL, "ignoreip"],
        &["get", JAIL, "logpath"],
        &["get", JAIL, "failregex"],
        &["get", JAIL, "ignoreregex"],
        &["get", JAIL, "datepattern"],
        &["get", JAIL, "actions"],
        &["get", "loglevel"],
        &["get", "logtarget"],
        &["get", "dbfile"],
        &["status", "no-such-jail"],
        &["get", "no-such-jail", "bantime"],
        &["set", JAIL, "findtime", "soon"],
        &["set", JAIL, "findtime", "2m"],
        &["set", JAIL, "bantime", "1h"],
        &["set", JAIL, "maxretry", "7"],
        &["set", JAIL, "addignoreip", "192.0.2.0/24"],
        &["set", JAIL, "unbanip", "--report-absent", "192.0.2.99"],
        &["nonsense"],
    ];
    for words in questions {
        let (own, other) = (text(&lab.client(words)), text(&other_client(&lab, words)));
        assert_eq!(own, other, "{words:?} asked of {subject:?}");
    }
    // The other client's commands take effect.
    assert_eq!(
        text(&other_client(&lab, &["set", JAIL, "unbanip", ATTACKER])),
        "1\n[Some(0)]"
    );
    assert!(!lab.is_banned(ATTACKER) && lab.is_banned(NEIGHBOUR));
    lab::wait_for("the rule is gone", std::time::Duration::from_secs(10), || {
        lab.net.rules_with(&format!("-A INPUT -s {ATTACKER}/32")) == 0
    });
    assert_eq!(text(&other_client(&lab, &["stop"])), "Shutdown successful\n[Some(0)]");
}

#[test]
fn the_originals_client_drives_bantam() {
    both_clients_print_the_same(Subject::Bantam);
}

#[test]
fn bantams_client_drives_the_original() {
    both_clients_print_the_same(Subject::Original);
}
