//! One date template: an expression, and what its groups say about the time.

use std::sync::OnceLock;

use super::bounds::{self, Begin, Bounded};
use super::convert::{self, Field, Moment};
use super::marks::Marks;
use super::number;
use super::plan::{Need, Plan, PlanBegin, Stopped, Style};
use super::tokens::{self, Piece, StrayPercent, Years};
use super::{FieldSpan, Match, Spans};
use crate::budget;
use crate::{LimitHit, Options, PatternError, Regex, Time};

/// A date template; shared by all detectors that use it.
#[derive(Debug)]
pub(super) struct Template {
    pub name: String,
    pub pattern: Option<String>,
    pub expression: String,
    /// Bound to the line's beginning or end: found there or nowhere.
    pub anchored: bool,
    pub at_line_begin: bool,
    kind: Kind,
    /// Does without the expression, where it can.
    pub(super) plan: Option<Plan>,
    compiled: OnceLock<Option<Compiled>>,
}

#[derive(Debug)]
enum Kind {
    Pattern,
    /// Seconds since 1970; `group` holds them. `long`: milli- and microseconds are told by the number's length.
    Epoch {
        long: bool,
        group: usize,
    },
    Tai64n,
}

/// What a line must have for a template without plan to match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rarity {
    /// Ten digits, at the line's beginning or, if need not be there, behind `audit(`.
    Epoch { at_begin: bool },
    /// A TAI64N label.
    Label,
}

#[derive(Debug)]
pub(super) struct Compiled {
    regex: Regex,
    /// The groups that tell something, in the order of the expression.
    pub fields: Vec<(Field, usize)>,
}

const EPOCH: &str = r"\d{10,11}\b(?:\.\d{3,6})?";
const LONG_EPOCH: &str = r"\d{10,11}(?:\d{3}(?:\.\d{1,6}|\d{3})?)?";

impl Template {
    /// The template that a pattern stands for. `wide_fraction`: `%f` takes up to nine digits.
    pub fn new(pattern: &str, years: &Years, wide_fraction: bool) -> Result<Self, PatternError> {
        let key = key_of(pattern);
        if key.contains("EPOCH") {
            let long = key.contains("LEPOCH");
            if find_tag(pattern, 0, &["{EPOCH}", "{LEPOCH}"]).is_some() {
                return Ok(Self::embedded_epoch(pattern, long));
            }
            match key.as_str() {
                "EPOCH" | "LEPOCH" => return Ok(Self::epoch(long)),
                "{^LN-BEG}EPOCH" | "^EPOCH" | "{^LN-BEG}LEPOCH" | "^LEPOCH" => {
                    return Ok(Self::line_epoch(long));
                }
                _ => {}
            }
        }
        match key.as_str() {
            "TAI64N" => Ok(Self::tai64n(Begin::Free)),
            "{^LN-BEG}TAI64N" | "^TAI64N" => Ok(Self::tai64n(Begin::Line)),
            "{NONE}" => Self::from_tokens("{UNB}^", years, wide_fraction),
            _ => Self::from_tokens(pattern, years, wide_fraction),
        }
    }

    fn from_tokens(source: &str, years: &Years, wide_fraction: bool) -> Result<Self, PatternError> {
        let (begin, word_end, body) = match source.strip_prefix("{UNB}") {
            Some(body) => (Begin::Free, false, body),
            None => match source.strip_prefix("{^LN-BEG}") {
                Some(body) => (Begin::Line, true, body),
                None => (Begin::Word, true, source),
            },
        };
        let fold = has_letters(body);
        // Blanks behind a keyword are for the eye; kept where the original keeps them.
        let bare = if fold { body.trim_end() } else { body.trim() };
        let stray = |at| stray_percent(source, body, at);
        let name = translated(&tokens::pieces(body).map_err(stray)?, |token| tokens::shown(token));
        let pieces = tokens::pieces(bare).map_err(stray)?;
        let flags = if fold { "(?iu)" } else { "" };
        let expression = translated(&pieces, |token| tokens::expression(token, years, wide_fraction));
        let expression = format!("{flags}{expression}");
        let bounded = bounds::bounded(&expression, begin, word_end);
        let begin = match begin {
            Begin::Free => PlanBegin::Anywhere,
            Begin::Word => PlanBegin::WordBorder,
            Begin::Line => PlanBegin::NearLineBegin,
        };
        let fraction = if wide_fraction { 9 } else { 6 };
        let style = Style {
            begin,
            word_end,
            fold,
            fraction,
        };
        let plan = Plan::new(&pieces, style, years);
        let template = Self::with(name, Some(source.to_owned()), bounded, Kind::Pattern);
        Ok(Template { plan, ..template })
    }

