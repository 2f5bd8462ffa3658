//! Which of many failregexes can match a text at all, told for all of them at once from the text's first bytes.
//!
//! Most expressions of a filter such as `sshd` are tied to the beginning and go on with words of their own: two table
//! look-ups dismiss nearly all of them.
use crate::expression::Expression;
use bantam_pattern::syntax::{Assertion, Ast, Case, ClassItem, Kind, Node};

/// Bytes that are looked at.
const LONGEST: usize = 8;

/// A set of bytes.
#[derive(Debug, Clone, Copy, Default)]
struct Set([u64; 4]);

impl Set {
    fn of(has: impl Fn(u8) -> bool) -> Set {
        (0..=u8::MAX).filter(|&byte| has(byte)).fold(Set::default(), Set::with)
    }

    fn with(mut self, byte: u8) -> Set {
        self.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
        self
    }

    fn has(&self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] >> (byte & 63) & 1 == 1
    }
}

/// For up to 64 expressions, one bit for each.
#[derive(Debug)]
pub(crate) struct Dispatch {
    /// By place: the expressions that can have this byte there.
    by_byte: Box<[[u64; 256]; LONGEST]>,
    /// By place: those that can match a text that ends before it.
    by_end: [u64; LONGEST],
}

impl Dispatch {
    /// Nothing for a few expressions, or too many.
    pub(crate) fn of(expressions: &[Expression]) -> Option<Self> {
        if !(2..=64).contains(&expressions.len()) {
            return None;
        }
        let mut dispatch = Dispatch {
            by_byte: Box::new([[0; 256]; LONGEST]),
            by_end: [0; LONGEST],
        };
        for (index, expression) in expressions.iter().enumerate() {
            dispatch.add(1 << index, &beginning(expression.ast()));
        }
        Some(dispatch)
    }

    fn add(&mut self, bit: u64, sets: &[Set]) {
        for (place, row) in self.by_byte.iter_mut().enumerate() {
            let set = sets.get(place);
            for (byte, cell) in (0..=u8::MAX).zip(row.iter_mut()) {
                if set.is_none_or(|set| set.has(byte)) {
                    *cell |= bit;
                }
            }
            if set.is_none() {
                self.by_end[place] |= bit;
            }
        }
    }

    /// The expressions that may match the text; only a missing bit is certain.
    pub(crate) fn candidates(&self, text: &str) -> u64 {
        let bytes = text.as_bytes();
        let mut fitting = u64::MAX;
        for (place, row) in self.by_byte.iter().enumerate() {
            fitting &= match bytes.get(place) {
                Some(&byte) => row[usize::from(byte)],
                None => self.by_end[place],
            };
            if fitting == 0 {
                break;
            }
        }
        fitting
    }
}

