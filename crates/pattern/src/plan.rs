//! What an expression is searched by, and why not by something quicker: as data, and in words.
//!
//! Whoever writes a filter can read here which part of an expression costs its speed.
use std::fmt;

use crate::syntax::Span;

/// What an expression is searched by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What answers.
    pub kind: PlanKind,
    /// What is asked where that cannot tell; itself, if it always can.
    pub fallback: PlanKind,
    /// What is asked where PCRE2 takes longer than nearly all lines do: it tells in linear time that there is no match.
    /// Where the automaton stands in `not_taken`, it accepts more than the expression, and may leave the answer to
    /// PCRE2 and its limit.
    pub when_slow: Option<PlanKind>,
    /// The better plans that were not taken, best first.
    pub not_taken: Vec<NotTaken>,
    /// Texts without any of these are dismissed before anything else is tried; empty if nothing is looked for.
    pub looked_for_first: Vec<Vec<u8>>,
    /// All literals that every match contains, in this order.
    pub required: Vec<Vec<u8>>,
    /// Whether texts that do not hold the literals in their order are dismissed.
    pub order_checked: bool,
    /// What holds for the time of a search.
    pub bound: Bound,
}

/// A way to search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PlanKind {
    /// Literals with greedy gaps between them, placed from the end of the text.
    Chain,
    /// A lazily built automaton, for lines on which PCRE2 takes long. On all others PCRE2 is the quicker: most lines it
    /// dismisses within some tens of nanoseconds, while an automaton has to look at each byte.
    Automaton,
    /// PCRE2, compiled to machine code.
    Jit,
    /// PCRE2's interpreter, where the machine allows no compiled code.
    Interpreter,
}

/// What holds for the time that a search takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// It grows with the length of the text and no faster, match or not.
    Linear,
    /// It does so for lines without a match, and for matches in lines of ASCII that are not very long; where a match takes
    /// longer, its search ends at a limit.
    LinearMiss,
    /// The search ends at a limit of steps at each place where a match can begin.
    Steps,
    /// The search ends at a limit of processor time.
    Time,
}

/// A plan that an expression does not have the form for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotTaken {
    /// Which one.
    pub plan: PlanKind,
    /// What stands in its way, as a sentence without a full stop.
    pub reason: String,
    /// Where that stands in the expression as given ([`crate::Regex::as_str`]), in bytes; none if it is no single place.
    pub span: Option<Span>,
}

/// What keeps an expression from a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub reason: String,
    pub span: Option<Span>,
}

impl Fault {
    pub fn at(span: &Span, reason: impl Into<String>) -> Fault {
        Fault {
            reason: reason.into(),
            span: Some(span.clone()),
        }
    }

    pub fn of_all(reason: impl Into<String>) -> Fault {
        Fault {
            reason: reason.into(),
            span: None,
        }
    }

    pub fn not_taken(self, plan: PlanKind) -> NotTaken {
        NotTaken {
            plan,
            reason: self.reason,
            span: self.span,
        }
    }
}

impl fmt::Display for PlanKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PlanKind::Chain => "a chain of literals",
            PlanKind::Automaton => "a linear automaton",
            PlanKind::Jit => "PCRE2 (compiled to machine code)",
            PlanKind::Interpreter => "PCRE2's interpreter",
        })
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Bound::Linear => "the time grows with the length of the line, and no faster",
            Bound::LinearMiss => {
                "a line that does not match costs time in proportion to its length; one that does is held by a limit"
            }
            Bound::Steps => "a crafted line can make it slow, up to a limit of steps",
            Bound::Time => "a crafted line can make it slow, up to a limit of processor time",
        })
    }
}

