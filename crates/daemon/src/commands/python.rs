//! Actions that are Python files in the original. There is a native one in place of its `smtp.py`, known by that name
//! whether the file is there or not; the others cannot be loaded, and are refused with advice.
use super::Failure;
use super::words::Words;
use crate::rehearsal::Objection;
use bantam_enforce::{Definition, MAIL_OPTIONS};
use bantam_wire::Value;
use std::path::Path;

/// The original's class, for its errors.
pub(super) const CLASS: &str = "SMTPAction";
/// Its methods.
pub(super) const METHODS: [&str; 5] = ["ban", "reban", "start", "stop", "unban"];

/// The file that has a native action in its place.
const MAIL: &str = "smtp.py";
/// What stands where a password would.
const MASK: &str = "***";
/// An attribute of the original's that is no text: values for its texts.
const MESSAGE_VALUES: &str = "message_values";
/// Values that no option sets.
const NO_RESTORED: &str = "norestored";

/// A file or its options that cannot be used.
#[derive(Debug)]
pub(super) struct Refusal {
    class: &'static str,
    message: String,
    advice: String,
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Failure::plain(refusal.class, format!("{}; {}", refusal.message, refusal.advice))
    }
}

impl From<Refusal> for Objection {
    fn from(refusal: Refusal) -> Self {
        Objection::Advice(Failure::plain(refusal.class, refusal.message), refusal.advice)
    }
}

/// Why a command that adds an action fails.
#[derive(Debug)]
pub(super) enum Wrong {
    /// The words make no sense.
    Words(Failure),
    /// The file cannot be used.
    File(Refusal),
}

impl From<Failure> for Wrong {
    fn from(failure: Failure) -> Self {
        Wrong::Words(failure)
    }
}

impl From<Wrong> for Failure {
    fn from(wrong: Wrong) -> Self {
        match wrong {
            Wrong::Words(failure) => failure,
            Wrong::File(refusal) => refusal.into(),
        }
    }
}

impl From<Wrong> for Objection {
    fn from(wrong: Wrong) -> Self {
        match wrong {
            Wrong::Words(failure) => failure.into(),
            Wrong::File(refusal) => refusal.into(),
        }
    }
}

/// The native action for `addaction NAME FILE JSON`; none where no file is named.
pub(super) fn definition(name: &str, words: Words<'_>) -> Result<Option<Definition>, Wrong> {
    if words.len() <= 4 {
        return Ok(None);
    }
    let file = words.text(4)?;
    let options = options(&words.text(5)?)?;
    let base = Path::new(&file)
        .file_name()
        .and_then(|base| base.to_str())
        .unwrap_or_default();
    if base != MAIL {
        return Err(Wrong::File(not_loaded(name, &file, base)));
    }
    let known = |key: &str| MAIL_OPTIONS.iter().any(|known| known.option == key);
    if let Some((key, _)) = options.iter().find(|(key, _)| !known(key)) {
        let all: Vec<&str> = MAIL_OPTIONS.iter().map(|known| known.option).collect();
        return Err(Wrong::File(Refusal {
            class: "TypeError",
            message: format!("{CLASS}.__init__() got an unexpected keyword argument '{key}'"),
            advice: format!("{MAIL} knows {}", all.join(", ")),
        }));
    }
    let given = options.iter().map(|(key, value)| (key.as_str(), value.clone()));
    Definition::mail(given).map(Some).map_err(|why| {
        let (wrong, right) = why.split_once("; ").unwrap_or((&why, "see docs/mail.md"));
        Wrong::File(Refusal {
            class: "ValueError",
            message: format!("action '{name}' ({MAIL}): {wrong}"),
            advice: right.to_owned(),
        })
    })
}

fn options(json: &str) -> Result<Vec<(String, String)>, Failure> {
    let wrong = || Failure::value("the options of an action that is a file must be a JSON object of texts");
    let Ok(serde_json::Value::Object(options)) = serde_json::from_str(json) else {
        return Err(wrong());
    };
    let mut out = Vec::with_capacity(options.len());
    for (key, value) in options {
        let text = match value {
            serde_json::Value::Null => continue,
            serde_json::Value::String(text) => text,
            serde_json::Value::Bool(truth) => if truth { "True" } else { "False" }.to_owned(),
            serde_json::Value::Number(number) => number.to_string(),
            _ => return Err(wrong()),
        };
        out.push((key, text));
    }
    Ok(out)
}

