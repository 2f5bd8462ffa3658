//! What a date's expression gets around it: word borders, the line's beginning, a capturing group.
//!
//! The expression ends up with a group 1 always: what of the line is the date.

use std::borrow::Cow;

/// Where a template may be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begin {
    /// Anywhere, no border asked for.
    Free,
    /// At a word border.
    Word,
    /// At the line's beginning, after at most two characters that are not of a word.
    Line,
}

/// An expression with its borders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bounded {
    pub expression: String,
    /// Can only match at the line's beginning or end: a match is taken without looking further.
    pub anchored: bool,
    /// Bound to the line's beginning.
    pub at_line_begin: bool,
    /// The line's beginning was asked for, and added here.
    pub begin_added: bool,
}

pub(super) const WORD_BEGIN: &str = r"(?=^|\b|\W)";
pub(super) const LINE_BEGIN: &str = r"^(?:\W{0,2})?";
pub(super) const WORD_END: &str = r"(?=\b|\W|$)";

/// Puts borders and a group around an expression, where it has none of its own.
pub(super) fn bounded(expression: &str, begin: Begin, word_end: bool) -> Bounded {
    let (flags, expression) = without_global_flags(expression);
    let add_begin = begin != Begin::Free && !begins_bound(&expression);
    let add_end = word_end && !ends_bound(&expression);
    let grouped = if has_group(&expression) {
        expression
    } else {
        Cow::Owned(group_all(&expression))
    };
    let before = match begin {
        _ if !add_begin => "",
        Begin::Line => LINE_BEGIN,
        _ => WORD_BEGIN,
    };
    let after = if add_end { WORD_END } else { "" };
    let whole = format!("{before}{grouped}{after}");
    let at_line_begin = (add_begin && begin == Begin::Line) || begins_line(&whole);
    let anchored = at_line_begin || ends_line(&whole);
    Bounded {
        expression: format!("{flags}{}", without_stars(&whole)),
        anchored,
        at_line_begin,
        begin_added: add_begin && begin == Begin::Line,
    }
}

/// Whether there is an unescaped group without a `?`: the user said what to cut out.
pub(super) fn has_group(expression: &str) -> bool {
    let bytes = expression.as_bytes();
    bytes.iter().enumerate().any(|(i, &b)| {
        b == b'(' && bytes.get(i + 1) != Some(&b'?') && !bytes[..i].ends_with(b"\\") && !bytes[..i].ends_with(b"(?")
    })
}

/// Cuts `(?iu)` and the like from the expression: the first such group.
fn without_global_flags(expression: &str) -> (&str, Cow<'_, str>) {
    let found = expression.match_indices("(?").find_map(|(at, _)| {
        let end = flags_end(&expression[at..], |b| b.is_ascii_lowercase())?;
        (!expression[..at].ends_with('\\')).then_some((at, at + end))
    });
    match found {
        None => ("", Cow::Borrowed(expression)),
        Some((0, end)) => (&expression[..end], Cow::Borrowed(&expression[end..])),
        Some((at, end)) => (
            &expression[at..end],
            Cow::Owned(format!("{}{}", &expression[..at], &expression[end..])),
        ),
    }
}

/// Length of a group like `(?x)` at the beginning of the text.
fn flags_end(text: &str, letter: impl Fn(u8) -> bool) -> Option<usize> {
    let inner = text.strip_prefix("(?")?;
    let letters = inner.bytes().take_while(|&b| letter(b)).count();
    (letters > 0 && inner.as_bytes().get(letters) == Some(&b')')).then_some(letters + 3)
}

fn word_flags_end(text: &str) -> Option<usize> {
    flags_end(text, |b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The rests of the text after none, one, two … of its opening parentheses.
fn inside_parentheses(text: &str) -> impl Iterator<Item = &str> {
    let depth = text.bytes().take_while(|&b| b == b'(').count();
    (0..=depth).filter_map(move |n| text.get(n..))
}

/// The text, and the text after its flag group if it begins with one.
fn with_and_without_flags(text: &str) -> impl Iterator<Item = &str> {
    let after = word_flags_end(text).and_then(|end| text.get(end..));
    std::iter::once(text).chain(after)
}

fn begins_bound(expression: &str) -> bool {
    inside_parentheses(expression)
        .flat_map(with_and_without_flags)
        .any(|rest| {
            rest.starts_with('^')
                || rest.starts_with("(^")
                || rest.starts_with("(?:^")
                || rest.trim_start_matches('(').starts_with("**")
        })
}

fn ends_bound(expression: &str) -> bool {
    let unescaped = |end: &str| {
        expression
            .strip_suffix(end)
            .is_some_and(|before| !before.ends_with('\\'))
    };
    ["$", "$)", r"\b", r"\s"].into_iter().any(unescaped) || stars_at_end(expression).is_some()
}

/// Where the two stars stand that end the expression, closing parentheses aside.
fn stars_at_end(expression: &str) -> Option<usize> {
    let before = expression.trim_end_matches(')').strip_suffix("**")?;
    // Of three stars the first may be the escaped one.
    (!before.ends_with('\\')).then_some(before.len())
}

/// Where the two stars stand that begin the expression, opening parentheses and flags aside.
fn stars_at_begin(expression: &str) -> Option<usize> {
    inside_parentheses(expression)
        .flat_map(with_and_without_flags)
        .map(|rest| rest.trim_start_matches('('))
        .find(|rest| rest.starts_with("**"))
        .map(|rest| expression.len() - rest.len())
}

fn begins_line(expression: &str) -> bool {
    with_and_without_flags(expression).any(|rest| {
        let in_group = rest
            .strip_prefix("(?:")
            .or_else(|| rest.strip_prefix('('))
            .and_then(|inner| inner.strip_prefix('^'));
        rest.starts_with('^') || in_group.is_some_and(|after| !after.starts_with('|'))
    })
}

fn ends_line(expression: &str) -> bool {
    ["$", "$)"].into_iter().any(|end| {
        expression
            .strip_suffix(end)
            .is_some_and(|before| !before.ends_with(['\\', '|']))
    })
}

fn group_all(expression: &str) -> String {
    let mut head = word_flags_end(expression).unwrap_or(0);
    if expression[head..].starts_with('^') {
        head += 1;
    }
    head += word_flags_end(&expression[head..]).unwrap_or(0);
    let (before, rest) = expression.split_at(head);
    let (body, after) = match rest.strip_suffix('$') {
        Some(body) => (body, "$"),
        None => (rest, ""),
    };
    format!("{before}({body}){after}")
}

fn without_stars(expression: &str) -> String {
    let mut out = expression.to_owned();
    if let Some(at) = stars_at_end(&out) {
        out.replace_range(at..at + 2, "");
    }
    if let Some(at) = stars_at_begin(&out) {
        out.replace_range(at..at + 2, "");
    }
    out
}

/// The pattern without the borders that it asks for: to be embedded in another.
pub(super) fn unbound(pattern: &str) -> &str {
    let pattern = pattern.strip_prefix("{UNB}").unwrap_or(pattern);
    let pattern = pattern.strip_prefix("{^LN-BEG}").unwrap_or(pattern);
    let pattern = pattern
        .strip_prefix(r"(^|\b|\W)")
        .or_else(|| pattern.strip_prefix(r"(?:^|\b|\W)"))
        .unwrap_or(pattern);
    pattern.strip_suffix(WORD_END).unwrap_or(pattern)
}
