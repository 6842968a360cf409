//! What each function of the C API can reach, as the linker sees it. The test reads the relocations of an
//! unoptimised build. Each relocation counts as a call, whether it is a call or a taken address, so calls
//! through the library's function tables are seen too. It does not see calls of user functions (jobs,
//! callbacks, hooks), nor what the functions of other libraries call: those are listed by name.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

#[path = "common/c.rs"]
mod c;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// One section of one object: a function, or a constant.
type Node = (usize, String);

/// Which sections refer to which.
#[derive(Default)]
struct Graph {
    /// Where the objects' global symbols are, and the others.
    global: BTreeMap<String, Node>,
    local: BTreeMap<(usize, String), Node>,
    /// The symbols and sections that a section names.
    names: BTreeMap<Node, BTreeSet<String>>,
    objects: usize,
}

impl Graph {
    /// The libraries that the build of these features is made of; not the standard library's.
    fn of_build(features: &str) -> Self {
        let target = c::tmp(&format!("reach-{}", features.replace(',', "-")));
        c::run(
            Command::new(env!("CARGO"))
                .current_dir(c::root())
                .args(["rustc", "--package", "jobring", "--lib", "--crate-type", "rlib"])
                .args(["--no-default-features", "--features", features, "--target-dir"])
                .arg(&target)
                // Each function for itself, whatever the profile says.
                .args(["--", "-Copt-level=0", "-Cdebuginfo=0"]),
        );
        let mut graph = Self::default();
        graph.read(&target.join("debug/libjobring.rlib"));
        for entry in std::fs::read_dir(target.join("debug/deps")).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
            if name.ends_with(".rlib") && !name.starts_with("libjobring") {
                graph.read(&path);
            }
        }
        graph
    }

    fn read(&mut self, library: &Path) {
        let listing = c::run(Command::new("objdump").args(["-t", "-r", "-w"]).arg(library));
        let mut section = None;
        for line in listing.lines() {
            if line.contains(":     file format") {
                self.objects += 1;
                section = None;
            } else if let Some(name) = line.strip_prefix("RELOCATION RECORDS FOR [") {
                let name = name.trim_end_matches("]:").to_owned();
                section = Some((self.objects, name));
            } else if let Some(node) = &section {
                if let [_, kind, value] = line.split_whitespace().collect::<Vec<_>>()[..]
                    && kind.starts_with("R_X86_64")
                {
                    self.names.entry(node.clone()).or_default().insert(without_offset(value).to_owned());
                }
            } else {
                self.read_symbol(line);
            }
        }
    }

    /// A line of the symbol table: value, flags, section, size, perhaps the visibility, name.
    fn read_symbol(&mut self, line: &str) {
        let Some((head, tail)) = line.split_once('\t') else { return };
        let words: Vec<_> = head.split_whitespace().collect();
        let (Some(&section), Some(name)) = (words.last(), tail.split_whitespace().last()) else { return };
        if section == "*UND*" || section == "*ABS*" {
            return;
        }
        let node = (self.objects, section.to_owned());
        // The flags stand in fixed columns; local symbols begin with an l.
        if head.get(17..18) != Some("l") {
            self.global.insert(name.to_owned(), node.clone());
        }
        self.local.insert((self.objects, name.to_owned()), node);
    }

    fn find(&self, object: usize, name: &str) -> Option<Node> {
        let section = (object, name.to_owned());
        let local = self.local.get(&section).or_else(|| self.global.get(name)).cloned();
        local.or_else(|| self.names.contains_key(&section).then_some(section))
    }

    /// All names that can be come to from a symbol, each with the section that it was first met in.
    fn reached(&self, symbol: &str) -> BTreeMap<String, String> {
        let start = self.find(0, symbol).unwrap_or_else(|| panic!("{symbol} is in no library"));
        let (mut seen, mut names) = (BTreeSet::from([start.clone()]), BTreeMap::new());
        let mut left = vec![start];
        while let Some(node) = left.pop() {
            for name in self.names.get(&node).into_iter().flatten() {
                names.entry(name.clone()).or_insert_with(|| node.1.clone());
                if let Some(next) = self.find(node.0, name)
                    && seen.insert(next.clone())
                {
                    left.push(next);
                }
            }
        }
        names
    }

    /// Those of the names reached that are another library's.
    fn foreign(&self, symbol: &str) -> BTreeMap<String, String> {
        let mut names = self.reached(symbol);
        let own: BTreeSet<_> =
            self.local.keys().chain(self.names.keys()).map(|(_, name)| name.as_str()).collect();
        names.retain(|name, _| !own.contains(name.as_str()));
        names
    }
}

