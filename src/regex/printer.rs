//! Standard output: buffered, and safe for terminals.
use std::fmt::Write as _;
use std::io::{self, BufWriter, IsTerminal, LineWriter, Write};

/// Prints lines. Text of logs is chosen by strangers: a terminal is shown its control characters, never sent them.
/// What goes to a file or a pipe stays as it is.
pub struct Printer {
    out: Box<dyn Write>,
    escape: bool,
    /// The first error of writing; nothing more is written after it.
    broken: Option<io::Error>,
}

impl Printer {
    /// Standard output. People see lines as they come, others in large blocks.
    pub fn standard() -> Self {
        let stdout = io::stdout();
        let escape = stdout.is_terminal();
        let out: Box<dyn Write> = match escape {
            true => Box::new(LineWriter::new(stdout)),
            false => Box::new(BufWriter::with_capacity(1 << 16, stdout)),
        };
        Printer {
            out,
            escape,
            broken: None,
        }
    }

    /// Standard error.
    pub fn error() -> Self {
        let stderr = io::stderr();
        Printer {
            escape: stderr.is_terminal(),
            out: Box::new(BufWriter::new(stderr)),
            broken: None,
        }
    }

    /// A line, which may be text of several lines.
    pub fn line(&mut self, text: &str) {
        let result = if self.escape {
            writeln!(self.out, "{}", visible(text))
        } else {
            writeln!(self.out, "{text}")
        };
        if let (Err(error), None) = (result, &self.broken) {
            self.broken = Some(error);
        }
    }

    /// A line in which everything was escaped already, save the colours that it is to have.
    pub fn escaped_line(&mut self, text: &str) {
        if let (Err(error), None) = (writeln!(self.out, "{text}"), &self.broken) {
            self.broken = Some(error);
        }
    }

    /// Whether a person reads it.
    pub fn is_terminal(&self) -> bool {
        self.escape
    }

    /// Whether writing has failed, so that going on is in vain.
    pub fn is_broken(&self) -> bool {
        self.broken.is_some()
    }

    /// Writes what is buffered.
    pub fn flush(&mut self) -> io::Result<()> {
        match self.broken.take() {
            Some(error) => Err(error),
            None => self.out.flush(),
        }
    }
}

/// The text with control and direction characters written out.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => shown.push(c),
            c if c.is_control() => {
                let _ = write!(shown, "\\x{:02x}", u32::from(c));
            }
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                let _ = write!(shown, "\\u{:04x}", u32::from(c));
            }
            c => shown.push(c),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn a_terminal_is_never_sent_control_or_direction_characters() {
        assert_eq!(
            visible("a\x1b[31m\u{9b}\u{202e}\u{7f}\tü\n"),
            "a\\x1b[31m\\x9b\\u202e\\x7f\tü\n"
        );
    }
}
