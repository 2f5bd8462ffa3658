//! The stack machine that a pickle is written for, reduced to making plain data.
use super::arena::{Accept, Arena, Id, Node};
use super::reader::{self, Reader, Width};
use super::{DecodeError, error};
use crate::Value;
use std::collections::HashMap;

pub(super) fn decode(bytes: &[u8], accept: Accept) -> Result<Value, DecodeError> {
    let mut machine = Machine {
        input: Reader::new(bytes),
        arena: Arena::new(accept),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
        accept,
    };
    loop {
        let opcode = machine.input.byte()?;
        if opcode == b'.' {
            let root = machine.pop()?;
            return machine.arena.value(root, bytes.len());
        }
        machine.step(opcode)?;
        if machine.held() > accept.limit() {
            return error("the pickle holds too many values");
        }
    }
}

struct Machine<'a> {
    input: Reader<'a>,
    arena: Arena,
    stack: Vec<Id>,
    /// Heights of the stack at which marks stand.
    marks: Vec<usize>,
    memo: HashMap<u64, Id>,
    accept: Accept,
}

impl Machine<'_> {
    fn step(&mut self, opcode: u8) -> Result<(), DecodeError> {
        match opcode {
            b'N' | 0x88 | 0x89 | b'I' | b'L' | b'J' | b'K' | b'M' | 0x8a | 0x8b | b'F' | b'G' => self.number(opcode),
            b'S' | b'T' | b'U' | b'V' | b'X' | 0x8c | 0x8d | b'B' | b'C' | 0x8e | 0x96 => self.text(opcode),
            b']' | b'l' | b')' | b't' | 0x85 | 0x86 | 0x87 | b'}' | b'd' | 0x8f | 0x91 => self.container(opcode),
            b'a' | b'e' | b's' | b'u' | 0x90 => self.fill(opcode),
            b'c' | 0x93 | b'R' | 0x81 | 0x92 | b'b' | b'o' | b'i' => self.class(opcode),
            b'g' | b'h' | b'j' | b'p' | b'q' | b'r' | 0x94 => self.memo(opcode),
            b'(' | b'0' | b'1' | b'2' | 0x80 | 0x95 => self.control(opcode),
            other => error(format!("opcode 0x{other:02x} of the pickle is refused")),
        }
    }

    fn number(&mut self, opcode: u8) -> Result<(), DecodeError> {
        let value = match opcode {
            b'N' => Value::None,
            0x88 => Value::Bool(true),
            0x89 => Value::Bool(false),
            b'I' => match self.input.ascii_line()? {
                "01" => Value::Bool(true),
                "00" => Value::Bool(false),
                digits => Value::Int(decimal(digits)?),
            },
            b'L' => {
                let line = self.input.ascii_line()?;
                Value::Int(decimal(line.strip_suffix('L').unwrap_or(line))?)
            }
            b'J' => Value::Int(i64::from(i32::from_le_bytes(self.input.array()?))),
            b'K' => Value::Int(i64::from(self.input.byte()?)),
            b'M' => Value::Int(i64::from(u16::from_le_bytes(self.input.array()?))),
            0x8a => Value::Int(reader::long(self.input.counted(Width::One)?)?),
            0x8b => Value::Int(reader::long(self.input.counted(Width::Four)?)?),
            b'F' => match self.input.ascii_line()?.trim().parse() {
                Ok(number) => Value::Float(number),
                Err(_) => return error("a number in the pickle is none"),
            },
            _ => Value::Float(f64::from_be_bytes(self.input.array()?)),
        };
        self.push(Node::Plain(value))
    }

    fn text(&mut self, opcode: u8) -> Result<(), DecodeError> {
        let value = match opcode {
            b'S' => Value::Str(quoted(self.input.ascii_line()?)?),
            b'T' | b'X' => Value::Str(reader::text(self.input.counted(Width::Four)?)?),
            b'U' | 0x8c => Value::Str(reader::text(self.input.counted(Width::One)?)?),
            0x8d => Value::Str(reader::text(self.input.counted(Width::Eight)?)?),
            b'V' => Value::Str(reader::raw_unicode_escape(self.input.line()?)?),
            b'C' => Value::Bytes(self.input.counted(Width::One)?.to_vec()),
            b'B' => Value::Bytes(self.input.counted(Width::Four)?.to_vec()),
            _ => Value::Bytes(self.input.counted(Width::Eight)?.to_vec()),
        };
        self.push(Node::Plain(value))
    }

    fn container(&mut self, opcode: u8) -> Result<(), DecodeError> {
        let node = match opcode {
            // Sets come as lists: the protocol knows no difference.
            b']' | 0x8f => Node::List(Vec::new()),
            b'l' | 0x91 => Node::List(self.pop_mark()?),
            b')' => Node::Tuple(Vec::new()),
            b't' => Node::Tuple(self.pop_mark()?),
            0x85 => Node::Tuple(vec![self.pop()?]),
            0x86 => {
                let second = self.pop()?;
                Node::Tuple(vec![self.pop()?, second])
            }
            0x87 => {
                let third = self.pop()?;
                let second = self.pop()?;
                Node::Tuple(vec![self.pop()?, second, third])
            }
            b'}' => Node::Dict(Vec::new()),
            _ => Node::Dict(pairs(&self.pop_mark()?)?),
        };
        self.push(node)
    }

    fn fill(&mut self, opcode: u8) -> Result<(), DecodeError> {
        let added = match opcode {
            b'a' => vec![self.pop()?],
            b's' => {
                let value = self.pop()?;
                vec![self.pop()?, value]
            }
            _ => self.pop_mark()?,
        };
        let target = self.top()?;
        match (opcode, self.arena.node_mut(target)?) {
            (b'a' | b'e' | 0x90, Node::List(items)) => items.extend(added),
            (b's' | b'u', Node::Dict(entries)) => entries.extend(pairs(&added)?),
            _ => return error("the pickle adds to something that takes nothing"),
        }
        Ok(())
    }

    fn class(&mut self, opcode: u8) -> Result<(), DecodeError> {
        match opcode {
            b'c' => {
                let module = self.input.ascii_line()?;
                let class = self.input.ascii_line()?;
                self.push(Node::class(module, class)?)
            }
            0x93 => {
                let class = self.pop()?;
                let module = self.pop()?;
                let named = Node::class(self.arena.text(module)?, self.arena.text(class)?)?;
                self.push(named)
            }
            b'R' => {
                let args = self.pop()?;
                let callee = self.pop()?;
                let made = self.arena.call(callee, args)?;
                self.stack.push(made);
                Ok(())
            }
            0x81 if self.accept == Accept::Exceptions => {
                let args = self.pop()?;
                let callee = self.pop()?;
                let made = self.arena.call(callee, args)?;
                self.stack.push(made);
                Ok(())
            }
            b'b' if self.accept == Accept::Exceptions => {
                // What else an exception carries (position in a pattern, notes) is not shown by anybody.
                self.pop()?;
                let target = self.top()?;
                match self.arena.node(target)? {
                    Node::Exception { .. } => Ok(()),
                    _ => error("the pickle sets the state of something that is no exception"),
                }
            }
            _ => error("the pickle makes an object, which is refused"),
        }
    }

    fn memo(&mut self, opcode: u8) -> Result<(), DecodeError> {
        let index = match opcode {
            b'g' | b'p' => u64::try_from(decimal(self.input.ascii_line()?)?)
                .map_err(|_| DecodeError("the pickle uses a negative memo".into()))?,
            b'h' | b'q' => u64::from(self.input.byte()?),
            b'j' | b'r' => u64::from(u32::from_le_bytes(self.input.array()?)),
            _ => self.memo.len() as u64,
        };
        if matches!(opcode, b'g' | b'h' | b'j') {
            match self.memo.get(&index) {
                Some(&id) => self.stack.push(id),
                None => return error("the pickle refers to a memo that was never set"),
            }
        } else {
            let id = self.top()?;
            self.memo.insert(index, id);
        }
        Ok(())
    }

    fn control(&mut self, opcode: u8) -> Result<(), DecodeError> {
        match opcode {
            b'(' => self.marks.push(self.stack.len()),
            b'0' => {
                // Python takes the mark itself when it is what lies on top.
                if self.marks.last() == Some(&self.stack.len()) {
                    self.marks.pop();
                } else {
                    self.pop()?;
                }
            }
            b'1' => {
                self.pop_mark()?;
            }
            b'2' => {
                let id = self.top()?;
                self.stack.push(id);
            }
            0x80 => {
                let protocol = self.input.byte()?;
                if protocol > 5 {
                    return error(format!("unsupported pickle protocol: {protocol}"));
                }
            }
            _ => {
                // A frame only tells how much to read ahead; everything is here already.
                self.input.array::<8>()?;
            }
        }
        Ok(())
    }

    fn push(&mut self, node: Node) -> Result<(), DecodeError> {
        let id = self.arena.add(node)?;
        self.stack.push(id);
        Ok(())
    }

    /// What is kept without being part of an object.
    fn held(&self) -> usize {
        self.stack.len().max(self.marks.len()).max(self.memo.len())
    }

    /// Whether something lies above the last mark.
    fn has_item(&self) -> bool {
        self.stack.len() > self.marks.last().copied().unwrap_or(0)
    }

    fn top(&self) -> Result<Id, DecodeError> {
        match self.stack.last() {
            Some(&id) if self.has_item() => Ok(id),
            _ => error("the pickle takes from an empty stack"),
        }
    }

    fn pop(&mut self) -> Result<Id, DecodeError> {
        let id = self.top()?;
        self.stack.pop();
        Ok(id)
    }

    /// Everything above the last mark, and the mark.
    fn pop_mark(&mut self) -> Result<Vec<Id>, DecodeError> {
        match self.marks.pop() {
            Some(height) if height <= self.stack.len() => Ok(self.stack.split_off(height)),
            _ => error("the pickle has no mark where it needs one"),
        }
    }
}

