//! A date pattern, read into the parts that a [`super::plan`] can match.

use super::convert::Field;
use super::plan::Style;
use super::tokens::{Piece, Years};
use super::units::Unit;
use super::words::is_blank;

/// A set of ASCII characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Set(u128);

impl Set {
    /// Every byte, those beyond ASCII too.
    pub const ALL: Set = Set(u128::MAX);

    /// `0` to `9`
    pub const DIGITS: Set = Set(0x3ff << b'0');

    /// `A` to `Z`, `a` to `z`
    pub const LETTERS: Set = Set(0x3ff_ffff << b'A' | 0x3ff_ffff << b'a');

    pub fn has(self, byte: u8) -> bool {
        self.has_ascii(byte) || self == Set::ALL
    }

    /// Whether the ASCII character is in it.
    pub fn has_ascii(self, byte: u8) -> bool {
        let half = if byte < 64 { self.0 } else { self.0 >> 64 } as u64;
        byte < 128 && half >> (byte & 63) & 1 == 1
    }

    pub fn with(self, byte: u8) -> Set {
        Set(self.0 | if byte < 128 { 1 << byte } else { 0 })
    }

    pub fn or(self, other: Set) -> Set {
        Set(self.0 | other.0)
    }

    /// Whether something is in both.
    pub fn meets(self, other: Set) -> bool {
        self.0 & other.0 != 0
    }

    /// The ASCII characters that are such.
    pub fn of(is_such: impl Fn(u8) -> bool) -> Set {
        (0..128).filter(|&byte| is_such(byte)).fold(Set::default(), Set::with)
    }
}

/// A part of a pattern.
#[derive(Debug)]
pub(super) enum Node {
    Byte(u8),
    OneOf(Set),
    Unit(Unit, Option<usize>),
    /// `\s*` or `\d*`
    Run(Run),
    /// `[^x]*`: all that stands before the next such byte, which follows.
    Until(u8),
    /// What is to be cut out of the line: the pattern's first group.
    Cut(Vec<Node>),
    /// A separator to be found again.
    Separator(Set),
    SameSeparator,
    Optional(Vec<Node>),
    Choice(Vec<Vec<Node>>),
}

/// As many characters of a set as there are, or fewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub set: Set,
    /// What follows begins with none of the set: only all that there are can be right.
    pub whole: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Input<'p> {
    Char(u8),
    Token(&'p str),
}

fn flatten<'p>(pieces: &[Piece<'p>]) -> Vec<Input<'p>> {
    let mut out = Vec::new();
    for piece in pieces {
        match *piece {
            Piece::Text(text) => out.extend(text.bytes().map(Input::Char)),
            Piece::Token(token) => out.push(Input::Token(token)),
        }
    }
    out
}

/// A pattern's parts.
pub(super) struct Parts {
    pub nodes: Vec<Node>,
    /// What its fields tell, in the order of the pattern.
    pub fields: Vec<Field>,
    /// It says itself that it is bound to the line's beginning.
    pub at_line_begin: bool,
    /// It has a group of its own, so that its first group is cut out: a [`Node::Cut`] that every match has.
    pub has_cut: bool,
}

impl Parts {
    /// Reads a pattern without its borders; nothing if it needs an engine.
    pub fn read(pieces: &[Piece<'_>], style: Style, years: &Years) -> Option<Parts> {
        let mut reader = Reader {
            input: flatten(pieces),
            at: 0,
            fields: Vec::new(),
            years,
            style,
            separator: false,
            grouped: false,
            own_group: false,
        };
        let at_line_begin = reader.takes("^");
        let mut nodes = reader.sequence()?;
        let is_whole = reader.at == reader.input.len();
        mark_whole_runs(&mut nodes);
        let has_cut = reader.own_group;
        if has_cut {
            cut_first_group(&mut nodes)?;
        }
        // Twice would be tried in every combination, without the engine's limit on steps.
        let is_bounded = open_runs(&nodes) <= 1 && all_met(&nodes);
        (is_whole && is_bounded).then_some(Parts {
            nodes,
            fields: reader.fields,
            at_line_begin,
            has_cut,
        })
    }
}

/// Reads a pattern; every method returns nothing when it meets what only an engine can do.
struct Reader<'p> {
    input: Vec<Input<'p>>,
    at: usize,
    fields: Vec<Field>,
    years: &'p Years,
    style: Style,
    /// A separator was read that can be referred to.
    separator: bool,
    /// A group was read, be it that of a token.
    grouped: bool,
    /// A group was read that says that the first is to be cut out.
    own_group: bool,
}

