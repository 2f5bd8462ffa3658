//! What is remembered: the database behind one lock, and in memory what every failure asks of it.
mod tidying;

use crate::log::{Log, Module};
use bantam_conf::Seconds;
use bantam_detect::{Id, MatchedLine, Time};
use bantam_jail::{Count, PastBans, Ticket};
use bantam_state::{BanRow, History, JournalRow, Kept, LogRow, NewBan, Progress, StateError, Store, Totals, Who};
use parking_lot::{Mutex, MutexGuard};
use serde_json::{Map, Value as Json};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use tidying::Tidying;

/// Seconds between two rounds of purging.
const PURGE_EVERY: i64 = 60 * 60;

/// The database (there may be none), shared by all threads.
#[derive(Debug)]
pub struct Records {
    log: Log,
    inner: Mutex<Inner>,
    /// Asked for every failure, and not to be waited for while the database is written to.
    past: Mutex<Past>,
    /// Whose turn it is to save progress.
    saving: Mutex<()>,
    tidying: Tidying,
}

/// By jail: what is remembered of each id.
#[derive(Debug, Default)]
struct Past(HashMap<String, HashMap<Id, PastBans>>);

impl Past {
    fn read(store: &mut Store) -> Result<Self, StateError> {
        let mut past = Past::default();
        for (jail, id, history) in store.all_history()? {
            past.set(&jail, Id::parse(&id), past_of(&history));
        }
        Ok(past)
    }

    fn set(&mut self, jail: &str, id: Id, past: PastBans) {
        match self.0.get_mut(jail) {
            Some(ids) => drop(ids.insert(id, past)),
            None => drop(self.0.insert(jail.to_owned(), HashMap::from([(id, past)]))),
        }
    }
}

#[derive(Debug)]
struct Inner {
    store: Option<Store>,
    file: Option<String>,
    max_matches: i64,
    purge_age: Seconds,
    next_purge: Option<i64>,
}

impl Default for Inner {
    fn default() -> Self {
        Inner {
            store: None,
            file: None,
            max_matches: 10,
            purge_age: Seconds::Whole(86_400),
            next_purge: None,
        }
    }
}

impl Records {
    /// Without a database until [`Records::open`].
    pub fn new(log: Log) -> Self {
        Records {
            log,
            inner: Mutex::default(),
            past: Mutex::default(),
            saving: Mutex::default(),
            tidying: Tidying::default(),
        }
    }

    /// Opens a database file; `None` (any case) means to do without, `:memory:` to forget at the end.
    pub fn open(&self, file: &str) -> Result<(), StateError> {
        let mut inner = self.inner.lock();
        if inner.file.as_deref() == Some(file) {
            return Ok(());
        }
        self.tidying.finish();
        if file.eq_ignore_ascii_case("none") {
            inner.store = None;
            inner.file = None;
            return Ok(());
        }
        let mut store = if file == ":memory:" {
            Store::in_memory()?
        } else {
            Store::open(Path::new(file))?
        };
        for note in store.notes() {
            self.log.warning(Module::Database, note);
        }
        store.disable_all_jails()?;
        // Each database begins with the defaults; a configuration sets the rest after it.
        let defaults = Inner::default();
        inner.max_matches = defaults.max_matches;
        inner.purge_age = defaults.purge_age;
        store.set_max_matches(usize::try_from(inner.max_matches).unwrap_or(0));
        *self.past.lock() = Past::read(&mut store)?;
        inner.store = Some(store);
        inner.file = Some(file.to_owned());
        self.log.info(
            Module::Database,
            format!("Connected to fail2ban persistent database '{file}'"),
        );
        Ok(())
    }

    /// The file's name; none without a database.
    pub fn file(&self) -> Option<String> {
        self.inner.lock().file.clone()
    }

    /// Writes what is pending and closes the file.
    pub fn close(&self) {
        let mut inner = self.inner.lock();
        self.tidying.finish();
        inner.store = None;
        inner.file = None;
    }

    /// `dbmaxmatches`
    pub fn set_max_matches(&self, matches: i64) {
        let mut inner = self.inner.lock();
        inner.max_matches = matches;
        if let Some(store) = &mut inner.store {
            store.set_max_matches(usize::try_from(matches).unwrap_or(0));
        }
    }

    /// `dbmaxmatches`
    pub fn max_matches(&self) -> i64 {
        self.inner.lock().max_matches
    }

    /// `dbpurgeage`, as written; a duration.
    pub fn set_purge_age(&self, age: &str) -> Result<(), String> {
        self.inner.lock().purge_age = bantam_conf::seconds_exact(age)?;
        Ok(())
    }

    /// `dbpurgeage` in seconds.
    pub fn purge_age(&self) -> Seconds {
        self.inner.lock().purge_age
    }

