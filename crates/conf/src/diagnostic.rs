//! What is wrong in a configuration, and how a person is told.
use crate::{Place, render};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
    /// The jail that cannot run because of it. None when it concerns several, or none.
    pub jail: Option<String>,
}

impl Diagnostic {
    /// The finding as a good compiler shows it: message, file:line:column, the source line with a marker, hint.
    ///
    /// The source line is read from the file again; when it can't be, message and place remain. Characters that
    /// would steer a terminal are shown escaped, values of secrets masked. Does not end in a line break.
    pub fn render(&self, colour: bool) -> String {
        render::render(self, colour)
    }
}
