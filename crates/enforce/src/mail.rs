//! The action that writes mails: what the original's `smtp.py` does, under the same name and with the same options.
//!
//! Stands in a jail's queue beside the shell actions. Tells of the jail's start and stop and of each ban; nothing of
//! it stands anywhere, so there is nothing to lift.

mod letter;
mod message;
mod settings;
mod smtp;
mod stream;
mod trust;

use crate::action::ActionError;
use crate::{Definition, Level, Logger, SharedDefinition, Surroundings, TagSource};
use letter::Letter;
use message::Correspondents;
use settings::Settings;
use smtp::MailError;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use settings::{MAIL_OPTIONS, MailOption};
pub(crate) use settings::{check, default_of, property_of};

/// After a server kept us waiting in vain, it is left alone for so many times that long, within these bounds: a mail
/// server that is gone must not keep the jail's other actions from their work.
const RESPITE: u32 = 5;
const LONGEST_RESPITE: Duration = Duration::from_secs(60);

/// A mail action at work.
#[derive(Debug)]
pub(crate) struct Mail {
    jail: String,
    name: Arc<str>,
    shared: SharedDefinition,
    surroundings: Surroundings,
    /// Until then the server is left alone, for this reason.
    respite: Option<(Instant, String)>,
}

impl Mail {
    pub(crate) fn new(jail: &str, name: Arc<str>, shared: SharedDefinition, surroundings: Surroundings) -> Self {
        Self {
            jail: jail.to_owned(),
            name,
            shared,
            surroundings,
            respite: None,
        }
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub(crate) fn definition(&self) -> Arc<Definition> {
        self.shared.snapshot()
    }

    /// # Errors
    /// As all below: when the mail did not go.
    pub(crate) fn start(&mut self) -> Result<(), ActionError> {
        self.tell(|jail, host, _| letter::about_jail(jail, host, "started"))
    }

    pub(crate) fn stop(&mut self) -> Result<(), ActionError> {
        self.tell(|jail, host, _| letter::about_jail(jail, host, "stopped"))
    }

    /// A ban of before is not told again, whatever `norestored` says.
    pub(crate) fn ban(&mut self, values: &dyn TagSource) -> Result<(), ActionError> {
        if values.tag("restored").is_some_and(|restored| restored == "1") {
            return Ok(());
        }
        self.tell(|jail, host, settings| letter::about_ban(jail, host, settings.lines, values))
    }

    fn tell(&mut self, write: impl FnOnce(&str, &str, &Settings<'_>) -> Letter) -> Result<(), ActionError> {
        let definition = self.shared.snapshot();
        let settings = Settings::read(&definition).map_err(|why| failed(why, false))?;
        if let Some((until, why)) = &self.respite
            && Instant::now() < *until
        {
            return Err(failed(format!("not tried again yet: {why}"), false));
        }
        let host = host_name();
        let letter = write(&self.jail, &host, &settings);
        let begun = Instant::now();
        let sent = self.send(&settings, &letter, &host, definition.timeout());
        self.respite = None;
        sent.map_err(|error| {
            let (server, port) = (settings.host, settings.port);
            let text = format!("no mail by {server}:{port}: {error}");
            if matches!(error, MailError::Unreachable(_) | MailError::Lost(_)) {
                let respite = begun.elapsed().saturating_mul(RESPITE).min(LONGEST_RESPITE);
                self.respite = Some((Instant::now() + respite, text.clone()));
            }
            failed(text, error.is_permanent())
        })
    }

    fn send(&self, settings: &Settings<'_>, letter: &Letter, host: &str, limit: Duration) -> Result<(), MailError> {
        let who = Correspondents {
            sender_name: settings.sender_name,
            sender: settings.sender,
            to: &settings.to,
        };
        let mail = message::compose(letter, who, jiff::Timestamp::now()).unwrap_or_default();
        let refused = smtp::send(settings, &greeting_name(host), &mail, limit)?;
        for one in refused {
            self.surroundings.say(Logger::Action, Level::Warning, || {
                format!("[{}] {}: mail not for all: {one}", self.jail, self.name)
            });
        }
        self.surroundings.say(Logger::Action, Level::Debug, || {
            format!("[{}] {}: mail sent: {:?}", self.jail, self.name, letter.subject)
        });
        Ok(())
    }
}

fn failed(message: String, permanent: bool) -> ActionError {
    ActionError {
        message,
        command: String::new(),
        finished: None,
        permanent,
    }
}

fn host_name() -> String {
    let name = rustix::system::uname();
    let name = name.nodename().to_string_lossy();
    name.chars().filter(|c| !c.is_control()).collect()
}

/// What a server takes for a name; else an address of this host.
fn greeting_name(host: &str) -> String {
    let fits = host
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
    match fits && host.contains('.') {
        true => host.to_owned(),
        false => "[127.0.0.1]".to_owned(),
    }
}
