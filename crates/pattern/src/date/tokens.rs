//! The `%` tokens of a `datepattern`: the expression each stands for, and the name it is shown by.
use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;

use crate::Time;

/// Which years `%ExY` accepts: from 2000 to the decade that the third year from now falls in.
///
/// Narrow on purpose: a number that happens to look like a year is no date.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Years {
    expression: String,
    /// The first and the last decade, each as a year's first three digits.
    decades: (u16, u16),
}

impl Years {
    /// As seen from the moment of the call. The clock is read here, once, as the original does when it starts.
    pub fn today() -> Self {
        let secs = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX));
        Years::around(Time::from_secs(secs))
    }

    /// As seen from a given moment.
    pub fn around(now: Time) -> Self {
        let stamp = Timestamp::from_second(now.secs()).unwrap_or(Timestamp::UNIX_EPOCH);
        let year = i32::from(stamp.to_zoned(crate::local_zone()).year());
        let mut decades = BTreeSet::from([(year - 1) / 10, (year + 3) / 10]);
        decades.extend(200..=year / 10);
        let bound = |decade: Option<&i32>| decade.and_then(|&n| u16::try_from(n).ok()).unwrap_or(0);
        Years {
            expression: format!(r"(?P<Y>{}\d)", joined(&decades)),
            decades: (bound(decades.first()), bound(decades.last())),
        }
    }

    pub(super) fn expression(&self) -> &str {
        &self.expression
    }

    /// The first and the last decade accepted: the years' first three digits.
    pub(super) fn decades(&self) -> (u16, u16) {
        self.decades
    }
}

/// `200, 201, 202` as `20[012]`, and so on with what the numbers begin with in common.
fn joined(decades: &BTreeSet<i32>) -> String {
    let all: Vec<String> = decades.iter().map(i32::to_string).collect();
    let Some(first) = all.first() else {
        return String::new();
    };
    let shared = (0..first.len())
        .rev()
        .find(|&n| all.iter().all(|d| d.get(..n) == first.get(..n)))
        .unwrap_or(0);
    let ends: Vec<&str> = all.iter().filter_map(|d| d.get(shared..)).collect();
    let start = first.get(..shared).unwrap_or_default();
    match ends.as_slice() {
        [_] => first.clone(),
        [one, ..] if one.len() == 1 => format!("{start}[{}]", ends.concat()),
        _ => format!("{start}(?:{})", ends.join("|")),
    }
}

/// A stretch of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'p> {
    /// Taken as it stands.
    Text(&'p str),
    /// A token, without its percent sign.
    Token(&'p str),
}

/// A percent sign that starts no token, by its place in the pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StrayPercent(pub usize);

/// Cuts a pattern into tokens and what stands between.
pub(super) fn pieces(pattern: &str) -> Result<Vec<Piece<'_>>, StrayPercent> {
    let mut out = Vec::new();
    let mut rest = 0;
    while let Some(at) = pattern[rest..].find('%').map(|n| rest + n) {
        if at > rest {
            out.push(Piece::Text(&pattern[rest..at]));
        }
        let token = token_at(&pattern[at + 1..]).ok_or(StrayPercent(at))?;
        out.push(Piece::Token(token));
        rest = at + 1 + token.len();
    }
    if rest < pattern.len() {
        out.push(Piece::Text(&pattern[rest..]));
    }
    Ok(out)
}

fn token_at(text: &str) -> Option<&str> {
    let known = |text: &&str| find_row(text).is_some();
    text.get(..3).filter(known).or_else(|| text.get(..1).filter(known))
}

/// What a token stands for. `wide_fraction` lets `%f` take up to nine digits.
pub(super) fn expression<'y>(token: &'y str, years: &'y Years, wide_fraction: bool) -> &'y str {
    match token {
        "ExY" => years.expression(),
        "f" if wide_fraction => "(?P<f>[0-9]{1,9})",
        _ => row(token).1,
    }
}

/// The name a token is shown by.
pub(super) fn shown(token: &str) -> &'static str {
    row(token).2
}

fn row(token: &str) -> (&'static str, &'static str, &'static str) {
    find_row(token).unwrap_or_default()
}

fn find_row(token: &str) -> Option<(&'static str, &'static str, &'static str)> {
    // The last letter tells most of them apart.
    let last = token.as_bytes().last();
    let is_here = |name: &str| name.as_bytes().last() == last && name == token;
    TOKENS.iter().copied().find(|(name, ..)| is_here(name))
}

