//! What is known about a failure: the captured groups and what the pipeline adds, in the order in which they came
//! (that order is visible in the output of `bantam regex -o row`).
use crate::name::{Key, Name};
use crate::python::push_quoted;
use crate::single::SingleMatch;
use crate::{Id, MatchedLine};
use smol_str::SmolStr;
use std::borrow::Cow;
use std::sync::Arc;

/// One value of a [`Record`].
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A group that took no part in the match.
    Missing,
    /// Captured text.
    Text(SmolStr),
    /// Several groups combined (`<F-TUPLE_…>`).
    Tuple(Vec<Value>),
    /// Different users of one connection, in the order in which they were seen.
    Users(Vec<SmolStr>),
    /// A mark that is set.
    Set,
    /// The address behind an id.
    Address(Id),
    /// Log lines, which several failures may have in common.
    Lines(Arc<Vec<MatchedLine>>),
}

impl Value {
    /// Whether there is anything in it; empty text counts as nothing.
    pub fn is_truthy(&self) -> bool {
        match self {
            Value::Missing => false,
            Value::Text(text) => !text.is_empty(),
            Value::Tuple(parts) => !parts.is_empty(),
            Value::Users(users) => !users.is_empty(),
            Value::Lines(lines) => !lines.is_empty(),
            Value::Set | Value::Address(_) => true,
        }
    }

    fn is_missing(&self) -> bool {
        matches!(self, Value::Missing)
    }

    /// The value as Python's `str` gives it.
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Value::Text(text) => Cow::Borrowed(text),
            Value::Address(id) => Cow::Owned(id.to_string()),
            _ => Cow::Owned(self.literal()),
        }
    }

    /// The same to be kept, without a copy where it is text.
    pub(crate) fn shared(&self) -> SmolStr {
        match self {
            Value::Text(text) => text.clone(),
            other => other.text().into(),
        }
    }

    /// The value as Python's `repr` gives it.
    pub fn literal(&self) -> String {
        let mut out = String::new();
        self.push_literal(&mut out);
        out
    }

    fn push_literal(&self, out: &mut String) {
        match self {
            Value::Missing => out.push_str("None"),
            Value::Text(text) => push_quoted(out, text),
            Value::Tuple(parts) => {
                out.push('(');
                push_list(out, parts, |out, part| part.push_literal(out));
                out.push_str(if parts.len() == 1 { ",)" } else { ")" });
            }
            Value::Users(users) => {
                out.push('{');
                push_list(out, users, |out, user| push_quoted(out, user));
                out.push('}');
            }
            Value::Set => out.push('1'),
            Value::Address(id) => push_quoted(out, &id.to_string()),
            Value::Lines(lines) => {
                out.push('[');
                push_list(out, lines.as_slice(), |out, line| {
                    out.push('(');
                    push_list(out, &[&line.before, &line.date, &line.after], |out, part| {
                        push_quoted(out, part);
                    });
                    out.push(')');
                });
                out.push(']');
            }
        }
    }
}

fn push_list<T>(out: &mut String, items: &[T], push: impl Fn(&mut String, &T)) {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        push(out, item);
    }
}

/// Values by name, in the order of their first appearance.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// What the values are made of once somebody asks for them, in place of `own`: most failures are only counted.
    single: Option<Arc<SingleMatch>>,
    own: Entries,
}

impl PartialEq for Record {
    fn eq(&self, other: &Self) -> bool {
        self.entries().list == other.entries().list
    }
}

/// The values themselves.
#[derive(Debug, Clone, Default)]
pub(crate) struct Entries {
    list: Vec<(Name, Value)>,
    /// The bits of those keys that are among the names.
    keys: u16,
}

impl Entries {
    /// Mostly a key is not there, and nothing needs to be compared.
    fn position(&self, key: Key) -> Option<usize> {
        if self.keys & key.bit() == 0 {
            return None;
        }
        self.list.iter().position(|(name, _)| name.key() == Some(key))
    }

    fn position_of(&self, name: &Name) -> Option<usize> {
        match name {
            Name::Key(key) => self.position(*key),
            Name::Other(_) => self.list.iter().position(|(other, _)| other == name),
        }
    }

    fn get_mut(&mut self, name: &Name) -> Option<&mut Value> {
        let at = self.position_of(name)?;
        self.list.get_mut(at).map(|(_, value)| value)
    }

    fn known_at(&self, at: usize) -> Option<&Value> {
        let (_, value) = self.list.get(at)?;
        Some(value).filter(|value| !value.is_missing())
    }

    /// A name that is none of those that are there.
    fn push(&mut self, name: Name, value: Value) {
        self.keys |= name.key().map_or(0, Key::bit);
        self.list.push((name, value));
    }

    fn put(&mut self, name: Name, value: Value) {
        match self.get_mut(&name) {
            Some(old) => *old = value,
            None => self.push(name, value),
        }
    }

