//! First step of the pipeline: the date is found, judged by the rules for odd and old dates, and cut out of the line.
use crate::Time;
use crate::entry::EntryLine;
use crate::filter::{LineContext, Note};
use crate::stamp::Stamp;
use crate::window::Cut;
use bantam_pattern::date::{Detector, Found};
use std::borrow::Cow;
use std::ops::Range;

/// What dates are judged by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) now: Time,
    in_operation: bool,
    findtime: Option<f64>,
}

impl From<&LineContext<'_>> for Moment {
    fn from(context: &LineContext<'_>) -> Self {
        Moment {
            now: context.now,
            in_operation: context.in_operation,
            findtime: context.findtime,
        }
    }
}

/// The last date seen; it stands in for lines without one.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct LastDate {
    text: String,
    pub(crate) stamp: Option<Stamp>,
}

impl Clone for LastDate {
    fn clone(&self) -> Self {
        LastDate {
            text: self.text.clone(),
            stamp: self.stamp,
        }
    }

    // Written by hand because the derived one does not use the text's memory again.
    fn clone_from(&mut self, other: &Self) {
        self.text.clone_from(&other.text);
        self.stamp = other.stamp;
    }
}

impl LastDate {
    fn recent(&self, now: Time) -> Option<Stamp> {
        self.stamp.filter(|stamp| stamp.is_recent(now))
    }

    fn set(&mut self, text: &str, stamp: Stamp) {
        text.clone_into(&mut self.text);
        self.stamp = Some(stamp);
    }
}

/// A line after its date was looked for.
#[derive(Debug)]
pub(crate) struct DatedLine<'a> {
    pub(crate) cut: Cut<'a>,
    /// None only when nothing tells the time and nothing may be assumed.
    pub(crate) stamp: Option<Stamp>,
    /// The line has no date of its own (and its pattern does not say that this is all right).
    pub(crate) undated: bool,
    /// The time was read from this line.
    pub(crate) own_date: bool,
}

/// Looks for the date in the line itself.
pub(crate) fn look_for_date<'a>(
    detector: &mut Detector,
    last: &mut LastDate,
    line: &'a str,
    now: Time,
    notes: &mut Vec<Note>,
) -> DatedLine<'a> {
    let found = detector.find(line, now);
    if detector.gave_up() {
        note(notes, DATE_LIMIT);
    }
    at_date(found.as_ref(), last, line, now, notes)
}

/// The detector gave up on a line.
pub(crate) const DATE_LIMIT: Note = Note::Limit {
    option: "datepattern",
    index: 0,
};

/// Cuts the line at the date that was found in it.
pub(crate) fn at_date<'a>(
    found: Option<&Found>,
    last: &mut LastDate,
    line: &'a str,
    now: Time,
    notes: &mut Vec<Note>,
) -> DatedLine<'a> {
    let mut dated = DatedLine {
        cut: whole_line(line, ""),
        stamp: None,
        undated: false,
        own_date: false,
    };
    let Some(found) = found else {
        return dated;
    };
    let (before, date, after) = split(line, found.span.clone());
    dated.cut = cut_at(before, date, after);
    if date.is_empty() {
        // The pattern matched an empty text: the date is optional.
        dated.stamp = last.recent(now).or(Some(Stamp::now(now)));
        if last.recent(now).is_some() {
            dated.cut = whole_line(line, &last.text);
        }
    } else if let Some(time) = found.time {
        let zoned = found.zoned;
        let stamp = Stamp { time, zoned };
        last.set(date, stamp);
        dated.stamp = Some(stamp);
        dated.own_date = true;
    } else {
        note(notes, Note::BadDate(date.to_owned()));
    }
    dated
}

/// Cuts the line at its date, which is a possible one; that it is of this moment is said for the time being.
pub(crate) fn at_place(line: &str, place: Range<usize>, now: Time) -> DatedLine<'_> {
    let (before, date, after) = split(line, place);
    DatedLine {
        cut: cut_at(before, date, after),
        stamp: Some(Stamp::now(now)),
        undated: false,
        own_date: true,
    }
}

/// A line whose moment is told beside it.
pub(crate) fn told<'a>(last: &mut LastDate, line: &'a EntryLine) -> DatedLine<'a> {
    let stamp = Stamp {
        time: line.time,
        zoned: false,
    };
    let date = format!("{} ", line.iso);
    last.set(&date, stamp);
    DatedLine {
        cut: Cut {
            before: "",
            date: Cow::Owned(date),
            after: &line.text,
        },
        stamp: Some(stamp),
        undated: false,
        own_date: true,
    }
}

/// Applies the rules for lines without date, with odd and with old dates. None: too old to count.
pub(crate) fn complete<'a>(
    mut dated: DatedLine<'a>,
    last: &mut LastDate,
    line: &'a str,
    moment: Moment,
    notes: &mut Vec<Note>,
) -> Option<DatedLine<'a>> {
    let now = moment.now;
    if dated.stamp.is_none() {
        dated.undated = true;
        if let Some(stamp) = last.recent(now) {
            dated.stamp = Some(stamp);
            dated.cut = whole_line(line, &last.text);
        } else if moment.findtime.is_some() && moment.in_operation {
            dated.stamp = Some(Stamp::now(now));
        }
    }
    let (Some(findtime), Some(stamp)) = (moment.findtime, dated.stamp) else {
        return Some(dated);
    };
    match odd(moment, findtime, stamp.time) {
        Some(Note::TooOld) => {
            note(notes, Note::TooOld);
            return None;
        }
        Some(odd) => {
            note(notes, odd);
            dated.stamp = Some(Stamp::now(now));
            last.stamp = dated.stamp;
        }
        None => {}
    }
    Some(dated)
}

/// In operation more than a minute off means now, before that what is older than `findtime` is dropped.
fn odd(moment: Moment, findtime: f64, time: Time) -> Option<Note> {
    if !moment.in_operation {
        return (time < moment.now.plus_secs(-findtime)).then_some(Note::TooOld);
    }
    let deviation = time.nanos().saturating_sub(moment.now.nanos()) / 1_000_000_000;
    (deviation.abs() > 60).then_some(Note::OddTime { deviation })
}

impl Moment {
    /// Says so where a line's moment is odd or old.
    pub(crate) fn tell_odd(self, time: Time, notes: &mut Vec<Note>) {
        if let Some(odd) = self.findtime.and_then(|findtime| odd(self, findtime, time)) {
            note(notes, odd);
        }
    }
}

fn whole_line<'a>(line: &'a str, date: &str) -> Cut<'a> {
    Cut {
        before: "",
        date: Cow::Owned(date.to_owned()),
        after: line,
    }
}

fn cut_at<'a>(before: &'a str, date: &'a str, after: &'a str) -> Cut<'a> {
    Cut {
        before,
        date: Cow::Borrowed(date),
        after,
    }
}

fn split(line: &str, date: Range<usize>) -> (&str, &str, &str) {
    match (line.get(..date.start), line.get(date.clone()), line.get(date.end..)) {
        (Some(before), Some(date), Some(after)) => (before, date, after),
        _ => ("", "", line),
    }
}

/// Notes of one kind pile up by the line in a flood, and one of them says all.
pub(crate) fn note(notes: &mut Vec<Note>, new: Note) {
    const KEPT: usize = 64;
    let kind = std::mem::discriminant(&new);
    let repeated = match &new {
        Note::Limit { .. } | Note::Resolved { .. } => notes.contains(&new),
        _ => notes.iter().any(|old| std::mem::discriminant(old) == kind),
    };
    if !repeated && notes.len() < KEPT {
        notes.push(new);
    }
}
