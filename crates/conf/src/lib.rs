//! Fail2ban's configuration language: files, layers, includes, interpolation and tags, read into the command
//! stream that a server executes. Every value knows the place it came from.
//!
//! Stands before the journey: what comes out of here tells `daemon` which jails to build. Runs nothing.
//!
//! The way of a value through the modules: `ini` reads a file, `layers` lays files over each other,
//! `interpolate` follows `%(name)s`, `definition` combines a filter or action with the jail's arguments, `tags`
//! puts in `<name>`, `jail`, `filter`, `action` and `server` make commands of it. `text` carries the places
//! along, `findings` gathers what is wrong, `render` shows it.

mod action;
mod arguments;
mod brackets;
mod budget;
mod checks;
mod command;
mod definition;
mod diagnostic;
mod duration;
mod filter;
mod findings;
mod ini;
mod interpolate;
mod jail;
mod layers;
mod paths;
mod place;
mod python;
mod render;
mod secret;
mod server;
mod tags;
mod text;
mod trial;
mod typo;
mod words;

pub use command::Command;
pub use diagnostic::{Diagnostic, Severity};
pub use duration::Seconds;
pub use place::Place;
pub use server::LOG_LEVELS;
pub use trial::{Arguments, NoTrial, Trial, split_arguments, try_filter, try_jail};

use findings::{Findings, Problem};
use jail::{Jail, Rules};
use layers::{Config, Files, ReadError};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use text::Text;

pub use bantam_wire::FAIL2BAN_VERSION;

/// What was read from a configuration directory.
#[derive(Debug)]
pub struct Loaded {
    /// Options of `fail2ban.conf`.
    pub server: ServerOptions,
    /// The whole stream, in the order in which a server must execute it (what `-d` prints).
    pub stream: Vec<Command>,
    /// Every line of `logpath` as it was written, of the jails that run on files. The stream holds the files
    /// that exist now; with these, files that appear later can be picked up.
    pub globs: Vec<LogPattern>,
    /// Warnings, and errors of single jails that do not stop the others.
    pub diagnostics: Vec<Diagnostic>,
}

/// One line of a jail's `logpath`.
#[derive(Debug, Clone, PartialEq)]
pub struct LogPattern {
    /// The jail's name.
    pub jail: String,
    /// A path, or a pattern with `*`, `?`, `[a-z]`.
    pub path: String,
    /// Where a file that was never read is begun: `head` or `tail`.
    pub tail: String,
    /// The line it stands in.
    pub place: Option<Place>,
}

impl LogPattern {
    /// Whether it can stand for more than one file.
    pub fn is_pattern(&self) -> bool {
        paths::is_pattern(&self.path)
    }

    /// The files it stands for now, in the order in which the system lists them. Links without a target are
    /// left out.
    pub fn files(&self) -> Vec<PathBuf> {
        paths::expand(&self.path).files.into_iter().map(PathBuf::from).collect()
    }
}

/// `[Definition]` of `fail2ban.conf` and its layers, with the defaults of the original where absent.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerOptions {
    /// Path of the control socket.
    pub socket: String,
    /// Path of the pid file.
    pub pidfile: String,
    /// `INFO`, …
    pub loglevel: String,
    /// `STDOUT`, a path, …
    pub logtarget: String,
    /// `auto` or a path
    pub syslogsocket: String,
    /// Path of the database, `:memory:` or `None`
    pub dbfile: String,
    /// Age after which rows are purged, as written (`1d`)
    pub dbpurgeage: String,
}

