//! Filters that are the same and have read the same: what one of them finds in a block, the others need not look for.
//!
//! People give one filter to several jails, with different limits and actions. Whether two filters are the same is told
//! by what they were set up with ([`Filter::key`]); whether they have read the same, by what they keep from line to line.
use crate::block::SharedBlock;
use crate::block_end::Untaught;
use crate::connection::Connections;
use crate::cut::LastDate;
use crate::filter::{Filter, LineContext, Note};
use crate::{Failure, MatchedLine};
use bantam_pattern::date::Detector;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// What a filter keeps from line to line.
#[derive(Debug, Clone)]
struct State {
    detector: Detector,
    /// What it has not learned from yet, which mostly nobody asks about.
    untaught: Option<Arc<Untaught>>,
    dates: LastDate,
    window: Vec<MatchedLine>,
    connections: Connections,
}

/// What a filter found in a block, and what that rests on.
#[derive(Debug)]
pub(crate) struct Outcome {
    key: u128,
    in_operation: bool,
    findtime: Option<f64>,
    before: State,
    after: State,
    failures: Arc<Vec<Failure>>,
    notes: Vec<Note>,
}

impl Filter {
    /// What the filter was set up with, in one number: filters of the same number treat lines alike. Changes with every
    /// option and expression.
    pub fn key(&self) -> u128 {
        *self.key.get_or_init(|| {
            let half = |salt: u8| {
                let mut hasher = DefaultHasher::new();
                salt.hash(&mut hasher);
                self.hash_settings(&mut hasher);
                u128::from(hasher.finish())
            };
            half(0) << 64 | half(1)
        })
    }

    /// Judges a block as [`Filter::process_shared`] does. `keys`: those of all filters that read the block, in the order
    /// in which they do; those after this one need not look for what it finds if they are the same, and are given the same
    /// failures.
    pub fn process_with_twins(
        &mut self,
        shared: &mut SharedBlock<'_>,
        member: usize,
        keys: &[u128],
        context: &mut LineContext<'_>,
        notes: &mut Vec<Note>,
    ) -> Arc<Vec<Failure>> {
        let key = self.key();
        let settled = shared.outcomes.iter().find(|outcome| {
            outcome.key == key
                && outcome.in_operation == context.in_operation
                && outcome.findtime == context.findtime
                && self.is_at(&outcome.before)
        });
        if let Some(outcome) = settled {
            self.go_to(&outcome.after);
            notes.extend_from_slice(&outcome.notes);
            return Arc::clone(&outcome.failures);
        }
        let mut failures = Vec::new();
        let has_twin = keys.get(member + 1..).is_some_and(|later| later.contains(&key));
        if !has_twin {
            self.process_shared(shared, member, context, &mut failures, notes);
            return Arc::new(failures);
        }
        let before = self.state();
        let mut own_notes = Vec::new();
        self.process_shared(shared, member, context, &mut failures, &mut own_notes);
        let failures = Arc::new(failures);
        notes.extend_from_slice(&own_notes);
        shared.outcomes.push(Outcome {
            key,
            in_operation: context.in_operation,
            findtime: context.findtime,
            before,
            after: self.state(),
            failures: Arc::clone(&failures),
            notes: own_notes,
        });
        failures
    }

    fn state(&mut self) -> State {
        State {
            detector: self.detector_untaught().clone(),
            untaught: self.untaught.clone(),
            dates: self.dates.clone(),
            window: self.memory.window.clone(),
            connections: self.memory.connections.clone(),
        }
    }

    fn is_at(&mut self, state: &State) -> bool {
        let is_same_lesson = match (&self.untaught, &state.untaught) {
            (None, None) => true,
            (Some(own), Some(other)) => Arc::ptr_eq(own, other),
            _ => false,
        };
        self.dates == state.dates
            && self.memory.window == state.window
            && self.memory.connections == state.connections
            && match is_same_lesson {
                true => self.detector_untaught().is_like(&state.detector),
                false => self.detector().is_like(&state.taught_detector()),
            }
    }

    /// Most of it is there already, and to see that takes less than to bring it there.
    fn go_to(&mut self, state: &State) {
        if !self.detector_untaught().is_like(&state.detector) {
            self.set_detector(&state.detector);
        }
        self.untaught.clone_from(&state.untaught);
        self.dates.clone_from(&state.dates);
        if self.memory.window != state.window {
            self.memory.window.clone_from(&state.window);
        }
        if self.memory.connections != state.connections {
            self.memory.connections.clone_from(&state.connections);
        }
    }
}

impl State {
    fn taught_detector(&self) -> Detector {
        let mut detector = self.detector.clone();
        if let Some(line) = &self.untaught {
            line.teach(&mut detector);
        }
        detector
    }
}
