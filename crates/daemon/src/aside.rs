//! Failures about which `ignorecommand` has not said yet whether they count. They wait beside the reading thread, which
//! goes on, and are judged in order by a thread of their jail that runs while there are any.
//!
//! What is written down stays true: how far a jail has read is known to the database only up to a place before which
//! all failures are judged. After a sudden end, or a stop, lines are read again from there.
use crate::clock;
use crate::judge::{Judge, seen};
use crate::live::{LiveJail, Work};
use crate::log::Module;
use bantam_detect::Failure;
use bantam_source::Position;
use bantam_state::JournalRow;
use parking_lot::{Condvar, Mutex};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// With so many failures waiting, the jail's next lines wait to be read, and those of the others with them.
const MOST: usize = 10_000;
/// Waiting for so long, it is said in the log.
const TOLERATED: Duration = Duration::from_secs(5);

/// How far a jail has read.
#[derive(Debug, Clone)]
pub enum Place {
    /// In a file.
    File(String, Position),
    /// In the journal.
    Journal(JournalRow),
}

/// What waits to be judged. Locked after the jail's own lock, and never the other way round.
#[derive(Debug, Default)]
pub struct Aside {
    inner: Mutex<Inner>,
    /// Something waits. Asked for every failure, under the jail's lock, under which it also ends.
    busy: AtomicBool,
    /// There is room again.
    room: Condvar,
}

#[derive(Debug, Default)]
struct Inner {
    waiting: VecDeque<Waiting>,
    failures: usize,
    /// A thread works here.
    running: bool,
    /// Failures have been judged that lie beyond the last place.
    unsettled: bool,
    /// That it takes long has been said.
    said: bool,
}

#[derive(Debug, Clone)]
enum Waiting {
    Failure(Instant, Failure),
    /// All failures before this place have been judged when its turn comes.
    Place(Place),
}

impl Inner {
    fn is_settled(&mut self) -> bool {
        let nothing_waits = self.waiting.is_empty();
        self.unsettled &= !nothing_waits;
        nothing_waits
    }
}

impl Aside {
    /// Failures that wait.
    pub fn failures(&self) -> usize {
        self.inner.lock().failures
    }

    /// Whether anything waits: what comes after must wait too.
    pub fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Relaxed)
    }

    /// Whether counters are further than the place up to which lines have been read.
    pub fn is_unsettled(&self) -> bool {
        self.inner.lock().unsettled
    }

    /// Whether more may come without waiting.
    pub fn has_room(&self) -> bool {
        !self.is_busy() || self.inner.lock().failures < MOST
    }

    /// Waits while too many wait. Not to be called under the jail's lock.
    pub fn wait_for_room(&self) {
        let mut inner = self.inner.lock();
        while inner.failures >= MOST {
            self.room.wait(&mut inner);
        }
    }

    /// Puts a failure at the end; true when a thread is to be begun.
    fn push(&self, failure: Failure) -> bool {
        let mut inner = self.inner.lock();
        // Failures of the same block may have been counted at once.
        inner.unsettled |= inner.waiting.is_empty();
        inner.waiting.push_back(Waiting::Failure(Instant::now(), failure));
        inner.failures += 1;
        self.busy.store(true, Ordering::Relaxed);
        !std::mem::replace(&mut inner.running, true)
    }

    /// Takes back the only one that waits: there is no thread.
    fn take_back(&self) -> Option<Failure> {
        let mut inner = self.inner.lock();
        inner.running = false;
        self.busy.store(false, Ordering::Relaxed);
        match inner.waiting.pop_back()? {
            Waiting::Failure(_, failure) => {
                inner.failures -= 1;
                Some(failure)
            }
            Waiting::Place(_) => None,
        }
    }

    /// Whether nothing waits; then all is settled up to the place that has been read to.
    fn is_settled(&self) -> bool {
        self.inner.lock().is_settled()
    }

    /// Puts a place after what waits; gives it back when nothing does.
    fn push_place(&self, place: Place) -> Option<Place> {
        let mut inner = self.inner.lock();
        if inner.is_settled() {
            return Some(place);
        }
        inner.waiting.push_back(Waiting::Place(place));
        None
    }

    fn first(&self) -> Option<Waiting> {
        let mut inner = self.inner.lock();
        inner.running = !inner.waiting.is_empty();
        inner.waiting.front().cloned()
    }

    /// The first has been dealt with.
    fn pop(&self) {
        let mut inner = self.inner.lock();
        match inner.waiting.pop_front() {
            Some(Waiting::Failure(..)) => {
                inner.failures -= 1;
                inner.unsettled = true;
            }
            Some(Waiting::Place(_)) => inner.unsettled = false,
            None => {}
        }
        self.busy.store(!inner.waiting.is_empty(), Ordering::Relaxed);
        drop(inner);
        self.room.notify_all();
    }

    /// Nothing that waits is judged; the lines are read again at the next start.
    pub fn clear(&self) {
        let mut inner = self.inner.lock();
        inner.waiting.clear();
        inner.failures = 0;
        self.busy.store(false, Ordering::Relaxed);
        drop(inner);
        self.room.notify_all();
    }

    /// How many wait, and the first for how long, if that is to be said now.
    fn complaint(&self, now: Instant) -> Option<(usize, Duration)> {
        let mut inner = self.inner.lock();
        let first = inner.waiting.iter().find_map(|waiting| match waiting {
            Waiting::Failure(since, _) => Some(now.saturating_duration_since(*since)),
            Waiting::Place(_) => None,
        });
        let Some(age) = first else {
            inner.said = false;
            return None;
        };
        let say = age >= TOLERATED && !inner.said;
        inner.said |= say;
        say.then_some((inner.failures, age))
    }
}

