//! Literals that every match must contain.
//!
//! A search for them runs at the speed of memory, so that most lines never see the expression itself. Which of them is
//! best is a question of what lines look like: keys of JSON stand in every line of a log, the values that the
//! expression's author wrote out do not.
mod one_of;

use crate::syntax::{Ast, Case, Kind, Node};

pub(crate) use one_of::one_of;

/// The required literals of an expression.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Literals {
    all: Vec<Vec<u8>>,
    best: Option<usize>,
}

/// Longer literals are cut: no search gets quicker by them.
const LONGEST: usize = 128;

impl Literals {
    pub fn of(ast: &Ast) -> Literals {
        Self::of_node(&ast.root)
    }

    /// Those of a part of an expression.
    pub fn of_node(node: &Node) -> Literals {
        let facts = facts(node);
        let all = match facts.exact {
            Some(text) => vec![text],
            None => facts.required,
        };
        let all: Vec<Vec<u8>> = all.into_iter().filter(|literal| !literal.is_empty()).collect();
        let structured = all.iter().any(|literal| without_json_keys(literal).1);
        let score = |index: usize| selectivity(&all[index], structured);
        let best = (0..all.len()).max_by(|&a, &b| score(a).total_cmp(&score(b)));
        Literals { all, best }
    }

    pub fn all(&self) -> &[Vec<u8>] {
        &self.all
    }

    pub fn best(&self) -> Option<&[u8]> {
        self.best.and_then(|index| self.all.get(index)).map(Vec::as_slice)
    }
}

/// What is known of the texts that a node matches.
#[derive(Debug, Default, Clone)]
struct Facts {
    /// The one text that it matches, if it is only one.
    exact: Option<Vec<u8>>,
    /// Otherwise: what all of them begin with …
    prefix: Vec<u8>,
    /// … and end with, which overlaps the beginning in none of them.
    suffix: Vec<u8>,
    /// Literals within all of them, in order, beginning and end included; empty ones may occur.
    required: Vec<Vec<u8>>,
}

impl Facts {
    fn exact(text: Vec<u8>) -> Facts {
        Facts {
            exact: Some(text),
            ..Facts::default()
        }
    }

    fn beginning(&self) -> &[u8] {
        self.exact.as_ref().unwrap_or(&self.prefix)
    }

    fn end(&self) -> &[u8] {
        self.exact.as_ref().unwrap_or(&self.suffix)
    }

    /// A node of which only beginning and end are known.
    fn framed(prefix: Vec<u8>, suffix: Vec<u8>) -> Facts {
        Facts {
            exact: None,
            required: vec![prefix.clone(), suffix.clone()],
            prefix,
            suffix,
        }
    }
}

fn facts(node: &Node) -> Facts {
    match &node.kind {
        // Places have no width: what stands left and right of one touches.
        Kind::Empty | Kind::Assertion(_) | Kind::Look { .. } => Facts::exact(Vec::new()),
        Kind::Literal { point, case } => of_character(*point, *case).map(Facts::exact).unwrap_or_default(),
        Kind::Class(class) => match (class.negated, class.items.as_slice()) {
            (false, [crate::syntax::ClassItem::Range(first, last)]) if first == last => {
                of_character(*first, class.case).map(Facts::exact).unwrap_or_default()
            }
            _ => Facts::default(),
        },
        Kind::Any { .. } | Kind::Backref { .. } => Facts::default(),
        Kind::Concat(nodes) => concat(nodes.iter().map(facts)),
        Kind::Alternation(nodes) => either(&nodes.iter().map(facts).collect::<Vec<_>>()),
        Kind::Conditional { yes, no, .. } => either(&[facts(yes), facts(no)]),
        Kind::Capture { node, .. } | Kind::Atomic(node) => facts(node),
        Kind::Repeat { min, max, node, .. } => repeat(facts(node), *min, *max),
    }
}

