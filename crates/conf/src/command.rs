//! One command of the stream.
use crate::Place;
use bantam_wire::Value;

/// A command as the server receives it (`["set", "sshd", "maxretry", 5]`), and the place that asked for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    /// The words, exactly as the original's client sends them.
    pub words: Vec<Value>,
    /// The option (or the line of a multi-line option) that it came from.
    pub place: Option<Place>,
}
