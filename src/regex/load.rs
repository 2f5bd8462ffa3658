//! What REGEX is: an expression, the name of a jail or filter, or a file.
use bantam_conf::{Arguments, Diagnostic, NoTrial, Trial};
use bantam_detect::python_quote;
use bantam_pattern::Regex;
use bantam_wire::Value;
use std::path::{Path, PathBuf};

/// What a REGEX argument turned out to be.
#[derive(Debug)]
pub enum Source {
    /// An expression as it stands.
    Expression,
    /// A jail of the configuration: what it comes to, or what is wrong with it.
    Jail {
        name: String,
        options: Arguments,
        loaded: Result<Trial, Vec<Diagnostic>>,
    },
    /// A filter of a configuration directory.
    Filter {
        name: String,
        /// The directory that holds `filter.d`.
        base: PathBuf,
        options: Arguments,
    },
    /// A file that lies elsewhere.
    File { path: PathBuf, options: Arguments },
}

/// What is wrong with the arguments behind a name, or with the configuration it is looked up in.
#[derive(Debug)]
pub struct Wrong {
    pub message: String,
    pub diagnostics: Vec<Diagnostic>,
}

impl From<String> for Wrong {
    fn from(message: String) -> Self {
        Wrong {
            message,
            diagnostics: Vec::new(),
        }
    }
}

/// Finds out what the argument means. A jail is preferred over the filter of the same name.
pub fn find(value: &str, config: &str, backend: &str) -> Result<Source, Wrong> {
    if !looks_like_name(value) {
        return Ok(Source::Expression);
    }
    let (name, options) = bantam_conf::split_arguments(value)?;
    if let Some(jail) = find_jail(&name, &options, config, backend)? {
        return Ok(jail);
    }
    Ok(find_filter(name, options, config))
}

/// Whether a line of it is a name, perhaps with options.
fn looks_like_name(value: &str) -> bool {
    let of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"/_-.".contains(&byte);
    let name = value.bytes().take_while(|&byte| of_name(byte)).count();
    let is_plain = match value.as_bytes().split_at(name) {
        ([], _) => false,
        (_, []) => true,
        (_, rest) => rest.len() > 1 && rest.starts_with(b"[") && rest.ends_with(b"]"),
    };
    // Nearly all are, and are told so without an expression being compiled.
    is_plain
        || Regex::new(r"(?ms)^/{0,3}[\w/_\-.]+(?:\[.*\])?$", Default::default())
            .is_ok_and(|regex| regex.is_match(value).unwrap_or(false))
}

fn find_jail(name: &str, options: &Arguments, config: &str, backend: &str) -> Result<Option<Source>, Wrong> {
    let of_file = |line: &str| line.ends_with(".conf") || line.ends_with(".local");
    if name.contains('/') || name.lines().any(of_file) {
        return Ok(None);
    }
    if !Path::new(config).exists() {
        let config = config.trim_end_matches('/');
        return Err(format!("Base configuration directory {config} does not exist ").into());
    }
    let loaded = match bantam_conf::try_jail(Path::new(config), name, options, backend) {
        Err(NoTrial::NoJail) => return Ok(None),
        Err(NoTrial::Unreadable(diagnostics)) => {
            return Err(Wrong {
                message: "the configuration of the jails cannot be read".to_owned(),
                diagnostics,
            });
        }
        Err(NoTrial::Broken(diagnostics)) => Err(diagnostics),
        Ok(trial) => Ok(trial),
    };
    Ok(Some(Source::Jail {
        name: name.to_owned(),
        options: options.clone(),
        loaded,
    }))
}