    /// Purges when it is time to; the first time one interval after the first call.
    pub fn purge_if_due(&self, now: Time) {
        let mut inner = self.inner.lock();
        let due = *inner.next_purge.get_or_insert(now.secs() + PURGE_EVERY);
        if now.secs() < due {
            return;
        }
        inner.next_purge = Some(now.secs() + PURGE_EVERY);
        let age = inner.purge_age.as_f64() as i64;
        let Some(store) = &mut inner.store else { return };
        let fresh = store.purge(now.secs(), age).and_then(|()| Past::read(store));
        match fresh {
            Ok(past) => *self.past.lock() = past,
            Err(error) => self.log.error(Module::Database, format!("Purge failed: {error}")),
        }
    }

    /// Brings what was written into the one file, beside, when it has become much. `is_busy`: lines wait to be read, who
    /// come first.
    pub fn tidy_if_due(&self, is_busy: bool) {
        if !self.tidying.may_begin() {
            return;
        }
        // Held until it has begun: closing waits for it only then.
        let mut inner = self.inner.lock();
        let Inner { store, file, .. } = &mut *inner;
        let (Some(store), Some(file)) = (store, file) else {
            return;
        };
        match store.is_grown(is_busy) {
            Ok(true) => self.tidying.begin(Path::new(file), &self.log),
            Ok(false) => {}
            Err(error) => self.log.error(Module::Database, format!("Cannot tidy up: {error}")),
        }
    }

    /// Registers a jail.
    pub fn enable_jail(&self, jail: &str) {
        self.with("enable jail", |store| store.enable_jail(jail));
    }

    /// A jail was removed.
    pub fn disable_jail(&self, jail: &str) {
        self.with("disable jail", |store| store.disable_jail(jail));
    }

    /// What is remembered of an id's bans in a jail, or in all.
    pub fn past(&self, jail: &str, id: &Id, all_jails: bool) -> Option<PastBans> {
        let past = self.past.lock();
        if !all_jails {
            return past.0.get(jail)?.get(id).copied();
        }
        past.0
            .values()
            .filter_map(|ids| ids.get(id))
            .copied()
            .reduce(|sum, one| PastBans {
                count: sum.count.saturating_add(one.count),
                last: sum.last.max(one.last),
                last_bantime: if one.last > sum.last {
                    one.last_bantime
                } else {
                    sum.last_bantime
                },
            })
    }

    /// A ban was decided: whoever fails again is known for it from now on.
    pub fn note_ban(&self, jail: &str, ticket: &Ticket) {
        if self.inner.lock().store.is_none() {
            return;
        }
        let past = PastBans {
            count: ticket.bancount,
            last: ticket.time,
            last_bantime: ticket.bantime,
        };
        self.past.lock().set(jail, ticket.id.clone(), past);
    }

