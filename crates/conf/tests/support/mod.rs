//! Configuration directories for tests, and what the original makes of them.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use bantam_conf::{FAIL2BAN_VERSION, LoadOptions, Loaded};
use bantam_wire::Value;
use std::path::Path;
use std::process::Command;

/// Writes files below a directory.
pub fn write(dir: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = dir.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

/// Copies a folder with everything in it.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in
        std::fs::read_dir(from).unwrap_or_else(|_| panic!("{} is missing: apt-get install fail2ban", from.display()))
    {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Properties that depend on the address family and whose other form a jail passes as an argument: since 1.1.1
/// the argument replaces both, which a test of its own proves. By jail and key.
const NEWER_TWINS: &[(&str, &str)] = &[("pass2allow-ftp", "blocktype"), ("j", "blk")];

/// Takes the value of such a property out of a line.
fn without_newer_twins(line: &str) -> String {
    let mut line = line.to_owned();
    for (jail, key) in NEWER_TWINS {
        let pair = format!("['{key}?family=inet6', ");
        if line.starts_with(&format!("['multi-set', '{jail}', 'action', "))
            && let Some(at) = line.find(&pair)
        {
            let end = at + line[at..].find(']').unwrap();
            line.replace_range(at + pair.len()..end, "");
        }
    }
    line
}

/// What `fail2ban-client -d` prints, as if it had the version that we follow.
pub fn original(dir: &Path) -> Vec<String> {
    let run = |arguments: &[&str]| {
        let output = Command::new("fail2ban-client").args(arguments).output();
        output.expect("the original is needed as an oracle: apt-get install fail2ban")
    };
    let version = String::from_utf8(run(&["--version"]).stdout).unwrap();
    let version = version.trim().trim_start_matches("Fail2Ban v").to_owned();
    let output = run(&["-c", dir.to_str().unwrap(), "-d"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("['set', 'dbfile'"),
        "{text}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let own = format!("Fail2Ban/{FAIL2BAN_VERSION}");
    text.lines()
        .map(|line| line.replace(&format!("Fail2Ban/{version}"), &own))
        .collect()
}

/// Options under which `-d` reads a configuration.
pub fn dump() -> LoadOptions {
    LoadOptions {
        allow_missing_logs: true,
        lenient_layout: true,
        ..LoadOptions::default()
    }
}

/// Our reading of a directory; its errors as text.
pub fn load(dir: &Path, options: &LoadOptions) -> Result<Loaded, String> {
    bantam_conf::load(dir, options).map_err(|list| {
        list.iter()
            .map(|finding| finding.render(false))
            .collect::<Vec<_>>()
            .join("\n\n")
    })
}

/// The stream as `-d` prints it.
pub fn lines(loaded: &Loaded) -> Vec<String> {
    loaded
        .stream
        .iter()
        .map(|command| bantam_wire::repr::repr(&Value::List(command.words.clone())))
        .collect()
}

/// Compares line by line, to show the first that differs.
pub fn assert_same(what: &str, ours: &[String], theirs: &[String]) {
    for (number, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        assert!(
            without_newer_twins(ours) == without_newer_twins(theirs),
            "{what}, command {number}:\n    ours: {ours}\noriginal: {theirs}"
        );
    }
    let missing = |a: &[String], b: &[String]| a.get(b.len()).cloned();
    assert_eq!(missing(ours, theirs), None, "{what}: we have more");
    assert_eq!(missing(theirs, ours), None, "{what}: the original has more");
}

/// Compares our reading of a directory with the original's.
pub fn compare(what: &str, dir: &Path) -> Loaded {
    let loaded = load(dir, &dump()).unwrap_or_else(|errors| panic!("{what}: {errors}"));
    assert_same(what, &lines(&loaded), &original(dir));
    loaded
}