    fn epoch(long: bool) -> Self {
        let digits = if long { LONG_EPOCH } else { EPOCH };
        let expression = format!(
            r"((?:^|(?P<square>(?<=^\[))|(?P<selinux>(?<=\baudit\())){digits}){follow}",
            follow = r"(?:(?(selinux)(?=:\d+\)))|(?(square)(?=\])))",
        );
        let bounded = bounds::bounded(&expression, Begin::Free, true);
        Self::with(epoch_name(long), None, bounded, Kind::Epoch { long, group: 1 })
    }

    fn line_epoch(long: bool) -> Self {
        let digits = if long { LONG_EPOCH } else { EPOCH };
        let expression = format!(r"((?P<square>(?<=^\[))?{digits})(?(square)(?=\]))");
        let bounded = bounds::bounded(&expression, Begin::Line, true);
        Self::with(epoch_name(long), None, bounded, Kind::Epoch { long, group: 1 })
    }

    fn embedded_epoch(pattern: &str, long: bool) -> Self {
        let digits = if long { LONG_EPOCH } else { EPOCH };
        let mut expression = replace_tag(pattern, &["{EPOCH}", "{LEPOCH}"], &format!("({digits})"));
        if !bounds::has_group(pattern) {
            expression = format!("({expression})");
        }
        let bounded = bounds::bounded(&expression, Begin::Word, true);
        Self::with(pattern.to_owned(), None, bounded, Kind::Epoch { long, group: 2 })
    }

    fn tai64n(begin: Begin) -> Self {
        let bounded = bounds::bounded("@[0-9a-f]{24}", begin, true);
        Self::with("TAI64N".to_owned(), None, bounded, Kind::Tai64n)
    }

    fn with(name: String, pattern: Option<String>, bounded: Bounded, kind: Kind) -> Self {
        let name = if bounded.begin_added && !name.starts_with("{^LN-BEG}") {
            format!("{{^LN-BEG}}{name}")
        } else {
            name
        };
        Template {
            name,
            pattern,
            expression: bounded.expression,
            anchored: bounded.anchored,
            at_line_begin: bounded.at_line_begin,
            kind,
            plan: None,
            compiled: OnceLock::new(),
        }
    }

    /// Compiles the expression now, to hear of its errors, unless there can be none: of what a plan can be made of only
    /// groups of one name are an error.
    pub fn check(&self) -> Result<(), PatternError> {
        let names = self.expression.split("(?P<").skip(1);
        let mut names: Vec<&str> = names.filter_map(|behind| behind.split('>').next()).collect();
        names.sort_unstable();
        if self.plan.is_some() && names.is_sorted_by(|one, other| one < other) {
            return Ok(());
        }
        let compiled = self.compile()?;
        self.compiled.get_or_init(|| Some(compiled));
        Ok(())
    }

    fn compile(&self) -> Result<Compiled, PatternError> {
        let regex = Regex::new(&self.expression, Options::default())?;
        let names = regex.group_names().iter().enumerate();
        let fields = match self.kind {
            Kind::Pattern => names
                .filter_map(|(group, name)| Some((Field::named(name.as_deref()?)?, group)))
                .collect(),
            Kind::Epoch { group, .. } => vec![(Field::Number, group)],
            Kind::Tai64n => vec![(Field::Number, 1)],
        };
        Ok(Compiled { regex, fields })
    }

    /// What a line must have, where no plan tells it.
    pub fn rarity(&self) -> Option<Rarity> {
        match (&self.plan, &self.kind) {
            (None, Kind::Epoch { group: 1, .. }) => Some(Rarity::Epoch {
                at_begin: self.at_line_begin,
            }),
            (None, Kind::Tai64n) => Some(Rarity::Label),
            _ => None,
        }
    }

    /// Leaves in `found` the first match in the line; tells whether there is one.
    pub fn search(&self, line: &str, marks: &mut Marks, found: &mut Match) -> bool {
        let text = line.as_bytes();
        marks.looked_at = 0;
        if !marks.usable {
            return self.search_expression(line, 0, line.len(), marks, found);
        }
        let is_found = match &self.plan {
            Some(plan) if plan.at_line_begin() => plan.search_line_begin(text, &mut marks.looked_at, found),
            Some(plan) => match &plan.need {
                Need::Literal(literal) => plan.search_way(text, literal.find_iter(text), &mut marks.way, found),
                need => plan.search(text, marks.starts(text, need), found),
            },
            None => match self.rarity() {
                Some(Rarity::Epoch { at_begin }) if !marks.may_have_epoch(text, at_begin) => return false,
                Some(Rarity::Label) if !marks.may_have_label(text, self.at_line_begin) => return false,
                _ => match self.number_at_begin(text) {
                    Some(number) => {
                        *found = number;
                        Ok(true)
                    }
                    None => Err(Stopped::Unsure),
                },
            },
        };
        is_found.unwrap_or_else(|stopped| match stopped {
            Stopped::Unsure => self.search_expression(line, 0, line.len(), marks, found),
            Stopped::OverBudget => {
                marks.gave_up = true;
                false
            }
        })
    }

