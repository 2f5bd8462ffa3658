//! Expressions: from Python's dialect, as filters are written in it, to something that runs fast and safely.
//!
//! Stands at the third step of the journey: `detect` asks it whether a line matches and what was captured, and
//! when the line was written. Knows nothing of files and jails.

pub mod advice;
mod ascii;
mod automaton;
mod budget;
mod chain;
pub mod date;
mod dead;
mod engine;
mod error;
mod glance;
mod literal;
mod local;
mod order;
pub mod plan;
mod print;
mod quad;
mod regex;
pub mod slices;
pub mod syntax;
pub mod tags;
mod tail;
mod time;

pub use ascii::as_ascii;
pub use budget::{LineBudget, LongLine, is_very_long, may_look, uncounted};
pub use error::PatternError;
pub use local::local_zone;
pub use plan::{Plan, PlanKind};
pub use quad::ipv4;
#[cfg(any(test, feature = "differential"))]
pub use regex::Stage;
pub use regex::{Captures, LimitHit, Options, Regex};
pub use time::Time;
