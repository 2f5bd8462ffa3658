//! One database under two daemons: what either wrote, stopped or killed, both take over alike.
//!
//! A writer bans some two hundred of all kinds; then each daemon in turn starts on a copy of what it left, and says what
//! it has in force. Files of the older schemas likewise.

use crate::house::Subject::{self, Bantam, Original};
use crate::house::{House, now};
use crate::ledger::Ledger;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// Sample files that come with the original's tests.
const SAMPLES: &str = "/usr/lib/python3/dist-packages/fail2ban/tests/files";
const LOGS: [&str; 6] = ["door.log", "users.log", "raw.log", "again.log", "short.log", "none.log"];
/// All of a ban's row, with the kind of the column that a client could not tell from its text.
const BAN: &str = "timeofban || ' ' || bantime || ' ' || bancount || ' ' || typeof(data) || '\t' || cast(data as text)";
/// The original gives a row to a file of which there is nothing to remember.
const EMPTY: &str = " 0";
const DATABASE: [&str; 3] = ["f.sqlite3", "f.sqlite3-wal", "f.sqlite3-shm"];

pub fn compare(ledger: &mut Ledger) {
    for writer in [Original, Bantam] {
        let mut house = furnished(writer);
        let left = written(&mut house);
        rearrange(&house);
        for (how, files) in &left {
            let what = format!("written by {writer:?}, {how}");
            both(ledger, &mut house, &what, files, &carry_on);
        }
        if writer == Original {
            older_schemas(ledger, &mut house, &left[1].1);
        }
    }
    samples(ledger);
}

