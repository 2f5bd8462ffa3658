//! A jail's queue of tasks and the thread that works it off, in order, with retries.
//!
//! Stands between `daemon`, which pushes decisions and never waits, and the jail's actions, which may be slow: what
//! is slow holds up its own jail's actions only. What fails is tried again beside the queue, each action for itself.

mod attempts;
mod effects;
mod flush;
mod worker;

use crate::{Call, Definition, Reply, SharedDefinition, Surroundings, TagSource};
use bantam_detect::{Family, Id};
use effects::Effects;
use parking_lot::{Condvar, Mutex};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};
use worker::Worker;

pub use effects::{EffectState, States};

/// Whom a task is about.
#[derive(Clone)]
pub struct Target {
    /// Who.
    pub id: Id,
    /// Family of the address behind the id; none for raw ids.
    pub family: Option<Family>,
    /// Values for the commands' tags, asked when a command is about to run.
    pub values: Arc<dyn TagSource>,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target")
            .field("id", &self.id)
            .field("family", &self.family)
            .finish_non_exhaustive()
    }
}

/// Something to be done by a jail's actions.
#[derive(Debug, Clone)]
pub enum Task {
    /// Starts all actions.
    Start,
    /// Bans by all actions, or by one.
    Ban {
        /// Whom.
        target: Target,
        /// Taken over from the database: actions with `norestored` leave it out.
        restored: bool,
        /// Only by this action.
        only: Option<Arc<str>>,
    },
    /// Bans again what may be gone from the outside world, by all actions or by one.
    Reban {
        /// Whom.
        target: Target,
        /// Only by this action.
        only: Option<Arc<str>>,
    },
    /// Unbans by all actions.
    Unban {
        /// Whom.
        target: Target,
    },
    /// Tells a ban's new end to the actions that care.
    Prolong {
        /// Whom.
        target: Target,
        /// Taken over from the database.
        restored: bool,
    },
    /// Lifts by one action what a predecessor that ended uncleanly may have left: once, failure expected.
    Lift {
        /// By which action.
        action: Arc<str>,
        /// Whom.
        target: Target,
    },
    /// Stops one action for a family (`inet4`, `inet6`, or empty), as [`Task::Lift`], where a predecessor's start may
    /// still stand. To be pushed after the lifts of that action, and before [`Task::Start`].
    Halt {
        /// Which action.
        action: Arc<str>,
        /// For which family.
        family: String,
    },
    /// Unbans everybody.
    Flush,
    /// Checks all started actions and repairs what is broken.
    Check,
    /// Adds an action at the end, and starts it if the others have been started. Of a known name: its definition is
    /// replaced at once.
    AddAction {
        /// Its name.
        name: Arc<str>,
        /// Its properties.
        definition: SharedDefinition,
    },
    /// Unbans everybody by one action, stops it and forgets it.
    RemoveAction {
        /// Which action.
        name: Arc<str>,
    },
    /// Runs the `actionreload` of one action.
    Reload {
        /// Which action.
        name: Arc<str>,
    },
    /// Calls a method of one action.
    Call {
        /// Which action.
        name: Arc<str>,
        /// Which method.
        call: Call,
        /// Who wants to know what it came to.
        reply: Reply,
    },
    /// Unbans everybody, stops all actions in reverse order and ends the queue.
    Stop,
}

/// How often and how long things are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// Wait before the first retry; each further one waits twice as long.
    pub first: Duration,
    /// Longest wait between retries.
    pub most: Duration,
    /// So many failures of an unban, and it is given up. A ban is tried until it is lifted.
    pub unban_tries: u32,
    /// When the jail stops, bans still queued are carried out for so long; those left then are dropped.
    pub stop_grace: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            most: Duration::from_secs(60),
            unban_tries: 10,
            stop_grace: Duration::from_secs(5),
        }
    }
}

