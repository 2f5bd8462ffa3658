//! Every stock filter on one log mixed from all of the original's sample logs, one filter after the other.
use crate::figures::{Better, Findings, Goal, Row, Series, number};
use crate::lab::subject::Subject;
use crate::looking_back::{counts, regex};
use crate::other_logs::Random;
use crate::process::{Finished, try_run, warm};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

const FILTERS: &str = "/etc/fail2ban/filter.d";
const SAMPLES: &str = "/usr/lib/python3/dist-packages/fail2ban/tests/files/logs";
/// So many of the filters with the least ratio are listed.
const WORST: usize = 10;

/// One filter's times, round by round.
struct Tried {
    name: String,
    bantam: Series,
    original: Series,
    counts: [Option<[u64; 4]>; 2],
}

impl Tried {
    fn ratio(&self) -> f64 {
        self.original.over(&self.bantam).median()
    }
}

/// Both on all filters, in turns.
pub fn compare(folder: &Path, lines: usize, rounds: usize, only_some: bool) -> Findings {
    let samples = sample_lines();
    if samples.is_empty() {
        let what = format!("all stock filters: left out, no sample logs in {SAMPLES}");
        return vec![Row::new(what, "s", Better::Less, Some(Goal::Times(50.0)))].into();
    }
    let log = folder.join("mixed.log");
    mix(&log, &samples, lines);
    warm(&log);
    let mut filters = filters();
    if only_some {
        filters = filters.into_iter().step_by(8).collect();
    }
    let mut tried: Vec<Tried> = Vec::new();
    let mut left_out = Vec::new();
    for filter in filters {
        let name = filter.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        match one(&filter, &log, name.clone(), rounds) {
            Some(one) => tried.push(one),
            None => left_out.push(name),
        }
    }
    let _ = std::fs::remove_file(&log);
    summary(tried, &left_out, lines, samples.len(), rounds)
}

fn one(filter: &Path, log: &Path, name: String, rounds: usize) -> Option<Tried> {
    let mut tried = Tried {
        name,
        bantam: Series::default(),
        original: Series::default(),
        counts: [None; 2],
    };
    for _ in 0..rounds {
        let attempt = |subject| -> Finished {
            let mut command = regex(subject, log, &filter.to_string_lossy());
            // Sample logs name hosts; looking them up is no matter of speed here.
            try_run(command.args(["--usedns", "no"]).stderr(Stdio::null()))
        };
        let [ours, theirs] = [Subject::Bantam, Subject::Original].map(attempt);
        tried.counts = [counts(&ours.stdout), counts(&theirs.stdout)];
        tried.counts[1]?;
        tried.bantam.extend([ours.cpu.as_secs_f64()]);
        tried.original.extend([theirs.cpu.as_secs_f64()]);
    }
    eprintln!("stock filter {}: {:.1} times", tried.name, tried.ratio());
    Some(tried)
}

fn summary(mut tried: Vec<Tried>, left_out: &[String], lines: usize, samples: usize, rounds: usize) -> Findings {
    let what = format!(
        "all {} stock filters on one mixed log, one after the other: CPU time",
        tried.len()
    );
    let mut all = Row::new(what, "s", Better::Less, Some(Goal::Times(50.0)));
    for round in 0..rounds {
        let sum = |of: fn(&Tried) -> &Series| tried.iter().filter_map(|t| of(t).0.get(round)).sum::<f64>();
        all.bantam.extend([sum(|t| &t.bantam)]);
        all.original.extend([sum(|t| &t.original)]);
    }
    tried.sort_by(|a, b| a.ratio().total_cmp(&b.ratio()));
    let mut rows = vec![all];
    if let Some(worst) = tried.first() {
        let what = format!("worst single stock filter of these, {}: CPU time", worst.name);
        rows.push(Row {
            bantam: worst.bantam.clone(),
            original: worst.original.clone(),
            ..Row::new(what, "s", Better::Less, Some(Goal::Times(10.0)))
        });
    }
    let mut text = format!(
        "{lines} lines, shuffled from the {samples} of the original's sample logs; whole processes, `--usedns no`.\n\n\
         | filter | Bantam, s | original, s | times better |\n|---|---|---|---|\n"
    );
    for one in tried.iter().take(WORST) {
        let (ours, theirs) = (one.bantam.median(), one.original.median());
        let _ = writeln!(
            text,
            "| {} | {ours:.3} | {theirs:.2} | {} |",
            one.name,
            number(one.ratio())
        );
    }
    let differing: Vec<&str> = tried
        .iter()
        .filter(|one| one.counts[0] != one.counts[1])
        .map(|one| one.name.as_str())
        .collect();
    if !differing.is_empty() {
        let _ = writeln!(
            text,
            "\nCounts of lines that matched differ from those of the installed version, which is not the newest, for: {}.",
            differing.join(", ")
        );
    }
    if !left_out.is_empty() {
        let _ = writeln!(
            text,
            "\nLeft out, since the original has no count for them (no filter by itself): {}.",
            left_out.join(", ")
        );
    }
    Findings {
        rows,
        details: vec![("Stock filters with the least ratio".to_owned(), text)],
        ..Findings::default()
    }
}

/// All that stand for themselves.
fn filters() -> Vec<PathBuf> {
    let mut filters: Vec<PathBuf> = std::fs::read_dir(FILTERS)
        .expect("the stock filters")
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "conf"))
        .filter(|path| {
            path.file_name()
                .is_some_and(|name| !name.to_string_lossy().contains("common"))
        })
        .collect();
    filters.sort();
    filters
}

/// The lines of all sample logs, without the remarks on what is expected of them.
fn sample_lines() -> Vec<Vec<u8>> {
    let mut files = Vec::new();
    collect(Path::new(SAMPLES), &mut files);
    files.sort();
    let mut lines = Vec::new();
    for file in files {
        let text = std::fs::read(file).unwrap_or_default();
        lines.extend(
            text.split(|&byte| byte == b'\n')
                .filter(|line| !line.is_empty() && !line.starts_with(b"#"))
                .map(<[u8]>::to_vec),
        );
    }
    lines
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}

/// The samples again and again, each time in another order; the same each time this runs.
fn mix(log: &Path, samples: &[Vec<u8>], lines: usize) {
    let mut order: Vec<usize> = (0..samples.len()).collect();
    let (mut random, mut text, mut written) = (Random(7), Vec::new(), 0);
    while written < lines {
        for last in (1..order.len()).rev() {
            order.swap(last, random.below(last as u64 + 1) as usize);
        }
        for &index in order.iter().take(lines - written) {
            text.extend_from_slice(&samples[index]);
            text.push(b'\n');
        }
        written += order.len().min(lines - written);
    }
    std::fs::write(log, text).expect("write the log");
}
