//! Patterns that people write.

use crate::oracle::{NOON, Session, ours};
use crate::same;

#[test]
fn date_patterns_cut_out_what_the_original_cuts_out() {
    let rows = [
        ("", "Test failure Jan 23 21:59:59 for 192.0.2.1"),
        ("", "Test failure TestJan 23 21:59:59.011 2015 for 192.0.2.1"),
        ("", "Test failure Jan 23 21:59:59123456789 for 192.0.2.1"),
        ("", "Aug 8 11:25:50 20030f2329b8 Authentication failed from 192.0.2.1"),
        ("", "[Aug 8 11:25:50] 20030f2329b8 Authentication failed from 192.0.2.1"),
        (
            "",
            "Aug 8 11:25:50 2014 20030f2329b8 Authentication failed from 192.0.2.1",
        ),
        ("%H:%M:%S %d.%m.%Y$", "192.0.2.1 at 20:00:00 01.02.2003"),
        (r"\[%H:%M:%S %d.%m.%Y\]", "192.0.2.1[20:00:00 01.02.2003]"),
        (r"\[%H:%M:%S %d.%m.%Y\]", "[20:00:00 01.02.2003]192.0.2.1"),
        (r"\[%H:%M:%S %d.%m.%Y\]$", "192.0.2.1[20:00:00 01.02.2003]"),
        (r"^\[%H:%M:%S %d.%m.%Y\]", "[20:00:00 01.02.2003]192.0.2.1"),
        (
            r"^\[%d/%b/%Y %H:%M:%S\]",
            "[17/Jun/2011 17:00:45] Attempt, IP address 192.0.2.1",
        ),
        (
            r"\[%d/%b/%Y %H:%M:%S\]",
            "Attempt [17/Jun/2011 17:00:45] IP address 192.0.2.1",
        ),
        (
            r"\[%d/%b/%Y %H:%M:%S\]",
            "Attempt IP address 192.0.2.1, date: [17/jUN/2011 17:00:45]",
        ),
        ("%H:%M:%S %d.%m.%Y", "192.0.2.1x20:00:00 01.02.2003"),
        ("%H:%M:%S %d.%m.%Y", "20:00:00 01.02.2003x192.0.2.1"),
        ("**%H:%M:%S %d.%m.%Y**", "192.0.2.1x20:00:00 01.02.2003"),
        ("**%H:%M:%S %d.%m.%Y**", "20:00:00 01.02.2003x192.0.2.1"),
        (r"\**%H:%M:%S %d.%m.%Y\**", "test*20:00:00 01.02.2003*test"),
        ("%H:%M:%S %d.%m.%Y", "192.0.2.1 20:00:00 01.02.2003"),
        (
            "%Y-%Exm-%Exd %ExH:%ExM:%ExS",
            "0000-12-30 00:00:00 - 2003-12-30 00:00:00",
        ),
        (
            "%ExY-%Exm-%Exd %ExH:%ExM:%ExS",
            "0000-12-30 00:00:00 - 2003-12-30 00:00:00",
        ),
        ("%Y%m%d %H%M%S", "text:200333 010203 | date:20031230 010203"),
        ("%ExY%Exm%Exd %ExH%ExM%ExS", "text:200333 010203 | date:20031230 010203"),
        (
            "{^LN-BEG}%ExY%Exm%Exd %ExH%ExM%ExS",
            "00001230 010203 - 20030101 000000",
        ),
        (
            "{^LN-BEG}%ExY%Exm%Exd %ExH%ExM%ExS",
            "20031230 010203 - 20030101 000000",
        ),
        ("{^LN-BEG}%ExY%Exm%Exd%ExH%ExM%ExS**", "2003123001020320030101000000"),
        ("{^LN-BEG}%ExY%Exm%Exd%ExH%ExM%ExS**", "##2003123001020320030101000000"),
        ("{^LN-BEG}%ExY%Exm%Exd%ExH%ExM%ExS", "[20031230010203]20030101000000"),
        (
            "{^LN-BEG}%ExY-%Exm-%Exd %ExH:%ExM:%ExS(?: %z)?",
            "[2003-12-30 01:02:03] server",
        ),
        (
            "{^LN-BEG}%ExY-%Exm-%Exd %ExH:%ExM:%ExS(?: %Z)?",
            "[2003-12-30 01:02:03 Z] server",
        ),
        ("(?iu)**time:%ExY%Exm%ExdT%ExH%ExM%ExS**", "XTIME:20050102T010203X"),
        ("{^LN-BEG}time:%ExY%Exm%ExdT%ExH%ExM%ExS", "##time:20050102T010203..."),
        ("{^LN-BEG}time:%ExY%Exm%ExdT%ExH%ExM%ExS", "TIME:20050102T010203"),
        ("^%Y %b %d", "2005 JUN 03"),
        ("%Y-%m-%d[T ]%H:%M:%S(?:\\.%f)?%z", "2007-01-25T12:00:00.5-04 x"),
        // Fields of every kind.
        ("^%B %Exd %I:%ExM:%ExS**", "January 23 12:59:59"),
        ("^%y %U %A %ExH:%ExM:%ExS**", "01 11 Wednesday 21:59:59"),
        ("^%y %W %A %ExH:%ExM:%ExS**", "01 11 Wednesday 21:59:59"),
        ("^%y %W %w %ExH:%ExM:%ExS**", "01 11 0 21:59:59"),
        ("^%y %W %w %ExH:%ExM:%ExS**", "01 00 6 21:59:59"),
        ("^%y %U %a %ExH:%ExM:%ExS**", "05 00 sun 21:59:59"),
        ("^%Y-%j %ExH:%ExM:%ExS**", "2004-366 21:59:59"),
        ("^%Y-%j %ExH:%ExM:%ExS**", "2005-366 21:59:59"),
        ("^%j %ExH:%ExM:%ExS**", "300 21:59:59"),
        ("^%ExH:%ExM:%ExS**", "21:59:59"),
        ("^%ExH:%ExM:%ExS**", "00:00:01"),
        ("^%m/%d %ExH:%ExM:%ExS**", "09/01 21:59:59"),
        ("^%Y-%m-%d**", "2004-09-01"),
        ("^%Y-%m-%d%z**", "2004-09-01Z"),
        ("^%Y-%m %H:%M", "2004-09 12:00"),
        ("%c", "x Sun Jan  2 03:04:05 2005 y"),
        ("%x %X", "01/02/05 03:04:05"),
        ("%b %d, %ExY %l:%M:%S %p", "Jan 23, 2005  9:59:59 pm"),
        ("%b %d, %ExY %Exl:%M:%S %p", "Jan 23, 2005 12:59:59 pm"),
        ("%d %B %Y %Exk:%M", "3 september 2005  7:05"),
        ("%G %V %u %H:%M:%S", "2005 52 7 01:02:03"),
        ("%%%H:%M:%S%%", "%01:02:03%"),
        ("at (?P<H>[^ ]+) h", "at noon h"),
        ("at (?P<H>[^ ]+) h", "at 7 h"),
        ("(?P<Y>[0-9]+)y", "99999999999999999999y"),
        ("stamp", "a stamp of 12"),
        ("{none}", "anything 2005-01-01 00:00:00"),
        ("{NONE}", "x"),
    ];
    same(rows.map(|(pattern, line)| Session::new(pattern, [line, line]).zone("Europe/Zurich")));
}

