//! What a line must have besides the literal that it was found by: of filters that look for one path each, but only at
//! one host and with one status, few have a say in a line with the path.
use crate::common::{Required, is_where_dates_are_cut};
use memchr::memmem::{self, Finder};
use std::cmp::Reverse;

/// Of more expressions nothing further is asked …
const MOST_EXPRESSIONS: usize = 4;
/// … and of each of them no more literals.
const MOST_LITERALS: usize = 3;
/// Shorter ones stand in most lines.
const SHORTEST: usize = 4;
/// A literal is worth a look that is missing in all but one of so many lines.
const RARE: usize = 2;
/// Longer lines are judged without.
const LONGEST_LINE: usize = 16 << 10;

/// What the lines of one filter must have.
#[derive(Debug)]
pub(crate) struct Further {
    /// All literals of one of these, the rarest first.
    expressions: Vec<Vec<Finder<'static>>>,
}

impl Further {
    /// For expressions that require all these literals, where lines were found by one of `sought` and have `common`, in
    /// a log of which `sample` is a part. None where there is nothing more to ask.
    pub(crate) fn of(required: &[Required], sought: &[Vec<u8>], common: Option<&[u8]>, sample: &[u8]) -> Option<Self> {
        let lines = memchr::memchr_iter(b'\n', sample).count();
        let known = |literal: &[u8]| {
            // Where there are several, the line may have been found by another one's.
            let found_by = sought.iter().filter(|_| required.len() == 1 && sought.len() == 1);
            let mut texts = found_by.map(Vec::as_slice).chain(common);
            texts.any(|text| memmem::find(text, literal).is_some())
        };
        let worth = |literal: &&Vec<u8>| {
            literal.len() >= SHORTEST && !is_where_dates_are_cut(literal) && !known(literal.as_slice())
        };
        let rare = |literals: &Required| {
            let counted = literals
                .iter()
                .filter(worth)
                .map(|literal| (memmem::find_iter(sample, literal).count(), literal));
            let mut rare: Vec<(usize, &Vec<u8>)> = counted.filter(|(count, _)| count * RARE <= lines).collect();
            rare.sort_by_key(|(count, literal)| (*count, Reverse(literal.len())));
            let finders = rare.into_iter().take(MOST_LITERALS);
            let finders: Vec<_> = finders.map(|(_, literal)| Finder::new(literal).into_owned()).collect();
            (!finders.is_empty()).then_some(finders)
        };
        let some = (1..=MOST_EXPRESSIONS).contains(&required.len());
        let expressions = required.iter().filter(|_| some).map(rare).collect::<Option<Vec<_>>>();
        expressions
            .filter(|expressions| !expressions.is_empty())
            .map(|expressions| Further { expressions })
    }

    /// The literals that are asked for.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &[u8]> {
        self.expressions.iter().flatten().map(Finder::needle)
    }

    /// Whether a line has all that one of the expressions requires.
    pub(crate) fn stands_in(&self, line: &[u8]) -> bool {
        let has_all = |finders: &Vec<Finder<'_>>| finders.iter().all(|finder| finder.find(line).is_some());
        line.len() > LONGEST_LINE || self.expressions.iter().any(has_all)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn required(expressions: &[&[&str]]) -> Vec<Required> {
        let bytes = |literals: &&[&str]| literals.iter().map(|literal| literal.as_bytes().to_vec()).collect();
        expressions.iter().map(bytes).collect()
    }

    fn texts(expressions: &[&[&str]], sought: &[&str], common: Option<&str>) -> Vec<String> {
        let sample = "{\"Host\":\"a\",\"Status\":200}\n".repeat(9) + "{\"Host\":\"b\",\"Status\":404}\n";
        let sought: Vec<Vec<u8>> = sought.iter().map(|literal| literal.as_bytes().to_vec()).collect();
        let common = common.map(str::as_bytes);
        let further = Further::of(&required(expressions), &sought, common, sample.as_bytes());
        let texts = further.iter().flat_map(Further::texts);
        texts.map(|text| String::from_utf8_lossy(text).into_owned()).collect()
    }

    #[test]
    fn what_is_rare_and_not_known_already_is_asked_for_the_rarest_first() {
        let one: &[&str] = &["{\"Host\":\"", "\"Host\":\"b\"", "\"Status\":404,", "/login"];
        assert_eq!(texts(&[one], &["/login"], None), ["\"Status\":404,", "\"Host\":\"b\""]);
        assert_eq!(texts(&[one], &["/login"], Some("x\"Host\":\"b\"")), ["\"Status\":404,"]);
        // The line may have been found by what the other requires.
        let other: &[&str] = &["/admin"];
        let all = ["\"Status\":404,", "/login", "\"Host\":\"b\"", "/admin"];
        assert_eq!(texts(&[one, other], &["/login", "/admin"], None), all);
    }

    #[test]
    fn where_an_expression_requires_nothing_rare_nothing_is_asked() {
        let one: &[&str] = &["\"Status\":404,", "/login"];
        assert_eq!(texts(&[one, &["{\"Host\":\""]], &["/login"], None), [""; 0]);
        assert_eq!(texts(&[one, &["[] \"Gxy\""]], &["/login"], None), [""; 0]);
        assert_eq!(texts(&[one; 5], &["/login"], None), [""; 0]);
        assert_eq!(texts(&[], &["/login"], None), [""; 0]);
    }

    #[test]
    fn a_line_must_have_all_of_one_expression() {
        let expressions = required(&[&["alpha", "beta"], &["gamma"]]);
        let further = Further::of(&expressions, &[], None, b"x\n").unwrap();
        for (line, stands) in [
            ("beta alpha", true),
            ("alpha", false),
            ("x gamma", true),
            ("beta", false),
        ] {
            assert_eq!(further.stands_in(line.as_bytes()), stands, "{line}");
        }
        assert!(further.stands_in(&b"alpha ".repeat(LONGEST_LINE)), "it would take long");
    }
}
