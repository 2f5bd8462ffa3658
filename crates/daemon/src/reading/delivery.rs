//! Blocks of lines and the jails that they are for.
use super::following::matches;
use crate::clock;
use crate::company::{Likeness, Member};
use crate::judge::Judge;
use crate::live::{LiveJail, LogPath, Work};
use crate::log::Module;
use crate::together::Together;
use bantam_detect::{Screen, Time};
use bantam_source::{Block, Position};
use parking_lot::MutexGuard;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Who reads what.
#[derive(Default)]
pub(super) struct Families {
    pub(super) followers: HashMap<PathBuf, Vec<Follower>>,
    /// What the jails of a file have their lines looked through for.
    pub(super) screens: HashMap<PathBuf, Screen>,
    pub(super) globs: Vec<(Arc<LiveJail>, String, bool)>,
    /// Where jails that were set idle left off, by jail and file.
    pub(super) parked: HashMap<(String, PathBuf), Position>,
}

impl Families {
    /// Gives a file to the jails with a pattern that names it.
    pub(super) fn adopt(&mut self, path: &Path, judge: &Judge) {
        for (jail, pattern, tail) in &self.globs {
            let own = |f: &Follower| f.jail.name == jail.name;
            if !matches(pattern, path) || self.followers.get(path).is_some_and(|all| all.iter().any(own)) {
                continue;
            }
            let text = path.to_string_lossy().into_owned();
            let log = LogPath {
                path: text.clone(),
                tail: *tail,
            };
            let mut work = jail.work.lock();
            if work.idle {
                if let Entry::Vacant(free) = self.parked.entry((jail.name.clone(), path.to_owned())) {
                    free.insert(Position {
                        first_line_md5: String::new(),
                        offset: 0,
                    });
                    work.logs.push(log);
                }
                continue;
            }
            work.logs.push(log);
            drop(work);
            let follower = Follower {
                jail: Arc::clone(jail),
                seen_to: 0,
                in_operation: *tail,
            };
            self.followers.entry(path.to_owned()).or_default().push(follower);
            judge.log.info(
                Module::Filter,
                format!("[{}] Added logfile: '{text}' (pos = 0, hash = )", jail.name),
            );
        }
    }
}

/// One jail on one file.
pub(super) struct Follower {
    pub(super) jail: Arc<LiveJail>,
    /// Blocks before this offset of the first file were read already.
    pub(super) seen_to: u64,
    pub(super) in_operation: bool,
}

/// Hands a block to every jail that reads the file. What their filters have in common is looked for once. What is said of
/// it waits for [`crate::log::Log::write_out`].
pub(super) fn deliver(families: &mut Families, judge: &Judge, block: &Block<'_>) {
    let now = clock::now();
    if !families.followers.contains_key(block.path) {
        // Found by a pattern just now; its first lines come in the same turn.
        families.adopt(block.path, judge);
    }
    let Some(followers) = families.followers.get_mut(block.path) else {
        return;
    };
    if !families.screens.contains_key(block.path) {
        families.screens.insert(block.path.to_owned(), Screen::default());
    }
    let Some(screen) = families.screens.get_mut(block.path) else {
        return;
    };
    let keys = fit(screen, followers);
    screen.learn(block.bytes);
    let mut together = Together::new(block.bytes, screen, &keys);
    let jails: Vec<Arc<LiveJail>> = followers.iter().map(|follower| Arc::clone(&follower.jail)).collect();
    let mut held = Held::default();
    for company in companies(followers, block, &keys) {
        if let [member] = company.as_slice() {
            let (follower, jail) = (&mut followers[*member], &jails[*member]);
            if !jail.aside.has_room() {
                held.settle(judge);
            }
            jail.aside.wait_for_room();
            let mut work = jail.work.lock();
            judge_for((follower, &mut work), judge, block, &mut together, *member, now);
            held.hold(jail, work, judge);
            continue;
        }
        let mut works: Vec<_> = company.iter().map(|&member| jails[member].work.lock()).collect();
        let in_operation = followers[company[0]].in_operation;
        let mut members: Vec<Member<'_>> = company
            .iter()
            .zip(&mut works)
            .map(|(&number, work)| Member {
                jail: &jails[number],
                work,
                number,
            })
            .collect();
        judge.company(&mut members, &mut together, in_operation, now);
        for (&member, mut work) in company.iter().zip(works) {
            has_read((&mut followers[member], &mut work), judge, block);
            held.hold(&jails[member], work, judge);
        }
    }
    held.settle(judge);
}

