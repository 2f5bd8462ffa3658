//! The quick plan for expressions such as `^a:.*, b:(x|y), c:.*$`: literals in a chain, with greedy gaps between.
//!
//! A backtracking search gives each gap as much as it can, from the left. With literals between the gaps that is the
//! placing in which each literal stands as late as it can, and this is found from the right, one backwards search for
//! each. Between two literals may also stand a *part*, something of limited form such as `<HOST>`; it is tried where
//! its two literals came to stand. If it fits there, this is the match, because no other placing has a gap longer:
//! the late placing without regard to parts is an upper bound for all. If it does not fit, the expression itself is
//! asked. A literal that cannot be placed is a certain "no".
//!
//! What has to hold for this, and is checked when the chain is made:
//! - it is tied to both ends of the text, and gaps take anything but a newline, of which the text has none inside;
//! - a part cannot contain what the literal after it begins with, so it has one possible end;
//! - a part does not look at what stands after it.
use crate::literal::of_character;
use crate::plan::Fault;
use crate::regex::Regex;
use crate::syntax::{Assertion, Ast, ClassItem, Greed, Kind, Node, Span};
use memchr::memmem::FinderRev;

/// Where the groups of a match lie.
type Spans = Vec<Option<(usize, usize)>>;

/// The quick plan of an expression.
#[derive(Debug)]
pub(crate) struct Chain {
    first: Vec<u8>,
    links: Vec<Link>,
    groups: usize,
}

/// What stands between two literals, and the literal that ends it.
#[derive(Debug)]
struct Link {
    between: Between,
    literal: FinderRev<'static>,
}

#[derive(Debug)]
enum Between {
    /// `.*`, perhaps captured.
    Gap(Option<usize>),
    /// An expression of its own, and which groups of the whole its groups are.
    Part(Box<Regex>, Vec<usize>),
}

/// What the quick plan says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Match,
    NoMatch,
    /// The expression itself has to be asked.
    Unknown,
}

impl Chain {
    /// The plan for an expression, or what it lacks of the form.
    pub fn of(ast: &Ast) -> Result<Chain, Fault> {
        let (inner, end) = between_ends(&ast.root)?;
        let mut elements = elements(inner)?.into_iter();
        let first = match elements.next() {
            Some(Element::Text(first, _)) => first,
            other => {
                let span = other.as_ref().map_or(end, Element::span);
                return Err(Fault::at(span, "no literal stands right behind the ^"));
            }
        };
        let mut links = Vec::new();
        while let Some(element) = elements.next() {
            let Some(Element::Text(literal, _)) = elements.next() else {
                return Err(Fault::at(
                    element.span(),
                    "no literal follows that would tell where this ends",
                ));
            };
            let between = match element {
                Element::Gap(group, _) => Between::Gap(group),
                Element::Part(nodes, span) => part(&nodes, &span, &literal)?,
                Element::Text(_, span) | Element::Option(_, span) => {
                    return Err(Fault::at(&span, "a chain has no place for this"));
                }
            };
            links.push(Link {
                between,
                literal: FinderRev::new(&literal).into_owned(),
            });
        }
        let line = |text: &[u8]| !text.contains(&b'\n');
        if !line(&first) || !links.iter().all(|link| line(link.literal.needle())) {
            return Err(Fault::of_all("one of its literals holds a newline"));
        }
        if !links.iter().any(|link| matches!(link.between, Between::Gap(_))) {
            return Err(Fault::of_all("it has no gap such as `.*`"));
        }
        Ok(Chain {
            first,
            links,
            groups: ast.groups.len(),
        })
    }

    /// Looks for the match from the text's beginning.
    pub fn find(&self, text: &str, spans: Option<&mut Spans>) -> Verdict {
        let bytes = text.as_bytes();
        let body = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        if memchr::memchr(b'\n', body).is_some() {
            return Verdict::Unknown;
        }
        let Some(places) = self.places(body) else {
            return Verdict::NoMatch;
        };
        let mut own = Spans::new();
        let spans = spans.unwrap_or(&mut own);
        let mut found = vec![None; self.groups];
        found[0] = Some((0, body.len()));
        let mut from = self.first.len();
        for (link, &to) in self.links.iter().zip(&places) {
            match &link.between {
                Between::Gap(Some(group)) => found[*group] = Some((from, to)),
                Between::Gap(None) => {}
                Between::Part(regex, groups) => {
                    let Some(inside) = fits(regex, text, from, to) else {
                        return Verdict::Unknown;
                    };
                    for (group, span) in groups.iter().zip(inside.into_iter().skip(1)) {
                        found[*group] = span;
                    }
                }
            }
            from = to + link.literal.needle().len();
        }
        *spans = found;
        Verdict::Match
    }

