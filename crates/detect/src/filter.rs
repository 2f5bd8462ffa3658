//! One filter, compiled, with the state that it keeps from line to line.
use crate::{Failure, Id, Time};
use bantam_pattern::PatternError;
use bantam_pattern::date::TemplateInfo;
use bantam_pattern::tags::UseDns;

/// Turns a name into addresses. Implementations cache and bound their time.
pub trait Resolver {
    /// Addresses of a host name; empty when there are none.
    fn addresses(&mut self, name: &str) -> Vec<std::net::IpAddr>;
}

/// What the pipeline needs to know about the circumstances of a line.
pub struct LineContext<'a> {
    /// The present moment.
    pub now: Time,
    /// The file has been read to its end once: odd dates are replaced by now. Before that, lines older than
    /// `findtime` are dropped.
    pub in_operation: bool,
    /// Look-back at start, in seconds; no age check at all when none (`fail2ban-regex`).
    pub findtime: Option<f64>,
    /// Resolves names captured by `<HOST>`.
    pub resolver: &'a mut dyn Resolver,
}

/// Something worth a line in the log, besides failures. The caller bounds how often it says it.
#[derive(Debug, Clone, PartialEq)]
pub enum Note {
    /// A date deviates from now by so many seconds (positive: in the future) and was replaced.
    OddTime {
        /// Deviation in seconds.
        deviation: i64,
    },
    /// A line older than `findtime` was dropped at start.
    TooOld,
    /// A match without any date was skipped at start.
    Undated,
    /// The text looks like a date but is none.
    BadDate(String),
    /// An expression hit its step limit: which one (`failregex` and its index from 0).
    Limit {
        /// `prefregex`, `failregex` or `ignoreregex`
        option: &'static str,
        /// Index from 0.
        index: usize,
    },
    /// A name was resolved because of `usedns = warn`.
    Resolved {
        /// The name.
        name: String,
        /// What it stands for.
        ids: Vec<Id>,
    },
}

/// A filter at work.
#[derive(Debug)]
pub struct Filter {}

impl Filter {
    /// A filter without expressions.
    pub fn new() -> Self {
        todo!()
    }
    /// Sets `usedns`; applies to expressions added afterwards, as in the original.
    pub fn set_use_dns(&mut self, _value: UseDns) {
        todo!()
    }
    /// `usedns`
    pub fn use_dns(&self) -> UseDns {
        todo!()
    }
    /// Sets `maxlines`; applies to expressions added afterwards.
    pub fn set_max_lines(&mut self, _lines: usize) -> Result<(), PatternError> {
        todo!()
    }
    /// `maxlines`
    pub fn max_lines(&self) -> usize {
        todo!()
    }
    /// Sets or clears (empty text) `prefregex`.
    pub fn set_prefregex(&mut self, _source: &str) -> Result<(), PatternError> {
        todo!()
    }
    /// `prefregex` as the original shows it (tags expanded), empty without one.
    pub fn prefregex(&self) -> &str {
        todo!()
    }
    /// Appends a `failregex`. Must capture an address, an id or a connection, here or in `prefregex`.
    pub fn add_failregex(&mut self, _source: &str) -> Result<(), PatternError> {
        todo!()
    }
    /// Removes one, false when there is none of that index.
    pub fn remove_failregex(&mut self, _index: usize) -> bool {
        todo!()
    }
    /// The expressions as the original shows them (tags expanded).
    pub fn failregexes(&self) -> Vec<&str> {
        todo!()
    }
    /// Appends an `ignoreregex`.
    pub fn add_ignoreregex(&mut self, _source: &str) -> Result<(), PatternError> {
        todo!()
    }
    /// Removes one, false when there is none of that index.
    pub fn remove_ignoreregex(&mut self, _index: usize) -> bool {
        todo!()
    }
    /// The expressions as the original shows them (tags expanded).
    pub fn ignoreregexes(&self) -> Vec<&str> {
        todo!()
    }
    /// Drops all failregexes and ignoreregexes (a reload begins); line-to-line state is kept.
    pub fn clear_expressions(&mut self) {
        todo!()
    }
    /// Sets `datepattern`; empty text returns to the default templates.
    pub fn set_datepattern(&mut self, _pattern: &str) -> Result<(), PatternError> {
        todo!()
    }
    /// The pattern and shown name, or none for the default templates.
    pub fn datepattern(&self) -> Option<(Option<String>, String)> {
        todo!()
    }
    /// Sets `logtimezone`.
    pub fn set_log_timezone(&mut self, _zone: Option<&str>) -> Result<(), PatternError> {
        todo!()
    }
    /// Date templates with their hits.
    pub fn date_templates(&self) -> Vec<TemplateInfo> {
        todo!()
    }
    /// Judges one line (without its newline; need not be UTF-8). Failures and notes are appended.
    pub fn process(
        &mut self,
        _line: &[u8],
        _context: &mut LineContext<'_>,
        _failures: &mut Vec<Failure>,
        _notes: &mut Vec<Note>,
    ) {
        todo!()
    }
    /// Judges a block of whole lines, each with its newline; lines that cannot matter cost next to nothing.
    pub fn process_block(
        &mut self,
        _block: &[u8],
        _context: &mut LineContext<'_>,
        _failures: &mut Vec<Failure>,
        _notes: &mut Vec<Note>,
    ) {
        todo!()
    }
}

impl Default for Filter {
    fn default() -> Self {
        Self::new()
    }
}
