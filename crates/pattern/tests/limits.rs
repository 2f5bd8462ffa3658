//! No line can stall a search, and honest lines of any length are searched to the end.
//!
//! Without limits these searches would take minutes to for ever; the bounds here are wide, so that a busy machine
//! passes. How long they really take is measured in the benchmarks.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::{Duration, Instant};

use bantam_pattern::{LimitHit, Options, Regex};

/// What an expression finds, and the shortest of three times (this machine does other work, too).
fn search(expression: &str, text: &str) -> (Result<bool, LimitHit>, Duration) {
    let regex = Regex::new(expression, Options::default()).unwrap();
    let timed = || {
        let start = Instant::now();
        let found = regex.is_match(text);
        (found, start.elapsed())
    };
    (0..3).map(|_| timed()).min_by_key(|(_, time)| *time).unwrap()
}

#[test]
fn a_catastrophic_expression_on_a_long_line_ends_quickly() {
    let line = "a".repeat(50_000) + "!\n";
    for expression in [
        "^(a+)+$",
        "(a+)+$",
        "^(a|a)*$",
        "^(a*)*$",
        r"^(\w+\s?)*$",
        "(?:a?){40}a{40}$",
        "^(?:.*)*b|^(a+)+$",
    ] {
        let (found, time) = search(expression, &line);
        assert_eq!(found, Ok(false), "{expression}");
        assert!(time < Duration::from_secs(10), "{expression}: {time:?}");
    }
    // An automaton would have to leave out what these hang on.
    for expression in [r"^(a*)*\1$", r"^(?:(a+)\1)+$"] {
        let (found, time) = search(expression, &line);
        assert_eq!(found, Err(LimitHit), "{expression}");
        assert!(time < Duration::from_secs(10), "{expression}: {time:?}");
    }
}

#[test]
fn a_match_that_takes_the_engine_for_ever_is_found_with_its_groups() {
    let line = format!("{}! from 192.0.2.7\n", "a".repeat(60));
    let regex = Regex::new(r"^(?:(a+)+!x|(a+)+!) from (\S+)$", Options::default()).unwrap();
    let found = regex.captures(&line).unwrap().unwrap();
    assert_eq!(found.spans, [Some((0, 76)), None, Some((0, 60)), Some((67, 76))]);
}

#[test]
fn a_crafted_line_of_usual_length_costs_little() {
    let words = "a".repeat(900) + "!\n";
    let chain = format!("d{}\n", "abc".repeat(300));
    for (expression, line) in [
        ("^(a+)+$", &words),
        ("(a|a)*b|(a+)+$", &words),
        (r"(?:\w+)+@", &words.replace('!', "@!").replacen("@!", "!@", 1)),
        (r"^d.*a.*b.*c.*a.*\d", &chain),
        (r"d?.*a.*b.*c.*a.*\d", &chain),
        (r"(?=.*d).*a(?=.*b).*b.*c.*?a.*\d", &chain.replacen('d', "1d", 1)),
        (r"(.*)(.*)\1\2!", &chain.replacen('d', "!", 1)),
    ] {
        let (_, time) = search(expression, line);
        assert!(time < Duration::from_secs(5), "{expression}: {time:?}");
    }
}

#[test]
fn scans_of_a_line_of_a_megabyte_are_bounded() {
    let chain = format!("d{}\n", "abc".repeat(350_000));
    let word = "a".repeat(1_000_000) + "@!\n";
    for (expression, line) in [
        (r"^d.*a.*b.*c.*a.*\d", &chain),
        (r".*?a.*b.*c.*a.*\d", &chain),
        (r"\w+@\w", &word),
        (r"a.*a.*@!\w", &word),
    ] {
        let (found, time) = search(expression, line);
        assert_eq!(found, Ok(false), "{expression}");
        assert!(time < Duration::from_secs(30), "{expression}: {time:?}");
    }
}

#[test]
fn a_line_of_a_megabyte_without_the_literals_in_order_needs_no_limit() {
    let line = format!("d{}\n", "abc".repeat(350_000));
    for expression in ["^d.*a.*b.*c.*a.*d", "^d.*a.*b.*c.*a.*d$"] {
        let (found, time) = search(expression, &line);
        assert_eq!(found, Ok(false), "{expression}");
        assert!(time < Duration::from_secs(10), "{expression}: {time:?}");
    }
}

#[test]
fn honest_lines_of_many_megabytes_are_searched_to_the_end() {
    let chain: String = (0..20).map(|n| format!(r#""k{n}":"(.*)","#)).collect();
    let expression = format!("^{{{chain}.*\"status\":(40[0-9])}}$");
    let regex = Regex::new(&expression, Options::default()).unwrap();
    for filling in ["a", "é", r#"\""#, "\",\"", " 1.2.3.4 "] {
        let value = |n: usize| {
            if n == 10 {
                filling.repeat((5 << 20) / filling.len())
            } else {
                format!("v{n}")
            }
        };
        let values: String = (0..20).map(|n| format!(r#""k{n}":"{}","#, value(n))).collect();
        let line = format!("{{{values}\"x\":1,\"status\":404}}\n");
        let found = regex.captures(&line).unwrap().unwrap();
        assert_eq!(found.spans[11].map(|(from, to)| to - from), Some(value(10).len()));
    }
    let words = "word ".repeat(100_000);
    assert_eq!(search(r"^(?:\w+\s)+$", &words).0, Ok(true));
    assert_eq!(search(r"(?:[^\\]|\\.)*z", &words).0, Ok(false));
}
