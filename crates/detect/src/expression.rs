//! One expression of a filter with the meaning of its groups.
use crate::name::{Key, Name};
use crate::record::{Record, Value};
use crate::single::GroupNames;
use bantam_pattern::syntax::Ast;
use bantam_pattern::tags::{self, UseDns};
use bantam_pattern::{Captures, LimitHit, Options, PatternError, Regex};
use std::sync::OnceLock;

/// Groups that tell who failed; one of them must be in a failregex or in the prefregex before it.
const IDENTIFYING: [&str; 5] = ["fid", "ip4", "ip6", "dns", "mlfid"];

/// A compiled `failregex`, `prefregex` or `ignoreregex`.
#[derive(Debug)]
pub(crate) struct Expression {
    regex: Regex,
    /// Named groups in the order of their opening.
    names: GroupNames,
    /// Those of them on which it depends who is named.
    telling: Vec<(Name, usize)>,
    /// It makes a difference whether there is a group that took no part.
    tells_by_absence: bool,
    /// `alt_user_1` fills `user`: group, target.
    alternatives: Vec<(Name, Name)>,
    /// `tuple_id_1` joins `id`: group, target.
    tuples: Vec<(Name, Name)>,
    pub(crate) groups: IdGroups,
    /// `^` and `$` match at each of several lines.
    multi_line: bool,
    /// Known once somebody asked, as of prefregex only.
    matches_any_line: OnceLock<bool>,
}

/// Where the groups stand that identify somebody.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct IdGroups {
    pub(crate) fid: Option<usize>,
    pub(crate) ip4: Option<usize>,
    pub(crate) ip6: Option<usize>,
    pub(crate) dns: Option<usize>,
    pub(crate) cidr: Option<usize>,
    pub(crate) mlfid: Option<usize>,
    pub(crate) nofail: Option<usize>,
}

impl Expression {
    pub(crate) fn new(source: &str, use_dns: UseDns, multi_line: bool) -> Result<Self, PatternError> {
        if source.trim_start().is_empty() {
            return Err(PatternError {
                message: "Cannot add empty regex".to_owned(),
                span: None,
                hint: Some("leave the option out, or write an expression".to_owned()),
            });
        }
        // `<SKIPLINES>` is expanded in all of them, as in the original.
        let expanded = tags::expand(source, use_dns, true)?;
        let options = Options {
            multi_line,
            ignore_case: false,
        };
        let regex = Regex::new(&expanded, options).map_err(|error| PatternError {
            message: format!(
                "Unable to compile regular expression '{expanded}':\n{}{}",
                error.message,
                position(&expanded, &error)
            ),
            ..error
        })?;
        Ok(Self::with_roles(regex, multi_line))
    }

    fn with_roles(regex: Regex, multi_line: bool) -> Self {
        let named = regex.group_names().iter().enumerate();
        let group_names =
            GroupNames::new(named.filter_map(|(index, name)| Some((Name::from(name.as_deref()?), index))));
        let names = group_names.indexed();
        let named = |prefix: &str| {
            let mut found: Vec<(Name, Name)> = names
                .iter()
                .filter_map(|(name, _)| {
                    let target = name.strip_prefix(prefix)?;
                    (name.len() > 4).then(|| (name.clone(), target_name(target)))
                })
                .collect();
            found.sort_by(|(one, _), (other, _)| one.cmp(other));
            found
        };
        let at = |name: &str| regex.group_index(name);
        let telling = names.iter().filter(|(name, _)| tells(name)).cloned().collect();
        // A mark of the pipeline's own, which looks whether it is there.
        let tells_by_absence = names.iter().any(|(name, _)| name.key() == Some(Key::MlfPending));
        Expression {
            telling,
            tells_by_absence,
            alternatives: named("alt_"),
            tuples: named("tuple_"),
            groups: IdGroups {
                fid: at("fid"),
                ip4: at("ip4"),
                ip6: at("ip6"),
                dns: at("dns"),
                cidr: at("cidr"),
                mlfid: at("mlfid"),
                nofail: at("nofail"),
            },
            names: group_names,
            matches_any_line: OnceLock::new(),
            regex,
            multi_line,
        }
    }

    /// The expression with its tags expanded.
    pub(crate) fn as_str(&self) -> &str {
        self.regex.as_str()
    }

    pub(crate) fn is_multi_line(&self) -> bool {
        self.multi_line
    }

    /// Whether a match can tell who failed.
    pub(crate) fn identifies(&self) -> bool {
        IDENTIFYING.iter().any(|name| self.regex.group_index(name).is_some())
    }

    /// The group that prefregex hands on to the failregexes.
    pub(crate) fn content_group(&self) -> Option<usize> {
        self.regex.group_index("content")
    }

    /// Whether the spans of the identifying groups alone decide what a match means.
    pub(crate) fn is_plain(&self) -> bool {
        self.alternatives.is_empty()
            && self.tuples.is_empty()
            && self.groups.mlfid.is_none()
            && self.groups.nofail.is_none()
    }

    pub(crate) fn ast(&self) -> &Ast {
        self.regex.ast()
    }

    /// Whether it matches every line that is not empty.
    pub(crate) fn matches_any_line(&self) -> bool {
        *self.matches_any_line.get_or_init(|| self.ast().matches_any_line())
    }

    /// Whether it matches; where, is left in `found`.
    pub(crate) fn captures(&self, text: &str, found: &mut Captures) -> Result<bool, LimitHit> {
        self.regex.captures_into(text, 0, found)
    }

    /// The same where the text is known to have the literal that it must have.
    pub(crate) fn captures_having_literal(&self, text: &str, found: &mut Captures) -> Result<bool, LimitHit> {
        self.regex.captures_having_literal(text, found)
    }

