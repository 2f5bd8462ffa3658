//! Expressions that can match nothing, and those that matched nothing on this log, with the nearest reason.
use super::Section;
use super::dates::Line;
use super::remark::{Level, Remark};
use super::subject::Subject;
use super::text::cut;
use bantam_pattern::advice::{TextShape, Why, cannot_begin_inside, contradiction};
use bantam_pattern::{Options, Regex};
use memchr::memmem;
use std::ops::Range;

/// Of a filter that matched nothing, so many failregexes are warned of.
const WARNED: usize = 3;
/// Lines that the search for the nearest reason looks at.
const MOST: usize = 3000;

/// What can never match, log or not.
pub fn remark(section: &Section, prefregex: Option<&Subject>, multi_line: bool, remarks: &mut Vec<Remark>) {
    let subject = &section.subject;
    let shape = match multi_line {
        true => TextShape::Lines,
        false => TextShape::Line,
    };
    if let Some(found) = contradiction(subject.regex.ast(), shape) {
        let (message, help) = words(found.why);
        remarks.push(
            Remark::new(
                Level::Warning,
                "impossible",
                format!("this can match no line: {message}"),
            )
            .at(found.span)
            .help(help),
        );
    }
    if let Some(prefregex) = prefregex
        && !multi_line
        && subject.option == "failregex"
        && let Some(span) = cannot_begin_inside(prefregex.regex.ast(), subject.regex.ast())
    {
        let message = "this can match no line: what prefregex hands on (between <F-CONTENT> and </F-CONTENT>) cannot \
                       begin so";
        let help = "write here only what stands between the two, or move one of the two in prefregex";
        remarks.push(Remark::new(Level::Warning, "impossible", message).at(span).help(help));
    }
}

fn words(why: Why) -> (&'static str, &'static str) {
    match why {
        Why::NoCharacter => (
            "this set holds no character",
            "write in brackets the characters that are meant",
        ),
        Why::StartBehindText => (
            "the line's beginning (^) is asked for where text stands before it",
            "leave ^ out here, or write \\^ for the character itself",
        ),
        Why::BehindEnd => (
            "text is asked for behind the line's end ($)",
            "leave $ out before it, or write \\$ for the character itself",
        ),
        Why::BehindNewline => (
            "text is asked for behind a newline, but expressions see one line at a time",
            "set maxlines in the filter to how many lines belong together, or leave out what is behind the newline",
        ),
        Why::BeforeNewline => (
            "every line an expression sees ends with a newline, and \\Z does not match before it",
            "write $ in place of \\Z",
        ),
        Why::Border => (
            "a word's border is asked for where there is none",
            "leave \\b or \\B out here",
        ),
        Why::Look => ("what is looked for here can stand nowhere", "leave the look out"),
    }
}

/// Why it matched none of the lines it was asked about.
pub fn nearest(section: &Section, is_filter_empty: bool, asked: &[usize], lines: &[Line], remarks: &mut Vec<Remark>) {
    let subject = &section.subject;
    if asked.is_empty() || remarks.iter().any(|remark| remark.kind == "impossible") {
        return;
    }
    // Of many expressions the first tell enough of a log that is the wrong one.
    let level = match is_filter_empty && subject.option != "ignoreregex" && subject.number <= WARNED {
        true => Level::Warning,
        false => Level::Note,
    };
    let in_content = subject.option != "prefregex";
    let texts: Vec<&str> = asked
        .iter()
        .filter_map(|index| Some(lines.get(*index)?.text(in_content)))
        .collect();
    let found = missing_literal(subject, level, &texts, asked, lines);
    let found = found.unwrap_or_else(|| farthest(subject, level, texts.get(..MOST).unwrap_or(&texts)));
    // That one of many expressions has nothing to match is usual, and said in short.
    remarks.push(match level {
        Level::Warning => found,
        _ => Remark::new(level, found.kind, found.message),
    });
}

