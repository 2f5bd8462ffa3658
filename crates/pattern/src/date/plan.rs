//! Dates without an engine: a pattern made of tokens, plain characters and little else is matched by a small program
//! of our own.
//!
//! What it finds is exactly what the pattern's expression finds, with the same preferences. It is worth its place
//! because dates are looked for in each line with some thirty templates: the programs share what is known about the
//! line ([`super::marks`]), and most of them end without having looked at a single character.
//!
//! Made for ASCII: what is beyond it is left to the expression.

use super::convert::{Field, MAX_FIELDS};
use super::parts::{Node, Parts, Run as Several, Set, first_bytes, least_of, most_of};
use super::tail::Tail;
use super::tokens::{Piece, Years};
use super::units::Unit;
use super::words::{beside_non_ascii, in_word, is_word};
use super::written::Way;
use super::{FieldSpan, Match, Spans};
use crate::budget;
use memchr::memmem::Finder;

/// A compiled pattern.
#[derive(Debug)]
pub(super) struct Plan {
    ops: Vec<Op>,
    /// For each operation, what the text can go on with from there.
    ahead: Vec<Ahead>,
    begin: PlanBegin,
    word_end: bool,
    /// What its fields tell, in the order of the pattern.
    pub fields: Vec<Field>,
    /// Bytes that a match can begin with.
    first: Set,
    pub need: Need,
    /// Operations that match for certain wherever it is tried: the literal that was looked for.
    certain: usize,
    /// A group of its own is cut out, and not all that matches.
    has_cut: bool,
}

/// Where a match may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PlanBegin {
    Anywhere,
    /// Not in the middle of a word.
    WordBorder,
    LineBegin,
    /// At the line's beginning, behind at most two characters that are not of a word.
    NearLineBegin,
}

/// How a pattern is to be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    pub begin: PlanBegin,
    /// A match may not end in the middle of a word.
    pub word_end: bool,
    /// Letters in any case.
    pub fold: bool,
    /// The most digits of a fraction.
    pub fraction: u8,
}

