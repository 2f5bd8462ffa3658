//! The table, on the terminal and in `docs/performance.md`.
use crate::Options;
use crate::figures::{Row, Series, number};
use crate::lab::output;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

/// Where and with what it was measured.
pub struct Surroundings {
    facts: Vec<(&'static str, String)>,
}

impl Surroundings {
    pub fn look() -> Self {
        let first_load = load();
        let facts = vec![
            ("machine", machine()),
            ("system", format!("Linux {}, {}", said("uname", &["-r"]), os())),
            (
                "others at work",
                format!("load average {first_load} when the run began"),
            ),
            (
                "Bantam",
                format!(
                    "{}, commit {}, {}",
                    env!("CARGO_PKG_VERSION"),
                    said("git", &["rev-parse", "--short", "HEAD"]),
                    said("rustc", &["--version"])
                ),
            ),
            (
                "the original",
                format!(
                    "{}, {}, pyinotify {}",
                    said("/usr/bin/fail2ban-server", &["--version"]),
                    said("/usr/bin/python3", &["--version"]),
                    if output(Command::new("/usr/bin/python3").args(["-c", "import pyinotify"]))
                        .status
                        .success()
                    {
                        "installed"
                    } else {
                        "missing: it polls"
                    }
                ),
            ),
            ("firewall", said("iptables", &["--version"])),
            ("date", said("date", &["-u", "+%Y-%m-%d %H:%M UTC"])),
        ];
        Surroundings { facts }
    }
}

fn said(program: &str, words: &[&str]) -> String {
    let done = Command::new(program).args(words).output();
    let text = done
        .map(|done| String::from_utf8_lossy(&done.stdout).into_owned())
        .unwrap_or_default();
    text.lines().next().unwrap_or("unknown").to_owned()
}

fn machine() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .unwrap_or(": unknown")
        .trim_start_matches([' ', '\t', ':']);
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kilobytes: f64 = memory
        .split_whitespace()
        .nth(1)
        .and_then(|kb| kb.parse().ok())
        .unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{cores} cores of {model}, {:.0} GB", kilobytes / 1024.0 / 1024.0)
}

fn os() -> String {
    let text = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    text.lines()
        .find_map(|line| line.strip_prefix("PRETTY_NAME="))
        .unwrap_or("unknown")
        .trim_matches('"')
        .to_owned()
}

fn load() -> String {
    std::fs::read_to_string("/proc/loadavg")
        .unwrap_or_default()
        .split(' ')
        .take(3)
        .collect::<Vec<_>>()
        .join(", ")
}

/// The whole document.
pub fn document(rows: &[Row], options: &Options, surroundings: &Surroundings) -> String {
    let facts = surroundings
        .facts
        .iter()
        .fold(String::new(), |mut text, (name, value)| {
            let _ = writeln!(text, "- {name}: {value}");
            text
        });
    let Options {
        lines,
        flood_lines,
        rounds,
        clients,
        ..
    } = options;
    format!(
        "{}\n## The run\n\n{facts}- command: `cargo bench --bench compare -- --lines {lines} --flood-lines {flood_lines} --rounds {rounds} \
         --clients {clients} --write`\n- load average at its end: {}\n\n{}\n{}",
        include_str!("before.md"),
        load(),
        table(rows),
        include_str!("after.md"),
    )
}

/// A Markdown table, columns aligned so that it reads well in a terminal too.
pub fn table(rows: &[Row]) -> String {
    let head = ["what", "unit", "Bantam", "original", "times better", "goal"].map(str::to_owned);
    let lines: Vec<[String; 6]> = std::iter::once(head).chain(rows.iter().map(cells)).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 6] = std::array::from_fn(width);
    let mut text = String::new();
    for (index, line) in lines.iter().enumerate() {
        for (column, cell) in line.iter().enumerate() {
            let _ = write!(text, "| {cell:width$} ", width = widths[column]);
        }
        text.push_str("|\n");
        if index == 0 {
            for width in widths {
                let _ = write!(text, "|{}", "-".repeat(width + 2));
            }
            text.push_str("|\n");
        }
    }
    text
}

fn cells(row: &Row) -> [String; 6] {
    let goal = match row.goal {
        Some(goal) if row.is_missed() => format!("{}: missed", number(goal)),
        Some(goal) => format!("{}: met", number(goal)),
        None => String::new(),
    };
    [
        row.what.clone(),
        row.unit.to_owned(),
        spread(&row.bantam),
        spread(&row.original),
        spread(&row.ratios()),
        goal,
    ]
}

/// Median (least–greatest).
fn spread(series: &Series) -> String {
    match series.0.len() {
        0 => "-".to_owned(),
        1 => number(series.median()),
        _ => format!(
            "{} ({}–{})",
            number(series.median()),
            number(series.quantile(0.0)),
            number(series.quantile(1.0))
        ),
    }
}

/// Writes the document into the repository.
pub fn write(text: &str) {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    std::fs::create_dir_all(&docs).expect("the folder docs");
    std::fs::write(docs.join("performance.md"), text).expect("write docs/performance.md");
}
