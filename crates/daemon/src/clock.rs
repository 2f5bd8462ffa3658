//! The one place where the wall clock is read; everything else is told the time.
use bantam_detect::Time;
use std::time::{SystemTime, UNIX_EPOCH};

/// The present moment.
pub fn now() -> Time {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => Time::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)),
        Err(before) => Time::from_nanos(i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |n| -n)),
    }
}

/// A number in [0, 1) that an attacker cannot foresee: it blurs the end of a ban (`bantime.rndtime`).
pub fn luck() -> f64 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    // Each RandomState is keyed from the system's random source; hashing the time makes every call differ.
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_i64(now().nanos());
    (hasher.finish() >> 11) as f64 / (1u64 << 53) as f64
}
