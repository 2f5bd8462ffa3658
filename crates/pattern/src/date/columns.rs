//! Places in a line, counted in characters: a date keeps its column from line to line, whatever stands before it.

use crate::ascii::is_ascii;

/// Where a date begins or ends, and what stands on both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Border {
    pub column: usize,
    before: Option<char>,
    after: Option<char>,
}

/// A line, by columns.
#[derive(Debug)]
pub(super) struct Columns<'l> {
    line: &'l str,
    /// Columns are bytes.
    plain: bool,
}

impl<'l> Columns<'l> {
    pub fn new(line: &'l str) -> Self {
        Columns {
            line,
            plain: is_ascii(line.as_bytes()),
        }
    }

    /// Whether there is nothing but ASCII.
    pub fn is_plain(&self) -> bool {
        self.plain
    }

    /// The column of a place given in bytes.
    pub fn column(&self, byte: usize) -> usize {
        if self.plain {
            return byte;
        }
        self.line.get(..byte).map_or(byte, |before| before.chars().count())
    }

    /// The place in bytes of a column; the line's end if it is shorter.
    pub fn byte(&self, column: usize) -> usize {
        if self.plain {
            return column.min(self.line.len());
        }
        let mut rest = self.line.chars();
        // Passing over characters is quicker than counting where they begin.
        if let Some(before) = column.checked_sub(1) {
            rest.nth(before);
        }
        self.line.len() - rest.as_str().len()
    }

    /// The border at a place given in bytes.
    pub fn border(&self, byte: usize) -> Border {
        if self.plain {
            let at = |at: usize| self.line.as_bytes().get(at).map(|&byte| char::from(byte));
            return Border {
                column: byte,
                before: byte.checked_sub(1).and_then(at),
                after: at(byte),
            };
        }
        Border {
            column: self.column(byte),
            before: self.line.get(..byte).and_then(|before| before.chars().next_back()),
            after: self.line.get(byte..).and_then(|after| after.chars().next()),
        }
    }

    /// Whether the line looks around these two columns as the one did that they come from: what is outside of the
    /// date is the same, or what is inside, if that is no letter or digit.
    pub fn fits(&self, begin: &Border, end: &Border) -> bool {
        let same_inside =
            |here: Option<char>, there: Option<char>| here == there && !there.is_some_and(char::is_alphanumeric);
        let (b, e) = (self.at_column(begin.column), self.at_column(end.column));
        (b.before == begin.before || same_inside(b.after, begin.after))
            && (e.after == end.after || same_inside(e.before, end.before))
    }

    fn at_column(&self, column: usize) -> Border {
        let byte = self.byte(column);
        let border = self.border(byte);
        if border.column < column {
            // Beyond the line's end there is nothing on either side, except just behind its last character.
            return Border {
                column,
                before: None,
                after: None,
            };
        }
        border
    }
}
