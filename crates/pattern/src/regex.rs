//! A compiled expression.
use crate::PatternError;

/// How an expression is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// `re.MULTILINE`: `^` and `$` at every line (filters with `maxlines` above 1).
    pub multi_line: bool,
    /// `re.IGNORECASE`
    pub ignore_case: bool,
}

/// The step limit was reached on this text; to be treated as "no match", counted and reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the expression took too many steps on this line")]
pub struct LimitHit;

/// An expression in Python's `re` dialect, with Python's results: search semantics, leftmost-first, same groups.
#[derive(Debug)]
pub struct Regex {
    _source: String,
}

/// Where the groups of a match lie, in bytes of the text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Captures {
    /// Group 0 first; `None` for a group that took no part.
    pub spans: Vec<Option<(usize, usize)>>,
}

impl Regex {
    /// Compiles an expression (tags such as `<HOST>` already expanded, see [`crate::tags`]).
    pub fn new(_source: &str, _options: Options) -> Result<Regex, PatternError> {
        todo!()
    }

    /// The expression as given.
    pub fn as_str(&self) -> &str {
        &self._source
    }

    /// Name of each group, index 0 (the whole match) first.
    pub fn group_names(&self) -> &[Option<String>] {
        todo!()
    }

    /// Index of a named group.
    pub fn group_index(&self, _name: &str) -> Option<usize> {
        todo!()
    }

    /// Whether the expression is found anywhere in the text.
    pub fn is_match(&self, _text: &str) -> Result<bool, LimitHit> {
        todo!()
    }

    /// The first match with its groups.
    pub fn captures(&self, _text: &str) -> Result<Option<Captures>, LimitHit> {
        todo!()
    }

    /// The first match at or after `start` (a character border), look-behind seeing what stands before it.
    pub fn captures_at(&self, _text: &str, _start: usize) -> Result<Option<Captures>, LimitHit> {
        todo!()
    }

    /// A literal that every text must contain to match, the one best suited for a quick search; none if unknown.
    pub fn required_literal(&self) -> Option<&[u8]> {
        todo!()
    }
}
