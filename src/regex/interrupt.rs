//! Ctrl-C: what was found so far is written before the end, as the original's buffers are.
use super::run::Stop;
use signal_hook::consts::SIGINT;
use signal_hook::flag;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Tells whether Ctrl-C was pressed; a second one ends at once.
#[derive(Debug)]
pub struct Interrupt {
    came: Arc<AtomicBool>,
}

impl Interrupt {
    /// Begins to watch.
    pub fn watch() -> Self {
        let came = Arc::new(AtomicBool::new(false));
        // Without a handler Ctrl-C just ends the process, as always. The second is registered first: it must not see
        // the flag that the first press is about to set.
        let _ = flag::register_conditional_default(SIGINT, Arc::clone(&came))
            .and_then(|_| flag::register(SIGINT, Arc::clone(&came)));
        Interrupt { came }
    }

    /// Whether it was pressed.
    pub fn came(&self) -> bool {
        self.came.load(Ordering::Relaxed)
    }

    /// Ends, if it was pressed.
    pub fn check(&self) -> Result<(), Stop> {
        match self.came() {
            true => Err(Stop::Interrupted),
            false => Ok(()),
        }
    }
}

/// Ends as a program ends that lets the signal through, so that a script's loop ends too.
pub fn die() {
    let _ = signal_hook::low_level::emulate_default_handler(SIGINT);
}
