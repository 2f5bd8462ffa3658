//! Expressions made up from the dialect's grammar.
use super::{Case, differences};
use bantam_pattern::Options;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

fn atom() -> impl Strategy<Value = String> {
    let parts = [
        "a", "b", "c", ".", "é", r"\d", r"\w", r"\s", r"\S", r"\W", r"\b", "^", "$", "[ab]", "[^a]", r"[\d-]", "1",
        " ", r"\n", r"\Z", r"\x1c", r"[^\W\d]", "ab", r"\.", "[a-cé]",
    ];
    prop::sample::select(parts.to_vec()).prop_map(str::to_owned)
}

fn expression() -> impl Strategy<Value = String> {
    atom().prop_recursive(4, 24, 4, |inner| {
        let quantifier = prop::sample::select(vec!["*", "+", "?", "*?", "+?", "??", "{2}", "{,2}", "{1,2}?", "{1,}"]);
        prop_oneof![
            4 => prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| parts.concat()),
            2 => (inner.clone(), quantifier.clone()).prop_map(|(inner, quantifier)| format!("(?:{inner}){quantifier}")),
            2 => (inner.clone(), quantifier).prop_map(|(inner, quantifier)| format!("({inner}){quantifier}")),
            2 => prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("(?:{})", parts.join("|"))),
            1 => inner.clone().prop_map(|inner| format!("({inner})")),
            1 => inner.clone().prop_map(|inner| format!("(?={inner})")),
            1 => inner.clone().prop_map(|inner| format!("(?!(?:{inner}))")),
            1 => inner.clone().prop_map(|inner| format!("(?i:{inner})")),
            1 => inner.clone().prop_map(|inner| format!(r"(x?{inner})\1")),
            1 => inner.clone().prop_map(|inner| format!(r"(?:(a)?(?(1){inner}|b))")),
            1 => atom().prop_map(|atom| format!("(?<={atom})")),
            1 => atom().prop_map(|atom| format!("(?<!{atom})")),
        ]
    })
}

fn text() -> impl Strategy<Value = String> {
    let pieces = ["a", "b", "c", "A", "1", " ", "é", "\n", "-", ".", "\u{1c}", "x", "_"];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..10).prop_map(|parts| parts.concat())
}

#[test]
fn made_up_expressions_find_what_python_finds() {
    let mut runner = TestRunner::deterministic();
    let texts = prop::collection::vec(text(), 12);
    let cases: Vec<Case> = (0..4000)
        .map(|number| {
            let expression = expression().new_tree(&mut runner).unwrap().current();
            let texts = texts.new_tree(&mut runner).unwrap().current();
            Case {
                expression,
                options: Options {
                    multi_line: number % 4 == 0,
                    ignore_case: number % 5 == 0,
                },
                texts,
            }
        })
        .collect();
    let (agreement, found) = differences(&cases);
    println!("{agreement:?} {}", found.len());
    let shown = found.iter().take(30).cloned().collect::<Vec<_>>().join("\n");
    assert!(found.is_empty(), "{} differences\n{shown}", found.len());
}
