//! What may follow a backslash.
use super::class::ClassItem;
use super::flags::Flags;
use super::parse::{Parser, Result};
use super::{Assertion, Class, Kind};

/// An escape inside of a set.
pub(super) enum Escaped {
    Point(u32),
    Set(ClassItem),
}

impl Parser<'_> {
    /// Reads an escape outside of a set, behind its backslash.
    pub(super) fn escape(&mut self, flags: Flags) -> Result<Kind> {
        let start = self.last().start;
        let Some(c) = self.bump() else {
            return self.lonely_backslash(start);
        };
        let literal = |point| Kind::Literal {
            point,
            case: flags.case(),
        };
        if let Some(item) = ClassItem::from_letter(c, flags.ascii) {
            return Ok(Kind::Class(Class {
                negated: false,
                items: vec![item],
                case: flags.case(),
            }));
        }
        match c {
            'A' => Ok(Kind::Assertion(Assertion::TextStart)),
            'Z' => Ok(Kind::Assertion(Assertion::TextEnd)),
            'b' => Ok(Kind::Assertion(Assertion::WordBoundary { ascii: flags.ascii })),
            'B' => Ok(Kind::Assertion(Assertion::NotWordBoundary { ascii: flags.ascii })),
            '0' => Ok(literal(self.octal(0, 2))),
            '1'..='9' => self.number_escape(start, c, flags),
            _ => Ok(literal(self.plain_escape(start, c)?)),
        }
    }

    /// Reads an escape inside of a set, behind its backslash.
    pub(super) fn class_escape(&mut self, flags: Flags) -> Result<Escaped> {
        let start = self.last().start;
        let Some(c) = self.bump() else {
            return self.lonely_backslash(start);
        };
        if let Some(item) = ClassItem::from_letter(c, flags.ascii) {
            return Ok(Escaped::Set(item));
        }
        let point = match c {
            'b' => 8,
            '0'..='7' => {
                let value = self.octal(digit(c), 2);
                self.octal_in_range(start, value)?
            }
            '8' | '9' => {
                return self.bad_escape(
                    start,
                    "a set knows no group numbers; write the digit without the backslash",
                );
            }
            _ => self.plain_escape(start, c)?,
        };
        Ok(Escaped::Point(point))
    }

    /// `\1`, `\12` are groups, `\123` with three octal digits is a character.
    fn number_escape(&mut self, start: usize, first: char, flags: Flags) -> Result<Kind> {
        let mut number = digit(first);
        if let Some(second) = self.peek().filter(char::is_ascii_digit) {
            self.bump();
            let octal = |c: char| ('0'..='7').contains(&c);
            match self
                .peek()
                .filter(|&third| octal(first) && octal(second) && octal(third))
            {
                Some(third) => {
                    self.bump();
                    let value = (digit(first) * 8 + digit(second)) * 8 + digit(third);
                    let point = self.octal_in_range(start, value)?;
                    return Ok(Kind::Literal {
                        point,
                        case: flags.case(),
                    });
                }
                None => number = number * 10 + digit(second),
            }
        }
        let span = start..self.here().start;
        let group = number as usize;
        if !self.group_exists(group) {
            let message = format!("invalid group reference {group}");
            return self.fail(
                span,
                &message,
                "a number behind a backslash names a group that was closed before it",
            );
        }
        self.backref(group, span, flags)
    }

    /// Escapes that mean the same inside and outside of a set and stand for one character.
    fn plain_escape(&mut self, start: usize, c: char) -> Result<u32> {
        Ok(match c {
            'a' => 7,
            'f' => 12,
            'n' => 10,
            'r' => 13,
            't' => 9,
            'v' => 11,
            'x' => self.hex(start, 2)?,
            'u' => self.hex(start, 4)?,
            'U' => {
                let point = self.hex(start, 8)?;
                if point > 0x10_ffff {
                    return self.bad_escape(start, "the last character is \\U0010ffff");
                }
                point
            }
            'N' => {
                return self.bad_escape(
                    start,
                    "names of characters are not known here; write \\u and four hexadecimal digits",
                );
            }
            c if c.is_ascii_alphabetic() => {
                return self.bad_escape(
                    start,
                    "this letter has no meaning behind a backslash; write it alone, or \\\\ for a backslash",
                );
            }
            c => u32::from(c),
        })
    }

    fn hex(&mut self, start: usize, count: usize) -> Result<u32> {
        let mut value = 0;
        for _ in 0..count {
            let Some(digit) = self.peek().and_then(|c| c.to_digit(16)) else {
                let span = start..self.here().start;
                let message = format!("incomplete escape {}", self.text(span.clone()));
                return self.fail(
                    span,
                    &message,
                    &format!("exactly {count} hexadecimal digits belong here"),
                );
            };
            self.bump();
            value = value << 4 | digit;
        }
        Ok(value)
    }

    /// Up to `count` more octal digits.
    fn octal(&mut self, mut value: u32, count: usize) -> u32 {
        for _ in 0..count {
            let Some(digit) = self.peek().and_then(|c| c.to_digit(8)) else {
                break;
            };
            self.bump();
            value = value * 8 + digit;
        }
        value
    }

    fn octal_in_range(&self, start: usize, value: u32) -> Result<u32> {
        if value <= 0o377 {
            return Ok(value);
        }
        let span = start..self.here().start;
        let message = format!(
            "octal escape value {} outside of range 0-0o377",
            self.text(span.clone())
        );
        self.fail(span, &message, "write \\x and two hexadecimal digits")
    }

    fn bad_escape<T>(&self, start: usize, hint: &str) -> Result<T> {
        let span = start..self.here().start;
        let message = format!("bad escape {}", self.text(span.clone()));
        self.fail(span, &message, hint)
    }

    fn lonely_backslash<T>(&self, start: usize) -> Result<T> {
        self.fail(
            start..start + 1,
            "bad escape (end of pattern)",
            "write \\\\ for a backslash",
        )
    }
}

fn digit(c: char) -> u32 {
    c.to_digit(10).unwrap_or(0)
}
