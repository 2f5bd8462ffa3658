//! What one line may cost all expressions together.
//!
//! Lines are written by attackers, and a jail has many expressions: a limit for each would be paid as often as there
//! are expressions. So whoever judges a line says where this begins and ends ([`LineBudget`]), and all searches on this
//! thread in between draw on one budget: one third of the line's is for its date, the rest for the filter's
//! expressions, which are not to suffer from what the search for a date took. A search outside of any line has a budget
//! of its own.
//!
//! An honest line never reads a slow clock. Searches pay by counted work from a small credit; when that is used up the
//! wall clock is read, which is cheap, and runs at least as fast as the processor's time. Only when the wall clock says
//! that the line takes long, the thread's processor time counts from there on: a busy host does not change what
//! matches. Of what is left each search gets at most half, so that an expression that explodes does not hide a match
//! of those behind it. When all is used up, the line's other expressions are not tried any more.
//!
//! A very long line is another matter: a single look through it takes its time, and whoever judges it takes many. So the
//! processor time counts from the moment at which it is decoded ([`LongLine`]), for everything that is done with it,
//! and grows hardly with its length. Searches through it are made in slices, between which the clock is looked at
//! ([`crate::slices`]), and PCRE2's scans in portions (see [`crate::print`]).
use std::cell::Cell;
use std::marker::PhantomData;

/// Wall time that a line may take before its processor time is looked at, in nanoseconds.
const QUIET: u64 = 80_000;
/// Processor time that may follow.
const TIME: u64 = 180_000;
/// Processor time after that in which an expression is still tried, though not for long.
const LAST: u64 = 100_000;
/// More of each for so many bytes: what is linear takes its time honestly.
const BYTES_PER_NANO: u64 = 2;
/// What a search gets in any case when there is not much left.
const LEAST: u64 = 10_000;
/// Processor time of a search outside of a line, and more for each byte.
const ALONE: u64 = 2_000_000;
const ALONE_PER_BYTE: u64 = 100;
/// Work between two looks at a clock; a unit is a few nanoseconds.
const CREDIT: u32 = 16_384;
/// Work that a first try may take, and more for each byte, which is some sixty scans.
const LITTLE: u32 = 16_384;
const LITTLE_PER_BYTE: u32 = 8;
/// The clock of longer lines runs from their beginning.
const LONG: usize = 4096;
/// Lines from this length on have one clock for everything …
const VERY_LONG: usize = 32 << 10;
/// … for so long, in nanoseconds of processor time, and this much more for a megabyte.
const LONG_TIME: u64 = 550_000;
const LONG_TIME_PER_MEGABYTE: u64 = 200_000;
/// What their expressions get of it in any case; their dates get no more than half.
const LONG_LEAST: u64 = 4;
/// What a scan of such a line counts for, which is stopped after a part of it.
const LONG_SCAN: u32 = CREDIT / 2;
/// How much slower PCRE2's interpreter is.
const INTERPRETER: u64 = 20;
/// Which part of the line's budget the search for its date has.
const DATE: u64 = 1;
const WHOLE: u64 = 3;
/// How much slower the program is when built without optimizations.
const BUILD: u64 = if cfg!(debug_assertions) && !cfg!(test) { 10 } else { 1 };

/// The same where it looks at each byte of a very long line.
const LONG_BUILD: u64 = if cfg!(debug_assertions) && !cfg!(test) { 400 } else { 1 };

thread_local! {
    static LINE: Cell<Option<Meter>> = const { Cell::new(None) };
    /// The credit of that line as long as no clock counts for it, so that most searches need nothing else.
    static CREDIT_LEFT: Cell<u32> = const { Cell::new(0) };
    static LONG_LINE_END: Cell<Option<u64>> = const { Cell::new(None) };
}

/// The line that this thread is at.
#[inline]
fn line() -> Option<Meter> {
    let mut line = LINE.get();
    if let Some(meter) = line.as_mut().filter(|meter| meter.end.is_none()) {
        meter.credit = CREDIT_LEFT.get();
    }
    line
}

/// Leaves the line as the thread's, or none.
fn set_line(line: Option<Meter>) {
    let free = line.as_ref().filter(|meter| meter.end.is_none());
    CREDIT_LEFT.set(free.map_or(0, |meter| meter.credit));
    LINE.set(line);
}

