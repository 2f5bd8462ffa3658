//! A compiled expression.
use std::sync::OnceLock;

use memchr::memmem::Finder;

use crate::PatternError;
use crate::ascii::is_ascii;
use crate::automaton::Automaton;
use crate::budget;
use crate::chain::{Chain, Verdict};
use crate::dead::Narrowed;
use crate::engine::{Effort, Program};
use crate::glance::Glance;
use crate::literal::{Literals, one_of};
use crate::order::Order;
use crate::plan::{Bound, NotTaken, Plan, PlanKind};
use crate::print::{Leash, Target, print};
use crate::slices::{self, NoTime};
use crate::syntax::{self, Ast};
use crate::tail::Tail;

/// How an expression is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// `re.MULTILINE`: `^` and `$` at every line (filters with `maxlines` above 1).
    pub multi_line: bool,
    /// `re.IGNORECASE`
    pub ignore_case: bool,
}

/// The step limit was reached on this text; to be treated as "no match", counted and reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the expression took too many steps on this line")]
pub struct LimitHit;

impl From<NoTime> for LimitHit {
    fn from(_: NoTime) -> Self {
        LimitHit
    }
}

/// An expression in Python's `re` dialect, with Python's results: search semantics, leftmost-first, same groups.
#[derive(Debug)]
pub struct Regex {
    source: String,
    ast: Ast,
    literals: Literals,
    /// Searches for the best required literal, if that promises to be quicker than the expression itself.
    prefilter: Option<Finder<'static>>,
    /// Answers by itself, where the expression has the form for it.
    chain: Option<Chain>,
    /// The better plans that the expression has not the form for.
    not_taken: Vec<NotTaken>,
    /// Tells that there is no match, where the expression would take long to tell.
    order: Option<Order>,
    /// What is searched for in texts that rule out a branch.
    narrowed: Option<Narrowed>,
    /// Does without the gap at its end in very long texts.
    tail: Option<Tail>,
    /// Asked where the engine takes long.
    automaton: Option<Automaton>,
    /// Whether it is asked soon.
    glance: Glance,
    /// For texts of plain ASCII.
    ascii: Program,
    /// For all other texts, compiled when the first of them comes.
    unicode: OnceLock<Option<Program>>,
    /// Both for very long texts.
    long: [OnceLock<Option<Program>>; 2],
}

/// Where the groups of a match lie, in bytes of the text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Captures {
    /// Group 0 first; `None` for a group that took no part.
    pub spans: Vec<Option<(usize, usize)>>,
}

/// Who answers for a text, in the order in which they are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// The chain of literals tells, match or not.
    Chain,
    /// No required literal is in it.
    Literals,
    /// The literals do not stand in their order.
    Order,
    /// PCRE2.
    Engine,
}

/// A shorter literal stands in nearly every line, so that looking for it first is wasted.
const SHORTEST_PREFILTER: usize = 3;

/// Longer expressions may meet PCRE2's limit of size in one of their two programs only.
const LONG_SOURCE: usize = 500;

impl Regex {
    /// Compiles an expression (tags such as `<HOST>` already expanded, see [`crate::tags`]).
    pub fn new(source: &str, options: Options) -> Result<Regex, PatternError> {
        let ast = syntax::parse(source, options)?;
        let (chain, not_taken) = match Chain::of(&ast) {
            Ok(chain) => (Some(chain), Vec::new()),
            Err(fault) => (None, vec![fault.not_taken(PlanKind::Chain)]),
        };
        // In very long texts only chains are asked that are tied to both ends.
        let order = match chain.as_ref().is_some_and(Chain::is_tied) {
            true => None,
            false => Order::of(&ast),
        };
        let mut regex = Regex {
            source: source.to_owned(),
            chain,
            not_taken,
            order,
            narrowed: Narrowed::of(&ast),
            tail: Tail::of(&ast),
            automaton: Some(Automaton::default()),
            ..Regex::part(ast)?
        };
        // A short one that compiles for ASCII compiles for Unicode, too, and may do so later.
        if source.len() > LONG_SOURCE {
            regex.unicode = OnceLock::from(Some(compile(&regex.ast, Target::Unicode)?));
        }
        Ok(regex)
    }

