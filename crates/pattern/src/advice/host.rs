//! Where an expression takes the address from, and where a client's text could stand.
use super::shape::{self, chars, flatten, open_body};
use crate::Regex;
use crate::syntax::{Assertion, Ast, Greed, Kind, Node, Span};
use crate::tags::GroupRole;

/// Where the address stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// The groups that name somebody, from the first to the last.
    pub span: Span,
    /// The match begins where the text begins.
    pub is_anchored: bool,
    /// The match ends where the text ends.
    pub is_ended: bool,
}

/// A place that takes any text of any length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// The repetition.
    pub span: Span,
    /// It stands before the address.
    pub before_host: bool,
    /// The innermost named group around it.
    pub name: Option<String>,
    /// It takes as little as it can.
    pub lazy: bool,
}

/// Where the address stands; none if the expression names nobody.
pub fn host(ast: &Ast) -> Option<Host> {
    let mut span: Option<Span> = None;
    shape::walk(&ast.root, &mut |node| {
        if is_host(ast, node) {
            let own = node.span.clone();
            span = Some(match span.take() {
                Some(known) => known.start.min(own.start)..known.end.max(own.end),
                None => own,
            });
        }
    });
    let mut items = Vec::new();
    flatten(&ast.root, &mut items);
    let is_end = |node: &&Node| {
        matches!(
            node.kind,
            Kind::Assertion(Assertion::End | Assertion::LineEnd | Assertion::TextEnd)
        )
    };
    Some(Host {
        span: span?,
        is_anchored: is_anchored(ast),
        is_ended: items.last().is_some_and(is_end),
    })
}

/// Whether a match can begin only where the text (or a line of it) begins.
pub(super) fn is_anchored(ast: &Ast) -> bool {
    begins_at_start(&ast.root)
}

fn begins_at_start(node: &Node) -> bool {
    match &node.kind {
        Kind::Assertion(Assertion::TextStart | Assertion::LineStart) => true,
        Kind::Concat(nodes) => {
            let first = nodes.iter().find(|node| begins_at_start(node) || !is_place(node));
            first.is_some_and(begins_at_start)
        }
        Kind::Alternation(nodes) => nodes.iter().all(begins_at_start),
        Kind::Capture { node, .. } | Kind::Atomic(node) => begins_at_start(node),
        Kind::Repeat { min: 1.., node, .. } => begins_at_start(node),
        _ => false,
    }
}

/// Without width.
fn is_place(node: &Node) -> bool {
    matches!(node.kind, Kind::Empty | Kind::Assertion(_) | Kind::Look { .. })
}

fn is_host(ast: &Ast, node: &Node) -> bool {
    match node.kind {
        Kind::Capture { group, .. } => {
            let role = ast
                .groups
                .get(group)
                .and_then(|name| name.as_deref())
                .map(GroupRole::of);
            matches!(
                role,
                Some(GroupRole::Ip4 | GroupRole::Ip6 | GroupRole::Dns | GroupRole::Id)
            )
        }
        _ => false,
    }
}

/// The places of an expression that take any text, those within the address left out.
pub fn gaps(ast: &Ast) -> Vec<Gap> {
    let mut gaps = Vec::new();
    let host = host(ast).map(|host| host.span);
    collect(ast, &ast.root, None, host.as_ref(), &mut gaps);
    gaps
}

fn collect(ast: &Ast, node: &Node, name: Option<&str>, host: Option<&Span>, gaps: &mut Vec<Gap>) {
    if is_host(ast, node) {
        return;
    }
    match &node.kind {
        Kind::Repeat { greed, .. } if open_body(node).is_some() && chars(node).is_wide() => gaps.push(Gap {
            span: node.span.clone(),
            before_host: host.is_some_and(|host| node.span.start < host.start),
            name: name.map(str::to_owned),
            lazy: *greed == Greed::Lazy,
        }),
        Kind::Look { .. } => {}
        Kind::Capture { group, node } => {
            let own = ast.groups.get(*group).and_then(|name| name.as_deref());
            collect(ast, node, own.or(name), host, gaps);
        }
        _ => {
            let children = node.children();
            children
                .into_iter()
                .for_each(|child| collect(ast, child, name, host, gaps));
        }
    }
}

/// The expression with each gap in a group of its own, `gap0`, `gap1` …; none where further groups would change what it
/// means.
pub fn with_named_gaps(regex: &Regex, gaps: &[Gap]) -> Option<String> {
    let mut counts = false;
    shape::walk(&regex.ast().root, &mut |node| {
        counts |= matches!(node.kind, Kind::Backref { .. } | Kind::Conditional { .. });
    });
    if counts || regex.group_names().iter().flatten().any(|name| name.starts_with("gap")) {
        return None;
    }
    let mut source = regex.as_str().to_owned();
    for (index, gap) in gaps.iter().enumerate().rev() {
        source.insert(gap.span.end, ')');
        source.insert_str(gap.span.start, &format!("(?P<gap{index}>"));
    }
    Some(source)
}
