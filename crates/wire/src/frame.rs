//! Framing on the stream: each message ends in a marker.
use std::io::{self, Read};

/// Ends every request and reply.
pub const END: &[u8] = b"<F2B_END_COMMAND>";
/// Sent in place of a request to close the connection.
pub const CLOSE: &[u8] = b"<F2B_CLOSE_COMMAND>";

/// Splits a byte stream into messages.
#[derive(Debug)]
pub struct Frames<R> {
    _inner: R,
}

impl<R: Read> Frames<R> {
    /// Messages longer than `limit` bytes are an error.
    pub fn new(inner: R, _limit: usize) -> Self {
        Frames { _inner: inner }
    }

    /// The next message without its marker; `None` at the end of the stream or when the peer closed with [`CLOSE`].
    pub fn next_frame(&mut self) -> io::Result<Option<Vec<u8>>> {
        todo!()
    }
}
