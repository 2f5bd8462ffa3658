//! Bans that stand: found by id, listed in the order in which they were set, lifted in the order in which they end.
//!
//! Who stands banned and goes on makes his ban last longer each time that he reaches the limit, which is a flood's
//! commonest event: it touches what is found by his id and nothing else. His ticket, and the place at which the end of
//! his ban is listed, come to know of it when they are next asked.
use crate::ban::ends;
use crate::{Id, Ticket, Time};
use foldhash::fast::RandomState;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

#[derive(Debug)]
struct Standing {
    /// Which ban it was, of all.
    number: u64,
    /// When it began.
    time: Time,
    /// How long it lasts.
    bantime: f64,
    /// The end under which it is listed, never later than that which it has.
    listed: Option<Time>,
    /// Has no time of its own: follows the jail's `bantime`, as the original lets such bans do.
    follows: bool,
    /// Shared with the tasks that the ban led to; what changes here does not change there.
    ticket: Arc<Ticket>,
}

impl Standing {
    fn end(&self) -> Option<Time> {
        ends(self.time, self.bantime)
    }

    fn tell_ticket(&mut self) {
        if self.ticket.bantime != self.bantime {
            Arc::make_mut(&mut self.ticket).bantime = self.bantime;
        }
    }

    /// Lists it under the end that it has.
    fn list(&mut self, all: &mut BTreeSet<(Time, u64)>) {
        let end = self.end();
        if end != self.listed {
            self.unlist(all);
            self.listed = end;
            all.extend(end.map(|end| (end, self.number)));
        }
    }

    fn unlist(&mut self, all: &mut BTreeSet<(Time, u64)>) {
        if let Some(listed) = self.listed.take() {
            all.remove(&(listed, self.number));
        }
    }
}

/// The ban list of a jail.
#[derive(Debug, Default)]
pub(crate) struct Bans {
    by_id: HashMap<Id, Standing, RandomState>,
    /// Their ids by number.
    order: BTreeMap<u64, Id>,
    ends: BTreeSet<(Time, u64)>,
    next: u64,
    /// A ban lasts longer than its ticket knows.
    is_told_late: bool,
}

impl Bans {
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(crate) fn get(&mut self, id: &Id) -> Option<&Arc<Ticket>> {
        let standing = self.by_id.get_mut(id)?;
        standing.tell_ticket();
        Some(&standing.ticket)
    }

    /// In the order in which they were set.
    pub(crate) fn in_order(&mut self) -> Vec<&Arc<Ticket>> {
        self.tell_late();
        let all = self.order.values().filter_map(|id| self.by_id.get(id));
        all.map(|standing| &standing.ticket).collect()
    }

    /// By end, those that end together in the order in which they were set, permanent ones last.
    pub(crate) fn by_end(&mut self) -> Vec<&Arc<Ticket>> {
        self.tell_late();
        let of = |number: &u64| Some(&self.by_id.get(self.order.get(number)?)?.ticket);
        let ending = self.ends.iter().filter_map(|(_, number)| of(number));
        let permanent = self
            .order
            .keys()
            .filter_map(of)
            .filter(|ticket| ticket.ends().is_none());
        ending.chain(permanent).collect()
    }

    /// No ban ends sooner.
    pub(crate) fn next_end(&self) -> Option<Time> {
        self.ends.first().map(|(end, _)| *end)
    }

    fn tell_late(&mut self) {
        if std::mem::take(&mut self.is_told_late) {
            for standing in self.by_id.values_mut() {
                standing.tell_ticket();
                standing.list(&mut self.ends);
            }
        }
    }

    pub(crate) fn insert(&mut self, ticket: Arc<Ticket>, follows: bool) {
        let number = self.next;
        self.next += 1;
        let id = ticket.id.clone();
        let mut standing = Standing {
            number,
            time: ticket.time,
            bantime: ticket.bantime,
            listed: None,
            follows,
            ticket,
        };
        standing.list(&mut self.ends);
        self.order.insert(number, id.clone());
        self.by_id.insert(id, standing);
    }

    /// A decision about an id that stands banned already makes its ban last longer when it would end later. Gives when
    /// the ban began; none where there is none.
    pub(crate) fn prolong(&mut self, id: &Id, time: Time, bantime: f64) -> Option<Time> {
        let standing = self.by_id.get_mut(id)?;
        let is_longer = |end| bantime < 0.0 || time.plus_secs(bantime) > end;
        if standing.end().is_some_and(is_longer) {
            let later = (time.nanos().saturating_sub(standing.time.nanos())).max(0) as f64 / 1e9;
            standing.bantime = if bantime < 0.0 { -1.0 } else { bantime + later };
            standing.follows = false;
            self.is_told_late = true;
        }
        Some(standing.time)
    }

    pub(crate) fn remove(&mut self, id: &Id) -> Option<Arc<Ticket>> {
        let mut standing = self.by_id.remove(id)?;
        self.order.remove(&standing.number);
        standing.unlist(&mut self.ends);
        standing.tell_ticket();
        Some(standing.ticket)
    }

    /// Takes out all bans that lie in a network, in the order in which they were set.
    pub(crate) fn remove_within(&mut self, net: &Id) -> Vec<Arc<Ticket>> {
        let within: Vec<Id> = self.order.values().filter(|id| net.contains(id)).cloned().collect();
        within.iter().filter_map(|id| self.remove(id)).collect()
    }

    pub(crate) fn remove_all(&mut self) -> Vec<Arc<Ticket>> {
        let all = std::mem::take(&mut self.order);
        let all = all.values().filter_map(|id| self.remove(id)).collect();
        self.by_id.shrink_to_fit();
        all
    }

    /// Takes out what ended before now.
    pub(crate) fn remove_ended(&mut self, now: Time) -> Vec<Arc<Ticket>> {
        let mut ended = Vec::new();
        while let Some((listed, number)) = self.ends.first().copied().filter(|(end, _)| *end < now) {
            self.ends.pop_first();
            let standing = self.order.get(&number).and_then(|id| self.by_id.get_mut(id));
            let Some(standing) = standing else { continue };
            standing.listed = None;
            if standing.end() == Some(listed) {
                let id = standing.ticket.id.clone();
                ended.extend(self.remove(&id));
            } else {
                standing.list(&mut self.ends);
            }
        }
        ended
    }

    /// The jail's `bantime` changed: bans without a time of their own follow.
    pub(crate) fn follow(&mut self, bantime: f64) {
        for standing in self.by_id.values_mut().filter(|standing| standing.follows) {
            standing.bantime = bantime;
            standing.tell_ticket();
            standing.list(&mut self.ends);
        }
    }
}
