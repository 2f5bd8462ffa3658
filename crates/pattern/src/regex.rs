//! A compiled expression.
use std::collections::HashMap;
use std::fmt;
use std::sync::Mutex;

use pcre2::bytes as engine;

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
pub struct Regex {
    source: String,
    program: engine::Regex,
    names: Vec<Option<String>>,
    index: HashMap<String, usize>,
    /// Scratch blocks that no search holds just now.
    scratch: Mutex<Vec<engine::CaptureLocations>>,
}

/// Where the groups of a match lie, in bytes of the text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Captures {
    /// Group 0 first; `None` for a group that took no part.
    pub spans: Vec<Option<(usize, usize)>>,
}

impl fmt::Debug for Regex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Regex").field(&self.source).finish()
    }
}

impl Regex {
    /// Compiles an expression (tags such as `<HOST>` already expanded, see [`crate::tags`]).
    pub fn new(source: &str, options: Options) -> Result<Regex, PatternError> {
        let translated = source
            .replace("(?iu)", "(?i)")
            .replace("(?u)", "")
            .replace(r"\Z", r"\z");
        let program = engine::RegexBuilder::new()
            .ucp(true)
            .multi_line(options.multi_line)
            .caseless(options.ignore_case)
            .jit_if_available(true)
            .max_jit_stack_size(Some(1 << 20))
            .build(&format!("(*LIMIT_MATCH=100000){translated}"))
            .map_err(|error| PatternError {
                message: error.to_string(),
                span: None,
                hint: None,
            })?;
        let names = program.capture_names().to_vec();
        let index = names
            .iter()
            .enumerate()
            .filter_map(|(i, n)| Some((n.clone()?, i)))
            .collect();
        Ok(Regex {
            source: source.to_owned(),
            program,
            names,
            index,
            scratch: Mutex::default(),
        })
    }

    /// The expression as given.
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// Name of each group, index 0 (the whole match) first.
    pub fn group_names(&self) -> &[Option<String>] {
        &self.names
    }

    /// Index of a named group.
    pub fn group_index(&self, name: &str) -> Option<usize> {
        self.index.get(name).copied()
    }

    /// Whether the expression is found anywhere in the text.
    pub fn is_match(&self, text: &str) -> Result<bool, LimitHit> {
        self.program.is_match(text.as_bytes()).map_err(|_| LimitHit)
    }

    /// The first match with its groups.
    pub fn captures(&self, text: &str) -> Result<Option<Captures>, LimitHit> {
        self.captures_at(text, 0)
    }

    /// The first match at or after `start` (a character border), look-behind seeing what stands before it.
    pub fn captures_at(&self, text: &str, start: usize) -> Result<Option<Captures>, LimitHit> {
        if start > text.len() {
            return Ok(None);
        }
        let kept = self.scratch.lock().ok().and_then(|mut kept| kept.pop());
        let mut locations = kept.unwrap_or_else(|| self.program.capture_locations());
        let found = self
            .program
            .captures_read_at(&mut locations, text.as_bytes(), start);
        let result = match found {
            Ok(Some(_)) => Ok(Some(Captures {
                spans: (0..self.names.len())
                    .map(|group| locations.get(group))
                    .collect(),
            })),
            Ok(None) => Ok(None),
            Err(_) => Err(LimitHit),
        };
        if let Ok(mut kept) = self.scratch.lock() {
            kept.push(locations);
        }
        result
    }

    /// A literal that every text must contain to match, the one best suited for a quick search; none if unknown.
    pub fn required_literal(&self) -> Option<&[u8]> {
        None
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_host_tag_finds_the_address() {
        let source = crate::tags::expand(
            "^from <HOST> by <F-USER>.*</F-USER>$",
            Default::default(),
            false,
        )
        .unwrap();
        let regex = Regex::new(&source, Options::default()).unwrap();
        let text = "from 192.0.2.7 by bob\n";
        let found = regex.captures(text).unwrap().unwrap();
        let group = |name| found.spans[regex.group_index(name).unwrap()].map(|(a, b)| &text[a..b]);
        assert_eq!(
            (group("ip4"), group("user"), group("dns")),
            (Some("192.0.2.7"), Some("bob"), None)
        );
    }
}
