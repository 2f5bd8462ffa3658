//! When was this line written: date templates, and the detector that finds which of them a log uses.
//!
//! Stands beside the expressions at the third step of the journey: `detect` asks for the date of each line, cuts it
//! out and matches what remains.
//!
//! A template is an expression with `%` tokens in it ([`tokens`]), bound to word borders or the line's beginning
//! ([`bounds`]). The [`detector`] tries them in an order that it learns; [`convert`] makes a moment of what was found.

mod bounds;
mod columns;
mod convert;
mod defaults;
mod detector;
mod digits;
mod template;
mod tokens;
mod zone;

pub use detector::{Detector, Found, TemplateInfo};
pub use tokens::Years;

/// Where the fields of a template lie in a line, in the order of its expression.
type Spans = [Option<(usize, usize)>; convert::MAX_FIELDS];

/// A template's match in a line, in bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Match {
    start: usize,
    end: usize,
    /// What is to be cut out of the line: group 1. Empty if that took no part.
    cut: (usize, usize),
    fields: Spans,
}
