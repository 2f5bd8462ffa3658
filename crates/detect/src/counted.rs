//! Whole blocks for those who count every line, such as `bantam regex`: what can be told of a line without judging it
//! is told so.
//!
//! It equals judging each line, the hits of the date template included. Beyond [`crate::block`] this takes a look at
//! each line's date, which for most is a comparison of shapes.
use crate::Report;
use crate::cut::Moment;
use crate::date_anchor::DateAnchor;
use crate::decode::trim_line_end;
use crate::filter::{Filter, LineContext, Note};
use crate::sight::{Seen, Sight};
use bantam_pattern::date::Alike;
use memchr::memmem::Finder;
use std::cell::Cell;
use std::iter::Peekable;
use std::ops::Range;

/// Lines of a block that can matter, in order.
pub(crate) type Candidates = Peekable<std::vec::IntoIter<Range<usize>>>;

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
        let Some(anchor) = self.skipping().filter(|_| self.may_leave_untold()) else {
            return self.judge_every_line(block, context, notes, tell);
        };
        self.prepare_spare();
        let mut dates = Dates::new(block, &anchor);
        for seen in self.look(block, &anchor) {
            let text = trim_line_end(&block[seen.line.clone()]);
            if !is_log(text) {
                continue;
            }
            if seen.is_candidate {
                self.judge_counted(&mut dates, &seen, context, notes);
                tell(text, Some(&mut self.report));
            } else {
                self.count_date(&mut dates, &seen, Moment::from(&*context));
                tell(text, None);
            }
        }
        let moment = Moment::from(&*context);
        dates.settle(self, moment);
        self.add_date_hits(dates.hits.get());
    }

    /// The block's lines and what is known of each.
    fn look(&mut self, block: &[u8], anchor: &DateAnchor) -> Vec<Seen> {
        if let Some([literal]) = self.needs().literals() {
            let (literal, date) = (literal.clone(), anchor.literal());
            let known = self.sight.take().filter(|sight| sight.is_for(&literal, date));
            self.sight = known.or_else(|| Sight::new(&literal, date, block));
            if let Some(sight) = &self.sight {
                return sight.look(block);
            }
        }
        let mut candidates = self.candidates(block);
        let mut places = Places::new(block, anchor);
        crate::block::lines(block)
            .map(|line| Seen {
                date: places.only_one_in(&line),
                is_candidate: is_next(&mut candidates, &line),
                line,
            })
            .collect()
    }

    /// The lines that have something that the filter needs, where no other means anything to it.
    pub(crate) fn candidates(&mut self, block: &[u8]) -> Option<Candidates> {
        if !self.may_leave_uncounted() {
            return None;
        }
        let lines = self.screen(block).look(block).into_iter().next()?;
        Some(lines.into_iter().peekable())
    }

    fn judge_counted(
        &mut self,
        dates: &mut Dates<'_>,
        seen: &Seen,
        context: &mut LineContext<'_>,
        notes: &mut Vec<Note>,
    ) {
        let moment = Moment::from(&*context);
        let _clock = self.long_line(seen.line.len());
        let text = self.encoding().decode(&dates.block[seen.line.clone()]);
        if seen.date.is_some() {
            // Where the line tells its own time, those before it do not matter.
            self.judge_text(&text, context, notes, Some(&|filter| dates.settle(filter, moment)));
            dates.forget();
        } else {
            dates.settle(self, moment);
            self.judge_text(&text, context, notes, None);
        }
    }

    fn count_date(&mut self, dates: &mut Dates<'_>, seen: &Seen, moment: Moment) {
        let (place, line) = (seen.date, seen.line.clone());
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

/// Whether the line is the next of the candidates; where nobody can tell, all are.
pub(crate) fn is_next(candidates: &mut Option<Candidates>, line: &Range<usize>) -> bool {
    candidates.as_mut().is_none_or(|lines| lines.next_if_eq(line).is_some())
}

/// Neither blank nor a comment.
pub(crate) fn is_log(line: &[u8]) -> bool {
    !matches!(line.first(), None | Some(b'#'))
}

/// Where the dates of a block's lines may stand.
struct Places<'b> {
    block: &'b [u8],
    finder: Finder<'b>,
    /// The next place where one may begin.
    place: Option<usize>,
}

impl<'b> Places<'b> {
    fn new(block: &'b [u8], anchor: &'b DateAnchor) -> Self {
        let finder = anchor.finder();
        Places {
            block,
            place: finder.find(block),
            finder,
        }
    }

    /// Where a line's date stands, if there is one place for it. To be asked about lines in their order.
    fn only_one_in(&mut self, line: &Range<usize>) -> Option<usize> {
        if self.place.is_some_and(|at| at < line.start) {
            self.place = self.place_from(line.start);
        }
        let at = self.place.filter(|at| *at < line.end)?;
        self.place = self.place_from(at + 1);
        self.place.is_none_or(|next| next >= line.end).then_some(at)
    }

    fn place_from(&self, from: usize) -> Option<usize> {
        self.finder.find(self.block.get(from..)?).map(|at| from + at)
    }
}

/// The dates of a block's lines, as far as they are known.
struct Dates<'b> {
    block: &'b [u8],
    anchor: &'b DateAnchor,
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
        Dates {
            block,
            anchor,
            year: None,
            last: None,
            hits: Cell::new(0),
            unsettled: Cell::new(None),
        }
    }

    /// Whether the date that begins here is written the usual way, with a year that the pattern takes, as far as the last
    /// one tells.
    fn is_usual(&self, text: &[u8]) -> bool {
        self.last.as_ref().is_some_and(|last| last.begins(text))
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
