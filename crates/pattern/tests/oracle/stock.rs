//! All filters of the original, on the lines that it is tested with.
use super::{Case, assert_agreement, python};
use bantam_pattern::tags::{self, UseDns};
use bantam_pattern::{Options, Regex};
use std::collections::BTreeMap;

#[derive(serde::Deserialize)]
struct Filter {
    name: String,
    multi: bool,
    /// As written, as the original shows it, and its error.
    expressions: Vec<(String, Option<String>, Option<String>)>,
    lines: Vec<String>,
}

fn filters() -> Vec<Filter> {
    let filters: Vec<Filter> = serde_json::from_value(python("filters.py", &serde_json::Value::Null)).unwrap();
    let expressions: usize = filters.iter().map(|filter| filter.expressions.len()).sum();
    let lines: usize = filters.iter().map(|filter| filter.lines.len()).sum();
    assert!(
        expressions > 1000 && lines > 5000,
        "{expressions} expressions, {lines} lines: what is installed?"
    );
    filters
}

#[test]
fn tags_are_expanded_to_the_text_that_the_original_shows() {
    for filter in filters().iter().filter(|filter| filter.name != "dates") {
        for (written, shown, error) in &filter.expressions {
            let ours = tags::expand(written, UseDns::Warn, filter.multi);
            assert_eq!(ours.as_ref().ok(), shown.as_ref(), "{}: {error:?}", filter.name);
        }
    }
}

#[test]
fn every_stock_expression_finds_what_it_finds_in_the_original() {
    let mut cases: BTreeMap<(String, bool), Vec<String>> = BTreeMap::new();
    let filters = filters();
    let all: Vec<&String> = filters.iter().flat_map(|filter| &filter.lines).collect();
    for filter in &filters {
        for (_, shown, _) in &filter.expressions {
            let texts = cases.entry((shown.clone().unwrap(), filter.multi)).or_default();
            texts.extend(filter.lines.iter().cloned());
            texts.extend(all.iter().step_by(all.len() / 40).map(|&line| line.clone()));
        }
    }
    let cases: Vec<Case> = cases
        .into_iter()
        .map(|((expression, multi_line), mut texts)| {
            texts.sort();
            texts.dedup();
            let mut varied: Vec<String> = texts.iter().enumerate().map(|(n, text)| varied(text, n)).collect();
            texts.append(&mut varied);
            Case {
                expression,
                options: Options {
                    multi_line,
                    ignore_case: false,
                },
                texts,
            }
        })
        .collect();
    let agreement = assert_agreement(&cases);
    assert!(
        agreement.searched > 20_000 && agreement.matched > 1_000,
        "{agreement:?}"
    );
}

/// The line with one thing changed that a log may bring.
fn varied(line: &str, number: usize) -> String {
    let pieces = [
        "é",
        "\u{a0}",
        "\u{1c}",
        "٣",
        "\"",
        "",
        " ",
        "from 2001:db8::7 port 22",
        "\u{1f600}",
        ": ",
    ];
    let mut at = (number * 7919) % line.len().max(1);
    while !line.is_char_boundary(at) {
        at -= 1;
    }
    let (before, after) = line.split_at(at);
    let skipped = number % 3;
    let rest: String = after.chars().skip(if skipped < 2 { skipped } else { 0 }).collect();
    format!("{before}{}{rest}", pieces[number % pieces.len()])
}

#[test]
fn the_literal_of_most_stock_expressions_is_known() {
    let mut known = 0;
    let mut all = 0;
    for filter in filters() {
        for (_, shown, _) in filter.expressions {
            let options = Options {
                multi_line: filter.multi,
                ignore_case: false,
            };
            all += 1;
            known += usize::from(
                Regex::new(&shown.unwrap(), options)
                    .unwrap()
                    .required_literal()
                    .is_some_and(|l| l.len() > 2),
            );
        }
    }
    println!("{known} of {all}");
    assert!(known * 10 > all * 7, "{known} of {all}");
}
