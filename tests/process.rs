//! What the C API promises about errno, signals, cancellation, fork and exceptions. The programs of tests/c
//! print a line for each call that they tried under these conditions. This test reads from the header which
//! lines there must be, so a new function fails it until it is tried.
#![cfg(target_os = "linux")]

#[path = "common/c.rs"]
mod c;

use c::SANITIZED;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A build of the library.
struct Build {
    name: &'static str,
    library: PathBuf,
    backends: &'static [&'static str],
}

impl Build {
    fn program(&self, sources: &[&str], flags: &[&str]) -> PathBuf {
        let name = Path::new(sources[0]).file_stem().expect("a name").to_string_lossy();
        let sanitized = if flags == SANITIZED { "-sanitized" } else { "" };
        c::program(&self.library, sources, &format!("{name}-{}{sanitized}", self.name), flags)
    }
}

/// With both backends, and with each of them.
fn builds() -> Vec<Build> {
    let of = |name, library, backends| Build { name, library, backends };
    let mut builds = vec![
        of("both", c::library(c::FEATURES), &["pthread", "std"]),
        of("std", c::library(&["std", "capi"]), &["std"]),
    ];
    // What `make` builds is for this machine.
    if c::MACHINE.is_empty() {
        builds.push(of("no-std", c::archive(), &["pthread"]));
    }
    builds
}

/// Has the library with all features pools of processes?
const HAS_PROCESSES: bool = cfg!(all(target_env = "gnu", target_pointer_width = "64"));

/// Functions on pools of processes that may sleep until something happens.
const PROCESS_SLEEPERS: &[&str] = &["shutdown", "submit", "take", "wait"];

/// The names of the cells of functions on pools of processes.
fn of_processes(names: &[&str], how: &str) -> Vec<String> {
    names.iter().map(|name| format!("jobring_processes_{name} {how}")).collect()
}

/// The cells that a program of tests/c tried, of which `wanted` must be there, with each build of the
/// library.
fn tried(program: &str, flags: &[&str], wanted: &BTreeSet<String>) {
    let source = format!("{program}.c");
    c::for_each(&builds(), |build| {
        let cells = c::cells(&mut Command::new(build.program(&[&source, "scene.c"], flags)));
        c::none_is_missing(wanted, &cells);
        if HAS_PROCESSES && build.name == "both" && ["errno", "eintr", "cancel"].contains(&program) {
            c::none_is_missing(&of_processes(PROCESS_SLEEPERS, "asleep").into_iter().collect(), &cells);
        }
        println!("{program}, {}: {} cells", build.name, cells.len());
    });
}

/// What the C API has user code called in, on the caller's thread.
const RUN_USER_CODE: &[&str] = &[
    "cancel",
    "completions_submit",
    "destroy",
    "detach",
    "enter_worker",
    "parallel_for",
    "run_one",
    "run_until_idle",
    "shutdown",
    "submit",
    "submit_cancellable",
    "submit_opts",
    "wait",
    "wait_opts",
    "watch",
];

/// Functions that cannot fail.
const CANNOT_FAIL: &[&str] = &["abi_version", "features", "status_text", "version"];

#[test]
fn errno_is_left_as_it_was() {
    let header = c::header();
    let mut wanted: BTreeSet<String> = c::symbols().iter().map(|name| format!("{name} plain")).collect();
    let short = |name: &String| name.strip_prefix("jobring_").expect("a prefix").to_owned();
    let fail = c::symbols().into_iter().filter(|name| !CANNOT_FAIL.contains(&short(name).as_str()));
    wanted.extend(fail.map(|name| format!("{name} refused")));
    wanted.extend(c::sleepers(&header).iter().map(|name| format!("{name} asleep")));
    wanted.extend(RUN_USER_CODE.iter().map(|name| format!("jobring_{name} ran-user-code")));
    for how in ["no-thread", "no-memory", "no-files"] {
        wanted.extend(["create", "init"].map(|name| format!("jobring_{name} {how}")));
    }
    for how in ["no-memory", "no-files"] {
        wanted.extend(of_processes(&["create"], how));
    }
    tried("errno", &[], &wanted);
}

