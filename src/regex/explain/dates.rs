//! The date of each line: whether it is found, by which template, what that costs, and a cheaper pattern that finds
//! the same.
use super::costs::{now, processor_time};
use super::remark::{Level, Remark};
use super::sampling::Sample;
use crate::regex::run::Trial;
use bantam_conf::Place;
use bantam_pattern::date::{Detector, TemplateInfo};
use std::ops::Range;
use std::time::Duration;

/// Longest that dates are looked for.
const BUDGET: Duration = Duration::from_secs(2);
/// A pattern is proposed if it saves so much.
const WORTH: f64 = 1.5;
/// Lines that a proposed pattern is tried on.
const TRIED: usize = 5000;
/// Of fewer lines no pattern is proposed.
const FEWEST: usize = 500;
/// Longest text before a date that a proposed pattern begins behind.
const LONGEST_LEAD: usize = 16;

/// A line as the expressions see it.
pub struct Line {
    pub raw: String,
    /// Bytes of the date that is cut out.
    pub date: Range<usize>,
    whole: String,
    /// What prefregex hands on, and where it begins in the whole.
    pub content: Option<(String, usize)>,
}

impl Line {
    /// What an expression is asked about; `in_content`: what prefregex handed on.
    pub fn text(&self, in_content: bool) -> &str {
        match &self.content {
            Some((content, _)) if in_content => content,
            _ => &self.whole,
        }
    }

    /// Where a place of the whole text stands in the line.
    pub fn raw_place(&self, at: usize) -> usize {
        let at = match at < self.date.start {
            true => at,
            false => at + self.date.len(),
        };
        at.min(self.raw.len())
    }
}

/// What there is to say of dates.
pub struct Dates {
    pub pattern: Option<String>,
    pub place: Option<Place>,
    /// Templates that were chosen, with how often.
    pub templates: Vec<(String, u64)>,
    /// Lines in which a date was looked for, and those in which one was found.
    pub lines: usize,
    pub found: usize,
    /// Of these, dates at the beginning of the line.
    pub at_begin: usize,
    /// Lines in which the filter looks for a date; the others are dismissed before.
    pub looked: usize,
    /// For a line in which it is looked for.
    pub each: f64,
    /// For a line of the log.
    pub nanoseconds: f64,
    pub share: Option<f64>,
    pub is_journal: bool,
    pub remarks: Vec<Remark>,
}

fn detector(pattern: Option<&str>, trial: &Trial<'_>) -> Option<Detector> {
    let mut detector = match pattern {
        None => Detector::defaults(),
        Some(pattern) => Detector::from_pattern(pattern).ok()?,
    };
    detector.set_default_zone(trial.options.timezone.as_deref()).ok()?;
    Some(detector)
}

fn empty(trial: &Trial<'_>) -> Dates {
    let (pattern, place) = match &trial.datepattern {
        Some((pattern, place)) => (Some(pattern.clone()), place.clone()),
        None => (None, None),
    };
    Dates {
        pattern,
        place,
        templates: Vec::new(),
        lines: 0,
        found: 0,
        at_begin: 0,
        looked: 0,
        each: 0.0,
        nanoseconds: 0.0,
        share: None,
        is_journal: false,
        remarks: Vec::new(),
    }
}

/// What can be said without lines; nothing of the default templates.
pub fn without_log(trial: &Trial<'_>) -> Option<Dates> {
    let mut dates = empty(trial);
    dates.pattern.as_ref()?;
    check_slow(&mut dates, trial);
    Some(dates)
}

/// Looks for the date of each line; also gives the lines without it.
pub fn measure(trial: &Trial<'_>, sample: &Sample) -> (Dates, Vec<Line>) {
    let mut dates = empty(trial);
    dates.is_journal = sample.is_journal;
    let mut detector = detector(dates.pattern.as_deref(), trial);
    let mut places: Vec<Option<Found>> = Vec::with_capacity(sample.lines.len());
    let begin = processor_time();
    let moment = now();
    for line in sample.lines.iter().filter(|_| !sample.is_journal) {
        let found = detector.as_mut().and_then(|detector| detector.find(line, moment));
        places.push(found.map(|found| Found {
            span: found.span,
            zoned: found.zoned,
        }));
        if places.len().is_multiple_of(64) && processor_time().saturating_sub(begin) > BUDGET {
            break;
        }
    }
    let spent = processor_time().saturating_sub(begin);
    dates.lines = places.len();
    dates.each = spent.as_secs_f64() * 1e9 / places.len().max(1) as f64;
    dates.found = places.iter().flatten().filter(|found| !found.span.is_empty()).count();
    dates.at_begin = places.iter().flatten().filter(|found| found.span.start <= 2).count();
    let templates: Vec<TemplateInfo> = detector.map(|detector| detector.templates()).unwrap_or_default();
    let used = templates.iter().filter(|template| template.hits > 0);
    dates.templates = used.map(|template| (template.name.clone(), template.hits)).collect();
    // The filter has been over the lines: what it has not counted it has not looked at.
    let counted: u64 = trial.filter.date_templates().iter().map(|template| template.hits).sum();
    let counted = usize::try_from(counted).unwrap_or(usize::MAX);
    dates.looked = match counted < dates.found {
        true => counted,
        false => dates.lines,
    };
    dates.nanoseconds = dates.each * dates.looked as f64 / dates.lines.max(1) as f64;
    if !sample.is_journal {
        say_missing(&mut dates, sample, &places);
        say_zone(&mut dates, sample, &places);
        propose(&mut dates, sample, &places, &templates, trial);
        check_slow(&mut dates, trial);
    }
    let lines = cut(sample, &places, trial.filter.max_lines());
    (dates, lines)
}

