//! The installed original's programs beside ours: many runs in one Python process, since its start takes longer than
//! the rest, and one form for what two runs never have in common.
//!
//! Needs the Debian package `fail2ban` (1.0.2); `run.py` says how it is brought up to the version that Bantam follows.
//! With `BANTAM_ORIGINAL=DIR` a source tree of another version stands in.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// The Debian package's own: another Python on the way would not find the modules.
const PYTHON: &str = "/usr/bin/python3";

/// A program's last word (`regex`, `client`) and its arguments.
pub type Run = (&'static str, Vec<String>);

/// Output (for `regex`, of errors too) and exit code.
pub type Outcome = (String, i32);

/// A program of the original's, its name and arguments to follow.
pub fn program() -> Command {
    let mut command = Command::new(PYTHON);
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/run.py"));
    command
}

/// Runs all of them in one process, in a time zone.
pub fn original(zone: &str, runs: &[Run]) -> Vec<Outcome> {
    let mut child = program()
        .env("TZ", zone)
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("needs the original: apt-get install fail2ban");
    let input = serde_json::to_vec(runs).unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // Its answer may be long before it has read all.
    let writing = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    writing.join().unwrap().unwrap();
    assert!(output.status.success(), "needs the original: apt-get install fail2ban");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// One run of ours.
pub fn ours(zone: &str, (program, args): &Run) -> Outcome {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bantam"));
    command.arg(program).args(args).env("TZ", zone).env("LC_ALL", "C.UTF-8");
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    (text, output.status.code().unwrap_or(-1))
}

/// One form for what is known to differ between two runs and the two versions.
pub fn normal(zone: &str, text: &str) -> String {
    let now = jiff::Zoned::now().with_time_zone(jiff::tz::TimeZone::get(zone).unwrap());
    let today = now.strftime("  %a %b %d ").to_string();
    text.lines()
        .map(|line| normal_line(line, &now, &today) + "\n")
        .collect()
}

fn normal_line(line: &str, now: &jiff::Zoned, today: &str) -> String {
    if line.starts_with("[processed in ") {
        return "[processed]".to_owned();
    }
    for worded_before_1_1 in ["Use   failregex filter file :", "Use   failregex file :"] {
        if let Some(rest) = line.strip_prefix(worded_before_1_1) {
            return format!("Use      filter file :{rest}");
        }
    }
    if line.contains("ExYearExMonthExDay") {
        // This template accepts more since 1.1; unused templates are shown with -v only.
        return "|  [?] %ExY%Exm%Exd…".to_owned();
    }
    if let Some((before, _)) = line.split_once(today) {
        // Without any date the present is shown, which goes on between two runs.
        return format!("{before}  now");
    }
    let is_now = |word: &&str| {
        let seconds = word.parse::<f64>().unwrap_or_default();
        (seconds - now.timestamp().as_second() as f64).abs() < 600.0
    };
    let mut words = line.split([' ', '\t']).map(|word| word.trim_end_matches(','));
    match words.find(is_now) {
        Some(word) => line.replace(word, "now"),
        None => line.to_owned(),
    }
}
