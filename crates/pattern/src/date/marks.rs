//! What is known about a line before any template is tried: where dates can begin.
//!
//! Nearly every template holds a time like `21:59:59`; lines have few of them. They are looked for once, for all
//! templates together.

use std::sync::OnceLock;

use memchr::{memchr_iter, memchr2_iter};

use super::plan::Need;
use super::written::Way;
use crate::Captures;
use crate::budget;
use crate::slices::border;

/// Places that are looked at between two questions whether the line's budget allows more.
const PORTION: usize = 512;
/// What they cost, in units of the budget.
const PORTION_COST: u32 = 1024;

/// Of longer lines so many bytes are looked at together for characters that matter.
const LONG: usize = 4096;
const CHARACTERS: usize = 512;
/// Bytes of a very long line that are looked at for digits between two questions.
const LONG_PORTION: usize = 16 << 10;

/// The marks of one line; keeps its memory from line to line.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// The plans can be used: no character beyond ASCII that could be a digit, a blank or a letter of theirs.
    pub usable: bool,
    /// First colons of times like `1:2:3`, once they were looked for.
    times: Vec<usize>,
    has_times: bool,
    /// Where eight digits or more begin, once they were looked for.
    runs: Vec<usize>,
    has_runs: bool,
    /// What is known of rarer things.
    rare: Option<Rare>,
    /// How the last search by a literal came to its date.
    pub way: Way,
    /// How many bytes of the line's beginning the last search looked at, if it was that of a plan bound to it.
    pub looked_at: usize,
    /// Scratch for the expressions.
    pub captures: Captures,
    /// An expression took too many steps.
    pub gave_up: bool,
}

/// Whether a line may have dates of forms that are seldom seen.
#[derive(Debug, Clone, Copy)]
struct Rare {
    /// Seconds since 1970 behind `audit(`.
    audit: bool,
    /// A TAI64N label.
    label: bool,
}

impl Marks {
    /// Forgets the last line. `ascii`: this one has nothing else.
    pub fn reset(&mut self, line: &str, ascii: bool) {
        let odd = if ascii { Some(false) } else { has_odd(line) };
        self.usable = odd == Some(false);
        self.has_times = false;
        self.has_runs = false;
        self.rare = None;
        self.gave_up = odd.is_none();
        self.way = Way::LOST;
        self.times.clear();
        self.runs.clear();
    }

    /// The first colons of all times in the line.
    pub fn times(&mut self, text: &[u8]) -> &[usize] {
        if !self.has_times {
            self.has_times = true;
            let mut colons = memchr_iter(b':', text);
            self.gave_up |= !in_portions(&mut colons, |colon| {
                if is_time(text, colon) {
                    self.times.push(colon);
                }
            });
        }
        &self.times
    }

    /// Whether there may be eight digits in a row, anywhere or where dates are that are bound to the line's beginning.
    pub fn may_have_digits(&mut self, text: &[u8], at_begin: bool) -> bool {
        match at_begin {
            true => begins(text).any(|start| is_run(text, start, 8)),
            false => !self.runs(text).is_empty(),
        }
    }

    fn runs(&mut self, text: &[u8]) -> &[usize] {
        if !self.has_runs {
            self.has_runs = true;
            self.gave_up |= !find_runs(text, &mut self.runs);
        }
        &self.runs
    }

    /// Whether seconds since 1970 can stand in the line where their templates want them: within the first characters,
    /// and unless `at_begin`, behind `audit(`.
    pub fn may_have_epoch(&mut self, text: &[u8], at_begin: bool) -> bool {
        begins(text).any(|start| is_run(text, start, 10)) || (!at_begin && self.rare(text).audit)
    }

    /// Whether a TAI64N label may be in the line, anywhere or at its beginning.
    pub fn may_have_label(&mut self, text: &[u8], at_begin: bool) -> bool {
        match at_begin {
            true => begins(text).any(|start| text.get(start) == Some(&b'@')),
            false => self.rare(text).label,
        }
    }

    fn rare(&mut self, text: &[u8]) -> Rare {
        if let Some(rare) = self.rare {
            return rare;
        }
        let mut rare = Rare {
            audit: false,
            label: false,
        };
        let mut places = memchr2_iter(b'(', b'@', text);
        self.gave_up |= !in_portions(&mut places, |at| {
            let (before, after) = text.split_at(at);
            match after.first() {
                Some(b'@') => rare.label |= is_label(after),
                _ => rare.audit |= before.ends_with(b"audit"),
            }
        });
        *self.rare.insert(rare)
    }

