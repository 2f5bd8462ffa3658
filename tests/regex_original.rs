//! `bantam regex` beside the installed original: same output, same exit code.
//!
//! Needs the Debian package `fail2ban` (1.0.2). Where the newer version differs, the original is brought up to it in
//! memory or the line is brought to one form on both sides; each such place says which.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod original;

use original::{Ran, Run, ZONE, data, normal, original, regex, sample_logs, without_source};
use std::io::Write;
use std::os::unix::process::ExitStatusExt;

fn assert_same(runs: &[Vec<&str>]) {
    for (args, theirs) in runs.iter().zip(original(ZONE, &owned(runs))) {
        let ours = ours(args);
        let (theirs_shown, ours_shown) = (without_source(&theirs.stdout), without_source(&ours.stdout));
        assert_same_lines(&normal(ZONE, &theirs_shown), &normal(ZONE, &ours_shown), args);
        assert_eq!(theirs.code, ours.code, "{args:?}");
    }
}

fn ours(args: &[&str]) -> Ran {
    original::ours(ZONE, &regex(args))
}

fn owned(runs: &[Vec<&str>]) -> Vec<Run> {
    runs.iter().map(|run| regex(run)).collect()
}

fn assert_same_lines(original: &str, ours: &str, args: &[&str]) {
    for (number, (left, right)) in original.lines().zip(ours.lines()).enumerate() {
        assert_eq!(left, right, "line {} of {args:?}", number + 1);
    }
    assert_eq!(original.lines().count(), ours.lines().count(), "{args:?}");
}

/// Everything that is shown about a filter on a log.
fn shows<'a>(log: &'a str, filter: &'a str) -> Vec<Vec<&'a str>> {
    let all = ["--print-all-matched", "--print-all-missed", "--print-all-ignored"];
    [
        &all[..],
        &[&all[..], &["-v"]].concat(),
        &[&all[..], &["--no-check-all", "-v"]].concat(),
        &["--print-no-missed", "--print-no-ignored"],
        &["-o", "row"],
        &["-o", "id"],
        &["-o", "msg"],
        &["-o", "<ip> <family> <ip-rev> <F-USER> <time> <fid>: <msg>"],
    ]
    .iter()
    .map(|options| [options, &[log, filter][..]].concat())
    .collect()
}

fn assert_same_on_own_logs(filters: &[&str]) {
    let dir = sample_logs();
    let logs: Vec<String> = filters
        .iter()
        .map(|filter| dir.join(filter.split('[').next().unwrap()))
        .map(|path| path.to_str().unwrap().to_owned())
        .collect();
    let runs: Vec<_> = logs
        .iter()
        .zip(filters)
        .flat_map(|(log, filter)| shows(log, filter))
        .collect();
    assert_same(&runs);
}

#[test]
fn the_guide_s_filter_gives_the_same_on_traefik_s_lines() {
    // The collected lines were neither refused nor do they have all fields of the guide's expression; the others are.
    let mut lines = std::fs::read_to_string(data("samples/json-v3.log")).unwrap();
    lines += &std::fs::read_to_string(data("samples/guide-refused.log")).unwrap();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(lines.as_bytes()).unwrap();
    let log = file.path().to_str().unwrap();
    let (config, name) = (data("guide"), "traefik-general-forceful-browsing");
    let filter = format!("{config}/filter.d/{name}.conf");
    let mut runs = shows(log, &filter);
    runs.push(vec!["-c", &config, log, name]);
    assert_same(&runs);
    let rows = ours(&["-o", "row", log, &filter]).stdout;
    assert_eq!(rows.lines().count(), 6, "{rows}");
    // Version 1.0.2 kept the filter's ignoreregex beside one that was given.
    let rows = ours(&["-o", "row", log, &filter, "^never$"]).stdout;
    assert_eq!(rows.lines().count(), 8, "{rows}");
}

#[test]
fn stock_traefik_auth_gives_the_same() {
    assert_same_on_own_logs(&["traefik-auth"]);
    let logs = [
        "clf-v1",
        "clf-v2-and-multilayer",
        "clf-v3-misc",
        "clf-v3-cloudflare-not-trusted",
        "docker-stdout-mixed",
    ]
    .map(|log| data(&format!("samples/{log}.log")));
    let runs: Vec<_> = logs.iter().flat_map(|log| shows(log, "traefik-auth")).collect();
    assert_same(&runs);
}

#[test]
fn stock_sshd_gives_the_same_in_all_modes() {
    assert_same_on_own_logs(&[
        "sshd[mode=normal]",
        "sshd[mode=ddos]",
        "sshd[mode=extra]",
        "sshd[mode=aggressive]",
    ]);
}

#[test]
fn other_stock_filters_give_the_same() {
    assert_same_on_own_logs(&[
        "nginx-http-auth",
        "recidive",
        "postfix",
        "dovecot",
        "pam-generic",
        "asterisk",
    ]);
}

