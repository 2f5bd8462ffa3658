//! By what a search is held back from running for ever.
use crate::syntax::{Assertion, Ast, Greed, Kind, Node};

/// What bounds the time of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leash {
    /// PCRE2's own count of steps. It is the cheaper one, but counts anew at each place where a match could begin,
    /// and does not see what happens within a single scan or comparison.
    Steps,
    /// Questions at checkpoints: sees everything, but makes expressions with many groups slower.
    Guard,
}

impl Leash {
    /// The cheapest leash that holds the expression.
    pub fn for_expression(ast: &Ast) -> Leash {
        if begins_with_text(&ast.root) && is_countable(&ast.root) {
            Leash::Steps
        } else {
            Leash::Guard
        }
    }
}

/// Whether a match can begin only at the beginning of the text.
fn begins_with_text(node: &Node) -> bool {
    match &node.kind {
        Kind::Assertion(Assertion::TextStart) => true,
        Kind::Concat(nodes) => {
            let zero_width = |node: &&Node| matches!(node.kind, Kind::Empty | Kind::Assertion(_) | Kind::Look { .. });
            let leading = nodes.iter().take_while(zero_width).count();
            nodes.iter().take(leading + 1).any(begins_with_text)
        }
        Kind::Alternation(nodes) => nodes.iter().all(begins_with_text),
        Kind::Capture { node, .. } | Kind::Atomic(node) => begins_with_text(node),
        Kind::Repeat { min, node, .. } => *min > 0 && begins_with_text(node),
        _ => false,
    }
}

/// Whether all work shows in the count: whatever was scanned is given back character by character, one step each.
fn is_countable(node: &Node) -> bool {
    match &node.kind {
        Kind::Backref { .. } => false,
        Kind::Repeat {
            greed: Greed::Possessive,
            max: None,
            ..
        } => false,
        Kind::Atomic(inner) | Kind::Look { node: inner, .. } => !has_long_scan(inner) && is_countable(inner),
        _ => node.children().into_iter().all(is_countable),
    }
}

fn has_long_scan(node: &Node) -> bool {
    matches!(node.kind, Kind::Repeat { max, .. } if max.is_none_or(|max| max > super::SHORT_SCAN))
        || node.children().into_iter().any(has_long_scan)
}
