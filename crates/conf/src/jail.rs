//! Jails: one section of the `jail` files with its filter and its actions, turned into commands.

use crate::action::{self, Action};
use crate::arguments::{self, Request};
use crate::checks;
use crate::definition::{Definition, Kind, Known, Setting, Settings, not_a_number, vars};
use crate::filter;
use crate::findings::{Findings, Problem};
use crate::ini::DEFAULT;
use crate::interpolate::{self, Missing, Vars};
use crate::layers::{Config, Files, ReadError};
use crate::python::{self, quoted};
use crate::text::Text;
use crate::{Command, LogPattern, Place, paths, secret};
use bantam_wire::Value;
use std::collections::HashMap;
use std::path::Path;

/// What has to be known before the filter is read.
const FIRST: Known = &[
    ("enabled", Kind::Bool),
    ("backend", Kind::Text),
    ("filter", Kind::Text),
];

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

/// Options that tell the reader what to do and are not sent on.
const NOT_SENT: &[&str] = &[
    "enabled",
    "backend",
    "filter",
    "action",
    "skip_if_nologs",
    "systemd_if_nologs",
    "logpath",
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

/// A jail can't run. What is wrong was added to the findings; this is what the server is told.
#[derive(Debug)]
struct Broken(String);

const SEE_FINDINGS: &str = "the configuration has errors";

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

fn skipped(jail: &str, why: &str, place: Option<Place>) -> Command {
    let text = format!(
        "Jail '{jail}' skipped, because of wrong configuration: {}",
        secret::mask(why)
    );
    Command::new(vec![Value::from("config-error"), Value::from(text)], place)
}

struct Reader<'a> {
    files: &'a mut Files,
    config: &'a Config,
    name: &'a str,
    rules: Rules,
    findings: &'a mut Findings,
    place: Option<Place>,
    logs: Vec<LogPattern>,
}

