//! Rules that no compiler checks: names that only certain files may use, and places where user code runs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The files outside src/sync and src/lib.rs that may name cfg(jobring_loom), with the reason.
const MAY_NAME_THE_MODEL: &[(&str, &str)] = &[
    ("util/backoff.rs", "a backoff is one step in the model, which has no time"),
    ("job/context.rs", "a model's worker may have no stack left"),
    ("ring/init.rs", "rings that begin near the wrap-around"),
    ("slot/mod.rs", "slots that begin near the wrap-around"),
    ("slot/storage.rs", "the model's words own memory, so they are dropped"),
    ("slot/storage/boxed.rs", "the model's words own memory, so they are dropped"),
    ("engine/headcount.rs", "a model has workers that leave, and no threads of its own"),
    ("engine/mod.rs", "what only C and the models call"),
    ("engine/pool.rs", "what a model asks of a pool"),
    ("engine/wait.rs", "what only C and the models call"),
    ("engine/lifecycle.rs", "what only C and the models call"),
    ("sleep/counts.rs", "a model has pauses, and no threads of its own"),
    ("sleep/idle.rs", "a backlog is short in a model, whose rings are small"),
    ("processes/mod.rs", "a model has no processes"),
    ("rust/mod.rs", "a model has no processes"),
    ("platform/mod.rs", "the futex and the clock of a model"),
    ("fork_join/mod.rs", "what only C and the models call"),
    ("fork_join/join.rs", "a list that is full in a model too"),
    ("fork_join/loop_options.rs", "what only C and the models call"),
    ("fork_join/nested.rs", "a queue that is full in a model too"),
    ("fork_join/parallel_for.rs", "what only C and the models call"),
    ("util/unwind.rs", "a panic in a model is the checker's to see"),
    ("platform/thread/mod.rs", "the threads of a model are the checker's"),
    ("platform/thread/stack_size.rs", "the checker's threads have stacks of their own"),
    ("engine/defaults.rs", "a model is small, and the same on every machine"),
];

/// The files outside src/sync/model.rs and src/testing that may name loom's items, with the reason.
const MAY_NAME_LOOM: &[(&str, &str)] = &[
    ("platform/model_port.rs", "the futex of a model"),
    ("platform/thread/loom_thread.rs", "the threads of a model"),
];

/// The files outside src/platform that may use libc, with the reason.
const MAY_USE_LIBC: &[(&str, &str)] =
    &[("util/memory.rs", "allocates for C callers where there is no Rust allocator")];

/// Lines of src that plant a bug.
const MOST_BUGS: usize = 73;

/// Files of more than 400 lines, and why.
const LONG: &[(&str, &str)] = &[];

struct Source {
    /// Below src, with `/`.
    path: String,
    text: String,
}

