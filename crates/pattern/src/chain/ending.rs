//! A gap that ends with one of certain words: `(.*(\.png|\.js)(/)*?)`.
use super::{is_gap, plain_text, plain_texts};
use crate::syntax::{Greed, Kind, Node};

/// A gap that ends with one of certain words, and perhaps a run of one character behind it.
#[derive(Debug, Clone)]
pub(super) struct Ending {
    /// All of it.
    pub group: Option<usize>,
    pub gap_group: Option<usize>,
    pub word_group: Option<usize>,
    pub run_group: Option<usize>,
    /// Shortest first.
    words: Vec<Vec<u8>>,
    run: Option<u8>,
}

impl Ending {
    pub fn of(node: &Node) -> Option<Ending> {
        let Kind::Capture { group, node } = &node.kind else {
            return None;
        };
        let Kind::Concat(nodes) = &node.kind else {
            return None;
        };
        let (gap, words, run) = match nodes.as_slice() {
            [gap, words] => (gap, words, None),
            [gap, words, run] => (gap, words, Some(run_of(run)?)),
            _ => return None,
        };
        let (gap_group, gap) = uncaptured(gap);
        let (word_group, words) = uncaptured(words);
        let mut words = plain_texts(words)?;
        words.sort_by_key(Vec::len);
        let run_byte = run.map(|(byte, _)| byte);
        let clear = |word: &Vec<u8>| !word.is_empty() && run_byte.is_none_or(|byte| !word.contains(&byte));
        (is_gap(gap) && words.iter().all(clear)).then_some(Ending {
            group: Some(*group),
            gap_group,
            word_group,
            run_group: run.and_then(|(_, group)| group),
            words,
            run: run_byte,
        })
    }

    /// Whether nothing but the gap can take this byte, or a newline.
    pub fn excludes(&self, next: u8) -> bool {
        let takes = |byte: u8| self.run == Some(byte) || self.words.iter().any(|word| word.contains(&byte));
        !takes(next) && !takes(b'\n')
    }

    /// Where the word and the run begin that end the text, the gap being as long as it can.
    pub fn find(&self, text: &[u8]) -> Option<(usize, usize)> {
        let run = match self.run {
            Some(byte) => text.iter().rposition(|&b| b != byte).map_or(0, |last| last + 1),
            None => text.len(),
        };
        let before = text.get(..run)?;
        // Most words are told apart by their last byte, without a call to compare them.
        let last = before.last();
        let ends_with = |word: &&Vec<u8>| word.last() == last && before.ends_with(word);
        let word = self.words.iter().find(ends_with)?;
        Some((run - word.len(), run))
    }
}

/// The gap alone, of one that ends with words.
pub(super) fn without_words(node: &Node) -> Option<Node> {
    Ending::of(node)?;
    match &node.kind {
        Kind::Capture { node, .. } => match &node.kind {
            Kind::Concat(nodes) => nodes.first().map(|gap| uncaptured(gap).1.clone()),
            _ => None,
        },
        _ => None,
    }
}

fn uncaptured(node: &Node) -> (Option<usize>, &Node) {
    match &node.kind {
        Kind::Capture { group, node } => (Some(*group), node),
        _ => (None, node),
    }
}

/// `x*` or `(x)*?`: the byte, and the group of its last occurrence.
fn run_of(node: &Node) -> Option<(u8, Option<usize>)> {
    let Kind::Repeat {
        min: 0,
        max: None,
        greed: Greed::Greedy | Greed::Lazy,
        node,
    } = &node.kind
    else {
        return None;
    };
    let (group, node) = uncaptured(node);
    match plain_text(node)?.as_slice() {
        [byte] => Some((*byte, group)),
        _ => None,
    }
}
