//! `bantam regex --explain`: what is said of expressions, with and without a log.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use serde_json::Value as Json;
use std::path::Path;
use std::process::{Command, Output};

fn bantam(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bantam"))
        .arg("regex")
        .args(args)
        .env("TZ", "UTC")
        .output()
        .unwrap()
}

fn explained(args: &[&str]) -> Json {
    let out = bantam(&[&["--json", "--explain"], args].concat());
    assert_eq!(out.status.code(), Some(0), "{args:?}: {out:?}");
    let text = String::from_utf8(out.stdout).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{args:?}: {error}: {text}"))
}

fn remarks(document: &Json) -> Vec<Json> {
    let own = document["expressions"].as_array().unwrap().iter();
    let own = own.flat_map(|expression| expression["remarks"].as_array().unwrap().clone());
    let dates = document["date"]["remarks"].as_array().cloned().unwrap_or_default();
    own.chain(dates).collect()
}

/// The one remark of a kind, and what it underlines.
fn remark(args: &[&str], kind: &str) -> Option<(String, Json)> {
    let document = explained(args);
    let found = remarks(&document).into_iter().find(|remark| remark["kind"] == kind)?;
    let place = |name: usize| usize::try_from(found["span"][name].as_u64()?).ok();
    let expression = args.last().unwrap();
    let part = place(0).zip(place(1)).map_or("", |(from, to)| &expression[from..to]);
    Some((part.to_owned(), found))
}

#[test]
fn an_expression_that_can_match_no_line_is_underlined_where_it_fails() {
    for (expression, part) in [
        ("^foo$bar <HOST>", "b"),
        ("^a ^from <HOST>", "^"),
        (r"^a\n from <HOST>", " "),
        (r"^a <HOST>\Z", r"\Z"),
        (r"^a [^\s\S] <HOST>", r"[^\s\S]"),
        (r"^a\Bb\b<HOST> \B\bx", r"\b"),
        ("(?:^a|b)$ <HOST>", " "),
    ] {
        let (shown, found) = remark(&[expression], "impossible").unwrap_or_else(|| panic!("{expression}"));
        assert_eq!(
            (shown.as_str(), &found["level"]),
            (part, &Json::from("warning")),
            "{expression}"
        );
    }
}

#[test]
fn what_may_match_is_never_called_impossible() {
    for expression in [
        r"^a <HOST>$",
        r"^a <HOST>\s+$",
        r"a$\s*(?:<HOST>|b)?",
        r"(?:^|\s)a (?:<HOST>$|b)",
        r"(?m)^a <HOST>\n",
        r"(?=a)a\b <HOST>",
        r"^(?!$)<HOST>",
        r"[^a]<HOST>[^\w]$",
    ] {
        assert_eq!(remark(&[expression], "impossible"), None, "{expression}");
    }
    // With several lines, text may follow a newline.
    assert_eq!(remark(&["-L", "2", "", r"^a\n from <HOST>"], "impossible"), None);
}

#[test]
fn a_failregex_that_what_prefregex_hands_on_cannot_begin_with_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("door.conf");
    let write = |fail: &str| {
        let text = format!(
            "[Definition]\nprefregex = ^\\s*door: <F-CONTENT>(?:bad|wrong) .+</F-CONTENT>$\nfailregex = {fail}\n"
        );
        std::fs::write(&path, text).unwrap();
    };
    let impossible = || {
        let document = explained(&[path.to_str().unwrap()]);
        let found = remarks(&document)
            .into_iter()
            .find(|remark| remark["kind"] == "impossible");
        found.map(|remark| remark["message"].as_str().unwrap().to_owned())
    };
    write("^door: bad <HOST>$");
    assert!(impossible().unwrap().contains("prefregex"));
    for fail in ["^bad <HOST>$", "^wro\\w+ <HOST>$", "<HOST>$", "^(?:good|bad) <HOST>$"] {
        write(fail);
        assert_eq!(impossible(), None, "{fail}");
    }
}

