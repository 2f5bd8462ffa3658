//! How an expression is searched, in words.
use super::subject::Subject;

/// As it is written in JSON.
pub fn kind(subject: &Subject) -> &'static str {
    match subject.literal() {
        Some(_) => "literal_first",
        None => "every_line",
    }
}

/// In one line.
pub fn words(subject: &Subject) -> String {
    match subject.literal() {
        Some(_) => "only lines that hold its literal are searched".to_owned(),
        None => "every line is searched, since no literal that all matches hold is worth looking for".to_owned(),
    }
}

/// Why it is so.
pub fn reasons(_subject: &Subject) -> Vec<String> {
    Vec::new()
}
