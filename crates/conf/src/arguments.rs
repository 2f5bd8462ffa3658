//! `name[key=value, key="value"][key='value']`: how filters and actions are asked for, alone or in a list.

use crate::brackets::Brackets;
use crate::findings::Problem;
use crate::python::{is_space, is_word, strip};
use crate::text::Text;
use indexmap::IndexMap;
use std::ops::Range;

/// A name with its arguments, in the order in which they were first given.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Request {
    pub(crate) name: Text,
    pub(crate) arguments: IndexMap<String, Text>,
}

/// Why a request can't be read: in the original's words, and for people.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SyntaxError {
    pub(crate) original: String,
    pub(crate) problem: Problem,
}

/// Reads one request.
pub(crate) fn parse(request: &Text) -> Result<Request, Box<SyntaxError>> {
    let text = request.as_str();
    let Some(open) = text.find('[') else {
        return Ok(Request {
            name: request.clone(),
            arguments: IndexMap::new(),
        });
    };
    let inner_end = text.trim_end_matches(is_space).strip_suffix(']').map(str::len);
    let inner_end = inner_end.filter(|end| open > 0 && *end > open);
    let Some(end) = inner_end else {
        let hint = if open == 0 {
            "a name has to stand before the `[`"
        } else {
            "close the arguments with `]`"
        };
        let problem = Problem::new(request.place_at(open), 1, "these arguments are not complete").hint(hint);
        return Err(Box::new(SyntaxError {
            original: "unexpected option syntax".to_owned(),
            problem,
        }));
    };
    let arguments = parse_arguments(&request.slice(open + 1..end))?;
    Ok(Request {
        name: request.slice(0..open),
        arguments,
    })
}

/// Reads what stands between the brackets.
pub(crate) fn parse_arguments(list: &Text) -> Result<IndexMap<String, Text>, Box<SyntaxError>> {
    let text = list.as_str();
    let mut arguments = IndexMap::new();
    let mut at = 0;
    while at < text.len() {
        let start = skip_space(text, at);
        let Some(name_end) = argument_name(text, start) else {
            let rest = text.get(at..).unwrap_or_default();
            if strip(rest.strip_prefix(',').unwrap_or(rest)).is_empty() {
                break;
            }
            return Err(Box::new(no_argument(list, at)));
        };
        let value_start = name_end + 1;
        let (value, after) = argument_value(text, value_start);
        let name = text.get(start..name_end).unwrap_or_default();
        match separator(text, after) {
            Some(next) => at = next,
            None if strip(text.get(after..).unwrap_or_default()).is_empty() => at = text.len(),
            None => return Err(Box::new(bad_value(list, name, value_start, after))),
        }
        arguments.insert(name.to_owned(), list.slice(value).stripped());
    }
    Ok(arguments)
}

fn excerpt(text: &str) -> String {
    text.chars().take(25).collect()
}

fn no_argument(list: &Text, at: usize) -> SyntaxError {
    let text = list.as_str();
    let rest = text.get(at..).unwrap_or_default();
    let position = text.get(..at).map_or(0, |before| before.chars().count());
    let original = format!("expected option, wrong syntax at {position}: {}", excerpt(rest));
    let start = skip_space(text, at);
    let problem = Problem::new(list.place_at(start), 1, "an argument `name=value` was expected here")
        .hint("write `name[a=1, b=\"x, y\"]`: no white space around the `=`, commas between arguments");
    SyntaxError { original, problem }
}

fn bad_value(list: &Text, name: &str, value_start: usize, after: usize) -> SyntaxError {
    let text = list.as_str();
    let rest = text.get(after..).unwrap_or_default();
    let position = text.get(..after).map_or(0, |before| before.chars().count());
    let original = format!(
        "unexpected syntax at {position} after option {}: {}",
        crate::python::quoted(name),
        excerpt(rest)
    );
    let quote = text.get(value_start..).and_then(|value| value.chars().next());
    let hint = match quote {
        Some('"') => "put a comma after the closing quote; a value that holds a `\"` goes into single quotes",
        Some('\'') => "put a comma after the closing quote; a value that holds a `'` goes into double quotes",
        _ => "put a value that holds a comma or `]` into quotes",
    };
    let problem = Problem::new(
        list.place_at(after),
        1,
        format!("the value of `{name}` ends before this"),
    )
    .hint(hint);
    SyntaxError { original, problem }
}

