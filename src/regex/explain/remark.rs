//! One thing that is said of an expression.
use std::ops::Range;

/// How much it matters; what matters most is said first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Something is wrong.
    Warning,
    /// Worth knowing.
    Note,
    /// It could be cheaper.
    Cheaper,
}

impl Level {
    /// As it is written in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Level::Warning => "warning",
            Level::Note => "note",
            Level::Cheaper => "cheaper",
        }
    }
}

/// One thing that is said of an expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Remark {
    pub level: Level,
    /// `impossible`, `no_match`, `slow`, `victim`, `date`, `cost`
    pub kind: &'static str,
    pub message: String,
    /// Bytes of the expanded expression.
    pub span: Option<Range<usize>>,
    /// What to do.
    pub help: Option<String>,
    /// A line that shows it, as it would stand in the log.
    pub line: Option<String>,
    /// The part of that line that matters, in bytes.
    pub mark: Option<Range<usize>>,
}

impl Remark {
    pub fn new(level: Level, kind: &'static str, message: impl Into<String>) -> Self {
        Remark {
            level,
            kind,
            message: message.into(),
            span: None,
            help: None,
            line: None,
            mark: None,
        }
    }

    pub fn at(self, span: Range<usize>) -> Self {
        Remark {
            span: Some(span),
            ..self
        }
    }

    pub fn help(self, help: impl Into<String>) -> Self {
        Remark {
            help: Some(help.into()),
            ..self
        }
    }

    pub fn line(self, line: impl Into<String>, mark: Option<Range<usize>>) -> Self {
        Remark {
            line: Some(line.into()),
            mark,
            ..self
        }
    }
}
