//! Lines written for one thing each: templates, borders, tokens, zones, calendars.

use super::{NOON, Session};

/// Where clocks differ, are put forward and back, by an hour or a half.
pub const ZONES: [&str; 6] = [
    "UTC",
    "Europe/Zurich",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "CET-01CEST-02,M3.5.0,M10.5.0",
];

/// One or more shapes for each default template, in their order.
pub const SHAPES: [&str; 50] = [
    "2005-01-23 21:59:59",
    "2005-01-23T21:59:59.98+01:00",
    "2005/01/23 21:59:59",
    "2005.01.23  1:59:59",
    "2005-01-23 21:59:59,123",
    "2005-01-23T20:59:59.252Z",
    "2005-01-23 21:59:59 -0500",
    "2005-1-3 1:9:9",
    "Jan 23 21:59:59",
    "Jan  3  1:59:59",
    "Sun Jan 23 21:59:59",
    "Sun Jan 23 21:59:59.011 2005",
    "Jan 23 21:59:59 2005",
    "Sun Jan 23 2005 21:59:59.011",
    "Jan 23 2005 21:59:59",
    "23/01/2005 21:59:59",
    "23/01/05 21:59:59",
    "23-01-2005  1:59:59",
    "23/Jan/2005:21:59:59 +0100",
    "23/Jan/2005:21:59:59",
    "23-Jan-2005 21:59:59.02",
    "23-Jan-2005 21:59:59 -0800",
    "01/23/2005:21:59:59",
    "01-23-2005 21:59:59.252",
    "01-23-2005 21:59:59",
    "1106513999",
    "1106513999.123",
    "1106513999.123456",
    "[1106513999]",
    "audit(1106513999.123:987)",
    "21:59:59",
    " 1:59:59",
    "<01/23/05@21:59:59>",
    "050123 21:59:59",
    "050123  1:59:59",
    "Jan 23, 2005 9:59:59 PM",
    "Jan 23, 2005 12:00:00 AM",
    "Jan-23-05 21:59:59",
    "20050123T215959",
    "20050123 215959",
    "20050123-21:59:59",
    "20050123T21:59:59.5 +0200",
    "20050123  215959,123Z",
    "CET Jan 23 21:59:59",
    "PDT Sun Jan 23 21:59:59.9 2005",
    "+01:00 Jan 23 21:59:59",
    "-0430 Sun Jan 23 21:59:59.011 2005",
    "Z Jan 23 21:59:59",
    "@4000000041f4104f00000000",
    "@4000000041f4104f2a3b4c5d",
];

const BEFORE: [&str; 15] = [
    "",
    " ",
    "[",
    "([",
    "<<",
    "###",
    "host ",
    "x",
    "9",
    "192.0.2.1 - - [",
    "text: (",
    "\"",
    "é",
    "a_b ",
    "2001:db8::1 ",
];
const AFTER: [&str; 9] = ["", " sshd[1]: x", "]: x", "x", "7", " 2005 x", ".5 x", " +0200] x", "é"];

/// All of them.
pub fn all() -> Vec<Session> {
    let mut all = Vec::new();
    positions(&mut all);
    sequences(&mut all);
    patterns(&mut all);
    epochs(&mut all);
    zones(&mut all);
    calendars(&mut all);
    fractions(&mut all);
    access_logs(&mut all);
    all
}

/// Each shape at each place: alone, and after all others of its shape.
fn positions(all: &mut Vec<Session>) {
    for shape in SHAPES {
        let lines = BEFORE.iter().flat_map(|b| AFTER.map(|a| format!("{b}{shape}{a}")));
        let lines: Vec<String> = lines.collect();
        all.extend(lines.iter().map(|line| Session::new("", [line.as_str()])));
        for pattern in ["", "{^LN-BEG}", "x {DATE}", "^[^\\[]*\\[({DATE})"] {
            all.push(Session::new(pattern, lines.iter().map(String::as_str)).zone("Europe/Zurich"));
        }
    }
}

