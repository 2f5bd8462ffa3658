//! How much may be put together from a configuration: values can multiply each other, and a few lines could ask for
//! more text than a machine holds, or for hours.

use std::cell::Cell;
use std::rc::Rc;

/// Bytes of text that may be handled while one configuration is read. The whole stock configuration with all of its
/// jails takes a twentieth of it.
const BYTES: usize = 256 << 20;

/// What one more step costs, however little text it handles.
const STEP: usize = 512;

/// What is left for one configuration; its copies share it.
#[derive(Debug, Clone)]
pub(crate) struct Budget(Rc<Cell<usize>>);

impl Default for Budget {
    fn default() -> Self {
        Budget(Rc::new(Cell::new(BYTES)))
    }
}

impl Budget {
    /// Takes a step that handles some bytes; false when there is nothing left for it.
    pub(crate) fn spend(&self, bytes: usize) -> bool {
        let left = self.0.get().checked_sub(bytes.saturating_add(STEP));
        self.0.set(left.unwrap_or(0));
        left.is_some()
    }
}
