//! The words of a command, read with care: a client may send anything.
use super::Failure;
use bantam_conf::Seconds;
use bantam_wire::Value;

/// The words of a command.
#[derive(Clone, Copy)]
pub(super) struct Words<'a>(pub &'a [Value]);

impl<'a> Words<'a> {
    pub(super) fn len(self) -> usize {
        self.0.len()
    }

    /// The words from one on.
    pub(super) fn rest(self, from: usize) -> &'a [Value] {
        self.0.get(from..).unwrap_or_default()
    }

    fn at(self, index: usize) -> Result<&'a Value, Failure> {
        self.0
            .get(index)
            .ok_or_else(|| Failure::plain("IndexError", "list index out of range"))
    }

    /// A word as text; numbers and truth values as Python prints them.
    pub(super) fn text(self, index: usize) -> Result<String, Failure> {
        text_of(self.at(index)?)
    }

    /// There is such a word.
    pub(super) fn needs(self, index: usize) -> Result<(), Failure> {
        self.at(index).map(|_| ())
    }

    /// The words from one on, each as text.
    pub(super) fn texts(self, from: usize) -> Result<Vec<String>, Failure> {
        self.rest(from).iter().map(text_of).collect()
    }

    /// A whole number.
    pub(super) fn integer(self, index: usize) -> Result<i64, Failure> {
        match self.at(index)? {
            Value::Int(number) => Ok(*number),
            Value::Float(number) => Ok(*number as i64),
            Value::Bool(truth) => Ok(i64::from(*truth)),
            other => {
                let text = text_of(other)?;
                whole(text.trim()).ok_or_else(|| {
                    let shown = bantam_wire::repr::repr(&Value::Str(text));
                    Failure::value(format!("invalid literal for int() with base 10: {shown}"))
                })
            }
        }
    }

    /// A number.
    pub(super) fn number(self, index: usize) -> Result<f64, Failure> {
        let text = self.text(index)?;
        text.trim()
            .parse()
            .map_err(|_| Failure::value(format!("could not convert string to float: '{text}'")))
    }

    /// A duration: a number, or text such as `1h 30m`.
    pub(super) fn seconds(self, index: usize) -> Result<Seconds, Failure> {
        bantam_conf::seconds_exact(&self.text(index)?).map_err(Failure::value)
    }

    /// `true`, `yes`, `on`, `1` and their like.
    pub(super) fn truth(self, index: usize) -> Result<bool, Failure> {
        Ok(crate::text::is_true(&self.text(index)?))
    }

    /// A list.
    pub(super) fn list(self, index: usize) -> Result<&'a [Value], Failure> {
        match self.at(index)? {
            Value::List(items) | Value::Tuple(items) => Ok(items),
            other => Err(Failure::value(format!(
                "a list was expected, not {}",
                bantam_wire::repr::repr(other)
            ))),
        }
    }
}

/// A whole number as Python reads it: a sign, digits, single underscores between them. What is too large for us is the
/// largest that we have.
pub(super) fn whole(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix(['-', '+']) {
        Some(digits) => (text.starts_with('-'), digits),
        None => (false, text),
    };
    let groups_are_digits = digits
        .split('_')
        .all(|group| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit()));
    if !groups_are_digits {
        return None;
    }
    let number = digits.replace('_', "").parse::<i64>().unwrap_or(i64::MAX);
    Some(if negative { -number } else { number })
}

/// A value as text.
pub(super) fn text_of(value: &Value) -> Result<String, Failure> {
    match value {
        Value::Str(text) => Ok(text.clone()),
        Value::None => Ok(String::new()),
        Value::Int(_) | Value::Float(_) | Value::Bool(_) => Ok(bantam_wire::repr::repr(value)),
        other => Err(Failure::value(format!(
            "text was expected, not {}",
            bantam_wire::repr::repr(other)
        ))),
    }
}
