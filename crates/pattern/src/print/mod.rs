//! From the tree to PCRE2's dialect, with exactly Python's meaning.
//!
//! Each expression is printed twice: for texts that are plain ASCII, where PCRE2 may work byte by byte, and for all
//! others, in UTF mode. Nothing is left to what PCRE2 understands by `\s`, `\w` or `\b`: sets are written out, groups
//! are numbered only (so that names of any length and script do).

mod leash;
mod sets;

use std::fmt::Write;

pub(crate) use leash::Leash;
pub(crate) use sets::ascii_members;

use crate::syntax::{Assertion, Ast, Case, Greed, Kind, Node};

/// For which texts an expression is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// Only texts of plain ASCII, byte by byte.
    Ascii,
    /// All texts, in UTF mode.
    Unicode,
}

/// A group that never matches.
const NEVER: &str = "(?!)";
/// Tells the engine to ask the guard whether to go on.
const CHECKPOINT: &str = "(?C)";
/// Repetitions up to this count cost little enough not to be watched.
const SHORT_SCAN: u32 = 64;
/// The greatest count that PCRE2 knows.
const MAX_COUNT: u32 = 65_535;
/// Characters of a scan between two questions to the guard.
const PORTION: u32 = 16 << 10;

/// An expression that means something PCRE2 has no words for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Inexpressible {
    pub message: &'static str,
    pub span: crate::syntax::Span,
}

/// Prints the expression so that the leash can hold it.
pub(crate) fn print(ast: &Ast, target: Target, leash: Leash) -> Result<String, Inexpressible> {
    let mut printer = Printer {
        out: String::new(),
        target,
        leash,
        modes: Modes::default(),
    };
    printer.node(&ast.root)?;
    Ok(printer.out)
}

/// PCRE2's switches that are in force where the printer stands.
#[derive(Clone, Copy, Default)]
struct Modes {
    ignore_case: bool,
    multi_line: bool,
    dot_all: bool,
}

struct Printer {
    out: String,
    target: Target,
    leash: Leash,
    modes: Modes,
}

impl Printer {
    fn node(&mut self, node: &Node) -> Result<(), Inexpressible> {
        match &node.kind {
            Kind::Empty => {}
            Kind::Literal { point, case } => self.literal(*point, *case),
            Kind::Any { newline } => {
                self.dot_all(*newline);
                self.out.push('.');
            }
            Kind::Class(class) => self.class(class),
            Kind::Assertion(assertion) => self.assertion(*assertion),
            Kind::Concat(nodes) => self.concat(nodes)?,
            Kind::Alternation(_) => self.group("(?:", node)?,
            Kind::Repeat {
                min,
                max,
                greed,
                node: inner,
            } => {
                if *min > MAX_COUNT || max.is_some_and(|max| max > MAX_COUNT) {
                    return Err(Inexpressible {
                        message: "repetitions of more than 65535 times are not supported",
                        span: node.span.clone(),
                    });
                }
                self.repeat(inner, *min, *max, *greed)?;
            }
            Kind::Capture { node: inner, .. } => self.group("(", inner)?,
            Kind::Look { behind, negative, node } => {
                let open = match (behind, negative) {
                    (false, false) => "(?=",
                    (false, true) => "(?!",
                    (true, false) => "(?<=",
                    (true, true) => "(?<!",
                };
                self.group(open, node)?;
            }
            Kind::Atomic(node) => self.group("(?>", node)?,
            Kind::Backref { group, case } => {
                self.ignore_case(*case != Case::Sensitive);
                let _ = write!(self.out, r"\g{{{group}}}");
            }
            Kind::Conditional { group, yes, no } => self.conditional(*group, yes, no)?,
        }
        Ok(())
    }

    fn concat(&mut self, nodes: &[Node]) -> Result<(), Inexpressible> {
        nodes.iter().try_for_each(|node| self.node(node))
    }

    /// `open` and the branches and `)`. Switches turned inside end with the group.
    fn group(&mut self, open: &str, node: &Node) -> Result<(), Inexpressible> {
        let modes = self.modes;
        self.out.push_str(open);
        match &node.kind {
            Kind::Alternation(branches) => {
                for (index, branch) in branches.iter().enumerate() {
                    if index > 0 {
                        self.out.push('|');
                    }
                    self.node(branch)?;
                }
            }
            _ => self.node(node)?,
        }
        self.out.push(')');
        self.modes = modes;
        Ok(())
    }

    fn conditional(&mut self, group: usize, yes: &Node, no: &Node) -> Result<(), Inexpressible> {
        let modes = self.modes;
        let _ = write!(self.out, "(?({group})");
        self.node(yes)?;
        if no.kind != Kind::Empty {
            self.out.push('|');
            self.node(no)?;
        }
        self.out.push(')');
        self.modes = modes;
        Ok(())
    }

