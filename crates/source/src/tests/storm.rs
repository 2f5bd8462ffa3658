//! Rotation while another thread writes at full speed.

use super::rotation::{make_room, numbered, shift};
use super::*;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// A writer at full speed, which reopens its file when it is told to, and a rotator beside it.
struct Storm {
    path: PathBuf,
    /// The writer's file, and the number of the next line.
    writer: Mutex<(File, u64)>,
    /// Where the file that bears the name now begins.
    first: AtomicU64,
    /// The highest number that the follower has seen, plus one.
    seen: AtomicU64,
}

const LINES: u64 = 10_000;
const ROTATIONS: u64 = 100;

impl Storm {
    fn new(path: &Path) -> Arc<Self> {
        Arc::new(Self {
            path: path.to_path_buf(),
            writer: Mutex::new((appending(path), 0)),
            first: AtomicU64::new(0),
            seen: AtomicU64::new(0),
        })
    }

    /// Writes without a pause, but no further than the rotator, which has as much to do, can follow.
    fn write(&self, allowed: &AtomicU64) {
        loop {
            let mut writer = self.writer.lock().unwrap();
            let (file, number) = &mut *writer;
            if *number == LINES {
                return;
            }
            if *number >= allowed.load(Ordering::SeqCst) {
                drop(writer);
                std::thread::yield_now();
                continue;
            }
            let line = format!("line {number} {}\n", "x".repeat((*number % 97) as usize));
            file.write_all(line.as_bytes()).unwrap();
            *number += 1;
        }
    }

    fn reopen(&self) {
        let mut writer = self.writer.lock().unwrap();
        writer.0 = appending(&self.path);
        self.first.store(writer.1, Ordering::SeqCst);
    }

    /// A file that is gone before anybody opened it can't be read: waits until the follower is at the file that
    /// stands under the name now.
    fn wait_until_opened(&self) {
        let first = self.first.load(Ordering::SeqCst);
        let end = Instant::now() + Duration::from_secs(30);
        while self.seen.load(Ordering::SeqCst) <= first {
            assert!(Instant::now() < end, "the follower does not get on");
            std::thread::yield_now();
        }
    }
}

/// Runs writer, rotator and follower; the rotator gets the number of the rotation. Returns the delivered numbers.
fn storm(
    backend: Backend,
    restart_every: Option<u64>,
    rotate: impl Fn(&Storm, u64) + Send + Sync + 'static,
) -> Vec<u64> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    let storm = Storm::new(&path);
    let mut follower = Follower::following(&path, backend);
    follower.reader.settings.polling = Duration::from_millis(1);
    let allowed = Arc::new(AtomicU64::new(0));
    let writer = std::thread::spawn({
        let (storm, allowed) = (Arc::clone(&storm), Arc::clone(&allowed));
        move || storm.write(&allowed)
    });
    let rotator = std::thread::spawn({
        let storm = Arc::clone(&storm);
        move || {
            for number in 1..=ROTATIONS {
                let share = LINES * number / (ROTATIONS + 2);
                allowed.store(LINES * (number + 2) / (ROTATIONS + 2), Ordering::SeqCst);
                while storm.writer.lock().unwrap().1 < share {
                    std::thread::yield_now();
                }
                rotate(&storm, number);
            }
            allowed.store(LINES, Ordering::SeqCst);
            writer.join().unwrap();
        }
    });
    let mut numbers: Vec<u64> = Vec::new();
    let mut quiet = 0;
    let mut next_restart = restart_every.unwrap_or(u64::MAX);
    while quiet < 3 {
        follower.reader.wait(Duration::from_millis(10)).unwrap();
        let over = rotator.is_finished();
        follower.turn();
        quiet = if over && follower.lines.is_empty() {
            quiet + 1
        } else {
            0
        };
        for (_, line) in follower.lines.drain(..) {
            let text = String::from_utf8(line).unwrap();
            let number = text.split(' ').nth(1).unwrap().parse().unwrap();
            assert_eq!(text, format!("line {number} {}", "x".repeat((number % 97) as usize)));
            storm.seen.fetch_max(number + 1, Ordering::SeqCst);
            numbers.push(number);
        }
        if storm.seen.load(Ordering::SeqCst) >= next_restart {
            next_restart += restart_every.unwrap();
            let position = follower.reader.position(&path);
            follower = Follower::new(backend);
            follower.reader.settings.polling = Duration::from_millis(1);
            follower.reader.add(&path, Start::Head(position));
        }
    }
    rotator.join().unwrap();
    numbers
}

