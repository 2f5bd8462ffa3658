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
        let separators = ops.iter().fold(Set::default(), |all, op| match op {
            Op::Separator(set) => all.or(*set),
            _ => all,
        });
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
                Op::Unit(unit, _) => taking(unit.beginnings()),
                Op::Run(run) => or_behind(run.set, at + 1),
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
