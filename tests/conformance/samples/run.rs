//! One filter on its sample logs, as the original's own suite does it: state is kept for each set of options from line
//! to line, all expressions are tried on each line, nothing is resolved and nothing is too old.

use super::annotations::{Item, Keys, Line, Log, holds};
use super::verdict;
use crate::filters::given;
use bantam_detect::{EntryLine, Filter, Hit, LineContext, Resolver, Time};
use bantam_wire::Value;
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// The moment at which the suite runs, and how a journal's entry of that moment tells its time.
pub const NOW: Time = Time::from_secs(1_124_013_600);
pub const NOW_TEXT: &str = "2005-08-14T10:00:00";

/// A filter and where it stands.
#[derive(Debug, Clone)]
pub struct Subject {
    pub name: String,
    /// The folder that holds its `filter.d`.
    pub base: PathBuf,
    /// The folder of the sample logs.
    pub logs: PathBuf,
}

/// What came of one line.
#[derive(Debug)]
pub struct Judged {
    /// The log and the line's number.
    pub place: (PathBuf, usize),
    pub annotated: bool,
    /// With how many sets of options it was judged.
    pub times: usize,
    /// Whether the annotation was changed before, to see that it is found out.
    pub corrupted: bool,
    /// The first thing that is wrong.
    pub complaint: Option<String>,
}

/// What came of a filter.
#[derive(Debug, Default)]
pub struct Outcome {
    pub lines: Vec<Judged>,
    /// By set of options: expressions that nothing in the logs matched.
    pub unused: BTreeMap<String, Vec<String>>,
    /// What one set of options made of one line, in order: for the comparison with the original's own results.
    pub trials: Vec<Trial>,
    /// Options of the sets, by number.
    pub sets: Vec<Keys>,
}

/// One line given to a filter.
#[derive(Debug)]
pub struct Trial {
    pub set: usize,
    pub line: Entry,
    pub hits: Vec<Hit>,
}

/// A line, and whether it comes from a journal, which tells its time beside it.
#[derive(Debug, Clone)]
pub struct Entry {
    pub text: Vec<u8>,
    pub journal: bool,
}

/// Changes an annotation; none where it does not apply.
pub type Corrupt = fn(&Line) -> Option<Keys>;

/// A filter with one set of options, and which of its expressions have matched.
struct Trained {
    filter: Filter,
    used: BTreeSet<usize>,
    number: usize,
}

struct Run<'a> {
    subject: &'a Subject,
    zone: TimeZone,
    corrupt: Option<Corrupt>,
    trained: BTreeMap<String, Trained>,
    /// Expressions that matched with any set of options.
    used: BTreeSet<String>,
    outcome: Outcome,
}

/// Runs a filter on its logs.
pub fn run(subject: &Subject, zone: &TimeZone, corrupt: Option<Corrupt>) -> Result<Outcome, String> {
    let mut run = Run {
        subject,
        zone: zone.clone(),
        corrupt,
        trained: BTreeMap::new(),
        used: BTreeSet::new(),
        outcome: Outcome::default(),
    };
    run.logs()?;
    for (key, trained) in &run.trained {
        let unused = trained.filter.failregexes().into_iter().enumerate();
        let unused = unused.filter(|(index, text)| !trained.used.contains(index) && !run.used.contains(*text));
        let unused = unused.map(|(index, text)| format!("{index}: {text}")).collect();
        run.outcome.unused.insert(key.clone(), unused);
    }
    Ok(run.outcome)
}

