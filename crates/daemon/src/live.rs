//! A jail at work: its filter, its memory, its queue of effects, behind one lock that nothing slow is done under.
use crate::aside::{Aside, Place};
use crate::reading::Behind;
use bantam_conf::Seconds;
use bantam_detect::{Filter, Time};
use bantam_enforce::{Queue, SharedDefinition};
use bantam_jail::{IgnoreList, Increment, Jail, Options, PastBans, Ticket};
use bantam_source::Position;
use bantam_source::journal::{Match, Selection};
use bantam_state::JournalRow;
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// A jail at work.
#[derive(Debug)]
pub struct LiveJail {
    /// Its name.
    pub name: String,
    /// As it was asked for (`auto`, `polling`, …).
    pub backend: String,
    /// Which journal is read in place of files.
    pub journal: Option<Selection>,
    /// Filter and memory.
    pub work: Mutex<Work>,
    /// Its actions.
    pub queue: Queue,
    /// How far reading is behind its files.
    pub behind: Behind,
    /// Failures that wait for an answer of `ignorecommand`.
    pub aside: Aside,
}

/// What changes from line to line.
#[derive(Debug)]
pub struct Work {
    /// The filter.
    pub filter: Filter,
    /// Counters and bans.
    pub jail: Jail,
    /// `ignoreip`
    pub ignore: IgnoreList,
    /// `ignoreself`
    pub ignore_self: bool,
    /// `ignorecommand`; none while it was never set
    pub ignore_command: Option<String>,
    /// `findtime` as it is shown
    pub findtime: Seconds,
    /// `ignorecache`
    pub ignore_cache: Option<IgnoreCache>,
    /// `bantime.*` as they were set.
    pub bantime_extra: BTreeMap<String, String>,
    /// Files read, in the order in which they were added.
    pub logs: Vec<LogPath>,
    /// `logencoding`
    pub encoding: String,
    /// `logtimezone`
    pub log_timezone: Option<String>,
    /// `journalmatch`; none in a jail that does not read the journal, which has no use for it.
    pub journal_match: Option<Match>,
    /// Lines wait (`set JAIL idle on`).
    pub idle: bool,
    /// Reading and acting.
    pub started: bool,
    /// Log positions that the database does not know yet.
    pub unsaved: HashMap<String, Position>,
    /// The place in the journal that the database does not know yet.
    pub unsaved_journal: Option<JournalRow>,
    /// Counters changed since they were last written.
    pub counters_changed: bool,
    /// Notes said lately, each kind (of each expression) at most once a day.
    pub said: HashMap<(&'static str, usize), Time>,
    /// Bans that were decided under this turn at the lock, to be written, said and done before it ends.
    pub bans: Vec<NewBan>,
    /// A reload is under way: what stood before and has not been named again.
    pub reload: Option<Reload>,
}

/// A ban that was decided.
#[derive(Debug)]
pub struct NewBan {
    /// The ban.
    pub ticket: Arc<Ticket>,
    /// What its time grew by.
    pub past: Option<PastBans>,
    /// The jail's `bantime`.
    pub base: f64,
}

impl NewBan {
    /// Whether it lasts longer than the jail's `bantime`.
    pub fn is_grown(&self) -> bool {
        !self.ticket.restored && (self.ticket.bantime - self.base).abs() > f64::EPSILON
    }
}

/// A log file of a jail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPath {
    /// Its name.
    pub path: String,
    /// Only what is written from now on counts.
    pub tail: bool,
}

/// What a reload has not named again yet; at its end this is dropped.
#[derive(Debug, Default)]
pub struct Reload {
    /// Log files.
    pub logs: BTreeSet<String>,
    /// Actions.
    pub actions: BTreeSet<String>,
    /// Actions as they are named anew, in order. Those at work keep what they were until the reload ends.
    pub staged: Vec<(String, SharedDefinition)>,
}

/// `ignorecache`: verdicts of the ignore checks.
#[derive(Debug, Clone)]
pub struct IgnoreCache {
    /// Text with tags that tells what verdicts are kept by.
    pub key: String,
    /// Verdicts kept.
    pub max_count: usize,
    /// Seconds that a verdict is believed.
    pub max_time: f64,
    /// The verdicts.
    pub verdicts: HashMap<String, (Time, bool)>,
}

