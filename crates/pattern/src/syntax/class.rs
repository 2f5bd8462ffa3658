//! Sets of characters: `[a-z\d]`, `\w`.
use super::escape::Escaped;
use super::flags::Flags;
use super::parse::{Parser, Result};
use super::{Case, Kind};

/// A set of characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    /// Whether it means all characters outside of the items.
    pub negated: bool,
    /// What it is made of, in the order written; never empty.
    pub items: Vec<ClassItem>,
    /// How the case of the ranges counts.
    pub case: Case,
}

/// A piece of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClassItem {
    /// Code points from the first to the last, both included.
    Range(u32, u32),
    /// `\d`, `\S` …
    Perl {
        /// Which kind.
        class: PerlClass,
        /// The big letter: everything else.
        negated: bool,
        /// ASCII only (`(?a)`).
        ascii: bool,
    },
}

/// The three kinds of characters that have a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PerlClass {
    /// `\d`: decimal digits of all scripts.
    Digit,
    /// `\s`: white space as Python sees it, U+001C to U+001F included.
    Space,
    /// `\w`: letters, numbers and the underscore; no combining marks.
    Word,
}

impl ClassItem {
    /// The set that a letter behind a backslash stands for.
    pub(super) fn from_letter(letter: char, ascii: bool) -> Option<ClassItem> {
        let class = match letter.to_ascii_lowercase() {
            'd' => PerlClass::Digit,
            's' => PerlClass::Space,
            'w' => PerlClass::Word,
            _ => return None,
        };
        Some(ClassItem::Perl {
            class,
            negated: letter.is_ascii_uppercase(),
            ascii,
        })
    }
}

impl Parser<'_> {
    /// Reads a set behind its `[`.
    pub(super) fn class(&mut self, flags: Flags) -> Result<Kind> {
        let open = self.last();
        let negated = self.eat('^');
        let mut items = Vec::new();
        loop {
            let first_at = self.here();
            let Some(c) = self.bump() else {
                return self.unterminated_set(open);
            };
            if c == ']' && !items.is_empty() {
                break;
            }
            let first = self.class_member(c, flags)?;
            if !self.eat('-') {
                items.push(first);
                continue;
            }
            let Some(c) = self.bump() else {
                return self.unterminated_set(open);
            };
            if c == ']' {
                items.extend([first, ClassItem::Range(u32::from('-'), u32::from('-'))]);
                break;
            }
            let last = self.class_member(c, flags)?;
            let (ClassItem::Range(low, _), ClassItem::Range(high, _)) = (first, last) else {
                return self.bad_range(
                    first_at.start,
                    "a range needs single characters at both ends; write the - last to mean itself",
                );
            };
            if low > high {
                return self.bad_range(first_at.start, "write the smaller character first");
            }
            items.push(ClassItem::Range(low, high));
        }
        Ok(Kind::Class(Class {
            negated,
            items,
            case: flags.case(),
        }))
    }

    /// One member of a set, whose first character was taken.
    fn class_member(&mut self, c: char, flags: Flags) -> Result<ClassItem> {
        if c != '\\' {
            return Ok(ClassItem::Range(u32::from(c), u32::from(c)));
        }
        match self.class_escape(flags)? {
            Escaped::Point(point) => Ok(ClassItem::Range(point, point)),
            Escaped::Set(item) => Ok(item),
        }
    }

    fn unterminated_set<T>(&self, open: super::Span) -> Result<T> {
        self.fail(
            open,
            "unterminated character set",
            "close it with ], or write \\[ for the bracket itself",
        )
    }

    fn bad_range<T>(&self, start: usize, hint: &str) -> Result<T> {
        let span = start..self.here().start;
        let message = format!("bad character range {}", self.text(span.clone()));
        self.fail(span, &message, hint)
    }
}
