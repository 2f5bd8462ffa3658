//! Bans and unbans: one try at a time, each action for itself, and what follows from a failure.
use super::Target;
use super::effects::EffectState;
use super::stage::Stage;
use crate::any::AnyAction;
use crate::execute::Tone;
use crate::quote::repr;
use crate::{ActionError, Level, Outcome};
use bantam_detect::Family;
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

impl Stage {
    pub(super) fn ban(&mut self, target: &Target, restored: bool) {
        if restored && self.action.definition().norestored() {
            self.effects.lock().know(target);
            return;
        }
        let way = match self.state(target) {
            None => Way::Fresh,
            Some(_) => Way::Again,
        };
        self.try_ban(target, 1, way);
    }

    pub(super) fn reban(&mut self, target: &Target) {
        let way = self.way_of_reban(target);
        self.try_ban(target, 1, way);
    }

    /// The ban has failed before.
    pub(super) fn ban_again(&mut self, target: &Target, tries: u32) {
        self.try_ban(target, tries, Way::Again);
    }

    fn way_of_reban(&self, target: &Target) -> Way {
        let definition = self.action.definition();
        match (definition.command("actionreban"), self.state(target)) {
            (_, Some(EffectState::BanFailing { .. })) => Way::Again,
            ("", Some(_)) => Way::Again,
            _ => Way::Reban,
        }
    }

    /// When the environment was found broken and was restored, what stood in it is set again: everybody but `but`, who
    /// has been banned since.
    pub(super) fn set_again_if_restored(&mut self, before: u64, but: Option<&Target>) {
        if !self.tell_if_restored(before) || self.setting_again || self.is_stopping() {
            return;
        }
        let name = self.name();
        let lost = self.effects.lock().standing();
        // A ban that breaks the environment anew must not begin all over.
        self.setting_again = true;
        for target in lost.iter().filter(|target| but.is_none_or(|but| but.id != target.id)) {
            let ip = target.values.tag("ip").unwrap_or_default();
            self.say(Level::Notice, || {
                format!("[{}] Reban {ip}, action '{name}'", self.common.jail)
            });
            let way = self.way_of_reban(target);
            self.try_ban(target, 1, way);
        }
        self.setting_again = false;
    }

    /// One try at a ban; a failure is due again after a while.
    fn try_ban(&mut self, target: &Target, tries: u32, way: Way) {
        let before = self.action.restorations();
        if !self.action.definition().command("actionban").is_empty() {
            let ledger = &self.common.surroundings.ledger;
            ledger.effect_begins(self.action.name(), &target.id);
        }
        self.action.set_tone(tone(tries));
        let (family, values) = (target.family, &*target.values);
        let result = match way {
            Way::Fresh => self.ready().and_then(|action| action.ban(family, values)),
            Way::Reban => self.ready().and_then(|action| action.reban(family, values)),
            Way::Again => {
                let _ = self.action.lift(family, values);
                self.undo_failed_start(family);
                self.ready().and_then(|action| action.ban(family, values))
            }
        };
        match result {
            Ok(()) => self.banned(target, tries),
            Err(error) if error.permanent => self.ban_given_up(target, &error),
            Err(error) => self.ban_failed(target, tries, &error),
        }
        self.set_again_if_restored(before, Some(target));
    }

    fn banned(&self, target: &Target, tries: u32) {
        let action = self.name();
        self.effects.lock().set(target, EffectState::Standing, None);
        if tries > 1 {
            let ip = target.values.tag("ip").unwrap_or_default();
            self.say(Level::Notice, || {
                format!(
                    "[{}] Ban {ip} took effect with {action} at try {tries}",
                    self.common.jail
                )
            });
        }
        let id = target.id.clone();
        self.tell(Outcome::Banned { id, action, tries });
    }

    fn ban_failed(&self, target: &Target, tries: u32, error: &ActionError) {
        let retry_in = self.common.backoff.delay(tries);
        self.say_failed("ban", target, tries, error);
        let due = Instant::now() + retry_in;
        let state = EffectState::BanFailing { tries };
        self.effects.lock().set(target, state, Some(due));
        self.tell(Outcome::BanFailed {
            id: target.id.clone(),
            action: self.name(),
            tries,
            retry_in,
            error: error.message.clone(),
        });
    }

