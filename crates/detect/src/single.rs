//! What a match of one line told, as it was found: texts are cut out of the line when somebody asks for them. A failure
//! that is only counted costs a copy of its line.
use crate::expression::span_text;
use crate::failure::LineParts;
use crate::name::{Key, Name};
use crate::record::{Entries, Record, Value};
use crate::window::Cut;
use crate::{Id, MatchedLine};
use bantam_pattern::Captures;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// The named groups of an expression; a handle that is cheap to clone.
#[derive(Debug, Clone)]
pub struct GroupNames(Arc<[(Name, usize)]>);

impl GroupNames {
    /// Those of an expression, in the order of their opening, and where their texts are among the spans of a match.
    pub(crate) fn new(names: impl Iterator<Item = (Name, usize)>) -> Self {
        GroupNames(names.collect())
    }

    /// With the index of each among the spans.
    pub(crate) fn indexed(&self) -> &[(Name, usize)] {
        &self.0
    }

    /// Whether both are those of the same expression.
    pub fn are(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Each, in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.iter().map(|(name, _)| &**name)
    }
}

/// A match of a single line, by an expression whose groups are what they seem (no alternatives, no connections).
#[derive(Debug)]
pub(crate) struct SingleMatch {
    /// Those of the expression, whose indices are those in `found`.
    names: GroupNames,
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
    pub(crate) fn new(names: &GroupNames, found: &Captures, text: &str, cut: &Cut<'_>, address: Option<Id>) -> Self {
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
        let names = self.names.indexed().iter();
        names.map(move |(name, index)| (&**name, text(*index)))
    }

    pub(crate) fn names(&self) -> &GroupNames {
        &self.names
    }

    /// Names of all groups, and where in the line's text without its date each is that took part.
    pub(crate) fn places(&self) -> impl Iterator<Item = (&str, Option<Range<usize>>)> {
        let names = self.names.indexed().iter();
        names.map(|(name, index)| {
            let place = self.found.spans.get(*index).copied().flatten();
            (
                &**name,
                place
                    .map(|(start, end)| start..end)
                    .filter(|place| self.text.get(place.clone()).is_some()),
            )
        })
    }

    pub(crate) fn entries(&self) -> &Entries {
        self.entries.get_or_init(|| self.record().into_entries())
    }

    fn record(&self) -> Record {
        let mut record = Record::with_capacity(self.names.indexed().len() + 2);
        for (name, index) in self.names.indexed() {
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