    /// An expression that is searched for by the engine alone.
    pub(crate) fn part(ast: Ast) -> Result<Regex, PatternError> {
        let ascii = compile(&ast, Target::Ascii)?;
        let literals = Literals::of(&ast);
        let prefilter = literals
            .best()
            .filter(|literal| literal.len() >= SHORTEST_PREFILTER)
            .map(|literal| Finder::new(literal).into_owned());
        Ok(Regex {
            source: String::new(),
            ast,
            literals,
            prefilter,
            chain: None,
            not_taken: Vec::new(),
            order: None,
            narrowed: None,
            tail: None,
            automaton: None,
            glance: Glance::default(),
            ascii,
            unicode: OnceLock::new(),
            long: Default::default(),
        })
    }

    /// The expression as given.
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// The expression as a tree.
    pub fn ast(&self) -> &Ast {
        &self.ast
    }

    /// Name of each group, index 0 (the whole match) first.
    pub fn group_names(&self) -> &[Option<String>] {
        &self.ast.groups
    }

    /// Index of a named group.
    pub fn group_index(&self, name: &str) -> Option<usize> {
        self.ast.groups.iter().position(|known| known.as_deref() == Some(name))
    }

    /// Whether the expression is found anywhere in the text.
    pub fn is_match(&self, text: &str) -> Result<bool, LimitHit> {
        self.find(text, 0, None, false)
    }

    /// Where this expression is another one but for words with which a gap has to end: the gap's group in the other one.
    pub fn narrows(&self, other: &Regex) -> Option<usize> {
        let (own, theirs) = (self.chain.as_ref()?, other.chain.as_ref()?);
        own.narrows(&self.ast, theirs, &other.ast)
    }

    /// Like [`Regex::is_match`], in a text that the other expression matches which this one [narrows][Regex::narrows],
    /// with that group ending here.
    pub fn is_match_up_to(&self, text: &str, end: usize) -> Result<bool, LimitHit> {
        let chain = self.chain.as_ref().filter(|_| !budget::is_very_long(text.len()));
        match chain.is_some_and(|chain| chain.lacks_ending_up_to(text.as_bytes(), end)) {
            true => Ok(false),
            false => self.is_match(text),
        }
    }

    /// The first match with its groups.
    pub fn captures(&self, text: &str) -> Result<Option<Captures>, LimitHit> {
        self.captures_at(text, 0)
    }

    /// The first match at or after `start` (a character border), look-behind seeing what stands before it.
    pub fn captures_at(&self, text: &str, start: usize) -> Result<Option<Captures>, LimitHit> {
        let mut captures = Captures::default();
        Ok(self.captures_into(text, start, &mut captures)?.then_some(captures))
    }

    /// Like [`Regex::captures_at`], into memory that is there already; tells whether there was a match. Without one
    /// `captures` is left as it was.
    pub fn captures_into(&self, text: &str, start: usize, captures: &mut Captures) -> Result<bool, LimitHit> {
        self.find(text, start, Some(&mut captures.spans), false)
    }

    /// The same from the text's beginning, where that is known to have [`Regex::required_literal`] and need not be
    /// searched for it.
    pub fn captures_having_literal(&self, text: &str, captures: &mut Captures) -> Result<bool, LimitHit> {
        self.find(text, 0, Some(&mut captures.spans), true)
    }

    /// A literal that every text must contain to match, the one best suited for a quick search; none if unknown.
    pub fn required_literal(&self) -> Option<&[u8]> {
        self.literals.best()
    }

    /// All literals that every match contains, in this order and without overlap.
    pub fn required_literals(&self) -> &[Vec<u8>] {
        self.literals.all()
    }

    /// Literals of which every match contains at least one, where there may be none that all contain; none if unknown.
    pub fn one_of_literals(&self) -> Vec<Vec<u8>> {
        one_of(&self.ast.root)
    }

