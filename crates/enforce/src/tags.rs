//! `<tags>` in a command, and how captured bytes get into it without ever being executed.
//!
//! Stands between decision and effect: a ban's values come in through [`TagSource`], a text for `/bin/sh -c` goes out
//! to [`crate::run`]. Values are written by attackers; whatever of them the shell could take for its own goes by as a
//! positional argument, and the text only names the variable.
use std::borrow::Cow;

/// Values of one ban for the tags of a command. Names come as written between the brackets (`ip`, `F-USER`, `matches`).
///
/// Asked when the command is about to run, so that `<bantime>` is the one that holds then.
pub trait TagSource: Send + Sync {
    /// The value; none for an unknown name, which is then left as it stands (a missing `F-…` is empty).
    fn tag(&self, name: &str) -> Option<Cow<'_, str>>;
}

/// A command ready for `/bin/sh -c`: the text, and the values that it refers to by position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Text for the shell; untrusted values appear as variables only.
    pub text: String,
    /// Positional arguments (`$0`, `$1` …) of the shell.
    pub arguments: Vec<String>,
}

impl Command {
    /// A text without values.
    pub fn plain(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            arguments: Vec::new(),
        }
    }

    /// Nothing to run.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
}

/// A value longer than this goes by as a variable even when the shell would take it for plain text: the kernel takes
/// at most 128 KiB for the text of a command.
const LONGEST_INLINE: usize = 16 * 1024;

/// A value is cut here, at a character's border: the kernel takes at most 128 KiB for one argument, and a line of
/// megabytes must not keep its sender from being banned.
const LONGEST_VALUE: usize = 64 * 1024;

/// Substitutes a ban's values, each once and not recursively. A value that holds a character special to the shell is
/// passed as a positional argument, and stands in the text as `$f2bV_name`.
///
/// Such a tag works bare (split into words by the shell) and in double quotes; in single quotes the shell leaves
/// `$f2bV_name` as it is. NUL, which no argument can hold, becomes U+FFFD; values longer than 64 KiB are cut.
/// `<br>`, `<sp>`, `<sh-hostname>` and `<fq-hostname>` have values of their own where the source has none.
pub fn substitute(text: &str, values: &dyn TagSource) -> Command {
    let mut variables = Variables::default();
    let mut out = replace(text, |name| {
        // Captured groups have a turn of their own below: other values come first in the order of arguments. What only
        // looks like one, `<F-user>`, is no tag.
        if name.starts_with("F-") && name != "F-*" {
            return None;
        }
        match values.tag(name) {
            Some(value) => Some(Cow::Owned(variables.place(name, &value))),
            None => own_value(name),
        }
    });
    if out.contains('<') {
        out = replace(&out, |name| {
            let group = captured_group(name)?;
            let value = values.tag(name).unwrap_or_default();
            Some(Cow::Owned(variables.place(&format!("F_{group}"), &value)))
        });
    }
    variables.into_command(out)
}

/// Replaces each `<name>` for which `value` has something; the rest stays. Names hold neither space nor brackets.
pub(crate) fn replace<'v>(text: &str, mut value: impl FnMut(&str) -> Option<Cow<'v, str>>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    let mut from = 0;
    while let Some(tag) = find_tag(text, from) {
        if let Some(value) = value(tag.name) {
            out.push_str(&text[copied..tag.start]);
            out.push_str(&value);
            copied = tag.end;
        }
        from = tag.end;
    }
    out.push_str(&text[copied..]);
    out
}

/// A tag in a text.
pub(crate) struct Tag<'t> {
    pub name: &'t str,
    pub start: usize,
    pub end: usize,
}

/// The first tag that begins at or after `from` (a character's border).
pub(crate) fn find_tag(text: &str, from: usize) -> Option<Tag<'_>> {
    let mut at = from;
    loop {
        let start = at + text.get(at..)?.find('<')?;
        let name = &text[start + 1..];
        let length = name.find([' ', '<', '>'])?;
        if length > 0 && name.as_bytes()[length] == b'>' {
            return Some(Tag {
                name: &name[..length],
                start,
                end: start + length + 2,
            });
        }
        at = start + 1;
    }
}

/// Values that need no source, with the names' fixed meaning.
pub(crate) fn own_value(name: &str) -> Option<Cow<'static, str>> {
    match name {
        "br" => Some("\n".into()),
        "sp" => Some(" ".into()),
        "sh-hostname" | "fq-hostname" => std::fs::read_to_string("/proc/sys/kernel/hostname")
            .ok()
            .map(|host| host.trim_end().to_owned().into()),
        _ => None,
    }
}

/// Name under which a captured group is kept, for `F-` and capital letters, digits, `_`, `-`.
fn captured_group(name: &str) -> Option<Cow<'static, str>> {
    let group = name.strip_prefix("F-").filter(|group| {
        !group.is_empty()
            && group
                .bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_' || b == b'-')
    })?;
    Some(match group {
        "ID" => "fid".into(),
        "PORT" => "fport".into(),
        _ => group.to_ascii_lowercase().into(),
    })
}

