//! `fail2ban-regex`: tries expressions and filters on lines, files and journals.
use std::ffi::OsString;
use std::process::ExitCode;

/// `program` is how it was called, for the usage text; `args` what follows.
pub fn main(_program: &str, _args: &[OsString]) -> ExitCode {
    todo!()
}
