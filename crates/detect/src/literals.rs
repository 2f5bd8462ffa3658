//! Literals without which no expression of a filter can match: what most lines are dismissed by.
use crate::expression::Expression;
use bantam_pattern::slices;
use memchr::memmem::Finder;

/// More than these, and looking for all of them costs more than it saves.
const MOST: usize = 4;

/// A line that holds none of these matches nothing.
#[derive(Debug)]
pub(crate) struct Literals {
    finders: Vec<Finder<'static>>,
}

impl Literals {
    /// Those of the expressions that a line must pass; none where some expression has none.
    pub(crate) fn of(prefregex: Option<&Expression>, fail: &[Expression]) -> Option<Self> {
        let needles: Vec<&[u8]> = match prefregex {
            // Whether prefregex matched is reported, so its own literal is the only one that may dismiss a line.
            Some(expression) => vec![expression.required_literal()?],
            None => fail.iter().map(Expression::required_literal).collect::<Option<_>>()?,
        };
        let chosen = least(needles);
        let usable = (1..=MOST).contains(&chosen.len()) && chosen.iter().all(|n| n.is_ascii());
        usable.then(|| Literals {
            finders: chosen
                .into_iter()
                .map(|needle| Finder::new(needle).into_owned())
                .collect(),
        })
    }

    /// Whether any of them is in the text.
    pub(crate) fn occur_in(&self, text: &[u8]) -> bool {
        // What there is no time for is said to be there: whoever looks further notes that he could not.
        let is_in = |finder: &Finder<'_>| slices::find(finder, text) != Ok(None);
        self.finders.iter().any(is_in)
    }

    /// Whether any of them is in the text that remains when what is between these two is cut out; nothing if that
    /// takes a look at the joined text.
    pub(crate) fn occur_around(&self, before: &str, after: &str) -> Option<bool> {
        if self.occur_in(after.as_bytes()) || self.occur_in(before.as_bytes()) {
            return Some(true);
        }
        let needles = self.finders.iter().map(Finder::needle);
        let joins = match (before.as_bytes().last(), after.as_bytes().first()) {
            (Some(&before), Some(&after)) => may_join(needles, before, after),
            _ => false,
        };
        (!joins).then_some(false)
    }
}

/// Without those that contain another: a longer literal is found wherever a shorter one in it is.
pub(crate) fn least<L: AsRef<[u8]>>(mut literals: Vec<L>) -> Vec<L> {
    literals.sort_unstable_by_key(|literal| literal.as_ref().len());
    let mut kept: Vec<L> = Vec::new();
    for literal in literals {
        let holds = |shorter: &L| memchr::memmem::find(literal.as_ref(), shorter.as_ref()).is_some();
        if !kept.iter().any(holds) {
            kept.push(literal);
        }
    }
    kept
}

/// Whether cutting something out between the bytes `before` and `after` can bring one of these about.
pub(crate) fn may_join<'l>(mut literals: impl Iterator<Item = &'l [u8]>, before: u8, after: u8) -> bool {
    literals.any(|literal| literal.windows(2).any(|pair| pair == [before, after]))
}

/// The same, prepared for being asked often.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Pairs(Vec<[u8; 2]>);

impl Pairs {
    /// Of these literals.
    pub(crate) fn of<'l>(literals: impl Iterator<Item = &'l [u8]>) -> Self {
        let pairs = literals.flat_map(|literal| literal.windows(2));
        let mut pairs: Vec<[u8; 2]> = pairs.filter_map(|pair| pair.try_into().ok()).collect();
        pairs.sort_unstable();
        pairs.dedup();
        pairs.shrink_to_fit();
        Pairs(pairs)
    }

    pub(crate) fn may_join(&self, before: u8, after: u8) -> bool {
        self.0.binary_search(&[before, after]).is_ok()
    }
}
