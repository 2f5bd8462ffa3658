//! How many characters an expression can match: Python's look-behind needs it to be one number.
use super::{Kind, Node};

/// Least and greatest number of characters; widths of groups that are still open are unknown and count as nothing.
pub(super) type Width = (u64, u64);

/// Python stops counting here.
const MANY: u64 = u32::MAX as u64;

/// Width of a node, given the widths of the groups closed before it.
pub(super) fn width(node: &Node, groups: &[Width]) -> Width {
    let (low, high) = match &node.kind {
        Kind::Empty | Kind::Assertion(_) | Kind::Look { .. } => (0, 0),
        Kind::Literal { .. } | Kind::Any { .. } | Kind::Class(_) => (1, 1),
        Kind::Concat(nodes) => nodes.iter().fold((0, 0), |sum: Width, node| {
            let one = width(node, groups);
            (sum.0.saturating_add(one.0), sum.1.saturating_add(one.1))
        }),
        Kind::Alternation(nodes) => nodes
            .iter()
            .map(|node| width(node, groups))
            .reduce(either)
            .unwrap_or((0, 0)),
        Kind::Repeat { min, max, node, .. } => {
            let one = width(node, groups);
            let most = max.map_or(MANY, u64::from);
            (one.0.saturating_mul(u64::from(*min)), one.1.saturating_mul(most))
        }
        Kind::Capture { node, .. } | Kind::Atomic(node) => width(node, groups),
        Kind::Backref { group, .. } => groups.get(*group).copied().unwrap_or((0, 0)),
        Kind::Conditional { yes, no, .. } => either(width(yes, groups), width(no, groups)),
    };
    (low.min(MANY), high.min(MANY))
}

fn either(a: Width, b: Width) -> Width {
    (a.0.min(b.0), a.1.max(b.1))
}
