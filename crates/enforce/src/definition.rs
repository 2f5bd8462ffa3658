//! What an action is made of, as the configuration and `set JAIL action NAME PROPERTY VALUE` give it.
use crate::mail;
use parking_lot::RwLock;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Commands that every action has, empty when not set.
pub(crate) const COMMANDS: [&str; 9] = [
    "actionban",
    "actioncheck",
    "actionflush",
    "actionreban",
    "actionreload",
    "actionrepair",
    "actionstart",
    "actionstop",
    "actionunban",
];

/// The time limit of a command where none is set.
const TIMEOUT: Duration = Duration::from_secs(60);

/// What an action does its work with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// Commands of the shell.
    #[default]
    Commands,
    /// Mails, in place of the original's `smtp.py`.
    Mail,
}

/// The properties of an action, as `set JAIL action NAME PROPERTY VALUE` changes them: `actionban`, `timeout`,
/// `actionban?family=inet6`, and free variables.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Definition {
    /// What it is the definition of.
    pub kind: Kind,
    /// By name.
    pub properties: BTreeMap<String, String>,
}

impl Definition {
    /// From names and values.
    ///
    /// # Errors
    /// As [`Definition::set`].
    pub fn new<N: Into<String>, V: Into<String>>(properties: impl IntoIterator<Item = (N, V)>) -> Result<Self, String> {
        let mut definition = Self::default();
        for (name, value) in properties {
            definition.set(name, value)?;
        }
        Ok(definition)
    }

    /// Of a mail action, from the options of `smtp.py`.
    ///
    /// # Errors
    /// In words, when an option is unknown or cannot work.
    pub fn mail<'n>(options: impl IntoIterator<Item = (&'n str, String)>) -> Result<Self, String> {
        let mut definition = Self {
            kind: Kind::Mail,
            ..Self::default()
        };
        for (option, value) in options {
            let property = mail::property_of(option).ok_or_else(|| format!("smtp.py has no option {option:?}"))?;
            definition.properties.insert(property.to_owned(), value);
        }
        mail::check(&definition)?;
        Ok(definition)
    }

    /// Sets one. `timeout` is kept in seconds; `bantime` of a shell action is that of the ban and no property, so
    /// setting it does nothing.
    ///
    /// # Errors
    /// In words, when `timeout` is no duration, or a mail action could not work so.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) -> Result<(), String> {
        let (name, mut value) = (name.into(), value.into());
        match name.as_str() {
            "bantime" if self.kind == Kind::Commands => return Ok(()),
            "timeout" => {
                let seconds = seconds(&value)?;
                if Duration::try_from_secs_f64(seconds).is_err() {
                    return Err(format!("timeout {value:?} is no time that can pass"));
                }
                value = seconds.to_string();
            }
            _ => {}
        }
        if self.kind == Kind::Mail {
            let mut next = self.clone();
            next.properties.insert(name, value);
            mail::check(&next)?;
            *self = next;
        } else {
            self.properties.insert(name, value);
        }
        Ok(())
    }

    /// One property; a command that is not set is empty, `timeout` is 60. Of a mail action, what its options are by
    /// default.
    pub fn get(&self, name: &str) -> Option<&str> {
        match self.properties.get(name) {
            Some(value) => Some(value),
            None if self.kind == Kind::Mail => mail::default_of(name),
            None if COMMANDS.contains(&name) => Some(""),
            None if name == "timeout" => Some("60"),
            None => None,
        }
    }

    /// Names of all, those that are not set included; what begins with `_` is the action's own business.
    pub fn names(&self) -> Vec<String> {
        self.tags().into_keys().collect()
    }

    /// A command as written, empty when there is none.
    pub(crate) fn command(&self, name: &str) -> &str {
        let own = self.properties.get(name).filter(|_| self.kind == Kind::Commands);
        own.map_or("", String::as_str)
    }

    /// The time limit of each command.
    pub fn timeout(&self) -> Duration {
        self.properties
            .get("timeout")
            .and_then(|text| seconds(text).ok())
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .unwrap_or(TIMEOUT)
    }

    /// Bans taken over from the database at start are not set again by this action.
    pub fn norestored(&self) -> bool {
        self.flag("norestored").unwrap_or(self.kind == Kind::Mail)
    }

    /// A ban that grew longer is told to this action.
    pub fn prolongable(&self) -> bool {
        !self.command("actionprolong").trim().is_empty()
    }

    /// Repair is tried also when an unban failed.
    pub(crate) fn repair_on_unban(&self) -> bool {
        self.flag("actionrepair_on_unban").unwrap_or(false)
    }

    /// `actionstart` waits for the first ban of its family: as set, else for actions that differ by family.
    pub(crate) fn start_on_demand(&self) -> bool {
        self.flag("actionstart_on_demand")
            .unwrap_or_else(|| self.is_conditional())
    }

    /// Families that are started at the start; the empty name where the action knows of none.
    pub(crate) fn families(&self, ipv6: bool) -> Vec<String> {
        let explicit: Vec<String> = self
            .command("families")
            .split(|c: char| c == ',' || c.is_whitespace())
            .filter(|family| !family.is_empty())
            .map(str::to_owned)
            .collect();
        match explicit.as_slice() {
            [_, ..] => explicit,
            [] if !self.is_conditional() => vec![String::new()],
            [] if ipv6 => vec!["inet4".to_owned(), "inet6".to_owned()],
            [] => vec!["inet4".to_owned()],
        }
    }

    /// What tags in commands are resolved by: all properties and the defaults, without the inner ones (`_…`).
    pub(crate) fn tags(&self) -> BTreeMap<String, String> {
        let mut tags: BTreeMap<String, String> = COMMANDS
            .iter()
            .map(|name| ((*name).to_owned(), String::new()))
            .collect();
        tags.insert("timeout".to_owned(), "60".to_owned());
        tags.extend(
            self.properties
                .iter()
                .filter(|(name, _)| !name.starts_with('_'))
                .map(|(name, value)| (name.clone(), value.clone())),
        );
        tags
    }

    fn is_conditional(&self) -> bool {
        self.properties.keys().any(|name| {
            name.split_once("?family=").is_some_and(|(plain, _)| {
                !plain.is_empty() && !plain.starts_with('_') && plain.chars().all(|c| c.is_alphanumeric() || c == '_')
            })
        })
    }

    fn flag(&self, name: &str) -> Option<bool> {
        let value = self.properties.get(name)?;
        let yes = ["1", "on", "true", "yes"];
        Some(yes.iter().any(|yes| value.trim().eq_ignore_ascii_case(yes)))
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.trim().parse() {
        Ok(seconds) => Ok(seconds),
        Err(_) => bantam_conf::seconds(text),
    }
}

