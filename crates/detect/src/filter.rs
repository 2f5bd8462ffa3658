//! One filter, compiled, with the state that it keeps from line to line.
mod settings;

use crate::block_end::Untaught;
use crate::cut::{DatedLine, LastDate, Moment};
use crate::date_anchor::DateAnchor;
use crate::dated::DatedBlock;
use crate::decode::Encoding;
use crate::entry::EntryLine;
use crate::judge::{self, Memory, Report};
use crate::rules::Rules;
use crate::screen::{Needs, Screen};
use crate::sight::Sight;
use crate::sparing::Screening;
use crate::{Failure, Id, MatchedLine, Time, cut};
use bantam_pattern::date::{Detector, TemplateInfo};
use bantam_pattern::{LineBudget, LongLine, uncounted};
use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

/// Turns a name into addresses. Implementations cache and bound their time.
pub trait Resolver {
    /// Addresses of a host name; empty when there are none.
    fn addresses(&mut self, name: &str) -> Vec<std::net::IpAddr>;
}

/// What the pipeline needs to know about the circumstances of a line.
pub struct LineContext<'a> {
    /// The present moment.
    pub now: Time,
    /// The file has been read to its end once: odd dates are replaced by now. Before that, lines older than
    /// `findtime` are dropped.
    pub in_operation: bool,
    /// Look-back at start, in seconds; no age check at all when none (`fail2ban-regex`).
    pub findtime: Option<f64>,
    /// Resolves names captured by `<HOST>`.
    pub resolver: &'a mut dyn Resolver,
}

/// Something worth a line in the log, besides failures. The caller bounds how often it says it; of one kind that
/// comes with every line of a flood only the first in a call is given.
#[derive(Debug, Clone, PartialEq)]
pub enum Note {
    /// A date deviates from now by so many seconds (positive: in the future) and was replaced.
    OddTime {
        /// Deviation in seconds.
        deviation: i64,
    },
    /// A line older than `findtime` was dropped at start.
    TooOld,
    /// A match without any date (skipped at start).
    Undated,
    /// The text looks like a date but is none.
    BadDate(String),
    /// An expression hit its step limit: which one (`failregex` and its index from 0).
    Limit {
        /// `prefregex`, `failregex`, `ignoreregex` or `datepattern`
        option: &'static str,
        /// Index from 0; 0 where there is only one.
        index: usize,
    },
    /// A name was resolved because of `usedns = warn`.
    Resolved {
        /// The name.
        name: String,
        /// What it stands for.
        ids: Vec<Id>,
    },
}

/// A filter at work.
#[derive(Debug)]
pub struct Filter {
    rules: Rules,
    pub(crate) memory: Memory,
    pub(crate) dates: LastDate,
    /// Built when first needed: the default templates are many, and most filters replace them.
    detector: Option<Box<Detector>>,
    /// A second one for the same pattern. Where lines are skipped it is asked about lines whose date does not depend
    /// on the lines before, and takes the place of the first when that is where the reading stands. So the first one
    /// never learns from a line out of its turn.
    pub(crate) spare: Option<Box<Detector>>,
    /// What the first one has not learned from yet; to be taught before it is asked.
    pub(crate) untaught: Option<Arc<Untaught>>,
    pub(crate) datepattern: Option<String>,
    /// Where its dates stand, if that is at a literal.
    anchor: Option<Arc<DateAnchor>>,
    /// For blocks that are not shared.
    screen: Option<Arc<Screen>>,
    pub(crate) screening: Screening,
    /// For those of which every line's date is counted, too.
    pub(crate) sight: Option<Sight>,
    pub(crate) zone: Option<String>,
    encoding: Encoding,
    pub(crate) report: Report,
    /// See [`Filter::key`]; made anew after a change.
    pub(crate) key: OnceLock<u128>,
}

impl Filter {
    /// A filter without expressions.
    pub fn new() -> Self {
        Filter {
            rules: Rules::new(),
            memory: Memory::default(),
            dates: LastDate::default(),
            detector: None,
            spare: None,
            untaught: None,
            datepattern: None,
            anchor: None,
            screen: None,
            screening: Screening::default(),
            sight: None,
            zone: None,
            encoding: Encoding::default(),
            report: Report::default(),
            key: OnceLock::new(),
        }
    }

    /// Date templates with their hits.
    pub fn date_templates(&self) -> Vec<TemplateInfo> {
        let of = |detector: &Option<Box<Detector>>| detector.as_ref().map(|detector| detector.templates());
        let mut templates = of(&self.detector).unwrap_or_default();
        for (template, spare) in templates.iter_mut().zip(of(&self.spare).unwrap_or_default()) {
            template.hits += spare.hits;
        }
        templates
    }
    /// The lines kept for the next match, with `maxlines` above 1.
    pub fn window(&self) -> &[MatchedLine] {
        &self.memory.window
    }
    /// The last date seen, and whether it told its zone.
    pub fn last_date(&self) -> Option<(Time, bool)> {
        self.dates.stamp.map(|stamp| (stamp.time, stamp.zoned))
    }