/// What a line must have for the plan to match.
#[derive(Debug)]
pub(super) enum Need {
    /// A time such as `1:2:3`, its first colon so many bytes behind the date's beginning.
    /// `before`: what has to stand before the hour.
    Time { least: usize, most: usize, before: Tail },
    /// Eight digits in a row, at the date's beginning.
    EightDigits,
    /// This literal, at the date's beginning.
    Literal(Box<Finder<'static>>),
}

#[derive(Debug, Clone, Copy)]
enum Op {
    Byte(u8),
    OneOf(Set),
    Unit(Unit, Option<usize>),
    Run(Several),
    CutBegin,
    CutEnd,
    Separator(Set),
    SameSeparator,
    /// Goes on behind itself, and if that fails at the other place.
    Split(usize),
    Jump(usize),
    End,
}

/// So much is tried between two questions whether the line's budget allows more.
const TRIES: u32 = 256;
/// What they cost, in units of the budget.
const TRIES_COST: u32 = 2048;
/// Bytes of a run of digits or blanks that cost as much as one try.
const BYTES_PER_TRY: usize = 16;
/// Bytes of a run between two such questions.
const PORTION: usize = 4 << 10;
/// A shorter literal stands in too many places to be looked for.
const SHORTEST_LITERAL: usize = 4;
/// The furthest that a time may stand behind the beginning of its date.
const REACH: usize = 48;

impl Plan {
    /// The program for a pattern without its borders; nothing if it needs an engine.
    pub fn new(pieces: &[Piece<'_>], style: Style, years: &Years) -> Option<Plan> {
        let Parts {
            nodes,
            fields,
            at_line_begin,
            has_cut,
        } = Parts::read(pieces, style, years)?;
        let begin = if at_line_begin {
            PlanBegin::LineBegin
        } else {
            style.begin
        };
        let need = need_of(&nodes)?;
        let mut ops = Vec::new();
        emit(&nodes, &mut ops);
        ops.push(Op::End);
        let mut first = Set::default();
        if !first_bytes(&nodes, &mut first) {
            return None;
        }
        let certain = match &need {
            Need::Literal(literal) if !matches!(begin, PlanBegin::LineBegin | PlanBegin::NearLineBegin) => {
                literal.needle().len()
            }
            _ => 0,
        };
        (fields.len() <= MAX_FIELDS).then_some(Plan {
            ahead: Ahead::of(&ops),
            ops,
            certain,
            begin,
            word_end: style.word_end,
            fields,
            first,
            need,
            has_cut,
        })
    }

    /// Leaves in `found` the first match among those that begin at the places given; tells whether there is one.
    pub fn search(&self, text: &[u8], starts: impl Iterator<Item = usize>, found: &mut Match) -> Result<bool, Stopped> {
        self.search_noting(text, starts, &mut Way::default(), &mut 0, found)
    }

    /// The same, and on which way it was found.
    pub fn search_way(
        &self,
        text: &[u8],
        starts: impl Iterator<Item = usize>,
        way: &mut Way,
        found: &mut Match,
    ) -> Result<bool, Stopped> {
        self.search_noting(text, starts, way, &mut 0, found)
    }

    /// The same; raises `looked_at` to how many bytes of the text were looked at.
    fn search_noting(
        &self,
        text: &[u8],
        starts: impl Iterator<Item = usize>,
        way: &mut Way,
        looked_at: &mut usize,
        found: &mut Match,
    ) -> Result<bool, Stopped> {
        let mut run = Run {
            plan: self,
            text,
            fields: &mut found.fields,
            noted: 0,
            separator: 0,
            cut: (0, 0),
            way,
            tries: 0,
            stopped: None,
            looked_at: 0,
        };
        for start in starts {
            let end = run.match_at(start);
            *looked_at = run.looked_at.max(start + 1).max(*looked_at);
            if let Some(stopped) = run.stopped {
                *run.way = Way::LOST;
                return Err(stopped);
            }
            if let Some(end) = end {
                let cut = if self.has_cut { run.cut } else { (start, end) };
                (found.start, found.end, found.cut) = (start, end, cut);
                return Ok(true);
            }
        }
        *run.way = Way::LOST;
        Ok(false)
    }

    /// Whether it is bound to the line's beginning.
    pub fn at_line_begin(&self) -> bool {
        matches!(self.begin, PlanBegin::LineBegin | PlanBegin::NearLineBegin)
    }

    /// The same for a match at the line's beginning, for plans that are bound to it. A text that has so many bytes in
    /// common with this one as `looked_at` receives has the same, as long as neither ends before.
    pub fn search_line_begin(&self, text: &[u8], looked_at: &mut usize, found: &mut Match) -> Result<bool, Stopped> {
        if self.begin == PlanBegin::LineBegin {
            return self.search_noting(text, std::iter::once(0), &mut Way::default(), looked_at, found);
        }
        *looked_at = 2;
        let head = text.get(..text.len().min(2)).unwrap_or_default();
        if !head.is_ascii() {
            return Err(Stopped::Unsure);
        }
        let most = head.iter().take_while(|&&b| !is_word(b)).count();
        let is_found = self.search_noting(text, (0..=most).rev(), &mut Way::default(), looked_at, found)?;
        if is_found {
            found.start = 0;
        }
        Ok(is_found)
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stopped {
    /// A character beyond ASCII stands where it matters: ask the expression.
    Unsure,
    /// The line has used up its budget.
    OverBudget,
}

/// Where an operation leads to.
enum Step {
    /// To the next one, at this place.
    On(usize),
    /// To the match's end.
    Ended(usize),
}

struct Run<'p> {
    plan: &'p Plan,
    text: &'p [u8],
    /// What they were before counts for nothing.
    fields: &'p mut Spans,
    /// Those of the fields that the way at hand has passed, one bit each.
    noted: u32,
    separator: u8,
    cut: (usize, usize),
    /// What the preferred way depended on, for plans that begin with a literal.
    way: &'p mut Way,
    tries: u32,
    stopped: Option<Stopped>,
    /// No byte at this place or behind was looked at.
    looked_at: usize,
}

impl Run<'_> {
    fn match_at(&mut self, start: usize) -> Option<usize> {
        self.may_try(1).then_some(())?;
        if !self.plan.first.has(*self.text.get(start)?) {
            return None;
        }
        let (op, at) = (self.plan.certain, start + self.plan.certain);
        let mut found = None;
        if op > 0 {
            // Behind a literal mostly the first way is the right one.
            *self.way = Way::from(start);
            found = self.go::<true>(op, at);
            if found.is_none() {
                *self.way = Way::LOST;
                self.noted = 0;
            }
        }
        if found.is_none() {
            found = self.go::<false>(op, at);
        }
        let Some(end) = found else {
            self.noted = 0;
            return None;
        };
        if self.plan.begin == PlanBegin::WordBorder {
            if start > 0 && beside_non_ascii(self.text, start) {
                self.stopped = Some(Stopped::Unsure);
                return None;
            }
            if in_word(self.text, start) {
                self.noted = 0;
                return None;
            }
        }
        self.forget_others();
        Some(end)
    }

    /// Whether the line's budget allows so many more tries.
    fn may_try(&mut self, tries: u32) -> bool {
        self.tries = self.tries.saturating_add(tries);
        if self.tries > TRIES {
            let cost = (self.tries / TRIES).saturating_mul(TRIES_COST);
            self.tries = 0;
            if !budget::may_work(cost) {
                self.stopped = Some(Stopped::OverBudget);
            }
        }
        !matches!(self.stopped, Some(Stopped::OverBudget))
    }

    /// Runs on from an operation at a place; returns where the match ends. `FIRST`: of all ways only the one that is
    /// preferred.
    fn go<const FIRST: bool>(&mut self, op: usize, mut at: usize) -> Option<usize> {
        self.may_try(1).then_some(())?;
        let end = self.go_on::<FIRST>(op, &mut at);
        self.looked_at = self.looked_at.max(at + 1);
        end
    }

    /// The same; leaves in `at` how far it came, at which place the text was looked at last.
    #[inline(always)]
    fn go_on<const FIRST: bool>(&mut self, mut op: usize, at: &mut usize) -> Option<usize> {
        loop {
            let here = self.text.get(*at).copied();
            match *self.plan.ops.get(op)? {
                Op::Byte(byte) if here == Some(byte) => *at += 1,
                Op::OneOf(set) if set.has(here?) => *at += 1,
                Op::Separator(set) if set.has(here?) => {
                    self.separator = here?;
                    *at += 1;
                }
                Op::SameSeparator if here == Some(self.separator) => *at += 1,
                Op::Unit(unit, slot) => match self.go_unit::<FIRST>(op, unit, slot, *at)? {
                    Step::On(end) => *at = end,
                    Step::Ended(end) => return Some(end),
                },
                Op::Run(Several { set, whole }) => {
                    let most = self.run_length(set, *at)?;
                    self.looked_at = self.looked_at.max(*at + most + 1);
                    if FIRST {
                        self.note_run(set, *at, *at + most);
                    }
                    if whole || FIRST {
                        *at += most;
                    } else {
                        let noted = self.noted;
                        for length in (1..=most).rev() {
                            if let Some(end) = self.go::<FIRST>(op + 1, *at + length) {
                                return Some(end);
                            }
                            self.noted = noted;
                        }
                    }
                }
                Op::CutBegin => self.cut.0 = *at,
                Op::CutEnd => self.cut.1 = *at,
                Op::Split(_) if FIRST => {}
                Op::Split(other) => {
                    // Mostly the next character leaves one of the two.
                    if self.plan.ahead.get(op + 1)?.may_go_on(here) {
                        if !self.plan.ahead.get(other)?.may_go_on(here) {
                            op += 1;
                            continue;
                        }
                        let noted = self.noted;
                        if let Some(end) = self.go::<FIRST>(op + 1, *at) {
                            return Some(end);
                        }
                        self.noted = noted;
                    }
                    op = other;
                    continue;
                }
                Op::Jump(to) => {
                    op = to;
                    continue;
                }
                Op::End => return self.may_end(*at).then_some(*at),
                _ => return None,
            }
            if FIRST {
                self.way.looked_until(*at);
            }
            op += 1;
        }
    }

    /// How many bytes of the set stand at a place; nothing if the line's budget does not last for telling.
    fn run_length(&mut self, set: Set, at: usize) -> Option<usize> {
        let mut most = 0;
        for portion in self.text.get(at..)?.chunks(PORTION) {
            let length = portion.iter().take_while(|&&b| set.has(b)).count();
            most += length;
            self.may_try((length / BYTES_PER_TRY) as u32).then_some(())?;
            if length < portion.len() {
                break;
            }
        }
        Some(most)
    }

    /// Passes a unit; nothing if that leads nowhere.
    #[inline(always)]
    fn go_unit<const FIRST: bool>(&mut self, op: usize, unit: Unit, slot: Option<usize>, at: usize) -> Option<Step> {
        let text = self.text;
        self.looked_at = self.looked_at.max(at + unit.longest() + 1);
        let next = self.plan.ops.get(op + 1)?;
        let ahead = self.plan.ahead.get(op + 1)?;
        // What the next character rules out need not be tried: mostly one length remains.
        let fits = |end: usize| match (FIRST, next) {
            (false, _) => ahead.may_go_on(text.get(end).copied()),
            (true, Op::Byte(byte)) => text.get(end) == Some(byte),
            (true, Op::OneOf(set)) => text.get(end).is_some_and(|&byte| set.has(byte)),
            (true, _) => true,
        };
        let mut chosen = None;
        for length in unit.lengths(text.get(at..)?) {
            let end = at + usize::from(length);
            if !fits(end) {
                continue;
            }
            if let Some(before) = chosen.replace(end) {
                let noted = self.noted;
                self.note(slot, at, before);
                if let Some(end) = self.go::<FIRST>(op + 1, before) {
                    return Some(Step::Ended(end));
                }
                self.noted = noted;
            }
            if FIRST {
                break;
            }
        }
        // The last is the only one to be tried from here on.
        let end = chosen?;
        self.note(slot, at, end);
        if FIRST {
            self.note_way(unit, *next, at, end);
        }
        Some(Step::On(end))
    }

    /// What a unit's length depended on, and what is told by the operation behind it.
    fn note_way(&mut self, unit: Unit, next: Op, at: usize, end: usize) {
        let takes_digit = match next {
            Op::Byte(byte) => byte.is_ascii_digit(),
            Op::OneOf(set) => set.meets(Set::DIGITS),
            _ => false,
        };
        match unit {
            Unit::Fraction { .. } if takes_digit => self.way.lose(),
            // With fewer digits than it may take, what stands behind them decided.
            Unit::Fraction { digits } => {
                let is_full = end == at + usize::from(digits) && !matches!(next, Op::Byte(_) | Op::OneOf(_));
                self.way.passed_digits(at, end, end + usize::from(!is_full));
            }
            unit => self.way.looked_until(at + unit.longest() + 1),
        }
    }

    fn note_run(&mut self, set: Set, at: usize, end: usize) {
        match set == Set::DIGITS {
            true => self.way.passed_digits(at, end, end + 1),
            false => self.way.looked_until(end + 1),
        }
    }

    fn may_end(&mut self, at: usize) -> bool {
        self.way.looked_until(at + 1);
        if self.plan.word_end && at < self.text.len() && beside_non_ascii(self.text, at) {
            self.stopped = Some(Stopped::Unsure);
            return false;
        }
        !self.plan.word_end || !in_word(self.text, at)
    }

    fn note(&mut self, slot: Option<usize>, start: usize, end: usize) {
        if let Some(slot) = slot
            && let Some(field) = self.fields.get_mut(slot)
        {
            *field = FieldSpan::new(start, end);
            self.noted |= 1 << slot;
        }
    }

    /// Forgets the fields of ways that were given up.
    fn forget_others(&mut self) {
        for (slot, field) in self.fields.iter_mut().take(self.plan.fields.len()).enumerate() {
            if self.noted >> slot & 1 == 0 {
                *field = FieldSpan::default();
            }
        }
        if let Some(others) = self.fields.get_mut(self.plan.fields.len()..) {
            others.fill(FieldSpan::default());
        }
    }
}

/// What a text can go on with, from an operation on.
#[derive(Debug, Clone, Copy)]
struct Ahead {
    set: Set,
    /// The operations behind may take nothing at all.
    may_end: bool,
}

impl Ahead {
    /// Only a no is certain.
    fn may_go_on(&self, here: Option<u8>) -> bool {
        self.may_end || here.is_some_and(|byte| self.set.has_ascii(byte))
    }

