//! Finds dates, learning which template a log uses.
//!
//! Text in a line is the attacker's to choose, a date among it: so a template that was found at one place is asked
//! there first, and one that turns up further right than before is only taken when nothing else fits.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::access;
use super::columns::{Border, Columns};
use super::convert::{self, Context, Moment};
use super::defaults::{self, ACCESS_LOG, ANCHORED_WEIGHT};
use super::marks::Marks;
use super::recent::Recent;
use super::repeat::Repeat;
use super::shapes::Shapes;
use super::template::{Template, find_tag, key_of};
use super::tokens::Years;
use super::written::Written;
use super::{Match, zone};
use crate::budget;
use crate::{PatternError, Time};

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

/// Finds dates, learning which template a log uses.
#[derive(Debug)]
pub struct Detector {
    slots: Vec<Slot>,
    /// No template was asked for: shown as the default detectors.
    unset: bool,
    last: Option<Last>,
    first_unused: usize,
    default_offset: Option<i32>,
    local: TimeZone,
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

/// A template may take the place of another that was not used for so long.
const UNUSED_SECS: f64 = 300.0;
const FAR: usize = 0x7fff_ffff;

impl Detector {
    /// The default templates, as when a filter sets no `datepattern`.
    pub fn defaults() -> Self {
        Self::defaults_in(&Years::today())
    }

    /// The default templates for certain years.
    pub fn defaults_in(years: &Years) -> Self {
        let mut detector = Self::empty();
        for (template, weight) in defaults::shared(years).all().unwrap_or_default() {
            detector.push(template, weight);
        }
        detector.unset = true;
        detector
    }

    /// The templates of a `datepattern` option: one a line. None at all are the defaults.
    pub fn from_pattern(datepattern: &str) -> Result<Self, PatternError> {
        Self::from_pattern_in(datepattern, &Years::today())
    }

    /// The templates of a `datepattern` option, for certain years.
    pub fn from_pattern_in(datepattern: &str, years: &Years) -> Result<Self, PatternError> {
        let mut detector = Self::empty();
        for (at, line) in lines_with_offsets(datepattern) {
            let moved = |error: PatternError| PatternError {
                span: error.span.map(|span| span.start + at..span.end + at),
                ..error
            };
            detector.add(line, years).map_err(moved)?;
        }
        if detector.slots.is_empty() {
            return Ok(Self::defaults_in(years));
        }
        Ok(detector)
    }

    fn empty() -> Self {
        Detector {
            slots: Vec::new(),
            unset: false,
            last: None,
            first_unused: 0,
            default_offset: None,
            local: crate::local_zone(),
            clock: None,
            marks: Marks::default(),
            found: Box::default(),
            placed: Placed::default(),
            aside: Box::default(),
            aside_id: None,
            winner: None,
            shapes: OnceCell::new(),
            recent: Recent::default(),
            written: None,
            repeat: Repeat::default(),
        }
    }

    fn add(&mut self, pattern: &str, years: &Years) -> Result<(), PatternError> {
        let key = key_of(pattern);
        let known: HashSet<String> = self.slots.iter().map(|slot| slot.template.name.clone()).collect();
        let is_new = |template: &Template| !known.contains(&template.name);
        if key == "{DEFAULT}" {
            // Alone it means the defaults, since there is no template then; beside others the original ignores it.
        } else if key == "{^LN-BEG}" {
            for (template, weight) in defaults::shared(years).at_line_begin()? {
                match is_new(&template) {
                    true => self.push(template, weight),
                    false => self.raise(&template.name, weight),
                }
            }
        } else if key.contains("{DATE}") {
            let alone = known.is_empty();
            if alone && find_tag(pattern, 0, &["{DATE}"]).is_none() {
                // All templates would be this one, in which only an escaped tag stands.
                return Err(twice(pattern, pattern));
            }
            for template in defaults::shared(years).embedded(pattern, years)? {
                if alone || is_new(&template) {
                    self.push(Arc::new(template), 1.0);
                }
            }
        } else {
            let template = Template::new(pattern, years, false)?;
            template.check()?;
            if !is_new(&template) {
                return Err(twice(&template.name, pattern));
            }
            self.push(Arc::new(template), 1.0);
        }
        Ok(())
    }

    fn push(&mut self, template: Arc<Template>, base_weight: f64) {
        self.shapes = OnceCell::new();
        self.slots.push(Slot {
            id: self.slots.len(),
            template,
            base_weight,
            hits: 0,
            was_found: false,
            last_used: None,
            distance: FAR,
        });
    }

