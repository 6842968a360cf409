//! What each model costs, in executions. `costs.txt` has the numbers of the last run of all models with
//! JOBRING_BLESS=1. They decide in which order the models run, which of them `--fast` runs, and which run with
//! their own bound only if `--costly` asks for them. So the list must name all models.

use crate::harness::Model;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

/// Models with more are not run by `--fast`.
const CHEAP: usize = 3_000;
/// Models with more run with one preemption less in a run of all, where that leaves one at least.
const COSTLY: usize = 50_000;

fn listed() -> &'static BTreeMap<&'static str, usize> {
    static LISTED: OnceLock<BTreeMap<&str, usize>> = OnceLock::new();
    let read = |line: &'static str| line.split_once(' ').and_then(|(name, n)| Some((name, n.parse().ok()?)));
    LISTED.get_or_init(|| include_str!("costs.txt").lines().filter_map(read).collect())
}

/// Err unless the list names exactly the models. Not with JOBRING_BLESS=1: then the run writes a new list.
pub fn agrees_with(models: &[&'static Model]) -> Result<(), String> {
    let there: BTreeSet<&str> = models.iter().map(|model| model.name).collect();
    let listed: BTreeSet<&str> = listed().keys().copied().collect();
    let differ: Vec<_> = there.symmetric_difference(&listed).collect();
    if differ.is_empty() || std::env::var_os("JOBRING_BLESS").is_some() {
        return Ok(());
    }
    Err(format!(
        "in costs.txt alone, or not in it: {differ:?}; a run of all with JOBRING_BLESS=1 rewrites it"
    ))
}

/// The executions of a model. A model that is not listed is new, and runs first.
fn of(model: &Model) -> usize {
    listed().get(model.name).copied().unwrap_or(0)
}

/// The models that take only a moment.
pub fn cheap(models: &[&'static Model]) -> Vec<&'static Model> {
    models.iter().filter(|model| of(model) <= CHEAP).copied().collect()
}

/// Its bound in a run of all models, if that is less than its own.
pub fn reduced_bound(model: &Model) -> Option<usize> {
    model.bound.filter(|bound| *bound > 1 && of(model) > COSTLY).map(|bound| bound - 1)
}

/// The cheapest first, so that a failure shows soon.
pub fn by_cost(models: &[&'static Model]) -> Vec<&'static Model> {
    let mut models = models.to_vec();
    models.sort_by_key(|model| of(model));
    models
}

/// Writes the list.
pub fn bless(executions: &BTreeMap<&str, usize>) {
    let text: String = executions.iter().map(|(name, n)| format!("{name} {n}\n")).collect();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/costs.txt");
    std::fs::write(path, text).expect("the sources can be written");
}
