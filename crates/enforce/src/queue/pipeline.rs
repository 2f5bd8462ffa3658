//! Who may take which task: one sequence of tasks, and how far each action has come in it.
//!
//! A task is kept once, however many actions it waits for, until the last of them is done with it.
mod look;
mod turns;

use super::effects::{Effects, Retry};
use super::stage::{Common, Stage};
use super::{Backoff, Task};
use crate::{Definition, Outcome, SharedDefinition};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// The tasks of a jail, and its actions in order.
#[derive(Debug)]
pub(super) struct Pipeline {
    common: Arc<Common>,
    tasks: VecDeque<Waiting>,
    /// Number of the first of `tasks`; they are numbered in the order in which they came.
    first: u64,
    places: Vec<Place>,
    next_id: u64,
    /// Actions added from now on are to be started at once.
    started: bool,
    /// The task that starts all actions, until all of them are done with it.
    gate: Option<u64>,
    /// Since when nothing more is taken.
    stopping: Option<Instant>,
    /// To be told once the lock is released.
    told: Vec<Outcome>,
}

/// A task that some action is not done with.
#[derive(Debug)]
struct Waiting {
    since: Instant,
    task: Task,
    /// The place of the only action that it is for.
    only: Option<u64>,
    /// An action has not even tried it.
    dropped: bool,
}

/// An action in its place.
#[derive(Debug)]
struct Place {
    id: u64,
    name: Arc<str>,
    definition: SharedDefinition,
    /// To be removed in its turn; whoever speaks of an action of this name means another.
    leaving: bool,
    /// Number of the task that it is to take next.
    next: u64,
    /// None while it is at work.
    stage: Option<Box<Stage>>,
    at_work: Option<AtWork>,
    effects: Arc<Mutex<Effects>>,
    phase: Phase,
}

#[derive(Debug, Clone, Copy)]
struct AtWork {
    since: Instant,
    on_task: bool,
}

/// How far a stop has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Working,
    /// Everybody has been unbanned.
    Flushed,
    Ended,
}

/// What an action has taken to do.
pub(super) struct Job {
    pub(super) stage: Box<Stage>,
    pub(super) work: Work,
    place: u64,
}

pub(super) enum Work {
    Task(Task),
    Retry(Retry),
    /// The last of a stop: the action itself.
    End,
}

impl Pipeline {
    pub(super) fn new(common: Arc<Common>) -> Self {
        Pipeline {
            common,
            tasks: VecDeque::new(),
            first: 0,
            places: Vec::new(),
            next_id: 0,
            started: false,
            gate: None,
            stopping: None,
            told: Vec::new(),
        }
    }

    /// Puts a task at the end; false when no more are taken.
    pub(super) fn push(&mut self, task: Task) -> bool {
        if self.stopping.is_some() {
            return false;
        }
        let number = self.end();
        let task = match task {
            Task::ReplaceAction { name, definition } if self.find(&name).is_none() => {
                Task::AddAction { name, definition }
            }
            task => task,
        };
        if let Task::AddAction { name, definition } = &task {
            if let Some(known) = self.find(name) {
                known.definition.replace(Definition::clone(&definition.snapshot()));
                return true;
            }
            self.add(name, definition, number);
        }
        let only = match self.whom(&task) {
            Whom::All => None,
            Whom::One(place) => Some(place),
            Whom::Nobody => {
                self.for_nobody(task);
                return true;
            }
        };
        match &task {
            Task::Start => {
                self.started = true;
                self.gate = Some(number);
            }
            Task::Stop => {
                self.stopping = Some(Instant::now());
                self.common.stopping.store(true, Ordering::SeqCst);
            }
            Task::RemoveAction { name } => {
                if let Some(place) = self.find(name) {
                    place.leaving = true;
                }
            }
            Task::ReplaceAction { name, definition } => {
                if let Some(place) = self.find(name) {
                    place.definition = definition.clone();
                }
            }
            _ => {}
        }
        self.tasks.push_back(Waiting {
            since: Instant::now(),
            task,
            only,
            dropped: false,
        });
        self.settle();
        true
    }

    fn add(&mut self, name: &Arc<str>, definition: &SharedDefinition, number: u64) {
        let effects = Arc::default();
        let stage = Stage::new(&self.common, name, definition, &effects, self.started);
        self.places.push(Place {
            id: self.next_id,
            name: Arc::clone(name),
            definition: definition.clone(),
            leaving: false,
            next: number,
            stage: Some(Box::new(stage)),
            at_work: None,
            effects,
            phase: Phase::Working,
        });
        self.next_id += 1;
    }

    fn find(&mut self, name: &str) -> Option<&mut Place> {
        let mut places = self.places.iter_mut();
        places.find(|place| !place.leaving && *place.name == *name)
    }

    fn whom(&mut self, task: &Task) -> Whom {
        let name = match task {
            Task::Ban { only: Some(name), .. } | Task::Reban { only: Some(name), .. } => name,
            Task::Lift { action: name, .. } | Task::Halt { action: name, .. } => name,
            Task::AddAction { name, .. } | Task::ReplaceAction { name, .. } => name,
            Task::RemoveAction { name } | Task::Reload { name } | Task::Call { name, .. } => name,
            _ => return Whom::All,
        };
        self.find(name).map_or(Whom::Nobody, |place| Whom::One(place.id))
    }

