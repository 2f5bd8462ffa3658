//! `-o`: one thing about each failure.
use super::printer::Printer;
use super::tags;
use bantam_detect::{Hit, Id, MatchedLine, Record, Time, Value, python_quote};

/// What is printed for each failure.
#[derive(Debug)]
pub enum Format {
    Id,
    Ip,
    Message,
    Row,
    /// A value by its name.
    Value(String),
    /// Text with tags.
    Tags(String),
}

impl Format {
    /// Reads the option.
    pub fn of(option: &str) -> Self {
        match option {
            "id" | "fid" => Format::Id,
            "ip" => Format::Ip,
            "msg" => Format::Message,
            "row" => Format::Row,
            text if text.contains('<') => Format::Tags(text.to_owned()),
            name => Format::Value(name.to_owned()),
        }
    }

    /// Prints the failures of one line.
    pub fn print(&self, hits: &[Hit], printer: &mut Printer) {
        if let Format::Tags(template) = self {
            for line in tags::fill(template, hits) {
                printer.line(&line);
            }
            return;
        }
        for hit in hits {
            match self {
                Format::Id => printer.line(&id_text(hit)),
                Format::Ip => match hit.record.known("ip") {
                    Some(address) => printer.line(&address.text()),
                    None => printer.line(&id_text(hit)),
                },
                Format::Message => {
                    for line in hit.record.matches() {
                        printer.line(&line.text());
                    }
                }
                Format::Row => printer.line(&row(hit)),
                Format::Value(name) => match hit.record.known(name) {
                    Some(value) => printer.line(&value.text()),
                    None => printer.line("None"),
                },
                Format::Tags(_) => {}
            }
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
    record.set("matches", Value::Lines(vec![line]));
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

/// The id as text; `None` while it is not known.
pub fn id_text(hit: &Hit) -> String {
    hit.id.as_ref().map_or("None".to_owned(), ToString::to_string)
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
    let id = match &hit.id {
        None => "None".to_owned(),
        Some(id) if hit.composite => id.to_string(),
        Some(id) => python_quote(&id.to_string()),
    };
    let values = literal(hit.record.iter().filter(|(name, _)| *name != "matches"));
    format!("[{id},\t{},\t{values}],", time_literal(hit))
}

/// The values as Python shows a dictionary.
pub fn dictionary(record: &Record) -> String {
    literal(record.iter())
}

fn literal<'r>(values: impl Iterator<Item = (&'r str, &'r Value)>) -> String {
    let entries: Vec<String> = values
        .map(|(name, value)| format!("{}: {}", python_quote(name), value.literal()))
        .collect();
    format!("{{{}}}", entries.join(", "))
}
