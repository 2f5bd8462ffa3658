//! Everybody unbanned at once: by `actionflush` where there is one, one by one elsewhere; and the end of an action.
use super::Target;
use super::effects::EffectState;
use super::stage::Stage;
use crate::execute::Tone;
use crate::{Level, Outcome};
use std::sync::Arc;

/// At a stop, an action that let so many unbans in a row run into the time limit is asked no more.
const MOST_TIMEOUTS: u32 = 3;

impl Stage {
    pub(super) fn stop_action(&mut self) {
        self.action.set_tone(Tone::Loud);
        let result = self.action.stop();
        self.say_if_failed("stop", &result);
        self.effects.lock().forget_all();
        let action = self.name();
        self.say(Level::Debug, || {
            format!("{}: action {action} terminated", self.common.jail)
        });
        let error = result.err().map(|error| error.message);
        self.tell(Outcome::Stopped { action, error });
    }

    /// Lifts everything. When the action is about to stop, what fails is not tried again, and not repaired.
    pub(super) fn flush(&mut self, stopping: bool) {
        if !self.flush_by_command(stopping) {
            self.say(Level::Debug, || "  Unban tickets each individually".to_owned());
            self.unban_everybody(stopping);
        }
        self.tell(Outcome::Flushed { action: self.name() });
    }

    /// By `actionflush`; false when everybody is to be unbanned one by one.
    fn flush_by_command(&mut self, stopping: bool) -> bool {
        let definition = self.action.definition();
        if definition.command("actionflush").is_empty() {
            return false;
        }
        let (name, before) = (self.name(), self.action.restorations());
        let jail = Arc::clone(&self.common);
        let jail = &jail.jail;
        self.say(Level::Notice, || format!("[{jail}] Flush ticket(s) with {name}"));
        self.lift_what_no_flush_reaches();
        self.action.set_tone(Tone::Loud);
        let Err(error) = self.action.flush() else {
            self.common.surroundings.ledger.effects_ended(&name);
            self.effects.lock().forget_all();
            return true;
        };
        self.say(Level::Error, || {
            format!("Failed to flush bans in jail '{jail}' action '{name}': {error}")
        });
        self.say(Level::Info, || "No flush occurred, do consistency check".to_owned());
        let repair = !stopping || definition.repair_on_unban();
        let checked = self.action.check(repair);
        self.say_if_failed("check", &checked);
        self.tell_if_restored(before);
        // Before a stop, which lifts what it can, single unbans would take long and fail likewise.
        stopping
    }

    /// A ban that failed may have left something in a family in which nothing else stands: that one is not flushed.
    fn lift_what_no_flush_reaches(&mut self) {
        let (_, failing_bans, _) = self.effects.lock().counts();
        let targets = if failing_bans > 0 { self.targets() } else { Vec::new() };
        for target in targets {
            let failing = matches!(self.state(&target), Some(EffectState::BanFailing { .. }));
            if failing && !self.action.holds_items(target.family) {
                let _ = self.unban(&target);
            }
        }
    }

    fn unban_everybody(&mut self, stopping: bool) {
        let mut timeouts = 0;
        for target in self.targets() {
            if timeouts >= MOST_TIMEOUTS {
                return;
            }
            let finished = self.unban(&target).err().and_then(|error| error.finished);
            let timed_out = finished.is_some_and(|finished| finished.timed_out);
            timeouts = if stopping && timed_out { timeouts + 1 } else { 0 };
        }
    }

    fn targets(&self) -> Vec<Target> {
        self.effects.lock().targets()
    }
}
