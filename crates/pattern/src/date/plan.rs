//! Dates without an engine: a pattern made of tokens, plain characters and little else is matched by a small program
//! of our own.
//!
//! What it finds is exactly what the pattern's expression finds, with the same preferences. It is worth its place
//! because dates are looked for in each line with some thirty templates: the programs share what is known about the
//! line ([`super::marks`]), and most of them end without having looked at a single character.
//!
//! Made for ASCII: what is beyond it is left to the expression.

use super::convert::Field;
use super::tokens::{Piece, Years};
use super::units::Unit;
use super::words::{beside_non_ascii, in_word, is_word};
use super::{FieldSpan, Match, Spans};

/// A compiled pattern.
#[derive(Debug)]
pub(super) struct Plan {
    ops: Vec<Op>,
    begin: PlanBegin,
    word_end: bool,
    /// What its fields tell, in the order of the pattern.
    pub fields: Vec<Field>,
    /// Bytes that a match can begin with.
    first: Set,
    pub need: Need,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// A time such as `1:2:3`, its first colon at most so many bytes behind the date's beginning.
    /// `before`: what can stand before the hour; everything if nothing has to.
    Time { within: usize, before: Set },
    /// Eight digits in a row, at the date's beginning.
    EightDigits,
}

/// A set of ASCII characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Set(u128);

impl Set {
    /// Every byte, those beyond ASCII too.
    pub const ALL: Set = Set(u128::MAX);

    pub fn has(self, byte: u8) -> bool {
        self == Set::ALL || (byte < 128 && self.0 >> byte & 1 == 1)
    }

    fn with(self, byte: u8) -> Set {
        Set(self.0 | if byte < 128 { 1 << byte } else { 0 })
    }
}

#[derive(Debug)]
enum Node {
    Byte(u8),
    OneOf(Set),
    Unit(Unit, Option<usize>),
    /// `\s*`
    Blanks,
    /// A separator to be found again.
    Separator(Set),
    SameSeparator,
    Optional(Vec<Node>),
    Choice(Vec<Vec<Node>>),
}

#[derive(Debug, Clone, Copy)]
enum Op {
    Byte(u8),
    OneOf(Set),
    Unit(Unit, Option<usize>),
    Blanks,
    Separator(Set),
    SameSeparator,
    /// Goes on behind itself, and if that fails at the other place.
    Split(usize),
    Jump(usize),
    End,
}

/// The furthest that a time may stand behind the beginning of its date.
const REACH: usize = 48;

impl Plan {
    /// The program for a pattern without its borders; nothing if it needs an engine.
    pub fn new(pieces: &[Piece<'_>], style: Style, years: &Years) -> Option<Plan> {
        let mut reader = Reader {
            input: flatten(pieces),
            at: 0,
            fields: Vec::new(),
            years,
            style,
            separator: false,
        };
        let Style {
            mut begin,
            word_end,
            ..
        } = style;
        if reader.takes("^") {
            begin = PlanBegin::LineBegin;
        }
        let nodes = reader.sequence()?;
        if reader.at < reader.input.len() {
            return None;
        }
        let need = need_of(&nodes)?;
        let mut ops = Vec::new();
        emit(&nodes, &mut ops);
        ops.push(Op::End);
        let mut first = Set::default();
        if !edge(&nodes, &mut first, Edge::First) {
            return None;
        }
        (reader.fields.len() <= super::convert::MAX_FIELDS).then_some(Plan {
            ops,
            begin,
            word_end,
            fields: reader.fields,
            first,
            need,
        })
    }

    /// The first match among those that begin at the places given.
    pub fn search(
        &self,
        text: &[u8],
        starts: impl Iterator<Item = usize>,
    ) -> Result<Option<Match>, Unsure> {
        let mut run = Run {
            plan: self,
            text,
            fields: Spans::default(),
            separator: 0,
            unsure: false,
        };
        for start in starts {
            let end = run.match_at(start);
            if run.unsure {
                return Err(Unsure);
            }
            if let Some(end) = end {
                return Ok(Some(Match {
                    start,
                    end,
                    cut: (start, end),
                    fields: run.fields,
                }));
            }
        }
        Ok(None)
    }

    /// Whether it is bound to the line's beginning.
    pub fn at_line_begin(&self) -> bool {
        matches!(self.begin, PlanBegin::LineBegin | PlanBegin::NearLineBegin)
    }

    /// A match at the line's beginning, for plans that are bound to it.
    pub fn search_line_begin(&self, text: &[u8]) -> Result<Option<Match>, Unsure> {
        if self.begin == PlanBegin::LineBegin {
            return self.search(text, std::iter::once(0));
        }
        let head = text.get(..text.len().min(2)).unwrap_or_default();
        if !head.is_ascii() {
            return Err(Unsure);
        }
        let most = head.iter().take_while(|&&b| !is_word(b)).count();
        let found = self.search(text, (0..=most).rev())?;
        Ok(found.map(|found| Match { start: 0, ..found }))
    }
}

/// A character beyond ASCII stands where it matters: ask the expression.
#[derive(Debug)]
pub(super) struct Unsure;

fn is_blank(byte: u8) -> bool {
    matches!(byte, 9..=13 | 28..=32)
}

struct Run<'p> {
    plan: &'p Plan,
    text: &'p [u8],
    fields: Spans,
    separator: u8,
    unsure: bool,
}

