//! Which templates can match a line at all, told for all of them at once from what stands before its times.

use super::marks::Marks;
use super::plan::Need;
use super::tail::{Tail, hour_begins};
use super::template::Template;

/// For up to 64 templates, one bit for each.
#[derive(Debug)]
pub(super) struct Shapes {
    /// By distance from the hour: the templates that may have this character there.
    by_byte: Box<[[u64; 128]; Tail::LONGEST]>,
    /// The same for what is no ASCII, or where the line has not yet begun: those that ask for nothing there.
    by_nothing: [u64; Tail::LONGEST],
    /// Those that need no time.
    always: u64,
}

impl Shapes {
    /// None if they are too many.
    pub fn of<'t>(templates: impl ExactSizeIterator<Item = (usize, &'t Template)>) -> Option<Shapes> {
        let mut shapes = Shapes {
            by_byte: Box::new([[0; 128]; Tail::LONGEST]),
            by_nothing: [0; Tail::LONGEST],
            always: 0,
        };
        if templates.len() > 64 {
            return None;
        }
        for (id, template) in templates {
            let bit = 1_u64.checked_shl(u32::try_from(id).ok()?)?;
            match template.plan.as_ref().map(|plan| plan.need) {
                Some(Need::Time { before, .. }) => shapes.add(bit, &before),
                _ => shapes.always |= bit,
            }
        }
        Some(shapes)
    }

    fn add(&mut self, bit: u64, before: &Tail) {
        for (distance, row) in self.by_byte.iter_mut().enumerate() {
            let set = before.sets().get(distance);
            for (byte, cell) in (0_u8..).zip(row.iter_mut()) {
                if set.is_none_or(|set| set.has(byte)) {
                    *cell |= bit;
                }
            }
            if set.is_none() {
                self.by_nothing[distance] |= bit;
            }
        }
    }

    /// The templates that may match the line; only a missing bit is certain.
    pub fn candidates(&self, text: &[u8], marks: &mut Marks) -> u64 {
        if !marks.usable {
            return u64::MAX;
        }
        let begins = |&colon: &usize| hour_begins(text, colon);
        let times = marks.times(text).iter().flat_map(begins);
        times.fold(self.always, |all, begin| all | self.before(text, begin))
    }

    fn before(&self, text: &[u8], begin: usize) -> u64 {
        let mut fitting = u64::MAX;
        for (distance, row) in self.by_byte.iter().enumerate() {
            let byte = begin.checked_sub(distance + 1).and_then(|at| text.get(at));
            fitting &= byte
                .and_then(|&byte| row.get(usize::from(byte)))
                .unwrap_or(&self.by_nothing[distance]);
            if fitting == 0 {
                break;
            }
        }
        fitting
    }
}
