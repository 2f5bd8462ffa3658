//! Whatever stands in a filter or a log, nothing panics.
#![allow(clippy::unwrap_used, reason = "tests")]

use bantam_pattern::tags::{UseDns, expand};
use bantam_pattern::{Options, Regex};
use proptest::prelude::*;

fn pieces() -> impl Strategy<Value = String> {
    let known = [
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "*",
        "+",
        "?",
        "|",
        "^",
        "$",
        ".",
        "\\",
        "(?",
        "(?P<",
        "(?P=",
        "(?<",
        "(?(",
        "(?i",
        ":",
        "=",
        "!",
        "-",
        ",",
        "1",
        "12",
        "a",
        "é",
        "\u{1f600}",
        "<HOST>",
        "<F-USER>",
        "</F-USER>",
        "<",
        ">",
        "\\x",
        "\\u00",
        "\\1",
        "\n",
        "#",
        "x",
    ];
    prop::collection::vec(prop_oneof![9 => prop::sample::select(known.to_vec()).prop_map(str::to_owned), 1 => any::<char>().prop_map(String::from)], 0..12)
        .prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_as_an_expression_or_refused_with_its_place(source in pieces(), text in pieces(), start in 0usize..20) {
        let Ok(shown) = expand(&source, UseDns::Warn, false) else { return Ok(()) };
        for source in [&source, &shown] {
            match Regex::new(source, Options { multi_line: false, ignore_case: source.len() % 2 == 0 }) {
                Ok(regex) => {
                    let found = regex.captures_at(&text, start);
                    if let Ok(Some(found)) = found {
                        prop_assert!(found.spans.iter().flatten().all(|&(from, to)| text.get(from..to).is_some()));
                    }
                }
                Err(error) => {
                    let span = error.span;
                    prop_assert!(span.is_none_or(|span| source.get(span).is_some()));
                }
            }
        }
    }
}
