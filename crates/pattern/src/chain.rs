//! The quick plan for expressions such as `^a:.*, b:(x|y), c:.*$`: literals in a chain, with greedy gaps between.
//!
//! A backtracking search gives each gap as much as it can, from the left. With literals between the gaps that is the
//! placing in which each literal stands as late as it can, and this is found from the right, one backwards search for
//! each. Between two literals may also stand a *part*, something of limited form such as `<HOST>`; it is tried where
//! its two literals came to stand. If it fits there, this is the match, because no other placing has a gap longer:
//! the late placing without regard to parts is an upper bound for all. If it does not fit, the expression itself is
//! asked. A literal that cannot be placed is a certain "no".
//!
//! What has to hold for this, and is checked when the chain is made:
//! - it is tied to both ends of the text, and gaps take anything but a newline, of which the text has none inside;
//! - a part cannot contain what the literal after it begins with, so it has one possible end;
//! - the same holds for words at a gap's end (`.*(\.js|\.png)(/)*?` before a literal): the literal is placed at the
//!   latest where one of them stands before it;
//! - a part does not look at what stands after it.
mod elements;
mod ending;
mod needle;
mod part;

use crate::literal::of_character;
use crate::plan::Fault;
use crate::syntax::{Ast, Kind, Node};
use elements::{Element, between_ends, elements, is_gap};
use ending::Ending;
use memchr::memmem::Finder;
use needle::Needle;
use part::Part;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::Ordering::Relaxed;

/// Where the groups of a match lie.
type Spans = Vec<Option<(usize, usize)>>;

/// The quick plan of an expression.
#[derive(Debug)]
pub(crate) struct Chain {
    first: Vec<u8>,
    links: Vec<Link>,
    /// Which links have parts before them.
    parts: Vec<usize>,
    groups: usize,
    /// The first gap that ends with words, by its link, and what finds the literal behind it.
    ending: Option<(usize, Box<Finder<'static>>)>,
}

/// What stands between two literals, and the literal that ends it.
#[derive(Debug)]
struct Link {
    between: Between,
    literal: Needle,
    /// How long what stands between was in the last text: in the next one it mostly is as long.
    usual: AtomicU8,
}

#[derive(Debug)]
enum Between {
    /// `.*`, perhaps captured.
    Gap(Option<usize>),
    /// `.*` that ends with certain words.
    Ending(Ending),
    Part(Part),
}

/// With more, the places would not be kept on the stack.
const MOST_LINKS: usize = 64;

/// Parts that the engine was asked about.
#[derive(Debug, Default)]
struct Asked {
    /// By their links, a bit for each.
    links: u64,
    /// Where their groups lie.
    groups: Vec<Spans>,
}

/// What the quick plan says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Match,
    NoMatch,
    /// The expression itself has to be asked.
    Unknown,
}

impl Chain {
    /// The plan for an expression, or what it lacks of the form.
    pub fn of(ast: &Ast) -> Result<Chain, Fault> {
        let (inner, end) = between_ends(&ast.root)?;
        let mut elements = elements(inner)?.into_iter();
        let first = match elements.next() {
            Some(Element::Text(first, _)) => first,
            other => {
                let span = other.as_ref().map_or(end, Element::span);
                return Err(Fault::at(span, "no literal stands right behind the ^"));
            }
        };
        let mut links = Vec::new();
        while let Some(element) = elements.next() {
            let Some(Element::Text(literal, _)) = elements.next() else {
                return Err(Fault::at(
                    element.span(),
                    "no literal follows that would tell where this ends",
                ));
            };
            let between = match element {
                Element::Gap(group, _) => Between::Gap(group),
                Element::Ending(ending, span) => {
                    let excludes = literal.first().is_some_and(|&next| ending.excludes(next));
                    if !excludes {
                        return Err(Fault::at(
                            &span,
                            "its end may be taken for what the text after it begins with",
                        ));
                    }
                    Between::Ending(ending)
                }
                Element::Part(nodes, span) => Between::Part(Part::of(&nodes, &span, &literal)?),
                Element::Text(_, span) | Element::Option(_, span) => {
                    return Err(Fault::at(&span, "a chain has no place for this"));
                }
            };
            links.push(Link {
                between,
                literal: Needle::new(literal),
                usual: AtomicU8::default(),
            });
        }
        let line = |text: &[u8]| !text.contains(&b'\n');
        if !line(&first) || !links.iter().all(|link| line(&link.literal.text)) {
            return Err(Fault::of_all("one of its literals holds a newline"));
        }
        if links.len() > MOST_LINKS {
            return Err(Fault::of_all(format!("it has more than {MOST_LINKS} gaps")));
        }
        if links.iter().all(|link| matches!(link.between, Between::Part(_))) {
            return Err(Fault::of_all("it has no gap such as `.*`"));
        }
        let ending = links
            .iter()
            .position(|link| matches!(link.between, Between::Ending(_)))
            .and_then(|at| Some((at, Box::new(Finder::new(&links.get(at)?.literal.text).into_owned()))));
        let is_part = |at: &usize| matches!(links.get(*at).map(|link| &link.between), Some(Between::Part(_)));
        Ok(Chain {
            first,
            parts: (0..links.len()).filter(is_part).collect(),
            links,
            groups: ast.groups.len(),
            ending,
        })
    }

