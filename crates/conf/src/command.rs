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
    /// For `addfailregex` and `addignoreregex`: the place of each expression, in their order. Empty otherwise.
    pub line_places: Vec<Option<Place>>,
}

impl Command {
    /// A command that came from a place.
    pub fn new(words: Vec<Value>, place: Option<Place>) -> Self {
        Command {
            words,
            place,
            line_places: Vec::new(),
        }
    }

    /// `["set", jail, ...]`
    pub(crate) fn set(jail: &str, words: impl IntoIterator<Item = Value>, place: Option<Place>) -> Self {
        let words = [Value::from("set"), Value::from(jail)]
            .into_iter()
            .chain(words)
            .collect();
        Command::new(words, place)
    }
}
