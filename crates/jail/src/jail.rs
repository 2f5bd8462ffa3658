//! The jail: counts failures by id and decides when one is banned and when a ban ends. Between a filter's failures
//! and the actions' effects.
use crate::ban::ends;
use crate::bans::Bans;
use crate::company::Step;
use crate::counters::Counters;
use crate::tally::Tally;
use crate::{Evidence, Failure, Id, Increment, Keep, MatchedLine, PastBans, Ticket, Time};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A jail's options.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Ban when this many failures are counted.
    pub maxretry: u32,
    /// Seconds of the counting window.
    pub findtime: f64,
    /// Seconds of a ban, of which the whole ones count; negative: for ever.
    pub bantime: f64,
    /// Lines kept per id.
    pub maxmatches: usize,
    /// `bantime.*`
    pub increment: Increment,
}

/// What came of a failure.
#[derive(Debug, Clone, PartialEq)]
pub enum Ruling {
    /// Counted; so many failures now.
    Counted {
        /// Failures in the window.
        attempts: u32,
        /// By how many this failure raised the count; above its own attempts for a known offender.
        weight: u32,
    },
    /// Banned: carry it out. The ban stands in the jail's list already.
    Ban(Arc<Ticket>),
    /// It reached the limit, but stands banned already: so long after the ban began (seconds). A ban that would end
    /// sooner than a new one now lasts until the end of the new one.
    AlreadyBanned {
        /// Seconds between the begin of the ban and this failure.
        after: f64,
    },
    /// It reached the limit, but the ban would have ended before now.
    Expired,
}

/// A failure counter as it is kept across restarts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Count {
    /// Failures counted.
    pub attempts: u32,
    /// Begin of the counting window.
    pub first: Time,
    /// The last failure.
    pub last: Time,
}

/// What is remembered of an id, where this jail's memory and that of all jails must be told apart
/// (`bantime.overalljails`): failures weigh by the former, ban times grow by the latter.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Known {
    /// In this jail.
    pub here: Option<PastBans>,
    /// What ban times grow by: the sum over all jails with `bantime.overalljails`, else the same as `here`.
    pub growing: Option<PastBans>,
}

impl From<Option<PastBans>> for Known {
    fn from(past: Option<PastBans>) -> Self {
        Known {
            here: past,
            growing: past,
        }
    }
}

/// One jail's memory.
#[derive(Debug)]
pub struct Jail {
    pub(crate) options: Options,
    pub(crate) counters: Counters,
    bans: Bans,
    /// The `bantime` that bans without their own have now.
    followed: f64,
    /// How it counted when it began to count together with others.
    pub(crate) step: Step,
    pub(crate) total_failed: u64,
    total_banned: u64,
    /// Totals were taken over, so bans that are restored are in them already.
    carried: bool,
}

impl Jail {
    /// An empty jail.
    pub fn new(options: Options) -> Self {
        let (followed, step) = (base(&options), Step::of(&options));
        Jail {
            options,
            counters: Counters::default(),
            bans: Bans::default(),
            followed,
            step,
            total_failed: 0,
            total_banned: 0,
            carried: false,
        }
    }

    /// Has the lines of its counters kept with those of other jails. To be told before it counts anything.
    pub fn set_keep(&mut self, keep: Keep) {
        self.counters.set_keep(keep);
    }

    /// Its options.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Its options, to change at run time. Standing bans without a time of their own follow a changed `bantime` at
    /// the next change or [`Jail::expire`].
    pub fn options_mut(&mut self) -> &mut Options {
        &mut self.options
    }

    /// Somebody failed (and is not ignored). `past` is what is remembered of the id's bans, `luck` gives numbers in [0, 1).
    pub fn failed(
        &mut self,
        failure: Failure,
        past: Option<PastBans>,
        now: Time,
        luck: &mut dyn FnMut() -> f64,
    ) -> Ruling {
        self.failed_known(&failure, past.into(), now, luck)
    }

