//! Framing on the stream: each message ends in a marker.
use std::io::{self, Read};

/// Ends every request and reply.
pub const END: &[u8] = b"<F2B_END_COMMAND>";
/// Sent in place of a request to close the connection.
pub const CLOSE: &[u8] = b"<F2B_CLOSE_COMMAND>";

const CHUNK: usize = 16 << 10;

/// Splits a byte stream into messages.
#[derive(Debug)]
pub struct Frames<R> {
    inner: R,
    limit: usize,
    buffer: Vec<u8>,
    /// No marker begins before this place of the buffer.
    searched: usize,
}

impl<R: Read> Frames<R> {
    /// Messages longer than `limit` bytes are an error.
    pub fn new(inner: R, limit: usize) -> Self {
        Frames {
            inner,
            limit,
            buffer: Vec::new(),
            searched: 0,
        }
    }

    /// The stream beneath, to write answers to it.
    pub fn get_mut(&mut self) -> &mut R {
        &mut self.inner
    }

    /// The stream beneath.
    pub fn get_ref(&self) -> &R {
        &self.inner
    }

    /// The next message without its marker; `None` at the end of the stream or when the peer closed with [`CLOSE`].
    ///
    /// # Errors
    /// `UnexpectedEof` when the stream ends within a message, `InvalidData` when it is longer than the limit, and
    /// what reading gave. After a timeout (`WouldBlock`) it can be called again: nothing read so far is lost.
    pub fn next_frame(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some(at) = self.marker() {
                let rest = self.buffer.split_off(at + END.len());
                let mut message = std::mem::replace(&mut self.buffer, rest);
                message.truncate(at);
                self.searched = 0;
                if message.len() > self.limit {
                    return Err(self.too_long());
                }
                return Ok((message != CLOSE).then_some(message));
            }
            if self.buffer.len() >= self.limit.saturating_add(END.len()) {
                return Err(self.too_long());
            }
            if !self.fill()? {
                return if self.buffer.is_empty() {
                    Ok(None)
                } else {
                    Err(io::ErrorKind::UnexpectedEof.into())
                };
            }
        }
    }

    fn too_long(&self) -> io::Error {
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("message is longer than {} bytes", self.limit),
        )
    }

    fn marker(&mut self) -> Option<usize> {
        let unsearched = self.buffer.get(self.searched..).unwrap_or_default();
        let found = unsearched.windows(END.len()).position(|window| window == END);
        match found {
            Some(at) => Some(self.searched + at),
            None => {
                self.searched = (self.buffer.len() + 1).saturating_sub(END.len());
                None
            }
        }
    }

    /// Whether there was anything more.
    fn fill(&mut self) -> io::Result<bool> {
        let old = self.buffer.len();
        self.buffer.resize(old + CHUNK, 0);
        let read = loop {
            match self.inner.read(self.buffer.get_mut(old..).unwrap_or_default()) {
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        self.buffer.truncate(old + *read.as_ref().unwrap_or(&0));
        Ok(read? > 0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    /// Gives its bytes in pieces of a set size.
    struct Dripping<'a>(&'a [u8], usize);

    impl Read for Dripping<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(into.len()).min(self.0.len());
            into[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn messages_come_out_as_they_went_in_however_the_stream_is_cut(
            messages in prop::collection::vec(prop::collection::vec(0u8..=127, 0..60), 0..6),
            piece in 1usize..40,
        ) {
            let stream: Vec<u8> = messages.iter().flat_map(|message| [message.as_slice(), END].concat()).collect();
            let mut frames = Frames::new(Dripping(&stream, piece), 1000);
            for message in &messages {
                let got = frames.next_frame().unwrap();
                prop_assert_eq!(got.as_ref(), Some(message));
            }
            prop_assert_eq!(frames.next_frame().unwrap(), None);
        }
    }

    #[test]
    fn a_peer_that_closes_ends_the_messages() {
        let stream = [b"x".as_slice(), END, CLOSE, END, b"y", END].concat();
        let mut frames = Frames::new(stream.as_slice(), 100);
        assert_eq!(frames.next_frame().unwrap().unwrap(), b"x");
        assert_eq!(frames.next_frame().unwrap(), None);
    }

    #[test]
    fn a_message_without_end_is_refused_at_the_limit() {
        let mut frames = Frames::new(io::repeat(b'x'), 1 << 20);
        assert_eq!(frames.next_frame().unwrap_err().kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn a_stream_that_ends_within_a_message_is_an_error() {
        let mut frames = Frames::new(b"half".as_slice(), 100);
        assert_eq!(frames.next_frame().unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}
