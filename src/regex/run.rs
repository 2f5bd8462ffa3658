//! The order of things: options, filter, lines, results.
use super::lines::{self, Lines};
use super::load::{self, Source};
use super::notes::Notes;
use super::options::Options;
use super::out::Format;
use super::printer::Printer;
use super::report;
use super::resolve::System;
use super::stats::Stats;
use bantam_conf::{Command, Severity};
use bantam_detect::{Filter, LineContext, Time};
use bantam_pattern::tags::UseDns;
use bantam_wire::Value;
use std::path::Path;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// It could not be done; what was wrong has been printed.
#[derive(Debug)]
pub struct Failed;

/// Does all that was asked for.
pub fn run(options: &Options, printer: &mut Printer) -> Result<(), Failed> {
    if options.debuggex {
        eprintln!("note: --debuggex is ignored, the site it made links for is gone");
    }
    let mut trial = Trial {
        options,
        printer,
        filter: Filter::new(),
        failregex: Vec::new(),
        ignoreregex: Vec::new(),
        has_maxlines: false,
        has_datepattern: false,
    };
    let result = trial.run();
    result.map_err(|message| {
        if !message.is_empty() {
            trial.printer.line(&format!("ERROR: {message}"));
        }
        Failed
    })
}

struct Trial<'a> {
    options: &'a Options,
    printer: &'a mut Printer,
    filter: Filter,
    /// As written.
    failregex: Vec<String>,
    ignoreregex: Vec<String>,
    has_maxlines: bool,
    has_datepattern: bool,
}

/// The message after `ERROR:`; empty when all has been said.
type Outcome<T> = Result<T, String>;

