//! Bans that stand: found by id, listed in the order in which they were set, lifted in the order in which they end.
use crate::{Id, Ticket, Time};
use foldhash::fast::RandomState;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

#[derive(Debug)]
struct Standing {
    /// Shared with the tasks that the ban led to; what changes here does not change there.
    ticket: Arc<Ticket>,
    /// Has no time of its own: follows the jail's `bantime`, as the original lets such bans do.
    follows: bool,
}

/// The ban list of a jail.
#[derive(Debug, Default)]
pub(crate) struct Bans {
    standing: BTreeMap<u64, Standing>,
    by_id: HashMap<Id, u64, RandomState>,
    ends: BTreeSet<(Time, u64)>,
    next: u64,
}

impl Bans {
    pub(crate) fn len(&self) -> usize {
        self.standing.len()
    }

    pub(crate) fn get(&self, id: &Id) -> Option<&Arc<Ticket>> {
        let number = self.by_id.get(id)?;
        Some(&self.standing.get(number)?.ticket)
    }

    pub(crate) fn in_order(&self) -> impl Iterator<Item = &Arc<Ticket>> {
        self.standing.values().map(|standing| &standing.ticket)
    }

    /// By end, those that end together in the order in which they were set, permanent ones last.
    pub(crate) fn by_end(&self) -> Vec<&Arc<Ticket>> {
        let ending = self.ends.iter().filter_map(|(_, number)| {
            let standing = self.standing.get(number)?;
            Some(&standing.ticket)
        });
        let permanent = self.in_order().filter(|ticket| ticket.ends().is_none());
        ending.chain(permanent).collect()
    }

    pub(crate) fn next_end(&self) -> Option<Time> {
        self.ends.first().map(|(end, _)| *end)
    }

    pub(crate) fn insert(&mut self, ticket: Arc<Ticket>, follows: bool) {
        let number = self.next;
        self.next += 1;
        if let Some(end) = ticket.ends() {
            self.ends.insert((end, number));
        }
        self.by_id.insert(ticket.id.clone(), number);
        self.standing.insert(number, Standing { ticket, follows });
    }

    /// A decision about an id that stands banned already makes its ban last longer when it would end later.
    pub(crate) fn prolong(&mut self, id: &Id, time: Time, bantime: f64) {
        let Some(number) = self.by_id.get(id).copied() else {
            return;
        };
        let Some(standing) = self.standing.get_mut(&number) else {
            return;
        };
        let Some(end) = standing.ticket.ends() else {
            return;
        };
        if bantime >= 0.0 && time.plus_secs(bantime) <= end {
            return;
        }
        let ticket = Arc::make_mut(&mut standing.ticket);
        let later = (time.nanos().saturating_sub(ticket.time.nanos())).max(0) as f64 / 1e9;
        ticket.bantime = if bantime < 0.0 { -1.0 } else { bantime + later };
        standing.follows = false;
        self.ends.remove(&(end, number));
        if let Some(end) = ticket.ends() {
            self.ends.insert((end, number));
        }
    }

    pub(crate) fn remove(&mut self, id: &Id) -> Option<Arc<Ticket>> {
        let number = self.by_id.remove(id)?;
        self.take(number)
    }

    /// Takes out all bans that lie in a network, in the order in which they were set.
    pub(crate) fn remove_within(&mut self, net: &Id) -> Vec<Arc<Ticket>> {
        let within: Vec<Id> = self
            .in_order()
            .filter(|ticket| net.contains(&ticket.id))
            .map(|ticket| ticket.id.clone())
            .collect();
        within.iter().filter_map(|id| self.remove(id)).collect()
    }

    pub(crate) fn remove_all(&mut self) -> Vec<Arc<Ticket>> {
        self.by_id = HashMap::default();
        self.ends = BTreeSet::new();
        std::mem::take(&mut self.standing)
            .into_values()
            .map(|standing| standing.ticket)
            .collect()
    }

    /// Takes out what ended before now.
    pub(crate) fn remove_ended(&mut self, now: Time) -> Vec<Arc<Ticket>> {
        let mut ended = Vec::new();
        while let Some((end, number)) = self.ends.first().copied() {
            if end >= now {
                break;
            }
            self.ends.pop_first();
            if let Some(ticket) = self.take(number) {
                self.by_id.remove(&ticket.id);
                ended.push(ticket);
            }
        }
        ended
    }

    /// The jail's `bantime` changed: bans without a time of their own follow.
    pub(crate) fn follow(&mut self, bantime: f64) {
        for (number, standing) in &mut self.standing {
            if !standing.follows {
                continue;
            }
            if let Some(end) = standing.ticket.ends() {
                self.ends.remove(&(end, *number));
            }
            Arc::make_mut(&mut standing.ticket).bantime = bantime;
            if let Some(end) = standing.ticket.ends() {
                self.ends.insert((end, *number));
            }
        }
    }

    fn take(&mut self, number: u64) -> Option<Arc<Ticket>> {
        let ticket = self.standing.remove(&number)?.ticket;
        if let Some(end) = ticket.ends() {
            self.ends.remove(&(end, number));
        }
        Some(ticket)
    }
}
