//! What each step of a line's way costs by itself, in this process, over the crates: nanoseconds per line.
use crate::figures::{Better, Findings, Row};
use crate::looking_back::guide_filter;
use bantam_detect::{Filter, LineContext, Resolver, Time};
use bantam_pattern::date::Detector;
use bantam_pattern::tags::{UseDns, expand};
use bantam_pattern::{Options, Regex};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use std::fmt::Write as _;
use std::io::Read;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

/// How much is read at once.
const BLOCK: usize = 1 << 20;

/// All steps, on a log of normal traffic and one in which every line matches.
pub fn measure(normal: &Path, flood: &Path, rounds: usize) -> Findings {
    let cores = sched_getaffinity(None).expect("the cores of this process");
    let mut one = CpuSet::new();
    one.set(crate::process::core());
    sched_setaffinity(None, &one).expect("stay on one core");
    let rows = steps(normal, flood, rounds);
    sched_setaffinity(None, &cores).expect("use all cores");
    let mut text = "In one process, nothing else running; normal traffic unless a flood (every line matching) is \
                    named. The whole is less than the sum: what one step settles spares the next.\n\n\
                    | step | ns per line |\n|---|---|\n"
        .to_owned();
    for row in &rows {
        let _ = writeln!(
            text,
            "| {} | {} |",
            row.what,
            crate::figures::number(row.bantam.median())
        );
        eprintln!("{}: {:.1} ns", row.what, row.bantam.median());
    }
    Findings {
        details: vec![("Step by step".to_owned(), text)],
        ..Findings::default()
    }
}

fn steps(normal: &Path, flood: &Path, rounds: usize) -> Vec<Row> {
    let (text, hits) = (read(normal), read(flood));
    let (fail, ignore, date) = guide();
    let mut rows = Vec::new();
    let mut add = |what: &str, lines: usize, work: &mut dyn FnMut() -> usize| {
        let mut row = Row::new(what, "ns", Better::Less, None);
        work();
        for _ in 0..rounds {
            let begun = thread_time();
            std::hint::black_box(work());
            row.bantam
                .extend([thread_time().saturating_sub(begun).as_secs_f64() * 1e9 / lines as f64]);
        }
        rows.push(row);
    };
    let (count, hit_count) = (lines(&text).count(), lines(&hits).count());
    add("reading, in blocks of 1 MiB", count, &mut || reading(normal));
    add("cutting all lines", count, &mut || lines(&text).map(<[u8]>::len).sum());
    let mut nothing = filter(&[r#""OriginStatus":418,.*"ClientHost":"<HOST>""#], &[], &date);
    add("prefilter, nothing to be found", count, &mut || {
        judge(&mut nothing, &text)
    });
    let mut detector = Detector::from_pattern(&date).expect("the guide's date");
    add("date, the guide's pattern", count, &mut || dates(&mut detector, &text));
    let mut detector = Detector::defaults();
    add("date, default templates", count, &mut || dates(&mut detector, &text));
    let source = expand(&fail, UseDns::Warn, false).expect("the guide's expression");
    let regex = Regex::new(&source, Options::default()).expect("the guide's expression");
    add("expression, as planned, captures taken (flood)", hit_count, &mut || {
        captures(&regex, &hits)
    });
    // What it must not be followed by keeps it from being a chain of literals.
    let engine = Regex::new(&format!("{source}(?!\\n\\n)"), Options::default()).expect("an expression");
    add("expression, the same with a look-ahead (flood)", hit_count, &mut || {
        captures(&engine, &hits)
    });
    let mut whole = filter(&[&fail], &[&ignore], &date);
    add("all of it", count, &mut || judge(&mut whole, &text));
    let mut whole = filter(&[&fail], &[&ignore], &date);
    add("all of it (flood)", hit_count, &mut || judge(&mut whole, &hits));
    rows
}

/// failregex, ignoreregex and datepattern of the guide's filter; each is one line, and only percent signs are doubled.
fn guide() -> (String, String, String) {
    let text = std::fs::read_to_string(guide_filter()).expect("the guide's filter");
    let of = |name: &str| {
        let value = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix('='));
        value.expect("an option").trim().replace("%%", "%")
    };
    (of("failregex"), of("ignoreregex"), of("datepattern"))
}

fn filter(fail: &[&str], ignore: &[&str], date: &str) -> Filter {
    let mut filter = Filter::new();
    filter.set_datepattern(date).expect("a date pattern");
    filter.set_keep_records(false);
    for expression in fail {
        filter.add_failregex(expression).expect("an expression");
    }
    for expression in ignore {
        filter.add_ignoreregex(expression).expect("an expression");
    }
    filter
}

fn judge(filter: &mut Filter, text: &[u8]) -> usize {
    let mut context = LineContext {
        now: Time::from_secs_f64(1_790_000_000.0),
        in_operation: true,
        findtime: None,
        resolver: &mut Nobody,
    };
    let (mut failures, mut notes) = (Vec::new(), Vec::new());
    let mut found = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.len().min(BLOCK);
        let end = memchr::memrchr(b'\n', &rest[..end]).map_or(end, |at| at + 1);
        filter.process_block(&rest[..end], &mut context, &mut failures, &mut notes);
        found += failures.len();
        failures.clear();
        rest = &rest[end..];
    }
    found
}

fn dates(detector: &mut Detector, text: &[u8]) -> usize {
    let now = Time::from_secs_f64(1_790_000_000.0);
    lines(text)
        .filter_map(|line| std::str::from_utf8(line).ok())
        .filter(|line| detector.find(line, now).is_some())
        .count()
}

fn captures(regex: &Regex, text: &[u8]) -> usize {
    lines(text)
        .filter_map(|line| std::str::from_utf8(line).ok())
        .filter(|line| matches!(regex.captures(line), Ok(Some(_))))
        .count()
}

fn reading(file: &Path) -> usize {
    let mut file = std::fs::File::open(file).expect("the log");
    let (mut block, mut size) = (vec![0; BLOCK], 0);
    loop {
        match file.read(&mut block).expect("read the log") {
            0 => return size,
            read => size += read,
        }
    }
}

fn read(file: &Path) -> Vec<u8> {
    std::fs::read(file).expect("the log")
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut from = 0;
    memchr::memchr_iter(b'\n', text).map(move |end| {
        let line = &text[from..end];
        from = end + 1;
        line
    })
}

/// What this thread has used; other work of the machine does not count.
fn thread_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.try_into().unwrap_or(0))
}

struct Nobody;

impl Resolver for Nobody {
    fn addresses(&mut self, _: &str) -> Vec<IpAddr> {
        Vec::new()
    }
}
