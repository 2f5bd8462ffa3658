//! Places in a line, counted in characters: a date keeps its column from line to line, whatever stands before it.

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

/// Whether there is nothing but ASCII. Lines are short: the standard library's looks at each byte of the last piece by
/// itself, this one at the last bytes together, some of them again.
fn is_ascii(text: &[u8]) -> bool {
    const PIECE: usize = 32;
    let is_plain = |piece: &[u8; PIECE]| piece.iter().fold(0, |all, byte| all | byte) < 128;
    match (text.as_chunks::<PIECE>(), text.last_chunk::<PIECE>()) {
        ((pieces, _), Some(last)) => pieces.iter().all(is_plain) && is_plain(last),
        _ => text.is_ascii(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_byte_beyond_ascii_is_seen_wherever_it_stands() {
        for length in 0..100 {
            let mut text = vec![b'a'; length];
            assert!(is_ascii(&text));
            for at in 0..length {
                text[at] = 128;
                assert!(!is_ascii(&text), "{at} of {length}");
                text[at] = b'a';
            }
        }
    }
}
