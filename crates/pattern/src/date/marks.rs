//! What is known about a line before any template is tried: where dates can begin.
//!
//! Nearly every template holds a time like `21:59:59`; lines have few of them. They are looked for once, for all
//! templates together.

use std::sync::LazyLock;

use memchr::memchr_iter;

use super::plan::Need;
use crate::Captures;

/// The marks of one line; keeps its memory from line to line.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// The plans can be used: no character beyond ASCII that could be a digit, a blank or a letter of theirs.
    pub usable: bool,
    searched: bool,
    /// First colons of times like `1:2:3`.
    times: Vec<usize>,
    /// Where eight digits or more begin.
    runs: Vec<usize>,
    /// Scratch for the expressions.
    pub captures: Captures,
    /// An expression took too many steps.
    pub gave_up: bool,
}

impl Marks {
    /// Forgets the last line. `ascii`: this one has nothing else.
    pub fn reset(&mut self, line: &str, ascii: bool) {
        self.usable = ascii || !line.chars().any(may_matter);
        self.searched = false;
        self.gave_up = false;
        self.times.clear();
        self.runs.clear();
    }

    fn search(&mut self, text: &[u8]) {
        if !self.searched {
            self.searched = true;
            self.times
                .extend(memchr_iter(b':', text).filter(|&colon| is_time(text, colon)));
            find_runs(text, &mut self.runs);
        }
    }

    /// The first colons of all times in the line.
    pub fn times(&mut self, text: &[u8]) -> &[usize] {
        self.search(text);
        &self.times
    }

    /// Whether there are eight digits in a row.
    pub fn has_digits(&mut self, text: &[u8]) -> bool {
        self.search(text);
        !self.runs.is_empty()
    }

    /// Where a date with such a need can begin, in ascending order.
    pub fn starts<'m>(&'m mut self, text: &'m [u8], need: &'m Need) -> impl Iterator<Item = usize> + 'm {
        self.search(text);
        let (times, runs) = match need {
            Need::Time { .. } => (self.times.as_slice(), &[] as &[usize]),
            Need::EightDigits => (&[] as &[usize], self.runs.as_slice()),
            Need::Literal(_) => (&[] as &[usize], &[] as &[usize]),
        };
        let mut next = 0;
        let windows = times.iter().flat_map(move |&colon| {
            let Need::Time { least, most, before } = need else {
                return 0..0;
            };
            if colon < *least || !before.fits(text, colon) {
                return 0..0;
            }
            let window = colon.saturating_sub(*most).max(next)..colon - least + 1;
            next = next.max(window.end);
            window
        });
        windows.chain(runs.iter().copied())
    }
}

/// Whether a character beyond ASCII can be part of a date for the expressions: a digit, a blank, or a letter that is
/// one of ASCII's in another case. Asked about each character of a line: the answers are kept.
fn may_matter(c: char) -> bool {
    static KEPT: LazyLock<Vec<u64>> = LazyLock::new(|| {
        let bit = |code: u32| u64::from(char::from_u32(code).is_some_and(matters)) << (code % 64);
        (0..0x1_0000 / 64)
            .map(|word| (word * 64..word * 64 + 64).map(bit).sum())
            .collect()
    });
    let code = c as usize;
    match KEPT.get(code / 64) {
        _ if c.is_ascii() => false,
        Some(word) => word >> (code % 64) & 1 == 1,
        None => matters(c),
    }
}

fn matters(c: char) -> bool {
    !c.is_ascii() && (c.is_numeric() || c.is_whitespace() || matches!(c, 'ſ' | 'ı' | 'İ' | '\u{212a}' | '\u{180e}'))
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

/// Runs of eight digits hold one at a place whose number is a multiple of eight: only there it is looked.
fn find_runs(text: &[u8], runs: &mut Vec<usize>) {
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        if byte.is_ascii_digit() {
            let before = text.get(..at).unwrap_or_default();
            let digits_before = before.iter().rev().take_while(|b| b.is_ascii_digit()).count();
            let digits_after = text.iter().skip(at).take_while(|b| b.is_ascii_digit()).count();
            if digits_before + digits_after >= 8 {
                runs.push(at - digits_before);
            }
            at += digits_after.max(1).next_multiple_of(8);
        } else {
            at += 8;
        }
    }
}

/// Whether seconds since 1970 can stand in the line where their templates want them: within the first characters, and
/// unless `at_begin`, behind `audit(`.
pub(super) fn may_have_epoch(text: &[u8], at_begin: bool) -> bool {
    let ten_digits = |start: usize| {
        text.get(start..start + 10)
            .is_some_and(|t| t.iter().all(u8::is_ascii_digit))
    };
    // The two characters that may stand before are of up to four bytes each.
    let plain = text.get(..2).is_none_or(<[u8]>::is_ascii);
    let before = if plain { 2 } else { 8 };
    (0..=before).any(ten_digits)
        || (!at_begin
            && memchr_iter(b'(', text).any(|at| text.get(..at).is_some_and(|before| before.ends_with(b"audit"))))
}

/// Whether a TAI64N label may be in the line.
pub(super) fn may_have_tai64n(text: &[u8]) -> bool {
    let is_label = |at: usize| {
        text.get(at + 1..at + 25)
            .is_some_and(|hex| hex.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
    };
    memchr_iter(b'@', text).any(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kept_answers_are_the_right_ones() {
        assert!(
            (0..=0x10_ffff)
                .filter_map(char::from_u32)
                .all(|c| may_matter(c) == matters(c))
        );
    }
}
