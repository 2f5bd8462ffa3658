//! Whatever plan an expression is searched by, it finds what PCRE2 finds alone: the same match, the same groups.
//!
//! Needs the Debian package `fail2ban`, whose filters and sample lines are read: `apt-get install fail2ban`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod compare;
mod made_up;
#[allow(dead_code, reason = "shared with tests that use more of it")]
#[path = "../../../../tests/original/python.rs"]
mod original;
mod sample;
mod stock;
mod traefik;

use bantam_pattern::{Options, Stage};
use compare::{Compared, Tally};
use sample::{Random, Sampler};
use std::path::Path;

fn guide() -> Vec<(String, Options)> {
    let file = "../../tests/data/guide/filter.d/traefik-general-forceful-browsing.conf";
    stock::expressions_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join(file))
}

#[test]
fn stock_expressions_find_the_same_on_all_sample_lines() {
    let lines = stock::lines();
    let mut tally = Tally::default();
    for (source, options) in stock::expressions().into_iter().chain(guide()) {
        let compared = Compared::new(&source, options).unwrap_or_else(|| panic!("{source}"));
        compared.count(&mut tally);
        lines.iter().for_each(|line| compared.on(line, &mut tally));
    }
    println!("{tally}");
    tally.assert_few_limits();
    tally.assert_answered(&[
        (Stage::Literals, false),
        (Stage::Order, false),
        (Stage::Engine, true),
        (Stage::Engine, false),
    ]);
    assert!(tally.matches > 1000, "{tally}");
}

#[test]
fn a_million_lines_made_from_the_expressions_find_the_same() {
    let mut tally = Tally::default();
    let mut random = Random::new(4);
    let stock = stock::expressions();
    let each = 800_000 / stock.len();
    for (source, options) in stock {
        on_own_lines(&source, options, each, &mut random, &mut tally);
    }
    for (source, options) in guide() {
        on_own_lines(&source, options, 40_000, &mut random, &mut tally);
    }
    let own: Vec<_> = made_up::OF_THE_TESTS
        .iter()
        .map(|source| (source, Options::default()))
        .collect();
    for (source, options) in &own {
        on_own_lines(source, *options, 120_000 / own.len(), &mut random, &mut tally);
    }
    println!("{tally}");
    assert!(tally.texts >= 990_000 && tally.matches * 8 > tally.texts, "{tally}");
    tally.assert_few_limits();
    tally.assert_answered(&[
        (Stage::Chain, true),
        (Stage::Chain, false),
        (Stage::Literals, false),
        (Stage::Order, false),
    ]);
    tally.assert_answered(&[(Stage::Engine, true), (Stage::Engine, false)]);
    assert!(
        tally.automaton.iter().all(|&said| said > 10_000) && tally.settled > 100,
        "{tally}"
    );
}

fn on_own_lines(source: &str, options: Options, lines: usize, random: &mut Random, tally: &mut Tally) {
    let compared = Compared::new(source, options).unwrap_or_else(|| panic!("{source}"));
    compared.count(tally);
    let mut sampler = Sampler::new(compared.regex.ast(), compared.regex.required_literals());
    for _ in 0..lines {
        compared.on(&sampler.text(random), tally);
    }
}

#[test]
fn forged_lines_of_an_access_log_find_the_same() {
    let mut tally = Tally::default();
    let mut random = Random::new(7);
    let clf = stock::expressions()
        .into_iter()
        .filter(|(source, _)| source.contains(r"\[\]") || source.contains("HTTP"));
    let compared: Vec<Compared> = guide()
        .into_iter()
        .chain(clf)
        .filter_map(|(source, options)| Compared::new(&source, options))
        .collect();
    compared.iter().for_each(|compared| compared.count(&mut tally));
    for _ in 0..4000 {
        let json = traefik::json(&mut random);
        compared
            .iter()
            .take(2)
            .for_each(|compared| compared.on(&json, &mut tally));
        let clf = traefik::clf(&mut random);
        compared.iter().for_each(|compared| compared.on(&clf, &mut tally));
    }
    println!("{tally}");
    tally.assert_few_limits();
    tally.assert_answered(&[
        (Stage::Chain, true),
        (Stage::Chain, false),
        (Stage::Literals, false),
        (Stage::Order, false),
    ]);
}

#[test]
fn without_machine_code_the_same_is_found() {
    let mut tally = Tally::default();
    let mut random = Random::new(11);
    for (source, options) in stock::expressions().into_iter().chain(guide()) {
        let compared = Compared::interpreted(&source, options).unwrap_or_else(|| panic!("{source}"));
        compared.count(&mut tally);
        let mut sampler = Sampler::new(compared.regex.ast(), compared.regex.required_literals());
        for _ in 0..60 {
            compared.on(&sampler.text(&mut random), &mut tally);
        }
    }
    println!("{tally}");
    tally.assert_few_limits();
    tally.assert_answered(&[(Stage::Chain, true), (Stage::Engine, true), (Stage::Engine, false)]);
}
