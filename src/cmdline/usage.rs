//! What `-h` prints.
use super::{Console, version};

/// Column in which the explanation of a command begins, and how wide it is.
const COLUMN: usize = 45;
const WIDTH: usize = 34;

/// Prints options and, for the client, commands.
pub fn show_usage(program: &str, console: &mut Console) {
    let is_server = program.ends_with("server");
    console.print(&format!(
        "Usage: {program} [OPTIONS]{}",
        if is_server { "" } else { " <COMMAND>" }
    ));
    console.print(&format!(
        "\n{} watches logs and bans the addresses of those who attack.\n\nOptions:",
        version()
    ));
    for (option, text) in OPTIONS {
        console.print(&format!("    {option:<23} {text}"));
    }
    if is_server {
        return;
    }
    console.print("\nCommand:");
    for (section, commands) in COMMANDS {
        console.print(&format!("{:COLUMN$}{section}", ""));
        for (command, text) in *commands {
            show_command(command, text, console);
        }
        console.print("");
    }
}

fn show_command(command: &str, text: &str, console: &mut Console) {
    let mut head = format!("    {command}");
    // A command that reaches into the explanation stands on a line of its own.
    if head.len() >= COLUMN {
        console.print(&head);
        head.clear();
    }
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && line.len() + 1 + word.len() > WIDTH {
            console.print(&format!("{head:<COLUMN$}{line}"));
            head.clear();
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    console.print(&format!("{head:<COLUMN$}{line}"));
}

const OPTIONS: &[(&str, &str)] = &[
    (
        "-c, --conf <DIR>",
        "directory of the configuration (default /etc/fail2ban)",
    ),
    ("-s, --socket <FILE>", "control socket"),
    ("-p, --pidfile <FILE>", "file for the process id"),
    ("--pname <NAME>", "name of the server's process"),
    (
        "--loglevel <LEVEL>",
        "CRITICAL, ERROR, WARNING, NOTICE, INFO, DEBUG, TRACEDEBUG, HEAVYDEBUG",
    ),
    ("--logtarget <TARGET>", "a file, STDOUT, STDERR, SYSLOG or SYSOUT"),
    ("--syslogsocket auto|<FILE>", "socket of the system's log"),
    ("-d", "print the commands that the configuration comes to"),
    ("--dp, --dump-pretty", "the same with long commands broken into lines"),
    (
        "-t, --test",
        "test the configuration (before the command, when there is one)",
    ),
    ("-i", "read commands from standard input"),
    ("-v", "say more"),
    ("-q", "say less"),
    ("-x", "remove the socket that a dead server left behind"),
    ("-b", "start the server in the background (default)"),
    ("-f", "start the server in the foreground"),
    ("--async", "internal: the server was started by a client that waits"),
    ("--timeout <TIME>", "how long to wait for the server to come up or go"),
    (
        "--str2sec <STRING>",
        "print how many seconds a time such as '1d 12h' has",
    ),
    ("--json", "print one JSON document for each command (see docs/json.md)"),
    ("-h, --help", "print this"),
    ("-V, --version", "print the version (-V only the number)"),
];

type Section = (&'static str, &'static [(&'static str, &'static str)]);

const COMMANDS: &[Section] = &[
    (
        "BASIC",
        &[
            ("start", "start the server and its jails"),
            ("restart", "stop the server and start it again"),
            (
                "restart [--unban] [--if-exists] <JAIL>",
                "the same as reload --restart with these options",
            ),
            (
                "reload [--restart] [--unban] [--all]",
                "read the configuration again; --restart starts changed jails anew, --unban lifts their bans",
            ),
            (
                "reload [--restart] [--unban] [--if-exists] <JAIL>",
                "the same for one jail",
            ),
            ("stop", "stop all jails and the server"),
            ("unban --all", "lift all bans, also in the database"),
            (
                "unban <IP> ... <IP>",
                "lift the bans of these addresses in all jails and the database",
            ),
            ("banned", "all jails with the addresses they ban"),
            ("banned <IP> ... <IP>", "the jails that ban each of these addresses"),
            ("status", "number and names of the jails"),
            (
                "status --all [FLAVOR]",
                "that, and what each jail found and bans; FLAVOR as for one jail",
            ),
            ("stat[istic]s", "the figures of all jails as a table"),
            ("server-status", "wait until the server is ready"),
            ("ping [TIMEOUT]", "ask whether the server is alive"),
            ("echo <WORDS>", "have the server say something"),
            ("sleep <SECONDS>", "have the server wait"),
            ("help", "print this (interactive)"),
            ("version", "version of the server"),
        ],
    ),
    (
        "LOGGING",
        &[
            (
                "set loglevel <LEVEL>",
                "how much the server logs, as a name or number from 50 to 5",
            ),
            ("get loglevel", "how much it logs now"),
            ("set logtarget <TARGET>", "where the server logs to"),
            ("get logtarget", "where it logs to now"),
            ("set syslogsocket auto|<SOCKET>", "socket of the system's log"),
            ("get syslogsocket", "the one in use"),
            ("flushlogs", "open the log file again, for rotation"),
        ],
    ),
    (
        "DATABASE",
        &[
            ("set dbfile <FILE>", "use another database, or None"),
            ("get dbfile", "the one in use"),
            ("set dbmaxmatches <INT>", "how many lines are kept of a ban"),
            ("get dbmaxmatches", "how many are kept now"),
            ("set dbpurgeage <SECONDS>", "how long bans are remembered"),
            ("get dbpurgeage", "how long they are remembered now"),
        ],
    ),
    (
        "JAIL CONTROL",
        &[
            ("add <JAIL> [<BACKEND>]", "make a jail"),
            ("start <JAIL>", "start it"),
            ("stop <JAIL>", "stop it and take it away"),
            ("stop --all", "stop all jails; the server goes on"),
            (
                "status <JAIL> [FLAVOR]",
                "what it found and bans; FLAVOR is basic, short (without addresses), stats, or cymru (with networks, \
                 countries and registries, by DNS)",
            ),
        ],
    ),
    (
        "JAIL CONFIGURATION",
        &[
            ("set <JAIL> idle on|off", "make it rest or go on"),
            (
                "set <JAIL> ignoreself true|false",
                "never ban addresses of this machine",
            ),
            ("set <JAIL> addignoreip <IP> ... <IP>", "never ban these"),
            ("set <JAIL> delignoreip <IP>", "may be banned again"),
            (
                "set <JAIL> ignorecommand <VALUE>",
                "command that says whether to ignore an address",
            ),
            ("set <JAIL> ignorecache <VALUE>", "how its answers are kept"),
            (
                "set <JAIL> addlogpath <FILE> ['tail']",
                "watch a file, from its beginning or its end",
            ),
            ("set <JAIL> dellogpath <FILE>", "watch it no longer"),
            ("set <JAIL> logencoding <ENCODING>", "encoding of the files"),
            (
                "set <JAIL> addjournalmatch <MATCH>",
                "watch matching entries of the journal",
            ),
            ("set <JAIL> deljournalmatch <MATCH>", "watch them no longer"),
            (
                "set <JAIL> prefregex <REGEX>",
                "an expression for what all the others have in common",
            ),
            ("set <JAIL> addfailregex <REGEX>", "add an expression for failures"),
            ("set <JAIL> delfailregex <INDEX>", "remove the one with this number"),
            (
                "set <JAIL> addignoreregex <REGEX>",
                "add an expression for lines to pass over",
            ),
            ("set <JAIL> delignoreregex <INDEX>", "remove the one with this number"),
            ("set <JAIL> findtime <TIME>", "how far back failures count"),
            ("set <JAIL> bantime <TIME>", "how long bans last"),
            (
                "set <JAIL> bantime.<OPTION> <VALUE>",
                "how they grow: increment, factor, formula, multipliers, maxtime, rndtime, overalljails",
            ),
            ("set <JAIL> datepattern <PATTERN>", "how times are written in the log"),
            (
                "set <JAIL> logtimezone <ZONE>",
                "the zone of times that do not tell theirs",
            ),
            (
                "set <JAIL> usedns <VALUE>",
                "what to do with names in place of addresses: yes, warn, no or raw",
            ),
            ("set <JAIL> attempt <IP> [<LINE> ...]", "count failures of an address"),
            ("set <JAIL> banip <IP> ... <IP>", "ban addresses"),
            ("set <JAIL> unbanip [--report-absent] <IP> ... <IP>", "lift their bans"),
            ("set <JAIL> maxretry <RETRY>", "how many failures lead to a ban"),
            ("set <JAIL> maxmatches <INT>", "how many lines are kept of an address"),
            ("set <JAIL> maxlines <LINES>", "how many lines an expression may span"),
            ("set <JAIL> addaction <ACT>", "add an action"),
            ("set <JAIL> delaction <ACT>", "remove it"),
            (
                "set <JAIL> action <ACT> <PROPERTY> <VALUE>",
                "set actionban, actionunban, timeout and the like",
            ),
            (
                "set <JAIL> action <ACT> <METHOD> [<JSON>]",
                "have it start, stop, ban and the like; JSON has the arguments by name",
            ),
        ],
    ),
    (
        "JAIL INFORMATION",
        &[
            ("get <JAIL> banned", "addresses that it bans"),
            ("get <JAIL> banned <IP> ... <IP>", "1 for each that it bans, else 0"),
            (
                "get <JAIL> banip [<SEP>|--with-time]",
                "the same in words, by the end of the ban",
            ),
            (
                "get <JAIL> <OPTION>",
                "logpath, logencoding, journalmatch, ignoreself, ignoreip, ignorecommand, ignorecache, prefregex, \
                 failregex, ignoreregex, findtime, bantime, bantime.<OPTION>, datepattern, logtimezone, usedns, \
                 maxretry, maxmatches, maxlines, actions",
            ),
            ("get <JAIL> action <ACT> <PROPERTY>", "a property of an action"),
            ("get <JAIL> actionproperties <ACT>", "names of its properties"),
            ("get <JAIL> actionmethods <ACT>", "names of its methods"),
        ],
    ),
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]
    use super::*;
    use std::process::Command;

    /// Needs the original (package `fail2ban`).
    #[test]
    fn every_command_of_the_originals_usage_is_in_ours() {
        let script = "from fail2ban.protocol import protocol\nfor line in protocol: print(line[0])";
        let done = Command::new("/usr/bin/python3").args(["-c", script]).output().unwrap();
        assert!(done.status.success(), "needs the original: apt-get install -y fail2ban");
        let theirs = String::from_utf8(done.stdout).unwrap();
        let words = |text: &str| -> Vec<String> {
            text.split(' ')
                .filter(|word| word.starts_with(|first: char| first.is_ascii_lowercase()))
                .map(str::to_owned)
                .collect()
        };
        let ours: Vec<Vec<String>> = COMMANDS
            .iter()
            .flat_map(|(_, commands)| *commands)
            .map(|(command, _)| words(command))
            .collect();
        let of_jails: &str = COMMANDS
            .iter()
            .flat_map(|(_, commands)| *commands)
            .find_map(|(command, text)| (*command == "get <JAIL> <OPTION>").then_some(*text))
            .expect("options of jails");
        for line in theirs.lines().filter(|line| !line.is_empty()) {
            let words = words(line);
            let generic = match words.first().map(String::as_str) {
                Some("get") => words
                    .get(1)
                    .is_some_and(|option| option == "action" || of_jails.split(", ").any(|known| known == option)),
                // One line stands for all properties.
                Some("set") => words.get(1).is_some_and(|option| option == "action"),
                _ => false,
            };
            assert!(generic || ours.contains(&words), "{line}");
        }
    }
}
