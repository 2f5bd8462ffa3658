//! The pipeline proper: a line whose date is cut out goes through ignoreregex, prefregex and failregex, and what
//! matched becomes hits.
use crate::connection::{Connections, Joined};
use crate::cut::{DatedLine, note};
use crate::expression::{Expression, span_text};
use crate::filter::{LineContext, Note};
use crate::identity::{Identity, Who, identify};
use crate::literals::Literals;
use crate::name::Key;
use crate::record::{Record, Value};
use crate::rules::Rules;
use crate::single::SingleMatch;
use crate::stamp::Stamp;
use crate::window::{self, Lines, Taken, make_room, write_lines};
use crate::{Id, MatchedLine, Time};
use bantam_pattern::Captures;
use std::borrow::Cow;
use std::ops::ControlFlow;
use std::sync::Arc;

/// A failregex that matched, and whom it names.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// Index of the failregex, from 0.
    pub expression: usize,
    /// Who failed; none while a tracked connection has not told yet (only with [`crate::Filter::set_keep_pending`]).
    pub id: Option<Id>,
    /// The id was put together from several groups, its text is a Python tuple.
    pub composite: bool,
    /// When; none where nothing tells and nothing may be assumed.
    pub time: Option<Time>,
    /// The original would hold this time as a whole number.
    pub zoned: bool,
    /// Marked as no failure by itself (`<F-NOFAIL>`).
    pub nofail: bool,
    /// All that is known; empty when records are switched off.
    pub record: Record,
}

/// What became of one line.
#[derive(Debug, Default)]
pub struct Report {
    /// Matches that count, in the order of the expressions.
    pub hits: Vec<Hit>,
    /// Indices of the ignoreregexes that matched, as often as they did.
    pub ignored: Vec<usize>,
    /// The last search of prefregex succeeded.
    pub prefix_matched: bool,
    /// Groups of that search, where they are asked for and prefregex matched.
    pub prefix_groups: Option<Record>,
    /// The lines that were looked at together, the last of them the one at hand, where not all of them are kept for
    /// the next match.
    pub window_before: Option<Vec<MatchedLine>>,
}

/// What is kept from line to line.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) window: Vec<MatchedLine>,
    pub(crate) connections: Connections,
    /// Reused space for the text under examination, and for where groups were found.
    whole: String,
    content: String,
    found: Captures,
    found_prefix: Captures,
    /// A very long line came already.
    pub(crate) has_seen_long: bool,
}

/// Judges a line; the outcome is left in `report`, where `prefix_matched` outlives lines that do not get that far.
/// `has_literals`: whether it has one of the literals that it must have, if that is known.
pub(crate) fn judge(
    rules: &Rules,
    memory: &mut Memory,
    line: DatedLine<'_>,
    has_literals: Option<bool>,
    context: &mut LineContext<'_>,
    notes: &mut Vec<Note>,
    report: &mut Report,
) {
    // Where literals tell it, the text without the date need not be written.
    let mut has_literals = has_literals;
    if has_literals.is_none() && rules.may_dismiss_first() {
        let around = |literals: &Literals| literals.occur_around(line.cut.before, line.cut.after);
        has_literals = rules.literals().map_or(Some(true), around);
        if has_literals == Some(false) {
            return without_literals(rules, report);
        }
    }
    let lines = if rules.multi_line() {
        memory.window.push(line.cut.to_line());
        let surplus = memory.window.len().saturating_sub(rules.max_lines);
        memory.window.drain(..surplus);
        window::keep_newest(&mut memory.window);
        Lines::Many(std::mem::take(&mut memory.window))
    } else {
        Lines::One(line.cut)
    };
    let mut whole = std::mem::take(&mut memory.whole);
    let mut content = std::mem::take(&mut memory.content);
    lines.write(&mut whole);
    let mut pass = Pass {
        rules,
        memory,
        lines,
        stamp: line.stamp,
        undated: line.undated,
        prefix: None,
        has_literals,
        window: None,
        context,
        notes,
        report,
    };
    pass.run(&whole, &mut content);
    let Pass {
        memory,
        lines,
        prefix,
        window,
        report,
        ..
    } = pass;
    if let Some((_, found, _)) = prefix {
        memory.found_prefix = found;
    }
    match (lines, window) {
        (Lines::Many(lines), None) => memory.window = lines,
        (Lines::Many(lines), Some(left)) => {
            memory.window = left;
            report.window_before = Some(lines);
        }
        (Lines::One(_), _) => {}
    }
    memory.whole = whole;
    memory.content = content;
}

