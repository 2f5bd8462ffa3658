//! The original's programs beside ours: many runs in one Python process, since its start takes longer than the rest.
//!
//! Needs the Debian package `fail2ban` (1.0.2); `newer.py` brings it up to the version that Bantam follows.

mod normal;
#[allow(
    dead_code,
    reason = "not every test that includes this module asks scripts of its own"
)]
mod python;

#[allow(
    unused_imports,
    reason = "not every test that includes this module asks scripts of its own"
)]
pub use normal::{normal, without_source};
#[allow(
    unused_imports,
    reason = "not every test that includes this module asks scripts of its own"
)]
pub use python::{ask, installed, sample_logs};

use serde_json::json;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The zone of most runs.
pub const ZONE: &str = "Europe/Zurich";

/// A program's last word (`regex`, `client`) and its arguments.
pub type Run = (&'static str, Vec<String>);

/// What came of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    pub stdout: String,
    pub stderr: String,
    pub code: i32,
}

/// A run of the regex tool.
pub fn regex<A: AsRef<str>>(args: &[A]) -> Run {
    ("regex", args.iter().map(|arg| arg.as_ref().to_owned()).collect())
}

/// A program of the original's that stays a process of its own; its arguments are to follow.
#[allow(dead_code, reason = "not every test that includes this module starts a daemon")]
pub fn program(name: &str) -> Command {
    let mut command = python::python(&script());
    command.arg(name);
    command
}

/// Runs all of them in one process, in a time zone.
pub fn original(zone: &str, runs: &[Run]) -> Vec<Ran> {
    let mut command = python::python(&script());
    let results: Vec<(String, String, i32)> = python::converse(alike(&mut command, zone), &json!(runs));
    let ran = |(stdout, stderr, code)| Ran { stdout, stderr, code };
    results.into_iter().map(ran).collect()
}

/// One run of ours, under the original's name.
pub fn ours(zone: &str, (program, args): &Run) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bantam"));
    command.arg0(format!("fail2ban-{program}")).args(args);
    let output = alike(&mut command, zone).output().unwrap();
    Ran {
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
        code: output.status.code().unwrap_or(-1),
    }
}

/// The same surroundings for both. Helps are folded at the width of the terminal.
fn alike<'a>(command: &'a mut Command, zone: &str) -> &'a mut Command {
    command.env("TZ", zone).env("LC_ALL", "C.UTF-8").env("COLUMNS", "80")
}

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/original/run.py")
}

/// A file of the repository's own test data.
#[allow(dead_code, reason = "not every test that includes this module has files of its own")]
pub fn data(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(path);
    path.to_str().unwrap().to_owned()
}
