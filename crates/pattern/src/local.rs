//! The process's own time zone, read without a walk through the time zone database.
//!
//! [`TimeZone::system`] looks up the name that `/etc/localtime` points to, and for that lists every folder of the
//! database first: half of the time that a short run takes. The file itself tells the same.
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;

const FILE: &str = "/etc/localtime";
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
    if std::env::var_os("TZ").is_some() {
        return TimeZone::system();
    }
    let of_file = std::fs::read(FILE).ok().and_then(|data| TimeZone::tzif("", &data).ok());
    of_file.unwrap_or_else(TimeZone::system)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    #[test]
    fn the_file_tells_what_the_database_tells() {
        let (own, known) = (read(), TimeZone::system());
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
}
