//! Which ban of an action stands, and which failed and is due again when. Each action has its own: it may be further
//! than the next one by any number of tasks.
use super::Target;
use bantam_detect::Id;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What one action came to for one id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EffectState {
    /// The ban took effect.
    Standing,
    /// The ban failed so many times, and will be tried again.
    BanFailing {
        /// Failures so far.
        tries: u32,
    },
    /// The unban failed so many times, and will be tried again.
    UnbanFailing {
        /// Failures so far.
        tries: u32,
    },
}

/// What each action came to, by the action's name.
pub type States = Vec<(Arc<str>, EffectState)>;

/// A retry whose time has come. Its state stays until the outcome replaces it.
#[derive(Debug)]
pub(super) struct Retry {
    pub(super) target: Target,
    pub(super) state: EffectState,
}

/// When, and a number that keeps equal times apart.
type Due = (Instant, u64);

#[derive(Debug)]
struct Entry {
    /// Place in the order of banning.
    place: u64,
    target: Target,
    /// None of somebody who is banned but not by this action, which is told of the unban all the same.
    state: Option<EffectState>,
    due: Option<Due>,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Effects {
    entries: HashMap<Id, Entry>,
    due: BTreeMap<Due, Id>,
    number: u64,
    standing: usize,
    failing_unbans: usize,
}

impl Effects {
    /// Standing, failing bans, failing unbans.
    pub(super) fn counts(&self) -> (usize, usize, usize) {
        let failing = self.due.len();
        (self.standing, failing - self.failing_unbans, self.failing_unbans)
    }

    pub(super) fn state(&self, id: &Id) -> Option<EffectState> {
        self.entries.get(id)?.state
    }

    /// Everybody for whom this action came to something, in the order of banning.
    pub(super) fn all(&self) -> Vec<(Id, EffectState)> {
        let states = self.in_order().into_iter();
        states
            .filter_map(|entry| Some((entry.target.id.clone(), entry.state?)))
            .collect()
    }

    /// Everybody who is banned, or of whom something failed, in the order of banning.
    pub(super) fn targets(&self) -> Vec<Target> {
        self.in_order().into_iter().map(|entry| entry.target.clone()).collect()
    }

    /// Everybody whose ban stands, in the order of banning.
    pub(super) fn standing(&self) -> Vec<Target> {
        let entries = self.in_order().into_iter();
        entries
            .filter(|entry| entry.state == Some(EffectState::Standing))
            .map(|entry| entry.target.clone())
            .collect()
    }

    pub(super) fn set(&mut self, target: &Target, state: EffectState, due: Option<Instant>) {
        self.know(target);
        self.clear(&target.id);
        let due = due.map(|due| (due, self.number));
        self.number += 1;
        if let Some(due) = due {
            self.due.insert(due, target.id.clone());
        }
        match state {
            EffectState::Standing => self.standing += 1,
            EffectState::UnbanFailing { .. } => self.failing_unbans += 1,
            EffectState::BanFailing { .. } => {}
        }
        if let Some(entry) = self.entries.get_mut(&target.id) {
            entry.target = target.clone();
            entry.state = Some(state);
            entry.due = due;
        }
    }

    /// Somebody is banned, whether or not by this action.
    pub(super) fn know(&mut self, target: &Target) {
        if !self.entries.contains_key(&target.id) {
            let entry = Entry {
                place: self.number,
                target: target.clone(),
                state: None,
                due: None,
            };
            self.number += 1;
            self.entries.insert(target.id.clone(), entry);
        }
    }

    /// Values of a ban have changed.
    pub(super) fn update(&mut self, target: &Target) {
        if let Some(entry) = self.entries.get_mut(&target.id) {
            entry.target = target.clone();
        }
    }

    /// Nothing stands of an id by this action, and nothing is to be tried again.
    pub(super) fn clear(&mut self, id: &Id) {
        let Some(entry) = self.entries.get_mut(id) else {
            return;
        };
        if let Some(due) = entry.due.take() {
            self.due.remove(&due);
        }
        match entry.state.take() {
            Some(EffectState::Standing) => self.standing -= 1,
            Some(EffectState::UnbanFailing { .. }) => self.failing_unbans -= 1,
            Some(EffectState::BanFailing { .. }) | None => {}
        }
    }

    /// The ban of an id is over, and nothing is to be tried again.
    pub(super) fn forget(&mut self, id: &Id) {
        self.clear(id);
        self.entries.remove(id);
    }

    pub(super) fn forget_all(&mut self) {
        *self = Effects {
            number: self.number,
            ..Effects::default()
        };
    }

    pub(super) fn next_due(&self) -> Option<Instant> {
        self.due.keys().next().map(|(due, _)| *due)
    }

    /// The oldest retry that has been due for at least so long.
    pub(super) fn retry(&self, now: Instant, overdue: Duration) -> Option<Retry> {
        let (due, id) = self.due.first_key_value()?;
        if now.checked_duration_since(due.0)? < overdue {
            return None;
        }
        let entry = self.entries.get(id)?;
        Some(Retry {
            target: entry.target.clone(),
            state: entry.state?,
        })
    }

    fn in_order(&self) -> Vec<&Entry> {
        let mut entries: Vec<&Entry> = self.entries.values().collect();
        entries.sort_unstable_by_key(|entry| entry.place);
        entries
    }
}