#[test]
fn a_sleeping_call_goes_on_after_a_signal() {
    let header = c::header();
    let sleepers = c::sleepers(&header);
    assert!(sleepers.len() >= 8, "{sleepers:?}");
    let mut wanted: BTreeSet<_> = sleepers.iter().map(|name| format!("{name} asleep")).collect();
    let of_queues = ["queue_push", "queue_pop"];
    wanted.extend(of_queues.map(|name| format!("jobring_{name} asleep")));
    let timed = [
        "shutdown",
        "submit_opts",
        "wait",
        "completions_submit",
        "completions_take",
        "lane_submit",
        "lane_close",
    ];
    wanted.extend(of_queues.map(|name| format!("jobring_{name} timed")));
    wanted.extend(timed.map(|name| format!("jobring_{name} timed")));
    tried("eintr", &[], &wanted);
    tried("eintr", SANITIZED, &wanted);
}

#[test]
fn an_interrupt_ends_every_call_that_sleeps() {
    let header = c::header();
    let mut wanted: BTreeSet<_> =
        c::sleepers(&header).iter().map(|name| format!("{name} interrupted")).collect();
    let more = ["inside-a-job", "left-open", "runs-jobs", "scopes"];
    wanted.extend(more.map(|how| format!("interrupt {how}")));
    tried("interrupt", &[], &wanted);
    tried("interrupt", SANITIZED, &wanted);
}

#[test]
fn no_call_is_a_cancellation_point() {
    let header = c::header();
    let mut wanted: BTreeSet<_> = c::symbols().iter().map(|name| format!("{name} plain")).collect();
    for how in ["asleep", "asleep-cancelled"] {
        wanted.extend(c::sleepers(&header).iter().map(|name| format!("{name} {how}")));
    }
    tried("cancel", &[], &wanted);
}

#[test]
fn a_pool_does_not_live_on_in_a_child() {
    let header = c::header();
    let on_pools: Vec<_> = c::symbols().into_iter().filter(|name| c::takes_pool(&header, name)).collect();
    assert!(on_pools.len() >= 28, "{on_pools:?}");
    let hows = ["forked", "forked-inside-a-job", "forked-while-jobs-run"];
    let mut wanted: BTreeSet<_> =
        hows.iter().flat_map(|how| on_pools.iter().map(move |name| format!("{name} {how}"))).collect();
    let on_processes = c::symbols().into_iter().filter(|name| {
        c::is_about_processes(name) && c::function(&header, name).1.contains("jobring_processes *pool")
    });
    let before = wanted.len();
    wanted.extend(on_processes.map(|name| format!("{name} forked")));
    assert!(wanted.len() - before >= 9, "{wanted:?}");
    tried("fork", &[], &wanted);
}

#[test]
fn a_job_that_waits_inside_a_job_does_not_overflow_its_stack() {
    let ways =
        ["wait", "wait_opts", "run_one", "run_until_idle", "submit", "destroy", "enter_worker", "main-deep"];
    let more = [
        "main-to-the-end",
        "entered-inside-a-job",
        "fiber",
        "run-inside-a-job",
        "shutdown-inside-a-job",
        "destroy-inside-a-job",
    ];
    for build in builds() {
        let mut wanted: BTreeSet<_> = ways.iter().chain(&more).map(|way| format!("nested {way}")).collect();
        wanted.extend(build.backends.iter().map(|backend| format!("nested worker-{backend}")));
        if build.backends.contains(&"pthread") {
            wanted.insert("nested worker-replaced".to_owned());
        }
        c::none_is_missing(&wanted, &c::cells(&mut Command::new(build.program(&["nested.c"], &[]))));
    }
}

#[test]
fn no_pool_is_made_whose_forks_would_go_unnoticed() {
    for build in builds() {
        let program = build.program(&["fork_refused.c"], &["-Wl,--wrap=pthread_atfork"]);
        let wanted = ["create", "init"].map(|name| format!("jobring_{name} fork-refused")).into();
        c::none_is_missing(&wanted, &c::cells(&mut Command::new(program)));
    }
}