pub(crate) fn without_literals(rules: &Rules, report: &mut Report) {
    if rules.prefregex.is_some() {
        report.prefix_matched = false;
        report.prefix_groups = None;
    }
}

/// Says of a line with a text, on which no failregex needs to be tried, whether prefregex matches it.
pub(crate) fn without_trial(rules: &Rules, report: &mut Report) {
    without_literals(rules, report);
    report.prefix_matched |= rules.prefix_matches_any();
}

/// One line on its way.
struct Pass<'a, 'c, 'w> {
    rules: &'a Rules,
    memory: &'a mut Memory,
    lines: Lines<'a>,
    stamp: Option<Stamp>,
    undated: bool,
    /// prefregex with its match in the whole text.
    prefix: Option<(&'a Expression, Captures, &'w str)>,
    /// Whether the text has one of the literals that it must have, if that is known.
    has_literals: Option<bool>,
    /// The lines to be kept for the next match, where they are not all that are looked at.
    window: Option<Vec<MatchedLine>>,
    context: &'a mut LineContext<'c>,
    notes: &'a mut Vec<Note>,
    report: &'a mut Report,
}

impl<'w> Pass<'_, '_, 'w> {
    fn run(&mut self, whole: &'w str, content: &mut String) {
        if self.rules.ignores_first() && self.is_ignored(whole, None) {
            return;
        }
        if self.lacks_literals(whole) {
            return;
        }
        // Until a match changes it, the text is the whole buffer or the part that prefregex chose.
        let mut own_text = match self.enter(whole, content) {
            ControlFlow::Break(()) => return,
            ControlFlow::Continue(chosen) => chosen,
        };
        // Its literal is what the line was let through for.
        let only_one = self.rules.literals().is_some() && self.rules.prefregex.is_none() && self.rules.fail.len() == 1;
        let mut found = std::mem::take(&mut self.memory.found);
        let mut candidates = self.rules.candidates(if own_text { content } else { whole });
        let mut next = next_candidate(candidates, 0);
        while let Some(expression) = self.rules.fail.get(next) {
            let index = next;
            next = next_candidate(candidates, index + 1);
            let text: &str = if own_text { content } else { whole };
            let matched = match only_one && !own_text {
                true => expression.captures_having_literal(text, &mut found),
                false => expression.captures(text, &mut found),
            };
            match matched {
                Ok(true) => {}
                Ok(false) => continue,
                Err(_) => {
                    self.limit("failregex", index);
                    continue;
                }
            }
            let mut rest = None;
            let flow = self.matched(index, expression, text, &found, &mut rest);
            if let Some(left) = rest {
                write_lines(&left, content);
                own_text = true;
                candidates = self.rules.candidates(content);
                next = next_candidate(candidates, index + 1);
                if self.rules.multi_line() {
                    self.window = Some(left);
                }
            }
            if flow.is_break() {
                break;
            }
        }
        self.memory.found = found;
    }

    fn lacks_literals(&mut self, whole: &str) -> bool {
        let literals = self.rules.literals();
        let has = self
            .has_literals
            .unwrap_or_else(|| literals.is_none_or(|literals| literals.occur_in(whole.as_bytes())));
        if !has {
            without_literals(self.rules, self.report);
        }
        !has
    }

    /// Applies prefregex: stop, or go on with the content it chose (true) or the whole text (false).
    fn enter(&mut self, whole: &'w str, content: &mut String) -> ControlFlow<(), bool> {
        let Some(expression) = &self.rules.prefregex else {
            return ControlFlow::Continue(false);
        };
        self.report.prefix_matched = false;
        self.report.prefix_groups = None;
        let mut found = std::mem::take(&mut self.memory.found_prefix);
        let matched = expression.captures(whole, &mut found);
        if matched != Ok(true) {
            self.memory.found_prefix = found;
            if matched.is_err() {
                self.limit("prefregex", 0);
            }
            return ControlFlow::Break(());
        }
        self.report.prefix_matched = true;
        if self.rules.tell_prefix {
            self.report.prefix_groups = Some(expression.record(whole, &found, true));
        }
        let chosen = span_text(whole, &found, expression.content_group()).filter(|chosen| !chosen.is_empty());
        if let Some(chosen) = chosen {
            make_room(content, chosen.len() + 1);
            content.push_str(chosen);
            content.push('\n');
            if self.rules.multi_line() {
                self.window = Some(vec![MatchedLine {
                    after: chosen.to_owned(),
                    ..MatchedLine::default()
                }]);
            }
        }
        self.prefix = Some((expression, found, whole));
        ControlFlow::Continue(chosen.is_some())
    }

