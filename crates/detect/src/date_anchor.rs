//! Which date patterns allow lines to be skipped without looking for their date.
//!
//! The detector learns from every line: it prefers the place where the last date stood. A skipped line teaches it
//! nothing, so lines may only be skipped where that cannot matter: with one single pattern that begins with a literal,
//! a line in which this literal stands once has one possible date, wherever the last one stood. And cutting the date
//! out must not bring together a text that an expression requires. The patterns that are simple enough to be sure of
//! both are read here; for all others every line's date is looked for.
use crate::screen::Needs;
use bantam_pattern::date::Alike;
use memchr::memmem::{self, Finder};
use std::ops::Range;

/// A date pattern whose dates stand where a literal stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DateAnchor {
    /// What every date begins with.
    literal: Vec<u8>,
    /// What follows.
    pieces: Vec<Piece>,
    /// The byte before the part that is cut out.
    before: u8,
    /// The byte after it.
    after: u8,
}

/// A date written the usual way.
#[derive(Debug)]
pub(crate) struct UsualDate<'t> {
    pub(crate) year: &'t [u8],
    text: &'t [u8],
    /// Where any digit would have done.
    digits: Range<usize>,
}

impl UsualDate<'_> {
    /// What all dates have in common that are written the usual way for the same reasons.
    pub(crate) fn alike(&self) -> Option<Alike> {
        Alike::new(self.text, std::slice::from_ref(&self.digits))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    Literal(u8),
    Year,
    /// Two digits, from the first of these numbers to the second whatever the pattern's field is.
    Two(u8, u8),
    Fraction,
    /// Something that takes only digits, white space, signs, colons or the letters of a zone.
    Other(Other),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Other {
    Blanks,
    Digits,
    Zone,
    Unknown,
}

/// Bytes of `+01:00`
const LONGEST_ZONE: usize = 6;

const UNKNOWN: Piece = Piece::Other(Other::Unknown);

impl DateAnchor {
    /// Reads a `datepattern` option.
    pub(crate) fn of(pattern: &str) -> Option<Self> {
        let (mut pieces, has_group) = pieces(pattern.trim())?;
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
        let (before, after) = (*before, *after);
        let pieces = pieces.split_off(literal.len());
        (literal.len() >= 4 && sure_end).then_some(DateAnchor {
            literal,
            pieces,
            before,
            after,
        })
    }

    /// Looks for places where a date can begin.
    pub(crate) fn finder(&self) -> Finder<'_> {
        Finder::new(&self.literal)
    }

    /// The date whose literal begins here, if it is written the usual way, so that the pattern matches it for certain if
    /// it matches the year. Days that not every month has are left out.
    pub(crate) fn usual_date<'t>(&self, text: &'t [u8]) -> Option<UsualDate<'t>> {
        // In front of a letter the pattern looks for a word's beginning.
        self.literal
            .first()
            .filter(|byte| byte.is_ascii_punctuation() && **byte != b'_')?;
        let (mut at, mut year, mut digits) = (self.literal.len(), None, 0..0);
        for piece in &self.pieces {
            let rest = text.get(at..)?;
            let end = at + piece.usual_length(rest)?;
            match piece {
                Piece::Year => year = text.get(at..end),
                Piece::Fraction => digits = at..end,
                Piece::Other(Other::Digits) if digits.end == at => digits.end = end,
                _ => {}
            }
            at = end;
        }
        Some(UsualDate {
            year: year?,
            // That there is no zone may be told by as many bytes.
            text: text.get(..at + LONGEST_ZONE)?,
            digits,
        })
    }

    /// What every date begins with.
    pub(crate) fn literal(&self) -> &[u8] {
        &self.literal
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

impl Piece {
    /// How much of the text it takes for certain, if that is written the usual way.
    #[inline]
    fn usual_length(self, text: &[u8]) -> Option<usize> {
        match self {
            Piece::Literal(byte) => (*text.first()? == byte).then_some(1),
            Piece::Year => (digits(text.get(..4)?) == 4).then_some(4),
            Piece::Two(from, to) => {
                let [ten @ b'0'..=b'9', one @ b'0'..=b'9', ..] = text else {
                    return None;
                };
                (from..=to).contains(&((ten - b'0') * 10 + (one - b'0'))).then_some(2)
            }
            Piece::Fraction => Some(digits(text).min(6)).filter(|length| *length > 0),
            Piece::Other(Other::Blanks) => Some(text.iter().take_while(|byte| **byte == b' ').count()),
            Piece::Other(Other::Digits) => Some(digits(text)),
            Piece::Other(Other::Zone) => Some(match text {
                [b'Z', ..] => 1,
                [b'+' | b'-', b'0', b'0'..=b'9', b':', b'0'..=b'5', b'0'..=b'9', ..] => 6,
                _ => 0,
            }),
            Piece::Other(Other::Unknown) => None,
        }
    }
}

#[inline]
fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
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
        pieces.push(match (&tail[..quantifiers], piece) {
            ("", Piece::Other(_)) => UNKNOWN,
            ("", piece) => piece,
            ("*", Piece::Other(kind @ (Other::Blanks | Other::Digits))) => Piece::Other(kind),
            ("?", Piece::Other(Other::Zone)) => Piece::Other(Other::Zone),
            (_, Piece::Literal(byte)) if quantifiers == 1 && !byte.is_ascii_punctuation() => UNKNOWN,
            (_, Piece::Other(_) | Piece::Two(..) | Piece::Fraction) if quantifiers == 1 => UNKNOWN,
            _ => return None,
        });
        rest = tail_unquantified;
    }
    Some((pieces, has_group))
}

