//! What single tokens match, in ASCII: for each its lengths in the order of preference of its expression.

use super::parts::Set;
use super::tokens::Years;

/// A token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// A year of these decades (its first three digits).
    YearExact {
        from: u16,
        to: u16,
    },
    Year4,
    Year2,
    Month,
    Month2,
    MonthName,
    Day,
    Day2,
    Weekday,
    Hour,
    Hour2,
    /// Up to 29.
    HourLoose,
    Hour12,
    AmPm,
    Minute,
    Minute2,
    Second,
    Second2,
    Fraction {
        digits: u8,
    },
    /// `Z`, `UTC`, `GMT` or an offset; `fold`: in any case.
    Offset {
        fold: bool,
    },
    /// One or three to five letters.
    ZoneName {
        fold: bool,
    },
}

/// Lengths in the order in which they are to be tried; none is 0 or above 9.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lengths {
    /// Four bits each, the first lowest.
    all: u64,
    /// Where the next is to be added.
    shift: u32,
}

impl Lengths {
    const NONE: Lengths = Lengths { all: 0, shift: 0 };

    fn or(self, length: u8, when: bool) -> Self {
        Lengths {
            all: self.all | (u64::from(length) * u64::from(when)) << self.shift,
            shift: self.shift + 4 * u32::from(when),
        }
    }
}

impl Iterator for Lengths {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        let length = (self.all & 0xf) as u8;
        self.all >>= 4;
        (length > 0).then_some(length)
    }
}

/// The numbers of two digits that a unit takes whole: from the first to the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pairs {
    first: u8,
    last: u8,
}

impl Pairs {
    pub const NONE: Pairs = Pairs { first: 1, last: 0 };

    /// Nothing for units that may take more than two digits, or none.
    pub fn of(unit: Unit) -> Pairs {
        let (first, last) = match unit {
            Unit::Year2 => (0, 99),
            Unit::Month | Unit::Month2 | Unit::Hour12 => (1, 12),
            Unit::Day | Unit::Day2 => (1, 31),
            Unit::Hour | Unit::Hour2 => (0, 23),
            Unit::HourLoose => (0, 29),
            Unit::Minute | Unit::Minute2 => (0, 59),
            Unit::Second | Unit::Second2 => (0, 61),
            Unit::YearExact { .. }
            | Unit::Year4
            | Unit::MonthName
            | Unit::Weekday
            | Unit::AmPm
            | Unit::Fraction { .. }
            | Unit::Offset { .. }
            | Unit::ZoneName { .. } => return Pairs::NONE,
        };
        Pairs { first, last }
    }

    pub fn is_none(self) -> bool {
        self.first > self.last
    }

    pub fn has(self, number: u8) -> bool {
        (self.first..=self.last).contains(&number)
    }
}

/// The number that two digits stand for.
pub(super) fn two_digits(tens: u8, ones: u8) -> Option<u8> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| tens * 10 + ones)
}

const MONTHS: [&[u8; 3]; 12] = [
    b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec",
];
const WEEKDAYS: [&[u8; 3]; 7] = [b"mon", b"tue", b"wed", b"thu", b"fri", b"sat", b"sun"];

impl Unit {
    /// The unit for a token, where there is one. `fold`: letters in any case; `digits`: of a fraction at most.
    pub fn of(token: &str, years: &Years, fold: bool, digits: u8) -> Option<Unit> {
        Some(match token {
            "ExY" => {
                let (from, to) = years.decades();
                Unit::YearExact { from, to }
            }
            "Y" => Unit::Year4,
            "y" | "Exy" => Unit::Year2,
            "m" => Unit::Month,
            "Exm" => Unit::Month2,
            "b" => Unit::MonthName,
            "d" => Unit::Day,
            "Exd" => Unit::Day2,
            "a" => Unit::Weekday,
            "H" | "Exk" => Unit::Hour,
            "ExH" => Unit::Hour2,
            "k" => Unit::HourLoose,
            "I" => Unit::Hour12,
            "p" => Unit::AmPm,
            "M" => Unit::Minute,
            "ExM" => Unit::Minute2,
            "S" => Unit::Second,
            "ExS" => Unit::Second2,
            "f" => Unit::Fraction { digits },
            "z" => Unit::Offset { fold },
            "Z" => Unit::ZoneName { fold },
            _ => return None,
        })
    }

