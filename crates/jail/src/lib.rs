//! From failures to decisions: counting, banning, growing ban times, ignore lists. Pure: no clock, file, socket or
//! thread; time, chance and what is remembered come in as values, so that live operation, replay and tests run the
//! same code.
//!
//! Stands at the third step of the journey: `daemon` gives it failures and carries out what it decides.

mod ban;
mod bans;
mod changes;
mod company;
mod counters;
mod entry;
mod formula;
mod ignore;
mod increment;
mod jail;
mod keep;
mod numbers;
mod packed;
mod places;
mod rest;
mod slots;
mod squeeze;
mod tally;

pub use ban::Ticket;
pub use bantam_detect::{Evidence, Failure, Family, Id, MatchedLine, Time};
pub use formula::{Formula, FormulaError};
pub use ignore::{IgnoreList, IgnoredBy, Lookups};
pub use increment::{Increment, PastBans};
pub use jail::{Count, Jail, Known, Options, Ruling};
pub use keep::{Keep, Shelf};
