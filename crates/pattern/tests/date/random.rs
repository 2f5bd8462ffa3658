//! Lines put together at random, over the templates that everybody uses.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::oracle::{NOON, Oracle, Session};
use crate::{SHAPES, difference};

/// A date in one of the known shapes, perhaps with a character changed, left out or doubled.
fn date() -> impl Strategy<Value = String> {
    let change = prop_oneof![
        6 => Just(None),
        4 => (0_usize..40, prop_oneof![
            Just(String::new()),
            "[0-9]{1,2}",
            "[-:/ .,+TZa-z]",
            Just("é".to_owned()),
            Just("٣".to_owned()),
            Just("ſ".to_owned()),
        ]).prop_map(Some),
    ];
    (0..SHAPES.len(), change).prop_map(|(shape, change)| {
        let mut text = SHAPES[shape].to_owned();
        if let Some((at, with)) = change {
            let at = at % text.len();
            text.replace_range(at..at + 1, &with);
        }
        text
    })
}

fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        5 => date(),
        2 => "[ \\[\\]():\"-]{1,2}",
        2 => "[a-z]{1,5} ",
        1 => "[0-9:. +-]{1,12}",
        1 => "(PDT|UTC|[+-][01][0-9]:?00|mon|Jan|2005|audit\\() ?",
        // Letters, digits and blanks beyond ASCII, known to every version of Unicode in use.
        1 => "[ -~éЖ漢٣９ſİıK\u{a0}\u{2003}]{0,3}",
    ]
}

fn line() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 1..5).prop_map(|pieces| pieces.concat())
}

fn sessions(pattern: &'static str) -> impl Strategy<Value = Session> {
    let lines = prop::collection::vec((line(), 1_usize..4, 0_i64..400), 1..8);
    lines.prop_map(move |rows| {
        let mut session = Session::new(pattern, [] as [&str; 0]);
        let mut now = NOON;
        for (line, times, pause) in rows {
            now += pause;
            session.lines.extend(std::iter::repeat_n((now, line), times));
        }
        session
    })
}

fn agree(pattern: &'static str, cases: u32) {
    let oracle = std::cell::RefCell::new(Oracle::start());
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(&sessions(pattern), |session| {
        match difference(&mut oracle.borrow_mut(), &session) {
            None => Ok(()),
            Some(difference) => Err(TestCaseError::fail(difference)),
        }
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

#[test]
fn the_default_templates_agree_on_random_logs() {
    agree("", 300);
}

#[test]
fn the_templates_at_the_lines_beginning_agree_on_random_logs() {
    agree("{^LN-BEG}", 60);
}

#[test]
fn embedded_templates_agree_on_random_logs() {
    agree("{DATE}:?", 60);
}