#[test]
fn what_is_said_of_an_expression_that_looks_slow_is_what_its_engine_does() {
    for (expression, part) in [("^(a+)+ <HOST>$", "(a+)+"), (r"^(?:\w+\s*)+: <HOST>$", r"(?:\w+\s*)+")] {
        let (shown, found) = remark(&[expression], "slow").unwrap_or_else(|| panic!("{expression}"));
        assert_eq!(shown, part, "{expression}");
        match found["line"].as_str() {
            Some(line) => {
                assert_eq!(found["level"], "warning", "{expression}");
                let out = bantam(&[line, expression]);
                let said = String::from_utf8_lossy(&out.stderr).into_owned();
                assert!(said.contains("too many steps"), "{expression}: {said}");
            }
            // Where the engine has a way that is not slow, that is said.
            None => assert!(found["message"].as_str().unwrap().contains("not slow here"), "{found}"),
        }
    }
    for expression in ["^a+ <HOST>$", "^(?:a|b)+ <HOST>$", r"^\S+ \S+ <HOST>$"] {
        let warned = remark(&[expression], "slow").is_some_and(|(_, found)| found["level"] == "warning");
        assert!(!warned, "{expression}");
    }
}

const LINE: &str = "2026-01-02 03:04:05 app: login of user bob failed from 198.51.100.7 port 22";

#[test]
fn a_forged_field_that_names_a_victim_is_shown_and_does_so() {
    for (expression, part) in [
        ("^ app: login of user <F-USER>.*?</F-USER> failed from <HOST>", ".*?"),
        ("^ app: login of user \\S+.*? failed from <HOST> port", ".*?"),
        ("login of user .*? failed from <HOST>", ".*?"),
    ] {
        let (shown, found) = remark(&[LINE, expression], "victim").unwrap_or_else(|| panic!("{expression}"));
        let line = found["line"].as_str().unwrap();
        let out = bantam(&["-o", "ip", line, expression]);
        assert_eq!(
            String::from_utf8_lossy(&out.stdout).trim(),
            "203.0.113.66",
            "{expression}: {line}"
        );
        assert!(line.contains("198.51.100.7"), "the sender still stands in {line}");
        if part == ".*?" && expression.contains("F-USER") {
            assert_eq!(
                (shown.as_str(), &found["level"]),
                (part, &Json::from("warning")),
                "{expression}"
            );
        }
    }
}

#[test]
fn an_address_at_a_place_that_no_field_reaches_gives_no_alarm() {
    for expression in [
        "^ app: login of user <F-USER>.*</F-USER> failed from <HOST> port \\d+$",
        "^ app: login of user <F-USER>\\S+</F-USER> failed from <HOST> port \\d+$",
    ] {
        assert_eq!(remark(&[LINE, expression], "victim"), None, "{expression}");
    }
    // Quotes within a string of JSON are escaped.
    let line = r#"{"user":"bob","host":"198.51.100.7","agent":"curl","time":"2026-01-02T03:04:05Z"}"#;
    let expression = r#"^{"user":".*","host":"<HOST>","agent":".*","time":".*"}$"#;
    assert_eq!(remark(&[line, expression], "victim"), None);
}

#[test]
fn what_stands_in_no_line_is_the_reason_that_nothing_matched() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("log");
    std::fs::write(&log, format!("{LINE}\n").repeat(20)).unwrap();
    let log = log.to_str().unwrap();
    let message = |expression: &str| {
        let (part, found) = remark(&[log, expression], "no_match").unwrap_or_else(|| panic!("{expression}"));
        assert_eq!(found["level"], "warning", "{expression}");
        (part, found["message"].as_str().unwrap().to_owned())
    };
    let (part, said) = message("^ app: \"OriginStatus\":40 <HOST>");
    assert!(
        said.contains("OriginStatus") && said.contains("none of 20 lines"),
        "{said}"
    );
    assert!(part.contains("OriginStatus"), "{part}");
    let (_, said) = message("^2026-01-02 03:04:05 app: .* from <HOST>");
    assert!(said.contains("only until their date is cut out"), "{said}");
    let (part, said) = message("^ app: login of user \\d+ failed from <HOST>");
    assert!(said.contains("20 of 20 lines fit"), "{said}");
    assert_eq!(part, "\\d+");
}

