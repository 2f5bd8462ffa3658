//! Sets of characters, exact for ASCII and rounded up for all others.
use crate::syntax::{Case, Class, ClassItem, PerlClass};

/// Characters that something may match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chars {
    ascii: u128,
    /// Characters beyond ASCII are in it (perhaps only some of them).
    other: bool,
}

impl Chars {
    pub const NONE: Chars = Chars { ascii: 0, other: false };
    pub const ALL: Chars = Chars {
        ascii: u128::MAX,
        other: true,
    };

    /// What `.` matches.
    pub fn any(newline: bool) -> Chars {
        match newline {
            true => Chars::ALL,
            false => Chars::ALL.without_newline(),
        }
    }

    pub fn of_point(point: u32, case: Case) -> Chars {
        Chars::of_range(point, point).folded(case)
    }

    pub fn of_class(class: &Class) -> Chars {
        let mut set = Chars::NONE;
        let mut all_others = false;
        for item in &class.items {
            set = set.union(Chars::of_item(item));
            all_others |= matches!(item, ClassItem::Range(first, last) if *first <= 128 && *last >= 0x0010_ffff)
                || class.items.iter().any(|other| are_opposite(item, other));
        }
        set = set.folded(class.case);
        match class.negated {
            false => set,
            true => Chars {
                ascii: !set.ascii,
                other: !all_others,
            },
        }
    }

    fn of_range(first: u32, last: u32) -> Chars {
        let ascii = (first..=last.min(127)).fold(0, |bits, point| bits | 1_u128 << point);
        Chars {
            ascii,
            other: last > 127,
        }
    }

    fn of_item(item: &ClassItem) -> Chars {
        match *item {
            ClassItem::Range(first, last) => Chars::of_range(first, last),
            ClassItem::Perl { class, negated, ascii } => {
                let set = Chars::of_ascii(|c| match class {
                    PerlClass::Digit => c.is_ascii_digit(),
                    PerlClass::Space => c == ' ' || ('\t'..='\r').contains(&c) || ('\x1c'..='\x1f').contains(&c),
                    PerlClass::Word => c.is_ascii_alphanumeric() || c == '_',
                });
                match negated {
                    false => Chars { other: !ascii, ..set },
                    true => Chars {
                        ascii: !set.ascii,
                        other: true,
                    },
                }
            }
        }
    }

    fn of_ascii(test: impl Fn(char) -> bool) -> Chars {
        let ascii = (0..128_u8)
            .filter(|byte| test(char::from(*byte)))
            .fold(0, |bits, byte| bits | 1_u128 << byte);
        Chars { ascii, other: false }
    }

    fn folded(self, case: Case) -> Chars {
        if case == Case::Sensitive {
            return self;
        }
        let folded = Chars::of_ascii(|c| {
            c.is_ascii_alphabetic() && (self.has(c.to_ascii_lowercase()) || self.has(c.to_ascii_uppercase()))
        });
        let set = self.union(folded);
        // The Kelvin sign is a k, the long s an s.
        let beyond = case == Case::Ignore && (set.has('k') || set.has('s'));
        Chars {
            other: set.other || beyond,
            // What is beyond ASCII may have a partner in it.
            ascii: match case == Case::Ignore && self.other {
                true => set.ascii | Chars::of_ascii(|c| "kKsSiI".contains(c)).ascii,
                false => set.ascii,
            },
        }
    }

    pub fn without_newline(self) -> Chars {
        Chars {
            ascii: self.ascii & !(1 << b'\n'),
            ..self
        }
    }

    pub fn has(self, c: char) -> bool {
        match u32::from(c) {
            point @ 0..128 => self.ascii & (1 << point) != 0,
            _ => self.other,
        }
    }

    pub fn is_empty(self) -> bool {
        self == Chars::NONE
    }

    pub fn union(self, with: Chars) -> Chars {
        Chars {
            ascii: self.ascii | with.ascii,
            other: self.other || with.other,
        }
    }

    pub fn intersection(self, with: Chars) -> Chars {
        Chars {
            ascii: self.ascii & with.ascii,
            other: self.other && with.other,
        }
    }

    /// Whether all of them are in the other set.
    pub fn is_within(self, other: Chars) -> bool {
        self.ascii & !other.ascii == 0 && (!self.other || other.other)
    }

    pub fn meets(self, with: Chars) -> bool {
        !self.intersection(with).is_empty()
    }

    /// Whether it takes nearly all that a client could write: letters, digits and punctuation.
    pub fn is_wide(self) -> bool {
        "aZ19.:-/=".chars().all(|c| self.has(c))
    }

    pub fn words(self) -> bool {
        self.other || self.meets(Chars::of_ascii(|c| c.is_ascii_alphanumeric() || c == '_'))
    }

    /// Characters that are neither of a word nor a newline.
    pub fn others(self) -> bool {
        self.other || self.meets(Chars::of_ascii(|c| !c.is_ascii_alphanumeric() && c != '_' && c != '\n'))
    }

    /// One of them, such as is seen in logs.
    pub fn example(self) -> Option<char> {
        let printable = (0x20..0x7f_u8).map(char::from);
        let preferred = "a1 x.-:/".chars().chain(printable).chain((0..128_u8).map(char::from));
        preferred.chain(['é']).find(|c| self.has(*c))
    }
}

fn are_opposite(one: &ClassItem, other: &ClassItem) -> bool {
    match (one, other) {
        (
            ClassItem::Perl {
                class: a, negated: x, ..
            },
            ClassItem::Perl {
                class: b, negated: y, ..
            },
        ) => a == b && x != y,
        _ => false,
    }
}
