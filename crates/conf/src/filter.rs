//! Filters: which commands a filter's settings become, for a jail or for a trial on a log.

use crate::arguments;
use crate::definition::{Definition, Kind, Known, Setting, Settings};
use crate::findings::{Findings, Problem};
use crate::layers::{Files, ReadError};
use crate::text::Text;
use crate::typo;
use crate::words;
use crate::{Command, Diagnostic, Severity};
use bantam_wire::Value;
use std::path::{Path, PathBuf};

/// A filter's options.
pub(crate) const OPTIONS: Known = &[
    ("usedns", Kind::Text),
    ("prefregex", Kind::Text),
    ("ignoreregex", Kind::Text),
    ("failregex", Kind::Text),
    ("maxlines", Kind::Int),
    ("datepattern", Kind::Text),
    ("journalmatch", Kind::Text),
];

/// The jail that [`load`] makes up.
const TRIAL: &str = "fail2ban-regex-jail";

/// Adds the commands of filter options to a stream. `usedns` comes first of all, then `maxlines` and `prefregex`,
/// since expressions are compiled with them; options given later in `settings` keep their order.
pub(crate) fn fill(stream: &mut Vec<Command>, settings: &Settings, jail: &str) -> Result<(), Box<Problem>> {
    let mut first = 0;
    for (key, setting) in settings {
        if *setting == Setting::None {
            continue;
        }
        match key.as_str() {
            "failregex" | "ignoreregex" => stream.extend(expressions(key, setting, jail)),
            "usedns" | "maxlines" | "prefregex" => {
                let at = if key == "usedns" { 0 } else { first };
                let command = Command::set(jail, [Value::from(key.as_str()), setting.to_value()], setting.place());
                stream.insert(at.min(stream.len()), command);
                first += 1;
            }
            "datepattern" => {
                stream.push(Command::set(
                    jail,
                    [Value::from(key.as_str()), setting.to_value()],
                    setting.place(),
                ));
            }
            "journalmatch" => {
                let text = setting.to_text().unwrap_or_default();
                for line in text.lines().iter().filter(|line| !line.is_empty()) {
                    stream.push(journal_match(line, jail)?);
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// One command for all expressions of an option. Each keeps the place of its own line.
fn expressions(key: &str, setting: &Setting, jail: &str) -> Option<Command> {
    let text = setting.to_text()?;
    let lines: Vec<Text> = text.lines().into_iter().filter(|line| !line.is_empty()).collect();
    let method = format!("add{key}");
    let places = lines.iter().map(Text::home).collect();
    let mut command = match lines.as_slice() {
        [] => return None,
        [line] => Command::set(jail, [Value::from(method), Value::from(line.as_str())], line.home()),
        [first, ..] => {
            let list = lines.iter().map(|line| Value::from(line.as_str())).collect();
            let words = vec![
                Value::from("multi-set"),
                Value::from(jail),
                Value::from(method),
                Value::List(list),
            ];
            Command::new(words, first.home())
        }
    };
    command.line_places = places;
    Some(command)
}

fn journal_match(line: &Text, jail: &str) -> Result<Command, Box<Problem>> {
    let words = words::split(line.as_str()).ok_or_else(|| {
        Problem::new(
            line.home(),
            line.as_str().chars().count(),
            "a quote in this `journalmatch` is not closed",
        )
        .hint("put every quote in pairs, or a backslash before it")
    })?;
    let words = std::iter::once("addjournalmatch".to_owned())
        .chain(words)
        .map(Value::from);
    Ok(Command::set(jail, words, line.home()))
}

/// Arguments as the first settings of a definition.
pub(crate) fn as_settings(request: arguments::Request) -> Settings {
    request
        .arguments
        .into_iter()
        .map(|(key, value)| (key, Setting::Text(value)))
        .collect()
}

/// Says that there is no filter or action of a name, and which one may be meant.
pub(crate) fn not_found(files: &Files, what: &str, folder: &str, name: &Text) -> Problem {
    let names = files.names(folder);
    let text = name.as_str();
    let message = format!("there is no {what} `{}`", text.trim_end());
    let hint = if text.ends_with(crate::python::is_space) {
        "leave no white space between the name and its `[`".to_owned()
    } else {
        match typo::nearest(text, names.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("expected it in `{folder}/{text}.conf` or `{folder}/{text}.local`"),
        }
    };
    Problem::new(name.place_at(0), text.chars().count(), message).hint(hint)
}

/// Reads a filter alone, as `fail2ban-regex` does.
pub(crate) fn load(base: &Path, underlay: Option<&Path>, spec: &str) -> Result<Vec<Command>, Vec<Diagnostic>> {
    let mut findings = Findings::default();
    let commands = read(base, underlay, spec, &mut findings);
    let list = findings.into_list();
    match commands {
        Some(commands) if !list.iter().any(|finding| finding.severity == Severity::Error) => Ok(commands),
        _ => Err(list),
    }
}

fn read(base: &Path, underlay: Option<&Path>, spec: &str, findings: &mut Findings) -> Option<Vec<Command>> {
    let request = match arguments::parse(&Text::plain(spec)) {
        Ok(request) => request,
        Err(error) => {
            findings.error(None, error.problem);
            return None;
        }
    };
    read_request(base, underlay, request, "auto", findings).map(|(_, _, commands)| commands)
}

/// A filter with its final settings and its commands.
pub(crate) type Read = (Definition, Settings, Vec<Command>);

/// Reads what was asked for.
pub(crate) fn read_request(
    base: &Path,
    underlay: Option<&Path>,
    request: arguments::Request,
    backend: &str,
    findings: &mut Findings,
) -> Option<Read> {
    let source = Source::find(base, underlay, request.name.as_str());
    let read = match &source {
        Source::Named { base, underlay, name } => {
            Files::new(base, underlay.as_deref()).read(&format!("filter.d/{name}"))
        }
        Source::File(path) => Files::new(base, None).read_single(path),
        Source::Nothing => Err(ReadError::NotFound),
    };
    let config = match read {
        Ok(config) => config,
        Err(ReadError::Broken(problems, _)) => {
            findings.extend(None, problems);
            return None;
        }
        Err(ReadError::NotFound) => {
            let base = if base.ends_with("filter.d") {
                base.parent().unwrap_or(base)
            } else {
                base
            };
            findings.error(
                None,
                not_found(&Files::new(base, underlay), "filter", "filter.d", &request.name),
            );
            return None;
        }
    };
    let mut filter = Definition::new(config, OPTIONS, as_settings(request));
    filter.set_logtype(backend);
    findings.extend(None, filter.read(&Settings::new(), false));
    let mut stream = Vec::new();
    let filled = filter.combined(&[]).and_then(|(settings, wrong)| {
        wrong.into_iter().for_each(|problem| findings.warning(None, problem));
        fill(&mut stream, &settings, TRIAL).map(|()| settings)
    });
    match filled {
        Ok(settings) => Some((filter, settings, stream)),
        Err(problem) => {
            findings.error(None, *problem);
            None
        }
    }
}

/// Where the filter of a specification stands.
enum Source {
    /// In a `filter.d`, with all its layers.
    Named {
        base: PathBuf,
        underlay: Option<PathBuf>,
        name: String,
    },
    /// A file somewhere else, with what it includes.
    File(PathBuf),
    Nothing,
}

impl Source {
    fn find(base: &Path, underlay: Option<&Path>, name: &str) -> Source {
        let base = if base.ends_with("filter.d") {
            base.parent().unwrap_or(base)
        } else {
            base
        };
        if !name.contains('/') {
            let stem = name
                .strip_suffix(".conf")
                .or(name.strip_suffix(".local"))
                .unwrap_or(name);
            return Source::Named {
                base: base.to_owned(),
                underlay: underlay.map(Path::to_owned),
                name: stem.to_owned(),
            };
        }
        let tries = [name.to_owned(), format!("{name}.conf"), format!("{name}.local")];
        let Some(path) = tries.iter().map(PathBuf::from).find(|path| path.is_file()) else {
            return Source::Nothing;
        };
        let path = std::path::absolute(&path).unwrap_or(path);
        let folder = path
            .parent()
            .filter(|folder| folder.ends_with("filter.d"))
            .and_then(Path::parent);
        match (folder, path.file_stem().and_then(|stem| stem.to_str())) {
            (Some(base), Some(stem)) => Source::Named {
                base: base.to_owned(),
                underlay: None,
                name: stem.to_owned(),
            },
            _ => Source::File(path),
        }
    }
}
