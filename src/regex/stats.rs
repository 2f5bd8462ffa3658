//! What is counted while lines go by. Lines themselves are kept only as far as they will be printed.
use super::options::Options;
use bantam_detect::{MatchedLine, Report, Time};

/// What an expression matched.
#[derive(Debug, Default)]
pub struct ExpressionStats {
    /// As written.
    pub text: String,
    pub hits: u64,
    /// Whom it named, and when; kept with `-v` only.
    pub named: Vec<Named>,
}

/// Somebody whom an expression named.
#[derive(Debug)]
pub struct Named {
    pub id: String,
    pub time: Option<Time>,
    /// Several expressions matched the line.
    pub again: bool,
}

impl ExpressionStats {
    /// Nothing matched yet.
    pub fn new(text: &str) -> Self {
        ExpressionStats {
            text: text.to_owned(),
            ..Self::default()
        }
    }
}

/// One kind of lines: how many, and those that will be printed.
#[derive(Debug, Default)]
pub struct Kind {
    pub count: u64,
    pub lines: Vec<String>,
    /// The same for `-D`, which shows some of them otherwise.
    pub linked: Vec<String>,
    /// How many are kept; all when none.
    limit: Option<u64>,
}

impl Kind {
    fn keeping(limit: Option<u64>) -> Self {
        Kind {
            limit,
            ..Self::default()
        }
    }

    fn add(&mut self, linked: Option<Option<String>>, text: impl Fn() -> String) {
        self.count += 1;
        if self.limit.is_none_or(|limit| self.count <= limit) {
            let line = text();
            if let Some(linked) = linked {
                self.linked.push(linked.unwrap_or_else(|| line.clone()));
            }
            self.lines.push(line);
        }
    }
}

/// All counters.
#[derive(Debug)]
pub struct Stats {
    pub prefregex_hits: u64,
    /// Groups that prefregex found; with `-v` only, and only the first.
    pub prefregex_groups: Vec<String>,
    pub failregex: Vec<ExpressionStats>,
    pub ignoreregex: Vec<ExpressionStats>,
    pub tested: u64,
    pub matched: Kind,
    pub ignored: Kind,
    pub missed: Kind,
    pub seconds: f64,
    /// Dates are looked for in lines.
    pub has_dates: bool,
    verbose: bool,
    /// From how many lines of a kind on they are not printed.
    pub limit: u64,
    keep_window_lines: bool,
    debuggex: bool,
    /// What `-D` shows for the line, where that is several.
    joined: Option<String>,
    line_ignored: bool,
    line_failures: usize,
}

impl Stats {
    pub fn new(options: &Options, failregex: &[String], ignoreregex: &[String]) -> Self {
        // The original takes the number of lines to buffer for this too.
        let limit = match u64::try_from(options.maxlines) {
            Ok(lines) if lines > 0 => lines,
            _ => 20,
        };
        let keeping = |no: bool, all: bool| match (no, all) {
            (true, _) => Kind::keeping(Some(0)),
            (_, true) => Kind::keeping(None),
            _ if options.json => Kind::keeping(Some(0)),
            _ => Kind::keeping(Some(limit + 1)),
        };
        let stats = |texts: &[String]| texts.iter().map(|text| ExpressionStats::new(text)).collect();
        Stats {
            prefregex_hits: 0,
            prefregex_groups: Vec::new(),
            failregex: stats(failregex),
            ignoreregex: stats(ignoreregex),
            tested: 0,
            matched: keeping(!options.print_all_matched, options.print_all_matched),
            ignored: keeping(options.print_no_ignored, options.print_all_ignored),
            missed: keeping(options.print_no_missed, options.print_all_missed),
            seconds: 0.0,
            has_dates: true,
            verbose: options.verbose != 0,
            debuggex: options.debuggex,
            joined: None,
            limit,
            keep_window_lines: options.print_all_matched,
            line_ignored: false,
            line_failures: 0,
        }
    }

    /// Counts what matched on a line.
    pub fn count_hits(&mut self, report: &Report) {
        self.line_ignored = !report.ignored.is_empty();
        self.line_failures = 0;
        for hit in &report.hits {
            if let Some(stats) = self.failregex.get_mut(hit.expression) {
                stats.hits += 1;
                if self.verbose {
                    stats.named.push(Named {
                        id: super::out::id_text(hit),
                        time: hit.time,
                        again: self.line_failures > 1,
                    });
                }
            }
            if hit.nofail {
                self.line_ignored = true;
            } else {
                self.line_failures += 1;
            }
        }
        for &index in &report.ignored {
            if let Some(stats) = self.ignoreregex.get_mut(index) {
                stats.hits += 1;
            }
        }
        self.count_prefix(report);
    }

    /// Nothing matched on a line.
    pub fn count_nothing(&mut self) {
        self.line_ignored = false;
        self.line_failures = 0;
    }

    /// Counts the line by what became of it.
    pub fn count_line(&mut self, text: impl Fn() -> String) {
        let kind = match (self.line_ignored, self.line_failures) {
            (true, _) => &mut self.ignored,
            (false, 0) => &mut self.missed,
            (false, _) => &mut self.matched,
        };
        let linked = self.debuggex.then(|| self.joined.take());
        kind.add(linked, text);
        self.tested += 1;
    }

    fn count_prefix(&mut self, report: &Report) {
        if !report.prefix_matched {
            return;
        }
        self.prefregex_hits += 1;
        let kept = self.prefregex_groups.len() as u64;
        if self.verbose && kept < self.limit {
            let groups = report.prefix_groups.as_ref().map(super::out::dictionary);
            self.prefregex_groups.push(groups.unwrap_or_default());
        } else if self.verbose && kept == self.limit {
            self.prefregex_groups.push("...".to_owned());
        }
    }

    /// Lines of earlier that a match over several lines took after all: they were counted as missed. `last` is the
    /// line that completed the match.
    pub fn count_taken(&mut self, before: &[MatchedLine], after: &[MatchedLine], last: Option<&MatchedLine>) {
        let mut joined = Vec::new();
        for line in before.iter().filter(|line| !after.contains(line)) {
            let text = line.text();
            if let Some(at) = self.missed.lines.iter().position(|missed| *missed == text) {
                self.missed.lines.remove(at);
                let dateless = without_date(line);
                if let Some(at) = self.missed.linked.iter().position(|missed| *missed == dateless) {
                    self.missed.linked.remove(at);
                }
            }
            if self.keep_window_lines {
                joined.push(without_date(line));
                self.matched.lines.push(text);
            }
            self.matched.count += 1;
            // Ignored lines in the buffer are taken back too, in the original below zero.
            self.missed.count = self.missed.count.saturating_sub(1);
        }
        if !joined.is_empty() {
            joined.extend(last.map(without_date));
            self.joined = Some(joined.join("\n"));
        }
    }
}

fn without_date(line: &MatchedLine) -> String {
    format!("{}{}", line.before, line.after)
}