#[test]
fn expressions_over_several_lines_give_the_same() {
    let log = "2020-01-01 00:00:00 begin a\n2020-01-01 00:00:01 x\n2020-01-01 00:00:02 failed 192.0.2.1\n\
               2020-01-01 00:00:03 begin b\n2020-01-01 00:00:04 failed 192.0.2.2\n2020-01-01 00:00:05 y";
    let regex = r"begin \w+<SKIPLINES> failed <ADDR>$";
    let mut runs = Vec::new();
    for options in [&[][..], &["-v"], &["-o", "row"], &["-o", "msg"], &["--no-check-all"]] {
        let run = [&["-L", "5", "--print-all-matched"], options, &[log, regex]].concat();
        runs.push([&run[..], &[" 192.0.2.1"]].concat());
        runs.push(run);
    }
    assert_same(&runs);
}

#[test]
fn lines_given_on_the_command_line_give_the_same() {
    let line = "2026-01-08 14:19:15 host sshd[12]: Failed password for root from 192.0.2.7 and more that is cut off";
    let regex = r"Failed \w+ for <F-USER>\S+</F-USER> from <HOST>";
    let runs = [
        &[line, regex][..],
        &["-v", line, regex, "nothing"],
        &[line, regex, "root"],
        &["-v", line, regex, "root"],
        &["-r", "-o", "row", line, "password for <DNS>"],
        &["--usedns", "no", line, regex],
        &["--usedns", "raw", "-o", "row", line, "Failed <HOST>"],
        &[
            "-o",
            "row",
            line,
            r"^\s*<F-TUPLE_ID>\S+</F-TUPLE_ID> .* for <F-ID>\S+</F-ID> from <ADDR>",
        ],
        &["-o", "ip", line, r"<F-ID>root</F-ID> from <ADDR>"],
        &[
            "-o",
            "row",
            line,
            r"<F-ALT_USER_1>\w*</F-ALT_USER_1> password for (?:<F-USER>x</F-USER>)?.* <ADDR>",
        ],
        &["-o", "nothing", line, regex],
        &["-d", "^%Y-%m-%d", line, regex],
        &["-d", "{NONE}", line, regex],
        &["--TZ", "UTC+0300", "-o", "row", line, regex],
        &["one\ntwo 192.0.2.1\n#three\n\nfour 192.0.2.1", "<ADDR>$"],
        &["-o", "row", "no date 192.0.2.1", "<ADDR>$"],
        &["# comment", "<ADDR>"],
        &[line, "no id"],
        &[line, "broken (<HOST>"],
        &[line, ""],
        &[line, regex, "broken ["],
        &["--TZ", "nowhere", line, regex],
        &["/nonexistent/file", regex],
    ];
    assert_same(&runs.map(<[&str]>::to_vec));
}

#[test]
fn bytes_that_are_no_text_give_the_same() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let bytes =
        b"a\xff\xfe 192.0.2.1\r\n\nb\x1b[0m 192.0.2.1\xe2\x82\n#c 192.0.2.1\n\xc3\xa4 192.0.2.1\nunfinished 192.0.2.1";
    file.write_all(bytes).unwrap();
    let log = file.path().to_str().unwrap();
    let mut runs = Vec::new();
    for encoding in ["utf-8", "ascii", "latin-1"] {
        runs.push(vec!["-e", encoding, "--print-all-matched", log, " <ADDR>"]);
        let regex = "<F-USER>.*</F-USER> <ADDR>";
        for out in ["row", "msg", "user", "<F-USER>"] {
            runs.push(vec!["-e", encoding, "-o", out, log, regex]);
        }
    }
    assert_same(&runs);
}

#[test]
fn long_lists_of_lines_are_cut_the_same() {
    let logs = [19, 20, 21, 25].map(|count| {
        let lines =
            |number| format!("2026-01-08 14:19:15 hit 192.0.2.{number}\nmiss {number}\nskip 192.0.2.{number}\n");
        (0..count).map(lines).collect::<String>()
    });
    let mut runs = Vec::new();
    for log in &logs {
        for options in [&[][..], &["--print-all-missed"], &["--print-all-ignored"], &["-L", "3"]] {
            runs.push([options, &[log, "<ADDR>", "skip"]].concat());
        }
    }
    assert_same(&runs);
}

#[test]
fn wrong_arguments_and_helps_end_with_the_same_code() {
    let runs = [
        &["--no-such-option"][..],
        &["only one"],
        &["a", "b", "c", "d"],
        &["-L", "x", "a", "<HOST>"],
        &["--print-no-missed", "--print-all-missed", "a", "<HOST>"],
        &["--help"],
        &["--version"],
        &["-V"],
    ]
    .map(<[&str]>::to_vec);
    for (args, theirs) in runs.iter().zip(original(ZONE, &owned(&runs))) {
        assert_eq!(theirs.code, ours(args).code, "{args:?}");
    }
}

