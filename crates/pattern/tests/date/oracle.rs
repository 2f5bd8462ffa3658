//! The original, asked for its answers.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use bantam_pattern::Time;
use bantam_pattern::date::Detector;
use jiff::tz::TimeZone;

/// A log with its settings.
#[derive(Debug, Clone)]
pub struct Session {
    /// As in `TZ`.
    pub zone: String,
    pub logtimezone: Option<String>,
    /// Fractions of up to nine digits: taught to the original, so that the rest can be compared.
    pub wide: bool,
    pub datepattern: String,
    /// With the moment at which each is read.
    pub lines: Vec<(i64, String)>,
}

/// What is compared: an answer a line, then the templates with their hits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answers {
    pub lines: Vec<String>,
    pub templates: Vec<String>,
}

impl Session {
    /// The default templates in UTC, at noon of 14 August 2005.
    pub fn new<L: Into<String>>(datepattern: &str, lines: impl IntoIterator<Item = L>) -> Self {
        Session {
            zone: "UTC".to_owned(),
            logtimezone: None,
            wide: true,
            datepattern: datepattern.to_owned(),
            lines: lines.into_iter().map(|line| (NOON, line.into())).collect(),
        }
    }

    pub fn zone(mut self, zone: &str) -> Self {
        self.zone = zone.to_owned();
        self
    }

    pub fn logtimezone(mut self, zone: &str) -> Self {
        self.logtimezone = Some(zone.to_owned());
        self
    }

    pub fn at(mut self, now: i64) -> Self {
        self.lines.iter_mut().for_each(|line| line.0 = now);
        self
    }
}

pub const NOON: i64 = 1_124_013_600;

pub struct Oracle {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Oracle {
    pub fn start() -> Oracle {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/date/oracle.py");
        let mut child = crate::original::python(&script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this test needs python3: apt-get install fail2ban");
        let to = child.stdin.take().unwrap();
        let from = BufReader::new(child.stdout.take().unwrap());
        Oracle { child, to, from }
    }

    pub fn ask(&mut self, session: &Session) -> Answers {
        let mut request = format!(
            "S\t{}\t{}\t{}\t{}\t{}\n",
            session.zone,
            session.lines.first().map_or(NOON, |line| line.0),
            session.logtimezone.as_deref().map_or("-".to_owned(), escaped),
            if session.wide { "wide" } else { "-" },
            escaped(&session.datepattern)
        );
        for (now, line) in &session.lines {
            request.push_str(&format!("L\t{now}\t{}\n", escaped(line)));
        }
        request.push_str("E\n");
        // Answers come while questions are still written: nobody may wait for the other to read.
        let (to, from) = (&mut self.to, &mut self.from);
        std::thread::scope(|scope| {
            scope.spawn(move || to.write_all(request.as_bytes()).and_then(|()| to.flush()).unwrap());
            let lines = session.lines.iter().map(|_| answer(from)).collect();
            let mut templates = Vec::new();
            loop {
                match answer(from) {
                    dot if dot == "." => return Answers { lines, templates },
                    template => templates.push(template),
                }
            }
        })
    }
}

fn answer(from: &mut impl BufRead) -> String {
    let mut line = String::new();
    assert!(
        from.read_line(&mut line).unwrap() > 0,
        "the original's script ended early; is it there? apt-get install fail2ban"
    );
    line.trim_end_matches('\n').to_owned()
}

impl Drop for Oracle {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Our own answers, in the same words.
pub fn ours(session: &Session) -> Answers {
    let mut detector = match Detector::from_pattern(&session.datepattern) {
        Ok(detector) => detector,
        Err(error) => panic!("{error}: {}", session.datepattern),
    };
    detector.set_local_zone(zone(&session.zone));
    detector.set_default_zone(session.logtimezone.as_deref()).unwrap();
    let names: Vec<String> = {
        let mut templates = detector.templates();
        templates.sort_by_key(|template| template.id);
        templates.into_iter().map(|template| template.name).collect()
    };
    let mut lines = Vec::new();
    for (now, line) in &session.lines {
        let found = detector.find(line, Time::from_secs(*now));
        lines.push(found.map_or("- - - - -".to_owned(), |found| {
            let kind = match (found.time, found.zoned) {
                (None, _) => "-",
                (Some(_), true) => "int",
                (Some(_), false) => "float",
            };
            let time = found.time.map_or("-".to_owned(), |time| moment(time, found.zoned));
            let span = found.span;
            format!("{} {} {time} {kind} {}", span.start, span.end, names[found.template])
        }));
    }
    let templates = detector.templates();
    Answers {
        lines,
        templates: templates.iter().map(|t| format!("{} {}", t.hits, t.name)).collect(),
    }
}

/// In microseconds, as the script writes it.
fn moment(time: Time, whole: bool) -> String {
    if time.nanos() >= i64::MAX / 1_000_000_000 * 1_000_000_000 {
        return "clipped".to_owned();
    }
    if whole {
        return time.secs().to_string();
    }
    // Through the number that Python would hold.
    let secs: f64 = time.to_string().parse().unwrap();
    format!("{secs:.6}")
}

/// The zone that `TZ` names.
pub fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).or_else(|_| TimeZone::posix(name)).unwrap()
}

fn escaped(text: &str) -> String {
    let mut out = String::from("\\0");
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c => out.push(c),
        }
    }
    out
}
