//! A restricted pickle: encodes and decodes plain data, never executes anything.
//!
//! Fail2ban's client and server talk in pickles. Reading one with Python runs whatever the sender named in it;
//! here the opcodes are only ever read as a description of data. Names of classes are refused, except `str` of one
//! text (addresses travel so) and, in replies, the exceptions that a server raised, which become
//! [`Value::Exception`] without anything being looked up or called.

mod arena;
mod decode;
mod encode;
mod reader;
#[cfg(test)]
mod tests;

use crate::Value;
use arena::Accept;

/// Why bytes could not be read as a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DecodeError(pub String);

/// Writes a value so that Python's `pickle.loads` reads it.
///
/// A text that holds the end marker of the protocol is written with escapes, so that attacker-chosen words can't cut
/// a message in two. The value's depth is the caller's: what [`decode`] gave is always shallow enough.
pub fn encode(value: &Value) -> Vec<u8> {
    encode::encode(value)
}

/// Reads a request: a value that Python's `pickle.dumps` wrote (any protocol from 0 to 5).
///
/// Sets become lists. Integers beyond 64 bits, classes and functions, structures that contain themselves, nesting of
/// more than [`MAX_DEPTH`] and values of more than [`MAX_REQUEST_NODES`] parts or [`MAX_TEXT`] bytes are errors, and so are
/// values that are out of all proportion to their pickle. Half of a surrogate pair, which no Rust text can hold, becomes
/// U+FFFD.
pub fn decode(bytes: &[u8]) -> Result<Value, DecodeError> {
    decode::decode(bytes, Accept::PlainData)
}

/// Reads a server's reply: as [`decode`], and exceptions as [`Value::Exception`].
pub fn decode_reply(bytes: &[u8]) -> Result<Value, DecodeError> {
    decode::decode(bytes, Accept::Exceptions)
}

/// How deep lists may be nested.
pub const MAX_DEPTH: usize = 100;
/// How many values (list items, keys, texts, numbers) a request may hold, counted as often as they are repeated. The whole
/// stock configuration has some ten thousand.
pub const MAX_REQUEST_NODES: usize = 400_000;
/// How many values a reply may hold.
pub const MAX_REPLY_NODES: usize = 4_000_000;
/// How many bytes all texts of one message may have together, counted as often as they are repeated.
pub const MAX_TEXT: usize = 128 << 20;

/// An object may be used in many places, but only so many more values, and bytes of texts, may come of it than the
/// pickle has bytes: a short message must not take much memory or time.
const MOST_REPEATED: usize = 16;
const MOST_REPEATED_TEXT: usize = 256;
/// What any message may hold.
const FREE: usize = 1 << 16;

fn error<T>(text: impl Into<String>) -> Result<T, DecodeError> {
    Err(DecodeError(text.into()))
}
