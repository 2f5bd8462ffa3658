//! What a node's text can end with: some look-behinds, such as the one in `<HOST>`, hold wherever they stand.
use super::translate::reaches_beyond;
use crate::print::ascii_members;
use crate::syntax::{Case, Kind, Node};

/// The last characters that something can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Last {
    /// Those of ASCII, one bit each; none if it can be anything.
    members: Option<u128>,
    /// It may have none.
    pub may_be_empty: bool,
}

impl Last {
    /// Anything at all, or nothing.
    pub const UNKNOWN: Last = Last {
        members: None,
        may_be_empty: true,
    };
    const NOTHING: Last = Last {
        members: Some(0),
        may_be_empty: true,
    };

    fn of(members: Option<u128>) -> Last {
        Last {
            members,
            may_be_empty: false,
        }
    }

    /// One or the other.
    pub fn or(self, other: Last) -> Last {
        Last {
            members: self.members.zip(other.members).map(|(a, b)| a | b),
            may_be_empty: self.may_be_empty || other.may_be_empty,
        }
    }

    /// Of both together, one after the other.
    pub fn then(self, next: Last) -> Last {
        match next.may_be_empty {
            false => next,
            true => Last {
                may_be_empty: self.may_be_empty,
                ..self.or(next)
            },
        }
    }

    /// Whether a look-behind for this node holds in any case.
    pub fn is_always(self, node: &Node) -> bool {
        let Last { members: wanted, .. } = match &node.kind {
            Kind::Literal { .. } | Kind::Class(_) => last(node),
            _ => return false,
        };
        let known = self.members.zip(wanted);
        !self.may_be_empty && known.is_some_and(|(members, wanted)| members & !wanted == 0)
    }
}

/// What the node's text can end with.
pub(super) fn last(node: &Node) -> Last {
    match &node.kind {
        Kind::Empty | Kind::Assertion(_) | Kind::Look { .. } => Last::NOTHING,
        Kind::Literal { point, case } => {
            let plain = *case == Case::Sensitive && *point < 0x80;
            Last::of(plain.then(|| 1 << point))
        }
        Kind::Any { .. } => Last::of(None),
        Kind::Class(class) => Last::of((!reaches_beyond(class)).then(|| ascii_members(class))),
        Kind::Concat(nodes) => nodes.iter().fold(Last::NOTHING, |before, node| before.then(last(node))),
        Kind::Alternation(nodes) => nodes.iter().map(last).reduce(Last::or).unwrap_or(Last::UNKNOWN),
        Kind::Repeat { min, node, .. } => {
            let once = last(node);
            Last {
                may_be_empty: once.may_be_empty || *min == 0,
                ..once
            }
        }
        Kind::Capture { node, .. } | Kind::Atomic(node) => last(node),
        Kind::Backref { .. } | Kind::Conditional { .. } => Last::UNKNOWN,
    }
}