/// Pays for so much work of a search if the line's credit suffices and no clock counts for it.
#[inline]
pub(crate) fn pay(work: u32) -> bool {
    let left = CREDIT_LEFT.get().checked_sub(work);
    left.is_some_and(|left| {
        CREDIT_LEFT.set(left);
        true
    })
}

/// Whether a line or text is one through which a single look takes its time.
pub fn is_very_long(length: usize) -> bool {
    length >= VERY_LONG
}

/// While it lives, all that this thread does with a very long line counts; of other lines it knows nothing.
#[derive(Debug)]
pub struct LongLine {
    outer: Option<u64>,
    /// It belongs to its thread.
    thread: PhantomData<*const ()>,
}

impl LongLine {
    /// A line of so many bytes is going to be decoded and judged. `first`: by somebody who has never seen any, so that
    /// memory is not there yet and tables are not made.
    #[inline]
    pub fn begin(length: usize, first: bool) -> Option<LongLine> {
        is_very_long(length).then(|| {
            let time = long_time(length) * if first { 2 } else { 1 };
            let end = clock::thread().saturating_add(time);
            LongLine {
                outer: LONG_LINE_END.replace(Some(end)),
                thread: PhantomData,
            }
        })
    }
}

impl Drop for LongLine {
    fn drop(&mut self) {
        LONG_LINE_END.set(self.outer);
    }
}

/// What a very long line may take.
fn long_time(length: usize) -> u64 {
    let more = ((length as u64).min(1 << 20) * LONG_TIME_PER_MEGABYTE) >> 20;
    (LONG_TIME + more) * LONG_BUILD
}

/// While it lives, all searches of this thread share one budget.
#[derive(Debug)]
pub struct LineBudget {
    /// That of the line in whose midst this one is judged, which is rare.
    outer: Option<Box<Meter>>,
    /// It belongs to its thread.
    thread: PhantomData<*const ()>,
}

impl LineBudget {
    /// The search for the date begins in a line of so many bytes.
    pub fn date(length: usize) -> LineBudget {
        Self::begin(length, DATE)
    }

    /// The filter's expressions come next.
    pub fn expressions(length: usize) -> LineBudget {
        Self::begin(length, WHOLE - DATE)
    }

    fn begin(length: usize, part: u64) -> LineBudget {
        let outer = line().map(Box::new);
        set_line(Some(Meter::line(length, part)));
        let thread = PhantomData;
        LineBudget { outer, thread }
    }
}

impl Drop for LineBudget {
    fn drop(&mut self) {
        set_line(self.outer.as_deref().copied());
    }
}

/// Does what this thread's line is not to blame for: the program itself has to make something first, which happens once.
pub fn uncounted<T>(work: impl FnOnce() -> T) -> T {
    let runs = |meter: &Meter| meter.quiet_until.is_some() || meter.end.is_some();
    if !LINE.get().as_ref().is_some_and(runs) && LONG_LINE_END.get().is_none() {
        return work();
    }
    let (wall, thread) = (clock::wall(), clock::thread());
    let done = work();
    let later = |time: u64, took: u64| time.saturating_add(took);
    let (wall, thread) = (
        clock::wall().saturating_sub(wall),
        clock::thread().saturating_sub(thread),
    );
    LONG_LINE_END.set(LONG_LINE_END.get().map(|time| later(time, thread)));
    if let Some(mut meter) = line() {
        meter.quiet_until = meter.quiet_until.map(|time| later(time, wall));
        meter.end = meter.end.map(|time| later(time, thread));
        set_line(Some(meter));
    }
    done
}

/// Whether work of our own on this thread's line may go on after it has done so much more. Without a line always.
pub(crate) fn may_work(work: u32) -> bool {
    if pay(work) {
        return true;
    }
    let Some(meter) = line() else {
        return true;
    };
    let mut allowance = Allowance {
        meter,
        until: meter.end,
        scan: 0,
        little: None,
    };
    let may = allowance.may_work(work);
    allowance.end();
    may
}

