//! `-o`: one thing about each failure.
use super::printer::Printer;
use super::tags;
use bantam_detect::{Hit, Id, MatchedLine, Record, Time, Value, push_python_quoted};
use serde_json::json;
use std::sync::Arc;

/// What is printed for each failure, and how.
#[derive(Debug)]
pub struct Output {
    format: Format,
    json: bool,
}

#[derive(Debug)]
enum Format {
    Id,
    Ip,
    Message,
    Row,
    /// A value by its name.
    Value(String),
    /// Text with tags.
    Tags(String),
}

impl Output {
    /// Reads the option.
    pub fn of(option: &str, json: bool) -> Self {
        let format = match option {
            "id" | "fid" => Format::Id,
            "ip" => Format::Ip,
            "msg" => Format::Message,
            "row" => Format::Row,
            text if text.contains('<') => Format::Tags(text.to_owned()),
            name => Format::Value(name.to_owned()),
        };
        Output { format, json }
    }

    /// Prints the failures of one line.
    pub fn print(&self, hits: &[Hit], printer: &mut Printer) {
        if let Format::Tags(template) = &self.format {
            for line in tags::fill(template, hits) {
                self.line(Some(&line), printer);
            }
            return;
        }
        for hit in hits {
            match &self.format {
                Format::Id => self.line(id(hit).as_deref(), printer),
                Format::Ip => match hit.record.known("ip") {
                    Some(address) => self.line(Some(&address.text()), printer),
                    None => self.line(id(hit).as_deref(), printer),
                },
                Format::Message => {
                    for line in hit.record.matches() {
                        self.line(Some(&line.text()), printer);
                    }
                }
                Format::Row if self.json => printer.line(&json_row(hit).to_string()),
                Format::Row => printer.line(&row(hit)),
                Format::Value(name) => self.line(hit.record.known(name).map(Value::text).as_deref(), printer),
                Format::Tags(_) => {}
            }
        }
    }

    fn line(&self, text: Option<&str>, printer: &mut Printer) {
        match self.json {
            true => printer.line(&json!({ "out": text }).to_string()),
            false => printer.line(text.unwrap_or("None")),
        }
    }
}

/// Stands for a line that is no failure (`--invert`).
pub fn no_failure(line: &str, time: Option<(Time, bool)>) -> Hit {
    let mut record = Record::default();
    record.set("fid", Value::Text("".into()));
    let line = MatchedLine {
        after: line.to_owned(),
        ..MatchedLine::default()
    };
    record.set("matches", Value::Lines(Arc::new(vec![line])));
    Hit {
        expression: usize::MAX,
        id: Some(Id::Raw(String::new())),
        composite: false,
        time: time.map(|(time, _)| time),
        zoned: time.is_some_and(|(_, zoned)| zoned),
        nofail: false,
        record,
    }
}

fn id(hit: &Hit) -> Option<String> {
    hit.id.as_ref().map(ToString::to_string)
}

/// The id as text; `None` while it is not known.
pub fn id_text(hit: &Hit) -> String {
    id(hit).unwrap_or_else(|| "None".to_owned())
}

/// The time as Python shows the number: whole when the zone was known.
pub fn time_literal(hit: &Hit) -> String {
    match hit.time {
        None => "None".to_owned(),
        Some(time) if hit.zoned => time.secs().to_string(),
        Some(time) => format!("{:?}", time.secs_f64()),
    }
}

fn row(hit: &Hit) -> String {
    let mut row = String::with_capacity(1024);
    row.push('[');
    match &hit.id {
        None => row.push_str("None"),
        Some(id) if hit.composite => row.push_str(&id.to_string()),
        Some(id) => push_python_quoted(&mut row, &id.to_string()),
    }
    row.push_str(",\t");
    row.push_str(&time_literal(hit));
    row.push_str(",\t");
    hit.record.push_dictionary(&mut row, false);
    row.push_str("],");
    row
}

/// The same as JSON: texts are texts, what took no part is null, several are a list.
fn json_row(hit: &Hit) -> serde_json::Value {
    let values: serde_json::Map<String, serde_json::Value> = hit
        .record
        .iter()
        .filter(|(name, _)| *name != "matches")
        .map(|(name, value)| (name.to_owned(), json_value(value)))
        .collect();
    json!({
        "id": id(hit),
        "time": hit.time.map(|time| time.secs_f64()),
        "values": values,
    })
}

fn json_value(value: &Value) -> serde_json::Value {
    match value {
        Value::Missing => serde_json::Value::Null,
        Value::Tuple(parts) => parts.iter().map(json_value).collect(),
        Value::Users(users) => users.iter().map(|user| json!(user.to_string())).collect(),
        Value::Lines(lines) => lines.iter().map(|line| json!(line.text())).collect(),
        Value::Set => json!(1),
        other => json!(other.text()),
    }
}

/// The values as Python shows a dictionary.
pub fn dictionary(record: &Record) -> String {
    let mut out = String::new();
    record.push_dictionary(&mut out, true);
    out
}
