//! Brings what was written into the database's one file now and then, in a thread beside: a ban that is to be remembered
//! meanwhile waits for nothing.
use crate::log::{Log, Module};
use parking_lot::Mutex;
use std::path::Path;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Where it did not work, it is not told of every moment. Commits do it themselves until then.
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(60);

/// One at a time.
#[derive(Debug, Default)]
pub(super) struct Tidying(Mutex<Round>);

#[derive(Debug, Default)]
struct Round {
    at_work: Option<JoinHandle<bool>>,
    not_before: Option<Instant>,
}

impl Tidying {
    /// Whether nobody is at it, and it did not fail just now.
    pub(super) fn may_begin(&self) -> bool {
        let mut round = self.0.lock();
        if round.at_work.as_ref().is_some_and(JoinHandle::is_finished) {
            round.end();
        }
        round.at_work.is_none() && round.not_before.is_none_or(|time| time <= Instant::now())
    }

    pub(super) fn begin(&self, file: &Path, log: &Log) {
        let mut round = self.0.lock();
        if round.at_work.is_some() {
            return;
        }
        let (file, log) = (file.to_owned(), log.clone());
        let tidy = move || {
            let done = bantam_state::tidy(&file);
            if let Err(error) = &done {
                log.error(Module::Database, format!("Cannot tidy up: {error}"));
            }
            done.is_ok()
        };
        // Without a thread it is done later.
        round.at_work = std::thread::Builder::new().name("tidying".to_owned()).spawn(tidy).ok();
    }

    /// Waits for the end of it: while a file is open twice, it cannot be closed as one.
    pub(super) fn finish(&self) {
        self.0.lock().end();
    }
}

impl Round {
    fn end(&mut self) {
        let Some(thread) = self.at_work.take() else { return };
        if !thread.join().unwrap_or(false) {
            self.not_before = Some(Instant::now() + PAUSE_AFTER_ERROR);
        }
    }
}
