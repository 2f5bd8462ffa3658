//! Where a block leaves the dates of a filter that skipped its last lines: found out once for all filters of the same
//! date pattern.
//!
//! What the detector would have learned from the last line it is taught when it is next asked, which most blocks do not
//! bring about.
use crate::cut::{self, Moment};
use crate::date_anchor::DateAnchor;
use crate::decode::Encoding;
use crate::filter::Filter;
use bantam_pattern::LineBudget;
use bantam_pattern::date::{Detector, Found};
use std::ops::Range;
use std::sync::Arc;

/// A longer line is not kept for later.
const LONGEST_LINE: usize = 32 << 10;

/// The last line of a block, as filters with these settings see it.
#[derive(Debug)]
pub(crate) struct BlockEnd {
    pattern: Option<String>,
    zone: Option<String>,
    encoding: Encoding,
    /// The line, if its date does not depend on lines before it.
    line: Option<(Arc<Untaught>, Found)>,
}

/// A line that a detector has not learned from.
#[derive(Debug)]
pub(crate) struct Untaught {
    pub(crate) text: String,
    pub(crate) moment: Moment,
}

impl BlockEnd {
    fn is_for(&self, filter: &Filter) -> bool {
        self.encoding == filter.encoding() && self.pattern == filter.datepattern && self.zone == filter.zone
    }

    fn of(filter: &mut Filter, block: &[u8], anchor: &DateAnchor, moment: Moment) -> Self {
        BlockEnd {
            pattern: filter.datepattern.clone(),
            zone: filter.zone.clone(),
            encoding: filter.encoding(),
            line: dated_line(filter, block, anchor, moment),
        }
    }
}

fn dated_line(
    filter: &mut Filter,
    block: &[u8],
    anchor: &DateAnchor,
    moment: Moment,
) -> Option<(Arc<Untaught>, Found)> {
    let block = block.strip_suffix(b"\n").unwrap_or(block);
    let line = &block[memchr::memrchr(b'\n', block).map_or(0, |at| at + 1)..];
    if line.len() > LONGEST_LINE || !anchor.stands_once_in(line) {
        return None;
    }
    let text = filter.encoding().decode(line);
    let found = {
        let _budget = LineBudget::date(text.len());
        filter.spare.as_mut()?.find(&text, moment.now)?
    };
    let text = text.into_owned();
    found.is_own().then(|| (Arc::new(Untaught { text, moment }), found))
}

impl Filter {
    /// Brings the dates to where judging these last lines of the block would have brought them. `ends`: what is known of
    /// the end of the same block at the same moment.
    pub(crate) fn settle_end(
        &mut self,
        block: &[u8],
        range: Range<usize>,
        anchor: &DateAnchor,
        ends: &mut Vec<BlockEnd>,
        moment: Moment,
    ) {
        if range.is_empty() {
            return;
        }
        let known = ends.iter().position(|end| end.is_for(self)).unwrap_or_else(|| {
            ends.push(BlockEnd::of(self, block, anchor, moment));
            ends.len() - 1
        });
        let Some((line, found)) = ends.get(known).and_then(|end| end.line.as_ref()) else {
            return self.settle_dates(block, range, anchor, moment);
        };
        let mut unsaid = Vec::new();
        let dated = cut::at_date(Some(found), &mut self.dates, &line.text, moment.now, &mut unsaid);
        cut::complete(dated, &mut self.dates, &line.text, moment, &mut unsaid);
        self.untaught = Some(Arc::clone(line));
    }

    /// Teaches the detector what it was not taught yet.
    pub(crate) fn teach(&mut self) {
        if let Some(line) = self.untaught.take() {
            line.teach(self.detector_untaught());
        }
    }
}

impl Untaught {
    pub(crate) fn teach(&self, detector: &mut Detector) {
        let _budget = LineBudget::date(self.text.len());
        detector.find(&self.text, self.moment.now);
    }
}
