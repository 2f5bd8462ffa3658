//! What is read, and one piece of it: a line of text, or an entry of the journal, which tells its moment by itself.
use super::journal::Entries;
use super::lines::Lines;
use super::run::{Outcome, error};
use bantam_detect::{Encoding, EntryLine, Filter, LineContext, Note, Report};
use std::borrow::Cow;

/// LOG
pub enum Log {
    Lines(Lines),
    Journal(Box<Entries>),
}

impl Log {
    /// The next block of lines; none at the end, and none of the journal.
    pub fn next_block(&mut self) -> Outcome<Option<Cow<'_, [u8]>>> {
        match self {
            Log::Lines(lines) => lines.next_block().map_err(error),
            Log::Journal(_) => Ok(None),
        }
    }

    /// The next entry; none at the end, and none of a file.
    pub fn next_entry(&mut self) -> Outcome<Option<EntryLine>> {
        match self {
            Log::Lines(_) => Ok(None),
            Log::Journal(entries) => entries.next(),
        }
    }
}

/// One piece.
#[derive(Clone, Copy)]
pub enum Input<'l> {
    Line(&'l [u8]),
    Entry(&'l EntryLine),
}

impl Input<'_> {
    /// As it is printed.
    pub fn text(self, encoding: Encoding) -> String {
        match self {
            Input::Line(line) => encoding.decode(line).into_owned(),
            Input::Entry(line) => format!("{} {}", line.iso, line.text),
        }
    }

    pub fn judge<'f>(self, filter: &'f mut Filter, context: &mut LineContext<'_>, notes: &mut Vec<Note>) -> &'f Report {
        match self {
            Input::Line(line) => filter.judge(line, context, notes),
            Input::Entry(line) => filter.judge_entry(line, context, notes),
        }
    }
}
