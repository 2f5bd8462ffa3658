//! One action of a jail: its commands, and which families of it have been started.
use crate::{Finished, TagSource};
use bantam_detect::Family;
use std::collections::BTreeMap;

/// The properties of an action, as `set JAIL action NAME PROPERTY VALUE` changes them: `actionban`, `timeout`,
/// `actionban?family=inet6`, and free variables.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Definition {
    /// By name.
    pub properties: BTreeMap<String, String>,
}

/// A command that did not do what it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ActionError {
    /// In words, with the command's exit status and output.
    pub message: String,
    /// The command as it ran.
    pub command: String,
    /// What it came to, when it ran at all.
    pub finished: Option<Finished>,
}

/// An action at work.
#[derive(Debug)]
pub struct Action {}

impl Action {
    /// An action of a jail.
    pub fn new(_jail: &str, _name: &str, _definition: Definition) -> Self {
        todo!()
    }
    /// Bans; starts the action before, if this family needs it; checks and repairs after a failure.
    pub fn ban(
        &mut self,
        _family: Option<Family>,
        _values: &dyn TagSource,
    ) -> Result<(), ActionError> {
        todo!()
    }
}
