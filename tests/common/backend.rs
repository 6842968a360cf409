//! The requirements on the worker threads of each backend. `backend_tests!` makes the tests of one backend.

use super::{Count, DEADLINE, Gate, done, until};
use jobring::{Backend, BuildError, Builder, Pool, WorkerState};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use std::sync::{Arc, Mutex};

/// The tests of one backend.
#[macro_export]
macro_rules! backend_tests {
    ($backend:expr, $($name:ident)*) => {
        $(#[test] fn $name() { common::backend::$name($backend) })*

        #[cfg(feature = "std")]
        #[test]
        fn too_few_start_hooks_that_return_are_an_error() { common::backend::too_few_start_hooks_that_return_are_an_error($backend) }
    };
}

fn builder(backend: Backend) -> Builder {
    Pool::builder().backend(backend)
}

/// The names of this process's threads that begin with `prefix`.
fn threads(prefix: &str) -> BTreeSet<String> {
    let tasks = fs::read_dir("/proc/self/task").expect("Linux's proc");
    let names = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.map(|name| name.trim().to_owned()).filter(|name| name.starts_with(prefix)).collect()
}

pub fn workers_are_as_many_as_asked_for_and_have_names(backend: Backend) {
    for workers in [1, 2, 5] {
        let prefix = format!("{backend:?}{workers}");
        let pool = builder(backend).workers(workers).name(&prefix).build().expect("a pool");
        assert_eq!(pool.workers(), workers);
        let expected: BTreeSet<_> = (0..workers).map(|n| format!("{prefix}-{n}")).collect();
        until("the names are there", || threads(&prefix) == expected);
        drop(pool);
        until("the threads are gone", || threads(&prefix).is_empty());
    }
    let long = builder(backend).workers(1).name("a-name-that-is-too-long").build().expect("a pool");
    until("a long name is cut, not its number", || threads("a-name-that-").contains("a-name-that-i-0"));
    drop(long);
    drop(builder(backend).workers(1).name("with a \0 in it").build().expect("a pool"));
    assert_eq!(builder(backend).workers(0).build().expect("a pool").workers(), 0);
    assert!(builder(backend).build().expect("a pool").workers() >= 1, "as many as there are CPUs");
}

pub fn all_workers_work(backend: Backend) {
    let pool = builder(backend).workers(4).build().expect("a pool");
    let (gate, inside) = (Gate::new(), Count::new());
    let jobs = [(); 4].map(|()| {
        let (gate, inside) = (gate.clone(), inside.clone());
        pool.submit(move || {
            inside.add();
            gate.pass();
            std::thread::current().id()
        })
    });
    until("all four run at once", || inside.get() == 4);
    gate.open();
    let ids: Vec<_> = jobs.into_iter().map(|job| done(job.expect("room")).expect("an id")).collect();
    assert!((0..4).all(|n| !ids[n + 1..].contains(&ids[n])));
}

pub fn a_worker_tells_what_it_does(backend: Backend) {
    let pool = builder(backend).workers(2).name("known").timed(true).paint_stacks(true).build();
    let pool = Arc::new(pool.expect("a pool"));
    let gate = Gate::new();
    let jobs = [(); 2].map(|()| {
        let (gate, inside) = (gate.clone(), pool.clone());
        let job = pool.submit(move || {
            gate.pass();
            (inside.worker_index(), inside.current_job())
        });
        job.expect("room")
    });
    let running = || [0, 1].map(|n| pool.worker(n).expect("a worker").job());
    until("both run", || running().iter().all(Option::is_some));
    let shown = running();
    let since = [0, 1].map(|n| pool.worker(n).expect("a worker").running_for());
    until("time passes", || (0..2).all(|n| pool.worker(n).expect("a worker").running_for() > since[n]));
    assert!((0..2).all(|n| pool.worker(n).expect("a worker").state() == WorkerState::Running));
    gate.open();
    for job in jobs {
        let (worker, own) = done(job).expect("it ran");
        assert_eq!(own, shown[worker.expect("it ran on a worker")]);
    }
    assert_eq!((pool.worker_index(), pool.current_job()), (None, None));
    // The longest run is what a worker notes last.
    until("both have counted", || (0..2).all(|n| !pool.worker(n).expect("a worker").longest_run().is_zero()));
    for n in 0..2 {
        let worker = pool.worker(n).expect("a worker");
        assert_eq!(worker.jobs(), 1);
        assert!(worker.job().is_none() && worker.running_for().is_zero());
        assert!(worker.run_time() == worker.longest_run() && !worker.run_time().is_zero());
        assert_eq!(pool.worker_name(n), Some(&*format!("known-{n}")));
        assert!(pool.worker_stack_used(n).is_some_and(|bytes| bytes > 0));
    }
    assert!(pool.worker(2).is_none() && pool.worker_name(2).is_none());
    assert!(pool.worker_stack_used(2).is_none());
    let plain = builder(backend).workers(1).build().expect("a pool");
    done(plain.submit(|| ()).expect("room")).expect("it ran");
    until("it has counted", || plain.worker(0).expect("a worker").jobs() == 1);
    assert!(plain.worker(0).expect("a worker").run_time().is_zero() && plain.worker_stack_used(0).is_none());
}

pub fn guards_and_cpus_are_for_pthreads(backend: Backend) {
    let refused = |builder: Builder| builder.build().expect_err("it is refused");
    let workers = || builder(backend).workers(2);
    if backend == Backend::Std {
        assert_eq!(refused(workers().guard_size(4096)), BuildError::Unsupported("guard_size"));
        assert_eq!(refused(workers().cpus([0])), BuildError::Unsupported("cpus"));
        return;
    }
    assert_eq!(refused(workers().guard_size(usize::MAX)), BuildError::Invalid("guard_size"));
    assert_eq!(refused(workers().min_workers(1).cpus([u32::MAX])), BuildError::Invalid("cpus"));
    for guard in [0, 1, 1 << 20] {
        let pool = workers().guard_size(guard).build().expect("a pool");
        assert_eq!(done(pool.submit(|| 9).expect("room")).expect("a result"), 9);
    }
    // SAFETY:
    // - a cpu_set_t is plain bits, for which zero is valid; the call writes at most its size.
    let allowed = || unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        assert_eq!(libc::sched_getaffinity(0, size_of_val(&set), &raw mut set), 0);
        (0..libc::CPU_SETSIZE as u32).filter(|&cpu| libc::CPU_ISSET(cpu as usize, &set)).collect::<Vec<_>>()
    };
    let mine = allowed();
    let pool = workers().cpus(&mine[..1]).build().expect("a pool");
    assert_eq!(done(pool.submit(allowed).expect("room")).expect("its mask"), mine[..1]);
}

