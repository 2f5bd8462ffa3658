//! The lines that expressions look at: one, or with `maxlines` the last few.
use crate::MatchedLine;
use crate::expression::Expression;
use bantam_pattern::Captures;
use std::borrow::Cow;

/// A line cut at its date.
#[derive(Debug, Clone)]
pub(crate) struct Cut<'a> {
    pub(crate) before: &'a str,
    pub(crate) date: Cow<'a, str>,
    pub(crate) after: &'a str,
}

impl Cut<'_> {
    pub(crate) fn to_line(&self) -> MatchedLine {
        MatchedLine {
            before: self.before.to_owned(),
            date: self.date.clone().into_owned(),
            after: self.after.to_owned(),
        }
    }
}

/// What a match is counted back to.
#[derive(Debug)]
pub(crate) enum Lines<'a> {
    One(Cut<'a>),
    Many(Vec<MatchedLine>),
}

/// Which lines a match took and which it left.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    pub(crate) matched: Vec<MatchedLine>,
    pub(crate) left: Vec<MatchedLine>,
}

impl Lines<'_> {
    /// Writes the lines without their dates, each with a newline.
    pub(crate) fn write(&self, out: &mut String) {
        out.clear();
        match self {
            Lines::One(cut) => {
                make_room(out, cut.before.len() + cut.after.len() + 1);
                out.push_str(cut.before);
                out.push_str(cut.after);
                out.push('\n');
            }
            Lines::Many(lines) => write_lines(lines, out),
        }
    }

    /// Tells the lines of a match in `text`, which begins like the written form of these lines.
    pub(crate) fn take(&self, expression: &Expression, text: &str, found: &Captures) -> Taken {
        match self {
            Lines::One(cut) => Taken {
                matched: vec![cut.to_line()],
                left: Vec::new(),
            },
            Lines::Many(lines) if lines.len() <= 1 => Taken {
                matched: lines.clone(),
                left: Vec::new(),
            },
            Lines::Many(lines) => take_many(lines, expression, text, found),
        }
    }
}

/// Bytes of earlier lines that are kept for later ones: whoever writes them can make them long.
const LONGEST: usize = 256 << 10;

/// Keeps as many of the newest lines as are not too long together, the last one in any case.
pub(crate) fn keep_newest(lines: &mut Vec<MatchedLine>) {
    let mut room = LONGEST;
    let fits = |line: &&MatchedLine| {
        let left = room.checked_sub(line.before.len() + line.date.len() + line.after.len());
        room = left.unwrap_or(0);
        left.is_some()
    };
    let fitting = lines.iter().rev().take_while(fits).count().max(1);
    lines.drain(..lines.len().saturating_sub(fitting));
}

/// Room for a text of this length. What a very long one needs the system hands out page by page, which takes longer than
/// writing it; it is kept, and so not counted against the line that first needs it.
pub(crate) fn make_room(text: &mut String, length: usize) {
    text.clear();
    if text.capacity() < length {
        text.reserve_exact(length);
        if bantam_pattern::is_very_long(length) {
            bantam_pattern::uncounted(|| {
                let mut bytes = std::mem::take(text).into_bytes();
                bytes.resize(length, 0);
                bytes.clear();
                *text = String::from_utf8(bytes).unwrap_or_default();
            });
        }
    }
}

pub(crate) fn write_lines(lines: &[MatchedLine], out: &mut String) {
    make_room(
        out,
        lines.iter().map(|line| line.before.len() + line.after.len() + 1).sum(),
    );
    for (index, line) in lines.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        out.push_str(&line.before);
        out.push_str(&line.after);
    }
    out.push('\n');
}

fn take_many(lines: &[MatchedLine], expression: &Expression, text: &str, found: &Captures) -> Taken {
    let bytes = text.as_bytes();
    let (start, end) = found.spans.first().copied().flatten().unwrap_or((0, 0));
    let upto = bytes.len().min(start + 1);
    let from = memchr::memrchr(b'\n', &bytes[..upto]).map_or(0, |at| at + 1);
    // An empty match at the very beginning reaches to the end, as counting from minus one does in the original.
    let probe = end
        .checked_sub(1)
        .unwrap_or(bytes.len().saturating_sub(1))
        .min(bytes.len());
    let to = memchr::memchr(b'\n', &bytes[probe..]).map_or(bytes.len(), |at| probe + at + 1);
    let count = |upto: usize| memchr::memchr_iter(b'\n', &bytes[..upto]).count();
    let first = count(from).min(lines.len());
    let last = count(to).clamp(first, lines.len());
    let mut matched = lines[first..last].to_vec();
    let mut left = lines[..first].to_vec();
    let mut search_from = 0;
    for skipped in expression.skipped_lines(text, found) {
        let position = matched
            .iter()
            .skip(search_from)
            .position(|line| is_joined(line, skipped));
        if let Some(offset) = position {
            left.push(matched.remove(search_from + offset));
            search_from += offset;
        }
    }
    left.extend_from_slice(&lines[last..]);
    Taken { matched, left }
}

fn is_joined(line: &MatchedLine, text: &str) -> bool {
    text.strip_prefix(line.before.as_str()) == Some(line.after.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_lines_that_are_too_long_together_the_newest_are_kept() {
        let line = |length: usize| MatchedLine {
            after: "x".repeat(length),
            ..MatchedLine::default()
        };
        for (lengths, kept) in [
            (&[][..], 0),
            (&[10, 20], 2),
            (&[LONGEST], 1),
            (&[LONGEST, 1], 1),
            (&[1, 1, LONGEST - 1], 2),
            (&[1, LONGEST + 1], 1),
            (&[1, LONGEST + 1, 5, 6], 2),
        ] {
            let mut lines: Vec<MatchedLine> = lengths.iter().copied().map(line).collect();
            keep_newest(&mut lines);
            let expected: Vec<usize> = lengths[lengths.len() - kept..].to_vec();
            assert_eq!(lines.iter().map(|line| line.after.len()).collect::<Vec<_>>(), expected);
        }
    }
}
