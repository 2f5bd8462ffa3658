//! The connection to a mail server: every read and write on it ends at one point in time at the latest.
use super::smtp::MailError;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

/// How long a name may take to become an address, and one address to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// A socket with an end to all waiting.
#[derive(Debug)]
pub(super) struct Timed {
    socket: TcpStream,
    deadline: Instant,
}

impl Timed {
    fn left(&self) -> io::Result<Option<Duration>> {
        match self.deadline.checked_duration_since(Instant::now()) {
            Some(left) if !left.is_zero() => Ok(Some(left)),
            _ => Err(io::ErrorKind::TimedOut.into()),
        }
    }
}

/// What the system says when a socket's time limit is over.
fn timed_out(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::WouldBlock => io::ErrorKind::TimedOut.into(),
        _ => error,
    }
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.socket.set_read_timeout(self.left()?)?;
        self.socket.read(buffer).map_err(timed_out)
    }
}

impl Write for Timed {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.socket.set_write_timeout(self.left()?)?;
        self.socket.write(buffer).map_err(timed_out)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}

/// The same, in the clear or not.
#[derive(Debug)]
pub(super) enum Stream {
    Plain(Timed),
    Tls(Box<StreamOwned<ClientConnection, Timed>>),
}

impl Stream {
    /// Connects to the first of the host's addresses that answers.
    pub(super) fn connect(host: &str, port: u16, deadline: Instant) -> Result<Self, MailError> {
        let unreachable = |why: String| MailError::Unreachable(why);
        let mut last = format!("{host} has no address");
        for address in addresses(host, port, deadline)? {
            let left = deadline.saturating_duration_since(Instant::now()).min(PATIENCE);
            if left.is_zero() {
                return Err(unreachable(format!("no time left for {address}; {last}")));
            }
            match TcpStream::connect_timeout(&address, left) {
                Ok(socket) => {
                    let _ = socket.set_nodelay(true);
                    return Ok(Self::Plain(Timed { socket, deadline }));
                }
                Err(error) => last = format!("{address}: {error}"),
            }
        }
        Err(unreachable(last))
    }

    /// Goes on in TLS; the server must prove that it is `host`.
    pub(super) fn secured(self, host: &str, config: Arc<ClientConfig>) -> Result<Self, MailError> {
        let socket = match self {
            Self::Plain(socket) => socket,
            secure @ Self::Tls(_) => return Ok(secure),
        };
        let name = rustls::pki_types::ServerName::try_from(host.to_owned())
            .map_err(|_| MailError::Tls(format!("{host:?} is no name that a certificate could have")))?;
        let connection = ClientConnection::new(config, name).map_err(|error| MailError::Tls(error.to_string()))?;
        let mut stream = StreamOwned::new(connection, socket);
        while stream.conn.is_handshaking() {
            let done = stream.conn.complete_io(&mut stream.sock);
            done.map_err(
                |error| match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
                    Some(error) => MailError::Tls(super::trust::explained(error)),
                    None => MailError::Lost(error),
                },
            )?;
        }
        Ok(Self::Tls(Box::new(stream)))
    }

    /// From now on nothing is waited for any longer than this.
    pub(super) fn hurry(&mut self, longest: Duration) {
        let timed = match self {
            Self::Plain(timed) => timed,
            Self::Tls(stream) => &mut stream.sock,
        };
        timed.deadline = timed.deadline.min(Instant::now() + longest);
    }

    /// Says that nothing more comes, where there is a way to say it.
    pub(super) fn close(&mut self) {
        if let Self::Tls(stream) = self {
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(buffer),
            Self::Tls(stream) => stream.write(buffer),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}

/// The system's resolver knows no time limit, so it is asked on a thread of its own.
fn addresses(host: &str, port: u16, deadline: Instant) -> Result<Vec<SocketAddr>, MailError> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let (answer, wait) = mpsc::channel();
    let asked = (host.to_owned(), port);
    let begun = std::thread::Builder::new().name("names".to_owned()).spawn(move || {
        let _ = answer.send(asked.to_socket_addrs().map(|found| found.collect::<Vec<_>>()));
    });
    begun.map_err(MailError::Lost)?;
    let left = deadline.saturating_duration_since(Instant::now()).min(PATIENCE);
    match wait.recv_timeout(left) {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) => Err(MailError::Unreachable(format!("{host}: {error}"))),
        Err(_) => Err(MailError::Unreachable(format!(
            "{host}: the name was not resolved in time"
        ))),
    }
}
