//! Ban times that grow with every ban (`bantime.*`). Asked once for each decision, before its effect is claimed.
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

/// Seconds beyond which a ban time is cut: some four million years, far beyond any clock and still whole in a float.
const LONGEST: f64 = 0x7FFF_FFFF_FFFF_u64 as f64;

impl Increment {
    /// Seconds of the next ban, from the jail's `bantime` and what is remembered; negative: for ever.
    ///
    /// A first ban, and a formula that fails, give `base`. `rndtime` comes after `maxtime` and may exceed it.
    pub fn bantime(&self, base: f64, past: Option<&PastBans>, luck: &mut dyn FnMut() -> f64) -> f64 {
        let count = past.map_or(0, |past| past.count);
        if !self.enabled || base <= 0.0 || count == 0 {
            return base;
        }
        let Some(grown) = self.grown(base, count, luck) else {
            return base;
        };
        let clipped = self.maxtime.map_or(grown, |maxtime| grown.min(maxtime));
        let result = match self.rndtime {
            Some(rndtime) => clipped + luck() * rndtime,
            None => clipped,
        };
        // Only exactly -1 means for ever; another negative time is over at once.
        if result == -1.0 {
            -1.0
        } else {
            result.clamp(0.0, LONGEST)
        }
    }

    fn grown(&self, base: f64, count: u32, luck: &mut dyn FnMut() -> f64) -> Option<f64> {
        let factor = self.factor.unwrap_or(1.0);
        let grown = if let Some(last) = self.multipliers.last() {
            let index = usize::try_from(count).unwrap_or(usize::MAX);
            base * factor * self.multipliers.get(index).unwrap_or(last)
        } else {
            let value = match &self.formula {
                Some(formula) => formula.value(base, count, factor, luck).ok()?,
                None => base * f64::from(1u32 << count.min(20)) * factor,
            };
            if value > base { value } else { base }
        };
        (!grown.is_nan()).then_some(grown)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn series(increment: &Increment, base: f64, counts: &[u32]) -> Vec<f64> {
        counts
            .iter()
            .map(|count| {
                let past = PastBans {
                    count: *count,
                    last: Time::from_secs(0),
                    last_bantime: base,
                };
                increment.bantime(base, Some(&past), &mut || 0.5)
            })
            .collect()
    }

    fn enabled() -> Increment {
        Increment {
            enabled: true,
            ..Increment::default()
        }
    }

    #[test]
    fn without_options_the_time_doubles_with_each_ban() {
        assert_eq!(
            series(&enabled(), 600.0, &[0, 1, 2, 3, 20, 90]),
            [600.0, 1200.0, 2400.0, 4800.0, 629_145_600.0, 629_145_600.0]
        );
        assert_eq!(enabled().bantime(600.0, None, &mut || 0.5), 600.0);
    }

    #[test]
    fn multipliers_leave_the_first_unused_and_repeat_the_last() {
        let increment = Increment {
            multipliers: vec![1.0, 5.0, 30.0],
            ..enabled()
        };
        assert_eq!(
            series(&increment, 600.0, &[1, 2, 3, 9]),
            [3000.0, 18_000.0, 18_000.0, 18_000.0]
        );
    }

    #[test]
    fn rndtime_is_added_after_maxtime_has_clipped() {
        let increment = Increment {
            maxtime: Some(1000.0),
            rndtime: Some(100.0),
            ..enabled()
        };
        assert_eq!(series(&increment, 600.0, &[1, 5]), [1050.0, 1050.0]);
    }

    #[test]
    fn a_permanent_ban_stays_permanent_and_a_failing_formula_gives_the_base() {
        assert_eq!(series(&enabled(), -1.0, &[3]), [-1.0]);
        let increment = Increment {
            formula: Some(Formula::parse("ban.Time / (ban.Count - 1)").unwrap()),
            ..enabled()
        };
        assert_eq!(series(&increment, 600.0, &[1, 2]), [600.0, 600.0]);
    }
}