/// Whether there is time for one more look at a text of this length, which is only asked where that takes long. Without
/// a line always.
#[inline]
pub fn may_look(length: usize) -> bool {
    !is_very_long(length) || has_time()
}

/// Whether the line at hand, if it is a very long one, has any time left.
#[cold]
pub(crate) fn has_time() -> bool {
    let meter = LINE.get().filter(|meter| meter.long.is_some());
    meter
        .and_then(|meter| meter.end)
        .is_none_or(|end| clock::thread() <= end)
}

/// The budget of a line, or of a search outside of one.
#[derive(Debug, Clone, Copy)]
struct Meter {
    shared: bool,
    /// Work left until a clock is looked at.
    credit: u32,
    /// More time for a long line.
    extra: u64,
    /// Which part of the line's budget this is.
    part: u64,
    /// How much slower than usual searches are.
    slowness: u64,
    /// What a very long line has.
    long: Option<u64>,
    /// On the wall clock; known after the first look.
    quiet_until: Option<u64>,
    /// Of the thread's processor time; known when it began to count.
    end: Option<u64>,
}

impl Meter {
    fn line(length: usize, part: u64) -> Meter {
        let mut meter = Meter {
            shared: true,
            credit: CREDIT,
            extra: length as u64 / BYTES_PER_NANO,
            part,
            slowness: BUILD,
            long: None,
            quiet_until: None,
            end: None,
        };
        if is_very_long(length) {
            let (now, all) = (clock::thread(), long_time(length));
            let end = LONG_LINE_END.get().unwrap_or_else(|| now.saturating_add(all));
            meter.long = Some(all);
            meter.end = Some(match part {
                DATE => end.min(now.saturating_add(all / 2)),
                _ => end.max(now.saturating_add(all / LONG_LEAST)),
            });
        } else if length >= LONG {
            meter.quiet_until = Some(clock::wall().saturating_add(meter.quiet()));
        }
        meter
    }

    fn alone(length: usize) -> Meter {
        Meter {
            shared: false,
            credit: CREDIT,
            extra: (length as u64).saturating_mul(match is_very_long(length) {
                // It is looked through slice by slice, by this program itself.
                true => ALONE_PER_BYTE * LONG_BUILD,
                false => ALONE_PER_BYTE,
            }),
            part: WHOLE,
            slowness: 1,
            long: None,
            quiet_until: None,
            end: None,
        }
    }

    /// Searches are slower from here on.
    fn interpreted(&mut self) {
        let slowness = INTERPRETER * if self.shared { BUILD } else { 1 };
        if let (Some(long), Some(end)) = (self.long, &mut self.end)
            && self.slowness < slowness
        {
            *end = end.saturating_add(long.saturating_mul(INTERPRETER - 1));
        }
        self.slowness = slowness;
    }

    /// So much of a time as this line may take.
    fn allotted(&self, time: u64) -> u64 {
        let all = time.saturating_add(self.extra).saturating_mul(self.slowness);
        all.saturating_mul(self.part) / WHOLE
    }

    fn quiet(&self) -> u64 {
        self.allotted(QUIET)
    }

    /// Begins to count the processor time, or goes on.
    fn end_at(&mut self, now: u64) -> u64 {
        let time = self.allotted(if self.shared { TIME } else { ALONE });
        *self.end.get_or_insert(now.saturating_add(time))
    }

    /// When a search that goes on now has to end.
    fn share(&mut self, now: u64) -> u64 {
        let end = self.end_at(now);
        if !self.shared {
            return end;
        }
        let left = end.saturating_sub(now);
        let most = match self.long {
            // It may take all that to go through the line once.
            Some(_) => left - left / 8,
            None => left / 2,
        };
        now.saturating_add(most.max(LEAST.saturating_mul(self.slowness)))
    }

    /// Whether nothing is tried any more.
    fn is_spent(&self, now: u64) -> bool {
        let last = match self.long {
            Some(_) => 0,
            None => self.allotted(LAST),
        };
        self.end.is_some_and(|end| now > end.saturating_add(last))
    }
}

/// One search, and what it may still take.
#[derive(Debug)]
pub(crate) struct Allowance {
    meter: Meter,
    /// Of the thread's processor time, when that counts.
    until: Option<u64>,
    /// What one scan of the text counts for.
    scan: u32,
    /// Work left of a first try.
    little: Option<u32>,
}

