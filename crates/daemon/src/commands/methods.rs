//! `set JAIL action NAME METHOD [JSON]`: what an action does when it is told to.
use super::words::Words;
use super::{Answer, Failure, action, jail};
use crate::server::Server;
use bantam_detect::{Family, Id};
use bantam_enforce::{Call, Command, Reply, Resolved, Returned, TagSource, Target, Task};
use bantam_wire::Value;
use bantam_wire::repr::display;
use serde_json::{Map, Value as Json};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, mpsc};
use std::time::Duration;

/// Methods of an action, as `get JAIL actionmethods NAME` lists them.
pub(super) const METHODS: [&str; 15] = [
    "ban",
    "clearAllParams",
    "consistencyCheck",
    "escapeTag",
    "executeCmd",
    "flush",
    "invalidateBanEpoch",
    "prolong",
    "reban",
    "reload",
    "replaceDynamicTags",
    "replaceTag",
    "start",
    "stop",
    "unban",
];

/// Whether a command calls a method. It waits for the jail's queue, so nothing else may wait for it.
pub(super) fn is_call(words: Words<'_>) -> bool {
    let is = |index: usize, wanted: &[&str]| words.text(index).is_ok_and(|word| wanted.contains(&word.as_str()));
    is(0, &["set"]) && is(2, &["action"]) && is(4, &METHODS)
}

pub(super) fn call(server: &Server, words: Words<'_>) -> Answer {
    let jail = jail(server, &words.text(1)?)?;
    let (name, method) = (words.text(3)?, words.text(4)?);
    let kind = action::known(&jail, &name)?.snapshot().kind;
    if !action::methods_of(kind).contains(&method.as_str()) {
        // Of this kind it is a property like any other.
        let _one = server.change.lock();
        return super::change(server, words, false);
    }
    let arguments = Arguments::read(&method, words)?;
    let call = match method.as_str() {
        "start" => Call::Start,
        "stop" => Call::Stop,
        "flush" => Call::Flush,
        "reload" => Call::Reload,
        "consistencyCheck" => Call::Check,
        "ban" => Call::Ban(arguments.target()?),
        "reban" => Call::Reban(arguments.target()?),
        "unban" => Call::Unban(arguments.target()?),
        "prolong" => {
            let target = arguments.target()?;
            if !action::known(&jail, &name)?.snapshot().prolongable() {
                let whom = target.values.tag("ip").unwrap_or_default();
                return Err(Failure::plain("RuntimeError", format!("Error prolonging {whom}")));
            }
            Call::Prolong(target)
        }
        "executeCmd" => return arguments.execute(),
        "escapeTag" => return Ok(Value::Str(bantam_enforce::escaped(&arguments.text("value")?))),
        "replaceTag" => return arguments.replace(),
        "replaceDynamicTags" => return arguments.put_in(),
        // `clearAllParams` and `invalidateBanEpoch`: Bantam's actions keep nothing to forget, and set lost bans again at
        // once.
        _ => return Ok(Value::None),
    };
    ask(&jail.queue, &name, call)
}

/// Has a jail's queue call a method, and waits for what it came to.
pub(super) fn ask(queue: &bantam_enforce::Queue, name: &str, call: Call) -> Answer {
    let (reply, answer) = mpsc::channel();
    queue.push(Task::Call {
        name: name.into(),
        call,
        reply: Reply(reply),
    });
    match answer.recv() {
        Ok(Ok(Returned::Nothing)) => Ok(Value::None),
        Ok(Ok(Returned::Truth(truth))) => Ok(Value::Bool(truth)),
        Ok(Ok(Returned::Number(number))) => Ok(Value::Int(i64::try_from(number).unwrap_or(i64::MAX))),
        Ok(Err(message)) => Err(Failure::plain("RuntimeError", message)),
        Err(mpsc::RecvError) => Err(Failure::plain("RuntimeError", "the jail is stopping")),
    }
}

/// Arguments by name, none but those that the method has.
struct Arguments {
    method: String,
    given: Map<String, Json>,
}

impl Arguments {
    fn read(method: &str, words: Words<'_>) -> Result<Self, Failure> {
        let given = if words.len() > 5 {
            let text = words.text(5)?;
            match serde_json::from_str(&text) {
                Ok(Json::Object(given)) => given,
                Ok(_) => {
                    return Err(Failure::value(format!(
                        "{method}: a JSON object was expected, such as {{}}"
                    )));
                }
                Err(error) => return Err(Failure::value(format!("{method}: {text:?} is no JSON object: {error}"))),
            }
        } else {
            Map::new()
        };
        let (needed, optional) = parameters(method);
        for name in needed {
            if !given.contains_key(*name) {
                return Err(Failure::plain(
                    "TypeError",
                    format!("{method} needs an argument {name:?}"),
                ));
            }
        }
        match given
            .keys()
            .find(|name| !needed.contains(&name.as_str()) && !optional.contains(&name.as_str()))
        {
            // A reload takes any, and uses none.
            Some(name) if method != "reload" => Err(Failure::plain(
                "TypeError",
                format!("{method} has no argument {name:?}"),
            )),
            _ => Ok(Arguments {
                method: method.to_owned(),
                given,
            }),
        }
    }