#[test]
fn lines_are_counted_as_the_pipeline_asks_about_them() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("log");
    let mut lines = String::new();
    for index in 0..300 {
        let kind = ["bad", "worse", "good"][index % 3];
        lines += &format!("2026-01-02 03:04:05 {kind} 192.0.2.{}\n", index % 200);
    }
    std::fs::write(&log, lines).unwrap();
    let filter = dir.path().join("kinds.conf");
    std::fs::write(
        &filter,
        "[Definition]\nfailregex = ^ bad <HOST>$\n            ^ worse <HOST>$\nignoreregex = 192\\.0\\.2\\.1\\d\n",
    )
    .unwrap();
    let document = explained(&[log.to_str().unwrap(), filter.to_str().unwrap()]);
    let cost = |index: usize, key: &str| document["expressions"][index]["cost"][key].as_u64().unwrap();
    assert_eq!(
        (cost(0, "asked"), cost(0, "with_literal"), cost(0, "matched")),
        (300, 100, 100)
    );
    assert_eq!((cost(1, "asked"), cost(1, "matched")), (200, 100));
    assert_eq!(cost(2, "asked"), 200);
    assert_eq!(
        (&document["date"]["found"], &document["date"]["at_beginning"]),
        (&300.into(), &300.into())
    );
    assert_eq!(document["expressions"][1]["place"]["line"], 3);
    let shares: f64 = document["expressions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["cost"]["share"].as_f64().unwrap())
        .sum::<f64>()
        + document["date"]["share"].as_f64().unwrap();
    assert!((shares - 1.0).abs() < 0.01, "{shares}");
}

#[test]
fn a_proposed_date_pattern_finds_the_same_failures() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("log");
    let mut lines = String::new();
    for index in 0..1000 {
        let host = format!("192.0.{}.{}", index % 7, index % 250);
        lines += &format!("{host} - bob [02/Jan/2026:03:04:05 +0000] \"GET / HTTP/1.1\" 401 17\n");
    }
    std::fs::write(&log, lines).unwrap();
    let (log, expression) = (log.to_str().unwrap(), "^<HOST> - \\S+ \\[\\] \"GET [^\"]*\" 401 ");
    let document = explained(&[log, expression]);
    let help = document["date"]["remarks"][0]["help"].as_str().unwrap().to_owned();
    let pattern = help
        .split("datepattern = ")
        .nth(1)
        .unwrap()
        .split("  (")
        .next()
        .unwrap();
    let pattern = pattern.replace("%%", "%");
    let plain = bantam(&["-o", "<ip> <time>", log, expression]).stdout;
    assert_eq!(
        plain,
        bantam(&["-d", &pattern, "-o", "<ip> <time>", log, expression]).stdout
    );
    assert_eq!(plain.iter().filter(|byte| **byte == b'\n').count(), 1000);
}

#[test]
fn nothing_of_a_log_steers_the_terminal_and_lines_are_cut() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("log");
    let line = format!("2026-01-02 03:04:05 app: \x1b[31m\u{202e}{}\n", "x".repeat(3000));
    std::fs::write(&log, line).unwrap();
    let out = bantam(&["--explain", log.to_str().unwrap(), "^ app: (?:y|\x1b) <HOST>"]);
    let text = String::from_utf8(out.stdout).unwrap();
    assert!(text.contains("\\x1b[31m"), "{text}");
    assert!(!text.contains('\x1b') && !text.contains('\u{202e}'), "{text}");
    assert!(text.lines().all(|line| line.chars().count() < 250), "{text}");
}