/// A literal of the expression that stands in no line.
fn missing_literal(subject: &Subject, level: Level, texts: &[&str], asked: &[usize], lines: &[Line]) -> Option<Remark> {
    let total = texts.len();
    let counts = subject.regex.required_literals().iter().map(|literal| {
        let finder = memmem::Finder::new(literal);
        let count = texts
            .iter()
            .filter(|text| finder.find(text.as_bytes()).is_some())
            .count();
        (literal, count)
    });
    let (literal, _) = counts
        .filter(|(_, count)| *count == 0)
        .max_by_key(|(literal, _)| literal.len())?;
    let shown = String::from_utf8_lossy(literal);
    let shown = cut(shown.trim_end_matches('\n'), 60);
    let with_date = asked
        .iter()
        .filter_map(|index| lines.get(*index))
        .filter(|line| memmem::find(line.raw.as_bytes(), literal).is_some())
        .count();
    let span = literal_span(subject, literal);
    let mut remark = match with_date {
        0 => Remark::new(
            level,
            "no_match",
            format!("matched nothing: `{shown}` stands in none of {total} lines"),
        )
        .help("is this the right log, and are these fields written to it?"),
        _ => Remark::new(
            level,
            "no_match",
            format!("matched nothing: `{shown}` stands in {with_date} lines, but only until their date is cut out"),
        )
        .help("expressions see lines without what datepattern matched (without its first group, if it has one)"),
    };
    remark.span = span;
    Some(remark)
}

/// Where a literal was written, if it was written in one piece.
fn literal_span(subject: &Subject, literal: &[u8]) -> Option<Range<usize>> {
    let source = subject.regex.as_str();
    let text = String::from_utf8_lossy(literal);
    let mut escaped = String::new();
    for c in text.chars() {
        if source.contains(&format!("\\{c}")) && !source.contains(text.as_ref()) && c.is_ascii_punctuation() {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    source.find(&escaped).map(|at| at..at + escaped.len())
}

/// How far lines go along with the expression, and the piece that none goes on with.
fn farthest(subject: &Subject, level: Level, texts: &[&str]) -> Remark {
    let regex = &subject.regex;
    let mut nodes = Vec::new();
    bantam_pattern::advice::pieces(regex.ast(), &mut nodes);
    let multi_line = subject.multi_line;
    let prefix = |count: usize| -> Option<(usize, usize)> {
        let end = nodes.get(count.checked_sub(1)?)?.end;
        let source = regex.as_str().get(..end)?;
        let options = Options {
            multi_line,
            ignore_case: false,
        };
        let part = Regex::new(source, options).ok()?;
        let mut longest = None;
        let mut matched = 0;
        for (index, text) in texts.iter().enumerate() {
            if part.is_match(text) == Ok(true) {
                matched += 1;
                longest.get_or_insert(index);
            }
        }
        Some((matched, longest?))
    };
    // What a shorter beginning does not match, a longer one does not.
    let (mut low, mut high) = (0, nodes.len());
    let mut best = None;
    while low + 1 < high {
        let middle = low.midpoint(high);
        match prefix(middle) {
            Some(found) => {
                best = Some(found);
                low = middle;
            }
            None => high = middle,
        }
    }
    let total = texts.len();
    let span = nodes.get(low).cloned().unwrap_or(0..regex.as_str().len());
    let piece = cut(regex.as_str().get(span.clone()).unwrap_or_default(), 40);
    match best {
        Some((count, line)) => {
            let line = texts
                .get(line)
                .map(|text| text.trim_end_matches('\n').to_owned())
                .unwrap_or_default();
            Remark::new(
                level,
                "no_match",
                format!("matched nothing: up to `{piece}` {count} of {total} lines fit, with it none does"),
            )
            .at(span)
            .help("compare it with this line (shown as expressions see it, without its date)")
            .line(line, None)
        }
        None => {
            let line = texts
                .first()
                .map(|text| text.trim_end_matches('\n').to_owned())
                .unwrap_or_default();
            Remark::new(
                level,
                "no_match",
                format!("matched nothing: already `{piece}` fits none of {total} lines"),
            )
            .at(span)
            .help("compare it with this line (shown as expressions see it, without its date)")
            .line(line, None)
        }
    }
}
