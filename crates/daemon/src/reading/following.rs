//! Who reads which file from where: files and patterns taken up and let go, jails that join late or come back from idling.
use super::catch_up;
use super::delivery::Follower;
use super::worker::Worker;
use crate::aside::Place;
use crate::clock;
use crate::live::{LiveJail, LogPath};
use crate::log::Module;
use bantam_source::{Position, Start};
use parking_lot::MutexGuard;
use std::path::{Path, PathBuf};
use std::sync::Arc;

impl Worker {
    pub(super) fn follow(&mut self, jail: Arc<LiveJail>, log: &LogPath) {
        let path = PathBuf::from(&log.path);
        let start = self.start_of(&jail, &log.path, log.tail);
        if self
            .families
            .followers
            .get(&path)
            .is_some_and(|all| all.iter().any(|f| f.jail.name == jail.name))
        {
            // Found by a pattern so far, perhaps; now it stays when the pattern goes.
            self.reader.add(&path, start);
            return;
        }
        let known = self.reader.paths().contains(&path);
        self.reader.add(&path, start.clone());
        let position = self.reader.position(&path);
        let mut follower = Follower {
            jail: Arc::clone(&jail),
            seen_to: 0,
            in_operation: log.tail,
        };
        if known && let Some(at) = &position {
            self.join_late(&mut follower, &path, &start, at);
        }
        self.families.followers.entry(path).or_default().push(follower);
        let at = position.unwrap_or(Position {
            first_line_md5: String::new(),
            offset: 0,
        });
        self.judge.log.info(
            Module::Filter,
            format!(
                "[{}] Added logfile: '{}' (pos = {}, hash = {})",
                jail.name, log.path, at.offset, at.first_line_md5
            ),
        );
    }

    /// A file that other jails read already: what this one has not seen of it is read for it alone.
    fn join_late(&self, follower: &mut Follower, path: &Path, start: &Start, at: &Position) {
        match start {
            Start::Tail => follower.seen_to = at.offset,
            Start::Head(remembered) => {
                let from = remembered
                    .as_ref()
                    .filter(|r| match at.first_line_md5.as_str() {
                        // Nothing of it has been read yet.
                        "" => bantam_source::holds(path, r),
                        first_line => r.first_line_md5 == first_line,
                    })
                    .map_or(0, |r| r.offset);
                follower.seen_to = from.max(at.offset);
                if from > at.offset {
                    return;
                }
                let mut work = follower.jail.work.lock();
                let (jail, judge) = (&follower.jail, &self.judge);
                let read = catch_up::lines(path, from, at.offset, &mut |lines| {
                    MutexGuard::unlocked(&mut work, || jail.aside.wait_for_room());
                    judge.lines(jail, &mut work, lines, false, clock::now());
                });
                let read_to = Place::File(path.to_string_lossy().into_owned(), at.clone());
                judge.has_read(jail, &mut work, read_to);
                if let Err(error) = read {
                    judge
                        .log
                        .error(Module::Filter, format!("Unable to read {}: {error}", path.display()));
                }
            }
        }
    }

    fn start_of(&mut self, jail: &LiveJail, path: &str, tail: bool) -> Start {
        if let Some(position) = self.families.parked.remove(&(jail.name.clone(), PathBuf::from(path))) {
            return Start::Head(Some(position));
        }
        if tail {
            return Start::Tail;
        }
        let row = self.judge.records.log_position(&jail.name, path);
        Start::Head(row.map(|row| Position {
            first_line_md5: row.first_line_md5,
            offset: row.offset,
        }))
    }