    /// Trying again would come to the same.
    fn ban_given_up(&self, target: &Target, error: &ActionError) {
        self.say_failed("ban", target, 1, error);
        {
            let mut effects = self.effects.lock();
            effects.clear(&target.id);
            effects.know(target);
        }
        let action = self.name();
        self.common.surroundings.ledger.effect_ended(&action, &target.id);
        self.tell(Outcome::BanGivenUp {
            id: target.id.clone(),
            action,
            error: error.message.clone(),
        });
    }

    /// Unbans, or lifts what a ban that never took effect may have left. A failure has been told and is due again.
    pub(super) fn unban(&mut self, target: &Target) -> Result<(), ActionError> {
        match self.state(target) {
            Some(EffectState::BanFailing { .. }) => {
                let _ = self.action.lift(target.family, &*target.values);
                self.unbanned(target);
                Ok(())
            }
            _ => self.try_unban(target, 1),
        }
    }

    /// One try at an unban; a failure is due again after a while, until it is given up.
    pub(super) fn try_unban(&mut self, target: &Target, tries: u32) -> Result<(), ActionError> {
        let known = self.state(target).is_some();
        self.action.set_tone(tone(tries));
        let (family, values) = (target.family, &*target.values);
        let result = if known && !self.action.holds_items(family) {
            // Its environment was restored meanwhile: the effect may be gone, or may not.
            let _ = self.action.lift(family, values);
            Ok(())
        } else {
            self.action.unban(family, values)
        };
        match &result {
            Ok(()) => self.unbanned(target),
            Err(error) => self.unban_failed(target, tries, error),
        }
        result
    }

    fn unbanned(&self, target: &Target) {
        let action = self.name();
        self.effects.lock().forget(&target.id);
        self.common.surroundings.ledger.effect_ended(&action, &target.id);
        let id = target.id.clone();
        self.tell(Outcome::Unbanned { id, action });
    }

    fn unban_failed(&self, target: &Target, tries: u32, error: &ActionError) {
        let action = self.name();
        self.say_failed("unban", target, tries, error);
        let backoff = &self.common.backoff;
        let retry_in = (tries < backoff.unban_tries).then(|| backoff.delay(tries));
        match retry_in {
            Some(retry_in) => {
                let state = EffectState::UnbanFailing { tries };
                let due = Instant::now() + retry_in;
                self.effects.lock().set(target, state, Some(due));
            }
            None => {
                self.effects.lock().forget(&target.id);
                let ip = target.values.tag("ip").unwrap_or_default();
                let jail = &self.common.jail;
                self.say(Level::Error, || {
                    format!("[{jail}] Unban {ip} with {action} given up after {tries} tries")
                });
            }
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
        self.effects.lock().update(target);
        let definition = self.action.definition();
        let failing = matches!(self.state(target), Some(EffectState::BanFailing { .. }));
        // A ban that is still to take effect will do so with its new end.
        if failing || !definition.prolongable() || (restored && definition.norestored()) {
            return;
        }
        self.action.set_tone(Tone::Loud);
        match self.action.prolong(target.family, &*target.values) {
            Ok(()) => self.tell(Outcome::Prolonged {
                id: target.id.clone(),
                action: self.name(),
            }),
            Err(error) => self.say_failed("ban", target, 1, &error),
        }
    }

    pub(super) fn state(&self, target: &Target) -> Option<EffectState> {
        self.effects.lock().state(&target.id)
    }

    /// A failure, loud at first; that it goes on need not fill the log.
    fn say_failed(&self, what: &str, target: &Target, tries: u32, error: &ActionError) {
        let level = match tries {
            1 => Level::Error,
            2..=6 => Level::Warning,
            _ => Level::Debug,
        };
        self.say(level, || {
            let shown = |name| target.values.tag(name).map(|value| repr(&value));
            format!(
                "Failed to execute {what} jail '{}' action '{}' info 'ActionInfo({{'ip': {}, 'family': {}}})': {error}",
                self.common.jail,
                self.action.name(),
                shown("ip").as_deref().unwrap_or("''"),
                shown("family").as_deref().unwrap_or("None"),
            )
        });
    }

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
