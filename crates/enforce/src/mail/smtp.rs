//! The talk with a mail server (RFC 5321): greeting, TLS, login, one mail, good-bye. All of it within one time limit.
//!
//! Written here and not taken from a library because of that limit, and because mail to `root` has no domain, which
//! libraries refuse. A server is believed no more than anybody: its replies are bounded and shown escaped.
use super::settings::{Secrecy, Settings};
use super::stream::Stream;
use super::trust;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::fmt;
use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

/// Longest line and longest reply of a server that are read.
const LONGEST_REPLY_LINE: usize = 4096;
const MOST_REPLY_LINES: usize = 100;
/// So much of a reply is shown.
const LONGEST_SHOWN: usize = 300;
/// The mail is on its way already when good-bye is said.
const GOOD_BYE: Duration = Duration::from_secs(2);

/// What a server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) code: u16,
    lines: Vec<String>,
}

impl Reply {
    fn is_good(&self) -> bool {
        (200..300).contains(&self.code)
    }
}

/// For people: printable whatever the server sent.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.lines.join(" ");
        let shown: String = text.chars().flat_map(char::escape_debug).take(LONGEST_SHOWN).collect();
        write!(f, "{} {shown}", self.code)
    }
}

/// Why a mail did not go.
#[derive(Debug, thiserror::Error)]
pub(super) enum MailError {
    #[error("the server was not reached: {0}")]
    Unreachable(String),
    #[error("{}", lost(.0))]
    Lost(#[source] io::Error),
    #[error("the server answered {what} with: {reply}")]
    Refused { what: String, reply: Reply },
    #[error("TLS failed: {0}")]
    Tls(String),
    #[error("the server offers no TLS, and ssl asks for it; nothing was sent")]
    NoTls,
    #[error("the server takes none of the logins PLAIN and LOGIN (it offers: {0})")]
    NoLogin(String),
    #[error("the server does not speak SMTP: {0}")]
    Nonsense(&'static str),
}

impl MailError {
    /// Trying again would come to the same (RFC 5321, 4.2.1).
    pub(super) fn is_permanent(&self) -> bool {
        matches!(self, Self::Refused { reply, .. } if (500..600).contains(&reply.code))
    }
}

fn lost(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::TimedOut => "the server did not answer in time".to_owned(),
        io::ErrorKind::UnexpectedEof => "the server closed the connection".to_owned(),
        _ => format!("the connection was lost: {error}"),
    }
}

impl From<io::Error> for MailError {
    fn from(error: io::Error) -> Self {
        Self::Lost(error)
    }
}

/// Hands a mail over. Comes back with those recipients that the server refused while it took others.
pub(super) fn send(
    settings: &Settings<'_>,
    own_name: &str,
    mail: &str,
    time_limit: Duration,
) -> Result<Vec<String>, MailError> {
    let deadline = Instant::now() + time_limit;
    let mut talk = Talk::begin(settings, deadline)?.introduced(settings, own_name)?;
    if let Some((user, password)) = settings.login {
        talk.log_in(user, password)?;
    }
    let refused = talk.hand_over(settings, mail)?;
    talk.end();
    Ok(refused)
}

struct Talk {
    stream: Stream,
    /// Read and not looked at yet.
    pending: Vec<u8>,
    /// What the server can do, in capitals.
    abilities: Vec<String>,
}

impl Talk {
    fn begin(settings: &Settings<'_>, deadline: Instant) -> Result<Self, MailError> {
        let mut stream = Stream::connect(settings.host, settings.port, deadline)?;
        if settings.secrecy == Secrecy::Implicit {
            stream = stream.secured(settings.host, trust::config().map_err(MailError::Tls)?)?;
        }
        let mut talk = Self {
            stream,
            pending: Vec::new(),
            abilities: Vec::new(),
        };
        let greeting = talk.reply()?;
        good("the connection", greeting)?;
        Ok(talk)
    }

    /// Says who we are; goes on in TLS where that is wanted, and nowhere without.
    fn introduced(mut self, settings: &Settings<'_>, own_name: &str) -> Result<Self, MailError> {
        self.hello(own_name)?;
        if settings.secrecy != Secrecy::StartTls {
            return Ok(self);
        }
        if !self.can("STARTTLS") {
            return Err(MailError::NoTls);
        }
        good("STARTTLS", self.ask("STARTTLS")?)?;
        // What somebody on the way put behind the answer must not be taken for said within TLS.
        if !self.pending.is_empty() {
            return Err(MailError::Nonsense("more than an answer to STARTTLS"));
        }
        let config = trust::config().map_err(MailError::Tls)?;
        self.stream = self.stream.secured(settings.host, config)?;
        self.hello(own_name)?;
        Ok(self)
    }

    fn hello(&mut self, own_name: &str) -> Result<(), MailError> {
        let reply = self.ask(&format!("EHLO {own_name}"))?;
        if reply.is_good() {
            self.abilities = reply
                .lines
                .iter()
                .skip(1)
                .map(|line| line.to_ascii_uppercase())
                .collect();
            return Ok(());
        }
        self.abilities.clear();
        good("HELO", self.ask(&format!("HELO {own_name}"))?).map(drop)
    }

    fn can(&self, ability: &str) -> bool {
        self.abilities
            .iter()
            .any(|line| line.split(' ').next() == Some(ability))
    }

