//! Globs: which files a pattern means, by the rules of Python's `glob`.

use crate::Position;
use crate::stream::FileId;
use glob::MatchOptions;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// As Python has it: `*` stays within a directory and never finds a hidden file.
pub(crate) const RULES: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

/// A followed pattern.
#[derive(Debug)]
pub(crate) struct Glob {
    /// As it was given.
    pub(crate) text: String,
    /// In the dialect of the `glob` crate.
    translated: String,
    /// The part before the first wildcard.
    pub(crate) fixed: PathBuf,
    /// Wildcards stand in directories too, which are not watched.
    wild_directories: bool,
    /// Files that a user removed one by one.
    pub(crate) excluded: HashSet<PathBuf>,
    /// Copies of followed files, which are not followed themselves.
    pub(crate) copies: HashSet<FileId>,
    /// What was remembered of its files before this run: a rotation may have given their names to each other.
    pub(crate) remembered: Arc<Vec<Position>>,
    /// To be looked at again.
    pub(crate) stale: bool,
    /// The watch on `fixed`.
    pub(crate) watch: Option<i32>,
    seen: Option<(u64, i64, u64)>,
}

impl Glob {
    /// Understands a pattern; the error is in words.
    pub(crate) fn new(text: &str) -> Result<Self, String> {
        let translated = translate(text);
        glob::Pattern::new(&translated).map_err(|error| error.to_string())?;
        let mut fixed = PathBuf::new();
        let mut rest = Path::new(text).components().peekable();
        while let Some(part) = rest.next() {
            let wild = part.as_os_str().to_string_lossy().contains(['*', '?', '[']);
            if wild || rest.peek().is_none() {
                break;
            }
            fixed.push(part);
        }
        if fixed.as_os_str().is_empty() {
            fixed.push(".");
        }
        let wild_directories = rest.next().is_some();
        Ok(Self {
            text: text.to_owned(),
            translated,
            fixed,
            wild_directories,
            excluded: HashSet::new(),
            copies: HashSet::new(),
            remembered: Arc::default(),
            stale: true,
            watch: None,
            seen: None,
        })
    }

    /// The regular files (or links to such) that match now, in the order of their names.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let Ok(paths) = glob::glob_with(&self.translated, RULES) else {
            return Vec::new();
        };
        paths
            .flatten()
            .filter(|path| path.is_file() && !self.excluded.contains(path))
            .collect()
    }

    /// [`Glob::files`] without copies of others; copies that are gone are forgotten.
    pub(crate) fn originals(&mut self) -> Vec<PathBuf> {
        let mut files = self.files();
        if !self.copies.is_empty() {
            let mut there = HashSet::new();
            files.retain(|path| {
                let id = rustix::fs::stat(path).ok().map(|stat| FileId::of(&stat));
                there.extend(id);
                id.is_none_or(|id| !self.copies.contains(&id))
            });
            self.copies.retain(|id| there.contains(id));
        }
        files
    }

    /// Whether a second after the last look another one is due. A directory that did not change needs none.
    pub(crate) fn due(&mut self) -> bool {
        if self.wild_directories {
            return true;
        }
        let now = rustix::fs::stat(&self.fixed)
            .ok()
            .map(|stat| (stat.st_ino, stat.st_mtime, stat.st_mtime_nsec));
        let changed = now != self.seen;
        // A time stamp is coarse: only one that has aged proves that nothing came after it.
        let fresh = now.is_some_and(|(_, seconds, _)| {
            std::time::UNIX_EPOCH
                .elapsed()
                .is_ok_and(|today| (today.as_secs() as i64) < seconds.saturating_add(3))
        });
        self.seen = now;
        changed || fresh
    }
}

/// `**` is no more than `*` to Python's `glob`, and a bracket that nothing closes is a plain character.
pub(crate) fn translate(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let mut length = letter.len_utf8();
        match letter {
            '*' => {
                length = rest.len() - rest.trim_start_matches('*').len();
                out.push('*');
            }
            '[' => match bracket(rest) {
                Some(end) => {
                    length = end;
                    out.push_str(&rest[..end]);
                }
                None => out.push_str("[[]"),
            },
            other => out.push(other),
        }
        rest = &rest[length..];
    }
    out
}

/// Length of the bracket expression at the beginning of `text`. A `]` right after `[` or `[!` belongs to the set.
fn bracket(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('[')?;
    let set = inner.strip_prefix('!').unwrap_or(inner);
    let from = text.len() - set.len();
    let first = set.chars().next()?.len_utf8();
    set.get(first..)?.find(']').map(|end| from + first + end + 1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_dialect_is_pythons() {
        assert_eq!(translate("/a/**/b*.log"), "/a/*/b*.log");
        assert_eq!(translate("/a/[ab/c"), "/a/[[]ab/c");
        assert_eq!(translate("/a/[!]x]**[*]"), "/a/[!]x]*[*]");
    }

    #[test]
    fn the_fixed_part_ends_before_the_first_wildcard() {
        let glob = |text: &str| {
            let glob = Glob::new(text).unwrap();
            (glob.fixed, glob.wild_directories)
        };
        assert_eq!(glob("/var/log/*.log"), ("/var/log".into(), false));
        assert_eq!(glob("/var/*/x.log"), ("/var".into(), true));
        assert_eq!(glob("/var/log/a.log"), ("/var/log".into(), false));
        assert_eq!(glob("*.log"), (".".into(), false));
    }

    #[test]
    fn hidden_files_and_directories_do_not_match() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(".x.log"), "").unwrap();
        std::fs::write(folder.path().join("x.log"), "").unwrap();
        std::fs::create_dir(folder.path().join("d.log")).unwrap();
        let glob = Glob::new(&format!("{}/**.log", folder.path().display())).unwrap();
        assert_eq!(glob.files(), [folder.path().join("x.log")]);
    }
}