    /// What the expression is searched by, and why not by something better.
    pub fn plan(&self) -> Plan {
        let engine = match self.ascii.is_jit() {
            true => PlanKind::Jit,
            false => PlanKind::Interpreter,
        };
        let kind = match self.chain {
            Some(_) => PlanKind::Chain,
            None => engine,
        };
        let mut not_taken = self.not_taken.clone();
        if engine == PlanKind::Interpreter {
            not_taken.push(NotTaken {
                plan: PlanKind::Jit,
                reason: "this machine or the expression does not let PCRE2 make machine code of it".to_owned(),
                span: None,
            });
        }
        let left_out = Automaton::fault(&self.ast);
        let when_slow = self.automaton.is_some().then_some(PlanKind::Automaton);
        let bound = match (&self.chain, Leash::for_expression(&self.ast)) {
            (Some(chain), _) if chain.is_tied() && !chain.may_ask() => Bound::Linear,
            _ if left_out.is_none() => Bound::LinearMiss,
            (_, Leash::Steps) => Bound::Steps,
            (_, Leash::Guard | Leash::GuardInSlices | Leash::Long { .. }) => Bound::Time,
        };
        not_taken.extend(left_out.map(|fault| fault.not_taken(PlanKind::Automaton)));
        Plan {
            kind,
            fallback: engine,
            when_slow,
            not_taken,
            looked_for_first: self.prefilter.iter().map(|finder| finder.needle().to_vec()).collect(),
            required: self.literals.all().to_vec(),
            order_checked: self.order.is_some(),
            bound,
        }
    }

    /// An expression that only PCRE2 searches for, with nothing asked before it: what all plans are measured by.
    #[cfg(any(test, feature = "differential"))]
    pub fn engine_only(source: &str, options: Options) -> Result<Regex, PatternError> {
        let mut regex = Regex::part(syntax::parse(source, options)?)?;
        regex.source = source.to_owned();
        regex.prefilter = None;
        Ok(regex)
    }

    /// Like [`Regex::engine_only`], with PCRE2's interpreter.
    #[cfg(any(test, feature = "differential"))]
    pub fn interpreted_only(source: &str, options: Options) -> Result<Regex, PatternError> {
        let mut regex = Regex::engine_only(source, options)?;
        regex.ascii.interpret();
        let mut unicode = compile(&regex.ast, Target::Unicode)?;
        unicode.interpret();
        regex.unicode = OnceLock::from(Some(unicode));
        Ok(regex)
    }

    /// What the automaton says of this text if it is asked, as it is when the engine takes long; nothing if it cannot
    /// tell. A match comes with its groups.
    #[cfg(any(test, feature = "differential"))]
    pub fn automaton_says(&self, text: &str) -> Option<Option<Captures>> {
        let mut captures = Captures::default();
        let automaton = self.automaton.as_ref()?;
        let found = automaton.find(&self.ast, text, 0, Some(&mut captures.spans))?;
        Some(found.then_some(captures))
    }

    /// Which of the plans answers for this text.
    #[cfg(any(test, feature = "differential"))]
    pub fn answered_by(&self, text: &str) -> Stage {
        self.quickly(text, 0, None, false)
            .map_or(Stage::Engine, |(stage, _)| stage)
    }

    pub(crate) fn find(
        &self,
        text: &str,
        start: usize,
        spans: Option<&mut Vec<Option<(usize, usize)>>>,
        has_literal: bool,
    ) -> Result<bool, LimitHit> {
        let mut spans = spans;
        if let (_, Some(found)) = self.quickly(text, start, spans.as_deref_mut(), has_literal)? {
            return Ok(found);
        }
        if budget::is_very_long(text.len())
            && let Some(tail) = &self.tail
            && let Some(found) = tail.find(&self.ast, text, start, spans.as_deref_mut())?
        {
            return Ok(found);
        }
        let narrowed = self.narrowed.as_ref().and_then(|narrowed| {
            let rest = text.as_bytes().get(start..)?;
            narrowed.for_text(&self.ast, rest)
        });
        let program = narrowed.unwrap_or(self).program(text)?;
        if let Some(automaton) = &self.automaton {
            let glances = narrowed.is_none() && !budget::is_very_long(text.len());
            if glances && program.counts_steps() && self.glance.pays() {
                if let Ok(found) = program.find(text, start, Effort::Glance, spans.as_deref_mut()) {
                    return Ok(found);
                }
                if self.glance.was_long() && automaton.denies(&self.ast, text, start) {
                    self.glance.was_denied();
                    return Ok(false);
                }
            }
            if let Ok(found) = program.find(text, start, Effort::Little, spans.as_deref_mut()) {
                return Ok(found);
            }
            if let Some(found) = automaton.find(&self.ast, text, start, spans.as_deref_mut()) {
                return Ok(found);
            }
        }
        program.find(text, start, Effort::Full, spans)
    }

