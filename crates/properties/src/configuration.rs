//! A folder of configuration files.

use crate::input::Flags;
use bantam_conf::{Command, Diagnostic, LoadOptions, Loaded};
use bantam_wire::{Value, pickle, repr};
use std::collections::HashMap;
use std::fs;
use std::path::{Component, Path, PathBuf};
use tempfile::TempDir;

/// Begins a file: `=== jail.local`.
const HEADER: &[u8] = b"=== ";
const MOST_FILES: usize = 16;
/// Findings beyond these are not shown; each of them is shown alike.
const MOST_SHOWN: usize = 20;
/// Much more than any stock filter or action comes to.
const MOST_TEXT: usize = 64 << 20;

/// A configuration becomes commands that can be sent, or findings that can be shown: each at a place that is in the file
/// it names, in characters that leave a terminal alone, and the same each time.
///
/// Input: flags on a line (1 strict, 2 logs may be missing, 4 no layout asked for), then files behind `=== NAME`.
pub fn configuration(data: &[u8]) {
    let Some(folder) = folder() else {
        panic!("no folder could be made");
    };
    let base = folder.path().join("conf");
    let (flags, files) = files(data);
    let written = write(&base, &files);
    assert!(written.is_ok(), "{written:?}");
    judge(&base, flags, &files);
}

/// In memory where the system has a place for it.
fn folder() -> Option<TempDir> {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).ok()
}

/// Names that lead out of the folder are left out.
fn files(data: &[u8]) -> (Flags, Vec<(PathBuf, Vec<u8>)>) {
    let flags = Flags::from_digit(data.first());
    let mut files: Vec<(PathBuf, Vec<u8>)> = Vec::new();
    for line in data.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_prefix(HEADER).map(String::from_utf8_lossy) {
            Some(name) => files.push((PathBuf::from(name.trim()), Vec::new())),
            None => files
                .iter_mut()
                .last()
                .into_iter()
                .for_each(|(_, content)| push_line(content, line)),
        }
    }
    files.truncate(MOST_FILES);
    files.retain(|(name, _)| {
        name.components().all(|part| matches!(part, Component::Normal(_))) && name.to_str().is_some_and(is_name)
    });
    (flags, files)
}

/// Patterns for log files may name those of the configuration's folder only: others change while they are looked at.
fn push_line(content: &mut Vec<u8>, line: &[u8]) {
    for (at, byte) in line.iter().enumerate() {
        let is_own = line.get(..at).is_some_and(|before| before.ends_with(b"confpath)s/"));
        content.push(if *byte == b'*' && !is_own { b'+' } else { *byte });
    }
}

fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    !name.is_empty() && name.len() < 60 && name.chars().all(plain)
}

fn write(base: &Path, files: &[(PathBuf, Vec<u8>)]) -> std::io::Result<()> {
    fs::create_dir_all(base)?;
    for (name, content) in files {
        let path: PathBuf = base.join(name).components().collect();
        // Where a file's name is another's folder, the first one wins.
        if path.parent().is_some_and(|folder| fs::create_dir_all(folder).is_ok()) && !path.is_dir() {
            fs::write(path, content)?;
        }
    }
    Ok(())
}

fn judge(base: &Path, flags: Flags, files: &[(PathBuf, Vec<u8>)]) {
    let options = LoadOptions {
        strict: flags.has(0),
        allow_missing_logs: flags.has(1),
        lenient_layout: flags.has(2),
        ..LoadOptions::default()
    };
    let loaded = bantam_conf::load(base, &options);
    let again = bantam_conf::load(base, &options);
    match (&loaded, &again) {
        (Ok(loaded), Ok(again)) => {
            assert_eq!(loaded.stream, again.stream);
            assert_eq!(loaded.diagnostics, again.diagnostics);
        }
        (Err(loaded), Err(again)) => assert_eq!(loaded, again),
        _ => panic!("it can be loaded once and not twice"),
    }
    let findings = match &loaded {
        Ok(Loaded {
            stream, diagnostics, ..
        }) => {
            assert_stream(stream);
            diagnostics
        }
        Err(findings) => {
            assert!(!findings.is_empty(), "refused without a reason");
            findings
        }
    };
    let mut lines = HashMap::new();
    for finding in findings {
        assert_place(finding, &mut lines);
    }
    findings.iter().take(MOST_SHOWN).for_each(assert_shown);
    let filters = files.iter().filter_map(|(name, _)| name.strip_prefix("filter.d").ok());
    for filter in filters {
        let spec = filter.with_extension("");
        match bantam_conf::load_filter(base, &format!("{}[mode=x]", spec.display())) {
            Ok(commands) => assert_stream(&commands),
            Err(findings) => findings.iter().take(MOST_SHOWN).for_each(assert_shown),
        }
    }
}

/// All commands arrive as they were sent.
fn assert_stream(stream: &[Command]) {
    let mut length = 0;
    for command in stream {
        let words = Value::List(command.words.clone());
        length += repr::repr(&words).len();
        let arrived = pickle::decode(&pickle::encode(&words));
        assert_eq!(arrived.as_ref(), Ok(&words));
    }
    assert!(length <= MOST_TEXT, "the commands are {length} bytes long");
}

/// The place is in the file: at one of its characters, or behind the last of a line.
fn assert_place(finding: &Diagnostic, lines: &mut HashMap<PathBuf, Vec<usize>>) {
    let Some(place) = &finding.place else {
        return;
    };
    assert!(place.line > 0 && place.column > 0, "{finding:?}");
    let widths = lines
        .entry(place.file.to_path_buf())
        .or_insert_with(|| widths(&place.file));
    let width = widths.get(place.line as usize - 1).copied().unwrap_or(0);
    assert!(place.column as usize <= width + 1, "{finding:?}, in a line of {width}");
}

/// Characters in each of a file's lines.
fn widths(file: &Path) -> Vec<usize> {
    let text = fs::read(file).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).replace("\r\n", "\n");
    text.split(['\n', '\r']).map(|line| line.chars().count()).collect()
}

fn assert_shown(finding: &Diagnostic) {
    let shown = finding.render(false);
    assert!(!shown.trim().is_empty());
    let steers = |c: char| c.is_control() && !matches!(c, '\n' | '\t') || ('\u{202a}'..='\u{202e}').contains(&c);
    assert!(!shown.contains(steers), "{shown:?}");
    assert!(finding.render(true).len() >= shown.len());
}
