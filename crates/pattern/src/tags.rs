//! Fail2ban's tags inside expressions: `<HOST>`, `<ADDR>`, `<F-USER>…</F-USER>`, `<SKIPLINES>` …
//!
//! The expanded text is what users get to see (`get JAIL failregex`), so it is the original's to the letter.
use std::collections::HashSet;

use crate::PatternError;

/// What `usedns` makes of `<HOST>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
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

/// What a named group of an expanded expression is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupRole {
    /// `ip4`: an address of version 4.
    Ip4,
    /// `ip6`: an address of version 6, or what looks like one.
    Ip6,
    /// `dns`: a name to be resolved.
    Dns,
    /// `cidr`: length of the network's prefix, to go with the address.
    Cidr,
    /// `fid`: the id to ban instead of the address.
    Id,
    /// `mlfid`: the key that ties lines together.
    MultiLineId,
    /// `content`: in a `prefregex`, the part that the other expressions see.
    Content,
    /// `skiplines<n>`: lines between that are not part of the failure.
    SkippedLines,
    /// `alt_<name>` and `alt_<name>_<n>`: fills the named value if that is empty.
    AltOf(String),
    /// `tuple_<name>` and `tuple_<name>_<n>`: becomes part of the named value.
    TupleOf(String),
    /// Any other: a value of this name.
    Value(String),
}

impl GroupRole {
    /// What a group of this name is for.
    pub fn of(name: &str) -> GroupRole {
        match name {
            "ip4" => GroupRole::Ip4,
            "ip6" => GroupRole::Ip6,
            "dns" => GroupRole::Dns,
            "cidr" => GroupRole::Cidr,
            "fid" => GroupRole::Id,
            "mlfid" => GroupRole::MultiLineId,
            "content" => GroupRole::Content,
            _ => {
                if let Some(target) = name.strip_prefix("alt_") {
                    return GroupRole::AltOf(target_name(target));
                }
                if let Some(target) = name.strip_prefix("tuple_") {
                    return GroupRole::TupleOf(target_name(target));
                }
                match name.strip_prefix("skiplines") {
                    Some(number) if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) => {
                        GroupRole::SkippedLines
                    }
                    _ => GroupRole::Value(name.to_owned()),
                }
            }
        }
    }

    /// Whether an expression with such a group can name a failure (one of the expressions of a filter has to).
    pub fn identifies(&self) -> bool {
        matches!(
            self,
            GroupRole::Ip4 | GroupRole::Ip6 | GroupRole::Dns | GroupRole::Id | GroupRole::MultiLineId
        )
    }
}

/// `user_12` and `user` fill `user`; `id` fills the group that `<F-ID>` makes.
fn target_name(target: &str) -> String {
    let base = match target.rsplit_once('_') {
        Some((base, number)) if !number.is_empty() && number.chars().all(char::is_numeric) => base,
        _ => target,
    };
    group_name(base)
}

/// The group that a tag's name stands for.
fn group_name(tag: &str) -> String {
    let name = tag.to_lowercase();
    match name.as_str() {
        "id" => "fid".to_owned(),
        "port" => "fport".to_owned(),
        _ => name,
    }
}

const IP4: &str = r"(?:::f{4,6}:)?(?P<ip4>(?:\d{1,3}\.){3}\d{1,3})";
const IP6: &str = r"(?P<ip6>(?:[0-9a-fA-F]{1,4}::?|:){1,7}(?:[0-9a-fA-F]{1,4}|(?<=:):))";
const DNS: &str = r"(?P<dns>[\w\-.^_]*\w)";
const CIDR: &str = r"(?P<cidr>\d+)";

/// Expands the tags of a filter's expression to Python's dialect. Spans in the error point into `source`.
///
/// `_multi_line` changes nothing: `<SKIPLINES>` is expanded in any case, but matches only where the text has several
/// lines.
pub fn expand(source: &str, use_dns: UseDns, _multi_line: bool) -> Result<String, PatternError> {
    let out = expand_only(source, use_dns);
    if out.trim().is_empty() {
        return Err(PatternError {
            message: "the expression is empty".to_owned(),
            span: Some(0..source.len()),
            hint: Some("leave the option out, or write what a line of a failure looks like".to_owned()),
        });
    }
    Ok(localize_flags(&out))
}

/// Expands the tags and does nothing else.
pub fn expand_only(source: &str, use_dns: UseDns) -> String {
    let mut expander = Expander {
        use_dns,
        opened: HashSet::new(),
        skipped: 0,
    };
    let mut out = String::with_capacity(source.len() + 256);
    let mut rest = source;
    while let Some(at) = rest.find('<') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let tag = tag_at(from).unwrap_or("<");
        match tag
            .strip_prefix('<')
            .and_then(|tag| tag.strip_suffix('>'))
            .and_then(|name| expander.tag(name))
        {
            Some(text) => out.push_str(&text),
            None => out.push_str(tag),
        }
        rest = &from[tag.len()..];
    }
    out.push_str(rest);
    out
}

/// The tag that the text begins with, angle brackets included.
fn tag_at(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('<')?;
    let inner = inner.strip_prefix('/').unwrap_or(inner);
    let tail = inner.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_' || c == '-');
    if tail.len() == inner.len() {
        return None;
    }
    let tail = tail.strip_prefix('/').unwrap_or(tail).strip_prefix('>')?;
    Some(&text[..text.len() - tail.len()])
}

