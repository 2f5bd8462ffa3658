//! Whatever a log says, the shell runs none of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use bantam_enforce::{Finished, TagSource, run, substitute};
use proptest::prelude::*;
use std::borrow::Cow;
use std::path::Path;
use std::time::Duration;

struct Value(String);

impl TagSource for Value {
    fn tag(&self, name: &str) -> Option<Cow<'_, str>> {
        matches!(name, "v" | "F-USER").then_some(Cow::Borrowed(self.0.as_str()))
    }
}

/// Runs a text in an empty folder and with an empty PATH: the built-in `printf` works, anything else that the shell
/// tried to run would show on stderr, anything that it wrote in the folder.
fn run_in(dir: &Path, text: &str, value: &str) -> Finished {
    let text = format!("cd '{}'; PATH=/nonexistent; {text}", dir.display());
    let command = substitute(&text, &Value(value.to_owned()));
    run(&command, Duration::from_secs(20)).unwrap()
}

fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("$(printf x >canary)"),
        Just("`printf x >canary`"),
        Just(";printf x>canary;"),
        Just("|printf x>canary"),
        Just("&&printf x>canary "),
        Just("\nprintf x>canary\n"),
        Just("'"),
        Just("\""),
        Just("\\"),
        Just("${IFS}"),
        Just("$0"),
        Just("$f2bV_v"),
        Just("<v>"),
        Just("<F-USER>"),
        Just("<br>"),
        Just("*"),
        Just("~root"),
        Just("#"),
        Just("!"),
        Just("-n"),
        Just("%s%n"),
        Just("\r"),
        Just("\t "),
        Just("\0"),
        Just("\u{81}\u{202e}é"),
        Just("a=b"),
        Just("nonexistent-command"),
    ];
    prop_oneof![
        proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat()),
        any::<String>(),
        proptest::collection::vec(any::<u8>(), 0..40).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_value_in_double_quotes_is_that_value_and_runs_nothing(value in hostile()) {
        let dir = tempfile::tempdir().unwrap();
        let finished = run_in(dir.path(), "printf '%s|%s' \"<v>\" \"<F-USER>\"", &value);
        let value = value.replace('\0', "\u{fffd}");
        prop_assert_eq!(&finished.stdout, &format!("{value}|{value}"));
        prop_assert_eq!(&finished.stderr, "");
        prop_assert!(finished.success());
        prop_assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_bare_value_is_split_into_words_and_runs_nothing(value in hostile()) {
        let dir = tempfile::tempdir().unwrap();
        let finished = run_in(dir.path(), "printf '%s\\n' begin <v> end", &value);
        prop_assert_eq!(&finished.stderr, "");
        prop_assert!(finished.success());
        let value = value.replace('\0', "\u{fffd}");
        let mut words = vec!["begin"];
        words.extend(value.split([' ', '\t', '\n']).filter(|word| !word.is_empty()));
        words.push("end");
        // A word may hold line ends other than the shell's, never one of its own.
        let expected: String = words.iter().map(|word| format!("{word}\n")).collect();
        prop_assert_eq!(&finished.stdout, &expected);
        prop_assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_special_value_in_single_quotes_is_the_name_of_its_variable(value in hostile()) {
        prop_assume!(value.contains(['$', '\'', ';', '\n', '<']));
        let dir = tempfile::tempdir().unwrap();
        let finished = run_in(dir.path(), "printf '%s' '<v>'", &value);
        prop_assert_eq!(&finished.stdout, "$f2bV_v");
        prop_assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
