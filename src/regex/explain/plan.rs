//! How an expression is searched, in words.
use super::subject::Subject;
use bantam_pattern::PlanKind;

/// As it is written in JSON.
pub fn kind(subject: &Subject) -> &'static str {
    match subject.regex.plan().kind {
        PlanKind::Chain => "chain",
        PlanKind::Automaton => "automaton",
        PlanKind::Jit => "jit",
        PlanKind::Interpreter => "interpreter",
    }
}

/// In one line.
pub fn words(subject: &Subject) -> String {
    let sentences = subject.regex.plan().sentences(subject.regex.as_str());
    sentences.into_iter().next().unwrap_or_default()
}

/// Why it is so, and what follows from it.
pub fn reasons(subject: &Subject) -> Vec<String> {
    let sentences = subject.regex.plan().sentences(subject.regex.as_str());
    sentences.into_iter().skip(1).collect()
}
