//! The heart of the journey: a block of lines goes in, failures are found, counted and ruled on, bans are remembered,
//! said in the log and handed to the jail's queue.
use crate::clock;
use crate::ignoring::{IgnoreFiles, Verdict};
use crate::live::{LiveJail, NewBan, Work};
use crate::log::{Ends, Level, Log, Module};
use crate::names::Names;
use crate::notes;
use crate::records::Records;
use crate::text;
use crate::together::{Together, ends_of};
use crate::values::BanValues;
use bantam_detect::{EntryLine, Failure, Filter, Id, LineContext, Note, Time};
use bantam_enforce::{Target, Task};
use bantam_jail::{Known, PastBans, Ruling, Ticket};
use parking_lot::{Mutex, RwLock};
use std::ops::Range;
use std::sync::Arc;

/// What ruling needs besides the jail itself; shared by all jails.
#[derive(Debug, Clone)]
pub struct Judge {
    pub(crate) log: Log,
    pub(crate) records: Arc<Records>,
    pub(crate) names: Arc<Mutex<Names>>,
    pub(crate) ignore_files: Arc<Mutex<IgnoreFiles>>,
    /// Taken exclusively, it holds judging up: while jails are rebuilt no line is judged by half a jail.
    pub(crate) gate: Arc<RwLock<()>>,
}

impl Judge {
    /// A judge that remembers in `records` and speaks in `log`.
    pub fn new(log: Log, records: Arc<Records>) -> Self {
        Judge {
            log,
            records,
            names: Arc::new(Mutex::new(Names::prepared())),
            ignore_files: Arc::default(),
            gate: Arc::default(),
        }
    }

    /// Judges whole lines of one file for one jail. `in_operation`: the file's end has been reached before.
    pub fn lines(&self, jail: &Arc<LiveJail>, work: &mut Work, lines: &[u8], in_operation: bool, now: Time) {
        self.judge(jail, work, in_operation, now, |filter, context, notes| {
            let mut failures = Vec::new();
            filter.process_block(lines, context, &mut failures, notes);
            failures
        });
        self.settle(&mut [(jail, work)]);
    }

    /// Judges a block of one file for one of the jails that read it together, the `member`th. Bans that come of it wait
    /// for [`Judge::settle`].
    pub fn shared_lines(
        &self,
        jail: &Arc<LiveJail>,
        work: &mut Work,
        together: &mut Together<'_>,
        member: usize,
        in_operation: bool,
        now: Time,
    ) {
        let Together { shared, keys, said } = together;
        let failures = self.find(jail, work, in_operation, now, |filter, context, notes| {
            filter.process_with_twins(shared, member, keys, context, notes)
        });
        self.failures(jail, work, &failures, said.of(&failures, &self.log), now);
    }

    /// Judges an entry of the journal for one jail. `in_operation`: it came while the journal was followed.
    pub fn entry(&self, jail: &Arc<LiveJail>, work: &mut Work, line: &EntryLine, in_operation: bool, now: Time) {
        self.judge(jail, work, in_operation, now, |filter, context, notes| {
            let mut failures = Vec::new();
            filter.process_entry(line, context, &mut failures, notes);
            failures
        });
        self.settle(&mut [(jail, work)]);
    }

