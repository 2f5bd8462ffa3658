//! What a filter is set up with: expressions, date patterns and options, as commands and configurations give them.
use super::Filter;
use crate::date_anchor::DateAnchor;
use crate::decode::{Encoding, UnknownEncoding};
use crate::expression::Expression;
use bantam_pattern::PatternError;
use bantam_pattern::date::Detector;
use bantam_pattern::tags::UseDns;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

impl Filter {
    /// What it was set up with.
    pub(crate) fn hash_settings(&self, hasher: &mut impl Hasher) {
        let rules = &self.rules;
        (self.prefregex(), self.failregexes(), self.ignoreregexes()).hash(hasher);
        (&self.datepattern, &self.zone, self.encoding).hash(hasher);
        // `maxlines` when an expression was added decides how it is compiled.
        let multi_line: Vec<bool> = rules.fail.iter().map(Expression::is_multi_line).collect();
        (rules.use_dns, rules.max_lines, multi_line).hash(hasher);
        (rules.check_all, rules.raw_hosts, rules.keep_pending).hash(hasher);
        (rules.keep_records, rules.tell_prefix).hash(hasher);
    }

    /// Sets `usedns`; applies to expressions added afterwards, as in the original.
    pub fn set_use_dns(&mut self, value: UseDns) {
        self.key = OnceLock::new();
        self.rules.use_dns = value;
    }

    /// `usedns`
    pub fn use_dns(&self) -> UseDns {
        self.rules.use_dns
    }

    /// Sets `maxlines`; applies to expressions added afterwards.
    pub fn set_max_lines(&mut self, lines: usize) -> Result<(), PatternError> {
        self.key = OnceLock::new();
        if lines == 0 {
            return Err(PatternError {
                message: "maxlines must be integer greater than zero".to_owned(),
                span: None,
                hint: None,
            });
        }
        self.rules.max_lines = lines;
        Ok(())
    }

    /// `maxlines`
    pub fn max_lines(&self) -> usize {
        self.rules.max_lines
    }

    /// Sets how bytes become text (`logencoding`: `auto`, `utf-8`, `ascii`, `latin-1`).
    pub fn set_encoding(&mut self, name: &str) -> Result<(), UnknownEncoding> {
        self.key = OnceLock::new();
        self.encoding = Encoding::from_name(name)?;
        Ok(())
    }

    /// How bytes become text.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Tries all failregexes on a line instead of ending with the first that matches (`fail2ban-regex` and tests).
    pub fn set_check_all(&mut self, value: bool) {
        self.key = OnceLock::new();
        self.rules.check_all = value;
        self.rules.refresh();
    }

    /// Takes names and ids as they stand (`fail2ban-regex --raw`).
    pub fn set_raw_hosts(&mut self, value: bool) {
        self.key = OnceLock::new();
        self.rules.raw_hosts = value;
    }

    /// Reports matches of a tracked connection that does not tell an address yet, as hits without id.
    pub fn set_keep_pending(&mut self, value: bool) {
        self.key = OnceLock::new();
        self.rules.keep_pending = value;
    }

    /// Whether hits of [`Filter::judge`] carry all that was captured (the default); without, counting is cheaper.
    pub fn set_keep_records(&mut self, value: bool) {
        self.key = OnceLock::new();
        self.rules.keep_records = value;
    }

    /// Whether reports of [`Filter::judge`] tell what prefregex captured.
    pub fn set_tell_prefix(&mut self, value: bool) {
        self.key = OnceLock::new();
        self.rules.tell_prefix = value;
    }

    /// Sets or clears (empty text) `prefregex`.
    pub fn set_prefregex(&mut self, source: &str) -> Result<(), PatternError> {
        self.key = OnceLock::new();
        self.rules.prefregex = match source {
            "" => None,
            source => Some(Expression::new(source, self.rules.use_dns, false)?),
        };
        self.rules.refresh();
        Ok(())
    }

    /// `prefregex` as the original shows it (tags expanded), empty without one.
    pub fn prefregex(&self) -> &str {
        self.rules.prefregex.as_ref().map_or("", Expression::as_str)
    }

