//! Dates without an engine: a pattern made of tokens, plain characters and little else is matched by a small program
//! of our own.
//!
//! What it finds is exactly what the pattern's expression finds, with the same preferences. It is worth its place
//! because dates are looked for in each line with some thirty templates: the programs share what is known about the
//! line ([`super::marks`]), and most of them end without having looked at a single character.
//!
//! Made for ASCII: what is beyond it is left to the expression.

mod ahead;
mod run;

use super::Match;
use super::convert::{Field, MAX_FIELDS};
use super::parts::{Node, Parts, Run as Several, Set, first_bytes, least_of, most_of};
use super::tail::Tail;
use super::tokens::{Piece, Years};
use super::units::{Pairs, Unit};
use super::words::is_word;
use super::written::Way;
use ahead::Ahead;
use memchr::memmem::Finder;
use run::Run;

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
    /// This byte, so many bytes behind the date's beginning.
    Byte { byte: u8, least: usize, most: usize },
}

#[derive(Debug, Clone, Copy)]
enum Op {
    Byte(u8),
    OneOf(Set),
    Unit(Token),
    Run(Several),
    Until(u8),
    CutBegin,
    CutEnd,
    Separator(Set),
    SameSeparator,
    /// Goes on behind itself, and if that fails at the other place.
    Split(usize),
    Jump(usize),
    End,
}

/// A unit and what is made of it.
#[derive(Debug, Clone, Copy)]
struct Token {
    unit: Unit,
    /// Which of the fields it tells.
    slot: Option<usize>,
    /// Where two digits stand and what follows it begins with no digit, it takes both or none; these it takes.
    pairs: Pairs,
}

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
        let need = need_of(&nodes, begin)?;
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
            ahead: Ahead::of(&ops, style.word_end),
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
        let mut run = Run::over(self, text, &mut found.fields, way);
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

fn emit(nodes: &[Node], ops: &mut Vec<Op>) {
    for node in nodes {
        match node {
            Node::Byte(byte) => ops.push(Op::Byte(*byte)),
            Node::OneOf(set) => ops.push(Op::OneOf(*set)),
            Node::Unit(unit, slot) => ops.push(Op::Unit(Token {
                unit: *unit,
                slot: *slot,
                pairs: Pairs::of(*unit),
            })),
            Node::Run(run) => ops.push(Op::Run(*run)),
            Node::Until(byte) => ops.push(Op::Until(*byte)),
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

fn need_of(nodes: &[Node], begin: PlanBegin) -> Option<Need> {
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
    if let Some(hour) = time
        && let Some(most) = most_of(nodes.get(..=hour)?)
    {
        let least = least_of(nodes.get(..=hour)?);
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
    is_run.then_some(Need::EightDigits).or_else(|| mark_of(nodes, begin))
}

/// The first mark that a match must have.
fn mark_of(nodes: &[Node], begin: PlanBegin) -> Option<Need> {
    let mut all = Vec::new();
    flatten(nodes, &mut all);
    let (mut least, mut most) = (0, Some(0));
    for node in all {
        match node {
            Node::Byte(byte) if byte.is_ascii_punctuation() => {
                let most = match begin {
                    // There is one place only where it can begin.
                    PlanBegin::LineBegin => most.unwrap_or(usize::MAX),
                    _ => most?,
                };
                let byte = *byte;
                return Some(Need::Byte { byte, least, most });
            }
            node => {
                let node = std::slice::from_ref(node);
                least += least_of(node);
                most = most.zip(most_of(node)).map(|(before, more)| before + more);
            }
        }
    }
    None
}

/// The nodes without the groups around them.
fn flatten<'n>(nodes: &'n [Node], out: &mut Vec<&'n Node>) {
    for node in nodes {
        match node {
            Node::Cut(inner) => flatten(inner, out),
            Node::Choice(choices) if choices.len() == 1 => choices.iter().for_each(|only| flatten(only, out)),
            node => out.push(node),
        }
    }
}
