//! Expressions that match every line: `prefregex` of many filters is one, for all that it could take before its content
//! may be missing.
use super::{Assertion, Ast, Greed, Kind, Node};

impl Ast {
    /// Whether it matches each text of at least one character and a newline behind it, but for texts with another
    /// newline. Only a yes is certain.
    pub fn matches_any_line(&self) -> bool {
        let mut nodes = Vec::new();
        flatten(&self.root, &mut nodes);
        let nodes = match nodes.split_first() {
            Some((first, rest)) if is_start(first) => rest,
            _ => &nodes[..],
        };
        let nodes = match nodes.split_last() {
            Some((last, rest)) if is_end(last) => rest,
            _ => nodes,
        };
        // One part takes all characters, and there is a way past each of the others.
        let Some(at) = nodes.iter().position(|node| takes_all(node)) else {
            return false;
        };
        let mut others = nodes.iter().enumerate().filter(|(other, _)| *other != at);
        others.all(|(_, node)| may_be_passed(node))
    }
}

/// What has to be matched one after the other.
fn flatten<'n>(node: &'n Node, out: &mut Vec<&'n Node>) {
    match &node.kind {
        Kind::Concat(nodes) => nodes.iter().for_each(|node| flatten(node, out)),
        Kind::Capture { node, .. } => flatten(node, out),
        _ => out.push(node),
    }
}

fn is_start(node: &Node) -> bool {
    matches!(node.kind, Kind::Assertion(Assertion::TextStart | Assertion::LineStart))
}

fn is_end(node: &Node) -> bool {
    matches!(node.kind, Kind::Assertion(Assertion::End | Assertion::LineEnd))
}

/// `.+`, `.*`, greedy or not.
fn takes_all(node: &Node) -> bool {
    match &node.kind {
        Kind::Repeat {
            min: 0 | 1,
            max: None,
            node,
            ..
        } => matches!(node.kind, Kind::Any { .. }),
        _ => false,
    }
}

/// Whether the search, if it has to, goes past the node without taking a character, wherever it stands.
fn may_be_passed(node: &Node) -> bool {
    match &node.kind {
        Kind::Empty => true,
        Kind::Repeat { min: 0, greed, .. } => *greed != Greed::Possessive,
        Kind::Capture { node, .. } => may_be_passed(node),
        Kind::Concat(nodes) => nodes.iter().all(may_be_passed),
        Kind::Alternation(ways) => ways.iter().any(may_be_passed),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use crate::{Options, Regex};
    use proptest::prelude::*;

    fn says_yes(source: &str) -> bool {
        Regex::new(source, Options::default()).unwrap().ast().matches_any_line()
    }

    #[test]
    fn what_may_be_missing_before_the_content_leaves_an_expression_that_matches_any_line() {
        for source in [
            r"^(?P<mlfid>(?:\[\])?\s*(?:<[^.]+\.[^.]+>\s+)?)(?:(?:error|fatal): (?:PAM: )?)?(?P<content>.+)$",
            "^.*",
            "(?s).+?$",
            "^(?:a|b?)(.+)(?: x)*?$",
            "(?:(?>a+b))?.+",
        ] {
            assert!(says_yes(source), "{source}");
        }
    }

    #[test]
    fn what_must_be_there_or_is_never_given_back_leaves_one_that_does_not() {
        for source in [
            "^a.+$",
            r"^\s*+.+$",
            r"^(?>\s*).+$",
            "^.{2,}$",
            "^.{0,9}$",
            "^(a)?(?(1)b|c).+$",
            "^(a)?.+(?=b)",
            r"^\b.+$",
            "^[^x]+$",
            r"^.+\Z",
            "^(?:a?.+|b)$",
            "^.++$(?!\n)",
            "^a?$",
        ] {
            assert!(!says_yes(source), "{source}");
        }
    }

    fn part() -> impl Strategy<Value = String> {
        let atom = prop::sample::select(vec!["a", ".", r"\s", "(?:ab|c)", "[^a]", "(a)", "(?>a*)", "(?:a|)"]);
        let times = prop::sample::select(vec!["", "?", "*", "*?", "*+", "+", "{0,2}", "??", "++"]);
        (atom, times).prop_map(|(atom, times)| [atom, times].concat())
    }

    proptest! {
        #[test]
        fn an_expression_that_is_said_to_match_any_line_does(
            parts in prop::collection::vec(part(), 0..4),
            all in prop::sample::select(vec![".+", ".*", "(.+)", "(.+?)", ".*?", ".++"]),
            behind in prop::collection::vec(part(), 0..2),
            (start, end) in (prop::sample::select(vec!["^", ""]), prop::sample::select(vec!["$", ""])),
            lines in prop::collection::vec("[abc \\r]{1,6}", 1..9),
        ) {
            let source = [start, &parts.concat(), all, &behind.concat(), end].concat();
            if let Ok(regex) = Regex::engine_only(&source, Options::default())
                && regex.ast().matches_any_line()
            {
                for line in lines {
                    prop_assert_eq!(regex.is_match(&format!("{line}\n")), Ok(true), "{} {:?}", source, line);
                }
            }
        }
    }
}
