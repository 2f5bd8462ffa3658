//! The reading thread: follows all files of all jails, hands their lines to the judge, ends bans in time, and keeps
//! positions and counters in the database. Nothing slow is waited for here.

mod catch_up;

use crate::clock;
use crate::jails::Jails;
use crate::judge::Judge;
use crate::live::{LiveJail, LogPath};
use crate::log::{Level, Module};
use bantam_detect::Time;
use bantam_source::{Backend, Block, Event, Position, Reader, Start, Waker};
use bantam_state::{LogRow, Totals};
use parking_lot::RwLock;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long the thread sleeps when nothing happens.
const IDLE: Duration = Duration::from_secs(1);
/// Positions and counters are written at least this often, in seconds, when they changed.
const SAVE_EVERY: f64 = 2.0;

/// How long an order is waited for; between two orders the thread reads one turn.
const OBEDIENCE: Duration = Duration::from_secs(5);

/// What the reading thread is told.
enum Order {
    Follow {
        jail: Arc<LiveJail>,
        path: LogPath,
    },
    FollowGlobs {
        jail: Arc<LiveJail>,
        patterns: Vec<(String, bool)>,
    },
    Idle {
        jail: Arc<LiveJail>,
        idle: bool,
        done: Sender<()>,
    },
    Nothing {
        done: Sender<()>,
    },
    Leave {
        jail: String,
        path: Option<String>,
        done: Sender<()>,
    },
}

/// The hand that the rest of the program has on the reading thread.
#[derive(Debug)]
pub struct Reading {
    orders: Sender<Order>,
    waker: Waker,
    stop: Arc<AtomicBool>,
    /// Held by the thread while it reads, and exclusively by whoever rebuilds jails.
    gate: Arc<RwLock<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Reading {
    /// Starts the thread.
    pub fn start(judge: Arc<Judge>, jails: Jails) -> std::io::Result<Self> {
        let reader = Reader::new(Backend::Auto)?;
        let (waker, stop, gate) = (reader.waker(), Arc::new(AtomicBool::new(false)), Arc::default());
        let (orders, inbox) = channel();
        let mut worker = Worker {
            reader,
            inbox,
            judge,
            jails,
            families: Families::default(),
            last_save: clock::now(),
        };
        let (stopped, reads) = (Arc::clone(&stop), Arc::clone(&gate));
        let thread = std::thread::Builder::new()
            .name("reading".to_owned())
            .spawn(move || worker.run(&stopped, &reads))?;
        Ok(Reading {
            orders,
            waker,
            stop,
            gate,
            thread: Some(thread),
        })
    }

    /// Lets a jail read a file, from where it last stood.
    pub fn follow(&self, jail: &Arc<LiveJail>, path: LogPath) {
        self.order(Order::Follow {
            jail: Arc::clone(jail),
            path,
        });
    }

    /// Lets a jail read the files of these globs (with whether they are read from their end) that appear from now on,
    /// and of no other globs.
    pub fn follow_globs(&self, jail: &Arc<LiveJail>, patterns: Vec<(String, bool)>) {
        self.order(Order::FollowGlobs {
            jail: Arc::clone(jail),
            patterns,
        });
    }

    /// Lets a jail's lines wait from here on, or takes them up again from where it left off.
    pub fn set_idle(&self, jail: &Arc<LiveJail>, idle: bool) {
        let (done, wait) = channel();
        self.order(Order::Idle {
            jail: Arc::clone(jail),
            idle,
            done,
        });
        self.await_obedience(&wait);
    }

    /// Waits until all orders so far are obeyed: what was to be followed is.
    pub fn settle(&self) {
        let (done, wait) = channel();
        self.order(Order::Nothing { done });
        self.await_obedience(&wait);
    }

    /// A jail reads a file (or, without a path, anything) no more; its lines so far are judged when this returns.
    pub fn leave(&self, jail: &str, path: Option<&str>) {
        let (done, wait) = channel();
        self.order(Order::Leave {
            jail: jail.to_owned(),
            path: path.map(str::to_owned),
            done,
        });
        self.await_obedience(&wait);
    }

    /// The thread may be held at the gate by this very caller; it obeys before it reads on.
    fn await_obedience(&self, wait: &Receiver<()>) {
        let _ = wait.recv_timeout(if self.gate.is_locked_exclusive() {
            Duration::ZERO
        } else {
            OBEDIENCE
        });
    }

    /// Taken exclusively, it holds reading up: while jails are rebuilt no line is judged by half a jail.
    pub fn gate(&self) -> Arc<RwLock<()>> {
        self.waker.wake();
        Arc::clone(&self.gate)
    }

    /// Wakes the thread: a ban's end may have come nearer.
    pub fn wake(&self) {
        self.waker.wake();
    }

    /// Ends the thread; positions and counters are written.
    pub fn stop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        self.waker.wake();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }

    fn order(&self, order: Order) {
        // The receiver lives as long as the thread; after its end there is nobody to be told.
        let _ = self.orders.send(order);
        self.waker.wake();
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.stop();
    }
}

struct Worker {
    reader: Reader,
    inbox: Receiver<Order>,
    judge: Arc<Judge>,
    jails: Jails,
    families: Families,
    last_save: Time,
}

/// Who reads what.
#[derive(Default)]
struct Families {
    followers: HashMap<PathBuf, Vec<Follower>>,
    globs: Vec<(Arc<LiveJail>, String, bool)>,
    /// Where jails that were set idle left off, by jail and file.
    parked: HashMap<(String, PathBuf), Position>,
}

impl Families {
    /// Gives a file to the jails with a pattern that names it.
    fn adopt(&mut self, path: &Path, judge: &Judge) {
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
struct Follower {
    jail: Arc<LiveJail>,
    /// Blocks before this offset of the first file were read already.
    seen_to: u64,
    in_operation: bool,
}

impl Worker {
    fn run(&mut self, stop: &AtomicBool, gate: &RwLock<()>) {
        while !stop.load(Ordering::SeqCst) {
            let (more, next_end) = {
                let _open = gate.read();
                self.obey();
                let more = self.read();
                (more, self.tend())
            };
            if !more && let Err(error) = self.reader.wait(patience(next_end)) {
                self.judge
                    .log
                    .error(Module::Filter, format!("Cannot wait for changes of log files: {error}"));
                std::thread::sleep(IDLE);
            }
        }
        self.obey();
        self.save(true);
    }

    fn obey(&mut self) {
        while let Ok(order) = self.inbox.try_recv() {
            match order {
                Order::Follow { jail, path } => self.follow(jail, &path),
                Order::FollowGlobs { jail, patterns } => self.follow_globs(&jail, patterns),
                Order::Idle { jail, idle, done } => {
                    self.set_idle(&jail, idle);
                    let _ = done.send(());
                }
                Order::Nothing { done } => drop(done.send(())),
                Order::Leave { jail, path, done } => {
                    self.leave(&jail, path.as_deref());
                    let _ = done.send(());
                }
            }
        }
    }

    fn follow(&mut self, jail: Arc<LiveJail>, log: &LogPath) {
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
                    .filter(|r| r.first_line_md5 == at.first_line_md5)
                    .map_or(0, |r| r.offset);
                follower.seen_to = from.max(at.offset);
                if from > at.offset {
                    return;
                }
                let mut work = follower.jail.work.lock();
                let (jail, judge) = (&follower.jail, &self.judge);
                let read = catch_up::lines(path, from, at.offset, &mut |lines| {
                    judge.lines(jail, &mut work, lines, false, clock::now());
                });
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

    fn set_idle(&mut self, jail: &Arc<LiveJail>, idle: bool) {
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

    fn follow_globs(&mut self, jail: &Arc<LiveJail>, patterns: Vec<(String, bool)>) {
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
    fn adopt(&mut self) {
        for path in self.reader.paths() {
            self.families.adopt(&path, &self.judge);
        }
    }

    fn leave(&mut self, jail: &str, path: Option<&str>) {
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
    }

    /// One fair turn over all files.
    fn read(&mut self) -> bool {
        let (families, judge) = (&mut self.families, &self.judge);
        let mut appeared = false;
        let more = {
            let mut events = Vec::new();
            let more = self
                .reader
                .read(&mut |block| deliver(families, judge, &block), &mut |event| {
                    events.push(event)
                });
            for event in events {
                appeared |= matches!(event, Event::Added { .. });
                self.tell(event);
            }
            more
        };
        if appeared {
            self.adopt();
        }
        more
    }

    fn tell(&mut self, event: Event) {
        let log = &self.judge.log;
        match event {
            Event::Added { .. } => {}
            Event::Rotated { path, reason } => log.say(
                Level::MSG,
                Module::Filter,
                &format!("Log rotation detected for {}, reason: {reason}", path.display()),
            ),
            Event::Failed { path, error } => {
                log.error(Module::Filter, format!("Unable to open {}: {error}", path.display()));
            }
            Event::InOperation { path } => {
                for follower in self.families.followers.get_mut(&path).into_iter().flatten() {
                    follower.in_operation = true;
                }
            }
            other => log.warning(Module::Filter, format!("{other:?}")),
        }
    }

    /// What time asks for: bans that end, counters that are forgotten, progress that is to be written.
    /// Gives the end of the ban that ends next.
    fn tend(&mut self) -> Option<Time> {
        let now = clock::now();
        let mut next_end: Option<Time> = None;
        for jail in self.jails.all() {
            let over = {
                let mut work = jail.work.lock();
                work.jail.forget_old(now);
                let over = work.jail.expire(now);
                next_end = next_end.into_iter().chain(work.jail.next_end()).min();
                over
            };
            for ticket in over {
                self.judge.lift(&jail, ticket, "Unban");
            }
        }
        self.save(false);
        self.judge.records.purge_if_due(now);
        next_end
    }

    fn save(&mut self, at_once: bool) {
        let now = clock::now();
        if !at_once && self.last_save.plus_secs(SAVE_EVERY) > now && self.last_save <= now {
            return;
        }
        self.last_save = now;
        for jail in self.jails.all() {
            save_progress(&self.judge, &jail);
        }
    }
}

/// Until the next ban ends, at most [`IDLE`].
fn patience(next_end: Option<Time>) -> Duration {
    let now = clock::now();
    match next_end {
        Some(end) if end > now => Duration::from_nanos((end.nanos() - now.nanos()) as u64).min(IDLE),
        // A ban is lifted after its end, not at it.
        Some(_) => Duration::from_millis(1),
        None => IDLE,
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

/// Writes what a jail has counted and how far it has read, in one step: no line is counted twice after a restart, and
/// none is left out.
pub fn save_progress(judge: &Judge, jail: &LiveJail) {
    let mut work = jail.work.lock();
    if work.unsaved.is_empty() && !work.counters_changed {
        return;
    }
    let positions: Vec<(String, Option<LogRow>)> = work
        .unsaved
        .drain()
        .map(|(path, at)| {
            (
                path,
                Some(LogRow {
                    first_line_md5: at.first_line_md5,
                    offset: at.offset,
                }),
            )
        })
        .collect();
    let (changed, gone) = work.jail.changed_counters();
    work.counters_changed = false;
    let totals = Totals {
        failed: work.jail.total_failed(),
        banned: work.jail.total_banned(),
    };
    judge
        .records
        .save_progress(&jail.name, &positions, &changed, &gone, totals);
}

/// Hands a block to every jail that reads the file.
fn deliver(families: &mut Families, judge: &Judge, block: &Block<'_>) {
    let now = clock::now();
    if !families.followers.contains_key(block.path) {
        // Found by a pattern just now; its first lines come in the same turn.
        families.adopt(block.path, judge);
    }
    for follower in families.followers.get_mut(block.path).into_iter().flatten() {
        let lines = unseen(follower, block);
        let jail = Arc::clone(&follower.jail);
        let mut work = jail.work.lock();
        if work.idle || !work.started {
            continue;
        }
        if !lines.is_empty() {
            let bans = work.jail.total_banned();
            judge.lines(&jail, &mut work, lines, follower.in_operation, now);
            work.unsaved
                .insert(block.path.to_string_lossy().into_owned(), block.position.clone());
            // What led to a ban is not to be counted again should this process end now and the ban be lifted by hand.
            if work.jail.total_banned() != bans {
                drop(work);
                save_progress(judge, &jail);
            }
        }
        if block.at_end {
            follower.in_operation = true;
        }
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
