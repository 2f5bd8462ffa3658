//! Lines whose moments are mostly not asked for: `bantam regex` counts what matches, and most lines match nothing.
//!
//! The date is looked for in each line, since the detector learns from it and what matches depends on what is cut out;
//! but a date that is surely possible is made a moment of only where something matched, or where it has to stand in for
//! that of a later line. It equals judging each line.
use crate::counted::is_log;
use crate::cut::{self, DATE_LIMIT, note};
use crate::decode::trim_line_end;
use crate::filter::{Filter, LineContext, Note};
use crate::stamp::Stamp;
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
    }

    /// Judges a line, and asks for its moment only where something matches. The last line whose date nobody asked for
    /// is left in `aside`: it may have to stand in for that of a later one.
    fn judge_sparing<'b>(
        &mut self,
        line: &'b [u8],
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
        if found.is_none() && self.passes_over(&text) {
            return;
        }
        if found.as_ref().is_some_and(Found::is_own) {
            *aside = None;
        } else {
            self.settle_aside(aside, now);
        }
        let dated = cut::at_date(found.as_ref(), &mut self.dates, &text, now, notes);
        self.judge_dated(dated, &text, None, context, notes);
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

impl Report {
    fn set_stamp(&mut self, stamp: Option<Stamp>) {
        for hit in &mut self.hits {
            hit.time = stamp.map(|stamp| stamp.time);
            hit.zoned = stamp.is_some_and(|stamp| stamp.zoned);
        }
    }
}
