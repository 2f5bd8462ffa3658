//! What a caller gets and can ask for, beyond the stream itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use bantam_conf::{Command, LoadOptions, Loaded, Severity};
use proptest::prelude::*;
use std::path::Path;
use support::{dump, lines, write};
use tempfile::TempDir;

const BASE: &[(&str, &str)] = &[
    ("fail2ban.conf", "[Definition]\n"),
    (
        "filter.d/f.conf",
        "[INCLUDES]\nbefore = common.conf\n[Definition]\nfailregex = ^one <HOST>\n            %(prefix)s two <HOST>\n            %(shared)s\n",
    ),
    (
        "filter.d/common.conf",
        "[DEFAULT]\nprefix = ^pre\nshared = ^three <HOST>\n  ^four <HOST>\n",
    ),
    ("action.d/a.conf", "[Definition]\nactionban = ban <ip>\n"),
];

fn dir(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), BASE);
    write(dir.path(), files);
    dir
}

fn load(dir: &TempDir, options: &LoadOptions) -> Loaded {
    support::load(dir.path(), options).unwrap_or_else(|errors| panic!("{errors}"))
}

fn command<'a>(loaded: &'a Loaded, words: &[&str]) -> &'a Command {
    let fits = |command: &&Command| {
        command
            .words
            .iter()
            .zip(words)
            .filter(|(own, word)| own.as_str() == Some(word))
            .count()
            == words.len()
    };
    loaded
        .stream
        .iter()
        .find(fits)
        .unwrap_or_else(|| panic!("no {words:?} in {:#?}", lines(loaded)))
}

fn place(dir: &TempDir, place: &Option<bantam_conf::Place>) -> String {
    place
        .as_ref()
        .unwrap()
        .to_string()
        .replace(dir.path().to_str().unwrap(), "")
        .trim_start_matches('/')
        .to_owned()
}

#[test]
fn each_expression_knows_its_own_line() {
    let dir = dir(&[(
        "jail.local",
        "[j]\nenabled = true\nfilter = f\naction = a\nfailregex = %(known/failregex)s\n    ^five <HOST>\n",
    )]);
    let loaded = load(&dir, &dump());
    let places = &command(&loaded, &["multi-set", "j", "addfailregex"]).line_places;
    let places: Vec<String> = places.iter().map(|own| place(&dir, own)).collect();
    assert_eq!(
        places,
        [
            "filter.d/f.conf:4:13",
            "filter.d/f.conf:5:13",
            "filter.d/common.conf:3:10",
            "filter.d/common.conf:4:3",
            "jail.local:6:5",
        ]
    );
}

#[test]
fn a_command_knows_the_option_that_asked_for_it() {
    let dir = dir(&[
        (
            "jail.conf",
            "[DEFAULT]\nfindtime = 5m\nmaxretry = 7\nmaxmatches = %(maxretry)s\nignorecommand =\n",
        ),
        (
            "jail.local",
            "[j]\nenabled = true\nfilter = f\nbantime: 1h\naction = a\n",
        ),
    ]);
    let loaded = load(&dir, &dump());
    for (words, expected) in [
        (["set", "j", "bantime"], "jail.local:4:10"),
        (["set", "j", "findtime"], "jail.conf:2:12"),
        (["set", "j", "maxmatches"], "jail.conf:3:12"),
        (["set", "j", "ignorecommand"], "jail.conf:5:1"),
        (["set", "j", "addaction"], "jail.local:5:10"),
        (["add", "j", "auto"], "jail.local:1:1"),
    ] {
        assert_eq!(place(&dir, &command(&loaded, &words).place), expected, "{words:?}");
    }
}

const TWO: &str = "[DEFAULT]\nenabled = true\nfilter = f\naction = a\n[lost]\nlogpath = /nonexistent/x.log\n[good]\n";

