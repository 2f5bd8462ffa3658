//! PCRE2 behind a safe face: compiled programs and searches that cannot run away.
//!
//! Log lines are written by attackers, and a backtracking search can take exponential time. Two leashes hold it:
//! PCRE2's own step limit, which counts anew at each place of the text that a match could begin, and a guard that is
//! asked before each repetition without end (a scan of perhaps the whole text). An expression that can begin at one
//! place only is held by steps alone: few at first, and where these are not enough, it begins anew with more, as
//! long as the line's budget lasts (see [`crate::budget`]).
#![allow(
    unsafe_code,
    reason = "PCRE2 is a C library, and its usual wrapper offers neither match limits per search nor callouts; \
              all of its pointers stay in this file"
)]

use std::cell::RefCell;
use std::ffi::{c_int, c_void};
use std::fmt;
use std::ptr::{self, NonNull};
use std::sync::OnceLock;

use pcre2_sys as sys;

use crate::LimitHit;
use crate::budget::{self, Allowance};
use crate::print::Leash;
use crate::slices::border;

/// Steps that a search may take at each place, in the end.
const STEPS: usize = 100_000;
/// More steps for each byte of the text: a repeated group takes one for each character, honestly.
const STEPS_PER_BYTE: usize = 64;
/// Steps of a glance.
const GLANCE: usize = 200;
/// Steps that a search held by steps begins with, and more for each byte.
const FIRST_STEPS: usize = 1000;
const FIRST_STEPS_PER_BYTE: usize = 4;
/// Never more than so many at first.
const MOST_FIRST_STEPS: usize = 16_000;
/// The same for a very long text, of which no search may use up the time at once: beyond ASCII a step can take 30 ns.
const LONG_FIRST_STEPS: usize = 4_000;
/// So many times as many steps are tried next at most.
const GROWTH: usize = 4;
/// Places at which a match is tried between two questions to the guard, and what they cost in units of the budget.
const SLICE: usize = 1024;
const SLICE_COST: u32 = 4096;
/// Memory that a search may use to remember where it could go on.
const MAX_STACK: usize = 64 << 20;
/// The same for the interpreter, in KiB.
const HEAP_KIB: u32 = 64 << 10;
/// After texts longer than this the memory they made us take is given back.
const LONG_TEXT: usize = 256 << 10;
/// What machine code may use for such a text. Rounds of a repeated group that cannot fail are no steps, so that a
/// megabyte of them would take milliseconds; but each is remembered.
const LONG_STACK: usize = 512 << 10;

/// Where an empty text lies.
static EMPTY: [u8; 64] = [0; 64];

unsafe extern "C" {
    // Left out of `pcre2-sys`. The callback's first argument is a `pcre2_callout_block`, which is not looked into.
    fn pcre2_set_callout_8(
        context: *mut sys::pcre2_match_context_8,
        callback: Option<unsafe extern "C" fn(*mut c_void, *mut c_void) -> c_int>,
        data: *mut c_void,
    ) -> c_int;
}

/// How long a search may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    /// Enough where a match is straight ahead, or none is in sight.
    Glance,
    /// Enough for nearly every line that was not crafted to take long.
    Little,
    /// As long as is bearable.
    Full,
}

/// A compiled expression in PCRE2's dialect.
pub(crate) struct Program {
    code: NonNull<sys::pcre2_code_8>,
    utf: bool,
    leash: Leash,
    /// Whether machine code runs it, or PCRE2's interpreter; known once it was first needed. Many expressions never
    /// are, because others or their literals tell.
    jit: OnceLock<bool>,
    groups: usize,
}

// SAFETY: PCRE2's compiled code is written to in two places, `compile`, where no other thread knows of it, and the
// making of its machine code, which happens once and before any search: all of them wait for it. Its documentation
// allows several threads to match with it at once.
unsafe impl Send for Program {}
// SAFETY: as above.
unsafe impl Sync for Program {}

impl Drop for Program {
    fn drop(&mut self) {
        // SAFETY: the code came from `pcre2_compile_8` and nobody else frees it.
        unsafe { sys::pcre2_code_free_8(self.code.as_ptr()) }
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program")
            .field("utf", &self.utf)
            .field("groups", &self.groups)
            .finish()
    }
}

