//! `bantam run [DIR]`: the daemon for people who come fresh.
use std::path::Path;
use std::process::ExitCode;

/// Runs in the foreground until a signal ends it.
pub fn main(_dir: Option<&Path>) -> ExitCode {
    todo!()
}
