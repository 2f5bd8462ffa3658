//! A jail's queue of tasks and the thread that works it off, in order, with retries.

/// Something to be done by a jail's actions.
#[derive(Debug)]
pub enum Task {}

/// What came of a task.
#[derive(Debug, Clone)]
pub enum Outcome {}

/// Told what came of each task, on the queue's thread.
pub trait Report: Send {}

/// How a queue stands.
#[derive(Debug, Clone, Copy, Default)]
pub struct QueueStatus {}

/// A jail's queue.
#[derive(Debug)]
pub struct Queue {}
