//! An expression as it is searched for, beside PCRE2 alone.

use bantam_pattern::{Options, PlanKind, Regex, Stage};
use std::collections::BTreeMap;
use std::fmt;

/// It is asked about every fifth text: made for lines that are rare, it takes its time.
const ASK_AUTOMATON: usize = 5;

/// An expression in all the ways that it can be searched for.
pub struct Compared {
    pub regex: Regex,
    engine: Regex,
}

/// What was compared.
#[derive(Debug, Default)]
pub struct Tally {
    pub expressions: usize,
    pub texts: usize,
    pub matches: usize,
    /// Searches that ended at a limit, on either side; these are not compared.
    pub limits: usize,
    /// Of these, how many the plan could settle.
    pub settled: usize,
    /// Texts of which the automaton said that there is no match, or what the match is.
    pub automaton: [usize; 2],
    /// How many expressions have which plan.
    pub plans: BTreeMap<PlanKind, usize>,
    /// For how many texts which of the plans answered, with a match and without.
    pub answers: BTreeMap<(Stage, bool), usize>,
}

impl Compared {
    /// None for what is no expression, or is beyond the engine.
    pub fn new(source: &str, options: Options) -> Option<Compared> {
        Some(Compared {
            regex: Regex::new(source, options).ok()?,
            engine: Regex::engine_only(source, options).ok()?,
        })
    }

    /// The same, with PCRE2's interpreter in the engine's place.
    pub fn interpreted(source: &str, options: Options) -> Option<Compared> {
        Some(Compared {
            regex: Regex::new(source, options).ok()?,
            engine: Regex::interpreted_only(source, options).ok()?,
        })
    }

    pub fn count(&self, tally: &mut Tally) {
        tally.expressions += 1;
        *tally.plans.entry(self.regex.plan().kind).or_default() += 1;
    }

    /// Panics where the plan finds anything else than the engine.
    pub fn on(&self, text: &str, tally: &mut Tally) {
        tally.texts += 1;
        let (Ok(ours), Ok(engine)) = (self.regex.captures(text), self.engine.captures(text)) else {
            tally.limits += 1;
            tally.settled += usize::from(self.regex.captures(text).is_ok());
            return;
        };
        assert_eq!(ours, engine, "{:?} on {text:?}", self.regex.as_str());
        let is_match = self.regex.is_match(text);
        assert_eq!(is_match, Ok(engine.is_some()), "{:?} on {text:?}", self.regex.as_str());
        if tally.texts.is_multiple_of(ASK_AUTOMATON)
            && let Some(said) = self.regex.automaton_says(text)
        {
            assert_eq!(said, engine, "{:?} on {text:?} by the automaton", self.regex.as_str());
            tally.automaton[usize::from(said.is_some())] += 1;
        }
        tally.matches += usize::from(engine.is_some());
        let stage = self.regex.answered_by(text);
        *tally.answers.entry((stage, engine.is_some())).or_default() += 1;
    }
}

impl Tally {
    /// Fails unless each of these answered, so that a plan that is never taken does not count as tested.
    pub fn assert_answered(&self, wanted: &[(Stage, bool)]) {
        for answer in wanted {
            assert!(
                self.answers.contains_key(answer),
                "{answer:?} never was the answer: {self}"
            );
        }
    }

    /// Fails if so many searches ended at a limit that little was compared.
    pub fn assert_few_limits(&self) {
        assert!(self.limits * 200 < self.texts, "{self}");
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} expressions {:?}, {} texts, {} matches, {} at a limit, {} of them settled, answered by {:?}, by the \
             automaton if asked: {} misses, {} matches",
            self.expressions,
            self.plans,
            self.texts,
            self.matches,
            self.limits,
            self.settled,
            self.answers,
            self.automaton[0],
            self.automaton[1],
        )
    }
}
