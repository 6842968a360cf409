//! Loops and recursions in parallel.

use crate::fork_join;
use crate::rust::pool_core::{AnyPool, PoolCore};
use core::ops::{ControlFlow, Range};

impl<P: AnyPool> PoolCore<P> {
    /// Calls `body` with parts of `range`, its *shares*, that cover each item once: here, and on workers that
    /// are free. Returns when every item is done. What the bodies did happens before what the caller does
    /// next.
    ///
    /// A share has at least `grain` items (except the last), so that a loop over it can be unrolled and
    /// vectorised. A range of at most `grain` items is one share, done here. `grain` 0: the caller times the
    /// first items, and shares the rest if that pays; each read of the clock takes about 20 ns.
    ///
    /// The caller works too, and does every share that no worker has started: a call never waits for a thread
    /// that has not started. So it may be called inside a job and inside a body. On a pool without workers,
    /// on a full one, and on one that is shut down the caller does everything. It does not allocate, locks
    /// only inside a job before it sleeps, and uses two slots for each thread that takes part.
    ///
    /// ```
    /// use jobring::Pool;
    /// use std::sync::atomic::{AtomicU64, Ordering};
    ///
    /// let pool = Pool::builder().workers(2).build()?;
    /// let numbers: Vec<u64> = (0..100_000).collect();
    /// let sum = AtomicU64::new(0);
    /// pool.parallel_for(0..numbers.len(), 1000, |share| {
    ///     sum.fetch_add(numbers[share].iter().sum(), Ordering::Relaxed);
    /// });
    /// assert_eq!(sum.into_inner(), 4_999_950_000);
    /// # Ok::<(), jobring::BuildError>(())
    /// ```
    ///
    /// # Panics
    /// With the panic of a body: no further share is started, and the panic continues here when all threads
    /// have left. (Without std a panic in a body aborts.)
    pub fn parallel_for<F>(&self, range: Range<usize>, grain: usize, body: F)
    where
        F: Fn(Range<usize>) + Sync,
    {
        fork_join::for_each_share(&self.raw, range, grain, body);
    }

    /// As [`parallel_for`](PoolCore::parallel_for), until a body breaks: then no further share is started,
    /// and its value is returned (the first one, if several bodies break at once).
    ///
    /// ```
    /// use jobring::Pool;
    /// use std::ops::ControlFlow;
    ///
    /// let pool = Pool::builder().workers(2).build()?;
    /// let numbers: Vec<u64> = (0..100_000).collect();
    /// let found = pool.try_parallel_for(0..numbers.len(), 1000, |share| {
    ///     match share.into_iter().find(|&at| numbers[at] == 77_777) {
    ///         Some(at) => ControlFlow::Break(at),
    ///         None => ControlFlow::Continue(()),
    ///     }
    /// });
    /// assert_eq!(found, ControlFlow::Break(77_777));
    /// # Ok::<(), jobring::BuildError>(())
    /// ```
    ///
    /// # Panics
    /// As parallel_for.
    pub fn try_parallel_for<F, B>(&self, range: Range<usize>, grain: usize, body: F) -> ControlFlow<B>
    where
        F: Fn(Range<usize>) -> ControlFlow<B> + Sync,
        B: Send,
    {
        fork_join::try_for_each_share(&self.raw, range, grain, body)
    }

    /// Calls `a` and `b`, and returns both results. `b` runs on a worker if one is idle, else here after `a`.
    ///
    /// It is made for recursion down to small pieces: while all workers are busy, a join costs little more
    /// than the two calls. The oldest second closures are offered first, since they are the largest. The
    /// first join of a thread wakes a sleeping worker; later joins do so at most every 100 µs. A thread
    /// offers about eight of its second closures to others; while that many are offered, it runs those of
    /// further joins itself. A join never waits for a thread that has not started. It works inside jobs, and
    /// on every pool. It allocates nothing: `b` lies on the caller's stack.
    ///
    /// ```
    /// use jobring::Pool;
    ///
    /// fn sum(pool: &Pool, numbers: &[u64]) -> u64 {
    ///     if numbers.len() < 100 {
    ///         return numbers.iter().sum();
    ///     }
    ///     let (low, high) = numbers.split_at(numbers.len() / 2);
    ///     let (low, high) = pool.join(|| sum(pool, low), || sum(pool, high));
    ///     low + high
    /// }
    ///
    /// let pool = Pool::builder().workers(2).build()?;
    /// assert_eq!(sum(&pool, &(0..10_000).collect::<Vec<_>>()), 49_995_000);
    /// # Ok::<(), jobring::BuildError>(())
    /// ```
    ///
    /// # Panics
    /// With the panic of `a`; then `b` was not called, or its result is dropped. Otherwise with the panic of
    /// `b`.
    #[inline]
    pub fn join<A, B, RA, RB>(&self, a: A, b: B) -> (RA, RB)
    where
        A: FnOnce() -> RA,
        B: FnOnce() -> RB + Send,
        RB: Send,
    {
        fork_join::join(&self.raw, a, b)
    }
}
