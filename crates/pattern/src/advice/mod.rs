//! What can be said of an expression without a log: whether it can match at all, where a client could make it slow,
//! whose text decides which address it names.
//!
//! Beside the journey of a line: only `bantam regex --explain` asks. All answers are on the tree of the expanded
//! expression, with the place that they are about, and lean to one side: what is called impossible is impossible, what
//! is called slow only looks so until a line built for it ([`Suspect::lines`]) has been tried.

mod begin;
mod chars;
mod host;
mod possible;
mod sample;
mod shape;
mod slow;

pub use begin::cannot_begin_inside;
pub use host::{Gap, Host, gaps, host, with_named_gaps};
pub use possible::{Contradiction, TextShape, Why, contradiction};
pub use sample::{Sampler, sample};
pub use shape::pieces;
pub use slow::{Looks, Suspect, suspects};

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::{Options, Regex};
    use proptest::prelude::*;

    fn regex(source: &str) -> Option<Regex> {
        Regex::new(source, Options::default()).ok()
    }

    #[test]
    fn repetitions_in_repetitions_are_gone_through_in_short_time() {
        let deep = format!("{}a{}b$c", "(?:".repeat(40), "+)+".repeat(40));
        let wide = format!("{}{}", "(?:".repeat(8), "){1000}".repeat(8));
        for source in [deep, wide] {
            if let Ok(ast) = crate::syntax::parse(&source, Options::default()) {
                let _ = contradiction(&ast, TextShape::Line);
                let _ = sample(&ast).len();
                let _ = suspects(&ast, &[]).len();
                let _ = cannot_begin_inside(&ast, &ast);
            }
        }
    }

    #[test]
    fn what_looks_slow_is_found_with_lines_that_lead_there() {
        for (source, looks, part) in [
            ("^x(a+)+y$", Looks::Nested, "(a+)+"),
            ("^x(?:a|ab)*y$", Looks::Alternatives, "(?:a|ab)*"),
            ("^x.*a.*b.*y$", Looks::Gaps(3), ".*a.*b.*"),
            (r"^(a+)x\1$", Looks::Backref, "a+"),
            (r"\S+x", Looks::Unanchored, r"\S+"),
        ] {
            let regex = regex(source).unwrap();
            let all = suspects(regex.ast(), regex.required_literals());
            assert_eq!(all[0].looks, looks, "{source}");
            assert_eq!(&source[all[0].span.clone()], part);
            let lines = all[0].lines(1000);
            assert!(
                lines.iter().all(|line| (900..1200).contains(&line.len())),
                "{source}: {lines:?}"
            );
        }
        assert_eq!(suspects(regex("^ab+c$").unwrap().ast(), &[]), []);
    }

    #[test]
    fn gaps_are_those_that_take_any_text_outside_of_the_address() {
        let source = crate::tags::expand(
            r"^\w+ \S+ <F-USER>.*?</F-USER> <HOST> \d+(?:x.*)?$",
            Default::default(),
            false,
        );
        let regex = regex(&source.unwrap()).unwrap();
        let gaps = gaps(regex.ast());
        let shown: Vec<_> = gaps.iter().map(|gap| &regex.as_str()[gap.span.clone()]).collect();
        assert_eq!(shown, [r"\S+", ".*?", ".*"]);
        let sides: Vec<_> = gaps.iter().map(|gap| (gap.before_host, gap.lazy)).collect();
        assert_eq!(sides, [(true, false), (true, true), (false, false)]);
        assert_eq!(gaps[1].name.as_deref(), Some("user"));
        let host = host(regex.ast()).unwrap();
        assert!(host.is_anchored && host.is_ended);
        let named = Regex::new(&with_named_gaps(&regex, &gaps).unwrap(), Options::default()).unwrap();
        assert!(named.group_index("gap2").is_some());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1500))]
        #[test]
        fn what_is_called_impossible_never_matches_a_line(
            source in r"(a|b| |\^|\$|\\b|\\B|\\Z|\\n|\\s|\[\^a\]|\(\?:a\|\^\|\$\)|\(\?:b\$\|a\)\?|\(\?=a\)|\(\?!\)|(\(a\|\\n\)\+)){1,7}",
            lines in prop::collection::vec("[ab ]{0,4}", 40),
        ) {
            if let Some(regex) = regex(&source)
                && contradiction(regex.ast(), TextShape::Line).is_some()
            {
                for line in lines {
                    prop_assert_eq!(regex.is_match(&format!("{line}\n")), Ok(false), "{} on {:?}", source, line);
                }
            }
        }

        #[test]
        fn what_prefregex_cannot_hand_on_never_begins_a_match(
            content in r"(a|b|ab|\[ab\]|\(\?:a\|bb\)|a\*|b\?|\(\?:ab\)\+|c){1,4}",
            fail in r"\^(a|b|ab|\(\?:a\|b\)|c){1,4}",
            line in "[abc]{0,6}",
        ) {
            let prefix = regex(&format!("^(?P<content>{content})")).unwrap();
            let fail = regex(&fail).unwrap();
            if cannot_begin_inside(prefix.ast(), fail.ast()).is_some()
                && let Some(found) = prefix.captures(&format!("{line}\n")).unwrap()
                && let Some((from, to)) = found.spans[1]
                && from < to
            {
                prop_assert_eq!(fail.is_match(&format!("{}\n", &line[from..to])), Ok(false));
            }
        }

        #[test]
        fn a_sample_matches_where_no_looks_and_borders_interfere(
            source in r"(a|[bc]|\\d|\.|\(a\|b\)|\(\?:ab\)\{2\}|x\*|y\+|\(z\)\?){1,8}",
        ) {
            let regex = regex(&source).unwrap();
            prop_assert_eq!(regex.is_match(&sample(regex.ast())), Ok(true), "{}", source);
        }
    }
}
