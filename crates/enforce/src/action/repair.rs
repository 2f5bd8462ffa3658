//! Is the environment of an action as it left it? If not, repair it or start it afresh.
use super::{Action, ActionError, Slot};
use crate::{Level, Logger};

/// What a check came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    /// All is well, perhaps again.
    Sane,
    /// It is broken and was not to be repaired.
    NotRepaired,
    /// It is broken and could not be repaired.
    Broken,
}

/// What is to be done about a broken environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repair {
    /// Restore it.
    Allowed,
    /// Nothing; so this is not possible.
    Refused(&'static str),
}

impl Action {
    /// Checks one slot. With `force` also one that was never started, and a restart may start it.
    pub(super) fn check_slot(&mut self, slot: &Slot, repair: Repair, force: bool) -> Result<Check, ActionError> {
        if !force && *slot != Slot::Raw && !self.started.is_known(slot) {
            return Ok(Check::Sane);
        }
        let check = self.text_of("<actioncheck>", slot)?;
        if self.run_plain(check.clone(), self.tone) {
            return Ok(Check::Sane);
        }
        if let Repair::Refused(what) = repair {
            self.say(Level::Error, || {
                format!("Invariant check failed. {what} is impossible.")
            });
            return Ok(Check::NotRepaired);
        }
        self.say(Level::Error, || {
            "Invariant check failed. Trying to restore a sane environment".to_owned()
        });
        self.restorations += 1;
        if !self.restore(slot, force)? || (self.started.is_started(slot) && !self.run_plain(check, self.tone)) {
            self.say(Level::Critical, || "Unable to restore environment".to_owned());
            return Ok(Check::Broken);
        }
        Ok(Check::Sane)
    }

    /// By `actionrepair`; without one, by stop and start.
    fn restore(&mut self, slot: &Slot, force: bool) -> Result<bool, ActionError> {
        let repair = self.text_of("<actionrepair>", slot)?;
        if repair.is_empty() {
            // What is broken need not be stoppable.
            let _ = self.stop_slot(slot);
            self.start_slot(slot, force || !self.definition.start_on_demand())?;
            return Ok(true);
        }
        let repaired = self.run_plain(repair, self.tone);
        match repaired {
            true => self.started.set_started(slot),
            false => self.started.set(slot, 0),
        }
        Ok(repaired)
    }

    fn text_of(&mut self, tag: &str, slot: &Slot) -> Result<String, ActionError> {
        self.operation_text(tag, slot)
            .map_err(|error| self.failed(error.to_string()))
    }

    fn say(&self, level: Level, text: impl FnOnce() -> String) {
        self.surroundings.say(Logger::CommandAction, level, text);
    }
}
