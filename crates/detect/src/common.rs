//! A text that stands in every line that matters to any of the filters of a file: `"OriginStatus":40` where each of them
//! looks for another path. A single search for it passes over most lines, and only the rest is looked at for what each
//! filter needs.
use memchr::arch::all::packedpair::HeuristicFrequencyRank;
use memchr::memmem::{self, Finder, FinderBuilder};
use std::ops::Range;

/// Shorter ones stand in most lines.
const SHORTEST: usize = 6;
/// Of more expressions none is looked for …
const MOST_EXPRESSIONS: usize = 64;
/// … nor among more parts of their literals.
const MOST_TRIED: usize = 2000;
/// Such a text must be missing in all but one of so many lines.
const RARE: usize = 4;

/// So much of a log tells by which bytes it is found.
const SAMPLE: usize = 8 << 10;
/// So many of its first bytes come into question for that.
const LONGEST: usize = 64;

/// What an expression requires: all of these literals.
pub(crate) type Required = Vec<Vec<u8>>;

/// What all lines have in common that matter.
#[derive(Debug)]
pub(crate) struct Common {
    finder: Finder<'static>,
}

impl Common {
    /// The rarest text in this log, of which `sample` is a part, that all these expressions require; none if that is not
    /// rare.
    pub(crate) fn of<'r>(required: impl Iterator<Item = &'r Required>, sample: &[u8]) -> Option<Self> {
        let mut required: Vec<&Required> = required.collect();
        required.sort_unstable();
        required.dedup();
        // The one that leaves the least to try.
        required.sort_by_key(|literals| literals.iter().map(Vec::len).sum::<usize>());
        let (first, others) = required.split_first().filter(|_| required.len() <= MOST_EXPRESSIONS)?;
        let in_all = |text: &[u8]| {
            let has = |literals: &&Required| literals.iter().any(|literal| memmem::find(literal, text).is_some());
            others.iter().all(has)
        };
        let mut tried = 0;
        let mut best: Option<(usize, &[u8])> = None;
        for literal in first.iter() {
            let mut from = 0;
            while let Some(part) = longest(literal, from, &in_all, &mut tried) {
                from = part.start + 1;
                let text = &literal[part];
                if is_where_dates_are_cut(text) {
                    continue;
                }
                let count = memmem::find_iter(sample, text).count();
                if best.is_none_or(|(least, _)| count < least) {
                    best = Some((count, text));
                }
            }
        }
        let lines = memchr::memchr_iter(b'\n', sample).count();
        let (_, text) = best.filter(|(count, _)| count * RARE <= lines)?;
        Some(Common {
            finder: finder(text, sample),
        })
    }

    /// The text.
    pub(crate) fn text(&self) -> &[u8] {
        self.finder.needle()
    }

    /// Where it first stands.
    pub(crate) fn find(&self, text: &[u8]) -> Option<usize> {
        self.finder.find(text)
    }
}

/// Finds a text by two of its bytes that seldom stand as they do in it: all keys of a log stand in each of its lines, so
/// that how rare their letters are elsewhere tells nothing.
fn finder(text: &[u8], sample: &[u8]) -> Finder<'static> {
    let rank = Rank(rarest_pair(text, &sample[..sample.len().min(SAMPLE)]));
    FinderBuilder::new().build_forward_with_ranker(rank, text).into_owned()
}

/// The two bytes of a text that least stand in a sample as far from each other as in the text.
fn rarest_pair(text: &[u8], sample: &[u8]) -> Option<[u8; 2]> {
    // Where the text would begin in the sample, if it is only asked whether this byte of it is there; a bit for each place.
    let begins = |at: usize| -> Vec<u64> {
        let mut places = vec![0; sample.len() / 64 + 1];
        for place in memchr::memchr_iter(text[at], sample).filter_map(|place| place.checked_sub(at)) {
            places[place / 64] |= 1 << (place % 64);
        }
        places
    };
    let is_first = |at: &usize| !text[..*at].contains(&text[*at]);
    let bytes = (0..text.len().min(LONGEST)).filter(is_first);
    let bytes: Vec<(u8, Vec<u64>)> = bytes.map(|at| (text[at], begins(at))).collect();
    let pairs = (0..bytes.len()).flat_map(|two| (0..two).map(move |one| (one, two)));
    let together = |&(one, two): &(usize, usize)| -> u32 {
        let places = bytes[one].1.iter().zip(&bytes[two].1);
        places.map(|(one, two)| (one & two).count_ones()).sum()
    };
    let (one, two) = pairs.min_by_key(together)?;
    Some([bytes[one].0, bytes[two].0])
}

