//! `-l`: what the filter tells besides results, on standard output and in the layout of Python's logging.
use super::printer::Printer;
use jiff::Zoned;
use std::time::Instant;

/// How much a message matters, by Python's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Debug = 10,
    Info = 20,
    Warning = 30,
    Error = 40,
    Critical = 50,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Level::Debug => "DEBUG",
            Level::Info => "INFO",
            Level::Warning => "WARNING",
            Level::Error => "ERROR",
            Level::Critical => "CRITICAL",
        }
    }
}

/// Which messages are shown, and how.
#[derive(Debug)]
pub struct Messages {
    /// Messages of less weight are left out.
    threshold: i64,
    verbose: i64,
    begin: Instant,
}

impl Messages {
    /// Reads the level's name or number. The error is its text.
    pub fn new(level: &str, verbose: i64) -> Result<Self, String> {
        let threshold = match level.to_uppercase().as_str() {
            digits if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().unwrap_or(i64::MAX)
            }
            "CRITICAL" | "FATAL" => 50,
            "ERROR" => 40,
            "WARNING" | "WARN" => 30,
            "NOTICE" => 25,
            "INFO" => 20,
            "MSG" => 18,
            "DEBUG" => 10,
            "TRACEDEBUG" => 7,
            "HEAVYDEBUG" => 5,
            "NOTSET" => 0,
            _ => {
                let level = bantam_detect::python_quote(level);
                return Err(format!("Invalid log level {level}"));
            }
        };
        Ok(Messages {
            // Python takes 0 for "as the logger above", which shows warnings.
            threshold: if threshold == 0 { 30 } else { threshold },
            verbose,
            begin: Instant::now(),
        })
    }

    /// Whether messages of this weight are shown.
    pub fn shows(&self, level: Level) -> bool {
        level as i64 >= self.threshold
    }

    /// Shows a message of a part of the original.
    pub fn tell(&self, level: Level, part: &str, text: &str, printer: &mut Printer) {
        if self.shows(level) {
            printer.line(&self.layout(level, part, text));
        }
    }

    fn layout(&self, level: Level, part: &str, text: &str) -> String {
        let name = match part {
            "" => "fail2ban".to_owned(),
            part => format!("fail2ban.{part}"),
        };
        let now = Zoned::now().strftime("%Y-%m-%d %H:%M:%S,%3f");
        let process = std::process::id();
        let (kind, short) = (level.name(), &level.name()[..1]);
        if self.verbose <= 1 {
            return format!("{now} {name:<24}[{process}]: {kind:<7}{short}: {text}");
        }
        // Python shows a thread's number, which tells nothing more than the process's here.
        if self.verbose == 2 {
            return format!(" {now:<15} {process:X} {kind:<5.5} {text}");
        }
        let since = self.begin.elapsed().as_millis();
        let origin = match self.verbose {
            3 => String::new(),
            _ => format!(" | {:>15.15}-{:<2}: {:<20.20} |", "helpers", level as i64, "__safeLog"),
        };
        format!(" +{since:>5} {process:X} {name:<25.25} {kind:<5.5}{origin} {text}")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn levels_are_read_by_name_and_number_as_python_reads_them() {
        let shows = |name: &str, level| Messages::new(name, 0).map(|messages| messages.shows(level));
        assert_eq!(shows("critical", Level::Error), Ok(false));
        assert_eq!(shows("Notice", Level::Warning), Ok(true));
        assert_eq!(shows("notice", Level::Info), Ok(false));
        assert_eq!(shows("10", Level::Debug), Ok(true));
        assert_eq!(shows("NOTSET", Level::Info), Ok(false));
        assert_eq!(shows("5x", Level::Info), Err("Invalid log level '5x'".to_owned()));
        assert!(shows("", Level::Info).is_err() && shows("-1", Level::Info).is_err());
    }

    #[test]
    fn more_verbose_layouts_tell_more() {
        let line = |verbose| {
            Messages::new("info", verbose)
                .unwrap()
                .layout(Level::Info, "filter", "text")
        };
        assert!(line(1).contains(" fail2ban.filter         [") && line(1).ends_with("]: INFO   I: text"));
        assert!(line(2).ends_with(" INFO  text"));
        assert!(line(3).contains(" fail2ban.filter           INFO  text"));
        assert!(
            line(4).ends_with(" INFO  |         helpers-20: __safeLog            | text"),
            "{}",
            line(4)
        );
    }
}
