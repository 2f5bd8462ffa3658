//! The quick way through whole blocks: lines are cut only around places where something may match.
//!
//! What comes out equals judging line by line. The lines between are not looked at, save that their dates may have to
//! stand in for those of lines without one: then the dates are made up for, from the nearest line before that has a
//! date of its own (see [`crate::date_anchor`] for when that is exact).
use crate::cut::Moment;
use crate::date_anchor::DateAnchor;
use crate::filter::{Filter, LineContext, Note};
use crate::literals::Literals;
use crate::{Failure, Report};
use std::ops::Range;

impl Filter {
    /// Judges a block of whole lines, each with its newline; lines that cannot matter cost next to nothing.
    ///
    /// Failures equal those of [`Filter::process`] on each line. Notes about dates of lines that were not looked at
    /// are missing, and the template hits count only the lines that were.
    pub fn process_block(
        &mut self,
        block: &[u8],
        context: &mut LineContext<'_>,
        failures: &mut Vec<Failure>,
        notes: &mut Vec<Note>,
    ) {
        self.judge_block(block, context, notes, &mut |report, context| {
            failures.extend(report.hits.drain(..).filter_map(|hit| Failure::from_hit(hit, context)));
        });
    }

    /// Judges a block as [`Filter::process_block`] does and tells all about each line that was looked at.
    pub fn judge_block(
        &mut self,
        block: &[u8],
        context: &mut LineContext<'_>,
        notes: &mut Vec<Note>,
        tell: &mut dyn FnMut(&mut Report, &LineContext<'_>),
    ) {
        let candidates = self
            .skipping()
            .map(|(literals, anchor)| (candidate_lines(literals, block), anchor));
        let Some((candidates, anchor)) = candidates else {
            for line in lines(block) {
                self.judge(&block[line], context, notes);
                tell(&mut self.report, context);
            }
            return;
        };
        self.prepare_spare();
        let mut settled = 0;
        for line in candidates {
            self.judge_candidate(block, line, &anchor, &mut settled, context, notes);
            tell(&mut self.report, context);
        }
        let moment = Moment::from(&*context);
        self.settle_dates(block, settled..block.len(), &anchor, moment);
    }

    /// Judges a line after skipped ones. `settled` is up to where the dates are known; it moves on.
    fn judge_candidate(
        &mut self,
        block: &[u8],
        line: Range<usize>,
        anchor: &DateAnchor,
        settled: &mut usize,
        context: &mut LineContext<'_>,
        notes: &mut Vec<Note>,
    ) {
        let bytes = &block[line.clone()];
        let skipped = *settled..line.start;
        let moment = Moment::from(&*context);
        let text = self.encoding().decode(bytes);
        if anchor.stands_once_in(bytes) {
            let settle = |filter: &mut Self| {
                filter.settle_dates(block, skipped.clone(), anchor, moment);
            };
            self.judge_text(&text, context, notes, Some(&settle));
        } else {
            self.settle_dates(block, skipped, anchor, moment);
            self.judge_text(&text, context, notes, None);
        }
        *settled = (line.end + 1).min(block.len());
    }

    /// Brings the detector and the last date to where judging all these lines would have brought them.
    fn settle_dates(&mut self, block: &[u8], range: Range<usize>, anchor: &DateAnchor, moment: Moment) {
        let encoding = self.encoding();
        let mut start = range.end;
        while start > range.start {
            // Without the newline before `start`.
            let end = if block.get(start - 1) == Some(&b'\n') {
                start - 1
            } else {
                start
            };
            start = memchr::memrchr(b'\n', &block[range.start..end]).map_or(range.start, |at| range.start + at + 1);
            let line = &block[start..end];
            if anchor.stands_once_in(line) && self.finds_date(&encoding.decode(line), moment.now) {
                break;
            }
        }
        for line in lines(&block[start..range.end]) {
            let line = &block[start + line.start..start + line.end];
            self.learn_date(&encoding.decode(line), moment);
        }
    }
}

/// Lines in which something may match, in order, without their newlines.
fn candidate_lines(literals: &Literals, block: &[u8]) -> Vec<Range<usize>> {
    let mut places = literals.search(block);
    let mut candidates = Vec::new();
    let mut from = 0;
    while let Some(at) = places.next_from(from) {
        let start = memchr::memrchr(b'\n', &block[from..at]).map_or(from, |n| from + n + 1);
        let end = memchr::memchr(b'\n', &block[at..]).map_or(block.len(), |n| at + n);
        candidates.push(start..end);
        from = (end + 1).min(block.len());
    }
    candidates
}

/// The lines of a block without their newlines; a last one without newline counts.
fn lines(block: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut from = 0;
    std::iter::from_fn(move || {
        if from >= block.len() {
            return None;
        }
        let end = memchr::memchr(b'\n', &block[from..]).map_or(block.len(), |at| from + at);
        let line = from..end;
        from = end + 1;
        Some(line)
    })
}
