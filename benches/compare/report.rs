//! The table, on the terminal and in `docs/performance.md`.
use crate::crowdsec;
use crate::figures::{Curve, Findings, Row, Series, number};
use crate::lab::output;
use crate::plot;
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
            (
                "CrowdSec",
                crowdsec::program().map_or("not installed".to_owned(), |program| crowdsec::version(&program)),
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
pub fn document(findings: &Findings, surroundings: &Surroundings) -> String {
    let facts = surroundings
        .facts
        .iter()
        .fold(String::new(), |mut text, (name, value)| {
            let _ = writeln!(text, "- {name}: {value}");
            text
        });
    let mut text = format!(
        "{}\n## The run\n\n{facts}- command: `{}`\n- load average at its end: {}\n\n{}\n",
        include_str!("before.md"),
        command(),
        load(),
        table(&findings.rows),
    );
    for (name, title, _) in plots(findings) {
        let title = title.replace('`', "");
        let _ = write!(text, "![{title}](performance/{name}.svg)\n\n");
    }
    for (heading, details) in &findings.details {
        let _ = write!(text, "## {heading}\n\n{}\n\n", details.trim_end());
    }
    text + include_str!("after.md")
}

/// As it was called.
fn command() -> String {
    let mut words = std::env::args().skip(1).filter(|word| word != "--bench").peekable();
    let mut text = "cargo bench --bench compare".to_owned();
    if words.peek().is_some() {
        text.push_str(" --");
    }
    words.fold(text, |text, word| text + " " + &word)
}

/// Name of the file, title, content.
pub fn plots(findings: &Findings) -> Vec<(&'static str, &'static str, String)> {
    let speeds: Vec<&Row> = findings
        .rows
        .iter()
        .filter(|row| row.unit == "lines/s" && row.what.ends_with("whole process") && !row.bantam.0.is_empty())
        .collect();
    let mut speeds: Vec<Row> = speeds.into_iter().cloned().collect();
    // CrowdSec's row stands by itself in the table and beside the others of the same log in the plot.
    for row in findings.rows.iter().filter(|row| !row.crowdsec.0.is_empty()) {
        let kind = row.what.split(": ").next().unwrap_or_default();
        if let Some(beside) = speeds
            .iter_mut()
            .find(|speed| speed.what.starts_with(&format!("{kind}: ")))
        {
            beside.crowdsec = row.crowdsec.clone();
        }
    }
    let mut plots = Vec::new();
    if !speeds.is_empty() {
        let title = "Lines per second, whole process, one core";
        let rows: Vec<&Row> = speeds.iter().collect();
        plots.push((
            "speed",
            title,
            plot::bars(title, "lines per second of processor time, logarithmic", &rows),
        ));
    }
    plots.extend(
        findings
            .curves
            .iter()
            .map(|curve| (curve.name, curve.title, plot::curve(curve))),
    );
    plots
}

/// For scripts: all that was measured.
pub fn json(findings: &Findings, surroundings: &Surroundings) -> serde_json::Value {
    let facts = surroundings.facts.iter().map(|(name, value)| (*name, value.clone()));
    serde_json::json!({
        "run": facts.collect::<std::collections::BTreeMap<_, _>>(),
        "rows": findings.rows.iter().map(Row::json).collect::<Vec<_>>(),
        "curves": findings.curves.iter().map(Curve::json).collect::<Vec<_>>(),
    })
}

/// A Markdown table, columns aligned so that it reads well in a terminal too.
pub fn table(rows: &[Row]) -> String {
    let head = ["what", "unit", "Bantam", "original", "CrowdSec", "times better", "goal"].map(str::to_owned);
    let lines: Vec<[String; 7]> = std::iter::once(head).chain(rows.iter().map(cells)).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 7] = std::array::from_fn(width);
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

fn cells(row: &Row) -> [String; 7] {
    [
        row.what.clone(),
        row.unit.to_owned(),
        spread(&row.bantam),
        spread(&row.original),
        spread(&row.crowdsec),
        // How many times flatter a slope or a ratio is says nothing.
        match row.unit {
            "of log by log" | "times" => "-".to_owned(),
            _ => spread(&row.ratios()),
        },
        row.verdict(),
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

/// Writes the document and its plots into the repository.
pub fn write(findings: &Findings, surroundings: &Surroundings) {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    write_plots(findings, &docs.join("performance"));
    std::fs::write(docs.join("performance.md"), document(findings, surroundings)).expect("write docs/performance.md");
}

/// Writes the plots into a folder.
pub fn write_plots(findings: &Findings, folder: &Path) {
    std::fs::create_dir_all(folder).expect("the folder for plots");
    for (name, _, svg) in plots(findings) {
        std::fs::write(folder.join(format!("{name}.svg")), svg).expect("write a plot");
    }
}
