//! The order of things: options, filter, lines, results.
use super::debuggex::Links;
use super::explain;
use super::input::{Input, Log};
use super::interrupt::Interrupt;
use super::journal::{self, Entries};
use super::lines::{self, Lines};
use super::messages::{Level, Messages};
use super::notes::Notes;
use super::options::Options;
use super::out::Output;
use super::prepare;
use super::printer::Printer;
use super::report;
use super::resolve::System;
use super::stats::Stats;
use bantam_conf::Place;
use bantam_detect::{Filter, LineContext, Report, Time};
use std::path::Path;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// It could not be done.
#[derive(Debug, PartialEq)]
pub enum Stop {
    /// What is wrong, to be said on standard output as the original says it.
    Error(String),
    /// All has been said.
    Said,
    /// Where the original ends with a traceback on standard error.
    Uncaught(String),
    /// Ctrl-C
    Interrupted,
    /// `--strict`, and there were warnings.
    Warned,
}

/// Nothing, or why not.
pub type Outcome<T> = Result<T, Stop>;

/// The message of any error.
pub fn error(error: impl std::fmt::Display) -> Stop {
    Stop::Error(error.to_string())
}

/// Does all that was asked for.
pub fn run(options: &Options, printer: &mut Printer) -> Outcome<()> {
    let mut trial = Trial {
        options,
        printer,
        messages: Messages::new("critical", 0).map_err(Stop::Uncaught)?,
        filter: Filter::new(),
        failregex: Vec::new(),
        ignoreregex: Vec::new(),
        prefregex: None,
        datepattern: None,
        fail_places: Vec::new(),
        ignore_places: Vec::new(),
        journalmatch: Vec::new(),
        has_maxlines: false,
        has_datepattern: false,
        interrupt: Interrupt::watch(),
    };
    let outcome = trial.run();
    // The process is about to end: it takes all memory with it, sooner than what was compiled is taken apart.
    std::mem::forget(trial);
    outcome
}

/// What is tried, and how.
pub struct Trial<'a> {
    pub options: &'a Options,
    pub printer: &'a mut Printer,
    pub messages: Messages,
    pub filter: Filter,
    /// As written.
    pub failregex: Vec<String>,
    /// As written.
    pub ignoreregex: Vec<String>,
    /// As written, and where.
    pub prefregex: Option<(String, Option<Place>)>,
    /// As written, and where.
    pub datepattern: Option<(String, Option<Place>)>,
    /// Where each failregex was written.
    pub fail_places: Vec<Option<Place>>,
    /// Where each ignoreregex was written.
    pub ignore_places: Vec<Option<Place>>,
    /// Words of the journal's match.
    pub journalmatch: Vec<String>,
    pub has_maxlines: bool,
    pub has_datepattern: bool,
    interrupt: Interrupt,
}

impl<'a> Trial<'a> {
    fn run(&mut self) -> Outcome<()> {
        for line in ["", "Running tests", "=============", ""] {
            self.say(line);
        }
        let options = self.options;
        self.messages = Messages::new(&options.log_level, options.verbose).map_err(Stop::Uncaught)?;
        prepare::options(self)?;
        prepare::read_failregex(self, &options.regex)?;
        if let Some(regex) = &options.ignoreregex {
            prepare::read_ignoreregex(self, regex)?;
        }
        if options.explain {
            return explain::explain(self);
        }
        let mut log = self.open_log()?;
        self.say("");
        match &options.out {
            Some(format) => self.print_failures(&Output::of(format, options.json), &mut log),
            None => self.count_lines(&mut log),
        }
    }

    /// What is told on the way, unless only results are wanted.
    pub fn say(&mut self, line: &str) {
        if self.options.out.is_none() && !self.options.json && !self.options.explain {
            self.printer.line(line);
        }
    }

    /// A message, if the level lets it through. It would break a JSON document, and so goes beside it.
    pub fn tell(&mut self, level: Level, part: &str, text: &str) {
        if self.options.json {
            let mut beside = Printer::error();
            self.messages.tell(level, part, text, &mut beside);
            let _ = beside.flush();
        } else {
            self.messages.tell(level, part, text, self.printer);
        }
    }

