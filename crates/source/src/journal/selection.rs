//! Which journal is meant: the options of `backend = systemd[...]`, and the files or arguments that they come to.
//!
//! As in the original's newer version, rotated files (`…@….journal`) are left alone unless asked for. What is followed
//! is then a list of files; after a rotation it is another list (see `follower`).

use crate::pattern;
use rustix::fs::Access;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The variable of the environment with the flags of selections that name neither flags nor files nor a path.
pub const DEFAULT_FLAGS: &str = "F2B_SYSTEMD_DEFAULT_FLAGS";

/// systemd's flags, as numbers in `journalflags`.
const LOCAL_ONLY: u32 = 1;
const RUNTIME_ONLY: u32 = 2;
const SYSTEM_ONLY: u32 = 4;
const CURRENT_USER: u32 = 8;
const OS_ROOT: u32 = 16;
const KNOWN_FLAGS: u32 = LOCAL_ONLY | RUNTIME_ONLY | SYSTEM_ONLY | CURRENT_USER | OS_ROOT;

/// What is read of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// What is written to now.
    Live,
    /// That and the rotated files beside.
    Past,
}

/// Which journal is meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    path: Option<String>,
    files: Vec<String>,
    flags: Option<u32>,
    namespace: Option<String>,
    rotated: bool,
}

