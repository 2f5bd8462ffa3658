//! The commands of an action, with what attackers wrote put in.

use crate::input::flags_and_parts;
use bantam_enforce::{Command, Resolved, TagSource, substitute};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What a shell may take for more than a word or white space.
const SPECIAL: &[char] = &[
    '\\', '#', '&', ';', '`', '|', '*', '?', '~', '<', '>', '^', '(', ')', '[', ']', '{', '}', '\'', '"', '\n', '\r',
    '\0',
];

/// Nothing that a stranger wrote adds to a command's text what a shell could take for its own: it goes by as an argument,
/// and the text names the variable.
///
/// Input: lines `name=value` of the action's properties, a border, the command, a border, lines `name=value` of the ban,
/// in which `\n` is a line break.
pub fn shell(data: &[u8]) {
    let (flags, input) = flags_and_parts(data);
    let mut parts = input.splitn(3, "\n---\n");
    let mut next = || parts.next().unwrap_or_default();
    let (properties, text, values) = (next(), next(), next());
    let family = if flags.has(0) { "inet6" } else { "" };
    let expanded = match Resolved::new(&pairs(properties), family) {
        Ok(resolved) => resolved.expand(text),
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let Ok(text) = expanded else {
        return;
    };
    assert!(text.len() <= 4 << 20, "the command has {} bytes", text.len());
    let values = Values(
        pairs(values)
            .into_iter()
            .map(|(k, v)| (k, v.replace("\\n", "\n")))
            .collect(),
    );
    assert_held(&text, &substitute(&text, &values), &values);
}

fn pairs(text: &str) -> BTreeMap<String, String> {
    text.split('\n')
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

struct Values(BTreeMap<String, String>);

impl TagSource for Values {
    fn tag(&self, name: &str) -> Option<Cow<'_, str>> {
        self.0.get(name).map(|value| Cow::Borrowed(value.as_str()))
    }
}

fn assert_held(text: &str, command: &Command, values: &Values) {
    let body = match command.arguments.as_slice() {
        [] => command.text.as_str(),
        arguments => {
            let (head, body) = command.text.split_once('\n').unwrap_or_default();
            assert_eq!(head, heading(head, arguments.len()), "{command:?}");
            body
        }
    };
    let count = |text: &str, c: char| text.matches(c).count();
    for &c in SPECIAL {
        // `<br>` is the one tag with a line break of its own.
        let own = if c == '\n' { text.matches("<br>").count() } else { 0 };
        assert!(count(body, c) <= count(text, c) + own, "{c:?} was added: {command:?}");
    }
    let references = body.matches("$f2bV_").count();
    assert!(count(body, '$') <= count(text, '$') + references, "{command:?}");
    for argument in &command.arguments {
        assert!(!argument.contains('\0'));
        let known = |value: &&String| value.replace('\0', "\u{fffd}").starts_with(argument.as_str());
        assert!(values.0.values().any(|value| known(&value)), "{argument:?} is no value");
    }
}

/// What the first line must be: each variable and its place.
fn heading(head: &str, arguments: usize) -> String {
    let names: Vec<&str> = head
        .split(' ')
        .filter_map(|word| word.split_once('='))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names.len(), arguments, "{head:?}");
    let is_name =
        |name: &&str| name.starts_with("f2bV_") && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    assert!(names.iter().all(is_name), "{head:?}");
    let places = names.iter().enumerate().map(|(place, name)| match place {
        0..=9 => format!("{name}=${place} "),
        _ => format!("{name}=${{{place}}} "),
    });
    places.collect()
}
