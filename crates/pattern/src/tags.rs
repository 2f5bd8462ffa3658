//! Fail2ban's tags inside expressions: `<HOST>`, `<ADDR>`, `<F-USER>…</F-USER>`, `<SKIPLINES>` …
use std::collections::HashSet;

use crate::PatternError;

/// What `usedns` makes of `<HOST>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UseDns {
    /// Resolve names.
    Yes,
    /// Resolve names and say so in the log.
    #[default]
    Warn,
    /// Names never match.
    No,
    /// Take the text as it is.
    Raw,
}

const IP4: &str = r"(?:::f{4,6}:)?(?P<ip4>(?:\d{1,3}\.){3}\d{1,3})";
const IP6: &str = r"(?P<ip6>(?:[0-9a-fA-F]{1,4}::?|::){1,7}(?:[0-9a-fA-F]{1,4}|(?<=:):))";
const DNS: &str = r"(?P<dns>[\w\-.^_]*\w)";
const CIDR: &str = r"(?P<cidr>\d+)";

/// Expands the tags of a filter's expression to Python's dialect. `multi_line` allows `<SKIPLINES>`.
/// Spans in the error point into `source`.
pub fn expand(source: &str, use_dns: UseDns, _multi_line: bool) -> Result<String, PatternError> {
    let mut out = String::with_capacity(source.len() + 256);
    let mut opened = HashSet::new();
    let mut skips = 0;
    let mut rest = source;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let Some(tag) = tag_at(rest) else {
            out.push('<');
            rest = &rest[1..];
            continue;
        };
        let name = &tag[1..tag.len() - 1];
        match replacement(name, use_dns, &mut opened, &mut skips) {
            Some(text) => out.push_str(&text),
            None => out.push_str(tag),
        }
        rest = &rest[tag.len()..];
    }
    out.push_str(rest);
    Ok(out)
}

/// The tag that the text begins with, angle brackets included.
fn tag_at(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('<')?;
    let inner = inner.strip_prefix('/').unwrap_or(inner);
    let name = inner
        .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'))
        .unwrap_or(inner.len());
    if name == 0 {
        return None;
    }
    let tail = &inner[name..];
    let tail = tail.strip_prefix('/').unwrap_or(tail);
    let tail = tail.strip_prefix('>')?;
    Some(&text[..text.len() - tail.len()])
}

fn replacement(
    name: &str,
    use_dns: UseDns,
    opened: &mut HashSet<String>,
    skips: &mut u32,
) -> Option<String> {
    let addr = || format!(r"\[?(?:{IP4}|{IP6})\]?");
    Some(match name {
        "HOST" if use_dns == UseDns::No => addr(),
        "HOST" => format!("(?:{}|{DNS})", addr()),
        "ADDR" | "F-ADDR/" => addr(),
        "IP4" | "F-IP4/" => IP4.into(),
        "IP6" | "F-IP6/" => IP6.into(),
        "DNS" | "F-DNS/" => DNS.into(),
        "CIDR" | "F-CIDR/" => CIDR.into(),
        "SUBNET" | "F-SUBNET/" => format!(r"\[?(?:{IP4}|{IP6})(?:/{CIDR})?\]?"),
        "F-ID/" => r"(?P<fid>\S+)".into(),
        "F-PORT/" => r"(?P<fport>\w+)".into(),
        "SKIPLINES" => {
            *skips += 1;
            format!(r"\n(?P<skiplines{}>(?:(?:.*\n)*?))", *skips - 1)
        }
        _ => {
            let (closing, tag) = match name.strip_prefix('/') {
                Some(tag) => (true, tag),
                None => (false, name),
            };
            let tag = tag.strip_prefix("F-")?;
            let allowed =
                |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_' || c == '-';
            if tag.is_empty() || !tag.chars().all(allowed) {
                return None;
            }
            if closing {
                return opened.contains(tag).then(|| ")".into());
            }
            opened.insert(tag.to_owned());
            let group = tag.to_lowercase();
            let group = match group.as_str() {
                "id" => "fid",
                "port" => "fport",
                other => other,
            };
            format!("(?P<{group}>")
        }
    })
}