    /// Whether there is anything between its literals but gaps, which may leave the expression itself to be asked.
    pub fn has_parts(&self) -> bool {
        self.links.iter().any(|link| matches!(link.between, Between::Part(..)))
    }

    /// Where each link's literal stands at the latest; none where they cannot all stand.
    fn places(&self, body: &[u8]) -> Option<Vec<usize>> {
        let start = self.first.len();
        if !body.starts_with(&self.first) {
            return None;
        }
        let mut places = vec![0; self.links.len()];
        let mut end = body.len();
        for (index, link) in self.links.iter().enumerate().rev() {
            let room = body.get(start..end)?;
            let at = if index + 1 == self.links.len() {
                room.ends_with(link.literal.needle())
                    .then(|| room.len() - link.literal.needle().len())?
            } else {
                link.literal.rfind(room)?
            };
            end = start + at;
            places[index] = end;
        }
        Some(places)
    }
}

/// The groups of a part that takes exactly this much.
fn fits(regex: &Regex, text: &str, from: usize, to: usize) -> Option<Spans> {
    let found = regex.captures_at(text.get(..to)?, from).ok()??;
    (found.spans.first() == Some(&Some((from, to)))).then_some(found.spans)
}

/// What stands between `^` and `$`, and where the latter stands.
fn between_ends(root: &Node) -> Result<(&[Node], &Span), Fault> {
    let nodes = match &root.kind {
        Kind::Concat(nodes) => nodes.as_slice(),
        _ => std::slice::from_ref(root),
    };
    let at = |node: Option<&Node>| node.map_or(&root.span, |node| &node.span).clone();
    let tied = |node: Option<&Node>, assertion| node.is_some_and(|node| node.kind == Kind::Assertion(assertion));
    if !tied(nodes.first(), Assertion::TextStart) {
        let reason = match nodes.first().map(|node| &node.kind) {
            Some(Kind::Assertion(Assertion::LineStart)) => {
                "it may begin at any line of the text (several lines at once)"
            }
            _ => "it is not tied to the beginning of the line with ^",
        };
        return Err(Fault::at(&at(nodes.first()), reason));
    }
    match nodes {
        [_, inner @ .., last] if last.kind == Kind::Assertion(Assertion::End) => Ok((inner, &last.span)),
        _ => Err(Fault::at(
            &at(nodes.last()),
            "it is not tied to the end of the line with $",
        )),
    }
}

/// What an expression is made of, one after the other, and where each stands.
#[derive(Debug, Clone)]
enum Element {
    Text(Vec<u8>, Span),
    Gap(Option<usize>, Span),
    Part(Vec<Node>, Span),
    /// `(…)??`, rather left out.
    Option(Vec<Element>, Span),
}

impl Element {
    fn span(&self) -> &Span {
        match self {
            Element::Text(_, span) | Element::Gap(_, span) | Element::Part(_, span) | Element::Option(_, span) => span,
        }
    }
}

