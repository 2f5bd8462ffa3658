//! Expressions made up, and texts made from them.

use crate::compare::{Compared, Tally};
use crate::sample::{Random, Sampler};
use bantam_pattern::{Options, Stage};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

/// What single plans are tested with.
pub const OF_THE_TESTS: &[&str] = &[
    r#"^{"h":"(?:(?P<ip>(?:\d{1,3}\.){3}\d{1,3})|(?P<dns>[\w\-.]*\w))","s":(404|40|401),"p":"(.*)",.*"m":"(.*)",("u":"(.*)",){0,1}?"t":(.*)}$"#,
    r"^a: .*b: .*(\.png|\.js)(/)*?, .*c$",
    r"^d.*a.*b.*c.*a.*d$",
    r"^(?:\w+\s)+\d+ (?:failed|refused) from (\S+)$",
    r"(?<=a)b|^c|\bd",
    r"^x(?:ab){2,}y(\d)?$",
    r"(?i)login (?:failed|failure) for ([^\s]*) from \[?([\d.]+)\]?",
    r#"^"(?:[^"\\]|\\.)*" (401|403|404|405) "#,
    r"^(?!ok )(\w+) (?=from)\w+ (.*) \1$",
    r"^(a)?(?(1)b|c)+ .*: (?>x+)y$",
    r"^\s*(?:\S+ )?(?:error|warn(?:ing)?): .{0,20} (?P<q>['\x22]).*?(?P=q)",
    r"^.*, client: ([\d.]+), server: .*, request: .*$",
];

fn atom() -> impl Strategy<Value = String> {
    let parts = [
        "a",
        "b",
        "c",
        ".",
        "é",
        r"\d",
        r"\w",
        r"\s",
        r"\S",
        r"\W",
        r"\b",
        r"\B",
        "^",
        "$",
        "[ab]",
        "[^a]",
        r"[\d-]",
        "1",
        " ",
        r"\n",
        r"\Z",
        r"\x1c",
        r"[^\W\d]",
        "ab",
        r"\.",
        "[a-cé]",
        ".*",
        "(.*)",
        ": ",
        r"\[",
        "\"",
        "abc",
        "[^\"]*",
        "k",
        "s",
        "(405|404|40)",
        "(?:foo|fob|)",
    ];
    prop::sample::select(parts.to_vec()).prop_map(str::to_owned)
}

fn expression() -> impl Strategy<Value = String> {
    let inner = atom().prop_recursive(4, 24, 5, |inner| {
        let counts = ["*", "+", "?", "*?", "+?", "??", "{2}", "{,2}", "{1,2}?", "{1,}"];
        let quantifier = prop::sample::select(counts.to_vec());
        prop_oneof![
            6 => prop::collection::vec(inner.clone(), 1..6).prop_map(|parts| parts.concat()),
            2 => (inner.clone(), quantifier.clone()).prop_map(|(inner, quantifier)| format!("(?:{inner}){quantifier}")),
            2 => (inner.clone(), quantifier).prop_map(|(inner, quantifier)| format!("({inner}){quantifier}")),
            3 => prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("(?:{})", parts.join("|"))),
            1 => inner.clone().prop_map(|inner| format!("({inner})")),
            1 => inner.clone().prop_map(|inner| format!("(?={inner})")),
            1 => inner.clone().prop_map(|inner| format!("(?!(?:{inner}))")),
            1 => inner.clone().prop_map(|inner| format!("(?i:{inner})")),
            1 => inner.clone().prop_map(|inner| format!(r"(x?{inner})\1")),
            1 => inner.clone().prop_map(|inner| format!(r"(?:(a)?(?(1){inner}|b))")),
            1 => atom().prop_map(|atom| format!("(?<={atom})")),
            1 => atom().prop_map(|atom| format!("(?<!{atom})")),
        ]
    });
    let ends = prop::sample::select(vec![
        ("^", "$"),
        ("^", "$"),
        ("", ""),
        ("^", ""),
        ("", "$"),
        ("^a", ", b$"),
    ]);
    (ends, inner).prop_map(|((begin, end), inner)| format!("{begin}{inner}{end}"))
}

/// Literals with gaps and parts between, as the quickest plans want them, and nearly so.
fn chain() -> impl Strategy<Value = String> {
    let betweens = [
        ".*",
        "(.*)",
        ".*",
        "(.*)",
        "(a|b|ab)",
        r"(?:(\d+)|(\w*))",
        "([ab]*)(a?)",
        r"((?:a|(?<=a)b)+)",
        "(404|40|401)",
        r"(\S+)",
        "(?:x|y)?",
        ".*?",
        "[^,]*",
        r"\b",
        "(?i:aB)",
        r"(?:(?:\d{1,3}\.){3}\d{1,3}|[\w\-.]*\w)",
        "(,b.*,)??",
    ];
    let literals = [
        ",",
        ":",
        ",a",
        "b",
        "ab",
        ":b:",
        "é",
        "\",\"k\":\"",
        " \\[",
        "1",
        "aa",
        "\",",
        "k=",
        "; ",
    ];
    let links = (
        prop::sample::select(betweens.to_vec()),
        prop::sample::select(literals.to_vec()),
    );
    let links = prop::collection::vec(links, 1..7);
    links.prop_map(|links| {
        let links: String = links
            .iter()
            .map(|(between, literal)| format!("{between}{literal}"))
            .collect();
        format!("^a{links}$")
    })
}

#[test]
fn made_up_expressions_find_the_same_on_texts_made_from_them() {
    let mut runner = TestRunner::deterministic();
    let mut random = Random::new(3);
    let mut tally = Tally::default();
    for number in 0..9000 {
        let source = match number % 3 {
            0 => chain().new_tree(&mut runner).unwrap().current(),
            _ => expression().new_tree(&mut runner).unwrap().current(),
        };
        let options = Options {
            multi_line: number % 16 == 1,
            ignore_case: number % 10 == 1,
        };
        let Some(compared) = Compared::new(&source, options) else {
            continue;
        };
        compared.count(&mut tally);
        let mut sampler = Sampler::new(compared.regex.ast(), compared.regex.required_literals());
        for _ in 0..20 {
            compared.on(&sampler.text(&mut random), &mut tally);
        }
    }
    println!("{tally}");
    assert!(tally.expressions > 4000 && tally.matches * 5 > tally.texts, "{tally}");
    tally.assert_few_limits();
    tally.assert_answered(&[
        (Stage::Chain, true),
        (Stage::Literals, false),
        (Stage::Order, false),
        (Stage::Engine, true),
    ]);
}
