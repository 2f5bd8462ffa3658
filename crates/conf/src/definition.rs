//! A filter's or an action's file: `[Definition]` and `[Init]`, the jail's options and the arguments it passes,
//! combined into the final settings.

use crate::Place;
use crate::findings::Problem;
use crate::interpolate::{self, Missing, Vars};
use crate::layers::{Config, split_condition};
use crate::python;
use crate::tags;
use crate::text::Text;
use bantam_wire::Value;
use indexmap::IndexMap;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

const DEFINITION: &str = "Definition";
const INIT: &str = "Init";

/// What an option's text is turned into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Int,
    Bool,
}

/// The value of an option, converted where its kind asks for it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Setting {
    Text(Text),
    Int(i64, Option<Place>),
    Bool(bool, Option<Place>),
    /// Asked for, but there is no section that could hold it.
    None,
}

impl Setting {
    pub(crate) fn to_value(&self) -> Value {
        match self {
            Setting::Text(text) => Value::from(text.as_str()),
            Setting::Int(number, _) => Value::Int(*number),
            Setting::Bool(truth, _) => Value::Bool(*truth),
            Setting::None => Value::None,
        }
    }

    /// As other values see it.
    pub(crate) fn to_text(&self) -> Option<Text> {
        let written = |text: &str, place: &Option<Place>| {
            let mut out = Text::anchored(place.clone());
            out.push_str(text);
            Some(out)
        };
        match self {
            Setting::Text(text) => Some(text.clone()),
            Setting::Int(number, place) => written(&number.to_string(), place),
            Setting::Bool(truth, place) => written(if *truth { "True" } else { "False" }, place),
            Setting::None => None,
        }
    }

    pub(crate) fn place(&self) -> Option<Place> {
        match self {
            Setting::Text(text) => text.home(),
            Setting::Int(_, place) | Setting::Bool(_, place) => place.clone(),
            Setting::None => None,
        }
    }

    /// Converts a text; nothing when it is no number where one is needed.
    pub(crate) fn convert(text: Text, kind: Kind) -> Option<Setting> {
        match kind {
            Kind::Text => Some(Setting::Text(text)),
            Kind::Int => python::as_int(text.as_str()).map(|number| Setting::Int(number, text.home())),
            Kind::Bool => Some(Setting::Bool(python::as_bool(text.as_str()), text.home())),
        }
    }
}

/// Options in the order in which they were set.
pub(crate) type Settings = IndexMap<String, Setting>;

/// A table of known options with their kinds, in the order in which they are read.
pub(crate) type Known = &'static [(&'static str, Kind)];

/// Values by lower-case key, as references look them up.
pub(crate) fn vars(settings: &Settings) -> Vars {
    settings
        .iter()
        .filter_map(|(key, setting)| Some((key.to_lowercase(), setting.to_text()?)))
        .collect()
}

/// One use of a filter or action by a jail.
#[derive(Debug)]
pub(crate) struct Definition {
    config: Rc<Config>,
    known: Known,
    /// What the jail passes, then what `[Init]` adds.
    arguments: Settings,
    own: Settings,
    vars: Vars,
    /// Tags looked up so far. What was found once stays, also when the jail's options are read again.
    tags: HashMap<String, Option<Text>>,
}

impl Definition {
    pub(crate) fn new(config: Rc<Config>, known: Known, arguments: Settings) -> Self {
        let (own, vars, tags) = (Settings::new(), Vars::default(), HashMap::new());
        Definition {
            config,
            known,
            arguments,
            own,
            vars,
            tags,
        }
    }

    pub(crate) fn arguments(&self) -> &Settings {
        &self.arguments
    }

    /// Sets `logtype` to how lines arrive, unless the jail or the file says so itself.
    pub(crate) fn set_logtype(&mut self, backend: &str) {
        let in_file = self
            .config
            .sections
            .get(DEFINITION)
            .is_some_and(|keys| keys.contains_key("logtype"));
        let in_arguments = self
            .arguments
            .get("logtype")
            .and_then(Setting::to_text)
            .is_some_and(|text| !text.is_empty());
        if !in_file && !in_arguments {
            let logtype = if backend.starts_with("systemd") {
                "journal"
            } else {
                "file"
            };
            self.arguments
                .insert("logtype".to_owned(), Setting::Text(Text::plain(logtype)));
        }
    }