pub(crate) fn skip_space(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    text.len() - rest.trim_start_matches(is_space).len()
}

pub(crate) fn is_name(c: char) -> bool {
    is_word(c) || c == '-' || c == '.'
}

/// End of `name` or `name?condition=value` at an offset, when a `=` follows.
pub(crate) fn argument_name(text: &str, at: usize) -> Option<usize> {
    let run = |from: usize| {
        let rest = text.get(from..).unwrap_or_default();
        let length = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        (length > 0).then_some(from + length)
    };
    behind_name(text, at, run)
}

/// The offset of the `=` behind `name` or `name?family=inet6`. `run` gives the end of the letters of a name that begin at
/// an offset, if there are any.
pub(crate) fn behind_name(text: &str, at: usize, run: impl Fn(usize) -> Option<usize>) -> Option<usize> {
    let is = |at: usize, c: u8| text.as_bytes().get(at) == Some(&c);
    let end = run(at)?;
    if is(end, b'=') {
        return Some(end);
    }
    let end = is(end, b'?').then_some(end + 1).and_then(&run)?;
    let end = is(end, b'=').then_some(end + 1).and_then(&run)?;
    is(end, b'=').then_some(end)
}

/// The value that begins at an offset, without its quotes, and the offset behind it.
fn argument_value(text: &str, at: usize) -> (Range<usize>, usize) {
    if let Some(end) = quoted_end(text, at) {
        return (at + 1..end, end + 1);
    }
    let end = bare_end(text, at);
    (at..end, end)
}

/// Offset of the quote that closes the one at `at`.
pub(crate) fn quoted_end(text: &str, at: usize) -> Option<usize> {
    let quote = text.get(at..)?.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    text.get(at + 1..)?.find(quote).map(|length| at + 1 + length)
}

pub(crate) fn bare_end(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.find([',', ']']).unwrap_or(rest.len())
}

/// The offset behind a `,` or `][`.
pub(crate) fn separator(text: &str, at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    if rest.starts_with(',') {
        return Some(at + 1);
    }
    rest.strip_prefix(']')?;
    let next = skip_space(text, at + 1);
    text.get(next..)?.starts_with('[').then_some(next + 1)
}

/// The requests of a list, separated by white space that stands outside brackets.
pub(crate) fn split(list: &Text) -> Vec<Text> {
    split_ranges(list.as_str())
        .into_iter()
        .map(|range| list.slice(range))
        .collect()
}

/// As [`split`], but what looks like one request with arguments that can't be read stays in one piece, so that
/// it is one error and not one for each of its words.
pub(crate) fn split_for_people(list: &Text) -> Vec<Text> {
    let text = list.as_str();
    let part = |range: &Range<usize>| text.get(range.clone()).unwrap_or_default();
    let ranges = split_ranges(text);
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(first) = ranges.get(at) {
        let open = part(first).contains('[') && !part(first).ends_with(']');
        let closed = ranges
            .iter()
            .skip(at + 1)
            .position(|range| part(range).contains([']', '[']));
        let closes = |last: &usize| {
            ranges
                .get(*last)
                .is_some_and(|range| part(range).ends_with(']') && !part(range).contains('['))
        };
        let last = match closed.map(|after| at + 1 + after) {
            _ if !open => at,
            Some(last) if closes(&last) => last,
            Some(_) => at,
            // Never closed: then what follows in the same line belongs to it.
            None => {
                let line_end = text
                    .get(first.end..)
                    .and_then(|rest| rest.find('\n'))
                    .map_or(text.len(), |n| first.end + n);
                ranges.iter().rposition(|range| range.start < line_end).unwrap_or(at)
            }
        };
        let end = ranges.get(last).map_or(first.end, |range| range.end);
        out.push(list.slice(first.start..end));
        at = last + 1;
    }
    out
}