    /// Where a date with such a need can begin, in ascending order.
    pub fn starts<'m>(&'m mut self, text: &'m [u8], need: &'m Need) -> impl Iterator<Item = usize> + 'm {
        let (mut times, mut runs, mut marked): (&[usize], &[usize], &[u8]) = (&[], &[], &[]);
        let (mut byte, mut reach) = (0, (0, 0));
        let mut before = None;
        match need {
            Need::Time {
                least,
                most,
                before: tail,
            } => (times, before, reach) = (self.times(text), Some(tail), (*least, *most)),
            Need::EightDigits => runs = self.runs(text),
            Need::Byte {
                byte: mark,
                least,
                most,
            } => (marked, byte, reach) = (text, *mark, (*least, *most)),
            Need::Literal(_) => {}
        }
        let fits = move |colon: &usize| before.is_none_or(|before| before.fits(text, *colon));
        let mut seen = 0_usize;
        let in_time = move |_: &usize| {
            seen += 1;
            !seen.is_multiple_of(PORTION) || budget::may_look(text.len())
        };
        let times = times.iter().copied().take_while(in_time);
        let places = times.filter(fits).chain(memchr_iter(byte, marked));
        windows(places, reach).chain(runs.iter().copied())
    }
}

/// Where a date can begin that has one of these places so many bytes behind its beginning, at least and at most; in
/// ascending order, as they are.
fn windows(places: impl Iterator<Item = usize>, (least, most): (usize, usize)) -> impl Iterator<Item = usize> {
    let mut next = 0;
    places.flat_map(move |place| {
        let window = place.saturating_sub(most).max(next)..(place + 1).saturating_sub(least);
        next = next.max(window.end);
        window
    })
}

/// Whether the line has characters that may matter; nothing if its budget does not last for telling.
fn has_odd(line: &str) -> Option<bool> {
    if line.len() < LONG {
        return Some(line.chars().any(may_matter));
    }
    let mut rest = line;
    let mut looked_at = 0;
    while !rest.is_empty() {
        let (portion, behind) = rest.split_at(border(rest, CHARACTERS));
        if !portion.is_ascii() && has_odd_beginnings(portion.as_bytes()) {
            if portion.chars().any(may_matter) {
                return Some(true);
            }
            looked_at += 1;
            if looked_at % 32 == 0 && !budget::may_work(PORTION_COST * 8) {
                return None;
            }
        }
        rest = behind;
    }
    Some(false)
}

/// Whether there are bytes in this text that characters begin with which may matter. Only a "no" is certain.
/// In a form that compilers make vector instructions of.
fn has_odd_beginnings(text: &[u8]) -> bool {
    let odd = |byte: u8| u8::from(byte == 0xc2) | u8::from(byte & 0xfe == 0xc4) | u8::from(byte >= 0xd9);
    let (blocks, rest) = text.as_chunks::<64>();
    let any_odd = |bytes: &[u8]| bytes.iter().fold(0, |found, &byte| found | odd(byte));
    if blocks.iter().fold(any_odd(rest), |found, block| found | any_odd(block)) == 0 {
        return false;
    }
    // U+FFFD stands for bytes that are no text, and is of no date.
    let (Some(behind), Some(next)) = (text.get(1..), text.get(2..)) else {
        return true;
    };
    let replaced = |a: u8, b: u8, c: u8| u8::from(a == 0xef) & u8::from(b == 0xbf) & u8::from(c == 0xbd);
    let bytes = text.iter().zip(behind).zip(next);
    let last = text.get(text.len() - 2..).unwrap_or(text);
    bytes.fold(any_odd(last), |found, ((&a, &b), &c)| {
        found | (odd(a) & !replaced(a, b, c))
    }) != 0
}

/// Where a date can begin that is bound to the line's beginning: behind two characters of up to four bytes each.
fn begins(text: &[u8]) -> impl Iterator<Item = usize> {
    let plain = text.get(..2).is_none_or(<[u8]>::is_ascii);
    0..=if plain { 2 } else { 8 }
}

fn is_run(text: &[u8], start: usize, digits: usize) -> bool {
    text.get(start..start + digits)
        .is_some_and(|run| run.iter().all(u8::is_ascii_digit))
}

/// The first colons of times, as far as they stand among the first so many bytes.
pub(super) fn times_within(text: &[u8], reach: usize) -> impl Iterator<Item = usize> {
    memchr_iter(b':', text.get(..reach).unwrap_or(text)).filter(|&colon| is_time(text, colon))
}