    /// How much of the text the unit may take.
    // Within the loop that calls it, it makes that slower.
    #[inline(never)]
    pub fn lengths(self, text: &[u8]) -> Lengths {
        let at = |n: usize| text.get(n).copied().unwrap_or(0);
        let digit = |n: usize| at(n).is_ascii_digit();
        let within = |n: usize, from: u8, to: u8| (from..=to).contains(&at(n));
        let (zero, none) = (at(0) == b'0', Lengths::NONE);
        match self {
            Unit::YearExact { from, to } => {
                let decade = (0..3).fold(0, |sum, n| sum * 10 + u16::from(at(n).wrapping_sub(b'0')));
                none.or(4, (0..4).all(digit) && (from..=to).contains(&decade))
            }
            Unit::Year4 => none.or(4, (0..4).all(digit)),
            Unit::Year2 => none.or(2, digit(0) && digit(1)),
            Unit::Month => none
                .or(2, zero && within(1, b'1', b'9'))
                .or(1, within(0, b'1', b'9'))
                .or(2, at(0) == b'1' && within(1, b'0', b'2')),
            Unit::Month2 => none.or(
                2,
                (zero && within(1, b'1', b'9')) || (at(0) == b'1' && within(1, b'0', b'2')),
            ),
            Unit::Day => none
                .or(2, within(0, b'1', b'2') && digit(1))
                .or(2, (zero || at(0) == b' ') && within(1, b'1', b'9'))
                .or(1, within(0, b'1', b'9'))
                .or(2, at(0) == b'3' && within(1, b'0', b'1')),
            Unit::Day2 => none.or(
                2,
                (within(0, b'1', b'2') && digit(1))
                    || (zero && within(1, b'1', b'9'))
                    || (at(0) == b'3' && within(1, b'0', b'1')),
            ),
            Unit::Hour => none
                .or(2, within(0, b'0', b'1') && digit(1))
                .or(1, digit(0))
                .or(2, at(0) == b'2' && within(1, b'0', b'3')),
            Unit::Hour2 => none.or(
                2,
                (within(0, b'0', b'1') && digit(1)) || (at(0) == b'2' && within(1, b'0', b'3')),
            ),
            Unit::HourLoose => none.or(2, within(0, b'0', b'2') && digit(1)).or(1, digit(0)),
            Unit::Hour12 => none
                .or(2, at(0) == b'1' && within(1, b'0', b'2'))
                .or(2, zero && within(1, b'1', b'9'))
                .or(1, within(0, b'1', b'9')),
            Unit::Minute => none.or(2, within(0, b'0', b'5') && digit(1)).or(1, digit(0)),
            Unit::Minute2 => none.or(2, within(0, b'0', b'5') && digit(1)),
            Unit::Second => none
                .or(2, within(0, b'0', b'5') && digit(1))
                .or(1, digit(0))
                .or(2, at(0) == b'6' && within(1, b'0', b'1')),
            Unit::Second2 => none.or(
                2,
                (within(0, b'0', b'5') && digit(1)) || (at(0) == b'6' && within(1, b'0', b'1')),
            ),
            Unit::MonthName => none.or(3, is_one_of(text, &MONTHS)),
            Unit::Weekday => none.or(3, is_one_of(text, &WEEKDAYS)),
            Unit::AmPm => none.or(2, matches!(at(0) | 32, b'a' | b'p') && at(1) | 32 == b'm'),
            Unit::Fraction { digits } => {
                let most = (0..digits).take_while(|&n| digit(usize::from(n))).count();
                (0..most).rev().fold(none, |lengths, n| lengths.or(n as u8 + 1, true))
            }
            Unit::Offset { fold } => offset(text, fold),
            Unit::ZoneName { fold } => {
                let letter = |n: &u8| {
                    let byte = at(usize::from(*n));
                    byte.is_ascii_uppercase() || (fold && byte.is_ascii_lowercase())
                };
                let letters = (0..5).take_while(letter).count();
                let single = at(0) == b'Z' || (fold && at(0) == b'z');
                none.or(1, single)
                    .or(5, letters >= 5)
                    .or(4, letters >= 4)
                    .or(3, letters >= 3)
            }
        }
    }

