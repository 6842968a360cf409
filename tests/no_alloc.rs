//! A pool allocates when it is built and never again: 100,000 jobs allocate nothing, on any thread.
#![cfg(feature = "std")]

mod common;
#[path = "common/first_thread.rs"]
mod first_thread;
#[cfg(feature = "future")]
#[path = "common/tasks.rs"]
mod tasks;

use common::{Barrier, DEADLINE, done, until};
use first_thread::is_first_thread;
use jobring::{JobError, Pool};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// Calls of the allocator, by any thread except the test program's first.
static CALLS: AtomicUsize = AtomicUsize::new(0);

fn count() {
    if !is_first_thread() {
        CALLS.fetch_add(1, SeqCst);
    }
}

struct Counting;

// SAFETY:
// - everything goes on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY:
        // - the caller's obligations, passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count();
        // SAFETY:
        // - the caller's obligations, passed on.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// `jobs` jobs of every kind, each waited for in its own way.
fn everything(pool: &Arc<Pool>, ran: &Arc<AtomicUsize>, jobs: usize) {
    for n in (0..jobs).step_by(10) {
        let count = || {
            let ran = ran.clone();
            move || ran.fetch_add(1, SeqCst)
        };
        let [first, second, third] = [(); 3].map(|()| pool.submit(count()).expect("open"));
        let cancelled = pool.submit(count()).expect("open");
        let here = pool.submit_or_run(count()).expect("open");
        let (inside, inner) = (pool.clone(), count());
        let nested = pool.submit(move || {
            let job = inside.try_submit(inner);
            job.map_or(0, |job| job.wait().expect("a result"))
        });
        for _ in 0..3 {
            let job = count();
            let job = move || {
                job();
            };
            pool.submit_detached(job).expect("open");
        }
        let mut pending = second;
        loop {
            match pending.try_wait() {
                Ok(result) => break assert!(result.is_ok()),
                Err(job) => pending = job,
            }
            std::hint::spin_loop();
        }
        first.wait().expect("a result");
        if n % 20 == 0 {
            third.detach();
        } else {
            third.wait_timeout(DEADLINE).unwrap_or_else(|_| panic!("never over")).expect("a result");
        }
        if cancelled.cancel() {
            assert!(matches!(cancelled.wait(), Err(JobError::Cancelled)));
        }
        here.wait().expect("a result");
        nested.expect("open").wait().expect("a result");
        forks(pool, n);
        #[cfg(feature = "future")]
        awaited(pool);
    }
}

/// A job that a task awaits.
#[cfg(feature = "future")]
fn awaited(pool: &Pool) {
    static BELL: tasks::Bell = tasks::Bell::new();
    let job = pool.submit(|| 1).expect("open");
    assert_eq!(BELL.block_on(job).expect("a result"), 1);
}

/// Work that is shared out.
fn forks(pool: &Pool, grain: usize) {
    let done = AtomicUsize::new(0);
    pool.parallel_for(0..100, grain % 5, |share| {
        done.fetch_add(share.len(), SeqCst);
    });
    pool.scope(|s| {
        for _ in 0..grain % 5 {
            s.spawn(|| _ = done.fetch_add(1, SeqCst));
        }
    });
    let add = || done.fetch_add(1, SeqCst);
    pool.join(|| pool.join(add, add), || pool.join(add, add));
    assert_eq!(done.into_inner(), 104 + grain % 5);
}

#[test]
fn no_job_allocates_once_the_pool_is_there() {
    // Small, so that submitters sleep for slots too.
    let pool = Arc::new(Pool::builder().workers(2).capacity(8).build().expect("a pool"));
    let ran = Arc::new(AtomicUsize::new(0));
    assert!(CALLS.load(SeqCst) > 0, "the counter counts");
    // A thread allocates when it starts. So both workers have started before the count begins.
    let meet = Arc::new(Barrier::new(2));
    let met = [(); 2].map(|()| {
        let meet = meet.clone();
        pool.submit(move || meet.wait()).expect("open")
    });
    met.into_iter().for_each(|job| _ = done(job).expect("a result"));
    everything(&pool, &ran, 1000);
    until("the detached ones are over", || Arc::strong_count(&ran) == 1);
    let before = CALLS.load(SeqCst);
    everything(&pool, &ran, 100_000);
    until("the detached ones are over", || Arc::strong_count(&ran) == 1);
    let calls = CALLS.load(SeqCst) - before;
    println!("{calls} calls of the allocator in 100,000 jobs, {} ran", ran.load(SeqCst));
    assert_eq!(calls, 0);
    assert!(ran.load(SeqCst) > 80_000);

    // A map allocates what it has in flight, however long it is.
    let allocates = |items| {
        let before = CALLS.load(SeqCst);
        let map = pool.map_iter(0..items, |n| n).chunk(3).in_flight(4);
        assert!(map.map(|n| n.expect("a result")).eq(0..items));
        CALLS.load(SeqCst) - before
    };
    assert_eq!(allocates(100_000), allocates(100));

    // A boxed closure takes one block.
    let large = [7u8; 1000];
    let before = CALLS.load(SeqCst);
    let job = pool.submit_boxed(move || large.iter().map(|&n| u64::from(n)).sum::<u64>()).expect("open");
    assert_eq!(done(job).expect("a result"), 7000);
    assert_eq!(CALLS.load(SeqCst) - before, 2, "it is allocated and freed");
}