/// The bytes of a character that is written in one way only.
pub(crate) fn of_character(point: u32, case: Case) -> Option<Vec<u8>> {
    let c = char::from_u32(point)?;
    let cased = if c.is_ascii() { c.is_ascii_alphabetic() } else { true };
    (case == Case::Sensitive || !cased).then(|| c.encode_utf8(&mut [0; 4]).as_bytes().to_vec())
}

fn concat(parts: impl Iterator<Item = Facts>) -> Facts {
    let mut run = Vec::new();
    let mut prefix = None;
    let mut required = Vec::new();
    for part in parts {
        if let Some(text) = &part.exact
            && run.len() + text.len() <= LONGEST
        {
            run.extend_from_slice(text);
            continue;
        }
        run.extend_from_slice(part.beginning());
        prefix.get_or_insert_with(|| run.clone());
        required.push(std::mem::take(&mut run));
        match part.exact {
            // Too long to go on with: what follows begins anew.
            Some(_) => {}
            None => {
                let inner = part.required.len().saturating_sub(1);
                required.extend(part.required.into_iter().take(inner).skip(1));
                run = part.suffix;
            }
        }
    }
    match prefix {
        None => Facts::exact(run),
        Some(prefix) => {
            required.push(run.clone());
            Facts {
                exact: None,
                prefix,
                suffix: run,
                required,
            }
        }
    }
}

fn either(branches: &[Facts]) -> Facts {
    let Some(first) = branches.first() else {
        return Facts::default();
    };
    if first.exact.is_some() && branches.iter().all(|branch| branch.exact == first.exact) {
        return first.clone();
    }
    let common = |a: usize, b: &[u8], c: &[u8]| b.iter().zip(c).take(a).take_while(|(x, y)| x == y).count();
    let begin = first.beginning();
    let prefix = branches
        .iter()
        .fold(begin.len(), |length, branch| common(length, begin, branch.beginning()));
    let end: Vec<u8> = first.end().iter().rev().copied().collect();
    let suffix = branches.iter().fold(end.len(), |length, branch| {
        let other: Vec<u8> = branch.end().iter().rev().copied().collect();
        common(length, &end, &other)
    });
    // In a branch such as `ab` of `ab|abab` beginning and end would be the same bytes.
    let shortest = branches
        .iter()
        .filter_map(|branch| branch.exact.as_ref().map(Vec::len))
        .min();
    let suffix = shortest.map_or(suffix, |shortest| suffix.min(shortest - prefix.min(shortest)));
    let end = first.end();
    Facts::framed(begin[..prefix].to_vec(), end[end.len() - suffix..].to_vec())
}

fn repeat(once: Facts, min: u32, max: Option<u32>) -> Facts {
    match once.exact {
        _ if min == 0 => Facts::default(),
        Some(text) => {
            let copies = (LONGEST / text.len().max(1)).min(min as usize);
            if max == Some(min) && copies == min as usize {
                return Facts::exact(text.repeat(copies));
            }
            Facts::framed(text.repeat(copies), Vec::new())
        }
        None => once,
    }
}

/// How few lines a literal promises to stand in; only good for comparing.
fn selectivity(literal: &[u8], structured: bool) -> f64 {
    if !structured {
        // Brackets without anything in them are what is left of `[date]` when the date is cut out: of every line.
        let dated = memchr::memmem::find(literal, b"[]").map(|at| (&literal[..at], &literal[at + 2..]));
        return dated.map_or_else(|| rarity(literal), |(before, after)| rarity(before) + rarity(after));
    }
    let (mut values, _) = without_json_keys(literal);
    values.retain(|b| !b"{}\",:[] ".contains(b));
    // Keys and punctuation of JSON stand in every line; they decide only between equals.
    rarity(&values) + rarity(literal) / 100.0
}

/// Takes out `"key":`, what a structured log repeats in every line; tells whether there was any.
fn without_json_keys(literal: &[u8]) -> (Vec<u8>, bool) {
    let mut rest = Vec::with_capacity(literal.len());
    let mut found = false;
    let mut at = 0;
    while at < literal.len() {
        let name = literal[at..].strip_prefix(b"\"").map_or(0, |text| {
            text.iter()
                .take_while(|b| b.is_ascii_alphanumeric() || b"_-.".contains(b))
                .count()
        });
        if name > 0 && literal[at + 1 + name..].starts_with(b"\":") {
            found = true;
            at += name + 3;
        } else {
            rest.push(literal[at]);
            at += 1;
        }
    }
    (rest, found)
}

