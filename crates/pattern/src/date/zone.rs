//! Time zones: what a line or `logtimezone` may say.
//!
//! Offsets only. An abbreviation has one fixed offset whatever the season, as in the original.

use super::digits::digit;

/// Minutes east of UTC for a zone such as `UTC`, `CET`, `+0100`, `GMT-01:30` or nothing at all; none if unknown.
pub(super) fn offset(text: &str) -> Option<i32> {
    if text == "Z" {
        return Some(0);
    }
    if !text.is_ascii() {
        let plain: Option<String> = text.chars().map(plain_digit).collect();
        return offset(&plain?);
    }
    let split = text.find(['+', '-']).unwrap_or(text.len());
    let (name, shift) = text.split_at(split);
    let base = if name.is_empty() { 0 } else { named(name)? };
    Some(base + shift_minutes(shift)?)
}

/// Whether the text is a mere `Z`, `+hh`, `+hhmm` or `+hh:mm`, of which [`offset`] is known for certain.
pub(super) fn is_shift(text: &[u8]) -> bool {
    match text {
        b"Z" => true,
        [b'+' | b'-', b'0' | b'1', digits @ ..] => match digits {
            [a] => a.is_ascii_digit(),
            [a, b, c] | [a, b':', b, c] => [a, b, c].into_iter().all(u8::is_ascii_digit),
            _ => false,
        },
        _ => false,
    }
}

/// A digit of any script as an ASCII one; nothing for other characters beyond ASCII.
fn plain_digit(c: char) -> Option<char> {
    if c.is_ascii() {
        return Some(c);
    }
    char::from_digit(digit(c)?, 10)
}

/// `+hh`, `+hhmm` or `+hh:mm`, either sign, hours below twenty; nothing is zero.
fn shift_minutes(text: &str) -> Option<i32> {
    let (sign, digits) = match text.as_bytes() {
        [] => return Some(0),
        [b'+', digits @ ..] => (1, digits),
        [b'-', digits @ ..] => (-1, digits),
        _ => return None,
    };
    let two = |a: u8, b: u8| {
        (a.is_ascii_digit() && b.is_ascii_digit()).then(|| i32::from(a - b'0') * 10 + i32::from(b - b'0'))
    };
    let (hours, minutes) = match *digits {
        [a @ b'0'..=b'1', b] => (two(a, b)?, 0),
        [a @ b'0'..=b'1', b, c, d] | [a @ b'0'..=b'1', b, b':', c, d] => (two(a, b)?, two(c, d)?),
        _ => return None,
    };
    Some(sign * (hours * 60 + minutes))
}

fn named(name: &str) -> Option<i32> {
    let at = NAMES.binary_search_by(|(known, _)| (*known).cmp(name)).ok()?;
    NAMES.get(at).map(|&(_, minutes)| i32::from(minutes))
}