pub fn stacks_are_rounded_up_and_bounded_below(backend: Backend) {
    let page = 4096;
    for size in [256 * 1024, 256 * 1024 + 1, 1 << 20] {
        let pool = builder(backend).workers(2).stack_size(size).build().expect("a pool");
        for worker in 0..2 {
            let effective = pool.worker_stack_size(worker).expect("a worker");
            assert!(effective >= size && effective.is_multiple_of(page), "{effective} for {size}");
            // glibc may reuse the larger stack of a thread that has ended, and reports its size.
            assert!(effective <= 4 * size + 16 * page, "{effective} for {size}");
        }
        assert_eq!(pool.worker_stack_size(2), None);
        // The job can use most of it: a buffer, and the copies of it that a debug build makes.
        let job = pool.submit(|| {
            std::hint::black_box([1u8; 64 * 1024]).iter().map(|&byte| u64::from(byte)).sum::<u64>()
        });
        assert_eq!(done(job.expect("room")).expect("a sum"), 64 * 1024);
    }
    let Err(BuildError::StackTooSmall(floor)) = builder(backend).workers(1).stack_size(1).build() else {
        panic!("a byte is too small");
    };
    assert!(floor.is_multiple_of(page) && floor > 8192, "{floor}");
    assert_eq!(
        builder(backend).workers(1).stack_size(floor - page).build().expect_err("below the floor"),
        BuildError::StackTooSmall(floor)
    );
    let pool = builder(backend).workers(1).stack_size(floor).build().expect("the floor is enough");
    assert_eq!(done(pool.submit(|| 3).expect("room")).expect("a result"), 3);
    assert_eq!(
        builder(backend).workers(1).stack_size(usize::MAX).build().expect_err("too large"),
        BuildError::Invalid("stack_size")
    );
}

std::thread_local! { static MINE: Cell<Option<usize>> = const { Cell::new(None) }; }

/// The last owner of a pool. Counts its drop.
struct Owner(Option<Arc<Pool>>, Count);

impl Drop for Owner {
    fn drop(&mut self) {
        drop(self.0.take());
        self.1.add();
    }
}

std::thread_local! { static OWNER: RefCell<Option<Owner>> = const { RefCell::new(None) }; }