impl Judge {
    /// Lets a failure wait for the answer of `ignorecommand`.
    pub(crate) fn set_aside(&self, jail: &Arc<LiveJail>, work: &mut Work, failure: Failure) {
        let alone = jail.aside.push(failure);
        self.complain(jail);
        if !alone {
            return;
        }
        let (judge, own) = (self.clone(), Arc::clone(jail));
        let begun = std::thread::Builder::new()
            .name("ignorecommand".to_owned())
            .spawn(move || judge.judge_those_aside(&own));
        if let Err(error) = begun {
            let text = format!(
                "[{}] No thread for ignorecommand: {error}; reading waits for it",
                jail.name
            );
            self.log.warning(Module::Filter, text);
            if let Some(failure) = jail.aside.take_back() {
                let (now, bantime) = (clock::now(), work.jail.options().bantime);
                if !self.is_ignored(&jail.name, work, &failure.id, &|| seen(&failure, bantime), now) {
                    self.count_one(jail, work, &failure, now);
                }
            }
        }
    }

    /// A jail has read up to here.
    pub(crate) fn has_read(&self, jail: &LiveJail, work: &mut Work, place: Place) {
        if let Some(place) = jail.aside.push_place(place) {
            work.has_read(place);
        }
    }

    /// The same for a file.
    pub(crate) fn has_read_file(&self, jail: &LiveJail, work: &mut Work, path: &str, position: &Position) {
        match jail.aside.is_settled() {
            true => work.has_read_file(path, position),
            false => self.has_read(jail, work, Place::File(path.to_owned(), position.clone())),
        }
    }

    fn judge_those_aside(&self, jail: &Arc<LiveJail>) {
        while let Some(first) = jail.aside.first() {
            match first {
                Waiting::Failure(_, failure) => self.judge_one_aside(jail, failure),
                Waiting::Place(place) => {
                    let mut work = jail.work.lock();
                    if work.started {
                        work.has_read(place);
                    }
                    jail.aside.pop();
                }
            }
            self.log.write_out();
            self.complain(jail);
        }
    }

