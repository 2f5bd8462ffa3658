//! The original decides: every expression must be read, and find, as Python and Fail2ban have it.
//!
//! Needs Debian's `python3` and `fail2ban` (only read, never started): `apt-get install fail2ban`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod dialect;
mod kept;
mod random;
mod stock;

#[allow(dead_code, reason = "shared with tests that use more of it")]
#[path = "../../../../tests/original/python.rs"]
mod original;

use std::path::Path;

use bantam_pattern::{Options, Regex};
use serde_json::{Value, json};

/// Asks one of the scripts beside this file.
fn python(script: &str, request: &Value) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle");
    original::ask(&folder.join(script), &[], request)
}

/// An expression and the texts to search with it.
#[derive(Debug, Clone)]
struct Case {
    expression: String,
    options: Options,
    texts: Vec<String>,
}

impl Case {
    fn new(expression: &str, texts: &[&str]) -> Case {
        let texts = texts.iter().map(|&text| text.to_owned()).collect();
        Case {
            expression: expression.to_owned(),
            options: Options::default(),
            texts,
        }
    }
}

/// How often we agreed.
#[derive(Debug, Default, PartialEq)]
struct Agreement {
    refused: usize,
    searched: usize,
    matched: usize,
}

/// Compares every case with Python; the differences, described.
fn differences(cases: &[Case]) -> (Agreement, Vec<String>) {
    let asked: Vec<Value> = cases
        .iter()
        .map(|case| {
            json!({"p": case.expression, "m": case.options.multi_line, "i": case.options.ignore_case, "t": case.texts})
        })
        .collect();
    let answers = python("match.py", &Value::from(asked));
    let mut agreement = Agreement::default();
    let mut found = Vec::new();
    for (case, answer) in cases.iter().zip(answers.as_array().unwrap()) {
        match (Regex::new(&case.expression, case.options), answer.get("error")) {
            (Err(ours), Some(error)) => {
                agreement.refused += 1;
                if !error.as_str().unwrap().starts_with(&ours.message) {
                    found.push(format!(
                        "{:?}: {:?}, Python says {error}",
                        case.expression, ours.message
                    ));
                }
            }
            (Ok(_), Some(error)) => found.push(format!("{:?}: accepted; Python says {error}", case.expression)),
            (Err(ours), None) => found.push(format!("{:?}: refused with {ours:?}", case.expression)),
            (Ok(regex), None) => compare(case, &regex, answer, &mut agreement, &mut found),
        }
    }
    (agreement, found)
}

fn compare(case: &Case, regex: &Regex, answer: &Value, agreement: &mut Agreement, found: &mut Vec<String>) {
    if json!(regex.group_names()) != answer["names"] {
        found.push(format!(
            "{:?}: groups {:?}, Python {}",
            case.expression,
            regex.group_names(),
            answer["names"]
        ));
    }
    for (text, wanted) in case.texts.iter().zip(answer["found"].as_array().unwrap()) {
        let ours = match regex.captures(text) {
            Ok(captures) => json!(captures.map(|captures| captures.spans)),
            Err(limit) => json!(limit.to_string()),
        };
        if wanted == "slow" {
            continue;
        }
        agreement.searched += 1;
        agreement.matched += usize::from(!wanted.is_null());
        if ours != *wanted {
            found.push(format!("{:?} on {text:?}: {ours}, Python {wanted}", case.expression));
        }
        assert_eq!(
            regex.is_match(text).is_ok_and(|hit| hit),
            !ours.is_null(),
            "{} on {text:?}",
            case.expression
        );
        let lacking = regex
            .required_literals()
            .iter()
            .any(|literal| !text.as_bytes().windows(literal.len()).any(|part| part == literal));
        assert!(
            !lacking || wanted.is_null(),
            "{:?} matches {text:?} without its literals",
            case.expression
        );
    }
}

/// Fails with the first differences if there are any.
fn assert_agreement(cases: &[Case]) -> Agreement {
    let (agreement, found) = differences(cases);
    let shown = found.iter().take(20).cloned().collect::<Vec<_>>().join("\n");
    assert!(found.is_empty(), "{} differences:\n{shown}", found.len());
    println!("{agreement:?}");
    agreement
}
