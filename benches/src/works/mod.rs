//! The works: what is measured, of whom, and which number counts. Each file has the works of one kind.

mod curves;
mod forks;
mod latency;
mod life;
mod throughput;

use crate::options::Options;

/// One thing that is measured of several entrants, in rounds.
pub struct Case {
    /// The work that it belongs to, as in the README: W1 …
    pub work: &'static str,
    /// Its name in the raw data.
    pub id: String,
    /// Its name above a table.
    pub title: String,
    /// The parameters of every entrant, unless it has its own.
    pub params: Vec<(&'static str, u64)>,
    /// The number that counts.
    pub metric: Metric,
    /// Further columns.
    pub columns: &'static [Metric],
    /// The pools that take part. The others are compared with the first.
    pub entrants: Vec<Entrant>,
    /// How often, in parts of the rounds that were asked for.
    pub rounds: Rounds,
    /// The point of a curve: its name, and where on it.
    pub point: Option<(&'static str, f64)>,
}

/// How many rounds of those that were asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Rounds {
    /// All.
    All,
    /// A third, but enough for an interval: a curve has many points.
    Third,
    /// One: what is counted does not vary, or takes long.
    One,
}

/// A number of a report.
#[derive(Clone, Copy)]
pub struct Metric {
    /// Its name there.
    pub name: &'static str,
    /// How it is shown.
    pub unit: &'static str,
    /// What it is multiplied with to be shown.
    pub scale: f64,
    /// Is more better?
    pub more: bool,
}

/// A number of which less is better, shown as it is.
pub const fn less(name: &'static str, unit: &'static str) -> Metric {
    Metric { name, unit, scale: 1.0, more: false }
}

/// Jobs, or pairs, per second.
pub const fn rate(name: &'static str, unit: &'static str) -> Metric {
    Metric { name, unit, scale: 1e-6, more: true }
}

/// A peer in a case.
pub struct Entrant {
    /// Its name.
    pub peer: &'static str,
    /// What it is asked to do.
    pub mode: &'static str,
    /// How it is shown.
    pub label: String,
    /// Its parameters that differ from the case's.
    pub params: Vec<(&'static str, u64)>,
}

/// An entrant that is shown by its own name.
pub fn entrant(peer: &'static str, mode: &'static str) -> Entrant {
    Entrant { peer, mode, label: peer.into(), params: Vec::new() }
}

impl Entrant {
    /// Shown as `label`.
    pub fn called(mut self, label: &str) -> Self {
        self.label = label.into();
        self
    }

    /// The same with the parameter `name`.
    pub fn with(mut self, name: &'static str, value: u64) -> Self {
        self.params.push((name, value));
        self
    }
}

/// All cases that the options ask for.
pub fn cases(options: &Options) -> Vec<Case> {
    let mut cases = throughput::cases(options);
    cases.extend(latency::cases(options));
    cases.extend(forks::cases(options));
    cases.extend(life::cases(options));
    cases.extend(curves::cases(options));
    cases.retain(|case| options.works.is_empty() || options.works.iter().any(|work| work == case.work));
    for case in &mut cases {
        case.entrants.retain(|entrant| options.wants(entrant.peer));
    }
    cases
}
