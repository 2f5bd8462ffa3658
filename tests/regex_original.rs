//! `bantam regex` beside the installed original: same output, same exit code.
//!
//! Needs the Debian package `fail2ban` (1.0.2). Where the newer version differs, the original is brought up to it in
//! memory or the line is brought to one form on both sides; each such place says which.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const ZONE: &str = "Europe/Zurich";

/// Runs the original's command with what version 1.1 changed in the pipeline: groups without part no longer
/// overwrite. Sets are printed in the order of insertion, which Python's own leave to chance.
const ORIGINAL: &str = r#"
import builtins, importlib.abc, importlib.machinery, importlib.util, sys
class Ordered(dict):
    def add(self, value): self[value] = 1
    def __repr__(self): return '{%s}' % ', '.join(map(repr, self))
builtins.Ordered = Ordered
class Loader(importlib.machinery.SourceFileLoader):
    def get_code(self, name):
        old = self.get_data(self.path).decode()
        new = old.replace('fail.update(currFail)', 'fail.update((k, v) for k, v in currFail.items() if v is not None)')
        new = new.replace('users = set()', 'users = Ordered()')
        return compile(new, self.path, 'exec')
class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == 'fail2ban.server.filter':
            file = path[0] + '/filter.py'
            return importlib.util.spec_from_file_location(name, file, loader=Loader(name, file))
sys.meta_path.insert(0, Finder())
from fail2ban.client.fail2banregex import exec_command_line
import io, json
def run(args):
    sys.stdout = sys.stderr = io.StringIO()
    sys.argv = ['fail2ban-regex'] + args
    code = 0
    try:
        exec_command_line()
    except SystemExit as end:
        code = end.code
    return [sys.stdout.getvalue(), code or 0]
stdout = sys.stdout
results = [run(args) for args in json.load(sys.stdin)]
sys.stdout = stdout
json.dump(results, sys.stdout)
"#;

fn data(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(path);
    path.to_str().unwrap().to_owned()
}

/// The sample logs of the original's own tests.
fn sample_logs() -> PathBuf {
    let listed = Command::new("dpkg").args(["-L", "fail2ban"]).output();
    let listed = listed.expect("needs a Debian system with the original: apt-get install fail2ban");
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    let dir = text.lines().find(|line| line.ends_with("/tests/files/logs"));
    PathBuf::from(dir.expect("needs the original: apt-get install fail2ban"))
}

/// Output (of errors too) and exit code.
type Result = (String, i32);

/// Runs all of them in one process: the start of Python takes longer than the rest.
fn original(runs: &[Vec<&str>]) -> Vec<Result> {
    let mut child = Command::new("/usr/bin/python3")
        .args(["-c", ORIGINAL])
        .env("TZ", ZONE)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("needs Python 3: apt-get install fail2ban");
    let input = serde_json::to_vec(runs).unwrap();
    child.stdin.take().unwrap().write_all(&input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "needs the original: apt-get install fail2ban");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn ours(args: &[&str]) -> Result {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bantam"));
    let output = command.arg("regex").args(args).env("TZ", ZONE).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    (text, output.status.code().unwrap())
}

/// One form for what is known to differ.
fn normal(text: &str) -> String {
    let now = jiff::Zoned::now().with_time_zone(jiff::tz::TimeZone::get(ZONE).unwrap());
    let today = now.strftime("  %a %b %d ").to_string();
    let mut normal = String::new();
    for line in text.lines() {
        // Addresses of IPv6 are told by another expression since 1.1.
        let line = &line.replace("::?|::)", "::?|:)");
        if line.starts_with("[processed in ") {
            normal += "[processed]";
        } else if let Some(rest) = line
            .strip_prefix("Use   failregex filter file :")
            .or_else(|| line.strip_prefix("Use   failregex file :"))
        {
            // Worded differently since 1.1.
            normal += "Use      filter file :";
            normal += rest;
        } else if line.contains("ExYearExMonthExDay") {
            // This template accepts more since 1.1; unused templates are shown with -v only.
            normal += "|  [?] %ExY%Exm%Exd…";
        } else if let Some((before, _)) = line.split_once(&today) {
            // Without any date the present is shown, which goes on between two runs.
            normal += before;
            normal += "  now";
        } else {
            let is_now = |word: &&str| {
                let seconds = word.parse::<f64>().unwrap_or_default();
                (seconds - now.timestamp().as_second() as f64).abs() < 600.0
            };
            match line.split(' ').find(is_now) {
                Some(word) => normal += &line.replace(word, "now"),
                None => normal += line,
            }
        }
        normal.push('\n');
    }
    normal
}

fn assert_same(runs: &[Vec<&str>]) {
    for (args, (text, code)) in runs.iter().zip(original(runs)) {
        let (our_text, our_code) = ours(args);
        assert_same_lines(&normal(&text), &normal(&our_text), args);
        assert_eq!(code, our_code, "{args:?}");
    }
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
    let (rows, _) = ours(&["-o", "row", log, &filter]);
    assert_eq!(rows.lines().count(), 6, "{rows}");
    // Version 1.0.2 kept the filter's ignoreregex beside one that was given.
    let (rows, _) = ours(&["-o", "row", log, &filter, "^never$"]);
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
    for (args, (_, code)) in runs.iter().zip(original(&runs)) {
        assert_eq!(code, ours(args).1, "{args:?}");
    }
}

#[test]
fn json_gives_the_counts_and_the_lines_that_were_asked_for() {
    let log = "2026-01-08 14:19:15 hit 192.0.2.1\nmiss\nskip 192.0.2.1";
    let (text, code) = ours(&[
        "--json",
        "--print-all-matched",
        "--print-all-missed",
        log,
        "<ADDR>$",
        "skip",
    ]);
    assert_eq!(code, 0);
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let counts = serde_json::json!({"tested": 3, "ignored": 1, "matched": 1, "missed": 1});
    assert_eq!(json["lines"], counts);
    assert_eq!(json["matched"][0], "2026-01-08 14:19:15 hit 192.0.2.1");
    assert_eq!(json["missed"], serde_json::json!(["miss"]));
    assert_eq!(json["ignored"], serde_json::Value::Null);
    assert_eq!(json["failregex"][0]["hits"], 1);
    assert_eq!(json["date_templates"][0]["hits"], 1);
}

#[test]
fn inverted_output_shows_the_lines_that_are_no_failure() {
    // Version 1.0.2 has no such option.
    let log = "2026-01-08 14:19:15 hit 192.0.2.1\nmiss\nskip 192.0.2.1";
    let show = |out| ours(&["-i", "-o", out, log, "<ADDR>$", "skip"]).0;
    assert_eq!(show("msg"), "miss\nskip 192.0.2.1\n");
    assert!(show("row").starts_with("['',\t1767"));
}

#[test]
fn the_journal_is_said_to_be_missing() {
    for args in [
        ["systemd-journal", "<HOST>"].as_slice(),
        &["-m", "_COMM=sshd", "a", "<HOST>"],
    ] {
        let (text, code) = ours(args);
        assert!(
            code == 255 && text.contains("journal") && text.contains("not in this version"),
            "{text}"
        );
    }
}
