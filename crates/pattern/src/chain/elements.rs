//! What an expression is made of, seen as a chain.
use super::Ending;
use crate::literal::of_character;
use crate::plan::Fault;
use crate::syntax::{Assertion, Greed, Kind, Node, Span};

/// What stands between `^` and `$`, and which of the two there are.
pub(super) fn between_ends(root: &Node) -> Result<(&[Node], bool, bool), Fault> {
    let mut nodes = match &root.kind {
        Kind::Concat(nodes) => nodes.as_slice(),
        _ => std::slice::from_ref(root),
    };
    let mut is_tied = (false, false);
    match nodes {
        [first, ..] if first.kind == Kind::Assertion(Assertion::LineStart) => {
            let reason = "it may begin at any line of the text (several lines at once)";
            return Err(Fault::at(&first.span, reason));
        }
        [first, inner @ ..] if first.kind == Kind::Assertion(Assertion::TextStart) => {
            (is_tied.0, nodes) = (true, inner)
        }
        _ => {}
    }
    if let [inner @ .., last] = nodes
        && last.kind == Kind::Assertion(Assertion::End)
    {
        (is_tied.1, nodes) = (true, inner);
    }
    Ok((nodes, is_tied.0, is_tied.1))
}

/// What an expression is made of, one after the other, and where each stands.
#[derive(Debug, Clone)]
pub(super) enum Element {
    Text(Vec<u8>, Span),
    Gap(Option<usize>, Span),
    /// A gap and what it ends with.
    Ending(Ending, Span),
    Part(Vec<Node>, Span),
    /// `(…)??`, rather left out.
    Option(Vec<Element>, Span),
}

impl Element {
    pub fn span(&self) -> &Span {
        match self {
            Element::Text(_, span)
            | Element::Gap(_, span)
            | Element::Ending(_, span)
            | Element::Part(_, span)
            | Element::Option(_, span) => span,
        }
    }
}

pub(super) fn elements(nodes: &[Node]) -> Result<Vec<Element>, Fault> {
    let mut all: Vec<Element> = Vec::new();
    for node in nodes {
        let element = element(node)?;
        match (all.last_mut(), element) {
            (Some(Element::Text(text, span)), Element::Text(more, to)) => {
                text.extend(more);
                span.end = to.end;
            }
            (Some(Element::Part(part, span)), Element::Part(more, to)) => {
                part.extend(more);
                span.end = to.end;
            }
            (_, element) => all.push(element),
        }
    }
    without_options(all)
}

fn element(node: &Node) -> Result<Element, Fault> {
    let span = node.span.clone();
    if let Kind::Literal { point, case } = &node.kind
        && let Some(text) = of_character(*point, *case)
    {
        return Ok(Element::Text(text, span));
    }
    if is_gap(node) {
        return Ok(Element::Gap(None, span));
    }
    if let Some(ending) = Ending::of(node) {
        return Ok(Element::Ending(ending, span));
    }
    match &node.kind {
        Kind::Capture { group, node } if is_gap(node) => Ok(Element::Gap(Some(*group), span)),
        Kind::Repeat {
            min: 0,
            max: Some(1),
            greed: Greed::Lazy,
            node,
        } => {
            let inner = match &node.kind {
                Kind::Capture { node, .. } => node,
                _ => node,
            };
            match &inner.kind {
                Kind::Concat(nodes) => match elements(nodes) {
                    Ok(inner) => Ok(Element::Option(inner, span)),
                    Err(_) => Ok(Element::Part(vec![node.as_ref().clone()], span)),
                },
                _ => Err(Fault::at(&span, "this may be left out")),
            }
        }
        _ => Ok(Element::Part(vec![node.clone()], span)),
    }
}

/// Whether a chain can begin with this: a literal or a gap.
pub(super) fn may_begin(node: &Node) -> bool {
    match &node.kind {
        Kind::Literal { point, case } => of_character(*point, *case).is_some(),
        Kind::Capture { node, .. } => is_gap(node),
        _ => is_gap(node),
    }
}

pub(super) fn is_gap(node: &Node) -> bool {
    match &node.kind {
        Kind::Repeat {
            min: 0,
            max: None,
            greed: Greed::Greedy,
            node,
        } => node.kind == Kind::Any { newline: false },
        _ => false,
    }
}

/// Leaves out options that no match takes. `.*P(?:…P)??L`: where the option could be taken, `PL` stands later than the
/// `P` before it, so the gap can be longer with the option left out, and longer is tried first.
fn without_options(all: Vec<Element>) -> Result<Vec<Element>, Fault> {
    if !all.iter().any(|element| matches!(element, Element::Option(..))) {
        return Ok(all);
    }
    let mut kept: Vec<Element> = Vec::new();
    for (index, element) in all.iter().enumerate() {
        match (element, kept.as_mut_slice()) {
            (Element::Option(inner, span), [.., Element::Gap(..), Element::Text(before, _)]) => {
                let ends_alike = matches!(inner.last(), Some(Element::Text(end, _)) if end.ends_with(before));
                let text_follows = matches!(all.get(index + 1), Some(Element::Text(..)));
                let simple = inner
                    .iter()
                    .all(|inner| matches!(inner, Element::Text(..) | Element::Gap(..)));
                if !(ends_alike && text_follows && simple) {
                    return Err(Fault::at(span, "this may be left out, and some matches take it"));
                }
            }
            (Element::Option(_, span), _) => {
                return Err(Fault::at(
                    span,
                    "this may be left out, and no gap and literal stand before it",
                ));
            }
            (Element::Text(more, to), [.., Element::Text(text, span)]) => {
                text.extend_from_slice(more);
                span.end = to.end;
            }
            (element, _) => kept.push(element.clone()),
        }
    }
    Ok(kept)
}
