//! The house keeps its floors: a file imports from lower ones only, and what is to stay in one place does.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The modules of src, lowest floor first. Those on one floor do not know each other.
const FLOORS: &[&[&str]] = &[
    &["sync", "pad", "error", "handle"],
    &["relax", "frame", "unwind"],
    &["port", "job", "fetch"],
    &["ring", "slot", "wait", "waker", "lifecycle", "lot"],
    &["storage", "system"],
    &["pool", "thread"],
    &["workers", "closure"],
    &["fork"],
    &["core_pool"],
    &["thread_pool", "scope", "static_pool"],
    &["ffi"],
];

/// Not part of the house: they look into every floor.
const OUTSIDE: &[&str] = &["lib", "model", "frozen"];

/// Who besides src/sync and src/lib.rs may name cfg(jobring_loom), and why.
const MAY_NAME_THE_MODEL: &[(&str, &str)] = &[
    ("relax.rs", "a backoff is one step in the model, which has no time"),
    ("ring/seed.rs", "rings that begin near the wrap-around"),
    ("slot/mod.rs", "slots that begin near the wrap-around"),
    ("storage.rs", "the model's words own memory, so they are dropped"),
    ("pool/mod.rs", "what a model asks of a pool"),
    ("pool/result.rs", "what only C and the models call"),
    ("lifecycle.rs", "what only C and the models call"),
    ("ring/distance.rs", "what only C and the models call"),
    ("ring/mod.rs", "what only C and the models call"),
    ("wait/mod.rs", "what only C and the models call"),
    ("system/mod.rs", "the futex and the clock of a model"),
    ("fork/mod.rs", "what only C and the models call"),
    ("fork/join.rs", "a list that is full in a model too"),
    ("fork/parallel_for.rs", "what only C and the models call"),
    ("unwind.rs", "a panic in a model is the checker's to see"),
    ("thread/mod.rs", "the threads of a model are the checker's"),
    ("thread/stack.rs", "the checker's threads have stacks of their own"),
    ("thread_pool.rs", "a model is small, and the same on every machine"),
];

/// Who besides src/sync/model.rs and src/model may name loom's things, and why.
const HOLD_THE_CHECKER: &[(&str, &str)] =
    &[("system/model.rs", "the futex of a model"), ("thread/checked.rs", "the threads of a model")];

/// Who besides src/system and src/thread may use libc, and why.
const MAY_USE_LIBC: &[(&str, &str)] =
    &[("ffi/memory.rs", "allocates for C callers where there is no Rust allocator")];

/// Lines of src that plant a bug.
const MOST_BUGS: usize = 40;

/// Files of more than 400 lines, and why.
const LONG: &[(&str, &str)] = &[];

struct Source {
    /// Below src, with `/`.
    path: String,
    text: String,
}

impl Source {
    fn module(&self) -> &str {
        self.path.split('/').next().expect("a path").trim_end_matches(".rs")
    }

    /// The lines that are no comments.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().map(|(n, line)| (n + 1, line.trim_start()));
        lines.filter(|(_, line)| !line.starts_with("//"))
    }
}