/// Sum of how rare the bytes are, where bytes far into a literal add little.
fn rarity(literal: &[u8]) -> f64 {
    literal.iter().take(24).map(|&b| byte_rarity(b)).sum()
}

/// Roughly the information of a byte in log text, in bits.
fn byte_rarity(byte: u8) -> f64 {
    match byte {
        b' ' | b'e' | b'"' | b'0' | b'1' | b'2' => 3.0,
        b'a' | b'i' | b'n' | b'o' | b'r' | b's' | b't' | b':' | b'.' | b'-' | b'/' | b',' => 4.0,
        b'3'..=b'9' | b'c' | b'd' | b'l' | b'm' | b'p' | b'u' | b'h' | b'=' | b'_' => 4.7,
        b'a'..=b'z' | b'[' | b']' | b'(' | b')' => 6.0,
        b'A'..=b'Z' => 6.5,
        _ => 8.0,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use crate::{Options, Regex};

    fn all(source: &str) -> Vec<String> {
        let regex = Regex::new(source, Options::default()).unwrap();
        regex
            .required_literals()
            .iter()
            .map(|literal| String::from_utf8(literal.clone()).unwrap())
            .collect()
    }

    fn best(source: &str) -> Option<String> {
        let regex = Regex::new(source, Options::default()).unwrap();
        regex
            .required_literal()
            .map(|literal| String::from_utf8(literal.to_vec()).unwrap())
    }

    #[test]
    fn groups_and_places_do_not_break_a_literal() {
        assert_eq!(all(r"^ab(?=c)(c(?:d))\be$"), ["abcde"]);
        assert_eq!(all(r"ab.*?cd"), ["ab", "cd"]);
    }

    #[test]
    fn alternatives_give_their_common_beginning_and_end() {
        assert_eq!(
            all(r#""OriginStatus":(405|404|403|402|401),"x"#),
            [r#""OriginStatus":40"#, r#","x"#]
        );
        assert_eq!(all("a(?:bc|bd|)e"), ["a", "e"]);
        assert_eq!(all("(?:foo bar|foo|foo baz bar)!"), ["foo", "!"]);
        assert_eq!(all("(?:ab|abab)"), ["ab"]);
    }

    #[test]
    fn repetitions_give_what_is_sure() {
        assert_eq!(all("x(?:ab){2}y"), ["xababy"]);
        assert_eq!(all("x(?:ab)+y"), ["xab", "y"]);
        assert_eq!(all("x(?:a.b){2,}y"), ["xa", "by"]);
        assert_eq!(all("xa?y*z"), ["x", "z"]);
    }

    #[test]
    fn letters_without_case_are_no_literals() {
        assert_eq!(all("(?i)ab: 12[x]"), [": 12"]);
        assert_eq!(all("a(?i:b)c"), ["a", "c"]);
    }

    #[test]
    fn a_status_is_chosen_before_the_place_where_the_date_stood() {
        assert_eq!(best(r#"^\S+ - \S+ \[\] "[A-Z]+ [^"]+" 401\b"#).unwrap(), "\" 401");
        assert_eq!(
            best(r#"^\S+ - - \[\] "GET /knocking/ HTTP/1\.\d" 200 "#).unwrap(),
            " - - [] \"GET /knocking/ HTTP/1."
        );
    }

    #[test]
    fn values_are_chosen_before_the_keys_of_json() {
        let line =
            r#"^{"ClientHost":".*","DownstreamContentSize":.*,"OriginStatus":(405|404),"RequestContentSize":.*"}$"#;
        assert_eq!(best(line).unwrap(), r#","OriginStatus":40"#);
        assert_eq!(
            best("^.* Failed password for .* from .*$").unwrap(),
            " Failed password for "
        );
        assert_eq!(best(".*"), None);
    }
}