    fn program(&self, text: &str) -> Result<&Program, LimitHit> {
        let is_ascii = is_ascii(text.as_bytes());
        if budget::is_very_long(text.len()) {
            let target = if is_ascii { Target::Ascii } else { Target::Unicode };
            let leash = Leash::for_long_texts(&self.ast);
            let compile = || budget::uncounted(|| compile_held(&self.ast, target, leash).ok());
            let program = self.long[usize::from(is_ascii)].get_or_init(compile);
            return program.as_ref().ok_or(LimitHit);
        }
        if is_ascii {
            return Ok(&self.ascii);
        }
        // It is not the line's fault that none had needed this before.
        let compile = || budget::uncounted(|| compile(&self.ast, Target::Unicode).ok());
        self.unicode.get_or_init(compile).as_ref().ok_or(LimitHit)
    }

    /// What the quick plans say, and which of them says it; nothing if the expression itself has to be asked.
    fn quickly(
        &self,
        text: &str,
        start: usize,
        spans: Option<&mut Vec<Option<(usize, usize)>>>,
        has_literal: bool,
    ) -> Result<(Stage, Option<bool>), NoTime> {
        let Some(rest) = text.get(start..) else {
            return Ok((Stage::Literals, Some(false)));
        };
        let bytes = rest.as_bytes();
        if !budget::may_look(text.len()) {
            return Err(NoTime);
        }
        // If it is tied to both ends, it says no as quickly as a search for one of its literals. Otherwise it may look
        // through the whole text several times.
        let bears_length = |chain: &&Chain| chain.is_tied() || !budget::is_very_long(text.len());
        let chain = self.chain.as_ref().filter(|_| start == 0).filter(bears_length);
        let looks_first = !has_literal && !chain.is_some_and(Chain::is_tied);
        if looks_first && self.lacks_literal(bytes)? {
            return Ok((Stage::Literals, Some(false)));
        }
        if let Some(chain) = chain {
            match chain.find(text, spans) {
                Verdict::Match => return Ok((Stage::Chain, Some(true))),
                Verdict::NoMatch => return Ok((Stage::Chain, Some(false))),
                Verdict::Unknown => {}
            }
        }
        if !looks_first && !has_literal && self.lacks_literal(bytes)? {
            return Ok((Stage::Literals, Some(false)));
        }
        if let Some(order) = &self.order
            && !order.may_match(bytes)?
        {
            return Ok((Stage::Order, Some(false)));
        }
        Ok((Stage::Engine, None))
    }

    fn lacks_literal(&self, text: &[u8]) -> Result<bool, NoTime> {
        match &self.prefilter {
            Some(literal) => Ok(slices::find(literal, text)?.is_none()),
            None => Ok(false),
        }
    }
}

fn compile(ast: &Ast, target: Target) -> Result<Program, PatternError> {
    compile_held(ast, target, Leash::for_expression(ast))
}

