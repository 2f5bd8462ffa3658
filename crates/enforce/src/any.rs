//! An action of any kind, as a jail's queue works with it.
use crate::action::ActionError;
use crate::execute::Tone;
use crate::mail::Mail;
use crate::{Action, Definition, Kind, SharedDefinition, Surroundings, TagSource};
use bantam_detect::Family;
use std::sync::Arc;

/// Of a mail nothing stands: where there is nothing to be done, it is done.
#[derive(Debug)]
pub(crate) enum AnyAction {
    Shell(Box<Action>),
    Mail(Box<Mail>),
}

use AnyAction::{Mail as ByMail, Shell};

impl AnyAction {
    pub(crate) fn new(jail: &str, name: Arc<str>, shared: SharedDefinition, surroundings: Surroundings) -> Self {
        match shared.snapshot().kind {
            Kind::Commands => {
                let action = Action::shared(jail, name, shared, surroundings);
                Shell(Box::new(action.lift_before_repeat(true)))
            }
            Kind::Mail => ByMail(Box::new(Mail::new(jail, name, shared, surroundings))),
        }
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        match self {
            Shell(action) => action.name(),
            ByMail(mail) => mail.name(),
        }
    }

    pub(crate) fn definition(&self) -> Arc<Definition> {
        match self {
            Shell(action) => action.definition(),
            ByMail(mail) => mail.definition(),
        }
    }

    pub(crate) fn restorations(&self) -> u64 {
        self.shell().map_or(0, Action::restorations)
    }

    pub(crate) fn holds_items(&self, family: Option<Family>) -> bool {
        self.shell().is_some_and(|action| action.holds_items(family))
    }

    pub(crate) fn start_failed(&self, family: Option<Family>) -> bool {
        self.shell().is_some_and(|action| action.start_failed(family))
    }

    pub(crate) fn set_tone(&mut self, tone: Tone) {
        if let Shell(action) = self {
            action.set_tone(tone);
        }
    }

    pub(crate) fn undo_start(&mut self, family: Option<Family>) {
        if let Shell(action) = self {
            action.undo_start(family);
        }
    }

    pub(crate) fn start(&mut self) -> Result<(), ActionError> {
        match self {
            Shell(action) => action.start(),
            ByMail(mail) => mail.start(),
        }
    }

    pub(crate) fn stop(&mut self) -> Result<(), ActionError> {
        match self {
            Shell(action) => action.stop(),
            ByMail(mail) => mail.stop(),
        }
    }

    pub(crate) fn ban(&mut self, family: Option<Family>, values: &dyn TagSource) -> Result<(), ActionError> {
        match self {
            Shell(action) => action.ban(family, values),
            ByMail(mail) => mail.ban(values),
        }
    }

    pub(crate) fn reban(&mut self, family: Option<Family>, values: &dyn TagSource) -> Result<(), ActionError> {
        match self {
            Shell(action) => action.reban(family, values),
            ByMail(mail) => mail.ban(values),
        }
    }

    pub(crate) fn unban(&mut self, family: Option<Family>, values: &dyn TagSource) -> Result<(), ActionError> {
        self.by_shell(|action| action.unban(family, values))
    }

    pub(crate) fn prolong(&mut self, family: Option<Family>, values: &dyn TagSource) -> Result<(), ActionError> {
        self.by_shell(|action| action.prolong(family, values))
    }

    pub(crate) fn lift(&mut self, family: Option<Family>, values: &dyn TagSource) -> Result<(), ActionError> {
        self.by_shell(|action| action.lift(family, values))
    }

    pub(crate) fn halt(&mut self, family: &str) -> Result<(), ActionError> {
        self.by_shell(|action| action.halt(family))
    }

    pub(crate) fn flush(&mut self) -> Result<(), ActionError> {
        self.by_shell(Action::flush)
    }

    pub(crate) fn reload(&mut self) -> Result<(), ActionError> {
        self.by_shell(Action::reload)
    }

    /// Whether all is well, or was not looked at.
    pub(crate) fn check(&mut self, repair: bool) -> Result<bool, ActionError> {
        match self {
            Shell(action) => action.check(repair),
            ByMail(_) => Ok(true),
        }
    }

    fn shell(&self) -> Option<&Action> {
        match self {
            Shell(action) => Some(action),
            ByMail(_) => None,
        }
    }

    fn by_shell(&mut self, run: impl FnOnce(&mut Action) -> Result<(), ActionError>) -> Result<(), ActionError> {
        match self {
            Shell(action) => run(action),
            ByMail(_) => Ok(()),
        }
    }
}