/// What to read, and what overrides it.
#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    /// Only these jails (`reload JAIL`); all enabled ones when empty.
    pub jails: Vec<String>,
    /// Only these keys of `fail2ban.conf` are replaced, as `--loglevel` and its like do.
    pub overrides: Vec<(String, String)>,
    /// A configuration with no `fail2ban.conf`, or no `jail.conf` beside a `jail.d`, is fine (the container's
    /// layout, where only `jail.d`, `filter.d`, `action.d` stand).
    pub lenient_layout: bool,
    /// Values used for keys of `fail2ban.conf` that no file of the directory itself sets (`socket`, `dbfile`, …).
    pub defaults: Vec<(String, String)>,
    /// With `-t`: a jail with an error is an error of the whole.
    pub strict: bool,
    /// A second directory beneath the first, with stock configuration. A file is taken from the directory itself
    /// if it is there, otherwise from this one; the layers of both together are read in the usual order. This is
    /// what the well-known container gets by linking the files of its volume into `/etc/fail2ban`. Only what comes with
    /// the package counts (`filter.d`, `action.d`, `*.conf` beside them): no jail that is switched on there is taken.
    /// `%(fail2ban_confpath)s` is then this directory, since it is stock configuration that uses it.
    pub underlay: Option<PathBuf>,
    /// A jail without log files is kept, with a warning, as `-d` does. Otherwise it is an error of this jail.
    pub allow_missing_logs: bool,
}

/// Reads a configuration directory. All errors are collected; `Err` holds them when nothing can run: a file of
/// `fail2ban` or `jail` can't be read, every enabled jail has errors, or with `strict` any of them has.
pub fn load(base: &Path, options: &LoadOptions) -> Result<Loaded, Vec<Diagnostic>> {
    match load_to_show(base, options) {
        Shown {
            loaded: Some(loaded),
            failed: false,
            diagnostics,
        } => Ok(Loaded { diagnostics, ..loaded }),
        Shown { diagnostics, .. } => Err(diagnostics),
    }
}

/// What there is to show of a configuration, although it may not be good enough to run.
#[derive(Debug)]
pub struct Shown {
    /// What was read, without its diagnostics; in its stream a broken jail is a `config-error`. None when a file of
    /// `fail2ban` or `jail` can't be read.
    pub loaded: Option<Loaded>,
    /// [`load`] would refuse it.
    pub failed: bool,
    /// All that was found.
    pub diagnostics: Vec<Diagnostic>,
}

/// As [`load`], for `-d`: what can't run is shown all the same.
pub fn load_to_show(base: &Path, options: &LoadOptions) -> Shown {
    let mut findings = Findings::default();
    if !base.is_dir() {
        let message = format!("there is no configuration directory `{}`", base.display());
        findings.error(
            None,
            Problem::new(None, 1, message).hint("name another one with `-c DIR`"),
        );
        return Shown {
            loaded: None,
            failed: true,
            diagnostics: findings.into_list(),
        };
    }
    let mut files = Files::new(base, options.underlay.as_deref());
    let config = read(&mut files, "fail2ban", base, options, &mut findings);
    let (server, mut stream) = server::read(&config, options, &mut findings);
    let jails = read(&mut files, "jail", base, options, &mut findings);
    let fatal = findings.has_errors();
    let (jails, unknown) = read_jails(&mut files, &jails, options, &mut findings);

    let (mut globs, mut starts) = (Vec::new(), Vec::new());
    let broken = jails.iter().filter(|jail| jail.broken).count();
    let none_left = broken > 0 && broken == jails.len();
    for jail in jails {
        stream.extend(jail.commands);
        globs.extend(jail.logs);
        if jail.runs {
            let words = ["start".to_owned(), jail.name].map(bantam_wire::Value::from);
            starts.push(Command::new(words.into(), jail.place));
        }
    }
    stream.extend(starts);
    let failed = fatal || unknown || none_left || (options.strict && findings.has_errors());
    let loaded = Loaded {
        server,
        stream,
        globs,
        diagnostics: Vec::new(),
    };
    Shown {
        loaded: (!fatal && !unknown).then_some(loaded),
        failed,
        diagnostics: findings.into_list(),
    }
}

/// Reads only what concerns the server: `fail2ban.conf` and its layers. Where a server is can be told although jails are
/// broken.
pub fn load_server(base: &Path, options: &LoadOptions) -> Result<ServerOptions, Vec<Diagnostic>> {
    let mut findings = Findings::default();
    let mut files = Files::new(base, options.underlay.as_deref());
    let config = read(&mut files, "fail2ban", base, options, &mut findings);
    let (server, _) = server::read(&config, options, &mut findings);
    if findings.has_errors() {
        Err(findings.into_list())
    } else {
        Ok(server)
    }
}

