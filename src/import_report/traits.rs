//! The points in which a single jail runs otherwise than on the original. What holds for every jail stands on the page
//! itself; all of it, with the reasons, in docs/differences.md.
use super::jail::{Part, text};
use bantam_conf::LogPattern;
use bantam_wire::Value;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

/// How much of a log's end is looked at.
const LOOKED_AT: u64 = 64 * 1024;

/// One sentence for each point.
pub(super) fn otherwise(jail: &str, part: &Part<'_>, logs: &[LogPattern]) -> Vec<String> {
    let mut points = Vec::new();
    points.extend(growing(part));
    points.extend(mail(part));
    points.extend(later_files(jail, logs));
    points.extend(nanoseconds(part));
    points.extend(journal(part));
    points
}

/// `bantime.increment`: the observer of the original is late.
fn growing(part: &Part<'_>) -> Option<String> {
    let grows = match part.last("bantime.increment")? {
        Value::Bool(grows) => *grows,
        other => matches!(text(Some(other)).to_lowercase().as_str(), "1" | "on" | "true" | "yes"),
    };
    grows.then(|| {
        "a repeat offender's longer ban time is known when `actionban` runs; before, the ban was set with the base \
         time and prolonged later, by actions that can"
            .to_owned()
    })
}

/// The one Python action that there is a native form of.
fn mail(part: &Part<'_>) -> Option<String> {
    let python = |words: &[Value]| text(words.get(1)).ends_with("smtp.py");
    part.all("addaction")
        .any(python)
        .then(|| "mail is sent by Bantam itself with the options of `smtp.py`: Python files are not loaded".to_owned())
}

fn later_files(jail: &str, logs: &[LogPattern]) -> Option<String> {
    let patterns: Vec<String> = logs
        .iter()
        .filter(|log| log.jail == jail && log.is_pattern())
        .map(|log| format!("`{}`", log.path))
        .collect();
    (!patterns.is_empty()).then(|| {
        format!(
            "files that appear later and match {} are read at once; before, only after a reload",
            patterns.join(", ")
        )
    })
}

/// Default date templates on a log whose times have more digits than Python's `%f` reads.
fn nanoseconds(part: &Part<'_>) -> Option<String> {
    if part.last("datepattern").is_some() {
        return None;
    }
    let files = part.all("addlogpath").map(|words| text(words.first()));
    let file = files
        .into_iter()
        .find(|path| tail_of(path).is_some_and(|tail| has_nanoseconds(&tail)))?;
    Some(format!(
        "times in {file} have more than six digits of a second: their zone is read now; before, it was lost and the time \
         taken as local"
    ))
}

fn journal(part: &Part<'_>) -> Option<String> {
    let name = part.backend.split('[').next().unwrap_or_default();
    (name == "systemd").then(|| "the journal is read through `journalctl`, not through Python's library".to_owned())
}

fn tail_of(path: &str) -> Option<Vec<u8>> {
    let mut file = File::open(path).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let size = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(LOOKED_AT))).ok()?;
    let mut tail = Vec::new();
    file.take(LOOKED_AT).read_to_end(&mut tail).ok()?;
    Some(tail)
}

/// Whether some `10:00:00.` is followed by seven to nine digits and a zone.
fn has_nanoseconds(text: &[u8]) -> bool {
    memchr::memchr_iter(b'.', text).any(|dot| {
        let before = text.get(dot.saturating_sub(8)..dot).unwrap_or_default();
        let is_time = matches!(before, [h1, h2, b':', m1, m2, b':', s1, s2]
            if [h1, h2, m1, m2, s1, s2].iter().all(|digit| digit.is_ascii_digit()));
        let after = text.get(dot + 1..).unwrap_or_default();
        let digits = after.iter().take_while(|byte| byte.is_ascii_digit()).count();
        is_time && (7..=9).contains(&digits) && matches!(after.get(digits), Some(b'Z' | b'+' | b'-'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nanoseconds_are_seen_only_in_times_with_a_zone() {
        assert!(has_nanoseconds(br#""StartUTC":"2026-11-22T13:51:43.865140321Z""#));
        assert!(has_nanoseconds(b"13:51:43.8651403+01:00"));
        assert!(!has_nanoseconds(b"13:51:43.865140Z"));
        assert!(!has_nanoseconds(b"10.0.0.123456789Z"));
        assert!(!has_nanoseconds(b"13:51:43.865140321 "));
        assert!(!has_nanoseconds(b"."));
    }
}