/// Abbreviations with their minutes east of UTC, sorted by name. One capital letter, or three to five: others are never
/// recognised.
const NAMES: &[(&str, i16)] = &[
    ("A", 60),
    ("ACDT", 630),
    ("ACST", 570),
    ("ACT", 480),
    ("ADT", -180),
    ("AEDT", 660),
    ("AEST", 600),
    ("AFT", 270),
    ("AKDT", -480),
    ("AKST", -540),
    ("ALMT", 360),
    ("AMST", 300),
    ("AMT", 240),
    ("ANAST", 720),
    ("ANAT", 720),
    ("AQTT", 300),
    ("ART", -180),
    ("AST", -240),
    ("AWDT", 540),
    ("AWST", 480),
    ("AZOT", -60),
    ("AZST", 300),
    ("AZT", 240),
    ("B", 120),
    ("BDT", 480),
    ("BIOT", 360),
    ("BNT", 480),
    ("BOT", -240),
    ("BRST", -120),
    ("BRT", -180),
    ("BTT", 360),
    ("C", 180),
    ("CAST", 480),
    ("CAT", 120),
    ("CCT", 390),
    ("CDT", -300),
    ("CEDT", 120),
    ("CEST", 120),
    ("CET", 60),
    ("CIST", -480),
    ("CKT", -600),
    ("CLST", -180),
    ("CLT", -240),
    ("COST", -240),
    ("COT", -300),
    ("CST", -360),
    ("CVT", -60),
    ("CXT", 420),
    ("D", 240),
    ("DAVT", 420),
    ("DFT", 60),
    ("E", 300),
    ("EASST", -300),
    ("EAST", -360),
    ("EAT", 180),
    ("ECT", -300),
    ("EDT", -240),
    ("EEDT", 180),
    ("EEST", 180),
    ("EET", 120),
    ("EGST", 0),
    ("EGT", -60),
    ("EST", -300),
    ("F", 360),
    ("FJST", 780),
    ("FJT", 720),
    ("FKST", -180),
    ("FKT", -240),
    ("FNT", -120),
    ("G", 420),
    ("GALT", -360),
    ("GAMT", -540),
    ("GET", 240),
    ("GFT", -180),
    ("GILT", 720),
    ("GIT", -540),
    ("GMT", 0),
    ("GST", 240),
    ("GYT", -240),
    ("H", 480),
    ("HAA", -180),
    ("HAC", -300),
    ("HADT", -540),
    ("HAE", -240),
    ("HAP", -420),
    ("HAR", -360),
    ("HAST", -600),
    ("HAT", -150),
    ("HAY", -480),
    ("HKT", 480),
    ("HLV", -270),
    ("HMT", 300),
    ("HNA", -240),
    ("HNC", -360),
    ("HNE", -300),
    ("HNP", -480),
    ("HNR", -420),
    ("HNT", -210),
    ("HNY", -540),
    ("HOVT", 420),
    ("HST", -600),
    ("I", 540),
    ("ICT", 420),
    ("IDT", 180),
    ("IOT", 360),
    ("IRDT", 270),
    ("IRKST", 540),
    ("IRKT", 480),
    ("IRST", 210),
    ("JST", 540),
    ("K", 600),
    ("KGT", 360),
    ("KRAST", 480),
    ("KRAT", 420),
    ("KST", 540),
    ("KUYT", 240),
    ("L", 660),
    ("LHDT", 660),
    ("LHST", 630),
    ("M", 720),
    ("MAGST", 720),
    ("MAGT", 660),
    ("MART", -570),
    ("MAWT", 300),
    ("MDT", -360),
    ("MHT", 720),
    ("MIT", -570),
    ("MMT", 390),
    ("MSD", 240),
    ("MSK", 180),
    ("MST", -420),
    ("MUT", 240),
    ("MVT", 300),
    ("MYT", 480),
    ("N", -60),
    ("NCT", 660),
    ("NDT", -150),
    ("NFT", 690),
    ("NOVST", 420),
    ("NOVT", 360),
    ("NPT", 345),
    ("NST", -210),
    ("NUT", -660),
    ("NZDT", 780),
    ("NZST", 720),
    ("O", -120),
    ("OMSST", 420),
    ("OMST", 360),
    ("P", -180),
    ("PDT", -420),
    ("PET", -300),
    ("PETST", 720),
    ("PETT", 720),
    ("PGT", 600),
    ("PHT", 480),
    ("PKT", 300),
    ("PMDT", -120),
    ("PMST", -180),
    ("PONT", 660),
    ("PST", -480),
    ("PWT", 540),
    ("PYST", -180),
    ("PYT", -240),
    ("Q", -240),
    ("R", -300),
    ("RET", 240),
    ("S", -360),
    ("SAMT", 240),
    ("SAST", 120),
    ("SBT", 660),
    ("SCT", 240),
    ("SGT", 480),
    ("SLT", 330),
    ("SRT", -180),
    ("SST", -660),
    ("T", -420),
    ("TAHT", -600),
    ("TFT", 300),
    ("THA", 420),
    ("TJT", 300),
    ("TKT", -600),
    ("TLT", 540),
    ("TMT", 300),
    ("TVT", 720),
    ("U", -480),
    ("ULAT", 480),
    ("UTC", 0),
    ("UYST", -120),
    ("UYT", -180),
    ("UZT", 300),
    ("V", -540),
    ("VET", -270),
    ("VLAST", 660),
    ("VLAT", 600),
    ("VUT", 660),
    ("W", -600),
    ("WAST", 120),
    ("WAT", 60),
    ("WDT", 540),
    ("WEDT", 60),
    ("WEST", 60),
    ("WET", 0),
    ("WFT", 720),
    ("WGST", -120),
    ("WGT", -180),
    ("WIB", 420),
    ("WIT", 540),
    ("WITA", 480),
    ("WST", 480),
    ("X", -660),
    ("Y", -720),
    ("YAKST", 600),
    ("YAKT", 540),
    ("YAPT", 600),
    ("YEKST", 360),
    ("YEKT", 300),
    ("Z", 0),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_shifts_add_up() {
        assert_eq!(offset("CET+0130"), Some(150));
        assert_eq!(offset("-10:45"), Some(-645));
        assert_eq!(offset("NST"), Some(-210));
        assert_eq!(offset(""), Some(0));
        assert_eq!(offset("+0１"), Some(60));
    }

    #[test]
    fn what_is_no_zone_is_refused() {
        for text in [
            "WRONG-TZ",
            "utc",
            "ET",
            "ChST",
            "ABC",
            "+2500",
            "+1",
            "UTC+0100x",
            "+01:0",
            "+0é",
        ] {
            assert_eq!(offset(text), None, "{text}");
        }
    }

    #[test]
    fn the_table_is_sorted() {
        assert!(NAMES.is_sorted_by(|a, b| a.0 < b.0));
    }
}