    /// Whether there is anything between its literals but gaps, which may leave the expression itself to be asked.
    pub fn has_parts(&self) -> bool {
        !self.parts.is_empty()
    }

    /// Looks for the match from the text's beginning.
    pub fn find(&self, text: &str, spans: Option<&mut Spans>) -> Verdict {
        let bytes = text.as_bytes();
        if self.lacks_ending(bytes) {
            return Verdict::NoMatch;
        }
        let body = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        if memchr::memchr(b'\n', body).is_some() {
            return Verdict::Unknown;
        }
        let mut places = [0; MOST_LINKS];
        if self.place(body, &mut places).is_none() {
            return Verdict::NoMatch;
        }
        let Some(asked) = self.try_parts(text, &places) else {
            return Verdict::Unknown;
        };
        if let Some(spans) = spans {
            self.tell(body, &places, &asked, spans);
        }
        Verdict::Match
    }

    /// Whether nowhere in the text one of the words stands where a gap has to end with one: a quick "no" for an
    /// ignoreregex that is a failregex but for such an ending.
    fn lacks_ending(&self, text: &[u8]) -> bool {
        let Some((index, literal)) = &self.ending else {
            return false;
        };
        let Some(Between::Ending(ending)) = self.links.get(*index).map(|link| &link.between) else {
            return false;
        };
        let mut from = 0;
        // One may overlap the next.
        while let Some(at) = text.get(from..).and_then(|rest| literal.find(rest)) {
            let before = text.get(..from + at).unwrap_or_default();
            if ending.find(before).is_some() {
                return false;
            }
            from += at + 1;
        }
        true
    }

    /// Finds where each link's literal stands at the latest; nothing where they cannot all stand.
    fn place(&self, body: &[u8], places: &mut [usize; MOST_LINKS]) -> Option<()> {
        let start = self.first.len();
        if !body.starts_with(&self.first) {
            return None;
        }
        let mut end = body.len();
        let mut is_last = true;
        for (link, place) in self.links.iter().zip(places.get_mut(..self.links.len())?).rev() {
            let at = match is_last {
                true => self.place_last(link, body)?,
                false => link.place(body, start, end)?,
            };
            is_last = false;
            *place = at;
            end = at;
            if let Between::Ending(ending) = &link.between {
                (*place, end) = self.place_ending(ending, &link.literal, body, at)?;
            }
        }
        Some(())
    }

    fn place_last(&self, link: &Link, body: &[u8]) -> Option<usize> {
        let room = body.get(self.first.len()..)?;
        Some(self.first.len() + room.strip_suffix(link.literal.text.as_slice())?.len())
    }

    /// Where the literal behind words stands at the latest, which without them is at `at`, and where the word does.
    fn place_ending(&self, ending: &Ending, literal: &Needle, body: &[u8], at: usize) -> Option<(usize, usize)> {
        let start = self.first.len();
        let is_last = at + literal.text.len() == body.len();
        let mut at = at;
        loop {
            if let Some((word, _)) = ending.find(body.get(start..at)?) {
                return Some((at, start + word));
            }
            if is_last {
                return None;
            }
            // An earlier one may overlap this one.
            at = literal.rfind(body, start, at + literal.text.len() - 1)?;
        }
    }

    /// Whether all parts fit where their literals stand.
    fn try_parts(&self, text: &str, places: &[usize; MOST_LINKS]) -> Option<Asked> {
        let mut asked = Asked::default();
        for &index in &self.parts {
            let (link, to) = (self.links.get(index)?, *places.get(index)?);
            let from = match index.checked_sub(1) {
                Some(before) => places.get(before)? + self.links.get(before)?.literal.text.len(),
                None => self.first.len(),
            };
            if let Between::Part(part) = &link.between
                && !part.fits_quickly(text.as_bytes().get(from..to)?)
            {
                asked.links |= 1 << index;
                asked.groups.push(part.fit(text, from, to)?);
            }
        }
        Some(asked)
    }

