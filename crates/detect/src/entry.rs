//! An entry of the systemd journal as the line that a filter sees, and its moment beside it.
use bantam_pattern::Time;

/// A journal entry as a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryLine {
    /// Its moment as the original writes it in front of the line, `2026-01-31T23:59:59.123456+01:00`.
    pub iso: String,
    /// The same as a number.
    pub time: Time,
    /// The line without it.
    pub text: String,
}
