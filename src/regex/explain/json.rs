//! The report for scripts; its shape stands in docs/json.md.
use super::dates::Dates;
use super::remark::Remark;
use super::sampling::Sample;
use super::subject::Subject;
use super::{Report, Section};
use bantam_conf::Place;
use serde_json::{Value, json};
use std::ops::Range;

/// One object.
pub fn document(report: &Report) -> Value {
    let expressions: Vec<Value> = report.sections.iter().map(section).collect();
    json!({
        "filter": report.name,
        "log": report.sample.as_ref().map(log),
        "nanoseconds_per_line": report.whole,
        "date": report.dates.as_ref().map(dates),
        "expressions": expressions,
        "warnings": report.warnings(),
    })
}

fn log(sample: &Sample) -> Value {
    json!({
        "lines": sample.lines.len(),
        "bytes": sample.bytes,
        "sampled": sample.of_bytes.is_some() || sample.has_more,
    })
}

fn place(place: Option<&Place>) -> Value {
    place.map_or(
        Value::Null,
        |place| json!({"file": place.file.display().to_string(), "line": place.line}),
    )
}

fn dates(dates: &Dates) -> Value {
    let template = |(name, hits): &(String, u64)| json!({"name": name, "hits": hits});
    json!({
        "pattern": dates.pattern,
        "place": place(dates.place.as_ref()),
        "lines": dates.lines,
        "found": dates.found,
        "at_beginning": dates.at_begin,
        "looked_for": dates.looked,
        "templates": dates.templates.iter().map(template).collect::<Vec<Value>>(),
        "nanoseconds_per_line": dates.nanoseconds,
        "share": dates.share,
        "remarks": dates.remarks.iter().map(|one| remark(one, None)).collect::<Vec<Value>>(),
    })
}

fn section(section: &Section) -> Value {
    let subject = &section.subject;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let costs = section.costs.as_ref().map(|costs| {
        json!({
            "asked": costs.asked,
            "with_literal": costs.searched,
            "matched": costs.matched,
            "given_up": costs.given_up,
            "measured": costs.measured,
            "nanoseconds_per_line": costs.nanoseconds(),
            "nanoseconds_per_asked_line": costs.each(),
            "share": section.share,
        })
    });
    json!({
        "option": subject.option,
        "number": subject.number,
        "regex": subject.written,
        "expanded": subject.regex.as_str(),
        "place": place(subject.place.as_ref()),
        "plan": {"kind": super::plan::kind(subject), "words": super::plan::words(subject),
                 "reasons": super::plan::reasons(subject)},
        "literal": subject.literal().map(text),
        "literals": subject.regex.required_literals().iter().map(|literal| text(literal)).collect::<Vec<String>>(),
        "cost": costs,
        "remarks": section.remarks.iter().map(|one| remark(one, Some(subject))).collect::<Vec<Value>>(),
    })
}

fn remark(remark: &Remark, subject: Option<&Subject>) -> Value {
    let pair = |span: &Range<usize>| json!([span.start, span.end]);
    let written = |span: &Range<usize>| subject.and_then(|subject| subject.mapping.written(span));
    json!({
        "level": remark.level.name(),
        "kind": remark.kind,
        "message": remark.message,
        "help": remark.help,
        "span": remark.span.as_ref().and_then(written).as_ref().map(pair),
        "expanded_span": remark.span.as_ref().map(pair),
        "line": remark.line,
        "mark": remark.mark.as_ref().map(pair),
    })
}
