//! Series of measurements, and what is said of them.
use crate::lab::subject::Subject;

/// Measured values of one thing, in the order of measuring.
#[derive(Debug, Clone, Default)]
pub struct Series(pub Vec<f64>);

impl Series {
    /// The value below which this share of all lies.
    pub fn quantile(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let at = share * (sorted.len().saturating_sub(1)) as f64;
        let (low, high) = (at.floor() as usize, at.ceil() as usize);
        match (sorted.get(low), sorted.get(high)) {
            (Some(a), Some(b)) => a + (b - a) * (at - at.floor()),
            _ => f64::NAN,
        }
    }

    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// Each value over the other's of the same round.
    pub fn over(&self, other: &Series) -> Series {
        Series(self.0.iter().zip(&other.0).map(|(a, b)| a / b).collect())
    }
}

impl Extend<f64> for Series {
    fn extend<T: IntoIterator<Item = f64>>(&mut self, values: T) {
        self.0.extend(values);
    }
}

/// What the better of two is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    More,
    Less,
}

/// What was promised of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Goal {
    /// So many times better than the original.
    Times(f64),
    /// Bantam's own value, at least.
    AtLeast(f64),
    /// Bantam's own value, below.
    Below(f64),
}

/// One line of the table.
#[derive(Debug, Clone)]
pub struct Row {
    pub what: String,
    pub unit: &'static str,
    pub bantam: Series,
    pub original: Series,
    pub crowdsec: Series,
    pub better: Better,
    pub goal: Option<Goal>,
}

impl Row {
    /// A row without values.
    pub fn new(what: impl Into<String>, unit: &'static str, better: Better, goal: Option<Goal>) -> Self {
        Row {
            what: what.into(),
            unit,
            bantam: Series::default(),
            original: Series::default(),
            crowdsec: Series::default(),
            better,
            goal,
        }
    }

    /// The values of one subject.
    pub fn of(&mut self, subject: Subject) -> &mut Series {
        match subject {
            Subject::Bantam => &mut self.bantam,
            Subject::Original => &mut self.original,
        }
    }

    /// How many times better Bantam is: of each round's pair, the median.
    pub fn ratios(&self) -> Series {
        match self.better {
            Better::More => self.bantam.over(&self.original),
            Better::Less => self.original.over(&self.bantam),
        }
    }

    /// What was not measured is missed too.
    pub fn is_missed(&self) -> bool {
        let met = match self.goal {
            None => true,
            Some(Goal::Times(times)) => self.ratios().median() >= times,
            Some(Goal::AtLeast(value)) => self.bantam.median() >= value,
            Some(Goal::Below(value)) => self.bantam.median() < value,
        };
        !met
    }

    /// The goal and how it stands, in words.
    pub fn verdict(&self) -> String {
        let Some(goal) = self.goal else {
            return String::new();
        };
        let promised = match goal {
            Goal::Times(times) => format!("{} times", number(times)),
            Goal::AtLeast(value) => format!("at least {}", number(value)),
            Goal::Below(value) => format!("below {}", number(value)),
        };
        let stands = if self.is_missed() { "missed" } else { "met" };
        format!("{promised}: {stands}")
    }

    /// For scripts.
    pub fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "what": self.what, "unit": self.unit,
            "bantam": self.bantam.0, "original": self.original.0, "crowdsec": self.crowdsec.0,
            "times_better": finite(self.ratios().median()),
            "goal": self.goal.map(|_| self.verdict()),
            "missed": self.is_missed(),
        })
    }
}

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

/// What a part of the run has to say.
#[derive(Debug, Default)]
pub struct Findings {
    pub rows: Vec<Row>,
    pub curves: Vec<Curve>,
    /// Headings and Markdown below the table.
    pub details: Vec<(String, String)>,
}

impl Findings {
    pub fn add(&mut self, other: Findings) {
        self.rows.extend(other.rows);
        self.curves.extend(other.curves);
        self.details.extend(other.details);
    }
}

impl From<Vec<Row>> for Findings {
    fn from(rows: Vec<Row>) -> Self {
        Findings {
            rows,
            ..Findings::default()
        }
    }
}

/// Cost over the amount of work.
#[derive(Debug, Clone)]
pub struct Curve {
    /// Also the name of the plot's file.
    pub name: &'static str,
    pub title: &'static str,
    pub work: &'static str,
    pub cost: &'static str,
    pub bantam: Vec<(f64, Series)>,
    pub original: Vec<(f64, Series)>,
}

/// A curve steeper than this between two neighbouring points is called steeper than linear. The slope of linear cost
/// is 1; what is beyond allows for a tenth of noise where the work grows by ten.
pub const LINEAR: f64 = 1.05;

impl Curve {
    pub fn points(&self, subject: Subject) -> Vec<(f64, f64)> {
        let of = match subject {
            Subject::Bantam => &self.bantam,
            Subject::Original => &self.original,
        };
        of.iter().map(|(work, cost)| (*work, cost.median())).collect()
    }

    /// The steepest slope between neighbouring points, both axes logarithmic.
    pub fn slope(&self, subject: Subject) -> f64 {
        let points = self.points(subject);
        let slopes = points
            .windows(2)
            .map(|pair| (pair[1].1 / pair[0].1).ln() / (pair[1].0 / pair[0].0).ln());
        slopes.fold(f64::NAN, f64::max)
    }

    /// The row that says whether it is linear.
    pub fn row(&self) -> Row {
        let mut row = Row::new(
            format!("{}: steepest slope", self.title),
            "of log by log",
            Better::Less,
            Some(Goal::Below(LINEAR)),
        );
        for subject in [Subject::Bantam, Subject::Original] {
            let slope = self.slope(subject);
            if slope.is_finite() {
                row.of(subject).extend([slope]);
            }
        }
        row
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "name": self.name, "work": self.work, "cost": self.cost,
            "bantam": self.points(Subject::Bantam), "original": self.points(Subject::Original),
        })
    }
}

/// Three digits that matter; thousands in groups.
pub fn number(value: f64) -> String {
    if value >= 1000.0 {
        let digits = format!("{value:.0}");
        let groups: Vec<&str> = digits
            .as_bytes()
            .rchunks(3)
            .rev()
            .filter_map(|g| std::str::from_utf8(g).ok())
            .collect();
        return groups.join(",");
    }
    let decimals = if value >= 100.0 {
        0
    } else if value >= 10.0 {
        1
    } else {
        2
    };
    format!("{value:.decimals$}")
}
