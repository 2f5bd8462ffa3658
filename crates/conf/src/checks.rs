//! Values and keys that are read without complaint but can hardly be meant.

use crate::definition::{Known, Setting};
use crate::duration;
use crate::findings::Problem;
use crate::interpolate::{self, Vars};
use crate::jail;
use crate::layers::{Config, split_condition};
use crate::python;
use crate::text::Text;
use crate::typo;
use std::collections::HashSet;

/// Variables that stock configuration knows beside the options.
const VARIABLES: &[&str] = &[
    "mode",
    "port",
    "protocol",
    "chain",
    "banaction",
    "banaction_allports",
    "destemail",
    "sender",
    "mta",
    "fail2ban_agent",
    "known",
    "logtype",
    "blocktype",
    "before",
    "after",
];

/// With more misspelt keys in one place, it is another language.
const MOST_MISSPELT: usize = 100;

const BACKENDS: &[&str] = &["auto", "polling", "pyinotify", "gamin", "systemd"];

/// What is wrong with the value of a jail's option, when it could not work.
pub(crate) fn value(key: &str, setting: &Setting) -> Option<Problem> {
    let Setting::Text(text) = setting else {
        return None;
    };
    match key {
        "findtime" | "bantime" | "bantime.maxtime" | "bantime.rndtime" => duration_problem(key, text),
        "backend" => backend_problem(text),
        _ => None,
    }
}

fn duration_problem(key: &str, text: &Text) -> Option<Problem> {
    // The original reads an empty maximum or random part as none.
    if text.is_empty() && key.starts_with("bantime.") {
        return None;
    }
    let why = duration::parse(text.as_str()).err()?;
    let problem = Problem::new(
        text.home(),
        text.as_str().chars().count(),
        format!("`{key}` is not a duration: {why}"),
    );
    Some(problem.hint("write seconds, or numbers with units: `600`, `10m`, `1d 12h`"))
}

fn backend_problem(text: &Text) -> Option<Problem> {
    let name = text.as_str().split('[').next().unwrap_or_default();
    let name = python::strip(name).to_lowercase();
    if BACKENDS.contains(&name.as_str()) {
        return None;
    }
    let problem = Problem::new(text.home(), text.as_str().chars().count(), "there is no such backend")
        .hint("use `auto`, `pyinotify`, `polling` or `systemd`")
        .hint_if(typo::nearest(&name, BACKENDS.iter().copied()).map(|near| format!("did you mean `{near}`?")));
    Some(problem)
}

/// A word that is taken for false but reads like a slip.
pub(crate) fn truth(config: &Config, section: &str, key: &str) -> Option<Problem> {
    let text = interpolate::get(config, section, key, &Vars::default()).ok()?;
    if python::looks_like_bool(text.as_str()) {
        return None;
    }
    let length = text.as_str().chars().count();
    let problem = Problem::new(
        text.home(),
        length,
        format!("`{key}` is neither true nor false, and taken for false"),
    );
    Some(problem.hint("write `true` or `false`"))
}

/// Keys of jails that look like a slip of an option's name.
pub(crate) fn jail_keys(config: &Config, sections: &[String]) -> Vec<Problem> {
    let used = referenced(config);
    let known: Vec<&str> = jail::OPTIONS
        .iter()
        .map(|(key, _)| *key)
        .chain(VARIABLES.iter().copied())
        .collect();
    let named = sections.iter().filter_map(|name| config.sections.get(name));
    let keys = named.chain([&config.defaults]).flatten();
    keys.filter_map(|(key, value)| misspelt(key, value, &known, &used))
        .take(MOST_MISSPELT)
        .collect()
}

/// Keys of `[Definition]` that look like a slip of an option's name.
pub(crate) fn definition_keys(config: &Config, options: Known) -> Vec<Problem> {
    let used = referenced(config);
    let known: Vec<&str> = options
        .iter()
        .map(|(key, _)| *key)
        .chain(["timeout", "logtype"])
        .collect();
    let keys = config.sections.get("Definition").into_iter().flatten();
    keys.filter_map(|(key, value)| misspelt(key, value, &known, &used))
        .take(MOST_MISSPELT)
        .collect()
}

fn misspelt(key: &str, value: &Text, known: &[&str], used: &HashSet<String>) -> Option<Problem> {
    let base = split_condition(key).map_or(key, |(base, _)| base);
    if known.contains(&base) || used.contains(base) {
        return None;
    }
    let near = typo::nearest(base, known.iter().copied())?;
    let problem = Problem::new(
        value.anchor().cloned(),
        key.chars().count(),
        format!("there is no option `{key}`"),
    );
    Some(problem.hint(format!("did you mean `{near}`?")))
}

/// Every name that some value mentions as `%(name)s` or `<name>`. A key that is used is no slip.
fn referenced(config: &Config) -> HashSet<String> {
    let mut used = HashSet::new();
    let sections = config.sections.values().chain([&config.defaults]);
    for text in sections.flat_map(|section| section.values()) {
        for (open, close) in [("%(", ')'), ("<", '>')] {
            for (at, _) in text.as_str().match_indices(open) {
                let rest = text.as_str().get(at + open.len()..).unwrap_or_default();
                // Names are short, and looking for the end of each could take long.
                let name = rest.char_indices().take(100).find(|(_, c)| *c == close);
                if let Some(name) = name.and_then(|(end, _)| rest.get(..end)) {
                    used.insert(name.rsplit('/').next().unwrap_or(name).to_lowercase());
                }
            }
        }
    }
    used
}
