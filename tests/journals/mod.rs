//! Journal files, made by systemd's own program from the export format. Needs the Debian package
//! `systemd-journal-remote`.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

const WRITER: &str = "/lib/systemd/systemd-journal-remote";

/// An entry's fields: names and any bytes.
pub type Fields<'a> = Vec<(&'a str, &'a [u8])>;

/// The present in microseconds.
#[allow(dead_code, reason = "not every test that includes this module writes of now")]
pub fn micros() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_micros()).unwrap()
}

/// Appends entries to a journal file, which is made if need be: each with the moment at which the journal got it.
pub fn append(file: &Path, entries: &[(i64, Fields<'_>)]) {
    let mut export = Vec::new();
    for (at, fields) in entries {
        let head = format!(
            "__REALTIME_TIMESTAMP={at}\n__MONOTONIC_TIMESTAMP={}\n_BOOT_ID={}\n",
            at - 1_600_000_000_000_000,
            "0123456789abcdef".repeat(2)
        );
        export.extend(head.into_bytes());
        for (name, value) in fields {
            export.extend(name.as_bytes());
            export.push(b'\n');
            export.extend((value.len() as u64).to_le_bytes());
            export.extend(*value);
            export.push(b'\n');
        }
        export.push(b'\n');
    }
    let child = Command::new(WRITER)
        .args([Path::new("-o"), file, Path::new("-")])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.expect("needs systemd-journal-remote: apt-get install -y systemd-journal-remote");
    child.stdin.take().unwrap().write_all(&export).unwrap();
    let done = child.wait_with_output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}
