//! The same lines through the original, one by one, in one process: every match, with all that it captured.

use super::annotations::Keys;
use super::run::{Entry, NOW, NOW_TEXT, Nobody, Subject, Trial, build, context, judge, run};
use super::zone;
use crate::ledger::Ledger;
use crate::stock::ask;
use bantam_detect::{Filter, Hit, LineContext, MatchedLine, Report, Time, Value as Held};
use serde_json::{Map, Value, json};

/// Index of the expression, id, time, captures.
type Match = (usize, Option<String>, Option<f64>, Map<String, Value>);

const CLIPPED: &str = "a date after the year 2262 counts as that year";

const ACCESS_LOG: &str = "In a line of an access log the bracketed date is the line's";

const NANOSECONDS: &str = "Bantam's default templates take up to nine";

/// Lines for one filter, and what it made of them.
struct Script<'a> {
    subject: &'a Subject,
    /// Whether all expressions are tried.
    all: bool,
    sets: Vec<Keys>,
    trials: Vec<Trial>,
}

/// Each filter on its own sample lines, in both ways.
pub fn compare_samples(ledger: &mut Ledger, subjects: &[Subject]) {
    let mut scripts = Vec::new();
    for subject in subjects {
        let outcome = match run(subject, &zone(), None) {
            Ok(outcome) => outcome,
            Err(error) => {
                ledger.differ(format!("{}: {error}", subject.name));
                continue;
            }
        };
        let lines = outcome
            .trials
            .iter()
            .map(|trial| (trial.set, trial.line.clone()))
            .collect();
        scripts.push(Script::of_a_jail(subject, outcome.sets.clone(), lines));
        scripts.push(Script {
            subject,
            all: true,
            sets: outcome.sets,
            trials: outcome.trials,
        });
    }
    compare(ledger, &scripts);
}

/// Each filter on its own sample lines, each followed by forms of it with something changed, as a jail does it.
pub fn compare_altered(ledger: &mut Ledger, subjects: &[Subject]) {
    let mut scripts = Vec::new();
    for subject in subjects {
        let Ok(outcome) = run(subject, &zone(), None) else {
            continue;
        };
        let skips = outcome.sets.iter().any(|set| {
            let filter = build(subject, set).unwrap();
            filter
                .failregexes()
                .iter()
                .any(|expression| expression.contains("skiplines"))
        });
        let mut lines = Vec::new();
        for (number, trial) in outcome.trials.iter().enumerate() {
            lines.push((trial.set, trial.line.clone()));
            let journal = trial.line.journal;
            let altered = altered(&String::from_utf8_lossy(&trial.line.text), number);
            // In lines that are passed over, other line ends than `\n` are told apart as docs/differences.md says.
            let sure = |text: &String| !(skips && text.contains(['\r', '\u{1c}']));
            lines.extend(altered.into_iter().filter(sure).map(|text| {
                let text = text.into_bytes();
                (trial.set, Entry { text, journal })
            }));
        }
        scripts.push(Script::of_a_jail(subject, outcome.sets, lines));
    }
    compare(ledger, &scripts);
}

/// The line with one thing changed that a log may bring: something put in, taken out, repeated, or another digit.
fn altered(line: &str, number: usize) -> Vec<String> {
    const PIECES: [&str; 16] = [
        " ",
        "\"",
        "'",
        "é",
        "\u{a0}",
        "\u{1c}",
        "٣",
        "0",
        "-",
        ": ",
        " [preauth]",
        "from 2001:db8::7 port 22",
        "::ffff:192.0.2.9",
        "\u{1f600}",
        "rhost=",
        "\r",
    ];
    let chars: Vec<char> = line.chars().collect();
    let place = |round: usize| (number * 7919 + round * 104_729) % chars.len().max(1);
    let text = |chars: &[char]| chars.iter().collect::<String>();
    let mut forms = Vec::new();
    for round in 0..4 {
        let at = place(round).min(chars.len());
        let piece = PIECES[(number + round * 5) % PIECES.len()];
        forms.push(format!("{}{piece}{}", text(&chars[..at]), text(&chars[at..])));
        let end = (at + 1 + round * 3).min(chars.len());
        forms.push(format!("{}{}", text(&chars[..at]), text(&chars[end..])));
    }
    let end = place(9);
    forms.push(text(&chars[..end]));
    forms.push(format!("{}{}", text(&chars[end / 2..end]), line));
    let digits: Vec<usize> = (0..chars.len()).filter(|at| chars[*at].is_ascii_digit()).collect();
    if let Some(at) = digits.get(number % digits.len().max(1)) {
        let mut other = chars.clone();
        other[*at] = if chars[*at] == '9' { '3' } else { '9' };
        forms.push(text(&other));
    }
    // Nothing of a line can stand in it that ends one.
    forms
        .into_iter()
        .map(|form| form.trim_end_matches(['\r', '\n']).to_owned())
        .collect()
}

/// Each filter without options on all these lines.
pub fn compare_lines(ledger: &mut Ledger, subjects: &[Subject], lines: &[Entry]) {
    let lines: Vec<(usize, Entry)> = lines.iter().map(|line| (0, line.clone())).collect();
    let script = |subject| Script::of_a_jail(subject, vec![Keys::new()], lines.clone());
    let scripts: Vec<Script<'_>> = subjects.iter().map(script).collect();
    compare(ledger, &scripts);
    for script in &scripts {
        let hits: Vec<&Hit> = script.trials.iter().flat_map(|trial| &trial.hits).collect();
        let (name, block) = (&script.subject.name, script.in_one_block());
        ledger.compare(format!("{name}: all in one block"), &block.iter().collect(), &hits);
    }
}

