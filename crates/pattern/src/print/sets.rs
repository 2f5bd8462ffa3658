//! Characters and sets, written out as Python understands them.
use std::fmt::Write;

use super::{NEVER, Printer, Target};
use crate::syntax::{Case, Class, ClassItem, PerlClass};

/// Inside of brackets: Python's `\w`, that is letters and numbers of all scripts and `_`.
pub(super) const WORD: &str = r"\p{Xan}_";

/// Python's white space; beyond ASCII the separators of lines and paragraphs and all spaces.
const SPACES: [(u32, u32); 10] = [
    (0x09, 0x0d),
    (0x1c, 0x20),
    (0x85, 0x85),
    (0xa0, 0xa0),
    (0x1680, 0x1680),
    (0x2000, 0x200a),
    (0x2028, 0x2029),
    (0x202f, 0x202f),
    (0x205f, 0x205f),
    (0x3000, 0x3000),
];
const ASCII_SPACES: [(u32, u32); 2] = [(0x09, 0x0d), (0x20, 0x20)];
const ASCII_DIGITS: [(u32, u32); 1] = [(0x30, 0x39)];
const ASCII_WORD: [(u32, u32); 4] = [(0x30, 0x39), (0x41, 0x5a), (0x5f, 0x5f), (0x61, 0x7a)];

const LAST: u32 = 0x10_ffff;
const SURROGATES: (u32, u32) = (0xd800, 0xdfff);

/// Characters that are one letter when case is ignored, beyond what PCRE2 pairs by itself: dotted and dotless i.
const I_FAMILY: [u32; 4] = [0x49, 0x69, 0x130, 0x131];
/// Characters outside of ASCII that are an ASCII letter when case is ignored.
const ASCII_FOLDS: [(u32, u8); 4] = [(0x130, b'i'), (0x131, b'i'), (0x17f, b's'), (0x212a, b'k')];

const NOT_WORD: ClassItem = ClassItem::Perl {
    class: PerlClass::Word,
    negated: true,
    ascii: false,
};

impl Printer {
    /// A literal that has to be printed as something else than itself.
    pub(super) fn variants(&self, point: u32, case: Case) -> Option<String> {
        if (SURROGATES.0..=SURROGATES.1).contains(&point) {
            return Some(NEVER.to_owned());
        }
        let letter = u8::try_from(point).ok().filter(u8::is_ascii_alphabetic);
        match (self.target, case) {
            (Target::Ascii, Case::Ignore) if point > 0x7f => {
                let fold = ASCII_FOLDS.iter().find(|fold| fold.0 == point);
                Some(fold.map_or(NEVER.to_owned(), |&(_, letter)| both_cases(letter)))
            }
            (Target::Ascii, _) if point > 0x7f => Some(NEVER.to_owned()),
            (Target::Unicode, Case::Ignore) if I_FAMILY.contains(&point) => Some(r"[Ii\x{130}\x{131}]".to_owned()),
            (_, Case::IgnoreAscii) => letter.map(both_cases),
            _ => None,
        }
    }

    /// Whether the set has to be printed as more than one item.
    pub(super) fn is_split(&self, class: &Class) -> bool {
        self.target == Target::Unicode && lacks_underscore(class) && (class.items.len() > 1)
    }

    pub(super) fn class(&mut self, class: &Class) {
        match self.target {
            Target::Ascii => self.ascii_class(class),
            Target::Unicode => self.unicode_class(class),
        }
    }

