//! Jails: one section of the `jail` files with its filter and its actions, turned into commands.
//!
//! `reader` reads what the jail says and asks for, `stream` makes commands of it and looks for the log files.

mod reader;
mod stream;

use crate::definition::{Definition, Kind, Known, Setting, Settings};
use crate::findings::Findings;
use crate::ini::DEFAULT;
use crate::layers::{Config, Files};
use crate::text::Text;
use crate::{Command, LogPattern, Place, secret};
use bantam_wire::Value;
use reader::{Broken, Reader};

/// All options of a jail, in the order in which they are read and sent. The filter's own come last.
pub(crate) const OPTIONS: Known = &[
    ("enabled", Kind::Bool),
    ("backend", Kind::Text),
    ("maxretry", Kind::Int),
    ("maxmatches", Kind::Int),
    ("findtime", Kind::Text),
    ("bantime", Kind::Text),
    ("bantime.increment", Kind::Bool),
    ("bantime.factor", Kind::Text),
    ("bantime.formula", Kind::Text),
    ("bantime.multipliers", Kind::Text),
    ("bantime.maxtime", Kind::Text),
    ("bantime.rndtime", Kind::Text),
    ("bantime.overalljails", Kind::Bool),
    ("ignorecommand", Kind::Text),
    ("ignoreself", Kind::Bool),
    ("ignoreip", Kind::Text),
    ("ignorecache", Kind::Text),
    ("filter", Kind::Text),
    ("logtimezone", Kind::Text),
    ("logencoding", Kind::Text),
    ("logpath", Kind::Text),
    ("skip_if_nologs", Kind::Bool),
    ("systemd_if_nologs", Kind::Bool),
    ("action", Kind::Text),
    ("usedns", Kind::Text),
    ("prefregex", Kind::Text),
    ("ignoreregex", Kind::Text),
    ("failregex", Kind::Text),
    ("maxlines", Kind::Int),
    ("datepattern", Kind::Text),
    ("journalmatch", Kind::Text),
];

/// The value of an option that no file sets.
fn fallback(key: &str) -> Option<Setting> {
    match key {
        "enabled" | "skip_if_nologs" => Some(Setting::Bool(false, None)),
        "systemd_if_nologs" => Some(Setting::Bool(true, None)),
        "backend" => Some(Setting::Text(Text::plain("auto"))),
        "filter" | "action" => Some(Setting::Text(Text::default())),
        _ => None,
    }
}

/// What is asked of all jails.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// A jail without log files is kept.
    pub(crate) missing_logs_are_fine: bool,
}

/// A jail that is enabled.
#[derive(Debug)]
pub(crate) struct Jail {
    pub(crate) name: String,
    pub(crate) commands: Vec<Command>,
    pub(crate) logs: Vec<LogPattern>,
    /// It has errors; `commands` say so.
    pub(crate) broken: bool,
    /// It is to be started. A jail that has no log files may be left out without being broken.
    pub(crate) runs: bool,
    pub(crate) place: Option<Place>,
}

/// Reads one section; nothing when it is not enabled.
pub(crate) fn read(
    files: &mut Files,
    config: &Config,
    name: &str,
    rules: Rules,
    findings: &mut Findings,
) -> Option<Jail> {
    let place = config.headers.get(name).cloned();
    let mut reader = Reader {
        files,
        config,
        name,
        rules,
        findings,
        place: place.clone(),
        logs: Vec::new(),
        forced: None,
        combined: None,
    };
    let first = reader.first()?;
    let (commands, broken) = match first.and_then(|first| reader.commands(&first)) {
        Ok(commands) => (commands, false),
        Err(Broken(why)) => (vec![skipped(name, &why, place.clone())], true),
    };
    let logs = if broken { Vec::new() } else { reader.logs };
    let runs = !commands
        .iter()
        .any(|command| command.words.first() == Some(&Value::from("config-error")));
    Some(Jail {
        name: name.to_owned(),
        commands,
        logs,
        broken,
        runs,
        place,
    })
}

/// A jail's commands, all its options with those of its filter, and the filter.
pub(crate) type Forced = (Vec<Command>, Settings, Option<Definition>);

/// Reads one section, enabled or not and with or without log files. Its filter gets the arguments.
pub(crate) fn read_forced(
    files: &mut Files,
    config: &Config,
    name: &str,
    arguments: Settings,
    findings: &mut Findings,
) -> Option<Forced> {
    let rules = Rules {
        missing_logs_are_fine: true,
    };
    let mut reader = Reader {
        files,
        config,
        name,
        rules,
        findings,
        place: config.headers.get(name).cloned(),
        logs: Vec::new(),
        forced: Some(arguments),
        combined: None,
    };
    let first = reader.first()?.ok()?;
    let commands = reader.commands(&first).ok()?;
    let (settings, filter) = reader.combined.take()?;
    Some((commands, settings, filter))
}

fn skipped(jail: &str, why: &str, place: Option<Place>) -> Command {
    let text = format!(
        "Jail '{jail}' skipped, because of wrong configuration: {}",
        secret::mask(why)
    );
    Command::new(vec![Value::from("config-error"), Value::from(text)], place)
}

/// Names of the sections that are jails, in the order of the files.
pub(crate) fn names(config: &Config) -> Vec<String> {
    let is_jail = |name: &&String| *name != crate::layers::INCLUDES && *name != DEFAULT && !name.starts_with("KNOWN/");
    config.sections.keys().filter(is_jail).cloned().collect()
}
