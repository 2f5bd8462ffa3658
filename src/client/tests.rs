//! The same commands from the original's client to one server of the original's, and from ours to another, must print
//! the same. Needs Debian's packages `fail2ban` and `python3`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
use super::*;
use std::cell::RefCell;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::thread;
use std::time::Instant;

/// What a client printed, and whether it went well. Paths, times and process ids are the same for all.
#[derive(Debug, PartialEq)]
struct Outcome {
    out: String,
    err: String,
    success: bool,
}

/// A server of the original's in a directory of its own.
struct Original {
    dir: tempfile::TempDir,
    child: Child,
}

impl Drop for Original {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Original {
    fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        write_configuration(dir.path());
        let child = Command::new("/usr/bin/fail2ban-server")
            .args(["-c".as_ref(), dir.path().as_os_str(), "-f".as_ref(), "start".as_ref()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("needs the original: apt-get install fail2ban");
        let original = Original { dir, child };
        let deadline = Instant::now() + Duration::from_secs(60);
        while original.run_ours(&["status", "one"]).out.lines().count() < 5 {
            assert!(Instant::now() < deadline, "the original's server did not come up");
            thread::sleep(Duration::from_millis(50));
        }
        original
    }

    fn socket(&self) -> PathBuf {
        self.dir.path().join("sock")
    }

    fn run_ours(&self, words: &[&str]) -> Outcome {
        ours(self.dir.path(), &self.socket(), words)
    }
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

fn write_configuration(dir: &Path) {
    let shown = dir.display();
    for sub in ["filter.d", "action.d"] {
        fs::create_dir(dir.join(sub)).unwrap();
    }
    let write = |name: &str, text: String| fs::write(dir.join(name), text).unwrap();
    write("log", String::new());
    write("other-log", String::new());
    write(
        "fail2ban.conf",
        format!(
            "[Definition]\nloglevel = INFO\nlogtarget = {shown}/f2b.log\nsocket = {shown}/sock\n\
             pidfile = {shown}/pid\ndbfile = {shown}/db\ndbpurgeage = 1d\n"
        ),
    );
    write(
        "jail.conf",
        format!(
            "[DEFAULT]\nbackend = polling\nenabled = true\nignoreself = false\nusedns = no\nbantime = 600\n\
             [one]\nfilter = lines\nlogpath = {shown}/log\naction = nothing[name=a]\n  nothing[actname=second]\n\
             ignoreip = 192.0.2.1 2001:db8::/32\n[two]\nfilter = lines\nlogpath = {shown}/log\n"
        ),
    );
    write(
        "filter.d/lines.conf",
        "[Definition]\nfailregex = ^bad <HOST> \"it's\"$\n  ^worse \\S+ from <ADDR>$\nignoreregex = ^never\n"
            .to_owned(),
    );
    write(
        "action.d/nothing.conf",
        "[Definition]\nactionban = true <ip>\nactionunban = true\n".to_owned(),
    );
}

/// What people and their tools ask, and what can go wrong in it. No jail is added with a backend that the original has yet
/// to import: while an action of it starts a process, that can lock the original up for ever. No address fails as often as
/// `maxretry`, since its ban would come at a time of its own.
const COMMANDS: &str = r#"
ping
ping 5
ping five
version
status
status one
status one basic
status one short
status two
status nojail
status one basic more
banned
banned 192.0.2.7
banned 192.0.2.7 192.0.2.8
echo a 'b c' "it's"
echo
flushlogs
server-status
nonsense
nonsense with words
get
set
get loglevel
set loglevel DEBUG
get loglevel
set loglevel 7
get loglevel
set loglevel bogus
set loglevel INFO
get logtarget
get syslogsocket
set syslogsocket auto
get dbfile
get dbmaxmatches
set dbmaxmatches 5
set dbmaxmatches x
get dbpurgeage
set dbpurgeage 2d
set dbpurgeage 5400
get thread
get nothing
get nojail bantime
set nojail bantime 5
get one nothing
get one
set one
set one nothing
set one nothing x
get one logpath
set one addlogpath DIR/other-log
set one addlogpath DIR/other-log sideways
set one addlogpath DIR/absent
set one dellogpath DIR/other-log
set one dellogpath DIR/log
get one logpath
set one addlogpath DIR/log tail
get one logencoding
set one logencoding utf-8
set one logencoding klingon
get one journalmatch
get one ignoreself
set one ignoreself true
get one ignoreip
get two ignoreip
set one addignoreip 198.51.100.0/24
set one delignoreip 198.51.100.0/24
set one delignoreip 203.0.113.9
get one ignorecommand
set one ignorecommand "/bin/false <ip>"
get one ignorecommand
set one ignorecommand ""
get one ignorecache
get one prefregex
set one prefregex "^<F-CONTENT>.*</F-CONTENT>$"
get one prefregex
set one prefregex ""
get one failregex
set one addfailregex "^third <HOST>$"
set one addfailregex "^no host$"
set one addfailregex "^( <HOST>$"
set one delfailregex 2
set one delfailregex 77
set one delfailregex x
set one delfailregex 0
set one delfailregex 0
get one failregex
set one addfailregex "^bad <HOST>$"
get one ignoreregex
set one addignoreregex "^more"
set one delignoreregex 0
get one findtime
set one findtime 1h
set one findtime soon
get one bantime
set one bantime 10m
set one bantime never
get one bantime.increment
set one bantime.increment true
get one bantime.factor
set one bantime.factor 2
get one bantime.formula
get one bantime.multipliers
set one bantime.multipliers "1 2 4"
get one bantime.maxtime
set one bantime.maxtime 1w
get one bantime.rndtime
get one bantime.overalljails
set one bantime.increment false
get one datepattern
set one datepattern "%Y-%m-%d"
get one datepattern
set one datepattern EPOCH
get one datepattern
set one datepattern {NONE}
get one datepattern
set one datepattern "%"
get one logtimezone
set one logtimezone UTC+0130
set one logtimezone Mars
get one usedns
set one usedns warn
get one maxretry
set one maxretry 3
set one maxretry three
get one maxmatches
set one maxmatches 3
get one maxlines
set one maxlines 2
set one maxlines 0
get one actions
get two actions
get one actionproperties nothing
get one actionproperties second
get one actionmethods second
get one actionproperties absent
get one action second actionban
get one action second timeout
get one action second absent
set one action second actionban "echo <ip>"
set one action second timeout 1m
set one action second timeout x
set one addaction third
set one addaction third
set one action third newproperty value
set one delaction third
set one delaction third
set one banip 192.0.2.7 2001:db8::7
set one banip 192.0.2.7
set two banip 192.0.2.7
set one banip not-an-address
sleep 0.3
banned
banned 192.0.2.7 2001:db8::7 192.0.2.99
get one banned
get one banned 192.0.2.7
get one banned 192.0.2.7 192.0.2.99
get one banip
get one banip ,
get one banip --with-time
get two banip
status one
status one short
set one attempt 192.0.2.8
set one attempt 192.0.2.9 "a line" "another"
set one unbanip 192.0.2.7
set one unbanip 192.0.2.7
set one unbanip --report-absent 192.0.2.7
set one unbanip --report-absent 192.0.2.7 192.0.2.98
unban 192.0.2.7
unban
unban --all
unban --all
set one idle on
set one idle maybe
set one idle off
add
add three polling
add three
add four bogus-backend
start three
start three
start nojail
status three
get three logpath
get three failregex
get three ignoreip
get three actions
set three addignoreip 192.0.2.5
stop three
stop three
status
restart a b
reload --restart one two
reload --unban --if-exists a b
-q status nojail
--bogus
-q ping
stop
ping
status
"#;

#[test]
fn replies_are_printed_as_the_originals_client_prints_them() {
    let (left, right) = (Original::start(), Original::start());
    let lines: Vec<&str> = COMMANDS.lines().filter(|line| !line.is_empty()).collect();
    let split = |line: &str, dir: &Path| interactive::words(&line.replace("DIR", dir.to_str().unwrap())).unwrap();
    let left_words: Vec<Vec<String>> = lines.iter().map(|line| split(line, left.dir.path())).collect();
    let left_words: Vec<Vec<&str>> = left_words
        .iter()
        .map(|words| words.iter().map(String::as_str).collect())
        .collect();
    let expected = theirs(left.dir.path(), &left.socket(), &left_words);
    let mut different = Vec::new();
    for (line, expected) in lines.iter().zip(expected) {
        let words = split(line, right.dir.path());
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let got = right.run_ours(&words);
        // The usage text is in our own words.
        let same_text = got == expected || (expected.out.starts_with("Usage: ") && got.out.starts_with("Usage: "));
        if !same_text || got.success != expected.success {
            different.push(format!("{line}\n  expected {expected:?}\n  got      {got:?}"));
        }
    }
    assert!(
        different.is_empty(),
        "{} of {}:\n{}",
        different.len(),
        lines.len(),
        different.join("\n")
    );
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
