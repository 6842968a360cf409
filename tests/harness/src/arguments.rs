//! The command line of a test program without libtest.

/// What stands behind `--` in `cargo test … -- --option text`.
pub struct Arguments {
    all: Vec<String>,
}

impl Arguments {
    /// This process's.
    pub fn of_this_process() -> Self {
        Self { all: std::env::args().skip(1).collect() }
    }

    /// Was the option given, `"--list"` for one?
    pub fn has(&self, option: &str) -> bool {
        self.all.iter().any(|argument| argument == option)
    }

    /// All that is no option: parts of names.
    pub fn filters(&self) -> Vec<&str> {
        self.all.iter().map(String::as_str).filter(|argument| !argument.starts_with('-')).collect()
    }

    /// Is a case of this name wanted? Without filters all are; with `--exact` a filter is a whole name.
    pub fn wants(&self, name: &str) -> bool {
        let filters = self.filters();
        let fits = |filter: &&str| if self.has("--exact") { name == *filter } else { name.contains(filter) };
        filters.is_empty() || filters.iter().any(fits)
    }
}

#[cfg(test)]
mod tests {
    use super::Arguments;

    #[test]
    fn a_filter_is_a_part_of_a_name_or_with_exact_the_whole() {
        let given = |words: &[&str]| Arguments { all: words.iter().map(|word| (*word).into()).collect() };
        assert!(given(&["--deep"]).wants("a push wakes the worker"));
        assert!(given(&["push", "pop"]).wants("a push wakes the worker"));
        assert!(!given(&["pop"]).wants("a push wakes the worker"));
        assert!(!given(&["--exact", "push"]).wants("a push wakes the worker"));
        assert!(given(&["--exact", "push"]).wants("push"));
    }
}
