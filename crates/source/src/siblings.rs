//! Where a rotated file may be found: beside its old name.
//!
//! Needed when bytes are no longer under the name that is followed and no descriptor leads to them: the copy that
//! copytruncate left, the file that was rotated while nobody was running, and whole files that came and went
//! between two looks. Only files that are not compressed count.

use crate::stream::FileId;
use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags, Stat};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// No more files than this are opened in a search.
const MAX_SIBLINGS: u32 = 128;

/// So many numbers in a row may be missing.
const MAX_GAP: u32 = 3;

/// What is not plain text any more.
const COMPRESSED: [&str; 8] = ["gz", "xz", "bz2", "zst", "lz4", "lzma", "Z", "zip"];

/// A sibling that was asked for.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) file: OwnedFd,
    pub(crate) stat: Stat,
    /// It is followed under its own name.
    pub(crate) taken: bool,
    /// The files that were rotated after it, oldest first; known for numbered siblings only.
    pub(crate) newer: Vec<(OwnedFd, Stat)>,
}

/// How a search ended.
#[derive(Debug)]
pub(crate) enum Search {
    Found(Found),
    Nothing,
    /// Names were shifted while they were looked at: to be repeated.
    Moving,
}

/// Is this the one?
pub(crate) type Wanted<'a> = &'a mut dyn FnMut(&OwnedFd, &Stat) -> bool;

/// Searches `path.1`, `path.2` and so on. Those for which `taken` holds are read under their own name and never
/// handed out as newer ones.
pub(crate) fn numbered(path: &Path, wanted: Wanted<'_>, taken: &dyn Fn(&Path) -> bool) -> Search {
    let mut newer = Vec::new();
    let mut missing = 0;
    for number in 1..=MAX_SIBLINGS {
        let name = with_number(path, number);
        let Some((file, stat)) = open(&name) else {
            missing += 1;
            // A gap is what a rotation in progress leaves; the next one may have begun meanwhile.
            if missing > MAX_GAP {
                return Search::Nothing;
            }
            continue;
        };
        missing = 0;
        if wanted(&file, &stat) {
            // Rotation shifts the highest number first. While this one is in its place, the lower ones were too.
            let still = rustix::fs::stat(&name).is_ok_and(|now| FileId::of(&now) == FileId::of(&stat));
            if !still {
                return Search::Moving;
            }
            newer.reverse();
            return Search::Found(Found {
                file,
                stat,
                taken: taken(&name),
                newer,
            });
        }
        if !taken(&name) {
            newer.push((file, stat));
        }
    }
    Search::Nothing
}

/// Searches the numbered siblings, then those with a date or another ending in their name.
pub(crate) fn any(path: &Path, wanted: Wanted<'_>, taken: &dyn Fn(&Path) -> bool) -> Search {
    match numbered(path, wanted, taken) {
        Search::Nothing => {}
        other => return other,
    }
    for name in named_alike(path) {
        if let Some((file, stat)) = open(&name)
            && wanted(&file, &stat)
        {
            return Search::Found(Found {
                file,
                stat,
                taken: taken(&name),
                newer: Vec::new(),
            });
        }
    }
    Search::Nothing
}

fn with_number(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_os_string();
    name.push(format!(".{number}"));
    PathBuf::from(name)
}

fn open(path: &Path) -> Option<(OwnedFd, Stat)> {
    // NOFOLLOW: nobody who may write in this directory shall lead us elsewhere.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::NOFOLLOW;
    let file = rustix::fs::open(path, flags, Mode::empty()).ok()?;
    let stat = rustix::fs::fstat(&file).ok()?;
    rustix::fs::FileType::from_raw_mode(stat.st_mode)
        .is_file()
        .then_some((file, stat))
}

/// Files like `access.log-20260801` or `access-20260801.log` beside `access.log`, newest first.
fn named_alike(path: &Path) -> Vec<PathBuf> {
    let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
        return Vec::new();
    };
    let Ok(entries) = std::fs::read_dir(directory) else {
        return Vec::new();
    };
    let mut found: Vec<_> = entries
        .flatten()
        .filter(|entry| alike(path, name, &entry.file_name()))
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    found.sort_by(|one, other| other.cmp(one));
    found.truncate(MAX_SIBLINGS as usize);
    found.into_iter().map(|(_, path)| path).collect()
}

fn alike(path: &Path, name: &OsStr, other: &OsStr) -> bool {
    let (name_bytes, other_bytes) = (name.as_bytes(), other.as_bytes());
    let ending = Path::new(other).extension().and_then(OsStr::to_str);
    if name == other || ending.is_some_and(|ending| COMPRESSED.contains(&ending)) {
        return false;
    }
    let between = match (path.file_stem(), path.extension()) {
        (Some(stem), Some(ending)) => {
            other_bytes.starts_with(stem.as_bytes()) && other_bytes.ends_with(ending.as_bytes())
        }
        _ => false,
    };
    other_bytes.starts_with(name_bytes) || between
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotated_names_are_recognised_and_compressed_ones_are_not() {
        let path = Path::new("/var/log/access.log");
        let is = |other: &str| alike(path, OsStr::new("access.log"), OsStr::new(other));
        assert!(is("access.log-20260801"));
        assert!(is("access-20260801.log"));
        assert!(is("access.log.old"));
        assert!(!is("access.log"));
        assert!(!is("access.log.2.gz"));
        assert!(!is("error.log"));
    }
}
