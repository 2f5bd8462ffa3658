//! Every command that the original's client has, asked of its own server and of Bantam's, by its client and by ours:
//! the same is printed and the same exit code returned.
//!
//! What commands there are is read from the original when the test runs; one that the list does not exercise fails it.
//! The installed 1.0.2 runs as it is: commands that it lacks are not put into it, but excepted line by line in the list.
//! With `FAIL2BAN_SOURCE=DIR` these are compared too.

mod origins;
mod place;
mod processes;

use crate::ledger::Ledger;
use place::{Place, Whose, other_original, program, python};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// What the words before a line of the list stand for.
const PHRASES: &[(&str, &str)] = &[
    ("1.1", NEWER),
    ("date", "A `datepattern` that cannot compile is refused when it is set"),
    ("kept", "A value that is refused changes nothing"),
    ("python", "An action written in Python is refused by its name"),
    (
        "range",
        "`maxretry` and `maxmatches` are never below 0 nor above 4,294,967,295",
    ),
    (
        "table",
        "`status JAIL stats`, `status --all stats` and `statistic` print the table that `stats` prints",
    ),
    ("totals", "carry over a restart"),
    ("utf16", "UTF-16 and UTF-32 are refused"),
    ("words", WORDS),
];
const NEWER: &str = "Bantam follows Fail2ban 1.1 where that differs from the 1.0.2 that Debian ships";
const WORDS: &str = "Errors in Python's own words say what was expected instead";

/// Errors that come out of Python itself, not of the original.
const PYTHON_ERRORS: &[&str] = &[
    "' is not defined",
    "invalid syntax (",
    "bad operand type for",
    "object has no attribute",
    " required positional argument",
    "unexpected keyword argument",
    "Expecting value: line",
    "): incomplete format",
    "): unsupported format character",
];

/// What a client printed, and whether its exit code was 0. Paths, times and versions are the same for all.
#[derive(Debug, Clone, PartialEq)]
struct Outcome {
    out: String,
    success: bool,
}

/// A command of the list.
struct Line {
    text: String,
    words: Vec<String>,
    /// What may differ in it, as the page says it.
    phrase: Option<&'static str>,
}

impl Line {
    /// Why two outcomes may differ, if they do and may.
    fn phrase_for(&self, expected: &Outcome, got: &Outcome) -> Option<&'static str> {
        if expected == got {
            return None;
        }
        let is_of_python = PYTHON_ERRORS.iter().any(|error| expected.out.contains(error));
        match self.phrase {
            // Another version of the original is compared with as it is.
            Some(NEWER) if other_original().is_some() => None,
            Some(phrase) => Some(phrase),
            None if is_of_python && !expected.success && !got.success && !got.out.is_empty() => Some(WORDS),
            None => None,
        }
    }

    /// Whose words are parted by single spaces.
    fn plain(text: &str) -> Self {
        Line {
            text: text.to_owned(),
            words: text.split(' ').map(str::to_owned).collect(),
            phrase: None,
        }
    }
}

pub fn compare(ledger: &mut Ledger) {
    let (lines, facts) = read_list();
    check_that_all_are_there(ledger, &lines, &facts);
    let places = [Whose::Theirs, Whose::Ours, Whose::Theirs, Whose::Ours].map(Place::served_by);
    places.iter().for_each(Place::wait);
    let [own, bantam, theirs, both] = &places;
    let expected = std::thread::scope(|scope| {
        let expected = scope.spawn(|| by_their_client(own.folder(), &lines));
        let of_bantam = scope.spawn(|| by_their_client(bantam.folder(), &lines));
        let of_theirs = scope.spawn(|| by_our_client(theirs.folder(), &lines));
        let of_both = scope.spawn(|| by_our_client(both.folder(), &lines));
        let expected = expected.join().unwrap();
        for (how, got) in [
            ("their client, our server", of_bantam),
            ("our client, their server", of_theirs),
            ("our client, our server", of_both),
        ] {
            tally(ledger, how, &lines, &expected, &got.join().unwrap());
        }
        expected
    });
    as_json(ledger, &lines);
    origins::compare(ledger);
    processes::compare(ledger);
    assert!(
        expected
            .iter()
            .any(|outcome| outcome.success && !outcome.out.is_empty())
    );
}

