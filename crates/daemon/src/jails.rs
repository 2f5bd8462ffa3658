//! The jails there are, in the order in which they were added.
use crate::live::LiveJail;
use parking_lot::RwLock;
use std::sync::Arc;

/// A registry that all threads share.
#[derive(Debug, Clone, Default)]
pub struct Jails {
    all: Arc<RwLock<Vec<Arc<LiveJail>>>>,
}

impl Jails {
    /// All of them.
    pub fn all(&self) -> Vec<Arc<LiveJail>> {
        self.all.read().clone()
    }

    /// One by name.
    pub fn find(&self, name: &str) -> Option<Arc<LiveJail>> {
        self.all.read().iter().find(|jail| jail.name == name).cloned()
    }

    /// Adds one; the caller has looked that the name is free.
    pub fn add(&self, jail: Arc<LiveJail>) {
        self.all.write().push(jail);
    }

    /// Takes one out.
    pub fn remove(&self, name: &str) -> Option<Arc<LiveJail>> {
        let mut all = self.all.write();
        let at = all.iter().position(|jail| jail.name == name)?;
        Some(all.remove(at))
    }
}
