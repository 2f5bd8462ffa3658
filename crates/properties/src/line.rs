//! Blocks of log lines, through filters such as people have.

use bantam_detect::{Failure, Filter, LineContext, Resolver, Time};
use bantam_pattern::PatternError;
use std::net::{IpAddr, Ipv4Addr};

/// 2026-01-08 14:20:00 UTC
const NOW: i64 = 1_767_882_000;

type SetUp = fn(&mut Filter) -> Result<(), PatternError>;

/// One for each kind of way that a line can go.
const FILTERS: [SetUp; 6] = [json, sshd, tracked, defaults, window, undated];

/// Judged in one block, lines give the failures that they give one by one, and each failure is of a kind that a jail can
/// count.
///
/// Input: a byte that chooses the filter, one for the circumstances, then the log; `\x1e` sets its blocks apart.
pub fn line(data: &[u8]) {
    let [choice, circumstances, log @ ..] = data else {
        return;
    };
    let Some(set_up) = FILTERS.get(usize::from(*choice) % FILTERS.len()) else {
        return;
    };
    let (mut by_line, mut by_block) = (Filter::new(), Filter::new());
    for filter in [&mut by_line, &mut by_block] {
        let made = set_up(filter);
        assert!(made.is_ok(), "{made:?}");
    }
    let (mut expected, mut got) = (Vec::new(), Vec::new());
    for block in log.split(|byte| *byte == 0x1e) {
        let block = block.strip_suffix(b"\n").unwrap_or(block);
        let mut resolver = Names;
        let mut context = context(&mut resolver, *circumstances);
        let mut notes = Vec::new();
        let mut whole = Vec::new();
        for line in block.split(|byte| *byte == b'\n') {
            by_line.process(line, &mut context, &mut expected, &mut notes);
            whole.extend_from_slice(line);
            whole.push(b'\n');
        }
        by_block.process_block(&whole, &mut context, &mut got, &mut notes);
        assert_eq!(by_line.last_date(), by_block.last_date());
    }
    assert_eq!(expected, got);
    expected.iter().for_each(assert_countable);
}

fn assert_countable(failure: &Failure) {
    assert!(failure.attempts > 0);
    assert!(!failure.id.to_string().is_empty());
    for line in failure.evidence.matches() {
        assert!(!line.date.contains('\n'), "{line:?}");
    }
}

fn context(resolver: &mut Names, circumstances: u8) -> LineContext<'_> {
    LineContext {
        now: Time::from_secs(NOW + i64::from(circumstances >> 4) * 40),
        in_operation: circumstances & 1 == 1,
        findtime: (circumstances & 2 == 2).then_some(180.0),
        resolver,
    }
}

/// Some names have an address.
struct Names;

impl Resolver for Names {
    fn addresses(&mut self, name: &str) -> Vec<IpAddr> {
        match name.len() {
            5 => vec![Ipv4Addr::new(192, 0, 2, 5).into()],
            7 => vec![Ipv4Addr::new(192, 0, 2, 7).into(), Ipv4Addr::new(192, 0, 2, 8).into()],
            _ => Vec::new(),
        }
    }
}

/// An access log of JSON, whose uninteresting lines are skipped by their literals.
fn json(filter: &mut Filter) -> Result<(), PatternError> {
    filter.set_datepattern(r#""StartLocal"\s*:\s*"%Y-%m-%d[T]%H:%M:%S\.%f\d*(%z)?","#)?;
    filter.set_log_timezone(Some("UTC"))?;
    filter.add_failregex(
        r#"^{"ClientHost":"<HOST>",.*"OriginStatus":(405|404|401),.*"RequestPath":"<F-PATH>.*</F-PATH>",.*}$"#,
    )?;
    filter.add_ignoreregex(r#""RequestPath":"[^"]*\.(png|js)""#)
}

/// A prefix first, then what remains.
fn sshd(filter: &mut Filter) -> Result<(), PatternError> {
    filter.set_prefregex(r"^\s*(?:\S+ )?sshd(?:\[\d+\])?:?\s+<F-CONTENT>.+</F-CONTENT>$")?;
    filter.add_failregex(
        r"^Failed (?:password|publickey) for (?:invalid user )?<F-USER>.*?</F-USER> from <HOST>(?: port \d+)?$",
    )?;
    filter.add_failregex(r"^Invalid user <F-USER>.*</F-USER> from <ADDR>\s*$")?;
    filter.add_failregex(r"^banner from <F-ALT_USER>\S+</F-ALT_USER> <SUBNET>$")?;
    filter.add_ignoreregex("from 192.0.2.99")
}

/// Lines that belong together by the name of a connection.
fn tracked(filter: &mut Filter) -> Result<(), PatternError> {
    filter.set_prefregex(r"^<F-MLFID>\w+\[\d+\]</F-MLFID>: <F-CONTENT>.+</F-CONTENT>$")?;
    filter.add_failregex(r"^<F-NOFAIL>connect</F-NOFAIL> from <HOST>$")?;
    filter.add_failregex(r"^wrong <F-USER>\S*</F-USER>$")?;
    filter.add_failregex(r"^<F-MLFGAINED>welcome</F-MLFGAINED> <F-USER>\S+</F-USER>$")?;
    filter.add_failregex(r"^<F-MLFFORGET><F-NOFAIL>bye</F-NOFAIL></F-MLFFORGET>$")
}

/// All default date templates.
fn defaults(filter: &mut Filter) -> Result<(), PatternError> {
    filter.set_use_dns(bantam_pattern::tags::UseDns::No);
    filter.add_failregex(r"\[client <HOST>\] (?:user )?<F-USER>\S*</F-USER> denied")?;
    filter.add_failregex(r"^<F-ID>\w+</F-ID> refused$")
}

/// Several lines at once.
fn window(filter: &mut Filter) -> Result<(), PatternError> {
    filter.set_max_lines(4)?;
    filter.add_failregex(r"^begin <F-USER>\w+</F-USER><SKIPLINES>^end (?P=user) from <HOST>$")?;
    filter.add_failregex(r"^alone <HOST>")
}

/// Dates in seconds since 1970, which may be missing.
fn undated(filter: &mut Filter) -> Result<(), PatternError> {
    filter.set_datepattern("^EPOCH\n{NONE}")?;
    filter.add_failregex(r"failed from <HOST> (a|b)*c$")?;
    filter.add_ignoreregex("^ignored")
}
