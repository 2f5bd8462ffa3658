//! What a filter notes besides failures, said in the log: most of it once a day, not for every block that brings it.
use crate::live::Work;
use crate::log::{Log, Module};
use crate::text;
use bantam_detect::{Filter, Id, Note, Time};

/// Says a note in the jail's name, unless that was done not long ago.
pub(crate) fn tell(log: &Log, jail: &str, work: &mut Work, note: &Note, now: Time) {
    let may_say = match kind(note) {
        Some((kind, about)) => work.may_say(kind, about, now),
        None => true,
    };
    // What is not said is not put into words either.
    if may_say {
        log.warning(Module::Filter, format!("[{jail}] {}", words(note, work)));
    }
}

/// What is not to be repeated soon, and the expression that it is about; none for what is said each time.
fn kind(note: &Note) -> Option<(&'static str, usize)> {
    Some(match note {
        Note::OddTime { .. } => ("odd time", 0),
        Note::TooOld => ("too old", 0),
        Note::Undated => ("undated", 0),
        Note::BadDate(_) => ("bad date", 0),
        Note::Limit { option, index } => (option, *index),
        Note::Resolved { .. } => return None,
    })
}

fn words(note: &Note, work: &Work) -> String {
    match note {
        Note::OddTime { deviation } => {
            let side = if *deviation < 0 { "before" } else { "after" };
            let problem = if (-3300..=0).contains(deviation) {
                "latency"
            } else {
                "timezone"
            };
            let by = text::duration(deviation.unsigned_abs() as f64);
            format!(
                "Detected a log entry {by} {side} the current time in operation mode. This looks like a {problem} \
                 problem. Treating such entries as if they just happened."
            )
        }
        Note::TooOld => format!(
            "Ignoring all log entries older than {}s; these are probably messages generated while fail2ban was not \
             running.",
            text::number(work.jail.options().findtime)
        ),
        Note::Undated => "Found a match but no valid date/time in the line; such lines are left out until the log has \
                          been read to its end. Is there a date in them, and does datepattern find it?"
            .to_owned(),
        Note::BadDate(date) => format!("Found what looks like a date but is none: {date:?}"),
        Note::Limit { option, index } => {
            let text = text::excerpt(&expression(&work.filter, option, *index));
            let number = match *option {
                "failregex" | "ignoreregex" => format!(" {}", index + 1),
                _ => String::new(),
            };
            format!(
                "{option}{number} took too many steps on a line and was given up there; it can be made slow by what \
                 clients send. Anchor it, and use fewer open-ended repetitions: {text}"
            )
        }
        Note::Resolved { name, ids } => {
            let ids: Vec<String> = ids.iter().map(Id::to_string).collect();
            format!("Determined IP using DNS Lookup: {name} = {}", ids.join(", "))
        }
    }
}

/// The expression that a note is about.
fn expression(filter: &Filter, option: &str, index: usize) -> String {
    let of = |all: Vec<&str>| all.get(index).map(|text| (*text).to_owned());
    let text = match option {
        "failregex" => of(filter.failregexes()),
        "ignoreregex" => of(filter.ignoreregexes()),
        "prefregex" => Some(filter.prefregex().to_owned()),
        "datepattern" => filter.datepattern().and_then(|(pattern, _)| pattern),
        _ => None,
    };
    text.unwrap_or_default()
}
