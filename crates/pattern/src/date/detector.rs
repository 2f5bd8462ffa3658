//! Finds dates, learning which template a log uses.
//!
//! Text in a line is the attacker's to choose, a date among it: so a template that was found at one place is asked
//! there first, and one that turns up further right than before is only taken when nothing else fits.

mod choice;
mod make;
mod order;

use std::cell::OnceCell;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::Match;
use super::columns::{Border, Columns};
use super::convert::{self, Context, Moment};
use super::marks::Marks;
use super::recent::Recent;
use super::repeat::Repeat;
use super::shapes::Shapes;
use super::template::Template;
use super::written::Written;
use crate::Time;

/// A date found in a line.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Bytes of the date proper (group 1 of its template): what is cut out of the line. May be empty (`{NONE}`).
    pub span: Range<usize>,
    /// The moment, or nothing when the text is no possible date (30 February) or is empty.
    pub time: Option<Time>,
    /// Whether the text (or a configured time zone) told the zone; the original then counts in whole numbers.
    pub zoned: bool,
    /// Which template: its [`TemplateInfo::id`].
    pub template: usize,
}

impl Found {
    /// Whether the line itself tells its moment.
    pub fn is_own(&self) -> bool {
        self.time.is_some() && !self.span.is_empty()
    }
}

/// Finds dates, learning which template a log uses.
#[derive(Debug)]
pub struct Detector {
    slots: Vec<Slot>,
    /// No template was asked for: shown as the default detectors.
    unset: bool,
    last: Option<Last>,
    first_unused: usize,
    default_offset: Option<i32>,
    local: Arc<TimeZone>,
    /// The present second, and what the local clock shows.
    clock: Option<(i64, DateTime)>,
    /// Of the line that is looked at.
    marks: Marks,
    /// The last match, if something was found last …
    found: Box<Match>,
    /// … and how that came about.
    placed: Placed,
    /// A match that may be asked for later, and the id of its template.
    aside: Box<Match>,
    aside_id: Option<usize>,
    /// The template that won last: its id.
    winner: Option<usize>,
    /// Made for the first line; none where the templates are too many.
    shapes: OnceCell<Option<Arc<Shapes>>>,
    /// Lines of one second have one date …
    recent: Recent,
    /// The date that the last moment was made of, where there is one template.
    pub(super) written: Option<Written>,
    /// … and mostly begin with it.
    repeat: Repeat,
    /// Something is known of a line that was looked at.
    has_looked: bool,
}

/// A template as `fail2ban-regex` lists it.
#[derive(Debug, Clone, PartialEq)]
pub struct TemplateInfo {
    /// Stays with the template when the order changes: its place in the order at the beginning.
    pub id: usize,
    /// Shown name, such as `{^LN-BEG}Day(?P<_sep>[-/])MON…`
    pub name: String,
    /// The pattern as written, where it has one (`Epoch` and `TAI64N` have none).
    pub pattern: Option<String>,
    /// The expression that it became.
    pub expression: String,
    /// Lines that it matched.
    pub hits: u64,
    /// What its place in the order is decided by: hits and base weight over distance.
    pub weight: f64,
    /// 100 for the default templates' copies at the line's beginning, else 1.
    pub base_weight: f64,
}

#[derive(Debug, Clone)]
struct Slot {
    id: usize,
    template: Arc<Template>,
    base_weight: f64,
    /// Lines for which it was chosen.
    hits: u64,
    /// Whether its expression was ever found, chosen or not.
    was_found: bool,
    last_used: Option<Time>,
    /// Column of its last date; far away at the beginning.
    distance: usize,
}

/// What [`Detector::look`] tells.
#[derive(Debug, Clone, PartialEq)]
pub enum Look {
    /// All about the date, or that there is none.
    Known(Option<Found>),
    /// The date proper stands here and is a possible one: [`Detector::date`] tells the rest.
    Placed(Range<usize>),
}

/// How a date was found.
#[derive(Debug, Clone, Copy, Default)]
struct Placed {
    /// Place of its template in the order.
    index: usize,
    /// The next one may well be the same.
    keep: bool,
}

/// Where the last date was.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Last {
    /// Place of its template in the order.
    index: usize,
    begin: Border,
    end: Border,
}

impl Detector {
    /// Looks for a date in the line. `now` completes what the text leaves out, and is when the template was used.
    pub fn find(&mut self, line: &str, now: Time) -> Option<Found> {
        match self.find_unless_placed(line, now) {
            ControlFlow::Break(known) => known,
            ControlFlow::Continue(()) => self.date(line, now),
        }
    }

