//! Which families of an action are started, and which of them hold items.
use bantam_detect::Family;

/// What an action is started for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Slot {
    /// Ids without a family; where a slot is asked for, all of them.
    Raw,
    /// The whole action, where it knows of no families.
    Common,
    /// One family.
    Family(String),
}

impl Slot {
    pub(super) fn of(family: Option<Family>) -> Self {
        match family {
            Some(Family::Inet4) => Self::Family("inet4".to_owned()),
            Some(Family::Inet6) => Self::Family("inet6".to_owned()),
            None => Self::Raw,
        }
    }

    pub(super) fn named(family: &str) -> Self {
        match family {
            "" => Self::Common,
            family => Self::Family(family.to_owned()),
        }
    }

    /// The family by which properties are chosen; empty for none.
    pub(super) fn family(&self) -> &str {
        match self {
            Self::Raw | Self::Common => "",
            Self::Family(family) => family,
        }
    }
}

const STARTED: u8 = 1;
const HOLDS_ITEMS: u8 = 2;

/// States by slot, in the order in which slots were first used.
#[derive(Debug, Default)]
pub(super) struct Started {
    slots: Vec<(Slot, u8)>,
}

impl Started {
    pub(super) fn is_started(&self, slot: &Slot) -> bool {
        self.state(slot).is_some_and(|state| state != 0)
    }

    pub(super) fn is_known(&self, slot: &Slot) -> bool {
        self.state(slot).is_some()
    }

    pub(super) fn holds_items(&self, slot: &Slot) -> bool {
        self.state(slot).is_some_and(|state| state & HOLDS_ITEMS != 0)
    }

    pub(super) fn set_started(&mut self, slot: &Slot) {
        self.set(slot, STARTED);
    }

    pub(super) fn set(&mut self, slot: &Slot, state: u8) {
        match self.slots.iter_mut().find(|(known, _)| known == slot) {
            Some((_, old)) => *old = state,
            None => self.slots.push((slot.clone(), state)),
        }
    }

    pub(super) fn add_item(&mut self, slot: &Slot) {
        self.set(slot, STARTED | HOLDS_ITEMS);
    }

    pub(super) fn without_items(&mut self, slot: &Slot) {
        if let Some(state) = self.state(slot) {
            self.set(slot, state & !HOLDS_ITEMS);
        }
    }

    pub(super) fn clear(&mut self) {
        self.slots.clear();
    }

    pub(super) fn started(&self) -> Vec<Slot> {
        self.with(STARTED | HOLDS_ITEMS, |state| state != 0)
    }

    pub(super) fn holding_items(&self) -> Vec<Slot> {
        self.with(STARTED | HOLDS_ITEMS, |state| state == STARTED | HOLDS_ITEMS)
    }

    fn with(&self, mask: u8, wanted: impl Fn(u8) -> bool) -> Vec<Slot> {
        self.slots
            .iter()
            .filter(|(_, state)| wanted(state & mask))
            .map(|(slot, _)| slot.clone())
            .collect()
    }

    fn state(&self, slot: &Slot) -> Option<u8> {
        let (_, state) = self.slots.iter().find(|(known, _)| known == slot)?;
        Some(*state)
    }
}
