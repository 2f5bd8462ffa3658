//! The two clients as people run them, each a process of its own with a server of its own: started, asked, typed at,
//! restarted and stopped.

use super::place::{Place, Whose};
use super::{Outcome, client, in_folder, normal};
use crate::ledger::Ledger;
use std::io::Write;
use std::process::Stdio;

/// Words, and what is typed.
type Session = (&'static [&'static str], &'static str);

const TYPED: &str = "status\nget one bantime\n\nset one addignoreregex '^a b' \"more\"\nnonsense\nstatus nojail\n\
                     echo 'a b' c\nset one banip 192.0.2.70\nget one banip\nset one unbanip 192.0.2.70\nset one action \
                     second timeout 5\nbanned\nping\nreload one\nrestart two\nreload\nstatus two short\nexit\nstatus\n";

const SESSIONS: &[Session] = &[
    (&["status"], ""),
    (&["ping"], ""),
    (&["ping", "0.2"], ""),
    (&["reload"], ""),
    (&["stop"], ""),
    (&[], ""),
    (&["-h"], ""),
    (&["--bogus"], ""),
    (&["-d"], ""),
    (&["--dp"], ""),
    (&["-t"], ""),
    (&["-t", "-d"], ""),
    (&["--str2sec", "1d 12h"], ""),
    (&["--str2sec", "1mo"], ""),
    (&["-i"], "status\nexit\n"),
    (&["start"], ""),
    (&["start"], ""),
    (&["-x", "start"], ""),
    (&["status"], ""),
    (&["status", "grown"], ""),
    (&["-t", "status", "two"], ""),
    (&["-q", "get", "one", "failregex"], ""),
    (&["-v", "get", "two", "ignoreregex"], ""),
    (&["-i"], TYPED),
    (&["-i", "status", "one", "short"], "get one maxretry\nquit\n"),
    (&["-i", "status", "nojail"], "status\nexit\n"),
    (&["-i"], "status\n"),
    (&["set", "one", "banip", "192.0.2.71"], ""),
    (&["reload"], ""),
    (&["get", "one", "banip"], ""),
    (&["restart"], ""),
    (&["sleep", "2"], ""), // The original sets its bans again later.
    (&["get", "one", "banip"], ""),
    (&["status", "nojail"], ""),
    (&["set", "one"], ""),
    (&["-i"], "restart\nstatus\nexit\n"),
    (&["sleep", "2"], ""),
    (&["unban", "--all"], ""),
    (&["stop"], ""),
    (&["stop"], ""),
    (&["status"], ""),
];

pub fn compare(ledger: &mut Ledger) {
    let [theirs, ours] = [Whose::Theirs, Whose::Ours].map(|whose| {
        let place = Place::new();
        SESSIONS
            .iter()
            .map(|session| run(whose, &place, session))
            .collect::<Vec<Outcome>>()
    });
    for (((words, typed), theirs), ours) in SESSIONS.iter().zip(theirs).zip(ours) {
        ledger.compare(format!("as processes: {words:?} {typed:?}"), &ours, &theirs);
    }
}

fn run(whose: Whose, place: &Place, (words, typed): &Session) -> Outcome {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    let mut child = client(whose, place.folder(), &in_folder(&words, place.folder()))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    let done = child.wait_with_output().unwrap();
    let code = done.status.code();
    assert!(matches!(code, Some(0 | 255)), "{words:?} ended with {code:?}");
    let out = String::from_utf8_lossy(&done.stdout).into_owned();
    // Each greets in its own words.
    let out = match out.find("fail2ban> ") {
        Some(prompt) if words.len() == 1 => out[prompt..].to_owned(),
        _ => out
            .lines()
            .filter(|line| !line.starts_with("Bantam v") && !is_greeting(line))
            .collect::<Vec<_>>()
            .join("\n"),
    };
    normal(&out, code == Some(0), place.folder())
}

fn is_greeting(line: &str) -> bool {
    line.is_empty() || line.starts_with("Fail2Ban v") || line.starts_with("and bans the corresponding")
}
