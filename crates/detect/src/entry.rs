//! An entry of the systemd journal as the line that a filter sees: `host ident[pid]: message`, and its moment beside it.
//!
//! Values are bytes that programs chose: what they lack, repeat or garble changes the line and stops nothing.
use crate::decode::Encoding;
use crate::python;
use bantam_pattern::Time;
use jiff::Timestamp;
use jiff::tz::Offset;
use std::borrow::Cow;
use std::fmt::Write as _;

/// A journal entry as a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryLine {
    /// Its moment as the original writes it in front of the line, `2026-01-31T23:59:59.123456+01:00`.
    pub iso: String,
    /// The same as a number.
    pub time: Time,
    /// The line without it.
    pub text: String,
}

/// What a line is made of.
#[derive(Debug, Clone, Copy)]
pub struct EntryFields<'a> {
    /// When the journal got it, in microseconds since the epoch.
    pub realtime: i64,
    /// The same since the machine's start.
    pub monotonic: u64,
    /// Names and values in the entry's order.
    pub fields: &'a [(&'static str, Vec<u8>)],
}

impl<'a> EntryFields<'a> {
    /// The first value of a name. (Of a repeated one the original makes a list, and fails on it.)
    fn get(&self, name: &str) -> Option<&'a [u8]> {
        let found = self.fields.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.as_slice())
    }

    fn filled(&self, name: &str) -> Option<&'a [u8]> {
        self.get(name).filter(|value| !value.is_empty())
    }
}

impl EntryLine {
    /// Puts an entry into words. `offset`: seconds of local time east of Greenwich, to write the moment in.
    pub fn new(entry: EntryFields<'_>, encoding: Encoding, offset: i32) -> Self {
        let (time, iso) = moment(entry, offset);
        let mut text = String::new();
        if let Some(host) = entry.filled("_HOSTNAME") {
            text.push_str(&decoded(host, encoding));
        }
        let name = entry.filled("SYSLOG_IDENTIFIER").or_else(|| entry.filled("_COMM"));
        if let Some(name) = name {
            space(&mut text);
            let start = text.len();
            text.push_str(&decoded(name, encoding));
            if let Some(pid) = pid(entry) {
                let _ = write!(text, "[{pid}]");
            }
            text.push(':');
            if text.get(start..) == Some("kernel:") {
                let _ = write!(text, " [{:12.6}]", since_start(entry));
            }
        }
        for (index, message) in messages(entry).enumerate() {
            if index > 0 || !text.is_empty() {
                text.push(' ');
            }
            text.push_str(&decoded(message, encoding));
        }
        if text.contains('\n') {
            text = text.replace('\n', "\\n");
        }
        EntryLine { iso, time, text }
    }
}

fn space(text: &mut String) {
    if !text.is_empty() {
        text.push(' ');
    }
}

/// All messages, an empty one where there is none.
fn messages<'a>(entry: EntryFields<'a>) -> impl Iterator<Item = &'a [u8]> {
    let all = entry.fields.iter().filter(|(name, _)| *name == "MESSAGE");
    let none = entry.get("MESSAGE").is_none().then_some(&[][..]);
    all.map(|(_, value)| value.as_slice()).chain(none)
}

/// UTF-8 where it is that; else by the log's encoding. Line ends stay.
fn decoded(value: &[u8], encoding: Encoding) -> Cow<'_, str> {
    match std::str::from_utf8(value) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => encoding.decode_all(value),
    }
}

/// The process: a number where it is one, else as Python shows the bytes.
fn pid(entry: EntryFields<'_>) -> Option<String> {
    entry
        .filled("SYSLOG_PID")
        .and_then(shown_pid)
        .or_else(|| entry.filled("_PID").and_then(shown_pid))
}

/// None for zero, which counts as no process.
fn shown_pid(value: &[u8]) -> Option<String> {
    match python::integer(value) {
        Some(number) if number == "0" => None,
        Some(number) => Some(number),
        None => Some(python::prefixed_integer(value).unwrap_or_else(|| python::quote_bytes(value))),
    }
}

/// Seconds since the machine's start.
fn since_start(entry: EntryFields<'_>) -> f64 {
    let micros = entry
        .get("_SOURCE_MONOTONIC_TIMESTAMP")
        .and_then(whole)
        .unwrap_or(i64::try_from(entry.monotonic).unwrap_or(i64::MAX));
    micros as f64 / 1e6
}