fn sources() -> Vec<Source> {
    fn below(folder: &Path, into: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if entry.is_dir() {
                below(&entry, into);
            } else if entry.extension().is_some_and(|extension| extension == "rs") {
                into.push(entry);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    below(&root, &mut paths);
    let source = |path: PathBuf| Source {
        text: fs::read_to_string(&path).expect("a file"),
        path: path.strip_prefix(&root).expect("below src").to_str().expect("a name").replace('\\', "/"),
    };
    paths.into_iter().map(source).collect()
}

fn floor(module: &str) -> usize {
    FLOORS
        .iter()
        .position(|floor| floor.contains(&module))
        .unwrap_or_else(|| panic!("{module} has no floor: give it one in tests/floors.rs"))
}

/// The modules that a line of code reaches by `crate::`.
fn reached(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices("crate::").flat_map(move |(at, found)| {
        let rest = &line[at + found.len()..];
        assert!(!rest.starts_with('{'), "one module a line, so that this test can read it: {line}");
        rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next()
    })
}

#[test]
fn a_file_imports_from_lower_floors_only() {
    let sources = sources();
    assert!(sources.len() > 30, "src was found");
    let modules: BTreeSet<_> = sources.iter().map(Source::module).collect();
    let mut seen = 0;
    for source in &sources {
        let module = source.module();
        if OUTSIDE.contains(&module) {
            continue;
        }
        let own = floor(module);
        for (n, line) in source.code() {
            for other in reached(line).filter(|other| *other != module && modules.contains(other)) {
                seen += 1;
                assert!(
                    floor(other) < own,
                    "src/{}:{n}: {module} (floor {own}) imports {other} (floor {}): {line}",
                    source.path,
                    floor(other)
                );
            }
        }
    }
    assert!(seen > 100, "imports were found");
    for module in FLOORS.iter().copied().flatten() {
        assert!(modules.contains(module), "{module} has a floor and does not exist");
    }
}

/// Fails unless `what` stands only where it may, and everywhere that it is excused.
fn only_in(what: &str, at_home: impl Fn(&str) -> bool, excused: &[(&str, &str)]) {
    let mut left: BTreeMap<_, _> = excused.iter().copied().collect();
    for source in sources() {
        let found = source.code().find(|(_, line)| line.contains(what));
        if let Some((n, line)) = found
            && !at_home(&source.path)
        {
            let reason = left.remove(source.path.as_str());
            assert!(
                reason.is_some_and(|reason| !reason.is_empty()),
                "src/{}:{n} names {what}: {line}",
                source.path
            );
        }
    }
    assert!(left.is_empty(), "no longer needed in tests/floors.rs: {left:?}");
}

#[test]
fn only_the_facade_knows_of_the_model_checker() {
    only_in("jobring_loom", |path| path == "lib.rs" || path.starts_with("sync/"), MAY_NAME_THE_MODEL);
    only_in("loom::", |path| path == "sync/model.rs" || path.starts_with("model/"), HOLD_THE_CHECKER);
}

#[test]
fn only_threads_and_the_system_use_libc() {
    only_in("libc::", |path| path.starts_with("system/") || path.starts_with("thread/"), MAY_USE_LIBC);
}

#[test]
fn a_lock_is_held_within_one_call_alone() {
    // So none can be destroyed while it is held, and none of the system's is there to be set up twice.
    let outside = |path: &str| OUTSIDE.contains(&path.split(['/', '.']).next().expect("a path"));
    let of_tests =
        |path: &str| outside(path) || ["sync/freeze.rs", "sync/model.rs", "system/model.rs"].contains(&path);
    let lock = ("system/lock.rs", "borrows it for the time of a closure");
    let sleepers = ("system/condvar.rs", "statics of the process, in no pool, never destroyed");
    for what in ["Mutex", ".lock()"] {
        only_in(what, of_tests, &[lock, sleepers]);
    }
    only_in("Condvar", of_tests, &[sleepers]);
    for what in ["MutexGuard", "RwLock", "sem_init", "pthread_mutex", "pthread_rwlock", "pthread_cond"] {
        only_in(what, of_tests, &[]);
    }
}

#[test]
fn bugs_are_put_in_for_the_kill_list_alone() {
    for what in ["jobring_bug", "JOBRING_BUG"] {
        only_in(what, |path| path == "lib.rs" || path == "sync/bug.rs", &[]);
    }
    let planted = |source: &Source| source.code().filter(|(_, line)| line.contains("(Bug::")).count();
    let lines: usize = sources().iter().filter(|source| source.path != "sync/bug.rs").map(planted).sum();
    assert!(
        (1..=MOST_BUGS).contains(&lines),
        "{lines} lines of src name a bug: readers have to pass over them"
    );
}

#[test]
fn no_file_is_too_long() {
    for source in sources() {
        let lines = source.text.lines().count();
        let excused = LONG.iter().any(|(path, _)| *path == source.path);
        assert!(
            lines <= 400 || excused,
            "src/{} has {lines} lines: give its second noun a file",
            source.path
        );
        assert!(lines > 400 || !excused, "src/{} is not long any more", source.path);
    }
}

#[test]
fn every_file_says_first_what_it_is() {
    for source in sources() {
        assert!(source.text.starts_with("//! "), "src/{} begins without a doc line", source.path);
    }
}
