//! How a pipeline stands, for whoever asks.
use super::{Pipeline, Place};
use crate::SharedDefinition;
use crate::queue::{EffectState, QueueStatus};
use bantam_detect::Id;
use std::sync::Arc;
use std::time::Duration;

impl Pipeline {
    pub(in crate::queue) fn actions(&self) -> Vec<Arc<str>> {
        let staying = self.places.iter().filter(|place| !place.leaving);
        staying.map(|place| Arc::clone(&place.name)).collect()
    }

    pub(in crate::queue) fn definition(&mut self, action: &str) -> Option<SharedDefinition> {
        Some(self.find(action)?.definition.clone())
    }

    pub(in crate::queue) fn effects(&self) -> impl Iterator<Item = (&Arc<str>, Vec<(Id, EffectState)>)> {
        let places = self.places.iter();
        places.map(|place| (&place.name, place.effects.lock().all()))
    }

    pub(in crate::queue) fn effects_of(&self, id: &Id) -> impl Iterator<Item = (Arc<str>, EffectState)> {
        let places = self.places.iter();
        places.filter_map(|place| Some((Arc::clone(&place.name), place.effects.lock().state(id)?)))
    }

    pub(in crate::queue) fn status(&self) -> QueueStatus {
        let begun = |place: &Place| {
            let on_task = place.at_work.is_some_and(|work| work.on_task);
            place.next + u64::from(on_task)
        };
        let begun = self.alive().map(begun).min().unwrap_or_else(|| self.end());
        let oldest = self.waiting(begun).map_or(Duration::ZERO, |task| task.since.elapsed());
        let at_work = self.places.iter().filter_map(|place| place.at_work);
        let mut status = QueueStatus {
            pending: usize::try_from(self.end() - begun).unwrap_or(usize::MAX),
            lag: oldest,
            busy_for: at_work.map(|work| work.since.elapsed()).max(),
            ..QueueStatus::default()
        };
        for place in &self.places {
            let (standing, failing_bans, failing_unbans) = place.effects.lock().counts();
            status.standing += standing;
            status.failing_bans += failing_bans;
            status.failing_unbans += failing_unbans;
        }
        status
    }
}
