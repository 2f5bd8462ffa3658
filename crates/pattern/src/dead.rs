//! Branches that cannot lead to a match in the text at hand, left out of the search.
//!
//! `(?P<a>x)|y` and later `(?(a): |$)`: whoever took the branch with the group has to find what the condition then
//! asks for. Where the text nowhere holds `: `, that branch is dead, and the engine would only learn so by going all its
//! ways. So the text is searched for that literal first, and without it by the expression with that branch left out.
//!
//! It is the same search: a dead branch is one that no match goes through, and without it the others are tried in the
//! order in which they were. What has to hold for this, and is checked:
//! - the condition stands in the outermost sequence, so that every match goes through it, and the group before it;
//! - nothing around the group decides by its having matched at first (an atomic group, a look to the side), nor is it
//!   repeated.
use std::sync::OnceLock;

use memchr::memmem::Finder;

use crate::Regex;
use crate::budget;
use crate::literal::Literals;
use crate::slices;
use crate::syntax::{Ast, Kind, Node};

/// An expression without a branch, for texts without a literal.
#[derive(Debug)]
pub(crate) struct Narrowed {
    group: usize,
    needs: Finder<'static>,
    /// Made for the first text that it is for.
    regex: OnceLock<Option<Box<Regex>>>,
}

impl Narrowed {
    /// What an expression can be narrowed to.
    pub fn of(ast: &Ast) -> Option<Narrowed> {
        let Kind::Concat(nodes) = &ast.root.kind else {
            return None;
        };
        nodes.iter().enumerate().find_map(|(at, node)| {
            let Kind::Conditional { group, yes, .. } = &node.kind else {
                return None;
            };
            let literals = Literals::of_node(yes);
            let needs = Finder::new(literals.best()?).into_owned();
            let opened = nodes.get(..at)?.iter().any(|before| opens(before, *group));
            opened.then(|| Narrowed {
                group: *group,
                needs,
                regex: OnceLock::new(),
            })
        })
    }

    /// What to search a text by instead of the expression, if it may.
    pub fn for_text(&self, ast: &Ast, text: &[u8]) -> Option<&Regex> {
        if slices::find(&self.needs, text) != Ok(None) {
            return None;
        }
        let make = || {
            let mut narrowed = ast.clone();
            close(&mut narrowed.root, self.group);
            // It is not the line's fault that none had needed this before.
            budget::uncounted(|| Regex::part(narrowed)).ok().map(Box::new)
        };
        self.regex.get_or_init(make).as_deref()
    }
}

/// Whether the group opens in this node, within nothing but sequences, groups and alternatives.
fn opens(node: &Node, group: usize) -> bool {
    match &node.kind {
        Kind::Capture { group: own, .. } if *own == group => true,
        Kind::Concat(_) | Kind::Alternation(_) | Kind::Capture { .. } => {
            node.children().into_iter().any(|node| opens(node, group))
        }
        _ => false,
    }
}

/// Lets the group match nothing, not even an empty text.
fn close(node: &mut Node, group: usize) {
    match &mut node.kind {
        Kind::Capture { group: own, node } if *own == group => {
            let span = node.span.clone();
            let empty = Node {
                kind: Kind::Empty,
                span,
            };
            node.kind = Kind::Look {
                behind: false,
                negative: true,
                node: Box::new(empty),
            };
        }
        Kind::Capture { node, .. } => close(node, group),
        Kind::Concat(nodes) | Kind::Alternation(nodes) => nodes.iter_mut().for_each(|node| close(node, group)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::Options;
    use proptest::prelude::*;

    fn narrowed(source: &str) -> Option<Narrowed> {
        Narrowed::of(&crate::syntax::parse(source, Options::default()).unwrap())
    }

    #[test]
    fn a_branch_whose_condition_lacks_its_literal_is_left_out() {
        let found = narrowed(r"^(?P<u>(?P<a>\S+)|[^:]+) by (?(a): |.*$)").unwrap();
        assert_eq!(found.needs.needle(), b": ");
        let regex = Regex::new(r"^(?P<u>(?P<a>\S+)|[^:]+) by (?(a): |.*$)", Options::default()).unwrap();
        for (text, spans) in [
            ("x by y", [Some((0, 6)), Some((0, 1)), None]),
            ("x by : y", [Some((0, 7)), Some((0, 1)), Some((0, 1))]),
        ] {
            assert_eq!(regex.captures(text).unwrap().unwrap().spans, spans, "{text}");
        }
    }

    #[test]
    fn conditions_that_other_things_hang_on_are_left_alone() {
        for source in [
            r"^(?P<a>\S+)? by (?(a): |$)",
            r"^(?>(?P<a>\S+)|x) by (?(a): |$)",
            r"^(?!(?P<a>x)).* by (?(a): |$)",
            r"^(?:(?P<a>x)|y)* by (?(a): |$)",
            r"^(?P<a>x)|y (?(a): |$)",
            r"^((?P<a>x)|y) (?:(?(a): |$))?",
            r"^((?P<a>x)|y) (?(a):? |$)\d",
            r"^((?P<a>x)|y) (?(a)[:,]|: )",
        ] {
            let found = narrowed(source).map(|found| found.needs.needle().to_vec());
            assert!(found.is_none_or(|literal| literal == b" "), "{source}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn what_is_narrowed_finds_the_same(
            head in prop::sample::select(vec!["^", "", "^a?", r"\b", "^(?:a|ab)"]),
            first in prop::sample::select(vec![r"\S+", "a", "a*", "[ab]+?", "a|ab", ""]),
            second in prop::sample::select(vec![".*", "[^:]+", "b", "(?(1)x|a)", "a*?", ""]),
            middle in prop::sample::select(vec!["", " ", ".*", "b?", r"(?:\d|a){0,2}"]),
            yes in prop::sample::select(vec![":", ": b", ":(b|c)", "(?:b|:b)", "(?!b):"]),
            no in prop::sample::select(vec!["$", ".*$", "", "b", "(?:(?!:).)*$"]),
            tail in prop::sample::select(vec!["", r"\1", "b?", "$"]),
            texts in prop::collection::vec("[ab:é ]{0,9}", 12),
        ) {
            let source = format!("{head}(?P<u>(?P<c>{first})|{second}){middle}(?(c){yes}|{no}){tail}");
            let regex = Regex::new(&source, Options::default()).unwrap();
            let engine = Regex::engine_only(&source, Options::default()).unwrap();
            for text in &texts {
                prop_assert_eq!(regex.captures(text), engine.captures(text), "{} {}", source, text);
            }
        }
    }
}
