//! The commands of a jail, in the order in which a server needs them, and the log files that exist.

use super::reader::{Broken, Reader};
use crate::action::Action;
use crate::definition::{Definition, Setting, Settings};
use crate::filter;
use crate::findings::Problem;
use crate::text::Text;
use crate::{Command, LogPattern, paths, python};
use bantam_wire::Value;

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

impl Reader<'_> {
    /// Puts the commands in the order in which a server needs them.
    pub(super) fn stream(
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
                broken.get_or_insert(self.fail(*problem));
            }
        }
        if let Err(problem) = filter::fill(&mut stream, settings, self.name) {
            broken.get_or_insert(self.fail(*problem));
        }
        for (key, setting) in settings {
            if key == "ignoreip" {
                let text = setting.to_text().unwrap_or_default();
                let words = std::iter::once("addignoreip")
                    .chain(python::split_words(text.as_str()))
                    .map(Value::from);
                stream.push(Command::set(self.name, words, setting.place()));
            } else if !NOT_SENT.contains(&key.as_str()) && !filter::OPTIONS.iter().any(|(option, _)| option == key) {
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
            Err(error) => drop(broken.get_or_insert(error)),
        }
        for mut action in actions {
            match action.commands(self.name) {
                Ok(commands) => stream.extend(commands),
                Err(problem) => drop(broken.get_or_insert(self.fail(*problem))),
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
            let (path, tail) = line.as_str().rsplit_once(' ').unwrap_or((line.as_str(), "head"));
            if path.is_empty() {
                continue;
            }
            let place = line.home();
            let found = paths::expand(path);
            if found.given_up {
                let problem = Problem::new(
                    place,
                    line.as_str().chars().count(),
                    format!("`{path}` goes through too many files"),
                )
                .hint("write the names of folders, and `*` only where they differ");
                return Err(self.fail(problem));
            }
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
        let to_journal =
            backend.starts_with("auto") && is("systemd_if_nologs") && settings.contains_key("journalmatch");
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
            let text = format!("Jail '{}' skipped, because of missing log files.", self.name);
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
        Err(Broken(format!("Have not found any log file for '{}' jail.", self.name)))
    }
}

enum Logs {
    Files(Vec<Command>),
    Skip(Command),
}
