//! `bantam regex --explain`: how each expression of a filter is searched, what it costs on a log, and what to change,
//! for people who know nothing of regular expressions.
//!
//! What can be said without a log comes from `bantam_pattern::advice`; here stands what a log adds: costs, what stands
//! in no line, and trials with lines that a client could have written.

mod asked;
mod cheaper;
mod costs;
mod dates;
mod hopeless;
mod json;
mod place;
mod plan;
mod remark;
mod sampling;
mod slow;
mod subject;
mod text;
mod victim;

use super::printer::Printer;
use super::run::{Outcome, Stop, Trial};
use costs::Costs;
use dates::Dates;
use remark::{Level, Remark};
use sampling::Sample;
use subject::Subject;

/// All that is said.
struct Report {
    /// None: there is no log, and nothing was measured.
    sample: Option<Sample>,
    dates: Option<Dates>,
    /// Processor time of the whole filter for a line, in nanoseconds.
    whole: Option<f64>,
    sections: Vec<Section>,
    /// How the filter is told on the command line.
    name: String,
}

/// One expression, or the date pattern.
struct Section {
    subject: Subject,
    costs: Option<Costs>,
    /// Part of the time of all expressions and dates together.
    share: Option<f64>,
    remarks: Vec<Remark>,
}

impl Report {
    fn warnings(&self) -> usize {
        let own = self.sections.iter().flat_map(|section| &section.remarks);
        let dates = self.dates.iter().flat_map(|dates| &dates.remarks);
        own.chain(dates).filter(|remark| remark.level == Level::Warning).count()
    }
}

/// Explains, once the filter is ready.
pub fn explain(trial: &mut Trial<'_>) -> Outcome<()> {
    let sample = sampling::read(trial)?;
    let subjects = subject::all(trial)?;
    let report = build(trial, sample, subjects);
    trial.interrupt_check()?;
    let warnings = report.warnings();
    if trial.options.json {
        trial.printer.line(&json::document(&report).to_string());
    } else {
        let colour = trial.printer.is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let text = text::render(&report, colour);
        print(trial.printer, &text);
    }
    match trial.options.strict && warnings > 0 {
        true => Err(Stop::Warned),
        false => Ok(()),
    }
}

fn print(printer: &mut Printer, text: &str) {
    for line in text.lines() {
        printer.escaped_line(line);
    }
}

fn build(trial: &mut Trial<'_>, sample: Option<Sample>, subjects: Vec<Subject>) -> Report {
    let mut sections: Vec<Section> = subjects
        .into_iter()
        .map(|subject| Section {
            subject,
            costs: None,
            share: None,
            remarks: Vec::new(),
        })
        .collect();
    let mut dates = None;
    let mut whole = None;
    let (mut asked, mut lines) = (asked::Asked::default(), Vec::new());
    if let Some(sample) = sample.as_ref().filter(|sample| !sample.lines.is_empty()) {
        whole = costs::whole(trial, sample);
        let (measured, cut) = dates::measure(trial, sample);
        lines = cut;
        asked = asked::ask(&mut lines, &mut sections);
        dates = Some(measured);
    } else if let Some(checked) = dates::without_log(trial) {
        dates = Some(checked);
    }
    let matched = |section: &Section| section.costs.as_ref().map_or(0, |costs| costs.matched);
    let failregexes = sections.iter().filter(|section| section.subject.option == "failregex");
    let is_empty = failregexes.map(matched).sum::<usize>() == 0;
    let prefix = sections
        .iter()
        .position(|section| section.subject.option == "prefregex");
    for index in 0..sections.len() {
        if trial.interrupt_came() {
            break;
        }
        let mut remarks = Vec::new();
        let prefix = prefix
            .filter(|prefix| *prefix != index)
            .and_then(|prefix| sections.get(prefix));
        let Some(section) = sections.get(index) else { break };
        let outer = prefix.map(|prefix| &prefix.subject);
        hopeless::remark(section, outer, trial.filter.max_lines() > 1, &mut remarks);
        slow::remark(&section.subject, &mut remarks);
        if section.subject.option == "failregex" {
            victim::remark(trial, section, outer, asked.matched_by(index), &lines, &mut remarks);
        }
        if section.costs.as_ref().is_some_and(|costs| costs.matched == 0) {
            hopeless::nearest(section, is_empty, asked.asked_of(index), &lines, &mut remarks);
        }
        if let Some(section) = sections.get_mut(index) {
            section.remarks = remarks;
        }
    }
    share(&mut sections, dates.as_mut());
    for section in &mut sections {
        cheaper::remark(section);
        section.remarks.sort_by_key(|remark| remark.level);
    }
    Report {
        sample,
        dates,
        whole,
        sections,
        name: trial.options.regex.clone(),
    }
}

/// What part of the time each takes.
fn share(sections: &mut [Section], dates: Option<&mut Dates>) {
    let own = |section: &Section| section.costs.as_ref().map_or(0.0, Costs::nanoseconds);
    let dated = dates.as_ref().map_or(0.0, |dates| dates.nanoseconds);
    let sum = sections.iter().map(own).sum::<f64>() + dated;
    if sum <= 0.0 {
        return;
    }
    for section in sections {
        section.share = section.costs.as_ref().map(|costs| costs.nanoseconds() / sum);
    }
    if let Some(dates) = dates {
        dates.share = Some(dates.nanoseconds / sum);
    }
}