    /// Judges one line (without its newline; need not be UTF-8). Failures and notes are appended.
    pub fn process(
        &mut self,
        line: &[u8],
        context: &mut LineContext<'_>,
        failures: &mut Vec<Failure>,
        notes: &mut Vec<Note>,
    ) {
        let _clock = self.long_line(line.len());
        let text = self.encoding.decode(line);
        self.judge_text(&text, context, notes, None);
        let hits = self.report.hits.drain(..);
        failures.extend(hits.filter_map(|hit| Failure::from_hit(hit, context)));
    }

    /// Judges one line and tells all about it: for `bantam regex`, which counts expressions and not failures.
    pub fn judge(&mut self, line: &[u8], context: &mut LineContext<'_>, notes: &mut Vec<Note>) -> &Report {
        let _clock = self.long_line(line.len());
        let text: Cow<'_, str> = self.encoding.decode(line);
        self.judge_text(&text, context, notes, None);
        &self.report
    }

    /// Judges an entry of the journal. Failures and notes are appended.
    pub fn process_entry(
        &mut self,
        line: &EntryLine,
        context: &mut LineContext<'_>,
        failures: &mut Vec<Failure>,
        notes: &mut Vec<Note>,
    ) {
        self.judge_entry(line, context, notes);
        let hits = self.report.hits.drain(..);
        failures.extend(hits.filter_map(|hit| Failure::from_hit(hit, context)));
    }

    /// Judges an entry of the journal and tells all about it.
    pub fn judge_entry(
        &mut self,
        line: &EntryLine,
        context: &mut LineContext<'_>,
        notes: &mut Vec<Note>,
    ) -> &mut Report {
        self.report.hits.clear();
        self.report.ignored.clear();
        let _clock = self.long_line(line.text.len());
        let dated = cut::told(&mut self.dates, line);
        self.judge_dated(dated, &line.text, None, context, notes);
        &mut self.report
    }

    /// Begins to count what is done with a line of so many bytes, if it is a very long one.
    #[inline]
    pub(crate) fn long_line(&mut self, length: usize) -> Option<LongLine> {
        let first = !self.memory.has_seen_long;
        let clock = LongLine::begin(length, first);
        self.memory.has_seen_long |= clock.is_some();
        clock
    }

    /// The pipeline. Where the line does not tell its time itself, `settle` is called first: it brings the dates up
    /// to the line before. It comes with lines that were chosen for the literals in them.
    pub(crate) fn judge_text(
        &mut self,
        text: &str,
        context: &mut LineContext<'_>,
        notes: &mut Vec<Note>,
        settle: Option<&dyn Fn(&mut Self)>,
    ) {
        self.report.hits.clear();
        self.report.ignored.clear();
        let moment = Moment::from(&*context);
        let has_literals = settle.is_some().then_some(true);
        let dated = match settle {
            None => self.look_for_date(text, moment, notes),
            Some(settle) => {
                let spare = self.spare.get_or_insert_with(new_detector);
                let _budget = LineBudget::date(text.len());
                let hits = spare.only_hits().map(|hits| *hits);
                let dated = cut::look_for_date(spare, &mut self.dates, text, moment.now, &mut Vec::new());
                if dated.own_date {
                    std::mem::swap(&mut self.detector, &mut self.spare);
                    self.untaught = None;
                    dated
                } else {
                    // The other one is asked as well, and counts it.
                    if let (Some(hits), Some(counted)) = (hits, spare.only_hits()) {
                        *counted = hits;
                    }
                    settle(self);
                    self.look_for_date(text, moment, notes)
                }
            }
        };
        self.judge_dated(dated, text, has_literals, context, notes);
    }

    pub(crate) fn judge_dated(
        &mut self,
        dated: DatedLine<'_>,
        text: &str,
        has_literals: Option<bool>,
        context: &mut LineContext<'_>,
        notes: &mut Vec<Note>,
    ) {
        let moment = Moment::from(&*context);
        self.report.window_before = None;
        let _budget = LineBudget::expressions(text.len());
        if let Some(dated) = cut::complete(dated, &mut self.dates, text, moment, notes) {
            let report = &mut self.report;
            judge::judge(
                &self.rules,
                &mut self.memory,
                dated,
                has_literals,
                context,
                notes,
                report,
            );
        }
    }