fn not_loaded(name: &str, file: &str, base: &str) -> Refusal {
    let stem = base.strip_suffix(".py").unwrap_or(base);
    let own = format!(
        "write action.d/{stem}.conf in its place, with the program to run in actionban (such as \
         `actionban = /usr/local/bin/{stem} ban <ip>`), and ask for `{stem}` without `.py`"
    );
    let lower = stem.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let stock = if has(&["mail", "smtp", "sendmail"]) {
        Some("the stock actions sendmail-whois and mail-whois write mails, and so does smtp.py, which is built in")
    } else if has(&["abuseipdb"]) {
        Some("the stock action abuseipdb does this")
    } else if has(&["cloudflare"]) {
        Some("the stock actions cloudflare and cloudflare-token do this")
    } else if has(&["badips"]) {
        Some("the service is gone; the stock actions blocklist_de and abuseipdb report to others")
    } else {
        None
    };
    Refusal {
        class: "RuntimeError",
        message: format!("action '{name}' is the Python file {file}, which Bantam cannot load"),
        advice: stock.map_or(own.clone(), |stock| format!("{stock}; or {own}")),
    }
}

/// Names of all properties, in order.
pub(super) fn properties(definition: &Definition) -> Vec<String> {
    let own = MAIL_OPTIONS.iter().map(|known| known.property);
    let mut all: Vec<String> = own.chain([MESSAGE_VALUES, NO_RESTORED]).map(str::to_owned).collect();
    all.extend(definition.properties.keys().cloned());
    all.sort();
    all.dedup();
    all
}

/// A property as the original answers; a password only as there or not.
pub(super) fn property(definition: &Definition, name: &str) -> Option<Value> {
    let set = definition.properties.get(name).map(String::as_str);
    match (name, set) {
        ("password", Some(password)) if !password.is_empty() => Some(Value::from(MASK)),
        (_, Some(value)) => Some(Value::from(value)),
        (NO_RESTORED, None) => Some(Value::Int(1)),
        (MESSAGE_VALUES, None) => Some(Value::from("jailname, hostname, bantime")),
        ("ssl", None) => Some(Value::Bool(false)),
        _ if MAIL_OPTIONS.iter().any(|known| known.property == name) => {
            Some(definition.get(name).map_or(Value::None, Value::from))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn added(words: &[&str]) -> Result<Option<Definition>, Failure> {
        let words: Vec<Value> = words.iter().map(|word| Value::from(*word)).collect();
        definition("a", Words(&words)).map_err(Failure::from)
    }

    #[test]
    fn the_mail_action_is_known_by_its_files_name_wherever_that_is() {
        for file in ["smtp.py", "/nowhere/action.d/smtp.py", "./smtp.py"] {
            let json =
                r#"{"host": "mail.example:587", "dest": "me@example.com", "password": "secret", "matches": null}"#;
            let definition = added(&["set", "j", "addaction", "a", file, json]).unwrap().unwrap();
            let shown = |name| property(&definition, name);
            assert_eq!(shown("host"), Some(Value::from("mail.example:587")));
            assert_eq!(shown("toaddr"), Some(Value::from("me@example.com")));
            assert_eq!(shown("fromname"), Some(Value::from("Fail2Ban")));
            assert_eq!(shown("password"), Some(Value::from(MASK)));
            assert_eq!(shown("matches"), Some(Value::None));
            assert_eq!(shown("nope"), None);
        }
        assert_eq!(added(&["set", "j", "addaction", "a"]).unwrap(), None);
    }

    #[test]
    fn what_the_original_could_not_use_either_is_refused_in_its_words() {
        let class = |words: &[&str]| added(words).unwrap_err().class;
        assert_eq!(class(&["set", "j", "addaction", "a", "smtp.py"]), "IndexError");
        assert_eq!(class(&["set", "j", "addaction", "a", "smtp.py", "{"]), "ValueError");
        assert_eq!(
            class(&["set", "j", "addaction", "a", "smtp.py", r#"{"to": "x"}"#]),
            "TypeError"
        );
    }

    #[test]
    fn another_file_is_refused_with_advice_that_fits_it() {
        let said = |file| {
            added(&["set", "j", "addaction", "a", file, "{}"])
                .unwrap_err()
                .message()
        };
        assert!(said("/x/telegram.py").contains("write action.d/telegram.conf"));
        assert!(said("/x/telegram.py").contains("/x/telegram.py"));
        assert!(said("badips.py").contains("abuseipdb"));
        assert!(said("my_mailer.py").contains("smtp.py, which is built in"));
    }
}
