//! Where we are right and the original is not.

use bantam_pattern::Time;
use bantam_pattern::date::Detector;

use crate::oracle::{Oracle, Session, ours, zone};

/// Traefik writes nanoseconds. The original takes six digits at most, so that the match ends before the fraction and
/// the zone behind it is lost.
#[test]
fn a_fraction_of_nine_digits_keeps_the_zone() {
    let line = r#"{"StartLocal":"2026-01-08T14:19:15.980170592Z","x":1}"#;
    let mut session = Session::new("", [line]).zone("Europe/Zurich").at(1_767_900_000);
    let name =
        r"ExYear(?P<_sep>[-/.])Month(?P=_sep)Day(?:T|  ?)24hour:Minute:Second(?:[.,]Microseconds)?(?:\s*Zone offset)?";
    assert_eq!(ours(&session).lines[0], format!("15 45 1767881955 int {name}"));
    session.wide = false;
    assert_eq!(
        Oracle::start().ask(&session).lines[0],
        format!("15 34 1767878355.000000 float {name}")
    );
    for digits in 1..=9 {
        let fraction = &"980170592"[..digits];
        let line = format!("[2026-01-08 14:19:15.{fraction}+02:00]");
        let answers = ours(&Session::new("", [line]).zone("Europe/Zurich"));
        assert!(answers.lines[0].contains(" 1767874755 int "), "{answers:?}");
    }
}

/// What a client says is its name, asks for or sends along is not when the line was written, whatever was learnt before.
#[test]
fn a_client_cannot_choose_the_date_of_an_access_logs_line() {
    let line = |user: &str, path: &str, agent: &str| {
        format!("203.0.113.9 - {user} [22/Nov/2026:10:00:00 +0000] \"GET /{path} HTTP/1.1\" 401 17 \"-\" \"{agent}\"")
    };
    let mut detector = Detector::from_pattern("").unwrap();
    let dates = crate::SHAPES;
    for (n, date) in dates.iter().cycle().take(400).enumerate() {
        let bracketed = format!("[{date}]");
        let (user, path, agent): (&str, &str, &str) = match n % 7 {
            0 => (date, "", ""),
            1 => ("-", date, date),
            2 => (bracketed.as_str(), "", date),
            3 => ("a [01/Jan/2020:00:00:00 +0000] b", "", ""),
            4 => ("a] \"b", "", "x [01/Jan/2020:00:00:00 +0000] \"y"),
            5 => ("[01/Jan/2020:00:00:00 +0000]", "", ""),
            _ => ("é", date, "] \""),
        };
        let line = line(user, path, agent);
        let found = detector.find(&line, Time::from_secs(1_795_341_700)).unwrap();
        assert_eq!(&line[found.span], "22/Nov/2026:10:00:00 +0000", "{line}");
        assert_eq!(
            (found.time, found.zoned),
            (Some(Time::from_secs(1_795_341_600)), true),
            "{line}"
        );
    }
}

/// A date in front of an access log's line is the line's, and in other lines the first that fits.
#[test]
fn other_lines_are_read_as_the_original_reads_them() {
    let clf = "[22/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 401 17";
    let heads = [
        "Nov 22 10:00:01 host traefik[1]: 203.0.113.9 - bob ",
        "2026-11-22T10:00:01Z 203.0.113.9 - 2020-01-01T00:00:00 ",
        "INFO - 2026-11-22 10:00:01 - 203.0.113.9 - - ",
        "app.log - 2026-11-22 10:00:01 - ",
        "203.0.113.9 2020-01-01T00:00:00 - ",
        "host a 203.0.113.9 - 2020-01-01T00:00:00 ",
    ];
    crate::same(heads.map(|head| Session::new("", [format!("{head}{clf}")])));
    // A pattern of one's own means what it says.
    let line = format!("203.0.113.9 - 2020-01-01T00:00:00 {clf}");
    crate::same(["%Y-%m-%dT%H:%M:%S", "{DATE}", "- {DATE}"].map(|pattern| Session::new(pattern, [line.as_str()])));
}

/// In the hour that comes twice the original's answer depends on what it was asked before; ours is the first of both.
#[test]
fn the_hour_that_comes_twice_is_read_with_the_summer_offset() {
    let answers = ours(&Session::new("", ["2005-10-30 02:30:00"]).zone("Europe/Zurich"));
    assert!(answers.lines[0].contains(" 1130632200.000000 "), "{answers:?}");
}

/// A moment holds nanoseconds in 64 bits.
#[test]
fn seconds_beyond_the_year_2262_are_clipped() {
    let mut detector = Detector::from_pattern("EPOCH").unwrap();
    let found = detector.find("32535244799 x", Time::default()).unwrap();
    assert_eq!((found.span, found.time), (0..11, Some(Time::from_nanos(i64::MAX))));
}

#[test]
fn wrong_patterns_are_refused_with_their_place() {
    let error = |pattern: &str| Detector::from_pattern(pattern).unwrap_err();
    assert_eq!(error("%Y\n  100% %H").span, Some(8..9));
    assert!(
        error("%H:%M\n%H:%M")
            .message
            .contains("already a template with name 24hour:Minute")
    );
    assert!(Detector::from_pattern("(%ExY%Exm%Exd").is_err());
    assert!(Detector::from_pattern("%Y %Y").is_err());
    let mut detector = Detector::defaults();
    assert!(detector.set_default_zone(Some("WRONG-TZ")).is_err());
    assert!(detector.set_default_zone(Some("CET")).is_ok());
}

#[test]
fn a_detector_describes_itself_as_the_original_does() {
    let pattern = "^%Y-%m-%d %H:%M:%S";
    assert_eq!(Detector::defaults().describe(), (None, "Default Detectors"));
    assert_eq!(
        Detector::from_pattern("{^LN-BEG}").unwrap().describe(),
        (None, "Default Detectors")
    );
    assert_eq!(
        Detector::from_pattern(pattern).unwrap().describe(),
        (Some(pattern), "^Year-Month-Day 24hour:Minute:Second")
    );
    assert_eq!(Detector::from_pattern("EPOCH").unwrap().describe(), (None, "Epoch"));
    let mut detector = Detector::defaults();
    detector.set_local_zone(zone("UTC"));
}
