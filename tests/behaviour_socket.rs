//! The control socket is opened by systemd and handed over, as the original's unit can have it since 1.1.1.
//!
//! Needs Debian's package `systemd` (for `systemd-socket-activate`); nothing of it runs but that tool.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// How long anything is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A listener that becomes the server when the first client comes.
fn activated(dir: &Path, names: &str, sockets: &[&str]) -> Child {
    let mut command = Command::new("systemd-socket-activate");
    for socket in sockets {
        command.arg("--listen").arg(dir.join(socket));
    }
    command
        .arg(format!("--fdname={names}"))
        .arg(env!("CARGO_BIN_EXE_bantam"))
        .args(["server", "-f", "-c"])
        .arg(dir)
        .arg("start")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("needs systemd-socket-activate: apt-get install systemd")
}

fn ask(dir: &Path, socket: &str, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bantam"));
    command.args(["client", "-c"]).arg(dir).arg("-s").arg(dir.join(socket));
    command.args(words).output().unwrap()
}

fn configuration() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).display().to_string();
    let server = format!(
        "[Definition]\nlogtarget = {}\nsocket = {}\npidfile = {}\ndbfile = None\n",
        at("daemon.log"),
        at("control.sock"),
        at("f.pid")
    );
    std::fs::write(dir.path().join("fail2ban.conf"), server).unwrap();
    std::fs::write(dir.path().join("jail.conf"), "[DEFAULT]\n").unwrap();
    dir
}

#[test]
fn a_socket_of_the_service_manager_is_answered_on_and_left_in_its_place() {
    let dir = configuration();
    let mut server = activated(dir.path(), "other:fail2ban", &["other.sock", "control.sock"]);
    wait_for("the sockets", || dir.path().join("control.sock").exists());
    wait_for("an answer", || {
        ask(dir.path(), "control.sock", &["ping"]).stdout == b"Server replied: pong\n"
    });
    let log = std::fs::read_to_string(dir.path().join("daemon.log")).unwrap();
    assert!(log.contains("Using socket activation, inherited socket"), "{log}");
    assert!(ask(dir.path(), "control.sock", &["stop"]).status.success());
    wait_for("the end", || server.try_wait().unwrap().is_some());
    assert!(dir.path().join("control.sock").exists(), "it is the service manager's");
}

#[test]
fn descriptors_meant_for_another_process_are_not_touched() {
    let dir = configuration();
    let mut server = Command::new(env!("CARGO_BIN_EXE_bantam"))
        .args(["server", "-f", "-c"])
        .arg(dir.path())
        .arg("start")
        .env("LISTEN_FDS", "1")
        .env("LISTEN_PID", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    wait_for("an answer", || {
        ask(dir.path(), "control.sock", &["ping"]).status.success()
    });
    assert!(ask(dir.path(), "control.sock", &["stop"]).status.success());
    wait_for("the end", || server.try_wait().unwrap().is_some());
    assert!(!dir.path().join("control.sock").exists());
}