/// Nothing is left of the line's budget.
#[derive(Debug)]
pub(crate) struct Spent;

impl Allowance {
    /// Begins a search in a text; `interpreted`: without machine code.
    #[inline]
    pub fn begin(length: usize, interpreted: bool) -> Result<Allowance, Spent> {
        let meter = line().unwrap_or_else(|| Meter::alone(length));
        let allowance = Allowance {
            meter,
            until: None,
            scan: match is_very_long(length) {
                true => LONG_SCAN,
                false => u32::try_from(8 + length / 8).unwrap_or(u32::MAX),
            },
            little: None,
        };
        match meter.end.is_some() || interpreted {
            true => allowance.on_the_clock(interpreted),
            false => Ok(allowance),
        }
    }

    /// What it is where the processor time counts, or where a search is slow.
    #[cold]
    fn on_the_clock(mut self, interpreted: bool) -> Result<Allowance, Spent> {
        if interpreted {
            self.meter.interpreted();
        }
        if self.meter.end.is_some() {
            let now = clock::thread();
            if self.meter.is_spent(now) {
                return Err(Spent);
            }
            self.until = Some(self.meter.share(now));
        }
        Ok(self)
    }

    /// Whether the search may scan the text once more.
    pub fn may_scan(&mut self) -> bool {
        self.may_work(self.scan)
    }

    /// The search is a first try: what takes longer is first given to something else.
    pub fn only_a_little(&mut self, length: usize) {
        let more = u32::try_from(length)
            .unwrap_or(u32::MAX)
            .saturating_mul(LITTLE_PER_BYTE);
        self.little = Some(LITTLE.saturating_add(more));
    }

    /// Whether it is only a first try.
    pub fn is_little(&self) -> bool {
        self.little.is_some()
    }

    /// Whether the search may do so much more.
    pub fn may_work(&mut self, work: u32) -> bool {
        if let Some(little) = &mut self.little {
            match little.checked_sub(work) {
                Some(left) => *little = left,
                None => return false,
            }
        }
        if let Some(left) = self.meter.credit.checked_sub(work) {
            self.meter.credit = left;
            return true;
        }
        self.meter.credit = CREDIT;
        if self.meter.end.is_none() {
            let now = clock::wall();
            let quiet = self.meter.quiet();
            if now <= *self.meter.quiet_until.get_or_insert(now.saturating_add(quiet)) {
                return true;
            }
        }
        self.left().is_some()
    }

    /// Makes processor time count and tells what of it is left for this search, in nanoseconds, and what the clock
    /// says; none if nothing is left.
    pub fn left(&mut self) -> Option<(u64, u64)> {
        let now = clock::thread();
        let until = match self.until {
            Some(until) => until,
            None => *self.until.insert(self.meter.share(now)),
        };
        Some((until.checked_sub(now)?, now))
    }

    /// The search is over; the line's next one goes on from here.
    pub fn end(self) {
        if self.meter.shared {
            set_line(Some(self.meter));
        }
    }
}

/// Clocks, in nanoseconds.
#[cfg(not(test))]
mod clock {
    use rustix::time::{ClockId, Timespec, clock_gettime};

    pub(super) fn wall() -> u64 {
        nanos(clock_gettime(ClockId::Monotonic))
    }

    /// Processor time that this thread has used. Unlike a wall clock it stands still while the machine does other
    /// work.
    pub(super) fn thread() -> u64 {
        nanos(clock_gettime(ClockId::ThreadCPUTime))
    }

    fn nanos(time: Timespec) -> u64 {
        let of = |number: i64| u64::try_from(number).unwrap_or(0);
        of(time.tv_sec)
            .saturating_mul(1_000_000_000)
            .saturating_add(of(time.tv_nsec))
    }
}

/// Clocks that go on by a step with each look, so that tests count looks instead of taking time.
#[cfg(test)]
pub(crate) mod clock {
    use std::cell::Cell;

    /// As many nanoseconds go by between two looks.
    pub(crate) const STEP: u64 = 20_000;

