//! `kill -9` at any moment: what was said to be banned stays banned, and no rule stands twice.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    dead_code,
    reason = "tests"
)]

mod lab;

use lab::subject::{JAIL, Lab, Subject};
use lab::{require, succeed, traefik, wait_for};
use std::collections::BTreeSet;
use std::process::Command;
use std::time::{Duration, SystemTime};

const NEEDED: [(&str, &str); 4] = [
    ("iptables", "iptables"),
    ("ip", "iproute2"),
    ("curl", "curl"),
    ("sqlite3", "sqlite3"),
];
const ROUNDS: usize = 200;
/// Clients that are banned in one round.
const CLIENTS: usize = 6;

/// What the database holds in force.
fn in_database(lab: &Lab) -> BTreeSet<String> {
    let query = format!(
        "select ip from bips where jail = '{JAIL}' and (bantime < 0 or timeofban + bantime > cast(strftime('%s', 'now') as integer))"
    );
    let text = succeed(
        Command::new("sqlite3")
            .args(["-readonly", "-cmd", ".timeout 2000"])
            .arg(lab.folder().join("f.sqlite3"))
            .arg(query),
    );
    text.lines().map(str::to_owned).collect()
}

/// Clients with exactly one rule of each kind in the kernel; fails on a double one.
fn in_kernel(lab: &Lab) -> BTreeSet<String> {
    let rules = lab.net.rules();
    let part = |chain: &str, before: &str, after: &str| -> Vec<String> {
        let of_chain = rules.iter().filter(|rule| rule.starts_with(chain));
        of_chain
            .filter_map(|rule| Some(rule.split_once(before)?.1.split(after).next()?.to_owned()))
            .collect()
    };
    let by_source = part("-A INPUT", "-s ", "/32");
    let by_header = part("-A DOCKER-USER", "X-Forwarded-For: ", "\"");
    let (one, two): (BTreeSet<String>, BTreeSet<String>) =
        (by_source.iter().cloned().collect(), by_header.iter().cloned().collect());
    assert_eq!(one.len(), by_source.len(), "a rule stands twice: {by_source:?}");
    assert_eq!(two.len(), by_header.len(), "a rule stands twice: {by_header:?}");
    if one == two { one } else { BTreeSet::new() }
}

/// Clients whose ban was said in the log since a mark.
fn logged(lab: &Lab, mark: usize) -> BTreeSet<String> {
    let said = lab.said();
    let word = format!("NOTICE  [{JAIL}] Ban ");
    said[mark..]
        .lines()
        .filter_map(|line| Some(line.split_once(&word)?.1.to_owned()))
        .collect()
}

#[test]
fn killed_at_200_random_moments_it_loses_no_ban_and_doubles_no_rule() {
    require(&NEEDED);
    let mut lab = Lab::with_guide(Subject::Bantam);
    // Cloudflare's calls would only take time here; one request bans.
    lab.change("jail.d/jail.local", "         action-ban-cloudflare\n", "");
    lab.change("jail.d/jail.local", "maxretry = 15", "maxretry = 2");
    let (mut mark, mut bans) = (0, 0);
    for round in 0..ROUNDS {
        lab.start();
        let expected = logged(&lab, mark);
        wait_for(
            &format!("round {round}: database, list and kernel agree on {expected:?}"),
            Duration::from_secs(20),
            || {
                let listed: BTreeSet<String> = lab.banned().into_iter().collect();
                expected.is_subset(&listed) && listed == in_database(&lab) && listed == in_kernel(&lab)
            },
        );
        bans += expected.len();
        if round % 5 == 4 {
            lab.ask(&["unban", "--all"]);
            wait_for("a clean slate", Duration::from_secs(20), || {
                in_kernel(&lab).is_empty() && lab.net.rules_with("-j DROP") == 0
            });
            mark = lab.said().len();
        }
        for client in 0..CLIENTS {
            traefik::log(
                &lab.log(),
                &format!("198.18.{}.{}", round % 250, client + 1),
                404,
                2,
                "/x{n}",
            );
        }
        // From before the first line is read until after the last rule is set.
        let nanos = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap()
            .subsec_nanos();
        std::thread::sleep(Duration::from_micros(u64::from(nanos % 90_000)));
        lab.kill();
    }
    assert!(
        bans > ROUNDS,
        "only {bans} bans were said in all rounds: the kills came too early to show anything"
    );
}
