//! Handles that share the ownership of their pool: they go where they like, and the last owner ends the pool,
//! wherever it is given up.
#![cfg(feature = "std")]

mod common;
#[cfg(feature = "future")]
#[path = "common/tasks.rs"]
mod tasks;

use common::{Count, DEADLINE, Gate, join, until};
use jobring::{JobError, OwnedJobHandle, Pool, StaticPool, SubmitError};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

/// A pool, and how many of its workers have ended.
fn pool(workers: usize, capacity: usize) -> (Arc<Pool>, Count) {
    let ended = Count::new();
    let stops = ended.clone();
    let builder = Pool::builder().workers(workers).capacity(capacity).on_stop(move |_| stops.add());
    (Arc::new(builder.build().expect("a pool")), ended)
}

fn done<T: Send>(job: OwnedJobHandle<T>) -> Result<T, JobError> {
    job.wait_timeout(DEADLINE).unwrap_or_else(|_| panic!("the job is never over"))
}

#[test]
fn a_handle_that_owns_its_pool_borrows_from_nobody() {
    fn free<T: Send + 'static>() {}
    free::<OwnedJobHandle<String>>();
    let (pool, ended) = pool(1, 8);
    let gate = Gate::new();
    let (first, second) = (gate.clone(), pool.submit(|| 2).expect("room").into_owned(&pool));
    let first = pool.submit(move || first.pass()).expect("room").into_owned(&pool);
    drop(pool);
    assert!(!first.is_finished() && first.id() != second.id() && first.id().is_some());
    let first = first.try_wait().expect_err("it waits");
    let other = thread::spawn(move || done(second));
    assert!(matches!(join(other), Ok(2)));
    gate.open();
    assert_eq!(ended.get(), 0);
    done(first).expect("it ran");
    assert_eq!(ended.get(), 1, "its handle was the last owner");
}

#[test]
fn it_does_what_a_handle_does() {
    let (pool, _) = pool(0, 2);
    let cancelled = pool.submit(|| 1).expect("room").into_owned(&pool);
    assert!(cancelled.cancel() && !cancelled.cancel());
    assert!(matches!(done(cancelled), Err(JobError::Cancelled)));
    let dropped = Count::new();
    let guard = dropped.on_drop();
    pool.submit(move || guard).expect("room").into_owned(&pool).detach();
    let failing = pool.submit(|| panic!("on purpose")).expect("room").into_owned(&pool);
    let here = pool.submit_or_run(|| 3).expect("open").into_owned(&pool);
    assert!(here.is_finished() && here.id().is_none() && matches!(done(here), Ok(3)));
    assert_eq!((pool.run_until_idle(), dropped.get()), (2, 1));
    assert!(matches!(failing.wait(), Err(JobError::Panicked(_))));
    assert_eq!(Arc::strong_count(&pool), 1);
    // It holds a slot as any handle.
    let held = [(); 2].map(|()| pool.try_submit(|| ()).expect("room").into_owned(&pool));
    assert!(matches!(pool.try_submit(|| ()), Err(SubmitError::Full(_))));
    drop(held);
    assert_eq!((pool.run_until_idle(), Arc::strong_count(&pool)), (2, 1));
}

#[test]
fn a_static_pool_in_an_arc_is_kept_too() {
    let pool = Arc::new(StaticPool::<4, 1, 48>::new());
    let job = pool.try_submit(|| 7).expect("room").into_owned(&pool);
    assert!(Arc::ptr_eq(&pool, job.pool()));
    drop(pool);
    assert_eq!(job.wait().expect("the waiter runs it"), 7);
}

#[test]
fn another_pool_is_refused() {
    let ((mine, _), (other, _)) = (pool(0, 4), pool(0, 4));
    let job = mine.submit(|| 1).expect("room");
    assert!(catch_unwind(AssertUnwindSafe(|| drop(job.into_owned(&other)))).is_err());
    assert_eq!((mine.run_until_idle(), Arc::strong_count(&other)), (1, 1));
}