    /// For each of the operations, which only ever lead to later ones.
    fn of(ops: &[Op]) -> Vec<Ahead> {
        let nothing = Ahead {
            set: Set::default(),
            may_end: false,
        };
        let separators = ops.iter().fold(Set::default(), |all, op| match op {
            Op::Separator(set) => all.or(*set),
            _ => all,
        });
        let mut ahead = vec![nothing; ops.len()];
        for (at, op) in ops.iter().enumerate().rev() {
            let behind = |to: usize| ahead.get(to).copied().unwrap_or(nothing);
            let taking = |set| Ahead { set, may_end: false };
            let or_behind = |set: Set, to: usize| Ahead {
                set: set.or(behind(to).set),
                may_end: behind(to).may_end,
            };
            let one = match *op {
                Op::Byte(byte) => taking(Set::default().with(byte)),
                Op::OneOf(set) | Op::Separator(set) => taking(set),
                Op::SameSeparator => taking(separators),
                Op::Unit(unit, _) => taking(unit.beginnings()),
                Op::Run(run) => or_behind(run.set, at + 1),
                Op::CutBegin | Op::CutEnd => behind(at + 1),
                Op::Split(other) => Ahead {
                    may_end: behind(at + 1).may_end || behind(other).may_end,
                    ..or_behind(behind(at + 1).set, other)
                },
                Op::Jump(to) => behind(to),
                Op::End => Ahead {
                    set: Set::ALL,
                    may_end: true,
                },
            };
            if let Some(place) = ahead.get_mut(at) {
                *place = one;
            }
        }
        ahead
    }
}

fn emit(nodes: &[Node], ops: &mut Vec<Op>) {
    for node in nodes {
        match node {
            Node::Byte(byte) => ops.push(Op::Byte(*byte)),
            Node::OneOf(set) => ops.push(Op::OneOf(*set)),
            Node::Unit(unit, slot) => ops.push(Op::Unit(*unit, *slot)),
            Node::Run(run) => ops.push(Op::Run(*run)),
            Node::Cut(inner) => {
                ops.push(Op::CutBegin);
                emit(inner, ops);
                ops.push(Op::CutEnd);
            }
            Node::Separator(set) => ops.push(Op::Separator(*set)),
            Node::SameSeparator => ops.push(Op::SameSeparator),
            Node::Optional(inner) => {
                let split = ops.len();
                ops.push(Op::End);
                emit(inner, ops);
                let behind = ops.len();
                ops[split] = Op::Split(behind);
            }
            Node::Choice(choices) => emit_choice(choices, ops),
        }
    }
}

fn emit_choice(choices: &[Vec<Node>], ops: &mut Vec<Op>) {
    let mut jumps = Vec::new();
    for (n, choice) in choices.iter().enumerate() {
        let is_last = n + 1 == choices.len();
        let split = ops.len();
        if !is_last {
            ops.push(Op::End);
        }
        emit(choice, ops);
        if !is_last {
            jumps.push(ops.len());
            ops.push(Op::End);
            ops[split] = Op::Split(ops.len());
        }
    }
    let behind = ops.len();
    for jump in jumps {
        ops[jump] = Op::Jump(behind);
    }
}

fn need_of(nodes: &[Node]) -> Option<Need> {
    use Unit::{Day2, Hour, Hour2, Hour12, HourLoose, Minute, Month2, Second, YearExact};
    let literal = nodes.iter().map_while(|node| match node {
        Node::Byte(byte) => Some(*byte),
        _ => None,
    });
    let literal: Vec<u8> = literal.collect();
    if literal.len() >= SHORTEST_LITERAL {
        return Some(Need::Literal(Box::new(Finder::new(&literal).into_owned())));
    }
    let is_hour = |node: &Node| match node {
        Node::Cut(inner) => matches!(inner.as_slice(), [Node::Unit(Hour | Hour12 | HourLoose | Hour2, _)]),
        node => matches!(node, Node::Unit(Hour | Hour12 | HourLoose | Hour2, _)),
    };
    let time = nodes.windows(5).position(|w| {
        let [hour, behind @ ..] = w else {
            return false;
        };
        is_hour(hour)
            && matches!(
                behind,
                [
                    Node::Byte(b':'),
                    Node::Unit(Minute, _),
                    Node::Byte(b':'),
                    Node::Unit(Second, _)
                ]
            )
    });
    if let Some(hour) = time {
        let (least, most) = (least_of(nodes.get(..=hour)?), most_of(nodes.get(..=hour)?)?);
        let before = Tail::of(nodes.get(..hour)?);
        return (most < REACH).then_some(Need::Time { least, most, before });
    }
    let is_run = matches!(
        nodes,
        [
            Node::Unit(YearExact { .. }, _),
            Node::Unit(Month2, _),
            Node::Unit(Day2, _),
            ..
        ]
    );
    is_run.then_some(Need::EightDigits)
}
