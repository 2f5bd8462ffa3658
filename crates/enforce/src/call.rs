//! A method of an action, called from outside (`set JAIL action NAME METHOD`), and what it came to.
//!
//! It waits its turn in the jail's queue: two commands of one jail never run at the same time.
use crate::any::AnyAction;
use crate::{ActionError, Target};
use std::sync::mpsc;

/// A method.
#[derive(Debug, Clone)]
pub enum Call {
    /// Starts it, unless the start is to wait for the first ban.
    Start,
    /// Stops the families that are started.
    Stop,
    /// Lifts all by one command.
    Flush,
    /// Runs `actionreload`.
    Reload,
    /// Checks and repairs.
    Check,
    /// How often its environment was restored.
    Epoch,
    /// Bans.
    Ban(Target),
    /// Bans again.
    Reban(Target),
    /// Tells a new end.
    Prolong(Target),
    /// Unbans.
    Unban(Target),
}

/// What a method gives back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returned {
    /// Nothing.
    Nothing,
    /// Whether it went well.
    Truth(bool),
    /// A number.
    Number(u64),
}

/// Where the answer to a call goes; nobody need wait for it.
#[derive(Debug, Clone)]
pub struct Reply(pub mpsc::Sender<Result<Returned, String>>);

impl Call {
    /// Calls.
    ///
    /// # Errors
    /// When the command failed in the end.
    pub(crate) fn on(&self, action: &mut AnyAction) -> Result<Returned, ActionError> {
        let truth = |()| Returned::Truth(true);
        let nothing = |()| Returned::Nothing;
        match self {
            Call::Start => action.start().map(truth),
            Call::Stop => action.stop().map(truth),
            Call::Flush => action.flush().map(truth),
            Call::Reload => action.reload().map(truth),
            Call::Check => action.check(true).map(Returned::Truth),
            Call::Epoch => Ok(Returned::Number(action.restorations())),
            Call::Ban(target) => action.ban(target.family, &*target.values).map(nothing),
            Call::Reban(target) => action.reban(target.family, &*target.values).map(nothing),
            Call::Prolong(target) => action.prolong(target.family, &*target.values).map(nothing),
            Call::Unban(target) => action.unban(target.family, &*target.values).map(nothing),
        }
    }
}
