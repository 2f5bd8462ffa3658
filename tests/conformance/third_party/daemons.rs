//! Some of the jails in both daemons: the same log, whole at the start or written while they run, must end in the same
//! bans in the same order.

use super::folder::{self, Folder};
use crate::house::{House, Subject};
use crate::ledger::Ledger;
use crate::oracle;

/// The jails, and a line that their filters take for a failure of [`LAST`]. It ends each log, so its ban says that all
/// has been read.
const JAILS: &[(&str, &str)] = &[
    (
        "nextcloud",
        r#"{"reqId":"Z","level":2,"time":"2026-01-09T14:00:00+01:00","remoteAddr":"198.18.0.99","user":"--","app":"core","message":"Login failed: x (Remote IP: 198.18.0.99)"}"#,
    ),
    (
        "authelia-json",
        r#"{"level":"error","msg":"Unsuccessful 1FA authentication attempt by user 'x'","remote_ip":"198.18.0.99","time":"2026-01-09T14:00:00+01:00"}"#,
    ),
    (
        "wordpress-xmlrpc",
        r#"198.18.0.99 - - [09/Jan/2026:14:00:00 +0100] "GET //wp-login.php HTTP/1.1" 200 5 "-" "-""#,
    ),
    (
        "caddy-json",
        r#"{"level":"info","ts":1767963600.5,"request":{"remote_ip":"198.18.0.99","uri":"/"},"status":401}"#,
    ),
    (
        "traefik-json",
        r#"{"ClientHost":"198.18.0.99","DownstreamStatus":404,"RequestPath":"/x","time":"2026-01-09T14:00:00+01:00"}"#,
    ),
    (
        "synapse",
        r"2026-01-09 14:00:00,000 - synapse.http - 1 - INFO - POST-1 - ratelimited 198.18.0.99",
    ),
    (
        "mastodon",
        r"2026-01-09T14:00:00+01:00 social puma[2]: [00000000] method=POST path=/auth/sign_in format=html controller=auth/sessions action=create status=422 ip=198.18.0.99",
    ),
    (
        "ssh-custom",
        r"2026-01-09T14:00:00+01:00 srv sshd[9]: Failed password for x from 198.18.0.99 port 1 ssh2",
    ),
    (
        "sudo-su",
        r"2026-01-09T14:00:00+01:00 srv sudo:   198.18.0.99 : user NOT in sudoers ; TTY=pts/1 ; PWD=/ ; USER=root ; COMMAND=/bin/sh",
    ),
    (
        "postfix-own",
        r"2026-01-09T14:00:00+01:00 mx postfix/smtpd[1]: NOQUEUE: reject: RCPT from h.example[198.18.0.99]: 554 5.7.1 Service unavailable; Client host [198.18.0.99] blocked using bl.example",
    ),
    (
        "subnet-spam",
        r#"2026-01-09@14:00:00 blocked range 198.18.0.99/32 by x"#,
    ),
    ("epoch-app", r"[1767963600] auth: bad password for x 198.18.0.99"),
    ("no-date", r"DENY x 198.18.0.99"),
    (
        "multi-line-app",
        "2026-01-09 14:00:00 ERROR [t-1] login of x failed\n2026-01-09 14:00:00 INFO [t-1] client=198.18.0.99",
    ),
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
        for ((name, _), (ours, theirs)) in JAILS.iter().zip(ours.iter().zip(&theirs)) {
            ledger.compare(format!("bans of jail {name}, log written {written:?}"), ours, theirs);
        }
    }
}

/// What each jail bans: id, address and failures, in order.
fn bans(subject: Subject, folder: &Folder, written: Written) -> Vec<Vec<String>> {
    let mut house = House::new(subject);
    furnish(&house, folder);
    let logs: Vec<(String, Vec<u8>)> = JAILS.iter().map(|(name, last)| log(name, last)).collect();
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
            let mut command = oracle::program();
            let path = house.folder();
            command
                .args(["server", "-c"])
                .arg(path)
                .args(["-xf", "start"])
                .env("TZ", "UTC");
            house.start_by(command);
        }
    }
    if written == Written::Live {
        for (file, lines) in &logs {
            house.append(file, lines);
        }
    }
    let calls = |name: &str| house.read(&format!("calls-{name}"));
    for (name, _) in JAILS {
        house.wait_for(&format!("jail {name} bans the last one"), || calls(name).contains(LAST));
    }
    let lines = |name: &str| calls(name).lines().map(str::to_owned).collect();
    let bans = JAILS.iter().map(|(name, _)| lines(name)).collect();
    house.stop();
    bans
}

fn log(name: &str, last: &str) -> (String, Vec<u8>) {
    let mut lines = std::fs::read(folder::data(&format!("{name}.log"))).unwrap();
    for _ in 0..MAX_RETRY {
        lines.extend_from_slice(last.as_bytes());
        lines.push(b'\n');
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
    for (name, _) in JAILS {
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
