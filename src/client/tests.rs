//! What no server answers with, or seldom, is printed by our client as by the original's. (Real servers are asked in
//! the area `commands` of tests/conformance.) Needs Debian's packages `fail2ban` and `python3`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
use super::*;
use std::cell::RefCell;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::thread;

/// What a client printed, and whether it went well. Paths, times and process ids are the same for all.
#[derive(Debug, PartialEq)]
struct Outcome {
    out: String,
    err: String,
    success: bool,
}

/// A buffer that can be read after the console has it.
#[derive(Clone, Default)]
struct Shared(Rc<RefCell<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn ours(dir: &Path, socket: &Path, words: &[&str]) -> Outcome {
    let (out, err) = (Shared::default(), Shared::default());
    let mut console = Console::to(out.clone(), err.clone());
    let socket = socket.to_str().unwrap();
    let args: Vec<OsString> = ["-s", socket].iter().chain(words).map(OsString::from).collect();
    let success = match cmdline::parse("fail2ban-client", &args, &mut console) {
        Parsed::Run(command_line) => run(&command_line, &mut console),
        Parsed::Done(success) => success,
    };
    let text = |shared: Shared| String::from_utf8(shared.0.take()).unwrap();
    Outcome {
        out: text(out),
        err: text(err),
        success,
    }
    .normal(dir)
}

/// All commands with the original's client, in one process of Python's.
fn theirs(dir: &Path, socket: &Path, commands: &[Vec<&str>]) -> Vec<Outcome> {
    let script = r#"
import io, json, signal, sys
signal.alarm(120)  # a server of the original's can lock itself up
from fail2ban.client import fail2banclient
from fail2ban.client.fail2bancmdline import logSys
socket, commands = json.load(sys.stdin)
outcomes, real = [], (sys.stdout, sys.stderr)
for command in commands:
    sys.stdout, sys.stderr = out, err = io.StringIO(), io.StringIO()
    success = bool(fail2banclient.Fail2banClient().start(['fail2ban-client', '-s', socket] + command))
    for handler in list(logSys.handlers): logSys.removeHandler(handler)
    sys.stdout, sys.stderr = real
    outcomes.append([out.getvalue(), err.getvalue(), success])
json.dump(outcomes, sys.stdout)
"#;
    let mut child = Command::new("/usr/bin/python3")
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("needs Python: apt-get install python3");
    let input = serde_json::json!([socket, commands]).to_string();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let status = output.status;
    assert!(
        status.success(),
        "the original's client gave up ({status}); needs it: apt-get install fail2ban"
    );
    let outcomes: Vec<(String, String, bool)> = serde_json::from_slice::<Vec<serde_json::Value>>(&output.stdout)
        .unwrap()
        .iter()
        .map(|outcome| {
            let text = |at: usize| outcome[at].as_str().unwrap().to_owned();
            (text(0), text(1), outcome[2].as_bool().unwrap())
        })
        .collect();
    outcomes
        .into_iter()
        .map(|(out, err, success)| Outcome { out, err, success }.normal(dir))
        .collect()
}

impl Outcome {
    fn normal(self, dir: &Path) -> Self {
        let dir = dir.to_str().unwrap();
        let err: Vec<String> = self
            .err
            .replace(dir, "DIR")
            .lines()
            .map(without_time_and_process)
            .collect();
        let mut out = self.out.replace(dir, "DIR");
        if out.contains(" + 600 = ") {
            out = out
                .chars()
                .map(|char| if char.is_ascii_digit() { '0' } else { char })
                .collect();
        }
        Outcome {
            out,
            err: err.join("\n"),
            success: self.success,
        }
    }
}

/// `2026-01-02 03:04:05,678 fail2ban   [99]: ERROR   text` without its changing parts.
fn without_time_and_process(line: &str) -> String {
    let Some((start, message)) = line.split_once("]: ") else {
        return line.to_owned();
    };
    let Some((time_and_name, process)) = start.split_once('[') else {
        return line.to_owned();
    };
    assert!(process.bytes().all(|byte| byte.is_ascii_digit()), "{line}");
    let shape: String = time_and_name
        .chars()
        .map(|char| if char.is_ascii_digit() { '0' } else { char })
        .collect();
    let name = shape.strip_prefix("0000-00-00 00:00:00,000 ").expect("a time");
    format!("{name}|{message}")
}

/// Answers each connection's only command with the next of `replies`, as a server of ours would.
fn serve_replies(socket: &Path, replies: Vec<Value>) -> thread::JoinHandle<()> {
    let listener = std::os::unix::net::UnixListener::bind(socket).unwrap();
    thread::spawn(move || {
        for reply in replies {
            let (stream, _) = listener.accept().unwrap();
            let mut frames = bantam_wire::frame::Frames::new(stream, 1 << 20);
            bantam_wire::pickle::decode(&frames.next_frame().unwrap().unwrap()).unwrap();
            let message = [bantam_wire::pickle::encode(&reply).as_slice(), bantam_wire::frame::END].concat();
            frames.get_mut().write_all(&message).unwrap();
            // Until the client has said good-bye.
            while frames.next_frame().is_ok_and(|message| message.is_some()) {}
        }
    })
}

#[test]
fn both_clients_print_the_same_of_what_a_server_of_ours_answers() {
    let ok = |value: Value| Value::Tuple(vec![0.into(), value]);
    let pair = |name: &str, value: Value| Value::Tuple(vec![name.into(), value]);
    let raised = |module: &str, class: &str, args: Vec<Value>| {
        Value::Tuple(vec![
            1.into(),
            Value::Exception {
                module: module.into(),
                class: class.into(),
                args,
            },
        ])
    };
    let odd = || {
        Value::List(vec![
            Value::None,
            1.5.into(),
            Value::Bytes(b"\xff'".to_vec()),
            "é\u{200b}\n".into(),
        ])
    };
    let group = Value::List(vec![
        pair("Currently failed", 0.into()),
        pair("File list", vec!["/a b", "/c"].into()),
    ]);
    let cases: Vec<(&str, Value)> = vec![
        (
            "status",
            ok(Value::List(vec![
                pair("Number of jail", 0.into()),
                pair("Jail list", "".into()),
            ])),
        ),
        (
            "status j",
            ok(Value::List(vec![pair("Filter", group.clone()), pair("Actions", group)])),
        ),
        ("status j", ok(odd())),
        (
            "status j",
            raised("fail2ban.exceptions", "UnknownJailException", vec!["j".into()]),
        ),
        (
            "add j",
            raised("fail2ban.exceptions", "DuplicateJailException", vec!["j".into()]),
        ),
        (
            "set j",
            raised("builtins", "IndexError", vec!["list index out of range".into()]),
        ),
        ("set j x", raised("builtins", "KeyError", vec!["x".into()])),
        ("set j x", raised("builtins", "Exception", vec![])),
        (
            "set j x",
            raised("builtins", "Exception", vec!["<F2B_END_COMMAND> in a text".into()]),
        ),
        ("set j x", raised("builtins", "ValueError", vec!["a".into(), 2.into()])),
        (
            "set j x",
            raised(
                "builtins",
                "FileNotFoundError",
                vec![2.into(), "No such file".into(), "/x".into()],
            ),
        ),
        ("get j x", ok(odd())),
        ("get j x", ok(Value::None)),
        ("get j x", ok(true.into())),
        (
            "get j x",
            ok(Value::Dict(vec![
                ("a".into(), 1e22.into()),
                (2.into(), Value::Tuple(vec![])),
            ])),
        ),
        ("get j banip", ok(odd())),
        ("get j banip", ok(Value::List(vec![]))),
        ("get j banip ;", ok(vec!["a", "b"].into())),
        ("get j logpath", ok(Value::List(vec![]))),
        ("get j logpath", ok(Value::None)),
        ("get j logpath", ok(vec!["/a", "/b", "/c"].into())),
        (
            "get j journalmatch",
            ok(Value::List(vec![vec!["_A=1", "_B=2"].into(), vec!["_C=3"].into()])),
        ),
        (
            "get j datepattern",
            ok(Value::Tuple(vec![Value::None, "Default Detectors".into()])),
        ),
        ("get j datepattern", ok(Value::Tuple(vec!["%Y".into(), "Year".into()]))),
        ("get j failregex", ok(Value::None)),
        ("get dbfile", ok(Value::None)),
        ("get dbpurgeage", ok(Value::None)),
        ("get dbpurgeage", ok(86400.5.into())),
        ("get loglevel", ok(25.into())),
        ("get loglevel", ok(6.into())),
        ("get loglevel", ok(7.into())),
        ("get loglevel", ok(60.into())),
        ("ping", ok(Value::None)),
        ("stop", ok("odd".into())),
        ("stop j", ok(Value::None)),
        (
            "banned",
            ok(Value::List(vec![Value::Dict(vec![(
                "j".into(),
                vec!["192.0.2.1"].into(),
            )])])),
        ),
        ("get j actions", ok(Value::List(vec![]))),
        ("get j actionproperties a", ok(Value::List(vec![]))),
        ("get j actionmethods a", ok(vec!["ban"].into())),
        ("flushlogs", ok("rolled over".into())),
        ("echo a", ok(vec!["a"].into())),
    ];
    let dir = tempfile::tempdir().unwrap();
    let commands: Vec<Vec<&str>> = cases.iter().map(|(line, _)| line.split(' ').collect()).collect();
    let replies: Vec<Value> = cases.into_iter().map(|(_, reply)| reply).collect();
    let (left, right) = (dir.path().join("left"), dir.path().join("right"));
    let servers = [serve_replies(&left, replies.clone()), serve_replies(&right, replies)];
    let expected = theirs(dir.path(), &left, &commands);
    for (words, expected) in commands.iter().zip(expected) {
        let got = ours(dir.path(), &right, words);
        if expected.err.contains("Beautifier error") {
            // What it prints then is what it had come to when it failed.
            assert!(got.err.contains("Beautifier error") && got.success, "{words:?} {got:?}");
        } else {
            assert_eq!(got, expected, "{words:?}");
        }
    }
    servers.into_iter().for_each(|server| server.join().unwrap());
}
