//! Series of measurements, and what is said of them.

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

/// One line of the table.
#[derive(Debug, Clone)]
pub struct Row {
    pub what: String,
    pub unit: &'static str,
    pub bantam: Series,
    pub original: Series,
    pub better: Better,
    /// How many times better Bantam is to be, where that was promised.
    pub goal: Option<f64>,
}

impl Row {
    /// How many times better Bantam is: of each round's pair, the median.
    pub fn ratios(&self) -> Series {
        match self.better {
            Better::More => self.bantam.over(&self.original),
            Better::Less => self.original.over(&self.bantam),
        }
    }

    pub fn is_missed(&self) -> bool {
        self.goal
            .is_some_and(|goal| self.ratios().median().is_nan() || self.ratios().median() < goal)
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