/// Rows that make templates rise and fall: runs of different length and place, with pauses around 300 seconds.
fn sequences(all: &mut Vec<Session>) {
    let places = [
        "{}",
        "host {}",
        "[{}] x",
        "some longer text {}",
        "u@h: {} 050607 10:11:12 2006-01-02 03:04:05",
    ];
    for seed in 1..60_usize {
        for pause in [0, 7, 299, 301] {
            let lines = (0..40_usize).map(|n| {
                let run = (n * seed / 9 + seed) % SHAPES.len();
                let place = places[(n / (1 + seed % 7) + seed / 3) % places.len()];
                (NOON + n as i64 * pause, place.replace("{}", SHAPES[run]))
            });
            let mut session = Session::new(if seed % 5 == 0 { "{DEFAULT}" } else { "" }, [""; 0]);
            session.lines = lines.collect();
            all.push(session);
        }
    }
    // Day or month first, two digits of the year first: what was learnt decides.
    let ambiguous = [
        "x 03/04/2005 10:11:12 y",
        "x 04/03/2005:10:11:12 y",
        "x 03-04-2005 10:11:12.5 y",
        "x 23-04-2005 10:11:12.5 y",
        "x 04-23-2005 10:11:12.5 y",
        "x 05-04-03 10:11:12 y",
        "x 050403 10:11:12 2005-04-03 10:11:13",
        "x 2005-04-03 10:11:13 050403 10:11:12",
        "server x[5]: Sep 16 21:30:26 server: 050916 21:30:27 z",
        "Sep 16 21:30:26 2005-09-16 21:30:27 z",
        "20050403 101112 03/04/05 10:11:12 q",
    ];
    for step in 1..ambiguous.len() {
        for run in [1, 2, 5, 12] {
            let line = |n: usize| ambiguous[n / run * step % ambiguous.len()];
            all.push(Session::new("", (0..60).map(line)));
        }
    }
}

