//! Whether a client could make an expression slow: lines built for it are run, and timed.
use super::costs::processor_time;
use super::remark::{Level, Remark};
use super::subject::Subject;
use super::text::duration;
use bantam_pattern::Regex;
use bantam_pattern::advice::{Looks, Suspect, suspects};
use std::time::Duration;

/// Bytes of a line that is built: about the longest request that web servers take.
const LENGTH: usize = 8000;
/// What no line of this length should take.
const PATIENCE: Duration = Duration::from_millis(1);

/// Says whether a line can be made that takes long.
pub fn remark(subject: &Subject, remarks: &mut Vec<Remark>) {
    let mut ask = |line: &str| {
        let text = format!("{line}\n");
        let begin = processor_time();
        let gave_up = subject.regex.is_match(&text).is_err();
        (processor_time().saturating_sub(begin), gave_up)
    };
    remarks.extend(worst(&subject.regex, &mut ask));
}

/// A trial.
struct Worst {
    time: Duration,
    gave_up: bool,
    /// Of the suspects, and of its lines.
    suspect: usize,
    line: String,
}

/// Runs the lines that the expression suggests; tells of the one that took longest.
pub fn worst(regex: &Regex, ask: &mut dyn FnMut(&str) -> (Duration, bool)) -> Option<Remark> {
    let suspects = suspects(regex.ast(), regex.required_literals());
    let mut worst: Option<Worst> = None;
    let mut count = 0;
    for (index, suspect) in suspects.iter().enumerate() {
        for line in suspect.lines(LENGTH) {
            count += 1;
            let (mut time, mut gave_up) = ask(&line);
            if time > PATIENCE || gave_up {
                // Again, so that what the machine did beside it does not count.
                for _ in 0..2 {
                    let (again, too) = ask(&line);
                    time = time.min(again);
                    gave_up &= too;
                }
            }
            // Of those that are given up the first counts: the worst kind of place stands first.
            let is_worse = worst.as_ref().is_none_or(|worst| match (gave_up, worst.gave_up) {
                (false, false) => time > worst.time,
                (now, before) => now && !before,
            });
            if is_worse {
                worst = Some(Worst {
                    time,
                    gave_up,
                    suspect: index,
                    line,
                });
            }
        }
    }
    let worst = worst?;
    let suspect = suspects.get(worst.suspect)?;
    if !worst.gave_up && worst.time <= PATIENCE {
        // Nearly every expression has two gaps; not worth a word where nothing comes of it.
        if matches!(suspect.looks, Looks::Unanchored | Looks::Gaps(2)) {
            return None;
        }
        let (_, why, _) = words(suspect);
        let message = format!(
            "{why}, but is not slow here: the slowest of {count} lines of {LENGTH} bytes built for it took {}",
            duration(worst.time)
        );
        return Some(Remark::new(Level::Note, "slow", message).at(suspect.span.clone()));
    }
    Some(said(suspect, &worst, ask))
}

fn said(suspect: &Suspect, worst: &Worst, ask: &mut dyn FnMut(&str) -> (Duration, bool)) -> Remark {
    let (what, _, help) = words(suspect);
    let half = suspect.lines(LENGTH / 2).iter().map(|line| ask(line).0).max();
    let half = half.map_or(String::new(), |time| {
        format!(", one of half the length {}", duration(time))
    });
    let message = match worst.gave_up {
        true => format!(
            "whoever can choose such a text can make this slow: {what}. A line of {} bytes was given up after \
             {}{half}; a line that is given up counts as not matching",
            worst.line.len(),
            duration(worst.time)
        ),
        false => format!(
            "whoever can choose such a text can make this slow: {what}. A line of {} bytes took {}{half}",
            worst.line.len(),
            duration(worst.time)
        ),
    };
    Remark::new(Level::Warning, "slow", message)
        .at(suspect.span.clone())
        .help(help)
        .line(worst.line.clone(), None)
}

/// What it is, how it looks, and what helps.
fn words(suspect: &Suspect) -> (String, String, &'static str) {
    match suspect.looks {
        Looks::Nested => (
            "a repetition stands in a repetition, and there are very many ways to share the same text between them"
                .into(),
            "a repetition stands in a repetition".into(),
            "repeat once only: for (a+)+ write a+, for (\\s*\\w+)* write [\\s\\w]*",
        ),
        Looks::Alternatives => (
            "alternatives that can begin alike are repeated, and there are very many ways to choose".into(),
            "alternatives that can begin alike are repeated".into(),
            "let each alternative begin with a character that no other begins with",
        ),
        Looks::Gaps(count) => (
            format!("{count} open gaps follow one another, and each can take what is meant for the next"),
            format!("{count} open gaps follow one another"),
            "let a gap end where its field ends: for .* in quotes write [^\"]*, between blanks \\S+",
        ),
        Looks::Backref => (
            "a text of any length has to be found a second time".into(),
            "a text of any length has to be found a second time".into(),
            "leave the back reference out, or let its group take a few characters only",
        ),
        Looks::Unanchored => (
            "the search begins anew at each character of the line, and each time goes on to the end".into(),
            "the search may begin anew at each character of the line".into(),
            "begin with ^ and write out what stands at the beginning of the line",
        ),
    }
}
