//! Searches in linear time, for lines on which PCRE2 takes long.
//!
//! PCRE2's machine code is quicker on almost every line: it fails within some tens of nanoseconds where an automaton
//! has to look at each byte. But lines are written by attackers, and there are such on which it tries for ever. So it is
//! given a little time at first, and if that does not do, an automaton tells for certain that there is no match, or what
//! the match is. Of an expression on which PCRE2 often takes more than a few steps in vain, the automaton is asked after
//! these already ([`crate::glance`]). Nothing of it is built before the first such lines come, so that it costs no memory
//! where none do.
//!
//! Two machines from one expression: a lazily built automaton (its states are made as a text needs them, in bounded
//! memory) which knows whether there is a match; and a search that remembers for each place and state that it was there,
//! which knows the groups, for texts that are not long.
use std::sync::{Mutex, OnceLock};

use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::backtrack::BoundedBacktracker;
use regex_automata::nfa::thompson::{Compiler, Config, NFA, WhichCaptures};
use regex_automata::util::primitives::NonMaxUsize;
use regex_automata::{Anchored, Input, MatchKind};

use crate::ascii::is_ascii;
use crate::budget::{self, Allowance};
use crate::plan::Fault;
use crate::slices::SLICE;
use crate::syntax::Ast;

mod before;
mod translate;

use translate::{Translated, translate};

/// Memory for the states that texts made necessary, kept between searches.
const STATES: usize = 512 << 10;
/// Less than this is kept, more is given back after the search.
const STATES_KEPT: usize = 128 << 10;
/// Expressions whose automaton would be larger have none.
const SIZE: usize = 1 << 20;
/// Bits to remember where a search for groups was: texts of some ten kilobytes, for most expressions.
const VISITED: usize = 1 << 20;
/// Times that the states may be thrown away before they have to pay.
const CLEARED_FREELY: usize = 4;
/// Then each state has to serve so many bytes of the text, or the search is given up.
const BYTES_PER_STATE: usize = 16;

type Spans = Vec<Option<(usize, usize)>>;

/// An expression's automaton, built when first needed.
#[derive(Debug, Default)]
pub(crate) struct Automaton {
    built: OnceLock<Option<Box<Built>>>,
}

#[derive(Debug)]
struct Built {
    dfa: DFA,
    cache: Mutex<Option<Cache>>,
    /// Whether its "yes" is as good as its "no", for one line of ASCII.
    exact: bool,
    ascii_only: bool,
    /// What tells the groups; none if they could be others than the engine's.
    groups: Option<BoundedBacktracker>,
}

impl Automaton {
    /// What keeps the automaton from answering for the whole expression; without it, also its "yes" holds.
    pub fn fault(ast: &Ast) -> Option<Fault> {
        translate(&ast.root).left_out
    }

    /// Whether the expression is certainly not found at or after `start`.
    pub fn denies(&self, ast: &Ast, text: &str, start: usize) -> bool {
        let built = self.for_text(ast, text);
        built.is_some_and(|built| built.applies_to(text) && built.may_match(text, start) == Some(false))
    }

    /// Whether the expression is found at or after `start`, with its groups; nothing if the automaton cannot tell.
    pub fn find(&self, ast: &Ast, text: &str, start: usize, spans: Option<&mut Spans>) -> Option<bool> {
        self.for_text(ast, text)?.find(text, start, spans)
    }

    /// The automaton, if it may be asked about one more text of this length.
    fn for_text(&self, ast: &Ast, text: &str) -> Option<&Built> {
        // It is not the line's fault that none had needed this before.
        let build = || budget::uncounted(|| Built::of(ast).map(Box::new));
        let built = self.built.get_or_init(build).as_ref()?;
        // Through longer ones it goes in slices.
        let work = u32::try_from(text.len().min(SLICE)).unwrap_or(u32::MAX);
        if !budget::may_work(work) {
            return None;
        }
        Some(built)
    }
}

