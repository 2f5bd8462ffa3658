//! An action's own properties put into each other: `actionban = <iptables> -I <chain>`.
//!
//! Stands before [`crate::substitute`]: properties are written by the owner of the host, so they are put in unescaped
//! and over and over; what is left in brackets afterwards are the ban's values.
use crate::tags::{find_tag, own_value, replace};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

/// So many times one property may be put into another before it counts as endless.
const MOST_REPLACEMENTS: u32 = 25;

/// A property longer than this is one that feeds on itself.
const LONGEST_VALUE: usize = 1024 * 1024;

/// Names that mean a ban's lines; a property of such a name is escaped as if it came from a log.
const LINES: [&str; 3] = ["matches", "ipmatches", "ipjailmatches"];

/// Properties that lead back to themselves.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PropertyError {
    /// A property whose value comes to itself.
    #[error(
        "properties contain self referencing definitions and cannot be resolved, fail tag: {property}, found: {tag}, value: {value}"
    )]
    SelfReference {
        /// The property.
        property: String,
        /// The tag in it that leads back.
        tag: String,
        /// How far its value got.
        value: String,
    },
    /// A text in which tags never end.
    #[error("unexpected too long replacement interpolation, possible self referencing definitions in query: {0}")]
    Endless(String),
}

/// Properties with all tags in them resolved for one family.
#[derive(Debug, Clone)]
pub struct Resolved {
    values: BTreeMap<String, String>,
    /// `?family=inet6`, or nothing.
    condition: String,
}

impl Resolved {
    /// Resolves; `family` is `inet4`, `inet6` or empty, and a property `x?family=inet6` comes before `x` for its
    /// family.
    ///
    /// # Errors
    /// When any of the properties comes to itself.
    pub fn new(properties: &BTreeMap<String, String>, family: &str) -> Result<Self, PropertyError> {
        let mut resolved = Self {
            values: properties.clone(),
            condition: match family {
                "" => String::new(),
                family => format!("?family={family}"),
            },
        };
        resolved.settle_all()?;
        Ok(resolved)
    }

    /// A text with the properties put in.
    ///
    /// # Errors
    /// When there is no end to it.
    pub fn expand(&self, text: &str) -> Result<String, PropertyError> {
        let mut text = text.to_owned();
        for _ in 0..=MOST_REPLACEMENTS {
            let mut length = text.len();
            let next = replace(&text, |name| {
                let value = self.value_in_text(name)?;
                length += value.len();
                // Not even built: many tags of a long value are more than memory holds.
                (length <= LONGEST_VALUE).then_some(value)
            });
            if length > LONGEST_VALUE {
                break;
            }
            if next == text || !next.contains('<') {
                return Ok(next);
            }
            text = next;
        }
        Err(PropertyError::Endless(text))
    }

