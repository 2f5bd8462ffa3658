//! The bell that ends a [`crate::Reader`]'s sleep from another thread.

use rustix::event::{EventfdFlags, eventfd};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use std::io;
use std::sync::Arc;

/// Wakes a [`crate::Reader`] that waits, from another thread.
#[derive(Debug, Clone)]
pub struct Waker {
    counter: Arc<OwnedFd>,
}

impl Waker {
    pub(crate) fn new() -> io::Result<Self> {
        let counter = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Self {
            counter: Arc::new(counter),
        })
    }

    /// Makes a waiting (or the next) [`crate::Reader::wait`] return.
    pub fn wake(&self) {
        // A full counter means that a wake is pending already.
        let _ = rustix::io::write(&self.counter, &1u64.to_ne_bytes());
    }

    /// Forgets the wakes so far.
    pub(crate) fn clear(&self) {
        let mut count = [0u8; 8];
        // It fails where there were none.
        let _ = rustix::io::read(&self.counter, &mut count);
    }
}

impl AsFd for Waker {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.counter.as_fd()
    }
}