    /// A task for an action that is not there.
    fn for_nobody(&mut self, task: Task) {
        match task {
            Task::Lift { action, target } => self.told.push(Outcome::Lifted {
                id: target.id,
                action,
                known: false,
            }),
            Task::Call { name, reply, .. } => {
                // Whoever called may be gone.
                let _ = reply.0.send(Err(format!("action {name} is not there any more")));
            }
            task => self.told.extend(done(task, false)),
        }
    }

    /// Takes what is to be done next, of the first action that has something to do.
    pub(super) fn take(&mut self, now: Instant) -> Option<Job> {
        let at = self.ready(now)?;
        let job = self.work_of(at, now)?;
        let place = self.places.get_mut(at)?;
        let stage = place.stage.take()?;
        place.at_work = Some(AtWork {
            since: now,
            on_task: matches!(job, Work::Task(_)),
        });
        Some(Job {
            stage,
            work: job,
            place: place.id,
        })
    }

    /// Whether an action has something to do.
    pub(super) fn is_ready(&mut self, now: Instant) -> bool {
        self.ready(now).is_some()
    }

    /// A job is done: its task goes on to the next action.
    pub(super) fn done(&mut self, place: u64, stage: Box<Stage>) {
        let Some(at) = self.places.iter().position(|known| known.id == place) else {
            return;
        };
        let place = &mut self.places[at];
        place.stage = Some(stage);
        let work = place.at_work.take();
        if place.phase == Phase::Flushed {
            place.phase = Phase::Ended;
        } else if work.is_some_and(|work| work.on_task) {
            let number = place.next;
            place.next += 1;
            match self.task(number) {
                Some(Task::Stop) => self.places[at].phase = Phase::Flushed,
                Some(Task::RemoveAction { .. }) => drop(self.places.remove(at)),
                _ => {}
            }
        }
        self.settle();
    }

    /// Whether all has been done that was to be done before the end.
    pub(super) fn is_over(&self) -> bool {
        self.stopping.is_some() && self.places.iter().all(Place::has_ended)
    }

    /// Whether no more tasks are taken.
    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.is_some()
    }

    /// No task is carried out any more.
    pub(super) fn clear(&mut self) {
        self.tasks.clear();
    }

    /// When the next retry is due; none of those that are due already, which wait for something else.
    pub(super) fn next_due(&self, now: Instant) -> Option<Instant> {
        if self.stopping.is_some() {
            return None;
        }
        let idle = self.places.iter().filter(|place| place.stage.is_some());
        idle.filter_map(|place| place.effects.lock().next_due())
            .filter(|due| *due > now)
            .min()
    }

    /// What is to be told now.
    pub(super) fn told(&mut self) -> Vec<Outcome> {
        std::mem::take(&mut self.told)
    }

    /// How many actions there are to work for.
    pub(super) fn places(&self) -> usize {
        self.places.len()
    }

    fn end(&self) -> u64 {
        self.first + self.tasks.len() as u64
    }

    fn waiting(&self, number: u64) -> Option<&Waiting> {
        let index = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.tasks.get(index)
    }

    fn task(&self, number: u64) -> Option<&Task> {
        Some(&self.waiting(number)?.task)
    }

    fn alive(&self) -> impl DoubleEndedIterator<Item = &Place> {
        self.places.iter().filter(|place| !place.has_ended())
    }

    /// Lets go of tasks that all actions are done with.
    fn settle(&mut self) {
        self.open_gate();
        let passed = self.alive().map(|place| place.next).min().unwrap_or_else(|| self.end());
        while self.first < passed
            && let Some(waiting) = self.tasks.pop_front()
        {
            self.first += 1;
            self.told.extend(done(waiting.task, waiting.dropped));
        }
        // What a flood has taken is given back.
        if self.tasks.is_empty() && self.tasks.capacity() > 1024 {
            self.tasks.shrink_to(64);
        }
    }

    fn backoff(&self) -> &Backoff {
        &self.common.backoff
    }
}

/// Whom a task is for.
enum Whom {
    All,
    One(u64),
    Nobody,
}

impl Place {
    fn has_ended(&self) -> bool {
        self.phase == Phase::Ended
    }
}

impl Job {
    /// Does it, and gives what is to be handed back.
    pub(super) fn run(self) -> (u64, Box<Stage>) {
        let Job { mut stage, work, place } = self;
        stage.carry_out(work);
        (place, stage)
    }
}

/// What is told when all actions are done with a task.
fn done(task: Task, dropped: bool) -> Option<Outcome> {
    match task {
        Task::Ban { target, .. } | Task::Reban { target, .. } if dropped => Some(Outcome::BanDropped { id: target.id }),
        Task::Ban { target, .. } | Task::Reban { target, .. } => Some(Outcome::BanDone { id: target.id }),
        Task::Unban { target } => Some(Outcome::UnbanDone { id: target.id }),
        _ => None,
    }
}
