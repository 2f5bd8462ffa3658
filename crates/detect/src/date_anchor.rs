//! Which date patterns allow lines to be skipped without looking for their date.
//!
//! The detector learns from every line: it prefers the place where the last date stood. A skipped line teaches it
//! nothing, so lines may only be skipped where that cannot matter: with one single pattern that begins with a literal,
//! a line in which this literal stands once has one possible date, wherever the last one stood. And cutting the date
//! out must not bring together a text that an expression requires. The patterns that are simple enough to be sure of
//! both are read here; for all others every line's date is looked for.
use crate::screen::Needs;
use memchr::memmem;

/// A date pattern whose dates stand where a literal stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DateAnchor {
    /// What every date begins with.
    literal: Vec<u8>,
    /// The byte before the part that is cut out.
    before: u8,
    /// The byte after it.
    after: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    Literal(u8),
    Year,
    /// Something that takes only digits, white space, signs, colons or the letters of a zone.
    Other,
}

impl DateAnchor {
    /// Reads a `datepattern` option.
    pub(crate) fn of(pattern: &str) -> Option<Self> {
        let (pieces, has_group) = pieces(pattern.trim())?;
        // Without a group of its own the whole match is cut out, and anything may stand around it.
        if !has_group {
            return None;
        }
        let literal: Vec<u8> = pieces
            .iter()
            .map_while(|piece| match piece {
                Piece::Literal(byte) => Some(*byte),
                _ => None,
            })
            .collect();
        let [Piece::Year, Piece::Literal(after), ..] = pieces.get(first_capture(&pieces)?..)? else {
            return None;
        };
        let Some(Piece::Literal(before)) = pieces.get(first_capture(&pieces)?.checked_sub(1)?) else {
            return None;
        };
        let Some(Piece::Literal(end)) = pieces.last() else {
            return None;
        };
        // The end must be a byte that nothing before it can take, so that a date has one possible end.
        let sure_end = end.is_ascii_punctuation() && !b".:+-/_".contains(end);
        (literal.len() >= 4 && sure_end).then_some(DateAnchor {
            literal,
            before: *before,
            after: *after,
        })
    }

    /// Whether the line has one possible place for a date.
    pub(crate) fn stands_once_in(&self, line: &[u8]) -> bool {
        memmem::find_iter(line, &self.literal).take(2).count() == 1
    }

    /// Whether cutting out the date leaves these literals where they stand, and brings none about.
    pub(crate) fn spares(&self, needs: &Needs) -> bool {
        !needs.may_join(self.before, self.after)
    }
}

/// The first piece that is a group of its own in the expression.
fn first_capture(pieces: &[Piece]) -> Option<usize> {
    pieces.iter().position(|piece| *piece == Piece::Year)
}

/// The pattern's pieces and whether it has a group of its own; none where it is not simple enough.
fn pieces(pattern: &str) -> Option<(Vec<Piece>, bool)> {
    let mut pieces = Vec::new();
    let mut has_group = false;
    let mut rest = pattern;
    while !rest.is_empty() {
        let (piece, tail) = next_piece(rest)?;
        has_group |= rest.starts_with('(');
        // A group before the year would be the one that is cut out.
        if rest.starts_with('(') && !pieces.contains(&Piece::Year) {
            return None;
        }
        let tail_unquantified = tail.trim_start_matches(['*', '+', '?']);
        let quantifiers = tail.len() - tail_unquantified.len();
        match (quantifiers, piece) {
            (0, piece) => pieces.push(piece),
            (1, Piece::Literal(byte)) if !byte.is_ascii_punctuation() => pieces.push(Piece::Other),
            (1, Piece::Other) => pieces.push(Piece::Other),
            _ => return None,
        }
        rest = tail_unquantified;
    }
    Some((pieces, has_group))
}

fn next_piece(text: &str) -> Option<(Piece, &str)> {
    let mut chars = text.chars();
    let piece = match chars.next()? {
        '\\' => match chars.next()? {
            's' | 'd' => Piece::Other,
            c if c.is_ascii_punctuation() => Piece::Literal(u8::try_from(c).ok()?),
            _ => return None,
        },
        '%' => return field(chars.as_str()),
        '[' => {
            let c = chars.next()?;
            let plain = c.is_ascii_alphanumeric() || ",;:/- ".contains(c);
            if !plain || chars.next()? != ']' {
                return None;
            }
            Piece::Literal(u8::try_from(c).ok()?)
        }
        '(' => {
            let (inner, tail) = chars.as_str().split_once(')')?;
            if inner.starts_with('?') || inner.contains(['(', '[', '\\']) {
                return None;
            }
            let (inner, _) = pieces(inner)?;
            let fields = inner.iter().all(|piece| *piece == Piece::Other);
            return fields.then_some((Piece::Other, tail));
        }
        c if c.is_ascii_graphic() && !"^$.|?*+)]{}".contains(c) || c == ' ' => Piece::Literal(u8::try_from(c).ok()?),
        _ => return None,
    };
    Some((piece, chars.as_str()))
}

/// A `%` field that takes no letters of a language (those make a pattern ignore case).
fn field(text: &str) -> Option<(Piece, &str)> {
    for (names, piece) in [
        (&["ExY", "Y"][..], Piece::Year),
        (
            &["Exm", "Exd", "ExH", "ExM", "ExS", "m", "d", "H", "M", "S", "f", "z"][..],
            Piece::Other,
        ),
    ] {
        for name in names {
            if let Some(tail) = text.strip_prefix(name) {
                return Some((piece, tail));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pattern_of_the_guide_is_anchored_at_its_key() {
        let pattern = r#""StartLocal"\s*:\s*"%Y-%m-%d[T]%H:%M:%S\.%f\d*(%z)?","#;
        assert_eq!(
            DateAnchor::of(pattern),
            Some(DateAnchor {
                literal: br#""StartLocal""#.to_vec(),
                before: b'"',
                after: b'-',
            })
        );
    }

    #[test]
    fn patterns_that_leave_a_doubt_are_not_anchored() {
        for pattern in [
            "",
            "%Y-%m-%d",
            r#""time":"%Y-%m-%dT%H:%M:%S%z""#,
            r#""time":"%Y-%m-%d|(x)""#,
            r#""time":".*%Y-(%z)?""#,
            r#""time"?:"(%z)%Y-%m""#,
            r#""time":"%Y-%m-%d %H:%M:%S(%z)?"#,
            r#""time":"%Y-%b-%d(%z)?""#,
            "{^LN-BEG}(%Y)",
        ] {
            assert_eq!(DateAnchor::of(pattern), None, "{pattern}");
        }
    }
}
