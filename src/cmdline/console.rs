//! Where the three programs print: results on standard output, the log of what went wrong on standard error.
use std::fmt::Write as _;
use std::io::{IsTerminal, Write};

/// Name under which messages appear on standard error, as wide as the original writes it.
const LOGGER: &str = "fail2ban                ";

/// Output for people.
pub struct Console {
    out: Box<dyn Write>,
    err: Box<dyn Write>,
    /// Terminals get no control characters: text in replies can stem from a log.
    escape: bool,
    colour: bool,
    /// What `-v` and `-q` make of it: 1 is the default, below only errors are shown.
    pub verbosity: i32,
    /// What was printed as JSON, and the last error.
    json: bool,
    last_error: Option<String>,
    /// Before the options are understood, messages have no layout.
    pub bare: bool,
}

impl Console {
    /// Standard output and standard error.
    pub fn standard() -> Self {
        let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let escape = std::io::stdout().is_terminal();
        let (out, err) = (Box::new(std::io::stdout()), Box::new(std::io::stderr()));
        Console {
            out,
            err,
            escape,
            colour,
            verbosity: 1,
            json: false,
            last_error: None,
            bare: true,
        }
    }

    /// Elsewhere.
    #[cfg(test)]
    pub fn to(out: impl Write + 'static, err: impl Write + 'static) -> Self {
        Console {
            out: Box::new(out),
            err: Box::new(err),
            escape: false,
            colour: false,
            verbosity: 1,
            json: false,
            last_error: None,
            bare: true,
        }
    }

    /// Whether standard error shows colours.
    pub fn colour(&self) -> bool {
        self.colour
    }

    /// A line on standard output. A reader that went away is no error.
    pub fn print(&mut self, line: &str) {
        let line = if self.escape { visible(line) } else { line.to_owned() };
        let _ = writeln!(self.out, "{line}").and_then(|()| self.out.flush());
    }

    /// A JSON document on a line of standard output. Terminals get it escaped as JSON escapes.
    pub fn print_json(&mut self, document: &serde_json::Value) {
        self.json = true;
        let mut text = document.to_string();
        if self.escape {
            text = escape_json(&text);
        }
        let _ = writeln!(self.out, "{text}").and_then(|()| self.out.flush());
    }

    /// Whether JSON was printed since the last time that this was asked, and the last error since then.
    pub fn take_json(&mut self) -> (bool, Option<String>) {
        (std::mem::take(&mut self.json), self.last_error.take())
    }

    /// What [`Console::take_json`] gives as the last error, without saying it: it was shown in another way.
    pub fn note_error(&mut self, message: String) {
        self.last_error = Some(message);
    }

    /// Text on standard output without a line's end.
    pub fn prompt(&mut self, text: &str) {
        let _ = write!(self.out, "{text}").and_then(|()| self.out.flush());
    }

    /// Text on standard error as it is.
    pub fn show(&mut self, text: &str) {
        let _ = writeln!(self.err, "{}", text.trim_end_matches('\n'));
    }

    /// A message about something that failed.
    pub fn error(&mut self, message: &str) {
        self.last_error = Some(message.to_owned());
        self.log("ERROR  ", message, i32::MIN);
    }

    /// A message about something odd.
    pub fn warning(&mut self, message: &str) {
        self.log("WARNING", message, 1);
    }

    /// A message for those who asked with `-v`.
    pub fn info(&mut self, message: &str) {
        self.log("INFO   ", message, 2);
    }

    fn log(&mut self, level: &str, message: &str, from: i32) {
        if self.verbosity < from {
            return;
        }
        let message = visible(message);
        let _ = if self.bare {
            writeln!(self.err, "{message}")
        } else {
            let time = jiff::Zoned::now().strftime("%Y-%m-%d %H:%M:%S,%3f").to_string();
            writeln!(self.err, "{time} {LOGGER}[{}]: {level} {message}", std::process::id())
        };
    }
}

/// JSON's own escapes in place of what a terminal would act upon.
fn escape_json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        let _ = match visible(char.encode_utf8(&mut [0; 4])) {
            shown if shown.starts_with('\\') && char != '\\' => write!(out, "\\u{:04x}", u32::from(char)),
            _ => out.write_char(char),
        };
    }
    out
}

/// Shows what a terminal would act upon: control characters other than line ends and tabs, and what turns the direction
/// of text.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        let _ = match char {
            '\n' | '\t' => out.write_char(char),
            _ if char.is_control() => write!(out, "\\x{:02x}", u32::from(char)),
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{61c}' => {
                write!(out, "\\u{:04x}", u32::from(char))
            }
            _ => out.write_char(char),
        };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_acts_upon_is_shown_instead() {
        assert_eq!(escape_json("\"a\\n\u{202e}\u{9b}\""), "\"a\\n\\u202e\\u009b\"");
        assert_eq!(visible("a\x1b[2J\u{202e}b\tc\nd\u{9b}"), "a\\x1b[2J\\u202eb\tc\nd\\x9b");
    }
}
