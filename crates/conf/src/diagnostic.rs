//! What is wrong in a configuration, and how a person is told.
use crate::Place;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Something cannot run.
    Error,
    /// It runs, but probably not as meant.
    Warning,
}

/// One finding in the configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Where, when it has a place.
    pub place: Option<Place>,
    /// How many characters from `place` on are meant, at least 1.
    pub length: u32,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What would be right.
    pub hint: Option<String>,
    /// The jail that cannot run because of it.
    pub jail: Option<String>,
}

impl Diagnostic {
    /// The finding as a good compiler shows it: message, file:line:column, the source line with a marker, hint.
    pub fn render(&self, _colour: bool) -> String {
        todo!()
    }
}
