//! Names: what is remembered, links, and what is no regular file.

use super::*;
use rustix::fs::{CWD, FileType, Mode};

fn start_at(path: &Path, position: &Position) -> Follower {
    let mut follower = Follower::new(Backend::Auto);
    follower.reader.add(path, Start::Head(Some(position.clone())));
    follower
}

#[test]
fn the_first_line_is_hashed_with_its_newline_as_the_original_does() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    append(&path, "hello\r\nworld\n");
    let mut follower = Follower::following(&path, Backend::Auto);
    follower.pass();
    let position = follower.reader.position(&path).unwrap();
    // printf 'hello\r\n' | sha1sum; what the original keeps for this file.
    assert_eq!(position.first_line_md5, "aa5916ae7fd159a18b1b72ea905c757207e26689");
    assert_eq!(position.offset, 13);
}

#[test]
fn reading_goes_on_at_the_remembered_position_of_the_same_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    append(&path, "one\ntwo\n");
    let mut first = Follower::following(&path, Backend::Auto);
    first.pass();
    let position = first.reader.position(&path).unwrap();
    drop(first);
    append(&path, "three\n");
    let mut second = start_at(&path, &position);
    second.pass();
    assert_eq!(second.texts(), ["three"]);
    assert!(second.events.contains(&Event::Added { path, position }));
}

#[test]
fn a_position_of_another_file_is_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    append(&path, "one\ntwo\n");
    let position = Position {
        first_line_md5: "0".repeat(40),
        offset: 4,
    };
    let mut follower = start_at(&path, &position);
    follower.pass();
    assert_eq!(follower.texts(), ["one", "two"]);
}

#[test]
fn a_file_rotated_while_nobody_was_reading_is_finished_first() {
    for rotated in ["a.log.1", "a.log-20260801", "a-20260801.log"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        append(&path, "one\ntwo\n");
        let mut first = Follower::following(&path, Backend::Auto);
        first.pass();
        let position = first.reader.position(&path).unwrap();
        drop(first);
        append(&path, "three\n");
        std::fs::rename(&path, folder.path().join(rotated)).unwrap();
        append(&path, "four\n");
        let mut second = start_at(&path, &position);
        second.pass();
        assert_eq!(second.texts(), ["three", "four"], "{rotated}");
        assert_eq!(second.blocks[0].0, 0);
        assert_eq!(second.blocks[1].0, 1);
        assert_eq!(second.reader.position(&path).unwrap().offset, 5);
    }
}

#[test]
fn whole_files_that_were_rotated_while_nobody_was_reading_come_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    append(&folder.path().join("a.log.4"), "older\n");
    append(&folder.path().join("a.log.3"), "one\ntwo\n");
    append(&folder.path().join("a.log.2"), "three\n");
    append(&folder.path().join("a.log.1"), "four\n");
    append(&path, "five\n");
    // printf 'one\n' | sha1sum
    let first_line_md5 = "c7059bb19433cc3cabaa6236c83d56668a843dd2".to_owned();
    let mut follower = start_at(
        &path,
        &Position {
            first_line_md5,
            offset: 4,
        },
    );
    follower.pass();
    assert_eq!(follower.texts(), ["two", "three", "four", "five"]);
}

#[test]
fn the_position_stays_in_the_replaced_file_until_its_successor_is_begun() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    append(&path, "one\ntwo\n");
    let mut follower = Follower::following(&path, Backend::Auto);
    follower.pass();
    let position = follower.reader.position(&path).unwrap();
    std::fs::rename(&path, folder.path().join("a.log.1")).unwrap();
    append(&path, "");
    follower.pass();
    assert_eq!(follower.rotations(), 1);
    assert_eq!(follower.reader.position(&path).unwrap(), position);
    append(&path, "three\n");
    follower.pass();
    let position = follower.reader.position(&path).unwrap();
    assert_eq!(position.offset, 6);
    append(&folder.path().join("a.log.1"), "late\n");
    follower.pass();
    assert_eq!(follower.texts(), ["one", "two", "three", "late"]);
    let (generation, _, _, reported, _) = follower.blocks.last().unwrap();
    assert_eq!((*generation, reported), (0, &position));
}

#[test]
fn what_was_remembered_is_kept_while_the_file_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    append(&folder.path().join("a.log.1"), "one\ntwo\n");
    let first_line_md5 = "c7059bb19433cc3cabaa6236c83d56668a843dd2".to_owned();
    let remembered = Position {
        first_line_md5,
        offset: 4,
    };
    let mut follower = start_at(&path, &remembered);
    follower.pass();
    assert_eq!(follower.reader.position(&path), Some(remembered));
    append(&path, "three\n");
    follower.pass();
    assert_eq!(follower.texts(), ["two", "three"]);
}

