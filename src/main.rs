//! One binary for everything that people start: Bantam's own commands, and Fail2ban's three programs when it is
//! called as `bantam client|server|regex` or through a link with one of their names.

mod client;
mod cmdline;
mod demo;
mod import_report;
mod regex;
mod run;
mod serve;
mod server;
mod signals;

use clap::{Parser, Subcommand};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Bans clients that brute-force or forcefully browse your services; speaks Fail2ban's configuration.
#[derive(Debug, Parser)]
#[command(name = "bantam", version, subcommand_required = true, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Own,
}

/// What is not Fail2ban's. The three others take their options as Fail2ban's programs do and are never parsed here.
#[derive(Debug, Subcommand)]
enum Own {
    /// Run the daemon in the foreground, with a readable log on stderr
    Run {
        /// Configuration directory; else the first that exists of /data, /etc/bantam, /etc/fail2ban
        dir: Option<PathBuf>,
    },
    /// Tell in one page what becomes of a Fail2ban configuration when Bantam runs it
    ImportReport {
        /// The folder with jail.conf or jail.d
        #[arg(default_value = "/etc/fail2ban")]
        dir: PathBuf,
        /// For scripts (see docs/json.md)
        #[arg(long)]
        json: bool,
    },
    /// Show on this machine, in less than half a minute, how an attacker is found, banned and released
    Demo,
    /// Talk to a running server: the options and commands of fail2ban-client
    #[command(disable_help_flag = true)]
    Client,
    /// Run the daemon: the options of fail2ban-server
    #[command(disable_help_flag = true)]
    Server,
    /// Try expressions on lines or logs: the options of fail2ban-regex
    #[command(disable_help_flag = true)]
    Regex,
}

fn main() -> ExitCode {
    let mut args = std::env::args_os();
    let own_name = args.next().unwrap_or_else(|| OsString::from("bantam"));
    let args: Vec<OsString> = args.collect();
    let link = Path::new(&own_name)
        .file_name()
        .and_then(OsStr::to_str)
        .unwrap_or("bantam");
    if let Some(exit) = call(link.strip_prefix("fail2ban-"), link, &args) {
        return exit;
    }
    if let Some((first, rest)) = args.split_first()
        && let Some(exit) = call(first.to_str(), &format!("bantam {}", first.to_string_lossy()), rest)
    {
        return exit;
    }
    match Cli::parse().command {
        Own::Run { dir } => run::main(dir.as_deref()),
        Own::ImportReport { dir, json } => import_report::main(&dir, json),
        Own::Demo => demo::main(),
        // Reached only behind options of `bantam` itself, of which none leads here.
        Own::Client | Own::Server | Own::Regex => ExitCode::from(255),
    }
}

/// Runs the program of Fail2ban's that `name` means.
fn call(name: Option<&str>, program: &str, args: &[OsString]) -> Option<ExitCode> {
    match name? {
        "client" => Some(client::main(program, args)),
        "server" => Some(server::main(program, args)),
        "regex" => Some(regex::main(program, args)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_own_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
