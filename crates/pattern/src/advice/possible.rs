//! Whether an expression can match at all: places such as `^` and `$` are followed through the tree together with what
//! may stand before and behind them.
//!
//! Followed are sets of circumstances: what kind of character was before, which kinds may come next. Where the set
//! becomes empty, no text goes on. Looks, back references and the ends of repetitions are rounded up, so that nothing
//! possible is called impossible.
use super::chars::Chars;
use super::shape;
use crate::syntax::{Assertion, Ast, Kind, Node, Span};

/// What the texts look like that the expression is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextShape {
    /// One line with a newline at its end.
    Line,
    /// Several lines, each with a newline.
    Lines,
}

/// Where no text goes on, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contradiction {
    /// The piece that cannot be matched.
    pub span: Span,
    /// Why.
    pub why: Why,
}

/// Why a piece cannot be matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// A set without characters.
    NoCharacter,
    /// `^` or `\A` where text stands before it.
    StartBehindText,
    /// Text behind `$` or `\Z`.
    BehindEnd,
    /// Text behind a newline, where a text is one line.
    BehindNewline,
    /// `\Z` before the newline that ends every text.
    BeforeNewline,
    /// `\b` inside of a word or outside of any, or `\B` at its border.
    Border,
    /// A look that can never hold.
    Look,
}

/// The first piece that makes the expression impossible; none if it may match.
pub fn contradiction(ast: &Ast, shape: TextShape) -> Option<Contradiction> {
    let mut walk = Walk {
        shape,
        found: None,
        steps: 0,
    };
    let mut begin = Set::default();
    BEFORE.iter().for_each(|before| begin.add(walk.fresh(*before)));
    let end = walk.node(&ast.root, begin);
    match end.is_empty() && walk.steps < MOST_STEPS {
        true => walk.found,
        false => None,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    Start,
    Newline,
    Word,
    Other,
}

const BEFORE: [Before; 4] = [Before::Start, Before::Newline, Before::Word, Before::Other];

/// After so many nothing is said.
const MOST_STEPS: usize = 200_000;

/// Kinds of what may come next, as bits.
const WORD: u8 = 1;
const OTHER: u8 = 2;
const NEWLINE: u8 = 4;
const END: u8 = 8;

/// A circumstance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    before: Before,
    next: u8,
    /// A newline, if it comes next, is the last character.
    newline_ends: bool,
}

/// Circumstances: four kinds before, sixteen sets of kinds behind, twice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Set(u128);

impl Set {
    fn add(&mut self, place: Place) {
        if place.next != 0 {
            let index = (place.before as u32) * 32 + u32::from(place.next) * 2 + u32::from(place.newline_ends);
            self.0 |= 1 << index;
        }
    }

    fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn union(self, with: Set) -> Set {
        Set(self.0 | with.0)
    }

    fn places(self) -> impl Iterator<Item = Place> {
        (0..128_u8)
            .filter(move |index| self.0 & (1 << index) != 0)
            .filter_map(|index| {
                Some(Place {
                    before: *BEFORE.get(usize::from(index / 32))?,
                    next: index % 32 / 2,
                    newline_ends: index % 2 == 1,
                })
            })
    }
}

struct Walk {
    shape: TextShape,
    found: Option<Contradiction>,
    /// Nodes looked at so far; repetitions in repetitions are gone through again and again.
    steps: usize,
}

impl Walk {
    /// The circumstances behind a character, of which nothing more is known.
    fn fresh(&self, before: Before) -> Place {
        let (next, newline_ends) = match (self.shape, before) {
            (TextShape::Line, Before::Newline) => (END, true),
            // The newline at the end is always there.
            (TextShape::Line, _) => (WORD | OTHER | NEWLINE, true),
            (TextShape::Lines, Before::Newline) => (WORD | OTHER | NEWLINE | END, false),
            (TextShape::Lines, _) => (WORD | OTHER | NEWLINE, false),
        };
        Place {
            before,
            next,
            newline_ends,
        }
    }

