//! The process's own time zone, read without a walk through the time zone database.
//!
//! [`TimeZone::system`] looks up the name that `TZ` says or `/etc/localtime` points to, and for that lists every folder
//! of the database first: half of the time that a short run takes. The zone's file itself tells the same.
use std::ffi::OsStr;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;

const FILE: &str = "/etc/localtime";
const DATABASE: &str = "/usr/share/zoneinfo";
/// So long a zone is taken for the present one.
const KEPT: Duration = Duration::from_secs(60);

/// The zone that times without one are in: that of `TZ`, else of the machine.
pub fn local_zone() -> TimeZone {
    static LAST: Mutex<Option<(Instant, TimeZone)>> = Mutex::new(None);
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    match last.as_ref() {
        Some((read, zone)) if read.elapsed() < KEPT => zone.clone(),
        _ => {
            let zone = read();
            *last = Some((Instant::now(), zone.clone()));
            zone
        }
    }
}

fn read() -> TimeZone {
    let told = match std::env::var_os("TZ") {
        None => of_file("", Path::new(FILE)),
        // Another database may stand first.
        Some(_) if std::env::var_os("TZDIR").is_some() => None,
        Some(name) => plain_name(&name).and_then(|name| of_file(name, &Path::new(DATABASE).join(name))),
    };
    told.unwrap_or_else(TimeZone::system)
}

fn of_file(name: &str, path: &Path) -> Option<TimeZone> {
    TimeZone::tzif(name, &std::fs::read(path).ok()?).ok()
}

/// The text, if it can be nothing but the name of a zone in the database, such as `Europe/Berlin`: rules as POSIX
/// writes them hold digits, and paths begin otherwise.
fn plain_name(text: &OsStr) -> Option<&str> {
    let name = text.to_str()?;
    let is_plain = name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.bytes().all(|b| b.is_ascii_alphabetic() || b"/_-".contains(&b));
    is_plain.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    fn are_alike(own: &TimeZone, known: &TimeZone) {
        for year in 0..200 {
            let Ok(stamp) = Timestamp::from_second((year - 50) * 31_556_952 / 2) else {
                continue;
            };
            assert_eq!(own.to_offset(stamp), known.to_offset(stamp), "{stamp}");
            let local = known.to_datetime(stamp);
            assert_eq!(
                own.to_ambiguous_timestamp(local).offset(),
                known.to_ambiguous_timestamp(local).offset()
            );
        }
    }

    #[test]
    fn the_file_tells_what_the_database_tells() {
        are_alike(&read(), &TimeZone::system());
    }

    #[test]
    fn the_file_of_a_name_tells_what_the_database_tells() {
        for name in ["Europe/Berlin", "America/Port-au-Prince", "UTC", "CET"] {
            let own = plain_name(OsStr::new(name)).and_then(|name| of_file(name, &Path::new(DATABASE).join(name)));
            // Where the machine has no database there is nothing to be read either.
            if let (Some(own), Ok(known)) = (own, TimeZone::get(name)) {
                are_alike(&own, &known);
            }
        }
    }

    #[test]
    fn rules_and_paths_are_no_plain_names() {
        for text in [
            "",
            "EST5EDT",
            "<+03>-3",
            ":Europe/Berlin",
            "/etc/localtime",
            "../x",
            "europe/berlin",
            "Etc/GMT+1",
        ] {
            assert_eq!(plain_name(OsStr::new(text)), None, "{text}");
        }
    }
}
