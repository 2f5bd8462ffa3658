//! REGEX and IGNOREREGEX: an expression, the name of a filter, or a file.
use bantam_detect::python_quote;
use bantam_pattern::Regex;
use std::path::{Path, PathBuf};

/// What a REGEX argument turned out to be.
#[derive(Debug, PartialEq)]
pub enum Source {
    /// An expression as it stands.
    Expression,
    /// A filter of a configuration directory.
    Filter {
        name: String,
        /// The directory that holds `filter.d`.
        base: PathBuf,
        options: Options,
    },
    /// A file that lies elsewhere.
    File { path: PathBuf, options: Options },
}

/// Arguments of a filter, in order.
pub type Options = Vec<(String, String)>;

/// Finds out what the argument means. The error tells what is wrong with a filter's arguments.
pub fn find(value: &str, config: &str) -> Result<Source, String> {
    let looks_like_name = Regex::new(r"(?ms)^/{0,3}[\w/_\-.]+(?:\[.*\])?$", Default::default())
        .is_ok_and(|regex| regex.is_match(value).unwrap_or(false));
    if !looks_like_name {
        return Ok(Source::Expression);
    }
    let (name, options) = split_options(value)?;
    let has_suffix = last_characters(&name, 6).contains('.');
    let tries: Vec<String> = match has_suffix {
        true => vec![name.clone()],
        false => ["", ".conf", ".local"]
            .iter()
            .map(|end| format!("{name}{end}"))
            .collect(),
    };
    let mut base = PathBuf::from(config);
    let is_filter_dir = |path: &Path| path.file_name().is_some_and(|name| name == "filter.d");
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
        return Ok(Source::Expression);
    };
    let plain_name = !has_suffix && !name.contains('/');
    if base != Path::new(config) && !is_filter_dir(&base) && !plain_name {
        return Ok(Source::File { path, options });
    }
    if is_filter_dir(&base) {
        base.pop();
    }
    let stem = Path::new(&name).file_stem().unwrap_or_default();
    Ok(Source::Filter {
        name: stem.to_string_lossy().into_owned(),
        base,
        options,
    })
}

fn last_characters(text: &str, count: usize) -> &str {
    match text.char_indices().rev().nth(count.saturating_sub(1)) {
        Some((at, _)) => &text[at..],
        None => text,
    }
}

/// Splits `name[a=b, c="d"]`.
fn split_options(text: &str) -> Result<(String, Options), String> {
    let Some((name, rest)) = text.split_once('[') else {
        return Ok((text.to_owned(), Vec::new()));
    };
    let Some(inner) = rest.trim_end().strip_suffix(']') else {
        return Err("unexpected option syntax".to_owned());
    };
    let mut options: Options = Vec::new();
    let mut rest = inner.trim_start();
    while !rest.trim_matches([',', ' ', '\t', '\n']).is_empty() {
        let wrong = || format!("expected option, wrong syntax: {:.25}", rest);
        let (key, after) = rest.split_once('=').ok_or_else(wrong)?;
        let is_key = |c: char| c.is_alphanumeric() || "-_.".contains(c);
        if key.is_empty() || !key.chars().all(is_key) {
            return Err(wrong());
        }
        let (value, tail) = option_value(after);
        let tail = tail.trim_start_matches([' ', '\t', '\n']);
        rest = match tail.chars().next() {
            None => "",
            Some(',') => tail[1..].trim_start(),
            Some(']') if tail[1..].trim_start().starts_with('[') => tail[1..].trim_start()[1..].trim_start(),
            Some(_) => {
                return Err(format!("unexpected syntax after option '{key}': {:.25}", tail));
            }
        };
        let value = value.trim().to_owned();
        match options.iter_mut().find(|(known, _)| known == key) {
            Some((_, old)) => *old = value,
            None => options.push((key.to_owned(), value)),
        }
    }
    Ok((name.to_owned(), options))
}

fn option_value(text: &str) -> (&str, &str) {
    for quote in ['"', '\''] {
        if let Some((value, tail)) = text.strip_prefix(quote).and_then(|t| t.split_once(quote)) {
            return (value, tail);
        }
    }
    text.split_at(text.find([',', ']']).unwrap_or(text.len()))
}

/// The arguments as Python shows a dictionary.
pub fn shown(options: &Options) -> String {
    let entries: Vec<String> = options
        .iter()
        .map(|(key, value)| format!("{}: {}", python_quote(key), python_quote(value)))
        .collect();
    format!("{{{}}}", entries.join(", "))
}

/// The arguments as they are written behind a filter's name.
pub fn spec(name: &str, options: &Options) -> String {
    if options.is_empty() {
        return name.to_owned();
    }
    let entries: Vec<String> = options
        .iter()
        .map(|(key, value)| {
            let quote = if value.contains('"') { '\'' } else { '"' };
            format!("{key}={quote}{value}{quote}")
        })
        .collect();
    format!("{name}[{}]", entries.join(", "))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn options(pairs: &[(&str, &str)]) -> Options {
        pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect()
    }

    #[test]
    fn arguments_of_a_filter_are_split() {
        let split = |text| split_options(text).unwrap();
        assert_eq!(split("sshd"), ("sshd".into(), vec![]));
        assert_eq!(
            split("sshd[mode=aggressive, x=\"a, ]b\"][y='c']"),
            (
                "sshd".into(),
                options(&[("mode", "aggressive"), ("x", "a, ]b"), ("y", "c")])
            )
        );
        assert!(split_options("sshd[mode").is_err());
        assert!(split_options("sshd[mode=\"a\" b]").is_err());
        assert!(split_options("sshd[=a]").is_err());
    }

    #[test]
    fn an_expression_is_no_filter_and_files_are_found_where_they_lie() {
        let dir = tempfile::tempdir().unwrap();
        let filters = dir.path().join("filter.d");
        std::fs::create_dir(&filters).unwrap();
        std::fs::write(filters.join("a.conf"), "").unwrap();
        std::fs::write(dir.path().join("own.conf"), "").unwrap();
        let config = dir.path().to_str().unwrap();
        let in_config = Source::Filter {
            name: "a".into(),
            base: dir.path().to_owned(),
            options: vec![],
        };
        assert_eq!(find("^a <HOST>$", config), Ok(Source::Expression));
        assert_eq!(find("b", config), Ok(Source::Expression));
        assert_eq!(find("a", config).as_ref(), Ok(&in_config));
        assert_eq!(find("a.conf", config).as_ref(), Ok(&in_config));
        let path = filters.join("a.conf");
        assert_eq!(find(path.to_str().unwrap(), "/nowhere"), Ok(in_config));
        let own = dir.path().join("own.conf");
        let file = Source::File {
            path: own.clone(),
            options: options(&[("m", "1")]),
        };
        let spec = format!("{}[m=1]", own.display());
        assert_eq!(find(&spec, "/nowhere"), Ok(file));
    }
}
