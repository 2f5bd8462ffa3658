//! `bantam demo`: the main job, shown on a machine that has no Traefik.
use std::process::ExitCode;

/// Ends by itself in less than 30 seconds.
pub fn main() -> ExitCode {
    todo!()
}
