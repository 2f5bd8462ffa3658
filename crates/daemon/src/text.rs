//! Moments and durations as the original words them in its log.
use bantam_detect::{Id, Time};
use bantam_pattern::local_zone;
use jiff::Timestamp;
use std::cell::RefCell;
use std::fmt::Write as _;
use std::net::IpAddr;

/// `2026-01-31 23:59:59`, local time.
pub fn local(time: Time) -> String {
    let mut text = String::with_capacity(19);
    write_local(time, &mut text);
    text
}

/// Appends the same.
pub fn write_local(time: Time, out: &mut String) {
    thread_local! {
        /// Lines are mostly written of few seconds: that of now, and that of the log that is read.
        static RECENT: RefCell<[(i64, String); 2]> = const { RefCell::new([(i64::MIN, String::new()), (i64::MIN, String::new())]) };
    }
    let second = time.nanos().div_euclid(1_000_000_000);
    RECENT.with_borrow_mut(|recent| {
        if recent[0].0 != second {
            recent.swap(0, 1);
        }
        if recent[0].0 != second {
            recent[0] = (second, strftime(time, "%Y-%m-%d %H:%M:%S"));
        }
        out.push_str(&recent[0].1);
    });
}

/// Appends an id. In a flood this is done for every line, so the commonest kind is written without formatting.
pub fn write_id(id: &Id, out: &mut String) {
    let Id::Ip(IpAddr::V4(address)) = id else {
        // Writing into a String cannot fail.
        let _ = write!(out, "{id}");
        return;
    };
    for (number, octet) in address.octets().into_iter().enumerate() {
        if number > 0 {
            out.push('.');
        }
        let digit = |value: u8| char::from(b'0' + value % 10);
        if octet >= 100 {
            out.push(digit(octet / 100));
        }
        if octet >= 10 {
            out.push(digit(octet / 10));
        }
        out.push(digit(octet));
    }
}

/// Local time in a format of strftime.
pub fn strftime(time: Time, format: &str) -> String {
    let stamp = Timestamp::from_nanosecond(i128::from(time.nanos())).unwrap_or(Timestamp::UNIX_EPOCH);
    stamp.to_zoned(local_zone()).strftime(format).to_string()
}

/// How far local time is ahead of UTC, in seconds.
pub fn local_offset(time: Time) -> i32 {
    let stamp = Timestamp::from_nanosecond(i128::from(time.nanos())).unwrap_or(Timestamp::UNIX_EPOCH);
    local_zone().to_offset(stamp).seconds()
}

/// Units, largest first: so many of the step's grains, and the letter.
type Units = [(i64, &'static str)];

/// A duration in at most three units, rounded the more the longer it is: `1w 2d`, `59m 50s`, `0`.
pub fn duration(seconds: f64) -> String {
    // (from this many seconds on, rounded to so many seconds, then the units in those)
    const STEPS: [(f64, f64, &Units); 4] = [
        (31_536_000.0, 86_400.0, &[(365, "y"), (7, "w"), (1, "d")]),
        (604_800.0, 3_600.0, &[(168, "w"), (24, "d"), (1, "h")]),
        (86_400.0, 60.0, &[(1_440, "d"), (60, "h"), (1, "m")]),
        (3_595.0, 10.0, &[(360, "h"), (6, "m")]),
    ];
    for (from, grain, units) in STEPS {
        if seconds >= from {
            return in_units((seconds / grain).round_ties_even() as i64, units);
        }
    }
    let whole = seconds as i64;
    let text = in_units(whole, &[(60, "m"), (1, "s")]);
    if text.is_empty() { "0".to_owned() } else { text }
}

fn in_units(mut count: i64, units: &Units) -> String {
    let mut parts = Vec::new();
    for (size, name) in units {
        if count >= *size {
            parts.push(format!("{}{name}", count / size));
            count %= size;
        }
    }
    parts.join(" ")
}

/// Whether a word of the configuration means yes: `1`, `on`, `true`, `yes`, in any case.
pub fn is_true(word: &str) -> bool {
    matches!(word.to_lowercase().as_str(), "1" | "on" | "true" | "yes")
}

/// A number of seconds without a needless fraction.
pub fn number(seconds: f64) -> String {
    if seconds.fract() == 0.0 && seconds.abs() < 9e15 {
        format!("{}", seconds as i64)
    } else {
        format!("{seconds}")
    }
}

/// The beginning of a text that may be very long.
pub fn excerpt(text: &str) -> String {
    const LONGEST: usize = 300;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_written_as_it_is_shown() {
        for text in [
            "0.10.200.9",
            "255.255.100.99",
            "2001:db8::1",
            "10.0.0.0/8",
            "somebody",
            "::1.2.3.4",
        ] {
            let mut written = String::new();
            write_id(&Id::parse(text), &mut written);
            assert_eq!(written, Id::parse(text).to_string());
        }
    }

    #[test]
    fn durations_are_worded_as_the_original_words_them() {
        for (seconds, text) in [
            (86400.0 * 390.0, "1y 3w 4d"),
            (86400.0 * 368.0, "1y 3d"),
            (86400.0 * 365.5, "1y 1d"),
            (86400.0 * 2.0 + 3600.0 * 7.0 + 60.0 * 15.0, "2d 7h 15m"),
            (86400.0 * 2.0 + 3599.0, "2d 1h"),
            (3600.0 - 5.0, "1h"),
            (3600.0 - 10.0, "59m 50s"),
            (59.0, "59s"),
            (0.0, "0"),
        ] {
            assert_eq!(duration(seconds), text);
        }
    }
}
