//! Lines: whole ones only, of any length and any bytes.

use super::*;

#[test]
fn a_line_is_delivered_when_its_newline_came_and_not_before() {
    for backend in BOTH {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        append(&path, "one\ntw");
        let mut follower = Follower::following(&path, backend);
        follower.pass();
        assert_eq!(follower.texts(), ["one"]);
        append(&path, "o\nthree\n");
        follower.pass();
        assert_eq!(follower.texts(), ["one", "two", "three"]);
    }
}

#[test]
fn bytes_that_are_no_utf_8_pass_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    append(&path, b"\xff\xfe\x00\x80 \xc3\n\r\n\n");
    let mut follower = Follower::following(&path, Backend::Auto);
    follower.pass();
    let lines: Vec<_> = follower.lines.iter().map(|(_, line)| line.as_slice()).collect();
    assert_eq!(lines, [b"\xff\xfe\x00\x80 \xc3".as_slice(), b"\r", b""]);
}

#[test]
fn a_line_of_twenty_megabytes_written_in_pieces_comes_as_one_and_the_buffer_shrinks_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    let mut follower = Follower::following(&path, Backend::Auto);
    append(&path, "before\n");
    let piece = vec![b'x'; 1_000_003];
    for _ in 0..20 {
        append(&path, &piece);
        follower.pass();
    }
    append(&path, "\nafter\n");
    follower.pass();
    let lengths: Vec<_> = follower.lines.iter().map(|(_, line)| line.len()).collect();
    assert_eq!(lengths, [6, 20_000_060, 5]);
    assert!(follower.reader.buffer_capacity() <= 256 * 1024);
}

#[test]
fn a_line_beyond_the_limit_is_left_out_and_said_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    let mut follower = Follower::following(&path, Backend::Auto);
    follower.reader.settings.line = 3 << 20;
    append(&path, "before\n");
    for _ in 0..5 {
        append(&path, vec![b'x'; 1 << 20]);
        follower.pass();
    }
    append(&path, "\nafter\n");
    follower.pass();
    assert_eq!(follower.texts(), ["before", "after"]);
    let too_long = |event: &&Event| matches!(event, Event::TooLong { offset: 7, .. });
    assert_eq!(follower.events.iter().filter(too_long).count(), 1);
    assert_eq!(follower.reader.position(&path).unwrap().offset, 7 + (5 << 20) + 7);
}

#[test]
fn a_first_line_beyond_the_limit_does_not_hide_what_the_file_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    append(&path, vec![b'x'; 2 << 20]);
    append(&path, "\nafter\n");
    let mut follower = Follower::following(&path, Backend::Auto);
    follower.reader.settings.line = 1 << 20;
    follower.pass();
    let position = follower.reader.position(&path).unwrap();
    let mut again = Follower::new(Backend::Auto);
    again.reader.add(&path, Start::Head(Some(position)));
    append(&path, "more\n");
    again.pass();
    assert_eq!(again.texts(), ["more"]);
}

#[test]
fn a_block_says_where_it_stands_and_whether_the_end_is_reached() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    let line = format!("{}\n", "y".repeat(999));
    append(&path, line.repeat(600));
    let mut follower = Follower::following(&path, Backend::Auto);
    follower.pass();
    let (last, before) = follower.blocks.split_last().unwrap();
    assert!(last.4 && before.iter().all(|block| !block.4) && !before.is_empty());
    let mut at = 0;
    for (generation, offset, length, position, _) in &follower.blocks {
        assert_eq!((*generation, *offset), (0, at));
        at += *length as u64;
        assert_eq!(position.offset, at);
    }
    assert_eq!(at, 600_000);
}

#[test]
fn a_busy_file_does_not_keep_others_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let (busy, quiet) = (folder.path().join("busy.log"), folder.path().join("quiet.log"));
    append(&busy, format!("{}\n", "y".repeat(999)).repeat(5000));
    append(&quiet, "here\n");
    let mut follower = Follower::following(&busy, Backend::Auto);
    follower.reader.add(&quiet, Start::Head(None));
    assert!(follower.turn());
    assert!(follower.texts().contains(&"here".to_owned()));
    let from_busy = follower.lines.iter().filter(|(path, _)| *path == busy).count();
    assert!(from_busy <= 1300, "{from_busy} lines in one turn");
    follower.pass();
    assert_eq!(follower.lines.len(), 5001);
}

#[test]
fn a_file_that_claims_to_be_empty_is_read_once() {
    let path = Path::new("/proc/self/limits");
    let text = std::fs::read_to_string(path).unwrap();
    assert_eq!(std::fs::metadata(path).unwrap().len(), 0);
    let mut follower = Follower::following(path, Backend::Polling);
    for _ in 0..3 {
        follower.reader.wait(Duration::ZERO).unwrap();
        assert!(!follower.turn());
    }
    assert_eq!(follower.texts(), text.lines().collect::<Vec<_>>());
}

#[test]
fn what_is_written_before_the_first_read_of_a_followed_file_is_new_and_what_stood_in_it_is_not() {
    for backend in BOTH {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        append(&path, "old 1\nold 2\nbeg");
        let mut follower = Follower::following(&path, backend);
        append(&path, "un\nnew 1\n");
        follower.pass();
        append(&path, "new 2\n");
        follower.until(|follower| follower.lines.len() == 5);
        let blocks: Vec<_> = follower
            .blocks
            .iter()
            .map(|block| (block.1, block.2, block.4))
            .collect();
        assert_eq!(blocks, [(0, 12, true), (12, 12, true), (24, 6, true)], "{backend:?}");
    }
}

#[test]
fn a_history_of_several_blocks_is_caught_up_with_at_its_last_one() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let line = [&[b'a'; 99][..], b"\n"].concat();
    append(&path, line.repeat(5000));
    let mut follower = Follower::following(&path, Backend::Polling);
    append(&path, line.repeat(5000));
    follower.pass();
    let history: Vec<_> = follower.blocks.iter().take_while(|block| block.1 < 500_000).collect();
    let (last, before) = history.split_last().unwrap();
    assert_eq!((last.1 + last.2 as u64, last.4), (500_000, true));
    assert!(!before.is_empty() && before.iter().all(|block| !block.4), "{before:?}");
    assert_eq!(follower.lines.len(), 10_000);
}
