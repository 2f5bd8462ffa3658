//! A line's moment.
use crate::Time;

/// When a line was written, and whether the original would hold it as a whole number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Stamp {
    pub(crate) time: Time,
    pub(crate) zoned: bool,
}

impl Stamp {
    /// The present moment, which the original takes with its fraction.
    pub(crate) fn now(now: Time) -> Self {
        Stamp {
            time: now,
            zoned: false,
        }
    }

    /// Not older than the minute for which a date stands in for lines without one.
    pub(crate) fn is_recent(self, now: Time) -> bool {
        self.time > now.plus_secs(-60.0)
    }
}