    /// A template that the user put first is, among the defaults, as heavy as the default of its name.
    fn raise(&mut self, name: &str, weight: f64) {
        if weight == ANCHORED_WEIGHT
            && let Some(slot) = self.slots.iter_mut().find(|slot| slot.template.name == name)
        {
            slot.base_weight = weight;
        }
    }

    /// Zone for lines that carry none (`logtimezone`: `UTC+0200`, `GMT-0100`, `CET` …).
    pub fn set_default_zone(&mut self, zone: Option<&str>) -> Result<(), PatternError> {
        self.recent = Recent::default();
        self.repeat.forget();
        self.default_offset = match zone {
            None => None,
            Some(text) => Some(zone::offset(text).ok_or_else(|| PatternError {
                message: format!("unknown time zone {text:?}"),
                span: Some(0..text.len()),
                hint: Some("an offset such as UTC+0200 or -0430, or an abbreviation such as CET".to_owned()),
            })?),
        };
        Ok(())
    }

    /// Zone for lines that carry none when no default is set: the process's own (`TZ`), unless told otherwise here.
    pub fn set_local_zone(&mut self, zone: TimeZone) {
        self.recent = Recent::default();
        self.repeat.forget();
        self.local = zone;
        self.clock = None;
    }

    /// Looks for a date in the line. `now` completes what the text leaves out, and is when the template was used.
    pub fn find(&mut self, line: &str, now: Time) -> Option<Found> {
        if self.repeat.holds_for(line) {
            return self.repeated(line, now);
        }
        let columns = self.begin(line);
        if let Some(start) = self.place_of_written(line, &columns) {
            return self.found_again(start, line, &columns, now);
        }
        self.place(line, &columns, now).then(|| self.date(line, now))?
    }

    /// The same, for those who will mostly not ask for the moment: it learns all the same.
    pub fn look(&mut self, line: &str, now: Time) -> Look {
        if self.repeat.holds_for(line) {
            return Look::Known(self.repeated(line, now));
        }
        let columns = self.begin(line);
        if let Some(start) = self.place_of_written(line, &columns) {
            return Look::Known(self.found_again(start, line, &columns, now));
        }
        if !self.place(line, &columns, now) {
            return Look::Known(None);
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
            && self.local == other.local
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

    /// The winning template's place in the order, its match left in `found`; and whether that is known to be the
    /// template's first in the line.
    fn choose(&mut self, line: &str, columns: &Columns<'_>) -> (Option<usize>, bool) {
        let mut kept: Option<(usize, Match)> = None;
        let mut passed_over = None;
        if let Some(last) = self.last {
            let (is_found, whole_line) = self.ask_last(&last, line, columns);
            passed_over = whole_line.then_some(last.index);
            if is_found && self.is_settled(&last, columns) {
                return (Some(last.index), whole_line);
            }
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
    fn of_access_log(&mut self, line: &str, chosen_index: usize, leftmost: bool) -> Option<usize> {
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

    /// Notes the winner and lets it rise in the order; returns its new place.
    fn learn(&mut self, index: usize, found: Range<usize>, columns: &Columns<'_>, now: Time) -> usize {
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

impl Default for Detector {
    /// With the default templates.
    fn default() -> Self {
        Detector::defaults()
    }
}

impl Clone for Detector {
    fn clone(&self) -> Self {
        Detector {
            slots: self.slots.clone(),
            unset: self.unset,
            last: self.last,
            first_unused: self.first_unused,
            default_offset: self.default_offset,
            local: self.local.clone(),
            clock: self.clock,
            shapes: self.shapes.clone(),
            // They are of one line.
            recent: Recent::default(),
            written: None,
            repeat: Repeat::default(),
            marks: Marks::default(),
            found: Box::default(),
            placed: Placed::default(),
            aside: Box::default(),
            aside_id: None,
            winner: None,
        }
    }
}

impl Slot {
    /// `ordered`: it stands among others, where its place depends on how often and where it was found.
    fn is_like(&self, other: &Slot, ordered: bool) -> bool {
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

    fn weight(&self) -> f64 {
        self.hits as f64 * self.base_weight / self.distance.max(1) as f64
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

/// The lines that are not blank, trimmed, each with its place in the text.
fn lines_with_offsets(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split('\n')
        .scan(0, |at, line| {
            let begin = *at;
            *at += line.len() + 1;
            let trimmed = line.trim_start();
            Some((begin + line.len() - trimmed.len(), trimmed.trim_end()))
        })
        .filter(|(_, line)| !line.is_empty())
}

fn twice(name: &str, pattern: &str) -> PatternError {
    PatternError {
        message: format!("There is already a template with name {name}"),
        span: Some(0..pattern.len()),
        hint: Some("leave one of the two out".to_owned()),
    }
}
