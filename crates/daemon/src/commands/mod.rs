//! What clients ask and tell: every command of the protocol, one file for each kind.
//!
//! The configuration arrives the same way: a stream of these commands is all that builds a jail.

mod action;
mod bans;
mod get;
mod set;
mod status;
mod words;

use crate::live::LiveJail;
use crate::server::{FAIL2BAN_VERSION, Server};
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
        Failure { module: "builtins", class, args: vec![Value::Str(message.into())] }
    }

    /// The command makes no sense.
    fn invalid(message: impl Into<String>) -> Self {
        Self::plain("Exception", message)
    }

    /// A value makes no sense.
    fn value(message: impl fmt::Display) -> Self {
        Self::plain("ValueError", message.to_string())
    }

    fn unknown_jail(name: &str) -> Self {
        Failure { module: "fail2ban.exceptions", class: "UnknownJailException", args: vec![Value::from(name)] }
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
        "server-status" => Ok(Value::from("Server ready")),
        "flushlogs" => Ok(Value::from(server.log.flush())),
        "status" => status::status(server, words),
        "banned" => bans::banned(server, words),
        "get" => get::get(server, words),
        "sleep" => sleep(words),
        "stop" if words.len() == 1 => {
            server.ask_stop();
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
    let backend = if words.len() > 2 { words.text(2)? } else { "auto".to_owned() };
    let known = server.jails.find(&name).is_some_and(|jail| jail.work.lock().reload.is_none());
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
    obey_all(server, words.list(1)?)?;
    Ok(Value::None)
}

fn reload(server: &Server, words: Words<'_>) -> Answer {
    let _one = server.change.lock();
    let name = words.text(1)?;
    let options: Vec<String> = words.list(2)?.iter().filter_map(|o| o.as_str().map(str::to_owned)).collect();
    if name != "--all" && !options.iter().any(|o| o == "--if-exists") {
        jail(server, &name)?;
    }
    server.begin_reload(&name, &options).map_err(Failure::value)?;
    let obeyed = obey_all(server, words.list(3)?);
    server.end_reload();
    obeyed?;
    Ok(Value::from("OK"))
}

fn obey_all(server: &Server, stream: &[Value]) -> Result<(), Failure> {
    let _hold = server.hold_reading();
    for command in stream {
        let Value::List(words) = command else {
            return Err(Failure::invalid("a command in a stream is a list of words"));
        };
        execute_quietly(server, words)?;
    }
    Ok(())
}

fn sleep(words: Words<'_>) -> Answer {
    let seconds = words.number(1)?.clamp(0.0, 3600.0);
    std::thread::sleep(std::time::Duration::from_secs_f64(seconds));
    Ok(Value::None)
}
