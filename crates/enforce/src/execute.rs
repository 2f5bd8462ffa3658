//! One command run and told of: what it was, what it wrote and what it came to, in the original's wording.
use crate::quote::{repr, repr_list};
use crate::{Command, Finished, Level, Logger, Surroundings, run_guarded};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Whether failures are the log's business or expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Failures are errors.
    Loud,
    /// Failures are told at debug level only.
    Hushed,
}

impl Tone {
    fn at(self, level: Level) -> Level {
        match self {
            Self::Loud => level,
            Self::Hushed => level.min(Level::Debug),
        }
    }
}

/// What a command came to, and what it was.
#[derive(Debug, Clone)]
pub(crate) struct Executed {
    pub command: String,
    /// None when there was nothing to run, or no way to.
    pub finished: Option<Finished>,
    pub success: bool,
}

/// Distinguishes the lines of commands that run at the same time.
static NUMBER: AtomicU64 = AtomicU64::new(1);

pub(crate) fn execute(command: &Command, timeout: Duration, surroundings: &Surroundings, tone: Tone) -> Executed {
    if command.is_empty() {
        surroundings.say(Logger::Action, Level::Debug, || "Nothing to do".to_owned());
        return Executed {
            command: String::new(),
            finished: None,
            success: true,
        };
    }
    let shown = shown(command);
    let teller = Teller {
        surroundings,
        tone,
        number: NUMBER.fetch_add(1, Ordering::Relaxed),
    };
    let finished = match run_guarded(command, timeout, surroundings.orphans.as_deref()) {
        Ok(finished) => {
            teller.finished(&shown, &finished, timeout);
            Some(finished)
        }
        Err(error) => {
            teller.say(Level::Error, || format!("-- exec: {shown}"));
            teller.surroundings.say(Logger::Utils, tone.at(Level::Error), || {
                format!("{shown} -- failed with {}", error.0)
            });
            None
        }
    };
    Executed {
        command: shown,
        success: finished.as_ref().is_some_and(Finished::success),
        finished,
    }
}

/// The command as the original shows it: text alone as it is, with values as a Python list.
fn shown(command: &Command) -> String {
    if command.arguments.is_empty() {
        return command.text.clone();
    }
    let arguments = command.arguments.iter().map(String::as_str);
    repr_list(std::iter::once(command.text.as_str()).chain(arguments))
}

struct Teller<'s> {
    surroundings: &'s Surroundings,
    tone: Tone,
    number: u64,
}

impl Teller<'_> {
    fn say(&self, level: Level, text: impl FnOnce() -> String) {
        self.surroundings.say(Logger::Utils, self.tone.at(level), || {
            format!("{:x} {}", self.number, text())
        });
    }

    fn finished(&self, shown: &str, finished: &Finished, timeout: Duration) {
        let success = finished.success();
        let (exec, output) = if success {
            (Level::Trace, Level::Debug)
        } else {
            (Level::Error, Level::Error)
        };
        self.say(exec, || format!("-- exec: {shown}"));
        if finished.timed_out {
            self.say(Level::Error, || {
                format!("-- timed out after {} seconds.", timeout.as_secs_f64())
            });
        }
        for line in lines(&finished.stdout) {
            self.say(output, || format!("-- stdout: {}", repr(line)));
        }
        for line in lines(&finished.stderr) {
            self.say(output, || format!("-- stderr: {}", repr(line)));
        }
        if success {
            self.say(Level::Debug, || "-- returned successfully 0".to_owned());
        } else {
            self.failure(shown, finished);
        }
    }

    fn failure(&self, shown: &str, finished: &Finished) {
        match (finished.code, finished.signal) {
            (Some(code), _) if code <= 128 => {
                self.say(Level::Error, || format!("-- returned {code}"));
                if let Some(hint) = hint(code, shown) {
                    let level = self.tone.at(Level::Info);
                    let text = || format!("HINT on {code}: {hint}");
                    self.surroundings.say(Logger::Utils, level, text);
                }
            }
            (Some(code), _) => self.killed(code - 128, code),
            (None, Some(signal)) => self.killed(signal, -signal),
            (None, None) => self.say(Level::Error, || "-- unable to kill".to_owned()),
        }
    }

    fn killed(&self, signal: i32, code: i32) {
        self.say(Level::Error, || {
            format!("-- killed with {} (return code: {code})", signal_name(signal))
        });
    }
}

/// Lines as the original splits a command's output.
fn lines(output: &str) -> impl Iterator<Item = &str> {
    let mut rest = output;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = rest.find(['\n', '\r']).unwrap_or(rest.len());
        let line = &rest[..end];
        let after = &rest[end..];
        rest = after
            .strip_prefix("\r\n")
            .or_else(|| after.strip_prefix(['\n', '\r']))
            .unwrap_or("");
        Some(line)
    })
}

fn hint(code: i32, shown: &str) -> Option<String> {
    match code {
        126 => Some(format!(
            "\"Command not executable\".  Make sure that the daemon may execute all commands in {}.",
            repr(shown)
        )),
        127 => Some(format!(
            "\"Command not found\".  Make sure that all commands in {} are in the PATH of the daemon's process.",
            repr(shown)
        )),
        _ => None,
    }
}

fn signal_name(signal: i32) -> String {
    const NAMES: [&str; 31] = [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM",
        "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF",
        "WINCH", "IO", "PWR", "SYS",
    ];
    let name = usize::try_from(signal)
        .ok()
        .and_then(|signal| NAMES.get(signal.checked_sub(1)?));
    match name {
        Some(name) => format!("SIG{name}"),
        None => format!("signal {signal}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_split_at_any_kind_of_line_end() {
        let split: Vec<&str> = lines("a\nb\r\nc\rd\n\ne").collect();
        assert_eq!(split, ["a", "b", "c", "d", "", "e"]);
        assert_eq!(lines("").count(), 0);
    }

    #[test]
    fn a_signal_has_its_name() {
        assert_eq!(signal_name(9), "SIGKILL");
        assert_eq!(signal_name(31), "SIGSYS");
        assert_eq!(signal_name(34), "signal 34");
        assert_eq!(signal_name(0), "signal 0");
    }
}
