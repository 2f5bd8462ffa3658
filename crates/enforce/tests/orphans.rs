//! Commands that a killed daemon left running, found by the next one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use bantam_enforce::{Command, OrphanGuard, Orphans, run_guarded};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Set in the process that plays the daemon to be killed: the folder it works in.
const ROLE: &str = "BANTAM_TEST_ORPHANED_DAEMON";

const LONG: Duration = Duration::from_secs(20);

/// The daemon's part: a command that goes on for a while after its daemon was killed.
fn be_the_daemon(dir: &Path) {
    let (guard, _) = OrphanGuard::acquire(&dir.join("lock"), LONG).unwrap();
    let text = format!("cd {}; echo > began; sleep 0.7; echo > ended", dir.display());
    run_guarded(&Command::plain(text), LONG, Some(&guard)).unwrap();
}

/// Runs the daemon's part in a process of its own and kills it while its command runs.
fn kill_a_daemon(test: &str, dir: &Path) {
    let mut daemon = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test])
        .env(ROLE, dir)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + LONG;
    while !dir.join("began").exists() {
        assert!(Instant::now() < deadline, "the daemon began nothing");
        std::thread::sleep(Duration::from_millis(2));
    }
    daemon.kill().unwrap();
    daemon.wait().unwrap();
}

fn role() -> Option<PathBuf> {
    std::env::var_os(ROLE).map(PathBuf::from)
}

#[test]
fn a_new_daemon_waits_for_the_command_of_a_killed_one() {
    if let Some(dir) = role() {
        return be_the_daemon(&dir);
    }
    let dir = tempfile::tempdir().unwrap();
    kill_a_daemon("a_new_daemon_waits_for_the_command_of_a_killed_one", dir.path());
    assert!(!dir.path().join("ended").exists());
    let (_guard, orphans) = OrphanGuard::acquire(&dir.path().join("lock"), LONG).unwrap();
    assert!(matches!(orphans, Orphans::Ended(_)), "{orphans:?}");
    assert!(dir.path().join("ended").exists());
}

#[test]
fn waiting_for_a_command_that_does_not_end_is_given_up() {
    if let Some(dir) = role() {
        return be_the_daemon(&dir);
    }
    let dir = tempfile::tempdir().unwrap();
    kill_a_daemon("waiting_for_a_command_that_does_not_end_is_given_up", dir.path());
    let wait = Duration::from_millis(30);
    let (_guard, orphans) = OrphanGuard::acquire(&dir.path().join("lock"), wait).unwrap();
    assert_eq!(orphans, Orphans::Running);
    assert!(!dir.path().join("ended").exists());
}

#[test]
fn only_commands_hold_the_lock_and_only_in_the_foreground() {
    let dir = tempfile::tempdir().unwrap();
    let lock = dir.path().join("lock");
    let (guard, orphans) = OrphanGuard::acquire(&lock, LONG).unwrap();
    assert_eq!(orphans, Orphans::None);
    let mut other = std::process::Command::new("sleep").arg("60").spawn().unwrap();
    let background = Command::plain("sleep 60 & echo $!");
    let background = run_guarded(&background, LONG, Some(&guard)).unwrap();
    drop(guard);
    // Another test's child holds all that is open here until it has become its program: a moment is allowed.
    let (_guard, orphans) = OrphanGuard::acquire(&lock, LONG).unwrap();
    assert_ne!(orphans, Orphans::Running);
    other.kill().unwrap();
    other.wait().unwrap();
    let kill = Command::plain(format!("kill {}", background.stdout.trim()));
    bantam_enforce::run(&kill, LONG).unwrap();
}

#[test]
fn a_guarded_command_reads_nothing_from_its_stdin() {
    let dir = tempfile::tempdir().unwrap();
    let (guard, _) = OrphanGuard::acquire(&dir.path().join("lock"), LONG).unwrap();
    let finished = run_guarded(&Command::plain("cat; echo end"), LONG, Some(&guard)).unwrap();
    assert_eq!(finished.stdout, "end\n");
}
