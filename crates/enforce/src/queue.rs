//! A jail's queue of tasks and the threads that work it off, each action in its own order, with retries.
//!
//! Stands between `daemon`, which pushes decisions and never waits, and the jail's actions, which may be slow. What
//! fails is tried again beside the queue, each action for itself. A message that takes long is sent while the firewall
//! bans the next, by these rules:
//!
//! - All tasks stand in one sequence. Each action goes through it from its begin to its end, one task at a time: what
//!   was pushed first is done first, and two commands of one action never run at the same time.
//! - An action takes a task only after the action before it is done with the first try at it: for each ban, unban,
//!   prolongation and flush, the actions' commands run in the order of the actions. A message of a ban is sent after the
//!   firewall, listed before it, has been told. An action that comes later may be any number of tasks behind; one that
//!   comes after a slow one waits for it.
//! - No action goes on from [`Task::Start`] before all have been started.
//! - What failed is due again after a while, and has its turn when its action has nothing else to do, or when it has
//!   been due for long. It holds up no other action.
//! - An action that is added joins at the end of the actions and of the tasks; one that is removed does first what was
//!   pushed before. One that is replaced keeps its place.
//! - [`Task::Stop`] unbans everybody, action by action, and then stops the actions from the last to the first. Bans that
//!   an action has not begun when `stop_grace` is over are left out by it; unbans are carried out.
//!
//! A task is held once, until the last action is done with it. There are as many threads as actions that have something
//! to do at the same time, and at least one; what is more ends after a while.

mod attempts;
mod effects;
mod flush;
mod pipeline;
mod stage;
mod task;
mod worker;

use crate::{SharedDefinition, Surroundings};
use bantam_detect::Id;
use stage::Common;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};
use worker::Shared;

pub use effects::{EffectState, States};
pub use task::{Backoff, Target, Task};

/// How a queue stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QueueStatus {
    /// Tasks that not every action has begun.
    pub pending: usize,
    /// Age of the oldest of them.
    pub lag: Duration,
    /// For how long the command that was begun first has been at work; none when nothing is.
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

impl Queue {
    /// A queue without actions, with a thread of its own.
    ///
    /// # Errors
    /// When the system has no more threads.
    pub fn new(jail: &str, surroundings: Surroundings, backoff: Backoff) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::new(Common {
            jail: jail.to_owned(),
            surroundings,
            backoff,
            stopping: AtomicBool::new(false),
        }));
        shared.inner.lock().threads = 1;
        shared.begin()?;
        Ok(Self { shared })
    }

    /// Puts a task at the end; false when the queue is stopping and takes no more. Never waits for a command.
    pub fn push(&self, task: Task) -> bool {
        self.shared.change(|pipeline| pipeline.push(task))
    }

    /// Names of the actions, in order.
    pub fn actions(&self) -> Vec<Arc<str>> {
        self.shared.inner.lock().pipeline.actions()
    }

    /// An action's definition, to be read and changed at any time; commands begun later run by what it is then.
    pub fn definition(&self, action: &str) -> Option<SharedDefinition> {
        self.shared.inner.lock().pipeline.definition(action)
    }

    /// How the queue stands.
    pub fn status(&self) -> QueueStatus {
        let inner = self.shared.inner.lock();
        QueueStatus {
            stopped: inner.stopped,
            ..inner.pipeline.status()
        }
    }

    /// What each action came to for one id.
    pub fn effects_of(&self, id: &Id) -> States {
        self.shared.inner.lock().pipeline.effects_of(id).collect()
    }

    /// What each action came to for all ids, in the order in which the first of them banned.
    pub fn effects(&self) -> Vec<(Id, States)> {
        let inner = self.shared.inner.lock();
        let mut places: HashMap<Id, usize> = HashMap::new();
        let mut all: Vec<(Id, States)> = Vec::new();
        for (action, effects) in inner.pipeline.effects() {
            for (id, state) in effects {
                let place = *places.entry(id.clone()).or_insert(all.len());
                if place == all.len() {
                    all.push((id, States::new()));
                }
                all[place].1.push((Arc::clone(action), state));
            }
        }
        all
    }

    /// Waits until the queue has ended after [`Task::Stop`], at most so long; whether it has.
    pub fn wait_stopped(&self, timeout: Duration) -> bool {
        let mut inner = self.shared.inner.lock();
        let deadline = Instant::now().checked_add(timeout);
        while !inner.stopped {
            let Some(deadline) = deadline else {
                self.shared.ended.wait(&mut inner);
                continue;
            };
            let waited = self.shared.ended.wait_until(&mut inner, deadline);
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
        inner.abandoned |= !inner.pipeline.is_stopping();
        drop(inner);
        self.shared.work.notify_all();
    }
}
