//! An expression as it stands in a filter, on a line as it stands in a log.

use crate::input::{flags_and_parts, part};
use bantam_pattern::tags::{UseDns, expand};
use bantam_pattern::{Captures, Options, PatternError, Regex};

/// An expression is refused with a place inside of it, or searches: what it finds lies in the line, holds the literals
/// that it promised, and is the same with and without the quick plans.
///
/// Input: flags (1 `usedns = no`, 2 several lines, 4 any case), the expression, a border, the line.
pub fn failregex(data: &[u8]) {
    let (flags, input) = flags_and_parts(data);
    let (source, text) = part(&input);
    let use_dns = if flags.has(0) { UseDns::No } else { UseDns::Warn };
    let options = Options {
        multi_line: flags.has(1),
        ignore_case: flags.has(2),
    };
    let shown = match expand(source, use_dns, options.multi_line) {
        Ok(shown) => shown,
        Err(error) => return assert_place(source, &error),
    };
    assert_eq!(
        expand(&shown, use_dns, options.multi_line).as_ref(),
        Ok(&shown),
        "what is shown of an expression must be readable as one, and mean itself"
    );
    match Regex::new(&shown, options) {
        Ok(regex) => {
            search(&regex, text);
            assert_any_line(&regex, text);
            assert_as_engine(&regex, &shown, options, text);
        }
        Err(error) => assert_place(&shown, &error),
    }
}

fn assert_place(source: &str, error: &PatternError) {
    assert!(!error.message.is_empty());
    if let Some(span) = &error.span {
        assert!(source.get(span.clone()).is_some(), "{span:?} is no part of {source:?}");
    }
}

fn search(regex: &Regex, text: &str) {
    let names: Vec<&String> = regex.group_names().iter().flatten().collect();
    for name in &names {
        let group = regex.group_index(name);
        assert!(group.is_some_and(|group| group > 0), "{name}");
        assert_eq!(
            names.iter().filter(|other| *other == name).count(),
            1,
            "{name} stands twice"
        );
    }
    let middle = (0..=text.len() / 2).rev().find(|at| text.is_char_boundary(*at));
    for start in [0, middle.unwrap_or(0), text.len()] {
        let found = regex.captures_at(text, start);
        if let Ok(Some(found)) = &found {
            assert_spans(regex, text, start, found);
        }
        if start == 0
            && let (Ok(found), Ok(is_match)) = (found, regex.is_match(text))
        {
            assert_eq!(found.is_some(), is_match);
        }
    }
}

fn assert_spans(regex: &Regex, text: &str, start: usize, found: &Captures) {
    assert_eq!(found.spans.len(), regex.group_names().len());
    for &(from, to) in found.spans.iter().flatten() {
        assert!(text.get(from..to).is_some(), "{from}..{to} is no part of the line");
    }
    let whole = found.spans.first().copied().flatten();
    assert!(whole.is_some_and(|(from, _)| from >= start), "{whole:?} before {start}");
    let mut rest = whole
        .and_then(|(from, to)| text.as_bytes().get(from..to))
        .unwrap_or_default();
    for literal in regex.required_literals() {
        let at = rest.windows(literal.len()).position(|window| window == literal);
        assert!(at.is_some(), "{literal:?} is not in the match");
        rest = at.and_then(|at| rest.get(at + literal.len()..)).unwrap_or_default();
    }
    let matched = whole
        .and_then(|(from, to)| text.as_bytes().get(from..to))
        .unwrap_or_default();
    let promised = regex.one_of_literals();
    let is_in = |literal: &Vec<u8>| matched.windows(literal.len()).any(|window| window == literal);
    assert!(
        promised.is_empty() || promised.iter().any(is_in),
        "none of {promised:?}"
    );
}

/// Who is said to match any line matches the text's first, if there is anything in it.
fn assert_any_line(regex: &Regex, text: &str) {
    let line = text.split('\n').next().unwrap_or_default();
    if !line.is_empty() && regex.ast().matches_any_line() {
        assert_ne!(regex.is_match(&format!("{line}\n")), Ok(false), "{line:?}");
    }
}

/// Compares with the same expression in a form that no quick plan, no required literal and another leash apply to.
pub(crate) fn assert_as_engine(regex: &Regex, source: &str, options: Options, text: &str) {
    // As a second branch after one that never matches, an expression means what it meant.
    let Ok(plain) = Regex::new(&format!("(?!)|{source}"), options) else {
        return;
    };
    if let (Ok(ours), Ok(engine)) = (regex.captures(text), plain.captures(text)) {
        assert_eq!(ours, engine, "{source:?} on {text:?}");
    }
}
