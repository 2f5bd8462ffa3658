//! One configuration file: sections, keys, values of several lines, comments.
//!
//! The dialect is that of Python's `ConfigParser` as Fail2ban sets it up: `=` or `:` after a key, keys in any
//! case, deeper indented lines continue a value, `#` and `;` begin a comment line, ` ;` also one behind a value.
//! Reading goes on after an error, so that all errors of a file are known at once.

use crate::Place;
use crate::findings::Problem;
use crate::python::{is_space, strip};
use crate::text::Text;
use indexmap::IndexMap;
use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

/// The section whose keys every other section falls back to.
pub(crate) const DEFAULT: &str = "DEFAULT";

/// The keys of a section, lower-case, in the order of the file.
pub(crate) type Section = IndexMap<String, Text>;

/// A file as it was written, nothing resolved.
#[derive(Debug, Default)]
pub(crate) struct IniFile {
    pub(crate) defaults: Section,
    pub(crate) sections: IndexMap<String, Section>,
    /// Where each section's header stands.
    pub(crate) headers: IndexMap<String, Place>,
    pub(crate) problems: Vec<Problem>,
}

/// Reads a file's bytes. Bytes that are no UTF-8 are an error of the whole file.
pub(crate) fn parse(file: &Arc<Path>, bytes: &[u8]) -> IniFile {
    match std::str::from_utf8(bytes) {
        Ok(text) => {
            let mut reader = Reader::new(file);
            for (line, number) in lines(text).zip(1u32..) {
                reader.line(line, number);
            }
            reader.finish()
        }
        Err(error) => {
            let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let good = String::from_utf8_lossy(good);
            let number = lines(&good).count().max(1);
            let column = good.rsplit(['\n', '\r']).next().unwrap_or_default().chars().count() + 1;
            let number = if good.ends_with(['\n', '\r']) {
                number + 1
            } else {
                number
            };
            let problem = Problem::new(place(file, number, column), 1, "this file is not UTF-8 from here on")
                .hint("save the file as UTF-8");
            IniFile {
                problems: vec![problem],
                ..IniFile::default()
            }
        }
    }
}

fn place(file: &Arc<Path>, line: usize, column: usize) -> Option<Place> {
    Some(Place {
        file: Arc::clone(file),
        line: u32::try_from(line).unwrap_or(u32::MAX),
        column: u32::try_from(column).unwrap_or(u32::MAX),
    })
}

/// Lines that end in `\n`, `\r\n` or a lone `\r`.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = rest.find(['\n', '\r']).unwrap_or(rest.len());
        let (line, tail) = rest.split_at(end);
        rest = tail
            .strip_prefix("\r\n")
            .unwrap_or_else(|| tail.get(1..).unwrap_or_default());
        Some(line)
    })
}

/// Where a comment begins in a line, when it has one.
fn comment_start(line: &str) -> Option<usize> {
    if strip(line).starts_with(['#', ';']) {
        return Some(0);
    }
    let mut before = None;
    for (at, c) in line.char_indices() {
        if c == ';' && before.is_none_or(is_space) {
            return Some(at);
        }
        before = Some(c);
    }
    None
}

/// Problems of one file that are told: what is no configuration at all has one in each line.
const MOST_PROBLEMS: usize = 100;

const NOT_CLOSED: &str = "this section header is not closed";

struct Reader<'a> {
    file: &'a Arc<Path>,
    out: IniFile,
    section: Option<String>,
    key: Option<String>,
    indent: usize,
    /// Keys set so far, by section.
    seen: HashSet<(String, String)>,
    /// How often a section was opened a second time, to keep its keys apart from those of the first.
    reopened: usize,
    /// The line that stands before any section was already reported.
    headless: bool,
    /// Takes the problems beyond those that are told.
    unheard: Problem,
}

impl<'a> Reader<'a> {
    fn new(file: &'a Arc<Path>) -> Self {
        Reader {
            file,
            out: IniFile::default(),
            section: None,
            key: None,
            indent: 0,
            seen: HashSet::new(),
            reopened: 0,
            headless: false,
            unheard: Problem::new(None, 1, ""),
        }
    }

