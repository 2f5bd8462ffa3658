//! Patterns: files that come, go, change names among each other, or are copies of each other.

use super::Reader;
use crate::pattern::Glob;
use crate::stream::{FileId, Likeness, Stream};
use crate::watch::{Mark, nearest};
use crate::{Event, Position, Start};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

impl Reader {
    /// Follows every file that matches a glob, those that appear later included (these from their head).
    /// `start` is asked for each file already there that is not followed yet. The rules are those of Python's
    /// `glob`; the error says in words what is wrong with the pattern.
    pub fn add_glob(&mut self, pattern: &str, start: &mut dyn FnMut(&Path) -> Start) -> Result<(), String> {
        if self.globs.values().any(|glob| glob.text == pattern) {
            return Ok(());
        }
        let mut glob = Glob::new(pattern)?;
        let id = self.new_id();
        // Watch first, then list: nothing can appear between.
        self.watch_glob(id, &mut glob);
        glob.stale = false;
        let mut found = Vec::new();
        for path in glob.files() {
            match self.by_path.get(&path) {
                Some(&known) => {
                    if let Some(followed) = self.followed.get_mut(&known) {
                        followed.globs.insert(id);
                    }
                }
                None => found.push((start(&path), path)),
            }
        }
        let remembered = found.iter().filter_map(|(start, _)| match start {
            Start::Head(position) => position.clone(),
            Start::Tail => None,
        });
        glob.remembered = Arc::new(remembered.collect());
        let remembered = Arc::clone(&glob.remembered);
        self.globs.insert(id, glob);
        let added: Vec<u64> = found
            .into_iter()
            .map(|(start, path)| self.insert_for_glob(id, &path, start, &remembered))
            .collect();
        for id in added {
            self.look(id);
        }
        Ok(())
    }

    pub(super) fn remove_glob(&mut self, id: u64) {
        if let (Some(glob), Some(watches)) = (self.globs.remove(&id), &mut self.watches)
            && let Some(wd) = glob.watch
        {
            watches.release(wd, Mark::Glob(id));
        }
        let mut orphans = Vec::new();
        for (&name, followed) in &mut self.followed {
            if followed.globs.remove(&id) && followed.globs.is_empty() && !followed.explicit {
                orphans.push(name);
            }
        }
        for orphan in orphans {
            self.drop_followed(orphan);
        }
    }

    fn insert_for_glob(&mut self, glob: u64, path: &Path, start: Start, remembered: &Arc<Vec<Position>>) -> u64 {
        let id = self.insert(path, start, Arc::clone(remembered));
        if let Some(followed) = self.followed.get_mut(&id) {
            followed.globs.insert(glob);
        }
        id
    }

    /// If the file that now bears this name was read under another name of the same pattern (`access.log` became
    /// `access.log.1`, and `access.log*` matches both), reading goes on where it stood.
    pub(super) fn adopt(&mut self, id: u64, events: &mut dyn FnMut(Event)) {
        let Some(followed) = self.followed.get(&id) else {
            return;
        };
        if followed.globs.is_empty() {
            return;
        }
        let globs = followed.globs.clone();
        let Some(file) = followed.stranger() else {
            return;
        };
        if let Some(stream) = self.holder(id, &globs, file) {
            self.with(id, events, |followed, around, _| {
                followed.take(stream, around);
                true
            });
        }
    }

    fn holder(&mut self, id: u64, globs: &BTreeSet<u64>, file: FileId) -> Option<Stream> {
        let watches = &mut self.watches;
        self.followed
            .iter_mut()
            .filter(|(other, followed)| **other != id && !followed.globs.is_disjoint(globs))
            .find_map(|(_, followed)| followed.give(file, watches.as_mut()))
    }

    /// Copies of followed files (`access.log.1` where copytruncate works and `access.log*` matches both) are not
    /// followed: what stands in them was read already, or is got from them when the original is cut.
    pub(super) fn judge(&mut self) {
        for (id, path) in self.newcomers.clone() {
            let Some(newcomer) = self.followed.get(&id) else {
                self.newcomers.remove(&id);
                continue;
            };
            let others = self.followed.values();
            let likeness = others.map(|other| other.has_copy_in(newcomer)).max();
            match likeness {
                Some(Likeness::Unsure) => continue,
                Some(Likeness::Copy) => {
                    let globs = newcomer.globs.clone();
                    let file = newcomer.file_id();
                    for glob in globs {
                        if let Some(glob) = self.globs.get_mut(&glob) {
                            glob.copies.extend(file);
                        }
                    }
                    self.queued.retain(|event| event.path() != Some(&path));
                    self.drop_followed(id);
                }
                _ => {
                    self.newcomers.remove(&id);
                    if let Some(newcomer) = self.followed.get_mut(&id) {
                        newcomer.dirty = true;
                    }
                }
            }
        }
    }

    fn watch_glob(&mut self, id: u64, glob: &mut Glob) {
        let Some(watches) = &mut self.watches else {
            return;
        };
        let mark = Mark::Glob(id);
        let fresh = if glob.fixed.is_dir() {
            watches.directory(&glob.fixed, None, mark)
        } else {
            std::path::absolute(&glob.fixed)
                .ok()
                .and_then(|path| nearest(&path))
                .and_then(|(directory, entry)| watches.directory(&directory, Some(&entry), mark))
        };
        if let Some(wd) = std::mem::replace(&mut glob.watch, fresh) {
            watches.release(wd, mark);
        }
    }

    /// Looks for new files of patterns in whose directories something happened.
    pub(super) fn rescan(&mut self) {
        let stale: Vec<u64> = self
            .globs
            .iter()
            .filter(|(_, glob)| glob.stale)
            .map(|(&id, _)| id)
            .collect();
        for id in stale {
            let Some(mut glob) = self.globs.remove(&id) else {
                continue;
            };
            glob.stale = false;
            self.watch_glob(id, &mut glob);
            let mut added = Vec::new();
            for path in glob.originals() {
                match self.by_path.get(&path) {
                    Some(known) => {
                        if let Some(followed) = self.followed.get_mut(known) {
                            followed.globs.insert(id);
                        }
                    }
                    None => {
                        let start = Start::Head(None);
                        let newcomer = self.insert_for_glob(id, &path, start, &Arc::default());
                        self.newcomers.insert(newcomer, path);
                        added.push(newcomer);
                    }
                }
            }
            self.globs.insert(id, glob);
            for id in added {
                self.look(id);
            }
        }
    }
}
