//! Proves that plans and expressions find the same.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::Match;
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
        r#"("StartLocal"|"?time"?|x) ?[:=]?[ \u{1c}]?"?"#,
        r#"[0-9]{0,3}(Z|\+[01][0-9])?",?"#,
        "x?[0-3][0-9]/[01][0-9]/(20)?[0-2][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2}",
    ];
    prop::collection::vec(piece, 1..7).prop_map(|pieces| pieces.concat())
}

/// Patterns that people write.
const OWN: [&str; 8] = [
    "%H:%M:%S",
    "{UNB}%k:%M:%S",
    "{^LN-BEG}%Exk:%M:%S %p",
    "%Y-%m-%d %H:%M:%S",
    r"\[%d/%b/%Y:%H:%M:%S %z\]",
    r"<%y%m%d[T ]%H:%M:%S(?:,%f|\.%f)?>",
    r"%d(?P<_sep>[-/])%m(?P=_sep)%y\s*%H:%M:%S",
    "%ExY%Exm%Exd",
];

/// With groups of their own, blanks, digits, and a literal that dates are found by.
const KEYED: [&str; 14] = [
    r#""StartLocal"\s*:\s*"%Y-%m-%d[T]%H:%M:%S\.%f\d*(%z)?","#,
    r#"{UNB}"time"\s*:\s*"(%Y-%m-%d)T%H:%M:%S\d*"#,
    r#""time":"%Y-%m-%d(T)?%H:%M:%S(?:\.%f\d*)?(%z)?""#,
    r"time=%H:%M:%S\s*\d*(?:x|%f)?(Z|%z)",
    r"{^LN-BEG}time\s*(%y%m%d \d*)\s*x%H:%M:%S",
    r"time\d*(?P<_sep>[-/])%d(?P=_sep)%m(?P=_sep)%Y\d*(x)?",
    r"^time(%d/%m/%Y:%H:%M:%S)",
    r"%H:%M:%S\d*( %z)?",
    r"time%Y-%m-%d(:)%H:%M:%S\s*",
    r"time (%Y\d*)-%m",
    r#"^<co ts="%b %d %H:%M:%S"\s+"#,
    r"^<K>%a %d[ kT]%H:%M:%S",
    r"Stime %b %d %H:%M:%S(?: am)?\s+",
    r"{^LN-BEG}stime %I:%M:%S %p",
];

/// With all that stands before a mark.
const MARKED: [&str; 5] = [
    r"%d/%b[^/]*/%Y:%H:%M:%S %z",
    r"^[^\[]*\[(%d/%b/%Y:%H:%M:%S)",
    r"^[^\[]*(\[%Y-%m-%d %H:%M:%S\s*\])",
    r"time(?:[^/]*/)?[^:]*:%H:%M:%S",
    r"%y-(?:[^/]*/|x)?(%b)",
];

/// The defaults, and patterns of all kinds; some of the last need an engine.
static TEMPLATES: LazyLock<Vec<Arc<Template>>> = LazyLock::new(|| {
    let odd = [
        r"time(?:(x)|%Y)\s*:",
        r"(time)?\s*%H:%M:%S",
        r"time\s*\d*%Y(x)",
        r"time(\d*)%Y",
        r"%Y?-(x)%H:%M:%S",
    ];
    let own = OWN.into_iter().chain(KEYED).chain(MARKED).chain(odd);
    let own = own.map(|pattern| Arc::new(Template::new(pattern, &Years::today(), false).unwrap()));
    let defaults = defaults::shared(&Years::today()).all().unwrap();
    defaults.into_iter().map(|(template, _)| template).chain(own).collect()
});

/// A date of one of the patterns with letters in any case, or nearly one.
fn folded() -> impl Strategy<Value = String> {
    (
        prop::sample::select(vec![
            "<co ts=\"",
            "<CO Ts=\"",
            "<co tſ=\"",
            "<k>",
            "<\u{212a}>",
            "stime",
            "ſtime",
            "x STIME",
        ]),
        "[ \u{1c}\t\u{a0}]{0,2}",
        prop::sample::select(vec!["Jan 8", "feb 28", "Mon 08", "SUN 9", ""]),
        "[ kKT\u{212a}x]",
        prop::sample::select(vec!["15:13:20", "1:2:3", "11:59:59", ""]),
        prop::sample::select(vec![" am", " AM", " pM", " x", "", "\""]),
        "[ é\t\"]{0,3}",
    )
        .prop_map(|(a, b, c, d, e, f, g)| [a, &b, c, &d, e, f, &g].concat())
}