/// What every match of an expression that is tied to the text's beginning begins with, byte for byte.
fn beginning(ast: &Ast) -> Vec<Set> {
    match &ast.root.kind {
        Kind::Concat(nodes) => match nodes.split_first() {
            Some((first, rest)) if first.kind == Kind::Assertion(Assertion::TextStart) => {
                of_nodes(telling(rest), Vec::new())
            }
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// As many of the nodes as are sure to take all bytes that are looked at.
fn telling(nodes: &[Node]) -> &[Node] {
    let mut bytes = 0;
    let more = |node: &&Node| {
        let enough = bytes >= LONGEST;
        bytes += usize::from(matches!(node.kind, Kind::Literal { .. } | Kind::Class(_)));
        !enough
    };
    let count = nodes.iter().take_while(more).count();
    nodes.get(..count).unwrap_or(nodes)
}

/// What the nodes begin with, when this follows them.
fn of_nodes(nodes: &[Node], then: Vec<Set>) -> Vec<Set> {
    nodes.iter().rev().fold(then, |then, node| of_node(node, then))
}

fn of_node(node: &Node, then: Vec<Set>) -> Vec<Set> {
    match &node.kind {
        // They take nothing; that they forbid something may be left out.
        Kind::Empty | Kind::Assertion(_) | Kind::Look { .. } => then,
        Kind::Literal { point, case } => of_literal(*point, *case, then),
        Kind::Class(class) => {
            let ascii = |item: &ClassItem| matches!(item, ClassItem::Range(_, last) if *last < 128);
            if class.negated || class.case != Case::Sensitive || !class.items.iter().all(ascii) {
                return Vec::new();
            }
            let within = |byte: u32| {
                let has =
                    |item: &ClassItem| matches!(item, ClassItem::Range(first, last) if (first..=last).contains(&&byte));
                class.items.iter().any(has)
            };
            before(Set::of(|byte| within(u32::from(byte))), then)
        }
        Kind::Concat(nodes) => of_nodes(nodes, then),
        Kind::Alternation(ways) => ways
            .iter()
            .map(|way| of_node(way, then.clone()))
            .reduce(either)
            .unwrap_or_default(),
        Kind::Capture { node, .. } | Kind::Atomic(node) => of_node(node, then),
        Kind::Repeat { min, max, node, .. } => match (min, max) {
            (1, Some(1)) => of_node(node, then),
            (1.., _) => of_node(node, Vec::new()),
            (0, Some(1)) => either(of_node(node, then.clone()), then),
            (0, _) => either(of_node(node, Vec::new()), then),
        },
        Kind::Any { .. } | Kind::Backref { .. } | Kind::Conditional { .. } => Vec::new(),
    }
}

fn of_literal(point: u32, case: Case, then: Vec<Set>) -> Vec<Set> {
    let Some(c) = char::from_u32(point) else {
        return Vec::new();
    };
    match (case, u8::try_from(c)) {
        (Case::Sensitive, _) => {
            let mut buffer = [0; 4];
            let bytes = c.encode_utf8(&mut buffer).bytes();
            bytes
                .rev()
                .fold(then, |then, own| before(Set::default().with(own), then))
        }
        // Beyond ASCII are letters that are one of ASCII's in another case.
        (Case::IgnoreAscii, Ok(own @ 0..=127)) => before(Set::of(|byte| byte.eq_ignore_ascii_case(&own)), then),
        (_, Ok(own @ 0..=127)) if !own.is_ascii_alphabetic() => before(Set::default().with(own), then),
        _ => Vec::new(),
    }
}

fn before(set: Set, mut then: Vec<Set>) -> Vec<Set> {
    then.insert(0, set);
    then.truncate(LONGEST);
    then
}

/// What is true of both.
fn either(one: Vec<Set>, two: Vec<Set>) -> Vec<Set> {
    let both = |(one, two): (Set, Set)| Set(std::array::from_fn(|part| one.0[part] | two.0[part]));
    one.into_iter().zip(two).map(both).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use bantam_pattern::tags::UseDns;
    use proptest::prelude::*;

    fn expressions(sources: &[&str]) -> Vec<Expression> {
        let new = |source: &&str| Expression::new(source, UseDns::default(), false).unwrap();
        sources.iter().map(new).collect()
    }

    #[test]
    fn expressions_that_begin_otherwise_are_left_out() {
        let all = expressions(&[
            "^Failed \\S+ for <HOST>",
            "^[iI](?:llegal|nvalid) user <HOST>",
            "^(?:a|bc)?d <HOST>",
            "x <HOST>",
            "^(?P<user>\\S+|.*?) <HOST>",
        ]);
        let dispatch = Dispatch::of(&all).unwrap();
        for (text, candidates) in [
            ("Failed password for 192.0.2.1", 0b11001),
            ("Invalid user x", 0b11010),
            ("invalid user x", 0b11010),
            ("bcd 192.0.2.1", 0b11100),
            ("d 192.0.2.1", 0b11100),
            ("", 0b11000),
            ("é", 0b11000),
        ] {
            assert_eq!(dispatch.candidates(text) & 0b11111, candidates, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]
        #[test]
        fn what_matches_is_never_left_out(
            sources in prop::collection::vec(
                r"\^?(a|b|[ab]|\[ab\]|\[\^a\]|\.\*|\(a\|ab\)|\(\?:b\|ba\)\+|\(\?:ab\)\?|b\?\?|\\b|\(\?!a\)|é|\(\?i:s\)|\(\?i:b\)|a\{0,2\}|a\{2\}){1,6}",
                2..5,
            ),
            texts in prop::collection::vec("[abéſS]{0,9}", 20),
        ) {
            let sources: Vec<String> = sources.iter().map(|source| format!("{source}(?P<dns>)")).collect();
            let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
            let all = expressions(&sources);
            let dispatch = Dispatch::of(&all).unwrap();
            for text in &texts {
                for (index, expression) in all.iter().enumerate() {
                    if expression.is_match(text) == Ok(true) {
                        prop_assert!(dispatch.candidates(text) >> index & 1 == 1, "{} {text}", sources[index]);
                    }
                }
            }
        }
    }
}
