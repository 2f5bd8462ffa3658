//! The quick way through whole blocks: lines are cut only around places where something may match.
//!
//! What comes out equals judging line by line. Lines in which nothing can match are not judged, save that their dates
//! may have to stand in for those of lines without one. Two ways lead there: where the date stands at a literal
//! ([`crate::date_anchor`]), skipped lines are not looked at, and their dates are made up for when needed; where many
//! templates may fit, all lines' dates are looked for ([`crate::dated`]), once for all filters of a file.
use crate::block_end::BlockEnd;
use crate::cut::{self, Moment};
use crate::date_anchor::DateAnchor;
use crate::dated::DatedBlock;
use crate::filter::{Filter, LineContext, Note};
use crate::screen::Screen;
use crate::twins::Outcome;
use crate::{Failure, Report};
use std::ops::Range;

/// Blocks shorter than this are not worth the copies of what is kept about dates.
const WORTH_SHARING: usize = 16 << 10;

/// A block of whole lines on its way through the filters that read it.
#[derive(Debug)]
pub struct SharedBlock<'b> {
    block: &'b [u8],
    screen: &'b Screen,
    /// For each head of the screen the lines that can matter to it.
    candidates: Vec<Vec<Range<usize>>>,
    dated: Vec<DatedBlock>,
    ends: Vec<BlockEnd>,
    /// What filters found in it that have twins.
    pub(crate) outcomes: Vec<Outcome>,
}

impl<'b> SharedBlock<'b> {
    /// Looks at a block for all members of the screen.
    pub fn new(block: &'b [u8], screen: &'b Screen) -> Self {
        SharedBlock {
            block,
            screen,
            candidates: screen.look(block),
            dated: Vec::new(),
            ends: Vec::new(),
            outcomes: Vec::new(),
        }
    }

    /// The lines that can matter to a member, which asks once.
    fn take_candidates(&mut self, member: usize) -> Vec<Range<usize>> {
        let head = self.screen.head(member);
        match self.screen.is_shared(head) {
            true => self.candidates[head].clone(),
            false => std::mem::take(&mut self.candidates[head]),
        }
    }
}

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
        let screen = self.screen(block);
        self.process_shared(&mut SharedBlock::new(block, &screen), 0, context, failures, notes);
    }

    /// Judges a block as [`Filter::process_block`] does, as one of several filters that read it: the `member`th of
    /// its screen.
    pub fn process_shared(
        &mut self,
        shared: &mut SharedBlock<'_>,
        member: usize,
        context: &mut LineContext<'_>,
        failures: &mut Vec<Failure>,
        notes: &mut Vec<Note>,
    ) {
        self.judge_shared(shared, member, context, notes, &mut |report, context| {
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
        let screen = self.screen(block);
        self.judge_shared(&mut SharedBlock::new(block, &screen), 0, context, notes, tell);
    }

    fn judge_shared(
        &mut self,
        shared: &mut SharedBlock<'_>,
        member: usize,
        context: &mut LineContext<'_>,
        notes: &mut Vec<Note>,
        tell: &mut dyn FnMut(&mut Report, &LineContext<'_>),
    ) {
        let screened = shared.screen.is_for(member, self.needs());
        if !screened {
            // The filter was changed since.
            self.judge_lines(shared.block, context, notes, tell);
        } else if let Some(anchor) = self.skipping().filter(|anchor| anchor.spares_common(shared.screen)) {
            let candidates = shared.take_candidates(member);
            self.judge_anchored(
                (shared.block, &mut shared.ends),
                candidates,
                &anchor,
                context,
                notes,
                tell,
            );
        } else if self.may_leave_out() || (shared.screen.members() > 1 && shared.block.len() >= WORTH_SHARING) {
            self.judge_dated_lines(shared, member, context, notes, tell);
        } else {
            self.judge_lines(shared.block, context, notes, tell);
        }
    }

    /// All lines, one by one.
    fn judge_lines(
        &mut self,
        block: &[u8],
        context: &mut LineContext<'_>,
        notes: &mut Vec<Note>,
        tell: &mut dyn FnMut(&mut Report, &LineContext<'_>),
    ) {
        for line in lines(block) {
            self.judge(&block[line], context, notes);
            tell(&mut self.report, context);
        }
    }

    /// Lines with their dates found beforehand; those that can matter, or all.
    fn judge_dated_lines(
        &mut self,
        shared: &mut SharedBlock<'_>,
        member: usize,
        context: &mut LineContext<'_>,
        notes: &mut Vec<Note>,
        tell: &mut dyn FnMut(&mut Report, &LineContext<'_>),
    ) {
        let moment = Moment::from(&*context);
        let (block, encoding) = (shared.block, self.encoding());
        let detector = self.detector();
        let known = shared.dated.iter().position(|dated| dated.is_of(detector, encoding));
        let dated = match known {
            Some(known) => &shared.dated[known],
            None => {
                let dated = DatedBlock::new(block, detector, encoding, moment.now, shared.screen);
                shared.dated.push(dated);
                &shared.dated[shared.dated.len() - 1]
            }
        };
        self.set_detector(dated.after());
        dated.tell(moment, notes);
        let mut settled = 0;
        let candidates = match self.may_leave_out() {
            true => {
                let head = shared.screen.head(member);
                let found = shared.candidates[head].iter();
                let mut all: Vec<usize> = found.filter_map(|line| dated.line_at(line.start)).collect();
                all.extend(&dated.joined[head]);
                all.sort_unstable();
                all.dedup();
                all
            }
            false => (0..dated.lines.len()).collect(),
        };
        for index in candidates {
            if !dated.lines[index].is_own() {
                self.settle_last(block, dated, settled..index, moment);
            }
            self.judge_found(block, dated, index, context, notes);
            tell(&mut self.report, context);
            settled = index + 1;
        }
        self.settle_last(block, dated, settled..dated.lines.len(), moment);
    }

    /// Brings the last date to where judging these lines would have brought it.
    fn settle_last(&mut self, block: &[u8], dated: &DatedBlock, lines: Range<usize>, moment: Moment) {
        let lines = &dated.lines[lines];
        let from = lines.iter().rposition(|line| line.is_own()).unwrap_or(0);
        for line in &lines[from..] {
            let text = self.encoding().decode(&block[line.line.clone()]);
            let mut unsaid = Vec::new();
            let placed = cut::at_date(line.found.as_ref(), &mut self.dates, &text, moment.now, &mut unsaid);
            cut::complete(placed, &mut self.dates, &text, moment, &mut unsaid);
        }
    }

    /// Lines around literals, with what they need of the dates of those between.
    fn judge_anchored(
        &mut self,
        (block, ends): (&[u8], &mut Vec<BlockEnd>),
        candidates: Vec<Range<usize>>,
        anchor: &DateAnchor,
        context: &mut LineContext<'_>,
        notes: &mut Vec<Note>,
        tell: &mut dyn FnMut(&mut Report, &LineContext<'_>),
    ) {
        self.prepare_spare();
        let mut settled = 0;
        for line in candidates {
            self.judge_candidate(block, line, anchor, &mut settled, context, notes);
            tell(&mut self.report, context);
        }
        let moment = Moment::from(&*context);
        self.settle_end(block, settled..block.len(), anchor, ends, moment);
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
        let _clock = self.long_line(bytes.len());
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
    pub(crate) fn settle_dates(&mut self, block: &[u8], range: Range<usize>, anchor: &DateAnchor, moment: Moment) {
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

/// The lines of a block without their newlines; a last one without newline counts.
pub(crate) fn lines(block: &[u8]) -> impl Iterator<Item = Range<usize>> {
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
