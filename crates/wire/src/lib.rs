//! What goes over the control socket: Python values as Fail2ban's client and server exchange them.
//!
//! Stands beside the journey: `conf` writes its command stream in [`Value`]s, `daemon` answers requests,
//! the `client` command sends them. Knows nothing of jails.

pub mod client;
pub mod exception;
pub mod frame;
pub mod pickle;
pub mod repr;
mod value;

pub use value::Value;

/// The release of Fail2ban whose commands and replies are spoken: what `version` and `-V` answer, for tools that ask.
pub const FAIL2BAN_VERSION: &str = "1.1.1";
