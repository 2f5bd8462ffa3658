//! Processor time: of one expression on the lines that it is asked about, and of the whole filter.
use super::sampling::Sample;
use crate::regex::run::Trial;
use bantam_detect::{LineContext, Resolver, Time};
use bantam_pattern::Regex;
use std::net::IpAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What an expression costs.
#[derive(Debug, Clone, Default)]
pub struct Costs {
    /// All lines of the sample.
    pub lines: usize,
    /// Lines that came as far as this expression.
    pub asked: usize,
    /// Of these, lines that hold its literal, and so are searched.
    pub searched: usize,
    pub matched: usize,
    /// Lines on which the search was given up.
    pub given_up: usize,
    /// Lines that were measured before time was up, the first of those asked about.
    pub measured: usize,
    /// Processor time for these.
    pub spent: Duration,
}

impl Costs {
    /// For one line that it is asked about.
    pub fn each(&self) -> f64 {
        self.spent.as_secs_f64() * 1e9 / self.measured.max(1) as f64
    }

    /// For one line of the log, asked about or not.
    pub fn nanoseconds(&self) -> f64 {
        self.each() * self.asked as f64 / self.lines.max(1) as f64
    }
}

/// Asks an expression about texts until time is up; `matched` is called with the place of each that matches.
pub fn measure<'t>(
    regex: &Regex,
    texts: impl Iterator<Item = (usize, &'t str)>,
    budget: Duration,
    mut outcome: impl FnMut(usize, bool),
) -> Costs {
    let mut costs = Costs::default();
    let begin = processor_time();
    let mut captures = bantam_pattern::Captures::default();
    let mut is_over = false;
    for (index, text) in texts {
        costs.asked += 1;
        if is_over {
            continue;
        }
        let found = regex.captures_into(text, 0, &mut captures);
        costs.measured += 1;
        costs.given_up += usize::from(found.is_err());
        let found = found == Ok(true);
        costs.matched += usize::from(found);
        outcome(index, found);
        is_over = costs.measured.is_multiple_of(16) && processor_time().saturating_sub(begin) > budget;
    }
    costs.spent = processor_time().saturating_sub(begin);
    costs
}

/// The processor time of the whole filter for a line, in nanoseconds, as the daemon runs it.
/// Nothing is said of few lines, where getting ready weighs most.
pub fn whole(trial: &mut Trial<'_>, sample: &Sample) -> Option<f64> {
    if sample.is_journal {
        return None;
    }
    let mut block = Vec::with_capacity(usize::try_from(sample.bytes).unwrap_or(0));
    for line in &sample.lines {
        block.extend_from_slice(line.as_bytes());
        block.push(b'\n');
    }
    let mut resolver = Nobody;
    let mut context = context(&mut resolver);
    let (mut failures, mut notes) = (Vec::new(), Vec::new());
    let begin = processor_time();
    let mut done = 0;
    for part in parts(&block) {
        trial
            .filter
            .process_block(part, &mut context, &mut failures, &mut notes);
        failures.clear();
        done += memchr::memchr_iter(b'\n', part).count();
        if processor_time().saturating_sub(begin) > BUDGET {
            break;
        }
    }
    let spent = processor_time().saturating_sub(begin);
    (done >= FEWEST).then(|| spent.as_secs_f64() * 1e9 / done as f64)
}

/// Of fewer lines nothing is said.
const FEWEST: usize = 500;
/// Longest that the whole filter is measured.
const BUDGET: Duration = Duration::from_secs(3);

/// Blocks of whole lines, as the daemon reads them.
fn parts(block: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = block;
    std::iter::from_fn(move || {
        let upto = rest.len().min(1 << 18);
        let end = memchr::memchr(b'\n', rest.get(upto.checked_sub(1)?..)?)? + upto;
        let (part, after) = rest.split_at_checked(end)?;
        rest = after;
        Some(part)
    })
}

/// Names are not resolved: that is not what is measured.
pub struct Nobody;

impl Resolver for Nobody {
    fn addresses(&mut self, _name: &str) -> Vec<IpAddr> {
        Vec::new()
    }
}

/// The circumstances of a line.
pub fn context(resolver: &mut dyn Resolver) -> LineContext<'_> {
    LineContext {
        now: now(),
        in_operation: true,
        findtime: None,
        resolver,
    }
}

pub fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    Time::from_secs_f64(since.map_or(0.0, |time| time.as_secs_f64()))
}

/// Processor time of this thread; other work of the machine does not count.
pub fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or(0),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}