fn find_filter(name: String, options: Arguments, config: &str) -> Source {
    let has_suffix = last_characters(&name, 6).contains('.');
    let tries: Vec<String> = match has_suffix {
        true => vec![name.clone()],
        false => ["", ".conf", ".local"]
            .iter()
            .map(|end| format!("{name}{end}"))
            .collect(),
    };
    let mut base = PathBuf::from(config);
    // A slash at the end makes another directory of it for Python.
    let is_filter_dir =
        |path: &Path| path.as_os_str().as_encoded_bytes().ends_with(b"filter.d") && path.ends_with("filter.d");
    let mut found = None;
    for file in tries {
        let path = Path::new(&file);
        let path = if path.parent() == Some(Path::new("filter.d")) || (!file.contains('/') && is_filter_dir(&base)) {
            base.join(path)
        } else if !file.contains('/') {
            base.join("filter.d").join(path)
        } else {
            base = path.parent().unwrap_or(Path::new("")).to_owned();
            path.to_owned()
        };
        if path.is_file() {
            found = Some(path);
            break;
        }
    }
    let Some(path) = found else {
        return Source::Expression;
    };
    let plain_name = !has_suffix && !name.contains('/');
    if base != Path::new(config) && !is_filter_dir(&base) && !plain_name {
        return Source::File { path, options };
    }
    if is_filter_dir(&base) {
        base.pop();
    }
    let stem = Path::new(&name).file_stem().unwrap_or_default();
    Source::Filter {
        name: stem.to_string_lossy().into_owned(),
        base,
        options,
    }
}

fn last_characters(text: &str, count: usize) -> &str {
    match text.char_indices().rev().nth(count.saturating_sub(1)) {
        Some((at, _)) => &text[at..],
        None => text,
    }
}

/// The options as Python shows a dictionary.
pub fn shown(options: &[(String, Value)]) -> String {
    let entries: Vec<String> = options
        .iter()
        .map(|(key, value)| format!("{}: {}", python_quote(key), bantam_wire::repr::repr(value)))
        .collect();
    format!("{{{}}}", entries.join(", "))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn found(value: &str, config: &str) -> String {
        match find(value, config, "auto") {
            Ok(Source::Expression) => "expression".to_owned(),
            Ok(Source::Jail { name, options, loaded }) => {
                format!("jail {name} {options:?} {:?}", loaded.unwrap().options)
            }
            Ok(Source::Filter { name, base, .. }) => format!("filter {name} of {}", base.display()),
            Ok(Source::File { path, options }) => format!("file {} {options:?}", path.display()),
            Err(wrong) => wrong.message,
        }
    }

    #[test]
    fn an_expression_is_no_filter_and_files_are_found_where_they_lie() {
        let dir = tempfile::tempdir().unwrap();
        let filters = dir.path().join("filter.d");
        std::fs::create_dir(&filters).unwrap();
        std::fs::write(filters.join("a.conf"), "").unwrap();
        std::fs::write(dir.path().join("own.conf"), "").unwrap();
        let config = dir.path().to_str().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let elsewhere = elsewhere.path().to_str().unwrap();
        let filter = format!("filter a of {config}");
        assert_eq!(found("^a <HOST>$", config), "expression");
        assert_eq!(found("b", config), "expression");
        assert_eq!(found("a", config), filter);
        assert_eq!(found("a.conf", config), filter);
        assert_eq!(found("filter.d/a.conf", config), filter);
        assert_eq!(found("a", filters.to_str().unwrap()), filter);
        assert_eq!(found(filters.join("a.conf").to_str().unwrap(), elsewhere), filter);
        let own = dir.path().join("own.conf");
        let spec = format!("{}[m=1]", own.display());
        assert_eq!(
            found(&spec, elsewhere),
            format!("file {} [(\"m\", \"1\")]", own.display())
        );
        assert_eq!(found("a[=x]", config), "expected option, wrong syntax at 0: =x");
        assert_eq!(
            found("a", "/nowhere/"),
            "Base configuration directory /nowhere does not exist "
        );
    }

    #[test]
    fn a_jail_is_preferred_over_the_filter_of_its_name() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("filter.d")).unwrap();
        std::fs::write(dir.path().join("filter.d/a.conf"), "[Definition]\nfailregex = <HOST>").unwrap();
        std::fs::write(dir.path().join("jail.conf"), "[a]\nfilter = a[x=1]\nlogpath = /none").unwrap();
        let config = dir.path().to_str().unwrap();
        assert!(found("a[y=2]", config).starts_with("jail a [(\"y\", \"2\")] [(\"logtype\", Str(\"file\"))"));
        assert!(found("a.conf", config).starts_with("filter a"));
        assert!(found("b", config).starts_with("expression"));
        std::fs::write(dir.path().join("jail.conf"), "[a\n").unwrap();
        assert_eq!(found("a", config), "the configuration of the jails cannot be read");
    }
}
