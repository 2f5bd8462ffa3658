//! Dates: the original's detector and ours judge the same lines. The same template, the same bytes cut out, the same
//! moment, known zone or not; and the order that the templates end up in.

mod generated;
mod pipeline;
mod vectors;

use std::path::Path;

use bantam_pattern::Time;
use bantam_pattern::date::Detector;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::ledger::Ledger;

/// Noon of 14 August 2005 in Zurich.
const NOON: i64 = 1_124_013_600;

/// What the original is taught of what Bantam alone does, each on top of the one before, and the phrase for what then
/// agrees.
const LEVELS: [(&str, &str); 2] = [
    ("wide", "Bantam's default templates take up to nine"),
    ("masked", "In a line of an access log the bracketed date is the line's"),
];
const UNDATED_LINE: &str = "a month without a day, or an unknown zone, costs the date and not the line";
const STRAY_TOKEN: &str = "`%s` in a `datepattern` is refused";
const TWICE: &str = "The hour that comes twice";

/// A log with its settings.
#[derive(Debug, Clone)]
struct Session {
    /// As in `TZ`.
    zone: String,
    logtimezone: Option<String>,
    datepattern: String,
    /// With the moment at which each is read.
    lines: Vec<(i64, String)>,
}

/// What a side says of a session: whether it takes the settings, an answer a line, the templates' order with hits.
#[derive(Debug, Clone, Default)]
struct Answers {
    refused: Option<String>,
    lines: Vec<String>,
    order: Vec<String>,
}

impl Session {
    fn new<L: Into<String>>(datepattern: &str, lines: impl IntoIterator<Item = L>) -> Self {
        Session {
            zone: "UTC".to_owned(),
            logtimezone: None,
            datepattern: datepattern.to_owned(),
            lines: lines.into_iter().map(|line| (NOON, line.into())).collect(),
        }
    }

    fn zone(mut self, zone: &str) -> Self {
        self.zone = zone.to_owned();
        self
    }

    fn logtimezone(mut self, zone: &str) -> Self {
        self.logtimezone = Some(zone.to_owned());
        self
    }

    fn at(mut self, now: i64) -> Self {
        self.lines.iter_mut().for_each(|line| line.0 = now);
        self
    }

    fn as_json(&self) -> Value {
        json!({
            "zone": self.zone, "logtimezone": self.logtimezone,
            "datepattern": self.datepattern, "lines": self.lines,
        })
    }

    fn from_json(value: &Value) -> Session {
        let text = |name: &str| value[name].as_str().map(str::to_owned);
        let line = |line: &Value| (line[0].as_i64().unwrap(), line[1].as_str().unwrap().to_owned());
        Session {
            zone: text("zone").unwrap(),
            logtimezone: text("logtimezone"),
            datepattern: text("datepattern").unwrap(),
            lines: value["lines"].as_array().unwrap().iter().map(line).collect(),
        }
    }
}

/// Compares all sessions and a few whole runs of the regex tool.
pub fn compare(ledger: &mut Ledger) {
    let mut sessions = vectors::all();
    sessions.extend(generated::all());
    let recorded = original(&["recorded"], &Value::Null);
    let recorded: Vec<Session> = recorded.as_array().unwrap().iter().map(Session::from_json).collect();
    assert!(
        recorded.len() > 50,
        "only {} sessions of the original's own test",
        recorded.len()
    );
    sessions.extend(recorded);
    let (ours, plain) = std::thread::scope(|scope| {
        let plain = scope.spawn(|| ask("plain", &sessions));
        let ours: Vec<Answers> = sessions.iter().map(answers).collect();
        (ours, plain.join().unwrap())
    });
    let open: Vec<usize> = (0..sessions.len()).filter(|&n| !agree(&ours[n], &plain[n])).collect();
    let odd: Vec<Session> = open.iter().map(|&n| sessions[n].clone()).collect();
    let taught: Vec<Vec<Answers>> = LEVELS.iter().map(|(level, _)| ask(level, &odd)).collect();
    for (n, session) in sessions.iter().enumerate() {
        let mut theirs = vec![&plain[n]];
        if let Ok(at) = open.binary_search(&n) {
            theirs.extend(taught.iter().map(|answers| &answers[at]));
        }
        account(ledger, session, &ours[n], &theirs);
    }
    pipeline::compare(ledger);
}

fn agree(ours: &Answers, theirs: &Answers) -> bool {
    ours.refused.is_some() == theirs.refused.is_some() && ours.lines == theirs.lines && ours.order == theirs.order
}

