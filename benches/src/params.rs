//! The parameters of a child process and its output: `name=value` in, `name value` out.

/// The parameters of one measurement.
#[derive(Clone, Default)]
pub struct Params(Vec<(String, u64)>);

impl Params {
    /// From `name=value` words.
    pub fn parse(words: &[String]) -> Result<Self, String> {
        words
            .iter()
            .map(|word| {
                let (name, value) = word.split_once('=').ok_or(format!("not name=value: {word}"))?;
                Ok((name.into(), value.parse().map_err(|_| format!("no number: {word}"))?))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The value of `name`, which the runner always gives.
    pub fn get(&self, name: &str) -> u64 {
        self.find(name).unwrap_or_else(|| panic!("the parameter {name} is missing"))
    }

    /// As `get`, for sizes.
    pub fn size(&self, name: &str) -> usize {
        usize::try_from(self.get(name)).expect("a size")
    }

    /// The value of `name` if it was given.
    pub fn find(&self, name: &str) -> Option<u64> {
        self.0.iter().find(|(known, _)| known == name).map(|&(_, value)| value)
    }
}

/// What one measurement found: numbers with names.
#[derive(Default)]
pub struct Report(pub Vec<(String, f64)>);

impl Report {
    /// One number.
    pub fn one(name: &str, value: f64) -> Self {
        Self(vec![(name.into(), value)])
    }

    /// Adds a number.
    pub fn add(&mut self, name: &str, value: f64) {
        self.0.push((name.into(), value));
    }

    /// A distribution of microseconds: its percentiles under the names p1 … p99.9.
    pub fn distribution(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let mut report = Self::default();
        for percent in PERCENTS {
            let at = (percent / 100.0 * values.len() as f64) as usize;
            report.add(&format!("p{percent}"), values[at.min(values.len() - 1)]);
        }
        report
    }
}

/// The percentiles of a distribution that are kept.
pub const PERCENTS: [f64; 12] = [1.0, 5.0, 10.0, 20.0, 30.0, 50.0, 70.0, 80.0, 90.0, 95.0, 99.0, 99.9];
