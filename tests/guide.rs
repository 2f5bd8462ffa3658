//! The guide's set-up, end to end, on real netfilter: the same script for Bantam and for the original.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    dead_code,
    reason = "tests"
)]

mod lab;

use lab::net::{ATTACKER, ATTACKER6, NEIGHBOUR, PRIVATE};
use lab::subject::{JAIL, Lab, Subject};
use lab::{require, traefik, wait_for};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(15);

const NEEDED: [(&str, &str); 7] = [
    ("fail2ban-server", "fail2ban"),
    ("iptables", "iptables"),
    ("ip", "iproute2"),
    ("curl", "curl"),
    ("jq", "jq"),
    ("python3", "python3"),
    ("sqlite3", "sqlite3"),
];

/// Time for a daemon to have read and judged what stands in the log.
fn let_it_read(lab: &Lab, found: usize, client: &str) {
    let text = format!("Found {client} ");
    wait_for(&format!("{found} failures of {client} are found"), PATIENCE, || {
        lab.said().matches(&text).count() >= found
    });
}

fn string_rule(client: &str) -> String {
    format!("--string \"X-Forwarded-For: {client}\"")
}

fn the_guide_bans_and_lifts(subject: Subject) {
    require(&NEEDED);
    let mut lab = Lab::with_guide(subject);
    lab.start();

    // Fourteen failures and forty missing pictures are nobody's ban.
    traefik::log(&lab.log(), NEIGHBOUR, 404, 40, "/gallery/{n}.png");
    traefik::log(&lab.log(), ATTACKER, 404, 14, "/admin/{n}.php");
    let_it_read(&lab, 14, ATTACKER);
    assert_eq!(lab.banned(), Vec::<String>::new());
    assert!(lab.net.reaches(ATTACKER), "an unbanned client connects");

    // The fifteenth failure stops the client's packets, and nobody else's.
    traefik::log(&lab.log(), ATTACKER, 401, 1, "/login");
    wait_for("the attacker is cut off", PATIENCE, || !lab.net.reaches(ATTACKER));
    assert!(
        lab.net.reaches(NEIGHBOUR),
        "another client of the same network connects"
    );
    assert_eq!(lab.banned(), [ATTACKER]);
    assert!(lab.said().contains(&format!("NOTICE  [{JAIL}] Ban {ATTACKER}\n")));
    assert_eq!(lab.net.rules_with(&format!("-A INPUT -s {ATTACKER}/32 -j DROP")), 1);
    assert_eq!(lab.net.rules_with(&string_rule(ATTACKER)), 1);
    assert!(
        lab.net
            .rules()
            .iter()
            .any(|r| r.starts_with("-A DOCKER-USER") && r.contains(ATTACKER))
    );
    wait_for("Cloudflare is told", PATIENCE, || {
        cloudflare_bans(&lab, ATTACKER, "ip") == 1
    });

    // Clients inside ignoreip stay free, whatever they do.
    traefik::log(&lab.log(), PRIVATE, 404, 40, "/admin/{n}.php");
    wait_for("the private client is ignored", PATIENCE, || {
        lab.said().contains(&format!("[{JAIL}] Ignore {PRIVATE} by ip"))
    });
    assert!(lab.net.reaches(PRIVATE));
    assert_eq!(lab.banned(), [ATTACKER]);

    // An IPv6 client is told to Cloudflare as such.
    traefik::log(&lab.log(), ATTACKER6, 403, 15, "/wp-login.php?{n}");
    wait_for("Cloudflare is told of the IPv6 client", PATIENCE, || {
        cloudflare_bans(&lab, ATTACKER6, "ip6") == 1
    });
    lab.ask(&["set", JAIL, "unbanip", ATTACKER6]);

    // Stop removes the rules, start brings the bans back.
    lab.stop();
    assert_eq!(lab.net.rules_with(ATTACKER), 0);
    assert!(lab.net.reaches(ATTACKER), "a stopped daemon bans nobody");
    lab.start();
    wait_for("the ban is back", PATIENCE, || !lab.net.reaches(ATTACKER));
    assert_eq!(lab.net.rules_with(&format!("-A INPUT -s {ATTACKER}/32 -j DROP")), 1);
    assert_eq!(lab.net.rules_with(&string_rule(ATTACKER)), 1);

    // Lifted by hand, at both places.
    let before = cloudflare_lifts(&lab);
    assert_eq!(lab.ask(&["set", JAIL, "unbanip", ATTACKER]).trim(), "1");
    wait_for("the attacker is free again", PATIENCE, || lab.net.reaches(ATTACKER));
    assert_eq!(lab.net.rules_with(ATTACKER), 0);
    wait_for("Cloudflare's rule is deleted", PATIENCE, || {
        cloudflare_lifts(&lab) > before
    });
    lab.stop();
}