    /// These fail next. To be told of several at once it makes counting them cheaper, and changes nothing.
    pub fn expect<'a>(&mut self, ids: impl Iterator<Item = &'a Id> + Clone) {
        self.counters.look_ahead(ids);
    }

    /// Like [`Jail::failed`], with this jail's and all jails' memory told apart.
    pub fn failed_known(
        &mut self,
        failure: &Failure,
        known: Known,
        now: Time,
        luck: &mut dyn FnMut() -> f64,
    ) -> Ruling {
        self.count(failure, 1, known, now, luck)
    }

    /// Somebody is reported by hand (`attempt`), with the lines that show it: each line counts.
    pub fn attempted(
        &mut self,
        id: Id,
        lines: Vec<String>,
        known: Known,
        now: Time,
        luck: &mut dyn FnMut() -> f64,
    ) -> Ruling {
        let count = u32::try_from(lines.len()).unwrap_or(u32::MAX).max(1);
        let failure = Failure {
            id,
            time: now,
            zoned: false,
            attempts: 1,
            evidence: Evidence::of_lines(lines.into_iter().map(whole_line).collect()),
        };
        self.count(&failure, count, known, now, luck)
    }

    fn count(
        &mut self,
        failure: &Failure,
        count: u32,
        known: Known,
        now: Time,
        luck: &mut dyn FnMut() -> f64,
    ) -> Ruling {
        self.settle();
        self.counters.go_alone();
        let (tally, seat) = (Arc::clone(self.counters.tally()), self.counters.seat());
        let mut tally = tally.lock();
        tally.set_most(seat, self.options.maxmatches);
        let (place, began) = tally.add(failure, count, self.options.findtime);
        self.total_failed += 1;
        let mut attempts = attempts_at(&mut tally, place, seat);
        let mut weight = if began { attempts } else { count };
        if attempts < self.options.maxretry {
            let extra = self.extra_weight(known.here, failure.time);
            if extra > 0 {
                weight = weight.saturating_add(extra);
                tally.add_again(place, seat, failure, extra, began);
                attempts = attempts_at(&mut tally, place, seat);
                self.total_failed += 1;
            }
        }
        let ruling = self.reached(&mut tally, place, &failure.id, known, now, luck);
        ruling.unwrap_or(Ruling::Counted { attempts, weight })
    }

    /// How many more failures one failure of a known offender stands for: 1, 2, 4, … up to the limit. None for lines
    /// from before the last ban: they have been judged.
    fn extra_weight(&self, past: Option<PastBans>, time: Time) -> u32 {
        match past {
            Some(past) if self.options.increment.enabled && past.count > 0 && time > past.last => {
                let extra = 1u32 << (past.count.min(20) - 1);
                extra.min(self.options.maxretry.saturating_sub(1))
            }
            _ => 0,
        }
    }

    /// What comes of the failures counted there, if they reach the limit.
    pub(crate) fn reached(
        &mut self,
        tally: &mut Tally,
        place: u32,
        id: &Id,
        known: Known,
        now: Time,
        luck: &mut dyn FnMut() -> f64,
    ) -> Option<Ruling> {
        let seat = self.counters.seat();
        let state = tally.state(place, seat)?;
        if state.retry < self.options.maxretry {
            return None;
        }
        let (begin, bantime) = (state.last, base(&self.options));
        // The original asks whether the ban would be over before it makes it longer.
        if is_over(begin, bantime, now) {
            tally.take(place, seat, false);
            return Some(Ruling::Expired);
        }
        if let Some(began) = self.bans.prolong(id, begin, bantime) {
            let after = begin.nanos().saturating_sub(began.nanos());
            tally.take(place, seat, false);
            return Some(Ruling::AlreadyBanned {
                after: after as f64 / 1e9,
            });
        }
        let taken = tally.take(place, seat, true)?;
        let ticket = Ticket {
            id: id.clone(),
            ip: taken.details.address,
            time: begin,
            zoned: taken.zoned,
            bantime,
            bancount: 1,
            attempts: taken.failures,
            matches: taken.details.matches,
            captures: taken.details.captures,
            users: taken.details.users,
            restored: false,
        };
        let ruling = match self.set(ticket, known.growing, now, luck) {
            Some(ticket) => Ruling::Ban(ticket),
            None => Ruling::Expired,
        };
        Some(ruling)
    }

    /// Gives a new ban its time and puts it on the list; none when it would be over.
    fn set(
        &mut self,
        mut ticket: Ticket,
        past: Option<PastBans>,
        now: Time,
        luck: &mut dyn FnMut() -> f64,
    ) -> Option<Arc<Ticket>> {
        let mut follows = true;
        let grows = self.options.increment.enabled;
        if let Some(past) = past.filter(|past| grows && past.count > 0) {
            follows = ticket.bantime <= 0.0;
            ticket.bancount = past.count.saturating_add(1);
            ticket.bantime = self.options.increment.bantime(ticket.bantime, Some(&past), luck);
            // Lines from before the last ban were read again: this is that ban, and no further one.
            ticket.restored = ticket.time <= past.last;
        }
        if is_over(ticket.time, ticket.bantime, now) {
            return None;
        }
        let ticket = Arc::new(ticket);
        self.bans.insert(Arc::clone(&ticket), follows);
        self.total_banned += 1;
        Some(ticket)
    }

    /// Bans an id by hand, from now. None when it stands banned already (which may then last longer, see
    /// [`Ruling::AlreadyBanned`]).
    pub fn ban(
        &mut self,
        id: Id,
        past: Option<PastBans>,
        now: Time,
        luck: &mut dyn FnMut() -> f64,
    ) -> Option<Arc<Ticket>> {
        self.settle();
        let bantime = base(&self.options);
        if self.bans.prolong(&id, now, bantime).is_some() {
            return None;
        }
        let ticket = Ticket {
            id,
            ip: None,
            time: now,
            zoned: false,
            bantime,
            bancount: 1,
            attempts: 0,
            matches: Vec::new(),
            captures: BTreeMap::new(),
            users: Vec::new(),
            restored: false,
        };
        self.set(ticket, past, now, luck)
    }

    /// Takes over a ban that was in force before a restart. None when it stands already or is over.
    ///
    /// A time longer than the jail now allows is cut: to `bantime`, or with `bantime.increment` to `bantime.maxtime`
    /// where there is one. Without `bantime.increment` a ban that began longer than `bantime` ago is over. A
    /// `bantime` of -2 (files upgraded from an older schema) is unknown and becomes the jail's.
    pub fn restore(&mut self, mut ticket: Ticket, now: Time) -> Option<Arc<Ticket>> {
        self.settle();
        let bantime = base(&self.options);
        let increment = &self.options.increment;
        let longest = if increment.enabled {
            increment.maxtime.unwrap_or(-1.0)
        } else {
            if bantime >= 0.0 && ticket.time.plus_secs(bantime) <= now {
                return None;
            }
            bantime
        };
        if ticket.bantime == -2.0 {
            ticket.bantime = bantime;
        } else if longest > 0.0 && (ticket.bantime < 0.0 || ticket.bantime > longest) {
            ticket.bantime = longest;
        }
        if ticket.ends().is_some_and(|end| end <= now) {
            return None;
        }
        if self.bans.prolong(&ticket.id, ticket.time, ticket.bantime).is_some() {
            return None;
        }
        let surplus = ticket.matches.len().saturating_sub(self.options.maxmatches);
        ticket.matches.drain(..surplus);
        ticket.restored = true;
        let ticket = Arc::new(ticket);
        self.bans.insert(Arc::clone(&ticket), false);
        if !self.carried {
            self.total_banned += 1;
        }
        Some(ticket)
    }

    /// Lifts a ban by hand. A network lifts all that lies in it, unless it is banned as such. Names must have been
    /// resolved by the caller: raw text lifts only the id that is spelt so.
    pub fn unban(&mut self, id: &Id) -> Vec<Arc<Ticket>> {
        self.settle();
        match self.bans.remove(id) {
            Some(ticket) => vec![ticket],
            None => match id {
                Id::Net(..) => self.bans.remove_within(id),
                Id::Ip(_) | Id::Raw(_) => Vec::new(),
            },
        }
    }

    /// Lifts all, in the order in which they were set.
    pub fn unban_all(&mut self) -> Vec<Arc<Ticket>> {
        self.bans.remove_all()
    }

    /// Lifts what is over by now, earliest end first.
    pub fn expire(&mut self, now: Time) -> Vec<Arc<Ticket>> {
        self.settle();
        self.bans.remove_ended(now)
    }

    /// Before this moment no ban ends; mostly one does then. It is lifted by [`Jail::expire`] at any later moment, not at
    /// this one.
    pub fn next_end(&self) -> Option<Time> {
        self.bans.next_end()
    }

    /// Forgets counters whose last failure left the window; cheap when there are none. The original does so every
    /// five seconds; until then a further failure still finds the old count.
    pub fn forget_old(&mut self, now: Time) {
        self.keep_in_step();
        self.counters.forget(now.plus_secs(-self.options.findtime));
    }

    /// The standing ban of an id.
    pub fn banned(&mut self, id: &Id) -> Option<&Ticket> {
        self.bans.get(id).map(|ticket| &**ticket)
    }

    /// Standing bans in the order in which they were set (`status`).
    pub fn bans(&mut self) -> Vec<&Arc<Ticket>> {
        self.bans.in_order()
    }

    /// Standing bans in the order in which they end, permanent ones last (`get JAIL banip`).
    pub fn bans_by_end(&mut self) -> Vec<&Arc<Ticket>> {
        self.bans.by_end()
    }

    /// Ids with failures in the window.
    pub fn currently_failed(&self) -> usize {
        self.counters.len()
    }

    /// Failures counted since the start (or since the totals that were taken over). As in the original, a failure of
    /// a known offender counts twice.
    pub fn total_failed(&self) -> u64 {
        self.total_failed
    }

    /// Standing bans.
    pub fn currently_banned(&self) -> usize {
        self.bans.len()
    }

    /// Bans set since the start (or since the totals that were taken over).
    pub fn total_banned(&self) -> u64 {
        self.total_banned
    }

    /// Takes over totals. Call it before [`Jail::restore`]: bans restored afterwards are taken to be in them, unless
    /// both are 0.
    pub fn set_totals(&mut self, failed: u64, banned: u64) {
        self.total_failed = failed;
        self.total_banned = banned;
        self.carried = failed > 0 || banned > 0;
    }

    /// Tells of the counters that are gone since the last call, and then of those that changed.
    pub fn changed_counters(&mut self, tell: &mut dyn FnMut(&Id, Option<Count>)) {
        self.counters.take_changes(tell);
    }

    /// Tells of all counters; the next call of [`Jail::changed_counters`] tells what changed since.
    pub fn all_counters(&mut self, tell: &mut dyn FnMut(&Id, Option<Count>)) {
        self.counters.take_all(tell);
    }

    /// Takes over what was told of a counter before a restart.
    pub fn restore_counter(&mut self, id: Id, count: Option<Count>) {
        self.counters.restore(id, count);
    }

    /// Lets standing bans follow a `bantime` that was changed through [`Jail::options_mut`].
    pub(crate) fn settle(&mut self) {
        let bantime = base(&self.options);
        if bantime != self.followed {
            self.followed = bantime;
            self.bans.follow(bantime);
        }
    }
}

fn attempts_at(tally: &mut Tally, place: u32, seat: usize) -> u32 {
    tally.state(place, seat).map_or(0, |state| state.retry)
}

/// The jail's `bantime` as the original holds it: whole seconds, and one way to say for ever.
fn base(options: &Options) -> f64 {
    if options.bantime < 0.0 {
        -1.0
    } else {
        options.bantime.trunc()
    }
}

/// Whether a ban that began then and lasts so long is over.
fn is_over(begin: Time, bantime: f64, now: Time) -> bool {
    ends(begin, bantime).is_some_and(|end| end < now)
}

fn whole_line(text: String) -> MatchedLine {
    MatchedLine {
        after: text,
        ..MatchedLine::default()
    }
}
