//! The thread of a jail's queue: carries out one task after the other, and between them what is due again.
use super::effects::{EffectState, Retry};
use super::{Backoff, Next, Shared, Target, Task};
use crate::execute::Tone;
use crate::quote::repr;
use crate::{Action, ActionError, Level, Logger, Outcome, SharedDefinition, Surroundings};
use bantam_detect::Family;
use std::sync::Arc;
use std::time::Instant;

/// An action, and what the queue knows of it beyond the action itself.
pub(super) struct Member {
    pub(super) action: Action,
    /// Its start failed: it is to be started before its next ban.
    start_owed: bool,
}

pub(super) struct Worker {
    pub(super) jail: String,
    pub(super) shared: Arc<Shared>,
    pub(super) surroundings: Surroundings,
    backoff: Backoff,
    pub(super) members: Vec<Member>,
    started: bool,
}

/// What is asked of an action for a ban.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The first ban of somebody of whom nothing stands.
    Fresh,
    /// A ban of somebody of whom something may stand: lifted first, so that no rule stands twice.
    Again,
    /// By the action's own command for this.
    Reban,
}

impl Worker {
    pub(super) fn new(
        jail: &str,
        shared: Arc<Shared>,
        surroundings: Surroundings,
        backoff: Backoff,
    ) -> Self {
        Self {
            jail: jail.to_owned(),
            shared,
            surroundings,
            backoff,
            members: Vec::new(),
            started: false,
        }
    }

    pub(super) fn run(mut self) {
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
        self.shared.set_stopped();
        self.tell(Outcome::QueueStopped);
    }

    fn carry_out(&mut self, task: Task) {
        match task {
            Task::Start => {
                self.started = true;
                (0..self.members.len()).for_each(|index| self.start(index));
            }
            Task::Ban {
                target,
                restored,
                only,
            } => self.ban(&target, restored, only.as_deref()),
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
            Task::Stop => {}
        }
    }

