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
        // Whole seconds apart: together they have more digits than a float keeps.
        let nanos = (secs.fract() * 1e9).round() as i64;
        Time(Time::from_secs(secs.trunc() as i64).0.saturating_add(nanos))
    }

    /// Nanoseconds since the epoch.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn secs(self) -> i64 {
        self.0.div_euclid(1_000_000_000)
    }

    /// Seconds since the epoch with their fraction: the float nearest to them, as Python would read it.
    pub fn secs_f64(self) -> f64 {
        if self.0 % 1_000_000_000 == 0 {
            return self.secs() as f64;
        }
        let sign = if self.0 < 0 { "-" } else { "" };
        let (secs, nanos) = (
            self.0.unsigned_abs() / 1_000_000_000,
            self.0.unsigned_abs() % 1_000_000_000,
        );
        format!("{sign}{secs}.{nanos:09}")
            .parse()
            .unwrap_or(self.0 as f64 / 1e9)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_float_comes_back_as_it_went_in() {
        for secs in [
            0.0,
            1_106_513_999.123,
            1_106_513_999.123456,
            1_795_374_000.999_999_9,
            -0.5,
            -1.25,
            4e9,
            1e-9,
        ] {
            assert_eq!(Time::from_secs_f64(secs).secs_f64(), secs, "{secs}");
        }
        assert_eq!(Time::from_secs_f64(f64::NAN), Time::default());
        assert_eq!(Time::from_secs_f64(1e300), Time::from_nanos(i64::MAX));
        assert_eq!(
            Time::from_nanos(1_106_513_999_123_000_000).secs_f64(),
            1_106_513_999.123
        );
    }

    #[test]
    fn seconds_with_a_fraction_are_those_of_their_digits() {
        for (nanos, digits) in [
            (1_767_877_274_226_000_000, "1767877274.226"),
            (1_767_877_422_678_000_000, "1767877422.678"),
            (1_767_877_422_999_999_999, "1767877422.999999999"),
            (-1_500_000_001, "-1.500000001"),
        ] {
            let read: f64 = digits.parse().unwrap_or_default();
            assert_eq!(Time::from_nanos(nanos).secs_f64(), read, "{digits}");
        }
    }
}