struct Found {
    span: Range<usize>,
    zoned: bool,
}

/// The lines without their dates, with `maxlines` each with those before it.
fn cut(sample: &Sample, places: &[Option<Found>], max_lines: usize) -> Vec<Line> {
    let count = match sample.is_journal {
        true => sample.lines.len(),
        false => places.len(),
    };
    let mut lines: Vec<Line> = Vec::with_capacity(count);
    let mut window: Vec<String> = Vec::new();
    for (index, raw) in sample.lines.iter().take(count).enumerate() {
        let date = places
            .get(index)
            .and_then(Option::as_ref)
            .map_or(0..0, |found| found.span.clone());
        let (before, after) = (raw.get(..date.start), raw.get(date.end..));
        let mut whole = format!("{}{}", before.unwrap_or_default(), after.unwrap_or_default());
        if max_lines > 1 {
            window.push(whole);
            window.drain(..window.len().saturating_sub(max_lines));
            whole = window.join("\n");
        }
        whole.push('\n');
        lines.push(Line {
            raw: raw.clone(),
            date,
            whole,
            content: None,
        });
    }
    lines
}

fn say_missing(dates: &mut Dates, sample: &Sample, places: &[Option<Found>]) {
    let undated = |found: &Option<Found>| found.as_ref().is_none_or(|found| found.span.is_empty());
    let Some(first) = places.iter().position(undated) else {
        return;
    };
    let is_none = dates
        .pattern
        .as_deref()
        .is_some_and(|pattern| pattern.contains("{NONE}"));
    if is_none {
        return;
    }
    let missing = dates.lines - dates.found;
    let (level, message) = match dates.found {
        0 => (Level::Warning, "no line has a date that is found".to_owned()),
        _ => (
            Level::Note,
            format!("{missing} of {} lines have no date that is found", dates.lines),
        ),
    };
    let help = match &dates.pattern {
        Some(_) => {
            "such a line counts as written when the line before was, or now; see whether datepattern fits \
                    this line, or leave datepattern out: then the usual forms are tried"
        }
        None => {
            "such a line counts as written when the line before was, or now; say with datepattern how dates are \
                 written here, or datepattern = {NONE} if there are none"
        }
    };
    let line = sample.lines.get(first).cloned().unwrap_or_default();
    dates
        .remarks
        .push(Remark::new(level, "date", message).help(help).line(line, None));
}

/// A zone behind a date that was not read: a fraction with too many digits ends the date before it.
fn say_zone(dates: &mut Dates, sample: &Sample, places: &[Option<Found>]) {
    let cut_off = |found: &Found, line: &str| {
        let rest = line.get(found.span.end..).unwrap_or_default();
        let digits = rest
            .trim_start_matches(['.', ','])
            .trim_start_matches(|c: char| c.is_ascii_digit());
        let zone = digits
            .strip_prefix('Z')
            .is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
            || digits
                .strip_prefix(['+', '-'])
                .is_some_and(|rest| rest.chars().take(4).filter(char::is_ascii_digit).count() >= 3);
        !found.zoned && digits.len() < rest.len() && zone
    };
    let pairs = || {
        places
            .iter()
            .flatten()
            .zip(&sample.lines)
            .filter(|(found, _)| !found.span.is_empty())
    };
    let mut with_zone = places
        .iter()
        .zip(&sample.lines)
        .filter_map(|(found, line)| Some((found.as_ref()?, line)))
        .filter(|(found, line)| cut_off(found, line));
    let Some((found, line)) = with_zone.next() else { return };
    let count = with_zone.count() + 1;
    if count * 2 < pairs().count() {
        return;
    }
    let message = format!("in {count} lines the time zone behind the date is not read, and the time taken for local");
    let help = "%f takes six digits of a fraction: write %f\\d*%z, or point datepattern to a field without fraction; \
                with equal zones nothing changes";
    dates.remarks.push(
        Remark::new(Level::Note, "date", message)
            .help(help)
            .line(line.clone(), Some(found.span.clone())),
    );
}