#[test]
fn warnings_change_the_exit_code_only_when_asked_to() {
    let code = |args: &[&str]| bantam(args).status.code();
    assert_eq!(code(&["--explain", "^a$b <HOST>"]), Some(0));
    assert_eq!(code(&["--explain", "--strict", "^a$b <HOST>"]), Some(1));
    assert_eq!(code(&["--explain", "--strict", "^a b <HOST>$"]), Some(0));
    assert_eq!(code(&["--explain", "^a( <HOST>"]), Some(255));
    assert_eq!(code(&["--explain"]), Some(255));
}

#[test]
fn the_guide_s_filter_has_no_warning() {
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");
    let filter = format!("{data}/guide/filter.d/traefik-general-forceful-browsing.conf");
    let document = explained(&[&format!("{data}/samples/guide-refused.log"), &filter]);
    assert_eq!(document["warnings"], 0, "{document}");
    assert!(document["expressions"][0]["cost"]["matched"].as_u64().unwrap() > 0);
}

#[test]
fn of_the_stock_filters_those_are_warned_of_that_were_judged() {
    let stock = Path::new("/etc/fail2ban/filter.d");
    assert!(
        stock.is_dir(),
        "the original's filters are needed: apt-get install fail2ban"
    );
    let logs = Path::new("/usr/lib/python3/dist-packages/fail2ban/tests/files/logs");
    let mut victims = Vec::new();
    let mut impossible = Vec::new();
    let mut tried = 0;
    for entry in std::fs::read_dir(stock).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let log = logs.join(&name);
        if path.extension().is_none_or(|end| end != "conf") || !log.is_file() {
            continue;
        }
        tried += 1;
        let document = explained(&[log.to_str().unwrap(), &name]);
        for remark in remarks(&document) {
            if remark["level"] == "warning" {
                match remark["kind"].as_str().unwrap() {
                    "victim" => victims.push(name.clone()),
                    "impossible" => impossible.push(name.clone()),
                    "slow" => {}
                    other => panic!("{name}: {other}: {remark}"),
                }
            }
        }
    }
    assert!(tried > 60, "{tried}");
    victims.sort();
    assert_eq!(victims, ["kerio", "sshd"]);
    assert_eq!(impossible, ["sogo-auth"]);
}

/// What kind of value, not which.
fn shape(value: &Json) -> Json {
    match value {
        Json::Null => "null".into(),
        Json::Bool(_) => "truth".into(),
        Json::Number(_) => "number".into(),
        Json::String(_) => "text".into(),
        Json::Array(items) => items.iter().map(shape).collect(),
        Json::Object(pairs) => pairs.iter().map(|(key, value)| (key.clone(), shape(value))).collect(),
    }
}

#[test]
fn the_examples_of_the_json_page_are_answered_in_their_shape() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/json.md")).unwrap();
    let mut lines = page.lines();
    let mut count = 0;
    while let Some(line) = lines.next() {
        let Some(command) = line.strip_prefix("$ fail2ban-regex --json --explain ") else {
            continue;
        };
        let args: Vec<&str> = command.split('"').skip(1).step_by(2).collect();
        let mut expected: Json = serde_json::from_str(lines.next().unwrap()).unwrap();
        let mut got = explained(&args);
        // How many reasons a plan has is its own affair.
        for document in [&mut expected, &mut got] {
            for expression in document["expressions"].as_array_mut().unwrap() {
                assert!(expression["plan"]["reasons"].is_array());
                expression["plan"]["reasons"] = Json::Null;
            }
        }
        assert_eq!(shape(&got), shape(&expected), "{args:?} gives {got}");
        assert_eq!(got["warnings"], expected["warnings"], "{args:?}");
        count += 1;
    }
    assert_eq!(count, 2);
}
