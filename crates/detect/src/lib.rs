//! From lines to failures: the filter pipeline.
//!
//! Stands at the second step of the journey: `daemon` gives it the lines of `source`, `jail` counts what comes
//! out. Knows nothing of counting, and reads no clock.

mod block;
mod block_end;
mod common;
mod connection;
mod counted;
mod cut;
mod date_anchor;
mod dated;
mod decode;
mod dispatch;
mod entry;
mod evidence;
mod expression;
mod failure;
mod filter;
mod further;
mod id;
mod identity;
mod judge;
mod literals;
mod name;
mod python;
mod record;
mod rules;
mod screen;
mod search;
mod sight;
mod single;
mod sparing;
mod stamp;
mod twins;
mod window;

pub use bantam_pattern::Time;
pub use block::SharedBlock;
pub use decode::{Encoding, UnknownEncoding, trim_line_end};
pub use entry::{EntryFields, EntryLine};
pub use evidence::{Evidence, GroupsInLine, Mark};
pub use failure::{Failure, LineParts, MatchedLine};
pub use filter::{Filter, LineContext, Note, Resolver};
pub use id::{Family, Id};
pub use judge::{Hit, Report};
pub use python::{push_quoted as push_python_quoted, quote as python_quote};
pub use record::{Record, Value};
pub use screen::{Needs, Screen};
pub use single::GroupNames;