    /// Appends a `failregex`. Must capture an address, an id or a connection, here or in `prefregex`.
    pub fn add_failregex(&mut self, source: &str) -> Result<(), PatternError> {
        self.key = OnceLock::new();
        let expression = Expression::new(source, self.rules.use_dns, self.rules.max_lines > 1)?;
        let prefix = self.rules.prefregex.as_ref();
        if !expression.identifies() && !prefix.is_some_and(Expression::identifies) {
            return Err(PatternError {
                message: format!("No failure-id group in '{}'", expression.as_str()),
                span: None,
                hint: Some(
                    "say where the address stands with <HOST> or <ADDR>, or an id with <F-ID>…</F-ID>".to_owned(),
                ),
            });
        }
        self.rules.fail.push(expression);
        self.rules.refresh();
        Ok(())
    }

    /// Removes one, false when there is none of that index.
    pub fn remove_failregex(&mut self, index: usize) -> bool {
        self.key = OnceLock::new();
        let there = index < self.rules.fail.len();
        if there {
            self.rules.fail.remove(index);
            self.rules.refresh();
        }
        there
    }

    /// The expressions as the original shows them (tags expanded).
    pub fn failregexes(&self) -> Vec<&str> {
        self.rules.fail.iter().map(Expression::as_str).collect()
    }

    /// Appends an `ignoreregex`.
    pub fn add_ignoreregex(&mut self, source: &str) -> Result<(), PatternError> {
        self.key = OnceLock::new();
        let expression = Expression::new(source, self.rules.use_dns, false)?;
        self.rules.ignore.push(expression);
        self.rules.refresh();
        Ok(())
    }

    /// Removes one, false when there is none of that index.
    pub fn remove_ignoreregex(&mut self, index: usize) -> bool {
        self.key = OnceLock::new();
        let there = index < self.rules.ignore.len();
        if there {
            self.rules.ignore.remove(index);
            self.rules.refresh();
        }
        there
    }

    /// The expressions as the original shows them (tags expanded).
    pub fn ignoreregexes(&self) -> Vec<&str> {
        self.rules.ignore.iter().map(Expression::as_str).collect()
    }

    /// Drops all failregexes and ignoreregexes (a reload begins); line-to-line state is kept.
    pub fn clear_expressions(&mut self) {
        self.key = OnceLock::new();
        self.rules.fail.clear();
        self.rules.ignore.clear();
        self.rules.refresh();
    }

    /// Sets `datepattern`; empty text returns to the default templates.
    pub fn set_datepattern(&mut self, pattern: &str) -> Result<(), PatternError> {
        self.key = OnceLock::new();
        let pattern = pattern.trim();
        self.spare = None;
        self.untaught = None;
        self.detector = match pattern {
            "" => None,
            pattern => {
                let mut detector = Detector::from_pattern(pattern).map_err(|error| PatternError {
                    message: format!(
                        "Failed to set datepattern '{pattern}' (may be an invalid format or unescaped percent char): {}",
                        error.message
                    ),
                    ..error
                })?;
                detector.set_default_zone(self.zone.as_deref())?;
                Some(Box::new(detector))
            }
        };
        self.anchor = DateAnchor::of(pattern).map(Arc::new);
        self.datepattern = Some(pattern.to_owned()).filter(|pattern| !pattern.is_empty());
        Ok(())
    }

    /// The pattern and shown name, or none for the default templates.
    pub fn datepattern(&self) -> Option<(Option<String>, String)> {
        match self.detector.as_ref()?.describe() {
            (None, "Default Detectors") => None,
            (pattern, name) => Some((pattern.map(str::to_owned), name.to_owned())),
        }
    }

    /// Sets `logtimezone`.
    pub fn set_log_timezone(&mut self, zone: Option<&str>) -> Result<(), PatternError> {
        self.key = OnceLock::new();
        self.teach();
        // Tried on a detector even where none is needed yet, so that a wrong zone is refused now.
        let mut detector = match self.detector.take() {
            Some(detector) => detector,
            None => Box::new(Detector::defaults()),
        };
        let result = detector.set_default_zone(zone);
        self.detector = Some(detector);
        result.map_err(|error| PatternError {
            message: format!(
                "Unknown or unsupported time zone: {}",
                crate::python::quote(zone.unwrap_or_default())
            ),
            ..error
        })?;
        self.zone = zone.map(str::to_owned);
        self.spare = None;
        Ok(())
    }
}
