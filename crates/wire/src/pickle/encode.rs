//! Writes values in protocol 3, which every Python 3 and every other reader of pickles knows.
use crate::Value;

pub(super) fn encode(value: &Value) -> Vec<u8> {
    let mut out = vec![0x80, 3];
    write(value, &mut out);
    out.push(b'.');
    out
}

fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::None => out.push(b'N'),
        Value::Bool(true) => out.push(0x88),
        Value::Bool(false) => out.push(0x89),
        Value::Int(number) => int(*number, out),
        Value::Float(number) => {
            out.push(b'G');
            out.extend(number.to_be_bytes());
        }
        Value::Str(text) => self::text(text, out),
        Value::Bytes(bytes) => self::bytes(bytes, out),
        Value::List(items) => {
            out.extend(b"](");
            items.iter().for_each(|item| write(item, out));
            out.push(b'e');
        }
        Value::Tuple(items) => tuple(items, out),
        Value::Dict(pairs) => {
            out.extend(b"}(");
            for (key, value) in pairs {
                write(key, out);
                write(value, out);
            }
            out.push(b'u');
        }
        Value::Exception { module, class, args } => {
            out.push(b'c');
            name(module, out);
            name(class, out);
            tuple(args, out);
            out.push(b'R');
        }
    }
}

fn int(number: i64, out: &mut Vec<u8>) {
    match i32::try_from(number) {
        Ok(small) => {
            out.push(b'J');
            out.extend(small.to_le_bytes());
        }
        Err(_) => {
            out.extend([0x8a, 8]);
            out.extend(number.to_le_bytes());
        }
    }
}

fn tuple(items: &[Value], out: &mut Vec<u8>) {
    if items.is_empty() {
        // Python's memo-less way for nothing: a mark would do as well, this is what it writes itself.
        out.push(b')');
        return;
    }
    out.push(b'(');
    items.iter().for_each(|item| write(item, out));
    out.push(b't');
}

fn text(text: &str, out: &mut Vec<u8>) {
    match u32::try_from(text.len()) {
        Ok(length) if !text.contains("<F2B_") => {
            out.push(b'X');
            out.extend(length.to_le_bytes());
            out.extend(text.as_bytes());
        }
        _ => escaped(text, out),
    }
}

/// The text without any byte that could be taken for the protocol's own marker.
fn escaped(text: &str, out: &mut Vec<u8>) {
    out.push(b'V');
    for char in text.chars() {
        match u32::from(char) {
            code if char.is_ascii_graphic() && !matches!(char, '<' | '\\') => out.push(code as u8),
            0x20 => out.push(b' '),
            code @ ..=0xFFFF => out.extend(format!("\\u{code:04x}").bytes()),
            code => out.extend(format!("\\U{code:08x}").bytes()),
        }
    }
    out.push(b'\n');
}

fn bytes(bytes: &[u8], out: &mut Vec<u8>) {
    // Nothing in the protocol carries bytes of such a length; the count would not fit.
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    out.push(b'B');
    out.extend(length.to_le_bytes());
    out.extend(bytes.iter().take(length as usize));
}

/// A name on a line of its own: anything that could end the line early is left out.
fn name(name: &str, out: &mut Vec<u8>) {
    out.extend(
        name.bytes()
            .filter(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_')),
    );
    out.push(b'\n');
}