impl Run<'_> {
    fn match_at(&mut self, start: usize) -> Option<usize> {
        if !self.plan.first.has(*self.text.get(start)?) {
            return None;
        }
        let end = self.go(0, start)?;
        if self.plan.begin == PlanBegin::WordBorder {
            if start > 0 && beside_non_ascii(self.text, start) {
                self.unsure = true;
                return None;
            }
            if in_word(self.text, start) {
                return None;
            }
        }
        Some(end)
    }

    /// Runs on from an operation at a place; returns where the match ends.
    fn go(&mut self, mut op: usize, mut at: usize) -> Option<usize> {
        loop {
            let here = self.text.get(at).copied();
            match *self.plan.ops.get(op)? {
                Op::Byte(byte) if here == Some(byte) => at += 1,
                Op::OneOf(set) if set.has(here?) => at += 1,
                Op::Separator(set) if set.has(here?) => {
                    self.separator = here?;
                    at += 1;
                }
                Op::SameSeparator if here == Some(self.separator) => at += 1,
                Op::Unit(unit, slot) => return self.unit(unit, slot, op, at),
                Op::Blanks => {
                    let most = self
                        .text
                        .get(at..)?
                        .iter()
                        .take_while(|&&b| is_blank(b))
                        .count();
                    return (0..=most).rev().find_map(|n| self.go(op + 1, at + n));
                }
                Op::Split(other) => {
                    if let Some(end) = self.go(op + 1, at) {
                        return Some(end);
                    }
                    op = other;
                    continue;
                }
                Op::Jump(to) => {
                    op = to;
                    continue;
                }
                Op::End => return self.may_end(at).then_some(at),
                _ => return None,
            }
            op += 1;
        }
    }

    fn may_end(&mut self, at: usize) -> bool {
        if self.plan.word_end && at < self.text.len() && beside_non_ascii(self.text, at) {
            self.unsure = true;
            return false;
        }
        !self.plan.word_end || !in_word(self.text, at)
    }

    /// Tries a unit's lengths in the order that its expression prefers.
    fn unit(&mut self, unit: Unit, slot: Option<usize>, op: usize, at: usize) -> Option<usize> {
        for length in unit.lengths(self.text.get(at..)?) {
            let end = at + usize::from(length);
            let field = slot.and_then(|slot| self.fields.get_mut(slot));
            if let Some(field) = field {
                *field = FieldSpan::new(at, end);
            }
            if let Some(end) = self.go(op + 1, end) {
                return Some(end);
            }
        }
        let field = slot.and_then(|slot| self.fields.get_mut(slot));
        if let Some(field) = field {
            *field = FieldSpan::default();
        }
        None
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Input<'p> {
    Char(u8),
    Token(&'p str),
}

fn flatten<'p>(pieces: &[Piece<'p>]) -> Vec<Input<'p>> {
    let mut out = Vec::new();
    for piece in pieces {
        match *piece {
            Piece::Text(text) => out.extend(text.bytes().map(Input::Char)),
            Piece::Token(token) => out.push(Input::Token(token)),
        }
    }
    out
}

