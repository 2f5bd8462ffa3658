//! A jail's queue with real shells: order, retries, what is remembered, and the end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod bench;
mod ending;
mod pipeline;
mod retries;
mod running;
