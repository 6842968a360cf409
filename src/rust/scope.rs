//! Scopes for Rust callers: jobs that borrow.

use crate::fork_join::{Nested, Spawned};
use crate::rust::closure::{ClosureRequest, Fits};
#[cfg(feature = "alloc")]
use crate::rust::pool::Pool;
use crate::rust::pool_core::{AnyPool, PoolCore};
use crate::rust::scoped_handle::{MOST, ScopedJobHandle};
use crate::rust::spawner::Spawner;
use crate::util::unwind::{catch, drop_ignoring_panic, resume};
use core::cell::OnceCell;
use core::fmt;
use core::marker::PhantomData;

/// A place to spawn jobs that borrow what outlives it: see [`PoolCore::scope`].
///
/// `P` is the kind of the pool; the default is `Pool`. A function that takes a scope names the type like
/// this:
///
/// ```
/// use jobring::{AnyPool, Pool, Scope, StaticPool};
///
/// fn double<'scope, P: AnyPool>(scope: &'scope Scope<'scope, '_, P>, numbers: &'scope mut [u32]) {
///     for half in numbers.chunks_mut(2) {
///         scope.spawn(|| half.iter_mut().for_each(|number| *number *= 2));
///     }
/// }
///
/// // For a scope of a `Pool` alone.
/// fn double_on_heap<'scope>(scope: &'scope Scope<'scope, '_>, numbers: &'scope mut [u32]) {
///     double(scope, numbers);
/// }
///
/// static POOL: StaticPool<4, 1, 48> = StaticPool::new();
///
/// let mut numbers = [1, 2, 3, 4];
/// POOL.scope(|s| double(s, &mut numbers));
/// Pool::builder().workers(1).build()?.scope(|s| double_on_heap(s, &mut numbers));
/// assert_eq!(numbers, [4, 8, 12, 16]);
/// # Ok::<(), jobring::BuildError>(())
/// ```
pub struct Scope<
    'scope,
    'env: 'scope,
    #[cfg(feature = "alloc")] P: AnyPool = Pool,
    #[cfg(not(feature = "alloc"))] P: AnyPool,
> {
    pub(super) pool: &'env PoolCore<P>,
    // Its cells make the scope !Sync, so that it stays on its own thread.
    pub(super) spawned: Spawned<MOST>,
    /// Made for the first spawner.
    nested: OnceCell<Nested>,
    scope: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

impl<'scope, P: AnyPool> Scope<'scope, '_, P> {
    /// Spawns a job that may borrow what outlives the scope, and returns the claim on its result. A handle that is dropped at once
    /// costs nothing. It never waits for a slot: if none is free, the job runs here at once. A scope keeps at most 32 unfinished jobs: at that
    /// number it first runs one of them here that no thread has started.
    ///
    /// The closure and its result must fit into a slot, as for [`submit`](PoolCore::submit); a job whose handle is kept holds its
    /// slot until the handle has waited for it. A panic continues where the scope ends, unless the handle has taken it. Allocates
    /// nothing (a panic does).
    ///
    /// ```
    /// let pool = jobring::Pool::builder().workers(2).build()?;
    /// let mut halves = [0, 0];
    /// let [low, high] = &mut halves;
    /// pool.scope(|s| {
    ///     s.spawn(|| *low = (0..50).sum());
    ///     s.spawn(|| *high = (50..100).sum());
    /// });
    /// assert_eq!(halves, [1225, 3725]);
    /// # Ok::<(), jobring::BuildError>(())
    /// ```
    ///
    /// The results of jobs:
    ///
    /// ```
    /// let pool = jobring::Pool::new(2)?;
    /// let numbers: Vec<u32> = (0..100).collect();
    /// let (low, high) = numbers.split_at(50);
    /// let sum = pool.scope(|s| {
    ///     let low = s.spawn(|| low.iter().sum::<u32>());
    ///     high.iter().sum::<u32>() + low.wait().unwrap()
    /// });
    /// assert_eq!(sum, 4950);
    /// # Ok::<(), jobring::BuildError>(())
    /// ```
    pub fn spawn<F, T>(&'scope self, job: F) -> ScopedJobHandle<'scope, T, P>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        let fits = const { Fits::<F, T>::asserted(P::PAYLOAD) };
        let request = ClosureRequest::new(job, fits);
        // SAFETY:
        // - 1: `PoolCore::scope` calls finish before it returns or unwinds, and 'scope lasts until then. 2:
        //   `fits`.
        match unsafe { self.spawned.spawn(self.pool.raw(), request) } {
            Ok(()) => {
                let job = self.spawned.claim_newest().expect("it was just spawned");
                ScopedJobHandle::new(self.pool, &self.spawned, job)
            }
            Err(request) => ScopedJobHandle::run_here(self.pool, &self.spawned, request.into_closure()),
        }
    }
}