    /// A failregex matched: is it ignored, who is it, and does the search go on? `rest` receives the lines that
    /// the next expression looks at instead, if they change.
    fn matched(
        &mut self,
        index: usize,
        expression: &Expression,
        text: &str,
        found: &Captures,
        rest: &mut Option<Vec<MatchedLine>>,
    ) -> ControlFlow<()> {
        let all = self.rules.check_all;
        let consumes = !all || self.rules.multi_line();
        let single = self.is_single(expression);
        let lasting = self.rules.multi_line() || (self.rules.keep_records && !single);
        // The lines of a match cost allocations; where nobody will see them they are not put together.
        let mut taken = if lasting {
            self.lines.take(expression, text, found)
        } else {
            Taken::default()
        };
        if !self.rules.ignore.is_empty() && self.is_match_ignored(text, &taken, (index, found)) {
            if consumes {
                *rest = Some(taken.left);
            }
            return go_on(all);
        }
        if self.undated {
            note(self.notes, Note::Undated);
            if self.stamp.is_none() && self.context.findtime.is_some() {
                return ControlFlow::Continue(());
            }
        }
        if consumes {
            *rest = Some(std::mem::take(&mut taken.left));
        }
        if single || !self.rules.needs_record(expression) {
            self.plain_hit(index, expression, text, found)
        } else {
            let lines = lasting.then_some(taken.matched);
            self.record_hit(index, expression, text, found, lines)
        }
    }

    /// Whether a match of this expression tells of the line at hand alone, by what its groups are.
    fn is_single(&self, expression: &Expression) -> bool {
        !self.rules.multi_line() && self.rules.prefregex.is_none() && expression.is_plain()
    }

    /// The quick way: only the identifying groups are looked at.
    fn plain_hit(&mut self, index: usize, expression: &Expression, text: &str, found: &Captures) -> ControlFlow<()> {
        let prefix = self.prefix.take();
        let who = {
            let groups = expression.groups;
            let outer = prefix.as_ref().map(|(e, ..)| e.groups).unwrap_or_default();
            let pick = |inner: Option<usize>, outer: Option<usize>| {
                span_text(text, found, inner).or_else(|| {
                    let (_, found, whole) = prefix.as_ref()?;
                    span_text(whole, found, outer)
                })
            };
            Who {
                fid: pick(groups.fid, outer.fid).map(Cow::Borrowed),
                composite: false,
                ip4: pick(groups.ip4, outer.ip4).map(Cow::Borrowed),
                ip6: pick(groups.ip6, outer.ip6).map(Cow::Borrowed),
                dns: pick(groups.dns, outer.dns).map(Cow::Borrowed),
                cidr: pick(groups.cidr, outer.cidr).map(Cow::Borrowed),
            }
        };
        let identity = identify(&who, false, self.rules, self.context.resolver, self.notes);
        self.prefix = prefix;
        match identity {
            Identity::Nobody | Identity::Pending => ControlFlow::Continue(()),
            Identity::Known { ids, address } => {
                let record = self.record_of_single(expression, text, found, address);
                for id in ids {
                    self.push_hit(index, Some(id), false, &record);
                }
                go_on(self.rules.check_all)
            }
        }
    }

    fn record_of_single(&self, expression: &Expression, text: &str, found: &Captures, address: Option<Id>) -> Record {
        match &self.lines {
            Lines::One(cut) if self.rules.keep_records => {
                let single = SingleMatch::new(expression.names(), found, text, cut, address);
                Record::of_single(Arc::new(single))
            }
            _ => Record::default(),
        }
    }

