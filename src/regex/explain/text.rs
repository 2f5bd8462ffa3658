//! The report for people.
use super::dates::Dates;
use super::place::Mapping;
use super::remark::{Level, Remark};
use super::sampling::Sample;
use super::{Report, Section};
use bantam_conf::Place;
use std::fmt::Write as _;
use std::ops::Range;
use std::time::Duration;

/// Characters that a line of the report shows of an expression or a log line.
const WIDTH: usize = 100;

/// All of it. Nothing in it steers a terminal but the colours.
pub fn render(report: &Report, colour: bool) -> String {
    let mut page = Page {
        out: String::new(),
        colour,
    };
    page.head(report);
    if let Some(dates) = &report.dates {
        page.dates(dates);
    }
    for section in &report.sections {
        page.section(section);
    }
    page.foot(report);
    page.out
}

struct Page {
    out: String,
    colour: bool,
}

#[derive(Clone, Copy)]
enum Ink {
    Bold,
    Red,
    Yellow,
    Green,
    Cyan,
}

impl Page {
    fn line(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn ink(&self, ink: Ink, text: &str) -> String {
        if !self.colour {
            return text.to_owned();
        }
        let code = match ink {
            Ink::Bold => "1",
            Ink::Red => "1;31",
            Ink::Yellow => "33",
            Ink::Green => "32",
            Ink::Cyan => "36",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }

    fn head(&mut self, report: &Report) {
        let title = format!("Explaining {}", cut(&report.name, WIDTH));
        let title = self.ink(Ink::Bold, &title);
        self.line(&title);
        match &report.sample {
            None => self.line("  no log was given: only what can be said without one"),
            Some(sample) => self.line(&format!("  {}", lines_read(sample))),
        }
        if let Some(whole) = report.whole {
            self.line(&format!(
                "  the whole filter takes {} of processor time a line, {} lines a second on one core",
                time(whole),
                count((1e9 / whole) as u64)
            ));
        }
    }

    fn dates(&mut self, dates: &Dates) {
        self.title("datepattern", dates.place.as_ref());
        match &dates.pattern {
            Some(pattern) => self.line(&format!("  {}", cut(pattern, WIDTH))),
            None => self.line("  none is set: the usual forms are tried"),
        }
        if dates.is_journal {
            self.line("  entries of the journal tell their time, no date is looked for");
            return;
        }
        if dates.lines > 0 {
            self.line(&format!(
                "  found:    in {} of {} lines{}",
                count(dates.found as u64),
                count(dates.lines as u64),
                match dates.at_begin {
                    0 => "",
                    all if all == dates.found => ", at the beginning of the line",
                    _ => ", in some at the beginning of the line",
                }
            ));
            for (name, hits) in &dates.templates {
                self.line(&format!("  template: {} ({} lines)", cut(name, WIDTH), count(*hits)));
            }
            let looked = match dates.looked == dates.lines {
                true => String::new(),
                false => format!(
                    "; looked for in {} lines only, the others are dismissed before",
                    count(dates.looked as u64)
                ),
            };
            self.line(&format!(
                "  cost:     {} a line{}, {} where it is looked for{looked}",
                time(dates.nanoseconds),
                share(dates.share),
                time(dates.each)
            ));
        }
        for remark in &dates.remarks {
            self.remark(remark, None);
        }
    }

    fn title(&mut self, title: &str, place: Option<&Place>) {
        let title = self.ink(Ink::Bold, title);
        let place = place.map_or(String::new(), |place| {
            format!("  {}:{}", cut(&place.file.display().to_string(), WIDTH), place.line)
        });
        self.line("");
        self.line(&format!("{title}{place}"));
    }

    fn section(&mut self, section: &Section) {
        let subject = &section.subject;
        self.title(&subject.title(), subject.place.as_ref());
        self.line(&format!("  {}", cut(&subject.written, WIDTH)));
        self.line(&format!("  plan:     {}", super::plan::words(subject)));
        for reason in super::plan::reasons(subject) {
            self.wrapped("            ", "            ", &reason);
        }
        let literals = subject.regex.required_literals();
        if !literals.is_empty() {
            self.line(&format!("  literals: {}", shown_literals(literals, subject.literal())));
        }
        if let Some(costs) = &section.costs {
            self.line(&format!(
                "  cost:     {} a line of the log{}, {} a line that it is asked about",
                time(costs.nanoseconds()),
                share(section.share),
                time(costs.each())
            ));
            let partly = match costs.measured < costs.asked {
                true => format!(
                    " (measured on the first {}, then time was up)",
                    count(costs.measured as u64)
                ),
                false => String::new(),
            };
            let given_up = match costs.given_up {
                0 => String::new(),
                some => format!(", given up on {}", count(some as u64)),
            };
            let held = match subject.literal() {
                Some(_) => format!(", {} with its literal", count(costs.searched as u64)),
                None => String::new(),
            };
            self.line(&format!(
                "  lines:    asked about {} of {}{held}, matched {}{given_up}{partly}",
                count(costs.asked as u64),
                count(costs.lines as u64),
                count(costs.matched as u64)
            ));
        }
        for remark in &section.remarks {
            self.remark(
                remark,
                Some((&subject.mapping, &subject.written, subject.regex.as_str())),
            );
        }
    }

    fn remark(&mut self, remark: &Remark, expression: Option<(&Mapping, &str, &str)>) {
        let (ink, name) = match remark.level {
            Level::Warning => (Ink::Red, "warning"),
            Level::Note => (Ink::Cyan, "note"),
            Level::Cheaper => (Ink::Green, "cheaper"),
        };
        let name = self.ink(ink, name);
        self.wrapped(&format!("  {name}: "), "      ", &remark.message);
        if let (Some(span), Some((mapping, written, expanded))) = (&remark.span, expression) {
            match mapping.written(span) {
                Some(span) => self.marked(written, Some(&span)),
                None => self.marked(expanded, Some(span)),
            }
        }
        if let Some(line) = &remark.line {
            self.marked(line, remark.mark.as_ref());
        }
        if let Some(help) = &remark.help {
            self.wrapped("      help: ", "            ", help);
        }
    }

    fn wrapped(&mut self, first: &str, indent: &str, text: &str) {
        let text = escaped(text);
        let mut line = first.to_owned();
        let mut width = indent.len();
        for word in text.split(' ') {
            let length = word.chars().count();
            if width + length > WIDTH + 12 {
                let full = std::mem::replace(&mut line, indent.to_owned());
                self.line(full.trim_end());
                width = indent.len();
            }
            line.push_str(word);
            line.push(' ');
            width += length + 1;
        }
        self.line(line.trim_end());
    }

    /// A text with a part of it underlined, cut to the width around that part.
    fn marked(&mut self, text: &str, span: Option<&Range<usize>>) {
        let (shown, mark) = window(text, span);
        self.line(&format!("      {shown}"));
        if let Some(mark) = mark {
            let marks = self.ink(Ink::Yellow, &"^".repeat(mark.len().max(1)));
            self.line(&format!("      {}{marks}", " ".repeat(mark.start)));
        }
    }

    fn foot(&mut self, report: &Report) {
        self.line("");
        let text = match report.warnings() {
            0 => self.ink(Ink::Green, "no warnings"),
            1 => self.ink(Ink::Red, "1 warning"),
            some => self.ink(Ink::Red, &format!("{some} warnings")),
        };
        self.line(&text);
    }
}

fn lines_read(sample: &Sample) -> String {
    let lines = count(sample.lines.len() as u64);
    match (sample.is_journal, sample.of_bytes) {
        (true, _) if sample.has_more => format!("measured on the first {lines} entries of the journal"),
        (true, _) => format!("measured on {lines} entries of the journal"),
        (false, None) if sample.is_given => format!("LOG is no file, and taken as the lines themselves: {lines}"),
        (false, None) => format!("measured on all of the log: {lines} lines"),
        (false, Some(all)) => format!(
            "measured on {lines} lines: {} MiB of the log's {} MiB, in pieces from its beginning to its end",
            sample.bytes >> 20,
            all >> 20
        ),
    }
}

fn shown_literals(literals: &[Vec<u8>], first: Option<&[u8]>) -> String {
    const MOST: usize = 6;
    let one = |literal: &[u8]| format!("`{}`", cut(&String::from_utf8_lossy(literal), 40));
    let mut text = String::new();
    if let Some(first) = first {
        let _ = write!(text, "{} is looked for first; ", one(first));
    }
    let all: Vec<String> = literals.iter().take(MOST).map(|literal| one(literal)).collect();
    text += &match (literals.len(), first) {
        (1, Some(_)) => "it is the only one".to_owned(),
        (1, None) => all.join(", "),
        _ => format!("every match holds {}", all.join(", ")),
    };
    if literals.len() > MOST {
        let _ = write!(text, " and {} more", literals.len() - MOST);
    }
    text
}

/// Cut to the width around a span of bytes, escaped; with where the span is then, in characters.
fn window(text: &str, span: Option<&Range<usize>>) -> (String, Option<Range<usize>>) {
    let chars: Vec<(usize, char)> = text.char_indices().collect();
    let index = |byte: usize| chars.partition_point(|(at, _)| *at < byte);
    let span = span.map(|span| index(span.start)..index(span.end));
    let from = match &span {
        Some(span) if span.end > WIDTH => span.start.saturating_sub(WIDTH / 3),
        _ => 0,
    };
    let mut shown = String::new();
    let mut mark: Option<Range<usize>> = None;
    let mut width = 0;
    if from > 0 {
        shown.push('…');
        width = 1;
    }
    let mut is_cut = false;
    for (place, (_, c)) in chars.iter().enumerate().skip(from) {
        let own = escaped(&c.to_string());
        let length = own.chars().count();
        if width + length > WIDTH {
            is_cut = true;
            break;
        }
        let is_marked = span.as_ref().is_some_and(|span| span.contains(&place));
        if is_marked {
            let start = mark.as_ref().map_or(width, |mark| mark.start);
            mark = Some(start..width + length);
        }
        shown.push_str(&own);
        width += length;
    }
    if is_cut {
        shown.push('…');
    }
    let mark = mark.or(span.map(|_| width..width + 1));
    (shown, mark)
}

/// Escaped, and cut at its end.
pub fn cut(text: &str, width: usize) -> String {
    let text = escaped(text);
    if text.chars().count() <= width {
        return text;
    }
    let mut short: String = text.chars().take(width.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// As one line that steers no terminal.
fn escaped(text: &str) -> String {
    let text = crate::regex::printer::visible(text);
    text.replace('\n', "\\n").replace('\t', "\\t")
}

/// A time in nanoseconds.
pub fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        ns if ns < 10.0 => format!("{ns:.1} ns"),
        ns if ns < 1e3 => format!("{ns:.0} ns"),
        ns if ns < 1e6 => format!("{:.1} µs", ns / 1e3),
        ns if ns < 1e9 => format!("{:.1} ms", ns / 1e6),
        ns => format!("{:.1} s", ns / 1e9),
    }
}

pub fn duration(duration: Duration) -> String {
    time(duration.as_secs_f64() * 1e9)
}

pub fn percent(part: f64) -> String {
    match part * 100.0 {
        p if p > 0.0 && p < 1.0 => "less than 1 %".to_owned(),
        p => format!("{p:.0} %"),
    }
}

fn share(part: Option<f64>) -> String {
    part.map_or(String::new(), |part| format!(" ({} of all)", percent(part)))
}

/// With commas at thousands.
fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
