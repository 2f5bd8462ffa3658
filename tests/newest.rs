//! The newest Fail2ban, whose source somebody has at hand, beside Bantam: the streams of all jails of its own
//! configuration, and what its filters find in their sample logs. The other tests compare with the installed version.
//!
//! `FAIL2BAN_SOURCE=/path/to/fail2ban cargo test --test newest -- --ignored`
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

const BANTAM: &str = env!("CARGO_BIN_EXE_bantam");

/// The folder that holds `bin`, `config` and `fail2ban`.
fn source() -> PathBuf {
    let folder = std::env::var_os("FAIL2BAN_SOURCE").expect("set FAIL2BAN_SOURCE to a copy of Fail2ban's source");
    let folder = PathBuf::from(folder);
    assert!(
        folder.join("config/jail.conf").is_file(),
        "{} holds no config/jail.conf",
        folder.display()
    );
    folder
}

/// What one of its programs prints; from another folder, so that only `PYTHONPATH` says which version runs.
fn theirs(program: &str, args: &[&str]) -> String {
    let source = source();
    let output = Command::new("/usr/bin/python3")
        .arg(source.join("bin").join(program))
        .args(args)
        .env("PYTHONPATH", &source)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("TZ", "Europe/Zurich")
        .current_dir("/")
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn ours(program: &str, args: &[&str]) -> String {
    let output = Command::new(BANTAM)
        .arg(program)
        .args(args)
        .env("TZ", "Europe/Zurich")
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let to = to.join(path.file_name().unwrap());
        match path.is_dir() {
            true => copy(&path, &to),
            false => drop(std::fs::copy(&path, &to).unwrap()),
        }
    }
}

/// The names of the sections that are jails.
fn jails() -> Vec<String> {
    let text = std::fs::read_to_string(source().join("config/jail.conf")).unwrap();
    let name = |line: &str| line.strip_prefix('[')?.strip_suffix(']').map(str::to_owned);
    let names = text.lines().filter_map(|line| name(line.trim_end()));
    names
        .filter(|name| !matches!(name.as_str(), "DEFAULT" | "INCLUDES"))
        .collect()
}

#[test]
#[ignore = "needs a copy of Fail2ban's source, named by FAIL2BAN_SOURCE"]
fn each_jail_of_the_newest_configuration_gives_the_same_stream() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    copy(&source().join("config"), &config);
    let log = folder.path().join("x.log");
    std::fs::write(&log, "").unwrap();
    let jails = jails();
    assert!(jails.len() > 90, "only {} jails", jails.len());
    for jail in jails {
        let local = format!("[{jail}]\nenabled = true\nlogpath = {}\n", log.display());
        std::fs::write(config.join("jail.local"), local).unwrap();
        let args = ["-c", config.to_str().unwrap(), "-d"];
        let (theirs, ours) = (theirs("fail2ban-client", &args), ours("client", &args));
        assert!(theirs.lines().count() > 10, "{jail}: {theirs}");
        assert_eq!(theirs, ours, "{jail}");
    }
}

/// The filter, alone and with each mode and kind of log that its sample log asks for.
fn variants(name: &str, log: &str) -> BTreeSet<String> {
    let config = source().join("config");
    let mut all = BTreeSet::from([format!("{name}.conf")]);
    let modes = log
        .match_indices("\"mode\": \"")
        .filter_map(|(at, key)| log[at + key.len()..].split('"').next());
    let path = config.join("filter.d").join(name);
    all.extend(modes.map(|mode| format!("{}.conf[mode={mode}]", path.display())));
    if log.contains("logtype") {
        all.insert(format!("{}.conf[logtype=journal]", path.display()));
    }
    all
}

#[test]
#[ignore = "needs a copy of Fail2ban's source, named by FAIL2BAN_SOURCE"]
fn each_filter_finds_the_same_in_its_sample_log() {
    let source = source();
    let config = source.join("config");
    let mut rows = 0;
    for entry in std::fs::read_dir(source.join("fail2ban/tests/files/logs")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        // Lines without a date of these two are dated by the clock.
        let by_the_clock = matches!(name.as_str(), "ejabberd-auth" | "guacamole");
        if by_the_clock || !config.join("filter.d").join(format!("{name}.conf")).is_file() {
            continue;
        }
        let log = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
        for filter in variants(&name, &log) {
            let options = ["-o", "row", "--usedns=no", "-c", config.to_str().unwrap()];
            let args = [&options[..], &[path.to_str().unwrap(), &filter]].concat();
            let (theirs, ours) = (theirs("fail2ban-regex", &args), ours("regex", &args));
            rows += theirs.lines().count();
            assert_eq!(sorted_sets(&theirs), sorted_sets(&ours), "{filter}");
        }
    }
    assert!(rows > 1000, "only {rows} rows");
}

/// Python shows a set in any order.
fn sorted_sets(text: &str) -> String {
    let mut out = String::new();
    for (n, piece) in text.split('{').enumerate() {
        let (inner, after) = piece.split_once('}').unwrap_or((piece, ""));
        if n == 0 || inner.contains(':') || !piece.contains('}') {
            out.push_str(if n == 0 { "" } else { "{" });
            out.push_str(piece);
            continue;
        }
        let mut members: Vec<&str> = inner.split(", ").collect();
        members.sort_unstable();
        out += &format!("{{{}}}{after}", members.join(", "));
    }
    out
}
