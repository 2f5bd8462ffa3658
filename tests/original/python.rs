//! Scripts that run the original within themselves: the installed Debian package `fail2ban` (1.0.2), brought up to the
//! version that Bantam follows by `newer.py`, which they import. With `FAIL2BAN_SOURCE=DIR` a source tree of another
//! version stands in.

use serde::de::DeserializeOwned;
use serde_json::Value;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The Debian package's own: another Python on the way would not find the modules.
const PYTHON: &str = "/usr/bin/python3";

/// What to say when it does not run.
const NEEDED: &str = "the original is needed as an oracle: apt-get install fail2ban";

/// A script, which may import `newer`; its arguments are to follow.
pub fn python(script: &Path) -> Command {
    let folder = |above: &Path| above.join("tests/original");
    let mut above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(folder);
    let folder = above.find(|folder| folder.join("newer.py").is_file());
    let mut command = Command::new(PYTHON);
    command
        .arg("-B")
        .arg(script)
        .env("PYTHONPATH", folder.expect("tests/original/newer.py"))
        .env("PYTHONIOENCODING", "utf-8");
    command
}

/// What a script answers: JSON in, JSON out.
pub fn ask<T: DeserializeOwned>(script: &Path, arguments: &[&str], request: &Value) -> T {
    let mut command = python(script);
    converse(command.args(arguments), request)
}

/// What a command answers to a document on its standard input.
pub fn converse<T: DeserializeOwned>(command: &mut Command, request: &Value) -> T {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).spawn().expect(NEEDED);
    let mut stdin = child.stdin.take().unwrap();
    let text = request.to_string();
    // Its answer may be long before it has read all.
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{NEEDED}\n{errors}");
    writer.join().unwrap().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Where the original's modules and its configuration are.
pub fn installed() -> (PathBuf, PathBuf) {
    match std::env::var_os("FAIL2BAN_SOURCE").map(PathBuf::from) {
        Some(tree) => (tree.clone(), tree.join("config")),
        None => ("/usr/lib/python3/dist-packages".into(), "/etc/fail2ban".into()),
    }
}

/// The sample logs of the original's own tests.
pub fn sample_logs() -> PathBuf {
    let logs = installed().0.join("fail2ban/tests/files/logs");
    assert!(logs.is_dir(), "{} is missing; {NEEDED}", logs.display());
    logs
}