/// Whether a character beyond ASCII can be part of a date for the expressions: a digit, a blank, or a letter that is
/// one of ASCII's in another case. Asked about each character of a line: the answers are kept, 64 at a time.
fn may_matter(c: char) -> bool {
    static KEPT: [OnceLock<u64>; 0x1_0000 / 64] = [const { OnceLock::new() }; 0x1_0000 / 64];
    let bit = |code: u32| u64::from(char::from_u32(code).is_some_and(matters)) << (code % 64);
    let code = u32::from(c);
    match KEPT.get(code as usize / 64) {
        _ if c.is_ascii() => false,
        Some(kept) => {
            let first = code - code % 64;
            kept.get_or_init(|| (first..first + 64).map(bit).sum()) >> (code % 64) & 1 == 1
        }
        None => matters(c),
    }
}

fn matters(c: char) -> bool {
    !c.is_ascii() && (c.is_numeric() || c.is_whitespace() || matches!(c, 'ſ' | 'ı' | 'İ' | '\u{212a}' | '\u{180e}'))
}

/// Looks at each of the places as long as the line's budget allows; tells whether it was at all.
fn in_portions(places: &mut impl Iterator<Item = usize>, mut look: impl FnMut(usize)) -> bool {
    loop {
        let mut left = PORTION;
        for at in places.by_ref().take(PORTION) {
            look(at);
            left -= 1;
        }
        if left > 0 {
            return true;
        }
        if !budget::may_work(PORTION_COST) {
            return false;
        }
    }
}

/// Whether the colon is the first of a time like `1:2:3`.
fn is_time(text: &[u8], colon: usize) -> bool {
    let at = |n: usize| text.get(n).copied().unwrap_or(0);
    let digit = |n: usize| at(n).is_ascii_digit();
    colon > 0
        && digit(colon - 1)
        && digit(colon + 1)
        && ((at(colon + 2) == b':' && digit(colon + 3))
            || (digit(colon + 2) && at(colon + 3) == b':' && digit(colon + 4)))
}

/// Runs of eight digits hold one at a place whose number is a multiple of eight, and four of them on one side of it:
/// only there it is looked. Tells whether it was looked at the whole line.
fn find_runs(text: &[u8], runs: &mut Vec<usize>) -> bool {
    let digit = |at: usize| text.get(at).is_some_and(u8::is_ascii_digit);
    let (mut at, mut asked_at) = (0, LONG_PORTION);
    while at < text.len() {
        if at >= asked_at {
            asked_at = at + LONG_PORTION;
            if !budget::may_look(text.len()) {
                return false;
            }
        }
        let long = digit(at)
            && (digit(at + 1) && digit(at + 2) && digit(at + 3)
                || at >= 4 && digit(at - 1) && digit(at - 2) && digit(at - 3) && digit(at - 4));
        if !long {
            at += 8;
            continue;
        }
        let (before, after) = text.split_at(at);
        let digits_before = before.iter().rev().take_while(|b| b.is_ascii_digit()).count();
        let digits_after = digits_at(after);
        if digits_before + digits_after >= 8 {
            runs.push(at - digits_before);
        }
        at += digits_after.max(1).next_multiple_of(8);
    }
    true
}

/// How many digits a text begins with; a megabyte of them is not to be looked at one by one.
fn digits_at(text: &[u8]) -> usize {
    let (blocks, _) = text.as_chunks::<64>();
    let all_digits = |block: &&[u8; 64]| block.iter().fold(true, |all, byte| all & byte.is_ascii_digit());
    let whole = 64 * blocks.iter().take_while(all_digits).count();
    let rest = text.get(whole..).unwrap_or_default();
    whole + rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// Whether a text that begins with `@` begins with a TAI64N label.
fn is_label(text: &[u8]) -> bool {
    text.get(1..25)
        .is_some_and(|hex| hex.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_long_lines_the_same_is_told_as_of_short_ones() {
        let odd = [
            "é", "\u{fffd}", "й", "€", "語", "٣", "ſ", "\u{a0}", "１", "\u{b2}", "K", "𝟏", "😀",
        ];
        for c in odd {
            for at in [0, CHARACTERS - 2, CHARACTERS - 1, CHARACTERS, 5000] {
                for filling in ["a", "é", "\u{fffd}", "語"] {
                    let line = filling.repeat(at) + c + &filling.repeat(9000 - at);
                    assert_eq!(has_odd(&line), Some(line.chars().any(matters)), "{c} {at} {filling}");
                }
            }
        }
    }

    #[test]
    fn what_may_matter_begins_with_an_odd_byte() {
        let text = |c: char| c.to_string().into_bytes();
        let odd = (0..=0x10_ffff).filter_map(char::from_u32).filter(|c| matters(*c));
        assert!(odd.map(text).all(|text| has_odd_beginnings(&text)));
    }

    #[test]
    fn the_kept_answers_are_the_right_ones() {
        assert!(
            (0..=0x10_ffff)
                .filter_map(char::from_u32)
                .all(|c| may_matter(c) == matters(c))
        );
    }
}
