//! Dates, compared with the original (Debian package `fail2ban`): what is cut out, the moment, which
//! template, and the order that the templates end up in.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod differences;
mod oracle;
#[allow(dead_code, reason = "shared with tests that use more of it")]
#[path = "../../../../tests/original/python.rs"]
mod original;
mod patterns;
mod random;
mod sequences;
mod zones;

use oracle::{Oracle, Session, ours};

/// Compares each session with the original; names the first line that differs.
fn same(sessions: impl IntoIterator<Item = Session>) {
    let mut oracle = Oracle::start();
    for session in sessions {
        if let Some(difference) = difference(&mut oracle, &session) {
            panic!("{difference}");
        }
    }
}

fn difference(oracle: &mut Oracle, session: &Session) -> Option<String> {
    let (theirs, ours) = (oracle.ask(session), ours(session));
    for (index, (theirs, ours)) in theirs.lines.iter().zip(&ours.lines).enumerate() {
        if theirs != ours {
            let line = &session.lines[index];
            return Some(format!(
                "line {index}: {line:?}\n  ours: {ours}\ntheirs: {theirs}\n{session:?}"
            ));
        }
    }
    (ours.templates != theirs.templates).then(|| {
        format!(
            "order\n  ours: {:#?}\ntheirs: {:#?}\n{session:?}",
            ours.templates, theirs.templates
        )
    })
}

/// One date in every shape that logs have.
const SHAPES: [&str; 48] = [
    "Jan 23 21:59:59",
    "Jan  3  1:59:59",
    "Sun Jan 23 21:59:59 2005",
    "Sun Jan 23 21:59:59.011 2005",
    "Sun Jan 23 21:59:59",
    "Sun Jan 23 2005 21:59:59",
    "Sun Jan 23 2005 21:59:59.011",
    "2005/01/23 21:59:59",
    "2005.01.23 21:59:59",
    "2005-01-23 21:59:59",
    "2005-01-23  8:59:59",
    "2005-01-23 21:59:59,000",
    "2005-01-23T20:59:59.252Z",
    "2005-01-23T15:59:59-05:00",
    "2005-01-23T21:59:59.981746+0100",
    "2005-01-23 21:59:59 UTC",
    "2005-01-23 21:59:59 EST",
    "2005-1-3 1:9:9",
    "2005-01/23 21:59:59",
    "23/01/2005 21:59:59",
    "23/01/05 21:59:59",
    "23-01-2005 21:59:59",
    "23/Jan/2005:21:59:59",
    "23/Jan/2005:21:59:59 +0100",
    "[23/Jan/2005:21:59:59 +0000]",
    "23-Jan-2005 21:59:59",
    "23-Jan-2005 21:59:59.02",
    "23-Jan-2005 21:59:59 +0100",
    "23-jan-2005 21:59:59.252 utc",
    "01/23/2005:21:59:59",
    "01-23-2005 21:59:59.252",
    "1106513999",
    "1106513999.123",
    "[1106513999.000]",
    "[1106513999]",
    "audit(1106513999.000:987)",
    "21:59:59",
    "<01/23/05@21:59:59>",
    "050123 21:59:59",
    "050123  1:59:59",
    "Jan 23, 2005 9:59:59 PM",
    "Jan 23, 2005 12:59:59 AM",
    "Jan-23-05 21:59:59",
    "20050123T215959",
    "20050123-21:59:59",
    "20050123 215959.5 +0200",
    "PDT Apr 16 21:05:29",
    "@4000000041f4104f00000000",
];

const BEFORE: [&str; 8] = [
    "",
    "[",
    "##",
    "bogus-prefix ",
    "word-boundary",
    "é ",
    "+01:00 ",
    "ERROR ",
];
const AFTER: [&str; 6] = ["", "[sshd] error: PAM", " 2005 x", "x", "] - ", "9"];

#[test]
fn the_default_templates_have_the_originals_names_and_order() {
    same([Session::new("{DEFAULT}", ["no date"])]);
}

