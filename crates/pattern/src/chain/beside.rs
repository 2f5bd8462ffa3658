//! An expression that is another one but for words at the end of a gap, as an `ignoreregex` is that was made of its
//! `failregex`. Where the other one matched, the gap's end is known, and the words stand there or earlier or nowhere.
//!
//! Two placings of the other expression's literals make a third, in which each literal stands at the later of its two
//! places: a gap then is part of what it was in one of the two, and a part, having one possible end, comes whole from one
//! of them. The match is the placing with the longest gaps, from the left, so none has any literal later. A match with
//! words is such a placing, too.
use super::ending::without_words;
use super::{Begin, Between, Chain};
use crate::print::{Leash, Target, print};
use crate::syntax::{Ast, Kind};

impl Chain {
    /// The group of the other expression that is the gap whose end these words narrow; none if that is not all in which
    /// they differ.
    pub fn narrows(&self, ast: &Ast, other: &Chain, other_ast: &Ast) -> Option<usize> {
        let (index, _) = self.ending.as_ref()?;
        let are_plain = [self, other]
            .iter()
            .all(|chain| chain.is_plain && matches!(chain.begin, Begin::Text));
        let Between::Gap(group) = other.links.get(*index)?.between else {
            return None;
        };
        let printed = |ast: &Ast| print(ast, Target::Unicode, Leash::Steps).ok();
        let is_same = are_plain && printed(&gap_for_words(ast)?)? == printed(other_ast)?;
        group.filter(|_| is_same)
    }

    /// Whether none of the words stands before a literal that begins here or earlier.
    pub fn lacks_ending_up_to(&self, text: &[u8], place: usize) -> bool {
        let literal = self.ending.as_ref().and_then(|(index, _)| self.links.get(*index));
        let end = literal.map(|link| place + link.literal.len);
        end.and_then(|end| text.get(..end))
            .is_some_and(|text| self.lacks_ending(text))
    }
}

/// The expression with its first gap that ends with words free to end with anything.
fn gap_for_words(ast: &Ast) -> Option<Ast> {
    let mut ast = ast.clone();
    let Kind::Concat(nodes) = &mut ast.root.kind else {
        return None;
    };
    let (node, gap) = nodes.iter_mut().find_map(|node| {
        let gap = without_words(node)?;
        Some((node, gap))
    })?;
    if let Kind::Capture { node, .. } = &mut node.kind {
        **node = gap;
    }
    Some(ast)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use crate::{Captures, Options, Regex};
    use proptest::prelude::*;

    fn regex(source: &str) -> Regex {
        Regex::new(source, Options::default()).unwrap()
    }

    const FAIL: &str = r#"^"h":"(?P<host>[\d.]+)","p":"(?P<path>.*)","s":(404|40),"q":"(?P<q>.*)"$"#;
    const IGNORE: &str =
        r#"^"h":"(?P<host>[\d.]+)","p":"(?P<other>.*(\.js|\.css)(/)*?)","s":(404|40),"q":"(?P<q>.*)"$"#;

    #[test]
    fn it_is_told_whether_words_are_all_in_which_two_differ() {
        let fail = regex(FAIL);
        assert_eq!(regex(IGNORE).narrows(&fail), fail.group_index("path"));
        for other in [
            FAIL,
            &IGNORE.replace("404|40", "404|41"),
            &IGNORE.replace("q\"", "r\""),
            &IGNORE.replace('$', ""),
            &IGNORE.replace('^', ""),
            &IGNORE.replace("(?P<q>.*)", "(?P<q>.+)"),
            &IGNORE.replace("(?P<host>[\\d.]+)", "(?P<host>[\\d.]*)"),
        ] {
            assert_eq!(regex(other).narrows(&fail), None, "{other}");
        }
        assert_eq!(regex(IGNORE).narrows(&regex(&FAIL.replace("?P<path>", "?:"))), None);
    }

    fn piece() -> impl Strategy<Value = String> {
        let pieces = [
            r#"","s":404,"q":""#,
            r#"","s":40,"q":""#,
            r#"","s":"#,
            r#"","p":""#,
            r#""h":"1","p":""#,
            ".js",
            "/a.css/",
            ".css//",
            "/",
            "x",
            "\"",
            "\n",
            "é",
        ];
        prop::sample::select(pieces.to_vec()).prop_map(str::to_owned)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn where_the_other_matches_its_place_changes_no_answer(
            path in prop::collection::vec(piece(), 0..6),
            rest in prop::collection::vec(piece(), 0..4),
            newline in any::<bool>(),
        ) {
            let (fail, ignore) = (regex(FAIL), regex(IGNORE));
            let end = if newline { "\"\n" } else { "\"" };
            let text = format!(r#""h":"1.2","p":"{}","s":404,"q":"{}{end}"#, path.concat(), rest.concat());
            let group = ignore.narrows(&fail).unwrap();
            let mut found = Captures::default();
            if fail.captures_into(&text, 0, &mut found).unwrap() {
                let end = found.spans[group].unwrap().1;
                prop_assert_eq!(ignore.is_match_up_to(&text, end), ignore.is_match(&text));
            }
        }
    }
}
