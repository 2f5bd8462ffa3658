//! The regex tool on whole logs: the time that comes out, in other zones and with `logtimezone`.

use super::vectors::{SHAPES, ZONES};
use crate::ledger::Ledger;
use crate::original::{original, ours, regex};

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
    let settings = [
        &[] as &[&str],
        &["--timezone", "UTC+0300"],
        &["--timezone", "EST"],
        &["-d", "{^LN-BEG}"],
    ];
    let run = |settings: &[&str]| regex(&[settings, &["-o", "row", log, "login failed from <HOST>"]].concat());
    let runs = settings.map(run);
    for zone in ZONES {
        for ((settings, run), theirs) in settings.iter().zip(&runs).zip(original(zone, &runs)) {
            let (ours, what) = (ours(zone, run), format!("TZ={zone} {settings:?} {PLAIN}"));
            ledger.compare(
                format!("{what}: lines"),
                &ours.stdout.lines().count(),
                &theirs.stdout.lines().count(),
            );
            for ((line, ours), theirs) in lines.iter().zip(ours.stdout.lines()).zip(theirs.stdout.lines()) {
                ledger.compare(format!("{what}: {line:?}"), &ours, &theirs);
            }
        }
    }
    names(ledger);
    let settings = ["WRONG", "+9999", "Europe/Zurich"];
    let run = |setting| regex(&["--timezone", setting, "-o", "<time>", log, "login failed from <HOST>"]);
    let runs = settings.map(run);
    for ((setting, run), theirs) in settings.iter().zip(&runs).zip(original("UTC", &runs)) {
        let nothing = ours("UTC", run).stdout.is_empty();
        ledger.compare(format!("{setting} {PLAIN}"), &nothing, &theirs.stdout.is_empty());
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
    let log = log.to_str().unwrap();
    let run = regex(&["-c", "/etc/fail2ban", "-o", "<time> <F-USER>", log, "traefik-auth"]);
    let theirs = original("UTC", std::slice::from_ref(&run)).remove(0).stdout;
    let ours = ours("UTC", &run).stdout;
    let (ours, theirs): (Vec<_>, Vec<_>) = (ours.lines().collect(), theirs.lines().collect());
    for name in &names {
        let wanted = format!("1795341600 {name}");
        match (ours.contains(&wanted.as_str()), theirs.contains(&wanted.as_str())) {
            (true, true) => ledger.agree(),
            (true, false) => ledger.except(format!("traefik-auth, user {name}"), super::LEVELS[1].1),
            (false, _) => ledger.differ(format!("traefik-auth does not find the user {name}")),
        }
    }
}
