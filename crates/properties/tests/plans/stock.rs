//! The expressions of the original's filters, and the lines that it is tested with.

use crate::original::{installed, sample_logs};
use bantam_pattern::Options;
use bantam_pattern::tags::{UseDns, expand};
use bantam_wire::Value;
use std::collections::BTreeSet;
use std::path::Path;

/// Variants that filters of the original know.
const VARIANTS: &[&str] = &[
    "",
    "[mode=normal]",
    "[mode=ddos]",
    "[mode=extra]",
    "[mode=aggressive]",
    "[logtype=journal]",
];

/// All expressions of all filters, with their tags expanded.
pub fn expressions() -> Vec<(String, Options)> {
    let folder = installed().1.join("filter.d");
    let mut all = BTreeSet::new();
    for entry in std::fs::read_dir(&folder).expect("apt-get install fail2ban") {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Some(name) = name.strip_suffix(".conf") else {
            continue;
        };
        for variant in VARIANTS {
            // Some files are pieces for others and do not stand alone.
            if let Ok(commands) = bantam_conf::load_filter(&folder, &format!("{name}{variant}")) {
                collect(
                    &commands.iter().map(|command| command.words.clone()).collect::<Vec<_>>(),
                    &mut all,
                );
            }
        }
    }
    assert!(all.len() > 250, "{} expressions in {}", all.len(), folder.display());
    let options = |multi_line| Options {
        multi_line,
        ignore_case: false,
    };
    all.into_iter()
        .map(|(source, multi_line)| (source, options(multi_line)))
        .collect()
}

/// The expressions of a filter that lies anywhere.
pub fn expressions_of(file: &Path) -> Vec<(String, Options)> {
    let commands = bantam_conf::load_filter(file.parent().unwrap(), file.to_str().unwrap()).unwrap();
    let mut all = BTreeSet::new();
    collect(
        &commands.into_iter().map(|command| command.words).collect::<Vec<_>>(),
        &mut all,
    );
    all.into_iter()
        .map(|(source, _)| (source, Options::default()))
        .collect()
}

fn collect(commands: &[Vec<Value>], all: &mut BTreeSet<(String, bool)>) {
    let option = |command: &[Value]| match command {
        [Value::Str(_), _, Value::Str(option), values @ ..] => Some((option.clone(), values.to_vec())),
        _ => None,
    };
    let options: Vec<(String, Vec<Value>)> = commands.iter().filter_map(|command| option(command)).collect();
    let several = |value: &Value| match value {
        Value::Int(lines) => *lines > 1,
        Value::Str(lines) => lines.parse().is_ok_and(|lines: i64| lines > 1),
        _ => false,
    };
    let multi_line = options
        .iter()
        .any(|(option, values)| option == "maxlines" && values.iter().any(several));
    for (option, values) in options {
        if !["prefregex", "addfailregex", "addignoreregex"].contains(&option.as_str()) {
            continue;
        }
        let mut sources = Vec::new();
        values.iter().for_each(|value| strings(value, &mut sources));
        for source in sources {
            if let Ok(source) = expand(&source, UseDns::Warn, multi_line) {
                all.insert((source, multi_line && option == "addfailregex"));
            }
        }
    }
}

fn strings(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Str(text) => found.push(text.clone()),
        Value::List(values) => values.iter().for_each(|value| strings(value, found)),
        _ => {}
    }
}

/// All lines of the sample logs, once as they are and once without what stands before the first `: `.
pub fn lines() -> Vec<String> {
    let mut all = BTreeSet::new();
    let mut folders = vec![sample_logs()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            for line in String::from_utf8_lossy(&bytes)
                .lines()
                .filter(|line| !line.starts_with('#'))
            {
                all.insert(format!("{line}\n"));
                if let Some((_, message)) = line.split_once(": ") {
                    all.insert(format!("{message}\n"));
                }
                // Most expressions see lines without their date.
                let undated: String = line.split_inclusive(' ').skip(3).collect();
                all.insert(format!(" {undated}\n"));
            }
        }
    }
    assert!(all.len() > 2500, "{} lines", all.len());
    all.into_iter().collect()
}
