//! What clients ask and tell: every command of the protocol, one file for each kind.
//!
//! The configuration arrives the same way: a stream of these commands is all that builds a jail.

mod action;
mod bans;
mod get;
mod increment;
mod logs;
mod methods;
mod python;
mod set;
mod set_server;
mod status;
mod words;

use crate::live::LiveJail;
use crate::log::Log;
use crate::rehearsal::{Objection, Stage};
use crate::server::{FAIL2BAN_VERSION, Server, journal_of};
use bantam_conf::{Command, Diagnostic};
use bantam_source::journal::Match;
use bantam_wire::Value;
use std::fmt;
use std::sync::Arc;
use words::Words;

/// Why a command failed, as the exception that the original would raise.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Python module of the class.
    pub module: &'static str,
    /// Class.
    pub class: &'static str,
    /// Arguments; one text mostly.
    pub args: Vec<Value>,
}

impl Failure {
    fn plain(class: &'static str, message: impl Into<String>) -> Self {
        Failure {
            module: "builtins",
            class,
            args: vec![Value::Str(message.into())],
        }
    }

    /// The command makes no sense.
    fn invalid(message: impl Into<String>) -> Self {
        Self::plain("Exception", message)
    }

    /// A value makes no sense.
    fn value(message: impl fmt::Display) -> Self {
        Self::plain("ValueError", message.to_string())
    }

    /// What is wrong, in words.
    pub(crate) fn message(&self) -> String {
        let words: Vec<String> = self
            .args
            .iter()
            .map(|arg| arg.as_str().map_or_else(|| bantam_wire::repr::repr(arg), str::to_owned))
            .collect();
        words.join(", ")
    }

