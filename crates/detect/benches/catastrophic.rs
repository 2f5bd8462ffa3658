//! How long expressions that explode keep a filter busy on one crafted line, before they are given up.
//!
//! `cargo bench -p bantam-detect --bench catastrophic` prints milliseconds of processor time for lines of different
//! lengths, the best of five, and what became of the line. Nothing is asserted: times are the machine's.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use bantam_detect::{Filter, LineContext, Note, Resolver, Time};
use std::net::IpAddr;
use std::time::Duration;

/// Bytes of the lines.
const LENGTHS: [usize; 4] = [1_000, 10_000, 50_000, 1_000_000];

/// Expression; what the line begins with, is filled with and ends with. Literals that an expression asks for are there,
/// so that none is spared by their absence.
const EXPRESSIONS: &[(&str, [&str; 3])] = &[
    ("^(a+)+$", ["", "a", "b"]),
    ("(a+)+$", ["", "a", "b"]),
    ("^(a|aa)+$", ["", "a", "b"]),
    ("^(?:a|b|ab)*c$", ["", "ab", "cd"]),
    ("^([a-z]+ ?)*$", ["", "ab", "!"]),
    ("(x+x+)+y", ["y", "x", "z"]),
    ("^((a*)*)*$", ["", "a", "b"]),
    (r"^(a*)*\1$", ["", "a", "b"]),
    (r"(.*)\1+x$", ["x", "ab", "c"]),
    (r"^(?:(a+)\1)+$", ["", "a", "b"]),
    (r"^(?=(a+)+b)", ["", "a", "cb"]),
    (r"(?=(?:.*a)+b)", ["b", "a", "c"]),
    (r"^(?:(?!b).)*(?:(?!c).)*d$", ["d", "a", "e"]),
    (".*.*.*x$", ["x", "a", "b"]),
    (r"\s*\w+\s*\w+\s*\w+;", [";", "a", "b"]),
    (r"^(?:.*?,){40}P", ["P", "1,", "x"]),
    (r"(\w+\s?)*from [\d.]+$", ["from ", "a ", "!"]),
    (r"^(ü|üü)+$", ["", "ü", "b"]),
    (r"(?i)^(ab|a|b)*c", ["", "aB", "dc"]),
    (r"^(a)?(?:(?(1)a|b)|a)+$", ["", "a", "b"]),
];

fn main() {
    print!("{:<34} {:<10}", "expression", "as");
    for length in LENGTHS {
        print!("{length:>14}");
    }
    println!();
    for &(expression, [begin, filling, end]) in EXPRESSIONS {
        for option in ["failregex", "prefregex", "ignoreregex", "datepattern"] {
            let Some(mut filter) = filter(option, expression) else {
                continue;
            };
            print!("{expression:<34} {option:<10}");
            for length in LENGTHS {
                let line = format!("{begin}{}{end}", filling.repeat(length / filling.len()));
                let (time, limited) = (0..5).map(|_| judge(&mut filter, &line)).min().unwrap();
                let mark = if limited { '!' } else { ' ' };
                print!("{:>10.2} ms{mark}", time.as_secs_f64() * 1e3);
            }
            println!();
        }
    }
    println!("\n! given up, and noted");
}

/// A filter with the expression as one of its options; none where it cannot be one.
fn filter(option: &str, expression: &str) -> Option<Filter> {
    let mut filter = Filter::new();
    if option != "datepattern" {
        filter.set_datepattern("{NONE}").unwrap();
    }
    match option {
        "failregex" => filter.add_failregex(&format!("(?:{expression})<F-ID></F-ID>")).ok()?,
        "prefregex" => {
            filter.set_prefregex(expression).ok()?;
            filter.add_failregex("(?P<fid>.)").ok()?;
        }
        "ignoreregex" => {
            filter.add_ignoreregex(expression).ok()?;
            filter.add_failregex("(?P<fid>.)").ok()?;
        }
        _ => {
            filter.set_datepattern(expression).ok()?;
            filter.add_failregex("(?P<fid>.)").ok()?;
        }
    }
    Some(filter)
}

/// How long a line takes, and whether an expression was given up on it.
fn judge(filter: &mut Filter, line: &str) -> (Duration, bool) {
    let mut context = LineContext {
        now: Time::from_secs_f64(1e9),
        in_operation: true,
        findtime: None,
        resolver: &mut Nobody,
    };
    let mut notes = Vec::new();
    let begin = thread_time();
    filter.judge(line.as_bytes(), &mut context, &mut notes);
    let time = thread_time().saturating_sub(begin);
    (time, notes.iter().any(|note| matches!(note, Note::Limit { .. })))
}

/// What this thread has used; other work of the machine does not count.
fn thread_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}

struct Nobody;

impl Resolver for Nobody {
    fn addresses(&mut self, _: &str) -> Vec<IpAddr> {
        Vec::new()
    }
}