    fn take(&mut self, key: Key) -> Option<Value> {
        let at = self.position(key)?;
        self.keys &= !key.bit();
        Some(self.list.remove(at).1)
    }
}

impl Record {
    pub(crate) fn with_capacity(entries: usize) -> Self {
        let list = Vec::with_capacity(entries);
        Record {
            single: None,
            own: Entries { list, keys: 0 },
        }
    }

    /// What a match of one line told.
    pub(crate) fn of_single(single: Arc<SingleMatch>) -> Self {
        Record {
            single: Some(single),
            own: Entries::default(),
        }
    }

    /// The match that it tells of, if that is all that it does.
    pub(crate) fn single(&self) -> Option<&SingleMatch> {
        self.single.as_deref()
    }

    fn entries(&self) -> &Entries {
        match &self.single {
            Some(single) => single.entries(),
            None => &self.own,
        }
    }

    fn entries_mut(&mut self) -> &mut Entries {
        if let Some(single) = self.single.take() {
            self.own.clone_from(single.entries());
        }
        &mut self.own
    }

    pub(crate) fn into_entries(mut self) -> Entries {
        std::mem::take(self.entries_mut())
    }

    /// All values that are there, those of groups without part as [`Value::Missing`].
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.entries().list.iter().map(|(name, value)| (&**name, value))
    }

    /// Appends the values as Python shows a dictionary; `lines`: those among them that are log lines, too.
    pub fn push_dictionary(&self, out: &mut String, lines: bool) {
        let mut mark = "{";
        let mut push_name = |out: &mut String, name: &str| {
            out.push_str(mark);
            push_quoted(out, name);
            out.push_str(": ");
            mark = ", ";
        };
        match &self.single {
            // What is added under the name of a group takes its place.
            Some(single) if !lines && single.named().all(|(name, _)| !matches!(name, "matches" | "ip")) => {
                for (name, text) in single.named() {
                    push_name(out, name);
                    match text {
                        Some(text) => push_quoted(out, text),
                        None => Value::Missing.push_literal(out),
                    }
                }
                if let Some(address) = single.address() {
                    push_name(out, "ip");
                    push_quoted(out, &address.to_string());
                }
            }
            _ => {
                for (name, value) in &self.entries().list {
                    if !lines && name.key() == Some(Key::Matches) {
                        continue;
                    }
                    push_name(out, name);
                    value.push_literal(out);
                }
            }
        }
        out.push_str(if mark == "{" { "{}" } else { "}" });
    }

    /// Whether there is no value at all.
    pub fn is_empty(&self) -> bool {
        self.entries().list.is_empty()
    }

    /// A value that is there and not [`Value::Missing`].
    pub fn known(&self, name: &str) -> Option<&Value> {
        let all = &self.entries().list;
        let found = all.iter().find(|(other, _)| **other == *name);
        found.map(|(_, value)| value).filter(|value| !value.is_missing())
    }

    /// The same for one of the pipeline's names.
    pub(crate) fn get(&self, key: Key) -> Option<&Value> {
        let entries = self.entries();
        entries.known_at(entries.position(key)?)
    }

    /// The same for any name.
    pub(crate) fn get_named(&self, name: &Name) -> Option<&Value> {
        let entries = self.entries();
        entries.known_at(entries.position_of(name)?)
    }

    /// Whether the value is there and not empty.
    pub(crate) fn has(&self, key: Key) -> bool {
        self.get(key).is_some_and(Value::is_truthy)
    }

    /// The log lines kept under `matches`, oldest first.
    pub fn matches(&self) -> &[MatchedLine] {
        match self.get(Key::Matches) {
            Some(Value::Lines(lines)) => lines,
            _ => &[],
        }
    }

    /// A fresh name, known to be none of those that are there.
    pub(crate) fn push(&mut self, name: Name, value: Value) {
        self.entries_mut().push(name, value);
    }

    /// Sets a value, in its place or as the last.
    pub fn set(&mut self, name: &str, value: Value) {
        self.put(Name::from(name), value);
    }

    /// The same under a name of the pipeline's, or that of a group.
    pub(crate) fn put(&mut self, name: impl Into<Name>, value: Value) {
        self.entries_mut().put(name.into(), value);
    }

    pub(crate) fn take(&mut self, key: Key) -> Option<Value> {
        self.entries_mut().take(key)
    }

    /// Takes the value and leaves its place in the order to the one that follows.
    pub(crate) fn take_in_place(&mut self, key: Key) -> Option<Value> {
        let value = self.entries_mut().get_mut(&Name::Key(key))?;
        Some(std::mem::replace(value, Value::Missing))
    }

    /// Overwrites with all values of `other` that are known.
    pub(crate) fn merge_known(&mut self, other: Record) {
        for (name, value) in other.into_entries().list {
            if !value.is_missing() {
                self.put(name, value);
            }
        }
    }
}
