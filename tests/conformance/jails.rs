//! Each stock jail, alone and with all others, on files, on the journal and without its log: the stream of commands that
//! `-d` prints.

use crate::ledger::Ledger;
use crate::stock::{BANTAM, Stock, ask};
use serde_json::json;
use std::collections::BTreeMap;
use std::process::Command;

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
    let theirs: BTreeMap<String, Vec<String>> = ask("stock.py", &["jails"], &request);
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
    match ours.iter().zip(theirs).find(|(ours, theirs)| ours != theirs) {
        Some((ours, theirs)) => ledger.compare(name, ours, theirs),
        None => ledger.compare(format!("{name}: commands"), &ours.len(), &theirs.len()),
    }
}