fn without_offset(value: &str) -> &str {
    match value.rfind(['+', '-']) {
        Some(at) if value[at + 1..].starts_with("0x") => &value[..at],
        _ => value,
    }
}

/// Functions that make pools.
const MAKES_POOLS: &[&str] = &["jobring_create", "jobring_init"];

/// What looks at the list of a pool's completion queues.
const USES_THE_QUEUES: &[&str] =
    &["jobring_completions_create", "jobring_completions_fd", "jobring_completions_destroy"];

/// What looks at a worker's thread, or joins it, and so must not meet its replacement.
const USES_WORKER_THREADS: &[&str] = &["jobring_destroy", "jobring_worker_stack", "jobring_workers_set"];

/// What the libraries below are called for by functions on a job's way, from submit to take, and by a
/// worker's loop: sleep and wake, the CPU for another, the clock, this thread's own pointer, bytes. Nothing
/// of it locks or allocates.
const ON_THE_FAST_PATH: &[&str] = &[
    "syscall",
    "sched_yield",
    "__errno_location",
    "clock_gettime",
    "memcpy",
    "memset",
    "memmove",
    "strlen",
    "pthread_getspecific",
    "pthread_setspecific",
    "pthread_key_create",
    "pthread_key_delete",
    "__tls_get_addr",
    // That a callee ends its thread instead of coming back, and what becomes of the process then.
    "_pthread_cleanup_push",
    "_pthread_cleanup_pop",
    "write",
    "abort",
    // Where a panic of ours would go, which is a bug.
    "_Unwind_Resume",
    "rust_eh_personality",
    "panic_access_error",
];

/// What the system is asked for the stack of a thread that the pool did not make, once, before a job runs
/// inside a job there. This may allocate.
const ASKS_FOR_A_STACK: &[&str] = &[
    "pthread_self",
    "pthread_getattr_np",
    "pthread_attr_getstack",
    "pthread_attr_getguardsize",
    "pthread_attr_destroy",
];

/// Functions that run no job, and so never ask.
const RUNS_NO_JOB: &[&str] = &[
    "jobring_try_submit_isr",
    "jobring_cancel",
    "jobring_cancel_all",
    "jobring_completions_take",
    "jobring_detach",
    "jobring_interrupt_begin",
    "jobring_interrupt_end",
    "jobring_interrupt_raise",
    "jobring_interrupt_reset",
    "jobring_current_job",
    "jobring_job_data",
    "jobring_now",
    "jobring_pause",
    "jobring_resume",
    "jobring_state",
    "jobring_stats_get",
];

/// Functions of the C API that call more: they create or end threads and memory, or ask about them.
const MANAGES_THREADS_AND_MEMORY: &[&str] = &[
    "jobring_config_check",
    "jobring_create",
    "jobring_init",
    "jobring_layout",
    "jobring_destroy",
    "jobring_completions_create",
    "jobring_completions_fd",
    "jobring_completions_destroy",
    "jobring_worker_stack",
    "jobring_workers_set",
    "jobring_stack_min",
    "jobring_cpus",
];

/// The test must see at least these, or it sees nothing.
const SEEN: &[(&str, &str)] = &[
    ("jobring_try_submit", "syscall"),
    ("jobring_submit", "clock_gettime"),
    ("jobring_wait", "syscall"),
    ("jobring_enter_worker", "syscall"),
    ("jobring_wait", "pthread_getattr_np"),
];