/// Contents of the files of a database.
type Files = Vec<(&'static str, Vec<u8>)>;

fn furnished(writer: Subject) -> House {
    let house = House::new(writer);
    house.write(
        "filter.d/users.conf",
        "[Definition]\nfailregex = ^\\s*<ADDR> knocks as <F-USER>.*</F-USER>$\ndatepattern = ^EPOCH\n",
    );
    house.write(
        "filter.d/raw.conf",
        "[Definition]\nfailregex = ^\\s*<F-ID>\\S+</F-ID> knocks\ndatepattern = ^EPOCH\n",
    );
    let log = |name: &str| format!("logpath = {}\n", house.at(name).display());
    let growing = "bantime.increment = true\nbantime.factor = 1\n";
    house.jail("door", growing);
    house.jail("users", &format!("filter = users\n{}", log("users.log")));
    house.jail("raw", &format!("filter = raw\n{growing}{}", log("raw.log")));
    house.jail("forever", &format!("bantime = -1\n{}", log("none.log")));
    let third_is_long = "bantime = 3\nbantime.increment = true\nbantime.multipliers = 1 1 200\n";
    house.jail("again", &format!("{third_is_long}{}", log("again.log")));
    let second_is_long = "bantime = 3\nbantime.increment = true\nbantime.multipliers = 1 200\n";
    house.jail("short", &format!("{second_is_long}{}", log("short.log")));
    house.jail("capped", &format!("bantime = 3600\n{}", log("none.log")));
    house.jail("gone", &log("none.log"));
    for name in LOGS {
        house.write(name, "");
    }
    house
}

/// What the readers find otherwise than the writer: some are ignored now, bans are shorter, a jail is gone.
fn rearrange(house: &House) {
    let options = house.read("jail.d/door.conf");
    house.write(
        "jail.d/door.conf",
        &format!("{options}ignoreip = 192.0.2.16/29 2001:db8::8/125 198.51.100.7\n"),
    );
    let options = house.read("jail.d/capped.conf");
    house.write("jail.d/capped.conf", &options.replace("3600", "300"));
    house.remove("jail.d/gone.conf");
}

/// Bans of all kinds by one daemon; the database after its sudden end, and after a restart and an orderly one.
fn written(house: &mut House) -> Vec<(&'static str, Files)> {
    house.start();
    for number in 0..40 {
        house.knock("door.log", &format!("192.0.2.{number}"), 3);
    }
    for number in 0..30 {
        house.knock("door.log", &format!("2001:db8::{number:x}"), 3);
    }
    for number in 0..20 {
        let text = format!("{} 192.0.2.{number} knocks as J\u{fc}rgen \"{number}\"\n", now());
        house.append("users.log", text.repeat(4).as_bytes());
        let id = format!("id-{number}@\u{20ac}");
        house.append("raw.log", format!("{} {id} knocks\n", now()).repeat(3).as_bytes());
    }
    let by_hand = |jail: &str, ids: Vec<String>| {
        let mut words = vec!["set", jail, "banip"];
        words.extend(ids.iter().map(String::as_str));
        house.ask(&words);
    };
    by_hand("door", (0..30).map(|number| format!("198.51.100.{number}")).collect());
    by_hand("door", vec!["203.0.113.0/24".to_owned(), "2001:db8:1::/64".to_owned()]);
    by_hand("raw", (0..5).map(|number| format!("by hand {number}")).collect());
    by_hand("forever", (0..20).map(|number| format!("203.0.113.{number}")).collect());
    by_hand("capped", (0..15).map(|number| format!("192.0.2.{number}")).collect());
    by_hand("gone", (0..5).map(|number| format!("192.0.2.{number}")).collect());
    for round in 0..3 {
        let said = |house: &House| house.says("[again] Unban ");
        house.wait_for("the last round is over", || said(house) == round * 10);
        for number in 0..10 {
            house.knock("again.log", &format!("192.0.2.{number}"), 3);
        }
        let bans = |house: &House| house.says("[again] Ban ");
        house.wait_for("the next round", || bans(house) == (round + 1) * 10);
    }
    for number in 0..15 {
        house.knock("short.log", &format!("192.0.2.{number}"), 3);
    }
    house.wait_for("short bans are over", || house.says("[short] Unban ") == 15);
    let unbanned: Vec<String> = (0..5)
        .flat_map(|number| [format!("192.0.2.{number}"), format!("198.51.100.{number}")])
        .collect();
    let mut words = vec!["set", "door", "unbanip"];
    words.extend(unbanned.iter().map(String::as_str));
    house.ask(&words);
    // The original writes its rows a little later.
    let rows = |house: &House| rows(house, "select count(*) from bips").join("");
    house.wait_for("all rows", || rows(house) == "202");
    house.wait_for("all counts", || {
        self::rows(
            house,
            "select count(*) from bips where jail = 'again' and bancount = 3 and bantime = 600",
        ) == ["10"]
    });
    std::thread::sleep(std::time::Duration::from_millis(500));
    house.kill();
    let mut killed = taken(house);
    house.start();
    house.wait_for("all restored", || house.figure("raw", "Currently banned") == 25);
    house.stop();
    // The original has not written down how far it has read, and would judge the lines once more, in a race with what
    // it restores. So its logs are rotated meanwhile: it is the bans that are compared.
    let logs = killed.iter_mut().filter(|(name, _)| name.ends_with(".log"));
    for (_, content) in logs.filter(|_| house.subject == Original) {
        content.clear();
    }
    vec![("killed", killed), ("stopped", taken(house))]
}

fn taken(house: &House) -> Files {
    let content = |name: &&'static str| Some((*name, std::fs::read(house.at(name)).ok()?));
    DATABASE.iter().chain(&LOGS).filter_map(content).collect()
}

/// As it was left. Logs keep their inode, as they would.
fn put_back(house: &House, files: &Files) {
    for name in DATABASE {
        let _ = std::fs::remove_file(house.at(name));
    }
    for (name, content) in files {
        std::fs::write(house.at(name), content).unwrap();
    }
}

/// What one daemon says of a database, and what it leaves of it.
struct Account {
    said: Vec<String>,
    restored: BTreeMap<String, String>,
    left: BTreeMap<String, String>,
}

fn both(ledger: &mut Ledger, house: &mut House, what: &str, files: &Files, then: &dyn Fn(&House)) {
    // Where the logs were emptied, there is no place in them to be remembered.
    let emptied = files
        .iter()
        .any(|(name, content)| *name == "door.log" && content.is_empty());
    let account = |house: &mut House, reader| {
        put_back(house, files);
        house.subject = reader;
        house.start();
        let said = says(house);
        let mut restored = tables(house);
        then(house);
        house.stop();
        let mut left = without_moments(tables(house));
        for tables in [&mut restored, &mut left] {
            tables.retain(|key, _| !emptied || !key.starts_with("logs "));
        }
        Account { said, restored, left }
    };
    let ours = account(house, Bantam);
    match rows(house, "pragma integrity_check").join(" ").as_str() {
        "ok" => ledger.agree(),
        wrong => ledger.differ(format!("{what}, the file that we left: {wrong}")),
    }
    let theirs = account(house, Original);
    line_by_line(ledger, &format!("{what}, what is in force"), &ours.said, &theirs.said);
    row_by_row(
        ledger,
        &format!("{what}, after the start"),
        &ours.restored,
        &theirs.restored,
    );
    row_by_row(ledger, &format!("{what}, after the end"), &ours.left, &theirs.left);
}

fn row_by_row(ledger: &mut Ledger, what: &str, ours: &BTreeMap<String, String>, theirs: &BTreeMap<String, String>) {
    for key in ours.keys().chain(theirs.keys().filter(|key| !ours.contains_key(*key))) {
        let what = format!("{what}, {key}");
        match (ours.get(key), theirs.get(key)) {
            (None, Some(theirs)) if key.starts_with("logs ") && theirs == EMPTY => {
                ledger.except(what, "A log without a line has no row in the database");
            }
            (ours, theirs) => ledger.compare(what, &ours, &theirs),
        }
    }
}

fn line_by_line(ledger: &mut Ledger, what: &str, ours: &[String], theirs: &[String]) {
    for index in 0..ours.len().max(theirs.len()) {
        ledger.compare(format!("{what}, line {index}"), &ours.get(index), &theirs.get(index));
    }
}

/// All that is in force, in the order in which it is told. One client asks both: it is the daemons that are compared.
fn says(house: &House) -> Vec<String> {
    let mut jails: Vec<String> = std::fs::read_dir(house.at("jail.d"))
        .unwrap()
        .map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    jails.sort();
    let ask = |words: &[&str]| house.ask_by(Bantam, words);
    settle(&ask);
    let mut said = Vec::new();
    for jail in &jails {
        let listed = ask(&["get", jail, "banip", "--with-time"]);
        said.extend(listed.lines().map(|line| format!("{jail}: {line}")));
        let listed = ask(&["get", jail, "banip"]);
        said.push(format!("{jail}: {}", listed.trim()));
        let status = ask(&["status", jail]);
        let of_bans = |line: &&str| line.contains("Currently banned") || line.contains("Banned IP list");
        said.extend(status.lines().filter(of_bans).map(|line| format!("{jail}: {line}")));
    }
    said.push(ask(&["banned"]));
    for id in [
        "192.0.2.10",
        "id-1@\u{20ac}",
        "203.0.113.0/24",
        "2001:db8::1f",
        "192.0.2.200",
    ] {
        said.push(format!("{id}: {}", ask(&["banned", id])));
    }
    said
}

/// Restoring goes on for a while after the start.
fn settle(ask: &dyn Fn(&[&str]) -> String) {
    let mut before = ask(&["banned"]);
    for _ in 0..20 {
        std::thread::sleep(std::time::Duration::from_millis(500));
        let after = ask(&["banned"]);
        if before == after {
            return;
        }
        before = after;
    }
}

/// The original's tables: rows by what tells them apart.
fn tables(house: &House) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for (key, row, table) in [
        ("''", "version", "fail2banDb"),
        ("name", "enabled", "jails"),
        ("jail || ' ' || path", "firstlinemd5 || ' ' || lastfilepos", "logs"),
        ("jail || ' ' || ip", BAN, "bips"),
        ("jail || ' ' || ip || ' ' || bancount || ' ' || rowid", BAN, "bans"),
    ] {
        let query = format!("select {key} || '\t' || {row} from {table}");
        for line in rows(house, &query) {
            let (key, row) = line.split_once('\t').unwrap();
            let row = row.split_once('\t').map_or_else(
                || row.to_owned(),
                |(head, data)| format!("{head} {}", whole_lines(data)),
            );
            all.insert(format!("{table} {key}"), row);
        }
    }
    all
}