    fn line(&mut self, line: &str, number: u32) {
        let comment = comment_start(line);
        let content = line.get(..comment.unwrap_or(line.len())).unwrap_or_default();
        let value = strip(content);
        if value.is_empty() {
            if comment.is_none()
                && let Some(current) = self.current()
            {
                current.push_str("\n");
            }
            return;
        }
        let indent = line.chars().take_while(|c| is_space(*c)).count();
        let column = u32::try_from(indent + 1).unwrap_or(u32::MAX);
        if indent > self.indent
            && let Some(file) = Some(Arc::clone(self.file))
            && let Some(current) = self.current()
        {
            current.push_str("\n");
            current.push_piece(value, &file, number, column);
            return;
        }
        self.indent = indent;
        let header = value
            .strip_prefix('[')
            .and_then(|rest| rest.rsplit_once(']'))
            .map(|(name, _)| name);
        match header {
            Some(name) if !name.is_empty() => self.open(name, number, column),
            _ if self.section.is_none() => self.no_section(value, number, column),
            _ => self.option(value, number, column),
        }
    }

    /// The value that a deeper indented line would continue.
    fn current(&mut self) -> Option<&mut Text> {
        let (section, key) = (self.section.as_ref()?, self.key.as_ref()?);
        let section = if section == DEFAULT {
            &mut self.out.defaults
        } else {
            self.out.sections.get_mut(section)?
        };
        section.get_mut(key)
    }

    fn problem(&mut self, number: u32, column: u32, length: usize, message: String) -> &mut Problem {
        let place = Place {
            file: Arc::clone(self.file),
            line: number,
            column,
        };
        let (problem, told) = match self.out.problems.len() {
            0..MOST_PROBLEMS => (Problem::new(Some(place), length, message), true),
            MOST_PROBLEMS => {
                let problem = Problem::new(Some(place), length, "from here on there are more errors in this file");
                (problem, true)
            }
            _ => (Problem::new(None, 1, message), false),
        };
        if told {
            self.out.problems.push(problem);
        } else {
            self.unheard = problem;
        }
        match self.out.problems.last_mut() {
            Some(last) if told => last,
            _ => &mut self.unheard,
        }
    }

    fn open(&mut self, name: &str, number: u32, column: u32) {
        self.key = None;
        self.section = Some(name.to_owned());
        if name == DEFAULT {
            return;
        }
        if let Some(first) = self.out.headers.get(name) {
            let message = format!("section [{name}] stands twice in this file");
            let hint = format!("move its keys to the first one, in line {}", first.line);
            self.reopened += 1;
            self.problem(number, column, name.chars().count() + 2, message).hint = Some(hint);
            return;
        }
        let place = Place {
            file: Arc::clone(self.file),
            line: number,
            column,
        };
        self.out.headers.insert(name.to_owned(), place);
        self.out.sections.insert(name.to_owned(), Section::new());
    }

    fn no_section(&mut self, value: &str, number: u32, column: u32) {
        if std::mem::replace(&mut self.headless, true) {
            return;
        }
        let length = value.chars().count();
        let (message, hint) = if value.starts_with('\u{feff}') {
            (
                "the file begins with a byte order mark",
                "save the file as UTF-8 without a byte order mark",
            )
        } else if value.starts_with('[') {
            (NOT_CLOSED, "a section is opened by `[name]`")
        } else {
            (
                "this line stands before any section",
                "put a section such as `[DEFAULT]` or `[sshd]` above it",
            )
        };
        self.problem(number, column, length, message.to_owned()).hint = Some(hint.to_owned());
    }

    fn option(&mut self, value: &str, number: u32, column: u32) {
        let length = value.chars().count();
        let Some(at) = value.find(['=', ':']) else {
            let hint = self.no_delimiter_hint(value);
            let message = if value.starts_with('[') {
                NOT_CLOSED
            } else {
                "this line is neither `name = value` nor a section"
            };
            self.problem(number, column, length, message.to_owned()).hint = Some(hint);
            return;
        };
        let (key, rest) = value.split_at(at);
        let key = key.trim_end_matches(is_space);
        if key.is_empty() {
            self.problem(number, column, length, "there is no key before the `=`".to_owned())
                .hint = Some("write `name = value`".to_owned());
            return;
        }
        let name = key.to_lowercase();
        let Some(section) = self.section.clone() else {
            return;
        };
        let place = Place {
            file: Arc::clone(self.file),
            line: number,
            column,
        };
        let seen_in = if self.reopened > 0 && section != DEFAULT {
            format!("{section}\n{}", self.reopened)
        } else {
            section.clone()
        };
        if !self.seen.insert((seen_in, name.clone())) {
            let message = format!("`{name}` is set twice in [{section}]");
            let before = self
                .keys(&section)
                .and_then(|keys| keys.get(&name))
                .and_then(Text::anchor);
            let hint = before.map(|first| format!("the first one is in line {}; keep one of them", first.line));
            self.problem(number, column, key.chars().count(), message).hint = hint;
        }
        let after = rest.get(1..).unwrap_or_default();
        let trimmed = after.trim_start_matches(is_space);
        let value_column = value.len() - trimmed.len();
        let value_column = value.get(..value_column).map_or(0, |before| before.chars().count());
        let mut text = Text::anchored(Some(place));
        text.push_piece(
            trimmed,
            self.file,
            number,
            column + u32::try_from(value_column).unwrap_or(0),
        );
        let keys = if section == DEFAULT {
            &mut self.out.defaults
        } else {
            self.out.sections.entry(section).or_default()
        };
        keys.insert(name.clone(), text);
        self.key = Some(name);
    }

