//! Where lines go.
use super::Level;
use super::layout::{Layout, Line};
use crate::text::is_true;
use std::fs::{File, OpenOptions};
use std::io::{IsTerminal, Write};
use std::os::unix::net::UnixDatagram;

/// Why a target cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// A file that cannot be appended to.
    #[error("Unable to log to {path:?}: {source}")]
    File {
        /// The file.
        path: String,
        /// The system's words.
        source: std::io::Error,
    },
    /// The socket of syslog or the journal is not there.
    #[error("log socket {path:?} cannot be used: {source}")]
    Socket {
        /// The socket.
        path: String,
        /// The system's words.
        source: std::io::Error,
    },
}

#[derive(Debug)]
pub(super) struct Target {
    out: Out,
    layout: Layout,
    /// Lines that are not written yet.
    waiting: Vec<u8>,
}

#[derive(Debug)]
enum Out {
    File(File),
    Stdout,
    Stderr,
    Syslog { socket: UnixDatagram, facility: u8 },
    Journal(UnixDatagram),
}

/// So many bytes of lines may wait. A file is written up to a multiple of it then, be that in the middle of a line: the
/// kernel has one large piece of memory for such a write, where it needs many for others.
const PIECE: usize = 128 << 10;

const JOURNAL: &str = "/run/systemd/journal/socket";

impl Target {
    pub(super) fn people() -> Self {
        Target {
            out: Out::Stderr,
            layout: Layout::People {
                colour: std::io::stderr().is_terminal(),
            },
            waiting: Vec::new(),
        }
    }

    pub(super) fn stderr() -> Self {
        Target {
            out: Out::Stderr,
            layout: Layout::Original {
                time: true,
                padding: true,
            },
            waiting: Vec::new(),
        }
    }

    pub(super) fn is_file(&self) -> bool {
        matches!(self.out, Out::File(_))
    }

    /// Opens `NAME[option=value, …]`; gives the name without its options as well.
    pub(super) fn open(wanted: &str, syslog_socket: &str) -> Result<(String, Target), TargetError> {
        let (name, options) = split_options(wanted);
        let option = |key: &str| options.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str());
        let upper = name.to_uppercase();
        let out = match upper.as_str() {
            "STDOUT" | "SYSOUT" => Out::Stdout,
            "STDERR" => Out::Stderr,
            "SYSTEMD-JOURNAL" => Out::Journal(connect(JOURNAL)?),
            "SYSLOG" => {
                let path = if syslog_socket == "auto" {
                    "/dev/log"
                } else {
                    syslog_socket
                };
                Out::Syslog {
                    socket: connect(path)?,
                    facility: facility(option("facility").unwrap_or("DAEMON")),
                }
            }
            _ => Out::File(append(&name)?),
        };
        let layout = Layout::Original {
            time: option("datetime").map_or(
                !matches!(upper.as_str(), "SYSLOG" | "SYSOUT" | "SYSTEMD-JOURNAL"),
                is_true,
            ),
            padding: option("padding").map_or(upper != "SYSLOG", is_true),
        };
        let target = Target {
            out,
            layout,
            waiting: Vec::new(),
        };
        Ok((name, target))
    }

    /// Writes a line and all that wait.
    pub(super) fn write(&mut self, line: &Line<'_>) {
        self.write_soon(line, &mut std::iter::once(""));
        self.flush();
    }

    /// Takes lines that begin alike and end as told, to be written with the next ones. (Services take each line by
    /// itself, and at once.)
    pub(super) fn write_soon(&mut self, begin: &Line<'_>, ends: &mut dyn Iterator<Item = &str>) {
        match &mut self.out {
            Out::File(_) | Out::Stdout | Out::Stderr => {
                let mut head = String::with_capacity(128);
                self.layout.write(begin, &mut head);
                for end in ends {
                    self.waiting.extend_from_slice(head.as_bytes());
                    self.waiting.extend_from_slice(end.as_bytes());
                    self.waiting.push(b'\n');
                    if self.waiting.len() >= PIECE {
                        self.write_piece();
                    }
                }
            }
            Out::Syslog { socket, facility } => {
                let mut head = format!("<{}>", *facility * 8 + severity(begin.level));
                self.layout.write(begin, &mut head);
                for end in ends {
                    drop(socket.send(format!("{head}{end}").trim_end().as_bytes()));
                }
            }
            Out::Journal(socket) => {
                let head = format!("MESSAGE={}", super::layout::shown(begin.message));
                let priority = severity(begin.level);
                for end in ends {
                    let text = format!(
                        "{head}{end}\nPRIORITY={priority}\nSYSLOG_IDENTIFIER=fail2ban\nLOGGER={}\n",
                        begin.module
                    );
                    drop(socket.send(text.as_bytes()));
                }
            }
        }
    }

    /// Writes what brings a file to a multiple of [`PIECE`]; all where that is no file, as somebody may look on there.
    fn write_piece(&mut self) {
        let Out::File(file) = &mut self.out else {
            return self.flush();
        };
        let end = file.metadata().map_or(0, |file| file.len()) + self.waiting.len() as u64;
        let beyond = (end % PIECE as u64) as usize;
        let piece = self.waiting.len().saturating_sub(beyond);
        drop(file.write_all(&self.waiting[..piece]));
        self.waiting.drain(..piece);
    }

    /// Writes the lines that wait. A log that cannot be written has nobody to be told of it, so failures are left
    /// alone.
    pub(super) fn flush(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        let bytes = self.waiting.as_slice();
        match &mut self.out {
            Out::File(file) => drop(file.write_all(bytes)),
            Out::Stdout => drop(std::io::stdout().write_all(bytes)),
            Out::Stderr => drop(std::io::stderr().write_all(bytes)),
            Out::Syslog { .. } | Out::Journal(_) => {}
        }
        self.waiting.clear();
        if self.waiting.capacity() > 2 * PIECE {
            self.waiting.shrink_to(PIECE);
        }
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        self.flush();
    }
}

