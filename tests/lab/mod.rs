//! A small internet on one machine: two network namespaces joined by a wire, a web server in one, clients in the
//! other; and the two daemons that can be put in front of it, Bantam and the installed original.

pub mod net;
pub mod subject;
pub mod traefik;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// The guide's four files.
pub fn guide_files() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/guide")
}

/// Runs a command and gives its output; fails the test when it cannot be run at all.
pub fn output(command: &mut Command) -> Output {
    command
        .output()
        .unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"))
}

/// Runs a command that must succeed.
pub fn succeed(command: &mut Command) -> String {
    let done = output(command);
    assert!(
        done.status.success(),
        "{command:?} failed: {}{}",
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    );
    String::from_utf8_lossy(&done.stdout).into_owned()
}

/// Waits until something holds; fails the test, saying what, when it does not within `patience`.
pub fn wait_for(what: &str, patience: Duration, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < patience, "not within {patience:?}: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Fails with the line to install what is missing.
pub fn require(programs: &[(&str, &str)]) {
    assert!(
        rustix::process::geteuid().is_root(),
        "this test makes network namespaces: run it as root"
    );
    let missing: Vec<&str> = programs
        .iter()
        .filter(|(program, _)| !in_path(program))
        .map(|(_, package)| *package)
        .collect();
    assert!(
        missing.is_empty(),
        "missing packages; install them with: apt-get install -y {}",
        missing.join(" ")
    );
}

fn in_path(program: &str) -> bool {
    ["/usr/sbin", "/usr/bin", "/sbin", "/bin"]
        .iter()
        .any(|dir| Path::new(dir).join(program).exists())
}
