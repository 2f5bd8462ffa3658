//! What stands in a sample log: lines, and JSON in comments that says what is to come of them.

use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// Keys and values of an annotation, or options of a filter.
pub type Keys = Map<String, Value>;

/// One thing in a sample log, in its order.
#[derive(Debug)]
pub enum Item {
    /// `filterOptions`: how the filter is set for the lines that follow; each set is tried.
    FilterOptions(Vec<Keys>),
    /// `fileOptions`: what all later `filterOptions` begin with.
    FileOptions(Keys),
    /// `addFILE`: another log to go through after this one.
    AddFile(String),
    /// A line of the log.
    Line(Line),
}

#[derive(Debug)]
pub struct Line {
    pub number: usize,
    pub bytes: Vec<u8>,
    /// What was annotated; none where the line is not to match and nobody says so.
    pub expected: Option<Keys>,
}

/// A sample log.
#[derive(Debug)]
pub struct Log {
    pub path: PathBuf,
    pub items: Vec<Item>,
}

impl Log {
    pub fn read(path: &Path) -> Result<Log, String> {
        let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let mut items = Vec::new();
        let mut lines = bytes.split(|byte| *byte == b'\n').enumerate();
        while let Some((index, line)) = lines.next() {
            let wrong = |error: String| format!("{}:{}: {error}", path.display(), index + 1);
            if let Some((kind, json)) = annotation(line) {
                let value: Value = serde_json::from_slice(json).map_err(|error| wrong(error.to_string()))?;
                if kind == b"failJSON" {
                    let (next, bytes) = lines.next().ok_or_else(|| wrong("no line follows".to_owned()))?;
                    items.push(Item::Line(Line {
                        number: next + 1,
                        bytes: without_end(bytes).to_vec(),
                        expected: Some(keys(value).map_err(wrong)?),
                    }));
                } else {
                    items.push(other(kind, value).map_err(wrong)?);
                }
            } else if !line.starts_with(b"#") && !line.trim_ascii().is_empty() {
                items.push(Item::Line(Line {
                    number: index + 1,
                    bytes: without_end(line).to_vec(),
                    expected: None,
                }));
            }
        }
        let path = path.to_owned();
        Ok(Log { path, items })
    }

    pub fn lines(&self) -> impl Iterator<Item = &Line> {
        self.items.iter().filter_map(|item| match item {
            Item::Line(line) => Some(line),
            _ => None,
        })
    }
}

/// The kind and the JSON of a comment such as `# failJSON: {…}`.
fn annotation(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = line.strip_prefix(b"#")?;
    let hashes = rest.iter().take_while(|byte| **byte == b'#').count();
    let rest = &rest[hashes..];
    let rest = rest.strip_prefix(b" ").unwrap_or(rest);
    let kinds: [&[u8]; 4] = [b"failJSON", b"fileOptions", b"filterOptions", b"addFILE"];
    kinds.into_iter().find_map(|kind| {
        let json = rest.strip_prefix(kind)?.strip_prefix(b":")?;
        (!json.is_empty()).then_some((kind, json))
    })
}

fn other(kind: &[u8], value: Value) -> Result<Item, String> {
    Ok(match kind {
        b"fileOptions" => Item::FileOptions(keys(value)?),
        b"filterOptions" => {
            let sets = match value {
                Value::Array(sets) => sets,
                one => vec![one],
            };
            Item::FilterOptions(sets.into_iter().map(keys).collect::<Result<_, _>>()?)
        }
        _ => Item::AddFile(value.as_str().ok_or("a name was expected")?.to_owned()),
    })
}

fn keys(value: Value) -> Result<Keys, String> {
    match value {
        Value::Object(keys) => Ok(keys),
        other => Err(format!("an object was expected, not {other}")),
    }
}

fn without_end(line: &[u8]) -> &[u8] {
    let kept = line
        .iter()
        .rposition(|byte| !b"\r\n".contains(byte))
        .map_or(0, |at| at + 1);
    &line[..kept]
}

/// Whether one of the few Python expressions that occur as conditions holds, for a filter's name and options.
pub fn holds(condition: &str, name: &str, options: &Keys) -> Result<bool, String> {
    let unknown = || format!("this condition is none that the runner understands: {condition}");
    let (left, right, equal) = match (condition.split_once("=="), condition.split_once("!=")) {
        (Some((left, right)), None) => (left, right, true),
        (None, Some((left, right))) => (left, right, false),
        _ => return Err(unknown()),
    };
    let text = |part: &str| part.strip_prefix('\'')?.strip_suffix('\'').map(str::to_owned);
    let wanted = text(right.trim()).ok_or_else(unknown)?;
    let left = left.trim();
    let value = match left.strip_prefix("opts.get(").and_then(|rest| rest.strip_suffix(')')) {
        _ if left == "name" => Some(name.to_owned()),
        Some(key) => {
            let key = text(key).ok_or_else(unknown)?;
            options
                .get(&key)
                .map(|value| value.as_str().map_or(value.to_string(), str::to_owned))
        }
        None => return Err(unknown()),
    };
    Ok((value.as_deref() == Some(wanted.as_str())) == equal)
}
