//! Bantam beside the installed original, and CrowdSec where it is installed, on the same machine, in one run.
//!
//! `cargo bench --bench compare` as root; `-- --help` shows what can be chosen. The same work is given to each in
//! turns, each on one core, and a ratio is made of each such pair, so that what else the machine does weighs on both.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    dead_code,
    reason = "a measurement that cannot be made ends the run; the lab is made for more than is measured"
)]

mod crowdsec;
mod curves;
mod daemon;
mod figures;
mod following;
mod jails;
#[path = "../../tests/lab/mod.rs"]
mod lab;
mod latency;
mod looking_back;
mod other_logs;
mod plot;
mod process;
mod report;
mod stages;
mod stock;
mod traffic;

use clap::{Parser, ValueEnum};
use figures::{Findings, Row};
use jiff::Timestamp;
use looking_back::{Task, guide_filter};
use report::Surroundings;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use traffic::Traffic;

/// Measure Bantam beside the installed original.
///
/// Ends with 0 when all goals are met, with 1 when one is missed.
#[derive(Debug, Parser)]
pub struct Options {
    /// Measure these parts only
    #[arg(long, value_delimiter = ',')]
    only: Vec<Part>,
    /// How often each is measured; the median counts
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// A look at everything in three minutes: short logs, one round, few filters; says nothing about goals
    #[arg(long)]
    quick: bool,
    /// Megabytes of the longest log (the curve of sizes ends there)
    #[arg(long, default_value_t = 10_000)]
    megabytes: u64,
    /// JSON in place of the table
    #[arg(long)]
    json: bool,
    /// Write docs/performance.md and its plots
    #[arg(long)]
    write: bool,
    /// Write the plots into this folder
    #[arg(long)]
    plots: Option<PathBuf>,
    /// Only write a log of so many lines of normal traffic into this file
    #[arg(long, value_names = ["LINES", "FILE"], num_args = 2)]
    generate: Vec<String>,
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

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The guide's filter on normal traffic, and bytes per second
    Regex,
    /// The guide's filter, every line matching
    Flood,
    /// Stock traefik-auth on common log format, default dates
    Common,
    /// Stock sshd (aggressive), syslog dates
    Sshd,
    /// Twenty jails on one file, and the curve of jails
    Jails,
    /// All stock filters on one mixed log
    Stock,
    /// The daemon at 2,000 lines a second
    Load,
    /// Peak memory, idle and with many clients
    Memory,
    /// From the start to the first line read
    Start,
    /// From a line to the first packet dropped
    Latency,
    /// The curve over the size of the log
    Size,
    /// The curve over the number of clients
    Clients,
    /// Each step of the pipeline by itself
    Stages,
}

/// How much of everything.
struct Amounts {
    normal: usize,
    flood: usize,
    common: usize,
    sshd: usize,
    jails: usize,
    stock: usize,
    stock_rounds: usize,
    crowdsec: usize,
    window: usize,
    most_clients: usize,
    load_seconds: u64,
    load_rounds: usize,
    latency: usize,
    rounds: usize,
    /// Megabytes.
    long: u64,
    biggest: u64,
}

impl Amounts {
    fn of(options: &Options) -> Self {
        if options.quick {
            return Amounts {
                normal: 20_000,
                flood: 5_000,
                common: 10_000,
                sshd: 30_000,
                jails: 20_000,
                stock: 500,
                stock_rounds: 1,
                crowdsec: 1_000,
                window: 5_000,
                most_clients: 10_000,
                load_seconds: 2,
                load_rounds: 1,
                latency: 2,
                rounds: 1,
                long: 100.min(options.megabytes),
                biggest: 100.min(options.megabytes),
            };
        }
        Amounts {
            normal: 120_000,
            flood: 50_000,
            common: 100_000,
            sshd: 200_000,
            jails: 1_000_000,
            stock: 8_000,
            stock_rounds: options.rounds,
            crowdsec: 4_000,
            window: 200_000,
            most_clients: 1_000_000,
            load_seconds: 8,
            load_rounds: options.rounds.min(3),
            latency: 15,
            rounds: options.rounds,
            long: 1_000.min(options.megabytes),
            biggest: options.megabytes,
        }
    }
}