    /// Ends, if Ctrl-C was pressed.
    pub fn interrupt_check(&self) -> Outcome<()> {
        self.interrupt.check()
    }

    /// Whether Ctrl-C was pressed.
    pub fn interrupt_came(&self) -> bool {
        self.interrupt.came()
    }

    pub fn open_log(&mut self) -> Outcome<Log> {
        let log = &self.options.log;
        if Path::new(log).is_file() {
            let encoding = self.set_encoding()?;
            let lines = Lines::open(Path::new(log)).map_err(|error| {
                self.printer.line(&prepare::file_error(&error, log));
                Stop::Said
            })?;
            self.say(&format!("Use         log file : {log}"));
            self.say(&format!("Use         encoding : {encoding}"));
            return Ok(Log::Lines(lines));
        }
        if log.starts_with(journal::NAME) {
            return Entries::open(self).map(Box::new).map(Log::Journal);
        }
        if self.filter.max_lines() <= 1 && !log.contains('\n') {
            self.say(&format!("Use      single line : {}", prepare::shortened(log)));
            return Ok(Log::Lines(Lines::given(&[log])));
        }
        let given: Vec<&str> = log.split('\n').collect();
        self.say(&format!("Use      multi line : {} line(s)", given.len()));
        for (index, line) in given.iter().enumerate() {
            if index >= 5 {
                self.say("| ...");
                break;
            }
            self.say(&format!("| {:>2}: {}", index + 1, prepare::shortened(line)));
        }
        self.say("`-");
        Ok(Log::Lines(Lines::given(&given)))
    }