/// Characters by which a value could become more than a word to the shell.
fn special(c: char) -> bool {
    matches!(
        c,
        '\\' | '#'
            | '&'
            | ';'
            | '`'
            | '|'
            | '*'
            | '?'
            | '~'
            | '<'
            | '>'
            | '^'
            | '('
            | ')'
            | '['
            | ']'
            | '{'
            | '}'
            | '$'
            | '\''
            | '"'
            | '\n'
            | '\r'
    )
}

/// The variables of one command, in the order of their first use.
#[derive(Default)]
struct Variables {
    taken: Vec<(String, String)>,
}

impl Variables {
    /// What stands in the text for the value: itself, or the name of its variable.
    fn place(&mut self, tag: &str, value: &str) -> String {
        let value = fit_for_argument(value);
        if value.len() <= LONGEST_INLINE && !value.contains(special) {
            return value.into_owned();
        }
        let name: String = std::iter::once("f2bV_".into())
            .chain(tag.chars().map(|c| match c {
                'a'..='z' | 'A'..='Z' | '0'..='9' | '_' => Cow::Owned(c.to_string()),
                _ => Cow::Borrowed("_"),
            }))
            .collect();
        let reference = format!("${name}");
        match self.taken.iter_mut().find(|(taken, _)| *taken == name) {
            Some((_, old)) => *old = value.into_owned(),
            None => self.taken.push((name, value.into_owned())),
        }
        reference
    }

    /// The text after a line that names each positional argument.
    fn into_command(self, text: String) -> Command {
        if self.taken.is_empty() {
            return Command::plain(text);
        }
        let mut whole = String::new();
        let mut arguments = Vec::with_capacity(self.taken.len());
        for (position, (name, value)) in self.taken.into_iter().enumerate() {
            // `$10` would be `$1` and a zero.
            whole.push_str(&match position {
                0..=9 => format!("{name}=${position} "),
                _ => format!("{name}=${{{position}}} "),
            });
            arguments.push(value);
        }
        whole.push('\n');
        whole.push_str(&text);
        Command { text: whole, arguments }
    }
}

/// The value as an argument can hold it.
fn fit_for_argument(value: &str) -> Cow<'_, str> {
    let longest = value.len().min(LONGEST_VALUE);
    let cut = (0..=longest).rev().find(|at| value.is_char_boundary(*at));
    let value = &value[..cut.unwrap_or(0)];
    if value.contains('\0') {
        Cow::Owned(value.replace('\0', "\u{fffd}"))
    } else {
        Cow::Borrowed(value)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::collections::BTreeMap;

    struct Values(BTreeMap<&'static str, &'static str>);

    impl TagSource for Values {
        fn tag(&self, name: &str) -> Option<Cow<'_, str>> {
            self.0.get(name).map(|value| Cow::Borrowed(*value))
        }
    }

    fn put(text: &str, values: &[(&'static str, &'static str)]) -> Command {
        substitute(text, &Values(values.iter().copied().collect()))
    }

    #[test]
    fn a_harmless_value_stands_in_the_text() {
        assert_eq!(
            put("iptables -s <ip> -j DROP", &[("ip", "192.0.2.1")]),
            Command::plain("iptables -s 192.0.2.1 -j DROP")
        );
    }

    #[test]
    fn a_value_with_special_characters_becomes_a_variable() {
        let command = put("echo \"<F-USER>\" <ip>", &[("F-USER", "a'b"), ("ip", "x;y")]);
        assert_eq!(
            command.text,
            "f2bV_ip=$0 f2bV_F_user=$1 \necho \"$f2bV_F_user\" $f2bV_ip"
        );
        assert_eq!(command.arguments, ["x;y", "a'b"]);
    }

    #[test]
    fn a_missing_captured_value_is_empty_and_an_unknown_tag_stays() {
        assert_eq!(
            put("echo <F-NONE>|<unknown>|<br>|<sp>|", &[]),
            Command::plain("echo |<unknown>|\n| |")
        );
    }

    #[test]
    fn a_value_is_not_substituted_again() {
        let command = put("echo <a>", &[("a", "<b>"), ("b", "secret")]);
        assert_eq!(command.arguments, ["<b>"]);
    }

    #[test]
    fn eleven_variables_keep_their_values_apart() {
        const NAMES: [&str; 12] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];
        let values: Vec<_> = NAMES.iter().map(|name| (*name, ";")).collect();
        let text: String = NAMES.iter().map(|name| format!("<{name}>")).collect();
        let command = put(&text, &values);
        assert!(command.text.contains("f2bV_k=${10} f2bV_l=${11} "));
    }

    #[test]
    fn a_value_of_megabytes_is_cut_and_passed_as_a_variable() {
        let long: &'static str = Box::leak("é".repeat(1024 * 1024).into_boxed_str());
        let command = put("echo <matches>", &[("matches", long)]);
        assert_eq!(command.arguments[0].len(), LONGEST_VALUE);
        assert!(command.text.ends_with("echo $f2bV_matches"));
    }

    #[test]
    fn a_nul_becomes_the_replacement_character() {
        assert_eq!(put("echo <a>", &[("a", "x\0y")]).text, "echo x\u{fffd}y");
    }
}