#[test]
fn a_jail_without_its_log_file_is_an_error_of_this_jail_alone() {
    let dir = dir(&[("jail.local", TWO)]);
    let loaded = load(&dir, &LoadOptions::default());
    let errors: Vec<_> = loaded
        .diagnostics
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .collect();
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].jail.as_deref(), Some("lost"));
    let starts: Vec<String> = lines(&loaded)
        .into_iter()
        .filter(|line| line.starts_with("['start'"))
        .collect();
    assert_eq!(starts, ["['start', 'good']"]);
    let strict = LoadOptions {
        strict: true,
        ..LoadOptions::default()
    };
    assert!(bantam_conf::load(dir.path(), &strict).is_err());
}

#[test]
fn a_jail_may_be_left_out_when_its_log_file_is_missing() {
    let dir = dir(&[("jail.local", &TWO.replace("[good]", "skip_if_nologs = yes\n[good]"))]);
    let loaded = load(
        &dir,
        &LoadOptions {
            strict: true,
            ..LoadOptions::default()
        },
    );
    assert!(
        lines(&loaded).contains(&"['config-error', \"Jail 'lost' skipped, because of missing log files.\"]".to_owned())
    );
    assert!(
        !lines(&loaded)
            .iter()
            .any(|line| line.contains("'start', 'lost'") || line.contains("'add', 'lost'"))
    );
}

#[test]
fn a_jail_with_a_journalmatch_reads_the_journal_when_its_log_file_is_missing() {
    let with = TWO.replace("[good]", "journalmatch = _COMM=x\nskip_if_nologs = yes\n[good]");
    let dir1 = dir(&[("jail.local", &with)]);
    let loaded = load(&dir1, &LoadOptions::default());
    assert!(lines(&loaded).contains(&"['add', 'lost', 'systemd']".to_owned()));
    assert_eq!(loaded.globs, []);
    let dir2 = dir(&[(
        "jail.local",
        &with.replace("skip_if", "systemd_if_nologs = no\nskip_if"),
    )]);
    assert!(
        !lines(&load(&dir2, &LoadOptions::default()))
            .iter()
            .any(|line| line.contains("'add', 'lost'"))
    );
}

#[test]
fn the_patterns_of_logpath_are_kept_beside_the_files() {
    let dir = dir(&[]);
    write(dir.path(), &[("logs/a.log", "")]);
    let base = dir.path().display();
    write(
        dir.path(),
        &[(
            "jail.local",
            &format!("[j]\nenabled=1\nfilter=f\naction=a\nlogpath = {base}/logs/*.log tail\n    {base}/later.log\n"),
        )],
    );
    let loaded = load(&dir, &LoadOptions::default());
    let got: Vec<(&str, &str, bool)> = loaded
        .globs
        .iter()
        .map(|glob| (glob.path.as_str(), glob.tail.as_str(), glob.is_pattern()))
        .collect();
    let (first, second) = (format!("{base}/logs/*.log"), format!("{base}/later.log"));
    assert_eq!(got, [(first.as_str(), "tail", true), (second.as_str(), "head", false)]);
    write(dir.path(), &[("logs/b.log", "")]);
    assert_eq!(loaded.globs[0].files().len(), 2);
}

#[test]
fn only_the_jails_asked_for_are_read() {
    let dir = dir(&[("jail.local", TWO)]);
    let only = |names: &[&str]| LoadOptions {
        jails: names.iter().map(|name| (*name).to_owned()).collect(),
        ..LoadOptions::default()
    };
    let loaded = load(&dir, &only(&["good"]));
    assert!(!lines(&loaded).iter().any(|line| line.contains("lost")));
    let errors = bantam_conf::load(dir.path(), &only(&["good", "nosuch"])).unwrap_err();
    assert!(errors[0].message.contains("nosuch"));
}

