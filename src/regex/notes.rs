//! What the filter has to say besides failures. At its log levels it is told as the original tells it; that an
//! expression was given up on a line makes results wrong, and is told in any case, on standard error.
use super::dates;
use super::messages::{Level, Messages};
use super::resolve::System;
use super::run::Trial;
use bantam_detect::{Hit, Note, python_quote};
use bantam_wire::Value;
use bantam_wire::repr::repr;

/// Notes of all lines.
pub struct Notes {
    /// What has just been noted.
    pub fresh: Vec<Note>,
    limits: Vec<(&'static str, usize)>,
    /// Whether any of the levels that tell about single lines is shown.
    told: bool,
    /// Said once, as the original says it once a day.
    said_undated: bool,
    said_decoding: bool,
    said_dates: bool,
}

impl Notes {
    pub fn new(messages: &Messages) -> Self {
        Notes {
            fresh: Vec::new(),
            limits: Vec::new(),
            told: messages.shows(Level::Error),
            said_undated: false,
            said_decoding: false,
            said_dates: false,
        }
    }

    /// Whether each line's notes are to be told when it is through.
    pub fn are_told(&self) -> bool {
        self.told
    }

    /// Takes over what has just been noted.
    pub fn collect(&mut self) {
        let fresh = std::mem::take(&mut self.fresh);
        fresh.iter().for_each(|note| self.keep(note));
    }

    fn keep(&mut self, note: &Note) {
        if let Note::Limit { option, index } = note
            && !self.limits.contains(&(option, *index))
        {
            self.limits.push((option, *index));
        }
    }

    /// Tells what was noted on a line.
    pub fn tell_line(&mut self, hits: &[Hit], line: &str, resolver: &mut System, trial: &mut Trial<'_>) {
        for (name, why) in resolver.failed.drain(..) {
            let text = format!("Unable to find a corresponding IP address for {name}: {why}");
            trial.tell(Level::Warning, "ipdns", &text);
        }
        for note in std::mem::take(&mut self.fresh) {
            self.keep(&note);
            match note {
                Note::BadDate(date) => {
                    let text = format!("findFailure failed to parse timeText: {date}");
                    trial.tell(Level::Error, "filter", &text);
                }
                Note::Undated if !self.said_undated => {
                    self.said_undated = true;
                    tell_undated(hits, line, trial);
                }
                Note::Resolved { name, ids } => {
                    let ids: Vec<String> = ids.iter().map(|id| python_quote(&id.to_string())).collect();
                    let text = format!("Determined IP using DNS Lookup: {name} = {{{}}}", ids.join(", "));
                    trial.tell(Level::Warning, "ipdns", &text);
                }
                _ => {}
            }
        }
    }

    /// Tells what there is to tell before a line is judged: of the first that is no text in its encoding, and of the
    /// default date templates, which come to be with the first line.
    pub fn tell_before(&mut self, line: &[u8], trial: &mut Trial<'_>) {
        self.tell_decoding(line, trial);
        if !self.said_dates {
            self.said_dates = true;
            if !trial.has_datepattern || trial.filter.date_templates().is_empty() {
                dates::tell_defaults(trial);
            }
        }
    }

    fn tell_decoding(&mut self, line: &[u8], trial: &mut Trial<'_>) {
        if self.said_decoding || trial.filter.encoding().is_valid(line) {
            return;
        }
        self.said_decoding = true;
        let log = &trial.options.log;
        let encoding = trial.options.encoding.as_deref().unwrap_or("UTF-8");
        let text = format!("Error decoding line from '{log}' with '{encoding}'.");
        trial.tell(Level::Warning, "filter", &text);
        let text = format!(
            "Consider setting logencoding to appropriate encoding for this jail. Continuing to process line ignoring \
             invalid characters: {}",
            repr(&Value::Bytes(line.to_vec()))
        );
        trial.tell(Level::Warning, "filter", &text);
    }

    /// The expressions that were given up on some lines.
    pub fn limits<'t>(&'t self, trial: &'t Trial<'_>) -> impl Iterator<Item = Limit> + use<'t> {
        self.limits.iter().map(|(option, index)| Limit {
            option,
            number: index + 1,
            regex: match *option {
                "failregex" => trial.failregex.get(*index).cloned(),
                "ignoreregex" => trial.ignoreregex.get(*index).cloned(),
                "prefregex" => Some(trial.filter.prefregex().to_owned()),
                "datepattern" => trial.filter.datepattern().and_then(|(pattern, _)| pattern),
                _ => None,
            },
        })
    }

    /// Tells of them, once all lines are through.
    pub fn warn(&self, trial: &Trial<'_>) {
        for limit in self.limits(trial) {
            let Limit { option, number, regex } = limit;
            let number = match option {
                "failregex" | "ignoreregex" => format!(" {number}"),
                _ => String::new(),
            };
            let text = super::printer::visible(&regex.unwrap_or_default());
            eprintln!(
                "warning: {option}{number} took too many steps on some lines, where it counts as not matching: {text}"
            );
        }
    }
}

/// An expression that was given up on some line.
pub struct Limit {
    pub option: &'static str,
    /// From 1, as expressions are listed.
    pub number: usize,
    /// As written.
    pub regex: Option<String>,
}

fn tell_undated(hits: &[Hit], line: &str, trial: &mut Trial<'_>) {
    let matches = hits.first().map(|hit| hit.record.matches()).unwrap_or_default();
    let date = matches.last().map(|line| line.date.as_str()).unwrap_or_default();
    let lines: Vec<String> = match matches {
        [] => vec![line.to_owned()],
        lines => lines.iter().map(|line| line.text()).collect(),
    };
    for text in [
        format!("Found a match but no valid date/time found for {}.", python_quote(date)),
        format!("Match without a timestamp: {}", lines.join("\n")),
        "Please try setting a custom date pattern (see man page jail.conf(5)).".to_owned(),
    ] {
        trial.tell(Level::Warning, "filter", &format!("[~jailless~] {text}"));
    }
}
