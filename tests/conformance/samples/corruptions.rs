//! A runner that agrees with everything proves nothing: annotations made wrong on purpose must each be found out.

use super::annotations::{Keys, Line};
use super::run::{Corrupt, Subject, run};
use super::zone;
use crate::ledger::Ledger;
use serde_json::Value;

const KINDS: [(&str, Corrupt); 6] = [
    ("the match turned round", turned),
    ("no annotation where the line matches", forgotten),
    ("another host", other_host),
    ("a second later", later),
    ("another user", other_user),
    ("another number of attempts", other_attempts),
];

/// Runs all with each kind of wrong annotation and counts which were found out.
pub fn check(ledger: &mut Ledger, subjects: &[Subject]) {
    for (kind, corrupt) in KINDS {
        let (mut corrupted, mut found) = (0, 0);
        for subject in subjects {
            let Ok(outcome) = run(subject, &zone(), Some(corrupt)) else {
                continue;
            };
            let lines = outcome.lines.iter().filter(|line| line.corrupted);
            corrupted += lines.clone().count();
            found += lines.filter(|line| line.complaint.is_some()).count();
        }
        if corrupted == 0 {
            ledger.differ(format!("wrong annotations ({kind}): there were none to find"));
        }
        ledger.compare(format!("wrong annotations found out ({kind})"), &found, &corrupted);
    }
}

fn matching(line: &Line) -> Option<Keys> {
    let keys = line.expected.clone()?;
    (keys.get("match") == Some(&Value::Bool(true))).then_some(keys)
}

fn turned(line: &Line) -> Option<Keys> {
    let mut keys = line.expected.clone()?;
    let matches = keys.get("match") == Some(&Value::Bool(true));
    keys.insert("match".to_owned(), Value::Bool(!matches));
    Some(keys)
}

fn forgotten(line: &Line) -> Option<Keys> {
    let mut keys = matching(line)?;
    keys.retain(|key, _| key == "constraint");
    Some(keys)
}

fn with(line: &Line, key: &str, value: impl Fn(&Value) -> Value) -> Option<Keys> {
    let mut keys = matching(line)?;
    let right = keys.get(key).filter(|value| !value.is_null())?;
    let wrong = value(right);
    keys.insert(key.to_owned(), wrong);
    Some(keys)
}

fn other_host(line: &Line) -> Option<Keys> {
    with(line, "host", |host| {
        format!("{}7", host.as_str().unwrap_or_default()).into()
    })
}

fn later(line: &Line) -> Option<Keys> {
    // The last digit of the seconds, or of their fraction.
    with(line, "time", |time| {
        let mut time = time.as_str().unwrap_or_default().to_owned();
        let last = time.pop();
        time.push(if last == Some('5') { '4' } else { '5' });
        time.into()
    })
}

fn other_user(line: &Line) -> Option<Keys> {
    with(line, "user", |user| {
        format!("{}x", user.as_str().unwrap_or_default()).into()
    })
}

fn other_attempts(line: &Line) -> Option<Keys> {
    with(line, "attempts", |attempts| {
        (attempts.as_u64().unwrap_or_default() + 1).into()
    })
}
