//! The regex tool on whole logs: the time that comes out, in other zones and with `logtimezone`.

use std::process::Command;

use super::vectors::{SHAPES, ZONES};
use crate::ledger::Ledger;

const PLAIN: &str = "of the regex tool";

/// Both tools, with the same arguments, on one log of all shapes.
pub fn compare(ledger: &mut Ledger) {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let ends = ["", "Z", " +0200", " CET"];
    // A time without a date is today's or yesterday's, and the clock may pass it between two runs.
    let dated = SHAPES.iter().filter(|shape| shape.trim().len() > 8);
    let lines = dated.flat_map(|shape| ends.map(|end| format!("{shape}{end} login failed from 192.0.2.1\n")));
    let lines: Vec<String> = lines.collect();
    std::fs::write(&log, lines.concat()).unwrap();
    let log = log.to_str().unwrap();
    for zone in ZONES {
        for settings in [
            &[] as &[&str],
            &["--timezone", "UTC+0300"],
            &["--timezone", "EST"],
            &["-d", "{^LN-BEG}"],
        ] {
            let mut args = settings.to_vec();
            args.extend(["-o", "row", log, "login failed from <HOST>"]);
            let (ours, theirs) = (
                run(env!("CARGO_BIN_EXE_bantam"), &["regex"], &args, zone),
                run("fail2ban-regex", &[], &args, zone),
            );
            account(
                ledger,
                &format!("TZ={zone} {settings:?} {PLAIN}"),
                &lines,
                &ours,
                &theirs,
            );
        }
    }
    names(ledger);
    for setting in ["WRONG", "+9999", "Europe/Zurich"] {
        let args = ["--timezone", setting, "-o", "<time>", log, "login failed from <HOST>"];
        let (ours, theirs) = (
            run(env!("CARGO_BIN_EXE_bantam"), &["regex"], &args, "UTC"),
            run("fail2ban-regex", &[], &args, "UTC"),
        );
        ledger.compare(format!("{setting} {PLAIN}"), &ours.is_empty(), &theirs.is_empty());
    }
}

/// Names for basic and digest authentication that look like dates, with the stock filter for Traefik.
fn names(ledger: &mut Ledger) {
    let dates = SHAPES
        .iter()
        .map(|shape| shape.replace(' ', "_"))
        .chain(SHAPES.map(|shape| shape.replace(' ', "T")));
    let names: Vec<String> = dates.chain(["bob", "x[", "]", "-x"].map(str::to_owned)).collect();
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let line = |name: &String| {
        format!(
            "203.0.113.9 - {name} [22/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 401 17 \"-\" \"-\" \"a\" \"-\" 0ms\n"
        )
    };
    std::fs::write(&log, names.iter().map(line).collect::<String>()).unwrap();
    let args = ["-o", "<time> <F-USER>", log.to_str().unwrap(), "traefik-auth"];
    let ours = run(
        env!("CARGO_BIN_EXE_bantam"),
        &["regex", "-c", "/etc/fail2ban"],
        &args,
        "UTC",
    );
    let theirs = run("fail2ban-regex", &["-c", "/etc/fail2ban"], &args, "UTC");
    for name in &names {
        let wanted = format!("1795341600 {name}");
        match (ours.contains(&wanted), theirs.contains(&wanted)) {
            (true, true) => ledger.agree(),
            (true, false) => ledger.except(format!("traefik-auth, user {name}"), super::LEVELS[2].1),
            (false, _) => ledger.differ(format!("traefik-auth does not find the user {name}")),
        }
    }
}

fn account(ledger: &mut Ledger, what: &str, lines: &[String], ours: &[String], theirs: &[String]) {
    ledger.compare(format!("{what}: lines"), &ours.len(), &theirs.len());
    for ((line, ours), theirs) in lines.iter().zip(ours).zip(theirs) {
        let newer = line.starts_with("20050123-") || line.starts_with("20050123T21:");
        if newer && theirs.contains("\tNone,") && !ours.contains("\tNone,") {
            ledger.except(what, super::LEVELS[0].1);
        } else {
            ledger.compare(format!("{what}: {line:?}"), ours, theirs);
        }
    }
}

fn run(program: &str, first: &[&str], args: &[&str], zone: &str) -> Vec<String> {
    let output = Command::new(program)
        .args(first)
        .args(args)
        .env("TZ", zone)
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(str::to_owned)
        .collect()
}