    /// The same, for those who will mostly not ask for the moment: it learns all the same.
    pub fn look(&mut self, line: &str, now: Time) -> Look {
        if let ControlFlow::Break(known) = self.find_unless_placed(line, now) {
            return Look::Known(known);
        }
        let slot = self.slots.get(self.placed.index);
        match slot {
            // What is written as this one has its moment, which therefore must be known.
            Some(slot) if self.written.is_none() && slot.template.is_surely_possible(line, &self.found) => {
                Look::Placed(self.found.cut.0..self.found.cut.1)
            }
            _ => Look::Known(self.date(line, now)),
        }
    }

    /// Looks for a date in the line and tells what is known of it without making its moment; if it has to be made, the
    /// date is only placed.
    #[inline]
    fn find_unless_placed(&mut self, line: &str, now: Time) -> ControlFlow<Option<Found>> {
        self.has_looked = true;
        if self.repeat.holds_for(line) {
            return ControlFlow::Break(self.repeated(line, now));
        }
        let columns = self.begin(line);
        if let Some(start) = self.place_of_written(line, &columns) {
            return ControlFlow::Break(self.found_again(start, line, &columns, now));
        }
        match self.place(line, &columns, now) {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(None),
        }
    }

    /// The date that was placed last, in the same line.
    pub fn date(&mut self, line: &str, now: Time) -> Option<Found> {
        let moment = self.moment(self.placed, line, now);
        if self.repeat.is_kept() {
            (self.repeat.moment, self.repeat.asked) = (moment, Some(now.secs()));
        }
        Some(found_by(self.slots.get(self.placed.index)?, self.found.cut, moment))
    }

    /// Remembers the date that was placed last, instead of that which was remembered before.
    pub fn set_aside(&mut self) {
        std::mem::swap(&mut self.found, &mut self.aside);
        self.aside_id = self.slots.get(self.placed.index).map(|slot| slot.id);
    }

    /// The date that was remembered, in the line that it was found in.
    pub fn date_aside(&mut self, line: &str, now: Time) -> Option<Found> {
        let id = self.aside_id.take()?;
        let index = self.slots.iter().position(|slot| slot.id == id)?;
        std::mem::swap(&mut self.found, &mut self.aside);
        let placed = Placed { index, keep: false };
        let moment = self.moment(placed, line, now);
        Some(found_by(self.slots.get(index)?, self.found.cut, moment))
    }

