//! How exceptions that came over the socket read: `args` and `str()` as Python gives them.
use crate::{Value, repr};

/// The arguments that Python keeps in `args`: an `OSError` puts what follows number and text elsewhere.
pub fn shown_args<'a>(module: &str, class: &str, args: &'a [Value]) -> &'a [Value] {
    match args {
        [_, _, _, ..] if is_os_error(module, class) && args.len() <= 5 => args.get(..2).unwrap_or(args),
        _ => args,
    }
}

/// `str()` of an exception.
pub fn message(module: &str, class: &str, args: &[Value]) -> String {
    match args {
        [] => String::new(),
        [key] if is_key_error(module, class) => repr::repr(key),
        [only] => repr::display(only),
        [errno, text, rest @ ..] if is_os_error(module, class) && args.len() <= 5 => {
            let start = format!("[Errno {}] {}", repr::display(errno), repr::display(text));
            match rest {
                [] | [Value::None, ..] => start,
                [file] | [file, _] | [file, _, Value::None] => {
                    format!("{start}: {}", repr::repr(file))
                }
                [file, _, other, ..] => {
                    format!("{start}: {} -> {}", repr::repr(file), repr::repr(other))
                }
            }
        }
        [
            encoding,
            Value::Bytes(bytes),
            Value::Int(start),
            Value::Int(end),
            reason,
        ] if module == "builtins" && class == "UnicodeDecodeError" => {
            decode_error(encoding, bytes, *start, *end, reason)
        }
        several => repr::tuple(several),
    }
}

fn decode_error(encoding: &Value, bytes: &[u8], start: i64, end: i64, reason: &Value) -> String {
    let (encoding, reason) = (repr::display(encoding), repr::display(reason));
    let byte = usize::try_from(start).ok().and_then(|at| bytes.get(at));
    match byte {
        Some(byte) if end == start.saturating_add(1) => {
            format!("'{encoding}' codec can't decode byte 0x{byte:02x} in position {start}: {reason}")
        }
        _ => format!(
            "'{encoding}' codec can't decode bytes in position {start}-{}: {reason}",
            end.saturating_sub(1)
        ),
    }
}

/// Python shows the missing key of these as it would write it.
fn is_key_error(module: &str, class: &str) -> bool {
    matches!(
        (module, class),
        ("builtins", "KeyError") | ("fail2ban.exceptions", "UnknownJailException")
    )
}

fn is_os_error(module: &str, class: &str) -> bool {
    const NAMES: [&str; 19] = [
        "OSError",
        "IOError",
        "EnvironmentError",
        "BlockingIOError",
        "ChildProcessError",
        "ConnectionError",
        "BrokenPipeError",
        "ConnectionAbortedError",
        "ConnectionRefusedError",
        "ConnectionResetError",
        "FileExistsError",
        "FileNotFoundError",
        "InterruptedError",
        "IsADirectoryError",
        "NotADirectoryError",
        "PermissionError",
        "ProcessLookupError",
        "TimeoutError",
        "error",
    ];
    module == "builtins" && NAMES.contains(&class)
}