impl Program {
    /// Compiles; `groups` is the number of captures plus one. The error is PCRE2's own text.
    pub fn compile(pattern: &str, utf: bool, leash: Leash, groups: usize) -> Result<Program, String> {
        let mut options = sys::PCRE2_ALT_CIRCUMFLEX;
        if utf {
            options |= sys::PCRE2_UTF;
        }
        if leash.counts() {
            // It would turn scans into such that are never given back, and so never counted.
            options |= sys::PCRE2_NO_AUTO_POSSESS;
        }
        if leash.is_in_slices() {
            options |= sys::PCRE2_USE_OFFSET_LIMIT;
        }
        let (mut error, mut offset) = (0, 0);
        // SAFETY: pointer and length belong to the same string, the two results are valid for writing, and no context
        // means the defaults (newline is `\n` alone).
        let code = unsafe {
            sys::pcre2_compile_8(
                pattern.as_ptr(),
                pattern.len(),
                options,
                &mut error,
                &mut offset,
                ptr::null_mut(),
            )
        };
        let Some(code) = NonNull::new(code) else {
            return Err(error_text(error));
        };
        Ok(Program {
            code,
            utf,
            leash,
            jit: OnceLock::new(),
            groups,
        })
    }

    /// Whether machine code runs it, which is made now if it was not before.
    pub fn is_jit(&self) -> bool {
        *self.jit.get_or_init(|| {
            // Where the JIT is missing or forbidden its failure leaves the code to the interpreter, which is only
            // slower.
            let code = self.code.as_ptr();
            // SAFETY: the code is valid, and nobody reads it meanwhile: whoever would has to come through here first,
            // and waits for the one who is at it.
            let compiled =
                budget::uncounted(|| unsafe { sys::pcre2_jit_compile_8(code, sys::PCRE2_JIT_COMPLETE) }) == 0;
            // An expression may say itself that it wants no machine code, and that is no failure.
            compiled && has_machine_code(self.code)
        })
    }

    /// Whether it is held by steps alone.
    pub fn counts_steps(&self) -> bool {
        self.leash == Leash::Steps
    }

    /// Lets the interpreter run it from now on.
    #[cfg(any(test, feature = "differential"))]
    pub fn interpret(&mut self) {
        self.jit = OnceLock::from(false);
    }

    /// Searches from `start` on. With `spans`, tells where the groups lie. `text` must be UTF-8 with `start` at a
    /// character's border; a program that is not for UTF takes its bytes one by one.
    pub fn find(
        &self,
        text: &str,
        start: usize,
        effort: Effort,
        spans: Option<&mut Vec<Option<(usize, usize)>>>,
    ) -> Result<bool, LimitHit> {
        if !text.is_char_boundary(start) {
            return Ok(false);
        }
        SCRATCH
            .try_with(|scratch| {
                let mut kept = scratch.try_borrow_mut().map_err(|_| LimitHit)?;
                let mut own = None;
                let scratch = match kept.take() {
                    // Its stack is another one.
                    taken if text.len() > LONG_TEXT => {
                        *kept = taken;
                        own.insert(Scratch::new(self.groups, LONG_STACK).ok_or(LimitHit)?)
                    }
                    Some(scratch) if scratch.capacity >= self.groups => kept.insert(scratch),
                    _ => kept.insert(Scratch::new(self.groups, MAX_STACK).ok_or(LimitHit)?),
                };
                self.find_with(scratch, text, start, effort, spans)
            })
            .unwrap_or(Err(LimitHit))
    }

    fn find_with(
        &self,
        scratch: &mut Scratch,
        text: &str,
        start: usize,
        effort: Effort,
        spans: Option<&mut Vec<Option<(usize, usize)>>>,
    ) -> Result<bool, LimitHit> {
        let steps = match effort {
            Effort::Glance => GLANCE,
            Effort::Little | Effort::Full => first_steps(text),
        };
        let is_paid = self.leash == Leash::Steps && self.is_jit() && budget::pay(steps_cost(steps));
        if is_paid {
            match self.run(scratch, text, start, steps) {
                Err(sys::PCRE2_ERROR_MATCHLIMIT) => {}
                found => return self.tell(scratch, found.map_err(|_| LimitHit)?, spans),
            }
        }
        let mut allowance = Allowance::begin(text.len(), !self.is_jit()).map_err(|_| LimitHit)?;
        if effort != Effort::Full {
            allowance.only_a_little(text.len());
        }
        let found = match self.leash {
            Leash::Guard | Leash::GuardInSlices | Leash::Long { .. } => {
                self.find_guarded(scratch, &mut allowance, text, start)
            }
            Leash::Steps => self.find_in_steps(scratch, &mut allowance, text, start, steps, is_paid),
        };
        allowance.end();
        self.tell(scratch, found?, spans)
    }

    fn tell(
        &self,
        scratch: &Scratch,
        found: bool,
        spans: Option<&mut Vec<Option<(usize, usize)>>>,
    ) -> Result<bool, LimitHit> {
        if let Some(spans) = spans.filter(|_| found) {
            scratch.copy_spans(self.groups, spans);
        }
        Ok(found)
    }