    /// The most that it can take.
    pub fn longest(self) -> usize {
        match self {
            Unit::YearExact { .. } | Unit::Year4 => 4,
            Unit::MonthName | Unit::Weekday => 3,
            Unit::Fraction { digits } => usize::from(digits),
            Unit::Offset { .. } => 6,
            Unit::ZoneName { .. } => 5,
            _ => 2,
        }
    }

    /// The least that it takes.
    pub fn shortest(self) -> usize {
        match self {
            Unit::YearExact { .. } | Unit::Year4 => 4,
            Unit::MonthName | Unit::Weekday => 3,
            Unit::Year2 | Unit::Month2 | Unit::Day2 | Unit::Hour2 | Unit::Minute2 | Unit::Second2 | Unit::AmPm => 2,
            _ => 1,
        }
    }

    /// What it may begin with; only that others do not is certain.
    pub fn beginnings(self) -> Set {
        let initials = |names: &[&[u8; 3]]| {
            let add = |set: Set, name: &&[u8; 3]| set.with(name[0]).with(name[0].to_ascii_uppercase());
            names.iter().fold(Set::default(), add)
        };
        match self {
            Unit::MonthName => initials(&MONTHS),
            Unit::Weekday => initials(&WEEKDAYS),
            Unit::AmPm | Unit::ZoneName { .. } => Set::LETTERS,
            Unit::Offset { .. } => Set::LETTERS.with(b'+').with(b'-'),
            Unit::YearExact { from, .. } if from >= 200 => Set::default().with(b'2'),
            Unit::Day => Set::DIGITS.with(b' '),
            _ => Set::DIGITS,
        }
    }
}

fn is_one_of(text: &[u8], names: &[&[u8; 3]]) -> bool {
    let Some(&[a, b, c]) = text.get(..3) else {
        return false;
    };
    names.contains(&&[a | 32, b | 32, c | 32])
        && a.is_ascii_alphabetic()
        && b.is_ascii_alphabetic()
        && c.is_ascii_alphabetic()
}

fn offset(text: &[u8], fold: bool) -> Lengths {
    let at = |n: usize| text.get(n).copied().unwrap_or(0);
    let digit = |n: usize| at(n).is_ascii_digit();
    let is = |name: &[u8]| {
        text.get(..name.len())
            .is_some_and(|here| here == name || (fold && here.eq_ignore_ascii_case(name)))
    };
    if at(0).is_ascii_alphabetic() {
        return Lengths::NONE.or(1, is(b"Z")).or(3, is(b"UTC") || is(b"GMT"));
    }
    let signed = matches!(at(0), b'+' | b'-') && matches!(at(1), b'0' | b'1') && digit(2);
    Lengths::NONE
        .or(6, signed && at(3) == b':' && digit(4) && digit(5))
        .or(5, signed && digit(3) && digit(4))
        .or(3, signed)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn of_two_digits_a_unit_takes_both_just_where_its_lengths_say_so() {
        let years = Years::today();
        for token in [
            "Y", "y", "m", "Exm", "d", "Exd", "H", "ExH", "k", "I", "M", "ExM", "S", "ExS", "f", "z", "Z", "b", "p",
        ] {
            let unit = Unit::of(token, &years, false, 6).unwrap();
            let pairs = Pairs::of(unit);
            for number in 0..100 {
                let text = format!("{number:02}");
                assert_eq!(two_digits(text.as_bytes()[0], text.as_bytes()[1]), Some(number));
                if !pairs.is_none() {
                    let takes_both = unit.lengths(text.as_bytes()).any(|length| length == 2);
                    assert_eq!(pairs.has(number), takes_both, "{token} {text}");
                }
            }
        }
        assert_eq!(
            (two_digits(b'1', b':'), two_digits(b'/', b'1'), two_digits(b' ', b'1')),
            (None, None, None)
        );
    }
}
