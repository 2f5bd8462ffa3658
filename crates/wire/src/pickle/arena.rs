//! The objects of a pickle while it is read. They refer to each other by number, as Python's do by pointer: a list that
//! was memoized when it was still empty is the same list when it is filled and used again.
use super::{DecodeError, FREE, MAX_DEPTH, MAX_REPLY_NODES, MAX_REQUEST_NODES, MAX_TEXT, error};
use super::{MOST_REPEATED, MOST_REPEATED_TEXT};
use crate::{Value, repr};
use std::collections::HashMap;

/// What names of classes may mean.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Accept {
    /// A request: only `str`.
    PlainData,
    /// A reply: also exceptions.
    Exceptions,
}

impl Accept {
    /// How many of anything (objects, memos, values on the stack) there may be.
    pub(super) fn limit(self) -> usize {
        match self {
            Accept::PlainData => MAX_REQUEST_NODES,
            Accept::Exceptions => MAX_REPLY_NODES,
        }
    }
}

/// Number of an object.
pub(super) type Id = u32;

pub(super) enum Node {
    Plain(Value),
    List(Vec<Id>),
    Tuple(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    Class {
        module: Box<str>,
        class: Box<str>,
    },
    /// `str(x)`
    Text(Id),
    Exception {
        class: Id,
        args: Id,
    },
}

impl Node {
    /// A class of this name. What is no name at all would be shown to people as it stands.
    pub(super) fn class(module: &str, class: &str) -> Result<Self, DecodeError> {
        let is_name = |text: &str| {
            text.split('.')
                .all(|part| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_'))
        };
        if !is_name(module) || !is_name(class) {
            return error("the pickle names a class by something that is no name");
        }
        Ok(Node::Class {
            module: module.into(),
            class: class.into(),
        })
    }
}

/// All objects that a pickle made so far.
pub(super) struct Arena {
    nodes: Vec<Node>,
    accept: Accept,
}

impl Arena {
    pub(super) fn new(accept: Accept) -> Self {
        Arena {
            nodes: Vec::new(),
            accept,
        }
    }

    pub(super) fn add(&mut self, node: Node) -> Result<Id, DecodeError> {
        if self.nodes.len() >= self.accept.limit() {
            return error("the pickle holds too many values");
        }
        let id = Id::try_from(self.nodes.len()).map_err(|_| DecodeError("the pickle holds too many values".into()))?;
        self.nodes.push(node);
        Ok(id)
    }

    pub(super) fn node(&self, id: Id) -> Result<&Node, DecodeError> {
        self.nodes
            .get(id as usize)
            .ok_or_else(|| DecodeError("the pickle refers to nothing".into()))
    }

    pub(super) fn node_mut(&mut self, id: Id) -> Result<&mut Node, DecodeError> {
        self.nodes
            .get_mut(id as usize)
            .ok_or_else(|| DecodeError("the pickle refers to nothing".into()))
    }

    /// The text of a `str` object.
    pub(super) fn text(&self, id: Id) -> Result<&str, DecodeError> {
        match self.node(id)? {
            Node::Plain(Value::Str(text)) => Ok(text),
            _ => error("the pickle names a class by something that is no text"),
        }
    }

    /// What calling `callee` with `args` stands for.
    pub(super) fn call(&mut self, callee: Id, args: Id) -> Result<Id, DecodeError> {
        let Node::Class { module, class } = self.node(callee)? else {
            return error("the pickle calls something that is no class");
        };
        if is_str(module, class) {
            let Node::Tuple(args) = self.node(args)? else {
                return error("the pickle calls str without arguments");
            };
            let &[only] = args.as_slice() else {
                return error("the pickle calls str with other than one argument");
            };
            return self.add(Node::Text(only));
        }
        if self.accept == Accept::PlainData {
            return error(format!("the pickle calls {module}.{class}, which is refused"));
        }
        self.add(Node::Exception { class: callee, args })
    }