    fn complain(&self, jail: &LiveJail) {
        if let Some((failures, age)) = jail.aside.complaint(Instant::now()) {
            let (jail, age) = (&jail.name, age.as_secs());
            let text = format!(
                "[{jail}] ignorecommand takes long: {failures} failures wait for its answer, the first for {age} s. \
                 None is left out, but bans come later"
            );
            self.log.warning(Module::Filter, text);
        }
    }

    fn judge_one_aside(&self, jail: &Arc<LiveJail>, failure: Failure) {
        let (name, id) = (&jail.name, failure.id.clone());
        let verdict = {
            let _open = self.gate.read_recursive();
            let mut work = jail.work.lock();
            if !work.started {
                jail.aside.clear();
                return;
            }
            let bantime = work.jail.options().bantime;
            self.verdict(name, &mut work, &id, &|| seen(&failure, bantime), clock::now())
        };
        let answered = self.answer(jail, verdict);
        // The thread that reads may hold the gate open and wait for room, with a reload waiting for it.
        let _open = self.gate.read_recursive();
        let mut work = jail.work.lock();
        if !work.started {
            jail.aside.clear();
            return;
        }
        let now = clock::now();
        if !self.is_ignored_by(name, &mut work, &id, answered, now) {
            self.count_one(jail, &mut work, &failure, now);
            self.settle(&mut [(jail, &mut *work)]);
        }
        jail.aside.pop();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use bantam_detect::{Evidence, Id, Time};
    use std::collections::BTreeMap;

    fn failure(seconds: i64) -> Failure {
        Failure {
            id: Id::parse("192.0.2.1"),
            time: Time::from_secs(seconds),
            zoned: true,
            attempts: 1,
            evidence: Evidence::new(Vec::new(), BTreeMap::new(), Vec::new(), None),
        }
    }

    fn place(offset: u64) -> Place {
        let first_line_md5 = String::new();
        Place::File("log".to_owned(), Position { first_line_md5, offset })
    }

    #[test]
    fn counters_are_settled_at_places_only() {
        let aside = Aside::default();
        assert!(
            aside.push_place(place(1)).is_some(),
            "nothing waits: it has been read up to here"
        );
        assert!(aside.push(failure(1)), "the first needs a thread");
        assert!(!aside.push(failure(2)));
        assert!(aside.push_place(place(2)).is_none());
        assert!(aside.is_busy() && aside.is_unsettled());
        aside.pop();
        aside.pop();
        assert!(aside.is_unsettled());
        assert!(matches!(aside.first(), Some(Waiting::Place(Place::File(_, at))) if at.offset == 2));
        aside.pop();
        assert!(!aside.is_busy() && !aside.is_unsettled());
        assert!(aside.first().is_none());
        assert!(aside.push(failure(3)), "the thread has ended");
        aside.pop();
        assert!(aside.is_unsettled());
        assert!(aside.push_place(place(3)).is_some());
        assert!(!aside.is_unsettled());
    }

    #[test]
    fn that_it_takes_long_is_said_once_until_nothing_waits() {
        let aside = Aside::default();
        aside.push(failure(1));
        let later = Instant::now() + TOLERATED;
        assert_eq!(aside.complaint(Instant::now()), None);
        assert!(matches!(aside.complaint(later), Some((1, _))));
        assert_eq!(aside.complaint(later), None);
        aside.pop();
        assert_eq!(aside.complaint(later), None);
        aside.push(failure(2));
        assert!(aside.complaint(later + TOLERATED).is_some());
    }

    #[test]
    fn with_too_many_waiting_reading_waits_until_there_is_room() {
        let aside = Arc::new(Aside::default());
        for _ in 0..MOST {
            aside.push(failure(1));
        }
        let (own, (done, wait)) = (Arc::clone(&aside), std::sync::mpsc::channel());
        std::thread::spawn(move || {
            own.wait_for_room();
            done.send(()).unwrap();
        });
        assert!(wait.recv_timeout(Duration::from_millis(50)).is_err());
        aside.pop();
        wait.recv_timeout(Duration::from_secs(30)).unwrap();
        aside.clear();
        assert_eq!(aside.failures(), 0);
    }
}
