//! `%(name)s` inside values: the value of another key, of another section, or of an earlier layer.

use crate::findings::Problem;
use crate::layers::Config;
use crate::python::is_word;
use crate::text::Text;
use crate::typo;
use std::collections::HashMap;

/// References within references; one more is taken for a circle.
const MAX_DEPTH: u16 = 10;

/// Bytes that a value may grow to, and references that may be followed for it.
const MAX_LENGTH: usize = 1 << 22;
const MAX_STEPS: usize = 100_000;

/// Values that come before those of the section, by lower-case key.
pub(crate) type Vars = HashMap<String, Text>;

/// Why there is no value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Missing {
    /// The section does not exist.
    NoSection,
    /// The key is neither in the section nor in `[DEFAULT]`.
    NoOption,
    /// The value refers to something that can't be resolved.
    Broken(Box<Problem>),
}

/// The value of a key with all references resolved.
pub(crate) fn get(config: &Config, section: &str, key: &str, vars: &Vars) -> Result<Text, Missing> {
    let key = key.to_lowercase();
    let scope = Scope {
        config,
        section,
        vars,
        key: &key,
        name: Text::plain(section),
    };
    if scope.keys().is_none() {
        return Err(Missing::NoSection);
    }
    let raw = scope.find(&key).ok_or(Missing::NoOption)?;
    scope.resolve(raw).map_err(|problem| Missing::Broken(Box::new(problem)))
}

/// The value behind a tag such as `<name>` or `<section/name>`: another section first, then this one.
pub(crate) fn get_tag(config: &Config, section: &str, tag: &str, vars: &Vars) -> Result<Text, Missing> {
    if let Some((other, key)) = split_section(tag, &[]) {
        let none = Vars::default();
        let found = match other.to_lowercase().as_str() {
            "known" => match get(config, &format!("KNOWN/{section}"), key, &none) {
                Err(Missing::NoSection | Missing::NoOption) => get(config, section, key, &none),
                found => found,
            },
            "default" => get(config, "DEFAULT", key, &none),
            _ => get(config, other, key, &none),
        };
        match found {
            Err(Missing::NoSection | Missing::NoOption) => {}
            found => return found,
        }
    }
    get(config, section, tag, vars)
}

/// `section/key`, with `key` free of the given characters and of white space.
fn split_section<'a>(name: &'a str, not_in_key: &[char]) -> Option<(&'a str, &'a str)> {
    let (section, key) = name.split_once('/')?;
    let section_fits = !section.is_empty() && section.chars().all(|c| is_word(c) || c == '-');
    let key_fits = !key.is_empty() && !key.contains(not_in_key);
    (section_fits && key_fits).then_some((section, key))
}

struct Scope<'a> {
    config: &'a Config,
    section: &'a str,
    vars: &'a Vars,
    /// The key whose value is asked for.
    key: &'a str,
    /// The section's name, as `%(__name__)s` stands for it.
    name: Text,
}

/// Values of `section/key` names.
type Extras<'a> = HashMap<String, &'a Text>;

/// One value being put together.
struct Work {
    out: Text,
    steps: usize,
}

