//! Where the arguments of a request end, in a text that may be long and wrong.

use crate::arguments::{behind_name, is_name, quoted_end, separator, skip_space};
use crate::python::is_space;
use std::collections::{HashMap, HashSet};

/// Finds where arguments end.
///
/// A bare value may itself look like more arguments, so every way to read the text is tried, the longest first.
/// Whether a way succeeds depends on the offset alone, hence each offset is tried once, whoever asks. All that an
/// offset has to know of the text behind it is looked up: what an owner writes may be long, and must not take minutes.
pub(crate) struct Brackets<'a> {
    text: &'a str,
    /// For each offset, where the run of a name's characters ends that it lies in.
    runs: Vec<usize>,
    /// For each offset, where a bare value ends that begins there.
    bare_ends: Vec<usize>,
    tried: HashSet<usize>,
    /// For the end of each bare value, from where on the offsets within it were listed to be tried.
    listed: HashMap<usize, usize>,
}

impl<'a> Brackets<'a> {
    /// Gets ready for a text.
    pub(crate) fn of(text: &'a str) -> Self {
        let mut brackets = Brackets {
            text,
            runs: Vec::new(),
            bare_ends: Vec::new(),
            tried: HashSet::new(),
            listed: HashMap::new(),
        };
        if text.contains('[') {
            brackets.look_ahead();
        }
        brackets
    }

    fn look_ahead(&mut self) {
        let length = self.text.len();
        self.runs = vec![length; length + 1];
        self.bare_ends = vec![length; length + 1];
        let (mut run, mut bare) = (length, length);
        for (at, c) in self.text.char_indices().rev() {
            if !is_name(c) {
                run = at;
            }
            if matches!(c, ',' | ']') {
                bare = at;
            }
            for offset in at..at + c.len_utf8() {
                self.runs[offset] = run;
                self.bare_ends[offset] = bare;
            }
        }
    }

    /// As [`argument_name`].
    fn name_end(&self, at: usize) -> Option<usize> {
        behind_name(self.text, at, |from| {
            self.runs.get(from).copied().filter(|end| *end > from)
        })
    }

    /// The offset behind the `]` that ends the arguments which begin at `at`, when white space or nothing follows it.
    pub(crate) fn closing(&mut self, at: usize) -> Option<usize> {
        let mut waiting = vec![skip_space(self.text, at)];
        while let Some(at) = waiting.pop() {
            if !self.tried.insert(at) {
                continue;
            }
            // What is pushed last is tried first: more arguments before the end of them.
            if self.text.as_bytes().get(at) == Some(&b']') {
                let rest = self.text.get(at + 1..).unwrap_or_default();
                if rest.is_empty() || rest.starts_with(is_space) {
                    return Some(at + 1);
                }
            }
            let Some(name_end) = self.name_end(at) else {
                continue;
            };
            let value = name_end + 1;
            let bare = self.bare_ends.get(value).copied().unwrap_or(self.text.len());
            self.list_within(value, bare, &mut waiting);
            push_next(self.text, bare, &mut waiting);
            if let Some(end) = quoted_end(self.text, value) {
                push_next(self.text, end + 1, &mut waiting);
            }
        }
        None
    }

    /// Lists the offsets within a bare value where an argument may begin. Those that another value with the same end
    /// has listed come before the new ones there, too, and need not be listed again.
    fn list_within(&mut self, value: usize, bare: usize, waiting: &mut Vec<usize>) {
        let end = self.listed.get(&bare).copied().unwrap_or(bare);
        let inner = self.text.get(value..end).unwrap_or_default();
        let offsets = inner.char_indices().map(|(offset, _)| value + offset);
        waiting.extend(offsets.filter(|offset| self.name_end(*offset).is_some()));
        self.listed.insert(bare, value.min(end));
    }
}

fn push_next(text: &str, after: usize, waiting: &mut Vec<usize>) {
    let after = skip_space(text, after);
    waiting.push(after);
    if let Some(next) = separator(text, after) {
        waiting.push(skip_space(text, next));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::{argument_name, bare_end};
    use proptest::prelude::*;

    /// Where arguments end, found by trying all ways as they come.
    fn closing_naively(text: &str, at: usize) -> Option<usize> {
        let at = skip_space(text, at);
        let value = argument_name(text, at).map(|end| end + 1);
        let next = |after: usize| {
            let after = skip_space(text, after);
            let more = separator(text, after).and_then(|next| closing_naively(text, next));
            more.or_else(|| closing_naively(text, after))
        };
        let ends = || {
            let behind = text.get(at..)?.strip_prefix(']')?;
            (behind.is_empty() || behind.starts_with(is_space)).then_some(at + 1)
        };
        let quoted = || next(quoted_end(text, value?)? + 1);
        let bare = || next(bare_end(text, value?));
        let within = || {
            let offsets = value?..bare_end(text, value?);
            let is_name = |at: &usize| text.is_char_boundary(*at) && argument_name(text, *at).is_some();
            offsets.rev().filter(is_name).find_map(|at| closing_naively(text, at))
        };
        ends().or_else(quoted).or_else(bare).or_else(within)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn arguments_end_where_trying_all_ways_ends_them(text in "([ab=]|[ab]=|\\[|\\]|[,'\"? é]|=\"|\",){0,24}") {
            let mut brackets = Brackets::of(&text);
            let mut at = 0;
            while let Some(open) = text.get(at..).and_then(|rest| rest.find('[')).map(|open| at + open) {
                let end = brackets.closing(open + 1);
                prop_assert_eq!(end, closing_naively(&text, open + 1), "at {}", open);
                at = end.unwrap_or(open + 1);
            }
        }
    }
}
