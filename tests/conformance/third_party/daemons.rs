//! Some of the jails in both daemons: the same log, whole at the start or written while they run, must end in the same
//! bans in the same order.

use super::folder::{self, Folder};
use crate::house::{House, Subject};
use crate::ledger::Ledger;
use crate::original::program;

/// The jails. `NAME.last` of each is what its filter takes for a failure of [`LAST`]: it ends the log, so that ban says
/// that all has been read.
const JAILS: &[&str] = &[
    "nextcloud",
    "authelia-json",
    "wordpress-xmlrpc",
    "caddy-json",
    "traefik-json",
    "synapse",
    "mastodon",
    "ssh-custom",
    "sudo-su",
    "postfix-own",
    "subnet-spam",
    "epoch-app",
    "no-date",
    "multi-line-app",
];
const LAST: &str = "198.18.0.99";
/// Of a failure, so that bans need more than one, and what nobody lived through.
const MAX_RETRY: usize = 2;

/// When the log is written.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Written {
    Before,
    Live,
}

pub fn compare(ledger: &mut Ledger, folder: &Folder) {
    for written in [Written::Before, Written::Live] {
        let [ours, theirs] = std::thread::scope(|scope| {
            let run = |subject| scope.spawn(move || bans(subject, folder, written));
            [run(Subject::Bantam), run(Subject::Original)].map(|thread| thread.join().unwrap())
        });
        for (name, (ours, theirs)) in JAILS.iter().zip(ours.iter().zip(&theirs)) {
            ledger.compare(format!("bans of jail {name}, log written {written:?}"), ours, theirs);
        }
    }
}

/// What each jail bans: id, address and failures, in order.
fn bans(subject: Subject, folder: &Folder, written: Written) -> Vec<Vec<String>> {
    let mut house = House::new(subject);
    furnish(&house, folder);
    let logs: Vec<(String, Vec<u8>)> = JAILS.iter().map(|name| log(name)).collect();
    for (file, lines) in &logs {
        // The original takes what is first written to an empty log as if it had been there before.
        let before = if written == Written::Before {
            lines
        } else {
            &b"begin\n"[..]
        };
        house.append(file, before);
    }
    match subject {
        Subject::Bantam => house.start(),
        Subject::Original => {
            let mut command = program("server");
            let path = house.folder();
            command.arg("-c").arg(path).args(["-xf", "start"]).env("TZ", "UTC");
            house.start_by(command);
        }
    }
    if written == Written::Live {
        for (file, lines) in &logs {
            house.append(file, lines);
        }
    }
    let calls = |name: &str| house.read(&format!("calls-{name}"));
    for name in JAILS {
        house.wait_for(&format!("jail {name} bans the last one"), || calls(name).contains(LAST));
    }
    let lines = |name: &str| calls(name).lines().map(str::to_owned).collect();
    let bans = JAILS.iter().map(|name| lines(name)).collect();
    house.stop();
    bans
}

fn log(name: &str) -> (String, Vec<u8>) {
    let mut lines = std::fs::read(folder::data(&format!("{name}.log"))).unwrap();
    let last = std::fs::read(folder::data(&format!("{name}.last"))).unwrap();
    for _ in 0..MAX_RETRY {
        lines.extend_from_slice(&last);
    }
    (format!("{name}.log"), lines)
}

/// The stock configuration, the jails as they are, and over them what every one needs here.
fn furnish(house: &House, folder: &Folder) {
    let base = folder.at("jails").join(folder::ALL);
    folder::copy(&base, house.folder());
    for part in ["filter.d", "action.d"] {
        folder::copy(&base.join(part), &house.at(part));
    }
    house.write("fail2ban.conf", &house.server_options());
    house.write(
        "action.d/write.conf",
        "[Definition]\nactionban = printf '%%s %%s %%s\\n' \"<fid>\" \"<ip>\" \"<failures>\" >> \"<calls>\"\n",
    );
    let mut local = String::new();
    for name in JAILS {
        std::fs::copy(
            base.join(format!("jail.d/{name}.conf")),
            house.at(&format!("jail.d/{name}.conf")),
        )
        .unwrap();
        let at = |file: String| house.at(&file).display().to_string();
        local += &format!(
            "[{name}]\nlogpath = {}\naction = write[calls=\"{}\"]\nmaxretry = {MAX_RETRY}\nfindtime = 3650d\n\
             bantime = -1\nbantime.increment = false\nbackend = auto\nignoreself = false\n",
            at(format!("{name}.log")),
            at(format!("calls-{name}")),
        );
    }
    local += "[postfix-own-normal]\nenabled = false\n";
    house.write("jail.local", &local);
}