/// A date in every way to write one as a pattern.
fn patterns(all: &mut Vec<Session>) {
    let patterns = [
        "%Y-%m-%d %H:%M:%S",
        "^%Y-%m-%d %H:%M:%S",
        "%Y-%m-%d %H:%M:%S$",
        "{UNB}%Y-%m-%d %H:%M:%S",
        "{^LN-BEG}%Y-%m-%d %H:%M:%S",
        "**%Y-%m-%d %H:%M:%S**",
        "**%Y-%m-%d %H:%M:%S",
        "%Y-%m-%d %H:%M:%S**",
        "(?:^|x)%Y-%m-%d",
        "(^|x)%Y-%m-%d %H:%M",
        "\\[%Y-%m-%d %H:%M:%S\\]",
        "\\[(%Y-%m-%d) %H:%M:%S\\]",
        "%ExY-%Exm-%Exd %ExH:%ExM:%ExS",
        "%Exy-%Exm-%Exd %ExH:%ExM:%ExS",
        "%y-%m-%d %k:%M:%S",
        "%y%m%d%H%M%S",
        "%Exy%Exm%Exd%ExH%ExM%ExS",
        "%d.%m.%Y %k:%M",
        "%d.%m.%y %l:%M %p",
        "%Exd.%Exm.%ExY %Exk:%M",
        "%Exd.%Exm.%ExY %Exl:%M %p",
        "%a %b %d %H:%M:%S %Y",
        "%A, %d %B %Y %I:%M:%S %p",
        "%a, %d %b %Y %H:%M:%S %z",
        "%a, %d %b %Y %H:%M:%S %Exz",
        "%a, %d %b %Y %H:%M:%S %ExZ",
        "%a, %d %b %Y %H:%M:%S %Z",
        "%Y-%j %H:%M:%S",
        "%y %U %w %H:%M:%S",
        "%y %W %a %H:%M:%S",
        "%Y-%m-%dT%H:%M:%S[.,]%f%z",
        "%H:%M:%S.%f",
        "{^LN-BEG}%H:%M:%S",
        "%m/%d %H:%M",
        "^%b-%d-%Exy %k:%M:%S",
        "%s",
        "%Q",
        "100% %H:%M",
        "%%%H:%M:%S",
        "(%Y",
        "%Y %Y",
        "[%Y-%m-%d",
        "%Y-%m-%d(?P<_sep>[ T])%H:%M",
        "(?P<Y>\\d{4})\\.(?P<m>\\d\\d)\\.(?P<d>\\d\\d)",
        "(?iu)start %H:%M:%S",
        "(x\\(?i) %H:%M:%S",
        "start(?i) %H:%M:%S",
        "{NONE}",
        "{none}",
        "{DEFAULT}",
        "{default}",
        "{^LN-BEG}",
        "{DATE}",
        "{date}",
        "^{DATE}",
        "\\{DATE}",
        "^\\w+ {DATE}",
        "{UNB}{DATE}",
        "({DATE})",
        "\\[({DATE})\\]",
        "%H:%M:%S\n%Y-%m-%d",
        "%H:%M:%S\n%H:%M:%S",
        "{DEFAULT}\n%d.%m.%Y %k:%M",
        "%d.%m.%Y %k:%M\n{^LN-BEG}",
        "EPOCH\nLEPOCH\nTAI64N",
        "no token",
        "",
    ];
    let texts = [
        "2005-08-14 11:22:33",
        "2005-8-4 1:2:3",
        "1999-12-31 23:59:59",
        "2049-01-01 00:00:00",
        "05-08-14 11:22:33",
        "050814112233",
        "14.08.2005 11:22",
        "14.08.05  1:22 pm",
        "14.08.05 12:22 AM",
        "14.08.2005  7:22 am",
        "Sun Aug 14 11:22:33 2005",
        "SUNDAY, 14 AUGUST 2005 12:22:33 pm",
        "Sun, 14 Aug 2005 11:22:33 +0200",
        "Sun, 14 Aug 2005 11:22:33 cest",
        "Sun, 14 Aug 2005 11:22:33 CEST",
        "Sun, 14 Aug 2005 11:22:33 GMT",
        "2005-226 11:22:33",
        "05 33 0 11:22:33",
        "05 33 mon 11:22:33",
        "2005-08-14T11:22:33.5Z",
        "2005-08-14T11:22:33,123456+0200",
        "11:22:33.987",
        "11:22:33",
        "08/14 11:22",
        "Aug-14-05  1:22:33",
        "%11:22:33 100% 11:22",
        "2005.08.14",
        "START 11:22:33",
        "x(i 11:22:33",
        "xi 11:22:33",
        "1124011353",
        "{DATE} no token",
    ];
    let around = [
        "{}",
        "[{}] x",
        "## {}",
        "##{}",
        "###{}",
        "x {} y",
        "x{}y",
        "at {}",
        "{} 2004-01-02 03:04:05",
    ];
    for pattern in patterns {
        // Whatever the pattern is, it must judge all of them alike.
        let lines = texts.iter().flat_map(|text| around.map(|a| a.replace("{}", text)));
        let lines: Vec<String> = lines.collect();
        all.push(Session::new(pattern, lines.iter().map(String::as_str)).zone("Europe/Zurich"));
        let fresh = lines
            .iter()
            .step_by(5)
            .map(|line| Session::new(pattern, [line.as_str()]).zone("Asia/Kolkata"));
        all.extend(fresh);
    }
}