/// The drop happens in a thread-local's destructor on one of the pool's workers, which has left its loop.
pub fn a_worker_may_drop_the_last_pool_behind_its_last_job(backend: Backend) {
    let prefix = format!("last-{backend:?}");
    let (ended, gate) = (Count::new(), Gate::new());
    // No worker ends before the other owner was dropped.
    let held = gate.clone();
    let builder = builder(backend).workers(2).name(&prefix).on_stop(move |_| held.pass());
    let pool = Arc::new(builder.build().expect("a pool"));
    let owner = Owner(Some(pool.clone()), ended.clone());
    let job = pool.submit(move || OWNER.set(Some(owner))).expect("room");
    done(job).expect("a result");
    let _ = pool.shutdown(jobring::ShutdownMode::Drain, Some(std::time::Duration::ZERO));
    drop(pool);
    gate.open();
    until("the pool has ended", || ended.get() == 1);
    until("the threads are gone", || threads(&prefix).is_empty());
}

pub fn hooks_frame_the_jobs_of_each_worker(backend: Backend) {
    #[derive(PartialEq, Debug)]
    enum Event {
        Start,
        Job,
        Stop,
    }
    const WORKERS: usize = 3;
    let events: Arc<Mutex<Vec<(usize, Event)>>> = Arc::default();
    let (starts, stops) = (events.clone(), events.clone());
    let pool = builder(backend)
        .workers(WORKERS)
        .on_start(move |worker| {
            MINE.set(Some(worker));
            starts.lock().unwrap().push((worker, Event::Start));
        })
        .on_stop(move |worker| {
            assert_eq!(MINE.get(), Some(worker), "the same thread");
            stops.lock().unwrap().push((worker, Event::Stop));
        })
        .build()
        .expect("a pool");
    // Each worker gets at least one job: the jobs are held until all workers are inside one.
    let (gate, inside) = (Gate::new(), Count::new());
    let held = [(); WORKERS].map(|()| {
        let (gate, inside, events) = (gate.clone(), inside.clone(), events.clone());
        pool.submit(move || {
            events.lock().unwrap().push((MINE.get().expect("the start hook ran"), Event::Job));
            inside.add();
            gate.pass();
        })
    });
    until("each has one", || inside.get() == WORKERS);
    gate.open();
    held.into_iter().for_each(|job| done(job.expect("room")).expect("a result"));
    drop(pool);
    let events = events.lock().unwrap();
    assert_eq!(events.len(), 3 * WORKERS);
    for worker in 0..WORKERS {
        let of_one: Vec<_> = events.iter().filter(|(of, _)| *of == worker).map(|(_, event)| event).collect();
        assert_eq!(of_one, [&Event::Start, &Event::Job, &Event::Stop], "worker {worker}");
    }
}

#[cfg(feature = "std")]
pub fn too_few_start_hooks_that_return_are_an_error(backend: Backend) {
    let stopped = Count::new();
    let stops = stopped.clone();
    let workers = |min_workers, panics: fn(usize) -> bool| {
        let stops = stops.clone();
        let start = move |worker| assert!(!panics(worker), "from a start hook");
        let stop = move |_| {
            stops.add();
            panic!("from a stop hook");
        };
        builder(backend).workers(2).min_workers(min_workers).on_start(start).on_stop(stop).build()
    };
    assert_eq!(workers(2, |worker| worker == 1).expect_err("one is too few"), BuildError::StartHook);
    assert_eq!(stopped.get(), 1);
    assert_eq!(workers(1, |_| true).expect_err("none"), BuildError::StartHook);
    assert_eq!(stopped.get(), 1);
    let pool = workers(1, |worker| worker == 0).expect("a pool");
    assert_eq!(pool.workers(), 1);
    assert_eq!(done(pool.submit(|| 4).expect("room")).expect("a result"), 4);
    drop(pool);
    assert_eq!(stopped.get(), 2);
}

/// The blocked signals of the calling thread, as a mask.
fn blocked_signals() -> u64 {
    let status = fs::read_to_string("/proc/thread-self/status").expect("Linux's proc");
    let line = status.lines().find_map(|line| line.strip_prefix("SigBlk:")).expect("a mask");
    u64::from_str_radix(line.trim(), 16).expect("hexadecimal")
}

pub fn workers_take_no_signals_but_their_own_faults(backend: Backend) {
    let before = blocked_signals();
    let pool = builder(backend).workers(2).build().expect("a pool");
    assert_eq!(blocked_signals(), before, "the caller's mask is as it was");
    let mask = done(pool.submit(blocked_signals).expect("room")).expect("a mask");
    let is_blocked = |signal: i32| mask >> (signal - 1) & 1 == 1;
    for signal in [
        libc::SIGINT,
        libc::SIGTERM,
        libc::SIGHUP,
        libc::SIGUSR1,
        libc::SIGALRM,
        libc::SIGCHLD,
        libc::SIGPIPE,
    ] {
        assert!(is_blocked(signal), "signal {signal} in {mask:x}");
    }
    let open = [
        libc::SIGSEGV,
        libc::SIGBUS,
        libc::SIGFPE,
        libc::SIGILL,
        libc::SIGTRAP,
        libc::SIGABRT,
        libc::SIGSYS,
        libc::SIGPROF,
    ];
    for signal in open {
        assert!(!is_blocked(signal), "signal {signal} in {mask:x}");
    }
}

