//! What stands between two literals without being a gap, such as `<HOST>` or `(404|403)`.
use super::{Spans, plain_text, plain_texts};
use crate::budget;
use crate::plan::Fault;
use crate::print::ascii_members;
use crate::quad::is_dotted_quad;
use crate::regex::Regex;
use crate::syntax::{Assertion, Ast, Case, ClassItem, Greed, Kind, Node, PerlClass, Span};
use std::sync::OnceLock;

/// An expression of its own.
#[derive(Debug)]
pub(super) struct Part {
    ast: Box<Ast>,
    /// Compiled when it is first asked.
    regex: OnceLock<Option<Box<Regex>>>,
    /// Which groups of the whole its groups are.
    pub groups: Vec<usize>,
    quick: Option<Quick>,
}

/// Whether something fits at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    Yes,
    No,
    /// The engine has to be asked.
    Unknown,
}

/// What is told without the engine.
#[derive(Debug)]
enum Quick {
    /// One of these, captured by this group of the whole.
    Words(Vec<Vec<u8>>, Option<usize>),
    /// The same of few bytes each, told apart by one comparison.
    ShortWords(Vec<u64>, Option<usize>),
    /// Four numbers with dots between, which are the first thing tried, captured by this group alone.
    DottedQuad(usize),
    /// So many of these characters of ASCII, a bit for each, captured by this group of the whole.
    Run {
        members: u128,
        min: usize,
        max: usize,
        group: Option<usize>,
    },
}

impl Part {
    /// The part that these nodes are before a literal.
    pub fn of(nodes: &[Node], span: &Span, literal: &[u8]) -> Result<Part, Fault> {
        let stop = literal.first().copied().unwrap_or_default();
        if !stop.is_ascii() {
            let shown = String::from_utf8_lossy(literal);
            let shown = shown.chars().next().unwrap_or_default().escape_debug();
            return Err(Fault::at(
                span,
                format!("the text after it begins with `{shown}`; only a character of ASCII is sure to end it"),
            ));
        }
        nodes.iter().try_for_each(|node| local(node, stop))?;
        let quick = Quick::of(nodes);
        let mut nodes = nodes.to_vec();
        let mut groups = Vec::new();
        nodes.iter_mut().for_each(|node| renumber(node, &mut groups));
        nodes.push(Node {
            kind: Kind::Assertion(Assertion::TextEnd),
            span: span.end..span.end,
        });
        let ast = Ast {
            root: Node {
                kind: Kind::Concat(nodes),
                span: span.clone(),
            },
            groups: vec![None; groups.len() + 1],
            misplaced_flags: Vec::new(),
        };
        Ok(Part {
            ast: Box::new(ast),
            regex: OnceLock::new(),
            groups,
            quick,
        })
    }

    /// Whether it takes exactly this, as far as that is told without the engine.
    #[inline]
    pub fn fits_quickly(&self, text: &[u8]) -> Fit {
        let (fits, otherwise) = match &self.quick {
            // Most words are told apart by their last byte, without a call to compare them.
            Some(Quick::Words(words, _)) => {
                let fits = words.iter().any(|word| word.last() == text.last() && word == text);
                (fits, Fit::No)
            }
            Some(Quick::ShortWords(words, _)) => (short(text).is_some_and(|text| words.contains(&text)), Fit::No),
            Some(Quick::DottedQuad(_)) => (is_dotted_quad(text), Fit::Unknown),
            Some(Quick::Run { members, min, max, .. }) => {
                let are_members = text.iter().all(|&byte| byte < 128 && members >> byte & 1 == 1);
                let otherwise = if text.is_ascii() { Fit::No } else { Fit::Unknown };
                (are_members && (*min..=*max).contains(&text.len()), otherwise)
            }
            None => (false, Fit::Unknown),
        };
        if fits { Fit::Yes } else { otherwise }
    }

