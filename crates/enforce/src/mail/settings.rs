//! What a mail action is told: its options, the properties that they are kept as, and whether they can work.
//!
//! Options and properties have the names of the original's `smtp.py`, whose options and attributes differ in three.
use crate::Definition;

/// An option of the mail action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MailOption {
    /// As written between the brackets of `smtp.py[…]`.
    pub option: &'static str,
    /// As asked for with `get JAIL action NAME PROPERTY`.
    pub property: &'static str,
    /// Where it is not given; none where there is nothing then.
    pub default: Option<&'static str>,
}

const fn option(option: &'static str, property: &'static str, default: Option<&'static str>) -> MailOption {
    MailOption {
        option,
        property,
        default,
    }
}

/// All of them.
pub const MAIL_OPTIONS: [MailOption; 8] = [
    option("host", "host", Some("localhost")),
    option("ssl", "ssl", None),
    option("user", "user", None),
    option("password", "password", None),
    option("sendername", "fromname", Some("Fail2Ban")),
    option("sender", "fromaddr", Some("fail2ban")),
    option("dest", "toaddr", Some("root")),
    option("matches", "matches", None),
];

/// Words by which `ssl` is switched off. The original takes any text for a yes, `no` too.
const NO: [&str; 6] = ["", "0", "no", "off", "false", "none"];

/// Port of mail servers that speak TLS from the first byte on.
const IMPLICIT_TLS: u16 = 465;

/// Whether a definition can work.
///
/// # Errors
/// In words, when it cannot.
pub(crate) fn check(definition: &Definition) -> Result<(), String> {
    Settings::read(definition).map(drop)
}

/// A property that was not set.
pub(crate) fn default_of(name: &str) -> Option<&'static str> {
    MAIL_OPTIONS.iter().find(|known| known.property == name)?.default
}

/// The property for an option.
pub(crate) fn property_of(name: &str) -> Option<&'static str> {
    let known = MAIL_OPTIONS.iter().find(|known| known.option == name)?;
    Some(known.property)
}

/// How the connection is kept from others' eyes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Secrecy {
    /// Not at all.
    Plain,
    /// TLS after the server was asked for it; nothing is sent without.
    StartTls,
    /// TLS from the first byte on.
    Implicit,
}

/// Which of the offender's lines are added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lines {
    None,
    OfBan,
    OfJail,
    OfAll,
}

/// Settings that can work.
#[derive(Debug)]
pub(super) struct Settings<'d> {
    pub(super) host: &'d str,
    pub(super) port: u16,
    pub(super) secrecy: Secrecy,
    /// User and password.
    pub(super) login: Option<(&'d str, &'d str)>,
    pub(super) sender_name: &'d str,
    pub(super) sender: &'d str,
    /// For the header: as written, or without the names where these are not plain.
    pub(super) to: String,
    pub(super) recipients: Vec<&'d str>,
    pub(super) lines: Lines,
}

impl<'d> Settings<'d> {
    /// Reads what a definition says.
    ///
    /// # Errors
    /// In words, when it cannot work.
    pub(super) fn read(definition: &'d Definition) -> Result<Self, String> {
        let text = |property: &str| definition.get(property).unwrap_or_default();
        let (host, port) = host_and_port(text("host"))?;
        let ssl = text("ssl").trim();
        let secrecy = match port {
            IMPLICIT_TLS => Secrecy::Implicit,
            _ if NO.iter().any(|no| ssl.eq_ignore_ascii_case(no)) => Secrecy::Plain,
            _ => Secrecy::StartTls,
        };
        let (user, password) = (text("user"), text("password"));
        if user.contains(['\0', '\r', '\n']) || password.contains('\0') {
            return Err("user and password must not hold NUL or line ends".to_owned());
        }
        let to = text("toaddr");
        let recipients: Vec<&str> = to.split(',').map(address_in).filter(|one| !one.is_empty()).collect();
        if recipients.is_empty() {
            return Err("dest names nobody; write addresses such as root or me@example.com".to_owned());
        }
        let sender = address_in(text("fromaddr"));
        for address in recipients.iter().chain([&sender]) {
            check_address(address)?;
        }
        header_text("dest", to)?;
        header_text("sendername", text("fromname"))?;
        Ok(Self {
            host,
            port,
            secrecy,
            login: (!user.is_empty() && !password.is_empty()).then_some((user, password)),
            sender_name: text("fromname"),
            sender,
            to: match to.is_ascii() {
                true => to.trim().to_owned(),
                false => recipients.join(", "),
            },
            recipients,
            lines: lines(text("matches"))?,
        })
    }
}

