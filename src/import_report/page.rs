//! The report on one page, and the same as JSON.
use super::jail::JailReport;
use super::{Database, Report};
use crate::cmdline::{finding, visible};
use bantam_conf::Diagnostic;
use serde_json::{Value as Json, json};
use std::fmt::Write as _;

/// Where all differences are listed with their reasons.
const MORE: &str = "docs/differences.md";

/// What is otherwise for every jail.
const FOR_ALL: [&str; 5] = [
    "counters, totals and positions in logs outlive a restart",
    "a ban whose command fails is said in the log and tried again; after a crash no rule stands twice",
    "a line that makes an expression explode is given up and named in the log; the jail goes on",
    "host names that are slow to resolve are left out instead of keeping the jail waiting",
    "a jail with an error is left out and the others run; a reload with an error leaves the jail as it was",
];

/// For people.
pub(super) fn text(report: &Report, colour: bool) -> String {
    let mut page = Page {
        text: String::new(),
        colour,
    };
    let count = |test: fn(&JailReport) -> bool| report.jails.iter().filter(|jail| test(jail)).count();
    let (same, otherwise, not) = (count(as_before), count(with_differences), count(|jail| !jail.can_run()));
    page.line(&format!(
        "{}: {} enabled; {same} as before, {otherwise} with differences, {not} can't run",
        visible(&report.base),
        plural(report.jails.len(), "jail", "jails")
    ));
    page.group("Runs exactly as before", report, as_before);
    page.group("Runs, with differences", report, with_differences);
    page.group("Can't run", report, |jail| !jail.can_run());
    page.findings("In the configuration", &report.findings);
    page.line("");
    page.title("For every jail");
    for point in FOR_ALL {
        page.point(point);
    }
    page.line("");
    page.title("Database");
    page.point(&database(&report.database));
    page.line("");
    page.line(&format!("All differences and their reasons: {MORE}"));
    page.text
}

/// For scripts; documented in docs/json.md.
pub(super) fn json(report: &Report) -> Json {
    let jails: Vec<Json> = report.jails.iter().map(jail_json).collect();
    let database = match &report.database {
        Database::None => Json::Null,
        Database::Absent(path) => json!({ "path": path, "exists": false }),
        Database::There(path, glance) => json!({
            "path": path, "exists": true, "schema": glance.schema, "bans_in_force": glance.in_force,
            "known_offenders": glance.known,
        }),
        Database::Unreadable(path, why) => json!({ "path": path, "exists": true, "error": why }),
    };
    json!({
        "directory": report.base,
        "jails": jails,
        "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
        "database": database,
    })
}

fn jail_json(jail: &JailReport) -> Json {
    let verdict = match (jail.can_run(), jail.otherwise.is_empty()) {
        (false, _) => "cannot run",
        (true, true) => "as before",
        (true, false) => "with differences",
    };
    json!({
        "name": jail.name,
        "file": jail.place.as_ref().map(|place| place.file.to_string_lossy()),
        "line": jail.place.as_ref().map(|place| place.line),
        "verdict": verdict,
        "reads": jail.reads,
        "actions": jail.actions,
        "differences": jail.otherwise,
        "missing_logs": jail.missing_logs,
        "errors": jail.errors.iter().map(finding).collect::<Vec<_>>(),
        "warnings": jail.warnings.iter().map(finding).collect::<Vec<_>>(),
    })
}

fn as_before(jail: &JailReport) -> bool {
    jail.can_run() && jail.otherwise.is_empty()
}

fn with_differences(jail: &JailReport) -> bool {
    jail.can_run() && !jail.otherwise.is_empty()
}

fn database(database: &Database) -> String {
    match database {
        Database::None => "none is configured: bans are forgotten at a restart".to_owned(),
        Database::Absent(path) => format!("{} does not exist yet and will be made", visible(path)),
        Database::There(path, glance) => {
            let upgraded = match glance.schema {
                Some(version) if version < bantam_state::SCHEMA => {
                    format!("; its schema {version} is upgraded, after a copy was made")
                }
                _ => String::new(),
            };
            let in_force = glance.in_force.map_or_else(
                || "its bans are".to_owned(),
                |count| plural(count, "ban in force is", "bans in force are"),
            );
            let known = plural(glance.known, "known offender is", "known offenders are");
            format!(
                "{}: {in_force} taken over, and {known} remembered{upgraded}",
                visible(path)
            )
        }
        Database::Unreadable(path, why) => format!("{} can't be read: {}", visible(path), visible(why)),
    }
}

fn plural(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

struct Page {
    text: String,
    colour: bool,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn title(&mut self, title: &str) {
        if self.colour {
            self.line(&format!("\u{1b}[1m{title}\u{1b}[0m"));
        } else {
            self.line(title);
        }
    }

    fn point(&mut self, point: &str) {
        self.line(&format!("  - {point}"));
    }

    fn group(&mut self, title: &str, report: &Report, belongs: fn(&JailReport) -> bool) {
        let jails: Vec<&JailReport> = report.jails.iter().filter(|jail| belongs(jail)).collect();
        if jails.is_empty() {
            return;
        }
        self.line("");
        self.title(&format!("{title} ({})", jails.len()));
        let width = jails.iter().map(|jail| jail.name.chars().count()).max().unwrap_or(0);
        for jail in jails {
            self.jail(jail, width);
        }
    }

    fn jail(&mut self, jail: &JailReport, width: usize) {
        let name = visible(&jail.name);
        let mut line = format!("  {name:<width$}");
        if !jail.reads.is_empty() {
            let _ = write!(line, "  {}", visible(&short(&jail.reads)));
        }
        if !jail.actions.is_empty() {
            let _ = write!(line, " -> {}", visible(&jail.actions.join(", ")));
        }
        self.line(line.trim_end());
        for point in &jail.otherwise {
            self.line(&format!("      - {}", visible(point)));
        }
        if !jail.missing_logs.is_empty() {
            let logs = visible(&jail.missing_logs.join(", "));
            let instead = if jail.journal { ": the journal is read" } else { "" };
            self.line(&format!("      - not on this machine: {logs}{instead}"));
        }
        for finding in jail.errors.iter().chain(&jail.warnings) {
            self.finding(finding);
        }
    }

    fn findings(&mut self, title: &str, findings: &[Diagnostic]) {
        if findings.is_empty() {
            return;
        }
        self.line("");
        self.title(title);
        for finding in findings {
            self.finding(finding);
        }
    }

    fn finding(&mut self, finding: &Diagnostic) {
        for line in finding.render(self.colour).lines() {
            self.line(&format!("      {line}"));
        }
    }
}

/// The first of several, and how many more.
fn short(reads: &[String]) -> String {
    match reads {
        [] => String::new(),
        [one] => one.clone(),
        [first, more @ ..] => format!("{first} (+{})", more.len()),
    }
}
