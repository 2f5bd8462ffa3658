//! How an expression is searched, in words.
use super::subject::Subject;

/// As it is written in JSON.
pub fn kind(_subject: &Subject) -> &'static str {
    "engine"
}

/// In one line.
pub fn words(subject: &Subject) -> String {
    match subject.literal() {
        Some(_) => "a search for its literal, then the engine".to_owned(),
        None => "the engine, on every line".to_owned(),
    }
}

/// Why it is so.
pub fn reasons(_subject: &Subject) -> Vec<String> {
    Vec::new()
}
