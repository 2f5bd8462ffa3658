//! Inline flags: `(?i)`, `(?i:...)`, `(?-i:...)`.
use super::Case;
use super::parse::{Parser, Result};

/// The flags in force at a place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Flags {
    pub ignore_case: bool,
    pub multi_line: bool,
    pub dot_all: bool,
    pub verbose: bool,
    pub ascii: bool,
}

impl Flags {
    pub fn case(self) -> Case {
        match (self.ignore_case, self.ascii) {
            (false, _) => Case::Sensitive,
            (true, false) => Case::Ignore,
            (true, true) => Case::IgnoreAscii,
        }
    }

    /// These flags with those of `other` on top.
    pub fn with(self, other: Flags) -> Flags {
        Flags {
            ignore_case: self.ignore_case | other.ignore_case,
            multi_line: self.multi_line | other.multi_line,
            dot_all: self.dot_all | other.dot_all,
            verbose: self.verbose | other.verbose,
            ascii: self.ascii | other.ascii,
        }
    }
}

/// What stood between `(?` and `)` or `:`.
pub(super) enum FlagGroup {
    /// `(?i)`: flags of the whole expression.
    Global(Flags),
    /// `(?i-s:`: flags of the group that begins here.
    Scoped(Flags),
}

/// Letters seen so far on one side of the `-`.
#[derive(Default)]
struct Letters {
    flags: Flags,
    unicode: bool,
    debug_only: bool,
}

impl Letters {
    fn add(&mut self, letter: char) {
        match letter {
            'i' => self.flags.ignore_case = true,
            'm' => self.flags.multi_line = true,
            's' => self.flags.dot_all = true,
            'x' => self.flags.verbose = true,
            'a' => self.flags.ascii = true,
            'u' => self.unicode = true,
            _ => self.debug_only = true,
        }
    }
}

const KNOWN: &str = "iLmsxatu";

impl Parser<'_> {
    /// Reads flags; the first character (a known letter or `-`) is not yet taken.
    pub(super) fn flag_group(&mut self, outer: Flags) -> Result<FlagGroup> {
        let mut on = Letters::default();
        let mut next = self.next_flag_character("missing -, : or )")?;
        while KNOWN.contains(next) {
            if next == 'L' {
                return self.fail(
                    self.last(),
                    "bad inline flags: cannot use 'L' flag with a str pattern",
                    "drop the L: text is always Unicode here",
                );
            }
            on.add(next);
            if on.unicode && on.flags.ascii {
                return self.fail(
                    self.last(),
                    "bad inline flags: flags 'a', 'u' and 'L' are incompatible",
                    "keep one of a and u",
                );
            }
            next = self.next_flag_character("missing -, : or )")?;
        }
        match next {
            ')' => Ok(FlagGroup::Global(on.flags)),
            ':' => Ok(FlagGroup::Scoped(scope(outer, on, Letters::default()))),
            '-' => {
                let off = self.flags_turned_off(&on)?;
                Ok(FlagGroup::Scoped(scope(outer, on, off)))
            }
            _ => self.unknown_flag(next, "missing -, : or )"),
        }
    }

    fn flags_turned_off(&mut self, on: &Letters) -> Result<Letters> {
        let mut off = Letters::default();
        let mut next = self.next_flag_character("missing flag")?;
        if !KNOWN.contains(next) {
            return self.unknown_flag(next, "missing flag");
        }
        while KNOWN.contains(next) {
            if "aLu".contains(next) {
                return self.fail(
                    self.last(),
                    "bad inline flags: cannot turn off flags 'a', 'u' and 'L'",
                    "only i, m, s and x can be turned off",
                );
            }
            off.add(next);
            next = self.next_flag_character("missing :")?;
        }
        if next != ':' {
            return self.unknown_flag(next, "missing :");
        }
        let both = on.flags.ignore_case && off.flags.ignore_case
            || on.flags.multi_line && off.flags.multi_line
            || on.flags.dot_all && off.flags.dot_all
            || on.flags.verbose && off.flags.verbose;
        if both {
            let message = "bad inline flags: flag turned on and off";
            return self.fail(self.last(), message, "name each flag on one side of the - only");
        }
        Ok(off)
    }

    fn next_flag_character(&mut self, missing: &str) -> Result<char> {
        match self.bump() {
            Some(c) => Ok(c),
            None => self.fail(self.here(), missing, "close the flags with ) or begin the group with :"),
        }
    }

    fn unknown_flag<T>(&self, letter: char, otherwise: &str) -> Result<T> {
        let message = if letter.is_alphabetic() {
            "unknown flag"
        } else {
            otherwise
        };
        self.fail(
            self.last(),
            message,
            "flags are i, m, s, x, a and u, as in (?i) or (?i:...)",
        )
    }
}

fn scope(outer: Flags, on: Letters, off: Letters) -> Flags {
    let mut flags = outer.with(on.flags);
    flags.ignore_case &= !off.flags.ignore_case;
    flags.multi_line &= !off.flags.multi_line;
    flags.dot_all &= !off.flags.dot_all;
    flags.verbose &= !off.flags.verbose;
    if on.unicode {
        flags.ascii = false;
    }
    flags
}