fn tally(ledger: &mut Ledger, how: &str, lines: &[Line], expected: &[Outcome], got: &[Outcome]) {
    assert_eq!(lines.len(), expected.len());
    assert_eq!(lines.len(), got.len());
    for ((line, expected), got) in lines.iter().zip(expected).zip(got) {
        let what = format!("{how}: {}", line.text);
        if let Some(phrase) = line.phrase_for(expected, got) {
            ledger.except(what, phrase);
        } else {
            ledger.compare(what, got, expected);
        }
    }
}

/// The list with the words of each line, and what the original says that there is.
fn read_list() -> (Vec<Line>, Json) {
    let mut texts: Vec<(String, Option<&'static str>)> = Vec::new();
    let list = include_str!("commands/list.txt");
    for line in list.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let phrase = line
            .split_once(": ")
            .and_then(|(word, line)| Some((line, PHRASES.iter().find(|(known, _)| *known == word)?.1)));
        texts.push(match phrase {
            Some((line, phrase)) => (line.to_owned(), Some(phrase)),
            None => (line.to_owned(), None),
        });
    }
    let facts = facts(&[]);
    let at = texts.iter().position(|(text, _)| text == "ODD").unwrap();
    let odd = odd(&facts["account"]).into_iter().map(|text| (text, None));
    texts.splice(at..=at, odd);
    let words = facts_of(&texts);
    let lines = texts
        .into_iter()
        .zip(words)
        .map(|((text, phrase), words)| Line { text, words, phrase });
    (lines.collect(), facts)
}