/// A definition that may be replaced while a command runs by it; the next command runs by the new one.
#[derive(Debug, Clone, Default)]
pub struct SharedDefinition(Arc<RwLock<Arc<Definition>>>);

impl SharedDefinition {
    /// Shares a definition.
    pub fn new(definition: Definition) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(definition))))
    }

    /// As it is now.
    pub fn snapshot(&self) -> Arc<Definition> {
        Arc::clone(&self.0.read())
    }

    /// Replaces it as a whole.
    pub fn replace(&self, definition: Definition) {
        *self.0.write() = Arc::new(definition);
    }

    /// Sets one property.
    ///
    /// # Errors
    /// As [`Definition::set`].
    pub fn set(&self, name: &str, value: &str) -> Result<(), String> {
        let mut current = self.0.write();
        let mut next = Definition::clone(&current);
        next.set(name, value)?;
        *current = Arc::new(next);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn definition(properties: &[(&str, &str)]) -> Definition {
        Definition::new(properties.iter().copied()).unwrap()
    }

    #[test]
    fn an_action_that_differs_by_family_starts_on_demand_unless_told_otherwise() {
        assert!(!definition(&[("tool", "iptables")]).start_on_demand());
        let by_family = ("tool?family=inet6", "ip6tables");
        assert!(definition(&[by_family]).start_on_demand());
        let told = ("actionstart_on_demand", "False");
        assert!(!definition(&[by_family, told]).start_on_demand());
    }

    #[test]
    fn families_are_those_named_else_both_else_none() {
        let families = |properties| definition(properties).families(true);
        assert_eq!(families(&[]), [""]);
        assert_eq!(families(&[("x?family=inet6", "")]), ["inet4", "inet6"]);
        assert_eq!(families(&[("families", "inet6, inet4")]), ["inet6", "inet4"]);
    }

    #[test]
    fn a_time_limit_is_kept_in_seconds_and_bantime_is_no_property() {
        let definition = definition(&[("timeout", "90"), ("bantime", "600")]);
        assert_eq!(definition.get("timeout"), Some("90"));
        assert_eq!(definition.timeout(), Duration::from_secs(90));
        assert_eq!(definition.get("bantime"), None);
        assert!(Definition::new([("timeout", "-1")]).is_err());
    }

    #[test]
    fn a_command_that_is_not_set_is_empty() {
        let definition = definition(&[]);
        assert_eq!(definition.get("actionban"), Some(""));
        assert_eq!(definition.get("timeout"), Some("60"));
        assert_eq!(definition.get("actionprolong"), None);
    }
}
