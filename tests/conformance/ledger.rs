//! One area's account: what was compared, what agreed, what is meant to differ, what differs.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::Path;

/// The page that must name each exception.
const PAGE: &str = "docs/differences.md";

/// One area's account.
pub struct Ledger {
    area: &'static str,
    agreed: usize,
    /// By the heading or phrase of the page: how many, and the first of them.
    excepted: BTreeMap<&'static str, (usize, String)>,
    differing: Vec<String>,
    /// What the count is made of.
    notes: Vec<String>,
}

impl Ledger {
    pub fn new(area: &'static str) -> Self {
        Ledger {
            area,
            agreed: 0,
            excepted: BTreeMap::new(),
            differing: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Says in the table what the count is made of.
    pub fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// Counts one comparison; both sides must be what really came out.
    pub fn compare<T: PartialEq + Debug>(&mut self, what: impl Into<String>, ours: &T, theirs: &T) {
        if ours == theirs {
            self.agreed += 1;
        } else {
            let what = what.into();
            self.differing
                .push(format!("{what}\n    ours:   {ours:?}\n    theirs: {theirs:?}"));
        }
    }

    /// Counts one that agrees by itself (what was wanted came out).
    pub fn agree(&mut self) {
        self.agreed += 1;
    }

    /// Counts one that does not, in words.
    pub fn differ(&mut self, what: impl Into<String>) {
        self.differing.push(what.into());
    }

    /// Counts one that is meant to differ. `phrase` must stand on the page that lists the differences, word for word;
    /// a difference that nobody wrote down is one that nobody meant.
    pub fn except(&mut self, what: impl Into<String>, phrase: &'static str) {
        let entry = self.excepted.entry(phrase).or_insert_with(|| (0, what.into()));
        entry.0 += 1;
    }

    /// How many agree, differ as written, differ.
    pub fn counts(&self) -> [usize; 3] {
        let excepted = self.excepted.values().map(|(count, _)| count).sum();
        [self.agreed, excepted, self.differing.len()]
    }

    /// The area's line in the table.
    pub fn summary(&self) -> String {
        let notes = match self.notes.as_slice() {
            [] => String::new(),
            notes => format!("  ({})", notes.join(", ")),
        };
        row(self.area, self.counts()) + &notes
    }

    /// What differs, and why what is excepted is.
    pub fn details(&self) -> String {
        let mut text = String::new();
        for (phrase, (count, first)) in &self.excepted {
            let area = self.area;
            text += &format!("{area}: {count} as written: \"{phrase}\", such as {first}\n");
            if !written(phrase) {
                text += &format!("{area}: ERROR: {PAGE} does not say \"{phrase}\"\n");
            }
        }
        for one in &self.differing {
            text += &format!("{}: DIFFERS: {one}\n", self.area);
        }
        if self.agreed == 0 {
            text += &format!("{}: ERROR: nothing agreed, so nothing was compared\n", self.area);
        }
        text
    }

    /// Whether everything agrees or is written down, and anything was compared at all.
    pub fn holds(&self) -> bool {
        self.agreed > 0 && self.differing.is_empty() && self.excepted.keys().all(|phrase| written(phrase))
    }
}

/// A line of the table.
pub fn row(name: &str, counts: [usize; 3]) -> String {
    let [agreed, excepted, differing] = counts;
    let compared: usize = counts.iter().sum();
    format!("{name:<28} {compared:>6} compared {agreed:>6} agree {excepted:>4} differ as written {differing:>4} differ")
}

fn written(phrase: &str) -> bool {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    let text = std::fs::read_to_string(page).expect("the page of differences");
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    flat(&text).contains(&flat(phrase))
}