    /// The full way: groups, connections, lines.
    fn record_hit(
        &mut self,
        index: usize,
        expression: &Expression,
        text: &str,
        found: &Captures,
        lines: Option<Vec<MatchedLine>>,
    ) -> ControlFlow<()> {
        let all = self.rules.check_all;
        let keep = self.rules.keep_records;
        let outer = self
            .prefix
            .as_ref()
            .map(|(prefix, found, whole)| prefix.record_without(Some(Key::Content), whole, found, keep));
        let mut record = match outer {
            // Without other groups in prefregex the record stays as it is, groups without part included.
            Some(outer) if !outer.is_empty() => expression.record_over(outer, text, found, keep),
            _ => expression.record(text, found, keep),
        };
        let connection = record.get(Key::MlfId).map(Value::shared);
        let now = self.context.now;
        let mut joined = match &connection {
            Some(id) => self.memory.connections.join(id, record, lines, now),
            None => {
                if let Some(lines) = lines {
                    record.put(Key::Matches, Value::Lines(Arc::new(lines)));
                }
                Joined::alone(record)
            }
        };
        let flow = if connection.is_some() && joined.record.has(Key::NoFail) && !all {
            ControlFlow::Break(())
        } else {
            self.name_hit(index, connection.is_some(), &mut joined.record)
        };
        if let Some(id) = connection {
            self.memory.connections.remember(id, joined, now);
        }
        flow
    }

    fn name_hit(&mut self, index: usize, tracked: bool, record: &mut Record) -> ControlFlow<()> {
        let all = self.rules.check_all;
        let who = Who::from_record(record);
        let composite = who.composite;
        match identify(&who, tracked, self.rules, self.context.resolver, self.notes) {
            Identity::Nobody => return ControlFlow::Continue(()),
            Identity::Pending => {
                record.put(Key::MlfPending, Value::Set);
                if !all && !self.rules.keep_pending {
                    return ControlFlow::Break(());
                }
                self.push_hit(index, None, false, record);
            }
            Identity::Known { ids, address } => {
                if let Some(address) = address {
                    record.put(Key::Ip, Value::Address(address));
                }
                for id in ids {
                    self.push_hit(index, Some(id), composite, record);
                }
            }
        }
        go_on(all)
    }

    fn push_hit(&mut self, expression: usize, id: Option<Id>, composite: bool, record: &Record) {
        self.report.hits.push(Hit {
            expression,
            id,
            composite,
            time: self.stamp.map(|stamp| stamp.time),
            zoned: self.stamp.is_some_and(|stamp| stamp.zoned),
            nofail: record.single().is_none() && record.has(Key::NoFail),
            record: match self.rules.keep_records {
                true => record.clone(),
                false => Record::default(),
            },
        });
    }

    /// `matched`: the failregex that matched, and where.
    fn is_match_ignored(&mut self, text: &str, taken: &Taken, matched: (usize, &Captures)) -> bool {
        if !self.rules.multi_line() {
            return self.is_ignored(text, Some(matched));
        }
        let mut lines = String::new();
        write_lines(&taken.matched, &mut lines);
        self.is_ignored(&lines, None)
    }

    fn is_ignored(&mut self, text: &str, matched: Option<(usize, &Captures)>) -> bool {
        let rules = self.rules;
        let narrowed = matched.map_or(&[][..], |(failregex, _)| rules.narrowed(failregex));
        let end = |index: usize| {
            let group = narrowed.get(index).copied().flatten()?;
            Some(matched?.1.spans.get(group).copied()??.1)
        };
        let mut ignored = false;
        for (index, expression) in self.rules.ignore.iter().enumerate() {
            let found = match end(index) {
                Some(end) => expression.is_match_up_to(text, end),
                None => expression.is_match(text),
            };
            match found {
                Ok(true) => {
                    self.report.ignored.push(index);
                    ignored = true;
                    if !self.rules.check_all {
                        break;
                    }
                }
                Ok(false) => {}
                Err(_) => self.limit("ignoreregex", index),
            }
        }
        ignored
    }

    fn limit(&mut self, option: &'static str, index: usize) {
        note(self.notes, Note::Limit { option, index });
    }
}

/// The first expression from this one on that is worth a try; of those behind the 64th all are.
fn next_candidate(candidates: u64, from: usize) -> usize {
    let rest = u32::try_from(from).ok().and_then(|from| candidates.checked_shr(from));
    match rest {
        Some(0) => 64,
        Some(rest) => from + rest.trailing_zeros() as usize,
        None => from,
    }
}

/// The first match ends a line, unless all expressions are to be tried.
fn go_on(all: bool) -> ControlFlow<()> {
    match all {
        true => ControlFlow::Continue(()),
        false => ControlFlow::Break(()),
    }
}
