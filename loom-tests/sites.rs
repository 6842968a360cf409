//! The atomic sites as the sources have them: what can be weakened, and that none was left out.

use crate::table;
use jobring_model::model::Site;
use std::fs;
use std::path::{Path, PathBuf};

/// One ordering, one step weaker.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Weakening {
    pub site: String,
    pub to: &'static str,
}

impl Weakening {
    /// As JOBRING_WEAKEN and README.md spell it.
    pub fn text(&self) -> String {
        format!("{}={}", self.site, self.to)
    }

    /// What could be tried after it.
    pub fn further(&self) -> impl Iterator<Item = Self> {
        steps(self.to).iter().map(|to| Self { site: self.site.clone(), to })
    }
}

/// The steps down from an ordering. SeqCst stands at fences alone, and a Relaxed fence is none.
fn steps(ordering: &str) -> &'static [&'static str] {
    match ordering {
        "SeqCst" => &["AcqRel", "Relaxed"],
        "AcqRel" => &["Acquire", "Release"],
        "Acquire" | "Release" => &["Relaxed"],
        _ => &[],
    }
}

const ORDERINGS: [&str; 5] = ["Relaxed", "Acquire", "Release", "AcqRel", "SeqCst"];

/// Where atomics without a site may stand, and why.
const WITHOUT_SITES: &[(&str, &str)] = &[
    ("sync/", "the facade itself"),
    ("testing/", "the models' side, and the freeze test's"),
    ("platform/condvar.rs", BELOW),
    ("platform/fork.rs", BELOW),
    ("platform/futex.rs", BELOW),
    ("platform/lock.rs", BELOW),
    ("platform/model_port.rs", BELOW),
    ("platform/port_self.rs", BELOW),
    ("platform/std_tls_key.rs", BELOW),
    ("platform/thread", BELOW),
];

const BELOW: &str = "below the models, which bring a system of their own";

/// What stands above an atomic that only tests and models have.
const TESTS_ONLY: [&str; 3] = ["#[cfg(jobring_loom)]", "#[cfg(any(test, jobring_loom))]", "if bug(Bug::"];

/// How a call begins that hands on a first site, loaded with Acquire, a second, and the ordering of that.
const HANDED_ON: &str = "front(Site::";

/// A source file whose atomics have sites, without its tests.
struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    /// Without comments.
    fn code(&self) -> String {
        let code = self.text.lines().filter(|line| !line.trim_start().starts_with("//"));
        code.collect::<Vec<_>>().join("\n")
    }
}

fn sources() -> Vec<Source> {
    fn below(folder: &Path, into: &mut Vec<PathBuf>) {
        let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in paths {
            if path.is_dir() {
                below(&path, into);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                into.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../src");
    let mut paths = Vec::new();
    below(&root, &mut paths);
    let excused = |path: &PathBuf| {
        let path = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
        WITHOUT_SITES.iter().any(|(place, _)| path.starts_with(place))
    };
    paths.retain(|path| !excused(path));
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or("").into();
        Source { path, text }
    };
    paths.into_iter().map(read).collect()
}

fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric()).unwrap_or(text.len());
    &text[..end]
}

/// Every ordering of the library one step weaker.
pub fn weakenings() -> Vec<Weakening> {
    let mut all = Vec::new();
    let mut add = |site: &str, ordering: &str| {
        all.extend(steps(ordering).iter().map(|to| Weakening { site: site.into(), to }));
    };
    for source in sources() {
        let code = source.code();
        for call in code.split("ordering(Site::").skip(1) {
            let site = word(call);
            add(site, word(call[site.len()..].trim_start_matches([',', ' ', '\n'])));
        }
        for call in code.split(HANDED_ON).skip(1) {
            let mut words = call.split([',', ')']).map(|word| word.trim().trim_start_matches("Site::"));
            let mut next = || words.next().expect("front has three arguments");
            let (first, second, ordering) = (next(), next(), next());
            add(first, "Acquire");
            add(second, ordering);
        }
    }
    all.sort();
    all.dedup();
    all
}

/// Err if a site is nowhere, an atomic operation has none, or no comment says what it pairs with; or if there are not as
/// many as README.md says: who takes one out has to say so.
pub fn agree(models: usize) -> Result<(), String> {
    let sources = sources();
    let code: Vec<String> = sources.iter().map(Source::code).collect();
    let named =
        |name: &str| code.iter().any(|code| code.split("Site::").skip(1).any(|rest| word(rest) == name));
    if let Some(gone) = Site::ALL.iter().find(|site| !named(site.name())) {
        return Err(format!("no operation has the site {}", gone.name()));
    }
    for source in &sources {
        let lines: Vec<&str> = source.text.lines().collect();
        let mut imports = false;
        for (n, line) in lines.iter().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            let orderings =
                ORDERINGS.iter().map(|o| line.split([' ', '(', ')', ',', ';']).filter(|w| w == o).count());
            let orderings: usize = orderings.sum();
            let calls = ["ordering(Site::", "ordering(at_", "ordering(site,", HANDED_ON];
            let sites: usize = calls.iter().map(|call| line.matches(call).count()).sum();
            let before = &lines[n.saturating_sub(14)..n];
            // Imports may go over several lines.
            imports = imports && !lines[n - 1].contains(';') || line.trim_start().starts_with("use ");
            let excused = imports
                || before.iter().rev().take(4).any(|line| TESTS_ONLY.iter().any(|cfg| line.contains(cfg)));
            let at = format!("{}:{}", source.path.display(), n + 1);
            if orderings > sites && !excused {
                return Err(format!("{at}: an atomic operation without a site: {line}"));
            }
            if sites > 0 && !before.iter().any(|line| line.contains("// ORDERING:")) {
                return Err(format!("{at}: no ORDERING comment: {line}"));
            }
        }
    }
    let there =
        format!("**{} sites**, **{} weakenings**, **{models} models**", Site::ALL.len(), weakenings().len());
    if table::README.contains(&there) {
        Ok(())
    } else {
        Err(format!("README.md counts otherwise: there are {there}"))
    }
}
