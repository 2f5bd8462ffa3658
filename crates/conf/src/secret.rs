//! Values that must not be shown: tokens, passwords, keys.

use std::ops::Range;

/// What stands where a secret was.
pub(crate) const MASK: &str = "***";

/// Whether a key's name promises a secret.
pub(crate) fn is_secret(key: &str) -> bool {
    let key = key.to_lowercase();
    let key = key.rsplit('/').next().unwrap_or(&key);
    const PARTS: &[&str] = &[
        "token",
        "passw",
        "passwd",
        "pwd",
        "secret",
        "apikey",
        "api_key",
        "api-key",
        "cfkey",
        "auth-key",
        "authkey",
        "credential",
        "private",
        "authorization",
        "webhook",
        "cookie",
    ];
    PARTS.iter().any(|part| key.contains(part))
        || ["key", "pass", "pw", "auth", "tkn"]
            .iter()
            .any(|word| key.split(['_', '-', '.']).any(|part| part == *word))
        || (key.ends_with("key") && key.len() <= 12)
}

/// The parts of a text that stand behind a secret's name: `token=...`, `"password": "..."`, `X-Auth-Key: ...`,
/// `Bearer ...`.
pub(crate) fn ranges(text: &str) -> Vec<Range<usize>> {
    let mut out: Vec<Range<usize>> = Vec::new();
    for (at, delimiter) in text.char_indices().filter(|(_, c)| matches!(c, '=' | ':')) {
        let name = name_before(text.get(..at).unwrap_or_default());
        if is_secret(name)
            && let Some(range) = value_behind(text, at + delimiter.len_utf8())
        {
            out.push(range);
        }
    }
    for word in ["bearer ", "basic "] {
        for (at, _) in text.to_ascii_lowercase().match_indices(word) {
            out.extend(value_behind(text, at + word.len()));
        }
    }
    out.extend(url_passwords(text));
    out.retain(|range| !is_reference(text.get(range.clone()).unwrap_or_default()));
    merged(out)
}

/// The ranges in their order, those that touch each other as one.
pub(crate) fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| range.start);
    let mut out: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match out.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => out.push(range),
        }
    }
    out
}

/// Whether an offset lies in one of the ranges, which are [`merged`].
pub(crate) fn is_within(ranges: &[Range<usize>], at: usize) -> bool {
    let before = ranges.partition_point(|range| range.start <= at);
    let last = before.checked_sub(1).and_then(|last| ranges.get(last));
    last.is_some_and(|range| range.contains(&at))
}

/// A text with its secrets masked.
pub(crate) fn mask(text: &str) -> String {
    let ranges = ranges(text);
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    for (at, c) in text.char_indices() {
        let hidden = is_within(&ranges, at);
        if hidden && !inside {
            out.push_str(MASK);
        } else if !hidden {
            out.push(c);
        }
        inside = hidden;
    }
    out
}

fn name_before(text: &str) -> &str {
    let text = text.trim_end().trim_end_matches(['"', '\'', '\\']);
    let start = text
        .rfind(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-' | '.' | '/'))
        .map_or(0, |at| {
            at + text
                .get(at..)
                .and_then(|rest| rest.chars().next())
                .map_or(1, char::len_utf8)
        });
    text.get(start..).unwrap_or_default()
}

/// The value that begins at an offset, without its quotes.
fn value_behind(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = text.get(at..)?;
    let start = at + (rest.len() - rest.trim_start().len());
    let rest = text.get(start..)?;
    let rest_unescaped = rest.trim_start_matches('\\');
    let start = start + (rest.len() - rest_unescaped.len());
    let quote = rest_unescaped.chars().next().filter(|c| matches!(c, '"' | '\''));
    let (start, end) = match quote {
        Some(quote) => {
            let inner = text.get(start + 1..)?;
            (start + 1, start + 1 + inner.find(quote).unwrap_or(inner.len()))
        }
        None => {
            let bare = text.get(start..)?;
            let length = bare.find(|c: char| c.is_whitespace() || matches!(c, ',' | ']' | '}' | '"' | '\'' | '&'));
            (start, start + length.unwrap_or(bare.len()))
        }
    };
    // `Authorization: Bearer abc` has two words.
    let value = text.get(start..end)?;
    let scheme = ["bearer", "basic"].iter().any(|word| value.eq_ignore_ascii_case(word));
    if scheme {
        return None;
    }
    (start < end).then_some(start..end)
}

/// `user:password@host` in addresses, and the token of a Telegram bot.
fn url_passwords(text: &str) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    for (at, _) in text.match_indices("://") {
        let start = at + 3;
        let rest = text.get(start..).unwrap_or_default();
        let end = rest.find(|c: char| c.is_whitespace() || c == '/').unwrap_or(rest.len());
        let authority = rest.get(..end).unwrap_or_default();
        if let Some((login, _)) = authority.rsplit_once('@')
            && let Some(colon) = login.find(':')
        {
            out.push(start + colon + 1..start + login.len());
        }
    }
    for (at, _) in text.match_indices("/bot") {
        let rest = text.get(at + 4..).unwrap_or_default();
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, ':' | '_' | '-'))
            .unwrap_or(rest.len());
        if rest.get(..end).is_some_and(|token| token.contains(':')) {
            out.push(at + 4..at + 4 + end);
        }
    }
    out
}

/// `<cftoken>` and `%(cfapikey)s` name a secret but are none.
pub(crate) fn is_reference(value: &str) -> bool {
    let value = value.trim();
    let tag = value.starts_with('<') && value.ends_with('>') && value.matches('<').count() == 1 && value.len() < 40;
    let reference = value.starts_with("%(") && value.ends_with(")s") && value.matches("%(").count() == 1;
    let variable = value.starts_with('$') && value.len() < 40;
    tag || reference || variable || value.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_behind_the_name_of_a_secret_are_masked() {
        for (text, masked) in [
            (
                "cloudflare[cfuser=me, cftoken=\"abc d\", x=1]",
                "cloudflare[cfuser=me, cftoken=\"***\", x=1]",
            ),
            (
                "-H 'X-Auth-Key: abc' -H 'X-Other: b'",
                "-H 'X-Auth-Key: ***' -H 'X-Other: b'",
            ),
            (
                "{\"password\": \"p\", \"user\": \"u\"}",
                "{\"password\": \"***\", \"user\": \"u\"}",
            ),
            ("Authorization: Bearer abc", "Authorization: Bearer ***"),
            ("https://u:p@host/x?token=t&a=b", "https://u:***@host/x?token=***&a=b"),
            (
                "https://api.telegram.org/bot123:AbC/send",
                "https://api.telegram.org/bot***/send",
            ),
            (
                "cftoken=\"%(cfapikey)s\" -H 'X-Auth-Key: <cftoken>'",
                "cftoken=\"%(cfapikey)s\" -H 'X-Auth-Key: <cftoken>'",
            ),
            ("token='unclosed]", "token='***"),
            ("bantime = 600", "bantime = 600"),
        ] {
            assert_eq!(mask(text), masked);
        }
    }

    #[test]
    fn ordinary_keys_are_no_secrets() {
        for key in [
            "failregex",
            "bantime",
            "keyword",
            "monkey-business",
            "author",
            "chain",
            "logpath",
        ] {
            assert!(!is_secret(key), "{key}");
        }
        for key in [
            "cftoken",
            "API_KEY",
            "cfapikey",
            "key",
            "mail_password",
            "blocklist_de_apikey",
            "known/cftoken",
        ] {
            assert!(is_secret(key), "{key}");
        }
    }
}
