//! The command line that `fail2ban-client` and `fail2ban-server` share, and what both do with a configuration before
//! anything else: dump it (`-d`) or test it (`-t`).

mod console;
mod getopt;
mod inspect;
mod pretty;
mod usage;

pub use console::{Console, visible};
pub use inspect::{finding, inspect, load};
pub use usage::show_usage;

use bantam_conf::LoadOptions;
use bantam_wire::FAIL2BAN_VERSION;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// How `-d` and `--dp` print the commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dump {
    /// One Python list to a line
    Plain,
    /// Long ones broken into lines
    Pretty,
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct CommandLine {
    /// How the program was called, for the usage text: `fail2ban-client`, `bantam client`
    pub program: String,
    /// Configuration directory
    pub conf: PathBuf,
    /// Path of the control socket; set by [`inspect`] from the configuration when no option gave it
    pub socket: Option<String>,
    /// Path of the pid file as given; the configuration's otherwise counts
    pub pidfile: Option<String>,
    /// Name of the process
    pub pname: Option<String>,
    /// As given; the configuration's otherwise counts
    pub loglevel: Option<String>,
    /// As given; the configuration's otherwise counts
    pub logtarget: Option<String>,
    /// As given; the configuration's otherwise counts
    pub syslogsocket: Option<String>,
    /// Print the commands that the configuration comes to
    pub dump: Option<Dump>,
    /// Test the configuration
    pub test: bool,
    /// Read commands from standard input
    pub interactive: bool,
    /// 1, more by every `-v`, less by every `-q`
    pub verbosity: i32,
    /// Remove the socket of a server that is gone
    pub force: bool,
    /// Start the server in the background
    pub background: bool,
    /// Started by a client that waits: leave its session, don't start another process
    pub asynchronous: bool,
    /// How long to wait for a server to come up or go
    pub timeout: Duration,
    /// Print replies as JSON
    pub json: bool,
    /// The command
    pub words: Vec<String>,
    /// Options of `fail2ban.conf` that were given here
    overrides: Vec<(String, String)>,
}

/// What came of the arguments.
#[derive(Debug)]
pub enum Parsed {
    /// Something to do
    Run(Box<CommandLine>),
    /// All done (help, version), and whether it went well
    Done(bool),
}

const KNOWN: getopt::Known = getopt::Known {
    short: "hc:s:p:xfbdtviqV",
    long: &[
        "loglevel=",
        "logtarget=",
        "syslogsocket=",
        "test",
        "async",
        "conf=",
        "pidfile=",
        "pname=",
        "socket=",
        "timeout=",
        "str2sec=",
        "help",
        "version",
        "dp",
        "dump-pretty",
        "json",
    ],
};

impl CommandLine {
    fn new(program: &str) -> Self {
        CommandLine {
            program: program.to_owned(),
            conf: PathBuf::from("/etc/fail2ban"),
            socket: None,
            pidfile: None,
            pname: None,
            loglevel: None,
            logtarget: None,
            syslogsocket: None,
            dump: None,
            test: false,
            interactive: false,
            verbosity: 1,
            force: false,
            background: true,
            asynchronous: false,
            timeout: Duration::from_secs(30),
            json: false,
            words: Vec::new(),
            overrides: Vec::new(),
        }
    }

    /// How the configuration is to be read: all jails, with the options given here in place of those of `fail2ban.conf`.
    pub fn load_options(&self) -> LoadOptions {
        LoadOptions {
            overrides: self.overrides.clone(),
            strict: self.test,
            allow_missing_logs: self.dump.is_some(),
            ..LoadOptions::default()
        }
    }

    /// Path of the control socket.
    pub fn socket_path(&self) -> &Path {
        Path::new(self.socket.as_deref().unwrap_or(inspect::DEFAULT_SOCKET))
    }

    /// Leaves the session of the terminal when a client started this server in the background.
    pub fn detach(&self) {
        if self.asynchronous {
            // Fails only for the leader of a process group, which has a session of its own already.
            let _ = rustix::process::setsid();
        }
    }