impl Trial<'_> {
    fn run(&mut self) -> Outcome<()> {
        for line in ["", "Running tests", "=============", ""] {
            self.say(line);
        }
        self.prepare()?;
        let regex = self.options.regex.clone();
        self.read_failregex(&regex)?;
        if let Some(regex) = self.options.ignoreregex.clone() {
            self.read_ignoreregex(&regex)?;
        }
        let mut lines = self.open_log()?;
        self.say("");
        match &self.options.out {
            Some(format) => self.print_failures(&Format::of(format), &mut lines),
            None => self.count_lines(&mut lines),
        }
    }

    /// What is told on the way, unless only results are wanted.
    fn say(&mut self, line: &str) {
        if self.options.out.is_none() && !self.options.json {
            self.printer.line(line);
        }
    }

    fn prepare(&mut self) -> Outcome<()> {
        let options = self.options;
        check_log_level(&options.log_level)?;
        if options.maxlines > 0 {
            self.set_maxlines(options.maxlines)?;
        }
        if options.journalmatch.is_some() {
            return Err("the journal (--journalmatch) is not in this version".to_owned());
        }
        if let Some(zone) = &options.timezone {
            let set = self.filter.set_log_timezone(Some(zone));
            set.map_err(|error| error.to_string())?;
        }
        if let Some(pattern) = &options.datepattern {
            self.set_datepattern(pattern)?;
        }
        if let Some(mode) = &options.usedns {
            self.filter.set_use_dns(use_dns(mode));
        }
        if let Some(name) = &options.encoding {
            let set = self.filter.set_encoding(name);
            set.map_err(|error| error.to_string())?;
        }
        self.filter.set_raw_hosts(options.raw);
        self.filter.set_check_all(options.check_all && options.out.is_none());
        self.filter.set_keep_pending(options.out.is_none());
        self.filter
            .set_keep_records(options.out.is_some() || options.verbose > 0);
        Ok(())
    }

    fn set_maxlines(&mut self, lines: usize) -> Outcome<()> {
        if !self.has_maxlines {
            let set = self.filter.set_max_lines(lines);
            set.map_err(|error| error.to_string())?;
            self.has_maxlines = true;
            self.say(&format!("Use         maxlines : {lines}"));
        }
        Ok(())
    }

    fn set_datepattern(&mut self, pattern: &str) -> Outcome<()> {
        if !self.has_datepattern {
            let set = self.filter.set_datepattern(pattern);
            set.map_err(|error| error.to_string())?;
            self.has_datepattern = true;
            let name = self
                .filter
                .datepattern()
                .map_or("Default Detectors".to_owned(), |(_, name)| name);
            self.say(&format!("Use      datepattern : {pattern} : {name}"));
        }
        Ok(())
    }

    fn read_failregex(&mut self, value: &str) -> Outcome<()> {
        let source = load::find(value, &self.options.config).map_err(|error| {
            self.printer
                .line(&format!("ERROR: Wrong filter name or options: {error}"));
            self.printer.line(&format!("       while parsing: {value}"));
            String::new()
        })?;
        let (base, spec, arguments) = match source {
            Source::Expression => {
                self.say(&format!("Use   failregex line : {}", shortened(value)));
                return self.add_failregex(value);
            }
            Source::Filter { name, base, options } => {
                let shown = base.display();
                self.say(&format!("Use      filter file : {name}, basedir: {shown}"));
                let spec = load::spec(&name, &options);
                (base, spec, options)
            }
            Source::File { path, options } => {
                let typed = value.split('[').next().unwrap_or(value);
                self.say(&format!("Use      filter file : {typed}"));
                let spec = load::spec(&path.to_string_lossy(), &options);
                (Path::new(&self.options.config).to_owned(), spec, options)
            }
        };
        if !arguments.is_empty() {
            let shown = load::shown(&arguments);
            self.say(&format!("Use   filter options : {shown}"));
        }
        let commands = bantam_conf::load_filter(&base, &spec).map_err(|diagnostics| {
            for diagnostic in &diagnostics {
                if diagnostic.severity == Severity::Error {
                    eprintln!("{}", diagnostic.render(false));
                }
            }
            format!("failed to load filter {value}")
        })?;
        for command in commands {
            self.obey(&command, value)?;
        }
        Ok(())
    }

    /// Does what a filter's command says.
    fn obey(&mut self, command: &Command, source: &str) -> Outcome<()> {
        let words = &command.words;
        let Some(option) = words.get(2).and_then(Value::as_str) else {
            return Ok(());
        };
        for value in values(words) {
            match option {
                "prefregex" => self.filter.set_prefregex(&value).map_err(|error| error.to_string())?,
                "addfailregex" => self.add_failregex(&value)?,
                "addignoreregex" => self.add_ignoreregex(&value)?,
                "maxlines" => {
                    let lines = value
                        .parse()
                        .map_err(|_| format!("Invalid value for maxlines ('{value}') read from {source}"))?;
                    self.set_maxlines(lines)?;
                }
                "datepattern" => self.set_datepattern(&value)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn read_ignoreregex(&mut self, value: &str) -> Outcome<()> {
        // What is given here stands in for what the filter has.
        while self.filter.remove_ignoreregex(0) {}
        self.ignoreregex.clear();
        self.say(&format!("Use ignoreregex line : {}", shortened(value)));
        self.add_ignoreregex(value)
    }

    fn add_failregex(&mut self, source: &str) -> Outcome<()> {
        self.failregex.push(source.to_owned());
        let added = self.filter.add_failregex(source);
        added.map_err(|error| error.to_string())
    }

    fn add_ignoreregex(&mut self, source: &str) -> Outcome<()> {
        self.ignoreregex.push(source.to_owned());
        let added = self.filter.add_ignoreregex(source);
        added.map_err(|error| error.to_string())
    }

    fn open_log(&mut self) -> Outcome<Lines> {
        let log = self.options.log.clone();
        if Path::new(&log).is_file() {
            let lines = Lines::open(Path::new(&log)).map_err(|error| {
                self.printer.line(&format!("{error}: '{log}'"));
                String::new()
            })?;
            let encoding = self.options.encoding.as_deref().unwrap_or("UTF-8").to_owned();
            self.say(&format!("Use         log file : {log}"));
            self.say(&format!("Use         encoding : {encoding}"));
            return Ok(lines);
        }
        if log.starts_with("systemd-journal") {
            return Err("the systemd journal is not in this version".to_owned());
        }
        if self.filter.max_lines() <= 1 && !log.contains('\n') {
            self.say(&format!("Use      single line : {}", shortened(&log)));
            return Ok(Lines::given(&[&log]));
        }
        let given: Vec<&str> = log.split('\n').collect();
        self.say(&format!("Use      multi line : {} line(s)", given.len()));
        for (index, line) in given.iter().enumerate() {
            if index >= 5 {
                self.say("| ...");
                break;
            }
            self.say(&format!("| {:>2}: {}", index + 1, shortened(line)));
        }
        self.say("`-");
        Ok(Lines::given(&given))
    }

    /// `-o`: failures only.
    fn print_failures(&mut self, format: &Format, lines: &mut Lines) -> Outcome<()> {
        let mut resolver = System::default();
        let mut notes = Notes::default();
        while let Some(block) = next_block(lines)? {
            let mut context = context(&mut resolver);
            if self.options.invert {
                lines::for_each_line(&block, |line| {
                    let text = self.filter.encoding().decode(line).into_owned();
                    let report = self.filter.judge(line, &mut context, &mut notes.fresh);
                    if report.hits.iter().all(|hit| hit.nofail) {
                        let time = self.filter.last_date();
                        format.print(&[super::out::no_failure(&text, time)], self.printer);
                    }
                });
            } else {
                lines::for_each_part_without_comments(&block, |part| {
                    let tell = &mut |report: &mut bantam_detect::Report, _: &LineContext<'_>| {
                        report.hits.retain(|hit| !hit.nofail);
                        format.print(&report.hits, self.printer);
                    };
                    self.filter.judge_block(part, &mut context, &mut notes.fresh, tell);
                });
            }
            notes.collect();
            if self.printer.is_broken() {
                break;
            }
        }
        notes.tell();
        Ok(())
    }

    /// Without `-o`: everything is counted.
    fn count_lines(&mut self, lines: &mut Lines) -> Outcome<()> {
        let mut stats = Stats::new(self.options, &self.failregex, &self.ignoreregex);
        let mut resolver = System::default();
        let mut notes = Notes::default();
        let begin = Instant::now();
        let multi_line = self.filter.max_lines() > 1;
        let encoding = self.filter.encoding();
        while let Some(block) = next_block(lines)? {
            let mut context = context(&mut resolver);
            lines::for_each_line(&block, |line| {
                let before = match multi_line {
                    true => self.filter.window().to_vec(),
                    false => Vec::new(),
                };
                let report = self.filter.judge(line, &mut context, &mut notes.fresh);
                stats.count_hits(report);
                if multi_line {
                    let gone = usize::from(before.len() >= self.filter.max_lines());
                    stats.count_taken(&before[gone.min(before.len())..], self.filter.window());
                }
                stats.count_line(line, |line| encoding.decode(line).into_owned());
            });
            notes.collect();
        }
        stats.seconds = begin.elapsed().as_secs_f64();
        if self.options.json {
            report::print_json(&stats, &self.filter, self.options, self.printer);
        } else {
            report::print(&stats, &self.filter, self.options, self.printer);
        }
        notes.tell();
        Ok(())
    }
}

fn next_block(lines: &mut Lines) -> Outcome<Option<std::borrow::Cow<'_, [u8]>>> {
    lines.next_block().map_err(|error| error.to_string())
}