fn elements(nodes: &[Node]) -> Result<Vec<Element>, Fault> {
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

fn is_gap(node: &Node) -> bool {
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

/// A part as an expression of its own.
fn part(nodes: &[Node], span: &Span, literal: &[u8]) -> Result<Between, Fault> {
    let stop = literal.first().copied().unwrap_or_default();
    nodes.iter().try_for_each(|node| local(node, stop))?;
    if !stop.is_ascii_punctuation() || stop == b'_' {
        let shown = String::from_utf8_lossy(literal);
        let shown = shown.chars().next().unwrap_or_default().escape_debug();
        return Err(Fault::at(
            span,
            format!("the text after it begins with `{shown}`; only a punctuation mark is sure to end it"),
        ));
    }
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
    let regex = Regex::part(ast).map_err(|error| Fault::at(span, error.message))?;
    Ok(Between::Part(Box::new(regex), groups))
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
        Kind::Literal { point, .. } if *point != point_of_stop => Ok(()),
        Kind::Literal { .. } | Kind::Any { .. } => takes_stop(),
        // Neither digits nor spaces nor words have punctuation in them; what is negated may have.
        Kind::Class(class) => {
            let local = !class.negated
                && class.items.iter().all(|item| match item {
                    ClassItem::Range(first, last) => !(first..=last).contains(&&point_of_stop),
                    ClassItem::Perl { negated, .. } => !negated,
                });
            if local { Ok(()) } else { takes_stop() }
        }
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::Options;
    use proptest::prelude::*;

    fn chain(source: &str) -> Option<Chain> {
        Chain::of(&crate::syntax::parse(source, Options::default()).unwrap()).ok()
    }

    /// The plan's answer, which must be the engine's unless it is none.
    fn agreed(source: &str, text: &str) -> Verdict {
        let plan = chain(source).unwrap();
        let engine = Regex::part(crate::syntax::parse(source, Options::default()).unwrap()).unwrap();
        let mut spans = Spans::new();
        let verdict = plan.find(text, Some(&mut spans));
        let expected = engine.captures(text).unwrap();
        match verdict {
            Verdict::Match => assert_eq!(Some(spans), expected.map(|found| found.spans), "{source} on {text:?}"),
            Verdict::NoMatch => assert_eq!(expected, None, "{source} on {text:?}"),
            Verdict::Unknown => {}
        }
        verdict
    }

    const HOST: &str = r#"^{"h":"(?:(?P<ip>(?:\d{1,3}\.){3}\d{1,3})|(?P<dns>[\w\-.]*\w))","s":(404|40|401),"p":"(.*)",.*"m":"(.*)",("u":"(.*)",){0,1}?"t":(.*)}$"#;

    #[test]
    fn a_line_of_json_is_taken_apart_as_by_the_engine() {
        for (text, verdict) in [
            (
                r#"{"h":"1.2.3.4","s":404,"p":"/","x":1,"m":"","u":"a","t":1}"#,
                Verdict::Match,
            ),
            (r#"{"h":"a-b.c","s":40,"p":"/","x":1,"m":"","t":1}"#, Verdict::Match),
            (
                r#"{"h":"a","s":401,"p":"/é","s":404,"p":"x","x":1,"m":"\"m\":\"","u":"","u":"","t":1,"t":2}"#,
                Verdict::Unknown,
            ),
            (r#"{"h":"a","s":401,"p":"/","m":"x","t":1}"#, Verdict::Match),
            (r#"{"h":"a","s":401,"p":"/","m":"x","u":"y"}"#, Verdict::NoMatch),
            (r#"{"h":"a b","s":401,"p":"/","m":"x","t":1}"#, Verdict::Unknown),
        ] {
            assert_eq!(agreed(HOST, text), verdict, "{text}");
            assert_eq!(agreed(HOST, &format!("{text}\n")), verdict, "{text}");
        }
    }

    #[test]
    fn newlines_inside_are_left_to_the_engine() {
        assert_eq!(agreed("^a.*b$", "a\nb"), Verdict::Unknown);
        assert_eq!(agreed("^a.*b$", "ab\n"), Verdict::Match);
        assert_eq!(agreed("^a.*b$", "ab\n\n"), Verdict::Unknown);
    }

    #[test]
    fn what_is_no_chain_has_no_such_plan() {
        for source in [
            "a.*b",
            "^a.*b",
            "^a.*$",
            "^abc$",
            "^a.*?b$",
            "^a.*(b|c)d$",
            "^a(x|,), .*b$",
            "^a(?=b)[^c], .*b$",
            r"^a(x)(\1), .*b$",
            r"^a(\W), .*b$",
            "^a(?:x(?=,)), .*b$",
            "^a.*b(?:c.*)??d$",
            "^ab(?:c.*b)??d.*e$",
            "^a.*b(?:c.*e)??d$",
            r"(?i)^a.*b$",
            r"(?m)^a.*b$",
            r"(?s)^a.*b$",
        ] {
            assert!(chain(source).is_none(), "{source}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1500))]
        #[test]
        fn what_the_chain_says_the_engine_says(
            links in prop::collection::vec(
                (
                    prop::sample::select(vec![
                        ".*", "(.*)", "(?P<n>.*)", "(a|b|ab)", r"(?:(\d+)|(\w*))", "([ab]*)(a?)", r"((?:a|(?<=a)b)+)", "(?:a|(b))*?",
                    ]),
                    prop::sample::select(vec![",", ":", ",a", "b", "ab", ":b:", "é"]),
                ),
                1..5,
            ),
            option in prop::sample::select(vec!["", "(,b.*,)??", "(?:a(.*)b:){0,1}?", "(,(.*)a,){0,1}?"]),
            fillings in prop::collection::vec(prop::collection::vec("[ab,:1é]{0,5}", 5), 12),
            end in "\n{0,2}",
        ) {
            let mut source = "^a".to_owned();
            for (index, (between, literal)) in links.iter().enumerate() {
                source += &between.replace("<n>", &format!("<n{index}>"));
                source += literal;
                if index + 2 == links.len() && !option.is_empty() {
                    source += option;
                    source += ",";
                }
            }
            source.push('$');
            if chain(&source).is_some() {
                for filling in &fillings {
                    // Literals in their order with something between: much of it matches, in more than one way.
                    let pieces = links.iter().zip(filling).map(|((_, literal), filling)| format!("{filling}{literal}"));
                    let text = format!("a{}{end}", pieces.collect::<String>());
                    agreed(&source, &text);
                    agreed(&source, &text.replacen("b", "b,", 1));
                    agreed(&source, &text.replacen(',', "", 1));
                }
            }
        }
    }
}
