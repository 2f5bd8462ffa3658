//! What a text can go on with while a plan looks at it: most ways end here.

use super::super::parts::Set;
use super::Op;

/// What a text can go on with, from an operation on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ahead {
    set: Set,
    /// The operations behind may take nothing at all.
    may_end: bool,
}

impl Ahead {
    /// Only a no is certain.
    pub fn may_go_on(&self, here: Option<u8>) -> bool {
        self.may_end || here.is_some_and(|byte| self.set.has_ascii(byte))
    }

    /// For each of the operations, which only ever lead to later ones.
    pub fn of(ops: &[Op]) -> Vec<Ahead> {
        let nothing = Ahead {
            set: Set::default(),
            may_end: false,
        };
        let separators = separators(ops);
        let mut ahead = vec![nothing; ops.len()];
        for (at, op) in ops.iter().enumerate().rev() {
            let behind = |to: usize| ahead.get(to).copied().unwrap_or(nothing);
            let taking = |set| Ahead { set, may_end: false };
            let or_behind = |set: Set, to: usize| Ahead {
                set: set.or(behind(to).set),
                may_end: behind(to).may_end,
            };
            let one = match *op {
                Op::Byte(byte) => taking(Set::default().with(byte)),
                Op::OneOf(set) | Op::Separator(set) => taking(set),
                Op::SameSeparator => taking(separators),
                Op::Unit(token) => taking(token.unit.beginnings()),
                Op::Run(run) => or_behind(run.set, at + 1),
                Op::Until(_) => Ahead {
                    set: Set::ALL,
                    may_end: true,
                },
                Op::CutBegin | Op::CutEnd => behind(at + 1),
                Op::Split(other) => Ahead {
                    may_end: behind(at + 1).may_end || behind(other).may_end,
                    ..or_behind(behind(at + 1).set, other)
                },
                Op::Jump(to) => behind(to),
                Op::End => Ahead {
                    set: Set::ALL,
                    may_end: true,
                },
            };
            if let Some(place) = ahead.get_mut(at) {
                *place = one;
            }
        }
        ahead
    }
}

fn separators(ops: &[Op]) -> Set {
    ops.iter().fold(Set::default(), |all, op| match op {
        Op::Separator(set) => all.or(*set),
        _ => all,
    })
}

/// For each of the operations, whether a text can go on with a digit from there, where a digit or letter stands before.
pub(super) fn takes_digit(ops: &[Op], word_end: bool) -> Vec<bool> {
    let digits = |set: Set| set.meets(Set::DIGITS);
    let mut takes = vec![true; ops.len()];
    for (at, op) in ops.iter().enumerate().rev() {
        let behind = |to: usize| takes.get(to).copied().unwrap_or(true);
        let one = match *op {
            Op::Byte(byte) => byte.is_ascii_digit(),
            Op::OneOf(set) | Op::Separator(set) => digits(set),
            Op::SameSeparator => digits(separators(ops)),
            Op::Unit(token) => digits(token.unit.beginnings()),
            Op::Run(run) => digits(run.set) || behind(at + 1),
            Op::CutBegin | Op::CutEnd => behind(at + 1),
            Op::Split(other) => behind(at + 1) || behind(other),
            Op::Jump(to) => behind(to),
            Op::Until(_) => true,
            Op::End => !word_end,
        };
        if let Some(place) = takes.get_mut(at) {
            *place = one;
        }
    }
    takes
}