impl<'a> Script<'a> {
    fn of_a_jail(subject: &'a Subject, sets: Vec<Keys>, lines: Vec<(usize, Entry)>) -> Self {
        let build = |options| {
            let mut filter = build(subject, options).unwrap();
            filter.set_check_all(false);
            filter
        };
        let mut filters: Vec<Filter> = sets.iter().map(build).collect();
        let trial = |(set, line): (usize, Entry)| Trial {
            hits: judge(&mut filters[set], &line),
            set,
            line,
        };
        Script {
            subject,
            all: false,
            trials: lines.into_iter().map(trial).collect(),
            sets,
        }
    }

    /// The same lines read as one piece of a log, where lines that cannot matter are skipped.
    fn in_one_block(&self) -> Vec<Hit> {
        let mut block = Vec::new();
        for trial in &self.trials {
            block.extend_from_slice(&trial.line.text);
            block.push(b'\n');
        }
        let mut filter = build(self.subject, &self.sets[0]).unwrap();
        filter.set_check_all(false);
        let mut hits = Vec::new();
        let tell = &mut |report: &mut Report, _: &LineContext<'_>| hits.append(&mut report.hits);
        filter.judge_block(&block, &mut context(&mut Nobody), &mut Vec::new(), tell);
        hits
    }

    fn asked(&self) -> Value {
        let trials = self.trials.iter().map(|trial| {
            let text = String::from_utf8_lossy(&trial.line.text);
            json!([trial.set, text, trial.line.journal])
        });
        let (name, base) = (&self.subject.name, &self.subject.base);
        let trials: Vec<Value> = trials.collect();
        json!({"name": name, "base": base, "all": self.all, "sets": self.sets, "trials": trials})
    }
}

fn compare(ledger: &mut Ledger, scripts: &[Script<'_>]) {
    let asked: Vec<Value> = scripts.iter().map(Script::asked).collect();
    let request = json!({"now": NOW.secs(), "now_text": NOW_TEXT, "subjects": asked});
    let answers: Vec<Vec<Result<Vec<Match>, String>>> = ask("samples.py", &[], &request);
    let (mut matches, mut values) = (0, 0);
    for (script, answers) in scripts.iter().zip(&answers) {
        let name = &script.subject.name;
        assert_eq!(script.trials.len(), answers.len(), "{name}: answers are missing");
        for (trial, theirs) in script.trials.iter().zip(answers) {
            let ours: Vec<Match> = trial.hits.iter().map(described).collect();
            let text = String::from_utf8_lossy(&trial.line.text);
            let what = || format!("{name} {}, all: {}: {text}", json!(script.sets[trial.set]), script.all);
            match theirs {
                Ok(theirs) => {
                    match written_down(&ours, theirs, &text) {
                        Some(phrase) => ledger.except(what(), phrase),
                        None => ledger.compare(what(), &ours, theirs),
                    }
                    matches += theirs.len();
                    values += theirs.iter().map(|one| one.3.len()).sum::<usize>();
                }
                Err(error) => ledger.differ(format!("{}: the original fails: {error}", what())),
            }
        }
    }
    ledger.note(format!("{matches} matches with {values} captured values"));
}

/// Why two that differ are meant to, if they are.
fn written_down(ours: &[Match], theirs: &[Match], text: &str) -> Option<&'static str> {
    let last = Time::from_nanos(i64::MAX).secs_f64();
    let clipped = |one: &Match| (one.0, one.1.clone(), one.2.map(|time| time.min(last)), one.3.clone());
    let fraction = text
        .split('.')
        .any(|part| part.bytes().take_while(u8::is_ascii_digit).count() > 6);
    match ours {
        _ if ours == theirs => None,
        ours if theirs.iter().map(clipped).eq(ours.iter().cloned()) => Some(CLIPPED),
        // What is left of the date keeps the expression from matching.
        [_, ..] if theirs.is_empty() && fraction => Some(NANOSECONDS),
        // Led astray by the date of an altered line before, the original looks elsewhere.
        [ours] if theirs.is_empty() && has_bracketed_date(ours) => Some(ACCESS_LOG),
        _ => None,
    }
}

/// Whether the line's date is that of an access log: `[18/Nov/2018:21:34:34 +0000] "GET …`.
fn has_bracketed_date(found: &Match) -> bool {
    let part = |index: usize| found.3["matches"][0][index].as_str().unwrap_or_default();
    part(0).ends_with('[') && part(1).contains('/') && part(2).starts_with("] \"")
}

fn described(hit: &Hit) -> Match {
    let known = hit.record.iter().filter(|(_, value)| **value != Held::Missing);
    let captures = known.map(|(name, value)| (name.to_owned(), plain(value))).collect();
    let id = hit.id.as_ref().map(ToString::to_string);
    (hit.expression, id, hit.time.map(|time| time.secs_f64()), captures)
}

fn plain(value: &Held) -> Value {
    let line = |line: &MatchedLine| json!([line.before, line.date, line.after]);
    match value {
        Held::Missing => Value::Null,
        Held::Text(text) => Value::from(&**text),
        Held::Tuple(parts) => parts.iter().map(plain).collect(),
        Held::Users(users) => {
            let mut users: Vec<String> = users.iter().map(ToString::to_string).collect();
            users.sort();
            users.into()
        }
        Held::Set => Value::from("1"),
        Held::Address(id) => Value::from(id.to_string()),
        Held::Lines(lines) => lines.iter().map(line).collect(),
    }
}