    fn look_for_date<'t>(&mut self, text: &'t str, moment: Moment, notes: &mut Vec<Note>) -> DatedLine<'t> {
        self.teach();
        let detector = self.detector.get_or_insert_with(new_detector);
        let _budget = LineBudget::date(text.len());
        cut::look_for_date(detector, &mut self.dates, text, moment.now, notes)
    }

    /// Lets the detector learn from a line that is not judged. Whether the line tells its time.
    pub(crate) fn learn_date(&mut self, text: &str, moment: Moment) -> bool {
        let mut notes = Vec::new();
        let dated = self.look_for_date(text, moment, &mut notes);
        let own = dated.own_date;
        cut::complete(dated, &mut self.dates, text, moment, &mut notes);
        own
    }

    /// Counts lines as hits of the only date template.
    pub(crate) fn add_date_hits(&mut self, lines: u64) {
        if let Some(hits) = self.detector.as_mut().and_then(|detector| detector.only_hits()) {
            *hits += lines;
        }
    }

    /// Whether a line whose date does not depend on others has one; teaches nothing.
    pub(crate) fn finds_date(&mut self, text: &str, now: Time) -> bool {
        let _budget = LineBudget::date(text.len());
        let found = self.spare.as_mut().and_then(|spare| spare.find(text, now));
        found.is_some_and(|found| found.is_own())
    }

    /// Makes ready for skipping.
    pub(crate) fn prepare_spare(&mut self) {
        if self.spare.is_none() && self.datepattern.is_some() {
            self.spare = self.detector.as_ref().map(|detector| Box::new(detector.anew()));
        }
    }

    /// What lines have to have to mean something to this filter. A change of its expressions gives another.
    pub fn needs(&self) -> &Arc<Needs> {
        self.rules.needs()
    }

    /// Whether lines without what the filter needs may be left out.
    pub(crate) fn may_leave_out(&self) -> bool {
        // Who wants all that matches wants to hear of ignoreregexes that were tried first, too.
        let ignores_first = self.rules.check_all && self.rules.ignores_first();
        self.rules.needs().tells() && self.rules.max_lines == 1 && !ignores_first
    }

    /// The same for those who count what each line came to: whether a line without what the filter needs comes to
    /// nothing, is not ignored, and tells by itself whether prefregex matches.
    pub(crate) fn may_leave_uncounted(&self) -> bool {
        let tells_of_prefix = match self.rules.prefix_matches_any() {
            true => !self.rules.tell_prefix,
            // Without `check_all` it is the failregexes that tell what is needed.
            false => self.rules.check_all || self.rules.prefregex.is_none(),
        };
        self.may_leave_out() && !self.rules.ignores_first() && tells_of_prefix
    }

    /// Whether it means nothing at all that a line comes to nothing: prefregex does not match it either.
    pub(crate) fn may_leave_untold(&self) -> bool {
        self.may_leave_uncounted() && !self.rules.prefix_matches_any()
    }

    /// Whether a line without date means nothing, since it has none of the literals that it must have.
    pub(crate) fn passes_over(&self, text: &str) -> bool {
        let literals = self.rules.literals().filter(|_| self.rules.may_dismiss_first());
        literals.is_some_and(|literals| !literals.occur_in(text.as_bytes()))
    }

    /// What is to be told of a line that lacks what it must have, but is not empty.
    pub(crate) fn dismiss(&mut self) {
        self.report.window_before = None;
        judge::without_trial(&self.rules, &mut self.report);
    }

    /// Where dates stand, if lines may be left out without looking for theirs.
    pub(crate) fn skipping(&self) -> Option<Arc<DateAnchor>> {
        let anchor = self.anchor.as_ref()?;
        let sure = self.may_leave_out() && anchor.spares(self.rules.needs());
        sure.then(|| anchor.clone())
    }

    /// A screen for this filter alone, that has learned from the block.
    pub(crate) fn screen(&mut self, block: &[u8]) -> Arc<Screen> {
        let needs = self.rules.needs();
        let mut screen = match self.screen.take() {
            Some(screen) if screen.is_for(0, needs) => screen,
            _ => Arc::new(Screen::new(vec![needs.clone()])),
        };
        if let Some(screen) = Arc::get_mut(&mut screen) {
            screen.learn(block);
        }
        self.screen = Some(screen.clone());
        screen
    }

    pub(crate) fn detector(&mut self) -> &Detector {
        self.detector_mut()
    }

    pub(crate) fn detector_mut(&mut self) -> &mut Detector {
        self.teach();
        self.detector_untaught()
    }

    pub(crate) fn detector_untaught(&mut self) -> &mut Detector {
        self.detector.get_or_insert_with(new_detector)
    }

    pub(crate) fn set_detector(&mut self, detector: &Detector) {
        self.untaught = None;
        self.detector
            .get_or_insert_with(new_detector)
            .as_mut()
            .clone_from(detector);
    }

    /// Judges a line whose date was looked for before.
    pub(crate) fn judge_found(
        &mut self,
        block: &[u8],
        dated: &DatedBlock,
        index: usize,
        context: &mut LineContext<'_>,
        notes: &mut Vec<Note>,
    ) {
        self.report.hits.clear();
        self.report.ignored.clear();
        let line = &dated.lines[index];
        let _clock = self.long_line(line.line.len());
        let text = self.encoding.decode(&block[line.line.clone()]);
        let placed = cut::at_date(line.found.as_ref(), &mut self.dates, &text, context.now, notes);
        self.judge_dated(placed, &text, None, context, notes);
    }
}

/// With the default templates. It is not the fault of the line at hand that none had needed it before.
fn new_detector() -> Box<Detector> {
    uncounted(Box::default)
}

impl Default for Filter {
    fn default() -> Self {
        Self::new()
    }
}
