//! Zones: in the line, in `logtimezone`, of the process.

use crate::oracle::Session;
use crate::same;

#[test]
fn a_zone_in_the_line_wins_over_logtimezone_and_that_over_the_process() {
    let settings = [
        "UTC+0300", "UTC", "UTC-0430", "GMT+12", "CET", "+0100", "CEST-01", "CEST", "+0200", "CET+01", "CET+0100",
        "CET+0130", "Z", "", "A", "NST", "-19:59",
    ];
    let told = [
        "",
        " GMT",
        " -1045",
        " -10:45",
        " +0945",
        " +09:45",
        "Z",
        " CET",
        "CEST",
        " CET+0130",
        " XYZ",
        " +9",
    ];
    let lines: Vec<String> = told.iter().map(|zone| format!("2017-01-23 15:00:00{zone}")).collect();
    let patterns = [
        "^%ExY-%Exm-%Exd %H:%M:%S(?: ?%Exz)?",
        "^%ExY-%Exm-%Exd %H:%M:%S(?: ?%ExZ)?",
        "%Y-%m-%d %H:%M:%S(?: %Z)?",
        "",
    ];
    same(patterns.iter().flat_map(|pattern| {
        let set = settings.map(|zone| Session::new(pattern, &lines).logtimezone(zone));
        set.into_iter()
            .chain([Session::new(pattern, &lines).zone("Europe/Zurich")])
    }));
}

#[test]
fn every_abbreviation_has_the_originals_offset() {
    let names = (b'A'..=b'Z').flat_map(|a| (b'A'..=b'Z').map(move |b| (a, b)));
    let letters = (b'A'..=b'Z').map(|a| format!("2017-01-23 15:00:00 {}", char::from(a)));
    let threes = names.flat_map(|(a, b)| {
        "DGMSTUVYZ"
            .chars()
            .map(move |c| format!("2017-01-23 15:00:00 {}{}{c}", char::from(a), char::from(b)))
    });
    let longer = [
        "AKST", "AEDT", "KRAST", "BRST", "EASST", "HADT", "WEDT", "PETST", "CHST", "ULAT", "KUYT", "WAST",
    ];
    let longer = longer.map(|name| format!("2017-01-23 15:00:00 {name}"));
    same([Session::new(
        "%Y-%m-%d %H:%M:%S %ExZ",
        letters.chain(threes).chain(longer),
    )]);
}

#[test]
fn local_times_follow_the_processs_zone_through_the_year() {
    let zones = [
        "Europe/Zurich",
        "America/New_York",
        "Australia/Lord_Howe",
        "Asia/Kolkata",
        "CET-01CEST-02,M3.5.0,M10.5.0",
    ];
    let days = (1..=12).flat_map(|month| [1, 13, 25, 28].map(move |day| (month, day)));
    let lines: Vec<String> = days
        .flat_map(|(m, d)| [0, 4, 12, 23].map(move |h| format!("2005-{m:02}-{d:02} {h:02}:30:00 x")))
        .collect();
    same(zones.map(|zone| Session::new("", &lines).zone(zone)));
}

#[test]
fn the_hour_that_summer_time_skips_is_read_with_the_winter_offset() {
    let lines = [
        "2005-03-27 01:59:59",
        "2005-03-27 02:00:00",
        "2005-03-27 02:30:00",
        "2005-03-27 03:00:00",
    ];
    same(lines.map(|line| Session::new("", [line]).zone("Europe/Zurich")));
}
