//! Progress as tests write and read it.
#![allow(dead_code, unreachable_pub, reason = "each test uses some of it")]
use bantam_state::{Batch, CounterRow, Kept, LogRow, Progress, Store, Totals, Who};
use std::collections::BTreeMap;

/// Who is counted, how often, and when first and last.
pub type Counter = (String, u32, i64, i64);

/// Counters by name, those that are gone, where a log is read to, totals.
pub fn progress(jail: &str, counters: &[Counter], gone: &[&str], log: Option<(&str, Option<LogRow>)>) -> Progress {
    let mut batch = Batch::default();
    for who in gone {
        batch.is_gone(Who::Text(who));
    }
    for (who, attempts, first, last) in counters {
        batch.counts(&CounterRow {
            who: Who::Text(who),
            attempts: *attempts,
            first: *first,
            last: *last,
        });
    }
    Progress {
        jail: jail.to_owned(),
        positions: log.map(|(path, row)| (path.to_owned(), row)).into_iter().collect(),
        counters: batch,
        ..Progress::default()
    }
}

/// The counters of a jail in the order of their names, and its totals.
pub fn load(store: &mut Store, jail: &str) -> (Vec<Counter>, Totals) {
    let mut counters: BTreeMap<String, Counter> = BTreeMap::new();
    let name = |who: Who<'_>| match who {
        Who::V4(address) => address.to_string(),
        Who::V6(address) => address.to_string(),
        Who::Text(text) => text.to_owned(),
    };
    let totals = store
        .load_progress(jail, &mut |kept| match kept {
            Kept::Gone(who) => drop(counters.remove(&name(who))),
            Kept::Counts(row) => {
                let who = name(row.who);
                counters.insert(who.clone(), (who, row.attempts, row.first, row.last));
            }
        })
        .expect("counters");
    (counters.into_values().collect(), totals)
}
