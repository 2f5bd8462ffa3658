//! A text that knows for each of its characters where in the configuration it was written.
//!
//! Values are put together from many places: a filter's line, an included prefix, a jail's argument. All cutting
//! and joining goes through here, so that an error in the result can be shown at its origin.

use crate::Place;
use crate::python::is_space;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// Where a run of characters of one source line begins.
#[derive(Debug, Clone, PartialEq)]
struct Run {
    /// Offset in the text, in bytes.
    start: usize,
    /// Place of the first character.
    place: Place,
    /// Column at which the content of that source line begins.
    margin: u32,
    /// How many substitutions brought it here; 0 is what the option itself says.
    depth: u16,
}

/// A text with the places of its parts.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Text {
    text: String,
    runs: Vec<Run>,
    /// The option's key, for a value that has no characters of its own.
    anchor: Option<Place>,
}

impl Text {
    /// A text that stands nowhere.
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Text {
            text: text.into(),
            runs: Vec::new(),
            anchor: None,
        }
    }

    /// A text with an anchor but without characters.
    pub(crate) fn anchored(anchor: Option<Place>) -> Self {
        Text {
            anchor,
            ..Text::default()
        }
    }

    /// A piece of one source line.
    #[cfg(test)]
    pub(crate) fn piece(text: &str, file: &Arc<Path>, line: u32, column: u32) -> Self {
        let mut out = Text::default();
        out.push_piece(text, file, line, column);
        out
    }

    /// Adds a piece of one source line, which must hold no line break.
    pub(crate) fn push_piece(&mut self, text: &str, file: &Arc<Path>, line: u32, column: u32) {
        if !text.is_empty() {
            let place = Place {
                file: Arc::clone(file),
                line,
                column,
            };
            self.runs.push(Run {
                start: self.text.len(),
                place,
                margin: column,
                depth: 0,
            });
            self.text.push_str(text);
        }
    }

    /// Adds characters that belong to whatever stands before them.
    pub(crate) fn push_str(&mut self, text: &str) {
        self.text.push_str(text);
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn len(&self) -> usize {
        self.text.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    pub(crate) fn into_string(self) -> String {
        self.text
    }

    pub(crate) fn anchor(&self) -> Option<&Place> {
        self.anchor.as_ref()
    }

    /// Adds a part of another text, brought here by `deeper` substitutions. A range that does not fall on
    /// characters adds nothing.
    pub(crate) fn push_slice(&mut self, other: &Text, range: Range<usize>, deeper: u16) {
        let Some(part) = other.text.get(range.clone()) else {
            return;
        };
        if part.is_empty() {
            return;
        }
        let base = self.text.len();
        let first = other
            .runs
            .partition_point(|run| run.start <= range.start)
            .saturating_sub(1);
        for run in other.runs.iter().skip(first).take_while(|run| run.start < range.end) {
            let from = run.start.max(range.start);
            let mut run = run.clone();
            run.place.column += other.columns(run.start, from);
            run.start = base + (from - range.start);
            run.depth = run.depth.saturating_add(deeper);
            self.runs.push(run);
        }
        self.text.push_str(part);
    }

    /// Adds a whole text, brought here by `deeper` substitutions.
    pub(crate) fn push_text(&mut self, other: &Text, deeper: u16) {
        self.push_slice(other, 0..other.len(), deeper);
    }

    pub(crate) fn slice(&self, range: Range<usize>) -> Text {
        let mut out = Text::anchored(self.anchor.clone());
        out.push_slice(self, range, 0);
        out
    }

    /// Without white space at both ends.
    pub(crate) fn stripped(&self) -> Text {
        let start = self.len() - self.text.trim_start_matches(is_space).len();
        let end = self.text.trim_end_matches(is_space).len();
        self.slice(start..end.max(start))
    }

    /// Cuts white space off the end.
    pub(crate) fn strip_end(&mut self) {
        let end = self.text.trim_end_matches(is_space).len();
        self.text.truncate(end);
        self.runs.retain(|run| run.start < end);
    }

    /// The lines, without their line breaks; always at least one.
    pub(crate) fn lines(&self) -> Vec<Text> {
        let mut start = 0;
        let mut out = Vec::new();
        for line in self.text.split('\n') {
            out.push(self.slice(start..start + line.len()));
            start += line.len() + 1;
        }
        out
    }

    /// This text with every `needle` replaced.
    pub(crate) fn replaced(&self, needle: &str, with: &Text) -> Text {
        let mut out = Text::anchored(self.anchor.clone());
        let mut from = 0;
        for (at, _) in self.text.match_indices(needle) {
            out.push_slice(self, from..at, 0);
            out.push_text(with, 1);
            from = at + needle.len();
        }
        out.push_slice(self, from..self.len(), 0);
        out
    }

    /// Where the character at an offset was written.
    pub(crate) fn place_at(&self, offset: usize) -> Option<Place> {
        let index = self.runs.partition_point(|run| run.start <= offset).checked_sub(1);
        let Some(run) = index.and_then(|index| self.runs.get(index)) else {
            return self.home();
        };
        let mut place = run.place.clone();
        place.column += self.columns(run.start, offset);
        Some(place)
    }

    /// The source line that this text is at home in: of all that contributed to it, the one that was reached by
    /// the fewest substitutions.
    pub(crate) fn home(&self) -> Option<Place> {
        let run = self.runs.iter().min_by_key(|run| run.depth);
        run.map(|run| Place {
            column: run.margin,
            ..run.place.clone()
        })
        .or_else(|| self.anchor.clone())
    }

    /// Characters between two offsets.
    fn columns(&self, from: usize, to: usize) -> u32 {
        let count = self.text.get(from..to).map_or(0, |part| part.chars().count());
        u32::try_from(count).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn piece(text: &str, line: u32, column: u32) -> Text {
        Text::piece(text, &Arc::from(Path::new("f")), line, column)
    }

    #[test]
    fn a_replaced_part_remembers_where_it_was_written() {
        let value = piece("ban <ip> now <ip>", 3, 10);
        let got = value.replaced("<ip>", &piece("über", 9, 2));
        assert_eq!(got.as_str(), "ban über now über");
        assert_eq!(got.place_at(0).unwrap().to_string(), "f:3:10");
        assert_eq!(got.place_at(6).unwrap().to_string(), "f:9:3");
        let now = got.as_str().find("now").unwrap();
        assert_eq!(got.place_at(now).unwrap().to_string(), "f:3:19");
        assert_eq!(got.home().unwrap().to_string(), "f:3:10");
    }

    #[test]
    fn a_line_is_at_home_where_it_was_written_and_not_where_its_prefix_comes_from() {
        let mut value = Text::default();
        value.push_text(&piece("prefix", 40, 1), 1);
        value.push_text(&piece("rest", 7, 30), 0);
        assert_eq!(value.home().unwrap().to_string(), "f:7:30");
    }

    #[test]
    fn white_space_is_cut_without_moving_the_rest() {
        let got = piece("  a b ", 1, 1).stripped();
        assert_eq!((got.as_str(), got.place_at(0).unwrap().column), ("a b", 3));
    }
}
