//! Rotation in all its ways, alone and at full speed.

use super::*;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// As logrotate does: `.2` to `.3`, `.1` to `.2`, the file to `.1`.
pub(super) fn shift(path: &Path) {
    make_room(path);
    std::fs::rename(path, numbered(path, 1)).unwrap();
}

fn make_room(path: &Path) {
    let last = (1..)
        .find(|&number| !numbered(path, number).exists())
        .unwrap();
    for number in (1..last).rev() {
        std::fs::rename(numbered(path, number), numbered(path, number + 1)).unwrap();
    }
}

pub(super) fn numbered(path: &Path, number: u32) -> PathBuf {
    PathBuf::from(format!("{}.{number}", path.display()))
}

pub(super) fn copytruncate(path: &Path) {
    make_room(path);
    std::fs::copy(path, numbered(path, 1)).unwrap();
    File::options()
        .write(true)
        .open(path)
        .unwrap()
        .set_len(0)
        .unwrap();
}

#[test]
fn what_is_left_in_a_renamed_file_comes_before_its_successor() {
    for backend in BOTH {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        append(&path, "one\n");
        let mut follower = Follower::following(&path, backend);
        follower.pass();
        append(&path, "two\n");
        shift(&path);
        append(&path, "three\n");
        follower.pass();
        assert_eq!(follower.texts(), ["one", "two", "three"]);
        assert_eq!(follower.rotations(), 1);
    }
}

#[test]
fn a_writer_that_stays_with_the_renamed_file_loses_nothing_and_holds_up_nothing() {
    for backend in BOTH {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        let mut writer = appending(&path);
        let mut follower = Follower::following(&path, backend);
        writer.write_all(b"one\n").unwrap();
        follower.pass();
        shift(&path);
        append(&path, "new\n");
        follower.pass();
        writer.write_all(b"late\n").unwrap();
        follower.pass();
        writer.write_all(b"unfini").unwrap();
        follower.pass();
        append(&path, "newer\n");
        follower.pass();
        writer.write_all(b"shed").unwrap();
        follower.reader.settings.safety = Duration::from_millis(5);
        follower.reader.settings.linger = Duration::from_millis(50);
        follower.until(|follower| follower.lines.len() == 5);
        assert_eq!(
            follower.texts(),
            ["one", "new", "late", "newer", "unfinished"]
        );
    }
}

#[test]
fn a_deleted_file_is_read_to_its_end_and_its_successor_from_its_beginning() {
    for backend in BOTH {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        append(&path, "one\n");
        let mut follower = Follower::following(&path, backend);
        follower.pass();
        let mut writer = appending(&path);
        std::fs::remove_file(&path).unwrap();
        writer.write_all(b"two\n").unwrap();
        follower.pass();
        writer.write_all(b"three\n").unwrap();
        follower.pass();
        append(&path, "four\n");
        follower.pass();
        assert_eq!(follower.texts(), ["one", "two", "three", "four"]);
    }
}

#[test]
fn a_cut_file_is_read_again_from_its_beginning() {
    for backend in BOTH {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        append(&path, "one\ntwo\n");
        let mut follower = Follower::following(&path, backend);
        follower.pass();
        std::fs::write(&path, "x\n").unwrap();
        follower.pass();
        std::fs::write(&path, "y\n").unwrap();
        follower.pass();
        std::fs::write(&path, "longer than before\n").unwrap();
        follower.pass();
        assert_eq!(
            follower.texts(),
            ["one", "two", "x", "y", "longer than before"]
        );
        assert_eq!(follower.rotations(), 3);
        let generations: Vec<_> = follower.blocks.iter().map(|block| block.0).collect();
        assert_eq!(generations, [0, 1, 2, 3]);
    }
}

#[test]
fn the_copy_of_a_cut_file_gives_what_was_not_read_yet() {
    for backend in BOTH {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        append(&path, "one\n");
        let mut follower = Follower::following(&path, backend);
        follower.pass();
        append(&path, "two\n");
        copytruncate(&path);
        append(&path, "three\n");
        copytruncate(&path);
        append(&path, "four and more than there was before\n");
        follower.pass();
        assert_eq!(
            follower.texts(),
            ["one", "two", "three", "four and more than there was before"]
        );
    }
}

#[test]
fn a_writer_that_does_not_append_leaves_a_hole_that_is_passed_over() {
    for backend in BOTH {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        let mut writer = File::create(&path).unwrap();
        writer.write_all("one\n".repeat(50_000).as_bytes()).unwrap();
        let mut follower = Follower::following(&path, backend);
        follower.pass();
        for round in 0..3 {
            copytruncate(&path);
            if round == 1 {
                follower.pass();
            }
            writer.write_all(b"two\n").unwrap();
            follower.pass();
        }
        assert_eq!(follower.lines.len(), 50_003);
        assert!(follower.texts()[50_000..].iter().all(|line| line == "two"));
    }
}

#[test]
fn files_that_came_and_went_between_two_looks_are_found_by_their_numbers() {
    for backend in BOTH {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        append(&path, "0\n");
        let mut follower = Follower::following(&path, backend);
        follower.pass();
        for number in 1..20 {
            shift(&path);
            append(&path, format!("{number}\n"));
        }
        follower.pass();
        let expected: Vec<_> = (0..20).map(|number| number.to_string()).collect();
        assert_eq!(follower.texts(), expected);
    }
}

#[test]
fn two_hundred_rotations_leave_no_more_descriptors_open_than_one_name_may_have() {
    for backend in BOTH {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        append(&path, "first\n");
        let mut follower = Follower::following(&path, backend);
        follower.pass();
        for number in 0..200 {
            match number % 4 {
                0 => std::fs::rename(&path, numbered(&path, 1)).unwrap(),
                1 => std::fs::remove_file(&path).unwrap(),
                2 => {
                    std::fs::copy(&path, numbered(&path, 1)).unwrap();
                    File::create(&path).unwrap();
                }
                _ => File::create(&path).map(drop).unwrap(),
            }
            append(&path, format!("{number}\n"));
            follower.pass();
        }
        assert_eq!(follower.lines.len(), 201);
        // Other tests of this process have descriptors too: only those that lead here count.
        let ours = std::fs::read_dir("/proc/self/fd")
            .unwrap()
            .flatten()
            .filter_map(|entry| std::fs::read_link(entry.path()).ok())
            .filter(|target| target.starts_with(folder.path()))
            .count();
        assert!(ours <= 9, "{ours} descriptors");
        follower.reader.settings.safety = Duration::ZERO;
        follower.reader.settings.linger = Duration::ZERO;
        follower.until(|_| {
            std::fs::read_dir("/proc/self/fd")
                .unwrap()
                .flatten()
                .filter_map(|entry| std::fs::read_link(entry.path()).ok())
                .filter(|target| target.starts_with(folder.path()))
                .count()
                == 1
        });
    }
}

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
            assert_eq!(
                text,
                format!("line {number} {}", "x".repeat((number % 97) as usize))
            );
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
    let twice: Vec<_> = numbers
        .windows(2)
        .filter(|pair| pair[0] == pair[1])
        .collect();
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

#[test]
fn of_a_hundred_copytruncates_every_line_comes_once_that_the_rotator_did_not_lose() {
    for backend in BOTH {
        let lost = Arc::new(Mutex::new(BTreeSet::new()));
        let accounting = Arc::clone(&lost);
        let numbers = storm(backend, None, move |storm, _| {
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
            let numbers =
                between.map(|line| line.split(' ').nth(1).unwrap().parse::<u64>().unwrap());
            accounting.lock().unwrap().extend(numbers);
        });
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