const NEEDED: [(&str, &str); 7] = [
    ("fail2ban-server", "fail2ban"),
    ("nsenter", "util-linux"),
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
    if let [lines, file] = options.generate.as_slice() {
        let lines = lines.parse().expect("LINES is a number");
        let kind = if options.flood { flood(lines) } else { normal(lines) };
        traffic::write(Path::new(file), &kind).expect("write the log");
        return ExitCode::SUCCESS;
    }
    if cfg!(debug_assertions) {
        eprintln!("error: this was built to be debugged, not to be measured; run: cargo bench --bench compare");
        return ExitCode::FAILURE;
    }
    lab::require(&NEEDED);
    let surroundings = Surroundings::look();
    let findings = measure(&options);
    if options.json {
        println!("{:#}", report::json(&findings, &surroundings));
    } else {
        println!("{}", report::table(&findings.rows));
        for (heading, text) in &findings.details {
            println!("{heading}\n\n{text}");
        }
    }
    if let Some(folder) = &options.plots {
        report::write_plots(&findings, folder);
    }
    if options.write {
        report::write(&findings, &surroundings);
    }
    if findings.rows.iter().any(Row::is_missed) && !options.quick {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

fn measure(options: &Options) -> Findings {
    let wanted = |part: Part| options.only.is_empty() || options.only.contains(&part);
    let amounts = Amounts::of(options);
    let folder = tempfile::tempdir().expect("a folder");
    clean_up_when_ended(folder.path().to_owned());
    let mut findings = Findings::default();
    for part in Part::value_variants() {
        if wanted(*part) {
            let begun = std::time::Instant::now();
            findings.add(one(*part, &amounts, folder.path(), options.quick));
            eprintln!("-- {part:?} took {:.0} s", begun.elapsed().as_secs_f64());
        }
    }
    findings
}

/// Ctrl-C leaves no logs of gigabytes behind.
fn clean_up_when_ended(folder: PathBuf) {
    use signal_hook::consts::{SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM]).expect("wait for signals");
    std::thread::spawn(move || {
        if signals.forever().next().is_some() {
            let _ = std::fs::remove_dir_all(&folder);
            std::process::exit(130);
        }
    });
}

fn one(part: Part, amounts: &Amounts, folder: &Path, quick: bool) -> Findings {
    match part {
        Part::Regex => guide_on_normal(amounts, folder).into(),
        Part::Flood => guide_on_flood(amounts, folder).into(),
        Part::Common => {
            let log = folder.join("common.log");
            other_logs::write_common(&log, amounts.common, begin()).expect("write the log");
            let kind = "stock traefik-auth, common log format, default dates";
            compare(
                kind,
                &log,
                amounts.common,
                "traefik-auth",
                (200.0, None),
                amounts.rounds,
            )
            .into()
        }
        Part::Sshd => {
            let log = folder.join("sshd.log");
            other_logs::write_sshd(&log, amounts.sshd, begin()).expect("write the log");
            let kind = "stock sshd (aggressive), syslog dates";
            let filter = "sshd[mode=aggressive]";
            compare(kind, &log, amounts.sshd, filter, (40.0, None), amounts.rounds).into()
        }
        Part::Jails => jails::compare(amounts.jails, amounts.rounds),
        Part::Stock => stock::compare(folder, amounts.stock, amounts.stock_rounds, quick),
        Part::Load => following::load(2_000, amounts.load_seconds, amounts.load_rounds).into(),
        Part::Memory => following::memory(amounts.window, amounts.load_rounds).into(),
        Part::Start => following::start(amounts.rounds).into(),
        Part::Latency => latency::compare(amounts.latency).into(),
        Part::Size => curves::size(folder, amounts.biggest * 1_000_000, amounts.rounds),
        Part::Clients => curves::clients(amounts.most_clients, amounts.rounds),
        Part::Stages => {
            let (log, hits) = (folder.join("access.log"), folder.join("flood.log"));
            traffic::write(&log, &normal(amounts.normal)).expect("write the log");
            traffic::write(&hits, &flood(amounts.flood)).expect("write the log");
            stages::measure(&log, &hits, amounts.rounds)
        }
    }
}

fn guide_on_normal(amounts: &Amounts, folder: &Path) -> Vec<Row> {
    let (log, filter) = (folder.join("access.log"), guide_filter());
    let kind = "guide's filter, normal traffic";
    traffic::write(&log, &normal(amounts.normal)).expect("write the log");
    let filter = filter.to_string_lossy();
    let mut rows = compare(kind, &log, amounts.normal, &filter, (400.0, None), amounts.rounds);
    traffic::write(&log, &normal(amounts.crowdsec)).expect("write the log");
    rows.push(crowdsec::measure(kind, &log, amounts.crowdsec, amounts.load_rounds));
    traffic::write(&log, &normal((amounts.long * 1_000) as usize)).expect("write the log");
    rows.extend(looking_back::bytes_per_second(&log, amounts.rounds));
    rows
}

fn guide_on_flood(amounts: &Amounts, folder: &Path) -> Vec<Row> {
    let (log, filter) = (folder.join("access.log"), guide_filter());
    let kind = "guide's filter, every line matching, captures taken";
    traffic::write(&log, &flood(amounts.flood)).expect("write the log");
    let goals = (300.0, Some(900_000.0));
    let filter = filter.to_string_lossy();
    let mut rows = compare(kind, &log, amounts.flood, &filter, goals, amounts.rounds);
    traffic::write(&log, &flood(amounts.crowdsec)).expect("write the log");
    rows.push(crowdsec::measure(kind, &log, amounts.crowdsec, amounts.load_rounds));
    rows
}

fn compare(kind: &str, log: &Path, lines: usize, filter: &str, goals: (f64, Option<f64>), rounds: usize) -> Vec<Row> {
    let (times, lines_per_second) = goals;
    let task = Task {
        kind,
        log,
        lines,
        filter,
        times,
        lines_per_second,
    };
    let rows = looking_back::compare(&task, rounds);
    let _ = std::fs::remove_file(log);
    rows
}

fn begin() -> Timestamp {
    Timestamp::from_second(1_790_000_000).expect("a moment")
}

/// An hour of it.
fn normal(lines: usize) -> Traffic {
    Traffic {
        lines,
        failing: 60,
        flood: false,
        clients: None,
        begin: begin(),
        span: 3_600_000,
        seed: 1,
    }
}

/// Ten minutes of it.
fn flood(lines: usize) -> Traffic {
    Traffic {
        flood: true,
        span: 600_000,
        seed: 2,
        ..normal(lines)
    }
}
