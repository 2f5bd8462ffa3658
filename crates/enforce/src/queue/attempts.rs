//! Bans and unbans: one try at a time, each action for itself, and what follows from a failure.
use super::Target;
use super::effects::{EffectState, Retry};
use super::worker::{Member, Worker};
use crate::any::AnyAction;
use crate::execute::Tone;
use crate::quote::repr;
use crate::{ActionError, Level, Outcome};
use bantam_detect::Family;
use std::sync::Arc;
use std::time::Instant;

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
    pub(super) fn ban(&mut self, target: &Target, restored: bool, only: Option<&str>) {
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
        self.tell(Outcome::BanDone { id: target.id.clone() });
    }

    pub(super) fn reban(&mut self, target: &Target, only: Option<&str>) {
        for index in self.chosen(only) {
            let way = self.way_of_reban(index, target);
            self.try_ban(index, target, 1, way);
        }
        self.tell(Outcome::BanDone { id: target.id.clone() });
    }

    fn way_of_reban(&self, index: usize, target: &Target) -> Way {
        let definition = self.members[index].action.definition();
        match (definition.command("actionreban"), self.state(target, index)) {
            (_, Some(EffectState::BanFailing { .. })) => Way::Again,
            ("", Some(_)) => Way::Again,
            _ => Way::Reban,
        }
    }

    /// When an action's environment was found broken and was restored, what stood in it is set again: by the action
    /// alone, everybody but `but`, who has been banned since.
    pub(super) fn set_again_if_restored(&mut self, index: usize, before: u64, but: Option<&Target>) {
        if !self.tell_if_restored(index, before) || self.setting_again || self.shared.is_stopping() {
            return;
        }
        let name = Arc::clone(self.members[index].action.name());
        let lost = self.shared.with_effects(|effects| effects.standing_of(&name));
        // A ban that breaks the environment anew must not begin all over.
        self.setting_again = true;
        for target in lost.iter().filter(|target| but.is_none_or(|but| but.id != target.id)) {
            let ip = target.values.tag("ip").unwrap_or_default();
            self.say(Level::Notice, || format!("[{}] Reban {ip}, action '{name}'", self.jail));
            let way = self.way_of_reban(index, target);
            self.try_ban(index, target, 1, way);
        }
        self.setting_again = false;
    }

    pub(super) fn retry(&mut self, retry: Retry) {
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
            Way::Reban => member.ready().and_then(|action| action.reban(family, values)),
            Way::Again => {
                let _ = member.action.lift(family, values);
                member.undo_failed_start(family);
                member.ready().and_then(|action| action.ban(family, values))
            }
        };
        match result {
            Ok(()) => self.banned(name, target, tries),
            Err(error) if error.permanent => self.ban_given_up(name, target, &error),
            Err(error) => self.ban_failed(name, target, tries, &error),
        }
        self.set_again_if_restored(index, before, Some(target));
    }

    fn banned(&mut self, action: Arc<str>, target: &Target, tries: u32) {
        self.shared
            .with_effects(|effects| effects.set(target, &action, EffectState::Standing, None));
        if tries > 1 {
            let ip = target.values.tag("ip").unwrap_or_default();
            self.say(Level::Notice, || {
                format!("[{}] Ban {ip} took effect with {action} at try {tries}", self.jail)
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

    /// Trying again would come to the same.
    fn ban_given_up(&mut self, action: Arc<str>, target: &Target, error: &ActionError) {
        self.say_failed("ban", &action, target, 1, error);
        self.shared.with_effects(|effects| effects.clear(&target.id, &action));
        self.forget_if_empty(target);
        self.surroundings.ledger.effect_ended(&action, &target.id);
        self.tell(Outcome::BanGivenUp {
            id: target.id.clone(),
            action,
            error: error.message.clone(),
        });
    }

    pub(super) fn unban(&mut self, target: &Target) {
        for index in 0..self.members.len() {
            let _ = self.unban_by(index, target);
        }
        self.forget_if_empty(target);
        self.tell(Outcome::UnbanDone { id: target.id.clone() });
    }

    /// Unbans, or lifts what a ban that never took effect may have left. A failure has been told and is due again.
    pub(super) fn unban_by(&mut self, index: usize, target: &Target) -> Result<(), ActionError> {
        match self.state(target, index) {
            Some(EffectState::BanFailing { .. }) => {
                let _ = self.members[index].action.lift(target.family, &*target.values);
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
        self.shared.with_effects(|effects| effects.clear(&target.id, &action));
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
                format!("[{}] Unban {ip} with {action} given up after {tries} tries", self.jail)
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

    pub(super) fn prolong(&mut self, target: &Target, restored: bool) {
        self.shared.with_effects(|effects| effects.update(target));
        for index in 0..self.members.len() {
            let action = &self.members[index].action;
            let definition = action.definition();
            let failing = matches!(self.state(target, index), Some(EffectState::BanFailing { .. }));
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

    /// A failure, loud at first; that it goes on need not fill the log.
    fn say_failed(&self, what: &str, action: &str, target: &Target, tries: u32, error: &ActionError) {
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
    fn ready(&mut self) -> Result<&mut AnyAction, ActionError> {
        if self.start_owed {
            let started = self.action.start();
            self.start_owed = started.as_ref().is_err_and(|error| !error.permanent);
            started?;
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
