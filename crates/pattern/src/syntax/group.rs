//! What may follow an opening parenthesis.
use super::flags::{FlagGroup, Flags};
use super::parse::{Parser, Result};
use super::width::width;
use super::{Kind, Node, Span};

/// What a parenthesis turned out to be.
pub(super) enum Paren {
    /// Something that matches.
    Node(Kind),
    /// A comment or flags: nothing that a quantifier could stand behind.
    Nothing,
}

impl Parser<'_> {
    /// Reads a group behind its `(`. `leading` tells whether nothing that matches stands before it.
    pub(super) fn paren(&mut self, flags: Flags, leading: bool) -> Result<Paren> {
        let open = self.last();
        if !self.eat('?') {
            return self.capture(open, None, flags);
        }
        let Some(c) = self.bump() else {
            return self.unexpected_end();
        };
        match c {
            'P' => self.python_extension(open, flags),
            ':' => Ok(Paren::Node(self.inner(&open, flags)?.kind)),
            '#' => self.comment(open),
            '=' => self.look(open, flags, false, false),
            '!' => self.look(open, flags, false, true),
            '<' => match self.bump() {
                None => self.unexpected_end(),
                Some('=') => self.look(open, flags, true, false),
                Some('!') => self.look(open, flags, true, true),
                Some(c) => self.unknown_extension(&open, &format!("?<{c}"), "a named group is written (?P<name>...)"),
            },
            '(' => self.conditional(open, flags),
            '>' => Ok(Paren::Node(Kind::Atomic(Box::new(self.inner(&open, flags)?)))),
            c if "iLmsxatu-".contains(c) => {
                self.step_back(c);
                self.flags_or_scope(open, flags, leading)
            }
            c => self.unknown_extension(&open, &format!("?{c}"), "write \\( for the parenthesis itself"),
        }
    }

    /// The expression up to the closing parenthesis, that one included.
    fn inner(&mut self, open: &Span, flags: Flags) -> Result<Node> {
        let node = self.alternation(flags)?;
        if self.eat(')') {
            return Ok(node);
        }
        self.fail(
            open.clone(),
            "missing ), unterminated subpattern",
            "close the group, or write \\( for the parenthesis itself",
        )
    }

    fn capture(&mut self, open: Span, name: Option<(String, Span)>, flags: Flags) -> Result<Paren> {
        let group = self.open_group(name)?;
        let node = self.inner(&open, flags)?;
        let node = Box::new(node);
        self.close_group(group, width(&node, self.widths()));
        Ok(Paren::Node(Kind::Capture { group, node }))
    }

    /// `(?P<name>...)` and `(?P=name)`
    fn python_extension(&mut self, open: Span, flags: Flags) -> Result<Paren> {
        match self.bump() {
            None => self.unexpected_end(),
            Some('<') => {
                let name = self.name('>', "name")?;
                self.capture(open, Some(name), flags)
            }
            Some('=') => {
                let (name, span) = self.name(')', "name")?;
                let group = self.group_named(&name, span.clone())?;
                Ok(Paren::Node(self.backref(group, span, flags)?))
            }
            Some(c) => self.unknown_extension(&open, &format!("?P{c}"), "known are (?P<name>...) and (?P=name)"),
        }
    }

    fn comment(&mut self, open: Span) -> Result<Paren> {
        while let Some(c) = self.bump() {
            if c == ')' {
                return Ok(Paren::Nothing);
            }
        }
        self.fail(open, "missing ), unterminated comment", "close the comment with )")
    }

    fn look(&mut self, open: Span, flags: Flags, behind: bool, negative: bool) -> Result<Paren> {
        let outer = if behind { self.enter_look_behind() } else { None };
        let node = self.inner(&open, flags)?;
        if behind {
            self.leave_look_behind(outer);
            let (low, high) = width(&node, self.widths());
            if low != high {
                let span = open.start..self.here().start;
                return self.fail(span, "look-behind requires fixed-width pattern", "every way through it must have the same length: no *, +, ? and no alternatives of different length");
            }
        }
        Ok(Paren::Node(Kind::Look {
            behind,
            negative,
            node: Box::new(node),
        }))
    }

    /// `(?(1)yes|no)`, behind its second parenthesis.
    fn conditional(&mut self, open: Span, flags: Flags) -> Result<Paren> {
        let (name, span) = self.name(')', "group name")?;
        let group = if is_identifier(&name) {
            self.group_named(&name, span.clone())?
        } else {
            self.group_number(&name, span.clone())?
        };
        self.refer_later(group, span.clone());
        self.descend()?;
        let yes = self.sequence(flags)?;
        let at = self.here().start;
        let no = if self.eat('|') {
            let no = self.sequence(flags)?;
            if self.peek() == Some('|') {
                return self.fail(
                    self.here(),
                    "conditional backref with more than two branches",
                    "wrap the alternatives in (?:...)",
                );
            }
            no
        } else {
            Node {
                kind: Kind::Empty,
                span: at..at,
            }
        };
        if !self.eat(')') {
            return self.fail(
                open,
                "missing ), unterminated subpattern",
                "close the condition's branches with )",
            );
        }
        self.ascend();
        self.check_look_behind(group, span)?;
        Ok(Paren::Node(Kind::Conditional {
            group,
            yes: Box::new(yes),
            no: Box::new(no),
        }))
    }

    fn flags_or_scope(&mut self, open: Span, flags: Flags, leading: bool) -> Result<Paren> {
        match self.flag_group(flags)? {
            FlagGroup::Global(more) => {
                self.add_global_flags(more, open.start..self.here().start, leading);
                Ok(Paren::Nothing)
            }
            FlagGroup::Scoped(inner) => Ok(Paren::Node(self.inner(&open, inner)?.kind)),
        }
    }

    /// A reference to a group, allowed only behind its end.
    pub(super) fn backref(&mut self, group: usize, span: Span, flags: Flags) -> Result<Kind> {
        if self.is_open(group) {
            return self.fail(
                span,
                "cannot refer to an open group",
                "a group can be referred to only behind its closing parenthesis",
            );
        }
        self.check_look_behind(group, span)?;
        Ok(Kind::Backref {
            group,
            case: flags.case(),
        })
    }

    /// A name up to `end`, which is taken as well.
    fn name(&mut self, end: char, what: &str) -> Result<(String, Span)> {
        let start = self.here().start;
        let mut name = String::new();
        loop {
            let at = self.here().start;
            match self.bump() {
                Some(c) if c == end && name.is_empty() => {
                    return self.fail(
                        start..at + 1,
                        &format!("missing {}", if what == "name" { "group name" } else { what }),
                        "a group needs a name or number",
                    );
                }
                Some(c) if c == end => return Ok((name, start..at)),
                Some(c) => name.push(c),
                None if name.is_empty() => {
                    return self.fail(start..at, "missing group name", "a group needs a name or number");
                }
                None => {
                    return self.fail(
                        start..at,
                        &format!("missing {end}, unterminated name"),
                        "close the name",
                    );
                }
            }
        }
    }

    fn group_named(&self, name: &str, span: Span) -> Result<usize> {
        if !is_identifier(name) {
            return self.bad_name(name, span);
        }
        match self.find_group(name) {
            Some(group) => Ok(group),
            None => self.fail(
                span,
                &format!("unknown group name '{name}'"),
                "the group must begin before the place that refers to it",
            ),
        }
    }

    fn group_number(&self, text: &str, span: Span) -> Result<usize> {
        let digits = text.chars().all(|c| c.is_ascii_digit());
        match text.parse() {
            Ok(0) => self.fail(span, "bad group number", "groups count from 1"),
            Ok(number) if digits && number < 1 << 16 => Ok(number),
            _ if digits => self.fail(
                span,
                &format!("invalid group reference {text}"),
                "there are fewer groups",
            ),
            _ => self.bad_name(text, span),
        }
    }

    pub(super) fn bad_name<T>(&self, name: &str, span: Span) -> Result<T> {
        self.fail(
            span,
            &format!("bad character in group name '{name}'"),
            "a name has letters, digits and _ and begins with no digit",
        )
    }

    fn unknown_extension<T>(&self, open: &Span, what: &str, hint: &str) -> Result<T> {
        self.fail(
            open.start..self.here().start,
            &format!("unknown extension {what}"),
            hint,
        )
    }

    fn unexpected_end<T>(&self) -> Result<T> {
        self.fail(
            self.here(),
            "unexpected end of pattern",
            "the group is cut off; write \\( for the parenthesis itself",
        )
    }
}

/// Python's identifiers, near enough: letters of all scripts, numbers, `_`.
pub(super) fn is_identifier(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && characters.all(|c| c.is_alphanumeric() || c == '_')
}
