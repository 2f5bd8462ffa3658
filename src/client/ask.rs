//! One command to the server and its answer to the people.
use super::{beautify, json};
use crate::cmdline::{self, CommandLine, Console};
use bantam_wire::Value;
use bantam_wire::client::{ClientError, Connection, Reply};
use bantam_wire::repr::{repr, tuple};
use rustix::fs::{Access, access};
use std::io;
use std::time::Duration;

/// How much of an answer is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Show {
    /// The reply, and why there is none
    Reply,
    /// Only whether there was one matters
    Nothing,
}

/// Sends a command; whether the server did it. `timeout` bounds every read and write, none means for ever.
pub(super) fn ask(
    command_line: &CommandLine,
    command: &[Value],
    show: Show,
    timeout: Option<Duration>,
    console: &mut Console,
) -> bool {
    let reply =
        Connection::open(command_line.socket_path(), timeout).and_then(|mut connection| connection.send(command));
    match reply {
        Ok(Reply::Ok(value)) => {
            if show == Show::Reply {
                show_value(command_line, command, &value, console);
            }
            true
        }
        Ok(Reply::Error { class, message, args }) => {
            if show == Show::Reply {
                show_error(command_line, &class, &message, &args, console);
            }
            false
        }
        Err(ClientError::Io(cause)) => {
            if show == Show::Reply {
                let is_ping = command.first().and_then(Value::as_str) == Some("ping");
                explain(command_line, &cause, is_ping, console);
            }
            false
        }
        Err(ClientError::Decode(cause)) => {
            console.error(&cause.to_string());
            false
        }
    }
}

/// Whether a server answers within the time.
pub(super) fn is_alive(command_line: &CommandLine, timeout: Duration, console: &mut Console) -> bool {
    let command = ["ping".into(), timeout.as_secs_f64().into()];
    ask(command_line, &command, Show::Nothing, Some(timeout), console)
}

fn show_value(command_line: &CommandLine, command: &[Value], value: &Value, console: &mut Console) {
    if command_line.json {
        console.print_json(&json::reply(command, value));
        return;
    }
    match beautify::beautify(command, value) {
        Some(text) => console.print(&text),
        None => {
            let (reply, command) = (repr(value), repr(&Value::List(command.to_vec())));
            console.warning("Beautifier error. Please report the error");
            console.error(&format!("Beautify {reply} with {command} failed"));
            console.print(&format!("{reply}{reply}"));
        }
    }
}

fn show_error(command_line: &CommandLine, class: &str, message: &str, args: &[Value], console: &mut Console) {
    if command_line.json {
        let shown = match class.is_empty() {
            true => message.to_owned(),
            false => beautify::error(class, message, args),
        };
        console.print_json(&cmdline::json_error(class, &shown));
    } else if class.is_empty() {
        // Not what a command raised: the server could not read it, or is on its way out.
        console.error(message);
    } else {
        console.error(&format!("NOK: {}", tuple(args)));
        console.print(&beautify::error(class, message, args));
    }
}

/// Says why the server could not be asked.
fn explain(command_line: &CommandLine, cause: &io::Error, is_ping: bool, console: &mut Console) {
    let path = command_line.socket_path();
    let shown = path.display();
    if access(path, Access::EXISTS).is_err() {
        console.error(&format!("Failed to access socket path: {shown}. Is fail2ban running?"));
    } else if access(path, Access::WRITE_OK).is_err() {
        console.error(&format!("Permission denied to socket: {shown}, (you must be root)"));
    } else if is_ping {
        console.error(&python_text(cause));
    } else {
        console.error(&format!(
            "[{}] Unable to contact server. Is it running?",
            python_text(cause)
        ));
    }
}

/// The text of an error as Python writes it, which people may search for.
fn python_text(cause: &io::Error) -> String {
    match (cause.kind(), cause.raw_os_error()) {
        (io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut, _) => "timed out".to_owned(),
        (io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof, _) => {
            "[Errno 104] Connection reset by peer".to_owned()
        }
        (_, Some(number)) => {
            let text = cause.to_string();
            let text = text.strip_suffix(&format!(" (os error {number})")).unwrap_or(&text);
            format!("[Errno {number}] {text}")
        }
        _ => cause.to_string(),
    }
}
