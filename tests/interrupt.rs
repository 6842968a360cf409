//! Interrupts of the Rust API: a raised interrupt ends the blocking calls of its scopes, and changes nothing.
#![cfg(feature = "std")]

mod common;

use common::{Gate, held, pool};
use jobring::{Interrupt, JobError, RecvError, ShutdownMode, StaticPool, SubmitError};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

/// A wait that ends.
const LONG: Duration = Duration::from_secs(120);

/// The raise comes before the wait, in it, or between its last look and its sleep.
#[test]
fn an_interrupt_reaches_a_thread_that_is_about_to_wait() {
    let (pool, gate, stop) = (pool(1, 4), Gate::new(), Interrupt::new());
    let inside = gate.clone();
    let mut job = pool.submit(move || inside.pass()).expect("the pool is open");
    for _ in 0..1000 {
        job = thread::scope(|s| {
            s.spawn(|| pool.raise(&stop));
            pool.interruptible(&stop, || job.wait_interruptible()).expect_err("the gate is closed")
        });
        assert!(stop.reset());
    }
    gate.open();
    job.wait().expect("the job was left as it was");
}

#[test]
fn an_interrupt_ends_the_calls_of_all_threads_in_its_scopes() {
    let (pool, gate, stop) = (pool(1, 1), Gate::new(), Interrupt::new());
    let job = held(&pool, &gate);
    thread::scope(|s| {
        let waiter = s.spawn(|| pool.interruptible(&stop, || job.wait_timeout(LONG)));
        let submitter = s.spawn(|| pool.interruptible(&stop, || pool.submit_timeout(|| (), LONG).err()));
        let closer = s.spawn(|| pool.interruptible(&stop, || pool.shutdown(ShutdownMode::Drain, None)));
        pool.raise(&stop);
        let job = waiter.join().expect("no panic").expect_err("the gate is closed");
        let refused = submitter.join().expect("no panic").expect("the pool is full");
        // The shutdown may have come first.
        assert!(matches!(refused, SubmitError::Interrupted(_) | SubmitError::Shutdown(_)), "{refused:?}");
        let left = closer.join().expect("no panic").expect_err("a job runs").report();
        assert_eq!((left.queued(), left.running(), left.submitting()), (0, 1, 0));
        gate.open();
        job.wait().expect("it ran");
    });
    // The interrupt is still raised; outside of its scopes it means nothing.
    pool.shutdown(ShutdownMode::Drain, None).expect("all jobs have finished");
}

#[test]
fn a_wait_without_a_way_back_gives_the_claim_up() {
    static POOL: StaticPool<1, 1, 48> = StaticPool::new();
    static STOP: Interrupt = Interrupt::new();

    let job = POOL.submit(|| 42).expect("there is room");
    POOL.raise(&STOP);
    assert!(matches!(POOL.interruptible(&STOP, || job.wait()), Err(JobError::Interrupted)));
    assert!(POOL.run_one(), "the job runs all the same");
    POOL.try_submit(|| 43).expect("its slot is free").detach();
    assert!(POOL.run_one());
}

#[test]
fn what_has_finished_comes_though_the_interrupt_is_raised() {
    let (pool, stop) = (pool(1, 4), Interrupt::new());
    let queue = pool.completions::<u32>().expect("a queue");
    let job = pool.submit(|| 42).expect("the pool is open");
    queue.submit(7, || 43).expect("the pool is open");
    let late = pool.submit(|| 44).expect("the pool is open");
    assert_eq!(late.wait().expect("it ran"), 44, "so the others have finished");
    pool.raise(&stop);
    pool.interruptible(&stop, || {
        assert_eq!(job.wait().expect("it ran"), 42);
        assert_eq!(queue.recv().map(|completion| completion.tag), Ok(7));
        assert_eq!(queue.recv().map(|completion| completion.tag), Err(RecvError::Empty));
        assert!(!pool.enter_worker(), "a worker's loop cannot be interrupted");
        assert_eq!(pool.join(|| 1, || 2), (1, 2), "what was lent comes back");
    });
}

#[test]
fn an_interrupt_ends_a_receive_and_its_iterator() {
    let (pool, gate, stop) = (pool(1, 4), Gate::new(), Interrupt::new());
    let queue = pool.completions_with_limit(1).expect("a queue");
    let inside = gate.clone();
    queue.submit(7, move || inside.pass()).expect("there is room");
    thread::scope(|s| {
        let receiver =
            s.spawn(|| pool.interruptible(&stop, || queue.recv().map(|completion| completion.tag)));
        let submitter = s.spawn(|| pool.interruptible(&stop, || queue.submit(8, || ()).err()));
        pool.raise(&stop);
        assert_eq!(receiver.join().expect("no panic"), Err(RecvError::Interrupted));
        let refused = submitter.join().expect("no panic").expect("the limit is reached");
        assert!(matches!(refused, SubmitError::Interrupted(_)), "{refused:?}");
    });
    assert_eq!(pool.interruptible(&stop, || queue.iter().count()), 0);
    gate.open();
    assert_eq!(queue.iter().count(), 1);
}

#[test]
fn a_panic_leaves_the_scope_of_an_interrupt() {
    let (pool, gate, stop) = (pool(1, 4), Gate::new(), Interrupt::new());
    let inside = gate.clone();
    let job = pool.submit(move || inside.pass()).expect("the pool is open");
    pool.raise(&stop);
    let caught = catch_unwind(AssertUnwindSafe(|| pool.interruptible(&stop, || panic!("on purpose"))));
    assert!(caught.is_err());
    let job = job.wait_timeout(Duration::from_nanos(1)).expect_err("the gate is closed");
    gate.open();
    job.wait().expect("outside of the scope nothing interrupts");
}

#[test]
fn an_interrupt_says_whether_it_is_raised() {
    let (pool, stop) = (pool(1, 1), Interrupt::default());
    assert!(!stop.is_raised() && !stop.reset());
    pool.raise(&stop);
    pool.raise(&stop);
    assert_eq!(format!("{stop:?}"), "Interrupt { raised: true }");
    assert!(stop.reset() && !stop.reset());
    assert_eq!(JobError::Interrupted.to_string(), "interrupted");
    assert_eq!(RecvError::Interrupted.to_string(), "interrupted");
    assert_eq!(SubmitError::Interrupted(()).to_string(), "interrupted");
}
