//! The rules of the pipeline that `bantam regex` does not show: ages, names, connections, limits.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use bantam_detect::{EntryLine, Failure, Filter, Id, LineContext, Note, Resolver, Time};
use bantam_pattern::tags::UseDns;
use std::net::IpAddr;

/// 2026-01-08 14:20:00 UTC
const NOW: i64 = 1_767_882_000;

struct Names;

impl Resolver for Names {
    fn addresses(&mut self, name: &str) -> Vec<IpAddr> {
        match name {
            "known.example" => ["192.0.2.1", "2001:db8::1", "192.0.2.1"]
                .iter()
                .map(|text| text.parse().unwrap())
                .collect(),
            _ => Vec::new(),
        }
    }
}

struct Trial {
    filter: Filter,
    now: i64,
    in_operation: bool,
    findtime: Option<f64>,
    notes: Vec<Note>,
}

impl Trial {
    fn new(failregex: &[&str]) -> Self {
        Self::with(Filter::new(), failregex)
    }

    fn with(mut filter: Filter, failregex: &[&str]) -> Self {
        filter.set_datepattern("^%Y-%m-%d %H:%M:%S").unwrap();
        filter.set_log_timezone(Some("UTC")).unwrap();
        for regex in failregex {
            filter.add_failregex(regex).unwrap();
        }
        Trial {
            filter,
            now: NOW,
            in_operation: true,
            findtime: Some(600.0),
            notes: Vec::new(),
        }
    }

    fn line(&mut self, line: &str) -> Vec<Failure> {
        let mut failures = Vec::new();
        let mut context = LineContext {
            now: Time::from_secs(self.now),
            in_operation: self.in_operation,
            findtime: self.findtime,
            resolver: &mut Names,
        };
        self.filter
            .process(line.as_bytes(), &mut context, &mut failures, &mut self.notes);
        failures
    }

    fn ids(&mut self, line: &str) -> Vec<String> {
        self.line(line).iter().map(|failure| failure.id.to_string()).collect()
    }
}

#[test]
fn in_operation_a_date_more_than_a_minute_off_means_now() {
    let mut trial = Trial::new(&["<ADDR>"]);
    let seconds = |failures: Vec<Failure>| failures[0].time.secs() - NOW;
    assert_eq!(seconds(trial.line("2026-01-08 14:19:01 192.0.2.1")), -59);
    assert_eq!(seconds(trial.line("2026-01-08 14:19:00 192.0.2.1")), -60);
    assert_eq!(trial.notes, []);
    assert_eq!(seconds(trial.line("2026-01-08 14:18:59 192.0.2.1")), 0);
    assert_eq!(seconds(trial.line("2026-01-08 15:20:00 192.0.2.1")), 0);
    assert_eq!(trial.notes, [Note::OddTime { deviation: -61 }]);
}

#[test]
fn a_date_of_the_near_future_is_taken_for_now() {
    let mut trial = Trial::new(&["<ADDR>"]);
    let failure = &trial.line("2026-01-08 14:20:30 192.0.2.1")[0];
    assert_eq!((failure.time.secs(), failure.zoned), (NOW, false));
    trial.findtime = None;
    let failure = &trial.line("2026-01-08 14:20:30 192.0.2.1")[0];
    assert_eq!((failure.time.secs(), failure.zoned), (NOW + 30, true));
}

#[test]
fn before_operation_old_lines_are_dropped_and_undated_matches_skipped() {
    let mut trial = Trial::new(&["<ADDR>"]);
    trial.in_operation = false;
    assert_eq!(trial.ids("192.0.2.1"), [""; 0]);
    assert_eq!(trial.ids("2026-01-08 14:09:59 192.0.2.1"), [""; 0]);
    assert_eq!(trial.ids("192.0.2.1"), [""; 0], "the last date is too old to stand in");
    assert_eq!(trial.ids("2026-01-08 14:10:00 192.0.2.1"), ["192.0.2.1"]);
    assert_eq!(trial.notes, [Note::Undated, Note::TooOld]);
}