    pub(crate) fn is_match(&self, text: &str) -> Result<bool, LimitHit> {
        self.regex.is_match(text)
    }

    /// Where this is another expression but for words with which a gap has to end: the gap's group in the other one.
    pub(crate) fn narrows(&self, other: &Expression) -> Option<usize> {
        self.regex.narrows(&other.regex)
    }

    /// Whether it matches a text that the other expression matches which this one narrows, with that group ending here.
    pub(crate) fn is_match_up_to(&self, text: &str, end: usize) -> Result<bool, LimitHit> {
        self.regex.is_match_up_to(text, end)
    }

    pub(crate) fn required_literal(&self) -> Option<&[u8]> {
        // A line never holds its own end, the text that an expression sees does.
        self.regex
            .required_literal()
            .filter(|literal| !literal.is_empty() && !literal.contains(&b'\n'))
    }

    /// Literals of which each match contains at least one; none if unknown.
    pub(crate) fn one_of_literals(&self) -> Vec<Vec<u8>> {
        self.regex.one_of_literals()
    }

    /// All literals that each match contains, some of them with the line's end.
    pub(crate) fn required_literals(&self) -> &[Vec<u8>] {
        self.regex.required_literals()
    }

    /// The named groups in the order of their opening, and where their texts are among the spans of a match.
    pub(crate) fn names(&self) -> &GroupNames {
        &self.names
    }

    /// The named groups, alternatives and tuples joined: all, or only those on which it depends who is named.
    pub(crate) fn record(&self, text: &str, captures: &Captures, all: bool) -> Record {
        self.record_without(None, text, captures, all)
    }

    /// The same without a group of this name.
    pub(crate) fn record_without(&self, left_out: Option<Key>, text: &str, captures: &Captures, all: bool) -> Record {
        let names: &[_] = if all { self.names.indexed() } else { &self.telling };
        let absent = all || self.tells_by_absence;
        let mut record = Record::with_capacity(names.len().clamp(5, 6) + 2);
        for (name, group) in names
            .iter()
            .filter(|(name, _)| left_out.is_none() || name.key() != left_out)
        {
            match span_text(text, captures, Some(*group)) {
                Some(text) => record.push(name.clone(), value(name, text, all)),
                None if absent => record.push(name.clone(), Value::Missing),
                None => {}
            }
        }
        for (group, target) in &self.alternatives {
            let has = |name| record.get_named(name).filter(|value| value.is_truthy());
            if let Some(value) = has(group).cloned()
                && has(target).is_none()
            {
                record.put(target.clone(), value);
            }
        }
        for (group, target) in &self.tuples {
            let part = record.get_named(group).cloned().unwrap_or(Value::Missing);
            let joined = match record.get_named(target).cloned() {
                Some(Value::Tuple(mut parts)) => {
                    parts.push(part);
                    parts
                }
                first => vec![first.unwrap_or(Value::Missing), part],
            };
            record.put(target.clone(), Value::Tuple(joined));
        }
        record
    }

    /// What [`Expression::record`] tells written over what is known already, groups without part left out.
    pub(crate) fn record_over(&self, mut known: Record, text: &str, captures: &Captures, all: bool) -> Record {
        if !self.alternatives.is_empty() || !self.tuples.is_empty() {
            known.merge_known(self.record(text, captures, all));
            return known;
        }
        let names: &[_] = if all { self.names.indexed() } else { &self.telling };
        for (name, group) in names {
            if let Some(text) = span_text(text, captures, Some(*group)) {
                known.put(name.clone(), value(name, text, all));
            }
        }
        known
    }

    /// The lines that `<SKIPLINES>` passed over, in order.
    pub(crate) fn skipped_lines<'t>(&self, text: &'t str, captures: &Captures) -> Vec<&'t str> {
        let mut skipped = Vec::new();
        for index in 0.. {
            let Some(group) = self.regex.group_index(&format!("skiplines{index}")) else {
                break;
            };
            if let Some(text) = span_text(text, captures, Some(group)) {
                skipped.extend(text.split_terminator('\n'));
            }
        }
        skipped
    }
}

/// The value of a group that took part. Where not all is told, of a mark only counts whether it is set.
fn value(name: &Name, text: &str, all: bool) -> Value {
    let is_mark = || {
        let key = name.key();
        matches!(
            key,
            Some(Key::NoFail | Key::MlfForget | Key::MlfGained | Key::MlfPending)
        )
    };
    match !all && !text.is_empty() && is_mark() {
        true => Value::Set,
        false => Value::Text(text.into()),
    }
}

/// Whether a group has a say in who failed, and in whether that counts.
fn tells(name: &str) -> bool {
    matches!(
        name,
        "fid" | "ip4" | "ip6" | "dns" | "cidr" | "nofail" | "user" | "users"
    ) || ["mlf", "alt_", "tuple_"].iter().any(|prefix| name.starts_with(prefix))
}

/// Where in the expression something is wrong, as Python says it.
fn position(expression: &str, error: &PatternError) -> String {
    let before = error.span.as_ref().and_then(|span| expression.get(..span.start));
    match before {
        Some(before) if !error.message.contains(" at position ") => {
            format!(" at position {}", before.chars().count())
        }
        _ => String::new(),
    }
}

/// The text of a group that took part.
pub(crate) fn span_text<'t>(text: &'t str, captures: &Captures, group: Option<usize>) -> Option<&'t str> {
    let (start, end) = (*captures.spans.get(group?)?)?;
    text.get(start..end)
}

/// `user_1` is a further form of `user`; `id` and `port` have longer names inside.
fn target_name(name: &str) -> Name {
    let base = match name.rsplit_once('_') {
        Some((base, digits)) if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => base,
        _ => name,
    };
    match base {
        "id" => "fid",
        "port" => "fport",
        other => other,
    }
    .into()
}
