//! The threads of a jail's queue: one that is always there, and further ones while an action keeps it from others.
use super::pipeline::{Job, Pipeline};
use super::stage::{Common, Stage};
use crate::{Level, Logger, Outcome};
use parking_lot::{Condvar, Mutex, MutexGuard};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A thread that has had nothing to do for so long ends, unless it is the last.
const LINGER: Duration = Duration::from_secs(10);

/// What pushers, threads and askers share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) common: Arc<Common>,
    pub(super) inner: Mutex<Inner>,
    /// There is something to do, or nothing ever again.
    pub(super) work: Condvar,
    /// The queue has stopped.
    pub(super) ended: Condvar,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) pipeline: Pipeline,
    /// Threads that there are, or that are about to begin.
    pub(super) threads: usize,
    /// Those of them that wait for something to do.
    pub(super) idle: usize,
    /// What is left to do is not done any more.
    pub(super) abandoned: bool,
    pub(super) stopped: bool,
}

impl Shared {
    pub(super) fn new(common: Common) -> Self {
        let common = Arc::new(common);
        Shared {
            inner: Mutex::new(Inner {
                pipeline: Pipeline::new(Arc::clone(&common)),
                threads: 0,
                idle: 0,
                abandoned: false,
                stopped: false,
            }),
            common,
            work: Condvar::new(),
            ended: Condvar::new(),
        }
    }

    /// Changes something, and sees to it that somebody does what there is to do now.
    pub(super) fn change<R>(self: &Arc<Self>, change: impl FnOnce(&mut Pipeline) -> R) -> R {
        let mut inner = self.inner.lock();
        let changed = change(&mut inner.pipeline);
        let more = self.call_for_hands(&mut inner, Instant::now());
        let told = inner.pipeline.told();
        drop(inner);
        self.tell(told);
        if more {
            self.one_more();
        }
        changed
    }

    /// Wakes a thread if there is something to do; true when one more is to begin.
    fn call_for_hands(&self, inner: &mut Inner, now: Instant) -> bool {
        if inner.is_over() {
            self.work.notify_all();
            return false;
        }
        if !inner.pipeline.is_ready(now) {
            return false;
        }
        if inner.idle > 0 {
            self.work.notify_one();
            return false;
        }
        let more = inner.threads < inner.pipeline.places();
        if more {
            inner.threads += 1;
        }
        more
    }

    /// Begins a thread that has been counted already.
    pub(super) fn begin(self: &Arc<Self>) -> std::io::Result<()> {
        let shared = Arc::clone(self);
        std::thread::Builder::new()
            .name(format!("f2b/a.{}", self.common.jail))
            .spawn(move || run(&shared))?;
        Ok(())
    }

    /// Where the system has no more threads, those that there are do all the work.
    fn one_more(self: &Arc<Self>) {
        if let Err(error) = self.begin() {
            self.inner.lock().threads -= 1;
            self.common.surroundings.say(Logger::Actions, Level::Warning, || {
                let jail = &self.common.jail;
                format!("[{jail}] No further thread for actions: {error}; a slow one holds up the others")
            });
        }
    }

    fn tell(&self, outcomes: Vec<Outcome>) {
        for outcome in outcomes {
            self.common.surroundings.report.outcome(outcome);
        }
    }
}

impl Inner {
    fn is_over(&self) -> bool {
        self.abandoned || self.stopped || self.pipeline.is_over()
    }
}

/// Nobody waits for a queue whose thread is gone, however it went.
struct Thread<'s> {
    shared: &'s Arc<Shared>,
    /// It has been uncounted already, since others do what there is to do.
    spare: bool,
}

fn run(shared: &Arc<Shared>) {
    let mut thread = Thread { shared, spare: false };
    let mut done = None;
    while let Some(job) = thread.next(done.take()) {
        done = Some(job.run());
    }
}

impl Thread<'_> {
    /// Hands back what is done and waits for something to do; nothing when this thread is to end.
    fn next(&mut self, done: Option<(u64, Box<Stage>)>) -> Option<Job> {
        let mut inner = self.shared.inner.lock();
        if let Some((place, stage)) = done {
            inner.pipeline.done(place, stage);
        }
        loop {
            let now = Instant::now();
            let over = inner.is_over();
            let job = if over { None } else { inner.pipeline.take(now) };
            let more = job.is_some() && self.shared.call_for_hands(&mut inner, now);
            let told = inner.pipeline.told();
            if over || job.is_some() || !told.is_empty() {
                drop(inner);
                self.shared.tell(told);
                if more {
                    self.shared.one_more();
                }
                if over || job.is_some() {
                    return job;
                }
                inner = self.shared.inner.lock();
                continue;
            }
            if self.rest(&mut inner, now) {
                return None;
            }
        }
    }

    /// Waits; true when this thread has been uncounted, since it was not needed for long.
    fn rest(&mut self, inner: &mut MutexGuard<'_, Inner>, now: Instant) -> bool {
        let work = &self.shared.work;
        let due = inner.pipeline.next_due(now);
        let end = if inner.threads > 1 { Some(now + LINGER) } else { None };
        inner.idle += 1;
        match due.into_iter().chain(end).min() {
            Some(until) => drop(work.wait_until(inner, until)),
            None => work.wait(inner),
        }
        inner.idle -= 1;
        let now = Instant::now();
        let spare = end.is_some_and(|end| now >= end) && inner.threads > 1 && !inner.is_over();
        if spare && !inner.pipeline.is_ready(now) {
            inner.threads -= 1;
            self.spare = true;
            // Somebody else is to look when the next retry is due.
            work.notify_one();
        }
        self.spare
    }
}

impl Drop for Thread<'_> {
    fn drop(&mut self) {
        if self.spare {
            return;
        }
        let mut inner = self.shared.inner.lock();
        let last = inner.threads == 1;
        if last && !inner.stopped && !std::thread::panicking() {
            drop(inner);
            self.shared.tell(vec![Outcome::QueueStopped]);
            inner = self.shared.inner.lock();
        }
        inner.threads -= 1;
        if last || std::thread::panicking() {
            inner.stopped = true;
            inner.pipeline.clear();
        }
        drop(inner);
        self.shared.work.notify_all();
        self.shared.ended.notify_all();
    }
}
