//! `-l info` and `-l debug`: which date templates a `datepattern` comes to.
use super::messages::Level;
use super::run::Trial;
use bantam_detect::{Filter, python_quote};

const PART: &str = "datedetector";

/// Tells about a pattern that has been set. Its lines are taken one by one, as they are counted.
pub fn tell_pattern(trial: &mut Trial<'_>, pattern: &str) {
    if trial.messages.shows(Level::Info) {
        let lines = pattern.split('\n').map(str::trim).filter(|line| !line.is_empty());
        lines.for_each(|line| tell_line(trial, line));
    }
}

/// Tells about the templates that are used without a pattern.
pub fn tell_defaults(trial: &mut Trial<'_>) {
    if trial.messages.shows(Level::Info) {
        tell_line(trial, "{DEFAULT}");
    }
}

fn tell_line(trial: &mut Trial<'_>, line: &str) {
    let mut filter = Filter::new();
    if filter.set_datepattern(line).is_err() {
        return;
    }
    let templates = filter.date_templates();
    let key = match line.contains('%') {
        true => line.to_owned(),
        false => line.to_uppercase(),
    };
    let count = templates.len();
    let summary = match key.as_str() {
        "{DEFAULT}" => Some(format!("  default date pattern: {count} template(s)")),
        "{^LN-BEG}" => Some(format!("  default filtered date pattern: {count} template(s)")),
        key if key.contains("{DATE}") => {
            let line = python_quote(line);
            Some(format!("  default date pattern for `{line}`: {count} template(s)"))
        }
        _ => None,
    };
    if let (None, [template]) = (&summary, templates.as_slice()) {
        let pattern = template.pattern.as_deref().unwrap_or_default();
        let text = format!("  date pattern `{pattern}`: `{}`", template.name);
        trial.tell(Level::Info, PART, &text);
    }
    for template in &templates {
        let pattern = template.pattern.as_deref().unwrap_or_default();
        let text = format!("  date pattern regex for `{pattern}`: `{}`", template.expression);
        trial.tell(Level::Debug, PART, &text);
    }
    if let Some(summary) = summary {
        trial.tell(Level::Info, PART, &summary);
    }
}
