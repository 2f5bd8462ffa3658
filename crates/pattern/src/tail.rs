//! Expressions that end with a gap to the text's end, `^head(.+)$`: of a very long text only what stands before the gap is
//! searched.
//!
//! Whatever the engine takes for the head, the gap then takes the rest: in a text of one line it cannot fail (if there
//! is a rest, where it wants one), so it never makes the engine go back. What has to hold for this, and is checked: the
//! text has no newline but its last character.
use std::sync::OnceLock;

use crate::budget;
use crate::regex::{LimitHit, Regex};
use crate::syntax::{Assertion, Ast, Greed, Kind, Node};

/// What stands before the gap.
#[derive(Debug)]
pub(crate) struct Tail {
    /// The gap's group.
    group: Option<usize>,
    /// Made for the first text that it is for.
    head: OnceLock<Option<Box<Regex>>>,
}

impl Tail {
    /// Of an expression that ends so.
    pub fn of(ast: &Ast) -> Option<Tail> {
        let Kind::Concat(nodes) = &ast.root.kind else {
            return None;
        };
        let [.., gap, end] = nodes.as_slice() else {
            return None;
        };
        let (group, _) = gap_of(gap)?;
        // It opens behind all others.
        let is_last = group.is_none_or(|group| group + 1 == ast.groups.len());
        (end.kind == Kind::Assertion(Assertion::End) && is_last).then(|| Tail {
            group,
            head: OnceLock::new(),
        })
    }

    /// Whether the expression is found in a text, and where; nothing if that has to be found out otherwise.
    pub fn find(
        &self,
        ast: &Ast,
        text: &str,
        start: usize,
        spans: Option<&mut Vec<Option<(usize, usize)>>>,
    ) -> Result<Option<bool>, LimitHit> {
        let line = text.strip_suffix('\n').unwrap_or(text);
        if memchr::memchr(b'\n', line.as_bytes()).is_some() {
            return Ok(None);
        }
        // It is not the line's fault that none had needed this before.
        let make = || budget::uncounted(|| head_of(ast, self.group)).map(Box::new);
        let Some(head) = self.head.get_or_init(make).as_deref() else {
            return Ok(None);
        };
        let mut own = Vec::new();
        let spans = spans.unwrap_or(&mut own);
        if !head.find(text, start, Some(spans), false)? {
            return Ok(Some(false));
        }
        let Some((from, to)) = spans.first().copied().flatten() else {
            return Ok(None);
        };
        // The head may have taken the newline.
        let end = to.max(line.len());
        if self.group.is_some() {
            spans.push(Some((to, end)));
        }
        if let Some(whole) = spans.first_mut() {
            *whole = Some((from, end));
        }
        Ok(Some(true))
    }
}

/// The group of a gap, and whether it takes at least one character.
fn gap_of(node: &Node) -> Option<(Option<usize>, bool)> {
    match &node.kind {
        Kind::Capture { group, node } => gap_of(node)
            .filter(|(inner, _)| inner.is_none())
            .map(|(_, one)| (Some(*group), one)),
        Kind::Repeat {
            min: min @ (0 | 1),
            max: None,
            greed: Greed::Greedy,
            node,
        } if node.kind == (Kind::Any { newline: false }) => Some((None, *min == 1)),
        _ => None,
    }
}

/// The expression without its gap.
fn head_of(ast: &Ast, group: Option<usize>) -> Option<Regex> {
    let mut head = ast.clone();
    let Kind::Concat(nodes) = &mut head.root.kind else {
        return None;
    };
    nodes.pop();
    let gap = nodes.pop()?;
    if gap_of(&gap)?.1 {
        let any = Node {
            kind: Kind::Any { newline: false },
            span: gap.span.clone(),
        };
        nodes.push(Node {
            kind: Kind::Look {
                behind: false,
                negative: false,
                node: Box::new(any),
            },
            span: gap.span,
        });
    }
    if group.is_some() {
        head.groups.pop();
    }
    Regex::part(head).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::Options;
    use proptest::prelude::*;

    fn ast(source: &str) -> Ast {
        crate::syntax::parse(source, Options::default()).unwrap()
    }

    #[test]
    fn what_does_not_end_with_a_gap_to_the_end_is_left_alone() {
        for source in [
            "^a.*",
            "^a(.*)b$",
            "^a(.*?)$",
            "^a(?:(.*))?$",
            "(?m)^a.*$",
            "(?s)^a.*$",
            r"^a.*\Z",
            "^a[^b]*$",
            "^a.{2,}$",
            "a|b.*$",
        ] {
            assert!(Tail::of(&ast(source)).is_none(), "{source}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn without_its_gap_an_expression_finds_the_same(
            head in r"\^?(a|b|\(a\|ab\)|\(b\)\?|\(\?:a\|b\)\*\?|\[ab\]\+|\.\*|\.\+\?|\\b|\(\?=b\)|é| ){0,4}",
            gap in prop::sample::select(vec![".*", ".+", "(.*)", "(.+)", "(?P<content>.+)"]),
            texts in prop::collection::vec("[abé ]{0,9}\n{0,2}[ab]{0,1}", 20),
            start in 0_usize..3,
        ) {
            let ast = ast(&format!("{head}{gap}$"));
            let engine = Regex::part(ast.clone()).unwrap();
            if let Some(tail) = Tail::of(&ast) {
                for text in texts.iter().filter(|text| text.is_char_boundary(start)) {
                    let mut spans = Vec::new();
                    if let Some(found) = tail.find(&ast, text, start, Some(&mut spans)).unwrap() {
                        let expected = engine.captures_at(text, start).unwrap().map(|found| found.spans);
                        prop_assert_eq!(found.then_some(spans), expected, "{}{}$ {:?}", head, gap, text);
                    }
                }
            }
        }
    }
}