/// Numbers that are seconds since 1970, or are too short or too long for that.
fn epochs(all: &mut Vec<Session>) {
    let numbers = [
        "1124011353",
        "11240113530",
        "112401135",
        "112401135300",
        "1124011353000",
        "1124011353000000",
        "11240113530001",
        "11240113530000001",
        "1124011353.1",
        "1124011353.12",
        "1124011353.123",
        "1124011353.1234567",
        "1124011353,123",
        "1124011353.123456",
        "1124011353000.5",
        "1124011353000.123456",
        "x1124011353",
        "1124011353x",
        "0000000000",
        "-1124011353",
        "9999999999",
        "4000000041f4104f00000000",
        "@4000000041f4104f00000000",
        "@4000000041F4104F00000000",
        "@4000000041f4104f0000000",
        "@4000000041f4104f000000000",
    ];
    let around = [
        "{}",
        "[{}]",
        "[{}] x",
        "[[{}]]",
        "({}) x",
        "audit({}:7): x",
        "audit({}) x",
        "type=X msg=audit({}:7): x",
        " {} x",
        "  {} x",
        "   {} x",
        "x {} y",
        "| {} |",
        "\"ts\":{},",
    ];
    let patterns = [
        "",
        "EPOCH",
        "epoch",
        "LEPOCH",
        "^EPOCH",
        "^LEPOCH",
        "{^LN-BEG}EPOCH",
        "{^LN-BEG}LEPOCH",
        "{EPOCH}",
        "{LEPOCH}",
        "^\\[{EPOCH}\\]",
        "\"ts\":{LEPOCH},",
        "(?<=\\|\\s){LEPOCH}(?=\\s\\|)",
        "{UNB}{EPOCH}",
        "^x {EPOCH}$",
        "TAI64N",
        "^TAI64N",
        "{^LN-BEG}TAI64N",
        "tai64n",
        "**EPOCH**",
        "EPOCHS",
        "x EPOCH",
        "audit\\(({EPOCH})",
    ];
    for pattern in patterns {
        for around in around {
            let lines = numbers.map(|number| around.replace("{}", number));
            all.extend(lines.iter().map(|line| Session::new(pattern, [line.as_str()])));
            all.push(Session::new(pattern, lines));
        }
    }
}

/// Zones in the line, of `logtimezone`, of the process.
fn zones(all: &mut Vec<Session>) {
    let told = [
        "",
        "Z",
        " Z",
        " z",
        " UTC",
        " utc",
        " GMT",
        "+00:00",
        "-00:00",
        " +0000",
        "+02",
        "-0430",
        "+05:45",
        " +1300",
        "+1",
        "+123",
        "+1960",
        "+2000",
        "-1959",
        "+01:60",
        " CET",
        " CEST",
        " EST",
        " est",
        " EDT",
        " PDT",
        " IST",
        " JST",
        " ChST",
        " NPT",
        " HAST",
        " XYZ",
        " A",
        " Y",
        " J",
        " CET+0100",
        " CET-01:30",
        " UTC+0200",
        " GMT+2",
        " +02:0",
        " [CET]",
        " Europe/Zurich",
        "  +0100",
        "\t+0100",
        " ET",
        " AKDT",
    ];
    let lines: Vec<String> = told.iter().map(|zone| format!("2017-01-23 15:00:00{zone} x")).collect();
    let prefixed: Vec<String> = told
        .iter()
        .map(|zone| format!("{} Jan 23 15:00:00 x", zone.trim()))
        .collect();
    let settings = [
        "UTC",
        "GMT",
        "Z",
        "CET",
        "CEST",
        "EST",
        "NPT",
        "A",
        "UTC+0300",
        "UTC-0430",
        "GMT+12",
        "GMT-0100",
        "+0100",
        "-04:30",
        "+02",
        "CET+01",
        "CEST+0130",
        "UTC+03:00",
        "+1959",
        "+2000",
        "+1",
        "-1",
        "Europe/Zurich",
        "XYZ",
        "utc",
        "cet",
        "local",
        "ET",
        "PT",
        "ChST",
        "CHST",
        "AB",
        "UTC 0300",
        "UTC+",
        "+",
        "UTC+030",
        "0300",
        " UTC",
        "UTC ",
        "EST5EDT",
        "",
    ];
    let patterns = [
        "",
        "%Y-%m-%d %H:%M:%S(?: ?%z)?",
        "%Y-%m-%d %H:%M:%S(?: ?%Z)?",
        "%Y-%m-%d %H:%M:%S(?: ?%Exz)?",
        "%Y-%m-%d %H:%M:%S(?: ?%ExZ)?",
        "%Y-%m-%d %H:%M:%S",
        "^%Y-%m-%d %H:%M:%S%z",
    ];
    for pattern in patterns {
        for lines in [&lines, &prefixed] {
            let session = Session::new(pattern, lines.iter().map(String::as_str));
            all.extend(settings.map(|setting| session.clone().logtimezone(setting)));
            all.extend(ZONES.map(|zone| session.clone().zone(zone)));
            all.push(session.zone("America/New_York").logtimezone("CET"));
        }
    }
}