    /// The finished value of a pickle of so many bytes.
    pub(super) fn value(&self, root: Id, length: usize) -> Result<Value, DecodeError> {
        let in_proportion = |times: usize| length.saturating_mul(times).saturating_add(FREE);
        Builder {
            arena: self,
            nodes: self.accept.limit().min(in_proportion(MOST_REPEATED)),
            text: MAX_TEXT.min(in_proportion(MOST_REPEATED_TEXT)),
        }
        .build(root, 0)
    }
}

/// Whether the name is that of Python's text type (in Python 2 it was another).
pub(super) fn is_str(module: &str, class: &str) -> bool {
    matches!(
        (module, class),
        ("builtins" | "__builtin__", "str") | ("__builtin__", "unicode")
    )
}

/// Copies objects out of the arena. An object that is used in many places is copied as often, which is what the
/// two allowances bound.
struct Builder<'a> {
    arena: &'a Arena,
    nodes: usize,
    text: usize,
}

impl Builder<'_> {
    fn build(&mut self, id: Id, depth: usize) -> Result<Value, DecodeError> {
        if depth > MAX_DEPTH {
            return error("the pickle is nested too deeply");
        }
        self.nodes = match self.nodes.checked_sub(1) {
            Some(left) => left,
            None => return error("the pickle holds too many values"),
        };
        match self.arena.node(id)? {
            Node::Plain(value) => self.plain(value),
            Node::List(items) => Ok(Value::List(self.all(items, depth)?)),
            Node::Tuple(items) => Ok(Value::Tuple(self.all(items, depth)?)),
            Node::Dict(pairs) => self.dict(pairs, depth),
            Node::Class { module, class } => error(format!("the pickle names {module}.{class}, which is refused")),
            Node::Text(inner) => match self.build(*inner, depth + 1)? {
                text @ Value::Str(_) => Ok(text),
                // Not of containers: their text can double with every level.
                other @ (Value::None | Value::Bool(_) | Value::Int(_) | Value::Float(_)) => {
                    Ok(Value::Str(repr::display(&other)))
                }
                _ => error("the pickle calls str with something that is no plain value"),
            },
            Node::Exception { class, args } => self.exception(*class, *args, depth),
        }
    }

    fn spend_text(&mut self, bytes: usize) -> Result<(), DecodeError> {
        match self.text.checked_sub(bytes) {
            Some(left) => {
                self.text = left;
                Ok(())
            }
            None => error("the texts in the pickle are too long"),
        }
    }

    fn plain(&mut self, value: &Value) -> Result<Value, DecodeError> {
        match value {
            Value::Str(text) => self.spend_text(text.len())?,
            Value::Bytes(bytes) => self.spend_text(bytes.len())?,
            _ => {}
        }
        Ok(value.clone())
    }

    fn all(&mut self, items: &[Id], depth: usize) -> Result<Vec<Value>, DecodeError> {
        items.iter().map(|&item| self.build(item, depth + 1)).collect()
    }

    /// A key that is set again keeps its place and gets the new value, as in Python.
    fn dict(&mut self, pairs: &[(Id, Id)], depth: usize) -> Result<Value, DecodeError> {
        let mut out: Vec<(Value, Value)> = Vec::with_capacity(pairs.len());
        let mut places: HashMap<String, usize> = HashMap::new();
        for &(key, value) in pairs {
            let key = self.build(key, depth + 1)?;
            let value = self.build(value, depth + 1)?;
            if matches!(key, Value::List(_) | Value::Dict(_)) {
                return error("a key of a dict in the pickle can't be a key");
            }
            let name = match &key {
                Value::Str(text) => text.clone(),
                // With a byte that starts no text in a key, so that 1 and '1' stay apart.
                other => format!("\0{}", repr::repr(other)),
            };
            match places.get(&name).and_then(|&place| out.get_mut(place)) {
                Some(pair) => pair.1 = value,
                None => {
                    places.insert(name, out.len());
                    out.push((key, value));
                }
            }
        }
        Ok(Value::Dict(out))
    }

    fn exception(&mut self, class: Id, args: Id, depth: usize) -> Result<Value, DecodeError> {
        let Node::Class { module, class } = self.arena.node(class)? else {
            return error("the pickle calls something that is no class");
        };
        // Protocol 2 writes the names that Python 2 had.
        let module = if &**module == "exceptions" { "builtins" } else { module };
        let args = match self.build(args, depth + 1)? {
            Value::Tuple(args) => args,
            _ => return error("the pickle calls a class without arguments"),
        };
        Ok(Value::Exception {
            module: module.to_owned(),
            class: class.to_string(),
            args,
        })
    }
}
