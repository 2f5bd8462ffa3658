//! Proves that plans and expressions find the same.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::defaults;
use super::marks::Marks;
use super::shapes::Shapes;
use super::template::Template;
use super::tokens::Years;
use proptest::prelude::*;
use std::sync::{Arc, LazyLock};

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[0-9]{1,4}[-/:. ]",
        "[0-9]{2}:[0-9]{2}:[0-9]{2}",
        "[0-9][0-9]?:[0-9][0-9]?:[0-9][0-9]?",
        "(20)?[0-2][0-9][-/.]?[01]?[0-9][-/.]?[0-3 ]?[0-9][T -]? ?",
        "[0-3 ][0-9][-/ ](Jan|feb|SEP|dec)[-/ ](20[0-2][0-9])?[: ]?",
        "(mon|Tue|sun|am|PM|utc|Z|GMT|EST|x) ?",
        "(Jan|Feb|oct)[ -][ 0-3]?[0-9],?[ -]",
        "[.,][0-9]{1,10}",
        " ?[+-][01][0-9]:?([0-9]{2})?",
        "[ -~]",
        "[é ３ſ\u{a0}]",
        "<|>|@|\\[",
        "x?[0-3][0-9]/[01][0-9]/(20)?[0-2][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2}",
    ];
    prop::collection::vec(piece, 1..7).prop_map(|pieces| pieces.concat())
}

/// The defaults, and patterns that people write.
static TEMPLATES: LazyLock<Vec<Arc<Template>>> = LazyLock::new(|| {
    let own = [
        "%H:%M:%S",
        "{UNB}%k:%M:%S",
        "{^LN-BEG}%Exk:%M:%S %p",
        "%Y-%m-%d %H:%M:%S",
        r"\[%d/%b/%Y:%H:%M:%S %z\]",
        r"<%y%m%d[T ]%H:%M:%S(?:,%f|\.%f)?>",
        r"%d(?P<_sep>[-/])%m(?P=_sep)%y\s*%H:%M:%S",
        "%ExY%Exm%Exd",
    ];
    let own = own.map(|pattern| Arc::new(Template::new(pattern, &Years::today(), false).unwrap()));
    let defaults = defaults::shared(&Years::today()).unwrap();
    defaults
        .all()
        .map(|(template, _)| template.clone())
        .chain(own)
        .collect()
});

fn marks(line: &str) -> Marks {
    let mut marks = Marks::default();
    marks.reset(line, line.is_ascii());
    marks
}

#[test]
fn all_default_patterns_have_a_plan_with_the_expressions_fields() {
    for (template, _) in defaults::shared(&Years::today()).unwrap().all() {
        let Some(plan) = &template.plan else {
            assert!(template.pattern.is_none(), "{}", template.name);
            continue;
        };
        let compiled = template.compiled().unwrap().fields.iter().map(|&(field, _)| field);
        assert!(compiled.eq(plan.fields.iter().copied()), "{}", template.name);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_finds_what_its_expression_finds(line in text()) {
        let mut marks = marks(&line);
        for template in TEMPLATES.iter() {
            let planned = template.search(&line, &mut marks);
            prop_assert_eq!(planned, template.search_expression(&line, 0, line.len(), &mut marks), "{}", template.name);
        }
    }

    #[test]
    fn no_template_that_finds_a_date_is_left_out(head in "[ \\[é«]{0,3}", line in text(), tail in text()) {
        let templates = TEMPLATES.iter().enumerate().map(|(id, template)| (id, template.as_ref()));
        let shapes = Shapes::of(templates).unwrap();
        for line in [format!("{head}{line}"), format!("{head}{line}{tail}")] {
            let mut marks = marks(&line);
            let candidates = shapes.candidates(u64::MAX, line.as_bytes(), &mut marks);
            for (id, template) in TEMPLATES.iter().enumerate() {
                let found = template.search_expression(&line, 0, line.len(), &mut marks);
                prop_assert!(found.is_none() || candidates >> id & 1 == 1, "{}", template.name);
            }
        }
    }

    #[test]
    fn within_borders_a_plan_finds_what_its_expression_finds(line in text(), a in 0_usize..60, b in 0_usize..60) {
        let border = |n: usize| (0..=n.min(line.len())).rev().find(|&n| line.is_char_boundary(n)).unwrap_or(0);
        let (a, b) = (border(a.min(b)), border(a.max(b)));
        let mut marks = marks(&line);
        for template in TEMPLATES.iter().filter(|template| !template.at_line_begin) {
            let planned = template.search_within(&line, a, b, &mut marks);
            prop_assert_eq!(planned, template.search_expression(&line, a, b, &mut marks), "{}", template.name);
        }
    }
}