/// Days that are there only in some years, hours that come never or twice, and what is left out of a date.
fn calendars(all: &mut Vec<Session>) {
    let days = [
        "2004-02-29",
        "2005-02-29",
        "2000-02-29",
        "2005-02-28",
        "2005-02-30",
        "2005-04-31",
        "2005-04-30",
        "2005-12-32",
        "2005-00-10",
        "2005-13-10",
        "2005-10-00",
        "2005-03-27",
        "2005-10-30",
        "2005-04-03",
        "2005-03-26",
        "2005-10-29",
        "2006-03-12",
        "2007-11-04",
        "2008-03-09",
        "2008-04-06",
        "2008-10-05",
        "2016-02-29",
        "2024-02-29",
        "2025-02-29",
    ];
    let times = [
        "00:00:00", "01:29:59", "01:30:00", "01:59:59", "02:00:00", "02:15:00", "02:29:59", "02:30:00", "02:59:59",
        "03:00:00", "12:00:00", "23:59:59", "23:59:60", "23:59:61", "24:00:00", "25:00:00", "12:60:00", "12:00:62",
    ];
    for zone in ZONES {
        for day in days {
            all.extend(times.map(|time| Session::new("", [format!("{day} {time} x")]).zone(zone)));
        }
    }
    // What was asked before may tell the original which of two equal hours is meant.
    for (zone, hour) in [
        ("Europe/Zurich", "2005-10-30 02:30:00 x"),
        ("America/New_York", "2007-11-04 01:30:00 x"),
    ] {
        let before = [
            "2005-12-30 12:00:00 x",
            "2005-07-30 12:00:00 x",
            "2007-12-30 12:00:00 x",
        ];
        all.extend(before.map(|before| Session::new("", [before, hour]).zone(zone)));
    }
    let open = [
        "Feb 29 12:00:00 x",
        "Feb 28 23:59:59 x",
        "Mar  1 00:00:00 x",
        "Dec 31 23:59:59 x",
        "Jan  1 00:00:00 x",
        "Jan  2 12:00:00 x",
        "Aug 14 12:00:00 x",
        "Aug 15 13:00:00 x",
        "Aug 16 13:00:00 x",
        "00:00:01 x",
        "12:00:00 x",
        "23:59:59 x",
        "UTC Dec 31 23:30:00 x",
        "+01:00 Jan  1 00:30:00 x",
        "04/05/06 07:08:09 x",
        "31/12/99 23:59:59 x",
        "01/01/00 00:00:00 x",
        "060405 07:08:09 x",
        "991231 23:59:59 x",
        "<12/31/99@23:59:59> x",
        "Dec-31-69 23:59:59 x",
    ];
    let moments = [
        1_077_926_400,
        1_078_099_200,
        1_109_462_400,
        1_109_548_800,
        1_109_635_200,
        1_124_013_600,
        1_136_073_599,
        1_136_073_600,
        1_136_073_601,
        1_136_160_000,
        1_136_246_400,
        1_204_286_400,
        1_230_681_600,
        1_456_704_000,
        1_703_980_800,
        1_704_067_200,
        1_709_164_800,
        1_709_251_200,
        1_795_374_000,
        1_111_885_200,
        1_130_634_000,
    ];
    for now in moments {
        for zone in ZONES {
            all.push(Session::new("", open).at(now).zone(zone));
        }
        let settings = ["UTC+1200", "-1145", "CET"];
        all.extend(settings.map(|setting| Session::new("", open).at(now).logtimezone(setting)));
    }
}

