//! What a user sees of broken configurations. Each folder of `tests/broken` is one; what it does not bring itself
//! (a server file, a filter `sshd`, an action `ban`) is added.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use bantam_conf::{Diagnostic, LoadOptions};
use std::path::Path;
use support::{copy, write};

fn render(findings: &[Diagnostic], dir: &Path, outcome: &str) -> String {
    let shown: Vec<String> = findings.iter().map(|finding| finding.render(false)).collect();
    let text = shown.join("\n\n").replace(dir.to_str().unwrap(), "DIR");
    format!("{text}\n\n=> {outcome}")
}

fn read(case: &Path) -> String {
    let dir = tempfile::tempdir().unwrap();
    write(
        dir.path(),
        &[
            ("fail2ban.conf", "[Definition]\n"),
            ("filter.d/sshd.conf", "[Definition]\nfailregex = ^fail from <HOST>\n"),
            ("action.d/ban.conf", "[Definition]\nactionban = ban <ip>\n"),
        ],
    );
    copy(case, dir.path());
    match bantam_conf::load(dir.path(), &LoadOptions::default()) {
        Err(findings) => render(&findings, dir.path(), "nothing can run"),
        Ok(loaded) => {
            let started = loaded
                .stream
                .iter()
                .filter(|c| c.words.first().and_then(|w| w.as_str()) == Some("start"));
            let names: Vec<&str> = started.filter_map(|c| c.words.get(1)?.as_str()).collect();
            render(
                &loaded.diagnostics,
                dir.path(),
                &format!("jails that run: {}", names.join(", ")),
            )
        }
    }
}

#[test]
fn broken_configurations_are_explained() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken");
    let mut cases: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    assert!(cases.len() >= 20);
    for case in cases {
        let name = case.file_name().unwrap().to_str().unwrap();
        let text = read(&case);
        assert!(!text.contains("secret") || name != "secret_in_the_line", "{text}");
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false, snapshot_path => "snapshots" }, {
            insta::assert_snapshot!(name, text);
        });
    }
}
