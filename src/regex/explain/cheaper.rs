//! What to change to make an expression cheaper, in plain words.
use super::Section;
use super::remark::{Level, Remark};
use super::text::{cut, percent, time};
use bantam_pattern::PlanKind;
use bantam_pattern::advice;

/// Less of the filter's time is not worth a word.
const WORTH: f64 = 0.2;
/// Nor is an expression that costs less for a line, in nanoseconds.
const CHEAP: f64 = 100.0;
/// Of fewer lines nothing is said.
const FEWEST: usize = 500;
/// A literal that stands in more of the lines dismisses too few.
const FREQUENT: f64 = 0.5;

/// Says what would make it cheaper, where that is worth it.
pub fn remark(section: &mut Section) {
    let (Some(costs), Some(share)) = (&section.costs, section.share) else {
        return;
    };
    if share < WORTH || costs.nanoseconds() < CHEAP || costs.asked == 0 || costs.lines < FEWEST {
        return;
    }
    let subject = &section.subject;
    let held = costs.searched as f64 / costs.asked as f64;
    let rate = costs.matched as f64 / costs.asked as f64;
    // What matches has to be searched.
    if rate > FREQUENT {
        return;
    }
    let cost = format!("{} of the time, {} a line", percent(share), time(costs.nanoseconds()));
    let remark = match subject.literal() {
        None => Remark::new(
            Level::Cheaper,
            "cost",
            format!("{cost}: no text of three or more characters is in every match, so every line is searched"),
        )
        .help(
            "write out words that each such line holds; (?i) keeps letters from being such a text, and so do \
             alternatives without a common beginning or end",
        ),
        Some(literal) if held > FREQUENT => {
            let literal = cut(&String::from_utf8_lossy(literal), 40);
            Remark::new(
                Level::Cheaper,
                "cost",
                format!(
                    "{cost}: `{literal}` is looked for first, but stands in {} of the lines, of which {} match",
                    percent(held),
                    percent(rate)
                ),
            )
            .help("write out more of what only the wanted lines hold, such as a status or a word of the message")
        }
        Some(_) => match advice::host(subject.regex.ast()) {
            Some(host) if !host.is_anchored && subject.regex.plan().kind != PlanKind::Chain => Remark::new(
                Level::Cheaper,
                "cost",
                format!("{cost}: the search may begin at each character of a line"),
            )
            .help("begin with ^ and write out what stands at the beginning of the line"),
            _ => return,
        },
    };
    section.remarks.push(remark);
}
