//! How much of what Fail2ban understands does Bantam understand? Counts what was compared with the installed original,
//! area by area, prints the table, and fails when anything differs that docs/differences.md does not name.
//!
//! Needs the Debian package `fail2ban` (1.0.2), which `tests/original` brings up to the version that Bantam follows: what
//! is excepted differs from both, but for whole commands that 1.0.2 has not. Not a harness of named tests: the table is
//! the result.
//! `cargo test --test conformance -- AREA…` runs only some areas. `FAIL2BAN_SOURCE=DIR` compares with the source tree
//! of another version of the original.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod actions;
mod commands;
mod database;
mod dates;
mod filters;
#[allow(dead_code, reason = "other tests use the rest of it")]
#[path = "../house/mod.rs"]
mod house;
mod jails;
mod journal;
#[path = "../journals/mod.rs"]
mod journals;
#[allow(dead_code, reason = "shared with tests that use more of it")]
mod ledger;
#[path = "../original/mod.rs"]
mod original;
mod regex_options;
mod samples;
mod stock;
mod third_party;

use ledger::Ledger;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

/// What is compared, under the name of its line in the table.
const AREAS: &[Area] = &[
    ("jails", jails::compare),
    ("actions", actions::compare),
    ("filters", filters::compare),
    ("sample lines", samples::compare),
    ("sample captures", samples::compare_captures),
    ("altered sample lines", samples::compare_altered),
    ("foreign lines", samples::compare_foreign),
    ("database", database::compare),
    ("dates", dates::compare),
    ("journal", journal::compare),
    ("third-party filters", third_party::compare),
    ("regex options", regex_options::compare),
    ("commands", commands::compare),
];

/// A name, and what compares.
type Area = (&'static str, fn(&mut Ledger));

fn main() -> ExitCode {
    // A process takes its zone from the environment, once; expected times are those of this one.
    if std::env::var_os("TZ").is_none_or(|zone| zone != samples::ZONE) {
        let mut again = Command::new(std::env::current_exe().unwrap());
        let error = again.args(std::env::args_os().skip(1)).env("TZ", samples::ZONE).exec();
        panic!("{error}");
    }
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let areas = AREAS
        .iter()
        .filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|part| name.contains(part.as_str())));
    let mut table = Vec::new();
    for &(name, compare) in areas {
        let mut ledger = Ledger::new(name);
        compare(&mut ledger);
        // What differs is told at once; the table is what stands last.
        print!("{}", ledger.details());
        table.push(ledger);
    }
    for ledger in &table {
        println!("{}", ledger.summary());
    }
    let total = table
        .iter()
        .map(Ledger::counts)
        .reduce(|all, one| [0, 1, 2].map(|index| all[index] + one[index]));
    match total {
        Some(total) => println!("{}", ledger::row("all", total)),
        None => println!(
            "no area of that name; there are: {}",
            AREAS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
        ),
    }
    match !table.is_empty() && table.iter().all(Ledger::holds) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