    pub(super) fn set_idle(&mut self, jail: &Arc<LiveJail>, idle: bool) {
        if idle {
            let own = |all: &Vec<Follower>| all.iter().any(|f| f.jail.name == jail.name);
            let files: Vec<PathBuf> = self
                .families
                .followers
                .iter()
                .filter(|(_, all)| own(all))
                .map(|(path, _)| path.clone())
                .collect();
            for path in files {
                if let Some(position) = self.reader.position(&path) {
                    self.families.parked.insert((jail.name.clone(), path.clone()), position);
                }
                self.leave(&jail.name, path.to_str());
            }
            jail.work.lock().idle = true;
        } else {
            jail.work.lock().idle = false;
            let logs = jail.work.lock().logs.clone();
            for log in &logs {
                self.follow(Arc::clone(jail), log);
            }
        }
    }

    pub(super) fn follow_globs(&mut self, jail: &Arc<LiveJail>, patterns: Vec<(String, bool)>) {
        let named = |pattern: &String| patterns.iter().any(|(named, _)| named == pattern);
        let gone: Vec<String> = self
            .families
            .globs
            .iter()
            .filter(|(own, pattern, _)| own.name == jail.name && !named(pattern))
            .map(|(_, pattern, _)| pattern.clone())
            .collect();
        self.families
            .globs
            .retain(|(own, pattern, _)| own.name != jail.name || named(pattern));
        self.drop_globs(&gone);
        for (pattern, tail) in patterns {
            self.follow_glob(Arc::clone(jail), pattern, tail);
        }
    }

    /// Lets go of patterns that no jail asks for any more.
    fn drop_globs(&mut self, gone: &[String]) {
        for pattern in gone.iter().filter(|p| !self.families.globs.iter().any(|g| g.1 == **p)) {
            self.reader.remove(pattern);
        }
    }

    fn follow_glob(&mut self, jail: Arc<LiveJail>, pattern: String, tail: bool) {
        if self
            .families
            .globs
            .iter()
            .any(|(known, p, _)| known.name == jail.name && *p == pattern)
        {
            return;
        }
        let (records, name) = (Arc::clone(&self.judge.records), jail.name.clone());
        let mut start = |path: &Path| match (tail, records.log_position(&name, &path.to_string_lossy())) {
            (true, _) => Start::Tail,
            (false, row) => Start::Head(row.map(|row| Position {
                first_line_md5: row.first_line_md5,
                offset: row.offset,
            })),
        };
        if let Err(error) = self.reader.add_glob(&pattern, &mut start) {
            self.judge.log.error(Module::Filter, format!("[{}] {error}", jail.name));
            return;
        }
        self.families.globs.push((jail, pattern, tail));
        self.adopt();
    }

    /// Gives the files that a glob has found to the jails that asked for it.
    pub(super) fn adopt(&mut self) {
        for path in self.reader.paths() {
            self.families.adopt(&path, &self.judge);
        }
    }

    pub(super) fn leave(&mut self, jail: &str, path: Option<&str>) {
        if path.is_none() {
            let left: Vec<String> = self
                .families
                .globs
                .iter()
                .filter(|g| g.0.name == jail)
                .map(|(_, pattern, _)| pattern.clone())
                .collect();
            self.families.globs.retain(|g| g.0.name != jail);
            self.drop_globs(&left);
            self.families.parked.retain(|(name, _), _| name != jail);
        }
        let reader = &mut self.reader;
        self.families.followers.retain(|file, all| {
            if path.is_none_or(|path| Path::new(path) == file) {
                all.retain(|f| f.jail.name != jail);
            }
            if all.is_empty() {
                reader.remove(&file.to_string_lossy());
            }
            !all.is_empty()
        });
        let followers = &self.families.followers;
        self.families.screens.retain(|file, _| followers.contains_key(file));
    }
}

/// Whether a file is one that a pattern names.
pub(crate) fn matches(pattern: &str, path: &Path) -> bool {
    glob::Pattern::new(pattern).is_ok_and(|pattern| pattern.matches_path_with(path, GLOB_RULES))
}

/// As Python's glob: a star stops at a slash and passes over hidden files.
const GLOB_RULES: glob::MatchOptions = glob::MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};