#[test]
fn a_line_without_date_takes_the_last_one_for_a_minute_and_now_after_that() {
    let mut trial = Trial::new(&["<ADDR>"]);
    trial.line("2026-01-08 14:19:30 nothing");
    let failure = &trial.line("192.0.2.1")[0];
    assert_eq!(failure.time.secs(), NOW - 30);
    assert_eq!(failure.evidence.matches()[0].text(), "2026-01-08 14:19:30192.0.2.1");
    trial.now += 31;
    assert_eq!(trial.line("192.0.2.1")[0].time.secs(), NOW + 31);
}

#[test]
fn an_impossible_date_is_noted_and_counts_as_none() {
    let mut trial = Trial::new(&["<ADDR>"]);
    assert_eq!(trial.line("2026-02-30 14:19:30 192.0.2.1")[0].time.secs(), NOW);
    assert_eq!(
        trial.notes,
        [Note::BadDate("2026-02-30 14:19:30".into()), Note::Undated]
    );
}

#[test]
fn names_are_resolved_as_usedns_says() {
    let known = "2026-01-08 14:19:30 from known.example.";
    for (mode, expected) in [
        (UseDns::Yes, &["192.0.2.1", "2001:db8::1"][..]),
        (UseDns::Warn, &["192.0.2.1", "2001:db8::1"]),
        (UseDns::No, &[]),
        (UseDns::Raw, &["known.example"]),
    ] {
        let mut filter = Filter::new();
        filter.set_use_dns(mode);
        let mut trial = Trial::with(filter, &[r"from <HOST>\.$"]);
        assert_eq!(trial.ids(known), expected, "{mode:?}");
        let warned = matches!(trial.notes.as_slice(), [Note::Resolved { .. }]);
        assert_eq!(warned, mode == UseDns::Warn);
        assert_eq!(trial.ids("2026-01-08 14:19:30 from 192.0.2.9."), ["192.0.2.9"]);
        if mode != UseDns::Raw {
            assert_eq!(trial.ids("2026-01-08 14:19:30 from unknown.example."), [""; 0]);
        }
    }
}

#[test]
fn an_id_beside_an_address_is_counted_and_keeps_the_address() {
    let mut trial = Trial::new(&["<F-ID>user \\d+</F-ID> from <ADDR>", "net <SUBNET>"]);
    let failure = &trial.line("2026-01-08 14:19:30 user 7 from ::ffff:192.0.2.1")[0];
    assert_eq!(failure.id, Id::Raw("user 7".into()));
    assert_eq!(failure.evidence.address(), Some(&Id::parse("192.0.2.1")));
    assert_eq!(failure.evidence.captures()["ip4"], "192.0.2.1");
    assert_eq!(trial.ids("2026-01-08 14:19:30 net 192.0.2.77/24"), ["192.0.2.0/24"]);
    assert_eq!(trial.ids("2026-01-08 14:19:30 net 999.0.2.77/24"), ["999.0.2.77"]);
}