impl<'scope, P: AnyPool> Scope<'scope, '_, P> {
    /// What the scope's jobs spawn with, into this same scope: see [`Spawner`].
    ///
    /// ```
    /// let pool = jobring::Pool::new(2)?;
    /// let mut pages = [0; 2];
    /// pool.scope(|s| {
    ///     let spawner = s.spawner();
    ///     let [first, second] = &mut pages;
    ///     s.spawn(move || {
    ///         *first = 1;
    ///         spawner.spawn(|| *second = 2);
    ///     });
    /// });
    /// assert_eq!(pages, [1, 2]);
    /// # Ok::<(), jobring::BuildError>(())
    /// ```
    pub fn spawner(&'scope self) -> Spawner<'scope, P> {
        Spawner::new(self.pool, self.nested.get_or_init(Nested::new))
    }
}

impl<P: AnyPool> fmt::Debug for Scope<'_, '_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}

impl<P: AnyPool> PoolCore<P> {
    /// Lets `f` spawn jobs that borrow local values, and returns when `f` and all of these jobs have
    /// finished. What they did happens before what the caller does next.
    ///
    /// At the end the caller runs the jobs that no thread has started, and waits for the others. So a scope
    /// may be opened inside a job, on a pool without workers, and on one that is shut down. (A shutdown that
    /// discards queued jobs discards jobs of scopes too: they are dropped and not run.) Only the thread that
    /// opened the scope spawns by the scope itself; its jobs do so by its [`spawner`](Scope::spawner), or open a scope of their own.
    /// Allocates nothing: the scope lies on the caller's stack.
    ///
    /// ```
    /// use jobring::Pool;
    ///
    /// let pool = Pool::builder().workers(2).build()?;
    /// let text = String::from("a few words here");
    /// let (mut words, mut letters) = (0, 0);
    /// pool.scope(|s| {
    ///     s.spawn(|| words = text.split(' ').count());
    ///     s.spawn(|| letters = text.chars().filter(|c| c.is_alphabetic()).count());
    /// });
    /// assert_eq!((words, letters), (4, 13));
    /// # Ok::<(), jobring::BuildError>(())
    /// ```
    ///
    /// A job cannot borrow a value that is dropped before the scope ends:
    ///
    /// ```compile_fail
    /// let pool = jobring::Pool::builder().workers(1).build().unwrap();
    /// pool.scope(|s| {
    ///     let inside = 5;
    ///     s.spawn(|| assert_eq!(inside, 5));
    /// });
    /// ```
    ///
    /// nor can it use the scope itself, which stays on its thread:
    ///
    /// ```compile_fail
    /// let pool = jobring::Pool::builder().workers(1).build().unwrap();
    /// pool.scope(|s| _ = s.spawn(|| _ = s.spawn(|| ())));
    /// ```
    ///
    /// # Panics
    /// With the panic of `f`, or else with the first panic of a job, when all have finished.
    pub fn scope<'env, F, T>(&'env self, f: F) -> T
    where
        F: for<'scope> FnOnce(&'scope Scope<'scope, 'env, P>) -> T,
    {
        let scope = Scope {
            pool: self,
            spawned: Spawned::new(),
            nested: OnceCell::new(),
            scope: PhantomData,
            env: PhantomData,
        };
        let result = catch(|| f(&scope));
        scope.spawned.finish(self.raw());
        if let Some(nested) = scope.nested.get() {
            nested.finish(self.raw(), &scope.spawned);
        }
        let panicked = scope.spawned.take_panic();
        // A result that nobody gets is dropped before the panic continues: a destructor's panic during it
        // would abort.
        match (result, panicked) {
            (Err(failure), late) => {
                drop_ignoring_panic(late);
                resume(failure)
            }
            (Ok(value), Some(failure)) => {
                drop_ignoring_panic(value);
                resume(failure)
            }
            (Ok(value), None) => value,
        }
    }
}
