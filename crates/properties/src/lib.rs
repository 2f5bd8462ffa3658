//! What must hold whatever bytes come in: from logs, from the configuration, over the control socket.
//!
//! Beside the journey of a line, and no part of the program: each function takes bytes that a fuzzer made up and fails
//! where a promise is broken. The targets in `fuzz/` call them, and so does `tests/seeds.rs` with all inputs that are
//! kept, so that what was found once is tested by every run of the ordinary tests.
#![allow(
    clippy::panic,
    reason = "a property fails by panicking, for the fuzzer as for the tests; no program calls one"
)]

mod configuration;
mod dates;
mod failregex;
mod input;
mod journal;
mod line;
mod pickle;
mod regex_chain;
mod shell;
mod values;

pub use configuration::configuration;
pub use dates::dates;
pub use failregex::failregex;
pub use journal::journal;
pub use line::line;
pub use pickle::pickle;
pub use regex_chain::regex_chain;
pub use shell::shell;
pub use values::values;

/// A property: fails by panicking.
pub type Property = fn(&[u8]);

/// All properties by the names of their fuzz targets.
pub const ALL: [(&str, Property); 9] = [
    ("configuration", configuration),
    ("failregex", failregex),
    ("dates", dates),
    ("pickle", pickle),
    ("line", line),
    ("journal", journal),
    ("regex_chain", regex_chain),
    ("shell", shell),
    ("values", values),
];
