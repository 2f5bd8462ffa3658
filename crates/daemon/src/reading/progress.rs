//! How far jails have come, written down.
use crate::judge::Judge;
use crate::live::LiveJail;
use bantam_detect::Id;
use bantam_jail::Count;
use bantam_state::{Batch, CounterRow, LogRow, Progress, Totals, Who};
use std::net::IpAddr;
use std::sync::Arc;

/// Writes what jails have counted and how far they have read, in one step: no line is counted twice after a restart,
/// and none is left out.
pub fn save_progress(judge: &Judge, jails: &[Arc<LiveJail>]) {
    // What another thread saves of the same jail comes wholly before or after this.
    let _turn = judge.records.turn_to_save();
    let progress: Vec<Progress> = jails.iter().filter_map(|jail| progress_of(judge, jail)).collect();
    if !progress.is_empty() {
        judge.records.save_progress(&progress);
    }
}

/// What there is to be written of a jail.
fn progress_of(judge: &Judge, jail: &LiveJail) -> Option<Progress> {
    let mut work = jail.work.lock();
    // Counters that are further than the place read up to would count lines twice.
    if jail.aside.is_unsettled() {
        return None;
    }
    if work.unsaved.is_empty() && work.unsaved_journal.is_none() && !work.counters_changed {
        return None;
    }
    let positions = work
        .unsaved
        .drain()
        .map(|(path, at)| {
            let row = LogRow {
                first_line_md5: at.first_line_md5,
                offset: at.offset,
            };
            (path, Some(row))
        })
        .collect();
    let journal = work.unsaved_journal.take();
    let whole = judge.records.tells_much(&jail.name, work.jail.currently_failed());
    let mut counters = Batch::default();
    let mut tell = |id: &Id, count: Option<Count>| write(&mut counters, id, count);
    match whole {
        true => work.jail.all_counters(&mut tell),
        false => work.jail.changed_counters(&mut tell),
    }
    work.counters_changed = false;
    Some(Progress {
        jail: jail.name.clone(),
        positions,
        journal,
        counters,
        whole,
        totals: Totals {
            failed: work.jail.total_failed(),
            banned: work.jail.total_banned(),
        },
    })
}

fn write(batch: &mut Batch, id: &Id, count: Option<Count>) {
    let text;
    let who = match id {
        Id::Ip(IpAddr::V4(address)) => Who::V4(*address),
        Id::Ip(IpAddr::V6(address)) => Who::V6(*address),
        Id::Raw(raw) => Who::Text(raw),
        Id::Net(..) => {
            text = id.to_string();
            Who::Text(&text)
        }
    };
    match count {
        None => batch.is_gone(who),
        Some(count) => batch.counts(&CounterRow {
            who,
            attempts: count.attempts,
            first: count.first.nanos(),
            last: count.last.nanos(),
        }),
    }
}
