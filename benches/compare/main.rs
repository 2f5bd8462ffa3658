//! Bantam beside the installed original, on the same machine, in one run: looking back over a log, memory, latency.
//!
//! `cargo bench --bench compare` as root; `-- --help` shows what can be chosen. The same work is given to both in
//! turns, and a ratio is made of each such pair, so that what else the machine does weighs on both.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    dead_code,
    reason = "a measurement that cannot be made ends the run; the lab is made for more than is measured"
)]

mod figures;
mod following;
#[path = "../../tests/lab/mod.rs"]
mod lab;
mod latency;
mod looking_back;
mod process;
mod report;
mod traffic;

use clap::Parser;
use figures::Row;
use jiff::Timestamp;
use report::Surroundings;
use std::process::ExitCode;
use traffic::Traffic;

/// Measure Bantam beside the installed original.
#[derive(Debug, Parser)]
pub struct Options {
    /// Lines of the log of normal traffic
    #[arg(long, default_value_t = 200_000)]
    lines: usize,
    /// Lines of the log in which every line matches
    #[arg(long, default_value_t = 40_000)]
    flood_lines: usize,
    /// Of a thousand lines of normal traffic so many fail
    #[arg(long, default_value_t = 60)]
    failing: u32,
    /// How often each looks back over each log
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// How often each follows the log
    #[arg(long, default_value_t = 1)]
    follow_rounds: usize,
    /// Clients that are banned to measure latency
    #[arg(long, default_value_t = 15)]
    clients: usize,
    /// Measure these only: regex, flood, memory, latency
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Write docs/performance.md
    #[arg(long)]
    write: bool,
    /// Only write the log of normal traffic into this file
    #[arg(long)]
    generate: Option<std::path::PathBuf>,
    /// With --generate: every line matches
    #[arg(long)]
    flood: bool,
    /// cargo says so to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
    #[arg(long, hide = true)]
    probe_sender: Option<String>,
    #[arg(long, hide = true)]
    probe_receiver: Option<String>,
}

const NEEDED: [(&str, &str); 6] = [
    ("fail2ban-server", "fail2ban"),
    ("iptables", "iptables"),
    ("ip", "iproute2"),
    ("curl", "curl"),
    ("jq", "jq"),
    ("python3", "python3"),
];

fn main() -> ExitCode {
    let options = Options::parse();
    if let Some(client) = &options.probe_sender {
        latency::send(client);
    }
    if let Some(client) = &options.probe_receiver {
        latency::receive(client);
        return ExitCode::SUCCESS;
    }
    if let Some(file) = &options.generate {
        let kind = if options.flood {
            flood(&options)
        } else {
            normal(&options)
        };
        traffic::write(file, &kind).expect("write the log");
        return ExitCode::SUCCESS;
    }
    if cfg!(debug_assertions) {
        eprintln!("error: this was built to be debugged, not to be measured; run: cargo bench --bench compare");
        return ExitCode::FAILURE;
    }
    lab::require(&NEEDED);
    let surroundings = Surroundings::look();
    let rows = measure(&options);
    println!("{}", report::table(&rows));
    if options.write {
        report::write(&report::document(&rows, &options, &surroundings));
    }
    if rows.iter().any(Row::is_missed) {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

fn measure(options: &Options) -> Vec<Row> {
    let wanted = |part: &str| options.only.is_empty() || options.only.iter().any(|only| only == part);
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("access.log");
    let mut rows = Vec::new();
    if wanted("regex") {
        traffic::write(&log, &normal(options)).expect("write the log");
        rows.extend(looking_back::compare(
            &log,
            options.lines,
            "normal traffic",
            options.rounds,
            20.0,
        ));
    }
    if wanted("flood") {
        traffic::write(&log, &flood(options)).expect("write the log");
        rows.extend(looking_back::compare(
            &log,
            options.flood_lines,
            "every line matching",
            options.rounds,
            20.0,
        ));
    }
    std::fs::remove_file(&log).ok();
    if wanted("memory") {
        rows.extend(following::compare(options.lines, options.follow_rounds));
    }
    if wanted("latency") {
        rows.extend(latency::compare(options.clients));
    }
    rows
}

/// An hour of it.
fn normal(options: &Options) -> Traffic {
    let begin = Timestamp::from_second(1_790_000_000).expect("a moment");
    Traffic {
        lines: options.lines,
        failing: options.failing,
        flood: false,
        begin,
        span: 3_600_000,
        seed: 1,
    }
}

/// Ten minutes of it.
fn flood(options: &Options) -> Traffic {
    Traffic {
        lines: options.flood_lines,
        flood: true,
        span: 600_000,
        seed: 2,
        ..normal(options)
    }
}
