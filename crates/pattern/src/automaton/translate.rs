//! From the tree to an automaton's expression.
//!
//! What an automaton cannot do (look around, refer to a group, never give back) is left out, so that it accepts a little
//! too much: its "no" is certain in any case, its "yes" only where nothing was left out. Texts are bytes of UTF-8.
use regex_syntax::hir::{Capture, Class, ClassBytes, ClassBytesRange, Hir, Look, Repetition};

use super::before::{Last, last};
use crate::plan::Fault;
use crate::print::ascii_members;
use crate::syntax::{Assertion, Case, ClassItem, Greed, Kind, Node};

/// An expression for an automaton, and how far its "yes" can be believed.
#[derive(Debug)]
pub(super) struct Translated {
    pub hir: Hir,
    /// What was left out first; none if what the automaton accepts of ASCII is exactly what matches.
    pub left_out: Option<Fault>,
    /// It may deny texts beyond ASCII that match.
    pub ascii_only: bool,
    /// Repetitions of what may be empty: which of the ways to match is taken is a matter of taste.
    pub ambiguous: bool,
}

pub(super) fn translate(root: &Node) -> Translated {
    let mut translator = Translator {
        left_out: None,
        ascii_only: false,
        ambiguous: false,
    };
    let hir = translator.node(root, Last::UNKNOWN);
    Translated {
        hir,
        left_out: translator.left_out,
        ascii_only: translator.ascii_only,
        ambiguous: translator.ambiguous,
    }
}

struct Translator {
    left_out: Option<Fault>,
    ascii_only: bool,
    ambiguous: bool,
}

/// Characters that are an ASCII letter when case is ignored.
const FOLDED: [(u32, u8); 4] = [(0x130, b'i'), (0x131, b'i'), (0x17f, b's'), (0x212a, b'k')];

impl Translator {
    /// `before` is what can stand directly before the node.
    fn node(&mut self, node: &Node, before: Last) -> Hir {
        match &node.kind {
            Kind::Empty => Hir::empty(),
            Kind::Literal { point, case } => literal(*point, *case),
            Kind::Any { newline } => set(if *newline { u128::MAX } else { !(1 << b'\n') }, true),
            Kind::Class(class) => set(ascii_members(class), reaches_beyond(class)),
            Kind::Assertion(assertion) => self.assertion(*assertion),
            Kind::Concat(nodes) => {
                let mut before = before;
                let mut parts = Vec::with_capacity(nodes.len());
                for node in nodes {
                    parts.push(self.node(node, before));
                    before = before.then(last(node));
                }
                Hir::concat(parts)
            }
            Kind::Alternation(nodes) => Hir::alternation(nodes.iter().map(|node| self.node(node, before)).collect()),
            Kind::Repeat {
                min,
                max,
                greed,
                node: inner,
            } => {
                if *greed == Greed::Possessive {
                    self.leave_out(node, "this never gives back what it took");
                }
                let end = last(inner);
                let again = max.is_none_or(|max| max > 1);
                self.ambiguous |= again && end.may_be_empty;
                let before = if again { before.or(end) } else { before };
                let sub = self.node(inner, before);
                Hir::repetition(Repetition {
                    min: *min,
                    max: *max,
                    greedy: *greed != Greed::Lazy,
                    sub: Box::new(sub),
                })
            }
            Kind::Capture { group, node: inner } => Hir::capture(Capture {
                index: u32::try_from(*group).unwrap_or(u32::MAX),
                name: None,
                sub: Box::new(self.node(inner, before)),
            }),
            Kind::Look {
                behind: true,
                negative: false,
                node: inner,
            } if before.is_always(inner) => Hir::empty(),
            Kind::Look { .. } => {
                self.leave_out(node, "this looks at what stands around it");
                Hir::empty()
            }
            Kind::Atomic(inner) => {
                self.leave_out(node, "this never gives back what it took");
                self.node(inner, before)
            }
            Kind::Backref { .. } => {
                self.leave_out(node, "this refers to what a group took");
                anything()
            }
            Kind::Conditional { yes, no, .. } => {
                self.leave_out(node, "this depends on whether a group took part");
                Hir::alternation(vec![self.node(yes, before), self.node(no, before)])
            }
        }
    }

    fn leave_out(&mut self, node: &Node, reason: &str) {
        self.left_out.get_or_insert_with(|| Fault::at(&node.span, reason));
    }

    fn assertion(&mut self, assertion: Assertion) -> Hir {
        Hir::look(match assertion {
            Assertion::TextStart => Look::Start,
            Assertion::LineStart => Look::StartLF,
            // Before any newline, where it should be before the last: the same in a single line.
            Assertion::End | Assertion::LineEnd => Look::EndLF,
            Assertion::TextEnd => Look::End,
            Assertion::WordBoundary { ascii } => {
                self.ascii_only |= !ascii;
                Look::WordAscii
            }
            Assertion::NotWordBoundary { ascii } => {
                self.ascii_only |= !ascii;
                Look::WordAsciiNegate
            }
        })
    }
}

fn literal(point: u32, case: Case) -> Hir {
    let Some(c) = char::from_u32(point) else {
        return Hir::fail();
    };
    match case {
        Case::Ignore if !c.is_ascii() => {
            let folded = FOLDED.iter().find(|fold| fold.0 == point);
            set(folded.map_or(0, |&(_, letter)| both_cases(letter)), true)
        }
        // A few letters have a third case beyond ASCII.
        Case::Ignore if c.is_ascii_alphabetic() => {
            let letter = point.to_le_bytes()[0];
            set(both_cases(letter), b"iskISK".contains(&letter))
        }
        Case::IgnoreAscii if c.is_ascii_alphabetic() => set(both_cases(point.to_le_bytes()[0]), false),
        _ => Hir::literal(c.encode_utf8(&mut [0; 4]).as_bytes()),
    }
}

fn both_cases(letter: u8) -> u128 {
    1 << letter.to_ascii_lowercase() | 1 << letter.to_ascii_uppercase()
}

/// Whether the set may hold characters beyond ASCII.
pub(super) fn reaches_beyond(class: &crate::syntax::Class) -> bool {
    class.negated
        || class.case == Case::Ignore
        || class.items.iter().any(|item| match *item {
            ClassItem::Range(_, to) => to > 0x7f,
            ClassItem::Perl { negated, ascii, .. } => negated || !ascii,
        })
}

/// Characters of ASCII, and with `beyond` all others.
fn set(members: u128, beyond: bool) -> Hir {
    let ascii = (0..128u8).filter(|byte| members >> byte & 1 == 1);
    let ascii = ClassBytes::new(ascii.map(|byte| ClassBytesRange::new(byte, byte)));
    let ascii = Hir::class(Class::Bytes(ascii));
    if !beyond {
        return ascii;
    }
    let mut ways = vec![ascii];
    for (from, to, more) in [(0xc2, 0xdf, 1), (0xe0, 0xef, 2), (0xf0, 0xf4, 3)] {
        let mut bytes = vec![range(from, to)];
        bytes.extend((0..more).map(|_| range(0x80, 0xbf)));
        ways.push(Hir::concat(bytes));
    }
    Hir::alternation(ways)
}

fn range(from: u8, to: u8) -> Hir {
    Hir::class(Class::Bytes(ClassBytes::new([ClassBytesRange::new(from, to)])))
}

fn anything() -> Hir {
    Hir::repetition(Repetition {
        min: 0,
        max: None,
        greedy: true,
        sub: Box::new(range(0, 0xff)),
    })
}