impl Reader<'_> {
    fn peek(&self) -> Option<Input<'_>> {
        self.input.get(self.at).copied()
    }

    fn takes(&mut self, text: &str) -> bool {
        let is_here = text
            .bytes()
            .enumerate()
            .all(|(n, byte)| self.input.get(self.at + n) == Some(&Input::Char(byte)));
        if is_here {
            self.at += text.len();
        }
        is_here
    }

    fn sequence(&mut self) -> Option<Vec<Node>> {
        let mut nodes = Vec::new();
        while let Some(input) = self.peek() {
            if matches!(input, Input::Char(b')' | b'|')) {
                break;
            }
            if let Input::Token(token) = input {
                // A blank may stand before these two hours without being part of them.
                if matches!(token, "k" | "Exk") {
                    nodes.push(Node::Optional(vec![Node::Byte(b' ')]));
                }
            }
            let node = self.atom()?;
            nodes.push(if self.takes("?") {
                Node::Optional(vec![node])
            } else {
                node
            });
            if matches!(self.peek(), Some(Input::Char(b'?' | b'*' | b'+' | b'{'))) {
                return None;
            }
        }
        Some(nodes)
    }

    fn atom(&mut self) -> Option<Node> {
        if let Some(Input::Token(token)) = self.input.get(self.at).copied() {
            return self.token(token);
        }
        if self.takes("(?:") {
            return self.group();
        }
        if self.takes("(?P<_sep>[") {
            let set = self.set()?;
            self.separator = true;
            self.grouped = true;
            return self.takes(")").then_some(Node::Separator(set));
        }
        if self.takes("(?P=_sep)") {
            return self.separator.then_some(Node::SameSeparator);
        }
        if self.takes("[^") {
            return self.until().map(Node::Until);
        }
        if self.takes("[") {
            return self.set().map(Node::OneOf);
        }
        if self.takes("(") {
            self.own_group = true;
            let is_first = !std::mem::replace(&mut self.grouped, true);
            let group = self.group()?;
            return Some(if is_first { Node::Cut(vec![group]) } else { group });
        }
        if self.takes(r"\s*") {
            return Some(run_of(is_blank));
        }
        if self.takes(r"\s+") {
            let one_and_more = vec![Node::OneOf(Set::of(is_blank)), run_of(is_blank)];
            return Some(Node::Choice(vec![one_and_more]));
        }
        if self.takes(r"\d*") {
            return Some(run_of(|byte| byte.is_ascii_digit()));
        }
        let escaped = self.takes("\\");
        let Some(Input::Char(byte)) = self.peek() else {
            return None;
        };
        let is_plain = match byte {
            b' ' | b'-' | b'/' | b':' | b',' | b'<' | b'>' | b'@' | b'_' | b'=' | b';' | b'"' | b'\'' => true,
            b'.' | b'[' | b']' | b'(' | b')' => escaped,
            _ => byte.is_ascii_alphanumeric() && !escaped,
        };
        if !is_plain {
            return None;
        }
        self.at += 1;
        // What else is such a letter in another case, the marks of a line tell from the beginning.
        Some(match self.style.fold && byte.is_ascii_alphabetic() {
            true => Node::OneOf(in_any_case(byte)),
            false => Node::Byte(byte),
        })
    }

    fn token(&mut self, token: &str) -> Option<Node> {
        let unit = Unit::of(token, self.years, self.style.fold, self.style.fraction)?;
        self.at += 1;
        let group = match token.strip_prefix("Ex").unwrap_or(token) {
            "k" => "H",
            group => group,
        };
        let slot = Field::named(group).map(|field| {
            self.fields.push(field);
            self.fields.len() - 1
        });
        self.grouped = true;
        Some(Node::Unit(unit, slot))
    }

    fn group(&mut self) -> Option<Node> {
        let mut choices = vec![self.sequence()?];
        while self.takes("|") {
            choices.push(self.sequence()?);
        }
        self.takes(")").then_some(Node::Choice(choices))
    }

    /// The rest of what takes everything but one mark, such as `[^/]*`.
    fn until(&mut self) -> Option<u8> {
        self.takes("\\");
        let Some(Input::Char(byte)) = self.peek() else {
            return None;
        };
        self.at += 1;
        // A parenthesis counts as a group that says what to cut out, in a set as well.
        let is_mark = byte.is_ascii_punctuation() && !matches!(byte, b'(' | b')' | b'\\');
        (is_mark && self.takes("]*")).then_some(byte)
    }

    /// The rest of a set such as `[-/.]`, which has no ranges.
    fn set(&mut self) -> Option<Set> {
        let mut set = Set::default();
        while let Some(Input::Char(byte)) = self.peek() {
            self.at += 1;
            match byte {
                b']' if set != Set::default() => return Some(set),
                b'-' if set != Set::default() => return None,
                // A parenthesis counts as a group that says what to cut out, in a set as well.
                b'^' | b'\\' | b'[' | b']' | b'(' | 128.. => return None,
                _ if self.style.fold => set = set.or(in_any_case(byte)),
                _ => set = set.with(byte),
            }
        }
        None
    }
}

/// Marks the first group as what is to be cut out; nothing if some matches do without it.
fn cut_first_group(nodes: &mut [Node]) -> Option<()> {
    let first = nodes.iter_mut().find(|node| has_group(node))?;
    match first {
        Node::Cut(_) => {}
        Node::Unit(..) | Node::Separator(_) => {
            let group = std::mem::replace(first, Node::Cut(Vec::new()));
            *first = Node::Cut(vec![group]);
        }
        _ => return None,
    }
    Some(())
}