fn moment(entry: EntryFields<'_>, offset: i32) -> (Time, String) {
    let of = |micros: i64| Some((Time::from_nanos(micros.checked_mul(1000)?), iso(micros, offset)?));
    let told = entry.get("_SOURCE_REALTIME_TIMESTAMP").and_then(whole).and_then(of);
    told.or_else(|| of(entry.realtime))
        .unwrap_or_else(|| (Time::default(), "1970-01-01T00:00:00+00:00".to_owned()))
}

/// As Python writes a moment with its zone; the fraction only where there is one.
fn iso(micros: i64, offset: i32) -> Option<String> {
    let offset = Offset::from_seconds(offset).unwrap_or(Offset::UTC);
    let local = offset.to_datetime(Timestamp::from_microsecond(micros).ok()?);
    if local.year() < 1 {
        return None;
    }
    let mut text = local.strftime("%Y-%m-%dT%H:%M:%S").to_string();
    let fraction = local.subsec_nanosecond() / 1000;
    if fraction > 0 {
        let _ = write!(text, ".{fraction:06}");
    }
    let (sign, east) = if offset.seconds() < 0 {
        ('-', -offset.seconds())
    } else {
        ('+', offset.seconds())
    };
    let _ = write!(text, "{sign}{:02}:{:02}", east / 3600, east / 60 % 60);
    if east % 60 > 0 {
        let _ = write!(text, ":{:02}", east % 60);
    }
    Some(text)
}

fn whole(value: &[u8]) -> Option<i64> {
    std::str::from_utf8(value).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(fields: &[(&'static str, &[u8])]) -> EntryLine {
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.to_vec())).collect();
        let entry = EntryFields {
            realtime: 1_700_000_000_000_000,
            monotonic: 12_345_678,
            fields: &fields,
        };
        EntryLine::new(entry, Encoding::Utf8, 3600)
    }

    #[test]
    fn a_line_is_made_of_what_there_is() {
        let host: (_, &[u8]) = ("_HOSTNAME", b"h");
        let text = |fields: &[(&'static str, &[u8])]| line(fields).text;
        assert_eq!(
            text(&[host, ("SYSLOG_IDENTIFIER", b"sshd"), ("_PID", b"7"), ("MESSAGE", b"m")]),
            "h sshd[7]: m"
        );
        assert_eq!(
            text(&[
                host,
                ("_COMM", b"sh"),
                ("SYSLOG_PID", b"8"),
                ("_PID", b"7"),
                ("MESSAGE", b"")
            ]),
            "h sh[8]: "
        );
        assert_eq!(text(&[("MESSAGE", b"m\nn\r\n")]), "m\\nn\r\\n");
        assert_eq!(text(&[host, ("_PID", b"7")]), "h ");
        assert_eq!(text(&[("MESSAGE", b""), ("MESSAGE", b"b")]), " b");
        assert_eq!(text(&[]), "");
        assert_eq!(
            text(&[("_COMM", b"kernel"), ("MESSAGE", b"m")]),
            "kernel: [   12.345678] m"
        );
        let told: (_, &[u8]) = ("_SOURCE_MONOTONIC_TIMESTAMP", b"1500000");
        assert_eq!(
            text(&[("_COMM", b"kernel"), told, ("MESSAGE", b"m")]),
            "kernel: [    1.500000] m"
        );
    }

    #[test]
    fn what_is_no_process_number_is_shown_as_it_is() {
        let pid = |value: &[u8]| line(&[("_COMM", b"a"), ("SYSLOG_PID", value), ("_PID", b"7")]).text;
        assert_eq!(pid(b" +0_12 "), "a[12]: ");
        assert_eq!(pid(b"0"), "a[7]: ");
        assert_eq!(pid(b"0x1f"), "a[31]: ");
        assert_eq!(pid(b"a'\xff\n"), "a[b\"a'\\xff\\n\"]: ");
        assert_eq!(pid(b""), "a[7]: ");
    }

    #[test]
    fn the_time_is_the_sender_s_if_it_tells_one() {
        let of = |value: &[u8]| line(&[("_SOURCE_REALTIME_TIMESTAMP", value)]);
        assert_eq!(of(b"1700000000000001").iso, "2023-11-14T23:13:20.000001+01:00");
        assert_eq!(
            of(b"1700000000000001").time,
            Time::from_nanos(1_700_000_000_000_001_000)
        );
        for odd in [&b"x"[..], b"", b"99999999999999999999", b"9999999999999999999"] {
            assert_eq!(of(odd).iso, "2023-11-14T23:13:20+01:00");
        }
    }
}