/// Requests to ban a client at Cloudflare, with the given target.
fn cloudflare_bans(lab: &Lab, client: &str, target: &str) -> usize {
    let body = format!(
        r#"{{"mode":"block","configuration":{{"target":"{target}","value":"{client}"}},"notes":"Fail2Ban {JAIL}"}}"#
    );
    let posts = lab.curl_calls().into_iter().filter(|call| {
        call.contains(&"POST".to_owned())
            && call.contains(&body)
            && call
                .last()
                .is_some_and(|url| url == "https://api.cloudflare.com/client/v4/user/firewall/access_rules/rules")
    });
    posts.count()
}

fn cloudflare_lifts(lab: &Lab) -> usize {
    lab.curl_calls()
        .iter()
        .filter(|call| {
            call.contains(&"DELETE".to_owned()) && call.last().is_some_and(|url| url.ends_with("/rules/rule-1"))
        })
        .count()
}

fn the_second_ban_is_longer(subject: Subject) {
    require(&NEEDED);
    let mut lab = Lab::with_guide(subject);
    // Short, so that the first ban ends while the test waits.
    lab.change("jail.d/jail.local", "bantime = 600", "bantime = 3");
    lab.start();
    traefik::log(&lab.log(), ATTACKER, 404, 15, "/a/{n}");
    wait_for("the first ban", PATIENCE, || lab.is_banned(ATTACKER));
    assert_eq!(
        lab.bantime(ATTACKER),
        3,
        "the first ban is the jail's bantime, neither multiplied nor blurred"
    );
    wait_for("the first ban ends", PATIENCE, || {
        lab.net.reaches(ATTACKER) && lab.banned().is_empty()
    });
    assert_eq!(lab.net.rules_with(ATTACKER), 0);
    traefik::log(&lab.log(), ATTACKER, 404, 15, "/b/{n}");
    wait_for("the second ban", PATIENCE, || {
        lab.said().contains(&format!("[{JAIL}] Increase Ban {ATTACKER} (2 # "))
    });
    // multipliers[1] = 5 times the base, and up to 2048 seconds at random.
    let second = lab.bantime(ATTACKER);
    assert!((15..15 + 2048).contains(&second), "{second}");
    lab.stop();
}

fn the_telegram_script_is_called(subject: Subject) {
    require(&NEEDED);
    let mut lab = Lab::with_guide(subject);
    let script = lab.folder().join("telegram_notif.sh");
    let calls = lab.folder().join("telegram.calls");
    lab.write(
        "telegram_notif.sh",
        &format!(
            "for w in \"$@\"; do printf '<%s>' \"$w\"; done >> {0}; echo >> {0}\n",
            calls.display()
        ),
    );
    let (script, file) = (
        script.to_string_lossy().into_owned(),
        "action.d/action-ban-docker-forceful-browsing.conf",
    );
    let text = lab.read(file);
    let told = text
        .replace(
            "-A INPUT -s <ip> -j DROP",
            &format!("-A INPUT -s <ip> -j DROP\n            bash {script} -b <ip> -r \"forceful browsing on <F-CONTAINER> (<name>)\""),
        )
        .replace("-D INPUT -s <ip> -j DROP", &format!("-D INPUT -s <ip> -j DROP\n              bash {script} -u <ip>"))
        .replace(
            "[Definition]\n",
            &format!("[Definition]\nactionstart = bash {script} -a start\nactionstop = bash {script} -a stop\n"),
        );
    lab.write(file, &told);
    lab.start();
    traefik::log(&lab.log(), ATTACKER, 404, 15, "/a/{n}");
    let ban = format!("<-b><{ATTACKER}><-r><forceful browsing on cloud.example.org ({JAIL})>");
    wait_for("the script is told of the ban", PATIENCE, || {
        lab.read("telegram.calls").contains(&ban)
    });
    lab.ask(&["set", JAIL, "unbanip", ATTACKER]);
    wait_for("the script is told of the unban", PATIENCE, || {
        lab.read("telegram.calls").contains(&format!("<-u><{ATTACKER}>"))
    });
    lab.stop();
    let calls = lab.read("telegram.calls");
    assert!(
        calls.starts_with("<-a><start>\n") && calls.ends_with("<-a><stop>\n"),
        "{calls}"
    );
}

#[test]
fn bantam_bans_and_lifts_as_the_guide_says() {
    the_guide_bans_and_lifts(Subject::Bantam);
}

#[test]
fn the_original_bans_and_lifts_as_the_guide_says() {
    the_guide_bans_and_lifts(Subject::Original);
}

#[test]
fn bantams_second_ban_is_longer_than_the_first() {
    the_second_ban_is_longer(Subject::Bantam);
}

#[test]
fn the_originals_second_ban_is_longer_than_the_first() {
    the_second_ban_is_longer(Subject::Original);
}

#[test]
fn bantam_calls_the_telegram_script_with_jail_address_and_container() {
    the_telegram_script_is_called(Subject::Bantam);
}

#[test]
fn the_original_calls_the_telegram_script_with_jail_address_and_container() {
    the_telegram_script_is_called(Subject::Original);
}
