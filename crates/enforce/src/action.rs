//! One action of a jail: its commands, and which families of it have been started.
//!
//! The life cycle is the original's: started at the first ban of a family where it differs by family, checked only
//! after something failed, repaired or restarted then, the command repeated once; unbans only where something is
//! banned; stopped only where it was started.

mod operation;
mod preview;
mod repair;
mod slots;

use crate::execute::{Executed, Tone, execute};
use crate::properties::{PropertyError, Resolved};
use crate::{Command, Definition, Finished, SharedDefinition, Surroundings, TagSource, substitute};
use bantam_detect::Family;
use operation::{Done, Operation};
use repair::{Check, Repair};
use slots::{Slot, Started};
use std::collections::HashMap;
use std::sync::Arc;

/// A command that did not do what it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ActionError {
    /// In words.
    pub message: String,
    /// The command that ran last.
    pub command: String,
    /// What it came to, when it ran at all.
    pub finished: Option<Box<Finished>>,
    /// Trying again would come to the same.
    pub permanent: bool,
}

/// An action at work.
#[derive(Debug)]
pub struct Action {
    jail: String,
    name: Arc<str>,
    shared: SharedDefinition,
    /// The definition by which the present call runs.
    definition: Arc<Definition>,
    surroundings: Surroundings,
    started: Started,
    /// Commands of operations that stand as executed, per family.
    done: Done,
    resolved: HashMap<String, Resolved>,
    restorations: u64,
    lift_before_repeat: bool,
    tone: Tone,
    last: Option<Executed>,
}

impl Action {
    /// An action of a jail.
    pub fn new(jail: &str, name: &str, definition: Definition) -> Self {
        let shared = SharedDefinition::new(definition);
        Self::shared(jail, Arc::from(name), shared, Surroundings::default())
    }

    /// An action whose definition may be changed from elsewhere.
    pub fn shared(jail: &str, name: Arc<str>, shared: SharedDefinition, surroundings: Surroundings) -> Self {
        Self {
            jail: jail.to_owned(),
            name,
            definition: shared.snapshot(),
            shared,
            surroundings,
            started: Started::default(),
            done: Done::default(),
            resolved: HashMap::new(),
            restorations: 0,
            lift_before_repeat: false,
            tone: Tone::Loud,
            last: None,
        }
    }

    /// The same action, reporting to and working with these.
    pub fn within(mut self, surroundings: Surroundings) -> Self {
        self.surroundings = surroundings;
        self
    }

    /// Runs `actionunban`, its failure ignored, before a failed `actionban` is repeated: the failed one may have set
    /// some of its rules, and they must not stand twice. Off at first, as in the original.
    pub fn lift_before_repeat(mut self, lift: bool) -> Self {
        self.lift_before_repeat = lift;
        self
    }

    /// Its name.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Its properties as they are now.
    pub fn definition(&self) -> Arc<Definition> {
        self.shared.snapshot()
    }

    /// How many times the environment was found broken and restored.
    pub fn restorations(&self) -> u64 {
        self.restorations
    }

    /// Whether `actionstart` has run for the family.
    pub fn is_started(&self, family: Option<Family>) -> bool {
        self.started.is_started(&Slot::of(family))
    }

    /// Whether anything of the family has been banned and not flushed since.
    pub fn holds_items(&self, family: Option<Family>) -> bool {
        self.started.holds_items(&Slot::of(family))
    }

    /// How loud failures are told.
    pub(crate) fn set_tone(&mut self, tone: Tone) {
        self.tone = tone;
    }

    /// Starts, unless the start is to wait for the first ban.
    ///
    /// # Errors
    /// When `actionstart` failed for any family.
    pub fn start(&mut self) -> Result<(), ActionError> {
        self.refresh();
        self.start_slot(&Slot::Raw, false)
    }

    /// Bans; starts the action before, if this family needs it; checks and repairs after a failure.
    ///
    /// # Errors
    /// When the start or the ban failed in the end.
    pub fn ban(&mut self, family: Option<Family>, values: &dyn TagSource) -> Result<(), ActionError> {
        self.refresh();
        self.set("<actionban>", family, values)
    }