fn facts_of(texts: &[(String, Option<&'static str>)]) -> Vec<Vec<String>> {
    let texts: Vec<&str> = texts.iter().map(|(text, _)| text.as_str()).collect();
    serde_json::from_value(facts(&texts)["words"].clone()).unwrap()
}

fn facts(lines: &[&str]) -> Json {
    let answer = run_python(include_str!("commands/facts.py"), &serde_json::json!(lines));
    serde_json::from_slice(&answer).unwrap()
}

fn run_python(script: &str, input: &Json) -> Vec<u8> {
    let mut child = python()
        .args(["-c", script])
        .env("TZ", "UTC")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("needs Python: apt-get install -y python3");
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.to_string().as_bytes())
        .unwrap();
    let done = child.wait_with_output().unwrap();
    assert!(
        done.status.success(),
        "the original gave up ({}); needs it: apt-get install -y fail2ban",
        done.status
    );
    done.stdout
}

/// Each option of the transmitter with arguments that are missing, strange or too many.
fn odd(account: &Json) -> Vec<String> {
    let names = |kind: &str| -> Vec<String> { serde_json::from_value(account[kind].clone()).unwrap() };
    let mut lines = Vec::new();
    let mut options = names("set jail");
    // First, since what is ignored does not count.
    options.sort_by_key(|option| option != "attempt");
    for option in options {
        for rest in ["", " ''", " x", " 5", " 5 6", " x y z", " --all"] {
            lines.push(format!("set two {option}{rest}"));
        }
        lines.push(format!("set nojail {option} x"));
        if option == "attempt" {
            lines.push("sleep 2".to_owned()); // The original bans for it later.
        }
    }
    for option in names("get jail") {
        for rest in ["", " ''", " x", " 5 6", " --all"] {
            lines.push(format!("get two {option}{rest}"));
        }
        lines.push(format!("get nojail {option}"));
    }
    lines
}

/// Fails for each command of the original's that no line exercises.
fn check_that_all_are_there(ledger: &mut Ledger, lines: &[Line], facts: &Json) {
    let words: Vec<Vec<&str>> = lines
        .iter()
        .map(|line| line.words.iter().map(String::as_str).collect())
        .collect();
    let mut check = |what: String, found: bool| match found {
        true => ledger.agree(),
        false => ledger.differ(format!("no line exercises {what}")),
    };
    let table: Vec<String> = serde_json::from_value(facts["table"].clone()).unwrap();
    for entry in &table {
        check(format!("`{entry}`"), words.iter().any(|words| fits(entry, words)));
    }
    let account: BTreeMap<String, Vec<String>> = serde_json::from_value(facts["account"].clone()).unwrap();
    assert!(account.values().all(|names| names.len() > 5), "{account:?}");
    for (kind, names) in account {
        for name in names {
            let found = words.iter().any(|words| match kind.as_str() {
                "basic" if name.starts_with("--") => words.contains(&name.as_str()),
                "basic" => words.first() == Some(&name.as_str()),
                "set server" | "set jail" => {
                    words.len() > 2 && words[0] == "set" && words[1..3].contains(&name.as_str())
                }
                _ => words.len() > 1 && words[0] == "get" && words[1..].contains(&name.as_str()),
            });
            // `bantime.` stands for what begins so.
            let found = found || name == "bantime." && words.iter().any(|words| words.contains(&"bantime.factor"));
            check(format!("`{name}` ({kind})"), found);
        }
    }
}

/// Whether a command is one of those that an entry of the protocol's table stands for: the words before its first
/// optional part, `<…>` being any word.
fn fits(entry: &str, words: &[&str]) -> bool {
    let entry = entry.replace("stat[istic]s", "statistics");
    let options: Vec<&str> = entry
        .split(['[', ']', ' '])
        .filter(|word| word.starts_with("--"))
        .collect();
    let required: Vec<&str> = entry
        .split(' ')
        .filter(|word| !word.starts_with('[') && !word.ends_with(']') && *word != "...")
        .collect();
    let given: Vec<&&str> = words.iter().filter(|word| !options.contains(word)).collect();
    let required: Vec<&&str> = required.iter().filter(|word| !options.contains(word)).collect();
    let all_options = options.iter().all(|option| words.contains(option));
    all_options
        && given.len() >= required.len()
        && required.iter().zip(given).all(|(part, word)| {
            let part = part.split('[').next().unwrap_or_default();
            part.starts_with('<') || part.split('|').any(|one| one.starts_with('<') || one == *word)
        })
}

/// All commands with the original's client in one process.
fn by_their_client(folder: &Path, lines: &[Line]) -> Vec<Outcome> {
    let commands: Vec<Vec<String>> = lines.iter().map(|line| in_folder(&line.words, folder)).collect();
    let answer = run_python(include_str!("commands/ask.py"), &serde_json::json!([folder, commands]));
    let outcomes: Vec<(String, String, bool)> = serde_json::from_slice(&answer).unwrap();
    outcomes
        .into_iter()
        .map(|(out, _, success)| normal(&out, success, folder))
        .collect()
}

/// Each command with a process of our client.
fn by_our_client(folder: &Path, lines: &[Line]) -> Vec<Outcome> {
    lines
        .iter()
        .map(|line| {
            run(
                &mut client(Whose::Ours, folder, &in_folder(&line.words, folder)),
                folder,
            )
        })
        .collect()
}

fn client(whose: Whose, folder: &Path, words: &[String]) -> Command {
    let mut command = program(whose, "client");
    let at = |name: &str| folder.join(name).into_os_string();
    command
        .args([
            "-c".as_ref(),
            folder.as_os_str(),
            "-s".as_ref(),
            &at("sock"),
            "-p".as_ref(),
            &at("pid"),
        ])
        .args(words)
        .current_dir(folder);
    command
}

fn run(command: &mut Command, folder: &Path) -> Outcome {
    let done = command.stdin(Stdio::null()).output().unwrap();
    let code = done.status.code();
    assert!(matches!(code, Some(0 | 255)), "{command:?} ended with {code:?}");
    normal(&String::from_utf8_lossy(&done.stdout), code == Some(0), folder)
}

/// With `--json` each command prints one document, an error exactly when it fails, and the same for either server.
fn as_json(ledger: &mut Ledger, lines: &[Line]) {
    let places = [Whose::Theirs, Whose::Ours].map(Place::served_by);
    places.iter().for_each(Place::wait);
    let [theirs, ours] = std::thread::scope(|scope| {
        let asked = places
            .each_ref()
            .map(|place| scope.spawn(|| documents(place.folder(), lines)));
        asked.map(|asked| asked.join().unwrap())
    });
    for outcome in theirs.iter().chain(&ours) {
        match &outcome.document {
            Ok(document) if document.get("error").is_some() != outcome.success => ledger.agree(),
            Ok(document) => ledger.differ(format!("--json {}: {document} and {}", outcome.line, outcome.success)),
            Err(text) => ledger.differ(format!("--json {}: no document on one line: {text:?}", outcome.line)),
        }
    }
    let as_outcomes = |documents: Vec<Document>| -> Vec<Outcome> { documents.into_iter().map(Outcome::from).collect() };
    tally(ledger, "--json", lines, &as_outcomes(theirs), &as_outcomes(ours));
}

/// What a command printed with `--json`.
struct Document {
    line: String,
    document: Result<Json, String>,
    success: bool,
}

impl From<Document> for Outcome {
    fn from(document: Document) -> Self {
        let success = document.success;
        let out = match document.document {
            // As the words are compared, so that the same exceptions hold.
            Ok(Json::Object(object)) if object.contains_key("error") => {
                object["error"]["message"].as_str().unwrap_or_default().to_owned()
            }
            Ok(document) => document.to_string(),
            Err(text) => text,
        };
        Outcome { out, success }
    }
}

fn documents(folder: &Path, lines: &[Line]) -> Vec<Document> {
    let one = |line: &Line| {
        let words: Vec<String> = std::iter::once("--json".to_owned())
            .chain(in_folder(&line.words, folder))
            .collect();
        let done = client(Whose::Ours, folder, &words)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let out = String::from_utf8_lossy(&done.stdout).replace(folder.to_str().unwrap(), "DIR");
        let out = with_newer_ipv6(&out);
        let document = match out.strip_suffix('\n').filter(|text| !text.contains('\n')) {
            Some(text) => serde_json::from_str(text).map_err(|_| text.to_owned()),
            None => Err(out.clone()),
        };
        Document {
            line: line.text.clone(),
            document: document.map(|document| settled(document, &line.words)),
            success: done.status.code() == Some(0),
        }
    };
    lines.iter().map(one).collect()
}

/// Without versions, times of bans, the order of sets, and what only Python has.
fn settled(document: Json, words: &[String]) -> Json {
    match document {
        Json::Array(mut items) => {
            if words.iter().any(|word| word.ends_with("ignoreip")) {
                items.sort_by_key(Json::to_string);
            }
            items.retain(|item| !item.as_str().is_some_and(|text| text.starts_with("ESCAPE_")));
            items.into_iter().map(|item| settled(item, words)).collect()
        }
        Json::Object(pairs) => {
            let pairs = pairs.into_iter().map(|(key, value)| match key.as_str() {
                "start" | "end" => (key, Json::from("TIME")),
                _ => (key, settled(value, words)),
            });
            Json::Object(pairs.collect())
        }
        Json::String(_) if words.first().is_some_and(|word| word == "version") => Json::from("VERSION"),
        other => other,
    }
}

fn in_folder(words: &[String], folder: &Path) -> Vec<String> {
    let folder = folder.to_str().unwrap();
    words.iter().map(|word| word.replace("DIR", folder)).collect()
}

/// With the newer version's expression for addresses of IPv6.
fn with_newer_ipv6(out: &str) -> String {
    out.replace("{1,4}::?|::){1,7}", "{1,4}::?|:){1,7}")
}

/// Without the folder, versions, and times of bans.
fn normal(out: &str, success: bool, folder: &Path) -> Outcome {
    let out = with_newer_ipv6(out);
    // Attributes that only Python has.
    let out = out.replace("ESCAPE_CRE, ESCAPE_VN_CRE, ", "");
    let out = out.replace(folder.to_str().unwrap(), "DIR");
    let line = |line: &str| match line {
        line if line.contains(" + 600 = ") || line.contains(" + 60 = ") => line
            .chars()
            .map(|char| if char.is_ascii_digit() { '0' } else { char })
            .collect(),
        // The usage text is in our own words.
        line if line.starts_with("Usage: ") => "Usage".to_owned(),
        line => line.to_owned(),
    };
    let mut lines: Vec<String> = out.lines().map(line).collect();
    if lines.first().is_some_and(|first| first == "Usage") {
        lines.truncate(1);
    }
    // Python's sets have no order.
    if lines
        .first()
        .is_some_and(|first| first == "These IP addresses/networks are ignored:")
    {
        lines[1..].sort_by(|a, b| a[3..].cmp(&b[3..]));
        lines[1..].iter_mut().for_each(|line| line.replace_range(..2, "|-"));
    }
    let is_version = |text: &str| {
        text.parse::<std::net::IpAddr>().is_err()
            && text.starts_with(|first: char| first.is_ascii_digit())
            && text
                .split('.')
                .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    };
    if let [only] = lines.as_mut_slice()
        && is_version(only)
        && only.split('.').count() > 2
    {
        *only = "VERSION".to_owned();
    }
    Outcome {
        out: lines.join("\n"),
        success,
    }
}
