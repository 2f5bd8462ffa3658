//! What a text can go on with while a plan looks at it: most ways end here.

use super::super::parts::Set;
use super::Op;

/// What a text can go on with, from an operation on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ahead {
    set: Set,
    /// The operations behind may take nothing at all.
    may_end: bool,
    /// It can go on with a digit, where a letter or digit stands before.
    pub takes_digit: bool,
}

impl Ahead {
    /// Only a no is certain.
    pub fn may_go_on(&self, here: Option<u8>) -> bool {
        self.may_end || here.is_some_and(|byte| self.set.has_ascii(byte))
    }

    /// For each of the operations, which only ever lead to later ones. `word_end`: a match may not end within a word.
    pub fn of(ops: &[Op], word_end: bool) -> Vec<Ahead> {
        let separators = ops.iter().fold(Set::default(), |all, op| match op {
            Op::Separator(set) => all.or(*set),
            _ => all,
        });
        let nothing = Ahead::taking(Set::default());
        let mut ahead = vec![nothing; ops.len()];
        for (at, op) in ops.iter().enumerate().rev() {
            let behind = |to: usize| ahead.get(to).copied().unwrap_or(nothing);
            let one = match *op {
                Op::Byte(byte) => Ahead::taking(Set::default().with(byte)),
                Op::OneOf(set) | Op::Separator(set) => Ahead::taking(set),
                Op::SameSeparator => Ahead::taking(separators),
                Op::Unit(token) => Ahead::taking(token.unit.beginnings()),
                Op::Run(run) => Ahead::taking(run.set).or(behind(at + 1)),
                Op::Until(_) => Ahead::anything(true),
                Op::CutBegin | Op::CutEnd => behind(at + 1),
                Op::Split(other) => behind(at + 1).or(behind(other)),
                Op::Jump(to) => behind(to),
                Op::End => Ahead::anything(!word_end),
            };
            if let Some(place) = ahead.get_mut(at) {
                *place = one;
            }
        }
        ahead
    }

    fn taking(set: Set) -> Ahead {
        Ahead {
            set,
            may_end: false,
            takes_digit: set.meets(Set::DIGITS),
        }
    }

    /// Whatever follows, or nothing.
    fn anything(takes_digit: bool) -> Ahead {
        Ahead {
            set: Set::ALL,
            may_end: true,
            takes_digit,
        }
    }

    fn or(self, other: Ahead) -> Ahead {
        Ahead {
            set: self.set.or(other.set),
            may_end: self.may_end || other.may_end,
            takes_digit: self.takes_digit || other.takes_digit,
        }
    }
}