impl Built {
    fn of(ast: &Ast) -> Option<Built> {
        let Translated {
            hir,
            left_out,
            ascii_only,
            ambiguous,
        } = translate(&ast.root);
        let nfa = |captures| -> Option<NFA> {
            let config = Config::new()
                .utf8(false)
                .nfa_size_limit(Some(SIZE))
                .which_captures(captures);
            Compiler::new().configure(config).build_from_hir(&hir).ok()
        };
        let config = DFA::config()
            .match_kind(MatchKind::LeftmostFirst)
            .cache_capacity(STATES)
            .skip_cache_capacity_check(true)
            .minimum_cache_clear_count(Some(CLEARED_FREELY))
            .minimum_bytes_per_state(Some(BYTES_PER_STATE));
        let dfa = DFA::builder()
            .configure(config)
            .build_from_nfa(nfa(WhichCaptures::None)?)
            .ok()?;
        let exact = left_out.is_none();
        let groups = (exact && !ambiguous)
            .then(|| {
                let config = BoundedBacktracker::config().visited_capacity(VISITED / 8);
                BoundedBacktracker::builder()
                    .configure(config)
                    .build_from_nfa(nfa(WhichCaptures::All)?)
                    .ok()
            })
            .flatten()
            .filter(|groups| groups.get_nfa().group_info().group_len(Default::default()) == ast.groups.len());
        Some(Built {
            dfa,
            cache: Mutex::new(None),
            exact,
            ascii_only,
            groups,
        })
    }

    fn find(&self, text: &str, start: usize, spans: Option<&mut Spans>) -> Option<bool> {
        if !self.applies_to(text) {
            return None;
        }
        if !self.may_match(text, start)? {
            return Some(false);
        }
        let body = text.strip_suffix('\n').unwrap_or(text);
        if !self.exact || !is_ascii(text.as_bytes()) || memchr::memchr(b'\n', body.as_bytes()).is_some() {
            return None;
        }
        match spans {
            None => Some(true),
            Some(spans) => self.groups(text, start, spans),
        }
    }

    fn applies_to(&self, text: &str) -> bool {
        // An empty text is the one on which Python's `\B` is nowhere.
        !text.is_empty() && (!self.ascii_only || is_ascii(text.as_bytes()))
    }

    /// Whether the automaton accepts a part of the text; nothing if that would take it too much memory.
    fn may_match(&self, text: &str, start: usize) -> Option<bool> {
        let mut kept = self.cache.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let cache = kept.get_or_insert_with(|| self.dfa.create_cache());
        let input = Input::new(text).range(start..).anchored(Anchored::No).earliest(true);
        let found = match budget::is_very_long(text.len()) {
            true => {
                cache.search_start(start);
                let mut at = start;
                let found = self.in_slices(cache, &input, &mut at);
                cache.search_finish(at);
                found
            }
            false => self.dfa.try_search_fwd(cache, &input).ok().map(|end| end.is_some()),
        };
        if cache.memory_usage() > STATES_KEPT {
            *kept = None;
        }
        found
    }

    /// The same, as long as the line's budget lasts. `at` moves on with it.
    fn in_slices(&self, cache: &mut Cache, input: &Input<'_>, at: &mut usize) -> Option<bool> {
        let mut allowance = Allowance::begin(SLICE, false).ok()?;
        let mut found = None;
        let mut state = self.dfa.start_state_forward(cache, input).ok()?;
        'text: for slice in input.haystack().get(*at..)?.chunks(SLICE) {
            if !allowance.may_work(u32::try_from(slice.len()).unwrap_or(u32::MAX)) {
                break 'text;
            }
            for &byte in slice {
                state = self.dfa.next_state(cache, state, byte).ok()?;
                if state.is_tagged() {
                    found = match state {
                        _ if state.is_match() => Some(true),
                        _ if state.is_dead() => Some(false),
                        _ if state.is_quit() => break 'text,
                        _ => continue,
                    };
                    break 'text;
                }
            }
            *at += slice.len();
            cache.search_update(*at);
        }
        allowance.end();
        if found.is_none() && *at == input.end() {
            found = Some(self.dfa.next_eoi_state(cache, state).ok()?.is_match());
        }
        found
    }

    fn groups(&self, text: &str, start: usize, spans: &mut Spans) -> Option<bool> {
        let groups = self.groups.as_ref()?;
        let mut slots: Vec<Option<NonMaxUsize>> = vec![None; groups.get_nfa().group_info().slot_len()];
        let mut cache = groups.create_cache();
        let input = Input::new(text).range(start..);
        groups.try_search_slots(&mut cache, &input, &mut slots).ok()??;
        spans.clear();
        spans.extend(slots.chunks_exact(2).map(|pair| match *pair {
            [Some(from), Some(to)] => Some((from.get(), to.get())),
            _ => None,
        }));
        Some(true)
    }
}
