//! Simple questions to a node: may it be empty, what may it begin with, what may it take.
use super::chars::Chars;
use crate::syntax::{Ast, Kind, Node, Span};

/// A repetition that may go on so often is without end for whoever waits for it.
const MANY: u32 = 50;

/// Whether it can match nothing.
pub(super) fn is_nullable(node: &Node) -> bool {
    match &node.kind {
        Kind::Empty | Kind::Assertion(_) | Kind::Look { .. } | Kind::Backref { .. } => true,
        Kind::Literal { .. } | Kind::Any { .. } | Kind::Class(_) => false,
        Kind::Concat(nodes) => nodes.iter().all(is_nullable),
        Kind::Alternation(nodes) => nodes.iter().any(is_nullable),
        Kind::Repeat { min, node, .. } => *min == 0 || is_nullable(node),
        Kind::Capture { node, .. } | Kind::Atomic(node) => is_nullable(node),
        Kind::Conditional { yes, no, .. } => is_nullable(yes) || is_nullable(no),
    }
}

/// All characters that it may take.
pub(super) fn chars(node: &Node) -> Chars {
    match &node.kind {
        Kind::Empty | Kind::Assertion(_) | Kind::Look { .. } => Chars::NONE,
        Kind::Literal { point, case } => Chars::of_point(*point, *case),
        Kind::Any { newline } => Chars::any(*newline),
        Kind::Class(class) => Chars::of_class(class),
        Kind::Backref { .. } => Chars::ALL,
        Kind::Concat(_)
        | Kind::Alternation(_)
        | Kind::Repeat { .. }
        | Kind::Capture { .. }
        | Kind::Atomic(_)
        | Kind::Conditional { .. } => node
            .children()
            .into_iter()
            .fold(Chars::NONE, |set, child| set.union(chars(child))),
    }
}

/// The characters that it may begin with.
pub(super) fn first(node: &Node) -> Chars {
    match &node.kind {
        Kind::Concat(nodes) => {
            let mut set = Chars::NONE;
            for node in nodes {
                set = set.union(first(node));
                if !is_nullable(node) {
                    break;
                }
            }
            set
        }
        Kind::Alternation(_)
        | Kind::Repeat { .. }
        | Kind::Capture { .. }
        | Kind::Atomic(_)
        | Kind::Conditional { .. } => node
            .children()
            .into_iter()
            .fold(Chars::NONE, |set, child| set.union(first(child))),
        _ => chars(node),
    }
}

/// What is repeated without end.
pub(super) fn open_body(node: &Node) -> Option<&Node> {
    match &node.kind {
        Kind::Repeat { max, node, .. } if max.is_none_or(|max| max >= MANY) => Some(node),
        _ => None,
    }
}

/// One after the other what stands on the way of every match: groups are opened, alternatives are not.
pub(super) fn flatten<'a>(node: &'a Node, out: &mut Vec<&'a Node>) {
    match &node.kind {
        Kind::Concat(nodes) => nodes.iter().for_each(|node| flatten(node, out)),
        Kind::Capture { node, .. } | Kind::Atomic(node) => flatten(node, out),
        Kind::Repeat {
            min: 1,
            max: Some(1),
            node,
            ..
        } => flatten(node, out),
        _ => out.push(node),
    }
}

/// The pieces that a match goes through one after the other, as they can be cut off behind each: groups are not opened,
/// and letters that follow one another are one piece.
pub fn pieces(ast: &Ast, out: &mut Vec<Span>) {
    let nodes = match &ast.root.kind {
        Kind::Concat(nodes) => nodes.as_slice(),
        _ => std::slice::from_ref(&ast.root),
    };
    let mut in_text = false;
    for node in nodes {
        let is_text = matches!(node.kind, Kind::Literal { .. });
        match out.last_mut() {
            Some(last) if is_text && in_text => last.end = node.span.end,
            _ => out.push(node.span.clone()),
        }
        in_text = is_text;
    }
}

/// Calls `each` with the node and all below it, but for what looks ahead or behind.
pub(super) fn walk<'a>(node: &'a Node, each: &mut dyn FnMut(&'a Node)) {
    each(node);
    if !matches!(node.kind, Kind::Look { .. }) {
        node.children().into_iter().for_each(|child| walk(child, each));
    }
}
