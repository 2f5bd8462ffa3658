//! Whether what came of a line is what its annotation says.

use super::annotations::Keys;
use bantam_detect::{Hit, Id, Record, Time, Value as Held};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;

/// Keys that say something about the annotation and not about the failure.
const ABOUT: [&str; 4] = ["time", "match", "desc", "constraint"];

/// What is wrong with these hits; nothing when they are as annotated.
pub fn complaint(hits: &[&Hit], expected: &Keys, zone: &TimeZone) -> Option<String> {
    let wanted = expected.get("match").is_some_and(is_truthy);
    let hit = match (hits, wanted) {
        ([], false) => return None,
        ([], true) => return Some("Line not matched when should have".to_owned()),
        (_, false) => return Some("Line matched when shouldn't have".to_owned()),
        ([hit], true) => hit,
        (several, true) => {
            let indices: Vec<usize> = several.iter().map(|hit| hit.expression).collect();
            return Some(format!("Multiple regexs matched {indices:?}"));
        }
    };
    let captures = expected.iter().filter(|(key, _)| !ABOUT.contains(&key.as_str()));
    let wrong = captures
        .into_iter()
        .find_map(|(key, value)| wrong_capture(hit, key, value));
    wrong.or_else(|| wrong_time(hit, expected.get("time")?, zone))
}

fn is_truthy(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false)) && *value != 0 && *value != ""
}

fn wrong_capture(hit: &Hit, key: &str, wanted: &Value) -> Option<String> {
    let differs = |found: &dyn std::fmt::Debug| Some(format!("{key}: {found:?} and not {wanted}"));
    let same = match hit.record.known(key) {
        Some(Held::Users(users)) => {
            let mut users: Vec<&str> = users.iter().map(|user| &**user).collect();
            users.sort_unstable();
            let mut names: Vec<&str> = wanted
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            names.sort_unstable();
            wanted.is_array() && users == names
        }
        Some(Held::Text(text)) => wanted.as_str() == Some(text),
        Some(Held::Address(id)) => wanted.as_str().is_some_and(|text| is_same(id, text)),
        Some(_) => false,
        None if key == "host" => {
            let id = hit.id.as_ref();
            return match id.zip(wanted.as_str()) {
                Some((id, text)) if is_same(id, text) => None,
                _ => differs(&id),
            };
        }
        None if key == "attempts" => {
            let attempts = hit.record.matches().len() as u64;
            return (wanted.as_u64() != Some(attempts)).then(|| format!("attempts: {attempts} and not {wanted}"));
        }
        None => wanted.is_null(),
    };
    if same { None } else { differs(&hit.record.known(key)) }
}

/// Addresses are compared as such: `::1` is `0:0:0:0:0:0:0:1`.
fn is_same(id: &Id, text: &str) -> bool {
    match id {
        Id::Raw(raw) => raw == text,
        address => *address == Id::parse(text),
    }
}

fn wrong_time(hit: &Hit, wanted: &Value, zone: &TimeZone) -> Option<String> {
    if wanted.is_null() {
        return None;
    }
    let Some(wanted) = wanted.as_str().and_then(|text| moment(text, zone)) else {
        return Some(format!("the annotated time is none: {wanted}"));
    };
    // Annotations tell microseconds at most.
    let micros = |time: Time| (time.nanos() + 500).div_euclid(1000);
    match hit.time {
        Some(time) if micros(time) == micros(wanted) => None,
        time => Some(format!("time: {time:?} and not {wanted:?}")),
    }
}

/// An annotated time, which is local.
fn moment(text: &str, zone: &TimeZone) -> Option<Time> {
    let format = if text.contains('.') {
        "%Y-%m-%dT%H:%M:%S%.f"
    } else {
        "%Y-%m-%dT%H:%M:%S"
    };
    let local = DateTime::strptime(format, text).ok()?;
    let stamp = zone.to_timestamp(local).ok()?;
    Some(Time::from_nanos(i64::try_from(stamp.as_nanosecond()).ok()?))
}

/// What is known about a failure, for people.
pub fn shown(record: &Record) -> String {
    let parts: Vec<String> = record
        .iter()
        .map(|(name, value)| format!("{name}={}", value.literal()))
        .collect();
    parts.join(" ")
}
