//! Rotation in all its ways, one at a time.

use super::*;

/// As logrotate does: `.2` to `.3`, `.1` to `.2`, the file to `.1`.
pub(super) fn shift(path: &Path) {
    make_room(path);
    std::fs::rename(path, numbered(path, 1)).unwrap();
}

pub(super) fn make_room(path: &Path) {
    let last = (1..).find(|&number| !numbered(path, number).exists()).unwrap();
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
    File::options().write(true).open(path).unwrap().set_len(0).unwrap();
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
        assert_eq!(follower.texts(), ["one", "new", "late", "newer", "unfinished"]);
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
        assert_eq!(follower.texts(), ["one", "two", "x", "y", "longer than before"]);
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