impl Source {
    /// Is it what only tests use?
    fn is_of_tests(&self) -> bool {
        self.path.starts_with("testing/") || self.path.ends_with("_tests.rs")
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
    assert!(left.is_empty(), "no longer needed in tests/house_rules.rs: {left:?}");
}

#[test]
fn only_the_facade_knows_of_the_model_checker() {
    only_in(
        "jobring_loom",
        |path| ["lib.rs", "testing/mod.rs"].contains(&path) || path.starts_with("sync/"),
        MAY_NAME_THE_MODEL,
    );
    only_in("loom::", |path| path == "sync/model.rs" || path.starts_with("testing/"), MAY_NAME_LOOM);
}

#[test]
fn only_the_platform_uses_libc() {
    only_in("libc::", |path| path.starts_with("platform/"), MAY_USE_LIBC);
}

#[test]
fn a_lock_is_held_within_one_call_alone() {
    // So none can be destroyed while it is held, and none of the system's is there to be set up twice.
    let of_tests = |path: &str| {
        path.starts_with("testing/")
            || ["sync/freeze.rs", "sync/model.rs", "platform/model_port.rs"].contains(&path)
    };
    let lock = ("platform/lock.rs", "borrows it for the time of a closure");
    let sleepers = ("platform/condvar.rs", "statics of the process, in no pool, never destroyed");
    for what in ["Mutex", ".lock()"] {
        only_in(what, of_tests, &[lock, sleepers]);
    }
    only_in("Condvar", of_tests, &[sleepers]);
    only_in(
        "pthread_mutex",
        of_tests,
        &[("platform/lock.rs", "a static initialiser, and never destroyed: without std")],
    );
    for what in ["MutexGuard", "RwLock", "sem_init", "pthread_rwlock", "pthread_cond"] {
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

/// What calls user code, or drops a user's value. A new place needs a row in src/USER_CODE.md.
const CALLS_USER_CODE: &[&str] = &[
    "catch(",
    "call_ignoring_panic(",
    "drop_ignoring_panic(",
    "Discarded::new(",
    "callback::run",
    "callback::done(",
    "callback::drop(",
    "callback::move_value(",
    "callback::start(",
    "callback::stop(",
    "callback::body(",
    "waker.clone()",
    "wake_by_ref()",
    "handles.extend(",
    "into.extend(",
];

/// The file's code without its unit tests.
fn shipped(source: &Source) -> impl Iterator<Item = (usize, &str)> {
    let tests = source.text.find("#[cfg(test)]\nmod tests").unwrap_or(source.text.len());
    let lines = source.text[..tests].lines().count();
    source.code().take_while(move |(n, _)| *n <= lines)
}

#[test]
fn every_place_that_runs_user_code_is_in_the_table() {
    let page = include_str!("../src/USER_CODE.md");
    let rows: Vec<Vec<&str>> =
        page.lines().filter(|line| line.starts_with("| ")).map(|line| line.split(" | ").collect()).collect();
    // Of the first table: where it has files.
    let named: BTreeSet<&str> = rows
        .iter()
        .flat_map(|row| row[0].split('`').filter(|word| word.ends_with(".rs")))
        .filter(|path| *path != "job/context.rs")
        .collect();
    let mut found = BTreeSet::new();
    let all = sources();
    for source in &all {
        let own = ["util/unwind.rs", "ffi/callback.rs"].contains(&source.path.as_str());
        let calls = |line: &str| CALLS_USER_CODE.iter().any(|call| line.contains(call));
        if let Some((n, line)) = shipped(source).find(|(_, line)| calls(line))
            && !own
            && !source.is_of_tests()
        {
            assert!(
                named.contains(source.path.as_str()),
                "src/{}:{n} runs user code, and src/USER_CODE.md does not say so: {line}",
                source.path
            );
            found.insert(source.path.as_str());
        }
    }
    // Ports are called by their own names, and so is the code of a scope, and a function of a process pool.
    let ports = BTreeSet::from([
        "ffi/c_port.rs",
        "platform/user_port/seat_table.rs",
        "ffi/config_check.rs",
        "ffi/process_pool/create.rs",
        "engine/interrupt.rs",
    ]);
    for path in &named {
        assert!(
            all.iter().any(|source| source.path == *path),
            "src/{path} is in the table and does not exist"
        );
        assert!(
            found.contains(path) || ports.contains(path),
            "src/{path} is in the table and runs no user code"
        );
    }
    let tests = tests_and_models();
    let mut shown = 0;
    for row in rows.iter().filter(|row| row.len() == 6 && row[0] != "| Place" && row[0] != "| Context") {
        let tests_of_row: Vec<_> = row[5].split('`').skip(1).step_by(2).collect();
        assert!(!tests_of_row.is_empty(), "no test shows it: {}", row[0]);
        for name in tests_of_row {
            let is_test =
                [format!("fn {name}("), format!("void {name}(")].iter().any(|def| tests.contains(def));
            assert!(is_test, "src/USER_CODE.md names a test that does not exist: {name}");
            shown += 1;
        }
    }
    assert!(shown > 40, "rows were found");
}

/// All the tests and models, one behind the other.
fn tests_and_models() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut text = String::new();
    for folder in ["tests", "tests/c", "tests/processes", "loom-tests"] {
        for entry in fs::read_dir(root.join(folder)).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path
                .extension()
                .is_some_and(|extension| ["rs", "c", "cpp"].iter().any(|&known| extension == known))
            {
                text.push_str(&fs::read_to_string(path).expect("a file"));
            }
        }
    }
    text
}

/// Lines that drop a value, or are silent about one, and why that is no user's value: the file, and what the
/// line has.
const NO_USERS_VALUE: &[(&str, &str, &str)] = &[
    ("engine/wait.rs", "let _ = self.slot(index).vacate(", "a slot's state"),
    ("engine/close.rs", "let _closing = ", "a registration of ours"),
    ("rust/handle.rs", "let _ = self.detach(job);", "a status"),
    ("rust/handle.rs", "drop(self);", "a handle, whose drop is its detach"),
    ("rust/owned_handle.rs", "drop(self);", "the same, and a pool: neither drop unwinds"),
    ("rust/batch.rs", "drop(batch);", "slots of ours"),
    ("rust/map_iter.rs", "drop(batch);", "slots of ours"),
    ("rust/scope_map.rs", "let _ = pool.cancel(self.job);", "a status"),
    ("rust/pool_core.rs", "let _ = self.raw.shutdown(", "a report"),
    ("rust/pool_core.rs", ".map(drop)", "a handle's number"),
    ("fork_join/parallel_for.rs", "=> _ = body(0, count)", "whether to go on"),
    ("fork_join/parallel_for.rs", "let _late = first.offer(value);", "a number"),
    ("fork_join/loop_options.rs", "let _noted = late.offer(());", "nothing"),
    ("fork_join/join.rs", "let _restore = Restore(", "a guard"),
    ("engine/close.rs", "let _visit = ", "a guard"),
    ("engine/completion_event.rs", "let _ = queue.armed.compare_exchange(", "a number"),
    ("engine/submit.rs", "let _counted = ", "a guard"),
    ("engine/lane_submit.rs", "let _counted =", "a guard"),
    ("engine/lane_submit.rs", "let _visit = ", "a guard"),
    ("engine/lane_waits.rs", "let _visit = ", "a guard"),
    ("engine/lane_waits.rs", "let _ = self.move_lane(", "two words"),
    ("rust/lane.rs", ".map(drop)", "a handle's number"),
    ("rust/lane_memory.rs", "drop(unsafe { Box::from_raw(", "a lane of ours"),
    ("engine/interrupt.rs", "let _leave = ", "a guard"),
    ("engine/interrupt.rs", "let _listener = ", "a guard"),
    ("engine/completions.rs", "let _visit = ", "a guard"),
    ("engine/wait_many.rs", "let _visit = ", "a guard"),
    ("engine/idle_wait.rs", "let _visit = ", "a guard"),
    ("engine/start_workers.rs", "let _ = self.shutdown(", "a report"),
    ("engine/pool.rs", "let _forgotten = ", "a model's search"),
    ("rust/queue_list.rs", "drop(unsafe { Box::from_raw(entries.as_ptr()) });", "words of ours"),
    ("rust/pool.rs", "let _ = self.inner.core.raw().shutdown(", "a report"),
    ("rust/pool.rs", "ManuallyDrop::drop(&mut self.inner)", "a pool: its fields' drops do not unwind"),
    ("util/unwind.rs", "ManuallyDrop::drop(&mut ", "inside the catch"),
    ("util/unwind.rs", "let _leaked = ", "it is leaked"),
];

/// A destructor is user code. Where the library has values of users', they are dropped by
/// `drop_ignoring_panic` or `Discarded`, which nobody can get wrong, or where their owner's own call ends.
#[test]
fn no_users_value_is_dropped_by_the_way() {
    const HAVE_THEM: &[&str] = &["rust/", "engine/", "fork_join/", "util/unwind.rs", "slot/waker.rs"];
    let mut unused: BTreeSet<_> = NO_USERS_VALUE.iter().map(|(path, part, _)| (*path, *part)).collect();
    for source in sources().iter().filter(|source| {
        HAVE_THEM.iter().any(|place| source.path.starts_with(place)) && !source.is_of_tests()
    }) {
        for (n, line) in shipped(source) {
            // `let _waker = Discarded::new(…)` is the way.
            let silent = line.contains("let _") && !line.contains("= Discarded::new(")
                || line.starts_with("_ = ")
                || line.contains("| _ = ")
                || line.contains("> _ = ")
                || line.contains("{ _ = ");
            let calls_drop = ["drop(", "drop)"].iter().any(|call| {
                line.match_indices(call).any(|(at, _)| {
                    let before = line[..at].chars().next_back();
                    !before.is_some_and(|c| c.is_alphanumeric() || c == '_') && !line[..at].ends_with("fn ")
                })
            });
            if silent || calls_drop {
                let excuse =
                    NO_USERS_VALUE.iter().find(|(path, part, _)| *path == source.path && line.contains(part));
                let Some((path, part, _)) = excuse else {
                    panic!("src/{}:{n} drops something by the way: {line}", source.path);
                };
                unused.remove(&(*path, *part));
            }
            assert!(
                !line.contains("catch_unwind") || source.path == "util/unwind.rs",
                "src/{}:{n} catches by itself: {line}",
                source.path
            );
        }
    }
    assert!(unused.is_empty(), "no longer needed in tests/house_rules.rs: {unused:?}");
}

/// Packages that build the library's sources again choose its features in their build scripts. Each is a
/// feature of the library, and the list that the compiler checks names against is whole.
#[test]
fn packages_that_build_the_sources_name_features_that_there_are() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read =
        |path: &str| fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    let manifest = read("Cargo.toml");
    let quoted =
        |text: &str| -> BTreeSet<String> { text.split('"').skip(1).step_by(2).map(str::to_owned).collect() };
    let section =
        manifest.split("\n[features]\n").nth(1).expect("features").split("\n[").next().expect("a section");
    let features: BTreeSet<String> = section
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, _)| name.to_owned())
        .filter(|name| name != "default")
        .collect();
    let checked =
        manifest.split("cfg(feature, values(").nth(1).expect("checked").split(')').next().expect("a list");
    assert_eq!(quoted(checked), features, "left: unexpected_cfgs in Cargo.toml; right: its features");
    for script in
        ["loom-tests", "tests/freeze", "tests/checker", "tests/planted"].map(|at| format!("{at}/build.rs"))
    {
        let text = read(&script);
        let list = text.split("for feature in [").nth(1).expect("a list of features").split(']').next();
        let chosen = quoted(list.expect("a list ends"));
        assert!(!chosen.is_empty() && chosen.is_subset(&features), "{script}: {chosen:?}");
    }
}
