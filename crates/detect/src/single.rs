//! What a match of one line told, as it was found: texts are cut out of the line when somebody asks for them. A failure
//! that is only counted costs a copy of its line.
use crate::expression::span_text;
use crate::failure::LineParts;
use crate::name::{Key, Name};
use crate::record::{Entries, Record, Value};
use crate::window::Cut;
use crate::{Id, MatchedLine};
use bantam_pattern::Captures;
use std::sync::{Arc, OnceLock};

/// A match of a single line, by an expression whose groups are what they seem (no alternatives, no connections).
#[derive(Debug)]
pub(crate) struct SingleMatch {
    /// The named groups of the expression and their indices in `found`.
    names: Arc<[(Name, usize)]>,
    found: Captures,
    /// The line without its date, and with a newline.
    text: Box<str>,
    /// Where the date was cut out.
    cut: usize,
    date: Box<str>,
    /// The address behind the id where they differ.
    address: Option<Id>,
    entries: OnceLock<Entries>,
}

impl SingleMatch {
    /// `text`: what `cut` is without its date.
    pub(crate) fn new(
        names: &Arc<[(Name, usize)]>,
        found: &Captures,
        text: &str,
        cut: &Cut<'_>,
        address: Option<Id>,
    ) -> Self {
        SingleMatch {
            names: names.clone(),
            found: found.clone(),
            text: text.into(),
            cut: cut.before.len(),
            date: (*cut.date).into(),
            address,
            entries: OnceLock::new(),
        }
    }

    pub(crate) fn address(&self) -> Option<&Id> {
        self.address.as_ref()
    }

    pub(crate) fn line(&self) -> LineParts<'_> {
        let (before, after) = self.text.split_at_checked(self.cut).unwrap_or((&self.text, ""));
        LineParts {
            before,
            date: &self.date,
            after: after.strip_suffix('\n').unwrap_or(after),
        }
    }

    /// Names and texts of the groups that took part.
    pub(crate) fn groups(&self) -> impl Iterator<Item = (&str, &str)> {
        self.named().filter_map(|(name, text)| Some((name, text?)))
    }

    /// Names of all groups, and what they captured.
    pub(crate) fn named(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        let text = |index| span_text(&self.text, &self.found, Some(index));
        self.names.iter().map(move |(name, index)| (&**name, text(*index)))
    }

    pub(crate) fn entries(&self) -> &Entries {
        self.entries.get_or_init(|| self.record().into_entries())
    }

    fn record(&self) -> Record {
        let mut record = Record::with_capacity(self.names.len() + 2);
        for (name, index) in self.names.iter() {
            let value = match span_text(&self.text, &self.found, Some(*index)) {
                Some(text) => Value::Text(text.into()),
                None => Value::Missing,
            };
            record.push(name.clone(), value);
        }
        record.put(
            Key::Matches,
            Value::Lines(Arc::new(vec![MatchedLine::from(self.line())])),
        );
        if let Some(address) = &self.address {
            record.put(Key::Ip, Value::Address(address.clone()));
        }
        record
    }
}
