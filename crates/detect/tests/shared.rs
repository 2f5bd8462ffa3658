//! Filters that read a block together find what each finds by itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use bantam_detect::{Failure, Filter, LineContext, Resolver, Screen, SharedBlock, Time};
use proptest::prelude::*;
use std::net::IpAddr;

struct NoNames;

impl Resolver for NoNames {
    fn addresses(&mut self, _name: &str) -> Vec<IpAddr> {
        Vec::new()
    }
}

/// 2026-11-22 10:20:00 UTC
const NOW: i64 = 1_795_342_800;

fn filter(datepattern: &str, prefregex: &str, failregexes: &[&str], ignoreregex: &str) -> Filter {
    let mut filter = Filter::new();
    filter.set_datepattern(datepattern).unwrap();
    filter.set_log_timezone(Some("UTC")).unwrap();
    filter.set_prefregex(prefregex).unwrap();
    for failregex in failregexes {
        filter.add_failregex(failregex).unwrap();
    }
    if !ignoreregex.is_empty() {
        filter.add_ignoreregex(ignoreregex).unwrap();
    }
    filter
}

/// Some with dates at a literal, some with the default templates, with and without literals.
fn filters() -> Vec<Filter> {
    let json = r#""StartLocal"\s*:\s*"%Y-%m-%d[T]%H:%M:%S\.%f\d*(%z)?","#;
    let mut window = filter("", "", &[r"^first <HOST> - (?P<user>\w+)"], "");
    window.set_max_lines(2).unwrap();
    window
        .add_failregex(r"^begin <F-USER>\w+</F-USER>\s*$<SKIPLINES>^end <HOST>")
        .unwrap();
    vec![
        filter(json, "", &[r#""h":"<HOST>",.*"s":40\d,"#], r#""p":"/ignored"#),
        filter(json, "", &[r#""h":"<HOST>",.*"s":50\d,"#], ""),
        filter("", "", &[r#"^<HOST> \S+ \S+ \[\] "GET [^"]+" 401 "#], "favicon"),
        filter("", "", &[r#"^<HOST> \S+ \S+ \[\] "GET [^"]+" 40[34] "#], ""),
        filter("", "", &[r#"^<HOST> - <F-USER>\w+</F-USER> \[\] ""#], ""),
        filter(
            "",
            r"^\s*\S+ sshd\[\d+\]: <F-CONTENT>.+</F-CONTENT>$",
            &[
                r"^Failed password for \S+ from <HOST>",
                r"^Invalid user \S* from <HOST>",
            ],
            "",
        ),
        filter("", "", &[r"\b<HOST>\b.{1,3}$"], ""),
        window,
    ]
}

fn line() -> impl Strategy<Value = String> {
    let second = || 0u32..60;
    let status = prop::sample::select(vec![200, 401, 403, 404, 500]);
    let path = prop::sample::select(vec![
        "/",
        "/favicon.ico",
        "/x\" 401 ",
        "/[22/Nov/2026:10:19:00 +0000]",
        "/ignored",
        "/sshd[1]: Failed password for a from 192.0.2.77",
        "/\u{fc}",
    ]);
    let user = prop::sample::select(vec!["-", "anna", "2026-11-22 10:11:12", "[] \"", "q\" 40"]);
    prop_oneof![
        6 => (second(), status, path, user, 1u8..9).prop_map(|(second, status, path, user, host)| format!(
            "192.0.2.{host} - {user} [22/Nov/2026:10:19:{second:02} +0000] \"GET {path} HTTP/2.0\" {status} 19 \"-\""
        )),
        3 => (second(), 1u8..9, prop::sample::select(vec!["Failed password for root", "Invalid user x", "Accepted"]))
            .prop_map(|(second, host, what)| format!(
                "Nov 22 10:19:{second:02} server sshd[77]: {what} from 192.0.2.{host}"
            )),
        3 => (second(), 1u8..9, prop::sample::select(vec![200, 404, 503]), prop::sample::select(vec!["/", "/ignored"]))
            .prop_map(|(second, host, status, path)| format!(
                r#"{{"h":"192.0.2.{host}","s":{status},"p":"{path}","StartLocal":"2026-11-22T10:19:{second:02}.5Z","x":1}}"#
            )),
        1 => Just(r#"{"h":"192.0.2.1","s":404,"no":"date"}"#.to_owned()),
        1 => Just("begin bob".to_owned()),
        1 => Just("end 192.0.2.5".to_owned()),
        1 => Just(String::new()),
        1 => second().prop_map(|second| format!("2026-11-22 10:21:{second:02},123 first 192.0.2.6 - joe")),
        1 => Just("2026-02-30 10:21:00 first 192.0.2.6 - joe 192.0.2.6 .".to_owned()),
        1 => Just("192.0.2.7 - joe [] \"no date\" 401 ".to_owned()),
        1 => second().prop_map(|second| format!(" \" 4[22/Nov/2026:10:19:{second:02} +0000]01 192.0.2.8 - - [] \"GET /\" 401 ")),
    ]
}

fn context(resolver: &mut NoNames, kind: u8) -> LineContext<'_> {
    LineContext {
        now: Time::from_secs(NOW),
        in_operation: kind == 1,
        findtime: (kind > 0).then_some(600.0),
        resolver,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn filters_that_share_a_block_find_what_each_finds_line_by_line(
        // Long enough to be shared, and short ones that are not.
        blocks in prop::collection::vec((prop::collection::vec(line(), 1..40), prop::bool::ANY), 1..4),
        kind in 0u8..3,
    ) {
        let (mut alone, mut together) = (filters(), filters());
        let screen = Screen::new(together.iter().map(|filter| filter.needs().clone()).collect());
        let mut expected: Vec<Vec<Failure>> = vec![Vec::new(); alone.len()];
        let mut got = expected.clone();
        for (lines, long) in &blocks {
            let times = if *long { 1 + 17_000 / lines.iter().map(|l| l.len() + 1).sum::<usize>() } else { 1 };
            let block: String = lines.iter().map(|line| format!("{line}\n")).collect::<String>().repeat(times);
            let mut shared = SharedBlock::new(block.as_bytes(), &screen);
            for (index, filter) in together.iter_mut().enumerate() {
                let mut resolver = NoNames;
                let mut context = context(&mut resolver, kind);
                filter.process_shared(&mut shared, index, &mut context, &mut got[index], &mut Vec::new());
            }
            for (filter, expected) in alone.iter_mut().zip(&mut expected) {
                let mut resolver = NoNames;
                let mut context = context(&mut resolver, kind);
                for line in block.lines() {
                    filter.process(line.as_bytes(), &mut context, expected, &mut Vec::new());
                }
            }
            for (one, other) in alone.iter().zip(&together) {
                prop_assert_eq!(one.last_date(), other.last_date());
            }
        }
        for (index, (expected, got)) in expected.iter().zip(&got).enumerate() {
            prop_assert_eq!(expected, got, "filter {}", index);
        }
    }
}

/// Filters whose lines have something in common, that is not in each line.
fn related() -> Vec<Filter> {
    let json = r#""StartLocal"\s*:\s*"%Y-%m-%d[T]%H:%M:%S\.%f\d*(%z)?","#;
    vec![
        filter(json, "", &[r#""h":"<HOST>",.*"s":40\d,"#], r#""p":"/ignored"#),
        filter(
            json,
            "",
            &[r#""h":"<HOST>",.*"s":404,"p":"/"#, r#""h":"<HOST>",.*"s":401,"p":"/x"#],
            "",
        ),
        filter("", "", &[r#"^\{"h":"<HOST>",.*"s":40[14],"p":"/ignored"#], ""),
        filter("", "", &[r#""h":"<HOST>",.*,"s":40.*"sub":"joined"#], ""),
        // The date is cut out of the middle of what it needs.
        filter(r#""s":4(%Y-%m-%d %H:%M:%S)"#, "", &[r#""h":"<HOST>","s":404,"p":"#], ""),
        filter("{NONE}", "", &[r#""h":"<HOST>",.*"s":404"#], ""),
    ]
}

fn related_line() -> impl Strategy<Value = String> {
    let status = prop::sample::select(vec![200, 401, 404, 404, 503]);
    let path = prop::sample::select(vec!["/", "/ignored", "/x", "\\\"s\\\":404,"]);
    let date = |second: u32| format!(r#","StartLocal":"2026-11-22T10:19:{second:02}.5Z","x":1}}"#);
    prop_oneof![
        4 => (0u32..60, 1u8..9, status, path).prop_map(move |(second, host, status, path)| format!(
            r#"{{"h":"192.0.2.{host}","s":{status},"p":"{path}"{}"#, date(second)
        )),
        1 => (0u32..60).prop_map(|second| format!(
            r#"{{"h":"192.0.2.9","s":4[22/Nov/2026:10:19:{second:02} +0000]04,"p":"/x","sub":"joined"}}"#
        )),
        1 => (0u32..60).prop_map(|second| format!(r#"{{"h":"192.0.2.9","s":42026-11-22 10:19:{second:02}04,"p":"/"}}"#)),
        1 => (0u32..60).prop_map(|second| format!(r#""s":4 2026-11-22 10:19:{second:02} "h":"192.0.2.8","s":404,"p":"/""#)),
        1 => Just(r#"{"h":"192.0.2.1","s":404,"p":"/x"}"#.to_owned()),
        1 => Just("2026-11-22 10:19:00 nothing".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn filters_with_something_in_common_find_what_each_finds_line_by_line(
        blocks in prop::collection::vec(prop::collection::vec(related_line(), 1..30), 1..4),
        members in prop::collection::vec(0_usize..6, 2..4),
        kind in 0u8..3,
    ) {
        let those = || members.iter().map(|&member| related().swap_remove(member)).collect::<Vec<Filter>>();
        let (mut alone, mut together) = (those(), those());
        let mut screen = Screen::new(together.iter().map(|filter| filter.needs().clone()).collect());
        let mut expected: Vec<Vec<Failure>> = vec![Vec::new(); alone.len()];
        let mut got = expected.clone();
        for lines in &blocks {
            let others = "{\"h\":\"192.0.2.1\",\"s\":200,\"p\":\"/\"}\n".repeat(4 * lines.len());
            let block: String = lines.iter().map(|line| format!("{line}\n")).collect::<String>() + &others;
            screen.learn(block.as_bytes());
            let mut shared = SharedBlock::new(block.as_bytes(), &screen);
            for (index, filter) in together.iter_mut().enumerate() {
                let mut resolver = NoNames;
                let mut context = context(&mut resolver, kind);
                filter.process_shared(&mut shared, index, &mut context, &mut got[index], &mut Vec::new());
                for line in block.lines() {
                    alone[index].process(line.as_bytes(), &mut context, &mut expected[index], &mut Vec::new());
                }
                prop_assert_eq!(alone[index].last_date(), filter.last_date());
            }
        }
        prop_assert_eq!(expected, got);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn twins_find_what_each_finds_line_by_line(
        blocks in prop::collection::vec((prop::collection::vec(line(), 1..40), 0u8..8), 1..6),
        kind in 0u8..3,
    ) {
        let (mut alone, mut together) = (filters(), filters());
        alone.extend(filters());
        together.extend(filters());
        let screen = Screen::new(together.iter().map(|filter| filter.needs().clone()).collect());
        let keys: Vec<u128> = together.iter().map(Filter::key).collect();
        let half = keys.len() / 2;
        prop_assert_eq!(&keys[..half], &keys[half..]);
        let mut expected: Vec<Vec<Failure>> = vec![Vec::new(); alone.len()];
        let mut got = expected.clone();
        for (lines, skips) in &blocks {
            let block: String = lines.iter().map(|line| format!("{line}\n")).collect();
            let mut shared = SharedBlock::new(block.as_bytes(), &screen);
            // One of the twins may have missed a block.
            for index in (0..alone.len()).filter(|index| *index != usize::from(*skips)) {
                let mut resolver = NoNames;
                let mut context = context(&mut resolver, kind);
                let found =
                    together[index].process_with_twins(&mut shared, index, &keys, &mut context, &mut Vec::new());
                got[index].extend_from_slice(&found);
                for line in block.lines() {
                    alone[index].process(line.as_bytes(), &mut context, &mut expected[index], &mut Vec::new());
                }
                prop_assert_eq!(alone[index].last_date(), together[index].last_date());
                prop_assert_eq!(alone[index].window(), together[index].window());
            }
        }
        for (index, (expected, got)) in expected.iter().zip(&got).enumerate() {
            prop_assert_eq!(expected, got, "filter {}", index);
        }
    }
}

type Change = fn(&mut Filter);

#[test]
fn every_option_and_expression_changes_the_key() {
    let changes: [Change; 15] = [
        |filter| filter.set_use_dns(bantam_pattern::tags::UseDns::Raw),
        |filter| filter.set_max_lines(2).unwrap(),
        |filter| filter.set_encoding("latin-1").unwrap(),
        |filter| filter.set_check_all(true),
        |filter| filter.set_raw_hosts(true),
        |filter| filter.set_keep_pending(true),
        |filter| filter.set_keep_records(false),
        |filter| filter.set_prefregex("^a<F-CONTENT>.*</F-CONTENT>").unwrap(),
        |filter| filter.add_failregex("beta from <HOST>").unwrap(),
        |filter| filter.add_ignoreregex("beta").unwrap(),
        |filter| assert!(filter.remove_ignoreregex(0)),
        |filter| assert!(filter.remove_failregex(0)),
        |filter| filter.clear_expressions(),
        |filter| filter.set_datepattern("%Y").unwrap(),
        |filter| filter.set_log_timezone(Some("UTC+01:00")).unwrap(),
    ];
    let mut seen = std::collections::HashSet::new();
    let made = || filter("{NONE}", "", &["alpha from <HOST>"], "gamma");
    assert!(seen.insert(made().key()) && !seen.insert(made().key()));
    for (index, change) in changes.iter().enumerate() {
        let mut filter = made();
        filter.key();
        change(&mut filter);
        let added = seen.insert(filter.key());
        assert!(added, "change {index}");
    }
}

#[test]
fn a_filter_that_was_changed_since_reads_the_block_by_itself() {
    let mut filter = filter("", "", &["alpha from <HOST>"], "");
    let screen = Screen::new(vec![filter.needs().clone()]);
    filter.add_failregex("beta from <HOST>").unwrap();
    let mut resolver = NoNames;
    let mut failures = Vec::new();
    filter.process_shared(
        &mut SharedBlock::new(b"2026-11-22 10:19:00 beta from 192.0.2.1\n", &screen),
        0,
        &mut context(&mut resolver, 2),
        &mut failures,
        &mut Vec::new(),
    );
    assert_eq!(failures.len(), 1);
}

#[test]
fn lines_without_what_any_filter_needs_are_left_out() {
    let mut filter = filter("", "", &["alpha from <HOST>"], "");
    let block = "2026-11-22 10:19:00 nothing here\n2026-11-22 10:19:01 alpha from 192.0.2.1\n".repeat(3);
    let mut resolver = NoNames;
    let mut looked_at = 0;
    filter.judge_block(
        block.as_bytes(),
        &mut context(&mut resolver, 2),
        &mut Vec::new(),
        &mut |_, _| looked_at += 1,
    );
    assert_eq!(looked_at, 3);
}

#[test]
fn filters_of_which_none_names_a_literal_share_a_block_too() {
    let failregexes = [r"^\S+ \S+ <HOST>$", r"^\S+ \w+ <HOST>$"];
    let mut filters = failregexes.map(|failregex| filter("", "", &[failregex], ""));
    let block = "[2026-11-22 10:19:00] bob 192.0.2.1\nx [2026-11-22 10:19:00] bob 192.0.2.1\n".repeat(400);
    let screen = Screen::new(filters.iter().map(|filter| filter.needs().clone()).collect());
    let mut shared = SharedBlock::new(block.as_bytes(), &screen);
    for (index, filter) in filters.iter_mut().enumerate() {
        assert!(filter.needs().literals().is_none());
        let (mut expected, mut got) = (Vec::new(), Vec::new());
        let mut resolver = NoNames;
        let mut context = context(&mut resolver, 2);
        filter.process_shared(&mut shared, index, &mut context, &mut got, &mut Vec::new());
        let mut alone = self::filter("", "", &[failregexes[index]], "");
        for line in block.lines() {
            alone.process(line.as_bytes(), &mut context, &mut expected, &mut Vec::new());
        }
        assert!(!expected.is_empty());
        assert_eq!(expected, got);
    }
}

#[test]
fn what_filters_have_in_common_may_come_about_when_the_date_is_cut_out() {
    let json = r#""StartLocal"\s*:\s*"%Y-%m-%d[T]%H:%M:%S\.%f\d*(%z)?","#;
    for (datepattern, common, line) in [
        ("", r#""s":;404"#, r#"192.0.2.1 "s":2026-11-22 10:19:07;404 alphaXQZ"#),
        (
            json,
            r#""StartLocal":"-11"#,
            r#"192.0.2.1 "StartLocal":"2026-11-22T10:19:07.5Z","x":"alphaXQZ""#,
        ),
    ] {
        let failregexes = ["alphaXQZ", "omegaKVW"].map(|own| format!("^<HOST> {common}.*{own}"));
        let mut filters = failregexes.map(|failregex| filter(datepattern, "", &[&failregex], ""));
        let mut screen = Screen::new(filters.iter().map(|filter| filter.needs().clone()).collect());
        let block = format!("{line}\n") + &"2026-11-22 10:19:07 nothing of this kind\n".repeat(500);
        screen.learn(block.as_bytes());
        let mut shared = SharedBlock::new(block.as_bytes(), &screen);
        let found = filters.each_mut().map(|filter| {
            let mut failures = Vec::new();
            let member = usize::from(filter.needs().literals() != Some(&[b"alphaXQZ".to_vec()]));
            let mut resolver = NoNames;
            let mut context = context(&mut resolver, 2);
            filter.process_shared(&mut shared, member, &mut context, &mut failures, &mut Vec::new());
            failures.len()
        });
        assert_eq!(found, [1, 0], "{common}");
    }
}

#[test]
fn what_a_filter_requires_besides_may_come_about_when_the_date_is_cut_out() {
    let json = r#""StartLocal"\s*:\s*"%Y-%m-%d[T]%H:%M:%S\.%f\d*(%z)?","#;
    // Each has a literal that is looked for, and one more that stands in the line only when its date is cut out.
    for (datepattern, further, line) in [
        (
            "",
            r#""s":;404"#,
            r#"192.0.2.1 "s":2026-11-22 10:19:07;404 /a/longer/path"#,
        ),
        (
            json,
            r#""StartLocal":"-11"#,
            r#"192.0.2.1 "StartLocal":"2026-11-22T10:19:07.5Z","x":"/a/longer/path""#,
        ),
    ] {
        let failregexes = [format!("^<HOST> {further}.*/a/longer/path"), "^<HOST> other".to_owned()];
        let mut filters = failregexes.map(|failregex| filter(datepattern, "", &[&failregex], ""));
        assert_eq!(filters[0].needs().literals(), Some(&[b"/a/longer/path".to_vec()][..]));
        let mut screen = Screen::new(filters.iter().map(|filter| filter.needs().clone()).collect());
        let block = format!("{line}\n") + &"2026-11-22 10:19:07 nothing of this kind\n".repeat(500);
        screen.learn(block.as_bytes());
        let mut shared = SharedBlock::new(block.as_bytes(), &screen);
        let mut failures = Vec::new();
        let mut resolver = NoNames;
        let mut context = context(&mut resolver, 2);
        filters[0].process_shared(&mut shared, 0, &mut context, &mut failures, &mut Vec::new());
        assert_eq!(failures.len(), 1, "{further}");
    }
}

#[test]
fn what_the_last_line_of_a_block_teaches_is_known_when_it_is_asked_for() {
    let pattern = |key: &str| format!(r#""{key}"\s*:\s*"%Y-%m-%d[T]%H:%M:%S\.%f\d*(%z)?","#);
    let keys = ["StartLocal", "StartLocal", "StartOther"];
    let own = ["alphaXQZ", "omegaKVW", "gammaJYB"];
    let new = || -> Vec<Filter> {
        let each = keys.iter().zip(own);
        let each = each.map(|(key, own)| filter(&pattern(key), "", &[&format!("^<HOST> .*{own}")], ""));
        each.collect()
    };
    let date = |key: &str, second: u32| format!(r#""{key}":"2026-11-22T10:19:{second:02}.5Z","#);
    let both = |second: u32| date("StartLocal", second) + &date("StartOther", second + 30);
    let local = |second: u32| date("StartLocal", second);
    let blocks = [
        // The last date stands where the second one of the next line does: it is the one that is taken.
        format!(
            "192.0.2.1 {} alphaXQZ alphaXQZ\n192.0.2.1 {} {}\n",
            both(1),
            "x".repeat(local(0).len()),
            both(2)
        ),
        format!(
            "192.0.2.1 {} {} alphaXQZ\n192.0.2.2 no date omegaKVW\n",
            local(3),
            local(4)
        ),
        format!("192.0.2.3 alphaXQZ gammaJYB\n192.0.2.3 nothing {}\n", both(5)),
        "192.0.2.4 omegaKVW\n192.0.2.4 gammaJYB\n".to_owned(),
    ];
    let (mut alone, mut together) = (new(), new());
    let screen = Screen::new(together.iter().map(|filter| filter.needs().clone()).collect());
    let (mut expected, mut got) = (vec![Vec::new(); 3], vec![Vec::new(); 3]);
    for block in &blocks {
        let mut shared = SharedBlock::new(block.as_bytes(), &screen);
        for index in 0..3 {
            let mut resolver = NoNames;
            let mut context = context(&mut resolver, 1);
            together[index].process_shared(&mut shared, index, &mut context, &mut got[index], &mut Vec::new());
            for line in block.lines() {
                alone[index].process(line.as_bytes(), &mut context, &mut expected[index], &mut Vec::new());
            }
            assert_eq!(alone[index].last_date(), together[index].last_date());
        }
    }
    assert_eq!(expected.iter().map(Vec::len).collect::<Vec<_>>(), [3, 2, 2]);
    assert_eq!(expected, got);
    let times = expected[0].iter().map(|failure: &Failure| failure.time.secs() % 60);
    assert_eq!(times.collect::<Vec<_>>(), [1, 4, 4]);
}