/// The jails that are to be judged together, by their indices: those that are alike, in the order of the first of each
/// company.
fn companies(followers: &[Follower], block: &Block<'_>, keys: &[u128]) -> Vec<Vec<usize>> {
    let mut companies: Vec<(Option<Likeness>, Vec<usize>)> = Vec::with_capacity(followers.len());
    for (index, (follower, key)) in followers.iter().zip(keys).enumerate() {
        // Most filters are the only ones of their kind, and nothing else needs to be asked then.
        let has_twin = keys.iter().filter(|other| *other == key).nth(1).is_some();
        let may_join = has_twin && unseen(follower, block).len() == block.bytes.len();
        let likeness = may_join
            .then(|| Likeness::of(&follower.jail, &follower.jail.work.lock(), *key, follower.in_operation))
            .flatten();
        let known = likeness.and_then(|_| companies.iter_mut().find(|(other, _)| *other == likeness));
        match known {
            Some((_, company)) => company.push(index),
            None => companies.push((likeness, vec![index])),
        }
    }
    companies.into_iter().map(|(_, company)| company).collect()
}

/// Bans wait so long for those of the jails that come after.
const PATIENCE: Duration = Duration::from_millis(2);

/// Jails that came to bans, locked until these are carried out: those of all jails of a file are written in one step.
/// No other thread holds one jail's lock and waits for another's.
#[derive(Default)]
struct Held<'a> {
    jails: Vec<(&'a Arc<LiveJail>, MutexGuard<'a, Work>)>,
    since: Option<Instant>,
}

impl<'a> Held<'a> {
    /// A jail has judged a block.
    fn hold(&mut self, jail: &'a Arc<LiveJail>, work: MutexGuard<'a, Work>, judge: &Judge) {
        if !work.bans.is_empty() {
            self.since.get_or_insert_with(Instant::now);
            self.jails.push((jail, work));
        }
        if self.since.is_some_and(|since| since.elapsed() >= PATIENCE) {
            self.settle(judge);
        }
    }

    fn settle(&mut self, judge: &Judge) {
        let mut jails: Vec<_> = self.jails.iter_mut().map(|(jail, work)| (*jail, &mut **work)).collect();
        judge.settle(&mut jails);
        self.jails.clear();
        self.since = None;
    }
}

/// Makes the screen anew if the filters are not those that it was made for. Gives their keys.
fn fit(screen: &mut Screen, followers: &[Follower]) -> Vec<u128> {
    let mut fits = screen.members() == followers.len();
    let keys = followers.iter().enumerate().map(|(member, follower)| {
        let work = follower.jail.work.lock();
        fits &= screen.is_for(member, work.filter.needs());
        work.filter.key()
    });
    let keys = keys.collect();
    if !fits {
        let needs = followers
            .iter()
            .map(|follower| follower.jail.work.lock().filter.needs().clone());
        *screen = Screen::new(needs.collect());
    }
    keys
}

fn judge_for(
    (follower, work): (&mut Follower, &mut Work),
    judge: &Judge,
    block: &Block<'_>,
    together: &mut Together<'_>,
    member: usize,
    now: Time,
) {
    let lines = unseen(follower, block);
    let jail = &follower.jail;
    if work.idle || !work.started {
        return;
    }
    if !lines.is_empty() {
        if lines.len() == block.bytes.len() {
            judge.shared_lines(jail, work, together, member, follower.in_operation, now);
        } else {
            judge.lines(jail, work, lines, follower.in_operation, now);
        }
        has_read((follower, work), judge, block);
    } else if block.caught_up {
        follower.in_operation = true;
    }
}

/// A jail has judged a block.
fn has_read((follower, work): (&mut Follower, &mut Work), judge: &Judge, block: &Block<'_>) {
    judge.has_read_file(&follower.jail, work, &block.path.to_string_lossy(), &block.position);
    if block.caught_up {
        follower.in_operation = true;
    }
}

/// The part of a block that a jail which joined late has not read yet.
fn unseen<'a>(follower: &Follower, block: &Block<'a>) -> &'a [u8] {
    if block.generation > 0 || block.offset >= follower.seen_to {
        return block.bytes;
    }
    let skip = usize::try_from(follower.seen_to - block.offset)
        .unwrap_or(usize::MAX)
        .min(block.bytes.len());
    &block.bytes[skip..]
}