    fn find_guarded(
        &self,
        scratch: &mut Scratch,
        allowance: &mut Allowance,
        text: &str,
        start: usize,
    ) -> Result<bool, LimitHit> {
        if !allowance.may_scan() {
            return Err(LimitHit);
        }
        let mut from = start;
        if self.leash.is_in_slices() {
            while let Some(next) = next_slice(text, from) {
                scratch.set_offset_limit(next - 1);
                let found = self.find_in_slice(scratch, allowance, text, from);
                scratch.set_offset_limit(sys::PCRE2_UNSET);
                if found? {
                    return Ok(true);
                }
                if !allowance.may_work(SLICE_COST) {
                    return Err(LimitHit);
                }
                from = next;
            }
        }
        self.find_in_slice(scratch, allowance, text, from)
    }

    fn find_in_slice(
        &self,
        scratch: &mut Scratch,
        allowance: &mut Allowance,
        text: &str,
        start: usize,
    ) -> Result<bool, LimitHit> {
        match self.leash {
            Leash::Long { .. } => self.find_in_steps(scratch, allowance, text, start, LONG_FIRST_STEPS, false),
            _ => {
                let found = self.run_guarded(scratch, allowance, text, start, most_steps(text));
                found.map_err(|_| LimitHit)
            }
        }
    }

    /// Fails as [`Program::run`] does.
    fn run_guarded(
        &self,
        scratch: &mut Scratch,
        allowance: &mut Allowance,
        text: &str,
        start: usize,
        steps: usize,
    ) -> Result<bool, c_int> {
        // SAFETY: the context is valid, and the allowance outlives the search, after which it is taken out again.
        unsafe {
            pcre2_set_callout_8(
                scratch.context.as_ptr(),
                Some(ask_guard),
                ptr::from_mut(allowance).cast(),
            )
        };
        let found = self.run(scratch, text, start, steps);
        // SAFETY: the context is valid; without a callback the pointer to the allowance is never used again.
        unsafe { pcre2_set_callout_8(scratch.context.as_ptr(), None, ptr::null_mut()) };
        found
    }

    /// `in_vain`: with so many steps it was tried, and they did not do.
    fn find_in_steps(
        &self,
        scratch: &mut Scratch,
        allowance: &mut Allowance,
        text: &str,
        start: usize,
        mut steps: usize,
        mut in_vain: bool,
    ) -> Result<bool, LimitHit> {
        if !in_vain && !allowance.may_work(steps_cost(steps)) {
            return Err(LimitHit);
        }
        let most = most_steps(text);
        let mut began = None;
        loop {
            let tried = match std::mem::take(&mut in_vain) {
                true => Err(sys::PCRE2_ERROR_MATCHLIMIT),
                false if self.leash == Leash::Steps => self.run(scratch, text, start, steps),
                false => self.run_guarded(scratch, allowance, text, start, steps),
            };
            match tried {
                Err(sys::PCRE2_ERROR_MATCHLIMIT) if steps < most => {}
                found => return found.map_err(|_| LimitHit),
            }
            if allowance.is_little() {
                return Err(LimitHit);
            }
            let (left, now) = allowance.left().ok_or(LimitHit)?;
            let took = began.map_or(0, |began| now.saturating_sub(began));
            began = Some(now);
            steps = next_steps(steps, took, left).ok_or(LimitHit)?.min(most);
        }
    }

    /// Searches within so many steps for each place. Fails with PCRE2's error, which always means that a limit of
    /// steps, time or memory was reached.
    fn run(&self, scratch: &mut Scratch, text: &str, start: usize, steps: usize) -> Result<bool, c_int> {
        // PCRE2's vector code reads around the text's address, which for an empty string need not be memory at all.
        let memory = if text.is_empty() { EMPTY.as_ptr() } else { text.as_ptr() };
        scratch.set_match_limit(u32::try_from(steps).unwrap_or(u32::MAX));
        let (code, length) = (self.code.as_ptr(), text.len());
        let (data, context) = (scratch.data.as_ptr(), scratch.context.as_ptr());
        let found = if self.is_jit() {
            // SAFETY: code, match data and context are valid; pointer and length belong to one string; `start` is within
            // it and at a character's border. This is what `pcre2_match` itself calls after its checks of the
            // arguments: the code was compiled for the JIT with `PCRE2_JIT_COMPLETE`, the only option asked for, an
            // offset limit is set only for code that allows one, and a `str` is UTF-8.
            unsafe { sys::pcre2_jit_match_8(code, memory, length, start, 0, data, context) }
        } else {
            let checked = if self.utf { sys::PCRE2_NO_UTF_CHECK } else { 0 };
            let options = checked | sys::PCRE2_NO_JIT;
            // SAFETY: as above, and PCRE2 need not check again that a `str` is UTF-8.
            unsafe { sys::pcre2_match_8(code, memory, length, start, options, data, context) }
        };
        match found {
            sys::PCRE2_ERROR_NOMATCH => Ok(false),
            error if error < 0 => Err(error),
            _ => Ok(true),
        }
    }
}

