//! Expressions that fuzzing made up.
use super::{Case, differences};
use bantam_pattern::tags::{UseDns, expand};
use bantam_pattern::{Options, Regex, syntax};
use std::path::PathBuf;

/// The kept inputs of the fuzz target `failregex`, or those of a folder that `FUZZ_INPUTS` names.
fn cases() -> Vec<Case> {
    let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/seeds/failregex");
    let folder = std::env::var_os("FUZZ_INPUTS").map_or_else(|| PathBuf::from(kept), PathBuf::from);
    let mut cases = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let input = std::fs::read(entry.unwrap().path()).unwrap();
        let (flags, input) = match input.as_slice() {
            [digit @ b'0'..=b'7', rest @ ..] => (digit - b'0', rest),
            input => (0, input),
        };
        let input = String::from_utf8_lossy(input);
        let (source, text) = input.split_once("\n---\n").unwrap_or((&input, ""));
        let options = Options {
            multi_line: flags & 2 == 2,
            ignore_case: flags & 4 == 4,
        };
        let Ok(expression) = expand(source, UseDns::Warn, options.multi_line) else {
            continue;
        };
        // Flags inside of an expression are accepted as by the Python that filters were written for.
        let is_old = syntax::parse(&expression, options).is_ok_and(|ast| !ast.misplaced_flags.is_empty());
        // Catastrophic ones are meant to be given up.
        let is_endless = Regex::new(&expression, options).is_ok_and(|regex| regex.captures(text).is_err());
        if !is_old && !is_endless {
            cases.push(Case {
                expression,
                options,
                texts: vec![text.to_owned()],
            });
        }
    }
    cases
}

#[test]
fn kept_inputs_of_the_fuzz_target_are_read_as_python_reads_them() {
    let cases = cases();
    assert!(!cases.is_empty());
    let (agreement, mut found) = differences(&cases);
    // Both refuse some for another of their errors first, and the engine has limits of size.
    let is_known = |found: &String| {
        let both_refuse = found.contains("\", Python says") && !found.contains(": accepted; ");
        let limited = found.contains("beyond the engine") || found.contains("more than 65535 times");
        both_refuse || limited || found.contains("Python says \"global flags not at the start")
    };
    found.retain(|found| !is_known(found));
    println!("{agreement:?} {}", found.len());
    let shown = found.iter().take(60).cloned().collect::<Vec<_>>().join("\n");
    assert!(found.is_empty(), "{} differences\n{shown}", found.len());
}
