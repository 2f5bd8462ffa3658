//! Whether what prefregex hands on can begin as a failregex wants it to.
use super::shape;
use crate::syntax::{Assertion, Ast, Case, Kind, Node, Span};
use std::collections::BTreeSet;

/// More ways to begin are not looked at.
const MOST_WAYS: usize = 64;

/// The text at which the failregex has to begin and which the group `content` of prefregex cannot begin with: its
/// place in the failregex. None where nothing is certain.
pub fn cannot_begin_inside(prefregex: &Ast, failregex: &Ast) -> Option<Span> {
    let group = prefregex
        .groups
        .iter()
        .position(|name| name.as_deref() == Some("content"))?;
    let content = find_group(&prefregex.root, group)?;
    // An empty content hands on the whole line.
    if shape::is_nullable(content) {
        return None;
    }
    let mut ways = vec![Way::default()];
    extend(&failregex.root, &mut ways);
    let certain = ways
        .iter()
        .all(|way| way.anchored && !way.text.is_empty() && !can_begin_with(content, &way.text));
    let spans = ways.iter().map(|way| way.span.clone());
    let span = spans.reduce(|a, b| a.start.min(b.start)..a.end.max(b.end))?;
    certain.then_some(span)
}

fn find_group(node: &Node, wanted: usize) -> Option<&Node> {
    match &node.kind {
        Kind::Capture { group, node } if *group == wanted => Some(node),
        _ => node.children().into_iter().find_map(|child| find_group(child, wanted)),
    }
}

/// A text that a match begins with.
#[derive(Debug, Clone, Default)]
struct Way {
    /// `^` was passed.
    anchored: bool,
    text: Vec<char>,
    span: Span,
    /// What follows is not known.
    ended: bool,
}

impl Way {
    fn reach(&mut self, span: &Span) {
        match self.span.is_empty() {
            true => self.span = span.clone(),
            false => self.span.end = span.end,
        }
    }
}

fn extend(node: &Node, ways: &mut Vec<Way>) {
    match &node.kind {
        Kind::Empty => {}
        Kind::Concat(nodes) => nodes.iter().for_each(|node| extend(node, ways)),
        Kind::Capture { node, .. } | Kind::Atomic(node) => extend(node, ways),
        Kind::Alternation(nodes) if nodes.len() * ways.len() <= MOST_WAYS => {
            let (ended, open): (Vec<Way>, Vec<Way>) = ways.drain(..).partition(|way| way.ended);
            *ways = ended;
            for node in nodes {
                let mut own = open.clone();
                extend(node, &mut own);
                ways.append(&mut own);
            }
        }
        _ => {
            for way in ways.iter_mut().filter(|way| !way.ended) {
                match (&node.kind, way.text.is_empty()) {
                    (Kind::Assertion(Assertion::TextStart), true) => way.anchored = true,
                    (
                        Kind::Literal {
                            point,
                            case: Case::Sensitive,
                        },
                        _,
                    ) => match char::from_u32(*point) {
                        Some(c) => {
                            way.text.push(c);
                            way.reach(&node.span);
                        }
                        None => way.ended = true,
                    },
                    _ => way.ended = true,
                }
            }
        }
    }
}

/// Whether a text that the node matches, with a newline behind it, may begin so.
fn can_begin_with(node: &Node, text: &[char]) -> bool {
    let begin = BTreeSet::from([0]);
    let ends = advance(node, text, begin);
    ends.iter().any(|end| text.get(*end).is_none_or(|next| *next == '\n'))
}

/// Whether a repetition stands in it: gone through for each round of the outer one, that would take long.
fn has_repeat(node: &Node) -> bool {
    matches!(node.kind, Kind::Repeat { .. }) || node.children().into_iter().any(has_repeat)
}

/// How much of the text has been passed behind the node, having passed so much before it. All of it stays all of it.
fn advance(node: &Node, text: &[char], from: BTreeSet<usize>) -> BTreeSet<usize> {
    match &node.kind {
        Kind::Empty | Kind::Assertion(_) | Kind::Look { .. } => from,
        Kind::Literal { .. } | Kind::Any { .. } | Kind::Class(_) => {
            let chars = shape::chars(node);
            let step = |at: usize| match text.get(at) {
                Some(c) => chars.has(*c).then_some(at + 1),
                None => Some(at),
            };
            from.into_iter().filter_map(step).collect()
        }
        Kind::Concat(nodes) => nodes.iter().fold(from, |at, node| advance(node, text, at)),
        Kind::Alternation(_) | Kind::Conditional { .. } => node
            .children()
            .into_iter()
            .flat_map(|node| advance(node, text, from.clone()))
            .collect(),
        Kind::Repeat { min, node, .. } => {
            // A repetition in it is rounded up: it may pass all.
            let Some(first) = from.first().copied() else {
                return from;
            };
            if has_repeat(node) {
                return (first..=text.len()).collect();
            }
            let mut at = from;
            for _ in 0..(*min as usize).min(text.len() + 1) {
                at = advance(node, text, at);
            }
            loop {
                let more: BTreeSet<usize> = advance(node, text, at.clone()).union(&at).copied().collect();
                if more == at {
                    return at;
                }
                at = more;
            }
        }
        Kind::Capture { node, .. } | Kind::Atomic(node) => advance(node, text, from),
        Kind::Backref { .. } => (from.first().copied().unwrap_or(0)..=text.len()).collect(),
    }
}