    fn judge(
        &self,
        jail: &Arc<LiveJail>,
        work: &mut Work,
        in_operation: bool,
        now: Time,
        find: impl FnOnce(&mut Filter, &mut LineContext<'_>, &mut Vec<Note>) -> Vec<Failure>,
    ) {
        let failures = self.find(jail, work, in_operation, now, find);
        self.failures(jail, work, &failures, &ends_of(&failures, &self.log), now);
    }

    pub(crate) fn find<F>(
        &self,
        jail: &LiveJail,
        work: &mut Work,
        in_operation: bool,
        now: Time,
        find: impl FnOnce(&mut Filter, &mut LineContext<'_>, &mut Vec<Note>) -> F,
    ) -> F {
        let mut notes = Vec::new();
        let findtime = Some(work.jail.options().findtime);
        let failures = {
            let mut names = self.names.lock();
            let mut context = LineContext {
                now,
                in_operation,
                findtime,
                resolver: &mut *names,
            };
            find(&mut work.filter, &mut context, &mut notes)
        };
        for note in notes {
            notes::tell(&self.log, &jail.name, work, &note, now);
        }
        failures
    }

    /// Somebody failed, and others: each is ignored, counted, or banned; or waits until that is known. `ends`: what is
    /// to be said of each.
    pub(crate) fn failures(&self, jail: &Arc<LiveJail>, work: &mut Work, failures: &[Failure], ends: &Ends, now: Time) {
        if failures.is_empty() {
            return;
        }
        let bantime = work.jail.options().bantime;
        let rules = self.rules_for(work, failures);
        if self.all_count(work, failures, &rules) && !jail.aside.is_busy() {
            return self.count(jail, work, (failures, ends), 0..failures.len(), now);
        }
        let mut rules = rules.into_iter();
        // Those in a row that count are counted together.
        let mut row = 0;
        for (at, failure) in failures.iter().enumerate() {
            let rule = rules.next().unwrap_or_default();
            let verdict = self.verdict_by(&jail.name, work, &failure.id, &|| seen(failure, bantime), rule, now);
            if matches!(verdict, Verdict::Counts) && !jail.aside.is_busy() {
                continue;
            }
            self.count(jail, work, (failures, ends), row..at, now);
            row = at + 1;
            if !matches!(verdict, Verdict::Ignored) {
                self.set_aside(jail, work, failure.clone());
            }
        }
        self.count(jail, work, (failures, ends), row..failures.len(), now);
    }

    /// Counts one failure that waited.
    pub(crate) fn count_one(&self, jail: &Arc<LiveJail>, work: &mut Work, failure: &Failure, now: Time) {
        let failures = std::slice::from_ref(failure);
        self.count(jail, work, (failures, &ends_of(failures, &self.log)), 0..1, now);
    }

    /// Says that some of these people failed, who are not to be left alone, counts it and carries out what comes of it;
    /// but for bans, which wait for [`Judge::settle`].
    fn count(
        &self,
        jail: &Arc<LiveJail>,
        work: &mut Work,
        (failures, ends): (&[Failure], &Ends),
        which: Range<usize>,
        now: Time,
    ) {
        let failures = failures.get(which.clone()).unwrap_or_default();
        if failures.is_empty() {
            return;
        }
        let begin = format!("[{}] Found ", jail.name);
        self.log.info_soon(Module::Filter, &begin, ends, which);
        if failures.len() > 1 {
            work.jail.expect(failures.iter().map(|failure| &failure.id));
        }
        for failure in failures {
            self.rule(jail, work, failure, now);
        }
    }

    /// Counts a failure and carries out what comes of it, but for a ban.
    fn rule(&self, jail: &Arc<LiveJail>, work: &mut Work, failure: &Failure, now: Time) {
        let (id, time) = (&failure.id, failure.time);
        let known = self.known(jail, work, id);
        self.say_weight(&jail.name, id, time, known.here, work.jail.options().maxretry);
        let ruling = work.jail.failed_known(failure, known, now, &mut clock::luck);
        self.carry_out(jail, work, ruling, id, known);
    }

    /// Counts what was reported by hand.
    pub fn attempt(&self, jail: &Arc<LiveJail>, work: &mut Work, id: Id, lines: Vec<String>, now: Time) {
        let known = self.known(jail, work, &id);
        let ruling = work.jail.attempted(id.clone(), lines, known, now, &mut clock::luck);
        self.carry_out(jail, work, ruling, &id, known);
        self.settle(&mut [(jail, work)]);
        self.log.write_out();
    }

    pub(crate) fn carry_out(&self, jail: &Arc<LiveJail>, work: &mut Work, ruling: Ruling, id: &Id, known: Known) {
        work.counters_changed = true;
        match ruling {
            Ruling::Counted { .. } => {}
            Ruling::Ban(mut ticket) => {
                // Even one that comes of lines read before is written down: what is said to be banned stays banned.
                if ticket.restored {
                    Arc::make_mut(&mut ticket).restored = false;
                }
                self.records.note_ban(&jail.name, &ticket);
                work.bans.push(NewBan {
                    ticket,
                    past: known.growing,
                    base: work.jail.options().bantime,
                });
            }
            Ruling::AlreadyBanned { after } => {
                if work.bans.iter().any(|ban| ban.ticket.id == *id) {
                    self.settle(&mut [(jail, work)]);
                }
                let level = if after < 3.0 {
                    Level::DEBUG
                } else if after < 60.0 {
                    Level::NOTICE
                } else {
                    Level::WARNING
                };
                if self.log.wants(level) {
                    let text = format!("[{}] {id} already banned", jail.name);
                    self.log.say_soon(level, Module::Actions, &text);
                }
            }
            Ruling::Expired => {
                self.log
                    .info(Module::Actions, format!("[{}] Ignore {id}, expired bantime", jail.name));
            }
        }
    }

    /// Carries out the bans that jails have come to: all are remembered in one step, then said, then done. A ban that
    /// was said survives the end of this process. To be called under the locks under which they were decided.
    pub fn settle(&self, jails: &mut [(&Arc<LiveJail>, &mut Work)]) {
        if jails.iter().all(|(_, work)| work.bans.is_empty()) {
            return;
        }
        let bans = jails
            .iter()
            .flat_map(|(jail, work)| work.bans.iter().map(|ban| (jail.name.as_str(), &*ban.ticket)));
        self.records.add_bans(bans);
        for (jail, work) in jails.iter() {
            work.bans.iter().for_each(|ban| self.say_ban(jail, ban));
        }
        self.log.write_out();
        for (jail, work) in jails {
            for ban in std::mem::take(&mut work.bans) {
                self.carry_out_ban(jail, ban);
            }
        }
    }

    /// Remembered, then said, then done.
    pub fn ban(&self, jail: &Arc<LiveJail>, ticket: Arc<Ticket>, past: Option<PastBans>, base: f64) {
        if !ticket.restored {
            self.records.note_ban(&jail.name, &ticket);
            self.records.add_bans([(jail.name.as_str(), &*ticket)].into_iter());
        }
        let ban = NewBan { ticket, past, base };
        self.say_ban(jail, &ban);
        self.log.write_out();
        self.carry_out_ban(jail, ban);
    }

    /// Says it with what is written next.
    fn say_ban(&self, jail: &LiveJail, ban: &NewBan) {
        let how = if ban.ticket.restored { "Restore Ban" } else { "Ban" };
        let text = format!("[{}] {how} {}", jail.name, ban.ticket.id);
        self.log.say_soon(Level::NOTICE, Module::Actions, &text);
        if ban.is_grown() {
            self.say_growth(&jail.name, &ban.ticket, ban.past, ban.base);
        }
    }

    fn carry_out_ban(&self, jail: &Arc<LiveJail>, ban: NewBan) {
        let grown = ban.is_grown();
        let ticket = ban.ticket;
        let restored = ticket.restored;
        let target = self.target(jail, ticket);
        jail.queue.push(Task::Ban {
            target: target.clone(),
            restored,
            only: None,
        });
        if grown {
            jail.queue.push(Task::Prolong { target, restored });
        }
    }

    /// Takes a lifted ban's effects back, and says so in the given word.
    pub fn lift(&self, jail: &Arc<LiveJail>, ticket: Arc<Ticket>, how: &str) {
        self.log
            .notice(Module::Actions, format!("[{}] {how} {}", jail.name, ticket.id));
        jail.queue.push(Task::Unban {
            target: self.target(jail, ticket),
        });
    }

    /// A ban as its jail's actions are told of it.
    pub fn target(&self, jail: &Arc<LiveJail>, ticket: Arc<Ticket>) -> Target {
        let (id, family) = (ticket.id.clone(), ticket.ip.as_ref().unwrap_or(&ticket.id).family());
        Target {
            id,
            family,
            values: BanValues::new(ticket, jail, &self.records),
        }
    }

    /// What is remembered of an id, as far as the jail's options ask for it.
    pub fn known(&self, jail: &LiveJail, work: &Work, id: &Id) -> Known {
        let increment = &work.jail.options().increment;
        if !increment.enabled {
            return Known::default();
        }
        let here = self.records.past(&jail.name, id, false);
        let growing = if increment.overall_jails {
            self.records.past(&jail.name, id, true)
        } else {
            here
        };
        Known { here, growing }
    }

    /// A failure of a known offender counts for 2, 3, 5, 9, …, at most for a ban.
    fn say_weight(&self, jail: &str, id: &Id, time: Time, past: Option<PastBans>, maxretry: u32) {
        let Some(past) = past.filter(|past| past.count > 0 && time > past.last && maxretry > 1) else {
            return;
        };
        let weight = (1u32 << (past.count.min(20) - 1)) + 1;
        // The original's number has a fraction unless it is the limit.
        let (shown, bans) = match weight > maxretry {
            true => (maxretry.to_string(), true),
            false => (format!("{weight}.0"), weight == maxretry),
        };
        let (when, ban) = (text::local(time), if bans { ", Ban" } else { "" });
        self.log.info(
            Module::Observer,
            format!("[{jail}] Found {id}, bad - {when}, {} # -> {shown}{ban}", past.count),
        );
    }

    fn say_growth(&self, jail: &str, ticket: &Ticket, past: Option<PastBans>, base: f64) {
        let (id, grown) = (&ticket.id, text::duration(ticket.bantime));
        if let Some(past) = past {
            let (last, base) = (text::local(past.last), text::duration(base));
            let count = past.count;
            self.log.info(
                Module::Observer,
                format!("[{jail}] IP {id} is bad: {count} # last {last} - incr {base} to {grown}"),
            );
        }
        let (length, end) = match ticket.ends() {
            Some(end) => (grown, text::local(end)),
            None => ("permanent".to_owned(), "infinite".to_owned()),
        };
        let count = ticket.bancount;
        self.log.notice(
            Module::Observer,
            format!("[{jail}] Increase Ban {id} ({count} # {length} -> {end})"),
        );
    }
}

/// A failure as the ignore checks may ask about it.
pub(crate) fn seen(failure: &Failure, bantime: f64) -> Ticket {
    Ticket {
        id: failure.id.clone(),
        ip: failure.evidence.address().cloned(),
        time: failure.time,
        zoned: failure.zoned,
        bantime,
        bancount: 0,
        attempts: failure.attempts,
        matches: Vec::new(),
        captures: failure.evidence.captures(),
        users: Vec::new(),
        restored: false,
    }
}
