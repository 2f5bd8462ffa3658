//! How much of what Fail2ban understands does Bantam understand? Counts what was compared with the installed original,
//! area by area, prints the table, and fails when anything differs that docs/differences.md does not name.
//!
//! Needs the Debian package `fail2ban` (1.0.2). Not a test harness of named tests: the table is the result.
//! `cargo test --test conformance -- AREA…` runs only some areas.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod commands;
mod ledger;

use ledger::Ledger;
use std::process::ExitCode;

/// What is compared, under the name of its line in the table.
const AREAS: &[Area] = &[("commands", commands::compare)];

/// A name, and what compares.
type Area = (&'static str, fn(&mut Ledger));

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let areas = AREAS
        .iter()
        .filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|part| name.contains(part.as_str())));
    let mut table = Vec::new();
    for &(name, compare) in areas {
        let mut ledger = Ledger::new(name);
        compare(&mut ledger);
        println!("{}", ledger.summary());
        table.push(ledger);
    }
    for ledger in &table {
        print!("{}", ledger.details());
    }
    match table.iter().all(Ledger::holds) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
