//! How a chain is made of an expression, or why not.
use super::elements::{Element, between_ends, elements, may_begin};
use super::literal::{Literal, More};
use super::{Begin, Between, Chain, End, Link, MOST_LINKS, Part, Told};
use crate::plan::Fault;
use crate::syntax::Ast;
use memchr::memmem::Finder;
use std::sync::atomic::AtomicU8;
use std::vec::IntoIter;

/// A literal behind a part is looked for from the right if it is as long: shorter ones stand at many places.
const LONG: usize = 4;

impl Chain {
    /// The plan for an expression, or what it lacks of the form.
    pub fn of(ast: &Ast) -> Result<Chain, Fault> {
        let (inner, is_tied_to_beginning, is_tied_to_end) = between_ends(&ast.root)?;
        // Most expressions are told by this to be none.
        if !inner.first().is_some_and(may_begin) {
            let span = inner.first().map_or(&ast.root.span, |node| &node.span);
            return Err(Fault::at(span, "no literal stands at its beginning"));
        }
        let mut elements = elements(inner)?.into_iter();
        // A gap takes all before what follows it, as if it were tied to the beginning.
        let begins_with_gap = matches!(elements.as_slice().first(), Some(Element::Gap(..)));
        let first = match elements.as_slice().first() {
            Some(Element::Text(text, _)) => {
                let text = text.clone();
                elements.next();
                Literal::new(text, more(&mut elements))
            }
            _ => Literal::new(Vec::new(), More::default()),
        };
        let begin = match is_tied_to_beginning || begins_with_gap {
            true => Begin::Text,
            false => Begin::Anywhere(Box::new(Finder::new(&first.needle.text).into_owned())),
        };
        let (links, last_gap) = links(elements)?;
        let end = match last_gap {
            Some(group) => End::Gap(group),
            None if is_tied_to_end => End::Text,
            None => End::Literal,
        };
        let chain = Chain::new(ast, begin, first, links, end);
        chain.has_its_form()?;
        Ok(chain)
    }

    fn new(ast: &Ast, begin: Begin, first: Literal, links: Vec<Link>, end: End) -> Chain {
        let ending = links
            .iter()
            .position(|link| matches!(link.between, Between::Ending(_)))
            .and_then(|at| Some((at, Finder::new(&links.get(at)?.literal.needle.text).into_owned())));
        let is_part = |at: &usize| matches!(links.get(*at).map(|link| &link.between), Some(Between::Part(_)));
        let is_plain = !first.has_more() && !links.iter().any(|link| link.is_near || link.literal.has_more());
        Chain {
            told: match is_plain && !matches!(end, End::Gap(_)) {
                true => links.iter().map(told).collect(),
                false => None,
            },
            ends_with_newline: links.last().map_or(&first, |link| &link.literal).takes_newline(),
            is_plain,
            begin,
            first,
            end,
            parts: (0..links.len()).filter(is_part).collect(),
            links,
            groups: ast.groups.len(),
            ending: ending.map(|(at, finder)| (at, Box::new(finder))),
        }
    }

    fn has_its_form(&self) -> Result<(), Fault> {
        let is_in_line = |literal: &Literal| !literal.needle.text.contains(&b'\n');
        if !is_in_line(&self.first) || !self.links.iter().all(|link| is_in_line(&link.literal)) {
            return Err(Fault::of_all("one of its literals holds a newline"));
        }
        if self.links.len() > MOST_LINKS {
            return Err(Fault::of_all(format!("it has more than {MOST_LINKS} gaps")));
        }
        let has_gap = self.links.iter().any(|link| !matches!(link.between, Between::Part(_)));
        match has_gap || matches!(self.end, End::Gap(_)) {
            true => Ok(()),
            false => Err(Fault::of_all("it has no gap such as `.*`")),
        }
    }
}

/// What is told of a link, if it is one group or none.
fn told(link: &Link) -> Option<Told> {
    let group = match &link.between {
        Between::Gap(group) => *group,
        Between::Part(part) => part.quick_group(),
        Between::Ending(_) => return None,
    };
    Some(Told {
        group: group.unwrap_or(usize::MAX),
        literal: link.literal.len,
    })
}

/// All links, and the gap behind the last one's literal, by its group.
fn links(elements: IntoIter<Element>) -> Result<(Vec<Link>, Option<Option<usize>>), Fault> {
    let mut elements = elements;
    let mut links = Vec::new();
    while let Some(element) = elements.next() {
        let literal = match (elements.next(), &element) {
            (Some(Element::Text(literal, _)), _) => literal,
            (None, Element::Gap(group, _)) => return Ok((links, Some(*group))),
            _ => {
                return Err(Fault::at(
                    element.span(),
                    "no literal follows that would tell where this ends",
                ));
            }
        };
        let is_near = matches!(element, Element::Part(..)) && literal.len() < LONG;
        let between = between(element, &literal)?;
        links.push(Link {
            between,
            is_near,
            literal: Literal::new(literal, more(&mut elements)),
            usual: AtomicU8::default(),
        });
    }
    Ok((links, None))
}

fn between(element: Element, literal: &[u8]) -> Result<Between, Fault> {
    match element {
        Element::Gap(group, _) => Ok(Between::Gap(group)),
        Element::Ending(ending, span) => match literal.first().is_some_and(|&next| ending.excludes(next)) {
            true => Ok(Between::Ending(ending)),
            false => Err(Fault::at(
                &span,
                "its end may be taken for what the text after it begins with",
            )),
        },
        Element::Part(nodes, span) => Ok(Between::Part(Part::of(&nodes, &span, literal)?)),
        Element::Text(_, span) | Element::Option(_, span) => Err(Fault::at(&span, "a chain has no place for this")),
    }
}

/// What always takes as many bytes behind a literal, unless another literal follows.
fn more(elements: &mut IntoIter<Element>) -> More {
    let more = match elements.as_slice() {
        [Element::Part(..), Element::Text(..), ..] => None,
        [Element::Part(nodes, _), ..] => More::of(nodes),
        _ => None,
    };
    if more.is_some() {
        elements.next();
    }
    more.unwrap_or_default()
}