impl Reader<'_> {
    /// Reads the options that decide whether and how to go on; nothing when the jail is not enabled.
    fn first(&mut self) -> Option<Result<Settings, Broken>> {
        let mut settings = Settings::new();
        let mut problems = Vec::new();
        for (key, kind) in FIRST {
            match self.option(key, *kind, &Vars::default()) {
                Ok(Some(setting)) => drop(settings.insert((*key).to_owned(), setting)),
                Ok(None) => {}
                Err(problem) => problems.push(*problem),
            }
        }
        if let Some(problem) = checks::truth(self.config, self.name, "enabled") {
            self.findings.warning(Some(self.name), problem);
        }
        match settings.get("enabled") {
            Some(Setting::Bool(true, _)) => {}
            Some(_) => return None,
            None => {
                self.findings.extend(Some(self.name), problems);
                return Some(Err(Broken(SEE_FINDINGS.to_owned())));
            }
        }
        if problems.is_empty() {
            return Some(Ok(settings));
        }
        self.findings.extend(Some(self.name), problems);
        Some(Err(Broken(SEE_FINDINGS.to_owned())))
    }

    /// One option of this jail's section.
    fn option(&self, key: &str, kind: Kind, known: &Vars) -> Result<Option<Setting>, Box<Problem>> {
        match interpolate::get(self.config, self.name, key, known) {
            Ok(text) => match Setting::convert(text.clone(), kind) {
                Some(setting) => Ok(Some(setting)),
                None => Err(Box::new(not_a_number(key, &text))),
            },
            Err(Missing::NoOption | Missing::NoSection) => Ok(fallback(key)),
            Err(Missing::Broken(problem)) => Err(problem),
        }
    }

    fn fail(&mut self, problem: Problem) -> Broken {
        self.findings.error(Some(self.name), problem);
        Broken(SEE_FINDINGS.to_owned())
    }

    /// All commands of the jail but its `start`.
    fn commands(&mut self, first: &Settings) -> Result<Vec<Command>, Broken> {
        let mut broken = None;
        let mut filter = match self.filter(first) {
            Ok(filter) => filter,
            Err(error) => {
                broken = Some(error);
                None
            }
        };
        let known = match filter.as_mut().map(|filter| self.known(filter)) {
            Some(Ok(known)) => known,
            Some(Err(error)) => {
                broken = broken.or(Some(error));
                None
            }
            None => None,
        };
        // Without the filter's values, references to them would only be errors that follow from the first.
        let tolerate_known = broken.is_some();
        let settings = self.settings(&known.unwrap_or_default(), tolerate_known, &mut broken);
        if let Some(filter) = filter.as_mut() {
            for problem in filter.read(&settings, false) {
                broken = Some(self.fail(problem));
            }
        }
        let actions = self.actions(&settings, &mut broken);
        let stream = self.stream(filter.as_mut(), &settings, actions, &mut broken);
        match broken {
            Some(broken) => Err(broken),
            None => stream,
        }
    }

    /// The filter that the jail asks for.
    fn filter(&mut self, first: &Settings) -> Result<Option<Definition>, Broken> {
        let asked = first
            .get("filter")
            .and_then(Setting::to_text)
            .unwrap_or_default();
        if asked.is_empty() {
            let place = asked.home().or(self.place.clone());
            let problem = Problem::new(place, 1, format!("jail `{}` has no filter", self.name))
                .hint("without one it only knows bans by hand; add `filter = name`");
            self.findings.warning(Some(self.name), problem);
            return Ok(None);
        }
        let request = arguments::parse(&asked).map_err(|error| {
            self.findings.error(Some(self.name), error.problem.clone());
            let asked = secret::mask(asked.as_str());
            Broken(format!(
                "Invalid filter definition {}: {}",
                quoted(&asked),
                secret::mask(&error.original)
            ))
        })?;
        let config = match self
            .files
            .read(&file_name("filter.d", request.name.as_str()))
        {
            Ok(config) => config,
            Err(error) => {
                let problems = match error {
                    ReadError::Broken(problems, _) => problems,
                    ReadError::NotFound => vec![filter::not_found(
                        self.files,
                        "filter",
                        "filter.d",
                        &request.name,
                    )],
                };
                self.findings.extend(Some(self.name), problems);
                return Err(Broken(format!(
                    "Unable to read the filter {}",
                    quoted(request.name.as_str())
                )));
            }
        };
        for problem in checks::definition_keys(&config, filter::OPTIONS) {
            self.findings.warning(Some(self.name), problem);
        }
        let mut definition = Definition::new(config, filter::OPTIONS, filter::as_settings(request));
        let backend = first
            .get("backend")
            .and_then(Setting::to_text)
            .unwrap_or_default();
        definition.set_logtype(backend.as_str());
        let mut broken = None;
        for problem in definition.read(first, true) {
            broken = Some(self.fail(problem));
        }
        broken.map_or(Ok(Some(definition)), Err)
    }

    /// The filter's settings, as the jail sees them under `known/`.
    fn known(&mut self, filter: &mut Definition) -> Result<Option<Vars>, Broken> {
        let (settings, wrong) = filter
            .combined(&[])
            .map_err(|problem| self.fail(*problem))?;
        for problem in wrong {
            self.findings.warning(Some(self.name), problem);
        }
        let own = settings
            .into_iter()
            .filter(|(key, _)| !key.starts_with("known/"));
        Ok(Some(vars(
            &own.map(|(key, value)| (format!("known/{key}"), value))
                .collect(),
        )))
    }

    /// All options of the jail.
    fn settings(
        &mut self,
        known: &Vars,
        tolerate_known: bool,
        broken: &mut Option<Broken>,
    ) -> Settings {
        let mut settings = Settings::new();
        for (key, kind) in OPTIONS {
            match self.option(key, *kind, known) {
                Ok(Some(setting)) => {
                    if let Some(problem) = checks::value(key, &setting) {
                        *broken = Some(self.fail(problem));
                    }
                    settings.insert((*key).to_owned(), setting);
                }
                Ok(None) => {}
                Err(problem) if tolerate_known && problem.message.contains("%(known/") => {}
                Err(problem) => *broken = Some(self.fail(*problem)),
            }
            if *kind == Kind::Bool
                && let Some(problem) = checks::truth(self.config, self.name, key)
            {
                self.findings.warning(Some(self.name), problem);
            }
        }
        settings
    }

    /// The actions that the jail asks for.
    fn actions(&mut self, settings: &Settings, broken: &mut Option<Broken>) -> Vec<Action> {
        let list = settings
            .get("action")
            .and_then(Setting::to_text)
            .unwrap_or_default();
        let mut actions = Vec::new();
        let mut names: HashMap<String, ()> = HashMap::new();
        for asked in self.requests(&list) {
            match self.action(&asked.stripped(), settings) {
                Ok(action) => {
                    if let Action::Shell { name, place, .. } = &action
                        && names.insert(name.clone(), ()).is_some()
                    {
                        let message = format!("the action `{name}` stands twice in this jail");
                        let problem = Problem::new(place.clone(), name.chars().count(), message)
                            .hint("tell them apart by an argument, such as `[name=second]` or `[actname=second]`");
                        self.findings.warning(Some(self.name), problem);
                    }
                    actions.push(action);
                }
                Err(error) => *broken = broken.take().or(Some(error)),
            }
        }
        if actions.is_empty() && broken.is_none() {
            let place = list.home().or(self.place.clone());
            let problem = Problem::new(place, 1, format!("jail `{}` has no action", self.name))
                .hint("it counts failures but blocks nobody; add `action = name`");
            self.findings.warning(Some(self.name), problem);
        }
        actions
    }

    /// The entries of the list.
    fn requests(&self, list: &Text) -> Vec<Text> {
        let plain = arguments::split(list);
        let readable = plain.iter().all(|asked| arguments::parse(asked).is_ok());
        if readable {
            plain
        } else {
            arguments::split_for_people(list)
        }
    }

    fn action(&mut self, asked: &Text, settings: &Settings) -> Result<Action, Broken> {
        let request: Request = arguments::parse(asked).map_err(|error| {
            self.findings.error(Some(self.name), error.problem.clone());
            // The original stumbles over the first word already, and says so.
            let first = arguments::split(asked)
                .into_iter()
                .next()
                .unwrap_or_default();
            let (asked, why) = match arguments::parse(&first) {
                Err(first_error) => (&first, first_error.original),
                Ok(_) => (asked, error.original.clone()),
            };
            let asked = secret::mask(asked.as_str());
            Broken(format!(
                "Invalid action definition {}: {}",
                quoted(&asked),
                secret::mask(&why)
            ))
        })?;
        if request.name.as_str().ends_with(".py") {
            return Ok(action::python(self.files, self.name, request));
        }
        let config = match self
            .files
            .read(&file_name("action.d", request.name.as_str()))
        {
            Ok(config) => config,
            Err(error) => {
                let problems = match error {
                    ReadError::Broken(problems, _) => problems,
                    ReadError::NotFound => vec![filter::not_found(
                        self.files,
                        "action",
                        "action.d",
                        &request.name,
                    )],
                };
                self.findings.extend(Some(self.name), problems);
                return Err(Broken(format!(
                    "Unable to read action {}",
                    quoted(request.name.as_str())
                )));
            }
        };
        for problem in checks::definition_keys(&config, action::OPTIONS) {
            self.findings.warning(Some(self.name), problem);
        }
        let mut action = action::shell(config, self.name, request);
        let mut broken = None;
        for problem in action.read(settings) {
            broken = Some(self.fail(problem));
        }
        broken.map_or(Ok(action), Err)
    }

    /// Puts the commands in the order in which a server needs them.
    fn stream(
        &mut self,
        filter: Option<&mut Definition>,
        settings: &Settings,
        actions: Vec<Action>,
        broken: &mut Option<Broken>,
    ) -> Result<Vec<Command>, Broken> {
        let mut stream = Vec::new();
        if let Some(filter) = filter {
            let filled = filter
                .combined(&[])
                .and_then(|(options, _)| filter::fill(&mut stream, &options, self.name));
            if let Err(problem) = filled {
                *broken = Some(self.fail(*problem));
            }
        }
        if let Err(problem) = filter::fill(&mut stream, settings, self.name) {
            *broken = Some(self.fail(*problem));
        }
        for (key, setting) in settings {
            if key == "ignoreip" {
                let text = setting.to_text().unwrap_or_default();
                let words = std::iter::once("addignoreip")
                    .chain(python::split_words(text.as_str()))
                    .map(Value::from);
                stream.push(Command::set(self.name, words, setting.place()));
            } else if !NOT_SENT.contains(&key.as_str())
                && !filter::OPTIONS.iter().any(|(option, _)| option == key)
            {
                let words = [Value::from(key.as_str()), setting.to_value()];
                stream.push(Command::set(self.name, words, setting.place()));
            }
        }
        let mut backend = settings
            .get("backend")
            .and_then(Setting::to_text)
            .unwrap_or_default()
            .into_string();
        match self.log_files(settings, &mut backend) {
            Ok(Logs::Files(commands)) => stream.extend(commands),
            Ok(Logs::Skip(command)) => return Ok(vec![command]),
            Err(error) => *broken = Some(error),
        }
        for mut action in actions {
            match action.commands(self.name) {
                Ok(commands) => stream.extend(commands),
                Err(problem) => *broken = Some(self.fail(*problem)),
            }
        }
        let add = ["add", self.name, backend.as_str()]
            .into_iter()
            .map(Value::from)
            .collect();
        stream.insert(0, Command::new(add, self.place.clone()));
        Ok(stream)
    }

    /// The log files that exist now. Without any, the jail runs on the journal, is left out, or is an error.
    fn log_files(&mut self, settings: &Settings, backend: &mut String) -> Result<Logs, Broken> {
        let none = Logs::Files(Vec::new());
        let Some(list) = settings.get("logpath").and_then(Setting::to_text) else {
            return Ok(none);
        };
        if backend.starts_with("systemd") {
            return Ok(none);
        }
        let mut commands = Vec::new();
        for line in list.lines() {
            let (path, tail) = line
                .as_str()
                .rsplit_once(' ')
                .unwrap_or((line.as_str(), "head"));
            if path.is_empty() {
                continue;
            }
            let place = line.home();
            let found = paths::expand(path);
            for path in found.dangling {
                let problem = Problem::new(
                    place.clone(),
                    line.as_str().chars().count(),
                    format!("`{path}` is a link to a file that does not exist"),
                );
                self.findings.warning(Some(self.name), problem);
            }
            for path in found.files {
                let words = ["addlogpath", &path, tail].map(Value::from);
                commands.push(Command::set(self.name, words, place.clone()));
            }
            let (path, tail) = (path.to_owned(), tail.to_owned());
            self.logs.push(LogPattern {
                jail: self.name.to_owned(),
                path,
                tail,
                place,
            });
        }
        if !commands.is_empty() {
            return Ok(Logs::Files(commands));
        }
        let is = |key: &str| {
            settings
                .get(key)
                .is_some_and(|setting| matches!(setting, Setting::Bool(true, _)))
        };
        let to_journal = backend.starts_with("auto")
            && is("systemd_if_nologs")
            && settings.contains_key("journalmatch");
        let skip = is("skip_if_nologs") && !to_journal;
        if to_journal {
            *backend = "systemd".to_owned();
            self.logs.clear();
        }
        self.no_logs(
            &list,
            to_journal || skip || self.rules.missing_logs_are_fine,
            to_journal,
        )?;
        if skip {
            self.logs.clear();
            let text = format!(
                "Jail '{}' skipped, because of missing log files.",
                self.name
            );
            let words = vec![Value::from("config-error"), Value::from(text)];
            return Ok(Logs::Skip(Command::new(words, list.home())));
        }
        Ok(none)
    }

    fn no_logs(&mut self, list: &Text, fine: bool, to_journal: bool) -> Result<(), Broken> {
        let line = list
            .lines()
            .into_iter()
            .find(|line| !line.is_empty())
            .unwrap_or_else(|| list.clone());
        let message = if to_journal {
            format!(
                "there is no log file for jail `{}`, it reads the systemd journal instead",
                self.name
            )
        } else {
            format!("there is no log file for jail `{}`", self.name)
        };
        let problem = Problem::new(line.home(), line.as_str().chars().count(), message)
            .hint("check the path, or set `skip_if_nologs = true` to go on without this jail");
        if fine {
            self.findings.warning(Some(self.name), problem);
            return Ok(());
        }
        self.findings.error(Some(self.name), problem);
        Err(Broken(format!(
            "Have not found any log file for '{}' jail.",
            self.name
        )))
    }
}

enum Logs {
    Files(Vec<Command>),
    Skip(Command),
}

/// The file of a filter or action, with the folder it is looked for in. A path from `./` on counts from the
/// working directory.
fn file_name(folder: &str, name: &str) -> String {
    if name.starts_with("./") {
        return std::path::absolute(name).map_or_else(
            |_| name.to_owned(),
            |path| path.to_string_lossy().into_owned(),
        );
    }
    Path::new(folder).join(name).to_string_lossy().into_owned()
}

/// Names of the sections that are jails, in the order of the files.
pub(crate) fn names(config: &Config) -> Vec<String> {
    let is_jail = |name: &&String| {
        *name != crate::layers::INCLUDES && *name != DEFAULT && !name.starts_with("KNOWN/")
    };
    config.sections.keys().filter(is_jail).cloned().collect()
}