    /// Only what the set holds of ASCII, counted out.
    fn ascii_class(&mut self, class: &Class) {
        let set = ascii_members(class);
        if set == 0 {
            return self.out.push_str(NEVER);
        }
        if set == u128::MAX {
            self.dot_all(true);
            return self.out.push('.');
        }
        for (letter, ranges) in [('d', &ASCII_DIGITS[..]), ('w', &ASCII_WORD[..])] {
            let members = bits(ranges);
            if set == members {
                return self.out.extend(['\\', letter]);
            }
            if set == !members {
                return self.out.extend(['\\', letter.to_ascii_uppercase()]);
            }
        }
        // Sets are counted out with both cases, so PCRE2 must not add any.
        if set != ascii_folded(set) {
            self.ignore_case(false);
        }
        // PCRE2 is quickest on short lists, and quicker still on `[^"]`.
        let negated = set.count_ones() > 64;
        self.out.push_str(if negated { "[^" } else { "[" });
        let listed = if negated { !set } else { set };
        let mut point = 0;
        while point < 128 {
            if listed >> point & 1 == 0 {
                point += 1;
                continue;
            }
            let mut last = point;
            while last < 127 && listed >> (last + 1) & 1 == 1 {
                last += 1;
            }
            push_range(&mut self.out, point, last);
            point = last + 1;
        }
        self.out.push(']');
    }

    fn unicode_class(&mut self, class: &Class) {
        if class.items.iter().any(|item| matches!(item, ClassItem::Range(..))) {
            self.ignore_case(class.case == Case::Ignore);
        }
        let split = lacks_underscore(class);
        let mut list = String::new();
        for item in class.items.iter().filter(|item| !(split && **item == NOT_WORD)) {
            self.push_item(&mut list, *item, class.case);
        }
        let out = &mut self.out;
        let _ = match (split, class.negated, list.is_empty()) {
            (false, false, true) => write!(out, "{NEVER}"),
            (false, true, true) => write!(out, r"[\x00-\x{{10ffff}}]"),
            (false, false, false) => write!(out, "[{list}]"),
            (false, true, false) => write!(out, "[^{list}]"),
            (true, false, true) => write!(out, "[^{WORD}]"),
            (true, true, true) => write!(out, "[{WORD}]"),
            (true, false, false) => write!(out, "(?:[^{WORD}]|[{list}])"),
            (true, true, false) => write!(out, "(?:(?![{list}])[{WORD}])"),
        };
    }

    fn push_item(&self, list: &mut String, item: ClassItem, case: Case) {
        match item {
            ClassItem::Range(first, last) => {
                push_clipped(list, first, last);
                let holds = |points: &[u32]| points.iter().any(|point| (first..=last).contains(point));
                if case == Case::Ignore && holds(&I_FAMILY) {
                    list.push_str(r"Ii\x{130}\x{131}");
                }
                if case == Case::IgnoreAscii {
                    push_other_case(list, first, last);
                }
            }
            ClassItem::Perl { class, negated, ascii } => match (class, ascii, negated) {
                (PerlClass::Digit, false, false) => list.push_str(r"\p{Nd}"),
                (PerlClass::Digit, false, true) => list.push_str(r"\P{Nd}"),
                (PerlClass::Word, false, false) => list.push_str(WORD),
                (PerlClass::Word, false, true) => list.push_str(r"\P{Xan}"),
                (PerlClass::Space, false, _) => push_ranges(list, &SPACES, negated),
                (PerlClass::Digit, true, _) => push_ranges(list, &ASCII_DIGITS, negated),
                (PerlClass::Word, true, _) => push_ranges(list, &ASCII_WORD, negated),
                (PerlClass::Space, true, _) => push_ranges(list, &ASCII_SPACES, negated),
            },
        }
    }
}

/// One character outside of brackets.
pub(super) fn push_literal(out: &mut String, point: u32) {
    match char::from_u32(point) {
        Some(c) if c.is_ascii_alphanumeric() || " _-,:;<>=\"'/@%&~`!".contains(c) => out.push(c),
        Some(c) if c.is_ascii_punctuation() => out.extend(['\\', c]),
        Some(c) if !c.is_ascii() => out.push(c),
        _ => {
            let _ = write!(out, r"\x{{{point:x}}}");
        }
    }
}

fn both_cases(letter: u8) -> String {
    let letter = char::from(letter);
    format!("[{}{}]", letter.to_ascii_lowercase(), letter.to_ascii_uppercase())
}