/// Enters a session: each of its lines, and the order at its end. `theirs` begins with the original as it is.
fn account(ledger: &mut Ledger, session: &Session, ours: &Answers, theirs: &[&Answers]) {
    let plain = theirs[0];
    let setting = format!(
        "TZ={} logtimezone={:?} {:?}",
        session.zone, session.logtimezone, session.datepattern
    );
    if ours.refused.is_some() || plain.refused.is_some() {
        // The original compiles when it first asks, and then fails at each line.
        let useless = plain.refused.is_some() || plain.lines.iter().all(|line| line == "raises");
        let what = format!("{setting}: {:?}, {:?}", ours.refused, plain.refused);
        if ours.refused.is_some() && !useless && session.datepattern.contains("%s") {
            ledger.except(what, STRAY_TOKEN);
        } else {
            ledger.compare(what, &ours.refused.is_some(), &useless);
        }
        return;
    }
    for (n, line) in ours.lines.iter().enumerate() {
        let what = format!("{setting} line {n} {:?}", session.lines[n]);
        let as_taught = |level: usize| theirs.get(level).is_some_and(|theirs| &theirs.lines[n] == line);
        let phrase = (1..theirs.len())
            .find(|&level| as_taught(level))
            .map(|level| LEVELS[level - 1].1);
        if as_taught(0) {
            ledger.agree();
        } else if let Some(phrase) = phrase.or_else(|| exception(line, theirs.iter().map(|t| t.lines[n].as_str()))) {
            ledger.except(what, phrase);
        } else {
            ledger.compare(what, line, &plain.lines[n]);
        }
    }
    let order = |theirs: &Answers| theirs.order == ours.order;
    match (1..theirs.len()).find(|&level| order(theirs[level])) {
        _ if order(plain) => ledger.agree(),
        Some(level) => ledger.except(format!("{setting}: order"), LEVELS[level - 1].1),
        None => ledger.compare(format!("{setting}: order"), &ours.order, &plain.order),
    }
}

/// Why one line's answer may be other than all that the original gives.
fn exception<'a>(ours: &str, mut theirs: impl Iterator<Item = &'a str>) -> Option<&'static str> {
    theirs.find_map(|theirs| {
        if theirs.contains("raises") && theirs.replace("raises", "impossible") == ours {
            return Some(UNDATED_LINE);
        }
        let seconds = |answer: &str| -> Option<(String, f64)> {
            let (before, rest) = answer.split_once(" float ")?;
            let (seconds, name) = rest.split_once(' ')?;
            Some((format!("{before} {name}"), seconds.parse().ok()?))
        };
        let ((ours, one), (theirs, other)) = (seconds(ours)?, seconds(theirs)?);
        // What `mktime` says of an hour that comes twice depends on what it was asked before; ours is the first.
        (ours == theirs && other > one && other - one <= 3600.0 && is_twice(one)).then_some(TWICE)
    })
}

/// Whether the clocks of a zone in the vectors are put back within the hour after that moment.
fn is_twice(seconds: f64) -> bool {
    let stamp = jiff::Timestamp::from_second(seconds as i64).unwrap();
    vectors::ZONES.iter().any(|name| {
        let zone = zone(name);
        let local = zone.to_datetime(stamp);
        matches!(
            zone.to_ambiguous_timestamp(local).offset(),
            jiff::tz::AmbiguousOffset::Fold { .. }
        )
    })
}

/// Our own answers, in the words of the script.
fn answers(session: &Session) -> Answers {
    let mut detector = match Detector::from_pattern(&session.datepattern) {
        Ok(detector) => detector,
        Err(error) => return refused(error),
    };
    detector.set_local_zone(zone(&session.zone));
    if let Err(error) = detector.set_default_zone(session.logtimezone.as_deref()) {
        return refused(error);
    }
    let mut templates = detector.templates();
    templates.sort_by_key(|template| template.id);
    let lines = session.lines.iter().map(|(now, line)| {
        let Some(found) = detector.find(line, Time::from_secs(*now)) else {
            return "undated".to_owned();
        };
        let moment = match found.time {
            None if found.span.is_empty() => "empty".to_owned(),
            None => "impossible".to_owned(),
            Some(time) => shown(time, found.zoned),
        };
        let name = &templates[found.template].name;
        format!("{}-{} {moment} {name}", found.span.start, found.span.end)
    });
    let lines = lines.collect();
    let order = detector
        .templates()
        .iter()
        .map(|t| format!("{} {}", t.hits, t.name))
        .collect();
    Answers {
        refused: None,
        lines,
        order,
    }
}

fn refused(error: bantam_pattern::PatternError) -> Answers {
    Answers {
        refused: Some(error.to_string()),
        ..Answers::default()
    }
}

fn shown(time: Time, whole: bool) -> String {
    if time.nanos() >= i64::MAX / 1_000_000_000 * 1_000_000_000 {
        return "clipped".to_owned();
    }
    if whole {
        return format!("int {}", time.secs());
    }
    // Through the number that Python would hold.
    let secs: f64 = time.to_string().parse().unwrap();
    format!("float {secs:.6}")
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).or_else(|_| TimeZone::posix(name)).unwrap()
}

/// The original's answers, after it was taught.
fn ask(level: &str, sessions: &[Session]) -> Vec<Answers> {
    let request: Vec<Value> = sessions.iter().map(Session::as_json).collect();
    let answers = original(&["ask", level], &Value::from(request));
    let texts = |value: &Value| {
        value
            .as_array()
            .unwrap()
            .iter()
            .map(|t| t.as_str().unwrap().to_owned())
            .collect()
    };
    let answer = |value: &Value| Answers {
        refused: value["refused"].as_str().map(str::to_owned),
        lines: texts(&value["lines"]),
        order: texts(&value["order"]),
    };
    answers.as_array().unwrap().iter().map(answer).collect()
}

/// What the script answers.
fn original(args: &[&str], request: &Value) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/dates/original.py");
    crate::original::ask(&script, args, request)
}