pub fn numbers_out_of_range_are_refused(backend: Backend) {
    let refused = |builder: Builder, what| {
        assert_eq!(builder.build().expect_err("out of range"), BuildError::Invalid(what));
    };
    refused(builder(backend).workers(2).min_workers(3), "min_workers");
    refused(builder(backend).workers(2).max_workers(1), "max_workers");
    refused(builder(backend).workers(65_536), "workers");
    refused(builder(backend).workers(1).max_workers(65_536), "max_workers");
    refused(builder(backend).workers(1).capacity(0), "capacity");
}

pub fn a_thread_may_enter_beside_the_pools_own(backend: Backend) {
    let pool = Arc::new(builder(backend).workers(1).max_workers(2).build().expect("a pool"));
    let (gate, inside) = (Gate::new(), Count::new());
    let enters = pool.clone();
    let entered = std::thread::spawn(move || enters.enter_worker());
    let held = [(); 2].map(|()| {
        let (gate, inside) = (gate.clone(), inside.clone());
        pool.submit(move || {
            inside.add();
            gate.pass();
        })
    });
    until("both run", || inside.get() == 2);
    assert!(!pool.enter_worker(), "two are there already");
    gate.open();
    held.into_iter().for_each(|job| done(job.expect("room")).expect("a result"));
    pool.shutdown(jobring::ShutdownMode::Drain, Some(DEADLINE)).expect("all are over");
    assert!(super::join(entered), "it was a worker");
}

/// Runs itself again in a process with few resources.
pub fn threads_that_the_system_refuses(backend: Backend) {
    if std::env::var_os("JOBRING_CHILD").is_some() {
        return with_little_address_space(backend);
    }
    let this = std::env::current_exe().expect("a path");
    let child = Command::new(this)
        .args(["--exact", "threads_that_the_system_refuses", "--nocapture", "--test-threads=1"])
        .env("JOBRING_CHILD", format!("{backend:?}"))
        .output()
        .expect("a child");
    let output = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success(), "{output}\n{}", String::from_utf8_lossy(&child.stderr));
    assert!(output.contains("1 passed"), "it ran: {output}");
}

/// The error keeps the system's error number.
fn is_refused_thread(error: BuildError) {
    let BuildError::Thread(os) = error else { panic!("{error:?}") };
    assert!(os.raw_os_error().is_some_and(|number| number > 0), "{os:?}");
    let source = std::error::Error::source(&error).expect("the system's error");
    assert_eq!(source.to_string(), std::io::Error::from(os).to_string());
}

/// The number in one line of /proc/self/status.
fn status(field: &str) -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("Linux's proc");
    let line = status.lines().find_map(|line| line.strip_prefix(field)).expect("such a field");
    line.trim_start_matches(':').split_whitespace().next().expect("a number").parse().expect("a number")
}

/// In its own process: there is room for some of the workers' stacks, but not for all.
fn with_little_address_space(backend: Backend) {
    const STACK: usize = 256 << 20;
    let limit = (status("VmSize") * 1024 + 4 * STACK) as libc::rlim_t;
    let room = libc::rlimit { rlim_cur: limit, rlim_max: limit };
    // SAFETY:
    // - reads a valid rlimit.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const room) }, 0);
    let before = status("Threads");
    for _ in 0..3 {
        let starts = Count::new();
        let (begun, ended) = (starts.clone(), Count::new());
        let stops = ended.clone();
        let many = || builder(backend).workers(8).stack_size(STACK).name("refused");
        let all = many().on_start(move |_| begun.add()).on_stop(move |_| stops.add());
        is_refused_thread(all.build().expect_err("not all of them"));
        assert!(starts.get() > 0, "some began");
        assert_eq!(starts.get(), ended.get(), "those that began have ended");
        until("their threads are gone", || status("Threads") == before);
        let Err(most) = many().min_workers(7).build() else { panic!("not seven of them") };
        is_refused_thread(most);
        let pool = many().min_workers(1).build().expect("with fewer");
        assert!((1..8).contains(&pool.workers()), "{} workers", pool.workers());
        assert_eq!(pool.worker_stack_size(pool.workers()), None);
        assert_eq!(done(pool.submit(|| 9).expect("room")).expect("a result"), 9);
        drop(pool);
        until("their threads are gone", || status("Threads") == before);
    }
}