/// One to ten digits behind the second, with and without a zone, with the default templates and with own ones.
fn fractions(all: &mut Vec<Session>) {
    let patterns = [
        "",
        "{^LN-BEG}",
        "%Y-%m-%dT%H:%M:%S(?:[.,]%f)?(?:%z)?",
        "\"time\":\"%Y-%m-%dT%H:%M:%S\\.%f\\d*%z\"",
        "\"time\":\"({DATE})",
    ];
    for pattern in patterns {
        for zone in ["UTC", "Europe/Zurich", "America/New_York"] {
            let lines = (1..=10).flat_map(|digits| {
                ["", "Z", "+01:00", " -0500"].into_iter().flat_map(move |offset| {
                    [".", ","].map(|mark| {
                        let date = format!("2026-01-08T14:19:15{mark}{}{offset}", &"9801705923"[..digits]);
                        (format!("{{\"time\":\"{date}\",\"a\":1}}"), format!("{date} x"))
                    })
                })
            });
            let lines: Vec<(String, String)> = lines.collect();
            let alone = lines.iter().flat_map(|(json, bare)| [json, bare]);
            all.extend(alone.map(|line| Session::new(pattern, [line.as_str()]).zone(zone).at(1_767_900_000)));
            let row = lines.iter().map(|(json, _)| json.as_str());
            all.push(Session::new(pattern, row).zone(zone).at(1_767_900_000));
        }
    }
}

/// What clients write into the access log of a server, to be taken for its date.
fn access_logs(all: &mut Vec<Session>) {
    let date = "[14/Aug/2005:10:00:00 +0000]";
    let hosts = ["203.0.113.9", "2001:db8::1", "www.example.com:443 203.0.113.9"];
    let users = SHAPES.iter().flat_map(|shape| {
        let own = |around: &str| around.replace("{}", shape);
        [
            "{}", "a {} b", "- {}", "\"{}\"", "[{}]", "x[{}", "{}]", "[{}] y", "{}{}",
        ]
        .map(own)
    });
    let users: Vec<String> = users.collect();
    let row = |line: &dyn Fn(&str, &str) -> String| -> Vec<String> {
        users
            .iter()
            .enumerate()
            .map(|(n, user)| line(hosts[n % hosts.len()], user))
            .collect()
    };
    let by_user = row(&|host, user| format!("{host} - {user} {date} \"GET / HTTP/1.1\" 401 17 \"-\" \"-\""));
    let by_agent =
        row(&|host, user| format!("{host} - - {date} \"GET /{user} HTTP/1.1\" 401 17 \"{user}\" \"{user}\""));
    // What looks alike and is none: no address, no dash, no quote, another date in front.
    let others = [
        row(&|_, user| format!("app.log - {user} {date} \"GET / HTTP/1.1\"")),
        row(&|host, user| format!("{host} {user} {date} \"GET / HTTP/1.1\"")),
        row(&|host, user| format!("{host} - {user} {date} GET / HTTP/1.1")),
        row(&|host, user| format!("{user} {host} - - {date} \"GET / HTTP/1.1\"")),
        row(&|host, user| format!("{host} - {user} [14/08/2005 10:00:00] \"GET / HTTP/1.1\"")),
    ];
    for lines in [by_user, by_agent].iter().chain(&others) {
        all.extend(lines.iter().map(|line| Session::new("", [line.as_str()])));
        all.push(Session::new("", lines.iter().map(String::as_str)));
        all.push(Session::new("{^LN-BEG}", lines.iter().map(String::as_str)));
        all.push(Session::new(
            "\\[%d/%b/%Y:%H:%M:%S %z\\]",
            lines.iter().map(String::as_str),
        ));
    }
}
