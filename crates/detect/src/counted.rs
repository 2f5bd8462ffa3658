//! Whole blocks for those who count every line, such as `bantam regex`: what can be told of a line without judging it
//! is told so.
//!
//! It equals judging each line, the hits of the date template included. Beyond [`crate::block`] this takes a look at
//! each line's date, which for most is a comparison of shapes.
use crate::cut::{self, DATE_LIMIT, Moment, note};
use crate::date_anchor::DateAnchor;
use crate::decode::trim_line_end;
use crate::filter::{Filter, LineContext, Note};
use crate::stamp::Stamp;
use crate::{Report, Time};
use bantam_pattern::LineBudget;
use bantam_pattern::date::{Alike, Found, Look};
use memchr::memmem::Finder;
use std::cell::Cell;
use std::ops::Range;

impl Filter {
    /// Judges each line of a block but those that are blank or comments. `tell` gets the line, without its end, and
    /// what became of it; nothing where it can mean nothing.
    pub fn judge_each(
        &mut self,
        block: &[u8],
        context: &mut LineContext<'_>,
        notes: &mut Vec<Note>,
        tell: &mut dyn FnMut(&[u8], Option<&mut Report>),
    ) {
        let Some(anchor) = self.skipping() else {
            let mut aside = None;
            // The rules for old dates want to know every line's.
            let is_sparing = context.findtime.is_none();
            for line in crate::block::lines(block) {
                let line = trim_line_end(&block[line]);
                if !is_log(line) {
                    continue;
                }
                match is_sparing {
                    true => self.judge_sparing(line, &mut aside, context, notes),
                    false => drop(self.judge(line, context, notes)),
                }
                tell(line, Some(&mut self.report));
            }
            self.settle_aside(&mut aside, context.now);
            return;
        };
        self.prepare_spare();
        let screen = self.screen(block);
        let candidates = screen.look(block).into_iter().next().unwrap_or_default();
        let mut candidates = candidates.into_iter().peekable();
        let mut dates = Dates::new(block, &anchor);
        for line in crate::block::lines(block) {
            let text = trim_line_end(&block[line.clone()]);
            let is_candidate = candidates.next_if_eq(&line).is_some();
            if !is_log(text) {
                continue;
            }
            if is_candidate {
                self.judge_counted(&mut dates, line, context, notes);
                tell(text, Some(&mut self.report));
            } else {
                self.count_date(&mut dates, line, Moment::from(&*context));
                tell(text, None);
            }
        }
        let moment = Moment::from(&*context);
        dates.settle(self, moment);
        self.add_date_hits(dates.hits.get());
    }

    /// Judges a line, and asks for its moment only where something matches. The last line whose date nobody asked for is
    /// left in `aside`: it may have to stand in for that of a later one.
    fn judge_sparing<'b>(
        &mut self,
        line: &'b [u8],
        aside: &mut Option<&'b [u8]>,
        context: &mut LineContext<'_>,
        notes: &mut Vec<Note>,
    ) {
        self.report.hits.clear();
        self.report.ignored.clear();
        let (text, now) = (self.encoding().decode(line), context.now);
        let found = match self.look(&text, now, notes) {
            Look::Known(found) => found,
            Look::Placed(place) => {
                self.judge_dated(cut::at_place(&text, place, now), &text, None, context, notes);
                if self.report.hits.is_empty() {
                    self.detector_mut().set_aside();
                    *aside = Some(line);
                } else {
                    *aside = None;
                    let found = self.detector_mut().date(&text, now);
                    let stamp = cut::at_date(found.as_ref(), &mut self.dates, &text, now, notes).stamp;
                    self.report.set_stamp(stamp);
                }
                return;
            }
        };
        if found.is_none() && self.is_without_literals(&text) {
            self.report.pass_over();
            return;
        }
        if found.as_ref().is_some_and(is_own) {
            *aside = None;
        } else {
            self.settle_aside(aside, now);
        }
        let dated = cut::at_date(found.as_ref(), &mut self.dates, &text, now, notes);
        self.judge_dated(dated, &text, None, context, notes);
    }

    /// Looks for the line's date, but mostly not for its moment.
    fn look(&mut self, text: &str, now: Time, notes: &mut Vec<Note>) -> Look {
        let _budget = LineBudget::date(text.len());
        let detector = self.detector_mut();
        let looked = detector.look(text, now);
        if detector.gave_up() {
            note(notes, DATE_LIMIT);
        }
        looked
    }

    /// The last date becomes that of the line that was set aside.
    fn settle_aside(&mut self, aside: &mut Option<&[u8]>, now: Time) {
        if let Some(line) = aside.take() {
            let text = self.encoding().decode(line);
            let found = self.detector_mut().date_aside(&text, now);
            cut::at_date(found.as_ref(), &mut self.dates, &text, now, &mut Vec::new());
        }
    }

    fn judge_counted(
        &mut self,
        dates: &mut Dates<'_>,
        line: Range<usize>,
        context: &mut LineContext<'_>,
        notes: &mut Vec<Note>,
    ) {
        let moment = Moment::from(&*context);
        let text = self.encoding().decode(&dates.block[line.clone()]);
        if dates.only_place_in(&line).is_some() {
            // Where the line tells its own time, those before it do not matter.
            self.judge_text(&text, context, notes, Some(&|filter| dates.settle(filter, moment)));
            dates.forget();
        } else {
            dates.settle(self, moment);
            self.judge_text(&text, context, notes, None);
        }
    }

    fn count_date(&mut self, dates: &mut Dates<'_>, line: Range<usize>, moment: Moment) {
        let place = dates.only_place_in(&line);
        if place.is_some_and(|at| dates.is_usual(&dates.block[at..line.end])) {
            dates.forget();
            dates.unsettled.set(Some((line.start, line.end)));
            return;
        }
        let date = place.and_then(|at| dates.anchor.usual_date(&dates.block[at..line.end]));
        let year = date.as_ref().map(|date| date.year);
        if let Some(date) = date.filter(|_| year == dates.year) {
            dates.last = date.alike();
            dates.forget();
            dates.unsettled.set(Some((line.start, line.end)));
            return;
        }
        dates.settle(self, moment);
        let text = self.encoding().decode(&dates.block[line]);
        if self.learn_date(&text, moment) {
            // The pattern takes this year, so it is not asked again.
            dates.year = year.or(dates.year);
        }
    }
}

