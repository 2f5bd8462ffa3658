//! Which templates can match a line at all, told for all of them at once from what stands before its times.

use super::marks::{Marks, times_within};
use super::plan::{Need, Plan};
use super::tail::{Tail, hour_begins};
use super::template::{Rarity, Template};
use crate::budget;

/// Bytes before a date that is bound to the line's beginning: two characters.
const HEAD: usize = 8;

/// For up to 64 templates, one bit for each.
#[derive(Debug)]
pub(super) struct Shapes {
    /// By distance from the hour: the templates that may have this character there.
    by_byte: Box<[[u64; 128]; Tail::LONGEST]>,
    /// The same for what is no ASCII, or where the line has not yet begun: those that ask for nothing there.
    by_nothing: [u64; Tail::LONGEST],
    /// By the place of the time's first colon, the last one being all that follow: those that can have it there.
    by_colon: [u64; FAR],
    /// Those of them that are not bound to the line's beginning.
    far: u64,
    /// Those that need eight digits, at the line's beginning or anywhere.
    by_digits: [u64; 2],
    /// Those that need what seconds since 1970 have, at the line's beginning or also behind `audit(`.
    by_epoch: [u64; 2],
    /// Those that need a TAI64N label, at the line's beginning or anywhere.
    by_label: [u64; 2],
    /// Those that need nothing of these.
    always: u64,
}

/// Further right no date that is bound to the line's beginning has its time.
const FAR: usize = 64;

/// Times that are looked at between two questions whether a very long line has time left.
const PORTION: usize = 512;

impl Shapes {
    /// None if they are too many.
    pub fn of<'t>(templates: impl ExactSizeIterator<Item = (usize, &'t Template)>) -> Option<Shapes> {
        let mut shapes = Shapes {
            by_byte: Box::new([[0; 128]; Tail::LONGEST]),
            by_nothing: [0; Tail::LONGEST],
            by_colon: [0; FAR],
            far: 0,
            by_digits: [0; 2],
            by_epoch: [0; 2],
            by_label: [0; 2],
            always: 0,
        };
        if templates.len() > 64 {
            return None;
        }
        for (id, template) in templates {
            let bit = 1_u64.checked_shl(u32::try_from(id).ok()?)?;
            let is_bound = template.at_line_begin && template.plan.as_ref().is_none_or(Plan::at_line_begin);
            match template.plan.as_ref().map(|plan| &plan.need) {
                Some(Need::Time { least, most, before }) => {
                    shapes.add(bit, before);
                    let last = if is_bound && *most + HEAD < FAR - 1 {
                        *most + HEAD
                    } else {
                        shapes.far |= bit;
                        usize::MAX
                    };
                    for cell in shapes.by_colon.iter_mut().take(last.saturating_add(1)).skip(*least) {
                        *cell |= bit;
                    }
                }
                Some(Need::EightDigits) => shapes.by_digits[usize::from(!is_bound)] |= bit,
                Some(Need::Literal(_) | Need::Byte { .. }) => shapes.always |= bit,
                None => match template.rarity() {
                    Some(Rarity::Epoch { at_begin }) => shapes.by_epoch[usize::from(!at_begin)] |= bit,
                    Some(Rarity::Label) => shapes.by_label[usize::from(!is_bound)] |= bit,
                    None => shapes.always |= bit,
                },
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

    /// Which of these templates may match the line; only a missing bit is certain.
    pub fn candidates(&self, asked: u64, text: &[u8], marks: &mut Marks) -> u64 {
        if !marks.usable {
            return asked;
        }
        let mut all = self.always & asked;
        let others = asked & !all;
        if others == 0 {
            return all;
        }
        let mut look = |colon: usize| {
            let placed = self.by_colon[colon.min(FAR - 1)] & others & !all;
            if placed != 0 {
                for begin in hour_begins(text, colon) {
                    all |= self.before(placed, text, begin);
                }
            }
        };
        if self.far & others != 0 {
            for portion in marks.times(text).chunks(PORTION) {
                if !budget::may_look(text.len()) {
                    break;
                }
                portion.iter().copied().for_each(&mut look);
            }
            marks.gave_up |= !budget::may_look(text.len());
        } else {
            times_within(text, FAR).for_each(&mut look);
        }
        let places = [true, false];
        for (at_begin, templates) in places
            .into_iter()
            .zip(self.by_digits.map(|templates| templates & asked))
        {
            if templates != 0 && marks.may_have_digits(text, at_begin) {
                all |= templates;
            }
        }
        for (at_begin, templates) in places.into_iter().zip(self.by_epoch.map(|templates| templates & asked)) {
            if templates != 0 && marks.may_have_epoch(text, at_begin) {
                all |= templates;
            }
        }
        for (at_begin, templates) in places.into_iter().zip(self.by_label.map(|templates| templates & asked)) {
            if templates != 0 && marks.may_have_label(text, at_begin) {
                all |= templates;
            }
        }
        all
    }

    /// Those among them that may have this before the hour.
    fn before(&self, mut fitting: u64, text: &[u8], begin: usize) -> u64 {
        for (distance, row) in self.by_byte.iter().enumerate() {
            if fitting == 0 {
                break;
            }
            let byte = begin.checked_sub(distance + 1).and_then(|at| text.get(at));
            fitting &= byte
                .and_then(|&byte| row.get(usize::from(byte)))
                .unwrap_or(&self.by_nothing[distance]);
        }
        fitting
    }
}
