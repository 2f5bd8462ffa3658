//! `fail2ban-client`: sends commands to a running server and shows what it answers; starts, reloads and restarts it.

mod ask;
mod beautify;
mod interactive;
mod json;
mod start;
mod table;
#[cfg(test)]
mod tests;

use crate::cmdline::{self, CommandLine, Console, Parsed};
use ask::Show;
use bantam_conf::LoadOptions;
use bantam_wire::Value;
use bantam_wire::repr::repr;
use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

/// `program` is how it was called, for the usage text; `args` what follows.
pub fn main(program: &str, args: &[OsString]) -> ExitCode {
    let mut console = Console::standard();
    let mut command_line = match cmdline::parse(program, args, &mut console) {
        Parsed::Run(command_line) => *command_line,
        Parsed::Done(success) => {
            if !success {
                console.error("Init of command line failed");
            }
            return cmdline::exit_code(success);
        }
    };
    if let Some(success) = cmdline::inspect(&mut command_line, &mut console) {
        return cmdline::exit_code(success);
    }
    cmdline::exit_code(run(&command_line, &mut console))
}

/// Does what the words of an inspected command line say, or what is typed. Whether it went well.
pub fn run(command_line: &CommandLine, console: &mut Console) -> bool {
    if command_line.interactive {
        return interactive::run(command_line, console, std::io::stdin().lock());
    }
    if command_line.words.is_empty() && command_line.json {
        console.print_json(&cmdline::json_error("", "no command was given; see --help"));
        return false;
    }
    if command_line.words.is_empty() {
        cmdline::show_usage(&command_line.program, console);
        return false;
    }
    process(command_line, &command_line.words, console)
}

/// Does one command. As JSON, something is printed whatever comes of it.
fn process(command_line: &CommandLine, words: &[String], console: &mut Console) -> bool {
    console.take_json();
    let success = obey(command_line, words, console);
    if command_line.json {
        match (success, console.take_json()) {
            (_, (true, _)) => {}
            (true, _) => console.print_json(&json::done()),
            (false, (_, error)) => console.print_json(&cmdline::json_error("", &error.unwrap_or_default())),
        }
    }
    success
}

fn obey(command_line: &CommandLine, words: &[String], console: &mut Console) -> bool {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["start"] => start::start(command_line, console),
        ["restart"] => start::restart(command_line, console),
        ["restart", jails @ ..] => reload(command_line, &[&["--restart"], jails].concat(), console),
        ["reload", options @ ..] => reload(command_line, options, console),
        ["ping", seconds, ..] => match seconds.trim().parse::<f64>() {
            Ok(seconds) => {
                let timeout = Duration::try_from_secs_f64(seconds).ok();
                ask::ask(command_line, &values(&words), Show::Reply, timeout, console)
            }
            Err(_) => {
                console.error(&format!(
                    "could not convert string to float: {}",
                    repr(&Value::from(*seconds))
                ));
                false
            }
        },
        _ => ask::ask(command_line, &values(&words), Show::Reply, None, console),
    }
}

/// A value as it is, as JSON.
pub fn json_of(value: &Value) -> serde_json::Value {
    json::value(value)
}

fn values(words: &[&str]) -> Vec<Value> {
    words.iter().map(|&word| Value::from(word)).collect()
}

/// Reads the configuration, of one jail or of all, and hands it to the running server.
fn reload(command_line: &CommandLine, words: &[&str], console: &mut Console) -> bool {
    let is_option = |word: &&&str| matches!(**word, "--restart" | "--unban" | "--if-exists");
    let count = words.iter().take_while(is_option).count();
    let (options, jail) = words.split_at(count);
    let jail = match jail {
        [] => "--all",
        [jail] => jail,
        several => {
            let several = repr(&Value::from(several.to_vec()));
            console.error(&format!("Unexpected argument(s) for reload: {several}"));
            return false;
        }
    };
    if !ask::ask(command_line, &values(&["ping"]), Show::Nothing, None, console) {
        console.error("Could not find server");
        return false;
    }
    let jails = if jail == "--all" {
        Vec::new()
    } else {
        vec![jail.to_owned()]
    };
    let load_options = LoadOptions {
        jails,
        ..command_line.load_options()
    };
    let Some(loaded) = cmdline::load(command_line, &load_options, console) else {
        return false;
    };
    let stream = loaded
        .stream
        .into_iter()
        .map(|command| Value::List(command.words))
        .collect();
    start::announce(command_line, "reload", console);
    let options = Value::from(options.to_vec());
    ask::ask(
        command_line,
        &["reload".into(), jail.into(), options, Value::List(stream)],
        Show::Reply,
        None,
        console,
    )
}
