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

/// What the reading thread is told.
enum Order {
    Follow { jail: Arc<LiveJail>, path: LogPath },
    FollowGlob { jail: Arc<LiveJail>, pattern: String, tail: bool },
    Leave { jail: String, path: Option<String>, done: Sender<()> },
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
            followers: HashMap::new(),
            globs: Vec::new(),
            last_save: clock::now(),
        };
        let (stopped, reads) = (Arc::clone(&stop), Arc::clone(&gate));
        let thread = std::thread::Builder::new()
            .name("reading".to_owned())
            .spawn(move || worker.run(&stopped, &reads))?;
        Ok(Reading { orders, waker, stop, gate, thread: Some(thread) })
    }

    /// Lets a jail read a file, from where it last stood.
    pub fn follow(&self, jail: &Arc<LiveJail>, path: LogPath) {
        self.order(Order::Follow { jail: Arc::clone(jail), path });
    }

    /// Lets a jail read the files of a glob that appear from now on.
    pub fn follow_glob(&self, jail: &Arc<LiveJail>, pattern: &str, tail: bool) {
        self.order(Order::FollowGlob { jail: Arc::clone(jail), pattern: pattern.to_owned(), tail });
    }

    /// A jail reads a file (or, without a path, anything) no more; its lines so far are judged when this returns.
    pub fn leave(&self, jail: &str, path: Option<&str>) {
        let (done, wait) = channel();
        self.order(Order::Leave { jail: jail.to_owned(), path: path.map(str::to_owned), done });
        // The thread may be held at the gate by this very caller; it obeys before it reads on.
        let _ = wait.recv_timeout(Duration::from_millis(if self.gate.is_locked_exclusive() { 0 } else { 5_000 }));
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
    followers: HashMap<PathBuf, Vec<Follower>>,
    globs: Vec<(Arc<LiveJail>, String, bool)>,
    last_save: Time,
}

/// One jail on one file.
struct Follower {
    jail: Arc<LiveJail>,
    /// Blocks before this offset of the first file were read already.
    seen_to: u64,
    in_operation: bool,
    /// Where reading stood when the jail was set idle: generation and offset.
    idle_since: Option<(u64, u64)>,
}

impl Worker {
    fn run(&mut self, stop: &AtomicBool, gate: &RwLock<()>) {
        while !stop.load(Ordering::SeqCst) {
            let more = {
                let _open = gate.read();
                self.obey();
                let more = self.read();
                self.tend();
                more
            };
            if !more && let Err(error) = self.reader.wait(self.patience()) {
                self.judge.log.error(Module::Filter, format!("Cannot wait for changes of log files: {error}"));
                std::thread::sleep(IDLE);
            }
        }
        self.obey();
        self.save(true);
    }

    /// Until the next ban ends, at most [`IDLE`].
    fn patience(&self) -> Duration {
        let now = clock::now();
        let ends = self.jails.all().into_iter().filter_map(|jail| jail.work.lock().jail.next_end());
        match ends.min() {
            Some(end) if end > now => Duration::from_nanos((end.nanos() - now.nanos()) as u64).min(IDLE),
            Some(_) => Duration::from_millis(1),
            None => IDLE,
        }
    }

    fn obey(&mut self) {
        while let Ok(order) = self.inbox.try_recv() {
            match order {
                Order::Follow { jail, path } => self.follow(jail, &path),
                Order::FollowGlob { jail, pattern, tail } => self.follow_glob(jail, pattern, tail),
                Order::Leave { jail, path, done } => {
                    self.leave(&jail, path.as_deref());
                    let _ = done.send(());
                }
            }
        }
    }

