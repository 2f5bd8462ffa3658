//! Each stock jail, alone and with all others, on files, on the journal and without its log: the stream of commands that
//! `-d` prints.

use crate::ledger::Ledger;
use crate::stock::{BANTAM, Stock, ask};
use bantam_conf::FAIL2BAN_VERSION;
use serde_json::json;
use std::collections::BTreeMap;
use std::process::Command;

/// Since 1.1.1 an argument holds for both families. The installed original keeps the file's value for the other.
const NEWER: &str = "Bantam follows Fail2ban 1.1 where that differs from the 1.0.2 that Debian ships";

pub fn compare(ledger: &mut Ledger) {
    let stock = Stock::new();
    let jails = stock.jails();
    let mut locals = BTreeMap::new();
    let log = stock.log().display().to_string();
    let sources = [
        ("", format!("logpath = {log}")),
        (" on the journal", format!("logpath = {log}\nbackend = systemd")),
        (" without its log", "logpath = /nonexistent/log".to_owned()),
    ];
    for (source, settings) in sources {
        let mut all = String::new();
        for jail in &jails {
            let local = format!("[{jail}]\nenabled = true\n{settings}\n");
            all.push_str(&local);
            locals.insert(format!("{jail}{source}"), local);
        }
        locals.insert(format!("all together{source}"), all);
    }
    let request = json!({"dir": stock.path(), "locals": locals});
    let theirs: BTreeMap<String, Vec<String>> = ask("stock.py", &["jails", FAIL2BAN_VERSION], &request);
    for (name, local) in &locals {
        std::fs::write(stock.path().join("jail.local"), local).unwrap();
        let started = if name.starts_with("all together") {
            jails.len()
        } else {
            1
        };
        judge(ledger, name, started, &dump(&stock), &theirs[name]);
    }
    ledger.note(format!("{} jails", jails.len()));
}

/// What our client prints.
fn dump(stock: &Stock) -> Vec<String> {
    let mut command = Command::new(BANTAM);
    let output = command.args(["client", "-d", "-c"]).arg(stock.path()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn judge(ledger: &mut Ledger, name: &str, started: usize, ours: &[String], theirs: &[String]) {
    let starts = theirs.iter().filter(|line| line.starts_with("['start', ")).count();
    if starts != started {
        return ledger.differ(format!("{name}: the original starts {starts} jails and not {started}"));
    }
    if ours == theirs {
        return ledger.agree();
    }
    let pairs = || ours.iter().zip(theirs).filter(|(ours, theirs)| ours != theirs);
    if ours.len() == theirs.len() && pairs().all(|(ours, theirs)| is_newer_twin(ours, theirs)) {
        return ledger.except(name, NEWER);
    }
    match pairs().find(|(ours, theirs)| !is_newer_twin(ours, theirs)) {
        Some((ours, theirs)) => ledger.compare(name, ours, theirs),
        None => ledger.compare(format!("{name}: commands"), &ours.len(), &theirs.len()),
    }
}

/// Whether two commands differ in nothing but options for a family whose plain form the jail passes.
fn is_newer_twin(ours: &str, theirs: &str) -> bool {
    let parts = |line: &str| line.split("], [").map(str::to_owned).collect::<Vec<_>>();
    let (ours, theirs) = (parts(ours), parts(theirs));
    let value = |part: &str| part.split_once("', ").map(|(_, value)| value.to_owned());
    ours.len() == theirs.len()
        && ours
            .iter()
            .zip(&theirs)
            .filter(|(ours, theirs)| ours != theirs)
            .all(|(part, other)| {
                let Some((name, _)) = part.split_once("?family=") else {
                    return false;
                };
                let plain = ours.iter().find(|part| part.starts_with(&format!("{name}', ")));
                other.starts_with(&format!("{name}?family=")) && plain.and_then(|plain| value(plain)) == value(part)
            })
}
