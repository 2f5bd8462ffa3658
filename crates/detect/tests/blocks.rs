//! The quick way through blocks gives what judging line by line gives.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use bantam_detect::{Failure, Filter, LineContext, Report, Resolver, Time, trim_line_end};
use proptest::prelude::*;
use std::net::IpAddr;
use std::path::Path;

struct NoNames;

impl Resolver for NoNames {
    fn addresses(&mut self, _name: &str) -> Vec<IpAddr> {
        Vec::new()
    }
}

/// 2026-01-08 14:20:00 UTC
const NOW: i64 = 1_767_882_000;

/// The guide's filter, as its file has it.
fn guide() -> Filter {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/data/guide/filter.d/traefik-general-forceful-browsing.conf");
    let text = std::fs::read_to_string(path).unwrap();
    let option = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_once(" = ").unwrap().1.replace("%%", "%")
    };
    let mut filter = Filter::new();
    filter.set_datepattern(&option("datepattern")).unwrap();
    filter.set_log_timezone(Some("UTC")).unwrap();
    filter.add_failregex(&option("failregex")).unwrap();
    filter.add_ignoreregex(&option("ignoreregex")).unwrap();
    filter
}

/// A line as Traefik writes it.
fn access(status: u16, path: &str, start_local: &str) -> String {
    format!(
        r#"{{"ClientAddr":"192.0.2.{}:4711","ClientHost":"192.0.2.{0}","ClientPort":"4711","ClientUsername":"-","DownstreamContentSize":19,"DownstreamStatus":{status},"Duration":66084,"OriginContentSize":19,"OriginDuration":51000,"OriginStatus":{status},"Overhead":15084,"RequestAddr":"h.example","RequestContentSize":0,"RequestCount":7,"RequestHost":"h.example","RequestMethod":"GET","RequestPath":"{path}","RequestPort":"-","RequestProtocol":"HTTP/2.0","RequestScheme":"https","RetryAttempts":0,"RouterName":"r@docker","StartLocal":"{start_local}","StartUTC":"2026-01-08T14:19:15.980170592Z","TLSCipher":"TLS_AES_128_GCM_SHA256","TLSVersion":"1.3","entryPointName":"websecure","level":"info","msg":"","time":"2026-01-08T14:19:15Z"}}"#,
        status % 250
    )
}

/// Bytes that are shown as text when a case fails.
struct Line(Vec<u8>);

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

