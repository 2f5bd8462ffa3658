//! The expressions that are explained.
use super::place::Mapping;
use crate::regex::run::{Outcome, Trial, error};
use bantam_conf::Place;
use bantam_pattern::{Options, Regex};

/// One expression.
pub struct Subject {
    /// `prefregex`, `failregex`, `ignoreregex`
    pub option: &'static str,
    /// From 1, as expressions are listed.
    pub number: usize,
    /// How many there are of the kind.
    pub of: usize,
    pub written: String,
    /// Where it was written, if in a file.
    pub place: Option<Place>,
    pub regex: Regex,
    /// `^` and `$` stand at every line.
    pub multi_line: bool,
    pub mapping: Mapping,
}

impl Subject {
    /// `failregex 2 of 3`
    pub fn title(&self) -> String {
        match self.of {
            1 => self.option.to_owned(),
            of => format!("{} {} of {of}", self.option, self.number),
        }
    }

    /// A literal that every match contains and that is worth being searched for.
    pub fn literal(&self) -> Option<&[u8]> {
        self.regex.required_literal().filter(|literal| literal.len() >= 3)
    }
}

/// All expressions of the filter in the order in which a line meets them.
pub fn all(trial: &Trial<'_>) -> Outcome<Vec<Subject>> {
    let filter = &trial.filter;
    let mut all = Vec::new();
    let one = |option, number, of, written: &str, expanded: &str, place: Option<&Place>| {
        let multi_line = option == "failregex" && filter.max_lines() > 1;
        let options = Options {
            multi_line,
            ignore_case: false,
        };
        Ok(Subject {
            option,
            number,
            of,
            written: written.to_owned(),
            place: place.cloned(),
            regex: Regex::new(expanded, options).map_err(error)?,
            multi_line,
            mapping: Mapping::new(written, expanded, filter.use_dns()),
        })
    };
    if !filter.prefregex().is_empty() {
        let (written, place) = match &trial.prefregex {
            Some((written, place)) => (written.as_str(), place.as_ref()),
            None => (filter.prefregex(), None),
        };
        all.push(one("prefregex", 1, 1, written, filter.prefregex(), place)?);
    }
    for (option, written, expanded, places) in [
        ("failregex", &trial.failregex, filter.failregexes(), &trial.fail_places),
        (
            "ignoreregex",
            &trial.ignoreregex,
            filter.ignoreregexes(),
            &trial.ignore_places,
        ),
    ] {
        let of = expanded.len();
        for (index, (written, expanded)) in written.iter().zip(expanded).enumerate() {
            let place = places.get(index).and_then(Option::as_ref);
            all.push(one(option, index + 1, of, written, expanded, place)?);
        }
    }
    Ok(all)
}
