//! Ban times that grow with every ban (`bantime.*`).
use crate::{Formula, Time};

/// What is remembered of an id's earlier bans.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PastBans {
    /// How many.
    pub count: u32,
    /// Begin of the last one.
    pub last: Time,
    /// Seconds of the last one; negative: for ever.
    pub last_bantime: f64,
}

/// The options `bantime.*`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Increment {
    /// `bantime.increment`
    pub enabled: bool,
    /// `bantime.rndtime`, seconds
    pub rndtime: Option<f64>,
    /// `bantime.maxtime`, seconds
    pub maxtime: Option<f64>,
    /// `bantime.factor`
    pub factor: Option<f64>,
    /// `bantime.formula`
    pub formula: Option<Formula>,
    /// `bantime.multipliers`
    pub multipliers: Vec<f64>,
    /// `bantime.overalljails`: `past` is then the sum over all jails.
    pub overall_jails: bool,
}

impl Increment {
    /// Seconds of the next ban, from the jail's `bantime` and what is remembered.
    pub fn bantime(
        &self,
        _base: f64,
        _past: Option<&PastBans>,
        _luck: &mut dyn FnMut() -> f64,
    ) -> f64 {
        todo!()
    }
}
