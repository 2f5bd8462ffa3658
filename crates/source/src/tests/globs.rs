//! Patterns: files that come, go and change names among each other.

use super::*;

fn follow(pattern: &str, backend: Backend, start: Start) -> Follower {
    let mut follower = Follower::new(backend);
    follower.reader.settings.rescan = Duration::from_millis(50);
    follower.reader.add_glob(pattern, &mut |_| start.clone()).unwrap();
    follower
}

#[test]
fn files_that_appear_later_are_read_from_their_head() {
    for backend in BOTH {
        let folder = tempfile::tempdir().unwrap();
        append(&folder.path().join("old.log"), "old\n");
        let mut follower = follow(&format!("{}/*.log", folder.path().display()), backend, Start::Tail);
        if backend == Backend::Inotify {
            follower.reader.settings.rescan = HOUR;
        }
        follower.pass();
        append(&folder.path().join("new.log"), "new\n");
        append(&folder.path().join("new.txt"), "other\n");
        follower.until(|follower| !follower.lines.is_empty());
        assert_eq!(follower.texts(), ["new"]);
        assert_eq!(follower.reader.paths().len(), 2);
    }
}

#[test]
fn wildcards_in_directories_and_directories_that_do_not_exist_yet_are_found() {
    for backend in BOTH {
        let folder = tempfile::tempdir().unwrap();
        let pattern = format!("{}/hosts/*/access.log", folder.path().display());
        let mut follower = follow(&pattern, backend, Start::Tail);
        follower.pass();
        for host in ["a", "b"] {
            let directory = folder.path().join("hosts").join(host);
            std::fs::create_dir_all(&directory).unwrap();
            append(&directory.join("access.log"), host.to_owned() + "\n");
        }
        follower.until(|follower| follower.lines.len() == 2);
    }
}

#[test]
fn a_file_renamed_within_a_pattern_is_not_read_again() {
    for backend in BOTH {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        append(&path, "one\ntwo\n");
        let pattern = format!("{}/a.log*", folder.path().display());
        let mut follower = follow(&pattern, backend, Start::Head(None));
        follower.pass();
        let mut expected = vec!["one".to_owned(), "two".to_owned()];
        for number in 0..6 {
            append(&path, format!("last of {number}\n"));
            shift(&path);
            append(&path, format!("first of {number}\n"));
            expected.extend([format!("last of {number}"), format!("first of {number}")]);
            follower.until(|follower| follower.lines.len() >= expected.len());
            std::thread::sleep(Duration::from_millis(60));
            follower.reader.wait(Duration::ZERO).unwrap();
            follower.pass();
            // The order between names is left open.
            let (mut texts, mut expected) = (follower.texts(), expected.clone());
            texts.sort();
            expected.sort();
            assert_eq!(texts, expected);
        }
    }
}

#[test]
fn copies_within_a_pattern_are_not_read_again_but_for_what_only_they_hold() {
    for backend in BOTH {
        for pause in [true, false] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a.log");
            append(&path, "one\ntwo\n");
            let pattern = format!("{}/a.log*", folder.path().display());
            let mut follower = follow(&pattern, backend, Start::Head(None));
            follower.reader.settings.rescan = Duration::ZERO;
            follower.pass();
            let mut expected = vec!["one".to_owned(), "two".to_owned()];
            for number in 0..6 {
                append(&path, format!("last of {number}\n"));
                super::rotation::make_room(&path);
                let copy = super::rotation::numbered(&path, 1);
                let content = std::fs::read(&path).unwrap();
                for half in content.chunks(content.len() / 2 + 1) {
                    append(&copy, half);
                    if pause {
                        follower.reader.wait(Duration::ZERO).unwrap();
                        follower.pass();
                    }
                }
                std::fs::write(&path, format!("first of {number}\n")).unwrap();
                expected.extend([format!("last of {number}"), format!("first of {number}")]);
                follower.until(|follower| follower.lines.len() >= expected.len());
                follower.reader.wait(Duration::ZERO).unwrap();
                follower.pass();
                assert_eq!(follower.texts(), expected);
                assert_eq!(follower.reader.paths(), std::slice::from_ref(&path));
            }
        }
    }
}

#[test]
fn a_file_renamed_within_a_pattern_while_nobody_was_reading_goes_on_where_it_stood() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    append(&path, "one\n");
    append(&folder.path().join("a.log.1"), "zero\n");
    let pattern = format!("{}/a.log*", folder.path().display());
    let mut first = follow(&pattern, Backend::Auto, Start::Head(None));
    first.pass();
    assert_eq!(first.lines.len(), 2);
    let known: HashMap<_, _> = first
        .reader
        .paths()
        .into_iter()
        .map(|path| (path.clone(), first.reader.position(&path)))
        .collect();
    drop(first);
    append(&path, "two\n");
    shift(&path);
    append(&path, "three\n");
    let mut second = Follower::new(Backend::Auto);
    let mut start = |path: &Path| Start::Head(known.get(path).cloned().flatten());
    second.reader.add_glob(&pattern, &mut start).unwrap();
    second.pass();
    let mut texts = second.texts();
    texts.sort();
    assert_eq!(texts, ["three", "two"]);
}

#[test]
fn files_of_a_removed_pattern_go_unless_somebody_else_wants_them() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("one.log"), folder.path().join("two.log"));
    append(&one, "");
    append(&two, "");
    let pattern = format!("{}/*.log", folder.path().display());
    let mut follower = follow(&pattern, Backend::Auto, Start::Tail);
    follower.reader.add(&two, Start::Tail);
    assert!(follower.reader.remove(one.to_str().unwrap()));
    append(&folder.path().join("three.log"), "");
    follower.pass();
    assert!(!follower.reader.paths().contains(&one), "removed stays removed");
    assert!(follower.reader.remove(&pattern));
    assert_eq!(follower.reader.paths(), [two]);
    assert!(!follower.reader.remove(&pattern));
}

#[test]
fn a_deleted_file_of_a_pattern_is_forgotten_when_it_was_quiet() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    append(&path, "one\nrest");
    let mut follower = follow(
        &format!("{}/*.log", folder.path().display()),
        Backend::Auto,
        Start::Head(None),
    );
    follower.reader.settings.safety = Duration::from_millis(20);
    follower.reader.settings.gone = Duration::from_millis(100);
    follower.pass();
    std::fs::remove_file(&path).unwrap();
    follower.until(|follower| follower.reader.paths().is_empty());
    assert_eq!(follower.texts(), ["one", "rest"]);
}

#[test]
fn a_broken_pattern_is_told_in_words() {
    let mut reader = Reader::new(Backend::Auto).unwrap();
    let mut start = |_: &Path| Start::Tail;
    assert!(
        reader.add_glob("/a/[b", &mut start).is_ok(),
        "Python takes a lone bracket literally"
    );
}

fn shift(path: &Path) {
    super::rotation::shift(path);
}
