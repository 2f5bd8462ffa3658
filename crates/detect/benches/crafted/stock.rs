//! The stock filters as the daemon loads them, and their sample logs.
use bantam_detect::Filter;
use bantam_pattern::{Options, Regex, syntax::Ast};
use bantam_wire::Value;
use std::collections::HashSet;
use std::path::Path;

const BASE: &str = "/etc/fail2ban";
const LOGS: &str = "/usr/lib/python3/dist-packages/fail2ban/tests/files/logs";
/// What the stock filters with modes call them.
const MODES: [&str; 9] = [
    "normal",
    "ddos",
    "extra",
    "aggressive",
    "more",
    "auth",
    "rbl",
    "errors",
    "fallback",
];

/// A filter in one mode.
pub struct Subject {
    pub name: String,
    pub filter: Filter,
    pub prefix: Option<Ast>,
    pub expressions: Vec<Ast>,
    pub datepattern: String,
    /// Lines of its sample log, matching or not.
    pub samples: Vec<Vec<u8>>,
}

/// All filters, or those whose names begin with one of these.
pub fn subjects(names: &[String]) -> Vec<Subject> {
    let mut files: Vec<String> = std::fs::read_dir(Path::new(BASE).join("filter.d"))
        .expect("install fail2ban: apt-get install fail2ban")
        .filter_map(|entry| {
            entry
                .ok()?
                .file_name()
                .into_string()
                .ok()?
                .strip_suffix(".conf")
                .map(str::to_owned)
        })
        .filter(|name| names.is_empty() || names.iter().any(|wanted| name.starts_with(wanted.as_str())))
        .collect();
    files.sort();
    let mut all = Vec::new();
    for name in files {
        let mut known = HashSet::new();
        let text = std::fs::read_to_string(Path::new(BASE).join(format!("filter.d/{name}.conf"))).unwrap_or_default();
        let modes = MODES.iter().filter(|mode| text.contains(&format!("-{mode}")));
        let modes = modes.map(|mode| format!("{name}[mode={mode}]"));
        let journal = [format!("{name}[logtype=journal]")];
        for spec in std::iter::once(name.clone()).chain(modes).chain(journal) {
            let Some(subject) = load(&name, &spec) else { continue };
            let shown = format!("{:?}{:?}", subject.filter.prefregex(), subject.filter.failregexes());
            if known.insert(shown) {
                all.push(subject);
            }
        }
    }
    all
}

fn load(name: &str, spec: &str) -> Option<Subject> {
    let commands = bantam_conf::load_filter(BASE.as_ref(), spec).ok()?;
    let mut filter = Filter::new();
    let mut datepattern = String::new();
    for command in &commands {
        let option = command.words.get(2).and_then(Value::as_str).unwrap_or_default();
        for value in given(&command.words) {
            match option {
                "prefregex" => filter.set_prefregex(&value).ok()?,
                "addfailregex" => filter.add_failregex(&value).ok()?,
                "addignoreregex" => filter.add_ignoreregex(&value).ok()?,
                "maxlines" => filter.set_max_lines(value.parse().ok()?).ok()?,
                "datepattern" => {
                    filter.set_datepattern(&value).ok()?;
                    datepattern = value;
                }
                _ => {}
            }
        }
    }
    let multi_line = filter.max_lines() > 1;
    let ast = |source: &str| {
        Some(
            Regex::new(
                source,
                Options {
                    multi_line,
                    ignore_case: false,
                },
            )
            .ok()?
            .ast()
            .clone(),
        )
    };
    let expressions: Vec<Ast> = filter.failregexes().into_iter().filter_map(ast).collect();
    let prefix = Some(filter.prefregex())
        .filter(|source| !source.is_empty())
        .and_then(ast);
    (!expressions.is_empty()).then(|| Subject {
        name: spec.to_owned(),
        prefix,
        expressions,
        datepattern,
        samples: lines_of(&Path::new(LOGS).join(name)),
        filter,
    })
}

/// The texts of a command: one, or a list with `multi-set`.
fn given(words: &[Value]) -> Vec<String> {
    let values = match words.get(3) {
        Some(Value::List(values)) => values.as_slice(),
        _ => words.get(3..4).unwrap_or_default(),
    };
    let text = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| bantam_wire::repr::repr(value), str::to_owned)
    };
    values.iter().map(text).collect()
}

/// Lines of a file that are no comments.
pub fn lines_of(file: &Path) -> Vec<Vec<u8>> {
    let bytes = std::fs::read(file).unwrap_or_default();
    let lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with(b"#"))
        .map(<[u8]>::to_vec)
        .collect()
}
