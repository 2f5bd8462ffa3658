//! What speaks against somebody who failed: lines and what they told. Made once for all jails that count the failure,
//! and taken apart only when a ban comes of it.
use crate::name::Key;
use crate::record::{Record, Value};
use crate::single::{GroupNames, SingleMatch};
use crate::{Id, LineParts, MatchedLine};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Lines and captured groups; a handle that is cheap to clone.
#[derive(Debug, Clone)]
pub struct Evidence(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    told: Told,
    marks: [AtomicU64; 2],
}

#[derive(Debug)]
enum Told {
    ByFilter(Record),
    ByHand {
        captures: BTreeMap<String, String>,
        matches: Vec<MatchedLine>,
        users: Vec<String>,
        address: Option<Id>,
    },
}

/// Of two kinds of [`Evidence::mark`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Where the lines are kept.
    Lines,
    /// Where the rest is kept.
    Rest,
}

impl Evidence {
    /// What a filter recorded.
    pub(crate) fn of(record: Record) -> Self {
        Self::told(Told::ByFilter(record))
    }

    /// What is said by other than a filter: lines, captured groups by lower-case name, user names of a connection
    /// where there are several, the address behind the id where they differ.
    pub fn new(
        matches: Vec<MatchedLine>,
        captures: BTreeMap<String, String>,
        users: Vec<String>,
        address: Option<Id>,
    ) -> Self {
        Self::told(Told::ByHand {
            captures,
            matches,
            users,
            address,
        })
    }

    /// Nothing but lines.
    pub fn of_lines(matches: Vec<MatchedLine>) -> Self {
        Self::new(matches, BTreeMap::new(), Vec::new(), None)
    }

    fn told(told: Told) -> Self {
        let marks = [AtomicU64::new(0), AtomicU64::new(0)];
        Evidence(Arc::new(Inner { told, marks }))
    }

    /// A number that whoever keeps what this holds left here, so that it is kept once for all jails. 0: none.
    pub fn mark(&self, mark: Mark) -> u64 {
        self.0.marks[mark as usize].load(Ordering::Relaxed)
    }

    /// Leaves such a number.
    pub fn set_mark(&self, mark: Mark, number: u64) {
        self.0.marks[mark as usize].store(number, Ordering::Relaxed);
    }

    /// The address behind the id where the filter captured both and they differ (`<ip>`).
    pub fn address(&self) -> Option<&Id> {
        match &self.0.told {
            Told::ByHand { address, .. } => address.as_ref(),
            Told::ByFilter(record) => match record.single() {
                Some(single) => single.address(),
                None => match record.get(Key::Ip) {
                    Some(Value::Address(address)) => Some(address),
                    _ => None,
                },
            },
        }
    }

    /// User names of a tracked connection, when more than one was seen.
    pub fn users(&self) -> Vec<String> {
        match &self.0.told {
            Told::ByHand { users, .. } => users.clone(),
            Told::ByFilter(record) if record.single().is_some() => Vec::new(),
            Told::ByFilter(record) => match record.get(Key::Users) {
                Some(Value::Users(users)) if users.len() > 1 => users.iter().map(ToString::to_string).collect(),
                _ => Vec::new(),
            },
        }
    }

    /// Tells each captured group by its lower-case name (`user`, `container`, …), those that took part only.
    pub fn each_capture(&self, tell: &mut dyn FnMut(&str, &str)) {
        match &self.0.told {
            Told::ByHand { captures, .. } => captures.iter().for_each(|(name, text)| tell(name, text)),
            Told::ByFilter(record) => match record.single() {
                Some(single) => single
                    .groups()
                    .filter(|(name, _)| is_told(single, name))
                    .for_each(|(name, text)| tell(name, text)),
                None => record
                    .iter()
                    .filter(|(_, value)| matches!(value, Value::Text(_) | Value::Tuple(_)))
                    .for_each(|(name, value)| tell(name, &value.text())),
            },
        }
    }

    /// The captured groups as places in the only line, where all of them are that.
    pub fn groups_in_line(&self) -> Option<GroupsInLine<'_>> {
        match &self.0.told {
            Told::ByHand { .. } => None,
            Told::ByFilter(record) => record.single().map(GroupsInLine),
        }
    }

    /// The captured groups as a map.
    pub fn captures(&self) -> BTreeMap<String, String> {
        let mut captures = BTreeMap::new();
        self.each_capture(&mut |name, text| {
            captures.insert(name.to_owned(), text.to_owned());
        });
        captures
    }

    /// How many lines there are.
    pub fn line_count(&self) -> usize {
        let (single, several) = self.parts();
        several.len() + usize::from(single.is_some())
    }

    /// The lines, oldest first.
    pub fn lines(&self) -> impl Iterator<Item = LineParts<'_>> {
        let (single, several) = self.parts();
        single.into_iter().chain(several.iter().map(LineParts::from))
    }

    fn parts(&self) -> (Option<LineParts<'_>>, &[MatchedLine]) {
        match &self.0.told {
            Told::ByHand { matches, .. } => (None, matches),
            Told::ByFilter(record) => match record.single() {
                Some(single) => (Some(single.line()), &[]),
                None => (None, record.matches()),
            },
        }
    }

    /// The same to own.
    pub fn matches(&self) -> Vec<MatchedLine> {
        self.lines().map(MatchedLine::from).collect()
    }
}

/// What [`Evidence::each_capture`] tells, as places in the line's text without its date and with a newline at its end.
#[derive(Debug, Clone, Copy)]
pub struct GroupsInLine<'a>(&'a SingleMatch);

impl<'a> GroupsInLine<'a> {
    /// The names of all groups that there may be.
    pub fn names(self) -> &'a GroupNames {
        self.0.names()
    }

    /// Where each of them is, in their order; none for one that did not take part.
    pub fn places(self) -> impl Iterator<Item = Option<Range<usize>>> {
        let told = move |name: &str| is_told(self.0, name);
        self.0.places().map(move |(name, place)| place.filter(|_| told(name)))
    }
}

/// A group under one of the pipeline's own names gives way to what the pipeline says.
fn is_told(single: &SingleMatch, group: &str) -> bool {
    group != "matches" && (group != "ip" || single.address().is_none())
}

impl PartialEq for Evidence {
    fn eq(&self, other: &Self) -> bool {
        self.address() == other.address()
            && self.users() == other.users()
            && self.captures() == other.captures()
            && self.matches() == other.matches()
    }
}
