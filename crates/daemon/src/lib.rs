//! The daemon: wires the steps of a line's journey together. Threads, clock, control socket, log.
//!
//! `reading` takes lines from `source`, `judge` runs them through `detect` and `jail`, `records` keeps what must
//! survive in `state`, each jail's queue in `enforce` carries out what was decided, `control` and `commands` answer
//! clients.

mod acting;
mod aside;
mod attic;
mod clock;
mod commands;
mod company;
mod control;
mod cymru;
mod ignoring;
mod jails;
mod judge;
mod live;
pub mod log;
mod names;
mod notes;
mod reading;
mod records;
mod rehearsal;
mod reload;
mod server;
mod text;
mod together;
mod values;

pub use control::ControlError;
pub use rehearsal::{jail_of, rehearse};
pub use server::{FAIL2BAN_VERSION, LogGlob, LogGlobs, Server, ServerError, Setup};