#[test]
fn the_tail_begins_with_the_line_that_is_not_complete_yet() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    append(&path, "one\ntwo\nth");
    let mut follower = Follower::new(Backend::Auto);
    follower.reader.add(&path, Start::Tail);
    append(&path, "ree\nfour\n");
    follower.pass();
    assert_eq!(follower.texts(), ["three", "four"]);
    let said = |wanted: &Event| follower.events.iter().position(|event| event == wanted).unwrap();
    assert!(said(&Event::InOperation { path: path.clone() }) == 1);
}

#[test]
fn a_file_that_appears_later_is_read_from_its_head_even_where_the_tail_was_asked_for() {
    for backend in BOTH {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("not/yet/there/a.log");
        let mut follower = Follower::new(backend);
        follower.reader.settings.safety = HOUR;
        follower.reader.add(&path, Start::Tail);
        follower.pass();
        follower.pass();
        assert_eq!(
            follower.failures().len(),
            1,
            "missing is said once: {:?}",
            follower.events
        );
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        append(&path, "one\n");
        follower.until(|follower| !follower.lines.is_empty());
        assert!(follower.events.iter().any(|event| matches!(event, Event::Added { .. })));
    }
}

#[test]
fn the_first_end_is_told_once_and_after_its_lines() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    append(&path, "y\n".repeat(2 << 20));
    let mut follower = Follower::following(&path, Backend::Auto);
    let is = |event: &&Event| matches!(event, Event::InOperation { .. });
    while follower.turn() {
        assert_eq!(follower.events.iter().filter(is).count(), 0);
    }
    append(&path, "more\n");
    follower.pass();
    assert_eq!(follower.events.iter().filter(is).count(), 1);
}

#[test]
fn a_retargeted_link_is_a_rotation() {
    for backend in BOTH {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("x/one.log"), folder.path().join("x/two.log"));
        std::fs::create_dir(folder.path().join("x")).unwrap();
        let link = folder.path().join("link.log");
        append(&one, "one\n");
        append(&two, "two\n");
        std::os::unix::fs::symlink("x/one.log", &link).unwrap();
        let mut follower = Follower::following(&link, backend);
        follower.reader.settings.safety = HOUR;
        follower.pass();
        std::fs::remove_file(&link).unwrap();
        std::os::unix::fs::symlink("x/two.log", &link).unwrap();
        follower.until(|follower| follower.lines.len() == 2);
        std::fs::rename(&two, folder.path().join("x/two.log.1")).unwrap();
        append(&two, "three\n");
        follower.until(|follower| follower.lines.len() == 3);
        assert_eq!(follower.texts(), ["one", "two", "three"]);
        assert_eq!(follower.rotations(), 2);
    }
}

#[test]
fn directories_pipes_and_dangling_links_are_told_once_and_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let (directory, pipe, link) = (
        folder.path().join("d"),
        folder.path().join("p"),
        folder.path().join("l"),
    );
    std::fs::create_dir(&directory).unwrap();
    rustix::fs::mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR, 0).unwrap();
    std::os::unix::fs::symlink("nowhere", &link).unwrap();
    let mut follower = Follower::following(&directory, Backend::Polling);
    follower.reader.add(&pipe, Start::Head(None));
    follower.reader.add(&link, Start::Head(None));
    follower.reader.add(Path::new("/dev/null"), Start::Head(None));
    for _ in 0..3 {
        follower.reader.wait(Duration::ZERO).unwrap();
        follower.turn();
    }
    let failures = follower.failures();
    assert_eq!(failures.len(), 4, "{failures:?}");
    assert!(failures[0].contains("a directory") && failures[1].contains("a named pipe"));
    assert!(failures[2].contains("No such file") && failures[3].contains("a device"));
    std::fs::remove_dir(&directory).unwrap();
    append(&directory, "a file now\n");
    follower.until(|follower| follower.texts() == ["a file now"]);
}

#[test]
fn what_was_removed_is_read_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    append(&path, "one\n");
    let mut follower = Follower::following(&path, Backend::Auto);
    follower.pass();
    assert_eq!(follower.reader.paths(), std::slice::from_ref(&path));
    assert!(follower.reader.remove(path.to_str().unwrap()));
    assert!(!follower.reader.remove(path.to_str().unwrap()));
    append(&path, "two\n");
    follower.pass();
    assert_eq!(follower.texts(), ["one"]);
    assert!(follower.reader.paths().is_empty() && follower.reader.position(&path).is_none());
}
