//! The asking end of the control socket.
use crate::frame::{CLOSE, END, Frames};
use crate::{Value, exception, pickle, repr};
use std::io::{self, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// Longer replies are refused. A jail with a million bans answers with some 20 MB.
const REPLY_LIMIT: usize = 256 << 20;

/// What the server answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// The command's result.
    Ok(Value),
    /// The exception that the server raised: class name and message.
    Error {
        /// `ValueError`, `UnknownJailException`, …; empty when the server said something that is no exception
        class: String,
        /// `str()` of the exception
        message: String,
        /// `args` of the exception
        args: Vec<Value>,
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

/// A connection to a running server. Says good-bye when it is dropped.
#[derive(Debug)]
pub struct Connection {
    frames: Frames<UnixStream>,
}

impl Connection {
    /// Connects to the socket at `path`; `timeout` applies to each read and write, none means for ever.
    pub fn open(path: &Path, timeout: Option<Duration>) -> Result<Self, ClientError> {
        let connection = Connection {
            frames: Frames::new(UnixStream::connect(path)?, REPLY_LIMIT),
        };
        connection.set_timeout(timeout)?;
        Ok(connection)
    }

    /// How long each read and write may take from now on; none means for ever.
    pub fn set_timeout(&self, timeout: Option<Duration>) -> Result<(), ClientError> {
        // A timeout of zero is refused by the system; the shortest one is what it means.
        let timeout = timeout.map(|timeout| timeout.max(Duration::from_micros(1)));
        self.frames.get_ref().set_read_timeout(timeout)?;
        self.frames.get_ref().set_write_timeout(timeout)?;
        Ok(())
    }

    /// Sends one command (a list of words) and waits for its answer.
    pub fn send(&mut self, command: &[Value]) -> Result<Reply, ClientError> {
        let mut message = pickle::encode(&Value::List(command.to_vec()));
        message.extend(END);
        self.frames.get_mut().write_all(&message)?;
        match self.frames.next_frame()? {
            Some(reply) => Ok(understand(pickle::decode_reply(&reply)?)),
            None => Err(io::Error::from(io::ErrorKind::ConnectionReset).into()),
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let stream = self.frames.get_mut();
        // Nobody waits for this; a server that is gone needs no good-bye.
        let _ = stream.write_all(&[CLOSE, END].concat());
        let _ = stream.shutdown(Shutdown::Both);
    }
}

/// A reply is a pair of a code, 0 for success, and a value; a server that could not read the request sends a text.
fn understand(reply: Value) -> Reply {
    let (code, value) = match reply {
        Value::Tuple(pair) | Value::List(pair) => match <[Value; 2]>::try_from(pair) {
            Ok([code, value]) => (code, value),
            Err(other) => return no_exception(&Value::List(other)),
        },
        other => return no_exception(&other),
    };
    match (code, value) {
        (Value::Int(0) | Value::Bool(false), value) => Reply::Ok(value),
        (_, Value::Exception { module, class, args }) => {
            let message = exception::message(&module, &class, &args);
            let args = exception::shown_args(&module, &class, &args).to_vec();
            Reply::Error { class, message, args }
        }
        (_, other) => no_exception(&other),
    }
}

fn no_exception(value: &Value) -> Reply {
    Reply::Error {
        class: String::new(),
        message: repr::display(value),
        args: vec![value.clone()],
    }
}