/// A line may stand in the three parts about its date or as a whole, within one list; it is the same line.
fn whole_lines(data: &str) -> String {
    let mut data: serde_json::Value = serde_json::from_str(data).unwrap();
    let lines = data.get_mut("matches").and_then(serde_json::Value::as_array_mut);
    for line in lines.into_iter().flatten() {
        if let Some(parts) = line.as_array() {
            *line = parts
                .iter()
                .filter_map(serde_json::Value::as_str)
                .collect::<String>()
                .into();
        }
    }
    data.to_string()
}

fn rows(house: &House, query: &str) -> Vec<String> {
    let done = Command::new("sqlite3")
        .args(["-cmd", ".timeout 5000"])
        .arg(house.at("f.sqlite3"))
        .arg(query)
        .output()
        .expect("apt-get install -y sqlite3");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(done.status.success(), "{query}: {}", text(&done.stderr));
    text(&done.stdout).lines().map(str::to_owned).collect()
}

/// Some come again whose short bans are over: their counts carry on.
fn carry_on(house: &House) {
    for number in 0..5 {
        house.knock("short.log", &format!("192.0.2.{number}"), 3);
    }
    let grown = "select count(*) from bips where jail = 'short' and bancount = 2 and bantime = 600";
    house.wait_for("second bans", || rows(house, grown) == ["5"]);
}

