//! Checks that README.md's tables name exactly the models that exist, each under its file, and only sites
//! that exist.

use crate::harness::Model;
use jobring_model::model::Site;
use std::collections::BTreeSet;

pub const README: &str = include_str!("README.md");

/// The rows of the tables: the file that the heading names, the model, and the sites that it defends.
pub fn rows() -> impl Iterator<Item = (&'static str, &'static str, Vec<&'static str>)> {
    let mut file = "";
    README.lines().filter_map(move |line| {
        if let Some(heading) = line.strip_prefix("### ") {
            file = heading.split('`').nth(1)?.trim_end_matches(".rs");
        }
        let mut cells = line.strip_prefix("| `")?.split('|');
        let model = cells.next()?.trim().trim_end_matches('`');
        let sites = cells.nth(1)?.split(", ").map(str::trim).filter(|site| !site.is_empty());
        Some((file, model, sites.collect()))
    })
}

/// Is it listed as slack, with the reason?
pub fn is_slack(weakening: &str) -> bool {
    README.lines().any(|line| line.starts_with(&format!("- `{weakening}`")))
}

/// Err with what is missing where.
pub fn agrees_with(models: &[&'static Model]) -> Result<(), String> {
    let there: BTreeSet<_> = models.iter().map(|model| (model.file(), model.name)).collect();
    if models.iter().map(|model| model.name).collect::<BTreeSet<_>>().len() != models.len() {
        return Err("two models have one name".into());
    }
    let listed: BTreeSet<_> = rows().map(|(file, model, _)| (file, model)).collect();
    if let Some((file, gone)) = listed.difference(&there).next() {
        return Err(format!("{gone} is listed under {file}.rs and not there"));
    }
    if let Some((file, new)) = there.difference(&listed).next() {
        return Err(format!("{new} is in {file}.rs and not listed"));
    }
    let exists = |name: &&str| Site::ALL.iter().any(|site| site.name() == *name);
    match rows().flat_map(|(_, _, sites)| sites).find(|site| !exists(site)) {
        Some(site) => Err(format!("{site} is no site")),
        None => Ok(()),
    }
}
