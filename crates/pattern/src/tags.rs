//! Fail2ban's tags inside expressions: `<HOST>`, `<ADDR>`, `<F-USER>…</F-USER>`, `<SKIPLINES>` …
use crate::PatternError;

/// What `usedns` makes of `<HOST>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UseDns {
    /// Resolve names.
    Yes,
    /// Resolve names and say so in the log.
    #[default]
    Warn,
    /// Names never match.
    No,
    /// Take the text as it is.
    Raw,
}

/// Expands the tags of a filter's expression to Python's dialect. `multi_line` allows `<SKIPLINES>`.
/// Spans in the error point into `source`.
pub fn expand(_source: &str, _use_dns: UseDns, _multi_line: bool) -> Result<String, PatternError> {
    todo!()
}
