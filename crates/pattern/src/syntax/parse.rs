//! The parser itself: alternatives, sequences, quantifiers, and the book of groups.
use super::flags::Flags;
use super::group::{Paren, is_identifier};
use super::width::Width;
use super::{Assertion, Ast, Greed, Kind, Node, Span};
use crate::{Options, PatternError};
use std::collections::HashMap;

pub(super) type Result<T> = std::result::Result<T, PatternError>;

/// Deeper nesting is refused: it would cost stack here and is beyond PCRE2 as well.
const MAX_DEPTH: usize = 200;

/// Longer expressions are refused: PCRE2 compiles to 64 KiB at most.
const MAX_LENGTH: usize = 128 << 10;

/// Reads an expression.
pub fn parse(source: &str, options: Options) -> Result<Ast> {
    if source.len() > MAX_LENGTH {
        return Err(PatternError {
            message: format!("the expression is longer than {} KiB", MAX_LENGTH >> 10),
            span: Some(0..source.len()),
            hint: Some("split it into several expressions".to_owned()),
        });
    }
    let mut flags = Flags {
        ignore_case: options.ignore_case,
        multi_line: options.multi_line,
        ..Flags::default()
    };
    // A flag inside counts for what stands before it, too: read again with what was found, until nothing is new.
    loop {
        let mut parser = Parser::new(source, flags);
        let root = parser.alternation(flags);
        if parser.global != flags && (root.is_ok() || parser.global.verbose != flags.verbose) {
            flags = parser.global;
            continue;
        }
        return parser.finish(root?);
    }
}

/// Reads one expression from left to right.
pub(super) struct Parser<'a> {
    source: &'a str,
    at: usize,
    depth: usize,
    last: Span,
    /// Flags of the whole expression seen so far.
    global: Flags,
    misplaced: Vec<Span>,
    names: Vec<Option<String>>,
    numbers: HashMap<String, usize>,
    widths: Vec<Width>,
    open: Vec<bool>,
    /// Groups that existed when the outermost look-behind began.
    look_behind: Option<usize>,
    /// Groups that conditions asked for, perhaps before they began.
    referred: Vec<(usize, Span)>,
}

impl<'a> Parser<'a> {
    fn new(source: &'a str, global: Flags) -> Self {
        Parser {
            source,
            at: 0,
            depth: 0,
            last: 0..0,
            global,
            misplaced: Vec::new(),
            names: vec![None],
            numbers: HashMap::new(),
            widths: vec![(0, 0)],
            open: vec![true],
            look_behind: None,
            referred: Vec::new(),
        }
    }

    fn finish(self, root: Node) -> Result<Ast> {
        if self.peek().is_some() {
            return self.fail(
                self.here(),
                "unbalanced parenthesis",
                "write \\) for the parenthesis itself",
            );
        }
        for (group, span) in &self.referred {
            if *group >= self.names.len() {
                return self.fail(
                    span.clone(),
                    &format!("invalid group reference {group}"),
                    "there are fewer groups",
                );
            }
        }
        Ok(Ast {
            root,
            groups: self.names,
            misplaced_flags: self.misplaced,
        })
    }

    /// Branches up to a closing parenthesis or the end.
    pub(super) fn alternation(&mut self, flags: Flags) -> Result<Node> {
        let start = self.at;
        self.descend()?;
        let first = self.sequence(flags)?;
        let mut branches = vec![first];
        while self.eat('|') {
            branches.push(self.sequence(flags)?);
        }
        self.ascend();
        let span = start..self.at;
        Ok(match branches.len() {
            1 => branches.remove(0),
            _ => Node {
                kind: Kind::Alternation(branches),
                span,
            },
        })
    }