impl<'a> Scope<'a> {
    /// The section's keys; nothing when there is no such section.
    fn keys(&self) -> Option<&'a crate::ini::Section> {
        match self.section.strip_prefix("KNOWN/") {
            Some(section) => self.config.known.get(section),
            None if self.section == crate::ini::DEFAULT => Some(&self.config.defaults),
            None => self.config.sections.get(self.section),
        }
    }

    fn find(&self, key: &str) -> Option<&'a Text> {
        let own = || self.keys().and_then(|keys| keys.get(key));
        self.vars
            .get(key)
            .or_else(own)
            .or_else(|| self.config.defaults.get(key))
    }

    fn resolve(&self, raw: &Text) -> Result<Text, Problem> {
        let mut work = Work {
            out: Text::anchored(raw.anchor().cloned()),
            steps: 0,
        };
        self.expand(raw, 1, &Extras::new(), &mut work)?;
        Ok(work.out)
    }

    fn expand(&self, raw: &Text, depth: u16, outer: &Extras<'a>, work: &mut Work) -> Result<(), Problem> {
        let text = raw.as_str();
        if depth > MAX_DEPTH {
            let length = text.lines().next().map_or(1, |line| line.chars().count());
            return Err(Problem::new(
                raw.home(),
                length,
                "this value refers to itself, directly or by a detour",
            )
            .hint(
                "`%(known/...)s` is the value of an earlier file; in [DEFAULT] there is none, so set another key there",
            ));
        }
        let with_sections = text.contains('/').then(|| self.with_sections(text, outer));
        let extras = with_sections.as_ref().unwrap_or(outer);
        let mut from = 0;
        while let Some(at) = text.get(from..).and_then(|rest| rest.find('%')).map(|at| from + at) {
            work.out.push_slice(raw, from..at, depth - 1);
            let rest = text.get(at + 1..).unwrap_or_default();
            if rest.starts_with('%') {
                work.out.push_slice(raw, at..at + 1, depth - 1);
                from = at + 2;
                continue;
            }
            let name = reference(rest).ok_or_else(|| lone_percent(raw, at, rest))?;
            let length = name.len() + 4;
            let key = name.to_lowercase();
            let value = match key.as_str() {
                "__name__" => Some(&self.name),
                key => extras.get(key).copied().or_else(|| self.find(key)),
            };
            let Some(value) = value else {
                return Err(self.undefined(raw, at, name));
            };
            work.steps += 1;
            let affordable = self.config.budget.spend(value.len());
            if !affordable || work.steps > MAX_STEPS || work.out.len() > MAX_LENGTH {
                return Err(Problem::new(
                    raw.place_at(at),
                    name.chars().count() + 4,
                    "this value grows without end",
                )
                .hint("values that refer to each other several times multiply: let each refer to others once"));
            }
            if value.as_str().contains('%') {
                self.expand(value, depth + 1, extras, work)?;
            } else {
                work.out.push_text(value, depth);
            }
            from = at + length;
        }
        work.out.push_slice(raw, from..text.len(), depth - 1);
        Ok(())
    }

    /// The `section/key` names of a text with their values, as far as they exist, beside those known already.
    fn with_sections(&self, text: &str, known: &Extras<'a>) -> Extras<'a> {
        let mut extras = known.clone();
        for (at, _) in text.match_indices("%(") {
            let Some(name) = text.get(at + 1..).and_then(reference) else {
                continue;
            };
            if extras.contains_key(name) || self.find(name).is_some() {
                continue;
            }
            let Some((section, key)) = split_section(name, &[')']) else {
                continue;
            };
            let defaults = &self.config.defaults;
            let value = match section.to_lowercase().as_str() {
                "default" => defaults.get(key),
                "known" => self
                    .config
                    .known
                    .get(self.section)
                    .and_then(|keys| keys.get(key))
                    .or(defaults.get(key)),
                _ => match self.config.sections.get(section) {
                    Some(keys) => keys.get(key).or(defaults.get(key)),
                    None => None,
                },
            };
            if let Some(value) = value {
                extras.insert(name.to_owned(), value);
            }
        }
        extras
    }

    fn undefined(&self, raw: &Text, at: usize, name: &str) -> Problem {
        let section = self.section.strip_prefix("KNOWN/").unwrap_or(self.section);
        let message = format!("`%({name})s` stands for a key that is set neither in [{section}] nor in [DEFAULT]");
        let section_keys = self.keys().into_iter().flat_map(|keys| keys.keys());
        let candidates = section_keys.chain(self.config.defaults.keys()).chain(self.vars.keys());
        let candidates = candidates.map(String::as_str).filter(|key| *key != self.key);
        let in_init = self
            .config
            .sections
            .get("Init")
            .is_some_and(|init| init.contains_key(&name.to_lowercase()));
        let hint = typo::nearest(&name.to_lowercase(), candidates)
            .map(|near| format!("did you mean `%({near})s`?"))
            .or_else(|| in_init.then(|| format!("keys of [Init] are reached by their tag: `<{name}>`")))
            .unwrap_or_else(|| format!("set `{name}`, or write `%%({name})s` for the characters themselves"));
        Problem::new(raw.place_at(at), name.chars().count() + 4, message).hint(hint)
    }
}

/// The name in `(name)s...`.
fn reference(rest: &str) -> Option<&str> {
    let (name, tail) = rest.strip_prefix('(')?.split_once(')')?;
    (!name.is_empty() && tail.starts_with('s')).then_some(name)
}

fn lone_percent(raw: &Text, at: usize, rest: &str) -> Problem {
    let (message, length) = if rest.starts_with('(') {
        ("this reference is not complete", 2)
    } else {
        ("a single `%` means nothing here", 1)
    };
    Problem::new(raw.place_at(at), length, message)
        .hint("write `%%` for a percent sign, `%(name)s` for the value of another key")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    fn config(text: &str) -> Config {
        crate::layers::tests::config(text)
    }

    fn value(text: &str, key: &str) -> Result<String, String> {
        match get(&config(text), "a", key, &Vars::default()) {
            Ok(value) => Ok(value.into_string()),
            Err(Missing::Broken(problem)) => Err(problem.message),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_name_is_looked_up_in_the_section_and_then_in_default() {
        let text = "[DEFAULT]\nx = 1\ny = 2\n[a]\nx = 3\nz = %(X)s %(y)s %(__name__)s 100%%\n";
        assert_eq!(value(text, "z").unwrap(), "3 2 a 100%");
    }

    #[test]
    fn a_name_with_a_section_is_taken_from_there_or_from_default() {
        let text = "[DEFAULT]\nx = 1\n[b]\ny = 2\n[a]\nx = 9\nz = %(b/y)s %(b/x)s %(default/x)s\n";
        assert_eq!(value(text, "z").unwrap(), "2 1 1");
    }

    #[test]
    fn a_value_that_contains_itself_is_an_error() {
        assert!(
            value("[a]\nx = %(y)s\ny = %(x)s\n", "x")
                .unwrap_err()
                .contains("itself")
        );
        assert!(
            value("[DEFAULT]\nx = %(known/x)s\n[a]\n", "x")
                .unwrap_err()
                .contains("itself")
        );
    }

    #[test]
    fn a_value_that_multiplies_ends_in_an_error() {
        let mut text = String::from("[a]\n");
        for n in 0..9 {
            text.push_str(&format!("x{n} = {}\n", format!("%(x{})s", n + 1).repeat(30)));
        }
        text.push_str("x9 =\n");
        assert!(value(&text, "x0").unwrap_err().contains("without end"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn no_text_panics_the_reader_or_the_interpolation(
            text in "(\\[[aDEFAULT/]{1,7}\\]|[ab%()s/=:;#é \\t\\r\\n]{0,12}|%\\([ab/known]{1,7}\\)s|\\n[ab]=)*"
        ) {
            let config = config(&text);
            for (section, keys) in &config.sections {
                for key in keys.keys() {
                    let _ = get(&config, section, key, &Vars::default());
                    let _ = get_tag(&config, section, key, &Vars::default());
                }
            }
        }

        #[test]
        fn no_bytes_panic_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            crate::ini::parse(&std::sync::Arc::from(std::path::Path::new("f")), &bytes);
        }
    }
}
