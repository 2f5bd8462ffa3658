//! Problems found while reading, gathered instead of ending the reading at the first.

use crate::{Diagnostic, Place, Severity};
use std::collections::HashMap;

/// Something wrong at a place, before it is known whom it concerns.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Problem {
    pub(crate) place: Option<Place>,
    pub(crate) length: usize,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl Problem {
    pub(crate) fn new(place: Option<Place>, length: usize, message: impl Into<String>) -> Self {
        Problem {
            place,
            length,
            message: message.into(),
            hint: None,
        }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn hint_if(mut self, hint: Option<String>) -> Self {
        self.hint = hint.or(self.hint);
        self
    }
}

/// Findings of one severity that are told; nobody reads more at once.
const MOST_TOLD: usize = 500;

/// All findings so far, each said once.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    list: Vec<Diagnostic>,
    /// Where in the list each stands.
    known: HashMap<(Severity, Option<Place>, String), usize>,
    errors: Count,
    warnings: Count,
}

#[derive(Debug, Default)]
struct Count {
    told: usize,
    untold: usize,
}

impl Findings {
    /// Adds a problem. One that was found before, for another jail, stays one finding and names no jail.
    pub(crate) fn add(&mut self, severity: Severity, jail: Option<&str>, problem: Problem) {
        let key = (severity, problem.place.clone(), problem.message.clone());
        if let Some(known) = self.known.get(&key).and_then(|index| self.list.get_mut(*index)) {
            if known.jail.as_deref() != jail {
                known.jail = None;
            }
            return;
        }
        let count = match severity {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
        };
        if count.told == MOST_TOLD {
            count.untold += 1;
            return;
        }
        count.told += 1;
        self.known.insert(key, self.list.len());
        self.list.push(Diagnostic {
            severity,
            place: problem.place,
            length: u32::try_from(problem.length).unwrap_or(u32::MAX).max(1),
            message: problem.message,
            hint: problem.hint,
            jail: jail.map(str::to_owned),
        });
    }

    pub(crate) fn error(&mut self, jail: Option<&str>, problem: Problem) {
        self.add(Severity::Error, jail, problem);
    }

    pub(crate) fn warning(&mut self, jail: Option<&str>, problem: Problem) {
        self.add(Severity::Warning, jail, problem);
    }

    pub(crate) fn extend(&mut self, jail: Option<&str>, problems: Vec<Problem>) {
        for problem in problems {
            self.error(jail, problem);
        }
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.errors.told > 0
    }

    pub(crate) fn into_list(mut self) -> Vec<Diagnostic> {
        for (severity, count, what) in [
            (Severity::Error, &self.errors, "errors"),
            (Severity::Warning, &self.warnings, "warnings"),
        ] {
            if count.untold > 0 {
                self.list.push(Diagnostic {
                    severity,
                    place: None,
                    length: 1,
                    message: format!("there are {} more {what}", count.untold),
                    hint: Some("mend those above first".to_owned()),
                    jail: None,
                });
            }
        }
        self.list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_beyond_what_anybody_reads_are_counted() {
        let mut findings = Findings::default();
        for number in 0..MOST_TOLD + 7 {
            findings.warning(None, Problem::new(None, 1, format!("odd {number}")));
            findings.warning(None, Problem::new(None, 1, "odd 0"));
        }
        assert!(!findings.has_errors());
        findings.error(None, Problem::new(None, 1, "wrong"));
        assert!(findings.has_errors());
        let list = findings.into_list();
        assert_eq!(list.len(), MOST_TOLD + 2);
        assert_eq!(
            list.last().map(|last| last.message.as_str()),
            Some("there are 7 more warnings")
        );
    }
}