    /// Bans what has been banned before: by `actionreban` if there is one.
    ///
    /// # Errors
    /// As [`Action::ban`].
    pub fn reban(&mut self, family: Option<Family>, values: &dyn TagSource) -> Result<(), ActionError> {
        self.refresh();
        let command = match self.definition.command("actionreban") {
            "" => "<actionban>",
            _ => "<actionreban>",
        };
        self.set(command, family, values)
    }

    /// Unbans, if anything of the family is banned.
    ///
    /// # Errors
    /// When the command failed in the end.
    pub fn unban(&mut self, family: Option<Family>, values: &dyn TagSource) -> Result<(), ActionError> {
        self.refresh();
        let slot = Slot::of(family);
        if self.started.holds_items(&slot) && !self.process("<actionunban>", &slot, values)? {
            return Err(self.failed_for("unbanning", values));
        }
        Ok(())
    }

    /// Tells a ban's new end.
    ///
    /// # Errors
    /// When the command failed in the end.
    pub fn prolong(&mut self, family: Option<Family>, values: &dyn TagSource) -> Result<(), ActionError> {
        self.refresh();
        if self.definition.prolongable() && !self.process("<actionprolong>", &Slot::of(family), values)? {
            return Err(self.failed_for("prolonging", values));
        }
        Ok(())
    }

    /// Runs `actionunban` once, whatever is known of the ban, without check and repair. For what a failed ban or a
    /// killed predecessor may have left; its failure is likely and told at debug level only.
    ///
    /// # Errors
    /// When the command failed.
    pub fn lift(&mut self, family: Option<Family>, values: &dyn TagSource) -> Result<(), ActionError> {
        self.refresh();
        if self.lift_slot(&Slot::of(family), values)? {
            Ok(())
        } else {
            Err(self.failed_for("unbanning", values))
        }
    }

    /// Runs `actionstop` once for a family (`inet4`, `inet6`, or empty), whatever is known of its start; as
    /// [`Action::lift`].
    ///
    /// # Errors
    /// When the command failed.
    pub fn halt(&mut self, family: &str) -> Result<(), ActionError> {
        self.refresh();
        let slot = Slot::named(family);
        let text = self.operation_text("<actionstop>", &slot);
        let text = text.map_err(|error| self.failed(error.to_string()))?;
        let command = self.with_values(&text, &slot);
        if self.execute(&command, Tone::Hushed) {
            Ok(())
        } else {
            Err(self.failed_in(Operation::Stop, "'Script error'"))
        }
    }

    /// The family was to be started on demand, and is not started.
    pub(crate) fn start_failed(&self, family: Option<Family>) -> bool {
        self.definition.start_on_demand() && !self.is_started(family)
    }

    /// Runs `actionstop` for what the next ban of the family would start.
    pub(crate) fn undo_start(&mut self, family: Option<Family>) {
        let slot = Slot::of(family);
        let families = if self.definition.start_on_demand() && slot != Slot::Raw {
            vec![slot.family().to_owned()]
        } else {
            self.definition.families(self.surroundings.ipv6)
        };
        for family in families {
            if !self.started.is_started(&Slot::named(&family)) {
                let _ = self.halt(&family);
            }
        }
    }

    /// Lifts all bans by one command, where anything is banned.
    ///
    /// # Errors
    /// When `actionflush` failed for any family.
    pub fn flush(&mut self) -> Result<(), ActionError> {
        self.refresh();
        let slots = self.started.holding_items();
        self.operate(Operation::Flush, &slots)
    }

    /// Runs `actionreload` for the families that are started.
    ///
    /// # Errors
    /// When it failed for any.
    pub fn reload(&mut self) -> Result<(), ActionError> {
        self.refresh();
        let slots = self.started.started();
        self.operate(Operation::Reload, &slots)
    }

    /// Stops the families that are started.
    ///
    /// # Errors
    /// When `actionstop` failed for any.
    pub fn stop(&mut self) -> Result<(), ActionError> {
        self.refresh();
        self.stop_slot(&Slot::Raw)
    }