    /// Counts one more level of nesting; `depth` is lowered again by whoever called.
    pub(super) fn descend(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return self.fail(self.here(), "groups are nested too deeply", "200 levels are the most");
        }
        Ok(())
    }

    pub(super) fn ascend(&mut self) {
        self.depth -= 1;
    }

    /// One branch.
    pub(super) fn sequence(&mut self, flags: Flags) -> Result<Node> {
        let start = self.at;
        let mut nodes: Vec<Node> = Vec::new();
        // What a quantifier would repeat is the last node, unless that is a place or a repetition itself.
        let mut repeatable = Repeatable::Nothing;
        while let Some(c) = self.peek() {
            if c == '|' || c == ')' {
                break;
            }
            let at = self.here();
            self.bump();
            if flags.verbose && self.skip_verbose(c) {
                continue;
            }
            if let Some(bounds) = self.quantifier(c, &at)? {
                let node = self.repeated(nodes.pop(), repeatable, &at)?;
                nodes.push(self.repeat(node, bounds));
                repeatable = Repeatable::Repetition;
                continue;
            }
            let leading = nodes.is_empty() && self.depth == 1 && start == 0;
            match self.atom(c, flags, leading)? {
                Paren::Nothing => {}
                Paren::Node(kind) => {
                    repeatable = match kind {
                        Kind::Assertion(_) if c != '(' => Repeatable::Nothing,
                        _ => Repeatable::Node,
                    };
                    nodes.push(Node {
                        kind,
                        span: at.start..self.at,
                    });
                }
            }
        }
        let span = start..self.at;
        Ok(match nodes.len() {
            0 => Node {
                kind: Kind::Empty,
                span,
            },
            1 => nodes.remove(0),
            _ => Node {
                kind: Kind::Concat(nodes),
                span,
            },
        })
    }

    fn atom(&mut self, c: char, flags: Flags, leading: bool) -> Result<Paren> {
        let multi = flags.multi_line;
        Ok(Paren::Node(match c {
            '\\' => self.escape(flags)?,
            '[' => self.class(flags)?,
            '(' => return self.paren(flags, leading),
            '.' => Kind::Any { newline: flags.dot_all },
            '^' if multi => Kind::Assertion(Assertion::LineStart),
            '^' => Kind::Assertion(Assertion::TextStart),
            '$' if multi => Kind::Assertion(Assertion::LineEnd),
            '$' => Kind::Assertion(Assertion::End),
            c => Kind::Literal {
                point: u32::from(c),
                case: flags.case(),
            },
        }))
    }

    /// White space and comments in verbose mode.
    fn skip_verbose(&mut self, c: char) -> bool {
        if c == '#' {
            while self.bump().is_some_and(|c| c != '\n') {}
            return true;
        }
        matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c')
    }

    /// The bounds of a quantifier whose first character was taken; none if it is no quantifier, such as a literal `{`.
    fn quantifier(&mut self, c: char, at: &Span) -> Result<Option<(u32, Option<u32>)>> {
        match c {
            '*' => Ok(Some((0, None))),
            '+' => Ok(Some((1, None))),
            '?' => Ok(Some((0, Some(1)))),
            '{' => self.counted(at),
            _ => Ok(None),
        }
    }

    /// `{3}`, `{3,}`, `{,3}`, `{1,3}` and `{,}`; anything else is text.
    fn counted(&mut self, at: &Span) -> Result<Option<(u32, Option<u32>)>> {
        let rest = &self.source[self.at..];
        let Some(inside) = rest
            .find(|c: char| !c.is_ascii_digit() && c != ',')
            .map(|end| &rest[..end])
        else {
            return Ok(None);
        };
        if !rest[inside.len()..].starts_with('}') {
            return Ok(None);
        }
        let (low, high) = inside.split_once(',').unwrap_or((inside, inside));
        let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if inside.is_empty() || !number(low) || !number(high) {
            return Ok(None);
        }
        self.at += inside.len() + 1;
        let span = at.start..self.at;
        let min = self.count(low, &span)?.unwrap_or(0);
        let max = self.count(high, &span)?;
        if max.is_some_and(|max| max < min) {
            // Where Python sees it: behind the brace.
            return self.fail(
                at.end..span.end,
                "min repeat greater than max repeat",
                "write the smaller number first",
            );
        }
        Ok(Some((min, max)))
    }

    fn count(&self, digits: &str, span: &Span) -> Result<Option<u32>> {
        if digits.is_empty() {
            return Ok(None);
        }
        match digits.parse() {
            Ok(count) if count < u32::MAX => Ok(Some(count)),
            _ => self.fail(
                span.clone(),
                "the repetition number is too large",
                "leave the greater number out for any count",
            ),
        }
    }

    fn repeated(&self, node: Option<Node>, repeatable: Repeatable, at: &Span) -> Result<Node> {
        let span = at.start..self.at;
        match (repeatable, node) {
            (Repeatable::Node, Some(node)) => Ok(node),
            (Repeatable::Repetition, _) => self.fail(
                span,
                "multiple repeat",
                "wrap the inner repetition in (?:...), or write a backslash before the sign to mean itself",
            ),
            _ => self.fail(
                span,
                "nothing to repeat",
                "write a backslash before the sign to mean itself",
            ),
        }
    }

    fn repeat(&mut self, node: Node, (min, max): (u32, Option<u32>)) -> Node {
        let greed = if self.eat('?') {
            Greed::Lazy
        } else if self.eat('+') {
            Greed::Possessive
        } else {
            Greed::Greedy
        };
        let span = node.span.start..self.at;
        Node {
            kind: Kind::Repeat {
                min,
                max,
                greed,
                node: Box::new(node),
            },
            span,
        }
    }
}