/// An option that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// There is no such option.
    #[error(
        "unknown option '{0}' of the systemd backend; known are journalpath, journalfiles, journalflags, namespace and rotated"
    )]
    Unknown(String),
    /// Not a number, or not of known bits.
    #[error(
        "{0}={1} is not a sum of 1 (local only), 2 (runtime only), 4 (system), 8 (current user) and 16 (path is a root directory)"
    )]
    Flags(&'static str, String),
    /// Two options that exclude each other.
    #[error("journalfiles and {0} exclude each other: leave one out")]
    BesideFiles(&'static str),
    /// The name of a namespace that is none.
    #[error("'{0}' is no name of a journal namespace")]
    Namespace(String),
}

/// A file, whatever its name.
pub(super) type FileId = (u64, u64);

/// Files and arguments in place of a selection.
#[derive(Debug, Default)]
struct Resolved {
    files: Vec<PathBuf>,
    path: Option<String>,
    flags: Option<u32>,
}

impl Selection {
    /// Reads the options in the brackets of `systemd[...]`, with the value of [`DEFAULT_FLAGS`].
    pub fn new(options: &[(String, String)], default_flags: Option<&str>) -> Result<Self, SelectionError> {
        let mut selection = Selection::default();
        for (name, value) in options {
            match name.as_str() {
                "journalpath" => selection.path = Some(value.clone()).filter(|path| !path.is_empty()),
                "journalfiles" => {
                    let words = value.split(|c: char| c == ',' || c.is_whitespace());
                    selection.files = words.filter(|word| !word.is_empty()).map(str::to_owned).collect();
                }
                "journalflags" => selection.flags = Some(flags("journalflags", value)?),
                "namespace" => selection.namespace = Some(value.clone()).filter(|name| !name.is_empty()),
                "rotated" => {
                    selection.rotated = matches!(value.to_lowercase().as_str(), "1" | "on" | "true" | "yes");
                }
                _ => return Err(SelectionError::Unknown(name.clone())),
            }
        }
        if let Some(name) = &selection.namespace
            && name.contains(['/', '\0'])
        {
            return Err(SelectionError::Namespace(name.clone()));
        }
        if !selection.files.is_empty() {
            if selection.flags.is_some_and(|flags| flags != 0) {
                return Err(SelectionError::BesideFiles("journalflags"));
            }
            if selection.path.is_some() {
                return Err(SelectionError::BesideFiles("journalpath"));
            }
        }
        if selection.flags.is_none() && selection.files.is_empty() && selection.path.is_none() {
            selection.flags = match default_flags {
                Some(value) => Some(flags(DEFAULT_FLAGS, value)?),
                None => selection.rotated.then_some(SYSTEM_ONLY),
            };
        }
        Ok(selection)
    }

    /// The arguments that name the journal.
    pub(super) fn arguments(&self, scope: Scope) -> Vec<OsString> {
        let resolved = self.resolve();
        if resolved.files.is_empty() {
            return self.place_arguments(&resolved);
        }
        let mut files = resolved.files;
        if scope == Scope::Past {
            for index in 0..files.len() {
                let rotated = rotated_of(&files[index]);
                files.extend(rotated);
            }
            files.sort();
            files.dedup();
        }
        files.iter().map(|file| file_argument(file)).collect()
    }

    /// The files that are read while it is followed, with who they are: when that changes, they were rotated.
    pub(super) fn live_files(&self) -> BTreeMap<PathBuf, FileId> {
        let files = self.resolve().files.into_iter();
        files
            .filter_map(|path| {
                let stat = rustix::fs::stat(&path).ok()?;
                Some((path, (stat.st_dev, stat.st_ino)))
            })
            .collect()
    }

    fn resolve(&self) -> Resolved {
        let mut files: Vec<PathBuf> = {
            let patterns = self.files.iter().map(|pattern| pattern::translate(pattern));
            patterns.flat_map(|pattern| expand(&pattern)).collect()
        };
        if files.is_empty() && !self.rotated && self.namespace.is_none() {
            files = self.written_files();
        }
        files.sort();
        files.dedup();
        Resolved {
            path: self.path.clone(),
            flags: self.flags,
            files,
        }
    }

    /// The files that are not rotated, of all machines that keep their journals here.
    fn written_files(&self) -> Vec<PathBuf> {
        let flags = self.flags.unwrap_or(LOCAL_ONLY);
        let mut directories = Vec::new();
        match &self.path {
            Some(path) => directories.push(literal(path)),
            None => {
                if flags & RUNTIME_ONLY == 0 {
                    directories.push("/var/log/journal/*".to_owned());
                }
                directories.push("/run/log/journal/*".to_owned());
            }
        }
        let mut names = Vec::new();
        if flags & SYSTEM_ONLY != 0 {
            names.push("system.journal".to_owned());
        }
        if flags & CURRENT_USER != 0 {
            names.push(format!("user-{}.journal", rustix::process::geteuid().as_raw()));
        }
        if names.is_empty() {
            names.push("*.journal".to_owned());
        }
        let patterns = directories
            .iter()
            .flat_map(|directory| names.iter().map(move |name| format!("{directory}/{name}")));
        let files = patterns.flat_map(|pattern| expand(&pattern));
        let is_root = rustix::process::geteuid().is_root();
        let readable = |path: &PathBuf| is_root || rustix::fs::access(path, Access::READ_OK).is_ok();
        files.filter(|path| !is_rotated(path) && readable(path)).collect()
    }

    /// Arguments for a journal that is not named by its files.
    fn place_arguments(&self, resolved: &Resolved) -> Vec<OsString> {
        let flags = resolved.flags.unwrap_or(match &resolved.path {
            Some(_) => 0,
            None => LOCAL_ONLY,
        });
        let mut arguments = Vec::new();
        if let Some(path) = &resolved.path {
            let option = if flags & OS_ROOT == 0 { "--directory" } else { "--root" };
            arguments.push(format!("{option}={path}").into());
        } else if let Some(namespace) = &self.namespace {
            arguments.push(format!("--namespace={namespace}").into());
        } else if flags & RUNTIME_ONLY != 0 {
            let machine = std::fs::read_to_string("/etc/machine-id").unwrap_or_default();
            let own = if flags & LOCAL_ONLY == 0 { "" } else { machine.trim() };
            arguments.push(format!("--directory=/run/log/journal/{own}").into());
        } else if flags & LOCAL_ONLY == 0 {
            arguments.push("--merge".into());
        }
        if flags & SYSTEM_ONLY != 0 {
            arguments.push("--system".into());
        }
        if flags & CURRENT_USER != 0 {
            arguments.push("--user".into());
        }
        arguments
    }
}

fn flags(name: &'static str, text: &str) -> Result<u32, SelectionError> {
    let number = text.trim().parse::<u32>().ok();
    number
        .filter(|flags| flags & !KNOWN_FLAGS == 0)
        .ok_or_else(|| SelectionError::Flags(name, text.to_owned()))
}

/// The files of a pattern.
fn expand(pattern: &str) -> Vec<PathBuf> {
    let found = glob::glob_with(pattern, pattern::RULES);
    found.into_iter().flatten().flatten().collect()
}

/// A path as a pattern for itself.
fn literal(path: &str) -> String {
    glob::Pattern::escape(path.trim_end_matches('/'))
}

fn is_rotated(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.to_string_lossy().contains('@'))
}

/// Where a rotation has put what stood in a file before.
fn rotated_of(file: &Path) -> Vec<PathBuf> {
    let (Some(directory), Some(stem)) = (file.parent(), file.file_stem()) else {
        return Vec::new();
    };
    let (directory, stem) = (literal(&directory.to_string_lossy()), literal(&stem.to_string_lossy()));
    expand(&format!("{directory}/{stem}@*.journal"))
}

/// `journalctl` takes what stands here for a pattern, so that each sign that could be one is masked.
fn file_argument(file: &Path) -> OsString {
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let mut argument = b"--file=".to_vec();
    for &byte in file.as_os_str().as_bytes() {
        if b"*?[]{}\\".contains(&byte) {
            argument.push(b'\\');
        }
        argument.push(byte);
    }
    OsString::from_vec(argument)
}
