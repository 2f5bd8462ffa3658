//! Stock configuration, and what the original makes of it.

use crate::original::installed;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The tool under test.
pub const BANTAM: &str = env!("CARGO_BIN_EXE_bantam");

/// Asks one of the Python scripts of this folder, which runs the original.
pub fn ask<T: DeserializeOwned>(script: &str, arguments: &[&str], request: &Value) -> T {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance");
    crate::original::ask(&folder.join(script), arguments, request)
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
        copy(&installed().1, dir.path());
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
