//! Failures told over several lines: lines of one connection (`<F-MLFID>`) are put together here until they tell who
//! failed.
use crate::name::Key;
use crate::record::{Record, Value};
use crate::window::keep_newest;
use crate::{MatchedLine, Time};
use foldhash::fast::FixedState;
use smol_str::SmolStr;
use std::collections::VecDeque;
use std::hash::BuildHasher;
use std::sync::Arc;

/// Connections remembered per filter; the oldest gives way.
const KEPT: usize = 100;
/// Seconds for which a connection is remembered after its first line.
const SECONDS: f64 = 300.0;

#[derive(Debug, Default, Clone)]
pub(crate) struct Connections {
    /// Oldest first.
    entries: VecDeque<Entry>,
    /// Of each entry its id's hash, so that most are passed over without a look at their text.
    hashes: VecDeque<u64>,
    /// How many there are by the first bits of their hash: most ids are told to be new by this alone.
    alike: Alike,
    /// No entry expires before.
    soonest: Option<Time>,
    /// Number of the next new one.
    next: u64,
}

impl PartialEq for Connections {
    fn eq(&self, other: &Self) -> bool {
        // Hashes, and how many are alike, follow from the entries.
        self.next == other.next && self.soonest == other.soonest && self.entries == other.entries
    }
}

/// Hashes counted by their first bits; there are never more of them than a byte can count.
#[derive(Debug, Clone)]
struct Alike([u8; 1024]);

const _: () = assert!(KEPT <= u8::MAX as usize);

impl Default for Alike {
    fn default() -> Self {
        Alike([0; 1024])
    }
}

impl Alike {
    fn place(hash: u64) -> usize {
        (hash >> 54) as usize
    }

    fn has(&self, hash: u64) -> bool {
        self.0[Self::place(hash)] > 0
    }

    fn add(&mut self, hash: u64) {
        let count = &mut self.0[Self::place(hash)];
        *count = count.saturating_add(1);
    }

    fn remove(&mut self, hash: u64) {
        let count = &mut self.0[Self::place(hash)];
        *count = count.saturating_sub(1);
    }
}

#[derive(Debug, Clone, PartialEq)]
struct Entry {
    id: SmolStr,
    record: Record,
    place: Place,
}

/// Where a connection stands among the others.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Place {
    number: u64,
    expires: Time,
}

/// A record joined from all lines of its connection.
#[derive(Debug)]
pub(crate) struct Joined {
    pub(crate) record: Record,
    /// Remembered until then; not at all when the connection is over.
    place: Option<Place>,
}

impl Joined {
    /// A record that belongs to no connection.
    pub(crate) fn alone(record: Record) -> Self {
        Joined { record, place: None }
    }
}

/// What the line at hand says about the connection.
#[derive(Clone, Copy)]
struct Signals {
    /// No failure by itself.
    nofail: bool,
    /// Access was granted.
    gained: bool,
    /// The connection is over.
    forget: bool,
}

impl Signals {
    fn of(fail: &mut Record) -> Self {
        let gained = fail.has(Key::MlfGained);
        if gained
            && !fail.has(Key::NoFail)
            && let Some(text) = fail.get(Key::MlfGained).cloned()
        {
            fail.put(Key::NoFail, text);
        }
        Signals {
            gained,
            nofail: fail.has(Key::NoFail),
            forget: fail.take(Key::MlfForget).is_some_and(|v| v.is_truthy()),
        }
    }
}

impl Connections {
    /// Joins what a line tells with what earlier lines of the same connection told. `lines` are those of the match, if
    /// lines are kept.
    pub(crate) fn join(&mut self, id: &str, mut fail: Record, lines: Option<Vec<MatchedLine>>, now: Time) -> Joined {
        let mut signals = Signals::of(&mut fail);
        let known = self.take(id, now);
        let is_known = known.is_some();
        let mut joined = match known {
            Some(entry) => Joined {
                record: merge(entry.record, fail, signals),
                place: (!signals.forget).then_some(entry.place),
            },
            None => {
                if !signals.forget {
                    note_user(&mut fail);
                }
                Joined {
                    record: fail,
                    place: (!signals.forget).then(|| self.new_place(now)),
                }
            }
        };
        let users = is_known || !signals.forget;
        let several = users && user_count(&joined.record) > 1;
        let pending = joined.record.take(Key::MlfPending).is_some();
        if pending || several {
            // Whoever failed before, or tries several names, does not get off by a success.
            joined.record.take(Key::NoFail);
            joined.record.take(Key::MlfGained);
            signals.nofail = false;
            signals.gained = false;
        }
        if let Some(lines) = lines {
            keep_lines(&mut joined.record, lines, signals);
        }
        joined
    }

