//! Commands for a whole family: start, stop, flush, reload.
use super::{Action, ActionError, PropertyError, Slot, Tone};
use crate::quote::repr;
use crate::{Command, TagSource, substitute};
use std::borrow::Cow;

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Start,
    Stop,
    Flush,
    Reload,
}

impl Operation {
    fn tag(self) -> &'static str {
        match self {
            Self::Start => "<actionstart>",
            Self::Stop => "<actionstop>",
            Self::Flush => "<actionflush>",
            Self::Reload => "<actionreload>",
        }
    }

    fn doing(self) -> &'static str {
        match self {
            Self::Start => "starting",
            Self::Stop => "stopping",
            Self::Flush => "flushing",
            Self::Reload => "reloading",
        }
    }
}

/// What was executed for which slot, so that a command which is the same for both families runs once.
#[derive(Debug, Default)]
pub(super) struct Done {
    commands: Vec<(Operation, Slot, String)>,
}

impl Done {
    /// The command has run for another slot already.
    fn has_run_elsewhere(&self, operation: Operation, slot: &Slot, command: &str) -> bool {
        self.commands
            .iter()
            .any(|(done, by, text)| *done == operation && by != slot && text == command)
    }

    fn remember(&mut self, operation: Operation, slot: &Slot, command: String) {
        self.commands.retain(|(done, by, _)| *done != operation || by != slot);
        self.commands.push((operation, slot.clone(), command));
    }

    /// Forgets the slot's command, and that of each other slot for which it is the same.
    pub(super) fn forget(&mut self, operation: Operation, slot: &Slot) {
        let found = self
            .commands
            .iter()
            .position(|(done, by, _)| *done == operation && by == slot);
        if let Some(index) = found {
            let (_, _, command) = self.commands.swap_remove(index);
            self.commands
                .retain(|(done, _, text)| *done != operation || *text != command);
        }
    }

    fn forget_all(&mut self, operation: Operation) {
        self.commands.retain(|(done, _, _)| *done != operation);
    }

    pub(super) fn clear(&mut self) {
        self.commands.clear();
    }
}

/// The family, and what else is known without a ban.
struct WithFamily<'s> {
    family: &'s str,
    others: Option<&'s dyn TagSource>,
}

impl TagSource for WithFamily<'_> {
    fn tag(&self, name: &str) -> Option<Cow<'_, str>> {
        match name {
            "family" => Some(Cow::Borrowed(self.family)),
            name => self.others?.tag(name),
        }
    }
}

/// The names of this host, and nothing else of a source.
struct HostNames<'s>(&'s dyn TagSource);

impl TagSource for HostNames<'_> {
    fn tag(&self, name: &str) -> Option<Cow<'_, str>> {
        name.ends_with("-hostname").then(|| self.0.tag(name))?
    }
}

impl Action {
    /// Starts a slot, or with [`Slot::Raw`] all of the action's families. Without `force`, an action that starts on
    /// demand is left alone.
    pub(super) fn start_slot(&mut self, slot: &Slot, force: bool) -> Result<(), ActionError> {
        let on_demand = self.definition.start_on_demand();
        if !force && (on_demand || self.started.is_started(slot)) {
            return Ok(());
        }
        let slots = match slot {
            Slot::Raw => {
                let families = self.definition.families(self.surroundings.ipv6);
                families.iter().map(|family| Slot::named(family)).collect()
            }
            slot => vec![slot.clone()],
        };
        self.operate(Operation::Start, &slots)
    }

    /// Stops a slot, or with [`Slot::Raw`] all that are started.
    pub(super) fn stop_slot(&mut self, slot: &Slot) -> Result<(), ActionError> {
        let slots = match slot {
            Slot::Raw => {
                let slots = self.started.started();
                if !slots.is_empty() {
                    self.started.clear();
                }
                slots
            }
            slot if self.started.is_known(slot) => {
                self.started.set(slot, 0);
                vec![slot.clone()]
            }
            _ => Vec::new(),
        };
        self.operate(Operation::Stop, &slots)
    }

    pub(super) fn operate(&mut self, operation: Operation, slots: &[Slot]) -> Result<(), ActionError> {
        if matches!(operation, Operation::Flush | Operation::Reload) {
            // These are to run each time they are asked for; only within one round the families share a run.
            self.done.forget_all(operation);
        }
        let mut failure = None;
        for slot in slots {
            let text = match self.operation_text(operation.tag(), slot) {
                Ok(text) => text,
                Err(error) => {
                    failure = Some(format!("ValueError({})", repr(&error.to_string())));
                    continue;
                }
            };
            let done = text.is_empty()
                || self.done.has_run_elsewhere(operation, slot, &text)
                || self.run_operation(operation, slot, &text);
            if done {
                self.succeeded(operation, slot);
            } else {
                failure.get_or_insert_with(|| "'Script error'".to_owned());
            }
            match done && !text.is_empty() {
                true => self.done.remember(operation, slot, text),
                false => self.done.forget(operation, slot),
            }
        }
        match failure {
            None => Ok(()),
            Some(failure) => Err(self.failed_in(operation, &failure)),
        }
    }

    fn run_operation(&mut self, operation: Operation, slot: &Slot, text: &str) -> bool {
        if operation == Operation::Start {
            self.surroundings.ledger.start_begins(&self.name, slot.family());
        }
        let command = self.with_values(text, slot);
        self.execute(&command, self.tone)
    }

    fn succeeded(&mut self, operation: Operation, slot: &Slot) {
        match operation {
            Operation::Start => {
                self.done.forget(Operation::Stop, slot);
                self.started.set_started(slot);
            }
            Operation::Stop => {
                self.done.forget(Operation::Start, slot);
                self.surroundings.ledger.start_ended(&self.name, slot.family());
            }
            Operation::Flush => self.started.without_items(slot),
            Operation::Reload => {}
        }
    }

    /// An operation's command with properties and family put in. Captured values, of which there are none, are empty.
    pub(super) fn operation_text(&mut self, tag: &str, slot: &Slot) -> Result<String, PropertyError> {
        let family = slot.family();
        let text = self.expand(tag, family)?;
        if family.is_empty() || !text.contains('<') {
            return Ok(text);
        }
        let names = self.surroundings.values.as_deref().map(HostNames);
        let values = WithFamily {
            family,
            others: names.as_ref().map(|names| names as &dyn TagSource),
        };
        Ok(substitute(&text, &values).text)
    }

    /// An operation's text with the values of an empty ban.
    pub(super) fn with_values(&self, text: &str, slot: &Slot) -> Command {
        let Some(others) = self.surroundings.values.as_deref() else {
            return Command::plain(text);
        };
        let family = match slot {
            Slot::Raw => "None",
            slot => slot.family(),
        };
        let others = Some(others);
        substitute(text, &WithFamily { family, others })
    }

    pub(super) fn failed_in(&self, operation: Operation, failure: &str) -> ActionError {
        self.failed(format!(
            "Error {} action Jail({})/{}: {failure}",
            operation.doing(),
            repr(&self.jail),
            self.name
        ))
    }

    /// Runs the text of a check or repair.
    pub(super) fn run_plain(&mut self, text: String, tone: Tone) -> bool {
        self.execute(&Command::plain(text), tone)
    }
}
