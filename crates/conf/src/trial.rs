//! Filters and jails as `fail2ban-regex` needs them: their commands without a server, and what its `-vv` shows.

use crate::arguments;
use crate::definition::{Setting, Settings};
use crate::filter;
use crate::findings::Findings;
use crate::jail;
use crate::layers::{Files, ReadError};
use crate::text::Text;
use crate::{Command, Diagnostic, Severity};
use bantam_wire::Value;
use std::path::Path;

/// A filter or jail that is tried.
#[derive(Debug)]
pub struct Trial {
    /// Its `set` commands.
    pub commands: Vec<Command>,
    /// What `logtype`, `datepattern` and the arguments come to, where they come to anything.
    pub options: Vec<(String, Value)>,
}

/// Why there is no trial.
#[derive(Debug)]
pub enum NoTrial {
    /// The filter or jail does not say what it has to.
    Broken(Vec<Diagnostic>),
    /// The files of the jails cannot be read.
    Unreadable(Vec<Diagnostic>),
    /// There is no such jail.
    NoJail,
}

/// Arguments in their order.
pub type Arguments = Vec<(String, String)>;

/// Splits `name[key=value, …]`. The error is in the original's words.
pub fn split_arguments(request: &str) -> Result<(String, Arguments), String> {
    let request = arguments::parse(&Text::plain(request)).map_err(|error| error.original)?;
    let arguments = request.arguments.into_iter();
    Ok((
        request.name.into_string(),
        arguments.map(|(key, value)| (key, value.into_string())).collect(),
    ))
}

/// Reads a filter alone. `name` is looked up in the `filter.d` of `base`, or is the path of a file. By `backend`, `auto` or
/// `systemd`, it knows in which form lines come.
pub fn try_filter(base: &Path, name: &str, arguments: &Arguments, backend: &str) -> Result<Trial, NoTrial> {
    let mut findings = Findings::default();
    let request = arguments::Request {
        name: Text::plain(name),
        arguments: arguments
            .iter()
            .map(|(key, value)| (key.clone(), Text::plain(value)))
            .collect(),
    };
    let trial =
        filter::read_request(base, None, request, backend, &mut findings).map(|(filter, settings, commands)| Trial {
            options: shown(&settings, arguments, &mut |key| filter.own_value(key)),
            commands,
        });
    finish(trial, findings)
}

/// Reads a jail, enabled or not, with arguments for its filter.
pub fn try_jail(base: &Path, name: &str, arguments: &Arguments, backend: &str) -> Result<Trial, NoTrial> {
    let mut findings = Findings::default();
    let mut files = Files::new(base, None);
    let config = match files.read("jail") {
        Ok(config) => config,
        Err(ReadError::NotFound) => return Err(NoTrial::NoJail),
        Err(ReadError::Broken(problems, _)) => {
            findings.extend(None, problems);
            return Err(NoTrial::Unreadable(findings.into_list()));
        }
    };
    let config = crate::with_constants(&config, &files);
    if !jail::names(&config).iter().any(|known| known == name) {
        return Err(NoTrial::NoJail);
    }
    let mut given: Settings = arguments
        .iter()
        .map(|(key, value)| (key.clone(), Setting::Text(Text::plain(value))))
        .collect();
    given.insert("backend".to_owned(), Setting::Text(Text::plain(backend)));
    let trial = jail::read_forced(&mut files, &config, name, given, &mut findings);
    let trial = trial.map(|(commands, settings, mut filter)| {
        let mut wanted = arguments.clone();
        if !wanted.iter().any(|(key, _)| key == "backend") {
            wanted.push(("backend".to_owned(), String::new()));
        }
        Trial {
            options: shown(&settings, &wanted, &mut |key| match &mut filter {
                Some(filter) => filter.own_value(key),
                None => Some(Value::None),
            }),
            commands,
        }
    });
    finish(trial, findings)
}

fn finish(trial: Option<Trial>, findings: Findings) -> Result<Trial, NoTrial> {
    let list = findings.into_list();
    match trial {
        Some(trial) if !list.iter().any(|finding| finding.severity == Severity::Error) => Ok(trial),
        _ => Err(NoTrial::Broken(list)),
    }
}

/// The options that are of interest, by their final values or what the definition itself says.
fn shown(
    settings: &Settings,
    arguments: &Arguments,
    own: &mut dyn FnMut(&str) -> Option<Value>,
) -> Vec<(String, Value)> {
    let mut options: Vec<(String, Value)> = Vec::new();
    let wanted = ["logtype", "datepattern"].into_iter();
    for key in wanted.chain(arguments.iter().map(|(key, _)| key.as_str())) {
        let value = match settings.get(key) {
            Some(setting) => Some(setting.to_value()),
            None => own(key),
        };
        if let Some(value) = value
            && !options.iter().any(|(known, _)| known == key)
        {
            options.push((key.to_owned(), value));
        }
    }
    options
}