    fn keys(&self, section: &str) -> Option<&Section> {
        if section == DEFAULT {
            Some(&self.out.defaults)
        } else {
            self.out.sections.get(section)
        }
    }

    fn no_delimiter_hint(&self, value: &str) -> String {
        if value.starts_with('[') {
            return "a section is opened by `[name]`".to_owned();
        }
        match &self.key {
            Some(key) => {
                format!("indent it to continue the value of `{key}`, or write `name = value`")
            }
            None => "write `name = value`".to_owned(),
        }
    }

    fn finish(mut self) -> IniFile {
        let sections = self.out.sections.values_mut().chain([&mut self.out.defaults]);
        for text in sections.flat_map(|section| section.values_mut()) {
            text.strip_end();
        }
        self.out
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn read(text: &str) -> IniFile {
        parse(&Arc::from(Path::new("f")), text.as_bytes())
    }

    fn value(file: &IniFile, section: &str, key: &str) -> String {
        file.sections[section][key].as_str().to_owned()
    }

    #[test]
    fn deeper_lines_continue_a_value_and_blank_lines_inside_are_kept() {
        let file = read("[a]\nx = 1\n  2\n\n# no\n  ; no\n  3 ; tail\n  4 # kept\n\ny: 5\n");
        assert_eq!(value(&file, "a", "x"), "1\n2\n\n3\n4 # kept");
        assert_eq!(value(&file, "a", "y"), "5");
        assert_eq!(file.problems, []);
    }

    #[test]
    fn a_value_that_begins_on_the_next_line_begins_with_a_line_break() {
        let file = read("[a]\nX =\n  b\n");
        assert_eq!(value(&file, "a", "x"), "\nb");
        assert_eq!(file.sections["a"]["x"].place_at(1).unwrap().to_string(), "f:3:3");
    }

    #[test]
    fn all_kinds_of_line_ends_are_line_ends() {
        let file = read("[a]\r\nx = 1\rb = 2\n");
        assert_eq!(
            (value(&file, "a", "x"), value(&file, "a", "b")),
            ("1".to_owned(), "2".to_owned())
        );
    }

    #[test]
    fn the_first_delimiter_ends_the_key() {
        let file = read("[a]\nurl = http://x\nk?family=inet6 = 1\n");
        assert_eq!(value(&file, "a", "url"), "http://x");
        assert_eq!(value(&file, "a", "k?family"), "inet6 = 1");
    }

    #[test]
    fn every_error_of_a_file_is_reported() {
        let file = read("early = 1\n[a]\nx = 1\nx = 2\nnonsense\n= 3\n[a]\nx = 4\n[open\n");
        let lines: Vec<u32> = file
            .problems
            .iter()
            .filter_map(|p| Some(p.place.as_ref()?.line))
            .collect();
        assert_eq!(lines, [1, 4, 5, 6, 7, 9]);
    }

    #[test]
    fn default_may_be_opened_twice_but_a_key_in_it_not_set_twice() {
        let file = read("[DEFAULT]\na = 1\n[DEFAULT]\nb = 1\na = 2\n");
        assert_eq!(file.problems.len(), 1);
        assert_eq!(file.problems[0].place.as_ref().unwrap().line, 5);
    }

    #[test]
    fn a_byte_that_is_no_utf8_is_reported_where_it_stands() {
        let file = parse(&Arc::from(Path::new("f")), b"[a]\nx = \xc3\xbc\xff\n");
        assert_eq!(file.problems[0].place.as_ref().unwrap().to_string(), "f:2:6");
    }
}
