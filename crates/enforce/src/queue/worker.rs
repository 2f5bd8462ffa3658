//! The thread of a jail's queue: carries out one task after the other, and between them what is due again.
use super::effects::EffectState;
use super::{Backoff, Next, Shared, Target, Task};
use crate::any::AnyAction;
use crate::execute::Tone;
use crate::{Call, Level, Logger, Outcome, Reply, SharedDefinition, Surroundings};
use std::sync::Arc;

/// An action, and what the queue knows of it beyond the action itself.
pub(super) struct Member {
    pub(super) action: AnyAction,
    /// Its start failed: it is to be started before its next ban.
    pub(super) start_owed: bool,
}

pub(super) struct Worker {
    pub(super) jail: String,
    pub(super) shared: Arc<Shared>,
    pub(super) surroundings: Surroundings,
    pub(super) backoff: Backoff,
    pub(super) members: Vec<Member>,
    started: bool,
    /// What was lost with an environment is being set again.
    pub(super) setting_again: bool,
}

/// Nobody waits for a queue whose thread is gone, however it went.
struct Ended(Arc<Shared>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.set_stopped();
    }
}

impl Worker {
    pub(super) fn new(jail: &str, shared: Arc<Shared>, surroundings: Surroundings, backoff: Backoff) -> Self {
        Self {
            jail: jail.to_owned(),
            shared,
            surroundings,
            backoff,
            members: Vec::new(),
            started: false,
            setting_again: false,
        }
    }

    pub(super) fn run(mut self) {
        let _ended = Ended(Arc::clone(&self.shared));
        loop {
            match self.shared.next(&self.backoff) {
                Next::Task(Task::Stop) => {
                    self.stop();
                    break;
                }
                Next::Task(task) => self.carry_out(task),
                Next::Dropped(Task::Ban { target, .. } | Task::Reban { target, .. }) => {
                    self.tell(Outcome::BanDropped { id: target.id });
                }
                Next::Dropped(_) => {}
                Next::Retry(retry) => self.retry(retry),
                Next::Nothing => break,
            }
        }
        self.tell(Outcome::QueueStopped);
    }

    fn carry_out(&mut self, task: Task) {
        match task {
            Task::Start => {
                self.started = true;
                (0..self.members.len()).for_each(|index| self.start(index));
            }
            Task::Ban { target, restored, only } => self.ban(&target, restored, only.as_deref()),
            Task::Reban { target, only } => self.reban(&target, only.as_deref()),
            Task::Unban { target } => self.unban(&target),
            Task::Prolong { target, restored } => self.prolong(&target, restored),
            Task::Lift { action, target } => self.lift_left_over(&action, &target),
            Task::Halt { action, family } => self.halt_left_over(&action, &family),
            Task::Flush => self.flush_all(),
            Task::Check => (0..self.members.len()).for_each(|index| self.check(index)),
            Task::AddAction { name, definition } => self.add(name, definition),
            Task::RemoveAction { name } => self.remove(&name),
            Task::Reload { name } => self.reload(&name),
            Task::Call { name, call, reply } => self.call(&name, &call, &reply),
            Task::Stop => {}
        }
    }

    fn add(&mut self, name: Arc<str>, definition: SharedDefinition) {
        let surroundings = self.surroundings.clone();
        self.members.push(Member {
            action: AnyAction::new(&self.jail, name, definition, surroundings),
            start_owed: false,
        });
        if self.started {
            self.start(self.members.len() - 1);
        }
    }

    fn start(&mut self, index: usize) {
        let member = &mut self.members[index];
        member.action.set_tone(Tone::Loud);
        let result = member.action.start();
        member.start_owed = result.as_ref().is_err_and(|error| !error.permanent);
        let action = Arc::clone(member.action.name());
        if let Err(error) = &result {
            self.say(Level::Error, || {
                format!("Failed to start jail '{}' action '{action}': {error}", self.jail)
            });
        }
        let error = result.err().map(|error| error.message);
        self.tell(Outcome::Started { action, error });
    }

    fn reload(&mut self, name: &str) {
        let Some(index) = self.index(name) else {
            return;
        };
        let member = &mut self.members[index];
        member.action.set_tone(Tone::Loud);
        if let Err(error) = member.action.reload() {
            self.say(Level::Error, || {
                format!("Failed to reload jail '{}' action '{name}': {error}", self.jail)
            });
        }
    }

    fn call(&mut self, name: &str, call: &Call, reply: &Reply) {
        let result = match self.index(name) {
            Some(index) => {
                let action = &mut self.members[index].action;
                action.set_tone(Tone::Loud);
                call.on(action).map_err(|error| error.message)
            }
            None => Err(format!("action {name} is not there any more")),
        };
        // Whoever called may be gone.
        let _ = reply.0.send(result);
    }

    fn check(&mut self, index: usize) {
        let action = &mut self.members[index].action;
        let before = action.restorations();
        action.set_tone(Tone::Loud);
        let result = action.check(true);
        if let Err(error) = result {
            let name = Arc::clone(self.members[index].action.name());
            self.say(Level::Error, || {
                format!("Failed to check jail '{}' action '{name}': {error}", self.jail)
            });
        }
        self.set_again_if_restored(index, before, None);
    }

    fn lift_left_over(&mut self, action: &Arc<str>, target: &Target) {
        // An effect of an action that is no longer configured stays written down: the action may come back.
        let known = self.index(action);
        if let Some(index) = known {
            let action = &mut self.members[index].action;
            let _ = action.lift(target.family, &*target.values);
            self.surroundings.ledger.effect_ended(action.name(), &target.id);
        }
        self.tell(Outcome::Lifted {
            id: target.id.clone(),
            action: Arc::clone(action),
            known: known.is_some(),
        });
    }

    fn halt_left_over(&mut self, action: &str, family: &str) {
        if let Some(index) = self.index(action) {
            let action = &mut self.members[index].action;
            let _ = action.halt(family);
            self.surroundings.ledger.start_ended(action.name(), family);
        }
    }

    pub(super) fn index(&self, name: &str) -> Option<usize> {
        self.members.iter().position(|member| **member.action.name() == *name)
    }

    pub(super) fn chosen(&self, only: Option<&str>) -> Vec<usize> {
        (0..self.members.len())
            .filter(|index| only.is_none_or(|only| **self.members[*index].action.name() == *only))
            .collect()
    }

    pub(super) fn state(&self, target: &Target, index: usize) -> Option<EffectState> {
        let action = self.members[index].action.name();
        self.shared.with_effects(|effects| effects.state(&target.id, action))
    }

    pub(super) fn forget_if_empty(&self, target: &Target) {
        self.shared.with_effects(|effects| effects.forget_if_empty(&target.id));
    }

    /// Whether the environment has been restored since.
    pub(super) fn tell_if_restored(&self, index: usize, before: u64) -> bool {
        let action = &self.members[index].action;
        let restored = action.restorations() != before;
        if restored {
            self.tell(Outcome::Restored {
                action: Arc::clone(action.name()),
            });
        }
        restored
    }

    pub(super) fn tell(&self, outcome: Outcome) {
        self.surroundings.report.outcome(outcome);
    }

    pub(super) fn say(&self, level: Level, text: impl FnOnce() -> String) {
        self.surroundings.say(Logger::Actions, level, text);
    }
}