/// What stands before a quantifier.
#[derive(Clone, Copy)]
enum Repeatable {
    Nothing,
    Repetition,
    Node,
}

/// Reading characters.
impl Parser<'_> {
    pub(super) fn peek(&self) -> Option<char> {
        self.source[self.at..].chars().next()
    }

    pub(super) fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.last = self.at..self.at + c.len_utf8();
        self.at = self.last.end;
        Some(c)
    }

    pub(super) fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.bump();
        }
        found
    }

    /// Gives back the character just taken.
    pub(super) fn step_back(&mut self, c: char) {
        self.at -= c.len_utf8();
    }

    /// The character just taken.
    pub(super) fn last(&self) -> Span {
        self.last.clone()
    }

    /// The next character.
    pub(super) fn here(&self) -> Span {
        self.at..self.at + self.peek().map_or(0, char::len_utf8)
    }

    pub(super) fn text(&self, span: Span) -> &str {
        self.source.get(span).unwrap_or_default()
    }

    pub(super) fn fail<T>(&self, span: Span, message: &str, hint: &str) -> Result<T> {
        Err(PatternError {
            message: message.to_owned(),
            span: Some(span),
            hint: Some(hint.to_owned()),
        })
    }
}

/// The book of groups and flags.
impl Parser<'_> {
    pub(super) fn open_group(&mut self, name: Option<(String, Span)>) -> Result<usize> {
        let group = self.names.len();
        let name = match name {
            None => None,
            Some((name, span)) if !is_identifier(&name) => return self.bad_name(&name, span),
            Some((name, span)) => {
                if let Some(earlier) = self.find_group(&name) {
                    let message = format!("redefinition of group name '{name}' as group {group}; was group {earlier}");
                    return self.fail(
                        span,
                        &message,
                        "a name can stand only once in an expression, the groups that tags stand for included",
                    );
                }
                Some(name)
            }
        };
        if let Some(name) = &name {
            self.numbers.insert(name.clone(), group);
        }
        self.names.push(name);
        self.widths.push((0, 0));
        self.open.push(true);
        Ok(group)
    }

    pub(super) fn close_group(&mut self, group: usize, width: Width) {
        if let (Some(open), Some(known)) = (self.open.get_mut(group), self.widths.get_mut(group)) {
            *open = false;
            *known = width;
        }
    }

    pub(super) fn group_exists(&self, group: usize) -> bool {
        group < self.names.len()
    }

    pub(super) fn is_open(&self, group: usize) -> bool {
        self.open.get(group).copied().unwrap_or(false)
    }

    pub(super) fn find_group(&self, name: &str) -> Option<usize> {
        self.numbers.get(name).copied()
    }

    pub(super) fn widths(&self) -> &[Width] {
        &self.widths
    }

    /// Remembers how many groups there are when the outermost look-behind begins; tells what was remembered.
    pub(super) fn enter_look_behind(&mut self) -> Option<usize> {
        let outer = self.look_behind;
        self.look_behind = outer.or(Some(self.names.len()));
        outer
    }

    pub(super) fn leave_look_behind(&mut self, outer: Option<usize>) {
        self.look_behind = outer;
    }

    /// Inside a look-behind only groups that were closed before it have a known width.
    pub(super) fn check_look_behind(&self, group: usize, span: Span) -> Result<()> {
        let Some(known) = self.look_behind else {
            return Ok(());
        };
        if self.is_open(group) || !self.group_exists(group) {
            return self.fail(
                span,
                "cannot refer to an open group",
                "a look-behind can refer only to groups closed before it",
            );
        }
        if group >= known {
            return self.fail(
                span,
                "cannot refer to group defined in the same lookbehind subpattern",
                "a look-behind can refer only to groups closed before it",
            );
        }
        Ok(())
    }

    pub(super) fn refer_later(&mut self, group: usize, span: Span) {
        self.referred.push((group, span));
    }

    pub(super) fn add_global_flags(&mut self, more: Flags, span: Span, leading: bool) {
        self.global = self.global.with(more);
        if !leading {
            self.misplaced.push(span);
        }
    }
}
