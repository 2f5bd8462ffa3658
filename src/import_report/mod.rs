//! `bantam import-report DIR`: what becomes of a configuration when Bantam runs it in the original's place, in one page.
//!
//! `jail` finds each jail's verdict from its command stream, `traits` the points in which a jail runs otherwise,
//! `page` shows it all.

mod jail;
mod page;
mod traits;

use crate::run::STOCK;
use bantam_conf::{Diagnostic, LoadOptions, ServerOptions};
use bantam_state::Glance;
use jail::JailReport;
use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

/// Exit status when some jail can't run.
const SOME_CANNOT: u8 = 1;
/// Exit status when nothing can be read.
const UNREADABLE: u8 = 2;

/// All that is found out about a configuration.
struct Report {
    base: String,
    jails: Vec<JailReport>,
    /// Findings that concern no single jail.
    findings: Vec<Diagnostic>,
    database: Database,
}

/// What the database at the configured place holds.
enum Database {
    /// The configuration asks for none that lasts.
    None,
    /// Nothing there yet.
    Absent(String),
    /// It is taken over.
    There(String, Glance),
    /// It cannot be read, and why.
    Unreadable(String, String),
}

/// Reads DIR and prints the page, or with `json` the same for scripts.
pub fn main(dir: &Path, json: bool) -> ExitCode {
    if !dir.is_dir() {
        eprintln!(
            "error: {} is no folder\n  hint: name the folder that holds jail.conf or jail.d, usually {STOCK}",
            dir.display()
        );
        return ExitCode::from(UNREADABLE);
    }
    let base = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
    let report = read(&base);
    if json {
        println!("{}", page::json(&report));
    } else {
        let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        print!("{}", page::text(&report, colour));
    }
    match (report.has_errors(), report.jails.is_empty()) {
        (true, true) => ExitCode::from(UNREADABLE),
        (true, false) => ExitCode::from(SOME_CANNOT),
        (false, _) => ExitCode::SUCCESS,
    }
}

impl Report {
    fn has_errors(&self) -> bool {
        let is_error = |finding: &Diagnostic| finding.severity == bantam_conf::Severity::Error;
        self.findings.iter().any(is_error) || self.jails.iter().any(|jail| !jail.can_run())
    }
}

fn read(base: &Path) -> Report {
    let whole = ["jail.conf", "jail.local"].iter().any(|name| base.join(name).exists());
    let stock = Path::new(STOCK);
    let options = LoadOptions {
        lenient_layout: true,
        underlay: (!whole && stock.is_dir() && base != stock).then(|| stock.to_owned()),
        // Logs that are missing here may be on the machine that the configuration is for: the jail is judged all the
        // same, and its log named.
        allow_missing_logs: true,
        ..LoadOptions::default()
    };
    let server = bantam_conf::load_server(base, &options);
    let (jails, findings) = match bantam_conf::load(base, &options) {
        Ok(mut loaded) => {
            let mut diagnostics = std::mem::take(&mut loaded.diagnostics);
            diagnostics.extend(bantam_daemon::rehearse(&loaded.stream));
            jail::reports(&loaded, diagnostics)
        }
        Err(diagnostics) => jail::broken(diagnostics),
    };
    Report {
        base: base.display().to_string(),
        jails,
        findings,
        database: server.map_or(Database::None, |server| database(&server)),
    }
}

fn database(server: &ServerOptions) -> Database {
    let path = server.dbfile.clone();
    if path == ":memory:" || path.eq_ignore_ascii_case("none") {
        return Database::None;
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX));
    match bantam_state::glance(Path::new(&path), now) {
        Ok(None) => Database::Absent(path),
        Ok(Some(glance)) => Database::There(path, glance),
        Err(error) => Database::Unreadable(path, error.to_string()),
    }
}
