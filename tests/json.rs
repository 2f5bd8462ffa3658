//! What docs/json.md shows is what `--json` prints: each of its examples is asked of a server, in order, and the answer
//! has the shape of the one on the page.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use serde_json::Value as Json;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The server, ended whatever becomes of the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn write_configuration(dir: &std::path::Path) {
    for sub in ["filter.d", "action.d"] {
        std::fs::create_dir(dir.join(sub)).unwrap();
    }
    let (write, shown) = (
        |name: &str, text: String| std::fs::write(dir.join(name), text).unwrap(),
        dir.display(),
    );
    write("log", String::new());
    write(
        "fail2ban.conf",
        format!(
            "[Definition]\nloglevel = INFO\nlogtarget = {shown}/f2b.log\nsocket = {shown}/sock\npidfile = {shown}/pid\n\
             dbfile = {shown}/db\ndbpurgeage = 1d\n"
        ),
    );
    write(
        "jail.conf",
        format!(
            "[DEFAULT]\nbackend = polling\nenabled = true\nignoreself = false\nusedns = no\nbantime = 600\nfilter = door\n\
             logpath = {shown}/log\n[ssh]\n[web]\naction = note\n"
        ),
    );
    write(
        "filter.d/door.conf",
        "[Definition]\nfailregex = ^bad <HOST>$\n".to_owned(),
    );
    write(
        "action.d/note.conf",
        "[Definition]\nactionban = true\nactionunban = true\n".to_owned(),
    );
}

/// Commands and answers of the page.
fn examples() -> Vec<(Vec<String>, Json)> {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/json.md")).unwrap();
    let mut examples = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(command) = line.strip_prefix("$ fail2ban-client ") {
            let answer = serde_json::from_str(lines.next().unwrap()).unwrap_or_else(|error| panic!("{line}: {error}"));
            examples.push((words(command), answer));
        }
    }
    examples
}

/// Words between spaces, or in double quotes.
fn words(line: &str) -> Vec<String> {
    let parts = line.split('"').enumerate();
    parts
        .flat_map(|(index, part)| match index % 2 {
            0 => part.split_whitespace().map(str::to_owned).collect(),
            _ => vec![part.to_owned()],
        })
        .collect()
}

/// What kind of value, not which. Names of jails and addresses are keys, and so part of the shape.
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
fn every_example_of_the_page_is_answered_in_its_shape() {
    let dir = tempfile::tempdir().unwrap();
    write_configuration(dir.path());
    let bantam = |kind: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bantam"));
        command.arg(kind).arg("-c").arg(dir.path()).stdin(Stdio::null());
        command
    };
    let mut server = bantam("server");
    server.args(["-f", "start"]).stdout(Stdio::null()).stderr(Stdio::null());
    let _server = Server(server.spawn().unwrap());
    let deadline = Instant::now() + Duration::from_secs(20);
    while !bantam("client")
        .args(["set", "web", "banip", "192.0.2.7"])
        .output()
        .unwrap()
        .status
        .success()
    {
        assert!(Instant::now() < deadline, "no server within 20 seconds");
        std::thread::sleep(Duration::from_millis(50));
    }
    let examples = examples();
    assert!(examples.len() > 50, "{} examples", examples.len());
    for (words, expected) in examples {
        let done = bantam("client").args(&words).output().unwrap();
        let out = String::from_utf8_lossy(&done.stdout);
        let got: Json = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{words:?}: {error}: {out}"));
        assert_eq!(out.lines().count(), 1, "{words:?}: {out}");
        assert_eq!(shape(&got), shape(&expected), "{words:?} gives {got}");
        let code = if got.get("error").is_some() { 255 } else { 0 };
        assert_eq!(done.status.code(), Some(code), "{words:?} gives {got}");
        if got.is_number() || got.is_boolean() || got.get("error").is_some_and(|error| error["class"] != "") {
            assert_eq!(got, expected, "{words:?}");
        }
    }
}

#[test]
fn each_line_typed_is_answered_by_one_document() {
    let dir = tempfile::tempdir().unwrap();
    write_configuration(dir.path());
    let mut child = Command::new(env!("CARGO_BIN_EXE_bantam"))
        .args(["client", "--json", "-i", "-c"])
        .arg(dir.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::io::Write::write_all(
        &mut child.stdin.take().unwrap(),
        b"ping\nset 'open\n\nreload a b\nexit\nping\n",
    )
    .unwrap();
    let done = child.wait_with_output().unwrap();
    assert!(done.status.success());
    let out = String::from_utf8(done.stdout).unwrap();
    let documents: Vec<Json> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(documents.len(), 3, "{out}");
    assert!(
        documents
            .iter()
            .all(|document| document["error"]["message"].is_string()),
        "{out}"
    );
}