impl Plan {
    /// The plan in sentences; `source` is the expression, which places at fault are quoted from.
    pub fn sentences(&self, source: &str) -> Vec<String> {
        let mut all = vec![match self.fallback == self.kind {
            true => format!("searched by {}", self.kind),
            false => format!(
                "searched by {}, and where that cannot tell by {}",
                self.kind, self.fallback
            ),
        }];
        all.extend(
            self.when_slow
                .map(|slow| format!("a line on which that takes long is left to {slow}")),
        );
        all.extend(self.not_taken.iter().map(|other| {
            let quoted = other.span.clone().and_then(|span| source.get(span));
            match quoted.filter(|text| !text.is_empty()) {
                Some(text) => format!("not by {}: at {}, {}", other.plan, shown(text.as_bytes()), other.reason),
                None => format!("not by {}: {}", other.plan, other.reason),
            }
        }));
        all.push(match self.looked_for_first.as_slice() {
            [] => "every line is tried: no literal that all matches contain is worth looking for".to_owned(),
            [one] => format!("only lines with {} are tried", shown(one)),
            many => format!(
                "only lines with one of {} are tried",
                many.iter().map(|text| shown(text)).collect::<Vec<_>>().join(", ")
            ),
        });
        if self.order_checked {
            all.push("only lines that hold its literals in their order are tried".to_owned());
        }
        all.push(self.bound.to_string());
        all
    }
}

/// Text from an expression in quotation marks, safe for terminals.
fn shown(text: &[u8]) -> String {
    const LONGEST: usize = 60;
    let text = String::from_utf8_lossy(text);
    let mut shown: String = text.chars().take(LONGEST).flat_map(visible).collect();
    if text.chars().count() > LONGEST {
        shown.push('…');
    }
    format!("`{shown}`")
}

fn visible(c: char) -> Vec<char> {
    match c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') {
        true => c.escape_default().collect(),
        false => vec![c],
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::{Options, Regex};

    fn plan(source: &str) -> Plan {
        Regex::new(source, Options::default()).unwrap().plan()
    }

    /// What stands in the way of a chain, and the reason.
    fn no_chain(source: &str) -> (Option<&str>, String) {
        let plan = plan(source);
        let refused = plan.not_taken.into_iter().find(|other| other.plan == PlanKind::Chain);
        let refused = refused.unwrap();
        (refused.span.map(|span| &source[span]), refused.reason)
    }

    #[test]
    fn a_chain_of_literals_is_named_as_such() {
        let plan = plan(r#"^{"h":"(?P<ip4>[\d.]+)","p":"(.*)","s":(404|401)}$"#);
        assert_eq!(
            (plan.kind, plan.not_taken.len(), plan.order_checked),
            (PlanKind::Chain, 0, false)
        );
        assert_eq!(plan.looked_for_first, [br#"","s":40"#]);
        assert_eq!(
            Regex::new("^a.*b$", Options::default()).unwrap().plan().bound,
            Bound::Linear
        );
    }

    #[test]
    fn what_keeps_an_expression_from_being_a_chain_is_told_with_its_place() {
        for (source, at, reason) in [
            ("^a: .*?, b$", Some(".*?"), "this gap is lazy"),
            ("^a: .+, b$", Some(".+"), "this gap is not a plain `.*`"),
            (
                r"^a: .*b\s*",
                Some(r"\s*"),
                "no literal follows that would tell where this ends",
            ),
            (r"^\s*a: .*b$", Some(r"\s*"), "no literal stands at its beginning"),
            (
                r"^a: .*b: [^a], c$",
                Some("[^a]"),
                "this may take the `,` that the text after it begins with",
            ),
            (
                r"^a: .*b: (x(?=y)), c$",
                Some("(?=y)"),
                "this looks at what stands after it",
            ),
            (
                r"^a: .*b(?: c)?é$",
                Some("(?: c)?"),
                "the text after it begins with `é`; only a character of ASCII is sure to end it",
            ),
            ("^abc$", None, "it has no gap such as `.*`"),
        ] {
            assert_eq!(no_chain(source), (at, reason.to_owned()), "{source}");
        }
    }

    #[test]
    fn a_plan_reads_as_sentences() {
        let source = "^a: .*?, \u{202e}b$";
        let said = plan(source).sentences(source).join("\n");
        assert!(
            said.contains("not by a chain of literals: at `.*?`, this gap is lazy"),
            "{said}"
        );
        assert!(said.contains(r"only lines with `, \u{202e}b` are tried"), "{said}");
    }
}
