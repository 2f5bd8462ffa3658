//! From lines to failures: the filter pipeline.
//!
//! Stands at the second step of the journey: `daemon` gives it the lines of `source`, `jail` counts what comes
//! out. Knows nothing of counting, and reads no clock.

mod failure;
mod filter;
mod id;

pub use bantam_pattern::Time;
pub use failure::{Failure, MatchedLine};
pub use filter::{Filter, LineContext, Note, Resolver};
pub use id::{Family, Id};