#[test]
fn a_server_option_is_the_override_or_the_file_or_the_default_of_the_caller() {
    let dir = dir(&[
        ("jail.local", TWO),
        ("fail2ban.local", "[Definition]\ndbfile = file\nsocket = file\n"),
    ]);
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let options = LoadOptions {
        overrides: vec![pair("socket", "override")],
        defaults: vec![
            pair("socket", "default"),
            pair("dbfile", "default"),
            pair("dbpurgeage", "14d"),
        ],
        ..LoadOptions::default()
    };
    let server = load(&dir, &options).server;
    let got = [&server.socket, &server.dbfile, &server.dbpurgeage, &server.logtarget].map(String::as_str);
    assert_eq!(got, ["override", "file", "14d", "/var/log/fail2ban.log"]);
}

#[test]
fn a_layout_without_server_file_has_to_be_allowed() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), BASE);
    std::fs::remove_file(dir.path().join("fail2ban.conf")).unwrap();
    write(
        dir.path(),
        &[("jail.d/jail.local", "[good]\nenabled=1\nfilter=f\naction=a\n")],
    );
    assert!(bantam_conf::load(dir.path(), &LoadOptions::default()).is_err());
    let lenient = LoadOptions {
        lenient_layout: true,
        ..LoadOptions::default()
    };
    assert!(lines(&load(&dir, &lenient)).contains(&"['start', 'good']".to_owned()));
    assert!(bantam_conf::load(&dir.path().join("nowhere"), &lenient).is_err());
}

#[test]
fn secrets_stay_out_of_what_the_server_is_told_of_a_broken_jail() {
    let dir = dir(&[(
        "jail.local",
        &TWO.replace("[good]", "action = a[token=\"hush\" b=1]\n[good]"),
    )]);
    let options = LoadOptions {
        allow_missing_logs: true,
        ..LoadOptions::default()
    };
    let text = format!("{:?}", lines(&load(&dir, &options)));
    assert!(
        text.contains("Invalid action definition") && !text.contains("hush"),
        "{text}"
    );
}

/// The filters as the original's `fail2ban-regex` loads them, one per line of output.
const LOAD_FILTERS: &str = "
import logging, os, sys
from fail2ban.client.filterreader import FilterReader
logging.disable(logging.CRITICAL)
for name in sys.argv[2:]:
    reader = FilterReader(name, 'fail2ban-regex-jail', {}, share_config={}, basedir=sys.argv[1])
    reader.read(); reader.applyAutoOptions('auto')
    try:
        reader.getOptions(None)
        print(reader.convert())
    except Exception:
        print(None)
";

#[test]
fn every_stock_filter_alone_gives_the_same_commands() {
    let stock = Path::new("/etc/fail2ban");
    let mut names: Vec<String> = std::fs::read_dir(stock.join("filter.d"))
        .expect("apt-get install fail2ban")
        .filter_map(|entry| {
            entry
                .unwrap()
                .file_name()
                .to_str()?
                .strip_suffix(".conf")
                .map(str::to_owned)
        })
        .collect();
    names.sort();
    let output = std::process::Command::new("/usr/bin/python3")
        .args(["-c", LOAD_FILTERS, "/etc/fail2ban"])
        .args(&names)
        .output()
        .expect("apt-get install fail2ban");
    let theirs = String::from_utf8(output.stdout).unwrap();
    let theirs: Vec<&str> = theirs.lines().collect();
    assert_eq!(
        theirs.len(),
        names.len(),
        "apt-get install fail2ban\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for (name, theirs) in names.iter().zip(theirs) {
        let Ok(ours) = bantam_conf::load_filter(stock, name) else {
            assert_eq!(theirs, "None", "{name}");
            continue;
        };
        let ours = bantam_wire::Value::List(
            ours.into_iter()
                .map(|command| bantam_wire::Value::List(command.words))
                .collect(),
        );
        assert_eq!(bantam_wire::repr::repr(&ours), theirs, "{name}");
    }
}

