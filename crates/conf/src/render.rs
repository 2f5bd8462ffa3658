//! A finding as text for a terminal: the source line, the marker under it, what would be right.
//!
//! A source line is shown as it is written, but for two things: characters that steer a terminal or turn the
//! direction of text are written out (`\u{202e}`), and values of secrets are masked.

use crate::ini;
use crate::python::{is_space, strip};
use crate::secret;
use crate::{Diagnostic, Place, Severity};
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use std::ops::Range;

/// Columns that a source line may take before it is cut.
const WIDTH: usize = 140;

pub(crate) fn render(finding: &Diagnostic, colour: bool) -> String {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(plain(&finding.message)));
    let mut wrong_header = None;
    if let Some(place) = &finding.place {
        let (line, column) = (place.line as usize, place.column as usize);
        let path = escape(&place.file.display().to_string());
        match SourceLine::read(place, finding.length) {
            Some(shown) => {
                // The snippet counts the column itself, in what is shown and not in what is written.
                let header = |column: usize| format!("{path}:{line}:{column}");
                wrong_header = Some((header(shown.column()), header(column)));
                group = group.element(shown.snippet(line).path(path));
            }
            None => group = group.element(Origin::path(path).line(line).char_column(column)),
        }
    }
    if let (Some(jail), Severity::Error) = (&finding.jail, finding.severity) {
        group = group.element(Level::NOTE.message(format!("jail `{}` can't run because of this", plain(jail))));
    }
    if let Some(hint) = &finding.hint {
        group = group.element(Level::HELP.message(plain(hint)));
    }
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let text = renderer.term_width(WIDTH).render(&[group]);
    match wrong_header {
        Some((shown, written)) if shown != written => text.replacen(&shown, &written, 1),
        _ => text,
    }
}

fn plain(text: &str) -> String {
    escape(&secret::mask(text))
}

