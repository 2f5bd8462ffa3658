//! How far reading is behind its files: nothing is left out when a log grows faster than it can be judged, but bans
//! come later, and whoever runs the server must be able to see that.
use super::delivery::Families;
use crate::log::{Log, Module};
use crate::text;
use bantam_source::Reader;
use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Behind for so long, it is said in the log.
const TOLERATED: Duration = Duration::from_secs(5);
/// How often the way behind is measured.
const EVERY: Duration = Duration::from_millis(100);
/// A line that is being written is no lag.
const UNFINISHED: u64 = 64 << 10;

/// How far a jail is behind; written by the reading thread, read by whoever asks.
#[derive(Debug, Default)]
pub struct Behind {
    bytes: AtomicU64,
    milliseconds: AtomicU64,
}

impl Behind {
    /// Bytes that stand in its files and are not judged yet.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Since when the line that comes next has been standing there.
    pub fn time(&self) -> Duration {
        Duration::from_millis(self.milliseconds.load(Ordering::Relaxed))
    }

    fn set(&self, bytes: u64, time: Duration) {
        self.bytes.store(bytes, Ordering::Relaxed);
        let milliseconds = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.milliseconds.store(milliseconds, Ordering::Relaxed);
    }
}

/// The files that are behind.
#[derive(Debug)]
pub(super) struct Lags {
    files: HashMap<PathBuf, Lag>,
    measured: Instant,
}

/// One file that is behind.
#[derive(Debug)]
struct Lag {
    since: Instant,
    /// Bytes read while it was behind.
    read: u64,
    behind: u64,
    /// When how many bytes, counted as `read` is, were there; oldest first, those not read yet.
    seen: VecDeque<(Instant, u64)>,
    said: bool,
}

impl Lag {
    fn new(now: Instant, behind: u64) -> Self {
        Lag {
            since: now,
            read: 0,
            behind,
            seen: VecDeque::from([(now, behind)]),
            said: false,
        }
    }

    /// So many bytes are left.
    fn measure(&mut self, now: Instant, behind: u64) {
        self.behind = behind;
        while self.seen.front().is_some_and(|(_, end)| *end <= self.read) {
            self.seen.pop_front();
        }
        let end = self.read + behind;
        if self.seen.back().is_none_or(|(_, last)| *last < end) {
            self.seen.push_back((now, end));
        }
    }

    /// How long the next bytes have been known to be there.
    fn time(&self, now: Instant) -> Duration {
        let first = self.seen.front();
        first.map_or(Duration::ZERO, |(since, _)| now.saturating_duration_since(*since))
    }
}

impl Lags {
    pub(super) fn new() -> Self {
        Lags {
            files: HashMap::new(),
            measured: Instant::now(),
        }
    }

    /// Bytes of a file were read.
    pub(super) fn read(&mut self, path: &Path, bytes: usize) {
        if !self.files.is_empty()
            && let Some(lag) = self.files.get_mut(path)
        {
            lag.read += bytes as u64;
        }
    }

    /// Measures after a turn of reading; `more`: it left something.
    pub(super) fn measure(&mut self, more: bool, reader: &Reader, families: &Families, log: &Log) {
        if !more && self.files.is_empty() {
            return;
        }
        let now = Instant::now();
        if more && now.saturating_duration_since(self.measured) < EVERY {
            return;
        }
        self.measured = now;
        for (path, behind) in reader.behind() {
            if behind <= UNFINISHED {
                if let Some(lag) = self.files.remove(path) {
                    end(path, &lag, now, families, log);
                }
                continue;
            }
            let lag = self
                .files
                .entry(path.to_owned())
                .or_insert_with(|| Lag::new(now, behind));
            lag.measure(now, behind);
            tell(path, lag, now, families, log);
        }
        if !self.files.is_empty() {
            // Files that are followed no more.
            let followed: Vec<PathBuf> = reader.behind().map(|(path, _)| path.to_owned()).collect();
            self.files.retain(|path, _| followed.contains(path));
        }
        self.publish(now, families);
    }

    /// A jail is behind by all its files together, and by the time of the slowest.
    fn publish(&self, now: Instant, families: &Families) {
        let mut all: HashMap<&str, (&Behind, u64, Duration)> = HashMap::new();
        for (path, followers) in &families.followers {
            let lag = self.files.get(path);
            let (bytes, time) = lag.map_or((0, Duration::ZERO), |lag| (lag.behind, lag.time(now)));
            for follower in followers {
                let jail = &follower.jail;
                let sum = all.entry(&jail.name).or_insert((&jail.behind, 0, Duration::ZERO));
                sum.1 += bytes;
                sum.2 = sum.2.max(time);
            }
        }
        for (behind, bytes, time) in all.into_values() {
            behind.set(bytes, time);
        }
    }
}

fn tell(path: &Path, lag: &mut Lag, now: Instant, families: &Families, log: &Log) {
    if !lag.said && now.saturating_duration_since(lag.since) >= TOLERATED {
        lag.said = true;
        for jail in jails(path, families) {
            let (file, megabytes) = (path.display(), lag.behind as f64 / 1e6);
            let text = format!(
                "[{jail}] {file} grows faster than it is judged: {megabytes:.1} MB behind. No line is left out, but \
                 bans come later"
            );
            log.warning(Module::Filter, text);
        }
    }
}

fn end(path: &Path, lag: &Lag, now: Instant, families: &Families, log: &Log) {
    if lag.said {
        let took = text::duration(now.saturating_duration_since(lag.since).as_secs().max(1) as f64);
        for jail in jails(path, families) {
            let file = path.display();
            log.warning(
                Module::Filter,
                format!("[{jail}] {file} is read to its end again; reading was behind for {took}"),
            );
        }
    }
}

fn jails<'f>(path: &Path, families: &'f Families) -> impl Iterator<Item = &'f str> {
    let followers = families.followers.get(path).into_iter().flatten();
    followers.map(|follower| follower.jail.name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_behind_is_how_long_the_next_line_has_been_there() {
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        let mut lag = Lag::new(begin, 100);
        lag.read += 50;
        lag.measure(at(1), 150);
        assert_eq!(
            lag.time(at(1)),
            Duration::from_secs(1),
            "the first hundred are not all read"
        );
        lag.read += 60;
        lag.measure(at(2), 90);
        assert_eq!(lag.time(at(3)), Duration::from_secs(2), "the next came at second 1");
        lag.read += 90;
        lag.measure(at(4), 0);
        assert_eq!(lag.time(at(4)), Duration::ZERO);
    }
}