    fn repeat(&mut self, node: &Node, min: u32, max: Option<u32>, greed: Greed) -> Result<(), Inexpressible> {
        let item = self.is_one_item(node);
        let long = max.is_none_or(|max| max > SHORT_SCAN);
        if long && self.leash != Leash::Steps {
            self.out.push_str(CHECKPOINT);
        }
        // PCRE2 looks ahead for what follows a scan, and leaves out of its count the places where that cannot be.
        // Behind a parenthesis it does not see what follows, and counts them all.
        let hidden = long && self.leash.counts() && item;
        let modes = self.modes;
        if hidden {
            self.out.push_str("(?:");
        }
        let max = match max {
            None if self.is_scan_in_portions(node, min, greed) => {
                self.portions(node, greed)?;
                Some(min + PORTION - 1)
            }
            max => max,
        };
        if item {
            self.node(node)?;
        } else {
            self.group("(?:", node)?;
        }
        match (min, max) {
            (0, None) => self.out.push('*'),
            (1, None) => self.out.push('+'),
            (0, Some(1)) => self.out.push('?'),
            (min, Some(max)) if min == max => {
                let _ = write!(self.out, "{{{min}}}");
            }
            (min, max) => {
                let _ = write!(self.out, "{{{min},");
                if let Some(max) = max {
                    let _ = write!(self.out, "{max}");
                }
                self.out.push('}');
            }
        }
        match greed {
            Greed::Greedy => {}
            Greed::Lazy => self.out.push('?'),
            Greed::Possessive => self.out.push('+'),
        }
        if hidden {
            self.out.push(')');
            self.modes = modes;
        }
        Ok(())
    }

    /// Whether it is a scan that goes far at once.
    fn is_scan_in_portions(&self, node: &Node, min: u32, greed: Greed) -> bool {
        let is_character = matches!(node.kind, Kind::Literal { .. } | Kind::Any { .. } | Kind::Class(_));
        let is_long = matches!(self.leash, Leash::Long { .. });
        is_long && is_character && self.is_one_item(node) && greed != Greed::Lazy && min <= MAX_COUNT - PORTION
    }

    /// The front part of a scan, which is to be followed by one of `min` to `min + PORTION - 1` characters: together
    /// they take the same, and give it back character by character in the same order.
    fn portions(&mut self, node: &Node, greed: Greed) -> Result<(), Inexpressible> {
        let modes = self.modes;
        self.out.push_str("(?:");
        self.node(node)?;
        let _ = write!(self.out, "{{{PORTION}}}{CHECKPOINT})*");
        if greed == Greed::Possessive {
            self.out.push('+');
        }
        self.modes = modes;
        Ok(())
    }

    /// Whether the node is printed as one thing, which a quantifier behind it applies to as a whole.
    fn is_one_item(&self, node: &Node) -> bool {
        match &node.kind {
            Kind::Literal { .. } | Kind::Any { .. } => true,
            Kind::Class(class) => !self.is_split(class),
            Kind::Capture { .. } | Kind::Atomic(_) | Kind::Backref { .. } => true,
            // PCRE2 would run a quantified look-around at most once; in a group it does what Python does.
            _ => false,
        }
    }

    fn literal(&mut self, point: u32, case: Case) {
        match self.variants(point, case) {
            Some(variants) => self.out.push_str(&variants),
            None => {
                let cased = char::from_u32(point).is_some_and(|c| !c.is_ascii() || c.is_ascii_alphabetic());
                if cased {
                    self.ignore_case(case == Case::Ignore);
                }
                sets::push_literal(&mut self.out, point);
            }
        }
    }

    fn assertion(&mut self, assertion: Assertion) {
        match assertion {
            Assertion::TextStart => self.out.push_str(r"\A"),
            Assertion::TextEnd => self.out.push_str(r"\z"),
            Assertion::LineStart => {
                self.multi_line(true);
                self.out.push('^');
            }
            Assertion::LineEnd => {
                self.multi_line(true);
                self.out.push('$');
            }
            Assertion::End => {
                self.multi_line(false);
                self.out.push('$');
            }
            Assertion::WordBoundary { ascii } => self.boundary(ascii),
            Assertion::NotWordBoundary { ascii } => {
                // An empty text has no boundary and no "not a boundary" either.
                self.out.push_str(r"(?!\A\z)");
                self.not_boundary(ascii);
            }
        }
    }

    fn boundary(&mut self, ascii: bool) {
        if ascii || self.target == Target::Ascii {
            self.out.push_str(r"\b");
        } else {
            let word = sets::WORD;
            let _ = write!(self.out, "(?:(?<=[{word}])(?![{word}])|(?<![{word}])(?=[{word}]))");
        }
    }

    fn not_boundary(&mut self, ascii: bool) {
        if ascii || self.target == Target::Ascii {
            self.out.push_str(r"\B");
        } else {
            let word = sets::WORD;
            let _ = write!(self.out, "(?:(?<=[{word}])(?=[{word}])|(?<![{word}])(?![{word}]))");
        }
    }

    fn ignore_case(&mut self, wanted: bool) {
        if self.modes.ignore_case != wanted {
            self.out.push_str(if wanted { "(?i)" } else { "(?-i)" });
            self.modes.ignore_case = wanted;
        }
    }

    fn multi_line(&mut self, wanted: bool) {
        if self.modes.multi_line != wanted {
            self.out.push_str(if wanted { "(?m)" } else { "(?-m)" });
            self.modes.multi_line = wanted;
        }
    }

    fn dot_all(&mut self, wanted: bool) {
        if self.modes.dot_all != wanted {
            self.out.push_str(if wanted { "(?s)" } else { "(?-s)" });
            self.modes.dot_all = wanted;
        }
    }
}