#[test]
fn a_filter_is_found_by_name_by_file_name_and_by_path() {
    let dir = dir(&[(
        "elsewhere/x.conf",
        "[Definition]\nfailregex = <mode> <HOST>\n[Init]\nmode = m\n",
    )]);
    let base = dir.path();
    let by_name = bantam_conf::load_filter(base, "f").unwrap();
    assert_eq!(by_name.len(), 1);
    let path = base.join("filter.d/f.conf");
    for (base, spec) in [
        (base, "f.conf"),
        (&*base.join("filter.d"), "f"),
        (Path::new("/"), path.to_str().unwrap()),
    ] {
        assert_eq!(bantam_conf::load_filter(base, spec).unwrap(), by_name, "{spec}");
    }
    let other = format!("{}[mode=n]", base.join("elsewhere/x").display());
    assert_eq!(
        bantam_conf::load_filter(base, &other).unwrap()[0].words[3].as_str(),
        Some("n <HOST>")
    );
    assert!(bantam_conf::load_filter(base, "g").is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_configuration_panics_the_reader(
        jail in "(\\n(action|filter|bantime|logpath|[a-c]|\\[[jk]\\])[ =:]{0,2}(f|a|\\[|\\]|=|<[a-c]>|%\\([a-c]\\)s|\"|,| |\\n  |é|%|;){0,8}){0,8}",
        filter in "(\\n(failregex|[a-c]|\\[Init(\\?x=y)?\\])[ =:]{0,2}(<[a-c]>|<known/[a-c]>|%\\([a-c]\\)s|\\n  |é|%){0,6}){0,6}",
    ) {
        let jail = format!("[DEFAULT]\nenabled=1\nfilter=f\naction=a\n[j]{jail}");
        let dir = dir(&[("jail.local", &jail), ("filter.d/f.local", &format!("[Definition]{filter}")), ("action.d/a.local", &format!("[Definition]{filter}"))]);
        match bantam_conf::load(dir.path(), &dump()) {
            Ok(loaded) => loaded.diagnostics,
            Err(diagnostics) => diagnostics,
        }
        .iter()
        .for_each(|finding| drop(finding.render(true)));
    }
}

#[test]
fn a_password_that_mails_would_send_in_the_clear_is_warned_of_and_not_shown() {
    let warned = |options: &str| {
        let jail = format!("[j]\nenabled = true\nfilter = f\nlogpath = /dev/null\naction = smtp.py[{options}]\n");
        let dir = dir(&[("jail.conf", &jail)]);
        let loaded = load(&dir, &LoadOptions::default());
        let found = loaded
            .diagnostics
            .into_iter()
            .find(|found| found.message.contains("in the clear"));
        found.map(|found| (found.severity, found.render(false)))
    };
    let (severity, shown) = warned("host=\"mail.example\", user=u, password=sesame").unwrap();
    assert_eq!(severity, Severity::Warning);
    assert!(shown.contains("ssl=true") && !shown.contains("sesame"), "{shown}");
    for options in [
        "host=\"mail.example\", user=u, password=sesame, ssl=true",
        "host=\"mail.example:465\", user=u, password=sesame",
        "host=\"localhost:25\", user=u, password=sesame",
        "user=u, password=sesame",
        "host=\"mail.example\"",
    ] {
        assert_eq!(warned(options), None, "{options}");
    }
}

#[test]
fn what_cannot_run_can_still_be_shown() {
    let dir = dir(&[("jail.local", "[j]\nenabled = true\nfilter = nowhere\n")]);
    let shown = bantam_conf::load_to_show(dir.path(), &dump());
    assert!(shown.failed && !shown.diagnostics.is_empty(), "{shown:?}");
    let told = |command: &Command| command.words.first().and_then(|word| word.as_str()) == Some("config-error");
    assert!(shown.loaded.unwrap().stream.iter().any(told));
    write(dir.path(), &[("jail.local", "no section\n")]);
    assert!(bantam_conf::load_to_show(dir.path(), &dump()).loaded.is_none());
}
