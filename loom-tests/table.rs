//! The guard: README.md's table names exactly the models that are here.

use crate::harness::Model;
use std::collections::BTreeSet;

const README: &str = include_str!("README.md");

/// Err with what is missing where. A model counts as listed if a table row names it in backticks.
pub fn agrees_with(models: &[&'static Model]) -> Result<(), String> {
    let there: BTreeSet<&str> = models.iter().map(|model| model.name).collect();
    if there.len() != models.len() {
        return Err("two models have one name".into());
    }
    let listed: BTreeSet<&str> = README
        .lines()
        .filter(|line| line.starts_with("| `"))
        .filter_map(|line| line.split('`').nth(1))
        .collect();
    match (listed.difference(&there).next(), there.difference(&listed).next()) {
        (None, None) => Ok(()),
        (Some(gone), _) => Err(format!("{gone} is listed and not there")),
        (_, Some(new)) => Err(format!("{new} is there and not listed")),
    }
}