    fn text(&self, name: &str) -> Result<String, Failure> {
        match self.given.get(name) {
            Some(Json::String(text)) => Ok(text.clone()),
            _ => Err(self.wrong(name, "a text")),
        }
    }

    fn wrong(&self, name: &str, what: &str) -> Failure {
        Failure::plain("TypeError", format!("{}: {name:?} is to be {what}", self.method))
    }

    fn values(&self, name: &str) -> Result<BTreeMap<String, String>, Failure> {
        let Some(Json::Object(values)) = self.given.get(name) else {
            return Err(self.wrong(name, "a JSON object"));
        };
        Ok(values
            .iter()
            .map(|(name, value)| (name.clone(), display(&plain(value))))
            .collect())
    }

    /// Whom a ban is about.
    fn target(&self) -> Result<Target, Failure> {
        let values = self.values("aInfo")?;
        let family = match values.get("family").map(String::as_str) {
            Some("inet4") => Some(Family::Inet4),
            Some("inet6") => Some(Family::Inet6),
            _ => None,
        };
        Ok(Target {
            id: Id::parse(values.get("ip").map_or("", String::as_str)),
            family,
            values: Arc::new(Values(values)),
        })
    }

    fn execute(&self) -> Answer {
        let command = self.text("realCmd")?;
        let seconds = match self.given.get("timeout") {
            None => 60.0,
            Some(seconds) => seconds.as_f64().ok_or_else(|| self.wrong("timeout", "a number"))?,
        };
        let timeout =
            Duration::try_from_secs_f64(seconds).map_err(|_| self.wrong("timeout", "a time that can pass"))?;
        if command.is_empty() {
            return Ok(Value::Bool(true));
        }
        let done = bantam_enforce::run(&Command::plain(command), timeout);
        Ok(Value::Bool(done.is_ok_and(|done| done.success())))
    }

    fn replace(&self) -> Answer {
        let family = match self.given.get("conditional") {
            None => String::new(),
            Some(_) => self.text("conditional")?.trim_start_matches("family=").to_owned(),
        };
        let resolved = Resolved::new(&self.values("aInfo")?, &family).map_err(Failure::value)?;
        let text = resolved.expand(&self.text("query")?).map_err(Failure::value)?;
        Ok(Value::Str(text))
    }

    fn put_in(&self) -> Answer {
        let command = bantam_enforce::substitute(&self.text("realCmd")?, &Values(self.values("aInfo")?));
        if command.arguments.is_empty() {
            return Ok(Value::Str(command.text));
        }
        let parts = std::iter::once(command.text).chain(command.arguments);
        Ok(Value::List(parts.map(Value::Str).collect()))
    }
}

/// Names of the arguments that a method needs, and of those that it takes.
fn parameters(method: &str) -> (&'static [&'static str], &'static [&'static str]) {
    match method {
        "ban" | "reban" | "unban" | "prolong" => (&["aInfo"], &[]),
        "escapeTag" => (&["value"], &[]),
        "executeCmd" => (&["realCmd"], &["timeout"]),
        "replaceTag" => (&["query", "aInfo"], &["conditional"]),
        "replaceDynamicTags" => (&["realCmd", "aInfo"], &[]),
        _ => (&[], &[]),
    }
}

struct Values(BTreeMap<String, String>);

impl TagSource for Values {
    fn tag(&self, name: &str) -> Option<Cow<'_, str>> {
        self.0.get(name).map(|value| Cow::Borrowed(value.as_str()))
    }
}

/// A JSON value as Python reads it.
fn plain(value: &Json) -> Value {
    match value {
        Json::Null => Value::None,
        Json::Bool(truth) => Value::Bool(*truth),
        Json::Number(number) => match number.as_i64() {
            Some(number) => Value::Int(number),
            None => Value::Float(number.as_f64().unwrap_or_default()),
        },
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(items) => Value::List(items.iter().map(plain).collect()),
        Json::Object(pairs) => Value::Dict(
            pairs
                .iter()
                .map(|(name, value)| (Value::from(name.as_str()), plain(value)))
                .collect(),
        ),
    }
}