fn next_piece(text: &str) -> Option<(Piece, &str)> {
    let mut chars = text.chars();
    let piece = match chars.next()? {
        '\\' => match chars.next()? {
            's' => Piece::Other(Other::Blanks),
            'd' => Piece::Other(Other::Digits),
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
            let is_field = |piece: &Piece| matches!(piece, Piece::Other(_) | Piece::Two(..) | Piece::Fraction);
            let kind = match (text.strip_suffix(tail), inner.as_slice()) {
                (Some("(%z)"), _) => Other::Zone,
                _ => Other::Unknown,
            };
            return inner.iter().all(is_field).then_some((Piece::Other(kind), tail));
        }
        c if c.is_ascii_graphic() && !"^$.|?*+)]{}".contains(c) || c == ' ' => Piece::Literal(u8::try_from(c).ok()?),
        _ => return None,
    };
    Some((piece, chars.as_str()))
}

/// A `%` field that takes no letters of a language (those make a pattern ignore case).
fn field(text: &str) -> Option<(Piece, &str)> {
    const FIELDS: [(&str, Piece); 14] = [
        ("ExY", Piece::Year),
        ("Y", Piece::Year),
        ("Exm", Piece::Two(1, 12)),
        ("m", Piece::Two(1, 12)),
        // Not all months have more.
        ("Exd", Piece::Two(1, 28)),
        ("d", Piece::Two(1, 28)),
        ("ExH", Piece::Two(0, 23)),
        ("H", Piece::Two(0, 23)),
        ("ExM", Piece::Two(0, 59)),
        ("M", Piece::Two(0, 59)),
        ("ExS", Piece::Two(0, 59)),
        ("S", Piece::Two(0, 59)),
        ("f", Piece::Fraction),
        ("z", UNKNOWN),
    ];
    FIELDS
        .iter()
        .find_map(|(name, piece)| Some((*piece, text.strip_prefix(name)?)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_pattern_of_the_guide_is_anchored_at_its_key() {
        let pattern = r#""StartLocal"\s*:\s*"%Y-%m-%d[T]%H:%M:%S\.%f\d*(%z)?","#;
        let anchor = DateAnchor::of(pattern).unwrap();
        assert_eq!(anchor.literal, br#""StartLocal""#);
        assert_eq!((anchor.before, anchor.after), (b'"', b'-'));
    }

    #[test]
    fn only_dates_written_the_usual_way_are_sure() {
        let pattern = r#""StartLocal"\s*:\s*"%Y-%m-%d[T]%H:%M:%S\.%f\d*(%z)?","#;
        let anchor = DateAnchor::of(pattern).unwrap();
        let year = |date: &str| {
            let text = format!(r#""StartLocal":"{date}","x":"y""#);
            anchor
                .usual_date(text.as_bytes())
                .map(|date| String::from_utf8_lossy(date.year).into_owned())
        };
        for date in [
            "2026-01-28T23:59:59.1Z",
            "2026-12-01T00:00:00.123456789",
            "2026-01-08T14:19:15.98+01:00",
        ] {
            assert_eq!(year(date).as_deref(), Some("2026"), "{date}");
        }
        for date in [
            "2026-01-29T23:59:59.1Z",
            "2026-13-01T23:59:59.1Z",
            "2026-01-01T24:59:59.1Z",
            "2026-01-01T23:59:59.Z",
            "2026-01-01T23:59:59.1z",
            "2026-01-01T23:59:59.1+25:00",
            "26-01-01T23:59:59.1Z",
            "2026-1-01T23:59:59.1Z",
            "",
        ] {
            assert_eq!(year(date), None, "{date}");
        }
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
