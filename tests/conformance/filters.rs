//! Each stock filter alone, in each of its modes: the settings that it comes to, and what its expressions and date
//! patterns become.

use crate::ledger::Ledger;
use crate::stock::{Stock, ask};
use bantam_detect::Filter;
use bantam_pattern::date::Detector;
use bantam_wire::Value;
use bantam_wire::repr::repr;
use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;

/// Arguments that many filters understand; each is tried on all.
const COMMON: [(&str, &str); 6] = [
    ("logtype", "file"),
    ("logtype", "short"),
    ("logtype", "journal"),
    ("logtype", "rfc5424"),
    ("logging", "syslog"),
    ("mode", "aggressive"),
];

/// What one filter with one set of arguments comes to.
#[derive(Debug, Default, PartialEq, serde::Deserialize)]
#[serde(default)]
struct Described {
    /// Why there is none.
    error: Option<String>,
    /// Its commands, as Python writes them.
    stream: Vec<String>,
    /// Options and expressions with all tags expanded.
    expanded: Vec<(String, String)>,
    /// Names of the date templates, where the filter has a `datepattern`.
    templates: Option<Vec<String>>,
}

type Options = Vec<(String, String)>;

pub fn compare(ledger: &mut Ledger) {
    let stock = Stock::new();
    let mut filters: Vec<(String, Options)> = Vec::new();
    let names = stock.names("filter.d");
    for name in &names {
        filters.push((name.clone(), Vec::new()));
        let mut sets: BTreeSet<(String, String)> = modes(&stock.path().join(format!("filter.d/{name}.conf")));
        sets.extend(
            COMMON
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned())),
        );
        filters.extend(sets.into_iter().map(|pair| (name.clone(), vec![pair])));
    }
    let request = json!({"dir": stock.path(), "filters": filters});
    let theirs: Vec<Described> = ask("stock.py", &["filters"], &request);
    let mut expressions = 0;
    for ((name, options), theirs) in filters.iter().zip(&theirs) {
        let ours = describe(stock.path(), name, options);
        let what = format!("{name}{options:?}");
        if ours.error.is_some() || theirs.error.is_some() {
            // A part that other filters include stands for nothing alone, on both sides.
            match (&ours.error, &theirs.error) {
                (Some(_), Some(error)) if error.starts_with("Interpolation") => ledger.agree(),
                _ => ledger.compare(what, &ours, theirs),
            }
            continue;
        }
        ledger.compare(format!("{what}: settings"), &ours.stream, &theirs.stream);
        ledger.compare(format!("{what}: date templates"), &ours.templates, &theirs.templates);
        ledger.compare(
            format!("{what}: expressions"),
            &ours.expanded.len(),
            &theirs.expanded.len(),
        );
        for (ours, theirs) in ours.expanded.iter().zip(&theirs.expanded) {
            ledger.compare(format!("{what}: {}", theirs.0), ours, theirs);
            expressions += 1;
        }
    }
    let sets = filters.len();
    ledger.note(format!(
        "{} filters, {sets} sets of arguments, {expressions} expressions",
        names.len()
    ));
}

/// The modes that a filter file names: what stands behind the prefix of an option such as `mdre-ddos`.
fn modes(path: &Path) -> BTreeSet<(String, String)> {
    let text = std::fs::read_to_string(path).unwrap();
    let keys = text.lines().filter_map(|line| Some(line.split_once('=')?.0.trim()));
    let modes = keys.filter_map(|key| key.strip_prefix("mdre-").or(key.strip_prefix("mdpr-")));
    modes.map(|mode| ("mode".to_owned(), mode.to_owned())).collect()
}

fn describe(dir: &Path, name: &str, options: &Options) -> Described {
    let arguments: Vec<String> = options
        .iter()
        .map(|(key, value)| format!("{key}=\"{value}\""))
        .collect();
    let spec = match arguments.as_slice() {
        [] => name.to_owned(),
        _ => format!("{name}[{}]", arguments.join(", ")),
    };
    let commands = match bantam_conf::load_filter(dir, &spec) {
        Ok(commands) => commands,
        Err(findings) => {
            let error = findings.iter().map(|finding| finding.render(false)).collect();
            return Described {
                error: Some(error),
                ..Described::default()
            };
        }
    };
    let stream = commands
        .iter()
        .map(|command| repr(&Value::List(command.words.clone())))
        .collect();
    let mut described = Described {
        stream,
        ..Described::default()
    };
    let mut filter = Filter::new();
    for command in &commands {
        if let Err(error) = apply(&mut filter, &command.words, &mut described) {
            described.error = Some(error);
        }
    }
    described
}

/// Compiles what a command sets and notes what became of it.
fn apply(filter: &mut Filter, words: &[Value], described: &mut Described) -> Result<(), String> {
    let option = words.get(2).and_then(Value::as_str).unwrap_or_default();
    let last = |all: Vec<&str>| all.last().copied().unwrap_or_default().to_owned();
    for value in given(words) {
        let expanded = match option {
            "maxlines" => {
                let lines = value.parse().map_err(|_| format!("maxlines {value}"))?;
                filter.set_max_lines(lines).map_err(|error| error.to_string())?;
                continue;
            }
            "datepattern" => {
                filter.set_datepattern(&value).map_err(|error| error.to_string())?;
                let mut templates = Detector::from_pattern(&value)
                    .map_err(|error| error.to_string())?
                    .templates();
                templates.sort_by_key(|template| template.id);
                described.templates = Some(templates.into_iter().map(|template| template.name).collect());
                continue;
            }
            "prefregex" => filter.set_prefregex(&value).map(|()| filter.prefregex().to_owned()),
            "addfailregex" => filter.add_failregex(&value).map(|()| last(filter.failregexes())),
            "addignoreregex" => filter.add_ignoreregex(&value).map(|()| last(filter.ignoreregexes())),
            _ => continue,
        };
        described.expanded.push(match expanded {
            Ok(expanded) => (option.to_owned(), expanded),
            Err(error) => (format!("refused {option}"), error.message),
        });
    }
    Ok(())
}

/// The values that a `set` or `multi-set` of a filter carries.
pub fn given(words: &[Value]) -> Vec<String> {
    let values = match words.get(3) {
        Some(Value::List(values)) => values.as_slice(),
        _ => words.get(3..4).unwrap_or_default(),
    };
    let text = |value: &Value| match value {
        Value::Str(text) => text.clone(),
        other => repr(other),
    };
    values.iter().map(text).collect()
}
