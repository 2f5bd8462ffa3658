//! `fail2ban-server`: with a command it is the client; without one, or with `start`, it brings the daemon up.
use crate::client;
use crate::cmdline::{self, CommandLine, Console, Parsed};
use crate::serve::{self, Plan};
use bantam_daemon::log::Log;
use std::ffi::OsString;
use std::process::ExitCode;

/// `program` is how it was called, for the usage text; `args` what follows.
pub fn main(program: &str, args: &[OsString]) -> ExitCode {
    let mut console = Console::standard();
    let mut command_line = match cmdline::parse(program, args, &mut console) {
        Parsed::Run(command_line) => *command_line,
        Parsed::Done(success) => return cmdline::exit_code(success),
    };
    if let Some(success) = cmdline::inspect(&mut command_line, &mut console) {
        return cmdline::exit_code(success);
    }
    let only_start = command_line.words.is_empty() || command_line.words == ["start"];
    if command_line.interactive || !only_start {
        return cmdline::exit_code(client::run(&command_line, &mut console));
    }
    if command_line.background && !command_line.asynchronous {
        command_line.words = vec!["start".to_owned()];
        return cmdline::exit_code(client::run(&command_line, &mut console));
    }
    command_line.detach();
    serve(&command_line)
}

/// The daemon in this process, until a command or signal ends it.
pub fn serve(command_line: &CommandLine) -> ExitCode {
    let quiet = command_line.asynchronous;
    serve::serve(Plan {
        base: command_line.conf.clone(),
        load: command_line.load_options(),
        force: command_line.force,
        log: Log::stderr(),
        ready: Box::new(move |_| {
            if !quiet {
                println!("Server ready");
            }
        }),
    })
}
