//! How far a jail has come, written down.
use crate::judge::Judge;
use crate::live::LiveJail;
use bantam_state::{LogRow, Totals};

/// Writes what a jail has counted and how far it has read, in one step: no line is counted twice after a restart, and
/// none is left out.
pub fn save_progress(judge: &Judge, jail: &LiveJail) {
    let mut work = jail.work.lock();
    // Counters that are further than the place read up to would count lines twice.
    if jail.aside.is_unsettled() {
        return;
    }
    if work.unsaved.is_empty() && work.unsaved_journal.is_none() && !work.counters_changed {
        return;
    }
    let positions: Vec<(String, Option<LogRow>)> = work
        .unsaved
        .drain()
        .map(|(path, at)| {
            (
                path,
                Some(LogRow {
                    first_line_md5: at.first_line_md5,
                    offset: at.offset,
                }),
            )
        })
        .collect();
    let journal = work.unsaved_journal.take();
    let (changed, gone) = work.jail.changed_counters();
    work.counters_changed = false;
    let totals = Totals {
        failed: work.jail.total_failed(),
        banned: work.jail.total_banned(),
    };
    judge
        .records
        .save_progress(&jail.name, &positions, journal.as_ref(), &changed, &gone, totals);
}
