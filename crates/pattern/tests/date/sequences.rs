//! Rows of lines: what a detector has learnt decides what it finds next.

use crate::oracle::{NOON, Session};
use crate::same;

fn rows(rows: &[(&str, usize)]) -> Session {
    Session::new(
        "",
        rows.iter().flat_map(|&(line, times)| std::iter::repeat_n(line, times)),
    )
}

#[test]
fn ambiguous_lines_are_judged_by_what_was_learnt() {
    same([rows(&[
        ("some free text 030324  0:03:59 -- 2003-03-07 17:05:01 ...", 1),
        ("some free text 2003-03-07 17:05:01 test ...", 15),
        (
            "server mysqld[1000]: 030324  0:04:00 [Warning] denied  free text 2003-03-07 17:05:01 test",
            10,
        ),
        (
            "server mysqld[1020]: Sep 16 21:30:26 server mysqld: 030916 21:30:26 [Warning] denied",
            15,
        ),
        ("server mysqld[5906]: 2005-10-07 06:09:42 5907 [Warning] denied", 20),
        ("server mysqld[5906]: 2005-10-08T15:26:18.237955 6 [Note] denied", 20),
        ("server mysqld[1000]: 051009 10:05:30 [Warning] denied ...", 50),
    ])]);
}

#[test]
fn a_year_first_and_a_year_last_do_not_confuse_each_other() {
    same([rows(&[
        ("2012/10/11 02:37:17 [error] 18434#0", 1),
        ("11/10/2012 02:37:17 [error] 18434#0", 10),
        ("2012/10/11 02:37:17 [error] 18434#0", 1),
    ])]);
}

#[test]
fn a_time_that_changes_its_width_and_place_is_still_found() {
    let formats = ["{} test", "  {} test", "test {}", "test   {}"];
    let times = [
        "00:01:02", "00:01:2", "00:1:2", "0:1:2", "00:1:2", "00:01:2", "00:01:02", "0:1:2", "00:01:02",
    ];
    same(["%H:%M:%S", "{UNB}%H:%M:%S", "^%H:%M:%S", "%H:%M:%S$"].map(|pattern| {
        Session::new(
            pattern,
            formats.iter().flat_map(|f| times.map(|time| f.replace("{}", time))),
        )
    }));
}

#[test]
fn an_access_log_with_addresses_of_all_lengths_is_read_as_the_original_reads_it() {
    let clients = [
        "1.2.3.4",
        "192.0.2.1",
        "203.0.113.250",
        "2001:db8::1",
        "2001:db8:1:2:3:4:5:6",
        "é",
    ];
    let users = [
        "-",
        "bob",
        "2020-01-01T00:00:00",
        "Jan 1 00:00:00",
        "20200101T000000",
        "12:00:00",
    ];
    let line = |i: usize| {
        let (client, user) = (clients[i * 7 % clients.len()], users[(i / 5) % users.len()]);
        format!(
            "{client} - {user} [14/Aug/2005:09:{:02}:00 +0000] GET /{i} HTTP/1.1 401 17",
            i % 60
        )
    };
    same([1, 2, 3, 4].map(|step| Session::new("", (0..150).map(|i| line(i * step)))));
}

#[test]
fn a_template_that_was_not_used_for_five_minutes_gives_way() {
    let lines = [
        "x 2005-08-14 10:00:00 y",
        "host x Aug 14 10:00:00 y",
        "a 14/Aug/2005:10:00:00 y",
        "050814 10:00:00 y",
    ];
    let mut now = NOON;
    let mut session = Session::new("", (0..200).map(|i| lines[(i / 9 + i % 3 / 2) % lines.len()]));
    for (index, line) in session.lines.iter_mut().enumerate() {
        now += if index % 23 == 0 { 299 } else { 7 };
        line.0 = now;
    }
    same([session]);
}

/// All sample logs that the package brings, each read from its beginning to its end.
#[test]
fn the_originals_sample_logs_are_dated_as_the_original_dates_them() {
    let logs = std::fs::read_dir(crate::original::sample_logs()).unwrap();
    let texts: Vec<String> = logs
        .map(|log| log.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned())
        .collect();
    assert!(texts.len() > 90, "only {} sample logs", texts.len());
    let read = |pattern: &str| -> Vec<Session> {
        let session = |text: &String| Session::new(pattern, text.lines()).zone("Europe/Zurich");
        texts.iter().map(session).collect()
    };
    same(["", "{^LN-BEG}", "{DATE}"].into_iter().flat_map(read));
}
