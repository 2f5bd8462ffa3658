//! The date of a line of an access log, among the texts in it that a client chose.
//!
//! In the common log format (`host - user [date] "request" …`, as Traefik, Apache and nginx write it) the user's
//! name, the request and the headers are the client's own words. A name that looks like a date stands further left
//! than the real one, and so would win.

use std::net::IpAddr;
use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::budget;

/// How long `22/Nov/2026:10:00:00 +0000` is.
const LENGTH: usize = 26;

/// Places that are looked at between two questions whether a very long line has time left.
const PORTION: usize = 512;

static DATE_ENDS: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"] \""));

/// Whether the date that was found is surely the first of [`dates_in_brackets`], or there are none: a quick look that
/// may miss it. `leftmost`: the template of access logs finds nothing that begins further left.
pub(super) fn is_first(line: &str, found: Range<usize>, leftmost: bool) -> bool {
    let text = line.as_bytes();
    let Range { start, end } = found;
    let before = text.get(..start).unwrap_or_default();
    let after = text.get(end..).unwrap_or_default();
    end - start == LENGTH
        && before.ends_with(b" [")
        // Where the first ` - ` is this one, the user's name begins too late.
        && (!before.ends_with(b" - [") || before.ends_with(b" - - ["))
        && after.starts_with(b"] \"")
        && after.get(3).is_some_and(|b| !b.is_ascii_whitespace())
        && (leftmost || DATE_ENDS.find(text.get(..end + 2).unwrap_or_default()).is_none())
}

/// Where dates in brackets stand that a request in quotes follows, first to last, if the line begins as one of an
/// access log does and `found` lies behind that beginning: the first that really is one is the line's date.
pub(super) fn dates_in_brackets(line: &str, found: usize) -> impl Iterator<Item = Range<usize>> {
    let text = line.as_bytes();
    let user = user_field(line, found).unwrap_or(text.len());
    let mut seen = 0_usize;
    DATE_ENDS
        .find_iter(text.get(user..).unwrap_or_default())
        .take_while(move |_| {
            seen += 1;
            !seen.is_multiple_of(PORTION) || budget::may_look(text.len())
        })
        .filter_map(move |at| {
            let end = user + at;
            let start = end.checked_sub(LENGTH)?;
            let opened = start >= user + 2 && text.get(start - 2..start)? == b" [";
            let request_begins = text.get(end + 3).is_some_and(|b| !b.is_ascii_whitespace());
            (opened && request_begins).then_some(start..end)
        })
}

/// Where the user's name begins, behind `address - ` or `server address - `; nothing unless that is before `found`.
fn user_field(line: &str, found: usize) -> Option<usize> {
    static DASH: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b" - "));
    let dash = DASH.find(line.as_bytes().get(..found)?)?;
    let head = line.get(..dash)?;
    let (server, address) = head.rsplit_once(' ').unwrap_or(("server", head));
    let is_head = !server.is_empty() && !server.contains(char::is_whitespace) && address.parse::<IpAddr>().is_ok();
    is_head.then_some(dash + 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dates(line: &str) -> Vec<&str> {
        dates_in_brackets(line, line.len()).map(|range| &line[range]).collect()
    }

    #[test]
    fn the_date_behind_the_user_is_found() {
        let date = "22/Nov/2026:10:00:00 +0000";
        for head in [
            "192.0.2.1 - bob",
            "2001:db8::1 - -",
            "example.com:443 192.0.2.1 - a b] \"c",
        ] {
            assert_eq!(
                dates(&format!("{head} [{date}] \"GET / HTTP/1.1\" 200")),
                [date],
                "{head}"
            );
        }
    }

    #[test]
    fn the_quick_look_agrees() {
        let date = "22/Nov/2026:10:00:00 +0000";
        for (head, tail, leftmost, first) in [
            ("192.0.2.1 - bob [", "] \"GET", true, true),
            ("192.0.2.1 - bob [", "] \"GET", false, true),
            ("192.0.2.1 - - [", "] \"GET", false, true),
            ("192.0.2.1 - [", "] \"GET", true, false),
            ("192.0.2.1 - bob [", "] \" GET", true, false),
            ("192.0.2.1 - bob [", "] GET", true, false),
            ("192.0.2.1 - bob [", "", true, false),
            ("192.0.2.1 - bob", "] \"GET", true, false),
            (
                "192.0.2.1 - b [22/Nov/2026:10:00:01 +0000] \" [",
                "] \"GET",
                false,
                false,
            ),
        ] {
            let line = format!("{head}{date}{tail}");
            let found = head.len()..head.len() + date.len();
            assert_eq!(is_first(&line, found.clone(), leftmost), first, "{line}");
            if first {
                assert_eq!(dates_in_brackets(&line, found.start).next(), Some(found), "{line}");
            }
        }
    }

    #[test]
    fn other_lines_have_none() {
        let date = "[22/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\"";
        for head in [
            "INFO - bob ",
            "app.log - ",
            "a b 192.0.2.1 - ",
            "192.0.2.1 bob ",
            "192.0.2.1 - x",
            " - ",
            "",
        ] {
            assert!(dates(&format!("{head}{date}")).is_empty(), "{head}");
        }
        assert!(dates("192.0.2.1 - bob [22/Nov/2026:10:00:00 +0000] \" y").is_empty());
        assert!(dates("192.0.2.1 - é [2/Nov/2026:10:00:00 +0000] \"y").is_empty());
    }
}