    /// Reads the file's options. What the jail sets or passes itself is not taken from the file. With `all`,
    /// every key of `[Definition]` is taken, and not only the known options.
    pub(crate) fn read(&mut self, jail: &Settings, all: bool) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut given = jail.clone();
        given.extend(self.arguments.iter().map(|(key, value)| (key.clone(), value.clone())));
        self.vars = vars(&given);
        self.own = Settings::new();
        for (key, _) in self.known {
            if given.contains_key(*key) {
                continue;
            }
            match interpolate::get(&self.config, DEFINITION, key, &self.vars) {
                Ok(text) => drop(self.own.insert((*key).to_owned(), Setting::Text(text))),
                Err(Missing::NoSection) => drop(self.own.insert((*key).to_owned(), Setting::None)),
                Err(Missing::NoOption) => {}
                Err(Missing::Broken(problem)) => problems.push(*problem),
            }
        }
        self.read_init(&given, &mut problems);
        if all {
            self.read_rest(&mut problems);
        }
        problems
    }

    /// `[Init]` holds defaults for arguments. They stay reachable as `known/...` beside an argument.
    fn read_init(&mut self, given: &Settings, problems: &mut Vec<Problem>) {
        let config = Rc::clone(&self.config);
        for key in config.sections.get(INIT).into_iter().flat_map(|section| section.keys()) {
            let value = match interpolate::get(&config, INIT, key, &Vars::default()) {
                Ok(text) => Setting::Text(text),
                Err(Missing::Broken(problem)) => {
                    problems.push(*problem);
                    continue;
                }
                Err(_) => continue,
            };
            if !key.starts_with("known/") {
                self.arguments.insert(format!("known/{key}"), value.clone());
            }
            if !self.arguments.contains_key(key) {
                // An argument holds for all families, unless one is passed for the family as well.
                let argument = split_condition(key).and_then(|(base, _)| given.get(base));
                let value = argument
                    .filter(|value| **value != Setting::None)
                    .cloned()
                    .unwrap_or(value);
                self.arguments.insert(key.clone(), value);
            }
        }
    }

    /// What `[Definition]` itself says, whether known or not.
    pub(crate) fn own_value(&self, key: &str) -> Option<Value> {
        let text = interpolate::get(&self.config, DEFINITION, key, &Vars::default()).ok()?;
        Some(Value::from(text.as_str()))
    }

    fn read_rest(&mut self, problems: &mut Vec<Problem>) {
        let config = Rc::clone(&self.config);
        for key in config
            .sections
            .get(DEFINITION)
            .into_iter()
            .flat_map(|section| section.keys())
        {
            if self.own.contains_key(key) {
                continue;
            }
            match interpolate::get(&config, DEFINITION, key, &Vars::default()) {
                Ok(text) => drop(self.own.insert(key.clone(), Setting::Text(text))),
                Err(Missing::Broken(problem)) => problems.push(*problem),
                Err(Missing::NoSection | Missing::NoOption) => {}
            }
        }
    }

    /// The final settings: tags resolved, numbers and truth values converted. Options that depend on the
    /// address family, and those in `leave`, keep their tags. Second come texts that are no numbers.
    pub(crate) fn combined(&mut self, leave: &[&str]) -> Result<(Settings, Vec<Problem>), Box<Problem>> {
        let mut settings = self.own.clone();
        settings.extend(self.arguments.iter().map(|(key, value)| (key.clone(), value.clone())));
        let mut leave: HashSet<String> = leave.iter().map(|name| (*name).to_owned()).collect();
        leave.extend(
            settings
                .keys()
                .filter_map(|key| Some(split_condition(key)?.0.to_owned())),
        );
        let (config, vars, cache) = (&self.config, &self.vars, &mut self.tags);
        tags::resolve(&mut settings, &leave, &config.budget, &mut |tag| {
            if let Some(known) = cache.get(tag) {
                return Ok(known.clone());
            }
            let found = match interpolate::get_tag(config, DEFINITION, tag, vars) {
                Ok(text) => Some(text),
                Err(Missing::Broken(problem)) => return Err(*problem),
                Err(Missing::NoSection | Missing::NoOption) => None,
            };
            cache.insert(tag.to_owned(), found.clone());
            Ok(found)
        })
        .map_err(Box::new)?;
        let wrong = convert(&mut settings, self.known);
        Ok((settings, wrong))
    }
}

/// Converts settings to their kinds. A text that is no number becomes nothing, and a problem.
fn convert(settings: &mut Settings, known: Known) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (key, kind) in known.iter().filter(|(_, kind)| *kind != Kind::Text) {
        let Some(text) = settings.get(*key).and_then(Setting::to_text) else {
            continue;
        };
        let setting = Setting::convert(text.clone(), *kind).unwrap_or_else(|| {
            problems.push(not_a_number(key, &text));
            Setting::None
        });
        settings.insert((*key).to_owned(), setting);
    }
    problems
}

/// The problem of a text where a number was expected.
pub(crate) fn not_a_number(key: &str, text: &Text) -> Problem {
    Problem::new(
        text.home(),
        text.as_str().chars().count(),
        format!("`{key}` has to be a whole number"),
    )
    .hint(format!("write for example `{key} = 5`"))
}