fn assert_each_once(mut numbers: Vec<u64>, except: &BTreeSet<u64>) {
    numbers.sort_unstable();
    let twice: Vec<_> = numbers.windows(2).filter(|pair| pair[0] == pair[1]).collect();
    assert!(twice.is_empty(), "delivered twice: {twice:?}");
    let seen: BTreeSet<_> = numbers.into_iter().collect();
    let lost: Vec<_> = (0..LINES)
        .filter(|number| !seen.contains(number) && !except.contains(number))
        .collect();
    let lost: Vec<_> = lost
        .chunk_by(|one, next| one + 1 == *next)
        .map(|run| (run[0], run[run.len() - 1]))
        .collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
}

#[test]
fn ten_thousand_lines_through_a_hundred_renames_come_once_each() {
    for backend in BOTH {
        let numbers = storm(backend, None, |storm, number| {
            shift(&storm.path);
            // Every third time the writer stays with the old file until the new one is there for a while.
            if number % 3 == 0 {
                appending(&storm.path);
                std::thread::sleep(Duration::from_millis(2));
            }
            storm.reopen();
        });
        assert_each_once(numbers, &BTreeSet::new());
    }
}

#[test]
fn ten_thousand_lines_through_a_hundred_deletions_come_once_each() {
    for backend in BOTH {
        let numbers = storm(backend, None, |storm, _| {
            storm.wait_until_opened();
            std::fs::remove_file(&storm.path).unwrap();
            storm.reopen();
        });
        assert_each_once(numbers, &BTreeSet::new());
    }
}

#[test]
fn ten_thousand_lines_through_renames_and_deletions_in_turn_come_once_each() {
    for backend in BOTH {
        let numbers = storm(backend, None, |storm, number| {
            storm.wait_until_opened();
            match number % 2 {
                0 => {
                    shift(&storm.path);
                    storm.reopen();
                }
                _ => {
                    std::fs::remove_file(&storm.path).unwrap();
                    storm.reopen();
                }
            }
        });
        assert_each_once(numbers, &BTreeSet::new());
    }
}

/// Copies the file and cuts it; writes down what is in neither.
fn copytruncate(storm: &Storm, lost: &Mutex<BTreeSet<u64>>) {
    // What nobody has begun to read before it is cut can't be told from what comes after.
    storm.wait_until_opened();
    make_room(&storm.path);
    std::fs::copy(&storm.path, numbered(&storm.path, 1)).unwrap();
    let copied = std::fs::read(numbered(&storm.path, 1)).unwrap();
    // The lines between copy and cut are the rotator's loss; holding the writer only counts them.
    std::thread::yield_now();
    let writer = storm.writer.lock().unwrap();
    let all = std::fs::read(&storm.path).unwrap();
    let file = File::options().write(true).open(&storm.path).unwrap();
    file.set_len(0).unwrap();
    storm.first.store(writer.1, Ordering::SeqCst);
    drop(writer);
    let newline = |bytes: &[u8]| bytes.iter().filter(|&&byte| byte == b'\n').count();
    let text = String::from_utf8(all).unwrap();
    let between = text.lines().skip(newline(&copied));
    let numbers = between.map(|line| line.split(' ').nth(1).unwrap().parse::<u64>().unwrap());
    lost.lock().unwrap().extend(numbers);
}

#[test]
fn ten_thousand_lines_through_renames_cuts_and_deletions_in_turn_come_once_each() {
    for backend in BOTH {
        let lost = Arc::new(Mutex::new(BTreeSet::new()));
        let accounting = Arc::clone(&lost);
        let numbers = storm(backend, None, move |storm, number| match number % 3 {
            0 => copytruncate(storm, &accounting),
            1 => {
                storm.wait_until_opened();
                shift(&storm.path);
                storm.reopen();
            }
            _ => {
                storm.wait_until_opened();
                std::fs::remove_file(&storm.path).unwrap();
                storm.reopen();
            }
        });
        assert_each_once(numbers, &lost.lock().unwrap());
    }
}

#[test]
fn of_a_hundred_copytruncates_every_line_comes_once_that_the_rotator_did_not_lose() {
    for backend in BOTH {
        let lost = Arc::new(Mutex::new(BTreeSet::new()));
        let accounting = Arc::clone(&lost);
        let numbers = storm(backend, None, move |storm, _| copytruncate(storm, &accounting));
        let lost = lost.lock().unwrap();
        assert!(
            lost.len() < LINES as usize / 2,
            "the rotator lost {} lines itself",
            lost.len()
        );
        assert_each_once(numbers, &lost);
    }
}

#[test]
fn restarts_in_the_middle_of_rotations_lose_nothing_and_repeat_nothing() {
    for backend in BOTH {
        let numbers = storm(backend, Some(700), |storm, _| {
            shift(&storm.path);
            storm.reopen();
        });
        assert_each_once(numbers, &BTreeSet::new());
    }
}