impl Run<'_> {
    fn logs(&mut self) -> Result<(), String> {
        let mut names = vec![self.subject.name.clone()];
        let mut common = Keys::new();
        let mut sets: Vec<Keys> = Vec::new();
        let mut next = 0;
        while let Some(name) = names.get(next) {
            let log = Log::read(&self.subject.logs.join(name))?;
            next += 1;
            let mut ignored = false;
            for item in &log.items {
                match item {
                    Item::AddFile(name) => names.push(name.clone()),
                    Item::FileOptions(options) => common = options.clone(),
                    Item::FilterOptions(wanted) => {
                        (sets, ignored) = self.choose(wanted, &common)?;
                    }
                    Item::Line(_) if ignored => {}
                    Item::Line(line) => {
                        if sets.is_empty() {
                            sets.push(Keys::new());
                        }
                        self.line(&log.path, line, &sets)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// The sets of options whose condition holds, and whether the lines that follow are left out.
    fn choose(&self, wanted: &[Keys], common: &Keys) -> Result<(Vec<Keys>, bool), String> {
        let mut sets = Vec::new();
        let mut ignored = false;
        for options in wanted {
            let mut set = common.clone();
            set.extend(options.clone());
            if let Some(condition) = set.get("test.condition").and_then(|condition| condition.as_str()) {
                ignored = !holds(condition, &self.subject.name, &set)?;
            }
            if !ignored {
                sets.push(set);
            }
        }
        Ok((sets, ignored))
    }

    fn line(&mut self, log: &Path, line: &Line, sets: &[Keys]) -> Result<(), String> {
        let corrupted = self.corrupt.and_then(|corrupt| corrupt(line));
        let expected = corrupted
            .as_ref()
            .or(line.expected.as_ref())
            .cloned()
            .unwrap_or_default();
        let mut judged = Judged {
            place: (log.to_owned(), line.number),
            annotated: line.expected.is_some(),
            times: 0,
            corrupted: corrupted.is_some(),
            complaint: None,
        };
        let mut text = line.bytes.clone();
        for set in sets {
            let constraint = expected.get("constraint").and_then(|constraint| constraint.as_str());
            if let Some(constraint) = constraint
                && !holds(constraint, &self.subject.name, set)?
            {
                continue;
            }
            let journal = set.get("logtype").and_then(|kind| kind.as_str()) == Some("journal");
            if journal && let Some(prefix) = set.get("test.prefix-line").and_then(|prefix| prefix.as_str()) {
                text.splice(..0, prefix.bytes());
            }
            let entry = Entry {
                text: text.clone(),
                journal,
            };
            let complaint = self.trial(set, entry, &expected)?;
            judged.times += 1;
            judged.complaint = judged.complaint.or(complaint);
        }
        if judged.times > 0 {
            self.outcome.lines.push(judged);
        }
        Ok(())
    }

    /// Gives a line to the filter with one set of options.
    fn trial(&mut self, set: &Keys, line: Entry, expected: &Keys) -> Result<Option<String>, String> {
        let key = self.key(set);
        if !self.trained.contains_key(&key) {
            let number = self.outcome.sets.len();
            let plain: Keys = plain_options(set)
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect();
            let filter = build(self.subject, &plain)?;
            self.outcome.sets.push(plain);
            let used = BTreeSet::new();
            self.trained.insert(key.clone(), Trained { filter, used, number });
        }
        let Some(trained) = self.trained.get_mut(&key) else {
            return Err(key);
        };
        let hits = judge(&mut trained.filter, &line);
        let counted: Vec<&Hit> = hits.iter().filter(|hit| hit.id.is_some() && !hit.nofail).collect();
        let complaint = verdict::complaint(&counted, expected, &self.zone);
        let complaint = complaint.map(|complaint| {
            let records: Vec<String> = hits.iter().map(|hit| verdict::shown(&hit.record)).collect();
            format!(
                "{key}: {complaint}: {} -> {records:?}",
                String::from_utf8_lossy(&line.text)
            )
        });
        // What a wrong line matched is no sample of an expression.
        for hit in hits
            .iter()
            .filter(|hit| complaint.is_none() || hit.id.is_none() || hit.nofail)
        {
            trained.used.insert(hit.expression);
            self.used.extend(
                trained
                    .filter
                    .failregexes()
                    .get(hit.expression)
                    .map(|text| (*text).to_owned()),
            );
        }
        let set = trained.number;
        self.outcome.trials.push(Trial { set, line, hits });
        Ok(complaint)
    }

    /// Under what the state of a set of options is kept.
    fn key(&self, set: &Keys) -> String {
        let name = &self.subject.name;
        match set.get("test.filter-name").and_then(|name| name.as_str()) {
            Some(own) if !own.is_empty() => format!("{name}{own}"),
            _ => format!("{name}{:?}", plain_options(set).collect::<Vec<_>>()),
        }
    }
}

/// The options that the filter is to see.
fn plain_options(set: &Keys) -> impl Iterator<Item = (&String, &serde_json::Value)> {
    set.iter().filter(|(key, _)| !key.starts_with("test."))
}

/// What a filter makes of a line.
pub fn judge(filter: &mut Filter, line: &Entry) -> Vec<Hit> {
    let resolver = &mut Nobody;
    let mut context = context(resolver);
    let report = if line.journal {
        let entry = EntryLine {
            iso: NOW_TEXT.to_owned(),
            time: NOW,
            text: filter.encoding().decode(&line.text).into_owned(),
        };
        &*filter.judge_entry(&entry, &mut context, &mut Vec::new())
    } else {
        filter.judge(&line.text, &mut context, &mut Vec::new())
    };
    report.hits.clone()
}

/// A filter with options, as the runner wants it: all expressions are tried.
pub fn build(subject: &Subject, options: &Keys) -> Result<Filter, String> {
    let text = |value: &serde_json::Value| value.as_str().map_or(value.to_string(), str::to_owned);
    let arguments: Vec<String> = options
        .iter()
        .map(|(key, value)| format!("{key}=\"{}\"", text(value)))
        .collect();
    let spec = match arguments.as_slice() {
        [] => subject.name.clone(),
        _ => format!("{}[{}]", subject.name, arguments.join(", ")),
    };
    let commands = bantam_conf::load_filter(&subject.base, &spec).map_err(|findings| {
        let findings: Vec<String> = findings.iter().map(|finding| finding.render(false)).collect();
        format!("{spec}: {}", findings.join("\n"))
    })?;
    let mut filter = Filter::new();
    filter.set_encoding("utf-8").map_err(|error| error.to_string())?;
    filter.set_raw_hosts(true);
    filter.set_check_all(true);
    for command in &commands {
        let option = command.words.get(2).and_then(Value::as_str).unwrap_or_default();
        for value in given(&command.words) {
            let done = match option {
                "prefregex" => filter.set_prefregex(&value),
                "addfailregex" => filter.add_failregex(&value),
                "addignoreregex" => filter.add_ignoreregex(&value),
                "maxlines" => filter.set_max_lines(value.parse().map_err(|_| format!("maxlines {value}"))?),
                "datepattern" => filter.set_datepattern(&value),
                _ => Ok(()),
            };
            done.map_err(|error| format!("{spec}: {error}"))?;
        }
    }
    Ok(filter)
}

/// The moment of the suite, at which nothing is too old.
pub fn context(resolver: &mut Nobody) -> LineContext<'_> {
    LineContext {
        now: NOW,
        in_operation: true,
        findtime: None,
        resolver,
    }
}

/// Names are not resolved.
pub struct Nobody;

impl Resolver for Nobody {
    fn addresses(&mut self, _name: &str) -> Vec<IpAddr> {
        Vec::new()
    }
}