#[test]
fn json_gives_the_counts_and_the_lines_that_were_asked_for() {
    let log = "2026-01-08 14:19:15 hit 192.0.2.1\nmiss\nskip 192.0.2.1";
    let ran = ours(&[
        "--json",
        "--print-all-matched",
        "--print-all-missed",
        log,
        "<ADDR>$",
        "skip",
    ]);
    assert_eq!(ran.code, 0);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let counts = serde_json::json!({"tested": 3, "ignored": 1, "matched": 1, "missed": 1});
    assert_eq!(json["lines"], counts);
    assert_eq!(json["matched"][0], "2026-01-08 14:19:15 hit 192.0.2.1");
    assert_eq!(json["missed"], serde_json::json!(["miss"]));
    assert_eq!(json["ignored"], serde_json::Value::Null);
    assert_eq!(json["failregex"][0]["hits"], 1);
    assert_eq!(json["date_templates"][0]["hits"], 1);
}

#[test]
fn json_with_out_gives_a_document_for_each_line() {
    let log = "2026-01-08 14:19:15 hit \"root\" 192.0.2.1\nmiss\nhit 192.0.2.2";
    let regex = "hit (?:<F-USER>.+</F-USER> )?<ADDR>$";
    let documents = |out: &str| -> Vec<serde_json::Value> {
        let text = ours(&["--json", "-o", out, log, regex]).stdout;
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let json = |text: &str| -> serde_json::Value { serde_json::from_str(text).unwrap() };
    assert_eq!(
        documents("id"),
        [json(r#"{"out": "192.0.2.1"}"#), json(r#"{"out": "192.0.2.2"}"#)]
    );
    assert_eq!(
        documents("user"),
        [json(r#"{"out": "\"root\""}"#), json(r#"{"out": null}"#)]
    );
    assert_eq!(documents("<ip>;<F-USER>")[0], json(r#"{"out": "192.0.2.1;\"root\""}"#));
    let rows = documents("row");
    assert_eq!(rows[0]["id"], "192.0.2.1");
    assert_eq!(rows[0]["time"], 1767878355.0);
    assert_eq!(
        rows[0]["values"],
        json(r#"{"user": "\"root\"", "ip4": "192.0.2.1", "ip6": null}"#)
    );
    assert_eq!(rows[1]["time"], serde_json::Value::Null);
}

#[test]
fn json_stays_a_document_whatever_is_told_besides() {
    let ran = ours(&["--json", "-vv", "-l", "debug", "-D", "hit 192.0.2.1", "<ADDR>$"]);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json["lines"]["matched"], 1);
    assert!(
        ran.stderr.contains("Found a match but no valid date/time"),
        "{}",
        ran.stderr
    );
}

#[test]
fn an_expression_that_explodes_is_named_beside_the_results() {
    let log = format!("{}b", "a".repeat(50_000));
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "{log}\nfrom 192.0.2.1").unwrap();
    let log = file.path().to_str().unwrap();
    let regex = "^(?:(?:a+)+(?![ab!])|from <ADDR>)";
    let ran = ours(&["-o", "id", log, regex]);
    assert_eq!((ran.stdout.as_str(), ran.code), ("192.0.2.1\n", 0));
    assert_eq!(ran.stderr.matches(regex).count(), 1, "{}", ran.stderr);
    let json = ours(&["--json", log, regex]).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let limit = serde_json::json!([{"option": "failregex", "index": 1, "regex": regex}]);
    assert_eq!(json["limits"], limit);
}

#[test]
fn what_was_found_before_ctrl_c_is_written_and_the_signal_passed_on() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "from 192.0.2.1").unwrap();
    // Lines that take several seconds in all.
    let slow = format!("{}b\n", "a".repeat(20_000)).repeat(50);
    (0..60).for_each(|_| file.write_all(slow.as_bytes()).unwrap());
    let log = file.path().to_str().unwrap();
    for options in [&["-o", "id"][..], &["-o", "id", "-i"], &[]] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_bantam"));
        command
            .arg("regex")
            .args(options)
            .args([log, "(?:from <ADDR>|^(?:a+)+(?![ab!]))"]);
        let command = command
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::null());
        let child = command.spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(700));
        let signalled = std::process::Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status();
        assert!(signalled.unwrap().success());
        let done = child.wait_with_output().unwrap();
        let (text, signal) = (String::from_utf8(done.stdout).unwrap(), done.status.signal());
        assert_eq!(signal, Some(2), "{text}");
        match options {
            ["-o", "id"] => assert_eq!(text, "192.0.2.1\n"),
            [] => assert!(
                text.contains("Use         log file") && !text.contains("Results"),
                "{text}"
            ),
            _ => {}
        }
    }
}

#[test]
fn inverted_output_shows_the_lines_that_are_no_failure() {
    // Version 1.0.2 has no such option.
    let log = "2026-01-08 14:19:15 hit 192.0.2.1\nmiss\nskip 192.0.2.1";
    let show = |out| ours(&["-i", "-o", out, log, "<ADDR>$", "skip"]).stdout;
    assert_eq!(show("msg"), "miss\nskip 192.0.2.1\n");
    assert!(show("row").starts_with("['',\t1767"));
}
