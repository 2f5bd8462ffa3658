//! Sleeping: what ends it, and what helps where inotify does not.

use super::*;

#[test]
fn a_write_ends_the_sleep_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    append(&path, "one\n");
    let mut follower = Follower::following(&path, Backend::Inotify);
    follower.reader.settings.safety = HOUR;
    follower.reader.settings.rescan = HOUR;
    follower.pass();
    let writer = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        append(&path, "two\n");
    });
    let began = Instant::now();
    follower.reader.wait(Duration::from_secs(30)).unwrap();
    follower.pass();
    assert_eq!(follower.texts(), ["one", "two"]);
    assert!(began.elapsed() < Duration::from_secs(10));
    writer.join().unwrap();
}

#[test]
fn a_waker_ends_the_sleep_even_if_it_came_before() {
    let mut reader = Reader::new(Backend::Auto).unwrap();
    let began = Instant::now();
    reader.waker().wake();
    reader.wait(Duration::from_secs(30)).unwrap();
    let waker = reader.waker();
    let thread = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        waker.wake();
    });
    reader.wait(Duration::from_secs(30)).unwrap();
    assert!(began.elapsed() < Duration::from_secs(10));
    thread.join().unwrap();
}

#[test]
fn the_sleep_ends_with_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    append(&path, "one\n");
    for backend in BOTH {
        let mut follower = Follower::following(&path, backend);
        follower.reader.settings.polling = Duration::from_millis(5);
        follower.pass();
        let began = Instant::now();
        follower.reader.wait(Duration::from_millis(100)).unwrap();
        assert!(
            began.elapsed() >= Duration::from_millis(100),
            "{backend:?} woke for nothing"
        );
    }
}

#[test]
fn what_inotify_does_not_see_is_found_within_a_second_or_so() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("d");
    std::fs::create_dir(&directory).unwrap();
    let path = directory.join("a.log");
    append(&path, "one\n");
    let mut follower = Follower::following(&path, Backend::Inotify);
    follower.pass();
    // No watch is on the directory above.
    std::fs::rename(&directory, folder.path().join("e")).unwrap();
    std::fs::create_dir(&directory).unwrap();
    append(&path, "two\n");
    let began = Instant::now();
    follower.until(|follower| follower.texts() == ["one", "two"]);
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[test]
fn too_few_watches_are_told_and_polling_takes_over() {
    let folder = tempfile::tempdir().unwrap();
    let mut follower = Follower::new(Backend::Inotify);
    follower.reader.watches.as_mut().unwrap().limit = 1;
    let path = folder.path().join("a.log");
    append(&path, "one\n");
    follower.reader.add(&path, Start::Head(None));
    follower.pass();
    append(&path, "two\n");
    follower.until(|follower| follower.texts() == ["one", "two"]);
    let polling = follower
        .events
        .iter()
        .filter(|event| matches!(event, Event::Polling { .. }));
    assert_eq!(polling.count(), 1);
}

#[test]
fn more_events_than_the_kernel_keeps_do_no_harm() {
    let limit = std::fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap();
    let limit: usize = limit.trim().parse().unwrap();
    assert!(
        limit <= 200_000,
        "the limit is {limit}; this test is made for the usual 16384"
    );
    let folder = tempfile::tempdir().unwrap();
    let pattern = format!("{}/*.log", folder.path().display());
    let mut follower = Follower::new(Backend::Inotify);
    follower.reader.settings.safety = HOUR;
    follower.reader.settings.rescan = HOUR;
    follower.reader.add_glob(&pattern, &mut |_| Start::Tail).unwrap();
    let path = folder.path().join("a.log");
    append(&path, "");
    follower.pass();
    let (one, two) = (folder.path().join("x"), folder.path().join("y"));
    append(&one, "");
    for _ in 0..limit / 4 + 100 {
        std::fs::rename(&one, &two).unwrap();
        std::fs::rename(&two, &one).unwrap();
    }
    append(&path, "one\n");
    append(&folder.path().join("b.log"), "two\n");
    follower.pass();
    assert_eq!(follower.texts(), ["one", "two"]);
}

#[test]
fn a_reader_can_move_to_its_thread_and_a_waker_be_shared() {
    fn can_move<T: Send>() {}
    fn can_share<T: Send + Sync + Clone>() {}
    can_move::<Reader>();
    can_share::<crate::Waker>();
}
