//! Stock configuration, and what the original makes of it.

use serde::de::DeserializeOwned;
use serde_json::Value;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Names the source tree of another version of the original, to compare with that instead of the installed one.
const TREE: &str = "FAIL2BAN_SOURCE";

/// Where the original's modules and its configuration are.
pub fn original() -> (PathBuf, PathBuf) {
    match std::env::var_os(TREE).map(PathBuf::from) {
        Some(tree) => (tree.clone(), tree.join("config")),
        None => ("/usr/lib/python3/dist-packages".into(), "/etc/fail2ban".into()),
    }
}

/// The tool under test.
pub const BANTAM: &str = env!("CARGO_BIN_EXE_bantam");

/// Asks one of the Python scripts of this folder, which runs the installed original.
pub fn ask<T: DeserializeOwned>(script: &str, arguments: &[&str], request: &Value) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/conformance")
        .join(script);
    let mut child = Command::new("/usr/bin/python3")
        .arg("-B")
        .arg(path)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the original is needed as an oracle: apt-get install fail2ban");
    let mut stdin = child.stdin.take().unwrap();
    let text = request.to_string();
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "the original is needed as an oracle (apt-get install fail2ban):\n{errors}"
    );
    writer.join().unwrap().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Copies a folder with everything in it.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    let entries = std::fs::read_dir(from);
    for entry in entries.unwrap_or_else(|_| panic!("{} is missing: apt-get install fail2ban", from.display())) {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(std::fs::copy(entry.path(), target).unwrap()),
        }
    }
}

/// A copy of the stock configuration, with an empty log for its jails. Nothing is switched on.
pub struct Stock {
    pub dir: tempfile::TempDir,
}

impl Stock {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        copy(&original().1, dir.path());
        // What the distribution switches on there is left out.
        std::fs::remove_dir_all(dir.path().join("jail.d")).ok();
        std::fs::remove_file(dir.path().join("jail.local")).ok();
        std::fs::write(dir.path().join("empty.log"), "").unwrap();
        Stock { dir }
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn log(&self) -> PathBuf {
        self.path().join("empty.log")
    }

    /// The sections of `jail.conf` that are jails.
    pub fn jails(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.path().join("jail.conf")).unwrap();
        let headers = text
            .lines()
            .filter_map(|line| line.strip_prefix('[')?.split(']').next());
        headers
            .filter(|name| !["DEFAULT", "INCLUDES"].contains(name))
            .map(str::to_owned)
            .collect()
    }

    /// Names of the files `NAME.conf` in a folder.
    pub fn names(&self, folder: &str) -> Vec<String> {
        conf_names(&self.path().join(folder))
    }
}

/// Names of the files `NAME.conf` in a folder, sorted.
pub fn conf_names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let names =
        entries.filter_map(|entry| Some(entry.unwrap().file_name().to_str()?.strip_suffix(".conf")?.to_owned()));
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}