/// The only worker gives up the last owner inside a job: the pool refuses new jobs, what is queued runs, and the
/// worker ends.
#[test]
fn the_last_owner_may_be_given_up_inside_a_job() {
    let (pool, ended) = pool(1, 8);
    let (gate, ran) = (Gate::new(), Count::new());
    let counts = ran.clone();
    let owned = Box::new(pool.submit(move || counts.add()).expect("room").into_owned(&pool));
    let passes = gate.clone();
    pool.submit_detached(move || {
        passes.pass();
        drop(owned);
    })
    .expect("room");
    for _ in 0..3 {
        let counts = ran.clone();
        pool.submit_detached(move || counts.add()).expect("room");
    }
    drop(pool);
    gate.open();
    until("the worker has ended", || ended.get() == 1);
    assert_eq!(ran.get(), 4);
}

/// The job waits for another of the same pool, by a handle that is the last owner.
#[test]
fn the_last_owner_may_be_waited_for_inside_a_job() {
    let (pool, ended) = pool(2, 8);
    let (gate, notified) = (Gate::new(), Count::new());
    let (passes, tells) = (gate.clone(), notified.clone());
    let inner = Box::new(pool.submit(|| 5).expect("room").into_owned(&pool));
    pool.submit_detached(move || {
        passes.pass();
        assert_eq!(inner.wait().expect("it ran"), 5);
        tells.add();
    })
    .expect("room");
    drop(pool);
    gate.open();
    until("both workers have ended", || ended.get() == 2);
    assert_eq!(notified.get(), 1);
}

/// A result that holds an owner of its pool is taken by a thread outside, which then ends the pool.
#[test]
fn a_result_may_hold_the_last_owner() {
    let (pool, ended) = pool(1, 8);
    let first = pool.submit(|| 6).expect("room").into_owned(&pool);
    let first = Box::new(first);
    let second = pool.submit(move || first).expect("room").into_owned(&pool);
    drop(pool);
    let first = *done(second).expect("it ran");
    assert_eq!(ended.get(), 0);
    assert_eq!(done(first).expect("it ran"), 6);
    assert_eq!(ended.get(), 1);
}

#[cfg(feature = "future")]
mod awaited {
    use super::*;
    use std::sync::Mutex;
    use std::task::{Context, Poll, Wake, Waker};
    use tasks::Bell;

    #[test]
    fn a_task_awaits_what_it_owns() {
        static BELL: Bell = Bell::new();
        let (pool, ended) = pool(1, 8);
        let (six, seven) = (pool.submit(|| 6), pool.submit(|| 7));
        let six = six.expect("room").into_owned(&pool);
        let seven = seven.expect("room").into_owned(&pool);
        let task = async move { six.await.expect("it ran") * seven.await.expect("it ran") };
        drop(pool);
        let other = thread::spawn(move || BELL.block_on(task));
        assert_eq!(join(other), 42);
        assert_eq!(ended.get(), 1);
    }

    /// An executor that polls where it is woken: here on the worker, where the task ends and gives up the pool.
    struct Inline(Mutex<Option<OwnedJobHandle<u32>>>, Count);

    impl Wake for Inline {
        fn wake(self: Arc<Self>) {
            let waker = Waker::from(self.clone());
            let mut job = self.0.lock().unwrap().take().expect("it is woken once");
            match std::pin::Pin::new(&mut job).poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(result) => assert_eq!(result.expect("it ran"), 8),
                Poll::Pending => unreachable!("the job has finished"),
            }
            drop(job);
            self.1.add();
        }
    }

    #[test]
    fn the_last_owner_may_be_given_up_in_a_wake() {
        let (pool, ended) = pool(1, 8);
        let (gate, woken) = (Gate::new(), Count::new());
        let passes = gate.clone();
        let job = pool.submit(move || {
            passes.pass();
            8
        });
        let mut job = job.expect("room").into_owned(&pool);
        drop(pool);
        let task = Arc::new(Inline(Mutex::new(None), woken.clone()));
        let waker = Waker::from(task.clone());
        assert!(std::pin::Pin::new(&mut job).poll(&mut Context::from_waker(&waker)).is_pending());
        *task.0.lock().unwrap() = Some(job);
        gate.open();
        until("the task has ended", || woken.get() == 1);
        until("the worker has ended", || ended.get() == 1);
    }
}