/// What steps cost, in units of the budget.
fn steps_cost(steps: usize) -> u32 {
    u32::try_from(steps).unwrap_or(u32::MAX)
}

fn has_machine_code(code: NonNull<sys::pcre2_code_8>) -> bool {
    let mut size: usize = 0;
    // SAFETY: the code is valid, and the answer to this question is written to a `size_t`.
    let asked = unsafe {
        sys::pcre2_pattern_info_8(
            code.as_ptr(),
            sys::PCRE2_INFO_JITSIZE,
            ptr::from_mut(&mut size).cast::<c_void>(),
        )
    };
    asked == 0 && size > 0
}

/// Steps that are few, but enough for nearly all lines.
fn first_steps(text: &str) -> usize {
    if budget::is_very_long(text.len()) {
        return LONG_FIRST_STEPS;
    }
    let more = text.len().saturating_mul(FIRST_STEPS_PER_BYTE);
    FIRST_STEPS.saturating_add(more).min(MOST_FIRST_STEPS)
}

/// Steps that no search exceeds, however fast they are.
fn most_steps(text: &str) -> usize {
    STEPS.saturating_add(text.len().saturating_mul(STEPS_PER_BYTE))
}

/// Where the next slice begins, if this is not the last.
fn next_slice(text: &str, from: usize) -> Option<usize> {
    let next = border(text, from.saturating_add(SLICE));
    (next < text.len()).then_some(next)
}

/// How many steps to begin anew with, after some were not enough that took so many nanoseconds (0 if unknown); none if
/// so little time is left that this would lead nowhere.
fn next_steps(steps: usize, took: u64, left: u64) -> Option<usize> {
    let most = steps.saturating_mul(GROWTH);
    let next = match took {
        0 => most,
        took => {
            let in_time = (steps as u128) * u128::from(left) / u128::from(took) * 4 / 5;
            usize::try_from(in_time).unwrap_or(most).min(most)
        }
    };
    (next > steps.saturating_add(steps / 2)).then_some(next)
}

fn error_text(code: c_int) -> String {
    let mut buffer = [0u8; 256];
    // SAFETY: the buffer is as long as said.
    let length = unsafe { sys::pcre2_get_error_message_8(code, buffer.as_mut_ptr(), buffer.len()) };
    let text = usize::try_from(length)
        .ok()
        .and_then(|length| buffer.get(..length))
        .unwrap_or_default();
    String::from_utf8_lossy(text).into_owned()
}

thread_local! {
    static SCRATCH: RefCell<Option<Scratch>> = const { RefCell::new(None) };
}

/// What a search writes to: one for each thread, shared by all programs.
struct Scratch {
    data: NonNull<sys::pcre2_match_data_8>,
    context: NonNull<sys::pcre2_match_context_8>,
    stack: *mut sys::pcre2_jit_stack_8,
    /// Groups that fit, group 0 included.
    capacity: usize,
    /// The context's limit of steps, once one was set.
    match_limit: Option<u32>,
}

impl Scratch {
    /// `most`: bytes of stack for machine code.
    fn new(groups: usize, most: usize) -> Option<Scratch> {
        let capacity = groups.max(64);
        let pairs = u32::try_from(capacity).ok()?;
        // SAFETY: no general context means the defaults; each result is checked before use, and `Drop` frees them.
        unsafe {
            let context = NonNull::new(sys::pcre2_match_context_create_8(ptr::null_mut()))?;
            let Some(data) = NonNull::new(sys::pcre2_match_data_create_8(pairs, ptr::null_mut())) else {
                sys::pcre2_match_context_free_8(context.as_ptr());
                return None;
            };
            sys::pcre2_set_heap_limit_8(context.as_ptr(), HEAP_KIB);
            // Reserved, not used: pages are taken when a search first needs them.
            let stack = sys::pcre2_jit_stack_create_8(32 << 10, most, ptr::null_mut());
            if !stack.is_null() {
                sys::pcre2_jit_stack_assign_8(context.as_ptr(), None, stack.cast());
            }
            Some(Scratch {
                data,
                context,
                stack,
                capacity,
                match_limit: None,
            })
        }
    }

