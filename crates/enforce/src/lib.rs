//! From decisions to effects: the actions of a jail, each jail's in a queue of their own.
//!
//! Stands at the last step of the journey: `daemon` hands over tasks; what came of them is reported back. Knows
//! nothing of how a decision came about.

mod action;
mod any;
mod call;
mod capture;
mod definition;
mod ending;
mod execute;
mod mail;
mod orphans;
mod properties;
mod queue;
mod quote;
mod report;
mod shell;
mod tags;

pub use action::{Action, ActionError};
pub use call::{Call, Reply, Returned};
pub use definition::{Definition, Kind, SharedDefinition};
pub use mail::{MAIL_OPTIONS, MailOption};
pub use orphans::{OrphanGuard, Orphans};
pub use properties::{PropertyError, Resolved, escaped};
pub use queue::{Backoff, EffectState, Queue, QueueStatus, States, Target, Task};
pub use report::{Ledger, Level, Logger, Message, Outcome, Report, Silent, Surroundings};
pub use shell::{Finished, ShellError, run, run_guarded};
pub use tags::{Command, TagSource, substitute};