impl Report {
    /// Nothing was tried on the line.
    fn pass_over(&mut self) {
        self.window_before = None;
        self.prefix_matched = false;
        self.prefix_groups = None;
    }

    fn set_stamp(&mut self, stamp: Option<Stamp>) {
        for hit in &mut self.hits {
            hit.time = stamp.map(|stamp| stamp.time);
            hit.zoned = stamp.is_some_and(|stamp| stamp.zoned);
        }
    }
}

/// Whether the line itself tells its moment.
fn is_own(found: &Found) -> bool {
    found.time.is_some() && !found.span.is_empty()
}

/// Neither blank nor a comment.
fn is_log(line: &[u8]) -> bool {
    !matches!(line.first(), None | Some(b'#'))
}

/// The dates of a block's lines, as far as they are known.
struct Dates<'b> {
    block: &'b [u8],
    anchor: &'b DateAnchor,
    finder: Finder<'b>,
    /// The next place where a date may begin.
    place: Option<usize>,
    /// A year that the pattern takes.
    year: Option<&'b [u8]>,
    /// The last date with this year that was written the usual way.
    last: Option<Alike>,
    /// Lines that have a date for certain.
    hits: Cell<u64>,
    /// The last of them, from which the detector has not learnt.
    unsettled: Cell<Option<(usize, usize)>>,
}

impl<'b> Dates<'b> {
    fn new(block: &'b [u8], anchor: &'b DateAnchor) -> Self {
        let finder = anchor.finder();
        Dates {
            block,
            anchor,
            place: finder.find(block),
            finder,
            year: None,
            last: None,
            hits: Cell::new(0),
            unsettled: Cell::new(None),
        }
    }

    /// Where the line's date stands, if there is one place for it. To be asked about lines in their order.
    fn only_place_in(&mut self, line: &Range<usize>) -> Option<usize> {
        if self.place.is_some_and(|at| at < line.start) {
            self.place = self.place_from(line.start);
        }
        let at = self.place.filter(|at| *at < line.end)?;
        self.place = self.place_from(at + 1);
        self.place.is_none_or(|next| next >= line.end).then_some(at)
    }

    /// Whether the date that begins here is written the usual way, with a year that the pattern takes, as far as the last
    /// one tells.
    fn is_usual(&self, text: &[u8]) -> bool {
        self.last.as_ref().is_some_and(|last| last.begins(text))
    }

    fn place_from(&self, from: usize) -> Option<usize> {
        self.finder.find(self.block.get(from..)?).map(|at| from + at)
    }

    /// Lets the filter learn from the last line whose date was not looked at.
    fn settle(&self, filter: &mut Filter, moment: Moment) {
        if let Some((start, end)) = self.unsettled.take() {
            filter.learn_date(&filter.encoding().decode(&self.block[start..end]), moment);
        }
    }

    /// Another line's date takes its place; what remains of it is a hit.
    fn forget(&self) {
        let left = self.unsettled.take();
        self.hits.set(self.hits.get() + u64::from(left.is_some()));
    }
}
