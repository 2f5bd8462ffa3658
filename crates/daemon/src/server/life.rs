//! A jail's life: made, started with what was in force before, ended.

use super::{STOP_PATIENCE, Server};
use crate::acting::{self, ActionLog, Effects, Leftover};
use crate::aside::Aside;
use crate::attic::Attic;
use crate::clock;
use crate::live::{LiveJail, Work};
use crate::log::Module;
use crate::reading::{self, Behind};
use bantam_enforce::{Backoff, Queue, Surroundings, Task};
use bantam_jail::Keep;
use bantam_source::journal::{self, JournalError, Match, Selection};
use parking_lot::Mutex;
use std::path::{Path, PathBuf};
use std::sync::Arc;

impl Server {
    /// Adds a jail, or, while a reload is under way, goes on with the one of that name.
    pub(crate) fn add_jail(&self, name: &str, backend: &str) -> Result<(), String> {
        if self.jails.find(name).is_some() {
            self.log.info(Module::Server, format!("Reload jail '{name}'"));
            self.records.enable_jail(name);
            return Ok(());
        }
        let journal = journal_of(backend)?;
        if name.chars().count() >= 26 {
            self.log.warning(
                Module::Jail,
                format!("Jail name '{name}' might be too long and some commands might not function correctly. Please shorten"),
            );
        }
        self.log.info(Module::Jail, format!("Creating new jail '{name}'"));
        let surroundings = Surroundings {
            report: Arc::new(ActionLog::new(name, self.log.clone())),
            ledger: Arc::new(Effects::new(name, &self.records)),
            orphans: self.orphans.clone(),
            values: None,
            ipv6: ipv6_allowed(),
        };
        let queue = Queue::new(name, surroundings, Backoff::default()).map_err(|error| error.to_string())?;
        let mut work = Work::new();
        work.journal_match = journal.as_ref().map(|_| Match::default());
        let keep = self
            .keep
            .get_or_init(|| Keep::with_shelf(Box::new(Attic::new(self.attics()))));
        work.jail.set_keep(keep.clone());
        let jail = LiveJail {
            name: name.to_owned(),
            backend: backend.to_owned(),
            journal,
            work: Mutex::new(work),
            queue,
            behind: Behind::default(),
            aside: Aside::default(),
        };
        self.log
            .info(Module::Jail, format!("Initiated '{}' backend", jail.backend_name()));
        self.jails.add(Arc::new(jail));
        self.records.enable_jail(name);
        Ok(())
    }

    /// Folders on a disk for what should not fill the memory.
    fn attics(&self) -> Vec<PathBuf> {
        let database = self.records.file().map(PathBuf::from);
        let beside = database
            .as_deref()
            .and_then(Path::parent)
            .filter(|folder| folder.is_absolute());
        beside
            .into_iter()
            .map(Path::to_path_buf)
            .chain(["/var/tmp".into(), "/tmp".into()])
            .collect()
    }

    /// Starts a jail: actions, what was in force before, reading. Goes on with it after a reload.
    pub(crate) fn start_jail(&self, jail: &Arc<LiveJail>) {
        let first = {
            let mut work = jail.work.lock();
            !std::mem::replace(&mut work.started, true)
        };
        self.set_idle(jail, false);
        if first {
            self.lift_leftovers(jail);
            jail.queue.push(Task::Start);
            self.restore(jail);
        } else {
            self.log.info(Module::Server, format!("Jail '{}' reloaded", jail.name));
        }
        let logs = jail.work.lock().logs.clone();
        if let Some(reading) = &*self.reading.lock() {
            for log in logs {
                reading.follow(jail, log);
            }
            if jail.journal.is_some() {
                reading.follow_journal(jail);
            }
        }
        if first {
            self.log.info(Module::Jail, format!("Jail '{}' started", jail.name));
        }
    }

    /// After an unclean end: whatever an action may have left standing is lifted before it is set again.
    fn lift_leftovers(&self, jail: &Arc<LiveJail>) {
        let known = self.records.bans_in_force(&jail.name, clock::now());
        let (mut lifts, mut halts) = (Vec::new(), Vec::new());
        for (action, leftover) in acting::leftovers(&self.records, &jail.name) {
            match leftover {
                Leftover::Ban(id) => {
                    let ticket = known
                        .iter()
                        .find(|t| t.id == id)
                        .cloned()
                        .unwrap_or_else(|| bare_ticket(id));
                    lifts.push(Task::Lift {
                        action: action.into(),
                        target: self.judge.target(jail, Arc::new(ticket)),
                    });
                }
                Leftover::Start(family) => halts.push(Task::Halt {
                    action: action.into(),
                    family,
                }),
            }
        }
        if !lifts.is_empty() {
            self.log.info(
                Module::Actions,
                format!(
                    "[{}] After an unclean end, {} effects are lifted first",
                    jail.name,
                    lifts.len()
                ),
            );
        }
        for task in lifts.into_iter().chain(halts) {
            jail.queue.push(task);
        }
    }