fn line() -> impl Strategy<Value = Line> {
    let date = prop_oneof![
        6 => (0u32..60, 10u32..30).prop_map(|(second, minute)| {
            format!("2026-01-08T14:{minute:02}:{second:02}.98017{second:04}Z")
        }),
        1 => Just("2026-02-30T14:19:15.980170592Z".to_owned()),
        1 => Just("2025-01-08T14:19:15.980170592+01:00".to_owned()),
        1 => Just("no date".to_owned()),
        1 => Just(r#"x","StartLocal":"2026-01-08T14:18:05.98Z"#.to_owned()),
        1 => Just(r#"2026-01-08T14:18:59.98Z","StartLocal":"2026-01-08T14:18:05.98Z"#.to_owned()),
    ];
    let path = prop_oneof![
        1 => Just("/".to_owned()),
        1 => Just("/a.png".to_owned()),
        1 => Just(r#"\"StartLocal\":\"2020"#.to_owned()),
        // A date in front of the line's own, and a path as long: the own date then stands where the last one stood.
        2 => Just(r#"/x","StartLocal":"2026-01-08T14:17:00.1Z","a":""#.to_owned()),
        3 => Just(format!("/{:y>46}", "")),
        1 => Just(r#"/"OriginStatus":"StartLocal":"2026-01-08T14:17:00.1Z",404"#.to_owned()),
    ];
    let status = prop_oneof![Just(200), Just(404), Just(401), Just(405), Just(500)];
    prop_oneof![
        12 => (status, path, date).prop_map(|(s, p, d)| access(s, &p, &d).into_bytes()),
        1 => Just(Vec::new()),
        1 => Just(b"\"OriginStatus\":404,".to_vec()),
        1 => Just(b"\xff\xfe \"StartLocal\": \"2026-01-08T14:19:01.5Z\",\r".to_vec()),
        1 => Just(access(404, "/\u{fc}", "2026-01-08T14:19:01.5Z").into_bytes()),
        1 => proptest::collection::vec(any::<u8>().prop_filter("in a line", |b| *b != b'\n'), 0..40),
    ]
    .prop_map(Line)
}

fn context(resolver: &mut NoNames, kind: u8) -> LineContext<'_> {
    LineContext {
        now: Time::from_secs(NOW),
        in_operation: kind == 1,
        findtime: (kind > 0).then_some(180.0),
        resolver,
    }
}

#[test]
fn what_cutting_out_a_date_brings_about_counts_in_a_block() {
    for pattern in ["", "%b %d %H:%M:%S"] {
        let mut filter = mixed(pattern, "", true);
        let block = b"sshd:Jan  8 14:19:15 Failed password from 192.0.2.4\nsshd:Jan  8 14:19:15 Fail from 192.0.2.4\n";
        let mut hits = Vec::new();
        let mut resolver = NoNames;
        let tell = &mut |_: &[u8], report: Option<&mut Report>| hits.push(report.map_or(0, |report| report.hits.len()));
        filter.judge_each(block, &mut context(&mut resolver, 0), &mut Vec::new(), tell);
        assert_eq!(hits, [1, 0], "{pattern}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if std::env::var_os("MORE").is_some() {4000} else {96}))]

    #[test]
    fn a_block_gives_the_failures_of_its_lines(
        blocks in proptest::collection::vec(proptest::collection::vec(line(), 0..12), 1..4),
        kind in 0u8..3,
    ) {
        let (mut by_line, mut by_block) = (guide(), guide());
        let mut expected: Vec<Failure> = Vec::new();
        let mut got: Vec<Failure> = Vec::new();
        for lines in &blocks {
            let mut block = Vec::new();
            for line in lines {
                let mut resolver = NoNames;
                let mut context = context(&mut resolver, kind);
                by_line.process(&line.0, &mut context, &mut expected, &mut Vec::new());
                block.extend_from_slice(&line.0);
                block.push(b'\n');
            }
            let mut resolver = NoNames;
            let mut context = context(&mut resolver, kind);
            by_block.process_block(&block, &mut context, &mut got, &mut Vec::new());
            prop_assert_eq!(by_line.last_date(), by_block.last_date());
        }
        prop_assert_eq!(&expected, &got);
    }
}

#[test]
fn the_guide_s_filter_skips_lines_without_looking_at_them() {
    let mut filter = guide();
    let mut block = String::new();
    for _ in 0..100 {
        block += &access(200, "/", "2026-01-08T14:19:15.980170592Z");
        block.push('\n');
    }
    block += &access(404, "/", "2026-01-08T14:19:16.980170592Z");
    block.push('\n');
    let mut resolver = NoNames;
    let mut failures = Vec::new();
    filter.process_block(
        block.as_bytes(),
        &mut context(&mut resolver, 2),
        &mut failures,
        &mut Vec::new(),
    );
    assert_eq!(failures.len(), 1);
    assert_eq!(failures[0].time.secs(), 1_767_881_956);
    let looked_at: u64 = filter.date_templates().iter().map(|t| t.hits).sum();
    assert!(looked_at < 10, "{looked_at} lines were looked at");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if std::env::var_os("MORE").is_some() {4000} else {96}))]

    #[test]
    fn counting_a_block_tells_of_each_line_what_judging_it_tells(
        blocks in proptest::collection::vec(proptest::collection::vec(line(), 0..12), 1..4),
        kind in 0u8..3,
    ) {
        let (mut by_line, mut by_block) = (guide(), guide());
        by_line.set_check_all(true);
        by_block.set_check_all(true);
        for lines in &blocks {
            let mut block = Vec::new();
            let (mut expected, mut got) = (Vec::new(), Vec::new());
            for line in lines {
                let mut resolver = NoNames;
                let mut context = context(&mut resolver, kind);
                let text = trim_line_end(&line.0);
                if !matches!(text.first(), None | Some(b'#')) {
                    let report = by_line.judge(text, &mut context, &mut Vec::new());
                    expected.push((text.to_vec(), report.hits.clone(), report.ignored.clone()));
                }
                block.extend_from_slice(&line.0);
                block.push(b'\n');
            }
            let mut resolver = NoNames;
            let mut context = context(&mut resolver, kind);
            by_block.judge_each(&block, &mut context, &mut Vec::new(), &mut |text, report| {
                let (hits, ignored) = report.map_or_else(Default::default, |report| {
                    (report.hits.clone(), report.ignored.clone())
                });
                got.push((text.to_vec(), hits, ignored));
            });
            prop_assert_eq!(&expected, &got);
            prop_assert_eq!(by_line.last_date(), by_block.last_date());
            let hits = |filter: &Filter| filter.date_templates().iter().map(|t| t.hits).sum::<u64>();
            prop_assert_eq!(hits(&by_line), hits(&by_block));
        }
    }
}

/// A filter with the default templates, whose log has dates of many forms; `prefixed`: with a prefregex.
fn mixed(datepattern: &str, prefregex: &str, check_all: bool) -> Filter {
    let mut filter = Filter::new();
    filter.set_prefregex(prefregex).unwrap();
    let failregex = match prefregex {
        "" => "sshd: Failed .* from <HOST>",
        _ => "^Failed .* from <HOST>",
    };
    filter.add_failregex(failregex).unwrap();
    filter
        .add_failregex("^<F-NOFAIL>Connection</F-NOFAIL> from <HOST>")
        .unwrap();
    filter.add_ignoreregex("from 192\\.0\\.2\\.7").unwrap();
    filter.set_datepattern(datepattern).unwrap();
    filter.set_log_timezone(Some("UTC")).unwrap();
    filter.set_check_all(check_all);
    filter
}

/// None, one that needs its program's name, and one that every line passes.
const PREFREGEXES: [&str; 3] = [
    "",
    "^ ?sshd(?:\\[\\d+\\])?: <F-CONTENT>.+</F-CONTENT>$",
    "^\\s*(?:sshd(?:\\[\\d+\\])?: )?<F-CONTENT>.+</F-CONTENT>$",
];

const PATTERNS: [&str; 6] = [
    "",
    "{^LN-BEG}",
    "%b %d %H:%M:%S",
    "^%Y-%m-%d %H:%M:%S",
    "\"t\":\"%Y-%m-%d %H:%M:%S,%f",
    "{^LN-BEG}\n{NONE}",
];

/// Dates of all forms, some of which do not exist.
const DATES: [&str; 31] = [
    "Jan  8 14:19:15",
    "Jan 30 14:19:15",
    "Feb 30 14:19:15",
    "Thu Jan 08 24:19:15.5 2026",
    "Jan  8 14:19:61",
    "2026-01-08 14:19:15,123",
    "2026-01-08T14:19:15+01:00",
    "2026-01-08T14:19:15 Z",
    "2026-02-29 14:19:15",
    "0000-01-08 14:19:15",
    "[08/Jan/2026:14:19:15 +0100]",
    "08/01/2026 14:19:15",
    "01/08/2026:14:19:15",
    "14:19:15",
    "<01/08/26@14:19:15>",
    "260108 14:19:15",
    "Jan 8, 2026 2:19:15 PM",
    "20260108T141915Z",
    "PDT Jan 08 14:19:15",
    "XYZ Jan 08 14:19:15",
    "-02:30 Jan 08 14:19:15",
    "1767881955.25",
    "@40000000695fb1a3123456780",
    "\"t\":\"2026-01-08 14:19:15,123\"",
    "\"t\":\"2026-01-08 14:19:15,124\"",
    "\"t\":\"2026-01-08 14:19:16,1\"",
    "\"t\":\"2026-01-08 14:19:17,1\"",
    "ſep  8 14:19:15",
    "2026-01-08 14:19:1５",
    "",
    "x",
];

/// A line with one of a few dates, or with one that stands elsewhere; and a text that may match.
fn dated() -> impl Strategy<Value = (String, prop::sample::Index, String)> {
    let text = prop::sample::select(vec![
        "sshd: Failed password from 192.0.2.1",
        "sshd[12]: Failed password from 192.0.2.7",
        "sshd: Failed \u{e9} from 192.0.2.2",
        "Connection from 192.0.2.3",
        "sshd[1]: Connection from 192.0.2.3",
        "sshd: nothing",
        "cron: nothing",
        "Failed",
        // Behind `sshd:` and a date that is cut out this is a failure.
        "Failed password from 192.0.2.4",
        "\r",
    ]);
    (
        prop::sample::select(vec!["", "", " ", "x", "sshd:"]),
        any::<prop::sample::Index>(),
        " ?",
        text,
        prop::sample::select(vec!["", "", " 15:20:21", " 2026-01-07 10:11:12"]),
    )
        .prop_map(|(before, date, between, text, after)| (before.to_owned(), date, [&between, text, after].concat()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if std::env::var_os("MORE").is_some() {8000} else {192}))]

    #[test]
    fn counting_a_block_asks_for_moments_late_and_tells_the_same(
        pool in prop::sample::subsequence(&DATES[..], 1..5),
        blocks in proptest::collection::vec(proptest::collection::vec(dated(), 0..14), 1..4),
        (pattern, prefregex, check_all, tell_prefix, kind) in (
            prop::sample::select(&PATTERNS[..]),
            prop::sample::select(&PREFREGEXES[..]),
            any::<bool>(),
            any::<bool>(),
            0u8..3,
        ),
    ) {
        let (mut by_line, mut by_block) = (mixed(pattern, prefregex, check_all), mixed(pattern, prefregex, check_all));
        by_line.set_tell_prefix(tell_prefix);
        by_block.set_tell_prefix(tell_prefix);
        for lines in &blocks {
            let mut block = Vec::new();
            let (mut expected, mut got) = (Vec::new(), Vec::new());
            let (mut notes, mut noted) = (Vec::new(), Vec::new());
            let text = |(before, date, after): &(String, prop::sample::Index, String)| {
                [before, *date.get(&pool), after].concat().into_bytes()
            };
            let lines = lines.iter().map(text);
            for line in lines {
                let mut resolver = NoNames;
                let mut context = context(&mut resolver, kind);
                let text = trim_line_end(&line);
                if !matches!(text.first(), None | Some(b'#')) {
                    let report = by_line.judge(text, &mut context, &mut notes);
                    let prefixed = (report.prefix_matched, report.prefix_groups.clone());
                    expected.push((text.to_vec(), report.hits.clone(), report.ignored.clone(), prefixed));
                }
                block.extend_from_slice(&line);
                block.push(b'\n');
            }
            let mut resolver = NoNames;
            let mut context = context(&mut resolver, kind);
            by_block.judge_each(&block, &mut context, &mut noted, &mut |text, report| {
                let Some(report) = report else {
                    got.push((text.to_vec(), Vec::new(), Vec::new(), (false, None)));
                    return;
                };
                let prefixed = (report.prefix_matched, report.prefix_groups.clone());
                got.push((text.to_vec(), report.hits.clone(), report.ignored.clone(), prefixed));
            });
            prop_assert_eq!(&expected, &got);
            prop_assert_eq!(&notes, &noted);
            prop_assert_eq!(by_line.last_date(), by_block.last_date());
            prop_assert_eq!(by_line.date_templates(), by_block.date_templates());
        }
    }
}

#[test]
fn a_date_written_as_the_last_one_is_not_taken_for_one_of_earlier() {
    let mut filter = mixed("\"t\":\"%Y-%m-%d %H:%M:%S,%f", "", true);
    let mut block = String::new();
    for (second, text) in [
        ("16,1", "Failed x"),
        ("17,1", "Failed x"),
        ("15,123", "nothing"),
        ("15,124", "Failed x"),
    ] {
        block += &format!("\"t\":\"2026-01-08 14:19:{second} sshd: {text} from 192.0.2.1\n");
    }
    let mut seconds = Vec::new();
    let mut resolver = NoNames;
    let context = &mut context(&mut resolver, 0);
    filter.judge_each(block.as_bytes(), context, &mut Vec::new(), &mut |_, report| {
        let hits = report.into_iter().flat_map(|report| report.hits.clone());
        seconds.extend(hits.map(|hit| hit.time.unwrap().secs() % 60));
    });
    assert_eq!(seconds, [16, 17, 15]);
}