impl Backoff {
    /// The wait after so many failures.
    fn delay(&self, tries: u32) -> Duration {
        let doublings = tries.saturating_sub(1).min(31);
        self.first.saturating_mul(1 << doublings).min(self.most)
    }
}

/// How a queue stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QueueStatus {
    /// Tasks not yet begun.
    pub pending: usize,
    /// Age of the oldest of them.
    pub lag: Duration,
    /// For how long the present task has been at work; none when nothing is.
    pub busy_for: Option<Duration>,
    /// Bans of one action each that are in effect.
    pub standing: usize,
    /// Bans of one action each that failed and will be tried again.
    pub failing_bans: usize,
    /// Unbans of one action each that failed and will be tried again.
    pub failing_unbans: usize,
    /// The queue has ended.
    pub stopped: bool,
}

/// A jail's queue.
#[derive(Debug)]
pub struct Queue {
    shared: Arc<Shared>,
}

/// What pushers, the worker and askers share.
#[derive(Debug)]
struct Shared {
    inner: Mutex<Inner>,
    /// Something was pushed, or the queue has stopped.
    changed: Condvar,
}

#[derive(Debug)]
struct Inner {
    tasks: VecDeque<(Instant, Task)>,
    /// In the order in which they were added.
    definitions: Vec<(Arc<str>, SharedDefinition)>,
    effects: Effects,
    busy_since: Option<Instant>,
    /// Since when nothing more is taken.
    stopping: Option<Instant>,
    abandoned: bool,
    stopped: bool,
}

/// What the worker is to do next.
enum Next {
    Task(Task),
    /// A task that is not carried out any more.
    Dropped(Task),
    Retry(effects::Retry),
    Nothing,
}

impl Queue {
    /// A queue without actions, with a thread of its own.
    ///
    /// # Errors
    /// When the system has no more threads.
    pub fn new(jail: &str, surroundings: Surroundings, backoff: Backoff) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            inner: Mutex::new(Inner {
                tasks: VecDeque::new(),
                definitions: Vec::new(),
                effects: Effects::default(),
                busy_since: None,
                stopping: None,
                abandoned: false,
                stopped: false,
            }),
            changed: Condvar::new(),
        });
        let worker = Worker::new(jail, Arc::clone(&shared), surroundings, backoff);
        std::thread::Builder::new()
            .name(format!("f2b/a.{jail}"))
            .spawn(move || worker.run())?;
        Ok(Self { shared })
    }

    /// Puts a task at the end; false when the queue is stopping and takes no more. Never waits for a command.
    pub fn push(&self, task: Task) -> bool {
        let mut inner = self.shared.inner.lock();
        if inner.stopping.is_some() {
            return false;
        }
        match &task {
            Task::AddAction { name, definition } => match inner.definition(name) {
                Some(known) => {
                    known.replace(Definition::clone(&definition.snapshot()));
                    return true;
                }
                None => inner.definitions.push((Arc::clone(name), definition.clone())),
            },
            Task::RemoveAction { name } => inner.definitions.retain(|(known, _)| known != name),
            Task::Stop => inner.stopping = Some(Instant::now()),
            _ => {}
        }
        inner.tasks.push_back((Instant::now(), task));
        drop(inner);
        self.shared.changed.notify_all();
        true
    }

    /// Names of the actions, in order.
    pub fn actions(&self) -> Vec<Arc<str>> {
        let inner = self.shared.inner.lock();
        inner.definitions.iter().map(|(name, _)| Arc::clone(name)).collect()
    }

    /// An action's definition, to be read and changed at any time; commands begun later run by what it is then.
    pub fn definition(&self, action: &str) -> Option<SharedDefinition> {
        self.shared.inner.lock().definition(action).cloned()
    }

    /// How the queue stands.
    pub fn status(&self) -> QueueStatus {
        let inner = self.shared.inner.lock();
        let (standing, failing_bans, failing_unbans) = inner.effects.counts();
        QueueStatus {
            pending: inner.tasks.len(),
            lag: inner.tasks.front().map_or(Duration::ZERO, |(since, _)| since.elapsed()),
            busy_for: inner.busy_since.map(|since| since.elapsed()),
            standing,
            failing_bans,
            failing_unbans,
            stopped: inner.stopped,
        }
    }

    /// What each action came to for one id.
    pub fn effects_of(&self, id: &Id) -> States {
        self.shared.inner.lock().effects.of(id)
    }

    /// What each action came to for all ids, in the order of banning.
    pub fn effects(&self) -> Vec<(Id, States)> {
        self.shared.inner.lock().effects.all()
    }

    /// Waits until the queue has ended after [`Task::Stop`], at most so long; whether it has.
    pub fn wait_stopped(&self, timeout: Duration) -> bool {
        let mut inner = self.shared.inner.lock();
        let deadline = Instant::now().checked_add(timeout);
        while !inner.stopped {
            let Some(deadline) = deadline else {
                self.shared.changed.wait(&mut inner);
                continue;
            };
            let waited = self.shared.changed.wait_until(&mut inner, deadline);
            if waited.timed_out() {
                return inner.stopped;
            }
        }
        true
    }
}

