//! Messages on the control socket.

use bantam_wire::Value;
use bantam_wire::frame::{END, Frames};
use bantam_wire::{pickle as codec, repr};
use std::io::{self, Read};

/// No bytes do more than become a value or an error; a value survives the way to the other side.
///
/// Input: the bytes of a pickle, or of a stream of them.
pub fn pickle(data: &[u8]) {
    if let Ok(value) = codec::decode(data) {
        let sent = codec::encode(&value);
        match codec::decode(&sent) {
            Ok(received) => assert!(is_same(&value, &received), "{value:?} became {received:?}"),
            Err(error) => panic!("{value:?} is not read back: {error}"),
        }
        assert!(
            has_marker(&value) || !holds(&sent, END),
            "{value:?} ends its own message"
        );
    }
    if let Ok(value) = codec::decode_reply(data) {
        let shown = repr::repr(&value);
        assert!(!shown.contains(['\n', '\r', '\u{1b}']), "{shown:?}");
        let _ = repr::display(&value);
        let sent = codec::encode(&value);
        if is_plain(&value) {
            let received = codec::decode_reply(&sent);
            assert!(received.is_ok_and(|received| is_same(&value, &received)), "{value:?}");
        }
    }
    for piece in [1, 7, usize::MAX] {
        let mut frames = Frames::new(Pieces(data, piece), 1000);
        while let Ok(Some(frame)) = frames.next_frame() {
            assert!(frame.len() <= 1000 && !holds(&frame, END));
        }
    }
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// Equal to the bit, for numbers that are none as well.
fn is_same(one: &Value, other: &Value) -> bool {
    let all = |one: &[Value], other: &[Value]| {
        one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same(one, other))
    };
    match (one, other) {
        (Value::Float(one), Value::Float(other)) => one.to_bits() == other.to_bits(),
        (Value::List(one), Value::List(other)) | (Value::Tuple(one), Value::Tuple(other)) => all(one, other),
        (Value::Dict(one), Value::Dict(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other)
                    .all(|(one, other)| is_same(&one.0, &other.0) && is_same(&one.1, &other.1))
        }
        (
            Value::Exception { module, class, args },
            Value::Exception {
                module: other_module,
                class: other_class,
                args: other_args,
            },
        ) => module == other_module && class == other_class && all(args, other_args),
        _ => one == other,
    }
}

fn parts(value: &Value) -> Vec<&Value> {
    match value {
        Value::List(items) | Value::Tuple(items) | Value::Exception { args: items, .. } => items.iter().collect(),
        Value::Dict(pairs) => pairs.iter().flat_map(|(key, value)| [key, value]).collect(),
        _ => Vec::new(),
    }
}

/// Whether bytes in it hold the marker. Only texts are protected from it: no reply of a server has bytes.
fn has_marker(value: &Value) -> bool {
    matches!(value, Value::Bytes(bytes) if holds(bytes, END)) || parts(value).into_iter().any(has_marker)
}

/// Without names of classes that are none and so are not sent as they came.
fn is_plain(value: &Value) -> bool {
    let is_name =
        |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._".contains(&b));
    let named = match value {
        Value::Exception { module, class, .. } => is_name(module) && is_name(class) && module != "exceptions",
        _ => true,
    };
    named && parts(value).into_iter().all(is_plain)
}

/// A stream that comes in pieces.
struct Pieces<'a>(&'a [u8], usize);

impl Read for Pieces<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.1.min(into.len()).min(self.0.len());
        let (now, later) = self.0.split_at(count);
        if let Some(into) = into.get_mut(..count) {
            into.copy_from_slice(now);
        }
        self.0 = later;
        Ok(count)
    }
}
