//! A short text that an expression would match, looks and the like left out of account.
use super::chars::Chars;
use crate::syntax::{Ast, Kind, Node, Span};

/// Repetitions that have to be are written out so often at most.
const MOST: u32 = 200;
/// Longer texts are not built.
const LONGEST: usize = 1 << 16;

/// Builds texts.
#[derive(Debug, Default)]
pub struct Sampler<'a> {
    /// What certain groups are to hold.
    pub groups: Vec<(usize, &'a str)>,
    /// What was written for the groups so far.
    written: Vec<(usize, String)>,
}

/// A text for the whole expression. Whether it really matches, the engine has to say.
pub fn sample(ast: &Ast) -> String {
    let mut out = String::new();
    Sampler::default().write(&ast.root, &mut out);
    out
}

impl Sampler<'_> {
    /// A text for a node.
    pub fn write(&mut self, node: &Node, out: &mut String) {
        if out.len() > LONGEST {
            return;
        }
        match &node.kind {
            Kind::Empty | Kind::Assertion(_) | Kind::Look { .. } => {}
            Kind::Literal { point, .. } => out.extend(char::from_u32(*point)),
            Kind::Any { .. } => out.push('a'),
            Kind::Class(class) => out.extend(Chars::of_class(class).example()),
            Kind::Concat(nodes) => nodes.iter().for_each(|node| self.write(node, out)),
            Kind::Alternation(nodes) => {
                // Where one of the ways holds a group that is asked for, that one.
                let way = nodes.iter().find(|node| self.holds_group(node)).or(nodes.first());
                way.into_iter().for_each(|node| self.write(node, out));
            }
            Kind::Repeat { min, max, node, .. } => {
                let wanted = u32::from(self.holds_group(node) && *max != Some(0));
                for _ in 0..(*min).max(wanted).min(MOST) {
                    let before = out.len();
                    self.write(node, out);
                    if out.len() == before {
                        break;
                    }
                }
            }
            Kind::Capture { group, node } => {
                let from = out.len();
                match self.groups.iter().find(|(wanted, _)| wanted == group) {
                    Some((_, text)) => out.push_str(text),
                    None => self.write(node, out),
                }
                let text = out.get(from..).unwrap_or_default().to_owned();
                self.written.push((*group, text));
            }
            Kind::Atomic(node) => self.write(node, out),
            Kind::Backref { group, .. } => {
                let text = self.written.iter().rev().find(|(known, _)| known == group);
                out.push_str(text.map_or("", |(_, text)| text));
            }
            Kind::Conditional { group, yes, no } => {
                let taken = self.written.iter().any(|(known, _)| known == group);
                self.write(if taken { yes } else { no }, out);
            }
        }
    }

    fn holds_group(&self, node: &Node) -> bool {
        if self.groups.is_empty() {
            return false;
        }
        let own = match &node.kind {
            Kind::Capture { group, .. } => self.groups.iter().any(|(wanted, _)| wanted == group),
            _ => false,
        };
        own || node.children().into_iter().any(|child| self.holds_group(child))
    }

    /// What stands before the node at `target` (`out`) and behind it (`after`), when the way leads through it. False
    /// if it is nowhere on a way.
    pub(super) fn around(&mut self, node: &Node, target: &Span, out: &mut String, after: &mut String) -> bool {
        if node.span == *target {
            return true;
        }
        let within = |child: &Node| child.span.start <= target.start && target.end <= child.span.end;
        match &node.kind {
            Kind::Look { .. } => false,
            Kind::Concat(nodes) => {
                let Some(at) = nodes.iter().position(within) else {
                    return false;
                };
                for node in nodes.iter().take(at) {
                    self.write(node, out);
                }
                let found = nodes.get(at).is_some_and(|node| self.around(node, target, out, after));
                for node in nodes.iter().skip(at + 1) {
                    self.write(node, after);
                }
                found
            }
            _ => {
                let child = node.children().into_iter().find(|child| within(child));
                child.is_some_and(|child| self.around(child, target, out, after))
            }
        }
    }
}