/// Without a [`Task::Stop`] before, what stands is left standing; tasks not begun are dropped.
impl Drop for Queue {
    fn drop(&mut self) {
        let mut inner = self.shared.inner.lock();
        if inner.stopping.is_none() {
            inner.abandoned = true;
        }
        drop(inner);
        self.shared.changed.notify_all();
    }
}

impl Inner {
    fn definition(&self, action: &str) -> Option<&SharedDefinition> {
        let (_, definition) = self.definitions.iter().find(|(name, _)| **name == *action)?;
        Some(definition)
    }

    /// A retry has its turn when no task waits, or when it has waited for longer than retries ever should.
    fn take(&mut self, now: Instant, backoff: &Backoff) -> Next {
        let patience = if self.tasks.is_empty() {
            Duration::ZERO
        } else {
            backoff.most
        };
        if self.stopping.is_none()
            && let Some(retry) = self.effects.take_due(now, patience)
        {
            return Next::Retry(retry);
        }
        let Some((_, task)) = self.tasks.pop_front() else {
            return Next::Nothing;
        };
        let too_late = self
            .stopping
            .is_some_and(|since| now.saturating_duration_since(since) > backoff.stop_grace);
        match task {
            Task::Ban { .. } | Task::Reban { .. } | Task::Prolong { .. } if too_late => Next::Dropped(task),
            task => Next::Task(task),
        }
    }
}

impl Shared {
    /// Waits for something to do; nothing when the queue was dropped.
    fn next(&self, backoff: &Backoff) -> Next {
        let mut inner = self.inner.lock();
        inner.busy_since = None;
        loop {
            if inner.abandoned {
                return Next::Nothing;
            }
            let now = Instant::now();
            match inner.take(now, backoff) {
                Next::Nothing => {}
                next => {
                    inner.busy_since = Some(now);
                    return next;
                }
            }
            match inner.effects.next_due() {
                Some(due) => {
                    self.changed.wait_until(&mut inner, due);
                }
                None => self.changed.wait(&mut inner),
            }
        }
    }

    fn with_effects<R>(&self, work: impl FnOnce(&mut Effects) -> R) -> R {
        work(&mut self.inner.lock().effects)
    }

    fn is_stopping(&self) -> bool {
        self.inner.lock().stopping.is_some()
    }

    fn set_stopped(&self) {
        let mut inner = self.inner.lock();
        inner.busy_since = None;
        inner.stopped = true;
        inner.tasks.clear();
        drop(inner);
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let backoff = Backoff::default();
        let waits = [1, 2, 3, 6, 7, 40, u32::MAX].map(|tries| backoff.delay(tries).as_secs());
        assert_eq!(waits, [1, 2, 4, 32, 60, 60, 60]);
    }
}