struct Expander {
    use_dns: UseDns,
    /// Names of the `<F-…>` seen; a closing tag of another is text.
    opened: HashSet<String>,
    /// `<SKIPLINES>` seen.
    skipped: usize,
}

impl Expander {
    /// What stands for a tag; none if it is text.
    fn tag(&mut self, name: &str) -> Option<String> {
        Some(match name {
            "HOST" if self.use_dns == UseDns::No => address(),
            "HOST" => format!("(?:{}|{DNS})", address()),
            "ADDR" | "F-ADDR/" => address(),
            "IP4" | "F-IP4/" => IP4.to_owned(),
            "IP6" | "F-IP6/" => IP6.to_owned(),
            "DNS" | "F-DNS/" => DNS.to_owned(),
            "CIDR" | "F-CIDR/" => CIDR.to_owned(),
            "SUBNET" | "F-SUBNET/" => format!(r"\[?(?:{IP4}|{IP6})(?:/{CIDR})?\]?"),
            "F-ID/" => r"(?P<fid>\S+)".to_owned(),
            "F-PORT/" => r"(?P<fport>\w+)".to_owned(),
            "SKIPLINES" => {
                self.skipped += 1;
                format!(r"\n(?P<skiplines{}>(?:(?:.*\n)*?))", self.skipped - 1)
            }
            _ => return self.custom(name),
        })
    }

    /// `F-NAME` and `/F-NAME`
    fn custom(&mut self, name: &str) -> Option<String> {
        let (closing, tag) = match name.strip_prefix('/') {
            Some(tag) => (true, tag),
            None => (false, name),
        };
        let tag = tag.strip_prefix("F-")?;
        let allowed = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
        if tag.is_empty() || !tag.bytes().all(allowed) {
            return None;
        }
        if closing {
            return self.opened.contains(tag).then(|| ")".to_owned());
        }
        self.opened.insert(tag.to_owned());
        Some(format!("(?P<{}>", group_name(tag)))
    }
}

fn address() -> String {
    format!(r"\[?(?:{IP4}|{IP6})\]?")
}

/// Global flags at the beginning of a group, `((?i)…` and `(?:(?i)…`, become flags of that group: `(?i:…`.
fn localize_flags(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(found) = text[at..].find('(') {
        let open = at + found;
        out.push_str(&text[at..open]);
        let escaped = text[..open].ends_with('\\');
        match flags_behind(&text[open + 1..]).filter(|_| !escaped) {
            Some((flags, length)) => {
                out.push_str(flags);
                out.push(':');
                at = open + 1 + length;
            }
            None => {
                out.push('(');
                at = open + 1;
            }
        }
    }
    out.push_str(&text[at..]);
    out
}

/// For what stands behind a parenthesis: `(?i` and the length of what it replaces.
fn flags_behind(text: &str) -> Option<(&str, usize)> {
    let plain = text.strip_prefix("?:").unwrap_or(text);
    let letters = plain.strip_prefix("(?")?;
    let tail = letters.trim_start_matches(|c: char| c.is_ascii_lowercase());
    if tail.len() == letters.len() || !tail.starts_with(')') {
        return None;
    }
    Some((&plain[..plain.len() - tail.len()], text.len() - tail.len() + 1))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn expanded(source: &str) -> String {
        expand(source, UseDns::Warn, false).unwrap()
    }

    #[test]
    fn a_closing_tag_that_was_never_opened_is_text() {
        assert_eq!(expanded("a</F-USER>"), "a</F-USER>");
        assert_eq!(expanded("<F-USER>a</F-USER></F-USER>"), "(?P<user>a))");
    }

    #[test]
    fn only_upper_case_tags_become_groups() {
        assert_eq!(
            expanded("<f-user>a</f-user> <br/> <F-Abc>"),
            "<f-user>a</f-user> <br/> <F-Abc>"
        );
        assert_eq!(expanded("<F-ID>.*</F-ID> <F-PORT/>"), r"(?P<fid>.*) (?P<fport>\w+)");
    }

    #[test]
    fn without_dns_a_host_is_an_address() {
        assert_eq!(
            expand("<HOST>", UseDns::No, false),
            expand("<ADDR>", UseDns::Warn, false)
        );
        assert!(expanded("<HOST>").contains("(?P<dns>"));
    }

    #[test]
    fn flags_at_the_beginning_of_a_group_become_its_own() {
        assert_eq!(expanded("a(?:(?i)b)((?im)c)"), "a(?i:b)(?im:c)");
        assert_eq!(expanded(r"a\((?i)b)((?-i:c)"), r"a\((?i)b)((?-i:c)");
    }

    #[test]
    fn an_empty_expression_is_refused() {
        assert!(expand(" \t", UseDns::Warn, false).is_err());
    }

    #[test]
    fn names_of_groups_tell_what_they_are_for() {
        assert_eq!(GroupRole::of("alt_user_12"), GroupRole::AltOf("user".into()));
        assert_eq!(GroupRole::of("tuple_id"), GroupRole::TupleOf("fid".into()));
        assert_eq!(GroupRole::of("skiplines0"), GroupRole::SkippedLines);
        assert_eq!(GroupRole::of("user"), GroupRole::Value("user".into()));
        assert!(GroupRole::of("mlfid").identifies() && !GroupRole::of("cidr").identifies());
    }
}
