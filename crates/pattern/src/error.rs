//! Why an expression cannot be used.
use std::ops::Range;

/// An expression that does not compile, with the place in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PatternError {
    /// What is wrong, in one sentence.
    pub message: String,
    /// Bytes of the expression as the user wrote it, where they are known.
    pub span: Option<Range<usize>>,
    /// What would be right.
    pub hint: Option<String>,
}