    /// Reads LOG by its encoding; the name of that.
    pub fn set_encoding(&mut self) -> Outcome<&'a str> {
        let options: &'a Options = self.options;
        let encoding = options.encoding.as_deref().unwrap_or("UTF-8");
        let set = self.filter.set_encoding(encoding);
        set.map_err(|error| Stop::Uncaught(error.to_string()))?;
        Ok(encoding)
    }

    /// `-o`: failures only.
    fn print_failures(&mut self, format: &Output, log: &mut Log) -> Outcome<()> {
        let mut resolver = System::default();
        let mut notes = Notes::new(&self.messages);
        while let Some(block) = log.next_block()? {
            if self.options.invert || notes.are_told() {
                lines::for_each_line(&block, |line, whole| {
                    if notes.are_told() && !self.interrupt.came() {
                        notes.tell_before(whole, self);
                    }
                    self.print_line(Input::Line(line), format, &mut resolver, &mut notes);
                });
            } else {
                let mut context = context(&mut resolver);
                lines::for_each_part_without_comments(&block, |part| {
                    let tell = &mut |report: &mut Report, _: &LineContext<'_>| {
                        report.hits.retain(|hit| !hit.nofail);
                        format.print(&report.hits, self.printer);
                    };
                    self.filter.judge_block(part, &mut context, &mut notes.fresh, tell);
                });
                notes.collect();
            }
            if self.printer.is_broken() {
                break;
            }
            self.interrupt.check()?;
        }
        while let Some(line) = log.next_entry()? {
            self.print_line(Input::Entry(&line), format, &mut resolver, &mut notes);
            notes.collect();
            if self.printer.is_broken() {
                break;
            }
            self.interrupt.check()?;
        }
        notes.warn(self);
        Ok(())
    }

    fn print_line(&mut self, line: Input<'_>, format: &Output, resolver: &mut System, notes: &mut Notes) {
        if self.interrupt.came() {
            return;
        }
        let text = line.text(self.filter.encoding());
        let mut context = context(resolver);
        let report = line.judge(&mut self.filter, &mut context, &mut notes.fresh);
        let hits: Vec<_> = report.hits.iter().filter(|hit| !hit.nofail).cloned().collect();
        notes.tell_line(&hits, &text, resolver, self);
        match (self.options.invert, hits.is_empty()) {
            (true, true) => {
                let time = self.filter.last_date();
                format.print(&[super::out::no_failure(&text, time)], self.printer);
            }
            (false, false) => format.print(&hits, self.printer),
            _ => {}
        }
    }

    /// Without `-o`: everything is counted.
    fn count_lines(&mut self, log: &mut Log) -> Outcome<()> {
        let mut stats = Stats::new(self.options, &self.failregex, &self.ignoreregex);
        let mut resolver = System::default();
        let mut notes = Notes::new(&self.messages);
        let begin = Instant::now();
        let one_by_one = notes.are_told() || self.filter.max_lines() > 1;
        while let Some(block) = log.next_block()? {
            if one_by_one {
                lines::for_each_line(&block, |line, whole| {
                    if !self.interrupt.came() {
                        if notes.are_told() {
                            notes.tell_before(whole, self);
                        }
                        self.count_line(Input::Line(line), &mut stats, &mut resolver, &mut notes);
                    }
                });
            } else {
                self.count_block(&block, &mut stats, &mut resolver, &mut notes);
            }
            notes.collect();
            self.interrupt.check()?;
        }
        while let Some(line) = log.next_entry()? {
            self.count_line(Input::Entry(&line), &mut stats, &mut resolver, &mut notes);
            notes.collect();
            self.interrupt.check()?;
        }
        // Entries tell their moment: without a pattern, no dates are looked for.
        stats.has_dates = matches!(log, Log::Lines(_)) || self.has_datepattern;
        stats.seconds = begin.elapsed().as_secs_f64();
        let links = self.options.debuggex.then(|| Links {
            use_dns: match self.options.usedns.as_deref() {
                Some("no") => bantam_pattern::tags::UseDns::No,
                _ => bantam_pattern::tags::UseDns::Yes,
            },
            multi_line: self.filter.max_lines() > 1,
            encoding: self.filter.encoding(),
        });
        if self.options.json {
            let mut result = report::json(&stats, &self.filter, self.options);
            result["limits"] = notes.limits(self).map(|limit| report::json_limit(&limit)).collect();
            self.printer.line(&result.to_string());
        } else {
            report::print(&stats, &self.filter, self.options, links, self.printer);
        }
        notes.warn(self);
        Ok(())
    }

    /// All lines of a block, where none has to be told of before the next is judged.
    fn count_block(&mut self, block: &[u8], stats: &mut Stats, resolver: &mut System, notes: &mut Notes) {
        let (encoding, interrupt) = (self.filter.encoding(), &self.interrupt);
        let mut context = context(resolver);
        let tell = &mut |line: &[u8], report: Option<&mut Report>| {
            if interrupt.came() {
                return;
            }
            match report {
                Some(report) => stats.count_hits(report),
                None => stats.count_nothing(),
            }
            stats.count_line(|| encoding.decode(line).into_owned());
        };
        self.filter.judge_each(block, &mut context, &mut notes.fresh, tell);
    }

    fn count_line(&mut self, line: Input<'_>, stats: &mut Stats, resolver: &mut System, notes: &mut Notes) {
        let multi_line = self.filter.max_lines() > 1;
        let encoding = self.filter.encoding();
        let mut context = context(resolver);
        let report = line.judge(&mut self.filter, &mut context, &mut notes.fresh);
        stats.count_hits(report);
        let before = report.window_before.clone();
        let last = report.hits.last().and_then(|hit| hit.record.matches().last());
        let last = last.filter(|_| multi_line && self.options.debuggex).cloned();
        if notes.are_told() {
            let hits = report.hits.clone();
            let text = line.text(encoding);
            notes.tell_line(&hits, &text, resolver, self);
        }
        if let Some((_, before)) = before.as_ref().and_then(|lines| lines.split_last()) {
            stats.count_taken(before, self.filter.window(), last.as_ref());
        }
        stats.count_line(|| line.text(encoding));
    }
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
