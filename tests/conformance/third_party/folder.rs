//! The data as it would stand on a machine: over the stock configuration, with the logs that the jails name.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

const DATA: &str = "tests/data/third-party";
/// What lies beneath, as Debian installs it.
const STOCK: &str = "/etc/fail2ban";
/// Where jails say their logs are; a folder of the test's stands in.
const LOGS: &str = "/var/log/";
/// The configuration with all jails together.
pub const ALL: &str = "all-of-them";

/// A temporary folder with `filters/` (no jails), one `jails/NAME/` for each jail, and `log/`.
pub struct Folder {
    dir: tempfile::TempDir,
    /// Of the services.
    pub names: Vec<String>,
}

impl Folder {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder {
            names: names(&data("filter.d")),
            dir,
        };
        assert_eq!(folder.names, names(&data("jail.d")), "a jail for each filter");
        for part in ["filter.d", "action.d"] {
            copy(&Path::new(STOCK).join(part), &folder.at(&format!("stock/{part}")));
        }
        copy(&data("filter.d"), &folder.at("stock/filter.d"));
        folder.link("stock/filter.d", "filters/filter.d");
        for name in &folder.names {
            folder.install(name, std::slice::from_ref(name));
        }
        folder.install(ALL, &folder.names);
        folder
    }

    /// A configuration with some of the jails.
    fn install(&self, name: &str, jails: &[String]) {
        let base = format!("jails/{name}");
        for part in ["filter.d", "action.d"] {
            self.link(&format!("stock/{part}"), &format!("{base}/{part}"));
        }
        std::fs::create_dir_all(self.at(&format!("{base}/jail.d"))).unwrap();
        for entry in std::fs::read_dir(STOCK).unwrap_or_else(|_| panic!("apt-get install fail2ban")) {
            let path = entry.unwrap().path();
            if path.is_file() {
                let target = self.at(&base).join(path.file_name().unwrap());
                let text = std::fs::read_to_string(&path).unwrap();
                std::fs::write(target, self.moved(&text)).unwrap();
            }
        }
        for jail in jails {
            let text = std::fs::read_to_string(data(&format!("jail.d/{jail}.conf"))).unwrap();
            self.make_logs(&text);
            std::fs::write(self.at(&format!("{base}/jail.d/{jail}.conf")), self.moved(&text)).unwrap();
        }
    }

    fn moved(&self, text: &str) -> String {
        text.replace(LOGS, &format!("{}/", self.at("log").display()))
    }

    /// Empty logs where a jail expects them; what lies in a folder `gone` is missing.
    fn make_logs(&self, text: &str) {
        let quote = |c: char| c == '"' || c == '\'';
        for word in text.split(|c: char| c.is_whitespace() || c == ',' || c == '=') {
            let Some(rest) = word.trim_matches(quote).strip_prefix(LOGS) else {
                continue;
            };
            if !rest.starts_with("gone/") {
                let path = self
                    .at("log")
                    .join(rest.replace('*', "1").replace('?', "2").replace("[0-9]", "3"));
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, "").unwrap();
            }
        }
    }

    fn link(&self, target: &str, name: &str) {
        let name = self.at(name);
        std::fs::create_dir_all(name.parent().unwrap()).unwrap();
        symlink(self.at(target), name).unwrap();
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn filters(&self) -> String {
        self.at("filters").display().to_string()
    }

    pub fn jail(&self, name: &str) -> String {
        self.at("jails").join(name).display().to_string()
    }

    pub fn log_of(&self, name: &str) -> String {
        data(&format!("{name}.log")).display().to_string()
    }
}

pub fn data(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(DATA).join(path)
}

fn names(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    let mut names: Vec<String> = entries
        .map(name)
        .filter_map(|name| Some(name.strip_suffix(".conf")?.to_owned()))
        .collect();
    names.sort();
    names
}

/// Copies the files of a folder.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap_or_else(|_| panic!("apt-get install fail2ban")) {
        let path = entry.unwrap().path();
        if path.is_file() {
            std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
        }
    }
}