/// Tells which bytes a text is to be found by.
struct Rank(Option<[u8; 2]>);

impl HeuristicFrequencyRank for Rank {
    fn rank(&self, byte: u8) -> u8 {
        match self.0 {
            Some(bytes) if !bytes.contains(&byte) => u8::MAX,
            _ => 0,
        }
    }
}

/// Whether there is a place in it from which a date may have been cut: a log has no such text, until it is cut.
pub(crate) fn is_where_dates_are_cut(text: &[u8]) -> bool {
    let pairs: [&[u8]; 6] = [b"[]", b"()", b"<>", b"{}", b"\"\"", b"  "];
    text.windows(2).any(|pair| pairs.contains(&pair))
}

/// The first part of a literal that begins at this place or further right and that all have, as long as it can be.
fn longest(literal: &[u8], from: usize, in_all: &dyn Fn(&[u8]) -> bool, tried: &mut usize) -> Option<Range<usize>> {
    (from..literal.len()).find_map(|start| {
        let mut have = |end: &usize| {
            *tried += 1;
            *tried <= MOST_TRIED && in_all(&literal[start..*end])
        };
        let last = (start + SHORTEST..=literal.len()).take_while(|end| have(end)).last();
        last.map(|end| start..end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn common(required: &[&[&str]], sample: &str) -> Option<String> {
        let required: Vec<Required> = required
            .iter()
            .map(|literals| literals.iter().map(|literal| literal.as_bytes().to_vec()).collect())
            .collect();
        let common = Common::of(required.iter(), sample.as_bytes())?;
        Some(String::from_utf8_lossy(common.text()).into_owned())
    }

    #[test]
    fn the_rarest_text_that_all_require_is_taken() {
        let sample = "{\"Host\":\"a\",\"Status\":200}\n".repeat(9) + "{\"Host\":\"a\",\"Status\":404}\n";
        let one: &[&str] = &["{\"Host\":\"", "\"Status\":404", "/login"];
        let other: &[&str] = &["{\"Host\":\"", ",\"Status\":401"];
        assert_eq!(common(&[one, other], &sample).as_deref(), Some("\"Status\":40"));
        assert_eq!(common(&[one, one], &sample).as_deref(), Some("/login"));
        assert_eq!(
            common(&[one, &["{\"Host\":\"b"]], &sample),
            None,
            "it stands in all lines"
        );
        assert_eq!(common(&[one, &["another"]], &sample), None);
        assert_eq!(common(&[one, &[]], &sample), None);
        assert_eq!(common(&[], &sample), None);
        let cut: &[&str] = &["x[] \"GE"];
        assert_eq!(
            common(&[cut, cut], &sample),
            None,
            "no line has it before its date is cut"
        );
    }

    #[test]
    fn a_text_is_found_by_bytes_that_do_not_stand_so_in_every_line() {
        let line = "{\"Size\":404,\"Status\":200}\n";
        let pair = rarest_pair(b"\"Status\":40", line.repeat(20).as_bytes()).map(|bytes| bytes.map(char::from));
        assert!(pair.is_some_and(|bytes| bytes.contains(&'4')), "{pair:?}");
        // Of one byte there is no pair, and from nothing nothing is learned; it is found all the same.
        for (text, sample) in [("aaaa", line), ("\"Status\":40", ""), ("Status", "Status")] {
            let found = finder(text.as_bytes(), sample.as_bytes()).find(b"xaaaa\"Status\":40");
            assert_eq!(found, "xaaaa\"Status\":40".find(text), "{text}");
        }
    }
}
