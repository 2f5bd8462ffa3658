//! `repr()` of a value, as Python prints it.
use crate::Value;

/// The text that Python's `repr` gives.
pub fn repr(_value: &Value) -> String {
    todo!()
}
