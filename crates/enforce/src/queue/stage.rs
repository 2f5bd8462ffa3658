//! One action of a jail at work: carries out one task after the other, and between them what is due again.
use super::effects::{EffectState, Effects, Retry};
use super::pipeline::Work;
use super::{Backoff, Target, Task};
use crate::any::AnyAction;
use crate::execute::Tone;
use crate::{ActionError, Call, Level, Logger, Outcome, Reply, SharedDefinition, Surroundings};
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What the actions of a jail have in common.
#[derive(Debug)]
pub(super) struct Common {
    pub(super) jail: String,
    pub(super) surroundings: Surroundings,
    pub(super) backoff: Backoff,
    /// The jail is to end.
    pub(super) stopping: AtomicBool,
}

/// An action, and what the queue knows of it beyond the action itself.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) common: Arc<Common>,
    pub(super) action: AnyAction,
    pub(super) effects: Arc<Mutex<Effects>>,
    /// It is to be started as soon as it is there.
    started: bool,
    /// Its start failed: it is to be started before its next ban.
    pub(super) start_owed: bool,
    /// What was lost with an environment is being set again.
    pub(super) setting_again: bool,
}

impl Stage {
    pub(super) fn new(
        common: &Arc<Common>,
        name: &Arc<str>,
        definition: &SharedDefinition,
        effects: &Arc<Mutex<Effects>>,
        started: bool,
    ) -> Self {
        Stage {
            common: Arc::clone(common),
            action: action(common, name, definition),
            effects: Arc::clone(effects),
            started,
            start_owed: false,
            setting_again: false,
        }
    }

    pub(super) fn carry_out(&mut self, work: Work) {
        match work {
            Work::Task(task) => self.task(task),
            Work::Retry(retry) => self.retry(&retry),
            Work::End => self.stop_action(),
        }
    }

    fn task(&mut self, task: Task) {
        match task {
            Task::Start => {
                self.started = true;
                self.start();
            }
            Task::Ban { target, restored, .. } => self.ban(&target, restored),
            Task::Reban { target, .. } => self.reban(&target),
            Task::Unban { target } => drop(self.unban(&target)),
            Task::Prolong { target, restored } => self.prolong(&target, restored),
            Task::Lift { target, .. } => self.lift_left_over(&target),
            Task::Halt { family, .. } => self.halt_left_over(&family),
            Task::Flush => self.flush(false),
            Task::Check => self.check(),
            Task::AddAction { .. } if self.started => self.start(),
            Task::AddAction { .. } => {}
            Task::ReplaceAction { name, definition } => self.replace(&name, &definition),
            Task::RemoveAction { .. } => {
                self.flush(true);
                self.stop_action();
            }
            Task::Reload { .. } => self.reload(),
            Task::Call { call, reply, .. } => self.call(&call, &reply),
            Task::Stop => self.flush(true),
        }
    }

    /// Who stood banned is banned by the new action as its jail's bans are pushed.
    fn replace(&mut self, name: &Arc<str>, definition: &SharedDefinition) {
        self.flush(true);
        self.stop_action();
        self.action = action(&self.common, name, definition);
        self.start_owed = false;
        if self.started {
            self.start();
        }
    }

    fn retry(&mut self, retry: &Retry) {
        match retry.state {
            EffectState::BanFailing { tries } => self.ban_again(&retry.target, tries.saturating_add(1)),
            EffectState::UnbanFailing { tries } => {
                let _ = self.try_unban(&retry.target, tries.saturating_add(1));
            }
            EffectState::Standing => {}
        }
    }

    fn start(&mut self) {
        self.action.set_tone(Tone::Loud);
        let result = self.action.start();
        self.start_owed = result.as_ref().is_err_and(|error| !error.permanent);
        self.say_if_failed("start", &result);
        let error = result.err().map(|error| error.message);
        self.tell(Outcome::Started {
            action: self.name(),
            error,
        });
    }

    fn reload(&mut self) {
        self.action.set_tone(Tone::Loud);
        let result = self.action.reload();
        self.say_if_failed("reload", &result);
    }

    fn call(&mut self, call: &Call, reply: &Reply) {
        self.action.set_tone(Tone::Loud);
        let result = call.on(&mut self.action).map_err(|error| error.message);
        // Whoever called may be gone.
        let _ = reply.0.send(result);
    }

    fn check(&mut self) {
        let before = self.action.restorations();
        self.action.set_tone(Tone::Loud);
        let result = self.action.check(true);
        self.say_if_failed("check", &result);
        self.set_again_if_restored(before, None);
    }

    fn lift_left_over(&mut self, target: &Target) {
        let _ = self.action.lift(target.family, &*target.values);
        let action = self.name();
        self.common.surroundings.ledger.effect_ended(&action, &target.id);
        self.tell(Outcome::Lifted {
            id: target.id.clone(),
            action,
            known: true,
        });
    }

    fn halt_left_over(&mut self, family: &str) {
        let _ = self.action.halt(family);
        self.common.surroundings.ledger.start_ended(&self.name(), family);
    }

    pub(super) fn name(&self) -> Arc<str> {
        Arc::clone(self.action.name())
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.common.stopping.load(Ordering::SeqCst)
    }

    pub(super) fn say_if_failed<T>(&self, what: &str, result: &Result<T, ActionError>) {
        if let Err(error) = result {
            self.say(Level::Error, || {
                format!(
                    "Failed to {what} jail '{}' action '{}': {error}",
                    self.common.jail,
                    self.action.name()
                )
            });
        }
    }

    /// Whether the environment has been restored since.
    pub(super) fn tell_if_restored(&self, before: u64) -> bool {
        let restored = self.action.restorations() != before;
        if restored {
            self.tell(Outcome::Restored { action: self.name() });
        }
        restored
    }

    pub(super) fn tell(&self, outcome: Outcome) {
        self.common.surroundings.report.outcome(outcome);
    }

    pub(super) fn say(&self, level: Level, text: impl FnOnce() -> String) {
        self.common.surroundings.say(Logger::Actions, level, text);
    }
}

fn action(common: &Common, name: &Arc<str>, definition: &SharedDefinition) -> AnyAction {
    let surroundings = common.surroundings.clone();
    AnyAction::new(&common.jail, Arc::clone(name), definition.clone(), surroundings)
}
