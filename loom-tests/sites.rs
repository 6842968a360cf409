//! Reads the atomic sites from the sources: which orderings can be weakened, and that no atomic operation
//! lacks a site.

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
    /// As written in JOBRING_WEAKEN and README.md.
    pub fn text(&self) -> String {
        format!("{}={}", self.site, self.to)
    }

    /// The weakenings that can follow it.
    pub fn further(&self) -> impl Iterator<Item = Self> {
        steps(self.to).iter().map(|to| Self { site: self.site.clone(), to })
    }
}

/// The next weaker orderings. Only fences are SeqCst, and a Relaxed fence is no fence.
fn steps(ordering: &str) -> &'static [&'static str] {
    match ordering {
        "SeqCst" => &["AcqRel", "Relaxed"],
        "AcqRel" => &["Acquire", "Release"],
        "Acquire" | "Release" => &["Relaxed"],
        _ => &[],
    }
}

const ORDERINGS: [&str; 5] = ["Relaxed", "Acquire", "Release", "AcqRel", "SeqCst"];

const SYSTEM: &str = "below the models, which bring a system of their own";
/// Where atomics without a site may stand, and why.
const WITHOUT_SITES: &[(&str, &str)] = &[
    ("sync/", "the facade itself"),
    ("testing/", "the models' and the freeze test's side"),
    ("platform/condvar.rs", SYSTEM),
    ("platform/fork.rs", SYSTEM),
    ("platform/model_port.rs", SYSTEM),
    ("platform/port_self.rs", SYSTEM),
    ("platform/std_tls_key.rs", SYSTEM),
    ("platform/process/", SYSTEM),
    ("platform/thread_local.rs", SYSTEM),
    ("processes/pool/", "no model has processes"),
];

/// The attributes of an atomic that only tests and models have.
const TESTS_ONLY: [&str; 3] = ["#[cfg(jobring_loom)]", "#[cfg(any(test, jobring_loom))]", "if bug(Bug::"];

/// How a call begins that hands on a first site, loaded with Acquire, a second, and the ordering of that.
const PASSED_ON: &str = "front(Site::";

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
        path.ends_with("_tests.rs") || WITHOUT_SITES.iter().any(|(place, _)| path.starts_with(place))
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
        for call in code.split(PASSED_ON).skip(1) {
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

/// Err if a site is not used, an atomic operation has no site or no comment about its partner, or README.md
/// has other counts: a model that is removed shows there.
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
        for (n, line) in lines.iter().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            let words = || line.split([' ', '(', ')', ',', ';']);
            let orderings = ORDERINGS.iter().map(|ordering| words().filter(|word| word == ordering).count());
            let orderings: usize = orderings.sum();
            let calls = ["ordering(Site::", "ordering(at_", "ordering(site,", PASSED_ON];
            let sites: usize = calls.iter().map(|call| line.matches(call).count()).sum();
            let before = &lines[n.saturating_sub(14)..n];
            // Imports may take several lines.
            let statement = lines[..=n].iter().rposition(|line| line.trim_start().starts_with("use "));
            let imports = statement.is_some_and(|at| lines[at..n].iter().all(|line| !line.contains(';')));
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
    counted(&format!(
        "**{} sites**, **{} weakenings**, **{models} models**",
        Site::ALL.len(),
        weakenings().len()
    ))
}

/// Does README.md have these counts? JOBRING_BLESS=1 writes them.
fn counted(there: &str) -> Result<(), String> {
    if table::README.contains(there) {
        return Ok(());
    }
    if std::env::var_os("JOBRING_BLESS").is_none() {
        return Err(format!("README.md has other counts: there are {there}; JOBRING_BLESS=1 rewrites it"));
    }
    let counts = |line: &str| line.starts_with("Counts: ");
    let line = |line: &str| if counts(line) { format!("Counts: {there}.\n") } else { format!("{line}\n") };
    let text: String = table::README.lines().map(line).collect();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    fs::write(path, text).map_err(|error| format!("{path}: {error}"))
}
