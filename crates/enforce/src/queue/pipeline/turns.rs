//! Whose turn it is: what each action may take next, and what it goes past.
use super::{Phase, Pipeline, Place, Work};
use crate::queue::{Target, Task};
use std::time::{Duration, Instant};

impl Pipeline {
    /// The first action that has something to do. What is not for an action goes past it here.
    pub(super) fn ready(&mut self, now: Instant) -> Option<usize> {
        (0..self.places.len()).find(|at| {
            self.go_past(*at, now);
            self.has_work(*at, now)
        })
    }

    fn has_work(&self, at: usize, now: Instant) -> bool {
        let place = &self.places[at];
        if place.stage.is_none() {
            return false;
        }
        match place.phase {
            Phase::Working => self.may_take(at) || self.is_retry_due(place, now, Duration::ZERO),
            Phase::Flushed => self.places[at + 1..].iter().all(Place::has_ended),
            Phase::Ended => false,
        }
    }

    /// A retry has its turn when no task waits, or when it has waited for longer than retries ever should.
    pub(super) fn work_of(&self, at: usize, now: Instant) -> Option<Work> {
        let place = self.places.get(at)?;
        if place.phase == Phase::Flushed {
            return Some(Work::End);
        }
        let has_task = self.may_take(at);
        let patience = if has_task { self.backoff().most } else { Duration::ZERO };
        if self.is_retry_due(place, now, patience) {
            return place.effects.lock().retry(now, patience).map(Work::Retry);
        }
        self.task(place.next).filter(|_| has_task).cloned().map(Work::Task)
    }

    fn is_retry_due(&self, place: &Place, now: Instant, overdue: Duration) -> bool {
        let due = || place.effects.lock().next_due();
        self.stopping.is_none()
            && due().is_some_and(|due| now.checked_duration_since(due).is_some_and(|since| since >= overdue))
    }

    /// A task is taken once the action before is done with it, and all have been started.
    fn may_take(&self, at: usize) -> bool {
        let number = self.places[at].next;
        let mut before = self.places[..at].iter().rev().filter(|place| !place.has_ended());
        number < self.end()
            && before.next().is_none_or(|before| before.next > number)
            && self.gate.is_none_or(|gate| number <= gate)
    }

    /// An action goes past tasks that are for others, and past bans for which it is too late.
    fn go_past(&mut self, at: usize, now: Instant) {
        let grace = self.backoff().stop_grace;
        let stopping = self.stopping.map(|since| now.saturating_duration_since(since));
        let too_late = stopping.is_some_and(|stopping| stopping > grace);
        let begin = self.places[at].next;
        while self.places[at].phase == Phase::Working && self.places[at].stage.is_some() && self.may_take(at) {
            let (id, number) = (self.places[at].id, self.places[at].next);
            let first = self.first;
            let Some(waiting) = usize::try_from(number - first)
                .ok()
                .and_then(|index| self.tasks.get_mut(index))
            else {
                break;
            };
            let ban = matches!(
                waiting.task,
                Task::Ban { .. } | Task::Reban { .. } | Task::Prolong { .. }
            );
            if waiting.only.is_some_and(|only| only != id) {
                let newcomer = waiting.only.filter(|_| matches!(waiting.task, Task::AddAction { .. }));
                if let Some(newcomer) = newcomer {
                    self.introduce(at, newcomer);
                }
            } else if ban && too_late {
                waiting.dropped = true;
            } else {
                break;
            }
            self.places[at].next += 1;
            self.open_gate();
        }
        if self.places[at].next != begin {
            self.settle();
        }
    }

    /// An action that comes later is told of the unbans of those who were banned before.
    fn introduce(&mut self, at: usize, newcomer: u64) {
        if self.alive().next().is_none_or(|first| first.id != self.places[at].id) {
            return;
        }
        let banned: Vec<Target> = self.places[at].effects.lock().targets();
        if let Some(place) = self.places.iter().find(|place| place.id == newcomer) {
            let mut effects = place.effects.lock();
            banned.iter().for_each(|target| effects.know(target));
        }
    }

    pub(super) fn open_gate(&mut self) {
        if let Some(gate) = self.gate
            && self.alive().all(|place| place.next > gate)
        {
            self.gate = None;
        }
    }
}
