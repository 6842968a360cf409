//! What every public type promises: it can be sent to other threads, it can be printed, and errors work with
//! `?`.
#![cfg(feature = "std")]

mod common;

use anyhow::Context;
use common::{DEADLINE, done};
use jobring::*;
use std::fmt::Debug;
use std::panic::{RefUnwindSafe, UnwindSafe};

fn pool() -> Pool {
    Pool::builder().workers(1).capacity(4).build().expect("a pool")
}

#[test]
fn public_types_are_send_and_sync() {
    fn both<T: Send + Sync>() {}
    both::<Pool>();
    both::<PoolCore<Pool>>();
    both::<StaticPool<4, 1, 48>>();
    both::<PoolCore<StaticPool<4, 1, 48>>>();
    both::<JobHandle<'static, u32>>();
    both::<JobHandle<'static, std::cell::Cell<u32>>>();
    both::<OwnedJobHandle<std::cell::Cell<u32>>>();
    both::<Canceller<'static>>();
    both::<Spawner<'static>>();
    both::<Watch>();
    both::<Lane<'static, Pool>>();
    both::<WorkerLocal<std::cell::Cell<u32>>>();
    both::<Completions<'static, std::cell::Cell<u32>>>();
    both::<Completion<u32>>();
    both::<CompletionsIter<'static, u32>>();
    both::<Queue<std::cell::Cell<u32>, 4>>();
    both::<BlockingQueue<std::cell::Cell<u32>, 4>>();
    both::<JobId>();
    both::<Backend>();
    both::<System>();
    both::<ShutdownMode>();
    both::<JobPanic>();
    both::<ShutdownReport>();
    fn sends<T: Send>() {}
    sends::<Builder>();
    // In generic code too.
    fn any<P: AnyPool>(pool: &P) {
        std::thread::scope(|s| {
            s.spawn(|| pool.run_until_idle());
        });
    }
    any(&pool());
}

#[test]
fn errors_are_send_sync_and_survive_an_unwind() {
    fn error<E: std::error::Error + Send + Sync + 'static>() {}
    error::<BuildError>();
    error::<JobError>();
    error::<RecvError>();
    error::<OsError>();
    error::<QueueFull<u32>>();
    error::<PushError<u32>>();
    error::<PopError>();
    error::<ShutdownError>();
    error::<SubmitError<fn()>>();
    fn unwinds<T: UnwindSafe + RefUnwindSafe>() {}
    unwinds::<BuildError>();
    unwinds::<ShutdownError>();
}

#[test]
fn debug_says_something_of_every_public_type() {
    fn text(value: &dyn Debug, word: &str) {
        let text = format!("{value:?}");
        assert!(text.contains(word), "{word}: {text}");
    }
    static POOL: StaticPool<4, 1, 48> = StaticPool::new();
    let pool = pool();
    let core: &PoolCore<Pool> = &pool;
    text(&pool, "Pool { capacity: 4, closed: false");
    text(core, "PoolCore { capacity: 4");
    text(&POOL, "StaticPool { capacity: 4");
    text(&Pool::builder().workers(3).name("io"), r#"workers: Some(3), min_workers: None"#);
    text(&pool.submit(|| 1).expect("room"), "JobHandle");
    let queue = pool.completions::<u32>().expect("a queue");
    text(&queue, "Completions { pending: 0");
    text(&queue.iter(), "CompletionsIter { completions: Completions");
    queue.submit(7, || 42).expect("room");
    text(&queue.recv_timeout(DEADLINE), "Completion { tag: 7, result: Ok(42)");
    pool.scope(|s| text(s, "Scope"));
    pool.scope(|s| text(&s.spawn(|| ()), "ScopedJobHandle"));
    pool.scope(|s| text(&s.spawner(), "Spawner"));
    let local = WorkerLocal::new(|| 1);
    local.get();
    text(&local, "WorkerLocal { len: 1");
    // As the type is called inside the library.
    text(&System, "Os");
    let failed = done(pool.submit(|| -> u32 { panic!("out of paper") }).expect("room")).expect_err("a panic");
    text(&failed, r#"Panicked(JobPanic { message: Some("out of paper")"#);
    let report = pool.shutdown(ShutdownMode::Drain, Some(DEADLINE)).expect("nothing is left");
    text(&report, "running: 0");
    text(&pool, "closed: true");
    text(&pool.submit(|| ()).expect_err("it is closed"), "Shutdown(..)");
}

fn print_pages(pool: &Pool, pages: u32) -> anyhow::Result<u32> {
    let printing = pool.submit(move || if pages > 9 { panic!("out of paper") } else { pages })?;
    Ok(printing.wait()?)
}

fn make(workers: usize) -> anyhow::Result<Pool> {
    Pool::builder().workers(workers).max_workers(1).build().context("no pool")
}

#[test]
fn errors_pass_through_a_question_mark_into_anyhow() {
    let pool = make(1).expect("a pool");
    assert_eq!(print_pages(&pool, 9).expect("it prints"), 9);
    let error = print_pages(&pool, 10).expect_err("out of paper");
    assert_eq!(error.to_string(), "the job panicked: out of paper");
    let JobError::Panicked(panic) = error.downcast().expect("the error itself") else { panic!("a panic") };
    assert_eq!(panic.into_payload().downcast_ref(), Some(&"out of paper"));
    let closed: anyhow::Result<_> = (|| Ok(pool.shutdown(ShutdownMode::Drain, Some(DEADLINE))?))();
    assert_eq!(closed.expect("nothing is left"), ShutdownReport::default());
    assert_eq!(print_pages(&pool, 1).expect_err("closed").to_string(), "the pool is shut down");
    let error = make(2).expect_err("more than one");
    assert_eq!(format!("{error:#}"), "no pool: max_workers is out of range");
}

#[test]
fn a_panic_that_is_resumed_has_its_payload() {
    let pool = pool();
    let failed = done(pool.submit(|| std::panic::panic_any(7u8)).expect("room"));
    let Err::<(), _>(JobError::Panicked(panic)) = failed else { panic!("it panicked") };
    let resumed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| panic.resume()));
    assert_eq!(resumed.expect_err("it goes on").downcast_ref(), Some(&7u8));
}

#[test]
fn a_backend_that_the_build_lacks_is_unsupported() {
    for backend in [Backend::Std, Backend::Pthread] {
        let built = Pool::builder().workers(1).backend(backend).build();
        if backend == Backend::Std || cfg!(feature = "pthread") {
            assert_eq!(built.expect("a pool").workers(), 1);
        } else {
            assert_eq!(built.expect_err("no such feature"), BuildError::Unsupported("backend"));
        }
    }
}