/// A date of one of the keyed patterns, or nearly one.
fn keyed() -> impl Strategy<Value = String> {
    (
        "[é x\"]?",
        prop::sample::select(vec!["\"StartLocal\"", "\"time\"", "time", "time ", "time=", "\"tim"]),
        "[ \u{1c}\t]{0,2}:?[ é\u{a0}]?\"?[0-9]{0,2}",
        prop::sample::select(vec![
            "2026-09-21",
            "26-9-1",
            "260921 1",
            "21/09/2026",
            "-21-09-2026",
            "",
        ]),
        "[T: x]{0,2}",
        prop::sample::select(vec!["15:13:20", "1:2:3", "15:13", ""]),
        "(\\.[0-9]{0,12}|[0-9]{0,9}| [0-9]{0,3})x?",
        "( ?[+-]01:?00|Z|Z3| )?",
        "\"?,?[:é a]?",
    )
        .prop_map(|(a, b, c, d, e, f, g, h, i)| [&a, b, &c, d, &e, f, &g, &h, &i].concat())
}

/// A line that begins with a number that may be a date.
fn numbers() -> impl Strategy<Value = String> {
    (
        "[\\[ é@(]{0,2}",
        prop_oneof!["[0-9]{9,12}", "@[0-9a-f]{23,25}", "audit\\([0-9]{10}"],
        "(\\.[0-9]{0,8})?",
        "[] :x_é.)A\u{660}]{0,2}",
    )
        .prop_map(|(a, b, c, d)| [a, b, c, d].concat())
}

/// A date of one of the patterns with a mark, or nearly one.
fn marked() -> impl Strategy<Value = String> {
    (
        "[a é7/\\[:]{0,5}",
        prop::sample::select(vec!["8/Jan", "28/feb", "time", "26-", "26x", "2026-01-0"]),
        "[a é\u{a0}7/:\\[]{0,4}",
        prop::sample::select(vec!["/2026", "/Jan", "8 ", "[08/Jan/2026", "[2026-01-08 ", ""]),
        prop::sample::select(vec![":15:13:20", "15:13:20", "1:2:3", ""]),
        "( \\+0100)?[ \t\\]é]{0,3}",
    )
        .prop_map(|(a, b, c, d, e, f)| [&a, b, &c, d, e, &f].concat())
}

fn marks(line: &str) -> Marks {
    let mut marks = Marks::default();
    marks.reset(line, line.is_ascii());
    marks
}

#[test]
fn all_default_patterns_have_a_plan_with_the_expressions_fields() {
    for (template, _) in defaults::shared(&Years::today()).all().unwrap() {
        let Some(plan) = &template.plan else {
            assert!(template.pattern.is_none(), "{}", template.name);
            continue;
        };
        let compiled = template.compiled().unwrap().fields.iter().map(|&(field, _)| field);
        assert!(compiled.eq(plan.fields.iter().copied()), "{}", template.name);
    }
}

#[test]
fn patterns_with_groups_and_runs_of_their_own_have_a_plan() {
    for pattern in KEYED.into_iter().chain(MARKED) {
        let template = Template::new(pattern, &Years::today(), false).unwrap();
        assert!(template.plan.is_some(), "{pattern}");
    }
}

#[test]
fn of_a_pattern_with_a_group_of_its_own_the_first_group_is_cut_out() {
    let template = Template::new(KEYED[0], &Years::today(), false).unwrap();
    let line = r#"{"StartLocal" : "2026-09-21T15:13:20.000052028+01:00","x":1}"#;
    let found = Match::of(|found| template.search(line, &mut marks(line), found)).unwrap();
    assert_eq!(&line[found.cut.0..found.cut.1], "2026");
    assert_eq!(
        Some(found),
        Match::of(|found| template.search_expression(line, 0, line.len(), &mut marks(line), found))
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_finds_what_its_expression_finds(line in prop_oneof![text(), numbers(), keyed(), folded(), marked(), (keyed(), text(), keyed()).prop_map(|(a, b, c)| a + &b + &c)]) {
        let mut marks = marks(&line);
        for template in TEMPLATES.iter() {
            let planned = Match::of(|found| template.search(&line, &mut marks, found));
            prop_assert_eq!(planned, Match::of(|found| template.search_expression(&line, 0, line.len(), &mut marks, found)), "{}", template.name);
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
                let found = Match::of(|found| template.search_expression(&line, 0, line.len(), &mut marks, found));
                prop_assert!(found.is_none() || candidates >> id & 1 == 1, "{}", template.name);
            }
        }
    }

    #[test]
    fn within_borders_a_plan_finds_what_its_expression_finds(line in prop_oneof![text(), keyed(), marked()], a in 0_usize..60, b in 0_usize..60) {
        let border = |n: usize| (0..=n.min(line.len())).rev().find(|&n| line.is_char_boundary(n)).unwrap_or(0);
        let (a, b) = (border(a.min(b)), border(a.max(b)));
        let mut marks = marks(&line);
        for template in TEMPLATES.iter().filter(|template| !template.at_line_begin) {
            let planned = Match::of(|found| template.search_within(&line, a, b, &mut marks, found));
            prop_assert_eq!(planned, Match::of(|found| template.search_expression(&line, a, b, &mut marks, found)), "{}", template.name);
        }
    }
}
