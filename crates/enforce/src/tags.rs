//! `<tags>` in a command, and how captured bytes get into it without ever being executed.
use std::borrow::Cow;

/// Values of one ban for the tags of a command. Names come as written between the brackets (`ip`, `F-USER`, `matches`).
pub trait TagSource: Send + Sync {
    /// The value; none for an unknown name, which is then left as it stands (a missing `F-…` is empty).
    fn tag(&self, name: &str) -> Option<Cow<'_, str>>;
}

/// A command ready for `/bin/sh -c`: the text, and the values that it refers to by position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Text for the shell; untrusted values appear as variables only.
    pub text: String,
    /// Positional arguments (`$0`, `$1` …) of the shell.
    pub arguments: Vec<String>,
}

/// Substitutes a ban's values, each once and not recursively. A value that holds a character special to the shell is
/// passed as a positional argument, and stands in the text as `$f2bV_name`.
pub fn substitute(_text: &str, _values: &dyn TagSource) -> Command {
    todo!()
}