    /// The date that the line begins with, if that is a number which tells without the expression.
    fn number_at_begin(&self, text: &[u8]) -> Option<Match> {
        match self.kind {
            Kind::Epoch { long: false, group: 1 } if self.at_line_begin => number::epoch(text),
            Kind::Tai64n if self.at_line_begin => number::label(text),
            _ => None,
        }
    }

    /// The same for what begins at `start` or later and ends at `end` or before, which counts as the text's end.
    pub fn search_within(&self, line: &str, start: usize, end: usize, marks: &mut Marks, found: &mut Match) -> bool {
        if let Some(plan) = self.plan.as_ref().filter(|plan| marks.usable && !plan.at_line_begin()) {
            let (Some(text), Some(part)) = (line.as_bytes().get(..end), line.as_bytes().get(start..end)) else {
                return false;
            };
            let searched = match &plan.need {
                Need::Literal(literal) => {
                    let starts = literal.find_iter(part).map(|at| start + at);
                    plan.search_way(text, starts, &mut marks.way, found)
                }
                // What has a time or a mark in this part of the line has it in the line.
                Need::Time { .. } | Need::Byte { .. } => {
                    let starts = marks.starts(line.as_bytes(), &plan.need);
                    plan.search(text, starts.filter(|at| (start..end).contains(at)), found)
                }
                Need::EightDigits => plan.search(text, start..end, found),
            };
            if let Ok(is_found) = searched {
                return is_found;
            }
        }
        self.search_expression(line, start, end, marks, found)
    }

    /// Where the literal stands first, between these places, that each match begins with; nothing for templates that are
    /// not searched for by one.
    pub fn literal_within(&self, text: &[u8], start: usize, end: usize) -> Option<usize> {
        let plan = self.plan.as_ref().filter(|plan| !plan.at_line_begin())?;
        match &plan.need {
            Need::Literal(literal) => Some(start + literal.find(text.get(start..end)?)?),
            _ => None,
        }
    }

    /// The same with the expression, whatever the line holds.
    pub(super) fn search_expression(
        &self,
        line: &str,
        start: usize,
        end: usize,
        marks: &mut Marks,
        found: &mut Match,
    ) -> bool {
        let captures = &mut marks.captures;
        let (Some(compiled), Some(text)) = (self.compiled(), line.get(..end)) else {
            return false;
        };
        // Each search looks through the text for characters beyond ASCII.
        if !budget::may_work(u32::try_from(text.len() / 32).unwrap_or(u32::MAX)) {
            marks.gave_up = true;
            return false;
        }
        match compiled.regex.captures_into(text, start, captures) {
            Ok(true) => {}
            Ok(false) => return false,
            Err(LimitHit) => {
                marks.gave_up = true;
                return false;
            }
        }
        let group = |n: usize| captures.spans.get(n).copied().flatten();
        let Some((start, end)) = group(0) else {
            return false;
        };
        let mut fields = Spans::default();
        for (slot, &(_, n)) in fields.iter_mut().zip(&compiled.fields) {
            *slot = group(n).map_or(FieldSpan::default(), |(a, b)| FieldSpan::new(a, b));
        }
        let cut = group(1).unwrap_or((start, start));
        *found = Match {
            start,
            end,
            cut,
            fields,
        };
        true
    }

    /// Whether a match depends on nothing but the bytes at the line's beginning that were looked at, in a line that
    /// plans can be used for.
    pub fn tells_by_beginning(&self) -> bool {
        self.anchored && self.plan.as_ref().is_some_and(Plan::at_line_begin)
    }

    pub(super) fn compiled(&self) -> Option<&Compiled> {
        // It is not the line's fault that none had needed this before.
        let compile = || budget::uncounted(|| self.compile().ok());
        self.compiled.get_or_init(compile).as_ref()
    }

    /// How many slots of a match can tell something.
    pub fn field_count(&self) -> usize {
        match &self.plan {
            Some(plan) => plan.fields.len(),
            None => match self.kind {
                Kind::Pattern => self.compiled().map_or(0, |compiled| compiled.fields.len()),
                Kind::Epoch { .. } | Kind::Tai64n => 1,
            },
        }
    }