impl LiveJail {
    /// What it is read by, in the original's word.
    pub fn backend_name(&self) -> &'static str {
        match &self.journal {
            Some(_) => "systemd",
            None if self.backend.starts_with("polling") => "polling",
            None => "pyinotify",
        }
    }
}

impl IgnoreCache {
    /// A verdict that is still believed.
    pub fn verdict(&self, key: &str, now: Time) -> Option<bool> {
        let (at, ignored) = self.verdicts.get(key)?;
        (at.plus_secs(self.max_time) > now).then_some(*ignored)
    }

    /// Remembers a verdict; makes room by dropping the old ones, or else all.
    pub fn remember(&mut self, key: String, ignored: bool, now: Time) {
        if self.verdicts.len() >= self.max_count {
            let oldest = now.plus_secs(-self.max_time);
            self.verdicts.retain(|_, (at, _)| *at > oldest);
            if self.verdicts.len() >= self.max_count {
                self.verdicts.clear();
            }
        }
        self.verdicts.insert(key, (now, ignored));
    }
}

impl Work {
    /// A new jail's, with the original's defaults for what no configuration sets.
    pub fn new() -> Self {
        Work {
            filter: Filter::new(),
            jail: Jail::new(default_options()),
            ignore: IgnoreList::new(),
            ignore_self: true,
            ignore_command: None,
            findtime: Seconds::Whole(600),
            ignore_cache: None,
            bantime_extra: BTreeMap::new(),
            logs: Vec::new(),
            encoding: "UTF-8".to_owned(),
            log_timezone: None,
            journal_match: None,
            idle: false,
            started: false,
            unsaved: HashMap::new(),
            unsaved_journal: None,
            counters_changed: false,
            said: HashMap::new(),
            bans: Vec::new(),
            reload: None,
        }
    }

    /// Forgets what a configuration sets, to be set anew by it. What was seen and decided stays; the filter's memory of
    /// lines too.
    pub fn begin_reload(&mut self, actions: BTreeSet<String>) {
        let fresh = Work::new();
        let filter = &mut self.filter;
        filter.clear_expressions();
        filter.set_use_dns(fresh.filter.use_dns());
        // Defaults are never refused.
        let _ = filter.set_prefregex("");
        let _ = filter.set_datepattern("");
        let _ = filter.set_log_timezone(None);
        let _ = filter.set_max_lines(fresh.filter.max_lines());
        let _ = filter.set_encoding(&fresh.encoding);
        *self.jail.options_mut() = default_options();
        self.ignore.clear();
        self.ignore_self = fresh.ignore_self;
        self.ignore_command = fresh.ignore_command;
        self.findtime = fresh.findtime;
        self.ignore_cache = fresh.ignore_cache;
        self.bantime_extra = fresh.bantime_extra;
        self.encoding = fresh.encoding;
        self.log_timezone = fresh.log_timezone;
        self.journal_match = self.journal_match.take().map(|_| Match::default());
        let logs = self.logs.iter().map(|log| log.path.clone()).collect();
        // What is reloaded may have been changed because of what was said.
        self.said.clear();
        self.reload = Some(Reload {
            logs,
            actions,
            staged: Vec::new(),
        });
    }

    /// All failures before this place have been judged.
    pub fn has_read(&mut self, place: Place) {
        match place {
            Place::File(path, position) => drop(self.unsaved.insert(path, position)),
            Place::Journal(row) => self.unsaved_journal = Some(row),
        }
    }

    /// The same for a file.
    pub fn has_read_file(&mut self, path: &str, position: &Position) {
        match self.unsaved.get_mut(path) {
            Some(unsaved) => {
                unsaved.first_line_md5.clone_from(&position.first_line_md5);
                unsaved.offset = position.offset;
            }
            None => drop(self.unsaved.insert(path.to_owned(), position.clone())),
        }
    }

    /// Whether a note of this kind, about the expression of this index, may be said again: once a day.
    pub fn may_say(&mut self, kind: &'static str, index: usize, now: Time) -> bool {
        let last = self.said.get(&(kind, index));
        let due = last.is_none_or(|last| last.plus_secs(86_400.0) <= now);
        if due {
            self.said.insert((kind, index), now);
        }
        due
    }
}

fn default_options() -> Options {
    Options {
        maxretry: 3,
        findtime: 600.0,
        bantime: 600.0,
        maxmatches: 5,
        increment: Increment::default(),
    }
}

impl Default for Work {
    fn default() -> Self {
        Self::new()
    }
}