/// Token, expression, shown name. Weekdays and months in the C locale, longest first.
const TOKENS: &[(&str, &str, &str)] = &[
    ("%", "%", "%"),
    ("ExZ", "(?P<Z>[A-Z](?:[A-Z]{2,4})?)", "ExZone name"),
    (
        "Exz",
        r"(?P<z>(?:[A-Z](?:[A-Z]{2,4})?)?[+-][01]\d(?::?\d{2})?|[A-Z](?:[A-Z]{2,4})?)",
        "ExZone offset",
    ),
    ("Exd", r"(?P<d>[1-2]\d|0[1-9]|3[0-1])", "ExDay"),
    ("Exm", "(?P<m>0[1-9]|1[0-2])", "ExMonth"),
    ("ExH", r"(?P<H>[0-1]\d|2[0-3])", "Ex24hour"),
    ("Exk", r" ?(?P<H>[0-1]?\d|2[0-3])", "%Exk"),
    ("Exl", r" ?(?P<I>1[0-2]|\d)", "%Exl"),
    ("ExM", r"(?P<M>[0-5]\d)", "ExMinute"),
    ("ExS", r"(?P<S>[0-5]\d|6[0-1])", "ExSecond"),
    // Its expression depends on the year of the start: see `Years`.
    ("ExY", "", "ExYear"),
    ("Exy", r"(?P<y>\d{2})", "ExYear2"),
    ("a", "(?P<a>mon|tue|wed|thu|fri|sat|sun)", "DAY"),
    (
        "A",
        "(?P<A>wednesday|thursday|saturday|tuesday|monday|friday|sunday)",
        "DAYNAME",
    ),
    ("b", "(?P<b>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)", "MON"),
    (
        "B",
        "(?P<B>september|february|november|december|january|october|august|march|april|june|july|may)",
        "MONTH",
    ),
    (
        "c",
        concat!(
            r"(?P<a>mon|tue|wed|thu|fri|sat|sun)\s+(?P<b>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)",
            r"\s+(?P<d>3[0-1]|[1-2]\d|0[1-9]|[1-9]| [1-9])",
            r"\s+(?P<H>2[0-3]|[0-1]\d|\d):(?P<M>[0-5]\d|\d):(?P<S>6[0-1]|[0-5]\d|\d)\s+(?P<Y>\d\d\d\d)"
        ),
        "%c",
    ),
    ("d", r"(?P<d>[1-2]\d|[0 ]?[1-9]|3[0-1])", "Day"),
    ("f", "(?P<f>[0-9]{1,6})", "Microseconds"),
    ("G", r"(?P<G>\d\d\d\d)", "%G"),
    ("H", r"(?P<H>[0-1]?\d|2[0-3])", "24hour"),
    ("I", "(?P<I>1[0-2]|0[1-9]|[1-9])", "12hour"),
    (
        "j",
        r"(?P<j>36[0-6]|3[0-5]\d|[1-2]\d\d|0[1-9]\d|00[1-9]|[1-9]\d|0[1-9]|[1-9])",
        "Yearday",
    ),
    ("k", r" ?(?P<H>[0-2]?\d)", "%k"),
    ("l", r" ?(?P<I>1?\d)", "%l"),
    ("m", "(?P<m>0?[1-9]|1[0-2])", "Month"),
    ("M", r"(?P<M>[0-5]?\d)", "Minute"),
    ("p", "(?P<p>am|pm)", "AMPM"),
    ("S", r"(?P<S>[0-5]?\d|6[0-1])", "Second"),
    ("u", "(?P<u>[1-7])", "%u"),
    ("U", r"(?P<U>5[0-3]|[0-4]\d|\d)", "Yearweek"),
    ("V", r"(?P<V>5[0-3]|0[1-9]|[1-4]\d|\d)", "%V"),
    ("w", "(?P<w>[0-6])", "Weekday"),
    ("W", r"(?P<W>5[0-3]|[0-4]\d|\d)", "Yearweek"),
    (
        "x",
        r"(?P<m>1[0-2]|0[1-9]|[1-9])/(?P<d>3[0-1]|[1-2]\d|0[1-9]|[1-9]| [1-9])/(?P<y>\d\d)",
        "%x",
    ),
    (
        "X",
        r"(?P<H>2[0-3]|[0-1]\d|\d):(?P<M>[0-5]\d|\d):(?P<S>6[0-1]|[0-5]\d|\d)",
        "%X",
    ),
    ("y", r"(?P<y>\d\d)", "Year2"),
    ("Y", r"(?P<Y>\d{4})", "Year"),
    ("z", r"(?P<z>Z|UTC|GMT|[+-][01]\d(?::?\d{2})?)", "Zone offset"),
    ("Z", "(?P<Z>Z|[A-Z]{3,5})", "Zone name"),
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_exact_year_reaches_three_years_ahead() {
        let at = |secs| Years::around(Time::from_secs(secs)).expression;
        assert_eq!(at(1_767_225_600 + 86_400 * 30), r"(?P<Y>20[012]\d)");
        assert_eq!(at(1_798_761_600 + 86_400 * 30), r"(?P<Y>20[0123]\d)");
        assert_eq!(at(86_400 * 30), r"(?P<Y>19[67]\d)");
    }

    #[test]
    fn a_percent_sign_that_starts_no_token_is_found() {
        assert_eq!(pieces("%Y 100%"), Err(StrayPercent(6)));
        assert_eq!(
            pieces("a%ExY%%Exy").unwrap(),
            [
                Piece::Text("a"),
                Piece::Token("ExY"),
                Piece::Token("%"),
                Piece::Text("Exy")
            ]
        );
    }
}
