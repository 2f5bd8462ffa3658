//! Trying what a configuration asks for on nothing, before a running server obeys any of it: expressions are compiled,
//! values are read. What cannot work is told with the place in the file that asks for it.
//!
//! Stands before the journey, beside `commands`, whose functions it calls: what passes here is obeyed there.
use crate::commands::{self, Failure};
use crate::live::Work;
use crate::log::Log;
use bantam_conf::{Command, Diagnostic, Place, Severity};
use bantam_enforce::Definition;
use bantam_pattern::PatternError;
use bantam_wire::Value;
use std::collections::HashMap;

/// What a jail is tried on.
#[derive(Debug, Default)]
pub(crate) struct Stage {
    pub(crate) work: Work,
    pub(crate) actions: HashMap<String, Definition>,
}

/// Why a command would be refused.
#[derive(Debug)]
pub(crate) enum Objection {
    /// One of the expressions of a command: which one, its text, what is wrong in it.
    Expression(usize, String, PatternError),
    /// Anything else.
    Command(Failure),
    /// The same, and what would be right.
    Advice(Failure, String),
}

impl From<Failure> for Objection {
    fn from(failure: Failure) -> Self {
        Objection::Command(failure)
    }
}

/// What a server would refuse of a command stream, in its order.
pub fn rehearse(stream: &[Command]) -> Vec<Diagnostic> {
    let log = Log::silent();
    let mut stages: HashMap<&str, Stage> = HashMap::new();
    let mut found = Vec::new();
    for command in stream {
        let Some(jail) = jail_of(command) else { continue };
        let stage = stages.entry(jail).or_default();
        if let Err(objection) = commands::rehearse(&log, stage, &command.words) {
            found.push(finding(command, jail, objection));
        }
    }
    found
}

/// The jail that a command of a stream is about.
pub fn jail_of(command: &Command) -> Option<&str> {
    let verb = command.words.first()?.as_str()?;
    let target = command.words.get(1)?.as_str()?;
    match verb {
        "add" | "start" => Some(target),
        // `set loglevel INFO` has three words, a jail's options have four and more.
        "set" | "multi-set" if command.words.len() > 3 => Some(target),
        _ => None,
    }
}

/// The jail that the configuration leaves out because something in it is wrong: it may run and is to go on as it was.
pub(crate) fn left_out(command: &Command) -> Option<&str> {
    if command.words.first().and_then(Value::as_str) != Some("config-error") {
        return None;
    }
    let text = command.words.get(1)?.as_str()?;
    let (jail, rest) = text.strip_prefix("Jail '")?.split_once('\'')?;
    rest.starts_with(" skipped, because of wrong configuration")
        .then_some(jail)
}

/// A refusal as a finding at the place in the configuration that asked for the command.
pub(crate) fn finding(command: &Command, jail: &str, objection: Objection) -> Diagnostic {
    let mut finding = Diagnostic {
        severity: Severity::Error,
        place: command.place.clone(),
        length: 1,
        message: String::new(),
        hint: None,
        jail: Some(jail.to_owned()).filter(|jail| !jail.is_empty()),
    };
    match objection {
        Objection::Command(failure) => finding.message = failure.message(),
        Objection::Advice(failure, hint) => {
            finding.message = failure.message();
            finding.hint = Some(hint);
        }
        Objection::Expression(index, text, error) => {
            if let Some(place) = command.line_places.get(index) {
                finding.place.clone_from(place);
            }
            if let Some((place, length)) = finding.place.as_ref().and_then(|place| narrow(place, &text, &error)) {
                (finding.place, finding.length) = (Some(place), length);
            }
            finding.message = error.message;
            finding.hint = error.hint;
        }
    }
    finding
}

/// The part of an expression that is meant, where the file has the expression up to there as it is (nothing was
/// interpolated before).
fn narrow(place: &Place, text: &str, error: &PatternError) -> Option<(Place, u32)> {
    let span = error.span.clone()?;
    let (before, meant) = (text.get(..span.start)?, text.get(span.clone())?);
    let file = std::fs::read(&place.file).ok()?;
    let line = file
        .split(|byte| *byte == b'\n')
        .nth(usize::try_from(place.line).ok()?.checked_sub(1)?)?;
    let line = String::from_utf8_lossy(line);
    let shown: String = line
        .chars()
        .skip(usize::try_from(place.column).ok()?.checked_sub(1)?)
        .collect();
    if !shown.starts_with(text.get(..span.end)?) {
        return None;
    }
    let column = place.column.checked_add(u32::try_from(before.chars().count()).ok()?)?;
    let length = u32::try_from(meant.chars().count()).ok()?.max(1);
    Some((
        Place {
            column,
            ..place.clone()
        },
        length,
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn command(words: &[&str], place: Option<Place>) -> Command {
        Command::new(words.iter().map(|word| Value::from(*word)).collect(), place)
    }

    #[test]
    fn a_broken_expression_is_told_at_its_own_column() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("f.conf");
        std::fs::write(&file, "[Definition]\nfailregex = ^<HOST> (a|b$\n").unwrap();
        let place = Place {
            file: file.as_path().into(),
            line: 2,
            column: 13,
        };
        let found = rehearse(&[command(&["set", "j", "addfailregex", "^<HOST> (a|b$"], Some(place))]);
        let finding = found.first().unwrap();
        let at = finding.place.as_ref().unwrap();
        assert_eq!((at.line, finding.jail.as_deref()), (2, Some("j")), "{finding:?}");
        assert!(at.column >= 13, "{finding:?}");
    }

    #[test]
    fn what_can_be_obeyed_raises_no_objection() {
        let stream = [
            command(&["add", "j", "auto"], None),
            command(&["set", "j", "addfailregex", "^<HOST> failed$"], None),
            command(&["set", "j", "bantime", "1h"], None),
            command(&["set", "j", "addaction", "a"], None),
            command(&["set", "j", "action", "a", "timeout", "5"], None),
            command(&["set", "j", "addlogpath", "/nowhere", "head"], None),
            command(&["start", "j"], None),
            command(&["set", "loglevel", "INFO"], None),
        ];
        assert_eq!(rehearse(&stream), []);
    }

    #[test]
    fn all_that_is_wrong_is_found_at_once() {
        let stream = [
            command(&["add", "j", "systemd[journal=x]"], None),
            command(&["set", "j", "bantime", "soon"], None),
            command(&["set", "j", "action", "a", "timeout", "soon"], None),
            command(&["set", "j", "nonsense", "1"], None),
        ];
        assert_eq!(rehearse(&stream).len(), 4);
    }

    #[test]
    fn a_jail_that_was_left_out_is_known_by_the_words_of_the_configuration() {
        let text = "Jail 'a b' skipped, because of wrong configuration: x";
        assert_eq!(left_out(&command(&["config-error", text], None)), Some("a b"));
        let text = "Jail 'a' skipped, because of missing log files.";
        assert_eq!(left_out(&command(&["config-error", text], None)), None);
    }
}