/// No age limit, and the clock as it is.
fn context(resolver: &mut System) -> LineContext<'_> {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
    LineContext {
        now: Time::from_secs_f64(since_epoch.map_or(0.0, |time| time.as_secs_f64())),
        in_operation: true,
        findtime: None,
        resolver,
    }
}

/// The values that a `set` or `multi-set` command carries.
fn values(words: &[Value]) -> Vec<String> {
    words
        .iter()
        .skip(3)
        .flat_map(|word| match word {
            Value::List(all) | Value::Tuple(all) => all.iter().collect(),
            one => vec![one],
        })
        .filter_map(|value| match value {
            Value::Str(text) => Some(text.clone()),
            Value::Int(number) => Some(number.to_string()),
            _ => None,
        })
        .collect()
}

fn use_dns(mode: &str) -> UseDns {
    match mode.to_lowercase().as_str() {
        "yes" => UseDns::Yes,
        "warn" => UseDns::Warn,
        "raw" => UseDns::Raw,
        // What is none of the modes resolves nothing.
        _ => UseDns::No,
    }
}

/// Levels of Python's logging, by name or number; messages of the filter are few here and none depends on it.
fn check_log_level(level: &str) -> Outcome<()> {
    let known = bantam_conf::LOG_LEVELS.contains(&level.to_uppercase().as_str())
        || (!level.is_empty() && level.bytes().all(|byte| byte.is_ascii_digit()));
    match known {
        true => Ok(()),
        false => Err(format!("Invalid log level '{level}'")),
    }
}

/// Cut to what fits on a line.
fn shortened(text: &str) -> String {
    const LONGEST: usize = 53;
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(LONGEST - 3).collect();
    short.push_str("...");
    short
}
