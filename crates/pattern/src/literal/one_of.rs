//! Literals of which every match contains one: for expressions whose alternatives have nothing in common.
use super::{Literals, selectivity};
use crate::syntax::{Kind, Node};

/// Shorter literals stand in most lines.
const SHORTEST: usize = 3;
/// Looking for more of them is no longer a quick search.
const MOST: usize = 16;

/// Literals of which every match of the node contains at least one; none where nothing is known that is worth a look.
pub(crate) fn one_of(node: &Node) -> Vec<Vec<u8>> {
    let literals = Literals::of_node(node);
    match literals.best().filter(|best| best.len() >= SHORTEST) {
        Some(best) => vec![best.to_vec()],
        None => of_parts(node),
    }
}

fn of_parts(node: &Node) -> Vec<Vec<u8>> {
    match &node.kind {
        Kind::Alternation(ways) => of_ways(ways.iter()),
        Kind::Conditional { yes, no, .. } => of_ways([&**yes, &**no].into_iter()),
        Kind::Capture { node, .. } | Kind::Atomic(node) | Kind::Repeat { min: 1.., node, .. } => one_of(node),
        Kind::Concat(nodes) => {
            let sets = nodes.iter().map(one_of).filter(|set| !set.is_empty());
            let promise = |set: &Vec<Vec<u8>>| {
                let each = set.iter().map(|literal| selectivity(literal, false));
                // A text that is found often is not made up for by others that are not.
                each.fold(f64::INFINITY, f64::min) - set.len() as f64
            };
            sets.max_by(|one, other| promise(one).total_cmp(&promise(other)))
                .unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

/// One of each way, where each has one.
fn of_ways<'n>(ways: impl Iterator<Item = &'n Node>) -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = Vec::new();
    for way in ways {
        let set = one_of(way);
        all.extend_from_slice(&set);
        if set.is_empty() || all.len() > MOST {
            return Vec::new();
        }
    }
    all
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use crate::{Options, Regex};
    use proptest::prelude::*;

    fn one_of(source: &str) -> Vec<String> {
        let regex = Regex::new(source, Options::default()).unwrap();
        let text = |literal: Vec<u8>| String::from_utf8(literal).unwrap();
        regex.one_of_literals().into_iter().map(text).collect()
    }

    #[test]
    fn where_alternatives_have_nothing_in_common_one_of_each_is_told() {
        assert_eq!(
            one_of(r"^(?:Connection (?:closed|reset)|Disconnected) (?:by|from) \S+"),
            ["Connection ", "Disconnected"]
        );
        assert_eq!(
            one_of(r"^\S+ (?:\w+: reject:|(?:pipelining|many errors) after \S+) .+$"),
            [": reject:", " after "]
        );
        assert_eq!(one_of(r"(?:(?:abc|def)+|x(?:ghi|jkl)?mno)"), ["abc", "def", "mno"]);
    }

    #[test]
    fn where_one_way_tells_nothing_nothing_is_known() {
        for source in [r"(?:abc|\d+)", "(?:abc|de)", "(?:abc|def)?", "(?:(?i:abc)|def)", r"\d+"] {
            assert!(one_of(source).is_empty(), "{source}");
        }
        let many: Vec<String> = (100..120).map(|n| format!("x{n}")).collect();
        assert!(one_of(&format!("a|{}", many.join("|"))).is_empty());
    }

    #[test]
    fn the_set_is_taken_whose_commonest_text_is_rarest() {
        assert_eq!(
            one_of(r"(?: in|out) .* (?:Disconnected|Rejected!)"),
            ["Disconnected", "Rejected!"]
        );
    }

    fn node() -> impl Strategy<Value = String> {
        let leaf = prop::sample::select(vec!["abc", "bca", "ab", "c", "[ab]", ".", "(?i:abc)", "", "cab", r"\b"]);
        leaf.prop_map(str::to_owned).prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| parts.concat()),
                prop::collection::vec(inner.clone(), 2..4).prop_map(|ways| format!("(?:{})", ways.join("|"))),
                (inner.clone(), prop::sample::select(vec!["?", "*", "+", "{2}", "{1,2}"]))
                    .prop_map(|(node, times)| format!("({node}){times}")),
                inner.prop_map(|node| format!("(?>{node})")),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_match_has_one_of_the_literals(source in node(), texts in prop::collection::vec("[abcABC]{0,12}", 1..24)) {
            if let Ok(regex) = Regex::engine_only(&source, Options::default()) {
                let literals = regex.one_of_literals();
                for text in texts {
                    if !literals.is_empty() && regex.is_match(&text) == Ok(true) {
                        let has = |literal: &Vec<u8>| memchr::memmem::find(text.as_bytes(), literal).is_some();
                        prop_assert!(literals.iter().any(has), "{} {:?} {:?}", source, text, literals);
                    }
                }
            }
        }
    }
}