/// Reads `fail2ban` or `jail`. After an error, what is left is still looked at for more.
fn read(files: &mut Files, name: &str, base: &Path, options: &LoadOptions, findings: &mut Findings) -> Rc<Config> {
    match files.read(name) {
        Ok(config) => config,
        Err(ReadError::Broken(problems, config)) => {
            findings.extend(None, problems);
            config
        }
        Err(ReadError::NotFound) => {
            if !options.lenient_layout {
                let message = format!("there is no `{name}.conf` in `{}`", base.display());
                let hint = format!("is this a directory of Fail2ban? It needs `{name}.conf` or `{name}.local`");
                findings.error(None, Problem::new(None, 1, message).hint(hint));
            }
            Rc::default()
        }
    }
}

/// The enabled jails, and whether one was asked for that does not exist.
fn read_jails(files: &mut Files, config: &Config, options: &LoadOptions, findings: &mut Findings) -> (Vec<Jail>, bool) {
    let config = with_constants(config, files);
    let names = jail::names(&config);
    let mut unknown = false;
    for name in options.jails.iter().filter(|name| !names.contains(name)) {
        unknown = true;
        let near = typo::nearest(name, names.iter().map(String::as_str));
        let problem = Problem::new(None, 1, format!("there is no jail `{name}`"))
            .hint("a jail is a section of `jail.local` or of a file in `jail.d`")
            .hint_if(near.map(|near| format!("did you mean `{near}`?")));
        findings.error(Some(name), problem);
    }
    let rules = Rules {
        missing_logs_are_fine: options.allow_missing_logs,
    };
    let asked = names
        .iter()
        .filter(|name| options.jails.is_empty() || options.jails.contains(name));
    let jails: Vec<Jail> = asked
        .filter_map(|name| jail::read(files, &config, name, rules, findings))
        .collect();
    let enabled: Vec<String> = jails.iter().map(|jail| jail.name.clone()).collect();
    for problem in checks::jail_keys(&config, &enabled) {
        findings.warning(None, problem);
    }
    (jails, unknown)
}

/// The configuration with what every jail may refer to.
fn with_constants(config: &Config, files: &Files) -> Config {
    let mut config = config.clone();
    for (key, value) in [
        ("fail2ban_version", FAIL2BAN_VERSION.to_owned()),
        ("fail2ban_confpath", files.confpath()),
    ] {
        config.defaults.insert(key.to_owned(), Text::plain(value));
    }
    config
}

/// A filter as `fail2ban-regex` needs it: its `set` commands with a placeholder jail name.
/// `spec` is `name[args]`; `dir` the `filter.d` it is looked up in, or the path of a file.
pub fn load_filter(base: &Path, spec: &str) -> Result<Vec<Command>, Vec<Diagnostic>> {
    filter::load(base, None, spec)
}

/// As [`load_filter`], with stock configuration beneath (see [`LoadOptions::underlay`]).
pub fn load_filter_over(base: &Path, underlay: &Path, spec: &str) -> Result<Vec<Command>, Vec<Diagnostic>> {
    filter::load(base, Some(underlay), spec)
}

/// Splits a line into words as a shell does, which is how `journalmatch` is read; nothing when a quote or a backslash is
/// left open.
pub fn split_words(line: &str) -> Option<Vec<String>> {
    words::split(line)
}

/// Seconds of a duration such as `1d 2h`, `1h30`, `600`, `-1` (see the original's `--str2sec`).
/// The error says what is wrong.
pub fn seconds(text: &str) -> Result<f64, String> {
    duration::parse(text).map(Seconds::as_f64)
}

/// Options such as `key="<ip>", max-count=100`, in the order in which they were given; the error is in the original's
/// words.
pub fn options(text: &str) -> Result<Vec<(String, String)>, String> {
    let options = arguments::parse_arguments(&text::Text::plain(text)).map_err(|error| error.original)?;
    Ok(options
        .into_iter()
        .map(|(name, value)| (name, value.into_string()))
        .collect())
}

/// As [`seconds`], still knowing whether the number is whole: printed, it is what `--str2sec` prints.
pub fn seconds_exact(text: &str) -> Result<Seconds, String> {
    duration::parse(text)
}
