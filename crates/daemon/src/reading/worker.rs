//! The thread itself: obeys, reads in fair turns, ends bans, saves progress.
use super::delivery::{Families, deliver};
use super::journals::Feeds;
use super::lag::Lags;
use super::progress::save_progress;
use super::{IDLE, Order};
use crate::clock;
use crate::jails::Jails;
use crate::judge::Judge;
use crate::log::{Level, Module};
use bantam_detect::Time;
use bantam_source::{Event, Reader};
use parking_lot::RwLock;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::time::Duration;

/// While lines come in all the time, what time asks for is looked after this often, in seconds: with every step of the
/// pace at which files are read then, and not between two of them.
const TEND_EVERY: f64 = 0.02;

/// Positions and counters are written at least this often, in seconds, when they changed.
const SAVE_EVERY: f64 = 2.0;

pub(super) struct Worker {
    pub(super) reader: Reader,
    pub(super) inbox: Receiver<Order>,
    pub(super) judge: Arc<Judge>,
    pub(super) jails: Jails,
    pub(super) families: Families,
    pub(super) feeds: Feeds,
    pub(super) lags: Lags,
    pub(super) last_save: Time,
    pub(super) last_tended: Time,
    /// Lines waited to be read at some time since.
    pub(super) was_busy: bool,
}

impl Worker {
    pub(super) fn run(&mut self, stop: &AtomicBool, gate: &RwLock<()>) {
        while !stop.load(Ordering::SeqCst) {
            let (more, due) = {
                let _open = gate.read();
                self.obey();
                let more = self.read() | self.feeds.read(&self.judge);
                self.was_busy |= more;
                (more, self.tend_if_due())
            };
            if more {
                continue;
            }
            let patience = due.min(self.feeds.patience());
            if let Err(error) = self.reader.wait_with(patience, &self.feeds.bells()) {
                self.judge
                    .log
                    .error(Module::Filter, format!("Cannot wait for changes of log files: {error}"));
                std::thread::sleep(IDLE);
            }
        }
        self.obey();
        self.judge.log.write_out();
        self.save(true, clock::now());
    }

    fn obey(&mut self) {
        while let Ok(order) = self.inbox.try_recv() {
            match order {
                Order::Follow { jail, path } => self.follow(jail, &path),
                Order::FollowGlobs { jail, patterns } => self.follow_globs(&jail, patterns),
                Order::FollowJournal { jail } => self.feeds.follow(&jail, &self.judge),
                Order::Idle { jail, idle, done } => {
                    self.set_idle(&jail, idle);
                    self.feeds.set_idle(&jail, idle, &self.judge);
                    let _ = done.send(());
                }
                Order::Nothing { done } => drop(done.send(())),
                Order::Leave { jail, path, done } => {
                    self.leave(&jail, path.as_deref());
                    if path.is_none() {
                        self.feeds.leave(&jail);
                    }
                    let _ = done.send(());
                }
            }
        }
    }

    /// One fair turn over all files.
    fn read(&mut self) -> bool {
        let (families, judge, lags) = (&mut self.families, &self.judge, &mut self.lags);
        let mut appeared = false;
        let more = {
            let mut events = Vec::new();
            let more = self.reader.read(
                &mut |block| {
                    deliver(families, judge, &block);
                    lags.read(block.path, block.bytes.len());
                },
                &mut |event| events.push(event),
            );
            // With more to be read at once, what was said goes out in larger pieces.
            if !more {
                judge.log.write_out();
            }
            lags.measure(more, &self.reader, families, &judge.log);
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

    /// Tends when it is time to; gives how long nothing is to be done.
    fn tend_if_due(&mut self) -> Duration {
        let now = clock::now();
        let next = self.last_tended.plus_secs(TEND_EVERY);
        // A clock that was set back must not put it off.
        if now < next && now >= self.last_tended {
            return between(now, next);
        }
        self.last_tended = now;
        let next_end = self.tend(now);
        patience(next_end, now)
    }

    /// What time asks for: bans that end, counters that are forgotten, progress that is to be written, a database that is
    /// to be tidied up.
    /// Gives the end of the ban that ends next.
    fn tend(&mut self, now: Time) -> Option<Time> {
        self.judge.log.write_out();
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
        self.save(false, now);
        self.judge.records.purge_if_due(now);
        self.judge.records.tidy_if_due(std::mem::take(&mut self.was_busy));
        next_end
    }

    fn save(&mut self, at_once: bool, now: Time) {
        if !at_once && self.last_save.plus_secs(SAVE_EVERY) > now && self.last_save <= now {
            return;
        }
        self.last_save = now;
        save_progress(&self.judge, &self.jails.all());
    }
}

/// Until the next ban ends, at most [`IDLE`].
fn patience(next_end: Option<Time>, now: Time) -> Duration {
    match next_end {
        Some(end) if end > now => between(now, end).min(IDLE),
        // A ban is lifted after its end, not at it.
        Some(_) => Duration::from_millis(1),
        None => IDLE,
    }
}

fn between(now: Time, later: Time) -> Duration {
    Duration::from_nanos(later.nanos().saturating_sub(now.nanos()).max(0).unsigned_abs())
}
