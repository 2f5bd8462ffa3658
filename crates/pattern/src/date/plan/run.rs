//! A plan on its way through a text.

use super::super::parts::{Run as Several, Set};
use super::super::units::{Unit, two_digits};
use super::super::words::{beside_non_ascii, in_word};
use super::super::written::Way;
use super::super::{FieldSpan, Spans};
use super::{Op, Plan, PlanBegin, Stopped, Token};
use crate::budget;
use memchr::memchr;

/// So much is tried between two questions whether the line's budget allows more.
const TRIES: u32 = 256;
/// What they cost, in units of the budget.
const TRIES_COST: u32 = 2048;
/// Bytes of a run of digits or blanks that cost as much as one try.
const BYTES_PER_TRY: usize = 16;
/// The same where they are searched for a byte.
const SEARCHED_PER_TRY: usize = 8 * BYTES_PER_TRY;
/// Bytes of a run between two such questions.
const PORTION: usize = 4 << 10;

/// Where an operation leads to.
enum Step {
    /// To the next one, at this place.
    On(usize),
    /// To the match's end.
    Ended(usize),
}

/// What is known on the way.
pub(super) struct Run<'p> {
    plan: &'p Plan,
    text: &'p [u8],
    /// What they were before counts for nothing.
    fields: &'p mut Spans,
    /// Those of the fields that the way at hand has passed, one bit each.
    noted: u32,
    separator: u8,
    pub cut: (usize, usize),
    /// What the preferred way depended on, for plans that begin with a literal.
    pub way: &'p mut Way,
    tries: u32,
    pub stopped: Option<Stopped>,
    /// No byte at this place or behind was looked at.
    pub looked_at: usize,
}

