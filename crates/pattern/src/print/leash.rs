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
    /// The same for an expression that is tried at many places without coming to a checkpoint: between some of them
    /// the guard is asked, too.
    GuardInSlices,
    /// For very long texts: one scan of a megabyte takes a millisecond, so the guard is asked in its midst, too, and
    /// characters given back count as steps.
    Long {
        /// As above.
        in_slices: bool,
    },
}

impl Leash {
    /// The cheapest leash that holds the expression.
    pub fn for_expression(ast: &Ast) -> Leash {
        if begins_with_text(&ast.root) && is_countable(&ast.root) {
            Leash::Steps
        } else if begins_with_text(&ast.root) || asks_at_once(&ast.root) {
            Leash::Guard
        } else {
            Leash::GuardInSlices
        }
    }

    /// What holds the expression in very long texts.
    pub fn for_long_texts(ast: &Ast) -> Leash {
        let in_slices = Leash::for_expression(ast).is_in_slices();
        Leash::Long { in_slices }
    }

    /// Whether whatever is given back has to count as steps.
    pub fn counts(self) -> bool {
        matches!(self, Leash::Steps | Leash::Long { .. })
    }

    /// Whether the guard is asked between the places at which a match is tried.
    pub fn is_in_slices(self) -> bool {
        matches!(self, Leash::GuardInSlices | Leash::Long { in_slices: true })
    }
}

/// Whether the guard is asked at every place where a match is tried, because the expression begins with a repetition.
fn asks_at_once(node: &Node) -> bool {
    match &node.kind {
        Kind::Repeat { max, node, .. } => max.is_none_or(|max| max > super::SHORT_SCAN) || asks_at_once(node),
        Kind::Capture { node, .. } | Kind::Atomic(node) => asks_at_once(node),
        Kind::Alternation(nodes) => nodes.iter().any(asks_at_once),
        Kind::Concat(nodes) => nodes.first().is_some_and(asks_at_once),
        _ => false,
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
