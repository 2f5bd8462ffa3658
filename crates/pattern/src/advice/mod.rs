//! What can be said of an expression without a log: whether it can match at all, where a client could make it slow,
//! whose text decides which address it names.
//!
//! Beside the journey of a line: only `bantam regex --explain` asks. All answers are on the tree of the expanded
//! expression, with the place that they are about, and lean to one side: what is called impossible is impossible, what
//! is called slow only looks so until a line built for it ([`Suspect::lines`]) has been tried.

mod begin;
mod chars;
mod host;
mod possible;
mod sample;
mod shape;
mod slow;

pub use begin::cannot_begin_inside;
pub use host::{Gap, Host, gaps, host, with_named_gaps};
pub use possible::{Contradiction, TextShape, Why, contradiction};
pub use sample::{Sampler, sample};
pub use shape::pieces;
pub use slow::{Looks, Suspect, suspects};