/// core's own are compiled elsewhere: panics, and arithmetic.
fn is_cores(name: &str) -> bool {
    name.contains("4core") || name.contains("17compiler_builtins")
}

fn stays_on_a_jobs_way(graph: &Graph) {
    for symbol in c::symbols().iter().filter(|symbol| !MANAGES_THREADS_AND_MEMORY.contains(&symbol.as_str()))
    {
        for (name, from) in graph.foreign(symbol) {
            let is_in = |list: &[&str]| list.iter().any(|known| name.ends_with(known));
            let asks = is_in(ASKS_FOR_A_STACK) && !RUNS_NO_JOB.contains(&symbol.as_str());
            let known = is_cores(&name) || is_in(ON_THE_FAST_PATH) || asks;
            assert!(known, "{symbol} comes to {name}, in {from}");
        }
    }
    for symbol in RUNS_NO_JOB {
        assert!(c::symbols().iter().any(|known| known == symbol), "there is no {symbol}");
    }
    for (symbol, name) in SEEN {
        assert!(
            graph.foreign(symbol).keys().any(|found| found.ends_with(name)),
            "{symbol} does not come to {name}"
        );
    }
    // The functions that a slot's kind names, which are called through it by the thread that runs, discards
    // or drops the job.
    for part in ["3run", "7discard", "11drop_result"] {
        let submit = graph.reached("jobring_submit");
        let found = submit.keys().any(|name| name.contains("3ffi3job") && name.contains(part));
        assert!(found, "submit does not come to the kinds' {part}");
    }
}

#[test]
fn a_job_is_on_its_way_without_a_lock_or_an_allocation() {
    let graph = Graph::of_build("std,capi");
    stays_on_a_jobs_way(&graph);
    for symbol in MAKES_POOLS {
        assert!(graph.foreign(symbol).keys().any(|name| name.contains("rust_alloc")), "{symbol} allocates");
    }
}

#[test]
fn a_lock_is_for_the_start_only() {
    let graph = Graph::of_build("pthread,capi");
    stays_on_a_jobs_way(&graph);
    for symbol in c::symbols() {
        let lock = graph.foreign(&symbol).into_iter().find(|(name, _)| name.contains("pthread_mutex_lock"));
        match lock {
            Some((name, from)) => assert!(
                [MAKES_POOLS, USES_WORKER_THREADS, USES_THE_QUEUES]
                    .iter()
                    .any(|list| list.contains(&&*symbol)),
                "{symbol} comes to {name}, in {from}"
            ),
            None => assert!(!MAKES_POOLS.contains(&&*symbol), "{symbol} takes no lock: is it seen at all?"),
        }
    }
    // A thread's first function is reached from the one that creates it; the worker's loop from enter_worker.
    let worker = graph.reached("jobring_enter_worker");
    assert!(worker.keys().any(|name| name.contains("17work_until_closed")), "the worker's loop was seen");
}

/// Calls on a pool of processes of which the header says that they do not allocate.
#[test]
fn a_job_of_a_process_pool_is_on_its_way_without_an_allocation() {
    let graph = Graph::of_build("std,pthread,capi,processes");
    let header = c::header();
    let mut quiet = 0;
    for symbol in c::symbols().iter().filter(|symbol| c::is_about_processes(symbol)) {
        let allocates = graph.foreign(symbol).into_iter().find(|(name, _)| name.contains("rust_alloc"));
        let comment = c::function(&header, symbol).0;
        if comment.contains("oes not allocate") || comment.contains("oes not block or allocate") {
            quiet += 1;
            assert!(allocates.is_none(), "{symbol} comes to {allocates:?}");
        }
    }
    assert!(quiet >= 6, "{quiet} calls do not allocate");
    assert!(
        graph.foreign("jobring_processes_create").keys().any(|name| name.contains("rust_alloc")),
        "seen at all"
    );
}
