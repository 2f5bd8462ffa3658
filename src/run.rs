//! `bantam run [DIR]`: the daemon for people who come fresh, and for containers.
use crate::serve::{Plan, serve};
use bantam_conf::LoadOptions;
use bantam_daemon::log::Log;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Where a configuration is looked for when none is named; the first that exists is taken.
const PLACES: [&str; 3] = ["/data", "/etc/bantam", "/etc/fail2ban"];
/// Stock files beneath a folder that holds only people's own.
pub const STOCK: &str = "/etc/fail2ban";
/// The environment of the container, and the options that it sets.
const ENVIRONMENT: [(&str, &str); 3] = [
    ("F2B_DB_PURGE_AGE", "dbpurgeage"),
    ("F2B_LOG_LEVEL", "loglevel"),
    ("F2B_LOG_TARGET", "logtarget"),
];

/// Runs the daemon in the foreground on `dir`, or on the first of the usual places.
pub fn main(dir: Option<&Path>) -> ExitCode {
    let Some(base) = dir.map(Path::to_owned).or_else(usual_place) else {
        eprintln!(
            "error: there is no configuration in any of {}\n  hint: name a folder (`bantam run DIR`) that holds jail.d, \
             filter.d and action.d, or try `bantam demo`",
            PLACES.join(", ")
        );
        return ExitCode::from(2);
    };
    if !base.is_dir() {
        eprintln!(
            "error: {} is no folder\n  hint: it should hold jail.d, filter.d and action.d",
            base.display()
        );
        return ExitCode::from(2);
    }
    let base = std::path::absolute(&base).unwrap_or(base);
    let mut overrides: Vec<(String, String)> = ENVIRONMENT
        .iter()
        .filter_map(|(variable, option)| Some(((*option).to_owned(), std::env::var(variable).ok()?)))
        .filter(|(_, value)| !value.is_empty())
        .collect();
    let log = if overrides.iter().any(|(option, _)| option == "logtarget") {
        Log::stderr()
    } else {
        overrides.push(("logtarget".to_owned(), "STDERR".to_owned()));
        Log::for_people()
    };
    let stock = Path::new(STOCK);
    let load = LoadOptions {
        overrides,
        lenient_layout: true,
        defaults: defaults_for(&base),
        underlay: (stock.is_dir() && base != stock).then(|| stock.to_owned()),
        ..LoadOptions::default()
    };
    eprintln!(
        "bantam {}: configuration in {}",
        env!("CARGO_PKG_VERSION"),
        base.display()
    );
    serve(Plan {
        base,
        load,
        force: false,
        log,
        ready: Box::new(|_| {}),
    })
}

fn usual_place() -> Option<PathBuf> {
    PLACES.iter().map(PathBuf::from).find(|place| place.is_dir())
}

/// Socket and database where Fail2ban has them; beside the configuration when it is somebody's own folder. The
/// container keeps its database in the volume, and its socket where `fail2ban-client` looks for it.
fn defaults_for(base: &Path) -> Vec<(String, String)> {
    let usual = PLACES.iter().any(|place| Path::new(place) == base);
    let beside = |name: &str| base.join(name).to_string_lossy().into_owned();
    let mut defaults = Vec::new();
    if !usual {
        defaults.push(("socket".to_owned(), beside("fail2ban.sock")));
        defaults.push(("pidfile".to_owned(), beside("fail2ban.pid")));
    }
    if !usual || base == Path::new("/data") {
        defaults.push(("dbfile".to_owned(), beside("db/fail2ban.sqlite3")));
    }
    defaults
}