    /// The group of the whole that then captures all of it, alone.
    pub fn quick_group(&self) -> Option<usize> {
        match &self.quick {
            Some(Quick::Words(_, group) | Quick::ShortWords(_, group)) => *group,
            Some(Quick::DottedQuad(group)) => Some(*group),
            Some(Quick::Run { group, .. }) => *group,
            None => None,
        }
    }

    /// Its groups, if it takes exactly this much.
    pub fn fit(&self, text: &str, from: usize, to: usize) -> Option<Spans> {
        let compile = || budget::uncounted(|| Regex::part(self.ast.as_ref().clone()).ok().map(Box::new));
        let regex = self.regex.get_or_init(compile).as_ref()?;
        let found = regex.captures_at(text.get(..to)?, from).ok()??;
        (found.spans.first() == Some(&Some((from, to)))).then_some(found.spans)
    }
}

impl Quick {
    fn of(nodes: &[Node]) -> Option<Quick> {
        let [node] = nodes else {
            return None;
        };
        if matches!(node.kind, Kind::Alternation(_))
            && let Some(group) = dotted_quad(node)
        {
            return Some(Quick::DottedQuad(group));
        }
        let (group, node) = match &node.kind {
            Kind::Capture { group, node } => (Some(*group), node.as_ref()),
            _ => (None, node),
        };
        if let Kind::Repeat { min, max, node, .. } = &node.kind
            && let Kind::Class(class) = &node.kind
        {
            return Some(Quick::Run {
                members: ascii_members(class),
                min: usize::try_from(*min).ok()?,
                max: max.map_or(Some(usize::MAX), |max| usize::try_from(max).ok())?,
                group,
            });
        }
        let words = plain_texts(node)?;
        let short: Option<Vec<_>> = words.iter().map(|word| short(word)).collect();
        Some(match short {
            Some(words) => Quick::ShortWords(words, group),
            None => Quick::Words(words, group),
        })
    }
}

/// A short text and its length in one number; none if it is longer.
#[inline(always)]
fn short(text: &[u8]) -> Option<u64> {
    let pair = |bytes: [u8; 2]| u64::from(u16::from_le_bytes(bytes));
    let bytes = match *text {
        [] => 0,
        [one] => u64::from(one),
        [one, two] => pair([one, two]),
        [one, two, three] => pair([one, two]) | u64::from(three) << 16,
        [one, two, three, four] => pair([one, two]) | pair([three, four]) << 16,
        _ => return None,
    };
    Some(bytes | (text.len() as u64) << 56)
}

/// The group of `(?:…)?((?:\d{1,3}\.){3}\d{1,3})`, what is optional beginning with a colon; it may be the first of
/// several ways, and stand in brackets that may be left out.
fn dotted_quad(node: &Node) -> Option<usize> {
    if let Kind::Concat(nodes) = &node.kind
        && let [open, inner, close] = nodes.as_slice()
        && is_optional(open, "[")
        && is_optional(close, "]")
    {
        return dotted_quad(inner);
    }
    if let Kind::Alternation(ways) = &node.kind {
        return ways.first().and_then(dotted_quad);
    }
    let group = match &node.kind {
        Kind::Concat(nodes) => match nodes.as_slice() {
            [mapped, group] if begins_with_colon(mapped) => group,
            _ => return None,
        },
        _ => node,
    };
    let Kind::Capture { group, node } = &group.kind else {
        return None;
    };
    let Kind::Concat(nodes) = &node.kind else {
        return None;
    };
    let [three, last] = nodes.as_slice() else {
        return None;
    };
    let with_dots = match repeated(three, 3, 3).map(|node| &node.kind) {
        Some(Kind::Concat(nodes)) => match nodes.as_slice() {
            [number, dot] => is_number(number) && plain_text(dot).as_deref() == Some(b"."),
            _ => false,
        },
        _ => false,
    };
    (with_dots && is_number(last)).then_some(*group)
}

fn is_optional(node: &Node, text: &str) -> bool {
    repeated(node, 0, 1).and_then(plain_text).as_deref() == Some(text.as_bytes())
}

