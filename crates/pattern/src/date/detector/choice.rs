//! Which of the templates tells the date of a line.

use std::sync::Arc;

use super::super::access;
use super::super::columns::Columns;
use super::super::defaults::ACCESS_LOG;
use super::super::shapes::Shapes;
use super::{Detector, Last, Match, Slot};
use crate::budget;

impl Detector {
    /// The winning template's place in the order, its match left in `found`; and whether that is known to be the
    /// template's first in the line.
    pub(super) fn choose(&mut self, line: &str, columns: &Columns<'_>) -> (Option<usize>, bool) {
        let mut kept: Option<(usize, Match)> = None;
        let mut passed_over = None;
        if let Some(last) = self.last {
            let (is_found, whole_line) = self.ask_last(&last, line, columns);
            passed_over = whole_line.then_some(last.index);
            if is_found && self.is_settled(&last, columns) {
                return (Some(last.index), whole_line);
            }
            self.marks.gave_up |= !is_found && !budget::may_look(line.len());
            if is_found {
                kept = Some((last.index, *self.found));
            }
        }
        let leftmost = kept.is_none() || passed_over.is_some();
        (self.search(line, columns, passed_over, kept), leftmost)
    }

    /// In a line of an access log the date in brackets, where the default templates would take another that the client
    /// wrote into its name, the request or a header: then this one is left in `found`, and the place of its template
    /// returned.
    pub(super) fn of_access_log(&mut self, line: &str, chosen_index: usize, leftmost: bool) -> Option<usize> {
        if !self.unset {
            return None;
        }
        let is_access_log = |slot: &Slot| slot.template.pattern.as_deref() == Some(ACCESS_LOG);
        let own = self.slots.get(chosen_index).filter(|slot| is_access_log(slot));
        // What a plan finds in a line it finds also when the line ends behind it, and the other way round.
        let is_found = self.marks.usable && own.is_some_and(|slot| slot.template.plan.is_some());
        if is_found && access::is_first(line, self.found.start..self.found.end, leftmost) {
            return None;
        }
        let chosen = *self.found;
        let mut dates = access::dates_in_brackets(line, chosen.start).peekable();
        if dates.peek().is_none() {
            self.marks.gave_up |= !budget::may_look(line.len());
            return None;
        }
        let index = match own {
            Some(_) => chosen_index,
            None => self.slots.iter().position(is_access_log)?,
        };
        let slot = self.slots.get(index)?;
        for date in dates {
            if is_found && chosen.start == date.start && chosen.end == date.end {
                break;
            }
            let found = &mut *self.found;
            let is_date = slot
                .template
                .search_within(line, date.start, date.end, &mut self.marks, found);
            if is_date && found.start == date.start && found.end == date.end {
                return Some(index);
            }
            if self.marks.gave_up {
                break;
            }
        }
        self.marks.gave_up |= !budget::may_look(line.len());
        *self.found = chosen;
        None
    }

    /// Asks the last template, at the last place if what surrounds it looks the same. Also tells whether the whole
    /// line was searched.
    fn ask_last(&mut self, last: &Last, line: &str, columns: &Columns<'_>) -> (bool, bool) {
        let Some(slot) = self.slots.get_mut(last.index) else {
            return (false, false);
        };
        let whole_line = slot.template.anchored || !columns.fits(&last.begin, &last.end);
        let is_found = if whole_line {
            slot.template.search(line, &mut self.marks, &mut self.found)
        } else {
            let (start, end) = (columns.byte(last.begin.column), columns.byte(last.end.column));
            let template = &slot.template;
            template.search_within(line, start, end, &mut self.marks, &mut self.found)
        };
        slot.was_found |= is_found;
        (is_found, whole_line)
    }

    fn is_settled(&self, last: &Last, columns: &Columns<'_>) -> bool {
        let found = &self.found;
        self.slots.len() == 1
            || self.slots.get(last.index).is_some_and(|slot| slot.template.anchored)
            || (columns.column(found.start) == last.begin.column && columns.column(found.end) == last.end.column)
    }

    /// Asks all templates in their order, but for the one `passed_over`. A date further right than its template's last
    /// one, or than the last one at all, is kept while better is looked for.
    fn search(
        &mut self,
        line: &str,
        columns: &Columns<'_>,
        passed_over: Option<usize>,
        mut kept: Option<(usize, Match)>,
    ) -> Option<usize> {
        let last_distance = self.last.map_or(1, |last| last.begin.column);
        let templates = self.slots.iter().map(|slot| (slot.id, slot.template.as_ref()));
        // One alone is asked sooner than ruled out.
        let of_several = || Shapes::of(templates).filter(|_| self.slots.len() > 1);
        let shapes = self.shapes.get_or_init(|| budget::uncounted(of_several).map(Arc::new));
        let passed_over_id = passed_over.and_then(|index| Some(self.slots.get(index)?.id));
        let candidates = shapes.as_ref().map(|shapes| {
            let asked = !passed_over_id.map_or(0, |id| 1 << id);
            shapes.candidates(asked, line.as_bytes(), &mut self.marks)
        });
        // Nothing can be found: no template is looked at.
        let asked = if candidates == Some(0) { 0 } else { self.slots.len() };
        for index in (0..asked).filter(|&index| Some(index) != passed_over) {
            let Some(slot) = self.slots.get_mut(index) else {
                break;
            };
            if candidates.is_some_and(|candidates| candidates >> slot.id & 1 == 0) {
                continue;
            }
            if !budget::may_look(line.len()) {
                self.marks.gave_up = true;
                break;
            }
            if !slot.template.search(line, &mut self.marks, &mut self.found) {
                continue;
            }
            slot.was_found = true;
            let distance = columns.column(self.found.start);
            let next_was_found = self.slots.get(index + 1).map(|next| next.was_found);
            let Some(slot) = self.slots.get(index) else {
                break;
            };
            let takes_all = match next_was_found {
                None => true,
                Some(next) => slot.template.anchored || (distance == 0 && slot.hits > 0 && !next),
            };
            if takes_all || (distance <= slot.distance && distance <= last_distance) {
                return Some(index);
            }
            if kept.is_none_or(|(_, best)| self.found.start < best.start) {
                kept = Some((index, *self.found));
            }
        }
        let (index, found) = kept?;
        *self.found = found;
        Some(index)
    }
}
