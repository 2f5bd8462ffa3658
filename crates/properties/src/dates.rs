//! A date pattern on lines of a log.

use crate::input::{flags_and_parts, part};
use bantam_pattern::Time;
use bantam_pattern::date::{Detector, Years};
use jiff::tz::TimeZone;

/// A place where clocks are turned.
const LOCAL: &str = "CET-1CEST,M3.5.0,M10.5.0/3";
/// 2026-01-08 14:20:00 UTC
const NOW: i64 = 1_767_882_000;

/// A pattern is refused with a place inside of it, or looks for dates: what it finds lies in the line and is the
/// same with and without the quick plans.
///
/// Input: flags (1 no pattern but the defaults), the pattern, a border, the zone and behind a `;` the present, a border,
/// the lines.
pub fn dates(data: &[u8]) {
    let (flags, input) = flags_and_parts(data);
    let (pattern, rest) = part(&input);
    let (zone, lines) = part(rest);
    let (zone, now) = zone.split_once(';').unwrap_or((zone, ""));
    let now = Time::from_secs(now.parse().unwrap_or(NOW));
    let years = Years::around(Time::from_secs(NOW));
    let pattern = if flags.has(0) { "" } else { pattern };
    let mut detector = match Detector::from_pattern_in(pattern, &years) {
        Ok(detector) => detector,
        Err(error) => {
            if let Some(span) = &error.span {
                assert!(span.start <= span.end, "{span:?}");
            }
            return;
        }
    };
    if let Ok(local) = TimeZone::posix(LOCAL) {
        detector.set_local_zone(local);
    }
    // One that is unknown is refused, and the log has none then.
    let _ = detector.set_default_zone(Some(zone).filter(|zone| !zone.is_empty()));
    let mut hits = 0;
    for line in lines.split('\n').take(20) {
        if let Some(difference) = detector.disagreement(line) {
            panic!("{difference} on {line:?}");
        }
        let found = detector.find(line, now);
        if let Some(found) = found {
            hits += 1;
            assert!(line.get(found.span.clone()).is_some(), "{:?} of {line:?}", found.span);
            assert!(found.time.is_none() || !found.span.is_empty());
        }
    }
    let counted: u64 = detector.templates().iter().map(|template| template.hits).sum();
    assert_eq!(counted, hits);
}