#[test]
fn what_the_system_refuses_while_a_pool_is_made_is_a_status() {
    let wrapped = ["malloc", "calloc", "realloc", "posix_memalign"].map(|name| format!("-Wl,--wrap={name}"));
    let wrapped = wrapped.each_ref().map(String::as_str);
    for build in builds() {
        let program = build.program(&["refused.c"], &wrapped);
        for backend in build.backends {
            let number = if *backend == "std" { "2" } else { "1" };
            let wanted = ["memory", "keys"].map(|what| format!("refused {backend} {what}")).into();
            // The standard library says what it ends the process for.
            let cells = c::cells(Command::new(&program).arg(number).env("RUST_BACKTRACE", "0"));
            c::none_is_missing(&wanted, &cells);
        }
    }
}

#[test]
fn workers_take_the_signals_that_the_header_names() {
    let header = c::header();
    let (_, list) =
        header.split_once("workers have all signals blocked, except those").expect("the sentence");
    let (list, _) = list.split_once(".\n").expect("its end");
    let names: Vec<_> = list.split(|c: char| !c.is_ascii_uppercase()).filter(|word| word.len() > 3).collect();
    assert!(names.len() >= 8 && names.iter().all(|name| name.starts_with("SIG")), "{names:?}");
    for build in builds() {
        c::run(Command::new(build.program(&["signals.c", "scene.c"], &[])).args(&names));
    }
}

#[test]
fn a_new_worker_needs_nothing_of_its_maker() {
    for build in builds() {
        let program = build.program(&["birth.c"], &["-Wl,--wrap=pthread_create"]);
        let hows =
            build.backends.iter().flat_map(|how| [format!("birth {how}"), format!("birth {how}-painted")]);
        c::none_is_missing(&hows.collect(), &c::cells(&mut Command::new(program)));
    }
}

/// Which code throws, and on which thread; with "-pthread" or "-std" behind it, on a worker of that backend.
const THROWERS: &[&str] = &[
    "worker-pthread",
    "worker-std",
    "noexcept-on-worker-pthread",
    "noexcept-on-worker-std",
    "done-on-worker-pthread",
    "done-on-worker-std",
    "start-hook-pthread",
    "start-hook-std",
    "stop-hook-pthread",
    "stop-hook-std",
    "body-on-caller-pthread",
    "body-on-caller-std",
    "body-on-worker-pthread",
    "body-on-worker-std",
    "job-that-waits",
    "run-one",
    "run-until-idle",
    "wait",
    "submit",
    "run-here",
    "run-here-done",
    "run-here-drop",
    "run-here-node",
    "shutdown",
    "destroy",
    "enter-worker",
    "callback-done-run",
    "callback-done-cancel",
    "callback-node-run",
    "callback-node-cancel",
    "callback-drop-cancel",
    "callback-drop-discard",
    "callback-drop-detach",
    "callback-drop-destroy",
    "move-into-a-slot",
    "move-out-of-a-slot",
];

#[test]
fn an_exception_that_leaves_a_job_ends_the_process() {
    use std::os::unix::process::ExitStatusExt;
    let mut builds = builds();
    // Without panics that unwind, the compiler keeps fewer notes for the unwinder. A standard library of another panic strategy,
    // built from its sources (.ci/i686), is not taken.
    if cfg!(target_pointer_width = "64") {
        let library = c::library_with(c::FEATURES, &["-Cpanic=abort"]);
        builds.push(Build { name: "both-abort", library, backends: &["pthread", "std"] });
    }
    for build in builds {
        let program = build.program(&["exception.cpp"], &[]);
        let (build, backends) = (build.name, build.backends);
        let lacks =
            |case: &str, backend| case.ends_with(&format!("-{backend}")) && !backends.contains(&backend);
        for case in THROWERS.iter().filter(|case| !lacks(case, "pthread") && !lacks(case, "std")) {
            let output = c::output(Command::new(&program).arg(case));
            let printed = c::printed(&output);
            assert_eq!(
                output.status.signal(),
                Some(libc::SIGABRT),
                "{build}, {case}: {}\n{printed}",
                output.status
            );
            assert_eq!(String::from_utf8_lossy(&output.stdout), "thrown\n", "{build}, {case}: {printed}");
            // Without std the exception names itself; with std it does if the function is noexcept.
            let said = printed.contains("std::runtime_error") && printed.contains("left a job");
            let must_say = build == "no-std" || case.starts_with("noexcept");
            assert!(said || !must_say, "{build}, {case}: {printed}");
        }
    }
}