fn pairs(flat: &[Id]) -> Result<Vec<(Id, Id)>, DecodeError> {
    let (pairs, rest) = flat.as_chunks::<2>();
    if !rest.is_empty() {
        return error("the pickle has a key without a value");
    }
    Ok(pairs.iter().map(|&[key, value]| (key, value)).collect())
}

fn decimal(digits: &str) -> Result<i64, DecodeError> {
    use std::num::IntErrorKind::{NegOverflow, PosOverflow};
    digits
        .trim()
        .parse()
        .map_err(|cause: std::num::ParseIntError| match cause.kind() {
            PosOverflow | NegOverflow => DecodeError("an integer in the pickle does not fit 64 bits".into()),
            _ => DecodeError("an integer in the pickle is none".into()),
        })
}

/// A text as Python 2 wrote it: in quotes, as `repr` escapes it.
fn quoted(line: &str) -> Result<String, DecodeError> {
    let inner = match line.as_bytes() {
        [b'\'', .., b'\''] | [b'"', .., b'"'] => line.get(1..line.len() - 1).unwrap_or_default(),
        _ => return error("a text in the pickle has no quotes"),
    };
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        bytes.push(match rest.next() {
            Some(b'n') => b'\n',
            Some(b't') => b'\t',
            Some(b'r') => b'\r',
            Some(same @ (b'\\' | b'\'' | b'"')) => same,
            Some(b'x') => {
                let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
                let number = digit(rest.next())
                    .zip(digit(rest.next()))
                    .map(|(high, low)| high * 16 + low);
                match number.and_then(|number| u8::try_from(number).ok()) {
                    Some(number) => number,
                    None => return error("a text in the pickle has a broken escape"),
                }
            }
            _ => return error("a text in the pickle has a broken escape"),
        });
    }
    reader::text(&bytes)
}