#[test]
fn a_failure_waits_for_the_line_that_tells_the_address() {
    let mut trial = Trial::new(&[
        "^<F-MLFID> c\\d+</F-MLFID> failed <F-USER>\\w+</F-USER>$",
        "^<F-MLFID> c\\d+</F-MLFID> <F-NOFAIL>peer</F-NOFAIL> <ADDR>$",
        "^<F-MLFID> c\\d+</F-MLFID> <F-MLFGAINED>welcome</F-MLFGAINED> <F-USER>\\w+</F-USER>$",
        "^<F-MLFID> c\\d+</F-MLFID> <F-MLFFORGET>closed</F-MLFFORGET> by <ADDR>$",
    ]);
    let date = "2026-01-08 14:19:30";
    assert_eq!(trial.ids(&format!("{date} c1 failed bob")), [""; 0]);
    let failure = &trial.line(&format!("{date} c1 peer 192.0.2.1"))[0];
    assert_eq!(failure.id.to_string(), "192.0.2.1");
    assert_eq!(failure.evidence.captures()["user"], "bob");
    assert_eq!(failure.evidence.matches().len(), 2);
    // The address is known from here on, and what was delivered is not delivered again.
    let failure = &trial.line(&format!("{date} c1 failed eve"))[0];
    assert_eq!(failure.evidence.users(), ["bob", "eve"]);
    // Another connection that only succeeds is no failure.
    assert_eq!(trial.ids(&format!("{date} c2 peer 192.0.2.2")), [""; 0]);
    assert_eq!(trial.ids(&format!("{date} c2 welcome bob")), [""; 0]);
    // After its end a connection is not known any more.
    assert_eq!(trial.ids(&format!("{date} c1 closed by 192.0.2.1")), ["192.0.2.1"]);
    assert_eq!(trial.ids(&format!("{date} c1 failed bob")), [""; 0]);
}

#[test]
fn connections_are_forgotten_after_five_minutes_and_when_there_are_too_many() {
    let mut trial = Trial::new(&[
        "^<F-MLFID> c\\d+</F-MLFID> <F-NOFAIL>peer</F-NOFAIL> <ADDR>$",
        "^<F-MLFID> c\\d+</F-MLFID> failed$",
    ]);
    let date = "2026-01-08 14:19:30";
    trial.line(&format!("{date} c0 peer 192.0.2.1"));
    trial.now += 299;
    assert_eq!(trial.ids(&format!("{date} c0 failed")), ["192.0.2.1"]);
    trial.now += 1;
    assert_eq!(trial.ids(&format!("{date} c0 failed")), [""; 0]);
    trial.line(&format!("{date} c0 peer 192.0.2.1"));
    for number in 1..100 {
        trial.line(&format!("{date} c{number} peer 192.0.2.1"));
    }
    assert_eq!(trial.ids(&format!("{date} c1 failed")), ["192.0.2.1"]);
    trial.line(&format!("{date} c100 peer 192.0.2.1"));
    trial.line(&format!("{date} c101 peer 192.0.2.1"));
    assert_eq!(trial.ids(&format!("{date} c1 failed")), [""; 0]);
    assert_eq!(trial.ids(&format!("{date} c50 failed")), ["192.0.2.1"]);
}

#[test]
fn prefregex_hands_on_its_content_and_its_groups() {
    let mut filter = Filter::new();
    filter
        .set_prefregex("^ <F-NAME>\\w+</F-NAME>: <F-CONTENT>.+</F-CONTENT>$")
        .unwrap();
    let mut trial = Trial::with(filter, &["^from <ADDR>$"]);
    let failure = &trial.line("2026-01-08 14:19:30 sshd: from 192.0.2.1")[0];
    assert_eq!(failure.evidence.captures()["name"], "sshd");
    assert_eq!(
        failure.evidence.matches()[0].text(),
        "2026-01-08 14:19:30 sshd: from 192.0.2.1"
    );
    assert_eq!(trial.ids("2026-01-08 14:19:30 from 192.0.2.1"), [""; 0]);
}

#[test]
fn an_expression_that_names_nobody_is_refused_and_says_so() {
    let mut filter = Filter::new();
    let error = filter.add_failregex("^failed$").unwrap_err();
    assert_eq!(error.message, "No failure-id group in '^failed$'");
    assert_eq!(filter.add_failregex(" ").unwrap_err().message, "Cannot add empty regex");
    let error = filter.add_failregex("(<ADDR>").unwrap_err();
    assert!(error.message.starts_with("Unable to compile regular expression '("));
    filter
        .set_prefregex("^<F-ID>\\w+</F-ID> <F-CONTENT>.*</F-CONTENT>$")
        .unwrap();
    filter.add_failregex("^failed$").unwrap();
}