    /// Writes bans, each with its jail; they are on disk when this returns.
    pub fn add_bans<'a>(&self, bans: impl Iterator<Item = (&'a str, &'a Ticket)>) {
        let mut inner = self.inner.lock();
        let most = usize::try_from(inner.max_matches).unwrap_or(0);
        let Some(store) = &mut inner.store else { return };
        let rows: Vec<NewBan<'_>> = bans.map(|(jail, ticket)| row_of(jail, ticket, most)).collect();
        if let Err(error) = store.add_bans(&rows) {
            for row in rows {
                self.log.error(
                    Module::Database,
                    format!("[{}] cannot remember the ban of {}: {error}", row.jail, row.ip),
                );
            }
        }
    }

    /// Forgets bans: of one jail or all, of some ids or all.
    pub fn remove_bans(&self, jail: Option<&str>, ids: Option<&[Id]>) {
        let texts: Option<Vec<String>> = ids.map(|ids| ids.iter().map(Id::to_string).collect());
        let words: Option<Vec<&str>> = texts.as_ref().map(|all| all.iter().map(String::as_str).collect());
        self.with("forget bans", |store| {
            store.remove_bans(jail, words.as_deref()).map(|_| ())
        });
        for (name, past) in &mut self.past.lock().0 {
            if jail.is_none_or(|jail| jail == name) {
                match ids {
                    Some(ids) => past.retain(|id, _| !ids.contains(id)),
                    None => past.clear(),
                }
            }
        }
    }

    /// Bans of a jail that are still in force by their own times.
    pub fn bans_in_force(&self, jail: &str, now: Time) -> Vec<Ticket> {
        let rows = self.with("read bans", |store| store.bans_in_force(jail, now.secs()));
        rows.unwrap_or_default().into_iter().map(ticket_of).collect()
    }

    /// An id's bans merged, in one jail or all: failures and lines.
    pub fn merged(&self, id: &Id, jail: Option<&str>) -> Option<(u32, Vec<String>)> {
        self.with("read bans", |store| store.merged(&id.to_string(), jail))
            .flatten()
    }

    /// Where reading of a log stood.
    pub fn log_position(&self, jail: &str, path: &str) -> Option<LogRow> {
        self.with("read log position", |store| store.log_position(jail, path))
            .flatten()
    }

    /// Where reading of the journal stood.
    pub fn journal_position(&self, jail: &str) -> Option<JournalRow> {
        self.with("read the journal's position", |store| store.journal_position(jail))
            .flatten()
    }

    /// To be held from when progress is gathered until it is written. Not to be asked for under a jail's lock.
    pub fn turn_to_save(&self) -> MutexGuard<'_, ()> {
        self.saving.lock()
    }

    /// Whether so much more is kept on a jail's counters than there are that all are to be written anew.
    pub fn tells_much(&self, jail: &str, counters: usize) -> bool {
        const ANYWAY: u64 = 1000;
        self.with("read counters", |store| store.batched(jail))
            .is_some_and(|batched| batched > 2 * counters as u64 + ANYWAY)
    }

    /// Remembers positions and counters of jails in one step.
    pub fn save_progress(&self, jails: &[Progress]) {
        self.with("save progress", |store| store.save_progress(jails));
    }

    /// Tells counters of a jail, the last word on each last; gives its totals.
    pub fn load_progress(&self, jail: &str, tell: &mut dyn FnMut(Id, Option<Count>)) -> Totals {
        let id = |who: Who<'_>| match who {
            Who::V4(address) => Id::single(address.into()),
            Who::V6(address) => Id::single(address.into()),
            Who::Text(text) => Id::parse(text),
        };
        let mut tell_kept = |kept: Kept<'_>| match kept {
            Kept::Gone(who) => tell(id(who), None),
            Kept::Counts(row) => {
                let count = Count {
                    attempts: row.attempts,
                    first: Time::from_nanos(row.first),
                    last: Time::from_nanos(row.last),
                };
                tell(id(row.who), Some(count));
            }
        };
        self.with("read counters", |store| store.load_progress(jail, &mut tell_kept))
            .unwrap_or_default()
    }

    /// An action is about to be told of a ban.
    pub fn effect_begins(&self, jail: &str, action: &str, id: &str) {
        self.with("note an effect", |store| store.effect_begins(jail, action, id));
    }

    /// An effect is lifted.
    pub fn effect_ended(&self, jail: &str, action: &str, id: &str) {
        self.with("note an effect's end", |store| store.effect_ended(jail, action, id));
    }

    /// All bans of an action are lifted; effects whose text begins with `but` are no bans and stay.
    pub fn bans_ended(&self, jail: &str, action: &str, but: &str) {
        for (name, id) in self.standing_effects(jail) {
            if name == action && !id.starts_with(but) {
                self.effect_ended(jail, action, &id);
            }
        }
    }

    /// Effects that may stand after an unclean end: action and id.
    pub fn standing_effects(&self, jail: &str) -> Vec<(String, String)> {
        self.with("read effects", |store| store.standing_effects(jail))
            .unwrap_or_default()
    }

    fn with<T>(&self, doing: &str, work: impl FnOnce(&mut Store) -> Result<T, StateError>) -> Option<T> {
        let mut inner = self.inner.lock();
        let store = inner.store.as_mut()?;
        match work(store) {
            Ok(done) => Some(done),
            Err(error) => {
                self.log.error(Module::Database, format!("Cannot {doing}: {error}"));
                None
            }
        }
    }
}

fn past_of(history: &History) -> PastBans {
    PastBans {
        count: history.count,
        last: Time::from_secs(history.last),
        last_bantime: history.bantime as f64,
    }
}

/// What is to be written of a ban; of its lines the newest `most` are, and it makes a difference whether there are any.
fn row_of<'a>(jail: &'a str, ticket: &'a Ticket, most: usize) -> NewBan<'a> {
    let newest = ticket.matches.len().saturating_sub(most.max(1));
    let captures = ticket
        .captures
        .iter()
        .map(|(name, value)| (name.clone(), Json::from(value.as_str())));
    let mut data: Map<String, Json> = captures.collect();
    if !ticket.users.is_empty() {
        data.insert("users".to_owned(), Json::from(ticket.users.clone()));
    }
    NewBan {
        jail,
        ip: ticket.id.to_string().into(),
        timeofban: ticket.time.secs(),
        bantime: if ticket.bantime < 0.0 {
            -1
        } else {
            ticket.bantime as i64
        },
        bancount: ticket.bancount,
        failures: ticket.attempts,
        matches: ticket
            .matches
            .iter()
            .skip(newest)
            .map(|line| [line.before.as_str(), line.date.as_str(), line.after.as_str()])
            .collect(),
        data,
    }
}

fn ticket_of(row: BanRow) -> Ticket {
    let captures: BTreeMap<String, String> = row
        .data
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect();
    let users = row.data.get("users").and_then(Json::as_array);
    Ticket {
        id: Id::parse(&row.ip),
        ip: None,
        time: Time::from_secs(row.timeofban),
        zoned: true,
        bantime: row.bantime as f64,
        bancount: row.bancount,
        attempts: row.failures,
        matches: row
            .matches
            .into_iter()
            .map(|[before, date, after]| MatchedLine { before, date, after })
            .collect(),
        captures,
        users: users
            .map(|all| all.iter().filter_map(|u| Some(u.as_str()?.to_owned())).collect())
            .unwrap_or_default(),
        restored: true,
    }
}
