//! Expressions of the form that the quick plans are made for, on lines that nearly or really match.

use crate::failregex::assert_as_engine;
use crate::input::Choices;
use bantam_pattern::{Options, Regex};

const GAPS: &[&str] = &[
    ".*",
    "(.*)",
    "(a|b|ab)",
    r"(?:(\d+)|(\w*))",
    "([ab]*)(a?)",
    r"((?:a|(?<=a)b)+)",
    "(?:a|(b))*?",
    r"(?:(?:\d{1,3}\.){3}\d{1,3}|[\w\-.]*\w)",
    "(404|40|401)",
    r"\S+",
    "(?:x|y)?",
    ".*?",
    "[^,]*",
    "(?=a)",
    r"\b",
    "(?i:aB)",
    r"(\d{1,3}) (\w+)",
    r"\d.*",
    "(?:ab|40).*",
];
const LITERALS: &[&str] = &[
    ",",
    ":",
    ",a",
    "b",
    "ab",
    ":b:",
    "é",
    r#"","k":""#,
    " [",
    r"\n",
    "1",
    "aa",
    r"\]",
    "[x]",
    r#"","#,
    ")",
];
const BEGINNINGS: &[&str] = &["^a", "a", "^", "", "^a", r"\w", "(.*)a", "a[^,]", "^(a)"];
const OPTIONS: &[&str] = &[
    "",
    "(,b.*,)??",
    "(?:a(.*)b:){0,1}?",
    "(,(.*)a,){0,1}?",
    "(?:,x)?",
    r#"("k":"(.*)",)??"#,
];
const FILLINGS: &[&str] = &[
    "", "a", "b", "ab", ",", ":", "1", "é", "404", "1.2.3.4", "x", "\n", ",a", "b:", "\"", " ",
];

/// Whatever the quick plans answer, the engine answers, for all groups.
///
/// Input: choices; first those of the expression, then those of the texts.
pub fn regex_chain(data: &[u8]) {
    let mut choices = Choices::new(data);
    let links = 1 + choices.below(5);
    let option_at = choices.below(8);
    let begin = choices.of(BEGINNINGS).unwrap_or_default();
    let (mut source, mut literals) = (begin.to_owned(), Vec::new());
    for link in 0..links {
        source += choices.of(GAPS).unwrap_or_default();
        let literal = choices.of(LITERALS).unwrap_or_default();
        source += &literal.replace(')', r"\)").replace(" [", r" \[");
        literals.push(literal);
        if link == option_at {
            source += choices.of(OPTIONS).unwrap_or_default();
            source += ",";
            literals.push(",");
        }
    }
    source += ["$", "", "$", r"\Z", ".*", "(.*)$", r"\S", r"(4|5)\d\d.*"][choices.below(8)];
    let options = Options::default();
    let Ok(regex) = Regex::new(&source, options) else {
        return;
    };
    for _ in 0..8 {
        let mut text = ["a", "a", "b,", "éa"][choices.below(4)].to_owned();
        for literal in &literals {
            for _ in 0..choices.below(4) {
                text += choices.of(FILLINGS).unwrap_or_default();
            }
            match choices.below(16) {
                0 => text.clear(),
                1 => {}
                _ => text += &literal.replace(r"\n", "\n").replace(r"\]", "]").replace("[x]", "x"),
            }
        }
        text += ["", "\n", "\n\n", "b", "404", "404\n"][choices.below(6)];
        assert_as_engine(&regex, &source, options, &text);
        if choices.is_empty() {
            break;
        }
    }
}