#[test]
fn an_expression_that_takes_too_long_is_noted_and_does_not_match() {
    let mut trial = Trial::new(&[r"^ (?:(a+)+)+b (?!c)\S+ <ADDR>$", "<ADDR>$"]);
    let line = format!("2026-01-08 14:19:30 {}b c 192.0.2.1", "a".repeat(3000));
    assert_eq!(trial.ids(&line), ["192.0.2.1"]);
    let limit = Note::Limit {
        option: "failregex",
        index: 0,
    };
    assert_eq!(trial.notes, [limit]);
}

#[test]
fn lines_match_by_the_first_expression_and_ignoreregex_has_the_last_word() {
    let mut trial = Trial::new(&["^ <F-A>x</F-A> <ADDR>$", "^ <F-B>x</F-B> <ADDR>$"]);
    trial.filter.add_ignoreregex("192\\.0\\.2\\.9").unwrap();
    let failure = &trial.line("2026-01-08 14:19:30 x 192.0.2.1")[0];
    assert!(failure.evidence.captures().contains_key("a") && !failure.evidence.captures().contains_key("b"));
    assert_eq!(trial.ids("2026-01-08 14:19:30 x 192.0.2.9"), [""; 0]);
    assert!(trial.filter.remove_ignoreregex(0) && !trial.filter.remove_ignoreregex(0));
    assert!(trial.filter.remove_failregex(0) && !trial.filter.remove_failregex(1));
    let failure = &trial.line("2026-01-08 14:19:30 x 192.0.2.9")[0];
    assert!(failure.evidence.captures().contains_key("b"));
}

#[test]
fn the_address_of_two_colons_is_one() {
    let mut trial = Trial::new(&["from <ADDR>$"]);
    assert_eq!(trial.ids("2026-01-08 14:20:00 from ::"), ["::"]);
    assert_eq!(trial.ids("2026-01-08 14:20:00 from [::]"), ["::"]);
    assert_eq!(trial.ids("2026-01-08 14:20:00 from :"), [""; 0]);
}

#[test]
fn a_line_that_was_passed_over_waits_for_its_own_match_whatever_it_holds() {
    let mut filter = Filter::new();
    filter.set_max_lines(10).unwrap();
    let mut trial = Trial::with(filter, &["^ (?P<key>\\w+) failed .*<SKIPLINES>^ (?P=key) was <ADDR>"]);
    for failed in [
        "2026-01-08 14:20:00 one failed joe",
        "2026-01-08 14:20:00 two failed \u{1c}\r\u{2028}",
    ] {
        assert_eq!(trial.ids(failed), [""; 0]);
    }
    assert_eq!(trial.ids("2026-01-08 14:20:00 one was 192.0.2.1"), ["192.0.2.1"]);
    assert_eq!(trial.ids("2026-01-08 14:20:00 two was 192.0.2.2"), ["192.0.2.2"]);
}

#[test]
fn an_entry_of_a_journal_has_the_time_that_is_told_with_it() {
    let mut trial = Trial::new(&["^2026-01-08 14:19:30 from <ADDR>$"]);
    let mut judge = |told: i64| {
        let mut context = LineContext {
            now: Time::from_secs(NOW),
            in_operation: false,
            findtime: Some(600.0),
            resolver: &mut Names,
        };
        let entry = EntryLine {
            iso: "told".to_owned(),
            time: Time::from_secs(told),
            text: "2026-01-08 14:19:30 from 192.0.2.1".to_owned(),
        };
        let report = trial.filter.judge_entry(&entry, &mut context, &mut Vec::new());
        let hit = report.hits.first();
        hit.map(|hit| (hit.time.unwrap().secs(), hit.record.matches()[0].date.clone()))
    };
    assert_eq!(judge(NOW - 7), Some((NOW - 7, "told ".to_owned())));
    assert_eq!(judge(NOW - 601), None);
}
