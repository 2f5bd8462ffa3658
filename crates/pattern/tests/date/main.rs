//! Dates, compared with the installed original (Debian package `fail2ban`).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod oracle;

use oracle::{Oracle, Session, ours};

/// Compares each session with the original; names the first line that differs.
fn same(sessions: impl IntoIterator<Item = Session>) {
    let mut oracle = Oracle::start();
    for session in sessions {
        let (theirs, ours) = (oracle.ask(&session), ours(&session));
        for (index, (theirs, ours)) in theirs.lines.iter().zip(&ours.lines).enumerate() {
            assert_eq!(
                ours, theirs,
                "line {index}, {:?} of {session:#?}",
                session.lines[index]
            );
        }
        assert_eq!(ours.templates, theirs.templates, "order after {session:#?}");
    }
}

#[test]
fn the_default_templates_have_the_originals_names_and_order() {
    same([Session::new("{DEFAULT}", ["no date"])]);
}