/// `host`, `host:port`, `[address]:port`.
fn host_and_port(text: &str) -> Result<(&str, u16), String> {
    const PORT: u16 = 25;
    let wrong = |why: &str| {
        Err(format!(
            "host {text:?} {why}; write name:port, such as mail.example.com:587"
        ))
    };
    let text_trimmed = text.trim();
    let bracketed = text_trimmed
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
        .map(|(host, rest)| (host, rest.strip_prefix(':')));
    let (host, port) = match bracketed {
        Some(split) => split,
        // More colons are an IPv6 address without a port.
        None if text_trimmed.matches(':').count() != 1 => (text_trimmed, None),
        None => match text_trimmed.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text_trimmed, None),
        },
    };
    if host.is_empty() || host.contains(|c: char| c.is_control() || c.is_whitespace()) {
        return wrong("is no name of a host");
    }
    match port.map(str::parse) {
        None => Ok((host, PORT)),
        Some(Ok(port @ 1..)) => Ok((host, port)),
        Some(_) => wrong("has no port number behind its colon"),
    }
}

/// `a@b` of `Name <a@b>`.
fn address_in(text: &str) -> &str {
    let text = text.trim();
    let inner = text
        .strip_suffix('>')
        .and_then(|rest| rest.rsplit_once('<'))
        .map(|(_, inner)| inner);
    inner.unwrap_or(text).trim()
}

/// Names of local users are addresses too; what could end the command that an address stands in is none.
fn check_address(address: &str) -> Result<(), String> {
    let fits = !address.is_empty()
        && address.len() <= 254
        && address
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>'));
    match fits {
        true => Ok(()),
        false => Err(format!(
            "{address:?} is no mail address; write name or name@example.com"
        )),
    }
}

fn header_text(option: &str, text: &str) -> Result<(), String> {
    match text.contains(|c: char| c.is_control()) {
        true => Err(format!(
            "{option} {text:?} holds a control character; write it in one line"
        )),
        false => Ok(()),
    }
}

fn lines(text: &str) -> Result<Lines, String> {
    match text.trim() {
        "" | "None" => Ok(Lines::None),
        "matches" => Ok(Lines::OfBan),
        "ipmatches" => Ok(Lines::OfAll),
        "ipjailmatches" => Ok(Lines::OfJail),
        other => Err(format!(
            "matches {other:?} is unknown; write matches, ipmatches or ipjailmatches, or leave it out"
        )),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn definition(options: &[(&str, &str)]) -> Definition {
        let owned = options.iter().map(|(key, value)| (*key, (*value).to_owned()));
        Definition::mail(owned).unwrap()
    }

    #[test]
    fn without_options_mail_goes_to_root_of_this_host() {
        let definition = definition(&[]);
        let settings = Settings::read(&definition).unwrap();
        assert_eq!((settings.host, settings.port), ("localhost", 25));
        assert_eq!((settings.sender, settings.sender_name), ("fail2ban", "Fail2Ban"));
        assert_eq!(settings.recipients, ["root"]);
        assert_eq!((settings.secrecy, settings.lines), (Secrecy::Plain, Lines::None));
        assert_eq!(settings.login, None);
    }

    #[test]
    fn a_host_has_a_port_or_none() {
        for (text, read) in [
            ("mail.example", Some(("mail.example", 25))),
            ("mail.example:587", Some(("mail.example", 587))),
            ("[::1]:2525", Some(("::1", 2525))),
            ("::1", Some(("::1", 25))),
            ("", None),
            (":25", None),
            ("a:", None),
            ("a:0", None),
            ("a:65536", None),
            ("a b:25", None),
            ("a\r\n:25", None),
        ] {
            assert_eq!(host_and_port(text).ok(), read, "{text:?}");
        }
    }

    #[test]
    fn tls_is_asked_for_by_any_word_but_a_no_and_implied_by_its_port() {
        let secrecy = |options: &[(&str, &str)]| Settings::read(&definition(options)).unwrap().secrecy;
        assert_eq!(secrecy(&[("ssl", "yes")]), Secrecy::StartTls);
        assert_eq!(secrecy(&[("ssl", "True")]), Secrecy::StartTls);
        assert_eq!(secrecy(&[("ssl", "False")]), Secrecy::Plain);
        assert_eq!(secrecy(&[("host", "h:465")]), Secrecy::Implicit);
    }

    #[test]
    fn nothing_that_could_end_a_header_or_a_command_is_taken() {
        for (key, value) in [
            ("sender", "a@b>\r\nRCPT TO:<c"),
            ("sender", "a b"),
            ("sender", "ä@example.com"),
            ("dest", "root\r\nBcc: all@example.com"),
            ("dest", " , "),
            ("sendername", "x\nSubject: y"),
            ("user", "a\0b"),
            ("matches", "head"),
        ] {
            assert!(Definition::mail([(key, value.to_owned())]).is_err(), "{key}={value:?}");
            let mut changed = definition(&[]);
            assert!(
                changed.set(property_of(key).unwrap(), value).is_err(),
                "{key}={value:?}"
            );
            assert_eq!(changed, definition(&[]), "what cannot work is not taken over");
        }
    }

    #[test]
    fn addresses_may_have_names_before_them() {
        let definition = definition(&[("dest", "Root <root@example.com>,me@example.com")]);
        let settings = Settings::read(&definition).unwrap();
        assert_eq!(settings.recipients, ["root@example.com", "me@example.com"]);
    }
}