/// Those who came again did so at times of their own. Known offenders' failures count for more, which the original adds
/// a little later: which of the lines brings the ban depends on the moment.
fn without_moments(mut tables: BTreeMap<String, String>) -> BTreeMap<String, String> {
    // How far a log was read is written down some time after.
    tables.retain(|key, _| !key.starts_with("logs short "));
    for (key, row) in &mut tables {
        let again = key.starts_with("bips short ") || key.starts_with("bans short ");
        if again && let Some((_, rest)) = row.split_once(' ').filter(|(_, rest)| rest.starts_with("600 2 ")) {
            *row = rest.split('{').next().unwrap_or_default().to_owned();
        }
    }
    tables
}

/// The same bans in files as earlier versions laid them out.
fn older_schemas(ledger: &mut Ledger, house: &mut House, files: &Files) {
    let to_3 = "drop table bips; update fail2banDb set version = 3;";
    let to_2 = "create table old(jail text not null, ip text, timeofban integer not null, data json, \
                foreign key(jail) references jails(name)); \
                insert into old select jail, ip, timeofban, data from bans; drop table bans; \
                alter table old rename to bans; update fail2banDb set version = 2;";
    let to_1 = "create table old(jail text not null, path text, firstlinemd5 text, lastfilepos integer default 0, \
                foreign key(jail) references jails(name) on delete cascade, unique(jail, path)); \
                insert into old select * from logs; drop table logs; alter table old rename to logs; \
                update fail2banDb set version = 1;";
    for (version, change) in [
        (3, to_3.to_owned()),
        (2, format!("{to_3}{to_2}")),
        (1, format!("{to_3}{to_2}{to_1}")),
    ] {
        put_back(house, files);
        rows(house, &change);
        let files = taken(house);
        both(ledger, house, &format!("schema {version}"), &files, &|_| {});
    }
}

/// The files of old that come with the original. Their bans are years past: only endless ones are still in force.
fn samples(ledger: &mut Ledger) {
    for (version, jail) in [(1, "DummyJail #29162448 with 0 tickets"), (2, "pam-generic")] {
        let path = Path::new(SAMPLES).join(format!("database_v{version}.db"));
        let content = std::fs::read(&path).expect("the original's tests: apt-get install -y fail2ban");
        let mut house = House::new(Original);
        house.jail(jail, "filter = door\nbantime = -1\n");
        house.write("fail2ban.local", "[Definition]\ndbpurgeage = 99y\n");
        let files = vec![("f.sqlite3", content)];
        both(
            ledger,
            &mut house,
            &format!("sample of schema {version}"),
            &files,
            &|_| {},
        );
    }
}