/// A pattern that finds the same dates at less cost, tried before it is said.
fn propose(
    dates: &mut Dates,
    sample: &Sample,
    places: &[Option<Found>],
    templates: &[TemplateInfo],
    trial: &Trial<'_>,
) {
    if places.len() < FEWEST {
        return;
    }
    let Some(best) = templates
        .iter()
        .max_by_key(|template| template.hits)
        .filter(|template| template.hits > 0)
    else {
        return;
    };
    let Some(pattern) = &best.pattern else { return };
    let bare = pattern.trim_start_matches("{^LN-BEG}");
    let mut candidates = vec![bare.to_owned(), format!("{{^LN-BEG}}{bare}")];
    if let Some(lead) = common_lead(sample, places) {
        candidates.push(format!("(?<={}){bare}", escaped(&lead)));
    }
    let current = dates.pattern.clone();
    let mut cheapest: Option<(f64, String)> = None;
    for candidate in candidates
        .into_iter()
        .filter(|candidate| current.as_ref() != Some(candidate))
    {
        if let Some(each) = try_pattern(&candidate, sample, places, trial)
            && each * WORTH < dates.each
            && cheapest.as_ref().is_none_or(|(least, _)| each < *least)
        {
            cheapest = Some((each, candidate));
        }
    }
    if let Some((each, candidate)) = cheapest {
        let message = format!(
            "dates would be found in {} in place of {} a line with another pattern",
            super::text::time(each),
            super::text::time(dates.each)
        );
        let help = format!(
            "write  datepattern = {}  (in a file every % is doubled, as here); on these lines it finds the same dates",
            candidate.replace('%', "%%")
        );
        dates
            .remarks
            .push(Remark::new(Level::Cheaper, "cost", message).help(help));
    }
}

/// Nanoseconds for a line, if the pattern finds just these dates.
fn try_pattern(pattern: &str, sample: &Sample, places: &[Option<Found>], trial: &Trial<'_>) -> Option<f64> {
    let mut detector = detector(Some(pattern), trial)?;
    let count = places.len().min(TRIED);
    let moment = now();
    let begin = processor_time();
    for (line, known) in sample.lines.iter().zip(places).take(count) {
        let found = detector.find(line, moment);
        let same = match (&found, known) {
            (None, None) => true,
            (Some(found), Some(known)) => found.span == known.span && found.zoned == known.zoned,
            _ => false,
        };
        if !same {
            return None;
        }
    }
    let spent = processor_time().saturating_sub(begin);
    (count > 0).then(|| spent.as_secs_f64() * 1e9 / count as f64)
}

/// The text that stands before every date.
fn common_lead(sample: &Sample, places: &[Option<Found>]) -> Option<String> {
    let mut leads = places
        .iter()
        .zip(&sample.lines)
        .filter_map(|(found, line)| line.get(..found.as_ref()?.span.start));
    let mut lead: Vec<char> = leads.next()?.chars().rev().take(LONGEST_LEAD).collect();
    for other in leads {
        let same = lead
            .iter()
            .zip(other.chars().rev())
            .take_while(|(a, b)| *a == b)
            .count();
        lead.truncate(same);
    }
    let lead: String = lead.into_iter().rev().collect();
    (!lead.trim().is_empty()).then_some(lead)
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_ascii_punctuation() && !"\"':,<>/=-_@&~`!;%#".contains(c) {
            out.push('\\');
        }
        out.push(c);
        if c == '%' {
            out.push('%');
        }
    }
    out
}

/// Lines that would make the user's own pattern slow.
fn check_slow(dates: &mut Dates, trial: &Trial<'_>) {
    let Some(pattern) = &dates.pattern else { return };
    let Some(templates) = detector(Some(pattern), trial).map(|detector| detector.templates()) else {
        return;
    };
    let mut own = templates
        .iter()
        .filter(|template| template.pattern.as_deref() == Some(pattern.as_str()));
    let Some(template) = own.next() else { return };
    let Ok(regex) = bantam_pattern::Regex::new(&template.expression, Default::default()) else {
        return;
    };
    let mut ask = |line: &str| {
        let mut fresh = detector(Some(pattern), trial);
        let begin = processor_time();
        let gave_up = fresh.as_mut().is_some_and(|fresh| {
            fresh.find(line, now());
            fresh.gave_up()
        });
        (processor_time().saturating_sub(begin), gave_up)
    };
    if let Some(remark) = super::slow::worst(&regex, &mut ask) {
        dates.remarks.push(Remark { span: None, ..remark });
    }
}
