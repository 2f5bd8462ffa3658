//! Jails that count the same: what each failure means to them is found out once.
use crate::counters::Counters;
use crate::{Failure, Id, Jail, Known, Options, Ruling, Time};
use std::sync::Arc;

/// What jails that count together must have had in mind when they began to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Step {
    findtime: f64,
    maxmatches: usize,
}

impl Step {
    pub(crate) fn of(options: &Options) -> Self {
        Step {
            findtime: options.findtime,
            maxmatches: options.maxmatches,
        }
    }
}

impl Jail {
    /// Has all these count together from now on, if they can: where they have lines already, these are not the same.
    ///
    /// That changes nothing but the cost, as long as they are to count the same failures. A jail that counts anything
    /// else, or is to count otherwise, goes on alone.
    pub fn unite(jails: &mut [&mut Jail]) -> bool {
        let step = jails.first().map(|jail| jail.options.findtime);
        let may = |jail: &&mut Jail| Some(jail.options.findtime) == step && jail.counters.is_new();
        if jails.len() < 2 || !jails.iter().all(may) {
            return false;
        }
        let mut counters: Vec<_> = jails.iter_mut().map(|jail| &mut jail.counters).collect();
        Counters::unite(&mut counters);
        for jail in jails.iter_mut() {
            jail.step = Step::of(&jail.options);
            let (tally, seat) = (jail.counters.tally(), jail.counters.seat());
            tally.lock().set_most(seat, jail.options.maxmatches);
        }
        true
    }

    /// Whether it might begin to count together with others.
    pub fn may_unite(&self) -> bool {
        self.counters.is_new() && !self.options.increment.enabled
    }

    /// Which of these count together: their indices, in the order of the first of each company. Who does not keep in
    /// step with the others goes on alone; who counts together with a jail that is not here, too.
    pub fn companies(jails: &mut [&mut Jail]) -> Vec<Vec<usize>> {
        jails.iter_mut().for_each(|jail| jail.keep_in_step());
        let mut companies: Vec<Vec<usize>> = Vec::new();
        for (index, jail) in jails.iter().enumerate() {
            let tally = jail.counters.tally();
            let is_its = |company: &&mut Vec<usize>| {
                let first = company.first().and_then(|first| jails.get(*first));
                first.is_some_and(|first| Arc::ptr_eq(first.counters.tally(), tally))
            };
            match companies.iter_mut().find(is_its) {
                Some(company) => company.push(index),
                None => companies.push(vec![index]),
            }
        }
        let is_whole = |company: &Vec<usize>| {
            let first = company.first().and_then(|first| jails.get(*first));
            first.is_some_and(|first| first.counters.tally().lock().seats() == company.len())
        };
        if !companies.iter().all(is_whole) {
            jails.iter_mut().for_each(|jail| jail.counters.go_alone());
            return (0..jails.len()).map(|index| vec![index]).collect();
        }
        companies
    }

    /// Goes on alone, if it has come to count otherwise than those with whom it began.
    pub(crate) fn keep_in_step(&mut self) {
        if self.step != Step::of(&self.options) || self.options.increment.enabled {
            self.counters.go_alone();
        }
    }

    /// Counts failures in jails that are one company, one after the other, as [`Jail::failed`] does in each; nothing is
    /// remembered of past bans. Tells what came of them but [`Ruling::Counted`]: the jail's index and the client.
    pub fn count_together<'f>(
        jails: &mut [&mut Jail],
        failures: impl Iterator<Item = &'f Failure> + Clone,
        now: Time,
        luck: &mut dyn FnMut() -> f64,
        tell: &mut dyn FnMut(usize, &Id, Ruling),
    ) {
        let Some(first) = jails.first() else { return };
        let (tally, findtime) = (Arc::clone(first.counters.tally()), first.options.findtime);
        let mut tally = tally.lock();
        let least = jails.iter().map(|jail| jail.options.maxretry).min().unwrap_or(0);
        let total = failures.clone().count() as u64;
        for jail in jails.iter_mut() {
            jail.settle();
            jail.total_failed += total;
        }
        tally.look_ahead(failures.clone().map(|failure| &failure.id));
        let mut counted = Vec::with_capacity(jails.len());
        for failure in failures {
            let (place, _) = tally.add(failure, 1, findtime);
            if tally.common(place).is_some_and(|state| state.retry < least) {
                continue;
            }
            tally.counted(place, &mut counted);
            for (index, jail) in jails.iter_mut().enumerate() {
                // What one jail takes out is its own: what the others have counted stays.
                let own = counted.get(jail.counters.seat()).copied().flatten();
                if own.is_none_or(|own| own < jail.options.maxretry) {
                    continue;
                }
                if let Some(ruling) = jail.reached(&mut tally, place, &failure.id, Known::default(), now, luck) {
                    tell(index, &failure.id, ruling);
                }
            }
        }
    }
}
