//! Fail2ban's configuration language: files, layers, includes, interpolation and tags, read into the command
//! stream that a server executes. Every value knows the place it came from.
//!
//! Stands before the journey: what comes out of here tells `daemon` which jails to build. Runs nothing.

mod command;
mod diagnostic;
mod place;

pub use command::Command;
pub use diagnostic::{Diagnostic, Severity};
pub use place::Place;

use bantam_wire::Value;
use std::path::Path;

/// What was read from a configuration directory.
#[derive(Debug)]
pub struct Loaded {
    /// Options of `fail2ban.conf`.
    pub server: ServerOptions,
    /// The whole stream, in the order in which a server must execute it (what `-d` prints).
    pub stream: Vec<Command>,
    /// Warnings, and errors of single jails that do not stop the others.
    pub diagnostics: Vec<Diagnostic>,
}

/// `[Definition]` of `fail2ban.conf` and its layers, with the defaults of the original where absent.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerOptions {
    /// Path of the control socket.
    pub socket: String,
    /// Path of the pid file.
    pub pidfile: String,
    /// `INFO`, …
    pub loglevel: String,
    /// `STDOUT`, a path, …
    pub logtarget: String,
    /// `auto` or a path
    pub syslogsocket: String,
    /// Path of the database, `:memory:` or `None`
    pub dbfile: String,
    /// Age after which rows are purged, as written (`1d`)
    pub dbpurgeage: String,
}

/// What to read, and what overrides it.
#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    /// Only these jails (`reload JAIL`); all enabled ones when empty.
    pub jails: Vec<String>,
    /// Only these keys of `fail2ban.conf` are replaced, as `--loglevel` and its like do.
    pub overrides: Vec<(String, String)>,
    /// A configuration with no `fail2ban.conf`, or no `jail.conf` beside a `jail.d`, is fine (the container's
    /// layout, where only `jail.d`, `filter.d`, `action.d` stand).
    pub lenient_layout: bool,
    /// Values used for keys of `fail2ban.conf` that no file sets (`socket`, `dbfile`, …).
    pub defaults: Vec<(String, String)>,
    /// With `-t`: a jail with an error is an error of the whole.
    pub strict: bool,
}

/// Reads a configuration directory. All errors are collected; `Err` holds them when nothing can run.
pub fn load(_base: &Path, _options: &LoadOptions) -> Result<Loaded, Vec<Diagnostic>> {
    todo!()
}

/// A filter as `fail2ban-regex` needs it: its `set` commands with a placeholder jail name.
/// `spec` is `name[args]`; `dir` the `filter.d` it is looked up in, or the path of a file.
pub fn load_filter(_base: &Path, _spec: &str) -> Result<Vec<Command>, Vec<Diagnostic>> {
    todo!()
}

/// Seconds of a duration such as `1d 2h`, `1h30`, `600`, `-1` (see the original's `--str2sec`).
pub fn seconds(_text: &str) -> Result<f64, String> {
    let _ = Value::None;
    todo!()
}