    /// Begins with another line.
    fn begin<'l>(&mut self, line: &'l str) -> Columns<'l> {
        self.repeat.forget();
        let columns = Columns::new(line);
        self.marks.reset(line, columns.is_plain());
        columns
    }

    /// Finds where the date is, leaves that in `found` and `placed`, and learns from it.
    fn place(&mut self, line: &str, columns: &Columns<'_>, now: Time) -> bool {
        let (Some(chosen), leftmost) = self.choose(line, columns) else {
            return false;
        };
        let index = self.of_access_log(line, chosen, leftmost).unwrap_or(chosen);
        let index = self.learn(index, self.found.start..self.found.end, columns, now);
        let Some(slot) = self.slots.get(index) else {
            return false;
        };
        // Where templates take turns, what is kept of one date is of no use for the next.
        let keep = self.winner.replace(slot.id) == Some(slot.id);
        self.placed = Placed { index, keep };
        if self.slots.len() == 1 {
            let plain = columns.is_plain().then_some(line.as_bytes());
            self.written = plain.and_then(|text| Written::of(text, &self.found, &self.marks.way));
        }
        if columns.is_plain() && keep && self.found.start == 0 && slot.template.tells_by_beginning() {
            self.repeat.keep(line, self.marks.looked_at, index, &self.found);
        }
        true
    }

    /// What a line has that begins as the last one did: all that finding it again would teach is that it was found.
    fn repeated(&mut self, line: &str, now: Time) -> Option<Found> {
        let index = self.repeat.index;
        if self.repeat.asked != Some(now.secs()) {
            *self.found = self.repeat.found;
            let placed = Placed { index, keep: true };
            self.repeat.moment = self.moment(placed, line, now);
            self.repeat.asked = Some(now.secs());
        }
        self.marks.gave_up = false;
        let slot = self.slots.get_mut(index)?;
        slot.hits += 1;
        slot.last_used = Some(now);
        Some(found_by(slot, self.repeat.found.cut, self.repeat.moment))
    }

    /// The moment of the match in `found`.
    fn moment(&mut self, placed: Placed, line: &str, now: Time) -> Option<Moment> {
        let found = &*self.found;
        let slot = self.slots.get(placed.index).filter(|_| found.cut.0 < found.cut.1)?;
        let second = now.secs();
        let today = match self.clock {
            Some((known, today)) if known == second => today,
            _ => self.clock.insert((second, convert::clock(second, &self.local))).1,
        };
        let context = Context {
            second,
            today,
            default_offset: self.default_offset,
            local: &self.local,
        };
        let template = (slot.id, &*slot.template);
        self.recent.moment(template, line, found, &context, placed.keep)
    }

    /// A date of the only template that begins here and is written as the last one was.
    fn found_again(&mut self, start: usize, line: &str, columns: &Columns<'_>, now: Time) -> Option<Found> {
        let written = self.written.as_ref()?;
        let (place, cut) = (written.place(start), written.cut(start));
        let id = self.slots.first()?.id;
        let moment = match self.recent.again(id, now) {
            Some(moment) => moment,
            None => {
                *self.found = written.found(start)?;
                self.moment(Placed { index: 0, keep: true }, line, now)
            }
        };
        let index = self.learn(0, place, columns, now);
        Some(found_by(self.slots.get(index)?, cut, moment))
    }

    /// Where the only template's date begins, if it stands where [`Detector::choose`] looks first and is written as the
    /// last one was.
    fn place_of_written(&self, line: &str, columns: &Columns<'_>) -> Option<usize> {
        let (Some(written), [slot], Some(last)) = (&self.written, self.slots.as_slice(), &self.last) else {
            return None;
        };
        if !columns.is_plain() {
            return None;
        }
        let (begin, end) = match !slot.template.anchored && columns.fits(&last.begin, &last.end) {
            true => (columns.byte(last.begin.column), columns.byte(last.end.column)),
            false => (0, line.len()),
        };
        let start = slot.template.literal_within(line.as_bytes(), begin, end)?;
        written.again(line.as_bytes().get(..end)?, start).then_some(start)
    }

    /// Whether this one finds what the other finds, in whatever lines follow.
    pub fn is_like(&self, other: &Detector) -> bool {
        self.unset == other.unset
            && self.last == other.last
            && self.first_unused == other.first_unused
            && self.default_offset == other.default_offset
            && self.slots.len() == other.slots.len()
            && self
                .slots
                .iter()
                .zip(&other.slots)
                .all(|(one, other)| one.is_like(other, self.slots.len() > 1))
            // Zones are compared by their names and rules, which takes a while.
            && (Arc::ptr_eq(&self.local, &other.local) || self.local == other.local)
    }

    /// The hits of the only template, for those who know by other means in which lines it is found. None where there
    /// are several: then each line decides about their order.
    pub fn only_hits(&mut self) -> Option<&mut u64> {
        match self.slots.as_mut_slice() {
            [only] => Some(&mut only.hits),
            _ => None,
        }
    }

    /// Whether on the last line an expression took too many steps, so that a date may have been overlooked.
    pub fn gave_up(&self) -> bool {
        self.marks.gave_up
    }

    /// The templates with their hits, in their current order.
    pub fn templates(&self) -> Vec<TemplateInfo> {
        let info = |slot: &Slot| TemplateInfo {
            id: slot.id,
            name: slot.template.name.clone(),
            pattern: slot.template.pattern.clone(),
            expression: slot.template.expression.clone(),
            hits: slot.hits,
            weight: slot.weight(),
            base_weight: slot.base_weight,
        };
        self.slots.iter().map(info).collect()
    }

    #[cfg(feature = "differential")]
    pub(super) fn each_template(&self) -> impl Iterator<Item = &Template> {
        self.slots.iter().map(|slot| slot.template.as_ref())
    }

    /// What `get JAIL datepattern` answers: the pattern, where it has one, and a name.
    pub fn describe(&self) -> (Option<&str>, &str) {
        match self.slots.first() {
            Some(slot) if !self.unset && self.slots.len() <= 2 => {
                (slot.template.pattern.as_deref(), &slot.template.name)
            }
            _ => (None, "Default Detectors"),
        }
    }
}

impl Clone for Detector {
    fn clone(&self) -> Self {
        let mut copy = Detector::empty_in(Arc::clone(&self.local));
        copy.clone_from(self);
        copy
    }

    /// The same in the memory that this one has.
    fn clone_from(&mut self, other: &Self) {
        let Detector {
            slots,
            unset,
            last,
            first_unused,
            default_offset,
            local,
            clock,
            shapes,
            recent,
            written,
            repeat,
            marks,
            found,
            placed,
            aside,
            aside_id,
            winner,
            has_looked,
        } = self;
        slots.clone_from(&other.slots);
        *unset = other.unset;
        *last = other.last;
        *first_unused = other.first_unused;
        *default_offset = other.default_offset;
        local.clone_from(&other.local);
        *clock = other.clock;
        shapes.clone_from(&other.shapes);
        if !std::mem::take(has_looked) {
            return;
        }
        // They are of one line.
        *recent = Recent::default();
        *written = None;
        *repeat = Repeat::default();
        *marks = Marks::default();
        **found = Match::default();
        *placed = Placed::default();
        **aside = Match::default();
        *aside_id = None;
        *winner = None;
    }
}

fn found_by(slot: &Slot, cut: (usize, usize), moment: Option<Moment>) -> Found {
    Found {
        span: cut.0..cut.1,
        time: moment.map(|m| m.time),
        zoned: moment.is_some_and(|m| m.zoned),
        template: slot.id,
    }
}