    fn follow(&mut self, jail: Arc<LiveJail>, log: &LogPath) {
        let path = PathBuf::from(&log.path);
        if self.followers.get(&path).is_some_and(|all| all.iter().any(|f| f.jail.name == jail.name)) {
            return;
        }
        let start = self.start_of(&jail, &log.path, log.tail);
        let known = self.followers.contains_key(&path);
        if !known {
            self.reader.add(&path, start.clone());
        }
        let position = self.reader.position(&path);
        let mut follower =
            Follower { jail: Arc::clone(&jail), seen_to: 0, in_operation: log.tail, idle_since: None };
        if known && let Some(at) = &position {
            self.join_late(&mut follower, &path, &start, at);
        }
        self.followers.entry(path).or_default().push(follower);
        let at = position.unwrap_or(Position { first_line_md5: String::new(), offset: 0 });
        self.judge.log.info(
            Module::Filter,
            format!("[{}] Added logfile: '{}' (pos = {}, hash = {})", jail.name, log.path, at.offset, at.first_line_md5),
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
                    judge.log.error(Module::Filter, format!("Unable to read {}: {error}", path.display()));
                }
            }
        }
    }

    fn start_of(&self, jail: &LiveJail, path: &str, tail: bool) -> Start {
        if tail {
            return Start::Tail;
        }
        let row = self.judge.records.log_position(&jail.name, path);
        Start::Head(row.map(|row| Position { first_line_md5: row.first_line_md5, offset: row.offset }))
    }

    fn follow_glob(&mut self, jail: Arc<LiveJail>, pattern: String, tail: bool) {
        if self.globs.iter().any(|(known, p, _)| known.name == jail.name && *p == pattern) {
            return;
        }
        let (records, name) = (Arc::clone(&self.judge.records), jail.name.clone());
        let mut start = |path: &Path| match (tail, records.log_position(&name, &path.to_string_lossy())) {
            (true, _) => Start::Tail,
            (false, row) => {
                Start::Head(row.map(|row| Position { first_line_md5: row.first_line_md5, offset: row.offset }))
            }
        };
        if let Err(error) = self.reader.add_glob(&pattern, &mut start) {
            self.judge.log.error(Module::Filter, format!("[{}] {error}", jail.name));
            return;
        }
        self.globs.push((jail, pattern, tail));
        self.adopt();
    }

    /// Gives the files that a glob has found to the jails that asked for it.
    fn adopt(&mut self) {
        for path in self.reader.paths() {
            for (jail, pattern, tail) in &self.globs {
                let fits = glob::Pattern::new(pattern).is_ok_and(|p| p.matches_path_with(&path, GLOB_RULES));
                let followers = self.followers.entry(path.clone()).or_default();
                if !fits || followers.iter().any(|f| f.jail.name == jail.name) {
                    continue;
                }
                let text = path.to_string_lossy().into_owned();
                followers.push(Follower { jail: Arc::clone(jail), seen_to: 0, in_operation: *tail, idle_since: None });
                jail.work.lock().logs.push(LogPath { path: text.clone(), tail: *tail });
                self.judge.log.info(Module::Filter, format!("[{}] Added logfile: '{text}' (pos = 0, hash = )", jail.name));
            }
        }
        self.followers.retain(|_, all| !all.is_empty());
    }

    fn leave(&mut self, jail: &str, path: Option<&str>) {
        if path.is_none() {
            let left: Vec<String> =
                self.globs.iter().filter(|g| g.0.name == jail).map(|(_, pattern, _)| pattern.clone()).collect();
            self.globs.retain(|g| g.0.name != jail);
            for pattern in left.iter().filter(|p| !self.globs.iter().any(|g| g.1 == **p)) {
                self.reader.remove(pattern);
            }
        }
        let reader = &mut self.reader;
        self.followers.retain(|file, all| {
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
        let (followers, judge) = (&mut self.followers, &self.judge);
        let mut appeared = false;
        let more = {
            let mut events = Vec::new();
            let more = self.reader.read(&mut |block| deliver(followers, judge, &block), &mut |event| events.push(event));
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
                for follower in self.followers.get_mut(&path).into_iter().flatten() {
                    follower.in_operation = true;
                }
            }
            other => log.warning(Module::Filter, format!("{other:?}")),
        }
    }

    /// What time asks for: bans that end, counters that are forgotten, progress that is to be written.
    fn tend(&mut self) {
        let now = clock::now();
        for jail in self.jails.all() {
            let over = {
                let mut work = jail.work.lock();
                work.jail.forget_old(now);
                work.jail.expire(now)
            };
            for ticket in over {
                self.judge.lift(&jail, ticket, "Unban");
            }
        }
        self.save(false);
        self.judge.records.purge_if_due(now);
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
        .map(|(path, at)| (path, Some(LogRow { first_line_md5: at.first_line_md5, offset: at.offset })))
        .collect();
    let (changed, gone) = work.jail.changed_counters();
    work.counters_changed = false;
    let totals = Totals { failed: work.jail.total_failed(), banned: work.jail.total_banned() };
    judge.records.save_progress(&jail.name, &positions, &changed, &gone, totals);
}

/// Hands a block to every jail that reads the file.
fn deliver(followers: &mut HashMap<PathBuf, Vec<Follower>>, judge: &Judge, block: &Block<'_>) {
    let now = clock::now();
    for follower in followers.get_mut(block.path).into_iter().flatten() {
        let lines = unseen(follower, block);
        let jail = Arc::clone(&follower.jail);
        let mut work = jail.work.lock();
        if work.idle || !work.started {
            follower.idle_since.get_or_insert((block.generation, block.offset));
            continue;
        }
        if let Some((generation, from)) = follower.idle_since.take()
            && generation == block.generation
        {
            let missed = catch_up::lines(block.path, from, block.offset, &mut |lines| {
                judge.lines(&jail, &mut work, lines, true, now);
            });
            if let Err(error) = missed {
                judge.log.error(Module::Filter, format!("Unable to read {}: {error}", block.path.display()));
            }
        }
        if !lines.is_empty() {
            let bans = work.jail.total_banned();
            judge.lines(&jail, &mut work, lines, follower.in_operation, now);
            work.unsaved.insert(block.path.to_string_lossy().into_owned(), block.position.clone());
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
    let skip = usize::try_from(follower.seen_to - block.offset).unwrap_or(usize::MAX).min(block.bytes.len());
    &block.bytes[skip..]
}
