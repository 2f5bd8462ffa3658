//! From decisions to effects: the actions of a jail, each jail's in a queue of their own.
//!
//! Stands at the last step of the journey: `daemon` hands over tasks; what came of them is reported back. Knows
//! nothing of how a decision came about.

mod action;
mod queue;
mod shell;
mod tags;

pub use action::{Action, ActionError, Definition};
pub use queue::{Outcome, Queue, QueueStatus, Report, Task};
pub use shell::{Finished, ShellError, run};
pub use tags::{Command, TagSource, substitute};