fn has_group(node: &Node) -> bool {
    match node {
        Node::Unit(..) | Node::Separator(_) | Node::Cut(_) => true,
        Node::Optional(inner) => inner.iter().any(has_group),
        Node::Choice(choices) => choices.iter().flatten().any(has_group),
        Node::Byte(_) | Node::OneOf(_) | Node::SameSeparator | Node::Run(_) | Node::Until(_) => false,
    }
}

/// A letter, small and capital.
fn in_any_case(byte: u8) -> Set {
    Set::default()
        .with(byte.to_ascii_lowercase())
        .with(byte.to_ascii_uppercase())
}

fn run_of(is_such: impl Fn(u8) -> bool) -> Node {
    Node::Run(Run {
        set: Set::of(is_such),
        whole: false,
    })
}

/// Marks the runs that end where what follows begins.
fn mark_whole_runs(nodes: &mut [Node]) {
    for at in 0..nodes.len() {
        let Some((node, behind)) = nodes.get_mut(at..).and_then(<[Node]>::split_first_mut) else {
            return;
        };
        match node {
            Node::Run(run) => {
                let mut next = Set::default();
                run.whole = first_bytes(behind, &mut next) && !next.meets(run.set);
            }
            Node::Cut(inner) | Node::Optional(inner) => mark_whole_runs(inner),
            Node::Choice(choices) => choices.iter_mut().for_each(|choice| mark_whole_runs(choice)),
            _ => {}
        }
    }
}

/// Whether everything up to a byte is followed by that byte, so that it can only end there.
fn all_met(nodes: &[Node]) -> bool {
    nodes.iter().enumerate().all(|(at, node)| match node {
        Node::Until(byte) => {
            let mut next = Set::default();
            first_bytes(nodes.get(at + 1..).unwrap_or_default(), &mut next) && next == Set::default().with(*byte)
        }
        Node::Cut(inner) | Node::Optional(inner) => all_met(inner),
        Node::Choice(choices) => choices.iter().all(|choice| all_met(choice)),
        _ => true,
    })
}

/// How many runs may end early.
fn open_runs(nodes: &[Node]) -> usize {
    let open = |node: &Node| match node {
        Node::Run(run) => usize::from(!run.whole),
        Node::Cut(inner) | Node::Optional(inner) => open_runs(inner),
        Node::Choice(choices) => choices.iter().map(|choice| open_runs(choice)).sum(),
        _ => 0,
    };
    nodes.iter().map(open).sum()
}

/// Adds the bytes that what the nodes match can begin with; tells whether they always take at least one.
pub(super) fn first_bytes(nodes: &[Node], set: &mut Set) -> bool {
    nodes.iter().any(|node| first_bytes_of(node, set))
}

fn first_bytes_of(node: &Node, set: &mut Set) -> bool {
    match node {
        Node::Byte(byte) => *set = set.with(*byte),
        Node::OneOf(one) | Node::Separator(one) => *set = set.or(*one),
        Node::SameSeparator => *set = Set::ALL,
        Node::Unit(unit, _) => *set = set.or(unit.beginnings()),
        Node::Run(run) => {
            *set = set.or(run.set);
            return false;
        }
        Node::Until(_) => {
            *set = Set::ALL;
            return false;
        }
        Node::Cut(inner) => return first_bytes(inner, set),
        Node::Optional(inner) => {
            first_bytes(inner, set);
            return false;
        }
        Node::Choice(choices) => {
            let taking = choices.iter().filter(|choice| first_bytes(choice, set)).count();
            return taking == choices.len();
        }
    }
    true
}

/// The most bytes that nodes can take, where there is a limit.
pub(super) fn most_of(nodes: &[Node]) -> Option<usize> {
    nodes.iter().try_fold(0, |sum, node| {
        Some(
            sum + match node {
                Node::Byte(_) | Node::OneOf(_) | Node::Separator(_) | Node::SameSeparator => 1,
                Node::Unit(unit, _) => unit.longest(),
                Node::Run(_) | Node::Until(_) => return None,
                Node::Optional(inner) | Node::Cut(inner) => most_of(inner)?,
                Node::Choice(choices) => choices
                    .iter()
                    .try_fold(0, |most, choice| Some(most_of(choice)?.max(most)))?,
            },
        )
    })
}

/// The fewest bytes that nodes can take.
pub(super) fn least_of(nodes: &[Node]) -> usize {
    let least = |node: &Node| match node {
        Node::Byte(_) | Node::OneOf(_) | Node::Separator(_) | Node::SameSeparator => 1,
        Node::Unit(unit, _) => unit.shortest(),
        Node::Run(_) | Node::Until(_) | Node::Optional(_) => 0,
        Node::Cut(inner) => least_of(inner),
        Node::Choice(choices) => choices.iter().map(|choice| least_of(choice)).min().unwrap_or(0),
    };
    nodes.iter().map(least).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_of_characters_are_what_their_names_say() {
        assert_eq!(Set::DIGITS, Set::of(|byte| byte.is_ascii_digit()));
        assert_eq!(Set::LETTERS, Set::of(|byte| byte.is_ascii_alphabetic()));
    }
}