    fn value_in_text(&self, name: &str) -> Option<Cow<'_, str>> {
        match self.lookup(name) {
            Some(value) if LINES.contains(&name) => Some(Cow::Owned(escaped(value))),
            Some(value) => Some(Cow::Borrowed(value)),
            // A host's name may come from the ban's values, which are asked later.
            None if name.ends_with("-hostname") => None,
            None => own_value(name),
        }
    }

    fn lookup(&self, name: &str) -> Option<&str> {
        let conditional = match self.condition.as_str() {
            "" => None,
            condition => self.values.get(&format!("{name}{condition}")),
        };
        conditional.or_else(|| self.values.get(name)).map(String::as_str)
    }

    /// Goes round the properties until a round leaves none with tags that came in with others.
    fn settle_all(&mut self) -> Result<(), PropertyError> {
        let mut open: Vec<String> = self
            .values
            .keys()
            .filter(|name| !LINES.contains(&name.as_str()))
            .cloned()
            .collect();
        let mut counts: HashMap<String, HashMap<String, u32>> = HashMap::new();
        loop {
            let mut again = false;
            let mut settled = HashSet::new();
            for name in &open {
                let mut count = counts.remove(name).unwrap_or_default();
                let before = self.values.get(name).cloned().unwrap_or_default();
                let value = self.expand_once(name, &before, &mut count)?;
                if !value.contains('<') {
                    settled.insert(name.clone());
                }
                if value != before {
                    if find_tag(&value, 0).is_some() {
                        counts.insert(name.clone(), count);
                        again = true;
                    }
                    self.values.insert(name.clone(), value);
                } else if !count.is_empty() {
                    counts.insert(name.clone(), count);
                }
            }
            if !again {
                return Ok(());
            }
            open.retain(|name| !settled.contains(name));
        }
    }

    /// One property, its tags replaced from left to right; each value that comes in is looked at again from where the
    /// tag stood, so a tag that only forms around it waits for the next round.
    fn expand_once(&self, name: &str, value: &str, count: &mut HashMap<String, u32>) -> Result<String, PropertyError> {
        let mut value = value.to_owned();
        let mut from = 0;
        while let Some(tag) = find_tag(&value, from) {
            if LINES.contains(&tag.name) {
                from = tag.end;
                continue;
            }
            let used = count.get(tag.name).copied().unwrap_or(0);
            let written = &value[tag.start..tag.end];
            let replacement = self.lookup(tag.name);
            let added = replacement.map_or(0, |new| new.len().saturating_mul(value.matches(written).count()));
            let is_too_long = value.len().saturating_add(added) > LONGEST_VALUE;
            if tag.name == name || used > MOST_REPLACEMENTS || is_too_long {
                let tag = tag.name.to_owned();
                return Err(PropertyError::SelfReference {
                    property: name.to_owned(),
                    tag,
                    value: value.chars().take(500).collect(),
                });
            }
            let Some(replacement) = replacement else {
                from = tag.end;
                continue;
            };
            let start = tag.start;
            let written = written.to_owned();
            count.insert(tag.name.to_owned(), used + 1);
            // All of them at once, those before this place too: positions before it may shift.
            value = value.replace(&written, replacement);
            from = (start..=value.len())
                .find(|at| value.is_char_boundary(*at))
                .unwrap_or(value.len());
        }
        Ok(value)
    }
}

/// Backslashes before all that a shell could take for its own.
pub fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\\' | '#' | '&' | ';' | '`' | '|' | '*' | '?' | '~' | '<' | '>' | '^' | '(' | ')' | '[' | ']' | '{'
            | '}' | '$' | '\'' | '"' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn resolved(properties: &[(&str, &str)], family: &str) -> Result<Resolved, PropertyError> {
        let properties = properties
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Resolved::new(&properties, family)
    }

    #[test]
    fn a_property_of_the_family_comes_first() {
        let properties = [
            ("actionban", "<tool> -s <ip> -j <target>"),
            ("tool", "iptables"),
            ("tool?family=inet6", "ip6tables"),
            ("target", "DROP"),
        ];
        let text = |family| resolved(&properties, family).unwrap().expand("<actionban>").unwrap();
        assert_eq!(text(""), "iptables -s <ip> -j DROP");
        assert_eq!(text("inet4"), "iptables -s <ip> -j DROP");
        assert_eq!(text("inet6"), "ip6tables -s <ip> -j DROP");
    }

    #[test]
    fn a_name_may_be_made_of_another() {
        let properties = [("a", "<ipt_<type>/rule>"), ("type", "multi"), ("ipt_multi/rule", "yes")];
        assert_eq!(resolved(&properties, "").unwrap().expand("<a>").unwrap(), "yes");
    }

    #[test]
    fn properties_that_lead_to_themselves_are_an_error() {
        for properties in [
            vec![("a", "<a>")],
            vec![("a", "<b>"), ("b", "<a>")],
            vec![("a", "x<b>"), ("b", "y<c>"), ("c", "z<b>")],
        ] {
            assert!(resolved(&properties, "").is_err(), "{properties:?}");
        }
    }

    #[test]
    fn a_property_that_doubles_itself_ends_in_an_error_and_not_in_all_memory() {
        let properties = [("a?family=inet6", "<a><a>"), ("a", "x")];
        assert!(resolved(&properties, "inet6").is_err());
    }

    #[test]
    fn long_values_that_stand_often_are_an_error_before_they_are_put_together() {
        let long = "x".repeat(LONGEST_VALUE);
        let often = "<b>".repeat(LONGEST_VALUE / 4);
        assert!(resolved(&[("a", &often), ("b", &long)], "").is_err());
        let resolved = resolved(&[("b", &long)], "").unwrap();
        assert!(resolved.expand(&often).is_err());
    }

    #[test]
    fn a_property_named_after_lines_is_escaped() {
        let resolved = resolved(&[("matches", "a;b")], "").unwrap();
        assert_eq!(resolved.expand("echo <matches>").unwrap(), "echo a\\;b");
    }
}
