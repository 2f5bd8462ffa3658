//! `fail2ban-regex`: tries expressions and filters on lines and log files.
//!
//! Lines go through the same pipeline as in the daemon, with all expressions tried and no age limit; what is counted
//! on the way is printed as the original prints it, or as JSON.

mod dates;
mod debuggex;
mod explain;
mod input;
mod interrupt;
mod journal;
mod lines;
mod load;
mod messages;
mod notes;
mod options;
mod out;
mod prepare;
mod printer;
mod report;
mod resolve;
mod run;
mod stats;
mod tags;
mod usage;

use options::Parsed;
use printer::Printer;
use run::Stop;
use std::ffi::OsString;
use std::process::ExitCode;

/// Exit code for wrong arguments and filters.
const WRONG: u8 = 255;
/// Exit code of `--explain --strict` where there are warnings.
const WARNED: u8 = 1;
/// Exit code for options that do not exist.
const NO_SUCH_OPTION: u8 = 2;

/// `program` is how it was called, for the usage text; `args` what follows.
pub fn main(program: &str, args: &[OsString]) -> ExitCode {
    let mut printer = Printer::standard();
    let outcome = match options::parse(args) {
        Ok(Parsed::Run(options)) => run::run(&options, &mut printer),
        Ok(Parsed::Help) => {
            printer.line(&usage::help(program));
            Ok(())
        }
        Ok(Parsed::Version) => {
            printer.line(&format!("{program} {}", bantam_wire::FAIL2BAN_VERSION));
            Ok(())
        }
        Ok(Parsed::ShortVersion) => {
            printer.line(bantam_wire::FAIL2BAN_VERSION);
            Ok(())
        }
        Err(options::Wrong::Option(message)) => {
            eprintln!("{}\n\n{program}: error: {message}", usage::line(program));
            return ExitCode::from(NO_SUCH_OPTION);
        }
        Err(options::Wrong::Use(errors)) => {
            printer.line(&usage::help(program));
            let _ = printer.flush();
            eprintln!("\n{}", errors.join("\n"));
            return ExitCode::from(WRONG);
        }
    };
    if let Err(Stop::Error(message)) = &outcome {
        printer.line(&format!("ERROR: {message}"));
    }
    // A reader that went away (`| head`) has seen enough.
    if printer.flush().is_err() {
        return ExitCode::SUCCESS;
    }
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Stop::Uncaught(message)) => {
            eprintln!("error: {}", printer::visible(&message));
            ExitCode::FAILURE
        }
        Err(Stop::Warned) => ExitCode::from(WARNED),
        Err(Stop::Interrupted) => {
            interrupt::die();
            ExitCode::FAILURE
        }
        Err(Stop::Error(_) | Stop::Said) => ExitCode::from(WRONG),
    }
}
