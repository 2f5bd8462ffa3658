//! What can be asked of a jail's actions, and how patiently it is tried.
use crate::{Call, Reply, SharedDefinition, TagSource};
use bantam_detect::{Family, Id};
use std::sync::Arc;
use std::time::Duration;

/// Whom a task is about.
#[derive(Clone)]
pub struct Target {
    /// Who.
    pub id: Id,
    /// Family of the address behind the id; none for raw ids.
    pub family: Option<Family>,
    /// Values for the commands' tags, asked when a command is about to run.
    pub values: Arc<dyn TagSource>,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target")
            .field("id", &self.id)
            .field("family", &self.family)
            .finish_non_exhaustive()
    }
}

/// Something to be done by a jail's actions.
#[derive(Debug, Clone)]
pub enum Task {
    /// Starts all actions.
    Start,
    /// Bans by all actions, or by one.
    Ban {
        /// Whom.
        target: Target,
        /// Taken over from the database: actions with `norestored` leave it out.
        restored: bool,
        /// Only by this action.
        only: Option<Arc<str>>,
    },
    /// Bans again what may be gone from the outside world, by all actions or by one.
    Reban {
        /// Whom.
        target: Target,
        /// Only by this action.
        only: Option<Arc<str>>,
    },
    /// Unbans by all actions.
    Unban {
        /// Whom.
        target: Target,
    },
    /// Tells a ban's new end to the actions that care.
    Prolong {
        /// Whom.
        target: Target,
        /// Taken over from the database.
        restored: bool,
    },
    /// Lifts by one action what a predecessor that ended uncleanly may have left: once, failure expected.
    Lift {
        /// By which action.
        action: Arc<str>,
        /// Whom.
        target: Target,
    },
    /// Stops one action for a family (`inet4`, `inet6`, or empty), as [`Task::Lift`], where a predecessor's start may
    /// still stand. To be pushed after the lifts of that action, and before [`Task::Start`].
    Halt {
        /// Which action.
        action: Arc<str>,
        /// For which family.
        family: String,
    },
    /// Unbans everybody.
    Flush,
    /// Checks all started actions and repairs what is broken.
    Check,
    /// Adds an action at the end, and starts it if the others have been started. Of a known name: its definition is
    /// replaced at once.
    AddAction {
        /// Its name.
        name: Arc<str>,
        /// Its properties.
        definition: SharedDefinition,
    },
    /// Unbans everybody by one action and stops it; then the action is what the new properties say, in the same place,
    /// and is started if the others have been. One that is not there is added.
    ReplaceAction {
        /// Its name.
        name: Arc<str>,
        /// Its new properties.
        definition: SharedDefinition,
    },
    /// Unbans everybody by one action, stops it and forgets it.
    RemoveAction {
        /// Which action.
        name: Arc<str>,
    },
    /// Runs the `actionreload` of one action.
    Reload {
        /// Which action.
        name: Arc<str>,
    },
    /// Calls a method of one action.
    Call {
        /// Which action.
        name: Arc<str>,
        /// Which method.
        call: Call,
        /// Who wants to know what it came to.
        reply: Reply,
    },
    /// Unbans everybody, stops all actions in reverse order and ends the queue.
    Stop,
}

/// How often and how long things are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// Wait before the first retry; each further one waits twice as long.
    pub first: Duration,
    /// Longest wait between retries.
    pub most: Duration,
    /// So many failures of an unban, and it is given up. A ban is tried until it is lifted.
    pub unban_tries: u32,
    /// When the jail stops, bans still queued are carried out for so long; those left then are dropped.
    pub stop_grace: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            most: Duration::from_secs(60),
            unban_tries: 10,
            stop_grace: Duration::from_secs(5),
        }
    }
}

impl Backoff {
    /// The wait after so many failures.
    pub(super) fn delay(&self, tries: u32) -> Duration {
        let doublings = tries.saturating_sub(1).min(31);
        self.first.saturating_mul(1 << doublings).min(self.most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let backoff = Backoff::default();
        let waits = [1, 2, 3, 6, 7, 40, u32::MAX].map(|tries| backoff.delay(tries).as_secs());
        assert_eq!(waits, [1, 2, 4, 32, 60, 60, 60]);
    }
}
