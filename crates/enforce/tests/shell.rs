//! Commands in a shell: what comes back, how they are ended, and what they cannot hold up.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use bantam_enforce::{Command, Finished, run};
use std::path::Path;
use std::time::{Duration, Instant};

fn sh(text: &str) -> Finished {
    run(&Command::plain(text), Duration::from_secs(20)).unwrap()
}

/// Whether the process whose number a command wrote into a file still runs.
fn is_running(pid_file: &Path) -> bool {
    let pid = std::fs::read_to_string(pid_file).unwrap();
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}

#[test]
fn status_and_output_come_back() {
    let finished = sh("echo out; echo err >&2; exit 3");
    assert_eq!(finished.code, Some(3));
    assert_eq!(finished.stdout, "out\n");
    assert_eq!(finished.stderr, "err\n");
    assert!(!finished.timed_out && !finished.success());
    assert!(sh("true").success());
}

#[test]
fn arguments_arrive_as_they_are() {
    let command = Command {
        text: "printf '%s|%s' \"$0\" \"$1\"".to_owned(),
        arguments: vec!["$(echo x); 'a'".to_owned(), "b\nc\\".to_owned()],
    };
    let finished = run(&command, Duration::from_secs(20)).unwrap();
    assert_eq!(finished.stdout, "$(echo x); 'a'|b\nc\\");
}

#[test]
fn a_signal_that_ended_the_shell_is_told() {
    assert_eq!(sh("kill -SEGV $$").signal, Some(11));
}

#[test]
fn stdin_is_empty() {
    assert_eq!(sh("cat; echo end").stdout, "end\n");
}

#[test]
fn the_time_limit_ends_the_whole_group() {
    let dir = tempfile::tempdir().unwrap();
    let pid_file = dir.path().join("pid");
    let text = format!("sleep 100 & echo $! > {}; echo before; sleep 100", pid_file.display());
    let began = Instant::now();
    let finished = run(&Command::plain(text), Duration::from_millis(500)).unwrap();
    assert!(began.elapsed() < Duration::from_secs(5));
    assert!(finished.timed_out);
    assert_eq!(finished.signal, Some(15));
    assert_eq!(finished.stdout, "before\n");
    let deadline = Instant::now() + Duration::from_secs(5);
    while is_running(&pid_file) {
        assert!(Instant::now() < deadline, "a child outlived the time limit");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_command_that_ignores_sigterm_is_killed_after_a_moment() {
    let began = Instant::now();
    let text = "trap '' TERM; while :; do sleep 0.05; done";
    let finished = run(&Command::plain(text), Duration::from_millis(200)).unwrap();
    assert_eq!(finished.signal, Some(9));
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(400), "{took:?}");
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[test]
fn a_command_that_tidies_up_at_sigterm_has_time_to() {
    let text = "trap 'echo tidy; exit 0' TERM; while :; do sleep 0.02; done";
    let finished = run(&Command::plain(text), Duration::from_millis(200)).unwrap();
    assert_eq!(finished.stdout, "tidy\n");
    assert!(finished.timed_out && !finished.success());
}

#[test]
fn a_process_left_in_the_background_is_not_waited_for() {
    let began = Instant::now();
    let finished = sh("sleep 12 & echo left; echo said >&2");
    assert!(began.elapsed() < Duration::from_secs(10));
    assert_eq!(finished.stdout, "left\n");
    assert_eq!(finished.stderr, "said\n");
    assert!(finished.success());
}

#[test]
fn a_background_process_that_never_stops_writing_is_not_read_for_ever() {
    let began = Instant::now();
    assert!(sh("yes & sleep 0.1").success());
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[test]
fn megabytes_of_output_neither_block_the_command_nor_fill_the_memory() {
    let finished = sh("head -c 8000000 /dev/zero | tr '\\0' x; head -c 8000000 /dev/zero >&2");
    assert!(finished.success());
    assert_eq!(finished.stdout.len(), 64 * 1024);
    assert_eq!(finished.stderr.len(), 64 * 1024);
}

#[test]
fn output_that_is_no_utf8_comes_back_replaced() {
    assert_eq!(sh("printf 'a\\377b'").stdout, "a\u{fffd}b");
}

#[test]
fn a_text_too_long_for_the_kernel_is_an_error() {
    let text = format!("true {}", "x".repeat(200_000));
    assert!(run(&Command::plain(text), Duration::from_secs(1)).is_err());
}
