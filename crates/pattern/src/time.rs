//! A moment in time, as lines and decisions carry it.
use std::fmt;

/// Nanoseconds since the Unix epoch, UTC. Never read from a clock here: the clock is passed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(i64);

impl Time {
    /// From whole seconds since the epoch; clipped to the years that fit (1677 to 2262).
    pub const fn from_secs(secs: i64) -> Self {
        Time(secs.saturating_mul(1_000_000_000))
    }

    /// From nanoseconds since the epoch.
    pub const fn from_nanos(nanos: i64) -> Self {
        Time(nanos)
    }

    /// From seconds with a fraction; clipped like [`Time::from_secs`], NaN is the epoch.
    pub fn from_secs_f64(secs: f64) -> Self {
        Time((secs * 1e9) as i64)
    }

    /// Nanoseconds since the epoch.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn secs(self) -> i64 {
        self.0.div_euclid(1_000_000_000)
    }

    /// Seconds since the epoch with their fraction.
    pub fn secs_f64(self) -> f64 {
        // In two parts: the whole has more digits than fit, and would be rounded twice.
        self.secs() as f64 + self.0.rem_euclid(1_000_000_000) as f64 / 1e9
    }

    /// This moment moved by some seconds (may be negative); clipped.
    pub fn plus_secs(self, secs: f64) -> Self {
        Time(self.0.saturating_add((secs * 1e9) as i64))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:09}", self.secs(), self.0.rem_euclid(1_000_000_000))
    }
}