#[test]
fn every_shape_of_date_is_found_as_the_original_finds_it() {
    let lines = |shape| {
        BEFORE
            .iter()
            .flat_map(move |before| AFTER.iter().map(move |after| format!("{before}{shape}{after}")))
    };
    same(SHAPES.iter().flat_map(|shape| {
        // Each line alone, then all in a row: what was learnt may lead astray, but astray the same way.
        let alone = lines(shape).map(|line| Session::new("", [line]));
        alone.chain([Session::new("", lines(shape)).zone("Europe/Zurich")])
    }));
}

#[test]
fn all_shapes_in_a_row_are_found_as_the_original_finds_them() {
    let rows = |step: usize| {
        let mixed = (0..SHAPES.len() * 3).map(move |i| format!("x: {} y", SHAPES[i * step % SHAPES.len()]));
        let at_begin = (0..SHAPES.len() * 3).map(move |i| format!("{} y", SHAPES[i * step / 2 % SHAPES.len()]));
        [Session::new("", mixed), Session::new("{DEFAULT}", at_begin)]
    };
    same([1, 5, 7, 11].into_iter().flat_map(rows));
}

#[test]
fn a_date_that_does_not_exist_is_cut_out_without_a_moment() {
    let lines = [
        "2005-02-29 00:00:00 x",
        "2004-02-29 00:00:00 x",
        "2005-02-30T00:00:00Z x",
        "2005-04-31 00:00:00 x",
        "Feb 30 00:00:00 x",
        "Feb 29 00:00:00 x",
        "Jan 23 21:59:60 x",
        "Jan 23 21:59:61 x",
        "Jan 23 24:59:59 x",
        "Jan 23 29:59:59 x",
        "31/Jun/2005:21:59:59 +0000 x",
        "0000-12-30 00:00:00 - 2003-12-30 00:00:00",
        "23/01/00 21:59:59 x",
        "ERROR Jan 23 21:59:59 x",
        "Error Jan 23 21:59:59 x",
    ];
    same(lines.map(|line| Session::new("", [line, line])));
    // Whether 29 February exists is asked of this year, and of the last if it lies ahead.
    let years = [
        1_077_926_400,
        1_109_548_800,
        1_078_099_200,
        1_204_286_400,
        1_230_681_600,
        1_109_462_400,
    ];
    same(years.map(|now| Session::new("", ["Feb 29 12:00:00", "Feb 28 12:00:00", "Mar 1 12:00:00"]).at(now)));
}

/// A date inside of a word is none, and nothing of it may stay for the next.
#[test]
fn a_date_refused_at_its_border_leaves_no_field_behind() {
    same([
        Session::new("", ["Sun Jan 23 21:59:592005-01-23 21:59:59,000[23/01/2005 21:59:59"]),
        Session::new("", ["x23/01/07 21:59:59 23/01/2005 21:59:59"]),
    ]);
}

#[test]
fn what_is_left_out_is_completed_from_now() {
    // Around New Year in UTC and elsewhere; the day's tolerance.
    let moments = (-3..=3).flat_map(|day| [0, 1, 3600 * 5, 3600 * 23].map(|s| 1_136_073_600 + day * 86_400 + s));
    let lines = [
        "Dec 31 23:59:59 x",
        "Jan  1 00:00:01 x",
        "Jan  2 12:00:00 x",
        "00:00:00 x",
        "12:00:00 x",
        "23:59:59 x",
        "+01:00 Jan  1 00:30:00 x",
        "UTC Dec 31 23:30:00 x",
    ];
    same(moments.flat_map(|now| {
        ["UTC", "Europe/Zurich", "America/Los_Angeles"].map(|zone| Session::new("", lines).at(now).zone(zone))
    }));
    same(["UTC+0300", "-1045"].map(|zone| Session::new("", lines).at(1_136_073_700).logtimezone(zone)));
}
