//! The annotated sample logs of the original's own suite, judged by its rules: which lines match, whom they name, when,
//! with what captured, and that each expression has a sample.

mod annotations;
mod corruptions;
mod oracle;
mod own;
mod run;
mod verdict;

use crate::ledger::Ledger;
use crate::original::installed;
use crate::stock::{conf_names, copy};
use annotations::Log;
use jiff::tz::TimeZone;
use run::{Entry, Judged, Outcome, Subject};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The zone in which the suite runs.
pub const ZONE: &str = "CET-01CEST-02,M3.5.0,M10.5.0";

pub fn compare(ledger: &mut Ledger) {
    let corpus = Corpus::new();
    own::check(ledger);
    let mut reached = BTreeSet::new();
    let mut counts = Counts::default();
    for subject in &corpus.subjects {
        match run::run(subject, &zone(), None) {
            Ok(outcome) => account(ledger, &outcome, &mut counts, &mut reached),
            Err(error) => ledger.differ(format!("{}: {error}", subject.name)),
        }
    }
    ledger.compare(
        "annotated lines that no filter was tried on",
        &corpus.unreached(&reached),
        &Vec::new(),
    );
    corruptions::check(ledger, &corpus.subjects);
    ledger.note(format!(
        "{} annotated lines, judged as {} by different filters, and {} others, in {} trials with {} sets of options of {} \
         filters",
        reached.len(),
        counts.annotated,
        counts.others,
        counts.trials,
        counts.sets,
        corpus.subjects.len()
    ));
}

/// Everything that is known of each failure, and not only what is annotated, against what the original finds: with all
/// expressions tried, and as a jail does it, where the first that matches ends the search.
pub fn compare_captures(ledger: &mut Ledger) {
    oracle::compare_samples(ledger, &Corpus::new().subjects);
}

/// Sample lines with something changed in them.
pub fn compare_altered(ledger: &mut Ledger) {
    oracle::compare_altered(ledger, &Corpus::new().subjects);
}

/// The lines of all sample logs through each of the filters, as a jail does it.
pub fn compare_foreign(ledger: &mut Ledger) {
    let corpus = Corpus::new();
    let lines = corpus.all_lines();
    oracle::compare_lines(ledger, &corpus.subjects, &lines);
}

pub fn zone() -> TimeZone {
    TimeZone::posix(ZONE).unwrap()
}

#[derive(Default)]
struct Counts {
    annotated: usize,
    others: usize,
    trials: usize,
    sets: usize,
}

fn account(ledger: &mut Ledger, outcome: &Outcome, counts: &mut Counts, reached: &mut BTreeSet<(PathBuf, usize)>) {
    for line in &outcome.lines {
        let Judged { place, annotated, .. } = line;
        match annotated {
            true => {
                counts.annotated += 1;
                reached.insert(place.clone());
            }
            false => counts.others += 1,
        }
        match &line.complaint {
            None => ledger.agree(),
            Some(complaint) => ledger.differ(format!("{}:{}: {complaint}", place.0.display(), place.1)),
        }
    }
    for (set, unused) in &outcome.unused {
        ledger.compare(format!("{set}: expressions without a sample"), unused, &Vec::new());
    }
    counts.trials += outcome.trials.len();
    counts.sets += outcome.unused.len();
}

/// The filters and their sample logs.
struct Corpus {
    subjects: Vec<Subject>,
    logs: PathBuf,
    /// Holds a copy of the suite's own configuration.
    _dir: tempfile::TempDir,
}

impl Corpus {
    fn new() -> Self {
        let (modules, config) = installed();
        let package = modules.join("fail2ban/tests");
        let dir = tempfile::tempdir().unwrap();
        let own = own_config(dir.path(), &package.join("config"), &config);
        let logs = package.join("files/logs");
        let stock = conf_names(&config.join("filter.d")).into_iter();
        let stock = stock
            .filter(|name| !name.ends_with("common"))
            .map(|name| (name, config.clone()));
        let suite = conf_names(&own.join("filter.d")).into_iter();
        let suite = suite
            .filter(|name| name.starts_with("zzz-"))
            .map(|name| (name, own.clone()));
        let subject = |(name, base)| Subject {
            name,
            base,
            logs: logs.clone(),
        };
        Corpus {
            subjects: stock.chain(suite).map(subject).collect(),
            logs,
            _dir: dir,
        }
    }

    fn logs(&self) -> Vec<Log> {
        let files = std::fs::read_dir(&self.logs)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let mut files: Vec<PathBuf> = files.filter(|path| path.is_file()).collect();
        files.sort();
        files.iter().map(|path| Log::read(path).unwrap()).collect()
    }

    fn all_lines(&self) -> Vec<Entry> {
        let logs = self.logs();
        let lines = logs.iter().flat_map(Log::lines).map(|line| Entry {
            text: line.bytes.clone(),
            journal: false,
        });
        lines.collect()
    }

    /// Annotated lines that no filter was tried on.
    fn unreached(&self, reached: &BTreeSet<(PathBuf, usize)>) -> Vec<(PathBuf, usize)> {
        let files = std::fs::read_dir(&self.logs)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let logs = files
            .filter(|path| path.is_file())
            .map(|path| Log::read(&path).unwrap());
        let places = logs.flat_map(|log| {
            let annotated = log.lines().filter(|line| line.expected.is_some());
            annotated
                .map(|line| (log.path.clone(), line.number))
                .collect::<Vec<_>>()
        });
        places.filter(|place| !reached.contains(place)).collect()
    }
}

/// A copy of the suite's own configuration in which what it includes from the stock configuration is found: the package
/// keeps the relative path of the place where it was built.
fn own_config(dir: &Path, suite: &Path, config: &Path) -> PathBuf {
    let mut deep = dir.to_owned();
    deep.extend(["1", "2", "3", "4", "5", "6", "7", "8", "config"]);
    copy(suite, &deep);
    let filters = deep.join("filter.d");
    for name in conf_names(&filters).iter().filter(|name| name.starts_with("zzz-")) {
        let text = std::fs::read_to_string(filters.join(format!("{name}.conf"))).unwrap();
        let included = text
            .lines()
            .find_map(|line| line.trim().strip_prefix("before = ")?.strip_suffix("/common.conf"));
        let ups = included.unwrap_or_default().matches("../").count();
        let above = filters.ancestors().nth(ups).unwrap();
        copy(&config.join("filter.d"), &above.join("config/filter.d"));
    }
    deep
}
