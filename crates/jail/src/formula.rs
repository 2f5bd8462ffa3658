//! The arithmetic that `bantime.factor` and `bantime.formula` are written in: a small part of Python, evaluated
//! here and never executed.

/// An expression, parsed.
#[derive(Debug, Clone, PartialEq)]
pub struct Formula {}

/// Why an expression cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct FormulaError {
    /// In one sentence, with what would be right.
    pub message: String,
    /// Byte in the expression, where known.
    pub at: Option<usize>,
}

impl Formula {
    /// Parses an expression over `ban.Time`, `ban.Count`, `banFactor`, `math.*` and `random.*`.
    pub fn parse(_source: &str) -> Result<Self, FormulaError> {
        todo!()
    }
    /// Its value. `luck` gives numbers in [0, 1).
    pub fn value(
        &self,
        _time: f64,
        _count: u32,
        _factor: f64,
        _luck: &mut dyn FnMut() -> f64,
    ) -> Result<f64, FormulaError> {
        todo!()
    }
}
