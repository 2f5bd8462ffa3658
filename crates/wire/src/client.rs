//! The asking end of the control socket.
use crate::Value;
use std::path::Path;
use std::time::Duration;

/// What the server answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// The command's result.
    Ok(Value),
    /// The exception that the server raised: class name and message.
    Error {
        /// `ValueError`, `UnknownJailException`, …
        class: String,
        /// `str()` of the exception
        message: String,
    },
}

/// Why no answer came.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The socket could not be reached, or broke.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The answer made no sense.
    #[error("{0}")]
    Decode(#[from] crate::pickle::DecodeError),
}

/// A connection to a running server.
#[derive(Debug)]
pub struct Connection {}

impl Connection {
    /// Connects to the socket at `path`; `timeout` applies to each read and write, none means for ever.
    pub fn open(_path: &Path, _timeout: Option<Duration>) -> Result<Self, ClientError> {
        todo!()
    }

    /// Sends one command (a list of words) and waits for its answer.
    pub fn send(&mut self, _command: &[Value]) -> Result<Reply, ClientError> {
        todo!()
    }
}
