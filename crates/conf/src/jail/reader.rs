//! What a jail says: its options, the filter and the actions that it asks for.

use super::{OPTIONS, Rules, fallback};
use crate::action::{self, Action};
use crate::arguments::{self, Request};
use crate::checks;
use crate::definition::{Definition, Kind, Known, Setting, Settings, not_a_number, vars};
use crate::filter;
use crate::findings::{Findings, Problem};
use crate::interpolate::{self, Missing, Vars};
use crate::layers::{Config, Files, ReadError};
use crate::python::quoted;
use crate::text::Text;
use crate::{Command, LogPattern, Place, secret};
use std::collections::HashSet;
use std::path::Path;

/// What has to be known before the filter is read.
const FIRST: Known = &[("enabled", Kind::Bool), ("backend", Kind::Text), ("filter", Kind::Text)];

/// A jail can't run. What is wrong was added to the findings; this is what the server is told.
#[derive(Debug)]
pub(super) struct Broken(pub(super) String);

const SEE_FINDINGS: &str = "the configuration has errors";

pub(super) struct Reader<'a> {
    pub(super) files: &'a mut Files,
    pub(super) config: &'a Config,
    pub(super) name: &'a str,
    pub(super) rules: Rules,
    pub(super) findings: &'a mut Findings,
    pub(super) place: Option<Place>,
    pub(super) logs: Vec<LogPattern>,
    /// The jail is only tried: these are further arguments of its filter, and it need not be enabled.
    pub(super) forced: Option<Settings>,
    /// Of a jail that is only tried: all options with those of the filter, and the filter.
    pub(super) combined: Option<(Settings, Option<Definition>)>,
}

impl Reader<'_> {
    /// Reads the options that decide whether and how to go on; nothing when the jail is not enabled.
    pub(super) fn first(&mut self) -> Option<Result<Settings, Broken>> {
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
            Some(_) if self.forced.is_some() => {}
            Some(_) => return None,
            None => {
                self.findings.extend(Some(self.name), problems);
                return Some(Err(Broken(SEE_FINDINGS.to_owned())));
            }
        }
        if problems.is_empty() {
            settings.extend(self.forced.clone().unwrap_or_default());
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

    pub(super) fn fail(&mut self, problem: Problem) -> Broken {
        self.findings.error(Some(self.name), problem);
        Broken(SEE_FINDINGS.to_owned())
    }

    /// All commands of the jail but its `start`.
    pub(super) fn commands(&mut self, first: &Settings) -> Result<Vec<Command>, Broken> {
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
                broken.get_or_insert(self.fail(problem));
            }
        }
        let actions = self.actions(&settings, &mut broken);
        let stream = self.stream(filter.as_mut(), &settings, actions, &mut broken);
        if self.forced.is_some() {
            let mut all = settings;
            if let Some(Ok((options, _))) = filter.as_mut().map(|filter| filter.combined(&[])) {
                all.extend(options);
            }
            self.combined = Some((all, filter));
        }
        match broken {
            Some(broken) => Err(broken),
            None => stream,
        }
    }

    /// The filter that the jail asks for.
    fn filter(&mut self, first: &Settings) -> Result<Option<Definition>, Broken> {
        let asked = first.get("filter").and_then(Setting::to_text).unwrap_or_default();
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
        let config = match self.files.read(&file_name("filter.d", request.name.as_str())) {
            Ok(config) => config,
            Err(error) => {
                let problems = match error {
                    ReadError::Broken(problems, _) => problems,
                    ReadError::NotFound => vec![filter::not_found(self.files, "filter", "filter.d", &request.name)],
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
        let mut arguments = filter::as_settings(request);
        arguments.extend(self.forced.clone().unwrap_or_default());
        let mut definition = Definition::new(config, filter::OPTIONS, arguments);
        let backend = first.get("backend").and_then(Setting::to_text).unwrap_or_default();
        definition.set_logtype(backend.as_str());
        let mut broken = None;
        for problem in definition.read(first, true) {
            broken = Some(self.fail(problem));
        }
        broken.map_or(Ok(Some(definition)), Err)
    }

    /// The filter's settings, as the jail sees them under `known/`.
    fn known(&mut self, filter: &mut Definition) -> Result<Option<Vars>, Broken> {
        let (settings, wrong) = filter.combined(&[]).map_err(|problem| self.fail(*problem))?;
        for problem in wrong {
            self.findings.warning(Some(self.name), problem);
        }
        let own = settings.into_iter().filter(|(key, _)| !key.starts_with("known/"));
        Ok(Some(vars(
            &own.map(|(key, value)| (format!("known/{key}"), value)).collect(),
        )))
    }

    /// All options of the jail.
    fn settings(&mut self, known: &Vars, tolerate_known: bool, broken: &mut Option<Broken>) -> Settings {
        let mut settings = Settings::new();
        for (key, kind) in OPTIONS {
            match self.option(key, *kind, known) {
                Ok(Some(setting)) => {
                    if let Some(problem) = checks::value(key, &setting) {
                        broken.get_or_insert(self.fail(problem));
                    }
                    settings.insert((*key).to_owned(), setting);
                }
                Ok(None) => {}
                Err(problem) if tolerate_known && problem.message.contains("%(known/") => {}
                Err(problem) => drop(broken.get_or_insert(self.fail(*problem))),
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
        let list = settings.get("action").and_then(Setting::to_text).unwrap_or_default();
        let mut actions = Vec::new();
        let mut names = HashSet::new();
        for asked in self.requests(&list) {
            match self.action(&asked.stripped(), settings) {
                Ok(action) => {
                    if let Action::Shell { name, place, .. } = &action
                        && !names.insert(name.clone())
                    {
                        let message = format!("the action `{name}` stands twice in this jail");
                        let problem = Problem::new(place.clone(), name.chars().count(), message)
                            .hint("tell them apart by an argument, such as `[name=second]` or `[actname=second]`");
                        self.findings.warning(Some(self.name), problem);
                    }
                    actions.push(action);
                }
                Err(error) => drop(broken.get_or_insert(error)),
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
            let first = arguments::split(asked).into_iter().next().unwrap_or_default();
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
            if let Some(problem) = action::naked_password(&request) {
                self.findings.warning(Some(self.name), problem);
            }
            return Ok(action::python(self.files, self.name, request));
        }
        let config = match self.files.read(&file_name("action.d", request.name.as_str())) {
            Ok(config) => config,
            Err(error) => {
                let problems = match error {
                    ReadError::Broken(problems, _) => problems,
                    ReadError::NotFound => vec![filter::not_found(self.files, "action", "action.d", &request.name)],
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
}

/// The file of a filter or action, with the folder it is looked for in. A path from `./` on counts from the
/// working directory.
fn file_name(folder: &str, name: &str) -> String {
    if name.starts_with("./") {
        return std::path::absolute(name).map_or_else(|_| name.to_owned(), |path| path.to_string_lossy().into_owned());
    }
    Path::new(folder).join(name).to_string_lossy().into_owned()
}
