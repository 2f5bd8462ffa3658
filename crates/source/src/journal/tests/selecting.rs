//! Options of the backend and what they come to.

use super::super::selection::{Scope, Selection, SelectionError};
use super::super::{Match, NoMatch};
use std::path::Path;

fn selection(options: &[(&str, &str)], flags: Option<&str>) -> Result<Selection, SelectionError> {
    let options: Vec<_> = options
        .iter()
        .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
        .collect();
    Selection::new(&options, flags)
}

fn arguments(options: &[(&str, &str)], flags: Option<&str>, scope: Scope) -> Vec<String> {
    let arguments = selection(options, flags).unwrap().arguments(scope);
    arguments.into_iter().map(|one| one.into_string().unwrap()).collect()
}

fn touch(folder: &Path, names: &[&str]) {
    for name in names {
        std::fs::write(folder.join(name), "").unwrap();
    }
}

#[test]
fn rotated_files_are_left_out_unless_the_past_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| format!("--file={}/{name}", folder.path().display());
    let path = folder.path().to_str().unwrap();
    touch(
        folder.path(),
        &[
            "system.journal",
            "system@1.journal",
            "user-1.journal",
            "user-1@1.journal",
            "x@2.journal",
            "a.journal~",
        ],
    );
    let read = |options: &[(&str, &str)], scope| arguments(options, None, scope);
    let by_path = [("journalpath", path)];
    assert_eq!(
        read(&by_path, Scope::Live),
        [at("system.journal"), at("user-1.journal")]
    );
    assert_eq!(
        read(&by_path, Scope::Past),
        [
            at("system.journal"),
            at("system@1.journal"),
            at("user-1.journal"),
            at("user-1@1.journal")
        ]
    );
    let system = [("journalpath", path), ("journalflags", "4")];
    assert_eq!(read(&system, Scope::Live), [at("system.journal")]);
    let all = [("journalpath", path), ("rotated", "on")];
    assert_eq!(read(&all, Scope::Live), [format!("--directory={path}")]);
    let pattern = format!("{path}/user*.journal,{path}/nothing {path}/[!a-w]@*");
    assert_eq!(
        read(&[("journalfiles", &pattern)], Scope::Live),
        [at("user-1.journal"), at("user-1@1.journal"), at("x@2.journal")]
    );
    let elsewhere = [("journalpath", "/nonexistent/a b")];
    assert_eq!(read(&elsewhere, Scope::Live), ["--directory=/nonexistent/a b"]);
}

#[test]
fn names_of_files_are_not_taken_for_patterns_again() {
    let folder = tempfile::tempdir().unwrap();
    touch(folder.path(), &["a[1]{b,c}*?\\.journal"]);
    let path = folder.path().to_str().unwrap();
    assert_eq!(
        arguments(&[("journalpath", path)], None, Scope::Live),
        [format!("--file={path}/a\\[1\\]\\{{b,c\\}}\\*\\?\\\\.journal")]
    );
}

#[test]
fn flags_become_arguments() {
    let rotated = |flags: &str| arguments(&[("rotated", "1"), ("journalflags", flags)], None, Scope::Live);
    assert_eq!(rotated("0"), ["--merge"]);
    assert_eq!(rotated("1"), [""; 0]);
    assert_eq!(rotated("5"), ["--system"]);
    assert_eq!(rotated("13"), ["--system", "--user"]);
    assert_eq!(rotated("2"), ["--directory=/run/log/journal/"]);
    assert_eq!(
        arguments(&[("rotated", "1")], None, Scope::Live),
        ["--merge", "--system"]
    );
    assert_eq!(arguments(&[("rotated", "1")], Some("1"), Scope::Live), [""; 0]);
    assert_eq!(
        arguments(&[("namespace", "web")], Some("4"), Scope::Past),
        ["--namespace=web", "--system"]
    );
    let root = [("journalpath", "/mnt"), ("journalflags", "16"), ("rotated", "1")];
    assert_eq!(arguments(&root, None, Scope::Live), ["--root=/mnt"]);
}

#[test]
fn options_that_make_no_sense_are_told() {
    for options in [
        &[("journalfile", "x")][..],
        &[("journalflags", "x")],
        &[("journalflags", "64")],
        &[("journalflags", "-1")],
        &[("journalfiles", "x"), ("journalflags", "1")],
        &[("journalfiles", "x"), ("journalpath", "y")],
        &[("namespace", "../x")],
    ] {
        assert!(selection(options, None).is_err(), "{options:?}");
    }
    let error = selection(&[], Some("all")).unwrap_err().to_string();
    assert!(error.contains("F2B_SYSTEMD_DEFAULT_FLAGS=all"), "{error}");
    assert!(selection(&[("journalfiles", "x")], Some("all")).is_ok());
}

#[test]
fn matches_are_split_and_checked_as_the_library_does() {
    let parse = |words: &str| Match::parse(&words.split(' ').map(str::to_owned).collect::<Vec<_>>());
    let matches = parse("A=b _C=d + E=f").unwrap();
    assert_eq!(matches.alternatives, [vec!["A=b", "_C=d"], vec!["E=f"]]);
    assert_eq!(matches.arguments(), ["A=b", "_C=d", "+", "E=f"]);
    assert_eq!(parse("+ A=b + + C= +").unwrap().arguments(), ["A=b", "+", "C="]);
    for wrong in ["/usr/bin/x", "--file=x", "a=b", "=b", "A", "__CURSOR=x", "A=\0"] {
        assert_eq!(parse(wrong), Err(NoMatch(wrong.to_owned())));
    }
}