/// Whether a terminal would do something other than show the character.
fn is_unshowable(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

fn push_shown(out: &mut String, c: char) {
    if c != '\t' && is_unshowable(c) {
        out.extend(c.escape_default());
    } else {
        out.push(c);
    }
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    text.chars().for_each(|c| push_shown(&mut out, c));
    out
}

/// A line ready to be shown, and the part of it that is meant.
struct SourceLine {
    text: String,
    marked: Range<usize>,
}

impl SourceLine {
    fn read(place: &Place, length: u32) -> Option<SourceLine> {
        let bytes = std::fs::read(&place.file).ok()?;
        let content = String::from_utf8_lossy(&bytes);
        let index = (place.line as usize).checked_sub(1)?;
        let lines: Vec<&str> = ini::lines(&content).take(index + 1).collect();
        let line = lines.get(index)?;
        let hidden = hidden_parts(&lines, line);
        let start = (place.column as usize).saturating_sub(1);
        Some(Self::show(line, &hidden, start..start.saturating_add(length as usize)))
    }

    fn snippet(self, line: usize) -> Snippet<'static, annotate_snippets::Annotation<'static>> {
        Snippet::source(self.text)
            .line_start(line)
            .annotation(AnnotationKind::Primary.span(self.marked))
    }

    /// Column of the marker in the line as it is shown.
    fn column(&self) -> usize {
        self.text
            .get(..self.marked.start)
            .map_or(0, |before| before.chars().count())
            + 1
    }

    /// `marked` counts characters of the line, `hidden` bytes.
    fn show(line: &str, hidden: &[Range<usize>], marked: Range<usize>) -> SourceLine {
        let mut text = String::with_capacity(line.len());
        let (mut from, mut to) = (None, 0);
        let mut inside = false;
        for (column, (at, c)) in line.char_indices().enumerate() {
            let before = text.len();
            let hide = secret::is_within(hidden, at);
            if !hide {
                push_shown(&mut text, c);
            } else if !inside {
                text.push_str(secret::MASK);
            }
            if marked.contains(&column) {
                // Inside of a masked part, the mask is what is meant.
                let start = if hide && inside {
                    before.saturating_sub(secret::MASK.len())
                } else {
                    before
                };
                from.get_or_insert(start);
                to = text.len();
            }
            inside = hide;
        }
        let end = text.len();
        let from = from.unwrap_or(end);
        SourceLine {
            text,
            marked: from..to.max(from),
        }
    }
}

/// The parts of a line that hold secrets: behind a secret's name in the line itself, or all of it when the option
/// it belongs to is a secret. A line that is no `key = value` may well be the rest of the value above it.
fn hidden_parts(lines: &[&str], line: &str) -> Vec<Range<usize>> {
    let mut hidden = secret::ranges(line);
    let content = line.len() - line.trim_start_matches(is_space).len();
    if let Some((key, value)) = key_and_value(line)
        && secret::is_secret(key)
    {
        hidden.push(value..line.len());
    }
    if (content > 0 || key_and_value(line).is_none())
        && !strip(line).starts_with('[')
        && owners(lines).any(secret::is_secret)
    {
        hidden.push(content..line.len());
    }
    hidden.retain(|range| {
        let value = line.get(range.clone()).map(strip).unwrap_or_default();
        !secret::is_reference(value)
    });
    secret::merged(hidden)
}

/// The keys that the last line may belong to: those above it, up to the first that is not indented.
fn owners<'a>(lines: &'a [&'a str]) -> impl Iterator<Item = &'a str> {
    let above = lines.iter().rev().skip(1).filter(|above| {
        let above = strip(above);
        !above.is_empty() && !above.starts_with(['#', ';'])
    });
    let mut ended = false;
    above
        .take_while(move |above| {
            let end = !above.starts_with(is_space) && key_and_value(above).is_some();
            !std::mem::replace(&mut ended, end)
        })
        .filter_map(|above| Some(key_and_value(above)?.0))
}

/// The key of a line and the offset at which its value begins.
fn key_and_value(line: &str) -> Option<(&str, usize)> {
    let at = line.find(['=', ':'])?;
    let key = strip(line.get(..at)?);
    let value = line.get(at + 1..)?;
    let start = line.len() - value.trim_start_matches(is_space).len();
    (!key.is_empty()).then_some((key, start))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::path::Path;
    use std::sync::Arc;

    fn finding(path: &Path, line: u32, column: u32, length: u32) -> Diagnostic {
        Diagnostic {
            severity: Severity::Error,
            place: Some(Place {
                file: Arc::from(path),
                line,
                column,
            }),
            length,
            message: "wrong \u{1b}[31m token=abc".to_owned(),
            hint: Some("write `x`".to_owned()),
            jail: None,
        }
    }

    fn shown(content: &str, line: u32, column: u32, length: u32) -> String {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        std::fs::write(&path, content).unwrap();
        finding(&path, line, column, length).render(false)
    }

    #[test]
    fn nothing_that_steers_a_terminal_reaches_it() {
        let got = shown("x = \u{1b}]0;a\u{7} \u{202e} \u{9b}1m end\n", 1, 5, 3);
        assert!(!got.chars().any(|c| c != '\n' && is_unshowable(c)), "{got}");
        assert!(got.contains("\\u{1b}") && got.contains("\\u{202e}"));
    }

    #[test]
    fn secrets_are_masked_wherever_they_stand() {
        for (content, line) in [
            ("cftoken = verysecret\n", 1),
            ("cftoken =\n   verysecret\n", 2),
            ("cftoken =\nverysecret\n", 2),
            ("cftoken = a\n  b=1\n  verysecret\n", 3),
            ("action = cf[cftoken=\"verysecret\", x]\n", 1),
            ("  password: verysecret\n", 1),
        ] {
            for column in 1..30 {
                let got = shown(content, line, column, 5);
                assert!(!got.contains("very") && !got.contains("secret"), "{content}: {got}");
                assert!(!got.contains("abc"), "{got}");
            }
        }
    }

    #[test]
    fn a_finding_in_a_file_that_is_gone_keeps_its_message_and_place() {
        let got = finding(Path::new("/nowhere/f"), 3, 4, 1).render(false);
        assert!(
            got.contains("wrong") && got.contains("/nowhere/f:3:4") && got.contains("write `x`"),
            "{got}"
        );
    }

    #[test]
    fn a_place_behind_the_end_of_a_line_or_file_is_no_reason_to_fail() {
        for (line, column) in [(1, 99), (99, 1), (0, 0), (2, 1)] {
            let got = shown("x = é\n", line, column, u32::MAX);
            assert!(got.contains("wrong"));
        }
    }
}
