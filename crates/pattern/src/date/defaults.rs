//! The templates that are used when a filter says nothing about dates.

use std::sync::{Arc, Mutex};

use super::bounds;
use super::template::{Template, replace_tag};
use super::tokens::Years;
use crate::PatternError;

/// 23/Jan/2005:21:59:59 +0100
pub(super) const ACCESS_LOG: &str = r"%d(?P<_sep>[-/])%b(?P=_sep)%ExY[ :]?%H:%M:%S(?:\.%f)?(?: %z)?";

/// In the order in which they are tried. What each is for:
const PATTERNS: [&str; 17] = [
    // 2005-01-23T21:59:59.981+01:00, 2005/01/23 21:59:59
    r"%ExY(?P<_sep>[-/.])%m(?P=_sep)%d(?:T|  ?)%H:%M:%S(?:[.,]%f)?(?:\s*%z)?",
    // Sun Jan 23 21:59:59.011 2005
    r"(?:%a )?%b %d %k:%M:%S(?:\.%f)?(?: %ExY)?",
    // Sun Jan 23 2005 21:59:59.011
    r"(?:%a )?%b %d %ExY %k:%M:%S(?:\.%f)?",
    // 23/01/2005 21:59:59, 23-01-05 21:59:59
    r"%d(?P<_sep>[-/])%m(?P=_sep)(?:%ExY|%Exy) %k:%M:%S",
    ACCESS_LOG,
    // 01/23/2005:21:59:59
    r"%m/%d/%ExY:%H:%M:%S",
    // 01-23-2005 21:59:59.252
    r"%m-%d-%ExY %k:%M:%S(?:\.%f)?",
    r"EPOCH",
    // 21:59:59
    r"{^LN-BEG}%H:%M:%S",
    // <01/23/05@21:59:59>
    r"^<%m/%d/%Exy@%H:%M:%S>",
    // 050123 21:59:59
    r"%Exy%Exm%Exd  ?%H:%M:%S",
    // Jan 23, 2005 9:59:59 PM
    r"%b %d, %ExY %I:%M:%S %p",
    // Jan-23-05 21:59:59
    r"^%b-%d-%Exy %k:%M:%S",
    // 20050123T215959, 20050123-21:59:59
    r"%ExY%Exm%Exd(?:-|T|  ?)%ExH:?%ExM:?%ExS(?:[.,]%f)?(?:\s*%z)?",
    // PDT Apr 16 21:05:29
    r"(?:%Z )?(?:%a )?%b %d %k:%M:%S(?:\.%f)?(?: %ExY)?",
    // +00:00 Jan 23 21:59:59.011 2005
    r"(?:%z )?(?:%a )?%b %d %k:%M:%S(?:\.%f)?(?: %ExY)?",
    r"TAI64N",
];

/// Base weight of the copies that are bound to the line's beginning: they come first whatever their distance.
pub(super) const ANCHORED_WEIGHT: f64 = 100.0;

/// The default templates, shared by all detectors.
#[derive(Debug)]
pub(super) struct Defaults {
    /// Copies bound to the line's beginning, of those that are not so by themselves.
    pub anchored: Vec<Arc<Template>>,
    /// One for each pattern.
    pub plain: Vec<Arc<Template>>,
}

/// The templates as of the years given; built once.
pub(super) fn shared(years: &Years) -> Result<Arc<Defaults>, PatternError> {
    static LAST: Mutex<Option<(Years, Arc<Defaults>)>> = Mutex::new(None);
    let mut last = LAST.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some((of, defaults)) = last.as_ref()
        && of == years
    {
        return Ok(defaults.clone());
    }
    let defaults = Arc::new(build(years)?);
    *last = Some((years.clone(), defaults.clone()));
    Ok(defaults)
}

fn build(years: &Years) -> Result<Defaults, PatternError> {
    let mut anchored = Vec::new();
    let mut plain = Vec::new();
    for pattern in PATTERNS {
        let template = Template::new(pattern, years, true)?;
        if !template.name.starts_with("{^LN-BEG}") && !template.name.starts_with('^') {
            let bound = format!("{{^LN-BEG}}{pattern}");
            anchored.push(Arc::new(Template::new(&bound, years, true)?));
        }
        plain.push(Arc::new(template));
    }
    Ok(Defaults { anchored, plain })
}

impl Defaults {
    /// All of them, in the order of search, with their base weights.
    pub fn all(&self) -> impl Iterator<Item = (&Arc<Template>, f64)> {
        let anchored = self.anchored.iter().map(|t| (t, ANCHORED_WEIGHT));
        anchored.chain(self.plain.iter().map(|t| (t, 1.0)))
    }

    /// One template for each pattern, put where the user's expression says `{DATE}`.
    pub fn embedded(&self, around: &str, years: &Years) -> Result<Vec<Template>, PatternError> {
        let embed = |text: &str| replace_tag(around, &["{DATE}"], bounds::unbound(text));
        self.plain
            .iter()
            .map(|template| {
                // Epoch and TAI64N have no pattern, only a name: it stands for them where they come alone on a line
                // and is mere text elsewhere, as in the original.
                let pattern = template.pattern.as_deref().unwrap_or(&template.name);
                let template = Template::new(&embed(pattern), years, true)?;
                template.check()?;
                Ok(template)
            })
            .collect()
    }
}
