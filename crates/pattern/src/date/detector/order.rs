//! The order in which templates are asked, and how it changes with what is found.

use std::ops::Range;
use std::sync::Arc;

use super::super::columns::Columns;
use super::{Detector, Last, Slot};
use crate::Time;

/// A template may take the place of another that was not used for so long.
const UNUSED_SECS: f64 = 300.0;

impl Detector {
    /// Notes the winner and lets it rise in the order; returns its new place.
    pub(super) fn learn(&mut self, index: usize, found: Range<usize>, columns: &Columns<'_>, now: Time) -> usize {
        let Some(slot) = self.slots.get_mut(index) else {
            return index;
        };
        let begin = columns.border(found.start);
        slot.hits += 1;
        slot.last_used = Some(now);
        slot.distance = begin.column;
        if self.first_unused == index {
            self.first_unused += 1;
        }
        let moved = index > 0 && self.last.is_none_or(|last| last.index != index);
        let index = if moved { self.raise_in_order(index) } else { index };
        self.last = Some(Last {
            index,
            begin,
            end: columns.border(found.end),
        });
        index
    }

    fn raise_in_order(&mut self, from: usize) -> usize {
        let half_way = if self.first_unused < from {
            self.first_unused
        } else {
            from / 2
        };
        let to = if self.may_displace(from, half_way) {
            half_way
        } else if half_way != from - 1 && self.may_displace(from, from - 1) {
            from - 1
        } else {
            return from;
        };
        let slot = self.slots.remove(from);
        self.slots.insert(to, slot);
        while self.slots.get(self.first_unused).is_some_and(|slot| slot.hits > 0) {
            self.first_unused += 1;
        }
        to
    }

    /// Whether the template at one place is heavier than that at another, or the other was long not used.
    fn may_displace(&self, from: usize, to: usize) -> bool {
        let (Some(one), Some(other)) = (self.slots.get(from), self.slots.get(to)) else {
            return false;
        };
        let long_ago = one.last_used.map(|used| used.plus_secs(-UNUSED_SECS));
        one.weight() > other.weight() || long_ago > other.last_used
    }
}

impl Slot {
    /// `ordered`: it stands among others, where its place depends on how often and where it was found.
    pub(super) fn is_like(&self, other: &Slot, ordered: bool) -> bool {
        let same_template = || {
            let (one, other) = (&self.template, &other.template);
            Arc::ptr_eq(one, other) || (one.name == other.name && one.expression == other.expression)
        };
        self.id == other.id
            && (self.hits > 0) == (other.hits > 0)
            && (!ordered || (self.hits == other.hits && self.last_used == other.last_used))
            && self.distance == other.distance
            && self.was_found == other.was_found
            && self.base_weight.to_bits() == other.base_weight.to_bits()
            && same_template()
    }

    pub(super) fn weight(&self) -> f64 {
        self.hits as f64 * self.base_weight / self.distance.max(1) as f64
    }
}