    /// Takes one option; what to print instead of going on, or what is wrong.
    fn take(&mut self, name: &str, value: String) -> Result<Option<Print>, String> {
        match name {
            "-c" | "--conf" => self.conf = PathBuf::from(value),
            "-s" | "--socket" => self.socket = Some(value),
            "-p" | "--pidfile" => self.pidfile = Some(value),
            "--pname" => self.pname = Some(value),
            "--loglevel" => self.loglevel = Some(value),
            "--logtarget" => self.logtarget = Some(value),
            "--syslogsocket" => self.syslogsocket = Some(value),
            "-d" => self.dump = Some(Dump::Plain),
            "--dp" | "--dump-pretty" => self.dump = Some(Dump::Pretty),
            "-t" | "--test" => self.test = true,
            "-v" => self.verbosity += 1,
            "-q" => self.verbosity -= 1,
            "-x" => self.force = true,
            "-i" => self.interactive = true,
            "-b" => self.background = true,
            "-f" => self.background = false,
            "--async" => self.asynchronous = true,
            "--json" => self.json = true,
            "--timeout" => {
                let seconds = bantam_conf::seconds(&value)?;
                self.timeout = Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX);
            }
            "--str2sec" => {
                let seconds = bantam_conf::seconds_exact(&value)?;
                return Ok(Some(Print::Line(seconds.to_string())));
            }
            "-V" => return Ok(Some(Print::Line(FAIL2BAN_VERSION.to_owned()))),
            "--version" => return Ok(Some(Print::Line(version()))),
            _ => return Ok(Some(Print::Usage)),
        }
        Ok(None)
    }
}

enum Print {
    Line(String),
    Usage,
}

/// Reads the arguments that follow the program's name.
pub fn parse(program: &str, args: &[OsString], console: &mut Console) -> Parsed {
    let args: Vec<String> = args.iter().map(|arg| arg.to_string_lossy().into_owned()).collect();
    // Also what comes before the options are understood is to be JSON then.
    let json = args.iter().any(|arg| arg == "--json");
    let Some((options, words)) = getopt::split(&args, &KNOWN) else {
        match json {
            true => console.print_json(&json_error("", "an option is unknown, or lacks its value; see --help")),
            false => show_usage(program, console),
        }
        return Parsed::Done(false);
    };
    let mut command_line = CommandLine {
        words,
        ..CommandLine::new(program)
    };
    for (name, value) in options {
        match command_line.take(&name, value) {
            Ok(None) => {}
            Ok(Some(Print::Line(line))) => {
                match json {
                    true => console.print_json(&line_as_json(&name, &line)),
                    false => console.print(&line),
                }
                return Parsed::Done(true);
            }
            Ok(Some(Print::Usage)) => {
                show_usage(program, console);
                return Parsed::Done(true);
            }
            Err(cause) => {
                match json {
                    true => console.print_json(&json_error("", &cause)),
                    false => console.print(&format!("ERROR: {cause}")),
                }
                return Parsed::Done(false);
            }
        }
    }
    let given = [
        ("socket", &command_line.socket),
        ("pidfile", &command_line.pidfile),
        ("loglevel", &command_line.loglevel),
        ("logtarget", &command_line.logtarget),
        ("syslogsocket", &command_line.syslogsocket),
    ];
    let given = given
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value.clone()?)));
    command_line.overrides = given.collect();
    console.verbosity = command_line.verbosity;
    console.bare = false;
    Parsed::Run(Box::new(command_line))
}

/// What went wrong, as JSON. `class` is that of an exception of the server, empty for what the client says itself.
pub fn json_error(class: &str, message: &str) -> serde_json::Value {
    serde_json::json!({ "error": { "class": class, "message": message } })
}

/// Seconds are a number, versions a text.
fn line_as_json(option: &str, line: &str) -> serde_json::Value {
    match line.parse::<serde_json::Number>() {
        Ok(number) if option == "--str2sec" => number.into(),
        _ => line.into(),
    }
}

/// 0 when it went well, otherwise 255.
pub fn exit_code(success: bool) -> ExitCode {
    if success {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(255)
    }
}

fn version() -> String {
    format!("Fail2Ban v{FAIL2BAN_VERSION} (Bantam v{})", env!("CARGO_PKG_VERSION"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, reason = "tests")]
    use super::*;

    fn run(args: &[&str]) -> CommandLine {
        let args: Vec<OsString> = args.iter().map(OsString::from).collect();
        let mut console = Console::to(std::io::sink(), std::io::sink());
        match parse("fail2ban-client", &args, &mut console) {
            Parsed::Run(command_line) => *command_line,
            Parsed::Done(success) => panic!("ended with {success}"),
        }
    }

    #[test]
    fn options_before_the_command_are_taken_and_those_behind_it_left() {
        let got = run(&[
            "-xvvq",
            "-c",
            "DIR",
            "--logt=STDOUT",
            "-f",
            "set",
            "j",
            "unbanip",
            "--report-absent",
            "x",
        ]);
        assert_eq!((got.force, got.verbosity, got.background), (true, 2, false));
        assert_eq!(got.conf, Path::new("DIR"));
        assert_eq!(got.words, ["set", "j", "unbanip", "--report-absent", "x"]);
        assert_eq!(
            got.load_options().overrides,
            [("logtarget".to_owned(), "STDOUT".to_owned())]
        );
    }
}
