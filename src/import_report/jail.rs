//! A jail's verdict: its commands, gathered from the stream, and what stands against it.
use super::traits;
use bantam_conf::{Command, Diagnostic, Loaded, Place, Severity};
use bantam_wire::Value;
use std::collections::BTreeMap;

/// What is told of one jail.
#[derive(Default)]
pub(super) struct JailReport {
    pub name: String,
    /// Where its section begins, if that is known.
    pub place: Option<Place>,
    /// What it reads: files, or journal matches.
    pub reads: Vec<String>,
    /// It reads the journal.
    pub journal: bool,
    /// Its actions' names, in their order.
    pub actions: Vec<String>,
    /// How it will run otherwise than before.
    pub otherwise: Vec<String>,
    /// What keeps it from running.
    pub errors: Vec<Diagnostic>,
    /// What can hardly be meant, but runs.
    pub warnings: Vec<Diagnostic>,
    /// Lines of `logpath` for which there is no file on this machine.
    pub missing_logs: Vec<String>,
}

impl JailReport {
    /// Whether Bantam runs it on this machine.
    pub fn can_run(&self) -> bool {
        self.errors.is_empty() && !self.lacks_logs()
    }

    /// A jail that reads files, and has none.
    pub fn lacks_logs(&self) -> bool {
        self.reads.is_empty() && !self.missing_logs.is_empty()
    }
}

/// A jail's part of the stream.
#[derive(Default)]
pub(super) struct Part<'a> {
    pub place: Option<Place>,
    pub backend: String,
    pub commands: Vec<&'a Command>,
}

impl<'a> Part<'a> {
    /// The arguments of each `set JAIL OPTION …`.
    pub fn all(&self, option: &'static str) -> impl Iterator<Item = &'a [Value]> + '_ {
        self.commands.iter().filter_map(move |command| {
            let is_it = command.words.get(2).and_then(Value::as_str) == Some(option);
            is_it.then(|| command.words.get(3..)).flatten()
        })
    }

    /// The first argument of the last `set JAIL OPTION …`, which is the one in force.
    pub fn last(&self, option: &'static str) -> Option<&'a Value> {
        self.all(option).last().and_then(<[Value]>::first)
    }
}

/// Of all jails that are enabled, in the order of the files; and the findings that concern none of them alone.
pub(super) fn reports(loaded: &Loaded, diagnostics: Vec<Diagnostic>) -> (Vec<JailReport>, Vec<Diagnostic>) {
    let mut order: Vec<String> = Vec::new();
    let mut parts: BTreeMap<&str, Part<'_>> = BTreeMap::new();
    for command in &loaded.stream {
        let Some(jail) = bantam_daemon::jail_of(command) else {
            continue;
        };
        if !parts.contains_key(jail) {
            order.push(jail.to_owned());
        }
        let part = parts.entry(jail).or_default();
        match command.words.first().and_then(Value::as_str) {
            Some("add") => {
                part.place.clone_from(&command.place);
                part.backend = text(command.words.get(2));
            }
            Some("start") => {}
            _ => part.commands.push(command),
        }
    }
    let mut jails: Vec<JailReport> = order
        .iter()
        .filter_map(|name| Some(report(name, parts.get(name.as_str())?, loaded)))
        .collect();
    let findings = assign(&mut jails, diagnostics);
    (jails, findings)
}

/// Of a configuration in which nothing can run.
pub(super) fn broken(diagnostics: Vec<Diagnostic>) -> (Vec<JailReport>, Vec<Diagnostic>) {
    let mut jails = Vec::new();
    let mut findings = assign(&mut jails, diagnostics);
    let (broken, others): (Vec<_>, Vec<_>) = jails.into_iter().partition(|jail| !jail.can_run());
    findings.extend(others.into_iter().flat_map(|jail| jail.warnings));
    (broken, findings)
}

fn report(name: &str, part: &Part<'_>, loaded: &Loaded) -> JailReport {
    let logs = loaded.globs.iter().filter(|log| log.jail == name);
    let missing = logs.filter(|log| log.files().is_empty());
    let reads = part.all("addlogpath").chain(part.all("addjournalmatch"));
    JailReport {
        name: name.to_owned(),
        place: part.place.clone(),
        reads: reads
            .map(|words| words.iter().take(1).map(|word| text(Some(word))).collect())
            .collect(),
        journal: part.all("addjournalmatch").next().is_some(),
        actions: part.all("addaction").map(|words| text(words.first())).collect(),
        otherwise: traits::otherwise(name, part, &loaded.globs),
        errors: Vec::new(),
        warnings: Vec::new(),
        missing_logs: missing.map(|log| log.path.clone()).collect(),
    }
}

/// Gives each finding to its jail, and returns the others. That a log is missing is told by the jail's own list.
fn assign(jails: &mut Vec<JailReport>, diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut others = Vec::new();
    for finding in diagnostics {
        let Some(name) = finding.jail.clone() else {
            others.push(finding);
            continue;
        };
        let at = jails.iter().position(|jail| jail.name == name).unwrap_or_else(|| {
            jails.push(JailReport {
                name,
                ..JailReport::default()
            });
            jails.len() - 1
        });
        let Some(jail) = jails.get_mut(at) else { continue };
        match finding.severity {
            Severity::Error => jail.errors.push(finding),
            Severity::Warning if jail.missing_logs.is_empty() => jail.warnings.push(finding),
            Severity::Warning => {}
        }
    }
    others
}

/// A word as people write it.
pub(super) fn text(word: Option<&Value>) -> String {
    word.map(bantam_wire::repr::display).unwrap_or_default()
}
