//! When was this line written: date templates, and the detector that finds which of them a log uses.
//!
//! Stands beside the expressions at the third step of the journey: `detect` asks for the date of each line, cuts it
//! out and matches what remains.
//!
//! A template is an expression with `%` tokens in it ([`tokens`]), bound to word borders or the line's beginning
//! ([`bounds`]); most need no engine to be matched ([`plan`]). The [`detector`] tries them in an order that it learns,
//! and does not listen to what a client wrote into an access log ([`access`]); [`convert`] makes a moment of what was
//! found.

mod access;
mod alike;
mod bounds;
mod columns;
mod convert;
mod defaults;
mod detector;
#[cfg(feature = "differential")]
mod differential;
mod digits;
#[cfg(test)]
mod equality;
mod marks;
mod number;
mod parts;
mod plan;
mod recent;
mod repeat;
mod shapes;
mod tail;
mod template;
mod tokens;
mod units;
mod words;
mod written;
mod zone;

pub use alike::Alike;
pub use detector::{Detector, Found, Look, TemplateInfo};
pub use tokens::Years;

/// Where the fields of a template lie in a line, in the order of its expression.
type Spans = [FieldSpan; convert::MAX_FIELDS];

/// Where a field lies, in bytes; small, since many are written for each line. Equal ends: it took no part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct FieldSpan {
    start: u32,
    end: u32,
}

impl FieldSpan {
    /// Nothing if the place is beyond four gigabytes, or empty.
    fn new(start: usize, end: usize) -> Self {
        match (u32::try_from(start), u32::try_from(end)) {
            (Ok(start), Ok(end)) => FieldSpan { start, end },
            _ => FieldSpan::default(),
        }
    }

    fn is_empty(self) -> bool {
        self.start >= self.end
    }

    fn range(self) -> Option<std::ops::Range<usize>> {
        (self.start < self.end).then_some(self.start as usize..self.end as usize)
    }
}

/// A template's match in a line, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Match {
    start: usize,
    end: usize,
    /// What is to be cut out of the line: group 1. Empty if that took no part.
    cut: (usize, usize),
    fields: Spans,
}

#[cfg(any(test, feature = "differential"))]
impl Match {
    /// What a search leaves, if it finds something.
    fn of(search: impl FnOnce(&mut Match) -> bool) -> Option<Match> {
        // What was there before counts for nothing.
        let before = FieldSpan { start: 1, end: 2 };
        let mut found = Match {
            fields: [before; convert::MAX_FIELDS],
            ..Match::default()
        };
        search(&mut found).then_some(found)
    }
}
