//! Looks for many literals at once: for a few bytes of each with vector instructions, then whether the rest is there.
//!
//! Which bytes these are makes all the difference: the beginning of `"OriginStatus":404` stands in every line of its
//! log, `:404` in few. So they are chosen by how often they occur in a piece of the log.
use aho_corasick::{AhoCorasick, AhoCorasickKind, Anchored, Input, MatchKind, StartKind, packed};
use memchr::memmem::Finder;

/// So many bytes of each literal are looked for, where all literals have them.
const PROBE: usize = 4;
/// Of more probes vector instructions do not keep track.
const MOST_PROBES: usize = 64;

/// A probe that stands somewhere.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Probe {
    pub(crate) at: usize,
    number: usize,
}

#[derive(Debug, Default)]
pub(crate) struct Search {
    literals: Vec<Vec<u8>>,
    engine: Engine,
    /// For each probe the literals that it is a part of, and where in them.
    owners: Vec<Vec<(usize, usize)>>,
}

#[derive(Debug, Default)]
enum Engine {
    #[default]
    Nothing,
    One(Box<Finder<'static>>),
    Vector(Box<packed::Searcher>),
    Automaton(AhoCorasick),
}

impl Search {
    /// For these literals, none of them empty, in a log of which `sample` is a part. None where they are too many for
    /// any engine.
    pub(crate) fn new(literals: Vec<Vec<u8>>, sample: &[u8]) -> Option<Self> {
        match literals.as_slice() {
            [] => return Some(Search::default()),
            [only] => {
                return Some(Search {
                    engine: Engine::One(Box::new(Finder::new(only).into_owned())),
                    owners: vec![vec![(0, 0)]],
                    literals,
                });
            }
            _ => {}
        }
        let length = literals.iter().map(Vec::len).min().unwrap_or(0).min(PROBE);
        let rarity = Rarity::of(sample, length);
        let mut probes: Vec<&[u8]> = Vec::new();
        let mut owners: Vec<Vec<(usize, usize)>> = Vec::new();
        for (index, literal) in literals.iter().enumerate() {
            let at = rarity.rarest(literal);
            let probe = &literal[at..at + length];
            match probes.iter().position(|known| *known == probe) {
                Some(known) => owners[known].push((index, at)),
                None => {
                    probes.push(probe);
                    owners.push(vec![(index, at)]);
                }
            }
        }
        Some(Search {
            engine: Engine::of(&probes)?,
            owners,
            literals,
        })
    }

    /// The first probe at or after `from`; [`Search::each_at`] tells what stands around it.
    pub(crate) fn next(&self, text: &[u8], from: usize) -> Option<Probe> {
        let span = from.min(text.len())..text.len();
        let probe = |found: aho_corasick::Match| Probe {
            at: found.start(),
            number: found.pattern().as_usize(),
        };
        match &self.engine {
            Engine::Nothing => None,
            Engine::One(finder) => finder.find(&text[span]).map(|at| Probe {
                at: from + at,
                number: 0,
            }),
            Engine::Vector(searcher) => searcher.find_in(text, span.into()).map(probe),
            Engine::Automaton(automaton) => automaton
                .find(Input::new(text).span(span).anchored(Anchored::No))
                .map(probe),
        }
    }

    /// Tells the literals of which a probe is a part there, by their index.
    pub(crate) fn each_at(&self, text: &[u8], probe: Probe, tell: &mut dyn FnMut(usize)) {
        for &(literal, before) in self.owners.get(probe.number).into_iter().flatten() {
            let stands = probe
                .at
                .checked_sub(before)
                .and_then(|start| text.get(start..))
                .is_some_and(|text| text.starts_with(&self.literals[literal]));
            if stands {
                tell(literal);
            }
        }
    }
}

impl Engine {
    /// For probes of one length, no two the same.
    fn of(probes: &[&[u8]]) -> Option<Self> {
        if probes.len() <= MOST_PROBES {
            let vector = packed::Config::new().builder().extend(probes).build();
            if let Some(searcher) = vector {
                return Some(Engine::Vector(Box::new(searcher)));
            }
        }
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostFirst)
            .start_kind(StartKind::Unanchored)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(probes);
        automaton.ok().map(Engine::Automaton)
    }
}

/// How often pieces of text, each of so many bytes as a probe has, occur in a sample; by a hash of them.
struct Rarity {
    counts: Vec<u32>,
    length: usize,
}

impl Rarity {
    const BITS: u32 = 14;

    fn of(sample: &[u8], length: usize) -> Self {
        let mut counts = vec![0u32; 1 << Self::BITS];
        // Of the whole probe's length whatever a piece has: at the sample's end some are not counted.
        let kept = u32::MAX >> (8 * (PROBE - length.clamp(1, PROBE)));
        let mut from = sample;
        while let Some((piece, _)) = from.split_first_chunk() {
            counts[Self::place(u32::from_le_bytes(*piece) & kept)] += 1;
            from = &from[1..];
        }
        Rarity { counts, length }
    }

    fn place(piece: u32) -> usize {
        (piece.wrapping_mul(0x9e37_79b1) >> (32 - Self::BITS)) as usize
    }

    /// How often a piece occurs, as far as its hash tells.
    fn count(&self, piece: &[u8]) -> u32 {
        let number = piece
            .iter()
            .rev()
            .fold(0, |number, &byte| number << 8 | u32::from(byte));
        self.counts[Self::place(number)]
    }

    /// Where the rarest piece of a literal stands; of equals the last one: literals begin with what is common.
    fn rarest(&self, literal: &[u8]) -> usize {
        let pieces = literal.windows(self.length.max(1)).enumerate().rev();
        pieces
            .min_by_key(|(_, piece)| self.count(piece))
            .map_or(0, |(at, _)| at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(search: &Search, text: &[u8]) -> Vec<usize> {
        let (mut found, mut from) = (Vec::new(), 0);
        while let Some(probe) = search.next(text, from) {
            search.each_at(text, probe, &mut |literal| found.push(literal));
            from = probe.at + 1;
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    proptest! {
        #[test]
        fn every_literal_of_a_text_is_found_whatever_was_learned_from(
            mut literals in prop::collection::vec("[ab:]{3,7}", 1..90),
            text in "[ab:]{0,60}",
            sample in "[ab:]{0,60}",
        ) {
            literals.sort();
            literals.dedup();
            let literals: Vec<Vec<u8>> = literals.into_iter().map(String::into_bytes).collect();
            let expected: Vec<usize> = (0..literals.len())
                .filter(|&index| memchr::memmem::find(text.as_bytes(), &literals[index]).is_some())
                .collect();
            let search = Search::new(literals, sample.as_bytes());
            prop_assert_eq!(search.map(|search| found(&search, text.as_bytes())), Some(expected));
        }
    }

    #[test]
    fn what_stands_in_every_line_is_not_what_is_looked_for() {
        let literals = ["\"Status\":404", "\"Status\":401"].map(|text| text.as_bytes().to_vec());
        let log = "{\"Status\":200,\"Path\":\"/\"}\n".repeat(100);
        let search = Search::new(literals.to_vec(), log.as_bytes());
        assert!(search.is_some_and(|search| search.next(log.as_bytes(), 0).is_none()));
    }
}