fn split_ranges(text: &str) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut brackets = Brackets::of(text);
    let mut at = skip_space(text, 0);
    while at < text.len() {
        let rest = text.get(at..).unwrap_or_default();
        let name = at + rest.find(|c| c == '[' || is_space(c)).unwrap_or(rest.len());
        let bracket = skip_space(text, name);
        let with_arguments = (name > at && text.get(bracket..).is_some_and(|rest| rest.starts_with('[')))
            .then(|| brackets.closing(bracket + 1))
            .flatten();
        let end = with_arguments.unwrap_or_else(|| {
            // Without readable arguments, a request ends at the next white space.
            at + rest.find(is_space).unwrap_or(rest.len())
        });
        out.push(at..end);
        at = skip_space(text, end);
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<(String, Vec<(String, String)>), String> {
        match parse(&Text::plain(text)) {
            Ok(request) => {
                let arguments = request
                    .arguments
                    .into_iter()
                    .map(|(k, v)| (k, v.into_string()))
                    .collect();
                Ok((request.name.into_string(), arguments))
            }
            Err(error) => Err(error.original),
        }
    }

    fn list(text: &str) -> Vec<String> {
        split(&Text::plain(text)).into_iter().map(Text::into_string).collect()
    }

    #[test]
    fn arguments_are_bare_or_in_either_kind_of_quotes() {
        let (name, arguments) = read("a[b=1 2, c=\"x, ]y\",d='\"'][e?family=inet6=\n5]  ").unwrap();
        assert_eq!(name, "a");
        let arguments: Vec<_> = arguments.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(
            arguments,
            [("b", "1 2"), ("c", "x, ]y"), ("d", "\""), ("e?family=inet6", "5")]
        );
    }

    #[test]
    fn a_name_alone_has_no_arguments() {
        assert_eq!(read("a"), Ok(("a".to_owned(), Vec::new())));
        assert_eq!(read("a[]"), Ok(("a".to_owned(), Vec::new())));
    }

    #[test]
    fn wrong_arguments_are_named_as_the_original_names_them() {
        assert_eq!(
            read("a[b=\"1\"x]").unwrap_err(),
            "unexpected syntax at 5 after option 'b': x"
        );
        assert_eq!(read("a[b]").unwrap_err(), "expected option, wrong syntax at 0: b");
        assert_eq!(read("a[b=1").unwrap_err(), "unexpected option syntax");
    }

    #[test]
    fn a_list_is_split_outside_of_brackets() {
        assert_eq!(
            list("a b[c=1, d='x y']\n\n c [d=1\n e=2] f"),
            ["a", "b[c=1, d='x y']", "c [d=1\n e=2]", "f"]
        );
        assert_eq!(list("a[b c] d[e=1]x"), ["a[b", "c]", "d[e=1]x"]);
    }

    #[test]
    fn arguments_that_cannot_be_read_are_one_error() {
        let split = |text: &str| {
            split_for_people(&Text::plain(text))
                .into_iter()
                .map(Text::into_string)
                .collect::<Vec<_>>()
        };
        assert_eq!(split("a[b c] d"), ["a[b c]", "d"]);
        assert_eq!(split("a[b d[c=1]"), ["a[b", "d[c=1]"]);
        assert_eq!(split("a[b=1, c\n d"), ["a[b=1, c", "d"]);
    }

    #[test]
    fn arguments_of_any_length_are_split_in_no_time() {
        for piece in ["b=", "b=c,", "a[b=c ", "bbbbbbbbbb=", "a[b='c ", "a[b=\""] {
            let start = std::time::Instant::now();
            let text = format!("a[{}", piece.repeat(20_000));
            list(&text);
            list(&format!("{text}]"));
            assert!(start.elapsed().as_secs() < 20, "{piece}: {:?}", start.elapsed());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn no_text_panics_the_reader_of_arguments(text in "[ab\\[\\]=,'\"? \\né-]{0,40}") {
            for request in split(&Text::plain(text.clone())) {
                let _ = parse(&request);
            }
            let _ = parse(&Text::plain(text));
        }
    }
}
