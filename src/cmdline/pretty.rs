//! Commands of the stream in lines of at most a thousand characters (`--dp`), as Python's `pprint` breaks them.
use bantam_wire::Value;
use bantam_wire::repr::repr;

const WIDTH: usize = 1000;
const INDENT: usize = 2;

/// The value on one line where it fits, else with one item on each line.
pub(super) fn pretty(value: &Value) -> String {
    let mut out = String::new();
    format(value, 0, 0, &mut out);
    out
}

/// `indent` is where the value begins, `after` how much follows it on its last line.
fn format(value: &Value, indent: usize, after: usize, out: &mut String) {
    let whole = repr(&sorted(value));
    let fits = whole.chars().count() <= WIDTH.saturating_sub(indent + after);
    match value {
        Value::List(list) if !fits => {
            out.push('[');
            items(list, indent, after + 1, out);
            out.push(']');
        }
        Value::Tuple(tuple) if !fits => {
            let end = if tuple.len() == 1 { ",)" } else { ")" };
            out.push('(');
            items(tuple, indent, after + end.len(), out);
            out.push_str(end);
        }
        Value::Dict(_) if !fits => dict(&sorted(value), indent, after + 1, out),
        Value::Str(text) if !fits => pieces(text, indent, after, out),
        _ => out.push_str(&whole),
    }
}

fn items(items: &[Value], indent: usize, after: usize, out: &mut String) {
    let indent = indent + INDENT;
    out.push_str(&" ".repeat(INDENT - 1));
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            new_line(",", indent, out);
        }
        let last = index + 1 == items.len();
        format(item, indent, if last { after } else { 1 }, out);
    }
}

fn dict(value: &Value, indent: usize, after: usize, out: &mut String) {
    let Value::Dict(pairs) = value else { return };
    let indent = indent + INDENT;
    out.push('{');
    out.push_str(&" ".repeat(INDENT - 1));
    for (index, (key, value)) in pairs.iter().enumerate() {
        if index > 0 {
            new_line(",", indent, out);
        }
        let key = repr(key);
        out.push_str(&key);
        out.push_str(": ");
        let last = index + 1 == pairs.len();
        format(
            value,
            indent + key.chars().count() + 2,
            if last { after } else { 1 },
            out,
        );
    }
    out.push('}');
}

fn new_line(end: &str, indent: usize, out: &mut String) {
    out.push_str(end);
    out.push('\n');
    out.push_str(&" ".repeat(indent));
}

/// A long text as several, broken at line ends and spaces.
fn pieces(text: &str, indent: usize, after: usize, out: &mut String) {
    let width = WIDTH.saturating_sub(indent);
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut chunks = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let last_line = index + 1 == lines.len();
        let whole = quoted(line);
        if whole.chars().count() <= if last_line { width.saturating_sub(after) } else { width } {
            chunks.push(whole);
            continue;
        }
        let words = words(line);
        let mut current = String::new();
        for (place, word) in words.iter().enumerate() {
            let last = last_line && place + 1 == words.len();
            let room = if last { width.saturating_sub(after) } else { width };
            let candidate = format!("{current}{word}");
            if quoted(&candidate).chars().count() <= room {
                current = candidate;
                continue;
            }
            if !current.is_empty() {
                chunks.push(quoted(&current));
            }
            current = (*word).to_owned();
        }
        if !current.is_empty() {
            chunks.push(quoted(&current));
        }
    }
    for (index, chunk) in chunks.iter().enumerate() {
        if index > 0 {
            new_line("", indent, out);
        }
        out.push_str(chunk);
    }
}

fn quoted(text: &str) -> String {
    repr(&Value::from(text))
}

/// Words with the space that follows them.
fn words(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let word = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let space = rest.get(word..).unwrap_or_default();
        let end = word + space.find(|char: char| !char.is_whitespace()).unwrap_or(space.len());
        let (head, tail) = rest.split_at(end);
        words.push(head);
        rest = tail;
    }
    words
}

/// Dicts in the order of their keys.
fn sorted(value: &Value) -> Value {
    match value {
        Value::List(items) => Value::List(items.iter().map(sorted).collect()),
        Value::Tuple(items) => Value::Tuple(items.iter().map(sorted).collect()),
        Value::Dict(pairs) => {
            let mut pairs: Vec<_> = pairs.iter().map(|(key, value)| (key.clone(), sorted(value))).collect();
            pairs.sort_by_cached_key(|(key, _)| key.as_str().map(str::to_owned));
            Value::Dict(pairs)
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]
    use super::*;
    use std::io::Write;
    use std::process::{Command, Stdio};

    /// What Debian's Python (package `python3`) prints.
    fn pprint(value: &Value) -> String {
        let script = "import pickle, pprint, sys
sys.stdout.buffer.write(pprint.pformat(pickle.load(sys.stdin.buffer), width=1000, indent=2).encode())";
        let mut child = Command::new("/usr/bin/python3")
            .args(["-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("needs Python: apt-get install python3");
        child
            .stdin
            .take()
            .unwrap()
            .write_all(&bantam_wire::pickle::encode(value))
            .unwrap();
        String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
    }

    #[test]
    fn long_commands_are_broken_as_pprint_breaks_them() {
        let long = "word it's \"so\" ".repeat(120);
        let lines = "a line of words\n".repeat(100);
        let several = format!("{lines}{long}\n{}", "x".repeat(1200));
        let dict = |value: &str| Value::Dict(vec![("b".into(), value.into()), ("a".into(), Value::Int(1))]);
        for value in [
            Value::from(vec!["set", "jail", "maxretry"]),
            Value::List(vec!["set".into(), "jail".into(), long.as_str().into()]),
            Value::List(vec![
                "set".into(),
                lines.as_str().into(),
                Value::List(vec![several.as_str().into(), 5.into()]),
            ]),
            Value::List(vec![Value::List(vec!["x".repeat(998).into()])]),
            Value::List(vec!["x".repeat(994).into()]),
            Value::List(vec!["x".repeat(996).into()]),
            Value::List(vec!["x".repeat(997).into()]),
            Value::List(vec![
                Value::Tuple(vec![long.as_str().into()]),
                dict("short"),
                dict(&several),
            ]),
        ] {
            assert_eq!(pretty(&value), pprint(&value));
        }
    }
}
