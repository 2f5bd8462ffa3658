#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod parsing;
mod reading;
mod selecting;
