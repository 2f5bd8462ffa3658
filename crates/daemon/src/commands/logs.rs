//! `set JAIL addlogpath`: files that a jail reads.
use super::Failure;
use super::words::Words;
use crate::live::LiveJail;
use crate::server::Server;
use bantam_wire::Value;
use std::sync::Arc;

/// Adds a file. By hand, it must be there. A configuration may name one that is still to come.
pub(super) fn add_log(server: &Server, jail: &Arc<LiveJail>, words: Words<'_>, by_hand: bool) -> Result<(), Failure> {
    let path = words.text(3)?;
    if by_hand {
        check_readable(&path)?;
    }
    server.add_log(jail, &path, tail(words)?);
    Ok(())
}

/// Whether only what is written to a file from now on counts.
pub(super) fn tail(words: Words<'_>) -> Result<bool, Failure> {
    match words.rest(4) {
        [] => Ok(false),
        [one] => match one.as_str().unwrap_or_default().to_lowercase().as_str() {
            "tail" => Ok(true),
            "head" => Ok(false),
            _ => Err(Failure::value("File option must be 'head' or 'tail'")),
        },
        _ => Err(Failure::value("Only one file can be added at a time")),
    }
}

/// Fails as opening the file in Python does.
fn check_readable(path: &str) -> Result<(), Failure> {
    let opened = std::fs::File::open(path).and_then(|file| file.metadata());
    let error = match opened {
        Ok(meta) if meta.is_dir() => std::io::Error::from_raw_os_error(rustix::io::Errno::ISDIR.raw_os_error()),
        Ok(_) => return Ok(()),
        Err(error) => error,
    };
    let class = match error.kind() {
        std::io::ErrorKind::NotFound => "FileNotFoundError",
        std::io::ErrorKind::PermissionDenied => "PermissionError",
        std::io::ErrorKind::IsADirectory => "IsADirectoryError",
        _ => "OSError",
    };
    let number = error.raw_os_error().unwrap_or_default();
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    Err(Failure {
        module: "builtins",
        class,
        args: vec![Value::Int(i64::from(number)), Value::from(text), Value::from(path)],
    })
}
