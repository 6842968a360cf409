//! A list of names that a test must meet, except those that are excused with a reason.

use std::collections::BTreeMap;

/// Names as a source lists them: `// path` and then, line by line, `Name,` for each that stands in the file
/// of that path.
pub struct Coverage<'a> {
    place_of: BTreeMap<&'a str, &'a str>,
    /// A name, a file or a folder (with its `/`), and why it is not seen.
    excuses: Vec<(&'a str, &'a str)>,
}

impl<'a> Coverage<'a> {
    /// Reads the names out of a source. One reason may excuse several names.
    pub fn new(source: &'a str, excuses: &[(&[&'a str], &'a str)]) -> Self {
        let mut place = "";
        let mut place_of = BTreeMap::new();
        for line in source.lines().map(str::trim) {
            if let Some(path) = line.strip_prefix("// ").filter(|path| path.ends_with(".rs")) {
                place = path;
            } else if let Some(name) = line.strip_suffix(',').filter(|_| !place.is_empty()) {
                place_of.insert(name, place);
            }
        }
        let each = excuses.iter().flat_map(|(names, reason)| names.iter().map(|name| (*name, *reason)));
        Self { place_of, excuses: each.collect() }
    }

    /// Are exactly those seen that have no excuse? Err says which not.
    pub fn check(&self, seen: impl Fn(&str) -> bool) -> Result<(), String> {
        let covers = |excuse: &str, name: &str, place: &str| {
            excuse == name || excuse == place || excuse.ends_with('/') && place.starts_with(excuse)
        };
        for (excuse, _) in &self.excuses {
            if !self.place_of.iter().any(|(name, place)| covers(excuse, name, place)) {
                return Err(format!("{excuse} is excused, and is neither a name nor where one stands"));
            }
        }
        let excused =
            |name: &str, place: &str| self.excuses.iter().any(|(excuse, _)| covers(excuse, name, place));
        let those = |wanted: &dyn Fn(&str, &str) -> bool| -> Vec<&str> {
            let wrong = self.place_of.iter().filter(|(name, place)| wanted(name, place));
            wrong.map(|(name, _)| *name).collect()
        };
        let missed = those(&|name, place| !seen(name) && !excused(name, place));
        let too_many = those(&|name, place| seen(name) && excused(name, place));
        match (missed.as_slice(), too_many.as_slice()) {
            ([], []) => Ok(()),
            ([], _) => Err(format!("excused, and seen: {too_many:?}")),
            _ => Err(format!("not seen: {missed:?}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Coverage;

    const SOURCE: &str =
        "sites! {\n    // ring/push.rs\n    PushTail,\n    // stats.rs\n    Count,\n    CountAgain,\n}";

    fn check(excuses: &[(&[&str], &str)], seen: &[&str]) -> Result<(), String> {
        Coverage::new(SOURCE, excuses).check(|name| seen.contains(&name))
    }

    #[test]
    fn what_is_not_seen_needs_an_excuse_and_what_is_seen_has_none() {
        assert_eq!(check(&[(&["stats.rs"], "statistics")], &["PushTail"]), Ok(()));
        assert_eq!(check(&[(&["ring/", "Count"], "none")], &["CountAgain"]), Ok(()));
        assert_eq!(check(&[], &["PushTail", "Count"]), Err("not seen: [\"CountAgain\"]".into()));
        assert!(check(&[(&["stats.rs"], "statistics")], &["PushTail", "Count"]).is_err());
        assert!(check(&[(&["gone.rs"], "it is gone")], &["PushTail", "Count", "CountAgain"]).is_err());
    }
}