    thread_local! {
        static LOOKS: Cell<u64> = const { Cell::new(1) };
    }

    pub(super) fn wall() -> u64 {
        thread()
    }

    pub(super) fn thread() -> u64 {
        LOOKS.set(LOOKS.get() + 1);
        LOOKS.get() * STEP
    }

    /// Looks that this thread has taken.
    pub(crate) fn looks() -> u64 {
        LOOKS.get()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::{LimitHit, Options, Regex};

    /// Looks at a clock that a line's whole budget allows.
    const ALL: u64 = (QUIET + TIME + LAST) / clock::STEP;

    /// Expressions that explode on `aaaa…!`, each in its own way.
    fn exploding(count: usize) -> Vec<Regex> {
        let kinds = [
            "^(a+)+$",
            "(a|a)*b|(a+)+$",
            r"(.*)(.*)(.*)\1\2x!?$",
            ".*.*.*x!?$",
            "^(a|aa)+$",
            "^([a-z]+ ?)*$",
        ];
        let sources = kinds.iter().cycle().take(count);
        sources.map(|source| ready(source)).collect()
    }

    /// The first search makes machine code.
    fn ready(source: &str) -> Regex {
        let expression = Regex::engine_only(source, Options::default()).unwrap();
        assert_eq!(expression.is_match("?"), Ok(false));
        expression
    }

    fn looks_of(expressions: &[Regex], text: &str, budget: Option<LineBudget>) -> (u64, Vec<Result<bool, LimitHit>>) {
        let before = clock::looks();
        let found = expressions.iter().map(|expression| expression.is_match(text)).collect();
        drop(budget);
        (clock::looks() - before, found)
    }

    #[test]
    fn twenty_expressions_that_explode_share_one_budget() {
        for length in [300, 2000] {
            let text = "a".repeat(length) + "x!!";
            let expressions = exploding(20);
            let (one, _) = looks_of(&expressions[..1], &text, Some(LineBudget::expressions(text.len())));
            let (shared, found) = looks_of(&expressions, &text, Some(LineBudget::expressions(text.len())));
            let (apart, _) = looks_of(&expressions, &text, None);
            assert!(found.iter().all(Result::is_err), "{found:?}");
            let bound = ALL + 3 * (length as u64) / clock::STEP + 2 * 20;
            assert!(one > 1 && shared <= bound, "{one} {shared} {bound}");
            assert!(apart > 4 * shared, "{apart} {shared}");
        }
    }

    #[test]
    fn what_explodes_does_not_hide_a_match_behind_it() {
        let text = "a".repeat(300) + "x!!";
        let (all, plain) = (exploding(6), ready("^[a-x]*(!)+$"));
        for expression in all {
            let _line = LineBudget::expressions(text.len());
            assert_eq!(expression.is_match(&text), Err(LimitHit));
            assert_eq!(plain.is_match(&text), Ok(true));
        }
    }

    #[test]
    fn an_honest_line_reads_no_clock() {
        let text = r#"192.0.2.1 - bob [22/Nov/2026:10:00:00 +0000] "GET /index.html HTTP/1.1" 401 12"#;
        let expressions = [
            r#"^\S+ - \S+ \[[^\]]*\] "[^"]*" 401 \d+$"#,
            r"\d+/\w+/\d+",
            "^(?:a|b)*$",
        ]
        .map(|source| Regex::engine_only(source, Options::default()).unwrap());
        let (looks, found) = looks_of(&expressions, text, Some(LineBudget::expressions(text.len())));
        assert_eq!((looks, found), (0, vec![Ok(true), Ok(true), Ok(false)]));
    }

    #[test]
    fn a_line_in_the_midst_of_another_has_its_own_budget() {
        let text = "a".repeat(300) + "x!!";
        let expressions = [Regex::engine_only(".*.*.*x!?$", Options::default()).unwrap()];
        let _outer = LineBudget::expressions(text.len());
        let (first, _) = looks_of(&expressions, &text, None);
        let (inner, _) = looks_of(&expressions, &text, Some(LineBudget::expressions(text.len())));
        let (rest, _) = looks_of(&expressions, &text, None);
        assert!(first == inner && rest < first, "{first} {inner} {rest}");
    }
}