/// "No word" has no name of its own inside of PCRE2's brackets, unless the underscore is in the set anyway.
fn lacks_underscore(class: &Class) -> bool {
    class.items.contains(&NOT_WORD) && !class.items.iter().any(|item| holds_underscore(*item))
}

fn holds_underscore(item: ClassItem) -> bool {
    match item {
        ClassItem::Range(first, last) => (first..=last).contains(&u32::from('_')),
        ClassItem::Perl {
            class: PerlClass::Word,
            negated,
            ..
        } => !negated,
        ClassItem::Perl { negated, .. } => negated,
    }
}

/// The ASCII characters that the set matches, one bit each.
pub(crate) fn ascii_members(class: &Class) -> u128 {
    let mut set = 0;
    for item in &class.items {
        set |= match *item {
            ClassItem::Range(first, last) => ascii_range(first, last, class.case),
            ClassItem::Perl { class, negated, ascii } => {
                let members = match (class, ascii) {
                    (PerlClass::Digit, _) => bits(&ASCII_DIGITS),
                    (PerlClass::Word, _) => bits(&ASCII_WORD),
                    (PerlClass::Space, false) => bits(&SPACES),
                    (PerlClass::Space, true) => bits(&ASCII_SPACES),
                };
                if negated { !members } else { members }
            }
        };
    }
    if class.negated { !set } else { set }
}

fn ascii_range(first: u32, last: u32, case: Case) -> u128 {
    let set = bits(&[(first, last)]);
    let mut folded = if case == Case::Sensitive {
        set
    } else {
        ascii_folded(set)
    };
    if case == Case::Ignore {
        for (_, letter) in ASCII_FOLDS.iter().filter(|fold| (first..=last).contains(&fold.0)) {
            folded |= 1 << letter | 1 << letter.to_ascii_uppercase();
        }
    }
    folded
}

fn ascii_folded(set: u128) -> u128 {
    let upper = set & bits(&[(0x41, 0x5a)]);
    let lower = set & bits(&[(0x61, 0x7a)]);
    set | upper << 32 | lower >> 32
}

fn bits(ranges: &[(u32, u32)]) -> u128 {
    let mut set = 0;
    for &(first, last) in ranges {
        for point in first..=last.min(127) {
            set |= 1 << point;
        }
    }
    set
}

fn push_ranges(list: &mut String, ranges: &[(u32, u32)], negated: bool) {
    if !negated {
        return ranges.iter().for_each(|&(first, last)| push_range(list, first, last));
    }
    let mut next = 0;
    for &(first, last) in ranges {
        if first > next {
            push_range(list, next, first - 1);
        }
        next = last + 1;
    }
    push_range(list, next, LAST);
}

/// A range without the surrogates, which no text can hold and PCRE2 refuses at either end.
fn push_clipped(list: &mut String, first: u32, last: u32) {
    if first < SURROGATES.0 {
        push_range(list, first, last.min(SURROGATES.0 - 1));
    }
    if last > SURROGATES.1 {
        push_range(list, first.max(SURROGATES.1 + 1), last);
    }
}

fn push_other_case(list: &mut String, first: u32, last: u32) {
    for letter in first.max(0x41)..=last.min(0x7a) {
        if let Some(letter) = u8::try_from(letter).ok().filter(u8::is_ascii_alphabetic) {
            let other = u32::from(letter ^ 0x20);
            push_range(list, other, other);
        }
    }
}

fn push_range(list: &mut String, first: u32, last: u32) {
    push_member(list, first);
    if last > first {
        if last > first + 1 {
            list.push('-');
        }
        push_member(list, last);
    }
}

fn push_member(list: &mut String, point: u32) {
    match char::from_u32(point) {
        Some(c) if c.is_ascii_alphanumeric() || c == ' ' || c == '_' => list.push(c),
        Some(c) if c.is_ascii_punctuation() => list.extend(['\\', c]),
        _ => {
            let _ = write!(list, r"\x{{{point:x}}}");
        }
    }
}
