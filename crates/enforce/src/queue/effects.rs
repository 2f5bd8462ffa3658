//! Which ban of which action stands, and which failed and is due again when.
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
pub(crate) struct Retry {
    pub target: Target,
    pub action: Arc<str>,
    pub state: EffectState,
}

/// When, and a number that keeps equal times apart.
type Due = (Instant, u64);

#[derive(Debug)]
struct Effect {
    action: Arc<str>,
    state: EffectState,
    due: Option<Due>,
}

#[derive(Debug)]
struct Entry {
    /// Place in the order of banning.
    place: u64,
    target: Target,
    effects: Vec<Effect>,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    entries: HashMap<Id, Entry>,
    due: BTreeMap<Due, (Id, Arc<str>)>,
    number: u64,
    standing: usize,
    failing_unbans: usize,
}

impl Effects {
    /// Standing, failing bans, failing unbans.
    pub(crate) fn counts(&self) -> (usize, usize, usize) {
        let failing = self.due.len();
        (self.standing, failing - self.failing_unbans, self.failing_unbans)
    }

    pub(crate) fn state(&self, id: &Id, action: &str) -> Option<EffectState> {
        let effects = &self.entries.get(id)?.effects;
        let effect = effects.iter().find(|effect| *effect.action == *action)?;
        Some(effect.state)
    }

    pub(crate) fn of(&self, id: &Id) -> States {
        self.entries.get(id).map_or_else(Vec::new, Entry::states)
    }

    pub(crate) fn all(&self) -> Vec<(Id, States)> {
        self.in_order()
            .into_iter()
            .map(|entry| (entry.target.id.clone(), entry.states()))
            .collect()
    }

    /// Everybody of whom something stands or failed, in the order of banning.
    pub(crate) fn targets(&self) -> Vec<Target> {
        self.in_order().into_iter().map(|entry| entry.target.clone()).collect()
    }

    /// Everybody of whom this action's effect stands, in the order of banning.
    pub(crate) fn standing_of(&self, action: &str) -> Vec<Target> {
        let stands = |entry: &&Entry| {
            let mut effects = entry.effects.iter();
            effects.any(|effect| *effect.action == *action && effect.state == EffectState::Standing)
        };
        self.in_order()
            .into_iter()
            .filter(stands)
            .map(|entry| entry.target.clone())
            .collect()
    }

    pub(crate) fn set(&mut self, target: &Target, action: &Arc<str>, state: EffectState, due: Option<Instant>) {
        self.clear(&target.id, action);
        self.number += 1;
        let due = due.map(|due| (due, self.number));
        if let Some(due) = due {
            self.due.insert(due, (target.id.clone(), Arc::clone(action)));
        }
        match state {
            EffectState::Standing => self.standing += 1,
            EffectState::UnbanFailing { .. } => self.failing_unbans += 1,
            EffectState::BanFailing { .. } => {}
        }
        let entry = self.entries.entry(target.id.clone()).or_insert_with(|| Entry {
            place: self.number,
            target: target.clone(),
            effects: Vec::with_capacity(1),
        });
        entry.target = target.clone();
        entry.effects.push(Effect {
            action: Arc::clone(action),
            state,
            due,
        });
    }

    /// Values of a ban have changed.
    pub(crate) fn update(&mut self, target: &Target) {
        if let Some(entry) = self.entries.get_mut(&target.id) {
            entry.target = target.clone();
        }
    }

    pub(crate) fn clear(&mut self, id: &Id, action: &str) {
        let Some(entry) = self.entries.get_mut(id) else {
            return;
        };
        let Some(index) = entry.effects.iter().position(|effect| *effect.action == *action) else {
            return;
        };
        let effect = entry.effects.remove(index);
        if let Some(due) = effect.due {
            self.due.remove(&due);
        }
        match effect.state {
            EffectState::Standing => self.standing -= 1,
            EffectState::UnbanFailing { .. } => self.failing_unbans -= 1,
            EffectState::BanFailing { .. } => {}
        }
    }

    /// Drops an id of which no action has anything.
    pub(crate) fn forget_if_empty(&mut self, id: &Id) {
        if self.entries.get(id).is_some_and(|entry| entry.effects.is_empty()) {
            self.entries.remove(id);
        }
    }

    pub(crate) fn clear_action(&mut self, action: &str) {
        let ids: Vec<Id> = self.entries.keys().cloned().collect();
        for id in ids {
            self.clear(&id, action);
            self.forget_if_empty(&id);
        }
    }

    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.due.keys().next().map(|(due, _)| *due)
    }

    /// The oldest retry that has been due for at least so long.
    pub(crate) fn take_due(&mut self, now: Instant, overdue: Duration) -> Option<Retry> {
        let (due, (id, action)) = self.due.first_key_value()?;
        if now.checked_duration_since(due.0)? < overdue {
            return None;
        }
        let (id, action) = (id.clone(), Arc::clone(action));
        let state = self.state(&id, &action)?;
        let target = self.entries.get(&id)?.target.clone();
        Some(Retry { target, action, state })
    }

    fn in_order(&self) -> Vec<&Entry> {
        let mut entries: Vec<&Entry> = self.entries.values().collect();
        entries.sort_unstable_by_key(|entry| entry.place);
        entries
    }
}

impl Entry {
    fn states(&self) -> States {
        self.effects
            .iter()
            .map(|effect| (Arc::clone(&effect.action), effect.state))
            .collect()
    }
}
