//! Everybody unbanned at once: by `actionflush` where there is one, one by one elsewhere; and the end of actions.
use super::Target;
use super::effects::EffectState;
use super::worker::Worker;
use crate::execute::Tone;
use crate::{Level, Outcome};
use std::sync::Arc;

/// At a stop, an action that let so many unbans in a row run into the time limit is asked no more.
const MOST_TIMEOUTS: u32 = 3;

impl Worker {
    pub(super) fn flush_all(&mut self) {
        let all: Vec<usize> = (0..self.members.len()).collect();
        self.flush(&all, false);
    }

    pub(super) fn stop(&mut self) {
        let all: Vec<usize> = (0..self.members.len()).collect();
        self.flush(&all, true);
        for index in all.into_iter().rev() {
            self.stop_action(index);
        }
        self.members.clear();
    }

    pub(super) fn remove(&mut self, name: &str) {
        if let Some(index) = self.index(name) {
            self.flush(&[index], true);
            self.stop_action(index);
            self.members.remove(index);
        }
    }

    fn stop_action(&mut self, index: usize) {
        let action = &mut self.members[index].action;
        let name = Arc::clone(action.name());
        action.set_tone(Tone::Loud);
        let result = action.stop();
        if let Err(error) = &result {
            self.say(Level::Error, || {
                format!("Failed to stop jail '{}' action '{name}': {error}", self.jail)
            });
        }
        self.shared.with_effects(|effects| effects.clear_action(&name));
        self.say(Level::Debug, || format!("{}: action {name} terminated", self.jail));
        let error = result.err().map(|error| error.message);
        self.tell(Outcome::Stopped { action: name, error });
    }

    /// Lifts everything by some actions. When they are about to stop, what fails is not tried again, and not repaired.
    fn flush(&mut self, indices: &[usize], stopping: bool) {
        let one_by_one: Vec<usize> = indices
            .iter()
            .copied()
            .filter(|index| !self.flush_by_command(*index, stopping))
            .collect();
        if !one_by_one.is_empty() {
            self.say(Level::Debug, || "  Unban tickets each individually".to_owned());
            self.unban_everybody(&one_by_one, stopping);
        }
        for index in indices {
            let action = Arc::clone(self.members[*index].action.name());
            self.tell(Outcome::Flushed { action });
        }
    }

    /// By `actionflush`; false when everybody is to be unbanned one by one.
    fn flush_by_command(&mut self, index: usize, stopping: bool) -> bool {
        let action = &mut self.members[index].action;
        let definition = action.definition();
        if definition.command("actionflush").is_empty() {
            return false;
        }
        let name = Arc::clone(action.name());
        let before = action.restorations();
        self.say(Level::Notice, || format!("[{}] Flush ticket(s) with {name}", self.jail));
        self.lift_what_no_flush_reaches(index);
        let action = &mut self.members[index].action;
        action.set_tone(Tone::Loud);
        let Err(error) = action.flush() else {
            self.surroundings.ledger.effects_ended(&name);
            self.shared.with_effects(|effects| effects.clear_action(&name));
            return true;
        };
        self.say(Level::Error, || {
            format!("Failed to flush bans in jail '{}' action '{name}': {error}", self.jail)
        });
        self.say(Level::Info, || "No flush occurred, do consistency check".to_owned());
        let repair = !stopping || definition.repair_on_unban();
        if let Err(error) = self.members[index].action.check(repair) {
            self.say(Level::Error, || {
                format!("Failed to check jail '{}' action '{name}': {error}", self.jail)
            });
        }
        self.tell_if_restored(index, before);
        // Before a stop, which lifts what it can, single unbans would take long and fail likewise.
        stopping
    }

    /// A ban that failed may have left something in a family in which nothing else stands: such a family is not flushed.
    fn lift_what_no_flush_reaches(&mut self, index: usize) {
        let targets = self.shared.with_effects(|effects| match effects.counts() {
            (_, 0, _) => Vec::new(),
            _ => effects.targets(),
        });
        for target in targets {
            let failing = matches!(self.state(&target, index), Some(EffectState::BanFailing { .. }));
            if failing && !self.members[index].action.holds_items(target.family) {
                let _ = self.unban_by(index, &target);
            }
        }
    }

    fn unban_everybody(&mut self, indices: &[usize], stopping: bool) {
        let mut timeouts = vec![0; self.members.len()];
        let targets = self.shared.with_effects(|effects| effects.targets());
        for target in &targets {
            for index in indices {
                if timeouts[*index] < MOST_TIMEOUTS {
                    let timed_out = self.timed_out(*index, target);
                    if stopping {
                        timeouts[*index] = if timed_out { timeouts[*index] + 1 } else { 0 };
                    }
                }
            }
            self.forget_if_empty(target);
        }
    }

    fn timed_out(&mut self, index: usize, target: &Target) -> bool {
        let result = self.unban_by(index, target);
        let finished = result.err().and_then(|error| error.finished);
        finished.is_some_and(|finished| finished.timed_out)
    }
}