    fn tell(&self, body: &[u8], places: &[usize; MOST_LINKS], asked: &Asked, spans: &mut Spans) {
        spans.clear();
        spans.resize(self.groups, None);
        let mut set = |group: Option<usize>, span: (usize, usize)| {
            if let Some(span_of_group) = group.and_then(|group| spans.get_mut(group)) {
                *span_of_group = Some(span);
            }
        };
        set(Some(0), (0, body.len()));
        let start = self.first.len();
        let mut from = start;
        let mut groups = asked.groups.iter();
        for (index, (link, &to)) in self.links.iter().zip(places).enumerate() {
            match &link.between {
                Between::Gap(group) => set(*group, (from, to)),
                Between::Ending(ending) => {
                    let found = body.get(start..to).and_then(|room| ending.find(room));
                    let (word, run) = found.map_or((to, to), |(word, run)| (start + word, start + run));
                    set(ending.group, (from, to));
                    set(ending.gap_group, (from, word));
                    set(ending.word_group, (word, run));
                    if run < to {
                        set(ending.run_group, (to - 1, to));
                    }
                }
                Between::Part(part) if asked.links >> index & 1 == 0 => set(part.quick_group(), (from, to)),
                Between::Part(part) => {
                    for (group, span) in part.groups.iter().zip(groups.next().into_iter().flatten().skip(1)) {
                        if let Some(span) = span {
                            set(Some(*group), *span);
                        }
                    }
                }
            }
            from = to + link.literal.text.len();
        }
    }
}

impl Link {
    /// Where its literal stands at the latest.
    #[inline]
    fn place(&self, body: &[u8], start: usize, end: usize) -> Option<usize> {
        // Relaxed, because whatever is read here is only a guess.
        if let Some(at) = self.literal.stands_before(body, start, end, self.usual.load(Relaxed)) {
            return Some(at);
        }
        let at = self.literal.rfind(body, start, end)?;
        let between = end - at - self.literal.text.len();
        self.usual.store(u8::try_from(between).unwrap_or(u8::MAX), Relaxed);
        Some(at)
    }
}

