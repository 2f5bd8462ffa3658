//! What jails read: files and patterns of files, the journal, or nothing while they are idle.

use super::{LogGlob, Server};
use crate::live::{LiveJail, LogPath};
use crate::log::Module;
use crate::reading::Reading;
use std::sync::Arc;

impl Server {
    /// Reading waits while the guard lives.
    pub(crate) fn hold_reading(&self) -> Held {
        let gate = self.reading.lock().as_ref().map(Reading::gate);
        Held {
            _guard: gate.map(|gate| gate.write_arc()),
        }
    }

    /// The patterns of the configuration as it stands now.
    pub(crate) fn globs_now(&self) -> Vec<LogGlob> {
        (self.globs)()
    }

    /// Lets jails read the files that the patterns of their configuration will match, and no others.
    /// When this returns, everything there is to read is being followed.
    pub(crate) fn apply_globs(&self, globs: &[LogGlob], jails: &[String]) {
        let reading = self.reading.lock();
        let Some(reading) = &*reading else { return };
        for jail in jails.iter().filter_map(|name| self.jails.find(name)) {
            let own = globs.iter().filter(|glob| glob.jail == jail.name);
            let patterns = own.map(|glob| (glob.pattern.clone(), glob.tail)).collect();
            reading.follow_globs(&jail, patterns);
        }
        reading.settle();
    }

    /// Lets the lines of a jail wait, or takes them up again where it left off.
    pub(crate) fn set_idle(&self, jail: &Arc<LiveJail>, idle: bool) {
        if jail.work.lock().idle != idle
            && let Some(reading) = &*self.reading.lock()
        {
            reading.set_idle(jail, idle);
        }
    }

    /// Lets a jail that reads the journal go on with the matches that it has now.
    pub(crate) fn apply_matches(&self, jail: &Arc<LiveJail>) {
        let at_work = {
            let work = jail.work.lock();
            work.started && work.reload.is_none()
        };
        if at_work
            && jail.journal.is_some()
            && let Some(reading) = &*self.reading.lock()
        {
            reading.follow_journal(jail);
        }
    }

    /// Adds a log file to a jail; reading begins when the jail does.
    pub(crate) fn add_log(&self, jail: &Arc<LiveJail>, path: &str, tail: bool) {
        let started = {
            let mut work = jail.work.lock();
            if let Some(reload) = &mut work.reload {
                reload.logs.remove(path);
            }
            if work.logs.iter().any(|log| log.path == path) {
                return;
            }
            work.logs.push(LogPath {
                path: path.to_owned(),
                tail,
            });
            work.started
        };
        if started && let Some(reading) = &*self.reading.lock() {
            reading.follow(
                jail,
                LogPath {
                    path: path.to_owned(),
                    tail,
                },
            );
        }
    }

    /// Takes a log file from a jail.
    pub(crate) fn remove_log(&self, jail: &Arc<LiveJail>, path: &str) {
        jail.work.lock().logs.retain(|log| log.path != path);
        if let Some(reading) = &*self.reading.lock() {
            reading.leave(&jail.name, Some(path));
        }
        self.log
            .info(Module::Filter, format!("[{}] Removed logfile: '{path}'", jail.name));
    }
}

/// Keeps reading up while it lives.
pub(crate) struct Held {
    _guard: Option<parking_lot::ArcRwLockWriteGuard<parking_lot::RawRwLock, ()>>,
}
