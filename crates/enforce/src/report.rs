//! What is told outwards: lines for the log in the original's wording, and what came of each task.
//!
//! This crate writes no log itself; `daemon` implements [`Report`] and [`Ledger`].
use crate::TagSource;
use crate::orphans::OrphanGuard;
use bantam_detect::Id;
use std::sync::Arc;
use std::time::Duration;

/// How grave a line of the log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Below DEBUG (the original's 9): text of commands that went well.
    Trace,
    /// DEBUG
    Debug,
    /// INFO
    Info,
    /// NOTICE
    Notice,
    /// WARNING
    Warning,
    /// ERROR
    Error,
    /// CRITICAL
    Critical,
}

/// Which of the original's loggers a line belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Logger {
    /// `fail2ban.actions`
    Actions,
    /// `fail2ban.action`
    Action,
    /// `fail2ban.CommandAction`
    CommandAction,
    /// `fail2ban.utils`
    Utils,
}

impl Logger {
    /// Its name in the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Actions => "fail2ban.actions",
            Self::Action => "fail2ban.action",
            Self::CommandAction => "fail2ban.CommandAction",
            Self::Utils => "fail2ban.utils",
        }
    }
}

/// A line for the log. The text may hold line breaks of a command as configured; captured bytes in it are escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Whose it is.
    pub logger: Logger,
    /// How grave.
    pub level: Level,
    /// In the original's wording.
    pub text: String,
}

/// What came of a task. The lines for the log have been told already as [`Message`]s.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// An action's ban (or re-ban) took effect.
    Banned {
        /// Who.
        id: Id,
        /// By which action.
        action: Arc<str>,
        /// How many tries it took.
        tries: u32,
    },
    /// An action's ban did not take effect; it is tried again.
    BanFailed {
        /// Who.
        id: Id,
        /// By which action.
        action: Arc<str>,
        /// How many tries have failed.
        tries: u32,
        /// When the next one is due.
        retry_in: Duration,
        /// In words.
        error: String,
    },
    /// An action's ban failed in a way that makes another try useless.
    BanGivenUp {
        /// Who.
        id: Id,
        /// By which action.
        action: Arc<str>,
        /// In words.
        error: String,
    },
    /// All actions have had their first try at a ban.
    BanDone {
        /// Who.
        id: Id,
    },
    /// A ban was not even tried, since the jail was stopping.
    BanDropped {
        /// Who.
        id: Id,
    },
    /// An action's effect was lifted.
    Unbanned {
        /// Who.
        id: Id,
        /// By which action.
        action: Arc<str>,
    },
    /// What a predecessor may have left has been lifted, or was not there.
    Lifted {
        /// Who.
        id: Id,
        /// By which action.
        action: Arc<str>,
        /// False when there is no such action any more, and nothing was done.
        known: bool,
    },
    /// An action's effect could not be lifted.
    UnbanFailed {
        /// Who.
        id: Id,
        /// By which action.
        action: Arc<str>,
        /// How many tries have failed.
        tries: u32,
        /// When the next one is due; none when it was given up.
        retry_in: Option<Duration>,
        /// In words.
        error: String,
    },
    /// All actions have had their first try at an unban.
    UnbanDone {
        /// Who.
        id: Id,
    },
    /// A ban that grew longer was told to an action.
    Prolonged {
        /// Who.
        id: Id,
        /// By which action.
        action: Arc<str>,
    },
    /// An action's environment had been broken and was restored: earlier effects of the action may be gone.
    Restored {
        /// Which action.
        action: Arc<str>,
    },
    /// An action was started, or is to be at its first ban; or its start failed.
    Started {
        /// Which action.
        action: Arc<str>,
        /// What failed, in words.
        error: Option<String>,
    },
    /// All effects of an action were lifted at once, or one by one, as far as they could be.
    Flushed {
        /// Which action.
        action: Arc<str>,
    },
    /// An action was stopped and is gone.
    Stopped {
        /// Which action.
        action: Arc<str>,
        /// What failed, in words.
        error: Option<String>,
    },
    /// The queue has stopped: it takes no more tasks.
    QueueStopped,
}

/// Told what goes on, on the thread of the queue that it happens on. Must not block.
pub trait Report: Send + Sync {
    /// Whether lines of this level are wanted at all.
    fn wants(&self, _level: Level) -> bool {
        true
    }
    /// A line for the log.
    fn message(&self, _message: Message) {}
    /// What came of a task.
    fn outcome(&self, _outcome: Outcome) {}
}

/// Remembers, where it survives the end of this process, which effects may stand in the outside world.
///
/// After an unclean end each effect that is still written down is to be lifted first ([`crate::Task::Lift`]), and each
/// start that is still written down to be undone ([`crate::Task::Halt`]).
pub trait Ledger: Send + Sync {
    /// Called before a command runs by which the effect may come to stand.
    fn effect_begins(&self, _action: &str, _id: &Id) {}
    /// The effect has been lifted.
    fn effect_ended(&self, _action: &str, _id: &Id) {}
    /// All effects of the action have been lifted.
    fn effects_ended(&self, _action: &str) {}
    /// Called before `actionstart` runs for a family (`inet4`, `inet6`, or empty).
    fn start_begins(&self, _action: &str, _family: &str) {}
    /// `actionstop` has run for a family.
    fn start_ended(&self, _action: &str, _family: &str) {}
}

/// Reports nowhere, remembers nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Report for Silent {}
impl Ledger for Silent {}

/// What the actions of a jail work with.
#[derive(Clone)]
pub struct Surroundings {
    /// Told what goes on.
    pub report: Arc<dyn Report>,
    /// Remembers effects.
    pub ledger: Arc<dyn Ledger>,
    /// Held by running commands.
    pub orphans: Option<Arc<OrphanGuard>>,
    /// Values for the tags of start, stop, flush and reload: those of an empty ban.
    pub values: Option<Arc<dyn TagSource>>,
    /// This host speaks IPv6.
    pub ipv6: bool,
}

impl Default for Surroundings {
    fn default() -> Self {
        Self {
            report: Arc::new(Silent),
            ledger: Arc::new(Silent),
            orphans: None,
            values: None,
            ipv6: true,
        }
    }
}

impl std::fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Surroundings")
            .field("orphans", &self.orphans)
            .field("ipv6", &self.ipv6)
            .finish_non_exhaustive()
    }
}

impl Surroundings {
    pub(crate) fn say(&self, logger: Logger, level: Level, text: impl FnOnce() -> String) {
        if self.report.wants(level) {
            let text = text();
            self.report.message(Message { logger, level, text });
        }
    }
}