    fn log_in(&mut self, user: &str, password: &str) -> Result<(), MailError> {
        // Old servers write `AUTH=` as well.
        let offers: Vec<String> = self
            .abilities
            .iter()
            .filter_map(|line| line.strip_prefix("AUTH")?.strip_prefix([' ', '=']))
            .flat_map(|kinds| kinds.split_whitespace().map(str::to_owned))
            .collect();
        let offered = |kind: &str| offers.iter().any(|offer| offer == kind);
        let last = if offered("PLAIN") {
            let token = BASE64.encode(format!("\0{user}\0{password}"));
            self.ask(&format!("AUTH PLAIN {token}"))?
        } else if offered("LOGIN") {
            for word in ["AUTH LOGIN".to_owned(), BASE64.encode(user)] {
                let reply = self.ask(&word)?;
                if reply.code != 334 {
                    return Err(refused("the login", reply));
                }
            }
            self.ask(&BASE64.encode(password))?
        } else {
            let shown = if offers.is_empty() {
                "none".to_owned()
            } else {
                offers.join(" ")
            };
            return Err(MailError::NoLogin(
                shown.chars().flat_map(char::escape_debug).take(LONGEST_SHOWN).collect(),
            ));
        };
        good("the login", last).map(drop)
    }

    fn hand_over(&mut self, settings: &Settings<'_>, mail: &str) -> Result<Vec<String>, MailError> {
        let reply = self.ask(&format!("MAIL FROM:<{}>", settings.sender))?;
        good(&format!("the sender {}", settings.sender), reply)?;
        let (mut taken, mut refusals) = (0, Vec::new());
        for recipient in &settings.recipients {
            let reply = self.ask(&format!("RCPT TO:<{recipient}>"))?;
            match good(&format!("the recipient {recipient}"), reply) {
                Ok(_) => taken += 1,
                Err(error) => refusals.push(error),
            }
        }
        if taken == 0 {
            // As long as one of them may be taken later, it is worth another try.
            let at = refusals.iter().position(|error| !error.is_permanent()).unwrap_or(0);
            return Err(refusals
                .into_iter()
                .nth(at)
                .unwrap_or(MailError::Nonsense("no recipient")));
        }
        let reply = self.ask("DATA")?;
        if reply.code != 354 {
            return Err(refused("DATA", reply));
        }
        self.stream.write_all(stuffed(mail).as_bytes())?;
        self.stream.flush()?;
        let reply = self.reply()?;
        good("the mail", reply)?;
        Ok(refusals.iter().map(ToString::to_string).collect())
    }

    /// Whatever comes of it, the mail is the server's now.
    fn end(mut self) {
        self.stream.hurry(GOOD_BYE);
        let _ = self.ask("QUIT");
        self.stream.close();
    }

    fn ask(&mut self, command: &str) -> Result<Reply, MailError> {
        self.stream.write_all(format!("{command}\r\n").as_bytes())?;
        self.stream.flush()?;
        self.reply()
    }

    fn reply(&mut self) -> Result<Reply, MailError> {
        let mut lines = Vec::new();
        loop {
            let line = self.line()?;
            let (code, rest) = line
                .split_at_checked(3)
                .ok_or(MailError::Nonsense("a reply without a code"))?;
            let code = match code.parse() {
                Ok(code @ 200..=599) => code,
                _ => return Err(MailError::Nonsense("a reply without a code")),
            };
            lines.push(rest.get(1..).unwrap_or_default().to_owned());
            if !rest.starts_with('-') {
                return Ok(Reply { code, lines });
            }
            if lines.len() >= MOST_REPLY_LINES {
                return Err(MailError::Nonsense("a reply without end"));
            }
        }
    }

    fn line(&mut self) -> Result<String, MailError> {
        let mut searched = 0;
        loop {
            if let Some(at) = self.pending[searched..].iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.pending.drain(..=searched + at).collect();
                return Ok(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            searched = self.pending.len();
            if searched > LONGEST_REPLY_LINE {
                return Err(MailError::Nonsense("a line without end"));
            }
            let mut buffer = [0; 1024];
            match self.stream.read(&mut buffer) {
                Ok(0) => return Err(MailError::Lost(io::ErrorKind::UnexpectedEof.into())),
                Ok(count) => self.pending.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn refused(what: &str, reply: Reply) -> MailError {
    MailError::Refused {
        what: what.to_owned(),
        reply,
    }
}

fn good(what: &str, reply: Reply) -> Result<Reply, MailError> {
    match reply.is_good() {
        true => Ok(reply),
        false => Err(refused(what, reply)),
    }
}

/// The mail with its end: a line that begins with a dot gets a second one, for a dot alone ends the mail.
fn stuffed(mail: &str) -> String {
    let mut out = String::with_capacity(mail.len() + 16);
    for line in mail.trim_end_matches("\r\n").split("\r\n") {
        if line.starts_with('.') {
            out.push('.');
        }
        out.push_str(line);
        out.push_str("\r\n");
    }
    out.push_str(".\r\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dot_alone_does_not_end_a_mail_before_its_end() {
        assert_eq!(stuffed("a\r\n.\r\n..b\r\n"), "a\r\n..\r\n...b\r\n.\r\n");
        assert_eq!(stuffed("a"), "a\r\n.\r\n");
    }

    #[test]
    fn a_reply_is_shown_escaped_and_cut() {
        let reply = Reply {
            code: 550,
            lines: vec!["no\x1b[2J".to_owned(), "x".repeat(1000)],
        };
        let shown = reply.to_string();
        assert!(shown.starts_with("550 no\\u{1b}[2J xxx"), "{shown}");
        assert!(shown.len() < 320);
    }

    #[test]
    fn only_what_the_server_refuses_for_good_is_given_up() {
        let answered = |code| {
            refused(
                "x",
                Reply {
                    code,
                    lines: Vec::new(),
                },
            )
            .is_permanent()
        };
        assert!(answered(550) && answered(535));
        assert!(!answered(450) && !answered(421) && !answered(250));
        assert!(!MailError::NoTls.is_permanent());
    }
}
