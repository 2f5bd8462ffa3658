//! Who reads what of the journal: one reading child for each jail, its entries, and what goes wrong with it.
use crate::aside::Place as Read;
use crate::clock;
use crate::judge::Judge;
use crate::live::LiveJail;
use crate::log::{Level, Module};
use crate::text;
use bantam_detect::{EntryFields, EntryLine};
use bantam_source::journal::{Entry, Journal, News, Place};
use bantam_state::JournalRow;
use rustix::fd::BorrowedFd;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// All jails that read the journal.
#[derive(Default)]
pub(super) struct Feeds {
    feeds: BTreeMap<String, Feed>,
    /// Where jails that were set idle left off.
    parked: HashMap<String, Place>,
}

struct Feed {
    jail: Arc<LiveJail>,
    journal: Journal,
    /// What was said of it last, not to be said at each try.
    complaint: String,
    in_operation: bool,
}

impl Feeds {
    /// Begins to read for a jail, or goes on with the matches that it has now.
    pub(super) fn follow(&mut self, jail: &Arc<LiveJail>, judge: &Judge) {
        let (matches, findtime, idle) = {
            let work = jail.work.lock();
            let matches = work.journal_match.clone().unwrap_or_default();
            (matches, work.jail.options().findtime, work.idle)
        };
        if let Some(feed) = self.feeds.get_mut(&jail.name) {
            feed.journal.set_matches(matches);
            return;
        }
        let Some(selection) = jail.journal.clone().filter(|_| !idle) else {
            return;
        };
        if matches.is_empty() {
            judge.log.notice(
                Module::Filter,
                format!(
                    "[{}] Jail started without 'journalmatch' set: its expressions are tried on every entry of the journal",
                    jail.name
                ),
            );
        }
        let parked = self.parked.remove(&jail.name);
        let place = parked.unwrap_or_else(|| first_place(jail, findtime, judge));
        let feed = Feed {
            jail: Arc::clone(jail),
            journal: Journal::new(selection, matches, place),
            complaint: String::new(),
            in_operation: false,
        };
        self.feeds.insert(jail.name.clone(), feed);
    }

    /// The jail reads no more.
    pub(super) fn leave(&mut self, jail: &str) {
        self.feeds.remove(jail);
        self.parked.remove(jail);
    }

    /// Lets entries wait in the journal, or takes them up again.
    pub(super) fn set_idle(&mut self, jail: &Arc<LiveJail>, idle: bool, judge: &Judge) {
        if !idle {
            if self.parked.contains_key(&jail.name) {
                self.follow(jail, judge);
            }
        } else if let Some(feed) = self.feeds.remove(&jail.name) {
            self.parked.insert(jail.name.clone(), feed.journal.place().clone());
        }
    }

    /// What becomes readable when there are entries.
    pub(super) fn bells(&self) -> Vec<BorrowedFd<'_>> {
        self.feeds.values().filter_map(|feed| feed.journal.bell()).collect()
    }

    /// How long nothing is to be done without a bell.
    pub(super) fn patience(&self) -> Duration {
        let next = self.feeds.values().map(|feed| feed.journal.next_turn()).min();
        next.map_or(Duration::MAX, |next| next.saturating_duration_since(Instant::now()))
    }

    /// One fair turn over all jails; whether more is waiting.
    pub(super) fn read(&mut self, judge: &Judge) -> bool {
        if self.feeds.is_empty() {
            return false;
        }
        let offset = text::local_offset(clock::now());
        let mut more = false;
        for feed in self.feeds.values_mut() {
            let Feed {
                jail,
                journal,
                complaint,
                in_operation,
            } = feed;
            more |= journal.read(&mut |news| match news {
                News::Entry { entry, live } => judge_entry(judge, jail, entry, live, offset),
                News::InOperation => {
                    complaint.clear();
                    if !std::mem::replace(in_operation, true) {
                        let text = format!("[{}] Jail is in operation now (process new journal entries)", jail.name);
                        judge.log.info(Module::Filter, text);
                    }
                }
                News::TooLarge => judge.log.warning(
                    Module::Filter,
                    format!("[{}] A journal entry of more than 8 MiB was left out", jail.name),
                ),
                News::Failed { error, pause } => {
                    let text = error.to_string();
                    let level = if *complaint == text { Level::DEBUG } else { Level::ERROR };
                    let again = format!("trying again in {}", text::duration(pause.as_secs_f64()));
                    let line = format!("[{}] Cannot read the systemd journal: {text}; {again}", jail.name);
                    judge.log.say(level, Module::Filter, &line);
                    *complaint = text;
                }
            });
        }
        judge.log.write_out();
        more
    }
}

/// Where a jail begins: where it left off, at most `findtime` ago.
fn first_place(jail: &LiveJail, findtime: f64, judge: &Judge) -> Place {
    let oldest = clock::now().plus_secs(-findtime.trunc()).secs_f64();
    let micros = |seconds: f64| (seconds * 1e6).round() as i64;
    match judge.records.journal_position(&jail.name) {
        Some(JournalRow { time, .. }) if time < oldest => Place::Since(micros(oldest)),
        Some(JournalRow {
            cursor: Some(cursor), ..
        }) => Place::After(cursor),
        Some(JournalRow { time, .. }) => Place::Since(micros(time)),
        None => Place::Since(micros(oldest)),
    }
}

fn judge_entry(judge: &Judge, jail: &Arc<LiveJail>, entry: Entry, live: bool, offset: i32) {
    jail.aside.wait_for_room();
    let mut work = jail.work.lock();
    if work.idle || !work.started {
        return;
    }
    let fields = EntryFields {
        realtime: entry.realtime,
        monotonic: entry.monotonic,
        fields: &entry.fields,
    };
    let line = EntryLine::new(fields, work.filter.encoding(), offset);
    judge.entry(jail, &mut work, &line, live, clock::now());
    let row = JournalRow {
        time: line.time.secs_f64(),
        iso: format!("{} ", line.iso),
        cursor: Some(entry.cursor),
    };
    judge.has_read(jail, &mut work, Read::Journal(row));
}