    fn restore(&self, jail: &Arc<LiveJail>) {
        let now = clock::now();
        let mut work = jail.work.lock();
        let totals = self
            .records
            .load_progress(&jail.name, &mut |id, count| work.jail.restore_counter(id, count));
        work.jail.set_totals(totals.failed, totals.banned);
        for ticket in self.records.bans_in_force(&jail.name, now) {
            if self
                .judge
                .is_ignored(&jail.name, &mut work, &ticket.id, &|| ticket.clone(), now)
            {
                continue;
            }
            let base = work.jail.options().bantime;
            if let Some(ticket) = work.jail.restore(ticket, now) {
                self.judge.ban(jail, ticket, None, base);
            }
        }
    }

    /// Ends a jail: its bans are lifted (the database keeps them), its actions stopped. Waits for that.
    pub(crate) fn remove_jail(&self, name: &str) {
        let gone = self.detach(name);
        self.end_jails(gone.as_slice());
    }

    /// Takes a jail out: it reads no more and is not found any more.
    pub(crate) fn detach(&self, name: &str) -> Option<Arc<LiveJail>> {
        let jail = self.jails.remove(name)?;
        if let Some(reading) = &*self.reading.lock() {
            reading.leave(name, None);
        }
        Some(jail)
    }

    /// Lifts the bans of jails and stops their actions, of all at the same time; waits for the end of that.
    pub(crate) fn end_jails(&self, jails: &[Arc<LiveJail>]) {
        for jail in jails {
            self.wind_up(jail);
        }
        for jail in jails {
            jail.queue.wait_stopped(STOP_PATIENCE);
            self.wound_up(jail);
        }
    }

    /// Stops every jail.
    pub(crate) fn stop_jails(&self) {
        self.log.info(Module::Server, "Stopping all jails");
        let jails = self.jails.all();
        for jail in &jails {
            if let Some(reading) = &*self.reading.lock() {
                reading.leave(&jail.name, None);
            }
        }
        // Until they have ended they are found, so that nobody sees a server that never had them.
        self.end_jails(&jails);
        for jail in &jails {
            self.jails.remove(&jail.name);
        }
    }

    fn wind_up(&self, jail: &Arc<LiveJail>) {
        reading::save_progress(&self.judge, std::slice::from_ref(jail));
        let lifted = {
            let mut work = jail.work.lock();
            work.started = false;
            jail.aside.clear();
            work.jail.unban_all()
        };
        for ticket in lifted {
            self.log
                .notice(Module::Actions, format!("[{}] Repeal Ban {}", jail.name, ticket.id));
        }
        jail.queue.push(Task::Stop);
    }

    fn wound_up(&self, jail: &LiveJail) {
        self.records.disable_jail(&jail.name);
        self.log.info(Module::Jail, format!("Jail '{}' stopped", jail.name));
    }

    /// Lifts all bans of a jail and forgets them; how many there were.
    pub(crate) fn unban_all_of(&self, jail: &Arc<LiveJail>) -> usize {
        let lifted = jail.work.lock().jail.unban_all();
        let count = lifted.len();
        // Lines that led to the bans must not lead to them again should this process end now.
        reading::save_progress(&self.judge, std::slice::from_ref(jail));
        self.records.remove_bans(Some(&jail.name), None);
        for ticket in lifted {
            self.log
                .notice(Module::Actions, format!("[{}] Unban {}", jail.name, ticket.id));
        }
        jail.queue.push(Task::Flush);
        count
    }
}

/// As `allowipv6 = auto`: whether the kernel has IPv6 switched on.
fn ipv6_allowed() -> bool {
    std::fs::read_to_string("/proc/sys/net/ipv6/conf/all/disable_ipv6").is_ok_and(|text| text.trim() == "0")
}

fn bare_ticket(id: bantam_detect::Id) -> bantam_jail::Ticket {
    bantam_jail::Ticket {
        id,
        ip: None,
        time: clock::now(),
        zoned: true,
        bantime: 0.0,
        bancount: 0,
        attempts: 0,
        matches: Vec::new(),
        captures: std::collections::BTreeMap::new(),
        users: Vec::new(),
        restored: true,
    }
}

/// The journal that a backend reads; none when it reads files.
pub(crate) fn journal_of(backend: &str) -> Result<Option<Selection>, String> {
    let (name, options) =
        bantam_conf::split_arguments(backend).map_err(|error| format!("backend '{backend}': {error}"))?;
    match name.to_lowercase().as_str() {
        "auto" | "polling" | "pyinotify" | "gamin" => Ok(None),
        "systemd" => {
            let default_flags = std::env::var(journal::DEFAULT_FLAGS).ok();
            let selection =
                Selection::new(&options, default_flags.as_deref()).map_err(|error| format!("backend: {error}"))?;
            match journal::program() {
                Some(_) => Ok(Some(selection)),
                None => Err(format!(
                    "backend 'systemd': {}; let the service log to a file and use backend = auto",
                    JournalError::NoProgram
                )),
            }
        }
        _ => Err(format!(
            "Unknown backend {name}. Must be among ['pyinotify', 'polling', 'systemd'] or 'auto'"
        )),
    }
}