/// The one text that a node matches.
fn plain_text(node: &Node) -> Option<Vec<u8>> {
    match &node.kind {
        Kind::Literal { point, case } => of_character(*point, *case),
        Kind::Concat(nodes) => nodes
            .iter()
            .map(plain_text)
            .collect::<Option<Vec<_>>>()
            .map(|parts| parts.concat()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;
    use crate::{Options, Regex};
    use proptest::prelude::*;

    fn chain(source: &str) -> Option<Chain> {
        Chain::of(&crate::syntax::parse(source, Options::default()).unwrap()).ok()
    }

    /// The plan's answer, which must be the engine's unless it is none.
    fn agreed(source: &str, text: &str) -> Verdict {
        let plan = chain(source).unwrap();
        let engine = Regex::part(crate::syntax::parse(source, Options::default()).unwrap()).unwrap();
        let mut spans = Spans::new();
        let verdict = plan.find(text, Some(&mut spans));
        let expected = engine.captures(text).unwrap();
        match verdict {
            Verdict::Match => assert_eq!(Some(spans), expected.map(|found| found.spans), "{source} on {text:?}"),
            Verdict::NoMatch => assert_eq!(expected, None, "{source} on {text:?}"),
            Verdict::Unknown => {}
        }
        verdict
    }

    const HOST: &str = r#"^{"h":"(?:(?P<ip>(?:\d{1,3}\.){3}\d{1,3})|(?P<dns>[\w\-.]*\w))","s":(404|40|401),"p":"(.*)",.*"m":"(.*)",("u":"(.*)",){0,1}?"t":(.*)}$"#;

    #[test]
    fn a_line_of_json_is_taken_apart_as_by_the_engine() {
        for (text, verdict) in [
            (
                r#"{"h":"1.2.3.4","s":404,"p":"/","x":1,"m":"","u":"a","t":1}"#,
                Verdict::Match,
            ),
            (r#"{"h":"a-b.c","s":40,"p":"/","x":1,"m":"","t":1}"#, Verdict::Match),
            (
                r#"{"h":"a","s":401,"p":"/é","s":404,"p":"x","x":1,"m":"\"m\":\"","u":"","u":"","t":1,"t":2}"#,
                Verdict::Unknown,
            ),
            (r#"{"h":"a","s":401,"p":"/","m":"x","t":1}"#, Verdict::Match),
            (r#"{"h":"a","s":401,"p":"/","m":"x","u":"y"}"#, Verdict::NoMatch),
            (r#"{"h":"a b","s":401,"p":"/","m":"x","t":1}"#, Verdict::Unknown),
        ] {
            assert_eq!(agreed(HOST, text), verdict, "{text}");
            assert_eq!(agreed(HOST, &format!("{text}\n")), verdict, "{text}");
        }
    }

    #[test]
    fn the_address_of_a_host_tag_is_told_without_the_engine() {
        let source = crate::tags::expand(r#"^"h":"<HOST>","p":"(.*)"$"#, Default::default(), false).unwrap();
        let chain = chain(&source).unwrap();
        let Between::Part(part) = &chain.links[0].between else {
            panic!("{chain:?}");
        };
        for (host, quickly) in [
            ("192.0.2.1", true),
            ("999.999.999.999", true),
            ("::ffff:192.0.2.1", false),
            ("[192.0.2.1]", false),
            ("192.0.2", false),
            ("192.0.2.1.", false),
            ("1920.0.2.1", false),
            ("192.0.2.1.example.org", false),
            ("2001:db8::1", false),
        ] {
            assert_eq!(part.fits_quickly(host.as_bytes()), quickly, "{host}");
            agreed(&source, &format!(r#""h":"{host}","p":"/""#));
        }
    }

    #[test]
    fn newlines_inside_are_left_to_the_engine() {
        assert_eq!(agreed("^a.*b$", "a\nb"), Verdict::Unknown);
        assert_eq!(agreed("^a.*b$", "ab\n"), Verdict::Match);
        assert_eq!(agreed("^a.*b$", "ab\n\n"), Verdict::Unknown);
    }

    #[test]
    fn what_is_no_chain_has_no_such_plan() {
        for source in [
            "a.*b",
            "^a.*b",
            "^a.*$",
            "^abc$",
            "^a.*?b$",
            "^a.*(b|c)d$",
            "^a(x|,), .*b$",
            "^a(?=b)[^c], .*b$",
            r"^a(x)(\1), .*b$",
            r"^a(\W), .*b$",
            "^a(?:x(?=,)), .*b$",
            "^a.*b(?:c.*)??d$",
            "^ab(?:c.*b)??d.*e$",
            "^a.*b(?:c.*e)??d$",
            "^a(.*(x|,)), .*b$",
            "^a(.*(x|y/)(/)*?), .*b$",
            "^a(.*(x|)), .*b$",
            "^a(.*(x)(,)*?), .*b$",
            "^a(.*(x)/*+), .*b$",
            "^a(.*(?i:x)), .*b$",
            r"(?i)^a.*b$",
            r"(?m)^a.*b$",
            r"(?s)^a.*b$",
        ] {
            assert!(chain(source).is_none(), "{source}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1500))]
        #[test]
        fn what_the_chain_says_the_engine_says(
            links in prop::collection::vec(
                (
                    prop::sample::select(vec![
                        ".*", "(.*)", "(?P<n>.*)", "(.*(1|ab|a))", "(.*(?:b|é1))", "((.*)(a|1a|bb)(1)*?)", "(.*(a|ba|é)(?:1)*)", "(a|b|ab)", r"(?:(\d+)|(\w*))", "([ab]*)(a?)", r"((?:a|(?<=a)b)+)", "(?:a|(b))*?",
                    ]),
                    prop::sample::select(vec![",", ":", ",a", "b", "ab", ":b:", "é"]),
                ),
                1..5,
            ),
            option in prop::sample::select(vec!["", "(,b.*,)??", "(?:a(.*)b:){0,1}?", "(,(.*)a,){0,1}?"]),
            fillings in prop::collection::vec(prop::collection::vec("[ab,:1é]{0,5}", 5), 12),
            end in "\n{0,2}",
        ) {
            let mut source = "^a".to_owned();
            for (index, (between, literal)) in links.iter().enumerate() {
                source += &between.replace("<n>", &format!("<n{index}>"));
                source += literal;
                if index + 2 == links.len() && !option.is_empty() {
                    source += option;
                    source += ",";
                }
            }
            source.push('$');
            if chain(&source).is_some() {
                for filling in &fillings {
                    // Literals in their order with something between: much of it matches, in more than one way.
                    let pieces = links.iter().zip(filling).map(|((_, literal), filling)| format!("{filling}{literal}"));
                    let text = format!("a{}{end}", pieces.collect::<String>());
                    agreed(&source, &text);
                    agreed(&source, &text.replacen("b", "b,", 1));
                    agreed(&source, &text.replacen(',', "", 1));
                }
            }
        }
    }
}
