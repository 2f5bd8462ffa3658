//! Problems found while reading, gathered instead of ending the reading at the first.

use crate::{Diagnostic, Place, Severity};

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

/// All findings so far, each said once.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    list: Vec<Diagnostic>,
}

impl Findings {
    /// Adds a problem. One that was found before, for another jail, stays one finding and names no jail.
    pub(crate) fn add(&mut self, severity: Severity, jail: Option<&str>, problem: Problem) {
        let known = self.list.iter_mut().find(|known| {
            known.severity == severity && known.place == problem.place && known.message == problem.message
        });
        if let Some(known) = known {
            if known.jail.as_deref() != jail {
                known.jail = None;
            }
            return;
        }
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
        self.list.iter().any(|finding| finding.severity == Severity::Error)
    }

    pub(crate) fn into_list(self) -> Vec<Diagnostic> {
        self.list
    }
}