    fn add(&mut self, name: Arc<str>, definition: SharedDefinition) {
        let surroundings = self.surroundings.clone();
        let action = Action::shared(&self.jail, name, definition, surroundings);
        self.members.push(Member {
            action: action.lift_before_repeat(true),
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
        member.start_owed = result.is_err();
        let action = Arc::clone(member.action.name());
        if let Err(error) = &result {
            self.say(Level::Error, || {
                format!(
                    "Failed to start jail '{}' action '{action}': {error}",
                    self.jail
                )
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
                format!(
                    "Failed to reload jail '{}' action '{name}': {error}",
                    self.jail
                )
            });
        }
    }

    fn check(&mut self, index: usize) {
        let action = &mut self.members[index].action;
        let before = action.restorations();
        action.set_tone(Tone::Loud);
        let result = action.check(true);
        if let Err(error) = result {
            let name = Arc::clone(self.members[index].action.name());
            self.say(Level::Error, || {
                format!(
                    "Failed to check jail '{}' action '{name}': {error}",
                    self.jail
                )
            });
        }
        self.tell_if_restored(index, before);
    }

    fn ban(&mut self, target: &Target, restored: bool, only: Option<&str>) {
        for index in self.chosen(only) {
            let action = &self.members[index].action;
            if restored && action.definition().norestored() {
                continue;
            }
            let way = match self.state(target, index) {
                None => Way::Fresh,
                Some(_) => Way::Again,
            };
            self.try_ban(index, target, 1, way);
        }
        self.tell(Outcome::BanDone {
            id: target.id.clone(),
        });
    }

    fn reban(&mut self, target: &Target, only: Option<&str>) {
        for index in self.chosen(only) {
            let definition = self.members[index].action.definition();
            let state = self.state(target, index);
            let way = match (definition.command("actionreban"), state) {
                (_, Some(EffectState::BanFailing { .. })) => Way::Again,
                ("", Some(_)) => Way::Again,
                _ => Way::Reban,
            };
            self.try_ban(index, target, 1, way);
        }
        self.tell(Outcome::BanDone {
            id: target.id.clone(),
        });
    }

    fn retry(&mut self, retry: Retry) {
        let Some(index) = self.index(&retry.action) else {
            self.shared
                .with_effects(|effects| effects.clear(&retry.target.id, &retry.action));
            return;
        };
        match retry.state {
            EffectState::BanFailing { tries } => {
                self.try_ban(index, &retry.target, tries.saturating_add(1), Way::Again);
            }
            EffectState::UnbanFailing { tries } => {
                let _ = self.try_unban(index, &retry.target, tries.saturating_add(1));
                self.forget_if_empty(&retry.target);
            }
            EffectState::Standing => {}
        }
    }

    /// One try at a ban by one action; a failure is due again after a while.
    fn try_ban(&mut self, index: usize, target: &Target, tries: u32, way: Way) {
        let member = &mut self.members[index];
        let name = Arc::clone(member.action.name());
        let before = member.action.restorations();
        if !member.action.definition().command("actionban").is_empty() {
            self.surroundings.ledger.effect_begins(&name, &target.id);
        }
        member.action.set_tone(tone(tries));
        let (family, values) = (target.family, &*target.values);
        let result = match way {
            Way::Fresh => member.ready().and_then(|action| action.ban(family, values)),
            Way::Reban => member
                .ready()
                .and_then(|action| action.reban(family, values)),
            Way::Again => {
                let _ = member.action.lift(family, values);
                member.undo_failed_start(family);
                member.ready().and_then(|action| action.ban(family, values))
            }
        };
        match result {
            Ok(()) => self.banned(name, target, tries),
            Err(error) => self.ban_failed(name, target, tries, &error),
        }
        self.tell_if_restored(index, before);
    }

    fn banned(&mut self, action: Arc<str>, target: &Target, tries: u32) {
        self.shared
            .with_effects(|effects| effects.set(target, &action, EffectState::Standing, None));
        if tries > 1 {
            let ip = target.values.tag("ip").unwrap_or_default();
            self.say(Level::Notice, || {
                format!(
                    "[{}] Ban {ip} took effect with {action} at try {tries}",
                    self.jail
                )
            });
        }
        let id = target.id.clone();
        self.tell(Outcome::Banned { id, action, tries });
    }

    fn ban_failed(&mut self, action: Arc<str>, target: &Target, tries: u32, error: &ActionError) {
        let retry_in = self.backoff.delay(tries);
        self.say_failed("ban", &action, target, tries, error);
        let state = EffectState::BanFailing { tries };
        let due = Instant::now() + retry_in;
        self.shared
            .with_effects(|effects| effects.set(target, &action, state, Some(due)));
        self.tell(Outcome::BanFailed {
            id: target.id.clone(),
            action,
            tries,
            retry_in,
            error: error.message.clone(),
        });
    }

    fn unban(&mut self, target: &Target) {
        for index in 0..self.members.len() {
            let _ = self.unban_by(index, target);
        }
        self.forget_if_empty(target);
        self.tell(Outcome::UnbanDone {
            id: target.id.clone(),
        });
    }

    /// Unbans, or lifts what a ban that never took effect may have left. A failure has been told and is due again.
    pub(super) fn unban_by(&mut self, index: usize, target: &Target) -> Result<(), ActionError> {
        match self.state(target, index) {
            Some(EffectState::BanFailing { .. }) => {
                let _ = self.members[index]
                    .action
                    .lift(target.family, &*target.values);
                self.unbanned(index, target);
                Ok(())
            }
            _ => self.try_unban(index, target, 1),
        }
    }

    /// One try at an unban by one action; a failure is due again after a while, until it is given up.
    fn try_unban(&mut self, index: usize, target: &Target, tries: u32) -> Result<(), ActionError> {
        let known = self.state(target, index).is_some();
        let action = &mut self.members[index].action;
        action.set_tone(tone(tries));
        let (family, values) = (target.family, &*target.values);
        let result = if known && !action.holds_items(family) {
            // Its environment was restored meanwhile: the effect may be gone, or may not.
            let _ = action.lift(family, values);
            Ok(())
        } else {
            action.unban(family, values)
        };
        match &result {
            Ok(()) => self.unbanned(index, target),
            Err(error) => self.unban_failed(index, target, tries, error),
        }
        result
    }

    fn unbanned(&mut self, index: usize, target: &Target) {
        let action = Arc::clone(self.members[index].action.name());
        self.shared
            .with_effects(|effects| effects.clear(&target.id, &action));
        self.surroundings.ledger.effect_ended(&action, &target.id);
        let id = target.id.clone();
        self.tell(Outcome::Unbanned { id, action });
    }

    fn unban_failed(&mut self, index: usize, target: &Target, tries: u32, error: &ActionError) {
        let action = Arc::clone(self.members[index].action.name());
        self.say_failed("unban", &action, target, tries, error);
        let retry_in = (tries < self.backoff.unban_tries).then(|| self.backoff.delay(tries));
        self.shared.with_effects(|effects| match retry_in {
            Some(retry_in) => {
                let state = EffectState::UnbanFailing { tries };
                effects.set(target, &action, state, Some(Instant::now() + retry_in));
            }
            None => effects.clear(&target.id, &action),
        });
        if retry_in.is_none() {
            let ip = target.values.tag("ip").unwrap_or_default();
            self.say(Level::Error, || {
                format!(
                    "[{}] Unban {ip} with {action} given up after {tries} tries",
                    self.jail
                )
            });
        }
        self.tell(Outcome::UnbanFailed {
            id: target.id.clone(),
            action,
            tries,
            retry_in,
            error: error.message.clone(),
        });
    }

    fn prolong(&mut self, target: &Target, restored: bool) {
        self.shared.with_effects(|effects| effects.update(target));
        for index in 0..self.members.len() {
            let action = &self.members[index].action;
            let definition = action.definition();
            let failing = matches!(
                self.state(target, index),
                Some(EffectState::BanFailing { .. })
            );
            // A ban that is still to take effect will do so with its new end.
            if failing || !definition.prolongable() || (restored && definition.norestored()) {
                continue;
            }
            let action = &mut self.members[index].action;
            action.set_tone(Tone::Loud);
            let result = action.prolong(target.family, &*target.values);
            let action = Arc::clone(action.name());
            match result {
                Ok(()) => {
                    let id = target.id.clone();
                    self.tell(Outcome::Prolonged { id, action });
                }
                Err(error) => self.say_failed("ban", &action, target, 1, &error),
            }
        }
    }

    fn lift_left_over(&mut self, action: &Arc<str>, target: &Target) {
        // An effect of an action that is no longer configured stays written down: the action may come back.
        let known = self.index(action);
        if let Some(index) = known {
            let action = &mut self.members[index].action;
            let _ = action.lift(target.family, &*target.values);
            self.surroundings
                .ledger
                .effect_ended(action.name(), &target.id);
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
        self.members
            .iter()
            .position(|member| **member.action.name() == *name)
    }

    fn chosen(&self, only: Option<&str>) -> Vec<usize> {
        (0..self.members.len())
            .filter(|index| only.is_none_or(|only| **self.members[*index].action.name() == *only))
            .collect()
    }

    pub(super) fn state(&self, target: &Target, index: usize) -> Option<EffectState> {
        let action = self.members[index].action.name();
        self.shared
            .with_effects(|effects| effects.state(&target.id, action))
    }

    pub(super) fn forget_if_empty(&self, target: &Target) {
        self.shared
            .with_effects(|effects| effects.forget_if_empty(&target.id));
    }

    pub(super) fn tell_if_restored(&self, index: usize, before: u64) {
        let action = &self.members[index].action;
        if action.restorations() != before {
            self.tell(Outcome::Restored {
                action: Arc::clone(action.name()),
            });
        }
    }

    pub(super) fn tell(&self, outcome: Outcome) {
        self.surroundings.report.outcome(outcome);
    }

    pub(super) fn say(&self, level: Level, text: impl FnOnce() -> String) {
        self.surroundings.say(Logger::Actions, level, text);
    }

    /// A failure, loud at first; that it goes on need not fill the log.
    fn say_failed(
        &self,
        what: &str,
        action: &str,
        target: &Target,
        tries: u32,
        error: &ActionError,
    ) {
        let level = match tries {
            1 => Level::Error,
            2..=6 => Level::Warning,
            _ => Level::Debug,
        };
        self.say(level, || {
            let shown = |name| target.values.tag(name).map(|value| repr(&value));
            format!(
                "Failed to execute {what} jail '{}' action '{action}' info 'ActionInfo({{'ip': {}, 'family': {}}})': {error}",
                self.jail,
                shown("ip").as_deref().unwrap_or("''"),
                shown("family").as_deref().unwrap_or("None"),
            )
        });
    }
}

impl Member {
    /// The action, after a start that failed before has been made up for.
    fn ready(&mut self) -> Result<&mut Action, ActionError> {
        if self.start_owed {
            self.action.start()?;
            self.start_owed = false;
        }
        Ok(&mut self.action)
    }

    /// A start that failed may have set some of its rules; they must not stand twice.
    fn undo_failed_start(&mut self, family: Option<Family>) {
        if self.start_owed || self.action.start_failed(family) {
            self.action.undo_start(family);
        }
    }
}

/// First tries are told in full; the same command's output again and again is not.
fn tone(tries: u32) -> Tone {
    match tries {
        1 => Tone::Loud,
        _ => Tone::Hushed,
    }
}
