//! Texts that every match contains one after the other, as a quick and certain "no".
//!
//! An expression with many open gaps fails slowly: each gap tries all it could take. But whatever matches contains the
//! expression's literals in their order; if they cannot be found so, taking each at the first place that ends it
//! soonest, there is no match, and the expression need not be tried. The other way round nothing is said.
use crate::literal::of_character;
use crate::slices::{self, NoTime};
use crate::syntax::{Ast, Kind, Node};
use memchr::memmem::Finder;

/// With fewer pieces an expression fails quickly by itself.
const FEWEST: usize = 3;
/// More alternatives are not looked for.
const MOST_ALTERNATIVES: usize = 16;

/// Pieces of text in the order in which every match contains them.
#[derive(Debug)]
pub(crate) struct Order {
    /// Of each piece the ways in which it may be written.
    pieces: Vec<Vec<Finder<'static>>>,
}

impl Order {
    /// The pieces of an expression that are worth being looked for first.
    pub fn of(ast: &Ast) -> Option<Order> {
        let mut walk = Walk::default();
        walk.node(&ast.root);
        walk.end_run();
        let worth = walk.pieces.len() >= FEWEST && walk.gaps >= FEWEST;
        worth.then_some(Order { pieces: walk.pieces })
    }

    /// False when the text certainly has no match.
    pub fn may_match(&self, text: &[u8]) -> Result<bool, NoTime> {
        let mut rest = text;
        for ways in &self.pieces {
            let mut soonest: Option<usize> = None;
            for way in ways {
                let end = slices::find(way, rest)?.map(|at| at + way.needle().len());
                soonest = [soonest, end].into_iter().flatten().min();
            }
            let Some(after) = soonest.and_then(|end| rest.get(end..)) else {
                return Ok(false);
            };
            rest = after;
        }
        Ok(true)
    }
}

#[derive(Default)]
struct Walk {
    pieces: Vec<Vec<Finder<'static>>>,
    /// A literal that may go on.
    run: Vec<u8>,
    /// Repetitions without end.
    gaps: usize,
}

impl Walk {
    fn node(&mut self, node: &Node) {
        match &node.kind {
            Kind::Concat(nodes) => nodes.iter().for_each(|node| self.node(node)),
            Kind::Capture { node, .. } | Kind::Atomic(node) => self.node(node),
            // Places have no width.
            Kind::Empty | Kind::Assertion(_) | Kind::Look { .. } => {}
            Kind::Literal { point, case } => match of_character(*point, *case) {
                Some(bytes) => self.run.extend_from_slice(&bytes),
                None => self.end_run(),
            },
            Kind::Alternation(ways) => {
                self.end_run();
                let ways: Option<Vec<_>> = ways.iter().map(plain_text).collect();
                if let Some(ways) = ways.filter(|ways| ways.len() <= MOST_ALTERNATIVES) {
                    self.pieces
                        .push(ways.iter().map(|way| Finder::new(way).into_owned()).collect());
                }
            }
            Kind::Repeat { max, .. } => {
                self.gaps += usize::from(max.is_none());
                self.end_run();
            }
            Kind::Any { .. } | Kind::Class(_) | Kind::Backref { .. } | Kind::Conditional { .. } => self.end_run(),
        }
    }

    fn end_run(&mut self) {
        if !self.run.is_empty() {
            self.pieces
                .push(vec![Finder::new(&std::mem::take(&mut self.run)).into_owned()]);
        }
    }
}

/// The one text that a node matches.
fn plain_text(node: &Node) -> Option<Vec<u8>> {
    match &node.kind {
        Kind::Literal { point, case } => of_character(*point, *case),
        Kind::Concat(nodes) => nodes
            .iter()
            .map(plain_text)
            .collect::<Option<Vec<_>>>()
            .map(|parts| parts.concat()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::{Options, Regex};
    use proptest::prelude::*;

    fn order(source: &str) -> Option<Order> {
        Order::of(&crate::syntax::parse(source, Options::default()).unwrap())
    }

    #[test]
    fn pieces_out_of_order_are_a_certain_no() {
        let order = order(r"^a: .*b: .*(\.png|\.js)(/)*?, .*c$").unwrap();
        assert_eq!(order.may_match(b"a: b: x.js, c"), Ok(true));
        assert_eq!(order.may_match(b"a: b: x.html, c"), Ok(false));
        assert_eq!(order.may_match(b"a: x.js b: , c"), Ok(false));
        assert_eq!(order.may_match(b"a: b: , c.png"), Ok(false));
    }

    #[test]
    fn few_pieces_or_gaps_are_left_to_the_expression() {
        assert!(order("^a.*b$").is_none());
        assert!(order("^a.b.c.d$").is_none());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn what_matches_is_never_denied(
            source in r"(a|b|\.\*|\(a\|ab\)|\(b\|ba\)\+|\(\?:c\|\)|b\?|\\b|\(\?=a\)|\(a\.\*\)\*\?|é|\(\?i:a\)){3,9}",
            text in "[abcé ]{0,16}",
        ) {
            let regex = Regex::new(&source, Options::default()).unwrap();
            if let Some(order) = order(&source) && regex.is_match(&text) == Ok(true) {
                prop_assert_eq!(order.may_match(text.as_bytes()), Ok(true), "{} {}", source, text);
            }
        }
    }
}
