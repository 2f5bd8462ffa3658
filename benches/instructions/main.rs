//! Guards the speed where no clock can: counts the instructions of the release build on small fixed inputs, under
//! valgrind, and compares them with `baseline.json`.
//!
//! `cargo bench --bench instructions` fails when a count has grown by more than the tolerance; `-- --accept` writes the
//! counts down as the new baseline. Counts are those of one compiler, one C library, one valgrind and one set of CPU
//! features, which stand in the baseline: where another is used, counts are printed and nothing is judged.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    dead_code,
    reason = "a measurement that cannot be made ends the run; logs are made for more than is counted"
)]

mod cases;
#[path = "../compare/other_logs.rs"]
mod other_logs;
#[path = "../compare/traffic.rs"]
mod traffic;

use clap::Parser;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// Count instructions and compare them with those of before.
#[derive(Debug, Parser)]
struct Options {
    /// Write the counts down as the new baseline
    #[arg(long)]
    accept: bool,
    /// Percent by which a count may differ
    #[arg(long, default_value_t = 5.0)]
    tolerance: f64,
    /// The counts as JSON, as they stand in the baseline
    #[arg(long)]
    json: bool,
    /// cargo says so to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

/// What was counted, and with what.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct Counts {
    counted_with: BTreeMap<String, String>,
    instructions: BTreeMap<String, u64>,
}

const ACCEPT: &str = "cargo bench --bench instructions -- --accept";

fn main() -> ExitCode {
    let options = Options::parse();
    if cfg!(debug_assertions) {
        eprintln!("error: this was built to be debugged, not to be measured; run: cargo bench --bench instructions");
        return ExitCode::FAILURE;
    }
    for (program, package) in [
        ("/usr/bin/valgrind", "valgrind"),
        ("/usr/bin/fail2ban-server", "fail2ban"),
    ] {
        if !std::path::Path::new(program).exists() {
            eprintln!("error: {program} is missing; install it with: apt-get install -y {package}");
            return ExitCode::FAILURE;
        }
    }
    let counts = Counts {
        counted_with: surroundings(),
        instructions: cases::count_all(),
    };
    if options.json {
        println!("{}", text(&counts));
    }
    if options.accept {
        std::fs::write(baseline_file(), text(&counts) + "\n").expect("write the baseline");
        println!("written: {}", baseline_file().display());
        return ExitCode::SUCCESS;
    }
    let baseline = std::fs::read_to_string(baseline_file()).unwrap_or_default();
    match serde_json::from_str(&baseline) {
        Ok(baseline) => judge(&baseline, &counts, options.tolerance),
        Err(problem) => {
            eprintln!(
                "error: {}: {problem}; write it anew with: {ACCEPT}",
                baseline_file().display()
            );
            ExitCode::FAILURE
        }
    }
}

fn text(counts: &Counts) -> String {
    serde_json::to_string_pretty(counts).expect("plain data")
}

fn baseline_file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("benches/instructions/baseline.json")
}

/// Prints what differs, and says what to do about it.
fn judge(baseline: &Counts, counts: &Counts, tolerance: f64) -> ExitCode {
    let (mut grown, mut shrunk, mut unknown) = (0, 0, 0);
    println!("{:<58}{:>14}{:>14}{:>9}", "instructions", "baseline", "now", "change");
    for (name, &now) in &counts.instructions {
        let Some(&before) = baseline.instructions.get(name) else {
            println!("{name:<58}{:>14}{now:>14}{:>9}", "-", "new");
            unknown += 1;
            continue;
        };
        let change = 100.0 * (now as f64 / before as f64 - 1.0);
        let mark = if change > tolerance {
            grown += 1;
            "  too many"
        } else if change < -tolerance {
            shrunk += 1;
            "  fewer"
        } else {
            ""
        };
        println!("{name:<58}{before:>14}{now:>14}{change:>+8.1}%{mark}");
    }
    unknown += baseline
        .instructions
        .keys()
        .filter(|name| !counts.instructions.contains_key(*name))
        .inspect(|name| println!("{name:<58} is in the baseline only"))
        .count();
    let others: Vec<String> = counts
        .counted_with
        .iter()
        .filter_map(|(what, now)| {
            let before = baseline.counted_with.get(what).map_or("unknown", String::as_str);
            (before != now).then(|| format!("{what}: {now}, the baseline's is {before}"))
        })
        .collect();
    if !others.is_empty() {
        println!(
            "\nNot judged, since counts of other surroundings don't compare:\n  {}",
            others.join("\n  ")
        );
        return ExitCode::SUCCESS;
    }
    if unknown > 0 {
        println!("\nWhat is counted has changed. Write the baseline anew: {ACCEPT}");
        return ExitCode::FAILURE;
    }
    if grown > 0 {
        println!(
            "\n{grown} of these take more than {tolerance} % more instructions than before. What was changed made them \
             slower;\n`valgrind --tool=callgrind` on the same command shows where. If it is worth it, accept it with\n  \
             {ACCEPT}\nand say in the commit why."
        );
        return ExitCode::FAILURE;
    }
    if shrunk > 0 {
        println!("\n{shrunk} got better. Keep it so: write the baseline anew with\n  {ACCEPT}");
    }
    ExitCode::SUCCESS
}

/// Whatever changes counts without a change of ours.
fn surroundings() -> BTreeMap<String, String> {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let flags = cpu.lines().find(|line| line.starts_with("flags")).unwrap_or_default();
    // Valgrind plays a CPU with no more than AVX2, whatever more the machine's has.
    let features: Vec<&str> = ["avx2", "bmi2", "sse4_2"]
        .into_iter()
        .filter(|feature| flags.split_whitespace().any(|flag| flag == *feature))
        .collect();
    let entries = [
        ("architecture", std::env::consts::ARCH.to_owned()),
        ("features of the CPU", features.join(" ")),
        ("compiler", said("rustc", &["--version"])),
        ("C library", said("dpkg-query", &["-W", "-f", "${Version}", "libc6"])),
        ("valgrind", said("valgrind", &["--version"])),
        (
            "stock filters",
            said("dpkg-query", &["-W", "-f", "${Version}", "fail2ban"]),
        ),
    ];
    entries
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn said(program: &str, words: &[&str]) -> String {
    let done = Command::new(program).args(words).output();
    done.map_or_else(
        |_| "unknown".to_owned(),
        |done| String::from_utf8_lossy(&done.stdout).trim().to_owned(),
    )
}