impl<'p> Run<'p> {
    /// Before its first step.
    pub fn over(plan: &'p Plan, text: &'p [u8], fields: &'p mut Spans, way: &'p mut Way) -> Run<'p> {
        Run {
            plan,
            text,
            fields,
            noted: 0,
            separator: 0,
            cut: (0, 0),
            way,
            tries: 0,
            stopped: None,
            looked_at: 0,
        }
    }

    /// The end of a match that begins here.
    pub fn match_at(&mut self, start: usize) -> Option<usize> {
        self.may_try(1).then_some(())?;
        if !self.plan.first.has(*self.text.get(start)?) {
            return None;
        }
        let (op, at) = (self.plan.certain, start + self.plan.certain);
        let mut found = None;
        if op > 0 {
            // Behind a literal mostly the first way is the right one.
            *self.way = Way::from(start);
            found = self.go::<true>(op, at);
            if found.is_none() {
                *self.way = Way::LOST;
                self.noted = 0;
            }
        }
        if found.is_none() {
            found = self.go::<false>(op, at);
        }
        let Some(end) = found else {
            self.noted = 0;
            return None;
        };
        if self.plan.begin == PlanBegin::WordBorder {
            if start > 0 && beside_non_ascii(self.text, start) {
                self.stopped = Some(Stopped::Unsure);
                return None;
            }
            if in_word(self.text, start) {
                self.noted = 0;
                return None;
            }
        }
        self.forget_others();
        Some(end)
    }

    /// Whether the line's budget allows so many more tries.
    fn may_try(&mut self, tries: u32) -> bool {
        self.tries = self.tries.saturating_add(tries);
        if self.tries > TRIES {
            let cost = (self.tries / TRIES).saturating_mul(TRIES_COST);
            self.tries = 0;
            if !budget::may_work(cost) {
                self.stopped = Some(Stopped::OverBudget);
            }
        }
        !matches!(self.stopped, Some(Stopped::OverBudget))
    }

    /// Runs on from an operation at a place; returns where the match ends. `FIRST`: of all ways only the one that is
    /// preferred.
    fn go<const FIRST: bool>(&mut self, op: usize, mut at: usize) -> Option<usize> {
        self.may_try(1).then_some(())?;
        let end = self.go_on::<FIRST>(op, &mut at);
        self.looked_at = self.looked_at.max(at + 1);
        end
    }

    /// The same; leaves in `at` how far it came, at which place the text was looked at last.
    #[inline(always)]
    fn go_on<const FIRST: bool>(&mut self, mut op: usize, at: &mut usize) -> Option<usize> {
        loop {
            let here = self.text.get(*at).copied();
            match *self.plan.ops.get(op)? {
                Op::Byte(byte) if here == Some(byte) => *at += 1,
                Op::OneOf(set) if set.has(here?) => *at += 1,
                Op::Separator(set) if set.has(here?) => {
                    self.separator = here?;
                    *at += 1;
                }
                Op::SameSeparator if here == Some(self.separator) => *at += 1,
                Op::Unit(token) => match self.go_unit::<FIRST>(op, token, *at)? {
                    Step::On(end) => *at = end,
                    Step::Ended(end) => return Some(end),
                },
                Op::Run(Several { set, whole }) => {
                    let (most, _) =
                        self.length_before(*at, BYTES_PER_TRY, |text| text.iter().position(|&b| !set.has(b)))?;
                    self.looked_at = self.looked_at.max(*at + most + 1);
                    if FIRST {
                        self.note_run(set, *at, *at + most);
                    }
                    if whole || FIRST {
                        *at += most;
                    } else {
                        let noted = self.noted;
                        for length in (1..=most).rev() {
                            if let Some(end) = self.go::<FIRST>(op + 1, *at + length) {
                                return Some(end);
                            }
                            self.noted = noted;
                        }
                    }
                }
                Op::Until(byte) => {
                    let (length, is_met) = self.length_before(*at, SEARCHED_PER_TRY, |text| memchr(byte, text))?;
                    self.looked_at = self.looked_at.max(*at + length + 1);
                    if FIRST {
                        self.way.lose();
                    }
                    is_met.then_some(())?;
                    *at += length;
                }
                Op::CutBegin => self.cut.0 = *at,
                Op::CutEnd => self.cut.1 = *at,
                Op::Split(_) if FIRST => {}
                Op::Split(other) => {
                    // Mostly the next character leaves one of the two.
                    if self.plan.ahead.get(op + 1)?.may_go_on(here) {
                        if !self.plan.ahead.get(other)?.may_go_on(here) {
                            op += 1;
                            continue;
                        }
                        let noted = self.noted;
                        if let Some(end) = self.go::<FIRST>(op + 1, *at) {
                            return Some(end);
                        }
                        self.noted = noted;
                    }
                    op = other;
                    continue;
                }
                Op::Jump(to) => {
                    op = to;
                    continue;
                }
                Op::End => return self.may_end(*at).then_some(*at),
                _ => return None,
            }
            if FIRST {
                self.way.looked_until(*at);
            }
            op += 1;
        }
    }

    /// How many bytes stand at a place before the one that ends them, and whether there is one; nothing if the line's
    /// budget does not last for telling.
    fn length_before(
        &mut self,
        at: usize,
        bytes_per_try: usize,
        end: impl Fn(&[u8]) -> Option<usize>,
    ) -> Option<(usize, bool)> {
        let mut length = 0;
        for portion in self.text.get(at..)?.chunks(PORTION) {
            let found = end(portion);
            let passed = found.unwrap_or(portion.len());
            length += passed;
            self.may_try((passed / bytes_per_try) as u32).then_some(())?;
            if found.is_some() {
                return Some((length, true));
            }
        }
        Some((length, false))
    }

    /// Passes a unit; nothing if that leads nowhere.
    #[inline(always)]
    fn go_unit<const FIRST: bool>(&mut self, op: usize, token: Token, at: usize) -> Option<Step> {
        let Token { unit, slot, pairs } = token;
        let text = self.text;
        let ahead = self.plan.ahead.get(op + 1)?;
        if !FIRST
            && !ahead.takes_digit
            && !pairs.is_none()
            && let Some(&[tens, ones]) = text.get(at..at + 2)
            && let Some(number) = two_digits(tens, ones)
        {
            let end = at + 2;
            self.looked_at = self.looked_at.max(end + 1);
            let fits = pairs.has(number) && ahead.may_go_on(text.get(end).copied());
            return fits.then(|| {
                self.note(slot, at, end);
                Step::On(end)
            });
        }
        self.looked_at = self.looked_at.max(at + unit.longest() + 1);
        let next = self.plan.ops.get(op + 1)?;
        // What the next character rules out need not be tried: mostly one length remains.
        let fits = |end: usize| match (FIRST, next) {
            (false, _) => ahead.may_go_on(text.get(end).copied()),
            (true, Op::Byte(byte)) => text.get(end) == Some(byte),
            (true, Op::OneOf(set)) => text.get(end).is_some_and(|&byte| set.has(byte)),
            (true, _) => true,
        };
        let mut chosen = None;
        for length in unit.lengths(text.get(at..)?) {
            let end = at + usize::from(length);
            if !fits(end) {
                continue;
            }
            if let Some(before) = chosen.replace(end) {
                let noted = self.noted;
                self.note(slot, at, before);
                if let Some(end) = self.go::<FIRST>(op + 1, before) {
                    return Some(Step::Ended(end));
                }
                self.noted = noted;
            }
            if FIRST {
                break;
            }
        }
        // The last is the only one to be tried from here on.
        let end = chosen?;
        self.note(slot, at, end);
        if FIRST {
            self.note_way(unit, *next, at, end);
        }
        Some(Step::On(end))
    }

    /// What a unit's length depended on, and what is told by the operation behind it.
    fn note_way(&mut self, unit: Unit, next: Op, at: usize, end: usize) {
        let takes_digit = match next {
            Op::Byte(byte) => byte.is_ascii_digit(),
            Op::OneOf(set) => set.meets(Set::DIGITS),
            _ => false,
        };
        match unit {
            Unit::Fraction { .. } if takes_digit => self.way.lose(),
            // With fewer digits than it may take, what stands behind them decided.
            Unit::Fraction { digits } => {
                let is_full = end == at + usize::from(digits) && !matches!(next, Op::Byte(_) | Op::OneOf(_));
                self.way.passed_digits(at, end, end + usize::from(!is_full));
            }
            unit => self.way.looked_until(at + unit.longest() + 1),
        }
    }

    fn note_run(&mut self, set: Set, at: usize, end: usize) {
        match set == Set::DIGITS {
            true => self.way.passed_digits(at, end, end + 1),
            false => self.way.looked_until(end + 1),
        }
    }

    fn may_end(&mut self, at: usize) -> bool {
        self.way.looked_until(at + 1);
        if self.plan.word_end && at < self.text.len() && beside_non_ascii(self.text, at) {
            self.stopped = Some(Stopped::Unsure);
            return false;
        }
        !self.plan.word_end || !in_word(self.text, at)
    }

    fn note(&mut self, slot: Option<usize>, start: usize, end: usize) {
        if let Some(slot) = slot
            && let Some(field) = self.fields.get_mut(slot)
        {
            *field = FieldSpan::new(start, end);
            self.noted |= 1 << slot;
        }
    }

    /// Forgets the fields of ways that were given up.
    fn forget_others(&mut self) {
        for (slot, field) in self.fields.iter_mut().take(self.plan.fields.len()).enumerate() {
            if self.noted >> slot & 1 == 0 {
                *field = FieldSpan::default();
            }
        }
        if let Some(others) = self.fields.get_mut(self.plan.fields.len()..) {
            others.fill(FieldSpan::default());
        }
    }
}