    /// The moment that a match stands for, and whether it is free of the process's own zone (and so a whole number
    /// in the original); nothing if the text is no possible date.
    pub fn moment(&self, line: &str, found: &Match, context: &convert::Context<'_>) -> Option<Moment> {
        match &self.plan {
            Some(plan) => self.told(plan.fields.iter().copied(), line, found, context),
            None if !matches!(self.kind, Kind::Pattern) => {
                self.told(std::iter::once(Field::Number), line, found, context)
            }
            None => {
                let compiled = self.compiled()?;
                self.told(compiled.fields.iter().map(|&(field, _)| field), line, found, context)
            }
        }
    }

    /// Whether [`Template::moment`] tells one for certain.
    pub fn is_surely_possible(&self, line: &str, found: &Match) -> bool {
        let Some(plan) = self.plan.as_ref().filter(|_| matches!(self.kind, Kind::Pattern)) else {
            return false;
        };
        let fields = plan.fields.iter().copied().zip(&found.fields);
        let told = fields.filter_map(|(field, span)| Some((field, line.as_bytes().get(span.range()?)?)));
        found.cut.0 < found.cut.1 && convert::is_surely_possible(told)
    }

    /// `fields`: what the slots of the match tell.
    fn told(
        &self,
        fields: impl Iterator<Item = Field>,
        line: &str,
        found: &Match,
        context: &convert::Context<'_>,
    ) -> Option<Moment> {
        let mut told = fields
            .zip(&found.fields)
            .filter_map(|(field, span)| Some((field, line.get(span.range()?)?)));
        match self.kind {
            Kind::Pattern => convert::from_fields(told, context),
            Kind::Epoch { long, .. } => {
                let (_, text) = told.next()?;
                let time = convert::epoch(text, long)?;
                Some(Moment { time, zoned: false })
            }
            Kind::Tai64n => {
                let (_, text) = told.next()?;
                let secs = i64::from_str_radix(text.get(2..17)?, 16).ok()?;
                Some(Moment {
                    time: Time::from_secs(secs),
                    zoned: true,
                })
            }
        }
    }
}

fn epoch_name(long: bool) -> String {
    if long { "LongEpoch" } else { "Epoch" }.to_owned()
}

fn translated<'t>(pieces: &[Piece<'t>], token: impl Fn(&'t str) -> &'t str) -> String {
    let text = |piece: &Piece<'t>| match *piece {
        Piece::Text(text) => text,
        Piece::Token(name) => token(name),
    };
    pieces.iter().map(text).collect()
}

/// What a pattern is known by: keywords are read in any case.
pub(super) fn key_of(pattern: &str) -> String {
    if pattern.contains('%') {
        pattern.to_owned()
    } else {
        pattern.to_uppercase()
    }
}

/// Where one of the tags stands unescaped, in any case, at `from` or later.
pub(super) fn find_tag(pattern: &str, from: usize, tags: &[&str]) -> Option<(usize, usize)> {
    let bytes = pattern.as_bytes();
    (from..bytes.len()).find_map(|at| {
        let rest = &bytes[at..];
        let is_here = |tag: &&&str| {
            rest.get(..tag.len())
                .is_some_and(|b| b.eq_ignore_ascii_case(tag.as_bytes()))
        };
        let tag = tags.iter().find(is_here)?;
        (!bytes[..at].ends_with(b"\\")).then_some((at, at + tag.len()))
    })
}

/// The pattern with each of the tags replaced.
pub(super) fn replace_tag(pattern: &str, tags: &[&str], with: &str) -> String {
    let mut out = String::new();
    let mut done = 0;
    while let Some((at, end)) = find_tag(pattern, done, tags) {
        out.push_str(&pattern[done..at]);
        out.push_str(with);
        done = end;
    }
    out.push_str(&pattern[done..]);
    out
}

/// Whether a token stands for a name (weekday, month, AM/PM): then letters match in any case.
fn has_letters(pattern: &str) -> bool {
    let bytes = pattern.as_bytes();
    bytes
        .windows(2)
        .enumerate()
        .any(|(i, pair)| matches!(pair, [b'%', b'a' | b'A' | b'b' | b'B' | b'p' | b'c']) && !bytes[..i].ends_with(b"%"))
}

fn stray_percent(source: &str, body: &str, StrayPercent(at): StrayPercent) -> PatternError {
    let at = source.len() - body.len() + at;
    PatternError {
        message: "a percent sign that starts no date token".to_owned(),
        span: Some(at..at + 1),
        hint: Some("write %% for a percent sign; the tokens are those of strptime and %Ex…".to_owned()),
    }
}
