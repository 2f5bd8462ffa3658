//! From a place in the expanded expression to the place that the user wrote.
use bantam_pattern::tags::{UseDns, expand_only};
use std::ops::Range;

/// Pairs of places that correspond.
#[derive(Debug, PartialEq, Eq)]
pub struct Mapping {
    /// In the expanded expression and in the written one, rising. Between two pairs stand equal texts, or a tag and
    /// what it stands for. Empty where the two cannot be brought together.
    pairs: Vec<(usize, usize)>,
}

impl Mapping {
    pub fn new(written: &str, expanded: &str, use_dns: UseDns) -> Self {
        // A blank at an end may have been taken off, flags may have been moved into their group.
        if expand_only(written, use_dns) != expanded {
            return Mapping { pairs: Vec::new() };
        }
        // A tag holds no `<` of another: cut at either end of one, what was before is expanded as in the whole.
        let borders = written.bytes().enumerate().filter_map(|(at, byte)| match byte {
            b'<' => Some(at),
            b'>' => Some(at + 1),
            _ => None,
        });
        let pair = |at: usize| Some((expand_only(written.get(..at)?, use_dns).len(), at));
        let mut pairs: Vec<(usize, usize)> = borders.filter_map(pair).collect();
        pairs.insert(0, (0, 0));
        pairs.push((expanded.len(), written.len()));
        pairs.dedup();
        Mapping { pairs }
    }

    /// Where it was written; tags that it touches count as a whole.
    pub fn written(&self, span: &Range<usize>) -> Option<Range<usize>> {
        let start = self.place(span.start, false)?;
        let end = self.place(span.end, true)?;
        (start <= end).then_some(start..end)
    }

    fn place(&self, at: usize, end: bool) -> Option<usize> {
        for pair in self.pairs.windows(2) {
            let &[(from, written), (to, written_to)] = pair else {
                continue;
            };
            let inside = match end {
                true => from < at && at <= to || at == 0,
                false => from <= at && at < to,
            };
            if inside {
                let same = to - from == written_to - written;
                return Some(match (same, end) {
                    (true, _) => written + (at - from),
                    (false, true) if at > from => written_to,
                    (false, _) => written,
                });
            }
        }
        self.pairs
            .last()
            .filter(|(last, _)| *last == at)
            .map(|(_, written)| *written)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_place_is_found_again_before_within_and_behind_tags() {
        let written = "^a <F-USER>.*</F-USER> from <HOST> b$";
        let expanded = expand_only(written, UseDns::Warn);
        let mapping = Mapping::new(written, &expanded, UseDns::Warn);
        let shown = |part: &str| {
            let at = expanded.find(part).unwrap();
            written.get(mapping.written(&(at..at + part.len())).unwrap()).unwrap()
        };
        assert_eq!(shown("^a"), "^a");
        assert_eq!(shown(".*"), ".*");
        assert_eq!(shown(" from "), " from ");
        assert_eq!(shown("(?P<ip4>"), "<HOST>");
        assert_eq!(shown(" b$"), " b$");
        assert_eq!(shown("$"), "$");
        let moved = Mapping::new("a((?i)b)", "a(?i:b)", UseDns::Warn);
        assert_eq!(moved.written(&(0..1)), None);
    }
}