/// Reads a pattern; every method returns nothing when it meets what only an engine can do.
struct Reader<'p> {
    input: Vec<Input<'p>>,
    at: usize,
    fields: Vec<Field>,
    years: &'p Years,
    style: Style,
    /// A separator was read that can be referred to.
    separator: bool,
}

impl Reader<'_> {
    fn peek(&self) -> Option<Input<'_>> {
        self.input.get(self.at).copied()
    }

    fn takes(&mut self, text: &str) -> bool {
        let is_here = text
            .bytes()
            .enumerate()
            .all(|(n, byte)| self.input.get(self.at + n) == Some(&Input::Char(byte)));
        if is_here {
            self.at += text.len();
        }
        is_here
    }

    fn sequence(&mut self) -> Option<Vec<Node>> {
        let mut nodes = Vec::new();
        while let Some(input) = self.peek() {
            if matches!(input, Input::Char(b')' | b'|')) {
                break;
            }
            if let Input::Token(token) = input {
                // A blank may stand before these two hours without being part of them.
                if matches!(token, "k" | "Exk") {
                    nodes.push(Node::Optional(vec![Node::Byte(b' ')]));
                }
            }
            let node = self.atom()?;
            nodes.push(if self.takes("?") {
                Node::Optional(vec![node])
            } else {
                node
            });
            if matches!(self.peek(), Some(Input::Char(b'?' | b'*' | b'+' | b'{'))) {
                return None;
            }
        }
        Some(nodes)
    }

    fn atom(&mut self) -> Option<Node> {
        if let Some(Input::Token(token)) = self.input.get(self.at).copied() {
            return self.token(token);
        }
        if self.takes("(?:") {
            return self.group();
        }
        if self.takes("(?P<_sep>[") {
            let set = self.set()?;
            self.separator = true;
            return self.takes(")").then_some(Node::Separator(set));
        }
        if self.takes("(?P=_sep)") {
            return self.separator.then_some(Node::SameSeparator);
        }
        if self.takes("[") {
            return self.set().map(Node::OneOf);
        }
        if self.takes(r"\s*") {
            return Some(Node::Blanks);
        }
        let escaped = self.takes("\\");
        let Some(Input::Char(byte)) = self.peek() else {
            return None;
        };
        let is_plain = match byte {
            b' ' | b'-' | b'/' | b':' | b',' | b'<' | b'>' | b'@' | b'_' | b'=' | b';' | b'"'
            | b'\'' => true,
            b'.' | b'[' | b']' | b'(' | b')' => escaped,
            _ => byte.is_ascii_alphanumeric() && !escaped,
        };
        // Letters in any case would need more than one byte to compare.
        if !is_plain || (self.style.fold && byte.is_ascii_alphabetic()) {
            return None;
        }
        self.at += 1;
        Some(Node::Byte(byte))
    }

    fn token(&mut self, token: &str) -> Option<Node> {
        let unit = Unit::of(token, self.years, self.style.fold, self.style.fraction)?;
        self.at += 1;
        let group = match token.strip_prefix("Ex").unwrap_or(token) {
            "k" => "H",
            group => group,
        };
        let slot = Field::named(group).map(|field| {
            self.fields.push(field);
            self.fields.len() - 1
        });
        Some(Node::Unit(unit, slot))
    }

    fn group(&mut self) -> Option<Node> {
        let mut choices = vec![self.sequence()?];
        while self.takes("|") {
            choices.push(self.sequence()?);
        }
        self.takes(")").then_some(Node::Choice(choices))
    }

    /// The rest of a set such as `[-/.]`, which has no ranges.
    fn set(&mut self) -> Option<Set> {
        let mut set = Set::default();
        while let Some(Input::Char(byte)) = self.peek() {
            self.at += 1;
            match byte {
                b']' if set != Set::default() => return Some(set),
                b'-' if set != Set::default() => return None,
                b'^' | b'\\' | b'[' | b']' | 128.. => return None,
                _ if self.style.fold && byte.is_ascii_alphabetic() => return None,
                _ => set = set.with(byte),
            }
        }
        None
    }
}