#[test]
fn the_stock_filters_patterns_are_understood() {
    let rows = [
        ("{^LN-BEG}", "Aug 14 10:00:00 host sshd"),
        ("{^LN-BEG}", "x Aug 14 10:00:00 host sshd"),
        ("{^LN-BEG}Epoch", "[1123970462] x"),
        ("{^LN-BEG}Epoch", "1123970462.123 x"),
        ("{^LN-BEG}TAI64N", "@4000000041f4104f00000000 x"),
        ("TAI64N", "x @4000000041f4104f00000000 x"),
        (r#"^<co ts="{DATE}"\s+"#, r#"<co ts="2005-08-14T10:00:00.000" pi="x"#),
        (
            r"^[^\[]*\[({DATE})",
            r#"192.0.2.1 - - [14/Aug/2005:10:00:00 +0200] "GET / HTTP/1.1""#,
        ),
        (
            r"^[^\[]*(\[{DATE}\s*\])",
            r#"192.0.2.1 - - [14/Aug/2005:10:00:00 +0200] "GET / HTTP/1.1""#,
        ),
        (r"^<\d+>\d+\s+{DATE}", "<14>1 2005-08-14T10:00:00.003Z host"),
        (
            r"^[^-]+ -- [^-]+ -- - ({DATE})",
            "78017 -- none -- - 2005-08-14T10:00:00+00:00 x",
        ),
        (r"^\[%d/%b/%Y %H:%M:%S\]", "[14/Aug/2005 10:00:00] IP"),
        ("^{DATE}", "2005-08-14 10:00:00,003 fail2ban.actions"),
        ("^{DATE}", "1123970462 fail2ban.actions"),
        ("^<W>{DATE}", "<W>2005-08-14 10:00:00.003 x"),
        ("{date} | {^LN-BEG}", "Epoch | {^LN-BEG}"),
        ("x{DATE}", "xEpoch"),
        ("^L %d/%m/%Y - %H:%M:%S", "L 14/08/2005 - 10:00:00: x"),
        (
            r"{^LN-BEG}%ExY(?P<_sep>[-/.])%m(?P=_sep)%d[T ]%H:%M:%S(?:[.,]%f)?(?:\s*%z)?",
            "[2005/08/14 10:00:00] x",
        ),
        (r"%d/%b[^/]*/%Y:%H:%M:%S %z", "1.2.3.4 [14/Aug/2005:10:00:00 +0200] x"),
        (
            r"^(?:=[^=]+={3,} )?(%ExY(?P<_sep>[-/.])%m(?P=_sep)%d[T ]%H:%M:%S(?:[.,]%f)?(?:\s*%z)?)",
            "=INFO REPORT==== 2005-08-14 10:00:00 ===",
        ),
        (r"^(?:%Y-)?%m-%d[ T]%H:%M:%S(?:\.%f)?", "08-14 10:00:00.003 x"),
        ("^t=%Y-%m-%dT%H:%M:%S%z", "t=2005-08-14T10:00:00+0200 lvl"),
        ("^%b %d, %ExY %I:%M:%S %p", "Aug 14, 2005 10:00:00 PM x"),
        ("^%H:%M:%S.%f", "10:00:00.003 x"),
    ];
    same(rows.map(|(pattern, line)| Session::new(pattern, [line, line, "none"]).zone("Europe/Zurich")));
}

#[test]
fn epoch_seconds_are_found_where_the_original_finds_them() {
    let numbers = [
        "1138049999",
        "3253524479",
        "123456789",
        "9999999999999999",
        "1138049999A",
        "A1138049999",
        "1138049999000",
        "1138049999123456",
        "999999999999999999",
        "1138049999.5",
        "1138049999.5555555",
        "1138049999123.5",
        "11380499990",
    ];
    let around = [
        "{}",
        "[{}]",
        "[{}.555]",
        "audit({}.555:101)",
        "audit({}:101)",
        "x {} y",
        "({}): x",
        "| {} |",
    ];
    let lines: Vec<String> = numbers
        .iter()
        .flat_map(|n| around.map(|a| format!("{} [sshd] error", a.replace("{}", n))))
        .collect();
    // Beyond the year 2262 our moments are clipped.
    let lines: Vec<String> = lines
        .into_iter()
        .filter(|line| !line.contains("11380499990 "))
        .collect();
    let lines: Vec<String> = lines
        .into_iter()
        .filter(|line| !line.contains("11380499990") || line.contains("113804999900"))
        .collect();
    let patterns = [
        "EPOCH",
        "LEPOCH",
        "^EPOCH",
        "{^LN-BEG}LEPOCH",
        "epoch",
        "{EPOCH}",
        r"(?<=\|\s){LEPOCH}(?=\s\|)",
        r"^\[{epoch}\]",
        "",
    ];
    same(
        patterns
            .iter()
            .flat_map(|pattern| lines.iter().map(move |line| Session::new(pattern, [line.as_str()]))),
    );
}

#[test]
fn several_patterns_one_a_line_are_tried_together() {
    let lines = [
        "x 14.08.2005 10:00 y",
        "Aug 14 10:00:00 z",
        "[2005-08-14 10:00:00] z",
        "at 1123970462 x",
        "1123970462",
    ];
    let patterns = [
        "%d.%m.%Y %H:%M\n{^LN-BEG}",
        "{DEFAULT}\n%d.%m.%Y %H:%M",
        "\n  EPOCH\n\n %d.%m.%Y %H:%M  \n",
        "{^LN-BEG}%b %d %H:%M:%S\n{DEFAULT}",
        "{^LN-BEG}(?:%a )?%b %d %k:%M:%S(?:\\.%f)?(?: %ExY)?\n{DEFAULT}",
        "%d.%m.%Y %H:%M\nx {DATE}\n^{DATE}",
    ];
    same(
        patterns
            .map(|pattern| Session::new(pattern, (0..60).map(|i| lines[(i * i / 7 + i / 5) % lines.len()])).at(NOON)),
    );
}

/// The guide's pattern has a group of its own, and so no group is put around it: the first group is the year's.
#[test]
fn the_guides_pattern_cuts_out_the_year_and_knows_the_zone() {
    let pattern = r#""StartLocal"\s*:\s*"%Y-%m-%d[T]%H:%M:%S\.%f\d*(%z)?","#;
    let line = |start: &str| {
        format!(
            r#"{{"ClientHost":"192.0.2.1","DownstreamStatus":404,"StartLocal":"{start}","StartUTC":"2026-01-08T14:19:15.980170592Z","time":"2026-01-08T14:19:15Z"}}"#
        )
    };
    let starts = [
        "2026-01-08T14:19:15.980170592Z",
        "2026-01-08T14:19:15.980170592+01:00",
        "2026-01-08T14:19:15.98Z",
        "2026-01-08T14:19:15Z",
        "2026-01-08T14:19:15.980170592",
        "2026-02-30T14:19:15.980170592Z",
    ];
    let moved = starts
        .iter()
        .enumerate()
        .map(|(n, start)| format!("{}{}", "é".repeat(n % 3), line(start)));
    same(["UTC", "Europe/Zurich"].map(|zone| Session::new(pattern, moved.clone()).zone(zone).at(1_767_900_000)));
    let answers = crate::ours(&Session::new(pattern, [line(starts[0])]));
    let year_at = line(starts[0]).find("2026").unwrap();
    assert!(
        answers.lines[0].starts_with(&format!("{year_at} {} 1767881955 int", year_at + 4)),
        "{answers:?}"
    );
}

/// A pattern around the number with a group of its own: the group says what is cut out.
#[test]
fn a_group_around_an_embedded_epoch_says_what_is_cut_out() {
    let lines = [
        "type=USER_AUTH msg=audit(1106513999.000:987)",
        "type=USER_AUTH msg=audit(1106513999:987) 1106513999",
        "msg=audit(1106513999.000:987)",
    ];
    let patterns = [
        r"^type=\S+ msg=audit\(({EPOCH})",
        r"^type=\S+ msg=audit\({EPOCH}",
        r"audit(\({EPOCH}):\d+\)",
        r"(?:audit)\({LEPOCH}",
    ];
    same(patterns.map(|pattern| Session::new(pattern, lines)));
    let answers = ours(&Session::new(patterns[0], lines));
    assert!(answers.lines[0].starts_with("25 39 1106513999"), "{answers:?}");
}