    /// Checks the families that are started and repairs what is broken, if `repair` allows it; whether all is well
    /// (or was not looked at).
    ///
    /// # Errors
    /// When the properties are broken, or a restart failed.
    pub fn check(&mut self, repair: bool) -> Result<bool, ActionError> {
        self.refresh();
        let mut well = true;
        if self.definition.command("actioncheck").is_empty() {
            return Ok(well);
        }
        let repair = match repair {
            true => Repair::Allowed,
            false => Repair::Refused("Flush"),
        };
        for slot in self.started.started() {
            if self.check_slot(&slot, repair, true)? == Check::Broken {
                self.started.set(&slot, 0);
                self.done.forget(Operation::Start, &slot);
                well = false;
            }
        }
        Ok(well)
    }

    fn set(
        &mut self,
        command: &'static str,
        family: Option<Family>,
        values: &dyn TagSource,
    ) -> Result<(), ActionError> {
        let slot = Slot::of(family);
        if self.definition.start_on_demand() && !self.started.is_started(&slot) {
            self.start_slot(&slot, true)?;
        }
        if !self.process(command, &slot, values)? {
            return Err(self.failed_for("banning", values));
        }
        self.started.add_item(&slot);
        Ok(())
    }

    /// Runs a ban's command; after a failure once more, when check and repair see no reason against it.
    fn process(&mut self, command: &'static str, slot: &Slot, values: &dyn TagSource) -> Result<bool, ActionError> {
        if self.process_once(command, slot, values, self.tone)? {
            return Ok(true);
        }
        if self.lift_before_repeat && command == "<actionban>" {
            let _ = self.lift_slot(slot, values);
        }
        if !self.definition.command("actioncheck").is_empty() {
            let unban = command == "<actionunban>";
            let repair = match unban && !self.definition.repair_on_unban() {
                true => Repair::Refused("Unban"),
                false => Repair::Allowed,
            };
            if self.check_slot(slot, repair, !unban)? != Check::Sane {
                return Ok(false);
            }
        }
        self.process_once(command, slot, values, self.tone)
    }

    fn process_once(
        &mut self,
        command: &str,
        slot: &Slot,
        values: &dyn TagSource,
        tone: Tone,
    ) -> Result<bool, ActionError> {
        let command = self.ban_command(command, slot, values);
        let command = command.map_err(|error| self.failed(error.to_string()))?;
        Ok(self.execute(&command, tone))
    }

    fn ban_command(&mut self, tag: &str, slot: &Slot, values: &dyn TagSource) -> Result<Command, PropertyError> {
        Ok(substitute(&self.expand(tag, slot.family())?, values))
    }

    fn lift_slot(&mut self, slot: &Slot, values: &dyn TagSource) -> Result<bool, ActionError> {
        self.process_once("<actionunban>", slot, values, Tone::Hushed)
    }

    fn execute(&mut self, command: &Command, tone: Tone) -> bool {
        let executed = execute(command, self.definition.timeout(), &self.surroundings, tone);
        let success = executed.success;
        self.last = Some(executed);
        success
    }

    /// A text with the properties put in for a family.
    fn expand(&mut self, text: &str, family: &str) -> Result<String, PropertyError> {
        if let Some(resolved) = self.resolved.get(family) {
            return resolved.expand(text);
        }
        let resolved = Resolved::new(&self.definition.tags(), family)?;
        let expanded = resolved.expand(text);
        self.resolved.insert(family.to_owned(), resolved);
        expanded
    }

    /// Takes over properties that were changed since the last call.
    fn refresh(&mut self) {
        self.last = None;
        let current = self.shared.snapshot();
        if !Arc::ptr_eq(&current, &self.definition) {
            self.definition = current;
            self.resolved.clear();
            self.done.clear();
        }
    }

    fn failed(&self, message: String) -> ActionError {
        let last = self.last.as_ref();
        ActionError {
            message,
            command: last.map(|last| last.command.clone()).unwrap_or_default(),
            finished: last.and_then(|last| last.finished.clone()).map(Box::new),
            permanent: false,
        }
    }

    fn failed_for(&self, doing: &str, values: &dyn TagSource) -> ActionError {
        let ip = values.tag("ip").unwrap_or_default();
        self.failed(format!("Error {doing} {ip}"))
    }
}