    /// Steps for each place.
    fn set_match_limit(&mut self, limit: u32) {
        if self.match_limit != Some(limit) {
            self.match_limit = Some(limit);
            // SAFETY: the context is valid.
            unsafe { sys::pcre2_set_match_limit_8(self.context.as_ptr(), limit) };
        }
    }

    /// Matches have to begin there or before.
    fn set_offset_limit(&mut self, limit: usize) {
        // SAFETY: the context is valid.
        unsafe { sys::pcre2_set_offset_limit_8(self.context.as_ptr(), limit) };
    }

    /// Where the groups of the last match lie.
    fn copy_spans(&self, groups: usize, spans: &mut Vec<Option<(usize, usize)>>) {
        // SAFETY: the match data is valid, and its vector holds `capacity` pairs, of which a match has set those of
        // all groups of its expression.
        let pairs = unsafe {
            let vector = sys::pcre2_get_ovector_pointer_8(self.data.as_ptr());
            std::slice::from_raw_parts(vector, 2 * groups.min(self.capacity))
        };
        spans.clear();
        spans.extend(pairs.chunks_exact(2).map(|pair| match *pair {
            [from, to] if from != sys::PCRE2_UNSET && to != sys::PCRE2_UNSET => Some((from, to)),
            _ => None,
        }));
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // SAFETY: all three came from their `create` functions, and nobody else frees them.
        unsafe {
            sys::pcre2_match_data_free_8(self.data.as_ptr());
            sys::pcre2_match_context_free_8(self.context.as_ptr());
            if !self.stack.is_null() {
                sys::pcre2_jit_stack_free_8(self.stack);
            }
        }
    }
}

/// Called by PCRE2 at the checkpoints that the printer put into the expression.
unsafe extern "C" fn ask_guard(_block: *mut c_void, guard: *mut c_void) -> c_int {
    // SAFETY: `run_guarded` set this pointer to its allowance, which lives as long as the search, and lends it to
    // nobody else meanwhile.
    let allowance = unsafe { guard.cast::<Allowance>().as_mut() };
    if allowance.is_none_or(Allowance::may_scan) {
        0
    } else {
        sys::PCRE2_ERROR_CALLOUT
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn where_there_is_no_jit_the_interpreter_finds_the_same_and_is_held_as_well() {
        let compiled =
            |pattern: &str| Program::compile(&format!("(*NO_JIT){pattern}"), false, Leash::Guard, 2).unwrap();
        let mut spans = Vec::new();
        let honest = compiled("a(?C)(b+)c").find("xabbc", 0, Effort::Full, Some(&mut spans));
        assert_eq!((honest, spans), (Ok(true), vec![Some((1, 5)), Some((2, 4))]));
        assert_eq!(
            compiled("^(?:(?C)a+)+$").find(&("a".repeat(5000) + "!"), 0, Effort::Full, None),
            Err(LimitHit)
        );
        assert_eq!(
            compiled("^(?:(?C)a|b)+$").find(&"ab".repeat(200), 0, Effort::Full, None),
            Ok(true)
        );
    }

    #[test]
    fn a_match_may_begin_and_end_in_any_slice() {
        let pattern = r"(?<=é)b(?:(?C)[^b]*)b|^c|(?m)^d";
        let program = Program::compile(pattern, true, Leash::GuardInSlices, 1).unwrap();
        for at in (SLICE - 5..SLICE + 5).chain(3 * SLICE - 5..3 * SLICE + 5) {
            for rest in [0, 10, 5 * SLICE] {
                let text = format!("{}éb{}bxc", "ü".repeat(at / 2), " ".repeat(rest));
                let mut spans = Vec::new();
                let begin = at / 2 * 2 + 2;
                assert_eq!(program.find(&text, 0, Effort::Full, Some(&mut spans)), Ok(true));
                assert_eq!(spans, [Some((begin, begin + rest + 2))]);
                let text = format!("{}\nd{}", "x".repeat(at), "x".repeat(rest));
                assert_eq!(program.find(&text, 0, Effort::Full, Some(&mut spans)), Ok(true));
                assert_eq!(spans, [Some((at + 1, at + 2))]);
                assert_eq!(program.find(&text.replace('d', "c"), 0, Effort::Full, None), Ok(false));
            }
        }
    }

    #[test]
    fn an_empty_text_lies_in_memory_that_can_be_read() {
        let program = Program::compile("(?<=ab)c|(?<=ab)", false, Leash::Guard, 1).unwrap();
        assert_eq!(program.find("", 0, Effort::Full, None), Ok(false));
    }
}