fn append(path: &str) -> Result<File, TargetError> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .map_err(|source| TargetError::File {
            path: path.to_owned(),
            source,
        })
}

fn connect(path: &str) -> Result<UnixDatagram, TargetError> {
    let attempt = || {
        let socket = UnixDatagram::unbound()?;
        socket.connect(path)?;
        // A stuck log service must not hold up a ban.
        socket.set_nonblocking(true)?;
        Ok(socket)
    };
    attempt().map_err(|source| TargetError::Socket {
        path: path.to_owned(),
        source,
    })
}

/// `NAME[a=b, c="d"]` into the name and its options.
fn split_options(text: &str) -> (String, Vec<(String, String)>) {
    let Some((name, rest)) = text.split_once('[').filter(|(_, rest)| rest.ends_with(']')) else {
        return (text.to_owned(), Vec::new());
    };
    let options = rest[..rest.len() - 1]
        .split(',')
        .filter_map(|part| part.split_once('='))
        .map(|(key, value)| (key.trim().to_owned(), value.trim().trim_matches(['"', '\'']).to_owned()))
        .collect();
    (name.to_owned(), options)
}

/// Facility numbers of RFC 5424; unknown names count as `DAEMON`.
fn facility(name: &str) -> u8 {
    const NAMES: [&str; 12] = [
        "KERN", "USER", "MAIL", "DAEMON", "AUTH", "SYSLOG", "LPR", "NEWS", "UUCP", "CRON", "AUTHPRIV", "FTP",
    ];
    let upper = name.to_uppercase();
    if let Some(digit) = upper
        .strip_prefix("LOCAL")
        .and_then(|d| d.parse::<u8>().ok())
        .filter(|d| *d < 8)
    {
        return 16 + digit;
    }
    NAMES
        .iter()
        .position(|known| *known == upper)
        .and_then(|i| u8::try_from(i).ok())
        .unwrap_or(3)
}

/// Severity numbers of RFC 5424.
fn severity(level: Level) -> u8 {
    match level.0 {
        50.. => 2,
        40.. => 3,
        30.. => 4,
        25.. => 5,
        18.. => 6,
        _ => 7,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use bantam_detect::Time;

    #[test]
    fn lines_that_wait_are_all_written_in_their_order_however_many() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("daemon.log").to_string_lossy().into_owned();
        let (_, mut target) = Target::open(&path, "auto").unwrap();
        let line = |message| Line {
            time: Time::from_secs(0),
            level: Level::INFO,
            module: "fail2ban.filter",
            message,
        };
        let ends: Vec<String> = (0..9000).map(|number| format!("{number} ä€")).collect();
        target.write(&line("[j] first"));
        let begun = std::fs::metadata(&path).unwrap().len() as usize;
        target.write_soon(&line("[j] Found "), &mut ends.iter().map(String::as_str));
        let written = std::fs::metadata(&path).unwrap().len() as usize;
        assert!(written > begun && written.is_multiple_of(PIECE), "{written} bytes");
        target.write(&line("[j] last"));
        let text = std::fs::read_to_string(&path).unwrap();
        let mut lines = text.lines();
        assert!(lines.next().unwrap().ends_with("[j] first"));
        for end in &ends {
            assert!(lines.next().unwrap().ends_with(&format!("[j] Found {end}")));
        }
        assert!(lines.next().unwrap().ends_with("[j] last"));
        assert_eq!(lines.next(), None);
    }
}