    /// Remembers the connection for its next line, unless it is over.
    pub(crate) fn remember(&mut self, id: SmolStr, joined: Joined, now: Time) {
        let Some(place) = joined.place else {
            return;
        };
        if self.entries.len() >= KEPT {
            self.make_room(now);
        }
        // Known connections keep their place in the order of age.
        let at = self.entries.partition_point(|other| other.place.number < place.number);
        let hash = hash(&id);
        self.alike.add(hash);
        self.hashes.insert(at, hash);
        let entry = Entry {
            id,
            record: joined.record,
            place,
        };
        self.entries.insert(at, entry);
        let soonest = self.soonest.map_or(place.expires, |soonest| soonest.min(place.expires));
        self.soonest = Some(soonest);
    }

    fn new_place(&mut self, now: Time) -> Place {
        let number = self.next;
        self.next += 1;
        Place {
            number,
            expires: now.plus_secs(SECONDS),
        }
    }

    fn take(&mut self, id: &str, now: Time) -> Option<Entry> {
        let wanted = hash(id);
        if !self.alike.has(wanted) {
            return None;
        }
        let mut alike = self.hashes.iter().enumerate().filter(|&(_, &hash)| hash == wanted);
        let (at, _) = alike.find(|&(at, _)| self.entries.get(at).is_some_and(|entry| &*entry.id == id))?;
        self.remove(at).filter(|entry| entry.place.expires > now)
    }

    fn remove(&mut self, at: usize) -> Option<Entry> {
        if let Some(hash) = self.hashes.remove(at) {
            self.alike.remove(hash);
        }
        self.entries.remove(at)
    }

    fn make_room(&mut self, now: Time) {
        if self.soonest.is_none_or(|soonest| soonest <= now) {
            self.entries.retain(|entry| entry.place.expires > now);
            self.hashes = self.entries.iter().map(|entry| hash(&entry.id)).collect();
            self.alike = Alike::default();
            self.hashes.iter().for_each(|&hash| self.alike.add(hash));
            self.soonest = self.entries.iter().map(|entry| entry.place.expires).min();
        }
        if self.entries.len() >= KEPT {
            self.remove(0);
        }
    }
}

/// Only a saving of time: ids with the same hash are told apart by their text. Always the same for an id, so that what
/// filters remember can be compared.
fn hash(id: &str) -> u64 {
    FixedState::default().hash_one(id)
}

/// The earlier record, overwritten with all that the line at hand knows.
fn merge(mut earlier: Record, fail: Record, signals: Signals) -> Record {
    let had_nofail = earlier.take(Key::NoFail).is_some_and(|v| v.is_truthy());
    let had_gained = earlier.take(Key::MlfGained).is_some_and(|v| v.is_truthy());
    if signals.gained {
        earlier.take(Key::MlfPending);
    }
    if !had_nofail && !had_gained && !earlier.has(Key::MlfPending) {
        // Its lines went out with the failure that was reported then.
        earlier.take(Key::Matches);
    }
    if let Some(user) = fail.get(Key::User).filter(|user| user.is_truthy()) {
        add_user(&mut earlier, user.shared());
    }
    earlier.merge_known(fail);
    earlier
}

fn note_user(record: &mut Record) {
    let user = record.get(Key::User).filter(|user| user.is_truthy());
    if let Some(user) = user.map(Value::shared) {
        add_user(record, user);
    }
}

fn add_user(record: &mut Record, user: SmolStr) {
    let mut users = match record.take_in_place(Key::Users) {
        Some(Value::Users(users)) => users,
        _ => Vec::new(),
    };
    if !users.contains(&user) {
        users.push(user);
    }
    record.put(Key::Users, Value::Users(users));
}

fn user_count(record: &Record) -> usize {
    match record.get(Key::Users) {
        Some(Value::Users(users)) => users.len(),
        _ => 0,
    }
}

fn keep_lines(record: &mut Record, lines: Vec<MatchedLine>, signals: Signals) {
    if !signals.nofail {
        let mut kept = match record.take(Key::NoFailMatches) {
            Some(Value::Lines(lines)) => Arc::unwrap_or_clone(lines),
            _ => Vec::new(),
        };
        if let Some(Value::Lines(lines)) = record.take_in_place(Key::Matches) {
            kept.extend(Arc::unwrap_or_clone(lines));
        }
        if !signals.gained {
            kept.extend(lines);
        }
        keep_newest(&mut kept);
        record.put(Key::Matches, Value::Lines(Arc::new(kept)));
    } else if !signals.forget {
        let mut kept = match record.take_in_place(Key::NoFailMatches) {
            Some(Value::Lines(lines)) => Arc::unwrap_or_clone(lines),
            _ => Vec::new(),
        };
        kept.extend(lines);
        keep_newest(&mut kept);
        record.put(Key::NoFailMatches, Value::Lines(Arc::new(kept)));
    }
}