fn emit(nodes: &[Node], ops: &mut Vec<Op>) {
    for node in nodes {
        match node {
            Node::Byte(byte) => ops.push(Op::Byte(*byte)),
            Node::OneOf(set) => ops.push(Op::OneOf(*set)),
            Node::Unit(unit, slot) => ops.push(Op::Unit(*unit, *slot)),
            Node::Blanks => ops.push(Op::Blanks),
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

/// An end of what nodes match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edge {
    First,
    Last,
}

/// Adds the bytes that can stand at an edge of what the nodes match; tells whether they always take at least one.
fn edge(nodes: &[Node], set: &mut Set, which: Edge) -> bool {
    match which {
        Edge::First => nodes.iter().any(|node| edge_of(node, set, which)),
        Edge::Last => nodes.iter().rev().any(|node| edge_of(node, set, which)),
    }
}

fn edge_of(node: &Node, set: &mut Set, which: Edge) -> bool {
    match node {
        Node::Byte(byte) => *set = set.with(*byte),
        Node::OneOf(one) | Node::Separator(one) => set.0 |= one.0,
        Node::SameSeparator => *set = Set::ALL,
        Node::Unit(unit, _) => {
            let may = |&byte: &u8| match which {
                Edge::First => unit.may_begin_with(byte),
                Edge::Last => byte.is_ascii_alphanumeric(),
            };
            *set = (0..128).filter(may).fold(*set, Set::with);
        }
        Node::Blanks => {
            *set = (0..128)
                .filter(|&byte| is_blank(byte))
                .fold(*set, Set::with);
            return false;
        }
        Node::Optional(inner) => {
            edge(inner, set, which);
            return false;
        }
        Node::Choice(choices) => {
            let taking = choices
                .iter()
                .filter(|choice| edge(choice, set, which))
                .count();
            return taking == choices.len();
        }
    }
    true
}

fn need_of(nodes: &[Node]) -> Option<Need> {
    use Unit::{Day2, Hour, Hour2, Hour12, HourLoose, Minute, Month2, Second, YearExact};
    let time = nodes.windows(5).position(|w| {
        matches!(
            w,
            [
                Node::Unit(Hour | Hour12 | HourLoose | Hour2, _),
                Node::Byte(b':'),
                Node::Unit(Minute, _),
                Node::Byte(b':'),
                Node::Unit(Second, _)
            ]
        )
    });
    if let Some(hour) = time {
        let before = most_of(nodes.get(..=hour)?)?;
        let mut last = Set::default();
        if !edge(nodes.get(..hour)?, &mut last, Edge::Last) {
            last = Set::ALL;
        }
        return (before < REACH).then_some(Need::Time {
            within: before,
            before: last,
        });
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

/// The most bytes that nodes can take, where there is a limit.
fn most_of(nodes: &[Node]) -> Option<usize> {
    nodes.iter().try_fold(0, |sum, node| {
        Some(
            sum + match node {
                Node::Byte(_) | Node::OneOf(_) | Node::Separator(_) | Node::SameSeparator => 1,
                Node::Unit(unit, _) => unit.longest(),
                Node::Blanks => return None,
                Node::Optional(inner) => most_of(inner)?,
                Node::Choice(choices) => choices
                    .iter()
                    .try_fold(0, |most, choice| Some(most_of(choice)?.max(most)))?,
            },
        )
    })
}
