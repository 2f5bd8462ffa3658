//! Log files that a pattern with `*`, `?`, `[a-z]` names, in the order in which the system lists them.

use std::path::Path;

/// Names in folders that are looked at for one pattern: `/*/*/*/*` would go through all of the machine, and through its
/// processes.
const MOST_NAMES: usize = 1_000_000;

/// The existing files, and links whose target is gone.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Found {
    pub(crate) files: Vec<String>,
    pub(crate) dangling: Vec<String>,
    /// The pattern was given up, since it goes through too many folders.
    pub(crate) given_up: bool,
}

/// Whether a path is a pattern and not just a name.
pub(crate) fn is_pattern(path: &str) -> bool {
    path.contains(['*', '?', '['])
}

/// The files that a path or pattern names now.
pub(crate) fn expand(pattern: &str) -> Found {
    let mut found = Found::default();
    if pattern.is_empty() {
        return found;
    }
    let mut names = MOST_NAMES;
    let paths = matches(pattern, 0, &mut names);
    found.given_up = names == 0;
    for path in paths {
        if Path::new(&path).exists() {
            found.files.push(path)
        } else {
            found.dangling.push(path)
        }
    }
    found
}

/// `names`: how many may still be looked at.
fn matches(pattern: &str, depth: u32, names: &mut usize) -> Vec<String> {
    if !is_pattern(pattern) {
        let there = Path::new(pattern).symlink_metadata().is_ok();
        return if there { vec![pattern.to_owned()] } else { Vec::new() };
    }
    if depth > 64 {
        return Vec::new();
    }
    let (folder, name) = match pattern.rfind('/') {
        Some(at) => pattern.split_at(at + 1),
        None => ("", pattern),
    };
    // The slash is no part of the folder's own name, except at the root.
    let trimmed = folder.trim_end_matches('/');
    let folder = if trimmed.is_empty() { folder } else { trimmed };
    let folders = if is_pattern(folder) {
        matches(folder, depth + 1, names)
    } else {
        vec![folder.to_owned()]
    };
    let mut out = Vec::new();
    let tokens = tokens(name);
    for folder in folders {
        let join = |name: &str| {
            if folder.is_empty() || folder.ends_with('/') {
                format!("{folder}{name}")
            } else {
                format!("{folder}/{name}")
            }
        };
        if !is_pattern(name) {
            let path = join(name);
            let there = if name.is_empty() {
                Path::new(&folder).is_dir()
            } else {
                Path::new(&path).symlink_metadata().is_ok()
            };
            if there {
                out.push(path);
            }
            continue;
        }
        let Ok(entries) = std::fs::read_dir(if folder.is_empty() { "." } else { &folder }) else {
            continue;
        };
        for entry in entries.flatten() {
            *names = names.saturating_sub(1);
            if *names == 0 {
                return out;
            }
            let Ok(file) = entry.file_name().into_string() else {
                continue;
            };
            if (name.starts_with('.') || !file.starts_with('.')) && name_matches(&tokens, &file) {
                out.push(join(&file));
            }
        }
    }
    out
}

/// Whether a file name fits a pattern.
fn name_matches(pattern: &[Token], name: &str) -> bool {
    let name: Vec<char> = name.chars().collect();
    let (mut p, mut n) = (0, 0);
    let mut star = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(Token::Any) => {
                star = Some((p + 1, n));
                p += 1;
                continue;
            }
            Some(token) if name.get(n).is_some_and(|c| token.fits(*c)) => {
                p += 1;
                n += 1;
                continue;
            }
            _ => {}
        }
        let Some((after, taken)) = star else {
            return false;
        };
        star = Some((after, taken + 1));
        p = after;
        n = taken + 1;
    }
    pattern.iter().skip(p).all(|token| *token == Token::Any)
}

#[derive(Debug, PartialEq)]
enum Token {
    Any,
    One,
    Char(char),
    Set { not: bool, ranges: Vec<(char, char)> },
}

impl Token {
    fn fits(&self, c: char) -> bool {
        match self {
            Token::Any | Token::One => true,
            Token::Char(own) => *own == c,
            Token::Set { not, ranges } => ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *not,
        }
    }
}

fn tokens(pattern: &str) -> Vec<Token> {
    let mut out = Vec::new();
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        out.push(match c {
            '*' => Token::Any,
            '?' => Token::One,
            '[' => match set(rest) {
                Some((token, tail)) => {
                    rest = tail;
                    token
                }
                None => Token::Char('['),
            },
            c => Token::Char(c),
        });
    }
    out
}

/// `abc]`, `a-z]`, `!a]`: the characters behind a `[`. A `]` that comes first is one of them.
fn set(rest: &str) -> Option<(Token, &str)> {
    let (not, body) = match rest.strip_prefix('!') {
        Some(body) => (true, body),
        None => (false, rest),
    };
    let first = body.chars().next()?.len_utf8();
    let end = first + body.get(first..)?.find(']')?;
    let chars: Vec<char> = body.get(..end)?.chars().collect();
    let mut ranges = Vec::new();
    let mut at = 0;
    while let Some(low) = chars.get(at) {
        match (chars.get(at + 1), chars.get(at + 2)) {
            (Some('-'), Some(high)) => {
                ranges.push((*low, *high));
                at += 3;
            }
            _ => {
                ranges.push((*low, *low));
                at += 1;
            }
        }
    }
    Some((Token::Set { not, ranges }, body.get(end + 1..)?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn names_fit_patterns_as_in_a_shell() {
        for (pattern, name, fits) in [
            ("*.log", "a.log", true),
            ("*.log", "a.log.1", false),
            ("a?c*", "abc", true),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[]a]", "]", true),
            ("[a", "[a", true),
            ("*a*b*", "xxaxxbxx", true),
            ("", "", true),
            ("**", "x", true),
            ("?", "", false),
        ] {
            assert_eq!(name_matches(&tokens(pattern), name), fits, "{pattern} {name}");
        }
    }

    #[test]
    fn a_pattern_that_goes_through_too_many_names_is_given_up() {
        let dir = tempfile::tempdir().unwrap();
        for number in 0..5 {
            std::fs::write(dir.path().join(format!("{number}.log")), "").unwrap();
        }
        let pattern = format!("{}/*.log", dir.path().display());
        let mut names = 4;
        assert!(matches(&pattern, 0, &mut names).len() < 4);
        assert_eq!(names, 0);
        let mut names = 6;
        assert_eq!((matches(&pattern, 0, &mut names).len(), names), (5, 1));
    }

    #[test]
    fn a_pattern_may_stand_in_any_part_of_a_path() {
        let dir = tempfile::tempdir().unwrap();
        for (folder, file) in [("a", "x.log"), ("b", "x.log"), ("b", ".x.log")] {
            std::fs::create_dir_all(dir.path().join(folder)).unwrap();
            std::fs::write(dir.path().join(folder).join(file), "").unwrap();
        }
        std::os::unix::fs::symlink("gone", dir.path().join("b/y.log")).unwrap();
        let base = dir.path().to_str().unwrap();
        let mut found = expand(&format!("{base}/*/*.log"));
        found.files.sort();
        assert_eq!(found.files, [format!("{base}/a/x.log"), format!("{base}/b/x.log")]);
        assert_eq!(found.dangling, [format!("{base}/b/y.log")]);
        assert_eq!(expand(&format!("{base}/*/x.log")).files.len(), 2);
        assert_eq!(expand(&format!("{base}/c.log")), Found::default());
    }
}