    fn unknown_jail(name: &str) -> Self {
        Failure {
            module: "fail2ban.exceptions",
            class: "UnknownJailException",
            args: vec![Value::from(name)],
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let args: Vec<String> = self.args.iter().map(bantam_wire::repr::repr).collect();
        write!(f, "{}({})", self.class, args.join(", "))
    }
}

type Answer = Result<Value, Failure>;

/// Obeys a command of a client and gives its answer.
pub(crate) fn execute(server: &Server, words: &[Value]) -> Answer {
    let words = Words(words);
    match words.text(0)?.as_str() {
        "ping" => Ok(Value::from("pong")),
        "echo" => Ok(Value::List(words.rest(1).to_vec())),
        "version" => Ok(Value::from(FAIL2BAN_VERSION)),
        "server-status" => {
            server.await_configured();
            Ok(Value::from("Server ready"))
        }
        "flushlogs" => Ok(Value::from(server.log.flush())),
        "status" => status::status(server, words),
        "set" if methods::is_call(words) => methods::call(server, words),
        "stats" | "statistic" | "statistics" => Ok(status::statistics(server)),
        "banned" => bans::banned(server, words),
        "get" => get::get(server, words),
        "sleep" => sleep(words),
        "stop" if words.len() == 1 => {
            // As in the original, the answer means that all is stopped and the socket gone.
            server.ask_stop();
            server.await_end();
            Ok(Value::None)
        }
        "server-stream" => stream(server, words),
        "reload" => reload(server, words),
        _ => {
            let _one = server.change.lock();
            change(server, words, false)
        }
    }
}

/// Obeys a command of the configuration; the caller serialises.
pub(crate) fn execute_quietly(server: &Server, words: &[Value]) -> Result<(), Failure> {
    change(server, Words(words), true).map(|_| ())
}

/// Commands that change something and occur in streams as well.
fn change(server: &Server, words: Words<'_>, quiet: bool) -> Answer {
    match words.text(0)?.as_str() {
        "add" => add(server, words),
        "start" => start(server, words),
        "stop" => stop(server, words),
        "set" => set::set(server, words, false, quiet),
        "multi-set" => set::set(server, words, true, quiet),
        "unban" => bans::unban(server, words),
        "config-error" => {
            server.log.error(crate::log::Module::Transmitter, words.text(1)?);
            Ok(Value::None)
        }
        "server-stream" | "reload" | "status" | "get" | "ping" => Err(Failure::invalid("Invalid command in a stream")),
        _ => Err(Failure::invalid("Invalid command")),
    }
}

fn jail(server: &Server, name: &str) -> Result<Arc<LiveJail>, Failure> {
    server.jails.find(name).ok_or_else(|| Failure::unknown_jail(name))
}

fn add(server: &Server, words: Words<'_>) -> Answer {
    let name = words.text(1)?;
    if name == "--all" {
        return Err(Failure::invalid("Reserved name '--all'"));
    }
    let backend = if words.len() > 2 {
        words.text(2)?
    } else {
        "auto".to_owned()
    };
    let known = server
        .jails
        .find(&name)
        .is_some_and(|jail| jail.work.lock().reload.is_none());
    if known {
        return Err(Failure {
            module: "fail2ban.exceptions",
            class: "DuplicateJailException",
            args: vec![Value::Str(name)],
        });
    }
    server.add_jail(&name, &backend).map_err(Failure::value)?;
    Ok(Value::Str(name))
}

fn start(server: &Server, words: Words<'_>) -> Answer {
    let jail = jail(server, &words.text(1)?)?;
    server.start_jail(&jail);
    Ok(Value::None)
}

fn stop(server: &Server, words: Words<'_>) -> Answer {
    let name = words.text(1)?;
    if name == "--all" {
        server.stop_jails();
    } else {
        jail(server, &name)?;
        server.remove_jail(&name);
    }
    Ok(Value::None)
}

/// The configuration that the original's client sends right after a start.
fn stream(server: &Server, words: Words<'_>) -> Answer {
    let _one = server.change.lock();
    // A text is a list of letters to the original, each of them no command.
    let refused = match words.rest(1) {
        [Value::Str(text), ..] if !text.is_empty() => return Err(Failure::invalid("Invalid command")),
        [Value::Str(_), ..] => return Ok(Value::None),
        _ => server.put_in_force(&commands_of(words.list(1)?)?),
    };
    first_of(&refused)?;
    Ok(Value::None)
}

fn reload(server: &Server, words: Words<'_>) -> Answer {
    let _one = server.change.lock();
    let name = words.text(1)?;
    let options: Vec<String> = words
        .list(2)?
        .iter()
        .filter_map(|o| o.as_str().map(str::to_owned))
        .collect();
    let stream = commands_of(words.list(3)?)?;
    if name != "--all" && !options.iter().any(|o| o == "--if-exists") {
        jail(server, &name)?;
    }
    let refused = server.reload_by(&name, &options, &stream);
    first_of(&refused)?;
    Ok(Value::from("OK"))
}

fn commands_of(stream: &[Value]) -> Result<Vec<Command>, Failure> {
    let command = |words: &Value| match words {
        Value::List(words) | Value::Tuple(words) => Ok(Command::new(words.clone(), None)),
        _ => Err(Failure::invalid("a command in a stream is a list of words")),
    };
    stream.iter().map(command).collect()
}

fn first_of(refused: &[Diagnostic]) -> Result<(), Failure> {
    let Some(first) = refused.first() else { return Ok(()) };
    let jail = first
        .jail
        .as_ref()
        .map(|jail| format!("jail '{jail}': "))
        .unwrap_or_default();
    Err(Failure::value(format!("{jail}{}", first.message)))
}

/// Tries a command of a configuration on nothing.
pub(crate) fn rehearse(log: &Log, stage: &mut Stage, words: &[Value]) -> Result<(), Objection> {
    let words = Words(words);
    let multiple = match words.text(0)?.as_str() {
        "set" => false,
        "multi-set" => true,
        "add" if words.len() > 2 => {
            let journal = journal_of(&words.text(2)?).map_err(Failure::value)?;
            stage.work.journal_match = journal.map(|_| Match::default());
            return Ok(());
        }
        _ => return Ok(()),
    };
    let option = words.text(2)?;
    let (work, actions) = (&mut stage.work, &mut stage.actions);
    match option.as_str() {
        "banip" | "unbanip" | "attempt" | "addlogpath" | "dellogpath" | "idle" => {}
        "addaction" | "delaction" | "action" => action::rehearse(actions, &option, words, multiple)?,
        "addfailregex" | "addignoreregex" | "prefregex" | "datepattern" => {
            set::rehearse_expressions(work, &option, words, multiple)?;
        }
        _ => match option.strip_prefix("bantime.") {
            Some(option) => increment::set(log, work, option, &words.text(3)?)?,
            None => set::set_work(log, work, &option, words, multiple)?,
        },
    }
    Ok(())
}

fn sleep(words: Words<'_>) -> Answer {
    let seconds = words.number(1)?.clamp(0.0, 3600.0);
    std::thread::sleep(std::time::Duration::from_secs_f64(seconds));
    Ok(Value::None)
}