fn begins_with_colon(node: &Node) -> bool {
    match repeated(node, 0, 1).map(|node| &node.kind) {
        Some(Kind::Concat(nodes)) => nodes.first().and_then(plain_text).as_deref() == Some(b":"),
        _ => false,
    }
}

/// `\d{1,3}`
fn is_number(node: &Node) -> bool {
    let Some(Kind::Class(class)) = repeated(node, 1, 3).map(|node| &node.kind) else {
        return false;
    };
    let digits = |item: &ClassItem| {
        matches!(
            item,
            ClassItem::Perl {
                class: PerlClass::Digit,
                negated: false,
                ..
            }
        )
    };
    !class.negated && class.items.iter().all(digits)
}

fn repeated(node: &Node, from: u32, to: u32) -> Option<&Node> {
    match &node.kind {
        Kind::Repeat {
            min,
            max: Some(max),
            greed: Greed::Greedy,
            node,
        } if (*min, *max) == (from, to) => Some(node),
        _ => None,
    }
}

/// That a node cannot take this character and looks at nothing after it.
fn local(node: &Node, stop: u8) -> Result<(), Fault> {
    let point_of_stop = u32::from(stop);
    let fault = |reason: &str| Err(Fault::at(&node.span, reason));
    let takes_stop = || {
        let stop = char::from(stop).escape_debug();
        Err(Fault::at(
            &node.span,
            format!("this may take the `{stop}` that the text after it begins with"),
        ))
    };
    match &node.kind {
        Kind::Empty => Ok(()),
        // A letter in another case may be the one after it.
        Kind::Literal { point, case }
            if *point != point_of_stop && !(*case != Case::Sensitive && stop.is_ascii_alphabetic()) =>
        {
            Ok(())
        }
        Kind::Literal { .. } | Kind::Any { .. } => takes_stop(),
        Kind::Class(class) if ascii_members(class) >> stop & 1 == 0 => Ok(()),
        Kind::Class(_) => takes_stop(),
        Kind::Repeat { greed, node: inner, .. } if matches!(inner.kind, Kind::Any { .. }) => fault(match greed {
            Greed::Greedy => "this gap is not a plain `.*`",
            Greed::Lazy => "this gap is lazy",
            Greed::Possessive => "this gap is possessive",
        }),
        Kind::Concat(_) | Kind::Alternation(_) | Kind::Capture { .. } | Kind::Atomic(_) | Kind::Repeat { .. } => {
            node.children().into_iter().try_for_each(|node| local(node, stop))
        }
        Kind::Look {
            behind: true,
            node: inner,
            ..
        } if is_plain(inner) => Ok(()),
        Kind::Look { behind: true, .. } => fault("this looks at more than characters"),
        Kind::Look { .. } => fault("this looks at what stands after it"),
        Kind::Assertion(_) => fault("this is a place and no text"),
        Kind::Backref { .. } => fault("this refers to another group"),
        Kind::Conditional { .. } => fault("this depends on another group"),
    }
}

/// Only characters, whatever they are.
fn is_plain(node: &Node) -> bool {
    match &node.kind {
        Kind::Empty | Kind::Literal { .. } | Kind::Class(_) => true,
        Kind::Concat(nodes) | Kind::Alternation(nodes) => nodes.iter().all(is_plain),
        _ => false,
    }
}

/// Numbers groups from 1 in the order of their opening; `groups` receives what they were.
fn renumber(node: &mut Node, groups: &mut Vec<usize>) {
    match &mut node.kind {
        Kind::Capture { group, node } => {
            groups.push(*group);
            *group = groups.len();
            renumber(node, groups);
        }
        Kind::Concat(nodes) | Kind::Alternation(nodes) => nodes.iter_mut().for_each(|node| renumber(node, groups)),
        Kind::Repeat { node, .. } | Kind::Look { node, .. } | Kind::Atomic(node) => renumber(node, groups),
        _ => {}
    }
}
