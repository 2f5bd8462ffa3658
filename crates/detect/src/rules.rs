//! The expressions of a filter and what governs them: what a line is judged by (`judge`), and what follows from them for
//! all lines, found out once.
use crate::dispatch::Dispatch;
use crate::expression::Expression;
use crate::literals::Literals;
use crate::screen::Needs;
use bantam_pattern::tags::UseDns;
use bantam_pattern::uncounted;
use std::sync::{Arc, OnceLock};

/// The expressions and what governs them.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) prefregex: Option<Expression>,
    pub(crate) fail: Vec<Expression>,
    pub(crate) ignore: Vec<Expression>,
    pub(crate) use_dns: UseDns,
    pub(crate) max_lines: usize,
    /// All failregexes are tried, not only up to the first that matches.
    pub(crate) check_all: bool,
    /// Ids and names are taken as they stand.
    pub(crate) raw_hosts: bool,
    /// Matches of connections that do not tell an address yet are reported too.
    pub(crate) keep_pending: bool,
    /// Hits carry their record even where only their number counts.
    pub(crate) keep_records: bool,
    /// The report tells what prefregex captured.
    pub(crate) tell_prefix: bool,
    /// Texts without these match nothing. Made when first asked for, as what follows: expressions come one by one.
    literals: OnceLock<Option<Literals>>,
    /// The same for whole blocks.
    needs: OnceLock<Arc<Needs>>,
    /// Tells which of the failregexes are worth a try.
    dispatch: OnceLock<Option<Dispatch>>,
    /// By failregex and ignoreregex: the group of the former that the latter narrows.
    narrowed: OnceLock<Vec<Vec<Option<usize>>>>,
}

impl Rules {
    pub(crate) fn new() -> Self {
        Rules {
            prefregex: None,
            fail: Vec::new(),
            ignore: Vec::new(),
            use_dns: UseDns::default(),
            max_lines: 1,
            check_all: false,
            raw_hosts: false,
            keep_pending: false,
            keep_records: true,
            tell_prefix: false,
            literals: OnceLock::new(),
            needs: OnceLock::new(),
            dispatch: OnceLock::new(),
            narrowed: OnceLock::new(),
        }
    }

    /// To be called after a change of an expression.
    pub(crate) fn refresh(&mut self) {
        self.narrowed = OnceLock::new();
        self.literals = OnceLock::new();
        self.needs = OnceLock::new();
        self.dispatch = OnceLock::new();
    }

    /// The literals of which a text must have one; none where any text may match.
    pub(crate) fn literals(&self) -> Option<&Literals> {
        let make = || Literals::of(self.prefregex.as_ref(), &self.fail);
        self.literals.get_or_init(|| uncounted(make)).as_ref()
    }

    /// What lines must have.
    pub(crate) fn needs(&self) -> &Arc<Needs> {
        // Who wants all that matches wants to hear of prefregex as well.
        let make = || Arc::new(Needs::of(self.prefregex.as_ref(), &self.fail, self.check_all));
        self.needs.get_or_init(|| uncounted(make))
    }

    /// The failregexes worth a try on a text, one bit for each of the first 64.
    pub(crate) fn candidates(&self, text: &str) -> u64 {
        // It is not the line's fault that none had needed it before.
        let make = || uncounted(|| Dispatch::of(&self.fail));
        let dispatch = self.dispatch.get_or_init(make);
        dispatch.as_ref().map_or(u64::MAX, |dispatch| dispatch.candidates(text))
    }

    /// Whether a line without the literals that it must have is dismissed before anything is tried on it.
    pub(crate) fn may_dismiss_first(&self) -> bool {
        !self.multi_line() && !self.ignores_first()
    }

    /// Whether there is a prefregex, and every line that is not empty passes it.
    pub(crate) fn prefix_matches_any(&self) -> bool {
        self.prefregex.as_ref().is_some_and(Expression::matches_any_line)
    }

    pub(crate) fn multi_line(&self) -> bool {
        self.max_lines > 1
    }

    pub(crate) fn raw(&self) -> bool {
        self.raw_hosts || self.use_dns == UseDns::Raw
    }

    /// Few ignoreregexes beside many failregexes are tried before them.
    pub(crate) fn ignores_first(&self) -> bool {
        !self.ignore.is_empty() && self.ignore.len() + 2 < self.fail.len()
    }

    /// The groups of a failregex that the ignoreregexes narrow, in their order.
    pub(crate) fn narrowed(&self, expression: usize) -> &[Option<usize>] {
        let narrowed = |fail: &Expression| self.ignore.iter().map(|ignore| ignore.narrows(fail)).collect();
        let make = || uncounted(|| self.fail.iter().map(narrowed).collect());
        let all = self.narrowed.get_or_init(make);
        all.get(expression).map(Vec::as_slice).unwrap_or_default()
    }

    pub(crate) fn needs_record(&self, expression: &Expression) -> bool {
        self.keep_records || !expression.is_plain() || self.prefregex.as_ref().is_some_and(|e| !e.is_plain())
    }
}
