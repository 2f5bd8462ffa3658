//! Lines whose moments are mostly not asked for: `bantam regex` counts what matches, and most lines match nothing.
//!
//! The date is looked for in each line, since the detector learns from it and what matches depends on what is cut out;
//! but a date that is surely possible is made a moment of only where something matched, or where it has to stand in for
//! that of a later line. Lines without what the filter needs are told by one look at the block, and no expression is
//! tried on them. It equals judging each line.
use crate::counted::{is_log, is_next};
use crate::cut::{self, DATE_LIMIT, note};
use crate::decode::trim_line_end;
use crate::filter::{Filter, LineContext, Note};
use crate::stamp::Stamp;
use crate::window::Cut;
use crate::{Report, Time};
use bantam_pattern::LineBudget;
use bantam_pattern::date::{Found, Look};

impl Filter {
    /// Judges each line of a block but those that are blank or comments; `tell` gets the line, without its end, and
    /// what became of it.
    pub(crate) fn judge_every_line(
        &mut self,
        block: &[u8],
        context: &mut LineContext<'_>,
        notes: &mut Vec<Note>,
        tell: &mut dyn FnMut(&[u8], Option<&mut Report>),
    ) {
        let mut aside = None;
        // The rules for old dates want to know every line's.
        let is_sparing = context.findtime.is_none();
        let mut candidates = match is_sparing && self.screening.pays() {
            true => self.candidates(block),
            false => None,
        };
        let is_screened = candidates.is_some();
        let (mut lines, mut chosen) = (0, 0);
        let mut joins = None;
        for line in crate::block::lines(block) {
            let is_candidate = is_next(&mut candidates, &line);
            (lines, chosen) = (lines + 1, chosen + usize::from(is_candidate));
            let line = trim_line_end(&block[line]);
            if !is_log(line) {
                continue;
            }
            match is_sparing {
                true => {
                    let joins = (!is_candidate).then_some(&mut joins);
                    self.judge_sparing(line, joins, &mut aside, context, notes);
                }
                false => drop(self.judge(line, context, notes)),
            }
            tell(line, Some(&mut self.report));
        }
        if is_screened {
            self.screening.was_done(lines, chosen);
        }
        self.settle_aside(&mut aside, context.now);
    }

    /// Judges a line, and asks for its moment only where something matches. The last line whose date nobody asked for
    /// is left in `aside`: it may have to stand in for that of a later one. `joins`: the line has nothing that the filter
    /// needs, unless cutting out its date brings that about.
    fn judge_sparing<'b>(
        &mut self,
        line: &'b [u8],
        joins: Option<&mut Joins>,
        aside: &mut Option<&'b [u8]>,
        context: &mut LineContext<'_>,
        notes: &mut Vec<Note>,
    ) {
        self.report.hits.clear();
        self.report.ignored.clear();
        let _clock = self.long_line(line.len());
        let (text, now) = (self.encoding().decode(line), context.now);
        let found = match self.look_lately(&text, now, notes) {
            Look::Known(found) => found,
            Look::Placed(place) => {
                let dated = cut::at_place(&text, place, now);
                if !self.lacks_all(&dated.cut, joins) {
                    self.judge_dated(dated, &text, None, context, notes);
                }
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
        if found.is_none() && !text.is_empty() && (joins.is_some() || self.passes_over(&text)) {
            self.dismiss();
            return;
        }
        if found.as_ref().is_some_and(Found::is_own) {
            *aside = None;
        } else {
            self.settle_aside(aside, now);
        }
        let dated = cut::at_date(found.as_ref(), &mut self.dates, &text, now, notes);
        if !self.lacks_all(&dated.cut, joins) {
            self.judge_dated(dated, &text, None, context, notes);
        }
    }

    /// Dismisses a line that is said to have nothing that the filter needs, if cutting it brings nothing about.
    fn lacks_all(&mut self, cut: &Cut<'_>, joins: Option<&mut Joins>) -> bool {
        let Some(joins) = joins else {
            return false;
        };
        if cut.before.is_empty() && cut.after.is_empty() {
            return false;
        }
        if let (Some(&before), Some(&after)) = (cut.before.as_bytes().last(), cut.after.as_bytes().first()) {
            let known = joins.filter(|known| known.0 == (before, after));
            let may_join = known.map_or_else(|| self.needs().may_join(before, after), |known| known.1);
            *joins = Some(((before, after), may_join));
            if may_join {
                return false;
            }
        }
        self.dismiss();
        true
    }

    /// Looks for the line's date, but mostly not for its moment.
    fn look_lately(&mut self, text: &str, now: Time, notes: &mut Vec<Note>) -> Look {
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
}

/// Whether a look at a block is worth its time: in a log of which nearly every line has something that the filter needs it
/// leaves out next to nothing.
#[derive(Debug, Default)]
pub(crate) struct Screening {
    /// Blocks that are judged without.
    left: u32,
}

/// It is tried again after so many blocks.
const PATIENCE: u32 = 15;

impl Screening {
    /// Whether the next block is to be looked at.
    fn pays(&mut self) -> bool {
        let pays = self.left == 0;
        self.left = self.left.saturating_sub(1);
        pays
    }

    /// Of so many lines so many had to be judged after all.
    fn was_done(&mut self, lines: usize, chosen: usize) {
        if chosen.saturating_mul(4) > lines.saturating_mul(3) {
            self.left = PATIENCE;
        }
    }
}

/// The last two bytes that were asked about, and whether they can join to something that the filter needs.
type Joins = Option<((u8, u8), bool)>;

impl Report {
    fn set_stamp(&mut self, stamp: Option<Stamp>) {
        for hit in &mut self.hits {
            hit.time = stamp.map(|stamp| stamp.time);
            hit.zoned = stamp.is_some_and(|stamp| stamp.zoned);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_look_that_left_nearly_nothing_out_some_blocks_are_judged_without() {
        let mut screening = Screening::default();
        screening.was_done(100, 75);
        assert!(screening.pays());
        screening.was_done(100, 76);
        assert!((0..PATIENCE).all(|_| !screening.pays()));
        assert!(screening.pays());
    }
}
