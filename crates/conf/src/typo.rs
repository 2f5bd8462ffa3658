//! Which known word a misspelt one was probably meant to be.

/// The word nearest to `word`, when it is near enough to be a slip of the fingers.
pub(crate) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = match word.chars().count() {
        0..=3 => 0,
        4..=6 => 1,
        _ => 2,
    };
    if allowed == 0 {
        return None;
    }
    let chars: Vec<char> = word.chars().collect();
    known
        .filter(|candidate| *candidate != word && candidate.chars().count().abs_diff(chars.len()) <= allowed)
        .map(|candidate| (distance(&chars, candidate, allowed), candidate))
        .filter(|(distance, _)| (1..=allowed).contains(distance))
        .min()
        .map(|(_, candidate)| candidate)
}

/// Insertions, deletions, replacements and swaps of neighbours between two words; anything above `limit` may be
/// answered as `limit + 1`.
fn distance(a: &[char], b: &str, limit: usize) -> usize {
    let b: Vec<char> = b.chars().collect();
    if a.len() > 64 {
        return limit + 1;
    }
    let width = b.len() + 1;
    let mut table = vec![0usize; (a.len() + 1) * width];
    let at = |i: usize, j: usize| i * width + j;
    for i in 0..=a.len() {
        for j in 0..width {
            let best = if i == 0 || j == 0 {
                i + j
            } else {
                let same = usize::from(a.get(i - 1) != b.get(j - 1));
                let mut best = (table[at(i - 1, j)] + 1).min(table[at(i, j - 1)] + 1);
                best = best.min(table[at(i - 1, j - 1)] + same);
                if i > 1 && j > 1 && a.get(i - 1) == b.get(j - 2) && a.get(i - 2) == b.get(j - 1) {
                    best = best.min(table[at(i - 2, j - 2)] + 1);
                }
                best
            };
            table[at(i, j)] = best;
        }
    }
    table[at(a.len(), b.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word_and_another_word_does_not() {
        let known = ["maxretry", "bantime", "findtime", "port"];
        let near = |word| nearest(word, known.into_iter());
        assert_eq!(near("maxrety"), Some("maxretry"));
        assert_eq!(near("batnime"), Some("bantime"));
        assert_eq!(near("prot"), Some("port"));
        assert_eq!(near("bantime"), None);
        assert_eq!(near("logpath"), None);
        assert_eq!(near("pot"), None);
    }
}