    fn node(&mut self, node: &Node, set: Set) -> Set {
        self.steps += 1;
        if set.is_empty() || self.steps >= MOST_STEPS {
            return set;
        }
        match &node.kind {
            Kind::Empty => set,
            Kind::Literal { .. } | Kind::Any { .. } | Kind::Class(_) => self.consume(node, shape::chars(node), set),
            Kind::Assertion(assertion) => self.assertion(node, *assertion, set),
            Kind::Concat(nodes) => nodes.iter().fold(set, |set, node| self.node(node, set)),
            Kind::Alternation(nodes) => nodes
                .iter()
                .fold(Set::default(), |sum, node| sum.union(self.node(node, set))),
            Kind::Repeat { min, max, node, .. } => self.repeat(node, *min, *max, set),
            Kind::Capture { node, .. } | Kind::Atomic(node) => self.node(node, set),
            Kind::Look {
                behind,
                negative,
                node: inner,
            } => self.look(node, inner, *behind, *negative, set),
            Kind::Backref { .. } => {
                let mut unknown = set;
                BEFORE.iter().for_each(|before| unknown.add(self.fresh(*before)));
                unknown
            }
            Kind::Conditional { yes, no, .. } => self.node(yes, set).union(self.node(no, set)),
        }
    }

    fn consume(&mut self, node: &Node, chars: Chars, set: Set) -> Set {
        let mut out = Set::default();
        for place in set.places() {
            if place.next & WORD != 0 && chars.words() {
                out.add(self.fresh(Before::Word));
            }
            if place.next & OTHER != 0 && chars.others() {
                out.add(self.fresh(Before::Other));
            }
            if place.next & NEWLINE != 0 && chars.has('\n') {
                let mut behind = self.fresh(Before::Newline);
                if place.newline_ends {
                    behind.next &= END;
                }
                out.add(behind);
            }
        }
        if out.is_empty() {
            let why = if chars.is_empty() {
                Why::NoCharacter
            } else if set.places().all(|place| place.before == Before::Newline) && self.shape == TextShape::Line {
                Why::BehindNewline
            } else if set.places().all(|place| place.next & (WORD | OTHER) == 0) {
                Why::BehindEnd
            } else {
                Why::Border
            };
            self.fail(node, why);
        }
        out
    }

    fn assertion(&mut self, node: &Node, assertion: Assertion, set: Set) -> Set {
        let mut out = Set::default();
        for mut place in set.places() {
            let in_word = place.before == Before::Word;
            match assertion {
                Assertion::TextStart if place.before != Before::Start => continue,
                Assertion::LineStart if !matches!(place.before, Before::Start | Before::Newline) => continue,
                Assertion::TextStart | Assertion::LineStart => {}
                Assertion::End => {
                    place.next &= NEWLINE | END;
                    place.newline_ends = true;
                }
                Assertion::LineEnd => place.next &= NEWLINE | END,
                Assertion::TextEnd => place.next &= END,
                Assertion::WordBoundary { .. } => place.next &= if in_word { !WORD } else { WORD },
                Assertion::NotWordBoundary { .. } => place.next &= if in_word { WORD } else { !WORD },
            }
            out.add(place);
        }
        if out.is_empty() {
            let why = match assertion {
                Assertion::TextStart | Assertion::LineStart => Why::StartBehindText,
                Assertion::TextEnd => Why::BeforeNewline,
                Assertion::End | Assertion::LineEnd => Why::BehindEnd,
                Assertion::WordBoundary { .. } | Assertion::NotWordBoundary { .. } => Why::Border,
            };
            self.fail(node, why);
        }
        out
    }

    fn repeat(&mut self, node: &Node, min: u32, max: Option<u32>, set: Set) -> Set {
        let mut now = set;
        // More rounds than there are circumstances change nothing.
        for _ in 0..min.min(130) {
            let more = self.node(node, now);
            if more == now {
                break;
            }
            now = more;
        }
        if max == Some(min) {
            return now;
        }
        loop {
            let more = now.union(self.node(node, now));
            if more == now {
                return now;
            }
            now = more;
        }
    }

    fn look(&mut self, node: &Node, inner: &Node, behind: bool, negative: bool, set: Set) -> Set {
        if behind {
            return set;
        }
        let mut out = Set::default();
        for place in set.places() {
            let mut alone = Set::default();
            alone.add(place);
            let holds = match negative {
                true => inner.kind != Kind::Empty,
                false => !self.node(inner, alone).is_empty(),
            };
            if holds {
                out.add(place);
            }
        }
        if out.is_empty() {
            self.fail(node, Why::Look);
        }
        out
    }

    fn fail(&mut self, node: &Node, why: Why) {
        let span = node.span.clone();
        self.found = Some(Contradiction { span, why });
    }
}
