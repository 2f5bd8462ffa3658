//! How a line looks.
use super::Level;
use crate::text;
use bantam_detect::Time;
use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::OnceLock;

/// A line before it is laid out.
pub(super) struct Line<'a> {
    pub time: Time,
    pub level: Level,
    pub module: &'a str,
    pub message: &'a str,
}

/// How lines are laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Layout {
    /// The original's.
    Original {
        /// With date and time.
        time: bool,
        /// Module and level in columns.
        padding: bool,
    },
    /// A few words for a person who looks at a terminal or at `docker logs`.
    People {
        /// With colours.
        colour: bool,
    },
}

impl Layout {
    /// Appends the line, without its newline.
    pub(super) fn write(&self, line: &Line<'_>, text: &mut String) {
        let message = shown(line.message);
        // Writing into a String cannot fail.
        let _ = match self {
            Layout::Original { time, padding } => {
                if *time {
                    text::write_local(line.time, text);
                    let millis = line.time.nanos().rem_euclid(1_000_000_000) / 1_000_000;
                    text.push(',');
                    text.extend([100, 10, 1].map(|of| char::from(b'0' + (millis / of % 10) as u8)));
                    text.push(' ');
                }
                // Written piece by piece: in a flood this is said for every line.
                text.push_str(line.module);
                let gap = if *padding {
                    24usize.saturating_sub(line.module.len())
                } else {
                    0
                };
                text.extend(std::iter::repeat_n(' ', gap));
                text.push_str(own_id());
                text.push_str(line.level.name());
                let gap = if *padding {
                    7usize.saturating_sub(line.level.name().len())
                } else {
                    0
                };
                text.extend(std::iter::repeat_n(' ', gap + 1));
                text.push_str(&message);
                Ok(())
            }
            Layout::People { colour } => {
                let (on, off) = if *colour {
                    (colour_of(line.level), "\x1b[0m")
                } else {
                    ("", "")
                };
                let time = text::strftime(line.time, "%H:%M:%S");
                write!(
                    text,
                    "{time} {on}{:<7}{off} {message}",
                    line.level.name().to_lowercase()
                )
            }
        };
    }
}

/// `[PID]: `
fn own_id() -> &'static str {
    static OWN: OnceLock<String> = OnceLock::new();
    OWN.get_or_init(|| format!("[{}]: ", std::process::id()))
}

fn colour_of(level: Level) -> &'static str {
    match level.0 {
        40.. => "\x1b[31m",
        30.. => "\x1b[33m",
        25.. => "\x1b[36m",
        20.. => "\x1b[32m",
        _ => "\x1b[2m",
    }
}

/// Text with control and direction-changing characters made visible, so that no log line can forge another one or
/// steer a terminal.
pub(super) fn shown(text: &str) -> Cow<'_, str> {
    // Nearly all is of plain letters.
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) || !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_hidden(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// Makes what stands from there on so.
pub(super) fn show(text: &mut String, from: usize) {
    if let Some(Cow::Owned(plain)) = text.get(from..).map(shown) {
        text.truncate(from);
        text.push_str(&plain);
    }
}

fn is_hidden(c: char) -> bool {
    (c.is_control() && c != '\t')
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(message: &str) -> Line<'_> {
        Line {
            time: Time::from_secs(0),
            level: Level::NOTICE,
            module: "fail2ban.actions",
            message,
        }
    }

    #[test]
    fn a_line_has_the_columns_that_the_recidive_jail_reads() {
        let layout = Layout::Original {
            time: false,
            padding: true,
        };
        let mut text = String::new();
        layout.write(&line("[sshd] Ban 192.0.2.1"), &mut text);
        assert_eq!(
            text,
            format!(
                "fail2ban.actions        [{}]: NOTICE  [sshd] Ban 192.0.2.1",
                std::process::id()
            )
        );
    }

    #[test]
    fn what_is_added_to_a_line_is_shown_like_the_rest() {
        let mut text = "a\nb ".to_owned();
        show(&mut text, 4);
        assert_eq!(text, "a\nb ");
        text.push_str("c\nd");
        show(&mut text, 4);
        assert_eq!(text, "a\nb c\\nd");
    }

    #[test]
    fn a_message_cannot_begin_a_second_line_or_steer_the_terminal() {
        let mut text = String::new();
        Layout::People { colour: false }.write(&line("a\nb\x1b[2J\u{202e}c"), &mut text);
        assert!(text.ends_with("a\\nb\\u{1b}[2J\\u{202e}c"), "{text}");
    }
}
