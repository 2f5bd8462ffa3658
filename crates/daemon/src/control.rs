//! The control socket: each connection has a thread, each message is one command and gets one answer.
use crate::commands::{self, Failure};
use crate::log::Module;
use crate::server::{Server, make_parent};
use bantam_wire::frame::{END, Frames};
use bantam_wire::{Value, pickle};
use std::io::Write;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Connections at the same time; more wait for a place.
const CONNECTIONS: usize = 64;
/// A command stream of many thousand filters stays far below this.
const MESSAGE_LIMIT: usize = 64 * 1024 * 1024;
/// A peer that reads no answers is given up.
const WRITE_PATIENCE: Duration = Duration::from_secs(30);

/// Why the socket cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// Somebody answers on it.
    #[error("Server already running")]
    AlreadyRunning,
    /// The system's words.
    #[error("Unable to bind socket {path}: {source}")]
    Bind {
        /// The socket.
        path: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
}

/// The socket, bound but not yet answered on.
#[derive(Debug)]
pub(crate) struct Socket {
    listener: UnixListener,
    path: PathBuf,
    /// It is the service manager's, which keeps it when this process ends.
    pub(crate) inherited: bool,
}

impl Socket {
    pub(crate) fn open(path: &Path, force: bool) -> Result<Self, ControlError> {
        let bind = |source| ControlError::Bind {
            path: path.to_owned(),
            source,
        };
        if let Some(listener) = inherited().map_err(bind)? {
            return Ok(Socket {
                listener,
                path: path.to_owned(),
                inherited: true,
            });
        }
        make_parent(path).map_err(bind)?;
        if path.exists() {
            // A socket that nobody answers on is what an unclean end left behind.
            if !force && UnixStream::connect(path).is_ok() {
                return Err(ControlError::AlreadyRunning);
            }
            std::fs::remove_file(path).map_err(bind)?;
        }
        let listener = UnixListener::bind(path).map_err(bind)?;
        Ok(Socket {
            listener,
            path: path.to_owned(),
            inherited: false,
        })
    }

    /// Answers from now on, until the process ends.
    pub(crate) fn answer(self, server: Arc<Server>) -> Result<(), ControlError> {
        let Socket { listener, path, .. } = self;
        std::thread::Builder::new()
            .name("control".to_owned())
            .spawn(move || accept(&listener, &server))
            .map(drop)
            .map_err(|source| ControlError::Bind { path, source })
    }
}

/// The socket that systemd opened for this process: the one named `fail2ban`, else the first (`sd_listen_fds(3)`).
fn inherited() -> std::io::Result<Option<UnixListener>> {
    let variable = |name| std::env::var(name).unwrap_or_default();
    if variable("LISTEN_PID") != std::process::id().to_string() {
        return Ok(None);
    }
    let names = variable("LISTEN_FDNAMES");
    let index = names.split(':').position(|name| name == "fail2ban").unwrap_or(0);
    let mut given = listenfd::ListenFd::from_env();
    let index = index.min(given.len().saturating_sub(1));
    let Some(listener) = given.take_unix_listener(index)? else {
        return Ok(None);
    };
    listener.set_nonblocking(false)?;
    Ok(Some(listener))
}

fn accept(listener: &UnixListener, server: &Arc<Server>) {
    let open = Arc::new(AtomicUsize::new(0));
    for stream in listener.incoming() {
        if server.is_stopping() {
            return;
        }
        let Ok(stream) = stream else {
            // Out of descriptors, most likely: wait for some to be freed.
            std::thread::sleep(Duration::from_millis(100));
            continue;
        };
        while open.load(Ordering::SeqCst) >= CONNECTIONS {
            std::thread::sleep(Duration::from_millis(20));
        }
        open.fetch_add(1, Ordering::SeqCst);
        let (count, server) = (Arc::clone(&open), Arc::clone(server));
        let spawned = std::thread::Builder::new().name("client".to_owned()).spawn(move || {
            converse(stream, &server);
            count.fetch_sub(1, Ordering::SeqCst);
        });
        if spawned.is_err() {
            open.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

fn converse(stream: UnixStream, server: &Server) {
    let _ = stream.set_write_timeout(Some(WRITE_PATIENCE));
    let Ok(mut out) = stream.try_clone() else { return };
    let mut frames = Frames::new(stream, MESSAGE_LIMIT);
    while let Ok(Some(frame)) = frames.next_frame() {
        let decoded = pickle::decode(&frame);
        let is_farewell = matches!(&decoded, Ok(Value::List(words)) if *words == [Value::from("stop")]);
        if is_farewell {
            server.expect_farewell();
        }
        let mut answer = pickle::encode(&reply(server, decoded));
        answer.extend_from_slice(END);
        let written = out.write_all(&answer);
        if is_farewell {
            server.said_farewell();
        }
        if written.is_err() {
            return;
        }
    }
}

fn reply(server: &Server, decoded: Result<Value, pickle::DecodeError>) -> Value {
    if server.is_stopping() {
        return Value::List(vec![Value::from("SHUTDOWN")]);
    }
    let words = match decoded {
        Ok(Value::List(words) | Value::Tuple(words)) => words,
        Ok(_) => return Value::Str("ERROR: a command is a list of words".to_owned()),
        Err(error) => {
            server.log.error(
                Module::Transmitter,
                format!("PROTO-error: load message failed: {error}"),
            );
            return Value::Str(format!("ERROR: {error}"));
        }
    };
    match commands::execute(server, &words) {
        Ok(value) => Value::Tuple(vec![Value::Int(0), value]),
        Err(failure) => {
            let command = bantam_wire::repr::repr(&Value::List(words));
            let command: String = command.chars().take(500).collect();
            server.log.error(
                Module::Transmitter,
                format!("Command {command} has failed. Received {failure}"),
            );
            Value::Tuple(vec![Value::Int(1), exception(failure)])
        }
    }
}

fn exception(failure: Failure) -> Value {
    Value::Exception {
        module: failure.module.to_owned(),
        class: failure.class.to_owned(),
        args: failure.args,
    }
}
