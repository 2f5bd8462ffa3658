//! Python's `re` dialect (for text, not bytes) as a tree.
//!
//! The tree is what every later step works on: printing for PCRE2, literals for quick searches, cheaper plans.
//! Flags are resolved while parsing: a node says itself whether it ignores case, so that nobody after the
//! parser has to know where `(?i)` stood.

mod any_line;
mod class;
mod escape;
mod flags;
mod group;
mod parse;
mod width;

use std::ops::Range;

pub use class::{Class, ClassItem, PerlClass};
pub use parse::parse;

/// Bytes of the expression that a node was written as.
pub type Span = Range<usize>;

/// A parsed expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ast {
    /// The whole expression.
    pub root: Node,
    /// Name of each group; index 0 is the whole match and has none.
    pub groups: Vec<Option<String>>,
    /// Places of flags like `(?i)` that stand inside instead of at the beginning. Python before 3.11 applied them to
    /// the whole expression, as is done here; Python from 3.11 on refuses them.
    pub misplaced_flags: Vec<Span>,
}

/// One piece of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What it matches.
    pub kind: Kind,
    /// Where it was written.
    pub span: Span,
}

/// What a node matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Nothing, always.
    Empty,
    /// One character, as a code point because `\ud800` may be written too (and matches no text).
    Literal {
        /// The code point.
        point: u32,
        /// How its case counts.
        case: Case,
    },
    /// `.`
    Any {
        /// Whether it takes a newline as well (`(?s)`).
        newline: bool,
    },
    /// `[...]`, and `\d` and its like outside of brackets.
    Class(Class),
    /// A place, not a character.
    Assertion(Assertion),
    /// One after the other; never fewer than two.
    Concat(Vec<Node>),
    /// The first that fits; never fewer than two.
    Alternation(Vec<Node>),
    /// `*`, `+`, `?`, `{2,3}`
    Repeat {
        /// At least so often.
        min: u32,
        /// At most so often; without end if none.
        max: Option<u32>,
        /// Which count is tried first.
        greed: Greed,
        /// What is repeated.
        node: Box<Node>,
    },
    /// `(...)` and `(?P<name>...)`
    Capture {
        /// Its number, from 1.
        group: usize,
        /// What it captures.
        node: Box<Node>,
    },
    /// `(?=...)`, `(?!...)`, `(?<=...)`, `(?<!...)`
    Look {
        /// Looks at what stands before.
        behind: bool,
        /// Holds if the inner expression does not match.
        negative: bool,
        /// What is looked for.
        node: Box<Node>,
    },
    /// `(?>...)`: once matched, never tried otherwise.
    Atomic(Box<Node>),
    /// `\1`, `(?P=name)`: the text that the group captured.
    Backref {
        /// Number of the group.
        group: usize,
        /// How case counts.
        case: Case,
    },
    /// `(?(1)yes|no)`
    Conditional {
        /// Number of the group whose taking part decides.
        group: usize,
        /// If it took part.
        yes: Box<Node>,
        /// If it did not.
        no: Box<Node>,
    },
}

/// How case counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// `a` is not `A`.
    Sensitive,
    /// All of Unicode's simple case pairs.
    Ignore,
    /// Only A to Z (`(?ai)`).
    IgnoreAscii,
}

/// A place in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assertion {
    /// `\A`, and `^` outside of multi-line mode.
    TextStart,
    /// `^` in multi-line mode: the beginning, and after each newline.
    LineStart,
    /// `$` outside of multi-line mode: the end, and before a newline that ends the text.
    End,
    /// `$` in multi-line mode: the end, and before each newline.
    LineEnd,
    /// `\Z`: the very end.
    TextEnd,
    /// `\b`
    WordBoundary {
        /// Words of ASCII only (`(?a)`).
        ascii: bool,
    },
    /// `\B`
    NotWordBoundary {
        /// Words of ASCII only (`(?a)`).
        ascii: bool,
    },
}

/// Which count a repetition tries first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Greed {
    /// As often as possible, then less.
    Greedy,
    /// As seldom as possible, then more (`*?`).
    Lazy,
    /// As often as possible and never less (`*+`).
    Possessive,
}

impl Node {
    /// The nodes directly below this one, in the order they are written.
    pub fn children(&self) -> Vec<&Node> {
        match &self.kind {
            Kind::Concat(nodes) | Kind::Alternation(nodes) => nodes.iter().collect(),
            Kind::Repeat { node, .. } | Kind::Capture { node, .. } | Kind::Look { node, .. } | Kind::Atomic(node) => {
                vec![node]
            }
            Kind::Conditional { yes, no, .. } => vec![yes, no],
            Kind::Empty
            | Kind::Literal { .. }
            | Kind::Any { .. }
            | Kind::Class(_)
            | Kind::Assertion(_)
            | Kind::Backref { .. } => Vec::new(),
        }
    }
}