fn compile_held(ast: &Ast, target: Target, leash: Leash) -> Result<Program, PatternError> {
    let printed = print(ast, target, leash).map_err(|error| PatternError {
        message: error.message.to_owned(),
        span: Some(error.span),
        hint: None,
    })?;
    let groups = ast.groups.len();
    Program::compile(&printed, target == Target::Unicode, leash, groups).map_err(|error| PatternError {
        message: format!("this expression is beyond the engine: {error}"),
        span: None,
        hint: Some("split it into several expressions".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn regex(source: &str) -> Regex {
        Regex::new(source, Options::default()).unwrap()
    }

    #[test]
    fn a_host_tag_finds_the_address() {
        let source = crate::tags::expand("^from <HOST> by <F-USER>.*</F-USER>$", Default::default(), false).unwrap();
        let regex = regex(&source);
        let text = "from 192.0.2.7 by bob\n";
        let found = regex.captures(text).unwrap().unwrap();
        let group = |name| found.spans[regex.group_index(name).unwrap()].map(|(a, b)| &text[a..b]);
        assert_eq!(
            (group("ip4"), group("user"), group("dns")),
            (Some("192.0.2.7"), Some("bob"), None)
        );
    }

    #[test]
    fn a_search_from_the_middle_sees_what_stands_before() {
        let regex = regex(r"(?<=a)b|^c|\bd");
        let at = |text, start| {
            regex
                .captures_at(text, start)
                .unwrap()
                .map(|found| found.spans[0].unwrap())
        };
        assert_eq!(at("ab", 1), Some((1, 2)));
        assert_eq!(at("xc", 1), None);
        assert_eq!(at("xd", 1), None);
        assert_eq!(at("éab", 3), Some((3, 4)));
        assert_eq!((at("ab", 2), at("ab", 3), at("éab", 1)), (None, None, None));
    }

    #[test]
    fn a_search_from_the_middle_needs_its_literal_only_there() {
        let regex = regex("abc.*");
        assert_eq!(regex.captures_at("abc abc", 1).unwrap().unwrap().spans, [Some((4, 7))]);
        assert_eq!(regex.captures_at("abc ab", 1).unwrap(), None);
    }

    #[test]
    fn in_very_long_texts_scans_go_in_portions_and_give_back_the_same() {
        const PORTION: usize = 16 << 10;
        for source in [
            r"^(\w*)(\w{9})-",
            r"^(\w+)x(\w*)",
            r"^([^-]{3,})(.*)(?<!x)-",
            r"(\w*+)-(.+)$",
            r"^(?:(a*)(b?))*-",
            r"y(a*)x",
            r"^(?i:(A+))(x?)",
            r"^.*(é)",
            r"^(\S*)é(.*)x",
            r"^(\w{16384,})-",
        ] {
            let ast = syntax::parse(source, Options::default()).unwrap();
            for (length, back) in [-9, -1, 0, 1, 9]
                .into_iter()
                .flat_map(|more| [(PORTION as isize + more, 0), (2 * PORTION as isize + more, 20)])
            {
                let length = usize::try_from(length).unwrap();
                let begin = "a".repeat(length - back) + "x" + &"a".repeat(back);
                for (target, end) in [(Target::Ascii, "-b"), (Target::Unicode, "é-b")] {
                    let text = format!("{begin}{end}{}", "b".repeat(PORTION));
                    let found = |leash| {
                        let mut spans = Vec::new();
                        let program = compile_held(&ast, target, leash).unwrap();
                        let found = program.find(&text, 0, Effort::Full, Some(&mut spans));
                        (found, spans)
                    };
                    let expected = found(Leash::for_expression(&ast));
                    assert_eq!(found(Leash::for_long_texts(&ast)), expected, "{source} {length} {end}");
                }
            }
        }
    }

    #[test]
    fn many_threads_search_with_one_expression() {
        let regex = regex(r"(\w+)=(\w+)");
        std::thread::scope(|scope| {
            for text in ["a=b", "é=ü", "abc=d", "ß=1"] {
                let regex = &regex;
                scope.spawn(move || (0..1000).for_each(|_| assert!(regex.is_match(text).unwrap())));
            }
        });
    }

    #[test]
    fn an_expression_with_hundreds_of_groups_tells_them_all() {
        let regex = regex(&"(a)".repeat(300));
        let found = regex.captures(&"a".repeat(300)).unwrap().unwrap();
        assert_eq!((found.spans.len(), found.spans[300]), (301, Some((299, 300))));
    }

    #[test]
    fn what_the_engine_cannot_do_is_an_error_with_its_place() {
        let error = Regex::new("x(?:ab){70000}", Options::default()).unwrap_err();
        assert_eq!(error.span, Some(1..14));
        assert!(Regex::new(&"(?:[a-z]{500}){60000}".repeat(2), Options::default()).is_err());
        assert!(
            Regex::new(
                &format!("{}a{}", "(".repeat(5000), ")".repeat(5000)),
                Options::default()
            )
            .is_err()
        );
    }
}
