//! Spawning into a scope from inside its jobs.

use crate::fork_join::Nested;
use crate::rust::closure::{ClosureRequest, Fits};
#[cfg(feature = "alloc")]
use crate::rust::pool::Pool;
use crate::rust::pool_core::{AnyPool, PoolCore};
use crate::util::unwind::resume;
use core::fmt;
use core::marker::PhantomData;

/// Spawns jobs into a [`Scope`](crate::Scope), from inside the scope's own jobs: [`Scope::spawner`](crate::Scope::spawner) makes
/// it. It may be copied, and used by any thread.
///
/// `P` is the kind of the pool; the default is `Pool`.
///
/// ```
/// use jobring::{Pool, Spawner};
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// struct Node {
///     value: u64,
///     children: Vec<Node>,
/// }
///
/// fn visit<'scope>(spawner: Spawner<'scope>, node: &'scope Node, sum: &'scope AtomicU64) {
///     sum.fetch_add(node.value, Ordering::Relaxed);
///     for child in &node.children {
///         spawner.spawn(move || visit(spawner, child, sum));
///     }
/// }
///
/// let leaf = |value| Node { value, children: vec![] };
/// let tree = Node { value: 1, children: vec![leaf(2), Node { value: 3, children: vec![leaf(4), leaf(5)] }] };
/// let sum = AtomicU64::new(0);
/// Pool::new(2)?.scope(|s| visit(s.spawner(), &tree, &sum));
/// assert_eq!(sum.into_inner(), 15);
/// # Ok::<(), jobring::BuildError>(())
/// ```
pub struct Spawner<
    'scope,
    #[cfg(feature = "alloc")] P: AnyPool = Pool,
    #[cfg(not(feature = "alloc"))] P: AnyPool,
> {
    pool: &'scope PoolCore<P>,
    nested: &'scope Nested,
    // Invariant: what a job borrows must outlive the scope, and not only a shorter borrow of it.
    scope: PhantomData<fn(&'scope ()) -> &'scope ()>,
}

impl<P: AnyPool> Clone for Spawner<'_, P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P: AnyPool> Copy for Spawner<'_, P> {}

impl<'scope, P: AnyPool> Spawner<'scope, P> {
    /// The scope finishes what is spawned through `nested`, after the jobs of its own list and before 'scope ends.
    pub(super) fn new(pool: &'scope PoolCore<P>, nested: &'scope Nested) -> Self {
        Self { pool, nested, scope: PhantomData }
    }

    /// Spawns a job that may borrow what outlives the scope. The scope ends when it has finished too.
    ///
    /// It never waits for a slot: if none is free, the job runs here at once. A scope has room for 16 such jobs that have not been
    /// collected by the thread that opened it, which does that at the scope's end. Beyond them the job runs here at once, or, if a
    /// worker has started it, is waited for. So it is made for jobs that have some more to do, and not for recursion down to
    /// small pieces: that is [`join`](PoolCore::join)'s. It gives no handle: a job that needs the results of its jobs opens a
    /// scope of its own.
    ///
    /// The closure must fit into a slot, as for [`submit`](PoolCore::submit). Allocates nothing (a panic does).
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU32, Ordering};
    ///
    /// let pool = jobring::Pool::new(2)?;
    /// let count = AtomicU32::new(0);
    /// pool.scope(|s| {
    ///     let (spawner, count) = (s.spawner(), &count);
    ///     s.spawn(move || {
    ///         for n in 0..10 {
    ///             spawner.spawn(move || _ = count.fetch_add(n, Ordering::Relaxed));
    ///         }
    ///     });
    /// });
    /// assert_eq!(count.into_inner(), 45);
    /// # Ok::<(), jobring::BuildError>(())
    /// ```
    ///
    /// A job cannot borrow a value that is dropped before the scope ends:
    ///
    /// ```compile_fail
    /// let pool = jobring::Pool::new(1).unwrap();
    /// pool.scope(|s| {
    ///     let inside = 5;
    ///     s.spawner().spawn(|| assert_eq!(inside, 5));
    /// });
    /// ```
    ///
    /// # Panics
    /// With the panic of a job that ran here. That of another job continues where the scope ends.
    pub fn spawn<F>(&self, job: F)
    where
        F: FnOnce() + Send + 'scope,
    {
        let fits = const { Fits::<F, ()>::asserted(P::PAYLOAD) };
        let request = ClosureRequest::new(job, fits);
        // SAFETY:
        // - 1: a Spawner is used inside 'scope: by the scope's opener before the scope ends, or by its jobs, since nothing else
        //   may borrow it. `PoolCore::scope` calls finish. 2: `fits`.
        match unsafe { self.nested.spawn(self.pool.raw(), request) } {
            Ok(None) => {}
            Ok(Some(panicked)) => resume(panicked),
            Err(request) => request.into_closure()(),
        }
    }
}

impl<P: AnyPool> fmt::Debug for Spawner<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spawner").finish_non_exhaustive()
    }
}
