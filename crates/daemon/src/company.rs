//! Jails that read one file and rule alike but for their limits: what their filter finds in a block is counted once.
//!
//! People give one filter to several jails, with other limits and actions. What is said, banned and done stays each
//! jail's own; which failures there are, whom the ignore rules cover and how often each has failed is found out for all.
use crate::clock;
use crate::ignoring::Rule;
use crate::judge::Judge;
use crate::live::{LiveJail, Work};
use crate::log::{Ends, Module};
use crate::together::Together;
use bantam_detect::{Failure, Id, Time};
use bantam_jail::{Jail, Known, Ruling};
use std::sync::Arc;

/// One of the jails that read a block together, locked.
pub struct Member<'a> {
    /// The jail.
    pub jail: &'a Arc<LiveJail>,
    /// Its filter and memory.
    pub work: &'a mut Work,
    /// Which of the file's jails it is.
    pub number: usize,
}

/// What jails must have in common to be judged in one company.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Likeness {
    filter: u128,
    findtime: f64,
    ignored: u128,
    ignores_self: bool,
    in_operation: bool,
}

impl Likeness {
    /// That of a jail that is at work, its filter's key given; none for one that only itself can judge.
    pub fn of(jail: &LiveJail, work: &Work, filter: u128, in_operation: bool) -> Option<Self> {
        let options = work.jail.options();
        let asks = work.ignore_command.as_ref().is_some_and(|command| !command.is_empty());
        let is_own = asks || work.ignore_cache.is_some() || options.increment.enabled || jail.aside.is_busy();
        (work.started && !work.idle && !is_own).then(|| Likeness {
            filter,
            findtime: options.findtime,
            ignored: work.ignore.key(),
            ignores_self: work.ignore_self,
            in_operation,
        })
    }
}

impl Judge {
    /// Judges a block of one file for jails that are alike. Bans that come of it wait for [`Judge::settle`].
    pub fn company(&self, members: &mut [Member<'_>], together: &mut Together<'_>, in_operation: bool, now: Time) {
        let mut found: Vec<Arc<Vec<Failure>>> = Vec::with_capacity(members.len());
        for Member { jail, work, number } in members.iter_mut() {
            let (shared, keys) = (&mut together.shared, together.keys);
            found.push(self.find(jail, work, in_operation, now, |filter, context, notes| {
                filter.process_with_twins(shared, *number, keys, context, notes)
            }));
        }
        if found.iter().all(|failures| failures.is_empty()) {
            return;
        }
        let are_same = found.windows(2).all(|pair| Arc::ptr_eq(&pair[0], &pair[1]));
        let companies = match are_same {
            true => companies(members),
            false => (0..members.len()).map(|member| vec![member]).collect(),
        };
        for company in companies {
            let Some(failures) = company.first().and_then(|first| found.get(*first)) else {
                continue;
            };
            let ends = together.said.of(failures, &self.log);
            let own = members
                .iter_mut()
                .enumerate()
                .filter(|(member, _)| company.contains(member));
            let mut own: Vec<&mut Member<'_>> = own.map(|(_, member)| member).collect();
            match own.as_mut_slice() {
                [only] => self.failures(only.jail, only.work, failures, ends, now),
                several => self.count_as_one(several, failures, ends, now),
            }
        }
    }

    fn count_as_one(&self, members: &mut [&mut Member<'_>], failures: &[Failure], ends: &Ends, now: Time) {
        let Some(first) = members.first() else { return };
        let rules = self.rules_for(first.work, failures);
        for member in members.iter() {
            self.say_found(&member.jail.name, failures, &rules, ends);
        }
        let counting = failures
            .iter()
            .zip(&rules)
            .filter(|(_, rule)| matches!(rule, Rule::None));
        let counting = counting.map(|(failure, _)| failure);
        if counting.clone().next().is_none() {
            return;
        }
        let mut rulings: Vec<(usize, Id, Ruling)> = Vec::new();
        let mut tell = |member: usize, id: &Id, ruling: Ruling| rulings.push((member, id.clone(), ruling));
        let mut jails: Vec<&mut Jail> = members.iter_mut().map(|member| &mut member.work.jail).collect();
        Jail::count_together(&mut jails, counting, now, &mut clock::luck, &mut tell);
        for member in members.iter_mut() {
            member.work.counters_changed = true;
        }
        for (member, id, ruling) in rulings {
            if let Some(member) = members.get_mut(member) {
                self.carry_out(member.jail, member.work, ruling, &id, Known::default());
            }
        }
    }

    /// Says in a jail's name who failed, and who of them is left alone.
    fn say_found(&self, jail: &str, failures: &[Failure], rules: &[Rule], ends: &Ends) {
        let begin = format!("[{jail}] Found ");
        let mut row = 0;
        for (at, (failure, rule)) in failures.iter().zip(rules).enumerate() {
            if let Rule::Covers(reason) = rule {
                self.log.info_soon(Module::Filter, &begin, ends, row..at);
                row = at + 1;
                self.say_ignored(jail, &failure.id, reason);
            }
        }
        self.log.info_soon(Module::Filter, &begin, ends, row..failures.len());
    }
}

/// Which of them count as one, from now on if they can: their indices.
fn companies(members: &mut [Member<'_>]) -> Vec<Vec<usize>> {
    let mut new: Vec<&mut Jail> = members
        .iter_mut()
        .map(|member| &mut member.work.jail)
        .filter(|jail| jail.may_unite())
        .collect();
    Jail::unite(&mut new);
    let mut jails: Vec<&mut Jail> = members.iter_mut().map(|member| &mut member.work.jail).collect();
    Jail::companies(&mut jails)
}
