//! `bantam import-report DIR` on configurations with a jail of each kind. Needs no root and no package.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

const FILTER: &str = "[Definition]\nfailregex = ^<HOST> knocks$\ndatepattern = ^EPOCH\n";
const ACTION: &str = "[Definition]\nactionban = true\n";

fn report(dir: &Path, options: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bantam"));
    command.arg("import-report").arg(dir).args(options).output().unwrap()
}

/// A folder with the given files, a filter `door` and an action `note`; `LOGS` in them is the folder.
fn configuration(jails: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for folder in ["filter.d", "action.d"] {
        std::fs::create_dir(dir.path().join(folder)).unwrap();
    }
    let here = dir.path().to_str().unwrap();
    let server = format!("[Definition]\ndbfile = {here}/f.sqlite3\n");
    let jails = jails.replace("LOGS", here);
    let files = [
        ("fail2ban.conf", server.as_str()),
        ("jail.conf", jails.as_str()),
        ("filter.d/door.conf", FILTER),
        ("filter.d/dated.conf", "[Definition]\nfailregex = ^ <HOST> knocks$\n"),
        ("action.d/note.conf", ACTION),
        ("door.log", ""),
        ("nano.log", "2026-11-22T10:00:00.123456789Z 192.0.2.1 knocks\n"),
    ];
    for (name, text) in files {
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    dir
}

fn jails(dir: &Path) -> Vec<Value> {
    let output = report(dir, &["--json"]);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    json["jails"].as_array().unwrap().clone()
}

fn jail(dir: &Path, name: &str) -> Value {
    jails(dir).into_iter().find(|jail| jail["name"] == name).unwrap()
}

const EVERY_KIND: &str = "[DEFAULT]\naction = note\nfilter = door\nenabled = true\n\
    [plain]\nlogpath = LOGS/door.log\n\
    [growing]\nlogpath = LOGS/door.log\nbantime.increment = true\n\
    [pattern]\nlogpath = LOGS/*.log\n\
    [nano]\nfilter = dated\nlogpath = LOGS/nano.log\n\
    [nolog]\nlogpath = LOGS/absent.log\n\
    [broken]\nlogpath = LOGS/door.log\nfailregex = ^<HOST> (knocks\n\
    [nofilter]\nfilter = nowhere\nlogpath = LOGS/door.log\n\
    [mail]\nlogpath = LOGS/door.log\naction = smtp.py[host=localhost, password=hidden]\n\
    [python]\nlogpath = LOGS/door.log\naction = other.py\n\
    [journal]\nbackend = systemd\njournalmatch = A=b\n\
    [off]\nenabled = false\nlogpath = LOGS/door.log\n";

#[test]
fn each_jail_gets_its_verdict() {
    let dir = configuration(EVERY_KIND);
    let verdict = |name: &str| jail(dir.path(), name)["verdict"].as_str().unwrap().to_owned();
    assert_eq!(verdict("plain"), "as before");
    for name in ["growing", "pattern", "nano", "mail", "journal"] {
        assert_eq!(verdict(name), "with differences", "{name}");
    }
    for name in ["nolog", "broken", "nofilter", "python"] {
        assert_eq!(verdict(name), "cannot run", "{name}");
    }
    assert_eq!(jails(dir.path()).len(), 10, "what is off is not judged");
    assert_eq!(report(dir.path(), &[]).status.code(), Some(1));
}

#[test]
fn each_difference_is_told_with_its_reason() {
    let dir = configuration(EVERY_KIND);
    let told = |name: &str, part: &str| {
        let differences = jail(dir.path(), name)["differences"].to_string();
        assert!(differences.contains(part), "{name}: {differences}");
    };
    told("growing", "known when `actionban` runs");
    told("pattern", "files that appear later");
    told("nano", "their zone is read now");
    told("mail", "sent by Bantam itself");
    told("journal", "`journalctl`");
    let broken = jail(dir.path(), "broken");
    let error = &broken["errors"][0];
    assert_eq!(error["line"], 19, "{error}");
    assert!(error["file"].as_str().unwrap().ends_with("/jail.conf"), "{error}");
}

#[test]
fn the_page_names_every_jail_once_under_its_heading() {
    let dir = configuration(EVERY_KIND);
    let page = String::from_utf8(report(dir.path(), &[]).stdout).unwrap();
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("no {text} in:\n{page}"));
    assert!(at("Runs exactly as before (1)") < at("  plain "));
    assert!(at("  plain ") < at("Runs, with differences (5)"));
    assert!(at("Can't run (4)") < at("  nofilter"));
    assert!(at("not on this machine: ") > at("  nolog"));
    assert!(!page.contains("  off") && !page.contains("hidden"), "{page}");
    assert!(!page.contains('\u{1b}'), "colour only on terminals");
}

#[test]
fn a_configuration_in_which_all_runs_ends_well() {
    let dir = configuration("[plain]\nenabled = true\nfilter = door\naction = note\nlogpath = LOGS/door.log\n");
    let output = report(dir.path(), &[]);
    assert_eq!(output.status.code(), Some(0));
    assert!(!dir.path().join("f.sqlite3").exists(), "nothing is touched");
}

#[test]
fn a_folder_that_is_none_is_refused_with_a_hint() {
    let output = report(Path::new("/nowhere/at/all"), &[]);
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.contains("/nowhere/at/all is no folder") && text.contains("hint:"),
        "{text}"
    );
}

#[test]
fn a_file_that_cannot_be_read_is_told_with_its_line() {
    let dir = configuration("[plain]\nenabled = true\nthis is no option\n");
    let output = report(dir.path(), &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("jail.conf:3"), "{text}");
    assert_eq!(output.status.code(), Some(2));
}
